use apimachinery::Object;
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

#[tokio::test(start_paused = true)]
async fn an_owner_that_went_while_nobody_watched_is_missed() {
    let api = FakeApi::new();
    family(&api);
    let stays = api.seed(&CONFIG_MAPS, object("stays", vec![]));
    api.seed(&CONFIG_MAPS, object("of-it", vec![reference(&CONFIG_MAPS, &stays, false)]));
    let _running = start(&api);
    settle(1).await;
    // The fake API keeps no history, so that each watch that breaks begins with a new list.
    api.break_watches(&DEPLOYMENTS, Status::service_unavailable("restarting"));
    api.break_watches(&CONFIG_MAPS, Status::service_unavailable("restarting"));
    api.remove(&DEPLOYMENTS, "a", "web");
    api.take_log();
    settle(5).await;
    assert_eq!(api.take_log(), ["Delete replicasets a/web-1", "Delete pods a/p1", "Delete pods a/p2"]);
    assert!(api.get(&CONFIG_MAPS, "a", "of-it").is_some());
}

/// What is served, as it is told to the garbage collector.
struct Served(Mutex<Vec<ResourceKind>>);

#[async_trait]
impl crate::context::Discovery for Served {
    async fn resources(&self) -> Result<Vec<crate::context::ServedResource>, Status> {
        let fixed = crate::context::testing::FixedDiscovery(self.0.lock().clone());
        fixed.resources().await
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_longer_served_is_forgotten_and_not_taken_for_gone() {
    let api = FakeApi::new();
    let owner = api.seed(&CONFIG_MAPS, object("owner", vec![]));
    api.seed(&PODS, object("owned", vec![reference(&CONFIG_MAPS, &owner, false)]));
    let served = Arc::new(Served(Mutex::new(vec![CONFIG_MAPS, PODS])));
    let settings = Settings { discovery: served.clone(), ..Settings::for_tests(&[]) };
    let context = Context::with_settings(&api, settings);
    let mut monitors = Monitors::new(&context);
    let collector = monitors.collector.clone();
    monitors.refresh().await;
    assert!(collector.graph.lock().get(owner.uid()).is_some());
    served.0.lock().retain(|resource| *resource == PODS);
    monitors.refresh().await;
    {
        let graph = collector.graph.lock();
        assert!(graph.get(owner.uid()).is_none() && !graph.is_gone(owner.uid()));
        assert_eq!(graph.dependents(owner.uid()).len(), 1);
    }
    assert!(collector.queue.is_empty(), "nobody has to look at what it owned");
    // Once it is served again it is known again.
    served.0.lock().push(CONFIG_MAPS);
    monitors.refresh().await;
    assert!(collector.graph.lock().get(owner.uid()).is_some());
}
