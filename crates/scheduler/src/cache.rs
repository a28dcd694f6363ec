//! What the scheduler knows of the cluster.
//!
//! Objects are read once per event into compact forms: integers for amounts, numbers for node labels, classes for
//! pods that look alike. There is no snapshot to copy before a cycle: cycles are short and run one at a time under
//! the lock under which events are applied, so the cache itself is what a cycle sees, unchanged from its first
//! filter to its assumption. Only what a cycle tries out (preemption, nominated pods) is copied, one node at a time.

mod classes;
mod node;
mod pod;
mod resources;
mod selectors;
mod topology;
mod workloads;

use std::{
    collections::{BTreeMap, HashMap},
    hash::{BuildHasherDefault, DefaultHasher},
    sync::Arc,
};

use apimachinery::{Map, Str};

pub use classes::{ClassId, PodClass, PodClasses};
pub use node::{NodeFacts, NodeInfo};
pub use pod::{HostPort, PodInfo, has_ended, same_but_node};
pub use resources::{Requests, Resources};
pub use selectors::{
    HOSTNAME, NodeTerm, PodAffinity, PodTerm, RequiredNodes, SpreadConstraint, TaintEffect, Toleration, ZONE,
    hard_taints_tolerated, tolerated,
};
pub use topology::Topology;
pub use workloads::Workloads;

/// A table that is only looked up, never walked: the order of its entries decides nothing.
pub(crate) type Table<K, V> = HashMap<K, V, BuildHasherDefault<DefaultHasher>>;

#[derive(Debug)]
struct Placed {
    pod: Arc<PodInfo>,
    node: u32,
    class: ClassId,
    /// Whether only the scheduler knows of it yet.
    assumed: bool,
}

static NO_LABELS: Map = Map::EMPTY;

/// Nodes, the pods on them, and what plugins ask about besides.
#[derive(Debug, Default)]
pub struct Cache {
    nodes: Vec<NodeInfo>,
    free_nodes: Vec<u32>,
    node_numbers: Table<Str, u32>,
    /// The nodes that are present, by turns from each zone.
    order: Vec<u32>,
    order_is_stale: bool,
    pods: Table<Str, Placed>,
    nominated: BTreeMap<u32, Vec<Arc<PodInfo>>>,
    nominations: Table<Str, u32>,
    images: Table<Str, u32>,
    /// Labels of nodes as numbers.
    pub topology: Topology,
    /// Placed pods that look alike.
    pub classes: PodClasses,
    /// Services, replica sets and other owners of pods; disruption budgets.
    pub workloads: Workloads,
    namespaces: Table<Str, Map>,
}

impl Cache {
    /// The nodes in the order in which cycles look at them. Rebuilt only after nodes came or went.
    pub fn order(&mut self) -> &[u32] {
        if self.order_is_stale {
            self.order_is_stale = false;
            self.order.clear();
            let mut zones: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
            for node in self.nodes.iter().filter(|node| node.present) {
                zones.entry(node.labels.str_at(ZONE).unwrap_or_default()).or_default().push(node.index);
            }
            let longest = zones.values().map(Vec::len).max().unwrap_or_default();
            for turn in 0..longest {
                self.order.extend(zones.values().filter_map(|zone| zone.get(turn)));
            }
        }
        &self.order
    }

    /// The nodes in the order of the last [`Cache::order`].
    pub fn ordered(&self) -> &[u32] {
        &self.order
    }

    /// How many nodes are present.
    pub fn nodes_total(&self) -> usize {
        self.order.len()
    }

    /// One more than the largest number of a node.
    pub fn nodes_limit(&self) -> usize {
        self.nodes.len()
    }

    /// The node with this number.
    pub fn node(&self, index: u32) -> &NodeInfo {
        &self.nodes[index as usize]
    }

    /// The present node with this name.
    pub fn node_named(&self, name: &str) -> Option<&NodeInfo> {
        self.node_numbers.get(name).map(|index| self.node(*index)).filter(|node| node.present)
    }

    /// The labels of a namespace; none while it is unknown.
    pub fn namespace_labels(&self, namespace: &str) -> &Map {
        self.namespaces.get(namespace).unwrap_or(&NO_LABELS)
    }

    /// Notes the labels of a namespace; `None` forgets it. Answers whether they changed.
    pub fn set_namespace(&mut self, namespace: Str, labels: Option<Map>) -> bool {
        match labels {
            Some(labels) => self.namespaces.insert(namespace, labels.clone()).as_ref() != Some(&labels),
            None => self.namespaces.remove(&namespace).is_some(),
        }
    }

    /// On how many nodes an image is.
    pub fn image_nodes(&self, image: &str) -> u32 {
        self.images.get(image).copied().unwrap_or_default()
    }

    fn node_number(&mut self, name: &Str) -> u32 {
        if let Some(index) = self.node_numbers.get(name.as_str()) {
            return *index;
        }
        let index = self.free_nodes.pop().unwrap_or_else(|| {
            self.nodes.push(NodeInfo::default());
            self.nodes.len() as u32 - 1
        });
        self.nodes[index as usize] = NodeInfo { index, name: name.clone(), ..NodeInfo::default() };
        self.node_numbers.insert(name.clone(), index);
        index
    }

    /// Puts a node in, or changes it. Answers with what it was before.
    pub fn set_node(&mut self, name: &Str, facts: NodeFacts) -> Option<NodeFacts> {
        let index = self.node_number(name);
        let node = &mut self.nodes[index as usize];
        let was_present = std::mem::replace(&mut node.present, true);
        let old = std::mem::replace(&mut node.facts, facts);
        if !was_present || old.labels != node.facts.labels {
            self.topology.remove(&old.labels, &node.label_ids);
            node.label_ids = self.topology.add(&node.facts.labels);
        }
        self.order_is_stale |= !was_present || old.labels.get(ZONE) != node.facts.labels.get(ZONE);
        if old.images != node.facts.images {
            for (name, _) in &node.facts.images {
                *self.images.entry(name.clone()).or_default() += 1;
            }
            forget_images(&mut self.images, &old.images);
        }
        was_present.then_some(old)
    }

    /// Takes a node out; its pods stay known until they are gone too.
    pub fn remove_node(&mut self, name: &str) {
        let Some(index) = self.node_numbers.get(name).copied() else { return };
        let node = &mut self.nodes[index as usize];
        self.topology.remove(&node.facts.labels, &node.label_ids);
        node.label_ids.clear();
        forget_images(&mut self.images, &node.facts.images);
        node.facts = NodeFacts::default();
        node.present = false;
        self.order_is_stale = true;
        for pod in self.nominated.remove(&index).unwrap_or_default() {
            self.nominations.remove(&pod.key);
        }
        self.release_node(index);
    }

    /// Gives the number of a node back when nothing is known of it any more.
    fn release_node(&mut self, index: u32) {
        let node = &self.nodes[index as usize];
        if !node.present && node.pods.is_empty() && !self.nominated.contains_key(&index) {
            self.node_numbers.remove(&node.name);
            self.nodes[index as usize] = NodeInfo::default();
            self.free_nodes.push(index);
        }
    }

    /// Puts a pod on its node; `assumed` while only the scheduler knows. What stood there of the same pod is
    /// replaced.
    pub fn add_pod(&mut self, pod: Arc<PodInfo>, assumed: bool) {
        self.remove_pod(&pod.key);
        self.forget_nomination(&pod.key);
        let node = self.node_number(&pod.node_name);
        self.nodes[node as usize].add_pod(pod.clone());
        let class = self.classes.add(&pod, node);
        self.pods.insert(pod.key.clone(), Placed { pod, node, class, assumed });
    }

    /// Takes a pod from its node.
    pub fn remove_pod(&mut self, key: &str) -> Option<Arc<PodInfo>> {
        let placed = self.pods.remove(key)?;
        self.nodes[placed.node as usize].remove_pod(&placed.pod.uid);
        self.classes.remove(placed.class, &placed.pod, placed.node);
        self.release_node(placed.node);
        Some(placed.pod)
    }

    /// Notes that the server knows of an assumed pod, on the same node and otherwise unchanged.
    pub fn confirm(&mut self, key: &str, uid: &str, node: &str) -> bool {
        match self.pods.get_mut(key) {
            Some(placed) if placed.assumed && placed.pod.uid == uid && placed.pod.node_name == node => {
                placed.assumed = false;
                true
            }
            _ => false,
        }
    }

    /// The placed pod with this key.
    pub fn pod(&self, key: &str) -> Option<&Arc<PodInfo>> {
        self.pods.get(key).map(|placed| &placed.pod)
    }

    /// Whether the pod is placed, but only the scheduler knows.
    pub fn is_assumed(&self, key: &str, uid: &str) -> bool {
        self.pods.get(key).is_some_and(|placed| placed.assumed && placed.pod.uid == uid)
    }

    /// How much is known, by upstream's names.
    pub fn counts(&self) -> [(&'static str, usize); 3] {
        let assumed = self.pods.values().filter(|placed| placed.assumed).count();
        [("nodes", self.nodes_total()), ("pods", self.pods.len()), ("assumed_pods", assumed)]
    }

    /// Notes that room is being made for a pod on a node; an unknown or empty name takes the note away.
    pub fn nominate(&mut self, pod: &Arc<PodInfo>, node: &str) {
        self.forget_nomination(&pod.key);
        let Some(index) = self.node_named(node).map(|node| node.index) else { return };
        self.nominated.entry(index).or_default().push(pod.clone());
        self.nominations.insert(pod.key.clone(), index);
    }

    /// Takes the note of [`Cache::nominate`] away.
    pub fn forget_nomination(&mut self, key: &str) {
        let Some(index) = self.nominations.remove(key) else { return };
        if let Some(pods) = self.nominated.get_mut(&index) {
            pods.retain(|pod| pod.key != key);
            if pods.is_empty() {
                self.nominated.remove(&index);
                self.release_node(index);
            }
        }
    }

    /// The pods for which room is being made on a node.
    pub fn nominated_to(&self, node: u32) -> &[Arc<PodInfo>] {
        if self.nominated.is_empty() {
            return &[];
        }
        self.nominated.get(&node).map_or(&[], Vec::as_slice)
    }

    /// Whether a pod for which room is being made wants others far.
    pub fn nominates_unwelcoming(&self) -> bool {
        let unwelcoming = |pod: &Arc<PodInfo>| pod.affinity.as_ref().is_some_and(|own| !own.required_anti.is_empty());
        self.nominated.values().flatten().any(unwelcoming)
    }

    /// The node on which room is being made for a pod.
    pub fn nomination(&self, key: &str) -> Option<u32> {
        self.nominations.get(key).copied()
    }
}

fn forget_images(images: &mut Table<Str, u32>, names: &[(Str, i64)]) {
    for (name, _) in names {
        if let Some(nodes) = images.get_mut(name.as_str()) {
            *nodes -= 1;
            if *nodes == 0 {
                images.remove(name.as_str());
            }
        }
    }
}
