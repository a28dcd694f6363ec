use client::testing::{FakeApi, merge, settle};
use expect_test::{Expect, expect};

use super::*;

fn pod(name: &str, ready: &str, change: Value) -> Value {
    let mut pod = value!({
        "metadata": {"namespace": "a", "name": name, "labels": {"app": "web"}},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}]}
    });
    merge(&mut pod, &change);
    pod
}

fn check(spec: Value, status: Value, pods: Vec<Value>, scale: i64, expected: Expect) {
    let budget = value!({"metadata": {"name": "b", "generation": 1}, "spec": spec, "status": status});
    let observed = Observed {
        budget: Arc::new(Object(budget)),
        pods: pods.into_iter().map(|pod| Arc::new(Object(pod))).collect(),
        now: "2026-01-01T12:00:00Z".parse().unwrap(),
    };
    let scale = Scale { by_controller: [("c".into(), scale)].into_iter().collect(), unmanaged: 0 };
    let mut plan = plan(&observed, &scale, None);
    let reason = plan.status.list_at(&["conditions"])[0].str_at(&["reason"]).unwrap().to_owned();
    plan.status.remove(&["conditions"]);
    expected.assert_eq(&format!("{:?} {reason} {:?}", plan.status, plan.check_after_seconds));
}

#[test]
fn budgets_count() {
    let three = || ["x", "y", "z"].map(|name| pod(name, "True", value!({}))).to_vec();
    check(
        value!({"minAvailable": 2}),
        value!({}),
        three(),
        0,
        expect![[
            r#"{"currentHealthy": 3, "desiredHealthy": 2, "disruptionsAllowed": 1, "expectedPods": 3, "observedGeneration": 1} SufficientPods None"#
        ]],
    );
    check(
        value!({"minAvailable": "50%"}),
        value!({}),
        three(),
        5,
        expect![[
            r#"{"currentHealthy": 3, "desiredHealthy": 3, "disruptionsAllowed": 0, "expectedPods": 5, "observedGeneration": 1} InsufficientPods None"#
        ]],
    );
    check(
        value!({"maxUnavailable": 1}),
        value!({}),
        three(),
        3,
        expect![[
            r#"{"currentHealthy": 3, "desiredHealthy": 2, "disruptionsAllowed": 1, "expectedPods": 3, "observedGeneration": 1} SufficientPods None"#
        ]],
    );
    let granted = value!({"disruptedPods": {"x": "2026-01-01T11:59:00Z", "y": "2026-01-01T11:00:00Z", "gone": "2026-01-01T11:59:00Z"}});
    check(
        value!({"maxUnavailable": 1}),
        granted,
        three(),
        3,
        expect![[
            r#"{"currentHealthy": 2, "desiredHealthy": 2, "disruptedPods": {"x": "2026-01-01T11:59:00Z"}, "disruptionsAllowed": 0, "expectedPods": 3, "observedGeneration": 1} InsufficientPods Some(60)"#
        ]],
    );
}

#[tokio::test(start_paused = true)]
async fn a_budget_follows_the_deployment_behind_its_pods() {
    let api = FakeApi::new();
    let _running = tokio::spawn((DESCRIPTOR.start)(Context::for_tests(&api)));
    let deployment =
        api.seed(&DEPLOYMENTS, value!({"metadata": {"namespace": "a", "name": "d"}, "spec": {"replicas": 4}}));
    let owners =
        |resource: &ResourceKind, owner: &Object| vec![crate::ownership::controller_reference(resource, owner)];
    let set = value!({"metadata": {"namespace": "a", "name": "s", "ownerReferences": owners(&DEPLOYMENTS, &deployment)}, "spec": {"replicas": 3}});
    let set = api.seed(&REPLICA_SETS, set);
    for name in ["x", "y", "z"] {
        api.seed(&PODS, pod(name, "True", value!({"metadata": {"ownerReferences": owners(&REPLICA_SETS, &set)}})));
    }
    let selector = value!({"matchLabels": {"app": "web"}});
    api.seed(
        &POD_DISRUPTION_BUDGETS,
        value!({
            "metadata": {"namespace": "a", "name": "b"}, "spec": {"maxUnavailable": "50%", "selector": selector}
        }),
    );
    settle(1).await;
    let count = |key| api.get(&POD_DISRUPTION_BUDGETS, "a", "b").unwrap().status().i64_at(key);
    assert_eq!((count("expectedPods"), count("disruptionsAllowed")), (Some(4), Some(1)));
    api.modify(&PODS, "a", "x", |pod| pod.set(&["status", "conditions"], value!([])));
    settle(1).await;
    assert_eq!(count("disruptionsAllowed"), Some(0));
}
