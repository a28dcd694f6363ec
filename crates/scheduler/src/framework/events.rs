//! What happens in the cluster that may make an unschedulable pod schedulable.

use crate::cache::{NodeFacts, NodeInfo, PodInfo};

/// A set of kinds of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventKinds(u32);

impl EventKinds {
    /// None.
    pub const NONE: EventKinds = EventKinds(0);
    /// A node came.
    pub const NODE_ADDED: EventKinds = EventKinds(1);
    /// A node has other resources.
    pub const NODE_ALLOCATABLE: EventKinds = EventKinds(1 << 1);
    /// A node has other labels.
    pub const NODE_LABELS: EventKinds = EventKinds(1 << 2);
    /// A node has other taints, or its `unschedulable` changed.
    pub const NODE_TAINTS: EventKinds = EventKinds(1 << 3);
    /// A node went.
    pub const NODE_DELETED: EventKinds = EventKinds(1 << 4);
    /// A pod was put on a node.
    pub const POD_ASSIGNED: EventKinds = EventKinds(1 << 5);
    /// A placed pod has other labels.
    pub const POD_LABELS: EventKinds = EventKinds(1 << 6);
    /// A placed pod asks for less.
    pub const POD_SHRANK: EventKinds = EventKinds(1 << 7);
    /// A placed pod went, or ended.
    pub const POD_DELETED: EventKinds = EventKinds(1 << 8);
    /// The waiting pod itself has other labels.
    pub const OWN_LABELS: EventKinds = EventKinds(1 << 9);
    /// The waiting pod itself asks for less.
    pub const OWN_SHRANK: EventKinds = EventKinds(1 << 10);
    /// The waiting pod itself tolerates more.
    pub const OWN_TOLERATIONS: EventKinds = EventKinds(1 << 11);
    /// The waiting pod itself may run on other nodes.
    pub const OWN_NODES: EventKinds = EventKinds(1 << 12);
    /// The waiting pod itself has no gates any more.
    pub const OWN_GATES: EventKinds = EventKinds(1 << 13);
    /// A namespace has other labels.
    pub const NAMESPACE_LABELS: EventKinds = EventKinds(1 << 14);
    /// Every change of a node.
    pub const NODE_UPDATED: EventKinds =
        EventKinds::NODE_ALLOCATABLE.or(EventKinds::NODE_LABELS).or(EventKinds::NODE_TAINTS);

    /// Both.
    pub const fn or(self, other: EventKinds) -> EventKinds {
        EventKinds(self.0 | other.0)
    }

    /// Whether they have a kind in common.
    pub const fn meets(self, other: EventKinds) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How a node changed.
    pub fn of_node_update(old: &NodeFacts, new: &NodeFacts) -> EventKinds {
        let mut kinds = EventKinds::NONE;
        if old.allocatable != new.allocatable || old.allowed_pods != new.allowed_pods {
            kinds = kinds.or(EventKinds::NODE_ALLOCATABLE);
        }
        if old.labels != new.labels {
            kinds = kinds.or(EventKinds::NODE_LABELS);
        }
        if old.taints != new.taints || old.unschedulable != new.unschedulable {
            kinds = kinds.or(EventKinds::NODE_TAINTS);
        }
        kinds
    }

    /// How a placed pod changed.
    pub fn of_placed_update(old: &PodInfo, new: &PodInfo) -> EventKinds {
        let mut kinds = EventKinds::NONE;
        // Spreading does not count pods that are going.
        if old.labels != new.labels || old.terminating != new.terminating {
            kinds = kinds.or(EventKinds::POD_LABELS);
        }
        if new.requests.total.shrank_from(&old.requests.total) {
            kinds = kinds.or(EventKinds::POD_SHRANK);
        }
        kinds
    }

    /// How a waiting pod changed.
    pub fn of_own_update(old: &PodInfo, new: &PodInfo) -> EventKinds {
        let mut kinds = EventKinds::NONE;
        if old.labels != new.labels {
            kinds = kinds.or(EventKinds::OWN_LABELS);
        }
        if new.requests.total.shrank_from(&old.requests.total) {
            kinds = kinds.or(EventKinds::OWN_SHRANK);
        }
        if old.wishes().tolerations != new.wishes().tolerations {
            kinds = kinds.or(EventKinds::OWN_TOLERATIONS);
        }
        if old.wishes().nodes != new.wishes().nodes {
            kinds = kinds.or(EventKinds::OWN_NODES);
        }
        if !old.wishes().gates.is_empty() && new.wishes().gates.is_empty() {
            kinds = kinds.or(EventKinds::OWN_GATES);
        }
        kinds
    }
}

/// One event.
#[derive(Clone, Copy, Debug)]
pub struct ClusterEvent<'e> {
    /// What happened.
    pub kinds: EventKinds,
    /// The node that it happened to, as it is now.
    pub node: Option<&'e NodeInfo>,
    /// What that node was before an update.
    pub old_node: Option<&'e NodeFacts>,
    /// The placed pod that it happened to, as it is now or was last.
    pub pod: Option<&'e PodInfo>,
}

impl<'e> ClusterEvent<'e> {
    /// Something happened to a node.
    pub fn node(kinds: EventKinds, node: &'e NodeInfo, old_node: Option<&'e NodeFacts>) -> ClusterEvent<'e> {
        ClusterEvent { kinds, node: Some(node), old_node, pod: None }
    }

    /// Something happened to a placed pod.
    pub fn pod(kinds: EventKinds, pod: &'e PodInfo) -> ClusterEvent<'e> {
        ClusterEvent { kinds, node: None, old_node: None, pod: Some(pod) }
    }

    /// Something else happened.
    pub fn other(kinds: EventKinds) -> ClusterEvent<'static> {
        ClusterEvent { kinds, node: None, old_node: None, pod: None }
    }
}
