use apimachinery::{Value, value};
use client::testing::{FakeApi, merge, settle};
use expect_test::{Expect, expect};

use super::*;
use crate::history::revision_data;

fn stateful_set(replicas: i64, change: Value) -> Value {
    let mut set = value!({
        "metadata": {"namespace": "a", "name": "db", "uid": "s", "generation": 1},
        "spec": {
            "replicas": replicas, "serviceName": "db",
            "selector": {"matchLabels": {"app": "db"}},
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
            "template": {"metadata": {"labels": {"app": "db"}}, "spec": {"image": "v2"}},
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}]
        }
    });
    merge(&mut set, &change);
    set
}

/// A replica; `state` is `ready`, `pending`, `failed` or `leaving`.
fn pod(ordinal: i64, revision: &str, state: &str) -> Arc<Object> {
    let name = format!("db-{ordinal}");
    let (phase, ready) = match state {
        "ready" | "leaving" => ("Running", "True"),
        "failed" => ("Failed", "False"),
        _ => ("Pending", "False"),
    };
    let mut pod = value!({
        "metadata": {
            "namespace": "a", "name": name.as_str(), "uid": name.as_str(),
            "labels": {
                "app": "db", HASH_LABEL: revision, "statefulset.kubernetes.io/pod-name": name.as_str(),
                "apps.kubernetes.io/pod-index": ordinal.to_string()
            },
            "ownerReferences": [{"kind": "StatefulSet", "name": "db", "uid": "s", "controller": true}]
        },
        "status": {"phase": phase, "conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": "2026-01-01T00:00:00Z"}]}
    });
    if state == "leaving" {
        pod.set(&["metadata", "deletionTimestamp"], "2026-01-01T00:00:00Z");
    }
    Arc::new(Object(pod))
}

fn revision(name: &str, image: &str) -> Arc<Object> {
    let owner = Object(stateful_set(1, value!({"spec": {"template": {"spec": {"image": image}}}})));
    Arc::new(Object(value!({"metadata": {"name": name, "uid": name}, "data": revision_data(&owner)})))
}

fn claim(ordinal: i64, owners: Value) -> Arc<Object> {
    let name = format!("data-db-{ordinal}");
    Arc::new(Object(value!({"metadata": {"namespace": "a", "name": name, "ownerReferences": owners}})))
}

fn check(set: Value, pods: Vec<Arc<Object>>, claims: Vec<Arc<Object>>, expected: Expect) {
    let observed = Observed {
        set: Arc::new(Object(set)),
        pods,
        claims: claims.into_iter().map(|claim| (claim.name().into(), claim)).collect(),
        current: revision("old", "v1"),
        update: revision("new", "v2"),
        now: "2026-01-01T12:00:00Z".parse().unwrap(),
    };
    let plan = plan(&observed);
    let lines: Vec<String> = plan
        .operations
        .iter()
        .map(|operation| match operation {
            Operation::Create { pod, claims } => {
                let claims: Vec<&str> = claims.iter().map(|claim| claim.name()).collect();
                format!("create {} {:?} with {claims:?}", pod.name(), pod.str_at(&["spec", "image"]).unwrap())
            }
            Operation::CreateClaims { claims, .. } => format!("claim {}", claims[0].name()),
            Operation::Delete(pod) => format!("delete {}", pod.name()),
            Operation::UpdatePod(pod) => format!("update {}", pod.name()),
            Operation::UpdateClaim(claim) => {
                let owners: Vec<_> = claim.owner_references().iter().map(|owner| owner.str_at(&["name"])).collect();
                format!("own {} by {owners:?}", claim.name())
            }
        })
        .collect();
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn replicas_come_one_after_the_other() {
    let two = || vec![claim(0, value!([])), claim(1, value!([]))];
    check(stateful_set(3, value!({})), vec![], vec![], expect![[r#"create db-0 "v2" with ["data-db-0"]"#]]);
    check(stateful_set(3, value!({})), vec![pod(0, "new", "pending")], two(), expect![""]);
    check(stateful_set(3, value!({})), vec![pod(0, "new", "ready")], two(), expect![[r#"create db-1 "v2" with []"#]]);
    let parallel = value!({"spec": {"podManagementPolicy": "Parallel", "ordinals": {"start": 5}}});
    check(
        stateful_set(2, parallel),
        vec![],
        vec![],
        expect![[r#"
        create db-5 "v2" with ["data-db-5"]
        create db-6 "v2" with ["data-db-6"]"#]],
    );
    check(
        stateful_set(2, value!({})),
        vec![pod(0, "new", "failed"), pod(1, "new", "ready")],
        two(),
        expect!["delete db-0"],
    );
    let orphaned = vec![claim(0, value!([{"kind": "Pod", "name": "db-0", "uid": "before"}]))];
    check(stateful_set(1, value!({})), vec![], orphaned, expect![""]);
}

#[test]
fn scaling_down_takes_the_highest_first() {
    let pods = |last| vec![pod(0, "new", "ready"), pod(1, "new", "ready"), pod(2, "new", last)];
    check(stateful_set(1, value!({})), pods("ready"), vec![], expect!["delete db-2"]);
    check(stateful_set(1, value!({})), pods("leaving"), vec![], expect![""]);
    let mut unwell = pods("ready");
    unwell[1] = pod(1, "new", "pending");
    check(stateful_set(1, value!({})), unwell.clone(), vec![], expect!["delete db-2"]);
    unwell[0] = pod(0, "new", "pending");
    check(stateful_set(1, value!({})), unwell, vec![], expect![[r#"claim data-db-0"#]]);
}

#[test]
fn updates_go_down_to_the_partition() {
    let old = |state| vec![pod(0, "old", "ready"), pod(1, "old", "ready"), pod(2, "old", state)];
    check(stateful_set(3, value!({})), old("ready"), vec![], expect!["delete db-2"]);
    check(stateful_set(3, value!({})), old("leaving"), vec![], expect![""]);
    let at = |partition: i64, max: i64| value!({"spec": {"updateStrategy": {"rollingUpdate": {"partition": partition, "maxUnavailable": max}}}});
    check(
        stateful_set(3, at(1, 5)),
        old("ready"),
        vec![],
        expect![[r#"
        delete db-2
        delete db-1"#]],
    );
    check(
        stateful_set(3, at(2, 1)),
        vec![pod(1, "old", "ready"), pod(2, "new", "ready")],
        vec![],
        expect![[r#"create db-0 "v1" with ["data-db-0"]"#]],
    );
    let on_delete = value!({"spec": {"updateStrategy": {"type": "OnDelete", "rollingUpdate": null}}});
    check(stateful_set(3, on_delete), old("ready"), vec![], expect![""]);
}

#[test]
fn claims_are_owned_as_the_policy_says() {
    let policy = |deleted: &str, scaled: &str| value!({"spec": {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": deleted, "whenScaled": scaled}}});
    let claims = || vec![claim(0, value!([])), claim(1, value!([]))];
    let pods = || vec![pod(0, "new", "ready"), pod(1, "new", "ready")];
    check(
        stateful_set(1, policy("Delete", "Delete")),
        pods(),
        claims(),
        expect![[r#"
        own data-db-0 by [Some("db")]
        own data-db-1 by [Some("db-1")]
        delete db-1"#]],
    );
    check(stateful_set(2, policy("Retain", "Delete")), pods(), claims(), expect![""]);
}

#[tokio::test(start_paused = true)]
async fn a_set_is_built_updated_and_shrunk() {
    let api = FakeApi::new();
    let _running = tokio::spawn((DESCRIPTOR.start)(Context::for_tests(&api)));
    api.seed(&STATEFUL_SETS, stateful_set(2, value!({"metadata": {"uid": null}})));
    let run = || {
        for pod in api.list(&PODS).iter().filter(|pod| !crate::pods::is_ready(pod)) {
            api.modify(&PODS, "a", pod.name(), |pod| {
                let since = apimachinery::time::format_seconds(stdx::clock::now());
                let ready = value!([{"type": "Ready", "status": "True", "lastTransitionTime": since}]);
                pod.set(&["status"], value!({"phase": "Running", "conditions": ready}));
            });
        }
    };
    settle(1).await;
    assert_eq!(api.list(&PODS).len(), 1, "the second waits for the first");
    for _ in 0..2 {
        run();
        settle(1).await;
    }
    assert_eq!(api.list(&PODS).len(), 2);
    api.modify(&STATEFUL_SETS, "a", "db", |set| set.set(&["spec", "template", "spec", "image"], "v3"));
    for _ in 0..5 {
        settle(1).await;
        run();
    }
    settle(1).await;
    assert!(api.list(&PODS).iter().all(|pod| pod.spec().str_at("image") == Some("v3")));
    let status = api.get(&STATEFUL_SETS, "a", "db").unwrap();
    assert_eq!(status.status().str_at("currentRevision"), status.status().str_at("updateRevision"));
    api.modify(&STATEFUL_SETS, "a", "db", |set| set.set(&["spec", "replicas"], 0));
    settle(1).await;
    assert_eq!((api.list(&PODS).len(), api.list(&PERSISTENT_VOLUME_CLAIMS).len()), (0, 2));
}
