use client::{
    kinds::EVENTS,
    testing::{FakeApi, settle},
};

use super::*;

fn node(name: &str, ready: &str) -> Value {
    let heartbeat = time::format_seconds(stdx::clock::now());
    let conditions = value!([{"type": "Ready", "status": ready, "lastHeartbeatTime": heartbeat}]);
    value!({"metadata": {"name": name}, "spec": {}, "status": {"conditions": conditions}})
}

fn taints(api: &FakeApi, name: &str) -> Vec<String> {
    let node = api.get(&NODES, "", name).unwrap();
    let text = |taint: &Value, key: &str| taint.str_at(&[key]).unwrap_or_default().to_owned();
    let taints = node.spec().list_at("taints").iter();
    taints
        .map(|taint| format!("{}:{}", text(taint, "key").replace("node.kubernetes.io/", ""), text(taint, "effect")))
        .collect()
}

#[test]
fn taints_follow_conditions_and_leave_others_alone() {
    let mut sick = Object(node("n", "False"));
    sick.set(&["spec"], value!({"unschedulable": true, "taints": [{"key": "mine", "effect": "NoSchedule"}]}));
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    let wanted = taints::wanted(&sick, now);
    let keys: Vec<_> = wanted.iter().map(|taint| taint.str_at(&["key"]).unwrap()).collect();
    let prefix = |key: &str| format!("node.kubernetes.io/{key}");
    assert_eq!(keys, ["mine", &prefix("not-ready"), &prefix("unschedulable"), &prefix("not-ready")]);
    sick.set(&["spec", "taints"], wanted);
    sick.set(&["spec", "unschedulable"], false);
    sick.set(&["status", "conditions"], value!([{"type": "Ready", "status": "True"}]));
    assert_eq!(taints::wanted(&sick, now).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_falls_silent_is_unreachable_until_it_speaks() {
    let api = FakeApi::new();
    let _running = tokio::spawn((DESCRIPTOR.start)(Context::for_tests(&api)));
    for name in ["quiet", "lively"] {
        api.seed(&NODES, node(name, "True"));
        api.seed(
            &LEASES,
            value!({"metadata": {"namespace": LEASE_NAMESPACE, "name": name}, "spec": {"renewTime": "0"}}),
        );
    }
    let ready = value!([{"type": "Ready", "status": "True"}]);
    api.seed(
        &PODS,
        value!({
            "metadata": {"namespace": "a", "name": "p"},
            "spec": {"nodeName": "quiet"},
            "status": {"phase": "Running", "conditions": ready}
        }),
    );
    for second in 0..8 {
        settle(10).await;
        api.modify(&LEASES, LEASE_NAMESPACE, "lively", |lease| lease.set(&["spec", "renewTime"], second.to_string()));
    }
    assert_eq!(taints(&api, "quiet"), ["unreachable:NoSchedule", "unreachable:NoExecute"]);
    assert_eq!(taints(&api, "lively"), [""; 0]);
    assert!(!pods::is_ready(&api.get(&PODS, "a", "p").unwrap()));
    assert!(api.list(&EVENTS).iter().any(|event| event.str_at(&["reason"]) == Some("NodeNotReady")));
    api.modify(&NODES, "", "quiet", |node| {
        node.set(&["status", "conditions"], value!([{"type": "Ready", "status": "True", "lastHeartbeatTime": "now"}]));
    });
    settle(1).await;
    assert_eq!(taints(&api, "quiet"), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn when_all_nodes_fall_silent_nobody_is_evicted() {
    let api = FakeApi::new();
    let _running = tokio::spawn((DESCRIPTOR.start)(Context::for_tests(&api)));
    api.seed(&NODES, node("only", "True"));
    settle(300).await;
    assert_eq!(taints(&api, "only"), ["unreachable:NoSchedule"]);
}
