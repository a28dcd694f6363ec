use std::{sync::Arc, time::Duration};

use apimachinery::{Status, Value, value};
use async_trait::async_trait;
use client::{
    Body, PatchType, Request, Response, Transport, Verb, WatchStream, kinds,
    testing::{FakeApi, settle},
};

use super::{Fleet, take_slot};
use crate::{FleetOptions, WatchMode};

/// The fake knows no strategic merge; what a fleet patches comes out the same as a merge, but for conditions of others.
struct Merging(FakeApi);

#[async_trait]
impl Transport for Merging {
    async fn call(&self, mut request: Request) -> Result<Response, Status> {
        if let Body::Patch(patch_type @ PatchType::Strategic, _) = &mut request.body {
            *patch_type = PatchType::Merge;
        }
        self.0.call(request).await
    }

    async fn watch(&self, request: Request, initial_events: bool) -> Result<WatchStream, Status> {
        self.0.watch(request, initial_events).await
    }
}

fn options() -> FleetOptions {
    FleetOptions {
        nodes: 3,
        start_delay_milliseconds: 1000,
        start_jitter_milliseconds: 0,
        stop_delay_milliseconds: 2000,
        ..FleetOptions::default()
    }
}

async fn fleet(api: &FakeApi, options: FleetOptions) -> Fleet {
    stdx::random::seed_thread(Some(1));
    let fleet = Fleet::start(Arc::new(Merging(api.clone())), options);
    fleet.ready().await.unwrap();
    fleet
}

fn pod(name: &str, node: &str) -> Value {
    value!({
        "metadata": {"namespace": "default", "name": name},
        "spec": {"nodeName": node, "containers": [{"name": "c", "image": "i"}]}
    })
}

fn phase(api: &FakeApi, name: &str) -> Option<String> {
    let pod = api.get(&kinds::PODS, "default", name)?;
    Some(pod.status().str_at("phase").unwrap_or("none").to_owned())
}

#[tokio::test(start_paused = true)]
async fn nodes_register_and_keep_their_leases_and_statuses() {
    let api = FakeApi::new();
    let fleet = fleet(&api, options()).await;
    let nodes = api.list(&kinds::NODES);
    assert_eq!(nodes.len(), 3);
    assert!(nodes.iter().all(|node| node.list_at(&["status", "conditions"]).len() == 4));
    settle(1).await;
    assert_eq!(api.list(&kinds::LEASES).len(), 3);
    api.take_log();
    settle(100).await;
    let log = api.take_log();
    let renewals =
        |node: &str| log.iter().filter(|line| **line == format!("Update leases kube-node-lease/{node}")).count();
    for node in ["hollow-0", "hollow-1", "hollow-2"] {
        assert!((9..=11).contains(&renewals(node)), "{node}: {}", renewals(node));
    }
    settle(400).await;
    assert_eq!(fleet.figures().node_statuses, 4, "each once in 300 s, but those after 150, 250 and 350 s");
    assert_eq!(fleet.figures().failures, 0);
}

#[tokio::test(start_paused = true)]
async fn pods_start_and_go_with_their_grace() {
    for watch in [WatchMode::PerNode, WatchMode::Shared, WatchMode::Kubelet] {
        let api = FakeApi::new();
        let fleet = fleet(&api, FleetOptions { watch, ..options() }).await;
        api.seed(&kinds::PODS, pod("a", "hollow-1"));
        api.seed(&kinds::PODS, pod("elsewhere", "real"));
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(phase(&api, "a").as_deref(), Some("Pending"));
        settle(1).await;
        assert_eq!(phase(&api, "a").as_deref(), Some("Running"));
        assert_eq!(phase(&api, "elsewhere").as_deref(), Some("none"));
        api.modify(&kinds::PODS, "default", "a", |pod| {
            pod.set_meta("deletionTimestamp", "2026-01-01T00:00:00Z");
            pod.metadata_mut().insert("deletionGracePeriodSeconds", 1);
        });
        tokio::time::sleep(Duration::from_millis(900)).await;
        assert!(phase(&api, "a").is_some(), "its grace is not over");
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(phase(&api, "a"), None);
        assert_eq!(fleet.figures().pods, 0);
        // The fake lets it go with the last status already, a server waits to be told.
        let mut early = pod("early", "hollow-2");
        early.set(&["metadata", "deletionTimestamp"], "2026-01-01T00:00:00Z");
        api.seed(&kinds::PODS, early);
        settle(1).await;
        assert!(api.take_log().contains(&"Delete pods default/early".to_owned()));
        assert_eq!(fleet.figures().pods_gone, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn jobs_end_and_what_is_refused_is_tried_again() {
    let api = FakeApi::new();
    let fleet = fleet(&api, options()).await;
    api.refuse_next(Verb::Patch, &kinds::PODS, Status::service_unavailable("no"));
    let mut job = pod("job", "hollow-0");
    job.set(&["spec", "restartPolicy"], "Never");
    job.set(&["metadata", "annotations", "sim.sagong.dev/run-milliseconds"], "300");
    api.seed(&kinds::PODS, job);
    fleet.until(|figures| figures.pods_ended == 1).await;
    assert_eq!(phase(&api, "job").as_deref(), Some("Succeeded"));
    assert_eq!((fleet.figures().failures, fleet.figures().pods_ended), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_broken_watch_is_made_again_and_tells_what_vanished_meanwhile() {
    let api = FakeApi::new();
    let fleet = fleet(&api, options()).await;
    api.seed(&kinds::PODS, pod("a", "hollow-0"));
    api.seed(&kinds::PODS, pod("b", "hollow-0"));
    settle(3).await;
    api.pause_watches(&kinds::PODS);
    api.remove(&kinds::PODS, "default", "a");
    api.break_watches(&kinds::PODS, Status::expired("too old"));
    api.resume_watches(&kinds::PODS);
    settle(3).await;
    assert_eq!(fleet.figures().pods, 1);
}

#[tokio::test(start_paused = true)]
async fn a_removed_node_comes_back() {
    let api = FakeApi::new();
    let _fleet = fleet(&api, options()).await;
    api.remove(&kinds::NODES, "", "hollow-1");
    settle(600).await;
    assert_eq!(api.list(&kinds::NODES).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_refused_node_is_an_error() {
    let api = FakeApi::new();
    api.refuse_next(Verb::Create, &kinds::NODES, Status::forbidden("", "nodes", "hollow-0", "no"));
    let fleet = Fleet::start(Arc::new(Merging(api.clone())), options());
    assert_eq!(fleet.ready().await.unwrap_err().reason, "Forbidden");
}

#[test]
fn slots() {
    let mut slots = [1, 0, 0, 0];
    assert_eq!((take_slot(&mut slots), take_slot(&mut slots)), (1, 2));
    slots[0] &= !2;
    assert_eq!(take_slot(&mut slots), 1);
}
