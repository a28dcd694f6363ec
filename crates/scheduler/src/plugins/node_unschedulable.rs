//! Keeps pods away from nodes with `spec.unschedulable`.

use super::Descriptor;
use crate::{
    cache::{NodeFacts, NodeInfo, PodInfo, tolerated},
    framework::{ClusterEvent, Cycle, EventKinds, NodeFilter, Plugin, Prepared, Rejection, Verdict},
};

const REASON: &str = "node(s) were unschedulable";

pub(super) const DESCRIPTOR: Descriptor =
    Descriptor { name: "NodeUnschedulable", weight: 0, make: |_| Box::new(NodeUnschedulable) };

struct NodeUnschedulable;

struct Schedulable;

fn tolerates(pod: &PodInfo) -> bool {
    tolerated(&pod.wishes().tolerations, &NodeFacts::unschedulable_taint())
}

impl NodeFilter<'_> for Schedulable {
    fn filter(&self, node: &NodeInfo) -> Verdict {
        if node.unschedulable { Err(Rejection::unresolvable(REASON)) } else { Ok(()) }
    }
}

impl Plugin for NodeUnschedulable {
    fn name(&self) -> &'static str {
        DESCRIPTOR.name
    }

    fn events(&self) -> EventKinds {
        EventKinds::NODE_ADDED.or(EventKinds::NODE_TAINTS).or(EventKinds::OWN_TOLERATIONS)
    }

    fn hint(&self, pod: &PodInfo, event: &ClusterEvent<'_>) -> bool {
        event.node.is_none_or(|node| !node.unschedulable) || tolerates(pod)
    }

    fn pre_filter<'c>(&'c self, cycle: Cycle<'c>) -> Result<Prepared<'c>, Rejection> {
        if !cycle.pod.wishes().tolerations.is_empty() && tolerates(cycle.pod) {
            return Ok(Prepared::default());
        }
        Ok(Prepared::filter(Schedulable))
    }
}
