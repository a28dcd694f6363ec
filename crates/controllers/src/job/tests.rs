use client::{
    DeletePropagation, Options,
    kinds::EVENTS,
    testing::{FakeApi, merge, settle},
};
use expect_test::{Expect, expect};

use super::{tracking::INDEX, *};
use crate::pods;

fn job(change: Value) -> Value {
    let mut job = value!({
        "metadata": {"namespace": "a", "name": "sum", "uid": "j"},
        "spec": {
            "parallelism": 2, "completions": 3, "backoffLimit": 2,
            "selector": {"matchLabels": {"job": "sum"}},
            "template": {"metadata": {"labels": {"job": "sum"}}, "spec": {"restartPolicy": "Never", "containers": [{"name": "c"}]}}
        },
        "status": {"startTime": "2026-01-01T11:00:00Z"}
    });
    merge(&mut job, &change);
    job
}

fn pod(name: &str, phase: &str, change: Value) -> Value {
    let mut pod = value!({
        "metadata": {"namespace": "a", "name": name, "uid": name, "finalizers": [FINALIZER]},
        "status": {"phase": phase, "containerStatuses": [{"name": "c", "state": {"terminated": {"exitCode": 3, "finishedAt": "2026-01-01T11:30:00Z"}}}]}
    });
    merge(&mut pod, &change);
    pod
}

fn indexed(name: &str, phase: &str, index: i64) -> Value {
    pod(name, phase, value!({"metadata": {"annotations": {INDEX: index.to_string()}}}))
}

fn names(pods: &[Arc<Object>]) -> String {
    pods.iter().map(|pod| pod.name()).collect::<Vec<_>>().join(" ")
}

fn check(job: Value, pods: Vec<Value>, expected: Expect) {
    let pods = pods.into_iter().map(|pod| Arc::new(Object(pod))).collect();
    let observed = Observed::new(Arc::new(Object(job)), pods, "2026-01-01T12:00:00Z".parse().unwrap());
    let plan = plan(&observed);
    let mut lines = Vec::new();
    for new in &plan.create {
        lines.push(format!("create {:?} {:?}", new.index, new.failures));
    }
    for (verb, pods) in [("delete", &plan.delete), ("discard", &plan.discard), ("free", &plan.remove_finalizers)] {
        if !pods.is_empty() {
            lines.push(format!("{verb} {}", names(pods)));
        }
    }
    for told in &plan.events {
        lines.push(format!("tell {}: {}", told.reason, told.message));
    }
    let mut status = plan.status;
    for condition in status.list_at(&["conditions"]) {
        let text = |key| condition.str_at(&[key]).unwrap_or_default();
        lines.push(format!("{}={} {}", text("type"), text("status"), text("reason")));
    }
    for key in ["conditions", "startTime", "ready", "terminating"] {
        status.remove(&[key]);
    }
    lines.push(format!("{status:?} {:?}", plan.check_after_seconds));
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn pods_are_made_counted_and_freed() {
    check(
        job(value!({})),
        vec![],
        expect![[r#"
        create None None
        create None None
        {"uncountedTerminatedPods": {}} None"#]],
    );
    check(
        job(value!({})),
        vec![pod("a", "Succeeded", value!({})), pod("b", "Running", value!({}))],
        expect![[r#"
        create None None
        free a
        {"active": 1, "uncountedTerminatedPods": {"succeeded": ["a"]}} None"#]],
    );
    let waiting = value!({"status": {"uncountedTerminatedPods": {"succeeded": ["a"]}}});
    let free = value!({"metadata": {"finalizers": null}});
    check(
        job(waiting),
        vec![pod("a", "Succeeded", free)],
        expect![[r#"
        create None None
        create None None
        {"succeeded": 1, "uncountedTerminatedPods": {}} None"#]],
    );
    let done = value!({"status": {"succeeded": 2, "uncountedTerminatedPods": {"succeeded": ["a"]}}});
    check(
        job(done),
        vec![],
        expect![[r#"
        tell Completed: Job completed
        SuccessCriteriaMet=True CompletionsReached
        Complete=True CompletionsReached
        {"completionTime": "2026-01-01T12:00:00Z", "succeeded": 3, "uncountedTerminatedPods": {}} None"#]],
    );
    let less = value!({"spec": {"parallelism": 1}});
    check(
        job(less),
        vec![pod("a", "Running", value!({})), pod("b", "Pending", value!({}))],
        expect![[r#"
        discard b
        {"active": 2, "uncountedTerminatedPods": {}} None"#]],
    );
}

#[test]
fn failures_back_off_and_end_the_job() {
    let fresh = value!({"status": {"containerStatuses": [{"name": "c", "state": {"terminated": {"exitCode": 3, "finishedAt": "2026-01-01T11:59:55Z"}}}]}});
    check(
        job(value!({})),
        vec![pod("a", "Failed", fresh)],
        expect![[r#"
        free a
        {"uncountedTerminatedPods": {"failed": ["a"]}} Some(5)"#]],
    );
    let often = value!({"status": {"failed": 2}});
    check(
        job(often),
        vec![pod("a", "Failed", value!({})), pod("b", "Running", value!({}))],
        expect![[r#"
        delete b
        free a b
        FailureTarget=True BackoffLimitExceeded
        {"active": 1, "failed": 2, "uncountedTerminatedPods": {"failed": ["a", "b"]}} None"#]],
    );
    let late = value!({"spec": {"activeDeadlineSeconds": 600}});
    check(
        job(late),
        vec![],
        expect![[r#"
        tell DeadlineExceeded: Job was active longer than specified deadline
        FailureTarget=True DeadlineExceeded
        Failed=True DeadlineExceeded
        {"uncountedTerminatedPods": {}} None"#]],
    );
}

#[test]
fn the_failure_policy_decides() {
    let policy = |action: &str| value!({"spec": {"podFailurePolicy": {"rules": [{"action": action, "onExitCodes": {"operator": "In", "values": [3]}}]}}});
    check(
        job(policy("Ignore")),
        vec![pod("a", "Failed", value!({}))],
        expect![[r#"
        create None None
        create None None
        free a
        {"uncountedTerminatedPods": {}} None"#]],
    );
    check(
        job(policy("FailJob")),
        vec![pod("a", "Failed", value!({}))],
        expect![[r#"
        free a
        FailureTarget=True PodFailurePolicy
        {"uncountedTerminatedPods": {"failed": ["a"]}} None"#]],
    );
}

#[test]
fn indexes_are_filled_and_fail_one_by_one() {
    let mode = || value!({"spec": {"completionMode": "Indexed"}});
    check(
        job(mode()),
        vec![indexed("a", "Succeeded", 0), indexed("b", "Running", 2), indexed("c", "Running", 2)],
        expect![[r#"
        discard b
        free a
        {"active": 2, "completedIndexes": "0", "succeeded": 1, "uncountedTerminatedPods": {}} None"#]],
    );
    let mut per_index = mode();
    merge(&mut per_index, &value!({"spec": {"backoffLimitPerIndex": 1, "backoffLimit": 1000}}));
    check(
        job(per_index.clone()),
        vec![indexed("a", "Failed", 0)],
        expect![[r#"
        create Some(0) Some((1, 0))
        create Some(1) Some((0, 0))
        {"failedIndexes": "", "uncountedTerminatedPods": {}} None"#]],
    );
    let mut again = indexed("a", "Failed", 0);
    again.set(&["metadata", "annotations", tracking::FAILURE_COUNT], "1");
    check(
        job(per_index.clone()),
        vec![again],
        expect![[r#"
        create Some(1) Some((0, 0))
        create Some(2) Some((0, 0))
        free a
        {"failedIndexes": "0", "uncountedTerminatedPods": {"failed": ["a"]}} None"#]],
    );
    let mut enough = mode();
    merge(
        &mut enough,
        &value!({"spec": {"successPolicy": {"rules": [{"succeededIndexes": "0,2", "succeededCount": 1}]}}}),
    );
    check(
        job(enough),
        vec![indexed("a", "Succeeded", 2), indexed("b", "Running", 0)],
        expect![[r#"
        delete b
        free a b
        SuccessCriteriaMet=True SuccessPolicy
        {"active": 1, "completedIndexes": "2", "succeeded": 1, "uncountedTerminatedPods": {}} None"#]],
    );
}

#[test]
fn a_suspended_job_runs_nothing() {
    let suspended = value!({"spec": {"suspend": true}});
    check(
        job(suspended),
        vec![pod("a", "Running", value!({}))],
        expect![[r#"
        discard a
        tell Suspended: Job suspended
        Suspended=True JobSuspended
        {"active": 1, "uncountedTerminatedPods": {}} None"#]],
    );
}

#[tokio::test(start_paused = true)]
async fn a_job_runs_to_its_end() {
    let api = FakeApi::new();
    let _running = tokio::spawn((DESCRIPTOR.start)(Context::for_tests(&api)));
    api.seed(&JOBS, job(value!({"metadata": {"uid": null}, "status": null, "spec": {"completionMode": "Indexed"}})));
    for _ in 0..4 {
        settle(1).await;
        for pod in api.list(&PODS).iter().filter(|pod| !pods::is_finished(pod)) {
            api.modify(&PODS, "a", pod.name(), |pod| pod.set(&["status", "phase"], "Succeeded"));
        }
    }
    settle(1).await;
    let done = api.get(&JOBS, "a", "sum").unwrap();
    assert!(pods::condition_is_true(&done, "Complete"), "{:?}", done.status());
    assert_eq!(done.status().str_at("completedIndexes"), Some("0-2"));
    assert!(api.list(&PODS).iter().all(|pod| pod.finalizers().is_empty()));
    let first = api.list(&PODS).into_iter().find(|pod| pod.annotation(INDEX) == Some("0")).unwrap();
    assert!(first.name().starts_with("sum-0-") && first.spec().str_at("hostname") == Some("sum-0"));
    assert!(api.list(&EVENTS).iter().any(|event| event.str_at(&["reason"]) == Some("Completed")));
}

#[tokio::test(start_paused = true)]
async fn pods_of_a_job_that_is_gone_are_let_go() {
    let api = FakeApi::new();
    let _running = tokio::spawn((DESCRIPTOR.start)(Context::for_tests(&api)));
    api.seed(&JOBS, job(value!({"metadata": {"uid": null}, "status": null})));
    settle(1).await;
    assert_eq!(api.list(&PODS).len(), 2);
    let options = Options { propagation: Some(DeletePropagation::Background), ..Options::default() };
    api.client("test").namespaced(&JOBS, "a").delete("sum", options).await.unwrap();
    settle(1).await;
    assert!(api.list(&PODS).iter().all(|pod| pod.finalizers().is_empty()));
}
