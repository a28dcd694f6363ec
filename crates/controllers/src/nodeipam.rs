//! `node-ipam-controller`: gives each node its ranges of pod addresses.

pub(crate) mod ranges;

use std::{collections::BTreeMap, sync::Arc};

use apimachinery::{Object, Str, Value, value};
use async_trait::async_trait;
use client::{
    Client, Event, EventRecorder, EventType, Informer, PatchType, WorkQueue,
    controller::{self, Outcome, Reconcile, ReconcileError},
    kinds::NODES,
};
use parking_lot::Mutex;

use self::ranges::{Cidr, Pool};
use crate::{Context, ControllerDescriptor};

/// The allocator of nodes' pod ranges.
pub const DESCRIPTOR: ControllerDescriptor = ControllerDescriptor {
    name: "node-ipam-controller",
    service_account: "node-controller",
    start: |context| Box::pin(run(context)),
};

struct Allocator {
    client: Client,
    events: EventRecorder,
    nodes: Informer,
    state: Arc<Mutex<State>>,
}

/// Who has which range.
struct State {
    pools: Vec<Pool>,
    by_node: BTreeMap<Str, Vec<Cidr>>,
}

fn ranges_of(node: &Object) -> Vec<Cidr> {
    let listed = node.spec().list_at("podCIDRs").iter().filter_map(Value::as_str);
    let all: Vec<&str> = listed.collect();
    let all = if all.is_empty() { node.spec().str_at("podCIDR").into_iter().collect() } else { all };
    all.into_iter().filter_map(|text| text.parse().ok()).collect()
}

impl State {
    fn occupy(&mut self, node: &Object) {
        let ranges = ranges_of(node);
        if ranges.is_empty() {
            return;
        }
        self.release(node.name());
        for range in &ranges {
            self.pools.iter_mut().for_each(|pool| pool.occupy(range));
        }
        self.by_node.insert(node.name().into(), ranges);
    }

    fn release(&mut self, name: &str) {
        for range in self.by_node.remove(name).unwrap_or_default() {
            self.pools.iter_mut().for_each(|pool| pool.release(&range));
        }
    }

    /// One free range of each pool, for `name`; `None` when a pool has none.
    fn allocate(&mut self, name: &Str) -> Option<Vec<Cidr>> {
        if let Some(known) = self.by_node.get(name) {
            return Some(known.clone());
        }
        let ranges: Vec<Cidr> = self.pools.iter().map(Pool::first_free).collect::<Option<_>>()?;
        for (pool, range) in self.pools.iter_mut().zip(&ranges) {
            pool.occupy(range);
        }
        self.by_node.insert(name.clone(), ranges.clone());
        Some(ranges)
    }
}

async fn run(context: Context) {
    let (v4, v6) = context.settings.node_cidr_prefix_lengths;
    let mut pools = Vec::new();
    for text in &context.settings.cluster_cidrs {
        match text.parse::<Cidr>().ok().and_then(|cidr| Pool::new(cidr, if cidr.is_v4() { v4 } else { v6 })) {
            Some(pool) => pools.push(pool),
            None => tracing::error!(cidr = %text, "the cluster's range cannot be divided among nodes"),
        }
    }
    if pools.is_empty() {
        return;
    }
    let nodes = context.informers.of(&NODES);
    let state = Arc::new(Mutex::new(State { pools, by_node: BTreeMap::new() }));
    let queue = WorkQueue::new();
    let occupied = state.clone();
    controller::enqueue_on(&nodes, &queue, move |event: &Event| {
        let node = event.object();
        if matches!(event, Event::Deleted(_)) {
            occupied.lock().release(node.name());
            return None;
        }
        occupied.lock().occupy(node);
        ranges_of(node).is_empty().then(|| node.key())
    });
    let allocator = Allocator {
        client: context.client.clone(),
        events: context.recorder("cidrAllocator"),
        nodes: nodes.clone(),
        state,
    };
    controller::run("node-ipam-controller", &[nodes], queue, 1, Arc::new(allocator)).await;
}

#[async_trait]
impl Reconcile for Allocator {
    async fn reconcile(&self, key: &Str) -> Outcome {
        let Some(node) = self.nodes.get(key) else { return Ok(None) };
        if !ranges_of(&node).is_empty() || node.deletion_timestamp().is_some() {
            return Ok(None);
        }
        let Some(ranges) = self.state.lock().allocate(key) else {
            let message = format!("Node {key} status is now: CIDRNotAvailable");
            self.events.event(&NODES, &node, EventType::Normal, "CIDRNotAvailable", message);
            return Err(ReconcileError::Other(format!("no range is free for node {key}")));
        };
        let texts: Vec<Value> = ranges.iter().map(|range| range.to_string().into()).collect();
        let patch = value!({
            "metadata": {"uid": node.uid()},
            "spec": {"podCIDR": texts[0].clone(), "podCIDRs": texts}
        });
        match self.client.all(&NODES).patch(key, "", PatchType::Merge, patch).await {
            Ok(_) => Ok(None),
            Err(status) => {
                // The API refuses to change a range that is set: the cache will show it.
                self.state.lock().release(key);
                if status.is_not_found() {
                    return Ok(None);
                }
                let message = format!("Node {key} status is now: CIDRAssignmentFailed");
                self.events.event(&NODES, &node, EventType::Normal, "CIDRAssignmentFailed", message);
                Err(status.into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use client::testing::{FakeApi, settle};

    use super::*;
    use crate::Settings;

    #[tokio::test(start_paused = true)]
    async fn nodes_get_free_ranges_and_give_them_back() {
        let api = FakeApi::new();
        let settings =
            Settings { cluster_cidrs: vec!["10.0.0.0/23".into(), "fd00::/63".into()], ..Settings::for_tests(&[]) };
        api.seed(&NODES, value!({"metadata": {"name": "n0"}, "spec": {"podCIDRs": ["10.0.0.0/24", "fd00::/64"]}}));
        let _running = tokio::spawn((DESCRIPTOR.start)(Context::with_settings(&api, settings)));
        settle(1).await;
        for name in ["n1", "n2"] {
            api.seed(&NODES, value!({"metadata": {"name": name}}));
        }
        settle(1).await;
        let ranges = |name: &str| format!("{:?}", api.get(&NODES, "", name).unwrap().spec().get("podCIDRs"));
        assert_eq!(ranges("n1"), r#"Some(["10.0.1.0/24", "fd00:0:0:1::/64"])"#);
        assert_eq!(ranges("n2"), "None", "there are two ranges");
        api.remove(&NODES, "", "n0");
        settle(10).await;
        assert_eq!(ranges("n2"), r#"Some(["10.0.0.0/24", "fd00::/64"])"#);
    }
}
