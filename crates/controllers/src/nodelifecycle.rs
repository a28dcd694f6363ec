//! `node-lifecycle-controller`: notices nodes that fall silent, and keeps taints in step with conditions.
//!
//! Each node has one deadline: the last sign of life (its lease, its status) plus the grace. A sign of life only
//! moves a time; the node is looked at again when the deadline comes, not at every heartbeat.

mod health;
mod taints;
#[cfg(test)]
mod tests;
mod zones;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use apimachinery::{List, Object, Status, Str, Value, time, value};
use async_trait::async_trait;
use client::{
    Client, Collection, Event, EventRecorder, EventType, Informer, PatchType, WorkQueue,
    controller::{self, Outcome, Reconcile},
    kinds::{LEASES, NODES, PODS},
};
use parking_lot::Mutex;
use tokio::time::Instant;

use self::zones::Evictions;
use crate::{Context, ControllerDescriptor, pods};

const WORKERS: usize = 8;
const LEASE_NAMESPACE: &str = "kube-node-lease";
const BY_NODE: &str = "nodeName";

/// The controller of nodes' lives.
pub const DESCRIPTOR: ControllerDescriptor = ControllerDescriptor {
    name: "node-lifecycle-controller",
    service_account: "node-controller",
    start: |context| Box::pin(run(context)),
};

struct NodeLifecycle {
    client: Client,
    events: EventRecorder,
    nodes: Informer,
    pods: Informer,
    grace: Duration,
    heard: Arc<Mutex<BTreeMap<Str, Instant>>>,
    evictions: Mutex<Evictions>,
}

async fn run(context: Context) {
    let (nodes, pods) = (context.informers.of(&NODES), context.informers.of(&PODS));
    let leases = context.informers.follow(Collection::all(&LEASES).in_namespace(LEASE_NAMESPACE));
    pods.add_index(BY_NODE, |pod| vec![pods::node_name(pod).into()]);
    let queue = WorkQueue::new();
    let heard: Arc<Mutex<BTreeMap<Str, Instant>>> = Arc::default();
    let events = context.recorder("node-controller");
    follow_signs_of_life(&nodes, &leases, &heard);
    controller::enqueue_on(&nodes, &queue, |event: &Event| {
        let node = event.object();
        let changed = event.old().is_none_or(|old| taints::basis(old) != taints::basis(node));
        let changed = changed || matches!(event, Event::Deleted(_));
        changed.then(|| node.key())
    });
    let told = events.clone();
    nodes.add_handler(move |event: &Event| tell_of_coming_and_going(&told, event));
    let reconciler = NodeLifecycle {
        client: context.client,
        events,
        nodes: nodes.clone(),
        pods: pods.clone(),
        grace: Duration::from_secs(context.settings.node_monitor_grace_seconds),
        heard,
        evictions: Mutex::default(),
    };
    let informers = [nodes, pods, leases];
    controller::run("node-lifecycle-controller", &informers, queue, WORKERS, Arc::new(reconciler)).await;
}

fn follow_signs_of_life(nodes: &Informer, leases: &Informer, heard: &Arc<Mutex<BTreeMap<Str, Instant>>>) {
    let by_status = heard.clone();
    nodes.add_handler(move |event: &Event| {
        let node = event.object();
        let mut heard = by_status.lock();
        match event {
            Event::Deleted(_) => drop(heard.remove(node.name())),
            Event::Added(_) => drop(heard.insert(node.name().into(), Instant::now())),
            Event::Updated { old, .. } if health::heartbeats(old) != health::heartbeats(node) => {
                heard.insert(node.name().into(), Instant::now());
            }
            Event::Updated { .. } => {}
        }
    });
    let by_lease = heard.clone();
    leases.add_handler(move |event: &Event| {
        let lease = event.object();
        let renewed = |lease: &Object| lease.spec().str_at("renewTime").map(str::to_owned);
        if event.old().is_none_or(|old| renewed(old) != renewed(lease)) && !matches!(event, Event::Deleted(_)) {
            // A lease without a node is nobody's sign of life.
            if let Some(time) = by_lease.lock().get_mut(lease.name()) {
                *time = Instant::now();
            }
        }
    });
}

fn tell_of_coming_and_going(events: &EventRecorder, event: &Event) {
    let node = event.object();
    let name = node.name();
    let tell = |reason, message: String| {
        // As upstream, the node's name stands in for its UID.
        let reference = value!({"kind": "Node", "name": name, "uid": node.uid(), "apiVersion": "v1"});
        events.event_about(reference, EventType::Normal, reason, message);
    };
    match event {
        Event::Added(_) => {
            tell("RegisteredNode", format!("Node {name} event: Registered Node {name} in Controller"));
        }
        Event::Deleted(_) => tell("RemovingNode", format!("Node {name} event: Removing Node {name} from Controller")),
        Event::Updated { .. } => {}
    }
}

#[async_trait]
impl Reconcile for NodeLifecycle {
    async fn reconcile(&self, key: &Str) -> Outcome {
        let Some(node) = self.nodes.get(key).filter(|node| node.deletion_timestamp().is_none()) else {
            self.evictions.lock().forget(key);
            return Ok(None);
        };
        let silent = self.heard.lock().get(key).map_or(self.grace, Instant::elapsed);
        let left = self.grace.saturating_sub(silent);
        let node = match left.is_zero().then(|| health::silenced(&node, stdx::clock::now())).flatten() {
            Some(status) => self.write_status(&node, status).await?,
            None => node,
        };
        if pods::condition_is_true(&node, "Ready") {
            self.evictions.lock().forget(key);
        } else {
            self.mark_pods_not_ready(&node).await?;
        }
        let wait = self.write_taints(&node).await?;
        // A silent node is looked at again when it is heard of.
        let check = (!left.is_zero()).then_some(left);
        Ok(check.into_iter().chain(wait).min())
    }
}

impl NodeLifecycle {
    async fn write_status(&self, node: &Object, conditions: List) -> Result<Arc<Object>, Status> {
        let message = format!("Node {} status is now: NodeNotReady", node.name());
        let was_ready = pods::condition_is_true(node, "Ready");
        let patch = value!({
            "metadata": {"uid": node.uid(), "resourceVersion": node.resource_version()},
            "status": {"conditions": conditions}
        });
        let written = self.client.all(&NODES).patch(node.name(), "status", PatchType::Merge, patch).await?;
        // The share of unhealthy nodes is counted in the cache.
        self.nodes.reached(written.resource_version()).await;
        if was_ready {
            self.events.event(&NODES, node, EventType::Normal, "NodeNotReady", message);
        }
        Ok(written)
    }

    /// Puts the taints right that follow from conditions; returns when a taint that evicts may be added which
    /// has to wait now.
    async fn write_taints(&self, node: &Object) -> Result<Option<Duration>, Status> {
        let wanted = taints::wanted(node, stdx::clock::now());
        let allowed = match taints::adds_eviction(node, &wanted) {
            false => Ok(()),
            true => self.evictions.lock().ask(node, &self.nodes.list(), Instant::now()),
        };
        let (wanted, wait) = match allowed {
            Ok(()) => (wanted, None),
            Err(wait) => (taints::without_evictions(node, wanted), wait),
        };
        if wanted != node.spec().list_at("taints") {
            let taints = if wanted.is_empty() { Value::Null } else { Value::from(wanted) };
            let patch = value!({
                "metadata": {"uid": node.uid(), "resourceVersion": node.resource_version()},
                "spec": {"taints": taints}
            });
            self.client.all(&NODES).patch(node.name(), "", PatchType::Merge, patch).await?;
        }
        Ok(wait)
    }

    /// Pods on a node that is not ready are not ready either: services must not send to them.
    async fn mark_pods_not_ready(&self, node: &Object) -> Result<(), Status> {
        for pod in self.pods.by_index(BY_NODE, node.name()) {
            let Some(ready) = pods::condition(&pod, "Ready").filter(|_| pods::is_ready(&pod)) else { continue };
            let mut not_ready = ready.clone();
            not_ready.set(&["status"], "False");
            not_ready.set(&["lastTransitionTime"], time::format_seconds(stdx::clock::now()));
            let conditions: List = pod
                .status()
                .list_at("conditions")
                .iter()
                .map(|condition| if condition == ready { not_ready.clone() } else { condition.clone() })
                .collect();
            let patch = value!({
                "metadata": {"uid": pod.uid(), "resourceVersion": pod.resource_version()},
                "status": {"conditions": conditions}
            });
            let api = self.client.namespaced(&PODS, pod.namespace());
            match api.patch(pod.name(), "status", PatchType::Merge, patch).await {
                Err(status) if !status.is_not_found() => return Err(status),
                _ => self.events.event(&PODS, &pod, EventType::Warning, "NodeNotReady", "Node is not ready"),
            }
        }
        Ok(())
    }
}
