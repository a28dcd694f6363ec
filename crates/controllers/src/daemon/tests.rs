use apimachinery::value;
use client::testing::{FakeApi, merge, settle};
use expect_test::{Expect, expect};

use super::*;
use crate::pods;

fn daemon_set(change: Value) -> Value {
    let mut set = value!({
        "metadata": {"namespace": "a", "name": "log", "uid": "d", "generation": 1},
        "spec": {
            "selector": {"matchLabels": {"app": "log"}},
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}},
            "template": {"metadata": {"labels": {"app": "log"}}, "spec": {"nodeSelector": {"os": "linux"}, "image": "v2"}}
        }
    });
    merge(&mut set, &change);
    set
}

fn node(name: &str, change: Value) -> Value {
    let mut node = value!({"metadata": {"name": name, "labels": {"os": "linux"}}, "spec": {}});
    merge(&mut node, &change);
    node
}

fn pod(name: &str, node: &str, hash: &str, phase: &str, ready: &str) -> Arc<Object> {
    Arc::new(Object(value!({
        "metadata": {"namespace": "a", "name": name, "labels": {"app": "log", HASH_LABEL: hash}},
        "spec": {"nodeName": node},
        "status": {"phase": phase, "conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": "2026-01-01T00:00:00Z"}]}
    })))
}

fn check(set: Value, nodes: Vec<Value>, pods: Vec<Arc<Object>>, expected: Expect) {
    let observed = Observed {
        set: Arc::new(Object(set)),
        pods,
        nodes: nodes.into_iter().map(|node| Arc::new(Object(node))).collect(),
        hash: "new".into(),
        backing_off: vec!["n9".into()],
        now: "2026-01-01T12:00:00Z".parse().unwrap(),
    };
    let plan = plan(&observed);
    let deleted: Vec<&str> = plan.delete.iter().map(|pod| pod.name()).collect();
    let said: Vec<&str> = plan.ended.iter().map(|ended| ended.message.as_str()).collect();
    expected.assert_eq(&format!("create {:?} delete {deleted:?} {said:?}\n{:?}", plan.create, plan.status));
}

#[test]
fn every_admitting_node_has_one() {
    let tainted = |effect: &str| value!({"spec": {"taints": [{"key": "x", "effect": effect}]}});
    let nodes = vec![
        node("n1", value!({})),
        node("n2", value!({"metadata": {"labels": {"os": "other"}}})),
        node("n3", tainted("NoSchedule")),
        node("n4", tainted("NoExecute")),
        node("n5", value!({"spec": {"taints": [{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}]}})),
    ];
    let pods = ["n2", "n3", "n4"].map(|node| pod(node, node, "new", "Running", "True")).to_vec();
    check(
        daemon_set(value!({})),
        nodes,
        pods,
        expect![[r#"
        create ["n1", "n5"] delete ["n2", "n4"] []
        {"currentNumberScheduled": 0, "desiredNumberScheduled": 2, "numberMisscheduled": 3, "numberReady": 0, "numberUnavailable": 2, "observedGeneration": 1}"#]],
    );
}

#[test]
fn what_ended_is_replaced_and_doubles_go() {
    let nodes = vec![node("n1", value!({})), node("n2", value!({})), node("n9", value!({}))];
    let pods = vec![
        pod("a", "n1", "new", "Failed", "False"),
        pod("b", "n9", "new", "Failed", "False"),
        pod("c", "n2", "new", "Running", "True"),
        pod("d", "n2", "new", "Running", "True"),
    ];
    check(
        daemon_set(value!({})),
        nodes,
        pods,
        expect![[r#"
        create [] delete ["a", "d"] ["Found failed daemon pod a/a on node n1, will try to kill it"]
        {"currentNumberScheduled": 3, "desiredNumberScheduled": 3, "numberAvailable": 1, "numberMisscheduled": 0, "numberReady": 1, "numberUnavailable": 2, "observedGeneration": 1, "updatedNumberScheduled": 3}"#]],
    );
}

#[test]
fn updates_roll() {
    let nodes = || ["n1", "n2", "n3"].map(|name| node(name, value!({}))).to_vec();
    let old = |node: &str, ready| pod(&format!("old-{node}"), node, "old", "Running", ready);
    check(
        daemon_set(value!({})),
        nodes(),
        vec![old("n1", "True"), old("n2", "True"), old("n3", "True")],
        expect![[r#"
        create [] delete ["old-n1"] []
        {"currentNumberScheduled": 3, "desiredNumberScheduled": 3, "numberAvailable": 3, "numberMisscheduled": 0, "numberReady": 3, "observedGeneration": 1}"#]],
    );
    let starting = pod("starting", "n1", "new", "Running", "False");
    check(
        daemon_set(value!({})),
        nodes(),
        vec![starting.clone(), old("n2", "True"), old("n3", "False")],
        expect![[r#"
        create [] delete ["old-n3"] []
        {"currentNumberScheduled": 3, "desiredNumberScheduled": 3, "numberAvailable": 1, "numberMisscheduled": 0, "numberReady": 1, "numberUnavailable": 2, "observedGeneration": 1, "updatedNumberScheduled": 1}"#]],
    );
    let surge = value!({"spec": {"updateStrategy": {"rollingUpdate": {"maxSurge": 2, "maxUnavailable": 0}}}});
    let pods = vec![old("n1", "True"), starting, old("n2", "True"), old("n3", "True")];
    check(
        daemon_set(surge),
        nodes(),
        pods,
        expect![[r#"
            create ["n2"] delete [] []
            {"currentNumberScheduled": 3, "desiredNumberScheduled": 3, "numberAvailable": 3, "numberMisscheduled": 0, "numberReady": 3, "observedGeneration": 1}"#]],
    );
}

#[tokio::test(start_paused = true)]
async fn pods_follow_nodes_and_templates() {
    let api = FakeApi::new();
    let _running = tokio::spawn((DESCRIPTOR.start)(Context::for_tests(&api)));
    api.seed(&DAEMON_SETS, daemon_set(value!({"metadata": {"uid": null}})));
    api.seed(&NODES, node("n1", value!({})));
    api.seed(&NODES, node("n2", value!({})));
    let bind = || {
        for pod in api.list(&PODS).iter().filter(|pod| !pods::is_ready(pod)) {
            let node = target_node(pod).to_owned();
            api.modify(&PODS, "a", pod.name(), |pod| {
                pod.set(&["spec", "nodeName"], node);
                let since = apimachinery::time::format_seconds(stdx::clock::now());
                let ready = value!([{"type": "Ready", "status": "True", "lastTransitionTime": since}]);
                pod.set(&["status"], value!({"phase": "Running", "conditions": ready}));
            });
        }
    };
    settle(1).await;
    bind();
    settle(1).await;
    let targets =
        || api.list(&PODS).iter().map(|pod| target_node(pod).to_owned()).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(targets().into_iter().collect::<Vec<_>>(), ["n1", "n2"]);
    api.modify(&DAEMON_SETS, "a", "log", |set| set.set(&["spec", "template", "spec", "image"], "v3"));
    for _ in 0..4 {
        settle(1).await;
        bind();
    }
    settle(1).await;
    assert!(api.list(&PODS).iter().all(|pod| pod.spec().str_at("image") == Some("v3")));
    assert_eq!((api.list(&PODS).len(), api.list(&CONTROLLER_REVISIONS).len()), (2, 2));
    let status = api.get(&DAEMON_SETS, "a", "log").unwrap();
    assert_eq!(status.status().i64_at("updatedNumberScheduled"), Some(2));
}
