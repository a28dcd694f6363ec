//! `taint-eviction-controller`: removes pods from nodes whose `NoExecute` taints they do not bear, or not for
//! longer.

use std::{sync::Arc, time::Duration};

use apimachinery::{Object, Status, Str, Value, time};
use async_trait::async_trait;
use client::{
    Client, Event, EventRecorder, EventType, Informer, Options, PatchType, WorkQueue,
    controller::{self, Outcome, Reconcile},
    kinds::{NODES, PODS},
};
use jiff::Timestamp;

use crate::{Context, ControllerDescriptor, disruption_target, placement, pods};

const WORKERS: usize = 8;
const BY_NODE: &str = "nodeName";

/// The controller of evictions by taint.
pub const DESCRIPTOR: ControllerDescriptor = ControllerDescriptor {
    name: "taint-eviction-controller",
    service_account: "node-controller",
    start: |context| Box::pin(run(context)),
};

struct TaintEvictions {
    client: Client,
    events: EventRecorder,
    pods: Informer,
    nodes: Informer,
}

fn evicting_taints(node: &Object) -> Vec<&Value> {
    let taints = node.spec().list_at("taints").iter();
    taints.filter(|taint| taint.str_at(&["effect"]) == Some("NoExecute")).collect()
}

async fn run(context: Context) {
    let (pods, nodes) = (context.informers.of(&PODS), context.informers.of(&NODES));
    pods.add_index(BY_NODE, |pod| vec![pods::node_name(pod).into()]);
    let queue = WorkQueue::new();
    let tainted = nodes.clone();
    controller::enqueue_on(&pods, &queue, move |event: &Event| {
        let pod = event.object();
        let moved = event.old().is_none_or(|old| {
            pods::node_name(old) != pods::node_name(pod)
                || old.spec().list_at("tolerations") != pod.spec().list_at("tolerations")
        });
        let node = tainted.get(pods::node_name(pod)).filter(|_| moved)?;
        (!evicting_taints(&node).is_empty()).then(|| pod.key())
    });
    let on_nodes = pods.clone();
    controller::enqueue_on(&nodes, &queue, move |event: &Event| {
        let node = event.object();
        let changed = event.old().is_none_or(|old| evicting_taints(old) != evicting_taints(node));
        let concerned = if changed { on_nodes.by_index(BY_NODE, node.name()) } else { Vec::new() };
        concerned.into_iter().map(|pod| pod.key())
    });
    let reconciler = TaintEvictions {
        client: context.client.clone(),
        events: context.recorder("taint-eviction-controller"),
        pods: pods.clone(),
        nodes: nodes.clone(),
    };
    controller::run("taint-eviction-controller", &[pods, nodes], queue, WORKERS, Arc::new(reconciler)).await;
}

/// When the pod has to go: the earliest time at which it ceases to bear one of the taints.
fn eviction_time(pod: &Object, taints: &[&Value], now: Timestamp) -> Option<Timestamp> {
    let tolerations = pod.spec().list_at("tolerations");
    let started = pod.status().str_at("startTime").and_then(time::parse).or_else(|| pods::created(pod));
    let of_taint = |taint: &&Value| {
        let bearing: Vec<_> = tolerations.iter().filter(|one| placement::tolerates(one, taint)).collect();
        if bearing.is_empty() {
            return Some(now);
        }
        // One toleration without an end bears the taint for ever only if no other sets an end.
        let seconds = bearing.iter().filter_map(|one| one.i64_at(&["tolerationSeconds"])).min()?;
        let since = taint.str_at(&["timeAdded"]).and_then(time::parse).max(started).unwrap_or(now);
        Timestamp::from_second(since.as_second() + seconds.max(0)).ok()
    };
    taints.iter().filter_map(of_taint).min()
}

#[async_trait]
impl Reconcile for TaintEvictions {
    async fn reconcile(&self, key: &Str) -> Outcome {
        let Some(pod) = self.pods.get(key).filter(|pod| pod.deletion_timestamp().is_none()) else { return Ok(None) };
        let Some(node) = self.nodes.get(pods::node_name(&pod)) else { return Ok(None) };
        let now = stdx::clock::now();
        let Some(time) = eviction_time(&pod, &evicting_taints(&node), now) else { return Ok(None) };
        let left = time.as_millisecond() - now.as_millisecond();
        if left > 0 {
            return Ok(Some(Duration::from_millis(left.unsigned_abs())));
        }
        self.evict(&pod).await?;
        Ok(None)
    }
}

impl TaintEvictions {
    async fn evict(&self, pod: &Object) -> Result<(), Status> {
        let message = format!("Marking for deletion Pod {}", pod.key());
        self.events.event(&PODS, pod, EventType::Normal, "TaintManagerEviction", message);
        let api = self.client.namespaced(&PODS, pod.namespace());
        let patch =
            disruption_target::patch(pod, "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint");
        match api.patch(pod.name(), "status", PatchType::Merge, patch).await {
            Err(status) if status.is_not_found() => return Ok(()),
            answer => drop(answer?),
        }
        let options = Options { precondition_uid: pod.uid().to_owned(), ..Options::default() };
        match api.delete(pod.name(), options).await {
            Err(status) if !status.is_not_found() && !status.is_conflict() => Err(status),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use apimachinery::value;
    use client::testing::{FakeApi, settle};

    use super::*;

    #[test]
    fn the_shortest_toleration_counts() {
        let pod = |tolerations: Value| {
            Object(value!({"status": {"startTime": "2026-01-01T00:00:00Z"}, "spec": {"tolerations": tolerations}}))
        };
        let taint = value!({"key": "x", "effect": "NoExecute", "timeAdded": "2026-01-01T10:00:00Z"});
        let at = |tolerations: Value| {
            let time = eviction_time(&pod(tolerations), &[&taint], "2026-01-01T12:00:00Z".parse().unwrap());
            time.map(|time| time.to_string())
        };
        assert_eq!(at(value!([])).as_deref(), Some("2026-01-01T12:00:00Z"));
        assert_eq!(at(value!([{"operator": "Exists"}])), None);
        let seconds = |seconds: i64| value!({"key": "x", "operator": "Exists", "tolerationSeconds": seconds});
        let two = value!([seconds(9000), seconds(60)]);
        assert_eq!(at(two).as_deref(), Some("2026-01-01T10:01:00Z"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_taint_evicts_those_who_do_not_bear_it() {
        let api = FakeApi::new();
        let _running = tokio::spawn((DESCRIPTOR.start)(Context::for_tests(&api)));
        api.seed(&NODES, value!({"metadata": {"name": "n1"}, "spec": {}}));
        for (name, tolerations) in [("frail", value!([])), ("tough", value!([{"operator": "Exists"}]))] {
            let spec = value!({"nodeName": "n1", "tolerations": tolerations});
            api.seed(&PODS, value!({"metadata": {"namespace": "a", "name": name}, "spec": spec}));
        }
        settle(1).await;
        assert_eq!(api.take_log(), [""; 0]);
        api.modify(&NODES, "", "n1", |node| {
            node.set(&["spec", "taints"], value!([{"key": "x", "effect": "NoExecute"}]));
        });
        settle(1).await;
        assert!(api.get(&PODS, "a", "frail").is_none() && api.get(&PODS, "a", "tough").is_some());
    }
}
