//! Puts pods near to, or far from, certain other pods, and respects what placed pods wish.

use apimachinery::Map;

use super::Descriptor;
use crate::{
    cache::{Cache, NodeInfo, PodAffinity, PodInfo, PodTerm},
    framework::{
        ClusterEvent, Cycle, EventKinds, MAX_NODE_SCORE, NodeFilter, NodeScore, Plugin, Prepared, Rejection, Verdict,
    },
};

const REASON_AFFINITY: &str = "node(s) didn't match pod affinity rules";
const REASON_ANTI_AFFINITY: &str = "node(s) didn't match pod anti-affinity rules";
const REASON_EXISTING: &str = "node(s) didn't satisfy existing pods anti-affinity rules";

pub(super) const DESCRIPTOR: Descriptor = Descriptor {
    name: "InterPodAffinity",
    weight: 2,
    make: |arguments| {
        Box::new(InterPodAffinity {
            hard_weight: arguments.hard_pod_affinity_weight,
            ignores_preferences_of_placed_pods: arguments.ignores_preferences_of_placed_pods,
        })
    },
};

struct InterPodAffinity {
    hard_weight: i64,
    ignores_preferences_of_placed_pods: bool,
}

/// Sums by label key and value, in numbers of the topology.
#[derive(Clone, Default)]
struct Sums(Vec<(u32, Vec<i64>)>);

impl Sums {
    fn add(&mut self, cache: &Cache, topology_key: &str, node: &NodeInfo, amount: i64) {
        let Some(key) = cache.topology.key(topology_key) else { return };
        let Some(value) = node.topology_value(key) else { return };
        let index = self.0.iter().position(|(known, _)| *known == key).unwrap_or_else(|| {
            self.0.push((key, vec![0; cache.topology.values_limit(key)]));
            self.0.len() - 1
        });
        self.0[index].1[value as usize] += amount;
    }

    fn at(&self, cache: &Cache, topology_key: &str, node: &NodeInfo) -> i64 {
        let Some(key) = cache.topology.key(topology_key) else { return 0 };
        let sums = self.0.iter().find(|(known, _)| *known == key);
        sums.and_then(|(_, sums)| Some(sums[node.topology_value(key)? as usize])).unwrap_or_default()
    }

    fn is_zero(&self) -> bool {
        self.0.iter().all(|(_, sums)| sums.iter().all(|sum| *sum == 0))
    }
}

/// A pod as terms see it.
#[derive(Clone, Copy)]
struct Seen<'a> {
    namespace: &'a str,
    labels: &'a Map,
    namespace_labels: &'a Map,
}

impl<'a> Seen<'a> {
    fn of(cache: &'a Cache, namespace: &'a str, labels: &'a Map) -> Seen<'a> {
        Seen { namespace, labels, namespace_labels: cache.namespace_labels(namespace) }
    }

    fn by(self, term: &PodTerm) -> bool {
        term.matches(self.namespace, self.labels, self.namespace_labels)
    }
}

#[derive(Clone)]
struct Required<'c> {
    cycle: Cycle<'c>,
    own: Option<&'c PodAffinity>,
    /// Pods that the pod wants near: those that match all of its terms.
    near: Sums,
    /// Pods that the pod wants far.
    far: Sums,
    /// Pods that want the pod far.
    unwelcome: Sums,
}

impl<'c> Required<'c> {
    fn new(cycle: Cycle<'c>) -> Required<'c> {
        let own = cycle.pod.affinity.as_deref();
        let own = own.filter(|own| !own.required.is_empty() || !own.required_anti.is_empty());
        let (near, far, unwelcome) = Default::default();
        let mut required = Required { cycle, own, near, far, unwelcome };
        let cache = cycle.cache;
        for class in cache.classes.with_affinity() {
            for (node, pods) in &class.nodes {
                required.count_unwelcome(class.affinity.as_deref(), cache.node(*node), i64::from(*pods));
            }
        }
        if own.is_some() {
            for class in cache.classes.all() {
                let seen = Seen::of(cache, &class.namespace, &class.labels);
                if required.concerns(seen) {
                    for (node, pods) in &class.nodes {
                        required.count_wanted(seen, cache.node(*node), i64::from(*pods));
                    }
                }
            }
        }
        required
    }

    fn concerns(&self, seen: Seen<'_>) -> bool {
        self.own.is_some_and(|own| own.required.iter().chain(&own.required_anti).any(|term| seen.by(term)))
    }

    fn count_unwelcome(&mut self, theirs: Option<&PodAffinity>, node: &NodeInfo, pods: i64) {
        let (pod, cache) = (self.cycle.pod, self.cycle.cache);
        let seen = Seen::of(cache, &pod.namespace, &pod.labels);
        for term in theirs.into_iter().flat_map(|theirs| &theirs.required_anti).filter(|term| seen.by(term)) {
            self.unwelcome.add(cache, &term.topology_key, node, pods);
        }
    }

    fn count_wanted(&mut self, seen: Seen<'_>, node: &NodeInfo, pods: i64) {
        let Some(own) = self.own else { return };
        let cache = self.cycle.cache;
        if own.required.iter().all(|term| seen.by(term)) {
            for term in &own.required {
                self.near.add(cache, &term.topology_key, node, pods);
            }
        }
        for term in own.required_anti.iter().filter(|term| seen.by(term)) {
            self.far.add(cache, &term.topology_key, node, pods);
        }
    }

    fn change(&mut self, pod: &PodInfo, node: &NodeInfo, by: i64) {
        self.count_unwelcome(pod.affinity.as_deref(), node, by);
        self.count_wanted(Seen::of(self.cycle.cache, &pod.namespace, &pod.labels), node, by);
    }

    fn is_near(&self, own: &PodAffinity, node: &NodeInfo) -> bool {
        let cache = self.cycle.cache;
        let labelled = |term: &PodTerm| {
            cache.topology.key(&term.topology_key).is_some_and(|key| node.topology_value(key).is_some())
        };
        if !own.required.iter().all(labelled) {
            return false;
        }
        if own.required.iter().all(|term| self.near.at(cache, &term.topology_key, node) > 0) {
            return true;
        }
        // The first pod of a group that wants to be near itself would wait for ever.
        let pod = self.cycle.pod;
        let seen = Seen::of(cache, &pod.namespace, &pod.labels);
        self.near.is_zero() && own.required.iter().all(|term| seen.by(term))
    }
}

impl<'c> NodeFilter<'c> for Required<'c> {
    fn filter(&self, node: &NodeInfo) -> Verdict {
        let cache = self.cycle.cache;
        if let Some(own) = self.own {
            if !self.is_near(own, node) {
                return Err(Rejection::unresolvable(REASON_AFFINITY));
            }
            if own.required_anti.iter().any(|term| self.far.at(cache, &term.topology_key, node) > 0) {
                return Err(Rejection::unschedulable(REASON_ANTI_AFFINITY));
            }
        }
        let unwelcome =
            |(key, sums): &(u32, Vec<i64>)| node.topology_value(*key).is_some_and(|value| sums[value as usize] > 0);
        if self.unwelcome.0.iter().any(unwelcome) {
            return Err(Rejection::unschedulable(REASON_EXISTING));
        }
        Ok(())
    }

    fn fork(&self) -> Option<Box<dyn NodeFilter<'c> + 'c>> {
        Some(Box::new(self.clone()))
    }

    fn pod_added(&mut self, pod: &PodInfo, node: &NodeInfo) {
        self.change(pod, node, 1);
    }

    fn pod_removed(&mut self, pod: &PodInfo, node: &NodeInfo) {
        self.change(pod, node, -1);
    }
}

impl NodeScore for Sums {
    fn score(&self, node: &NodeInfo) -> i64 {
        self.0.iter().filter_map(|(key, sums)| Some(sums[node.topology_value(*key)? as usize])).sum()
    }

    fn normalize(&self, _nodes: &[u32], scores: &mut [i64]) {
        let (least, most) = (scores.iter().copied().min(), scores.iter().copied().max());
        let (least, range) = (least.unwrap_or_default(), most.unwrap_or_default() - least.unwrap_or_default());
        for score in scores {
            *score =
                if range == 0 { 0 } else { (MAX_NODE_SCORE as f64 * ((*score - least) as f64 / range as f64)) as i64 };
        }
    }
}

impl InterPodAffinity {
    /// Adds up what the pod and the placed pods prefer.
    fn preferences(&self, cycle: Cycle<'_>) -> Sums {
        let (pod, cache) = (cycle.pod, cycle.cache);
        let own = pod.affinity.as_deref();
        let own = own.filter(|own| !own.preferred.is_empty() || !own.preferred_anti.is_empty());
        let mut sums = Sums::default();
        if own.is_none() && self.ignores_preferences_of_placed_pods {
            return sums;
        }
        let me = Seen::of(cache, &pod.namespace, &pod.labels);
        let mut consider = |class: &crate::cache::PodClass| {
            let them = Seen::of(cache, &class.namespace, &class.labels);
            let mut add = |term: &PodTerm, weight: i64| {
                for (node, pods) in &class.nodes {
                    sums.add(cache, &term.topology_key, cache.node(*node), weight * i64::from(*pods));
                }
            };
            if let Some(own) = own {
                own.preferred.iter().filter(|(_, term)| them.by(term)).for_each(|(weight, term)| add(term, *weight));
                own.preferred_anti
                    .iter()
                    .filter(|(_, term)| them.by(term))
                    .for_each(|(weight, term)| add(term, -weight));
            }
            if let Some(theirs) = &class.affinity {
                theirs.required.iter().filter(|term| me.by(term)).for_each(|term| add(term, self.hard_weight));
                theirs.preferred.iter().filter(|(_, term)| me.by(term)).for_each(|(weight, term)| add(term, *weight));
                let anti = theirs.preferred_anti.iter().filter(|(_, term)| me.by(term));
                anti.for_each(|(weight, term)| add(term, -weight));
            }
        };
        if own.is_some() {
            cache.classes.all().for_each(&mut consider);
        } else {
            cache.classes.with_affinity().for_each(&mut consider);
        }
        sums
    }
}

impl Plugin for InterPodAffinity {
    fn name(&self) -> &'static str {
        DESCRIPTOR.name
    }

    fn events(&self) -> EventKinds {
        EventKinds::POD_ASSIGNED
            .or(EventKinds::POD_DELETED)
            .or(EventKinds::POD_LABELS)
            .or(EventKinds::NODE_ADDED)
            .or(EventKinds::NODE_LABELS)
            .or(EventKinds::NAMESPACE_LABELS)
            .or(EventKinds::OWN_LABELS)
    }

    fn hint(&self, pod: &PodInfo, event: &ClusterEvent<'_>) -> bool {
        let Some(other) = event.pod else { return true };
        let none = Map::EMPTY;
        // Terms that select namespaces by label may be about any namespace: such pods are always tried again.
        let about = |term: &PodTerm, pod: &PodInfo| {
            term.selects_namespaces() || term.matches(&pod.namespace, &pod.labels, &none)
        };
        let own = pod.affinity.as_deref();
        if event.kinds.meets(EventKinds::POD_ASSIGNED) {
            return own.is_some_and(|own| own.required.iter().any(|term| about(term, other)));
        }
        if event.kinds.meets(EventKinds::POD_LABELS) {
            return true;
        }
        let anti = own.into_iter().flat_map(|own| &own.required_anti).any(|term| about(term, other));
        anti || other.affinity.iter().flat_map(|theirs| &theirs.required_anti).any(|term| about(term, pod))
    }

    fn pre_filter<'c>(&'c self, cycle: Cycle<'c>) -> Result<Prepared<'c>, Rejection> {
        let required = Required::new(cycle);
        if required.own.is_none() && required.unwelcome.0.is_empty() {
            // A pod that is tried out beside it may be unwelcoming, too; only nominated pods are, and rarely.
            let nominated = cycle.cache.nominates_unwelcoming();
            if !nominated {
                return Ok(Prepared::default());
            }
        }
        Ok(Prepared::filter(required))
    }

    fn pre_score<'c>(&'c self, cycle: Cycle<'c>, _nodes: &[u32]) -> Option<Box<dyn NodeScore + 'c>> {
        let sums = self.preferences(cycle);
        (!sums.0.is_empty()).then(|| Box::new(sums) as Box<dyn NodeScore>)
    }
}
