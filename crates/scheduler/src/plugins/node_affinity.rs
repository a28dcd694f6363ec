//! `nodeSelector` and node affinity, required and preferred.

use api::views::core_v1;
use apimachinery::Value;

use super::Descriptor;
use crate::{
    cache::{NodeInfo, NodeTerm, PodInfo, RequiredNodes},
    framework::{
        Arguments, ClusterEvent, Cycle, EventKinds, NodeFilter, NodeScore, Plugin, Prepared, Rejection, Verdict,
        default_normalize,
    },
};

const REASON: &str = "node(s) didn't match Pod's node affinity/selector";
const REASON_ADDED: &str = "node(s) didn't match scheduler-enforced node affinity";
const REASON_CONFLICT: &str = "pod affinity terms conflict";

pub(super) const DESCRIPTOR: Descriptor =
    Descriptor { name: "NodeAffinity", weight: 2, make: |arguments| Box::new(NodeAffinity::new(arguments)) };

/// Preferences with their weights.
type Preferred = Vec<(i64, NodeTerm)>;

struct NodeAffinity {
    added: Option<RequiredNodes>,
    added_preferred: Preferred,
}

impl NodeAffinity {
    fn new(arguments: &Arguments) -> NodeAffinity {
        let added: &Value = &arguments.added_affinity;
        let added = core_v1::NodeAffinity::of(added);
        let required = added.required_during_scheduling_ignored_during_execution();
        let preferred = added.preferred_during_scheduling_ignored_during_execution();
        NodeAffinity {
            added: required.map(RequiredNodes::from_selector),
            added_preferred: preferred.iter().map(|term| (term.weight(), NodeTerm::read(term.preference()))).collect(),
        }
    }

    fn matches(&self, pod: &PodInfo, node: &NodeInfo) -> bool {
        self.added.as_ref().is_none_or(|added| added.matches(node)) && pod.wishes().nodes.matches(node)
    }
}

struct Required<'c> {
    added: Option<&'c RequiredNodes>,
    own: &'c RequiredNodes,
}

impl<'c> NodeFilter<'c> for Required<'c> {
    fn filter(&self, node: &NodeInfo) -> Verdict {
        if self.added.is_some_and(|added| !added.matches(node)) {
            return Err(Rejection::unresolvable(REASON_ADDED));
        }
        if self.own.matches(node) { Ok(()) } else { Err(Rejection::unresolvable(REASON)) }
    }
}

struct Preferences<'c>(&'c Preferred, &'c Preferred);

impl NodeScore for Preferences<'_> {
    fn score(&self, node: &NodeInfo) -> i64 {
        let all = self.0.iter().chain(self.1);
        all.filter(|(_, term)| term.matches(node)).map(|(weight, _)| weight).sum()
    }

    fn normalize(&self, _nodes: &[u32], scores: &mut [i64]) {
        default_normalize(scores, false);
    }
}

impl Plugin for NodeAffinity {
    fn name(&self) -> &'static str {
        DESCRIPTOR.name
    }

    fn events(&self) -> EventKinds {
        EventKinds::NODE_ADDED.or(EventKinds::NODE_LABELS).or(EventKinds::OWN_NODES)
    }

    fn hint(&self, pod: &PodInfo, event: &ClusterEvent<'_>) -> bool {
        let Some(node) = event.node else { return true };
        let matched_before =
            event.old_node.is_some_and(|old| self.matches(pod, &NodeInfo::alone(node.name.clone(), old.clone())));
        !matched_before && self.matches(pod, node)
    }

    fn pre_filter<'c>(&'c self, cycle: Cycle<'c>) -> Result<Prepared<'c>, Rejection> {
        let own = &cycle.pod.wishes().nodes;
        if own.is_everything() && self.added.is_none() {
            return Ok(Prepared::default());
        }
        let nodes = own.names();
        if nodes.as_ref().is_some_and(Vec::is_empty) {
            return Err(Rejection::unresolvable(REASON_CONFLICT));
        }
        Ok(Prepared { nodes, ..Prepared::filter(Required { added: self.added.as_ref(), own }) })
    }

    fn pre_score<'c>(&'c self, cycle: Cycle<'c>, _nodes: &[u32]) -> Option<Box<dyn NodeScore + 'c>> {
        let own = &cycle.pod.wishes().preferred_nodes;
        let any = !own.is_empty() || !self.added_preferred.is_empty();
        any.then(|| Box::new(Preferences(&self.added_preferred, own)) as Box<dyn NodeScore>)
    }
}
