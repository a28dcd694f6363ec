use client::{
    kinds::{CONFIG_MAPS, DEPLOYMENTS, EVENTS, PODS, REPLICA_SETS},
    testing::{FakeApi, settle},
};

use super::*;

fn reference(resource: &ResourceKind, owner: &Object, block: bool) -> Value {
    let mut reference = crate::ownership::controller_reference(resource, owner);
    reference.set(&["blockOwnerDeletion"], block);
    reference
}

fn object(name: &str, owners: Vec<Value>) -> Value {
    value!({"metadata": {"namespace": "a", "name": name, "ownerReferences": owners}})
}

/// A deployment, its set and two pods.
fn family(api: &FakeApi) -> Arc<Object> {
    let deployment = api.seed(&DEPLOYMENTS, object("web", vec![]));
    let set = api.seed(&REPLICA_SETS, object("web-1", vec![reference(&DEPLOYMENTS, &deployment, true)]));
    for name in ["p1", "p2"] {
        api.seed(&PODS, object(name, vec![reference(&REPLICA_SETS, &set, true)]));
    }
    deployment
}

fn start(api: &FakeApi) -> tokio::task::JoinHandle<()> {
    let settings = Settings::for_tests(&[CONFIG_MAPS, DEPLOYMENTS, EVENTS, PODS, REPLICA_SETS]);
    tokio::spawn((DESCRIPTOR.start)(Context::with_settings(api, settings)))
}

async fn delete(api: &FakeApi, propagation: DeletePropagation) {
    let options = Options { propagation: Some(propagation), ..Options::default() };
    api.client("test").namespaced(&DEPLOYMENTS, "a").delete("web", options).await.unwrap();
    api.take_log();
}

#[tokio::test(start_paused = true)]
async fn background_deletion_cascades() {
    let api = FakeApi::new();
    family(&api);
    let _running = start(&api);
    settle(1).await;
    assert_eq!(api.take_log(), [""; 0], "nothing is done while owners are there");
    delete(&api, DeletePropagation::Background).await;
    settle(1).await;
    assert_eq!(api.take_log(), ["Delete replicasets a/web-1", "Delete pods a/p1", "Delete pods a/p2"]);
    assert!(api.list(&PODS).is_empty());
}

#[tokio::test(start_paused = true)]
async fn foreground_deletion_ends_with_the_owner() {
    let api = FakeApi::new();
    family(&api);
    let _running = start(&api);
    settle(1).await;
    delete(&api, DeletePropagation::Foreground).await;
    assert!(api.get(&DEPLOYMENTS, "a", "web").is_some());
    settle(1).await;
    let log = api.take_log();
    let position =
        |line: &str| log.iter().position(|entry| entry == line).unwrap_or_else(|| panic!("{line} in {log:?}"));
    assert!(position("Delete pods a/p1") < position("Patch replicasets a/web-1"));
    assert!(position("Patch replicasets a/web-1") < position("Patch deployments a/web"));
    assert!(api.list(&DEPLOYMENTS).is_empty() && api.list(&REPLICA_SETS).is_empty() && api.list(&PODS).is_empty());
}

#[tokio::test(start_paused = true)]
async fn orphans_are_let_go() {
    let api = FakeApi::new();
    family(&api);
    let _running = start(&api);
    settle(1).await;
    delete(&api, DeletePropagation::Orphan).await;
    settle(1).await;
    assert!(api.list(&DEPLOYMENTS).is_empty());
    assert!(api.get(&REPLICA_SETS, "a", "web-1").unwrap().owner_references().is_empty());
    assert_eq!(api.list(&PODS).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn one_owner_that_stays_is_enough_and_absent_ones_are_forgotten() {
    let api = FakeApi::new();
    let solid = api.seed(&CONFIG_MAPS, object("solid", vec![]));
    let mut absent = reference(&CONFIG_MAPS, &solid, false);
    absent.set(&["uid"], "never");
    absent.set(&["name"], "never");
    absent.remove(&["controller"]);
    api.seed(&CONFIG_MAPS, object("kept", vec![reference(&CONFIG_MAPS, &solid, false), absent.clone()]));
    api.seed(&CONFIG_MAPS, object("lost", vec![absent]));
    let _running = start(&api);
    settle(1).await;
    assert_eq!(api.get(&CONFIG_MAPS, "a", "kept").unwrap().owner_references().len(), 1);
    assert!(api.get(&CONFIG_MAPS, "a", "lost").is_none());
}

#[tokio::test(start_paused = true)]
async fn an_unknown_kind_of_owner_keeps_its_dependents() {
    let api = FakeApi::new();
    let owner = value!({"apiVersion": "example.com/v1", "kind": "Widget", "name": "w", "uid": "w"});
    api.seed(&CONFIG_MAPS, object("kept", vec![owner]));
    let _running = start(&api);
    settle(60).await;
    assert!(api.get(&CONFIG_MAPS, "a", "kept").is_some());
}

#[tokio::test(start_paused = true)]
async fn a_circle_that_waits_for_itself_is_broken() {
    let api = FakeApi::new();
    let first = api.seed(&CONFIG_MAPS, object("x", vec![]));
    let second = api.seed(&CONFIG_MAPS, object("y", vec![reference(&CONFIG_MAPS, &first, true)]));
    let back = reference(&CONFIG_MAPS, &second, true);
    api.modify(&CONFIG_MAPS, "a", "x", |map| map.set(&["metadata", "ownerReferences"], vec![back]));
    let _running = start(&api);
    settle(1).await;
    let options = Options { propagation: Some(DeletePropagation::Foreground), ..Options::default() };
    api.client("test").namespaced(&CONFIG_MAPS, "a").delete("x", options).await.unwrap();
    settle(5).await;
    assert!(api.list(&CONFIG_MAPS).is_empty());
}
