//! Keeps pods away from nodes with taints that they do not tolerate.

use super::Descriptor;
use crate::{
    cache::{NodeInfo, PodInfo, TaintEffect, Toleration, hard_taints_tolerated, tolerated},
    framework::{
        ClusterEvent, Cycle, EventKinds, NodeFilter, NodeScore, Plugin, Prepared, Rejection, Verdict, default_normalize,
    },
};

const REASON: &str = "node(s) had untolerated taint(s)";

pub(super) const DESCRIPTOR: Descriptor =
    Descriptor { name: "TaintToleration", weight: 3, make: |_| Box::new(TaintToleration) };

struct TaintToleration;

struct Tolerations<'c>(&'c [Toleration]);

impl<'c> NodeFilter<'c> for Tolerations<'c> {
    fn filter(&self, node: &NodeInfo) -> Verdict {
        if hard_taints_tolerated(self.0, &node.taints) { Ok(()) } else { Err(Rejection::unresolvable(REASON)) }
    }
}

impl NodeScore for Tolerations<'_> {
    fn score(&self, node: &NodeInfo) -> i64 {
        let soft = node.taints.iter().filter(|taint| taint.effect == TaintEffect::PreferNoSchedule);
        soft.filter(|taint| !tolerated(self.0, taint)).count() as i64
    }

    fn normalize(&self, _nodes: &[u32], scores: &mut [i64]) {
        default_normalize(scores, true);
    }
}

impl Plugin for TaintToleration {
    fn name(&self) -> &'static str {
        DESCRIPTOR.name
    }

    fn events(&self) -> EventKinds {
        EventKinds::NODE_ADDED.or(EventKinds::NODE_TAINTS).or(EventKinds::OWN_TOLERATIONS)
    }

    fn hint(&self, pod: &PodInfo, event: &ClusterEvent<'_>) -> bool {
        let Some(node) = event.node else { return true };
        let tolerations = &pod.wishes().tolerations;
        let was_tolerated = event.old_node.is_some_and(|old| hard_taints_tolerated(tolerations, &old.taints));
        !was_tolerated && hard_taints_tolerated(tolerations, &node.taints)
    }

    fn pre_filter<'c>(&'c self, cycle: Cycle<'c>) -> Result<Prepared<'c>, Rejection> {
        Ok(Prepared::filter(Tolerations(&cycle.pod.wishes().tolerations)))
    }

    fn pre_score<'c>(&'c self, cycle: Cycle<'c>, nodes: &[u32]) -> Option<Box<dyn NodeScore + 'c>> {
        let soft = |index: &u32| {
            let taints = &cycle.cache.node(*index).taints;
            taints.iter().any(|taint| taint.effect == TaintEffect::PreferNoSchedule)
        };
        // Without such a taint all nodes would get the same score.
        nodes.iter().any(soft).then(|| Box::new(Tolerations(&cycle.pod.wishes().tolerations)) as Box<dyn NodeScore>)
    }
}
