//! Placed pods that look alike to every other pod, counted per node.
//!
//! Spreading and pod affinity ask the same question of every pod in the cluster: do its namespace and labels
//! match? The pods of one workload all answer alike. So placed pods are grouped by what the answer depends on,
//! the question is put once per group, and only nodes with matching pods are visited. Upstream asks every pod on
//! every node in every cycle.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use apimachinery::{Map, Str};

use super::{PodInfo, Table, selectors::PodAffinity};

/// The number of a class.
pub type ClassId = u32;

/// Pods that look alike.
#[derive(Debug, Default)]
pub struct PodClass {
    /// Their namespace.
    pub namespace: Str,
    /// Their labels.
    pub labels: Map,
    /// What they wish of other pods.
    pub affinity: Option<Arc<PodAffinity>>,
    /// Whether their deletion has begun.
    pub terminating: bool,
    /// How many are on which node, by node number.
    pub nodes: Vec<(u32, u32)>,
}

impl PodClass {
    fn is_of(&self, pod: &PodInfo) -> bool {
        self.namespace == pod.namespace
            && self.terminating == pod.terminating
            && self.labels == pod.labels
            && self.affinity == pod.affinity
    }
}

/// All classes with pods.
#[derive(Debug, Default)]
pub struct PodClasses {
    classes: Vec<PodClass>,
    free: Vec<ClassId>,
    by_hash: Table<u64, Vec<ClassId>>,
    by_namespace: BTreeMap<Str, Vec<ClassId>>,
    with_affinity: BTreeSet<ClassId>,
}

fn hash_of(pod: &PodInfo) -> u64 {
    let mut hasher = DefaultHasher::new();
    pod.namespace.hash(&mut hasher);
    for (key, value) in pod.labels.iter() {
        key.hash(&mut hasher);
        value.as_str().hash(&mut hasher);
    }
    (pod.terminating, pod.affinity.is_some()).hash(&mut hasher);
    hasher.finish()
}

impl PodClasses {
    /// Counts a pod on a node.
    pub(super) fn add(&mut self, pod: &PodInfo, node: u32) -> ClassId {
        let hash = hash_of(pod);
        let known = self.by_hash.get(&hash).into_iter().flatten().copied();
        let id = known.into_iter().find(|id| self.classes[*id as usize].is_of(pod)).unwrap_or_else(|| {
            let class = PodClass {
                namespace: pod.namespace.clone(),
                labels: pod.labels.clone(),
                affinity: pod.affinity.clone(),
                terminating: pod.terminating,
                nodes: Vec::new(),
            };
            let id = self.free.pop().unwrap_or_else(|| {
                self.classes.push(PodClass::default());
                self.classes.len() as ClassId - 1
            });
            self.by_hash.entry(hash).or_default().push(id);
            self.by_namespace.entry(pod.namespace.clone()).or_default().push(id);
            if class.affinity.is_some() {
                self.with_affinity.insert(id);
            }
            self.classes[id as usize] = class;
            id
        });
        let nodes = &mut self.classes[id as usize].nodes;
        match nodes.binary_search_by_key(&node, |(node, _)| *node) {
            Ok(index) => nodes[index].1 += 1,
            Err(index) => nodes.insert(index, (node, 1)),
        }
        id
    }

    /// Takes a pod of the class away from a node.
    pub(super) fn remove(&mut self, id: ClassId, pod: &PodInfo, node: u32) {
        let class = &mut self.classes[id as usize];
        let Ok(index) = class.nodes.binary_search_by_key(&node, |(node, _)| *node) else { return };
        class.nodes[index].1 -= 1;
        if class.nodes[index].1 > 0 {
            return;
        }
        class.nodes.remove(index);
        if !class.nodes.is_empty() {
            return;
        }
        *class = PodClass::default();
        let hash = hash_of(pod);
        if let Some(ids) = self.by_hash.get_mut(&hash) {
            ids.retain(|other| *other != id);
            if ids.is_empty() {
                self.by_hash.remove(&hash);
            }
        }
        if let Some(ids) = self.by_namespace.get_mut(&pod.namespace) {
            ids.retain(|other| *other != id);
            if ids.is_empty() {
                self.by_namespace.remove(&pod.namespace);
            }
        }
        self.with_affinity.remove(&id);
        self.free.push(id);
    }

    /// The classes of a namespace.
    pub fn in_namespace(&self, namespace: &str) -> impl Iterator<Item = &PodClass> {
        self.by_namespace.get(namespace).into_iter().flatten().map(|id| &self.classes[*id as usize])
    }

    /// Every class.
    pub fn all(&self) -> impl Iterator<Item = &PodClass> {
        self.by_namespace.values().flatten().map(|id| &self.classes[*id as usize])
    }

    /// The classes whose pods wish something of other pods.
    pub fn with_affinity(&self) -> impl Iterator<Item = &PodClass> {
        self.with_affinity.iter().map(|id| &self.classes[*id as usize])
    }
}
