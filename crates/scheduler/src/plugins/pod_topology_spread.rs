//! Spreads pods evenly over hosts, zones or whatever nodes are labelled with.

use std::borrow::Cow;

use apimachinery::{Map, labels::Selector};

use super::Descriptor;
use crate::{
    cache::{HOSTNAME, NodeInfo, PodClass, PodInfo, SpreadConstraint, ZONE, hard_taints_tolerated},
    framework::{
        Arguments, ClusterEvent, Cycle, EventKinds, MAX_NODE_SCORE, NodeFilter, NodeScore, Plugin, Prepared, Rejection,
        Verdict,
    },
};

const REASON: &str = "node(s) didn't match pod topology spread constraints";
const REASON_NO_LABEL: &str = "node(s) didn't match pod topology spread constraints (missing required label)";

pub(super) const DESCRIPTOR: Descriptor =
    Descriptor { name: "PodTopologySpread", weight: 2, make: |arguments| Box::new(PodTopologySpread::new(arguments)) };

struct PodTopologySpread {
    /// For pods that bring none of their own.
    defaults: Vec<SpreadConstraint>,
}

impl PodTopologySpread {
    fn new(arguments: &Arguments) -> PodTopologySpread {
        let defaults = match arguments.spreads_by_default {
            true => vec![SpreadConstraint::default_wish(HOSTNAME, 3), SpreadConstraint::default_wish(ZONE, 5)],
            false => Vec::new(),
        };
        PodTopologySpread { defaults }
    }
}

/// Which pods count: those that match all of these.
type Matching<'c> = Cow<'c, [&'c Selector]>;

fn matches(selectors: &[&Selector], labels: &Map) -> bool {
    selectors.iter().all(|selector| selector.matches(labels))
}

/// Whether the node counts for the constraint.
fn counts(cycle: Cycle<'_>, constraint: &SpreadConstraint, node: &NodeInfo) -> bool {
    let wishes = cycle.pod.wishes();
    (!constraint.honors_affinity || wishes.nodes.matches(node))
        && (!constraint.honors_taints || hard_taints_tolerated(&wishes.tolerations, &node.taints))
}

/// The classes of pods that count. A selector that selects everything counts nothing, as upstream.
fn counted<'c>(cycle: Cycle<'c>, selectors: &'c [&'c Selector]) -> impl Iterator<Item = &'c PodClass> {
    let nothing = selectors.iter().all(|selector| selector.is_everything());
    let classes = cycle.cache.classes.in_namespace(&cycle.pod.namespace);
    classes.filter(move |class| !nothing && !class.terminating && matches(selectors, &class.labels))
}

const NO_DOMAIN: i64 = -1;

/// How many pods that count are in which domain.
#[derive(Clone)]
struct Domains {
    key: u32,
    /// By number of the label's value; [`NO_DOMAIN`] where no node counts.
    pods: Vec<i64>,
    minimum: i64,
}

impl Domains {
    fn set_minimum(&mut self, min_domains: i64) {
        let domains = self.pods.iter().filter(|pods| **pods != NO_DOMAIN);
        let (total, least) = domains.fold((0, i64::MAX), |(total, least), pods| (total + 1, least.min(*pods)));
        self.minimum = if total < min_domains { 0 } else { least };
    }
}

#[derive(Clone)]
struct Hard<'c> {
    cycle: Cycle<'c>,
    /// With their domains; `None` when no node has the label.
    constraints: Vec<(&'c SpreadConstraint, Option<Domains>)>,
}

fn has_all(keys: &[Option<u32>], node: &NodeInfo) -> bool {
    keys.iter().all(|key| key.is_some_and(|key| node.topology_value(key).is_some()))
}

impl<'c> Hard<'c> {
    fn new(cycle: Cycle<'c>, constraints: Vec<&'c SpreadConstraint>) -> Hard<'c> {
        let topology = &cycle.cache.topology;
        let keys: Vec<Option<u32>> =
            constraints.iter().map(|constraint| topology.key(&constraint.topology_key)).collect();
        let nodes = cycle.cache.ordered().iter().map(|index| cycle.cache.node(*index));
        let nodes: Vec<&NodeInfo> = nodes.filter(|node| has_all(&keys, node)).collect();
        let domains = |constraint: &'c SpreadConstraint, key: u32| {
            let mut domains = Domains { key, pods: vec![NO_DOMAIN; topology.values_limit(key)], minimum: 0 };
            for node in nodes.iter().filter(|node| counts(cycle, constraint, node)) {
                if let Some(value) = node.topology_value(key) {
                    domains.pods[value as usize] = 0;
                }
            }
            for class in counted(cycle, &[&constraint.selector]) {
                for (node, pods) in &class.nodes {
                    let node = cycle.cache.node(*node);
                    if node.present
                        && has_all(&keys, node)
                        && counts(cycle, constraint, node)
                        && let Some(value) = node.topology_value(key)
                    {
                        domains.pods[value as usize] += i64::from(*pods);
                    }
                }
            }
            domains.set_minimum(constraint.min_domains);
            domains
        };
        let with_domains = constraints
            .iter()
            .zip(&keys)
            .map(|(constraint, key)| (*constraint, key.map(|key| domains(constraint, key))));
        Hard { cycle, constraints: with_domains.collect() }
    }

    fn change(&mut self, pod: &PodInfo, node: &NodeInfo, by: i64) {
        let all_labels = |(_, domains): &(_, Option<Domains>)| {
            domains.as_ref().is_some_and(|domains| node.topology_value(domains.key).is_some())
        };
        if pod.namespace != self.cycle.pod.namespace || pod.terminating || !self.constraints.iter().all(all_labels) {
            return;
        }
        for (constraint, domains) in &mut self.constraints {
            let Some(domains) = domains else { continue };
            if !constraint.selector.matches(&pod.labels) || !counts(self.cycle, constraint, node) {
                continue;
            }
            if let Some(value) = node.topology_value(domains.key) {
                domains.pods[value as usize] += by;
                domains.set_minimum(constraint.min_domains);
            }
        }
    }
}

impl<'c> NodeFilter<'c> for Hard<'c> {
    fn filter(&self, node: &NodeInfo) -> Verdict {
        for (constraint, domains) in &self.constraints {
            let value = domains.as_ref().and_then(|domains| Some((domains, node.topology_value(domains.key)?)));
            let Some((domains, value)) = value else { return Err(Rejection::unresolvable(REASON_NO_LABEL)) };
            let own = i64::from(constraint.selector.matches(&self.cycle.pod.labels));
            let pods = domains.pods[value as usize].max(0);
            if pods + own - domains.minimum > constraint.max_skew {
                return Err(Rejection::unschedulable(REASON));
            }
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

/// One wish, with how crowded things are.
struct Crowd {
    key: Option<u32>,
    per_host: bool,
    /// By node number for hosts, else by number of the label's value.
    pods: Vec<i64>,
    weight: f64,
    max_skew: i64,
}

struct Soft {
    crowds: Vec<Crowd>,
    /// Whether nodes that lack one of the labels are not ranked.
    needs_all_labels: bool,
}

impl Soft {
    fn is_ignored(&self, node: &NodeInfo) -> bool {
        let lacks = |crowd: &Crowd| crowd.key.is_none_or(|key| node.topology_value(key).is_none());
        self.needs_all_labels && self.crowds.iter().any(lacks)
    }

    fn new(cycle: Cycle<'_>, wishes: &[(&SpreadConstraint, Matching<'_>)], own: bool, nodes: &[u32]) -> Soft {
        let topology = &cycle.cache.topology;
        let keys: Vec<Option<u32>> = wishes.iter().map(|(wish, _)| topology.key(&wish.topology_key)).collect();
        let candidates: Vec<&NodeInfo> =
            nodes.iter().map(|index| cycle.cache.node(*index)).filter(|node| !own || has_all(&keys, node)).collect();
        let crowds = wishes.iter().zip(&keys).map(|((wish, selectors), key)| {
            let per_host = wish.topology_key == HOSTNAME;
            let mut wanted = vec![false; if per_host { 0 } else { key.map_or(0, |key| topology.values_limit(key)) }];
            for value in candidates.iter().filter_map(|node| node.topology_value((*key)?)).filter(|_| !per_host) {
                wanted[value as usize] = true;
            }
            let domains = match per_host {
                true => candidates.len(),
                // Nodes without the label are a domain of their own for the weight, as upstream.
                false => {
                    let unlabelled =
                        candidates.iter().any(|node| key.and_then(|key| node.topology_value(key)).is_none());
                    wanted.iter().filter(|wanted| **wanted).count() + usize::from(unlabelled)
                }
            };
            let mut pods = vec![0; if per_host { cycle.cache.nodes_limit() } else { wanted.len() }];
            for class in counted(cycle, selectors) {
                for (index, count) in &class.nodes {
                    let node = cycle.cache.node(*index);
                    if per_host {
                        pods[*index as usize] += i64::from(*count);
                    } else if let Some(value) = key.and_then(|key| node.topology_value(key))
                        && wanted[value as usize]
                        && (!own || has_all(&keys, node))
                        && counts(cycle, wish, node)
                    {
                        pods[value as usize] += i64::from(*count);
                    }
                }
            }
            let weight = ((domains + 2) as f64).ln();
            Crowd { key: *key, per_host, pods, weight, max_skew: wish.max_skew }
        });
        Soft { crowds: crowds.collect(), needs_all_labels: own }
    }
}

/// The scores, and whether a node is ranked at all.
struct SoftScore<'c> {
    soft: Soft,
    cycle: Cycle<'c>,
}

impl NodeScore for SoftScore<'_> {
    fn score(&self, node: &NodeInfo) -> i64 {
        if self.soft.is_ignored(node) {
            return 0;
        }
        let crowd = |crowd: &Crowd| {
            let value = crowd.key.and_then(|key| node.topology_value(key))?;
            let pods = crowd.pods[if crowd.per_host { node.index } else { value } as usize];
            Some(pods as f64 * crowd.weight + (crowd.max_skew - 1) as f64)
        };
        self.soft.crowds.iter().filter_map(crowd).sum::<f64>().round() as i64
    }

    fn normalize(&self, nodes: &[u32], scores: &mut [i64]) {
        let ignored: Vec<bool> =
            nodes.iter().map(|index| self.soft.is_ignored(self.cycle.cache.node(*index))).collect();
        let ranked = || scores.iter().zip(&ignored).filter(|(_, ignored)| !**ignored).map(|(score, _)| *score);
        let (least, most) = (ranked().min().unwrap_or_default(), ranked().max().unwrap_or_default());
        for (score, ignored) in scores.iter_mut().zip(&ignored) {
            *score = match (ignored, most) {
                (true, _) => 0,
                (false, 0) => MAX_NODE_SCORE,
                (false, most) => MAX_NODE_SCORE * (most + least - *score) / most,
            };
        }
    }
}

impl Plugin for PodTopologySpread {
    fn name(&self) -> &'static str {
        DESCRIPTOR.name
    }

    fn events(&self) -> EventKinds {
        EventKinds::POD_ASSIGNED
            .or(EventKinds::POD_DELETED)
            .or(EventKinds::POD_LABELS)
            .or(EventKinds::NODE_ADDED)
            .or(EventKinds::NODE_DELETED)
            .or(EventKinds::NODE_LABELS)
            .or(EventKinds::NODE_TAINTS)
            .or(EventKinds::OWN_LABELS)
            .or(EventKinds::OWN_TOLERATIONS)
    }

    fn hint(&self, pod: &PodInfo, event: &ClusterEvent<'_>) -> bool {
        let hard = || pod.wishes().spread.iter().filter(|constraint| constraint.hard);
        if let Some(other) = event.pod {
            // What its labels were before is not known; a change of labels may always help.
            let relabelled = event.kinds.meets(EventKinds::POD_LABELS);
            return other.namespace == pod.namespace
                && (relabelled || hard().any(|constraint| constraint.selector.matches(&other.labels)));
        }
        let Some(node) = event.node else { return true };
        let labelled = |labels: &Map| hard().all(|constraint| labels.contains_key(&constraint.topology_key));
        labelled(&node.labels) || event.old_node.is_some_and(|old| labelled(&old.labels))
    }

    fn pre_filter<'c>(&'c self, cycle: Cycle<'c>) -> Result<Prepared<'c>, Rejection> {
        let hard: Vec<&SpreadConstraint> =
            cycle.pod.wishes().spread.iter().filter(|constraint| constraint.hard).collect();
        if hard.is_empty() {
            return Ok(Prepared::default());
        }
        Ok(Prepared::filter(Hard::new(cycle, hard)))
    }

    fn pre_score<'c>(&'c self, cycle: Cycle<'c>, nodes: &[u32]) -> Option<Box<dyn NodeScore + 'c>> {
        let own = &cycle.pod.wishes().spread;
        let soft = if own.is_empty() {
            if self.defaults.is_empty() {
                return None;
            }
            let selectors = cycle.cache.workloads.selectors_of(cycle.pod);
            if selectors.iter().all(|selector| selector.is_everything()) {
                return None;
            }
            let wishes: Vec<_> = self.defaults.iter().map(|wish| (wish, Cow::from(selectors.as_slice()))).collect();
            Soft::new(cycle, &wishes, false, nodes)
        } else {
            let soft = own.iter().filter(|constraint| !constraint.hard);
            let wishes: Vec<_> = soft.map(|wish| (wish, Cow::from(vec![&wish.selector]))).collect();
            if wishes.is_empty() {
                return None;
            }
            Soft::new(cycle, &wishes, true, nodes)
        };
        Some(Box::new(SoftScore { soft, cycle }))
    }
}
