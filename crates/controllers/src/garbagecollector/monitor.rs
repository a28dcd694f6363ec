//! Keeps the graph true to one resource. It keeps nothing else of objects: whole ones would cost as much memory as the
//! server has.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use apimachinery::{Object, Str};
use async_trait::async_trait;
use client::{ReflectorStore, ResourceKind, WorkQueue, reflector::breathe};
use parking_lot::Mutex;
use tokio::sync::watch;

use super::graph::{Graph, Node};

/// Nodes that are looked at under one lock of the graph.
const NODES_PER_STEP: usize = 1024;

/// What hears of a resource's objects.
pub(super) struct Monitor {
    resource: Arc<ResourceKind>,
    graph: Arc<Mutex<Graph>>,
    queue: WorkQueue<Str>,
    /// Whether the graph may have objects of the resource.
    is_filled: AtomicBool,
    synced: watch::Sender<bool>,
}

impl Monitor {
    pub(super) fn new(resource: &ResourceKind, graph: &Arc<Mutex<Graph>>, queue: &WorkQueue<Str>) -> Monitor {
        Monitor {
            resource: Arc::new(resource.clone()),
            graph: graph.clone(),
            queue: queue.clone(),
            is_filled: AtomicBool::new(false),
            synced: watch::Sender::new(false),
        }
    }

    /// Waits until the graph has once had everything of the resource.
    pub(super) async fn synced(&self) {
        // The sender lives as long as `self`.
        let _ = self.synced.subscribe().wait_for(|synced| *synced).await;
    }

    /// Forgets all objects of the resource, which is no longer followed.
    pub(super) async fn forget(&self) {
        self.each_known(|graph, uids| graph.forget(uids)).await;
    }

    /// Shows the UIDs of the resource's objects that the graph has, step by step.
    async fn each_known(&self, mut see: impl FnMut(&mut Graph, &[Str])) {
        let mut after = Some(Str::EMPTY);
        while let Some(last) = after {
            {
                let mut graph = self.graph.lock();
                let (uids, next) = graph.of_resource(&self.resource, &last, NODES_PER_STEP);
                see(&mut graph, &uids);
                after = next;
            }
            tokio::task::yield_now().await;
        }
    }

    fn enqueue(&self, concerned: Vec<Str>) {
        for uid in concerned {
            self.queue.add(uid);
        }
    }

    fn insert(&self, node: Node) {
        let concerned = self.graph.lock().insert(node);
        self.enqueue(concerned);
    }

    fn take_out(&self, uid: &str) {
        let concerned = self.graph.lock().remove(uid);
        self.enqueue(concerned);
    }
}

#[async_trait]
impl ReflectorStore for Monitor {
    type List = Vec<Node>;

    fn gather(&self, list: &mut Vec<Node>, object: Arc<Object>) {
        list.push(Node::of(&self.resource, &object));
    }

    fn leave_out(&self, list: &mut Vec<Node>, last: &Object) {
        list.retain(|node| node.uid != last.uid());
    }

    async fn replace(&self, list: Vec<Node>) {
        if self.is_filled.swap(true, Ordering::Relaxed) {
            let mut listed = BTreeSet::new();
            for (count, node) in list.iter().enumerate() {
                listed.insert(node.uid.clone());
                breathe(count).await;
            }
            let mut vanished = Vec::new();
            self.each_known(|_, uids| vanished.extend(uids.iter().filter(|uid| !listed.contains(*uid)).cloned())).await;
            for (count, uid) in vanished.into_iter().enumerate() {
                self.take_out(&uid);
                breathe(count).await;
            }
        }
        for (count, node) in list.into_iter().enumerate() {
            self.insert(node);
            breathe(count).await;
        }
        self.synced.send_replace(true);
    }

    fn put(&self, object: Arc<Object>) {
        self.insert(Node::of(&self.resource, &object));
    }

    fn remove(&self, last: Arc<Object>) {
        self.take_out(last.uid());
    }
}
