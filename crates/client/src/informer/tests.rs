use std::{sync::Arc, time::Duration};

use apimachinery::{Status, Value, value};
use parking_lot::Mutex;

use super::*;
use crate::{kinds::PODS, testing::FakeApi};

fn pod(name: &str) -> Value {
    value!({"metadata": {"namespace": "a", "name": name, "labels": {"app": "web"}}})
}

/// What a handler heard.
fn listen(informer: &Informer) -> Arc<Mutex<Vec<String>>> {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let writer = heard.clone();
    informer.add_handler(move |event: &Event| {
        let verb = match event {
            Event::Added(_) => "+",
            Event::Updated { .. } => "~",
            Event::Deleted(_) => "-",
        };
        writer.lock().push(format!("{verb}{}", event.object().name()));
    });
    heard
}

fn take(heard: &Mutex<Vec<String>>) -> String {
    std::mem::take(&mut *heard.lock()).join(" ")
}

async fn settle() {
    crate::testing::settle(5).await;
}

#[tokio::test(start_paused = true)]
async fn follows_and_shares_one_watch() {
    let api = FakeApi::new();
    api.seed(&PODS, pod("x"));
    let informers = SharedInformers::new(api.client("test"));
    let informer = informers.of(&PODS);
    let heard = listen(&informer);
    informer.synced().await;
    assert_eq!(take(&heard), "+x");
    api.seed(&PODS, pod("y"));
    api.modify(&PODS, "a", "x", |pod| pod.set(&["spec", "nodeName"], "n1"));
    settle().await;
    assert_eq!(take(&heard), "+y ~x");
    let late = listen(&informers.of(&PODS));
    assert_eq!(take(&late), "+x +y", "the same informer, and a late handler misses nothing");
    api.remove(&PODS, "a", "x");
    settle().await;
    assert_eq!((take(&heard), take(&late)), ("-x".into(), "-x".into()));
    assert_eq!(informer.list_namespace("a").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn lists_anew_when_the_version_is_too_old() {
    let api = FakeApi::new();
    api.seed(&PODS, pod("x"));
    api.seed(&PODS, pod("y"));
    let informers = SharedInformers::new(api.client("test"));
    let informer = informers.of(&PODS);
    let heard = listen(&informer);
    informer.synced().await;
    take(&heard);
    api.break_watches(&PODS, Status::service_unavailable("restarting"));
    api.remove(&PODS, "a", "x");
    api.seed(&PODS, pod("x"));
    api.remove(&PODS, "a", "y");
    api.seed(&PODS, pod("z"));
    settle().await;
    assert_eq!(take(&heard), "-y -x +x +z", "an object of the same name with another uid is another object");
}

#[tokio::test(start_paused = true)]
async fn selectors_part_collections() {
    let api = FakeApi::new();
    api.seed(&PODS, pod("x"));
    let informers = SharedInformers::new(api.client("test"));
    let others = informers.follow(Collection::all(&PODS).labels("app!=web"));
    let heard = listen(&others);
    others.synced().await;
    assert_eq!(take(&heard), "");
    api.modify(&PODS, "a", "x", |pod| pod.set(&["metadata", "labels", "app"], "db"));
    settle().await;
    assert_eq!(take(&heard), "+x");
    api.modify(&PODS, "a", "x", |pod| pod.set(&["metadata", "labels", "app"], "web"));
    settle().await;
    assert_eq!(take(&heard), "-x");
}

#[tokio::test(start_paused = true)]
async fn waits_for_its_own_writes() {
    let api = FakeApi::new();
    let informers = SharedInformers::new(api.client("test"));
    let informer = informers.of(&PODS);
    informer.synced().await;
    api.pause_watches(&PODS);
    let written = api.seed(&PODS, pod("x"));
    let reached = tokio::time::timeout(Duration::from_secs(60), informer.reached(written.resource_version()));
    assert!(reached.await.is_err(), "the copy is stale");
    api.resume_watches(&PODS);
    informer.reached(written.resource_version()).await;
    assert!(informer.get("a/x").is_some());
    api.remove(&PODS, "a", "x");
    informer.until(|informer| informer.get("a/x").is_none()).await;
}
