use std::sync::Arc;

use apimachinery::{Object, Status, Value, value};
use client::{
    Verb,
    kinds::{EVENTS, PODS, REPLICA_SETS},
    testing::{FakeApi, settle},
};
use expect_test::{Expect, expect};

use super::{plan::*, *};

const NOW: &str = "2026-01-01T12:00:00Z";

fn pod(name: &str, changes: &[(&str, &str)]) -> Arc<Object> {
    let mut pod = value!({
        "metadata": {"namespace": "a", "name": name, "uid": name, "creationTimestamp": "2026-01-01T00:00:00Z", "labels": {"app": "web"}},
        "spec": {"nodeName": "n1"},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T11:00:00Z"}]}
    });
    for (path, text) in changes {
        let value = if text.is_empty() { Value::from(Vec::new()) } else { (*text).into() };
        pod.set(&path.split('/').collect::<Vec<_>>(), value);
    }
    Arc::new(Object(pod))
}

fn observe(replicas: i64, active: Vec<Arc<Object>>) -> Observed {
    let set = value!({
        "metadata": {"namespace": "a", "name": "web", "uid": "u", "generation": 2},
        "spec": {"replicas": replicas, "minReadySeconds": 10, "template": {"metadata": {"labels": {"app": "web"}}}}
    });
    Observed {
        set: Arc::new(Object(set)),
        active,
        related: Vec::new(),
        terminating: Some(1),
        now: NOW.parse().unwrap(),
    }
}

fn check(replicas: i64, active: Vec<Arc<Object>>, expected: Expect) {
    expected.assert_eq(&match plan(&observe(replicas, active)) {
        Plan::Delete(pods) => format!("delete {}", pods.iter().map(|pod| pod.name()).collect::<Vec<_>>().join(" ")),
        other => format!("{other:?}"),
    });
}

#[test]
fn makes_what_is_missing_and_removes_the_least_useful() {
    let young = ("status/conditions", "");
    check(3, vec![pod("a", &[])], expect!["Create(2)"]);
    check(1000, vec![], expect!["Create(500)"]);
    check(1, vec![pod("a", &[])], expect!["Nothing"]);
    check(1, vec![pod("a", &[]), pod("b", &[("spec/nodeName", "n2"), young])], expect!["delete b"]);
    let pending = pod("p", &[("status/phase", "Pending"), young]);
    check(1, vec![pod("a", &[young]), pending], expect!["delete p"]);
    let mut cheap = (*pod("c", &[])).clone();
    cheap.set(&["metadata", "annotations"], value!({"controller.kubernetes.io/pod-deletion-cost": "-5"}));
    check(1, vec![pod("a", &[]), Arc::new(cheap)], expect!["delete c"]);
    let crowded = vec![pod("a", &[]), pod("b", &[]), pod("c", &[("spec/nodeName", "n2")])];
    check(2, crowded, expect!["delete a"]);
    check(0, vec![pod("a", &[]), pod("b", &[])], expect!["delete a b"]);
}

#[test]
fn the_status_counts() {
    let fresh = value!([{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T11:59:57Z"}]);
    let mut new = (*pod("b", &[("metadata/labels", "")])).clone();
    new.set(&["status", "conditions"], fresh);
    let observed = observe(3, vec![pod("a", &[]), Arc::new(new)]);
    assert_eq!(next_check_seconds(&observed), Some(7));
    let shown = |status: Value| String::from_utf8(apimachinery::json::to_vec(&status)).unwrap();
    expect![[r#"{"availableReplicas":1,"fullyLabeledReplicas":1,"observedGeneration":2,"readyReplicas":2,"replicas":2,"terminatingReplicas":1}"#]]
        .assert_eq(&shown(new_status(&observed, None)));
    expect![[r#"[{"lastTransitionTime":"2026-01-01T12:00:00Z","message":"exceeded quota","reason":"FailedCreate","status":"True","type":"ReplicaFailure"}]"#]]
        .assert_eq(&shown(new_status(&observed, Some("exceeded quota")).at(&["conditions"]).unwrap().clone()));
}

fn replica_set(replicas: i64) -> Value {
    value!({
        "metadata": {"namespace": "a", "name": "web"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": []}}
        }
    })
}

fn start(api: &FakeApi) -> tokio::task::JoinHandle<()> {
    let context = crate::Context::for_tests(api);
    tokio::spawn((DESCRIPTOR.start)(context))
}

fn count(api: &FakeApi) -> usize {
    api.list(&PODS).len()
}

#[tokio::test(start_paused = true)]
async fn a_stale_cache_creates_no_extra_pods() {
    let api = FakeApi::new();
    let _running = start(&api);
    settle(1).await;
    api.pause_watches(&PODS);
    api.seed(&REPLICA_SETS, replica_set(3));
    settle(1).await;
    assert_eq!(count(&api), 3);
    for round in 0..3 {
        api.modify(&REPLICA_SETS, "a", "web", |set| set.set(&["metadata", "labels", "round"], round));
        settle(1).await;
    }
    assert_eq!(count(&api), 3, "the cache shows none, but knows that it is stale");
    api.resume_watches(&PODS);
    settle(1).await;
    assert_eq!(count(&api), 3);
    let status = api.get(&REPLICA_SETS, "a", "web").unwrap();
    assert_eq!(status.status().i64_at("replicas"), Some(3));
    assert_eq!(status.status().i64_at("observedGeneration"), Some(status.generation()));
}

#[tokio::test(start_paused = true)]
async fn scales_adopts_releases_and_says_so() {
    let api = FakeApi::new();
    let _running = start(&api);
    api.seed(&PODS, value!({"metadata": {"namespace": "a", "name": "stray", "labels": {"app": "web"}}, "spec": {}}));
    api.seed(&REPLICA_SETS, replica_set(2));
    settle(1).await;
    assert_eq!(count(&api), 2, "the stray was adopted");
    assert!(api.get(&PODS, "a", "stray").unwrap().controller().is_some());
    api.modify(&PODS, "a", "stray", |pod| pod.set(&["metadata", "labels", "app"], "other"));
    settle(1).await;
    assert!(api.get(&PODS, "a", "stray").unwrap().controller().is_none(), "released");
    assert_eq!(count(&api), 3);
    api.modify(&REPLICA_SETS, "a", "web", |set| set.set(&["spec", "replicas"], 0));
    settle(1).await;
    assert_eq!(count(&api), 1, "only the stray is left");
    let mut reasons: Vec<_> =
        api.list(&EVENTS).iter().map(|event| event.str_at(&["reason"]).unwrap().to_owned()).collect();
    reasons.sort();
    assert_eq!(reasons, ["SuccessfulCreate", "SuccessfulCreate", "SuccessfulDelete", "SuccessfulDelete"]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_becomes_a_condition_and_is_tried_again() {
    let api = FakeApi::new();
    let _running = start(&api);
    settle(1).await;
    api.refuse_next(Verb::Create, &PODS, Status::forbidden("", "pods", "x", "exceeded quota"));
    api.seed(&REPLICA_SETS, replica_set(1));
    settle(1).await;
    let set = api.get(&REPLICA_SETS, "a", "web").unwrap();
    assert_eq!((count(&api), set.status().list_at("conditions").len()), (1, 0));
    let events = api.list(&EVENTS);
    let failed = events.iter().find(|event| event.str_at(&["reason"]) == Some("FailedCreate")).unwrap();
    assert_eq!(failed.str_at(&["message"]), Some(r#"Error creating: pods "x" is forbidden: exceeded quota"#));
}
