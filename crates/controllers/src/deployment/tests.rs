use std::fmt::Write;

use client::{
    kinds::EVENTS,
    testing::{FakeApi, merge, settle},
};
use expect_test::{Expect, expect};

use super::*;

fn deployment(replicas: i64, change: Value) -> Value {
    let mut deployment = value!({
        "metadata": {"namespace": "a", "name": "web", "uid": "d", "generation": 1},
        "spec": {
            "replicas": replicas,
            "revisionHistoryLimit": 2,
            "progressDeadlineSeconds": 600,
            "selector": {"matchLabels": {"app": "web"}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"image": "v2"}}
        }
    });
    merge(&mut deployment, &change);
    deployment
}

/// A set with `image` and a size, of which `available` are there.
fn set(name: &str, image: &str, revision: i64, size: i64, available: i64, desired: i64) -> Arc<Object> {
    Arc::new(Object(value!({
        "metadata": {
            "namespace": "a", "name": name, "uid": name, "creationTimestamp": format!("2026-01-0{revision}T00:00:00Z"),
            "annotations": {
                (sets::REVISION): revision.to_string(),
                (sets::DESIRED_REPLICAS): desired.to_string(),
                (sets::MAX_REPLICAS): (desired + (desired + 3) / 4).to_string()
            }
        },
        "spec": {
            "replicas": size,
            "template": {"metadata": {"labels": {"app": "web", "pod-template-hash": name}}, "spec": {"image": image}}
        },
        "status": {"replicas": size, "availableReplicas": available, "readyReplicas": available, "observedGeneration": 1}
    })))
}

fn describe(plan: &Plan) -> String {
    let mut text = String::new();
    for operation in &plan.operations {
        match operation {
            Operation::Create(set) => {
                writeln!(text, "create with {} as revision {:?}", sets::replicas(set), set.annotation(sets::REVISION))
            }
            Operation::Adjust { set, change } => writeln!(text, "adjust {} {change:?}", set.name()),
            Operation::Scale { set, replicas, .. } => writeln!(text, "scale {} to {replicas}", set.name()),
            Operation::Delete(set) => writeln!(text, "delete {}", set.name()),
            Operation::Update(changed) => {
                writeln!(text, "update {:?} {:?}", changed.annotations(), changed.at(&["spec", "template", "spec"]))
            }
            Operation::Tell { reason, message, .. } => writeln!(text, "tell {reason}: {message}"),
        }
        .unwrap();
    }
    for condition in plan.status.list_at(&["conditions"]) {
        let part = |key| condition.str_at(&[key]).unwrap_or_default();
        writeln!(text, "{}={} {}", part("type"), part("status"), part("reason")).unwrap();
    }
    text
}

fn check(deployment: Value, sets: Vec<Arc<Object>>, expected: Expect) {
    let observed = Observed {
        deployment: Arc::new(Object(deployment)),
        sets,
        sets_with_pods: BTreeSet::new(),
        now: "2026-01-09T12:00:00Z".parse().unwrap(),
    };
    expected.assert_eq(&describe(&plan(&observed).unwrap()));
}

const AT_2: fn() -> Value = || value!({"metadata": {"annotations": {"deployment.kubernetes.io/revision": "2"}}});

#[test]
fn a_first_rollout_creates() {
    check(
        deployment(3, value!({})),
        vec![],
        expect![[r#"
        create with 3 as revision Some("1")
        update {"deployment.kubernetes.io/revision": "1"} Some({"image": "v2"})
        Progressing=True NewReplicaSetCreated
        Available=False MinimumReplicasUnavailable
    "#]],
    );
}

#[test]
fn a_rolling_update_keeps_within_its_bounds() {
    let old = |size, available| set("old", "v1", 1, size, available, 8);
    let new = |size, available| set("new", "v2", 2, size, available, 8);
    check(
        deployment(8, AT_2()),
        vec![old(8, 8)],
        expect![[r#"
            create with 2 as revision Some("2")
            scale old to 6
            Available=True MinimumReplicasAvailable
            Progressing=True ReplicaSetUpdated
        "#]],
    );
    check(
        deployment(8, AT_2()),
        vec![old(8, 8), new(2, 0)],
        expect![[r#"
            scale old to 6
            Available=True MinimumReplicasAvailable
            Progressing=True ReplicaSetUpdated
        "#]],
    );
    check(
        deployment(8, AT_2()),
        vec![old(6, 6), new(2, 0)],
        expect![[r#"
            scale new to 4
            Available=True MinimumReplicasAvailable
            Progressing=True ReplicaSetUpdated
        "#]],
    );
    check(
        deployment(8, AT_2()),
        vec![old(6, 3), new(4, 2)],
        expect![[r#"
            scale old to 4
            Available=False MinimumReplicasUnavailable
            Progressing=True ReplicaSetUpdated
        "#]],
    );
}

#[test]
fn recreate_waits_for_the_old_pods() {
    let recreate = || deployment(2, value!({"spec": {"strategy": {"type": "Recreate", "rollingUpdate": null}}}));
    check(
        recreate(),
        vec![set("old", "v1", 1, 2, 2, 2)],
        expect![[r#"
            scale old to 0
            Available=True MinimumReplicasAvailable
            Progressing=True ReplicaSetUpdated
        "#]],
    );
    check(
        recreate(),
        vec![set("old", "v1", 1, 0, 0, 2)],
        expect![[r#"
        create with 2 as revision Some("2")
        update {"deployment.kubernetes.io/revision": "2"} Some({"image": "v2"})
        Progressing=True NewReplicaSetCreated
        Available=False MinimumReplicasUnavailable
    "#]],
    );
}

#[test]
fn a_new_size_is_shared_out_in_proportion() {
    let sets = || vec![set("old", "v1", 1, 6, 6, 8), set("new", "v2", 2, 4, 2, 8)];
    check(
        deployment(16, AT_2()),
        sets(),
        expect![[r#"
        scale old to 12
        scale new to 8
        Progressing=True FoundNewReplicaSet
        Available=False MinimumReplicasUnavailable
    "#]],
    );
    let mut paused = AT_2();
    paused.set(&["spec", "paused"], true);
    check(
        deployment(4, paused),
        sets(),
        expect![[r#"
        scale old to 3
        scale new to 2
        Progressing=Unknown DeploymentPaused
        Available=True MinimumReplicasAvailable
    "#]],
    );
}

#[test]
fn a_template_that_comes_back_gets_a_new_revision_and_keeps_its_history() {
    let back = vec![set("one", "v2", 1, 0, 0, 2), set("two", "v1", 2, 2, 2, 2)];
    check(
        deployment(2, AT_2()),
        back,
        expect![[r#"
            adjust one {"metadata": {"annotations": {"deployment.kubernetes.io/revision": "3", "deployment.kubernetes.io/revision-history": "1"}}}
            update {"deployment.kubernetes.io/revision": "3"} Some({"image": "v2"})
            scale one to 1
            Available=True MinimumReplicasAvailable
            Progressing=True ReplicaSetUpdated
        "#]],
    );
}

#[test]
fn history_is_cut_and_rollback_restores() {
    let mut done = AT_2();
    done.set(&["metadata", "annotations", "deployment.kubernetes.io/revision"], "4");
    done.set(
        &["status"],
        value!({"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "observedGeneration": 1}),
    );
    let sets = || {
        let old = |revision: i64| set(&format!("s{revision}"), &format!("old{revision}"), revision, 0, 0, 1);
        vec![old(1), old(2), old(3), set("new", "v2", 4, 1, 1, 1)]
    };
    check(
        deployment(1, done.clone()),
        sets(),
        expect![[r#"
            delete s1
            Available=True MinimumReplicasAvailable
            Progressing=True NewReplicaSetAvailable
        "#]],
    );
    done.set(&["metadata", "annotations", sets::ROLLBACK_TO], "2");
    check(
        deployment(1, done),
        sets(),
        expect![[r#"
        update {"deployment.kubernetes.io/revision": "4"} Some({"image": "old2"})
        tell DeploymentRollback: Rolled back deployment "web" to revision 2
        Progressing=True FoundNewReplicaSet
    "#]],
    );
}

#[test]
fn a_rollout_that_stands_still_is_late() {
    let mut stuck = AT_2();
    stuck.set(&["status"], value!({
        "replicas": 1, "updatedReplicas": 1, "unavailableReplicas": 1, "observedGeneration": 1,
        "conditions": [{"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated", "lastUpdateTime": "2026-01-09T11:00:00Z"}]
    }));
    check(
        deployment(1, stuck),
        vec![set("new", "v2", 2, 1, 0, 1)],
        expect![[r#"
        Available=False MinimumReplicasUnavailable
        Progressing=False ProgressDeadlineExceeded
    "#]],
    );
}

/// Makes every pod that is not ready ready, as kubelets would.
fn run_pods(api: &FakeApi) {
    for pod in api.list(&PODS) {
        if !pods::is_ready(&pod) {
            api.modify(&PODS, "a", pod.name(), |pod| {
                let now = apimachinery::time::format_seconds(stdx::clock::now());
                pod.set(
                    &["status"],
                    value!({
                        "phase": "Running",
                        "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": now}]
                    }),
                );
            });
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_rollout_reaches_what_was_asked_for() {
    let api = FakeApi::new();
    let _deployments = tokio::spawn((DESCRIPTOR.start)(Context::for_tests(&api)));
    let _sets = tokio::spawn((crate::replicaset::DESCRIPTOR.start)(Context::for_tests(&api)));
    let mut first = deployment(4, value!({"metadata": {"uid": null, "generation": null}}));
    first.set(&["spec", "template", "spec", "image"], "v1");
    api.seed(&DEPLOYMENTS, first);
    for _ in 0..3 {
        settle(1).await;
        run_pods(&api);
    }
    assert_eq!(api.list(&PODS).len(), 4);
    api.modify(&DEPLOYMENTS, "a", "web", |web| web.set(&["spec", "template", "spec", "image"], "v2"));
    for _ in 0..12 {
        settle(1).await;
        let all = api.list(&PODS).len();
        assert!((3..=5).contains(&all), "{all} pods of 4, with one more and one less allowed");
        run_pods(&api);
    }
    settle(1).await;
    let images: Vec<_> = api.list(&PODS).iter().map(|pod| pod.spec().str_at("image").unwrap().to_owned()).collect();
    assert_eq!(images, ["v2"; 4]);
    let sizes: BTreeSet<i64> = api.list(&REPLICA_SETS).iter().map(|set| sets::replicas(set)).collect();
    assert_eq!(sizes, BTreeSet::from([0, 4]));
    let web = api.get(&DEPLOYMENTS, "a", "web").unwrap();
    assert_eq!(web.annotation(sets::REVISION), Some("2"));
    assert_eq!(conditions::reason(&web, "x"), None);
    let progressing = pods::condition(&web, "Progressing").unwrap();
    assert_eq!(progressing.str_at(&["reason"]), Some("NewReplicaSetAvailable"));
    assert!(api.list(&EVENTS).iter().any(|event| event.str_at(&["reason"]) == Some("ScalingReplicaSet")));
}
