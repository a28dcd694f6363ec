//! Nodes in the scheduler's own form, with the pods on them.

use std::sync::Arc;

use api::views::core_v1::Node;
use apimachinery::{Map, Object, Str};

use super::{
    HostPort, PodInfo, Resources,
    resources::allowed_pods,
    selectors::{Taint, TaintEffect},
    topology::LabelIds,
};

/// The taint that stands for `spec.unschedulable`.
const UNSCHEDULABLE_TAINT: &str = "node.kubernetes.io/unschedulable";

/// What a node says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeFacts {
    /// Its labels.
    pub labels: Map,
    /// Its taints.
    pub taints: Vec<Taint>,
    /// Whether it takes no new pods.
    pub unschedulable: bool,
    /// What it has for pods.
    pub allocatable: Resources,
    /// How many pods it takes.
    pub allowed_pods: i64,
    /// The images that it holds, by every name, with sizes in bytes.
    pub images: Vec<(Str, i64)>,
}

impl NodeFacts {
    /// Reads a node.
    pub fn read(object: &Object) -> NodeFacts {
        let node = Node::of(&object.0);
        let allocatable = node.status().allocatable();
        let mut images = Vec::new();
        for image in node.status().images().iter() {
            images.extend(image.names().iter().map(|name| (Str::from(name), image.size_bytes())));
        }
        images.sort();
        images.dedup_by(|a, b| a.0 == b.0);
        NodeFacts {
            labels: object.labels().clone(),
            taints: Taint::read(node.spec().taints()),
            unschedulable: node.spec().unschedulable(),
            allocatable: Resources::read(allocatable),
            allowed_pods: allowed_pods(allocatable),
            images,
        }
    }

    /// The taint that pods must tolerate to run on an unschedulable node.
    pub fn unschedulable_taint() -> Taint {
        Taint::new(UNSCHEDULABLE_TAINT, "", TaintEffect::NoSchedule)
    }
}

/// A node with its pods.
#[derive(Clone, Debug, Default)]
pub struct NodeInfo {
    /// Its number, for as long as it is known.
    pub index: u32,
    /// Its name.
    pub name: Str,
    /// Whether the node itself is known, and not only pods on it.
    pub present: bool,
    pub(super) facts: NodeFacts,
    /// Its labels as numbers, in key order.
    pub(super) label_ids: LabelIds,
    /// What its pods ask for.
    pub requested: Resources,
    /// CPU and memory of its pods with defaults for those that name none.
    pub requested_non_zero: (i64, i64),
    /// Its pods, assumed ones included.
    pub pods: Vec<Arc<PodInfo>>,
    /// The ports that its pods take.
    pub used_ports: Vec<HostPort>,
}

impl std::ops::Deref for NodeInfo {
    type Target = NodeFacts;
    fn deref(&self) -> &NodeFacts {
        &self.facts
    }
}

impl NodeInfo {
    /// A node without pods that stands in no cache.
    pub fn alone(name: Str, facts: NodeFacts) -> NodeInfo {
        NodeInfo { name, present: true, facts, ..NodeInfo::default() }
    }

    /// The number of the value that its label `key` has.
    pub fn topology_value(&self, key: u32) -> Option<u32> {
        let index = self.label_ids.binary_search_by_key(&key, |(key, _)| *key).ok()?;
        Some(self.label_ids[index].1)
    }

    /// Adds a pod.
    pub fn add_pod(&mut self, pod: Arc<PodInfo>) {
        self.requested.add(&pod.requests.total);
        self.requested_non_zero.0 += pod.requests.non_zero.0;
        self.requested_non_zero.1 += pod.requests.non_zero.1;
        self.used_ports.extend(pod.host_ports.iter().cloned());
        self.pods.push(pod);
    }

    /// Takes a pod away; nothing happens when it is not there.
    pub fn remove_pod(&mut self, uid: &str) -> Option<Arc<PodInfo>> {
        let index = self.pods.iter().position(|pod| pod.uid == uid)?;
        let pod = self.pods.swap_remove(index);
        self.requested.subtract(&pod.requests.total);
        self.requested_non_zero.0 -= pod.requests.non_zero.0;
        self.requested_non_zero.1 -= pod.requests.non_zero.1;
        for port in &pod.host_ports {
            if let Some(index) = self.used_ports.iter().position(|used| used == port) {
                self.used_ports.swap_remove(index);
            }
        }
        Some(pod)
    }
}
