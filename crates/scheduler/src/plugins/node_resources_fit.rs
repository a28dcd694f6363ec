//! A node must have what a pod asks for; empty (or full) nodes come first.

use apimachinery::Str;

use super::Descriptor;
use crate::{
    cache::{NodeInfo, PodInfo, Requests},
    framework::{
        ClusterEvent, Cycle, EventKinds, MAX_NODE_SCORE, NodeFilter, NodeScore, Plugin, Prepared, Reason, Rejection,
        ScoringStrategy, Verdict,
    },
};

pub(super) const DESCRIPTOR: Descriptor = Descriptor {
    name: "NodeResourcesFit",
    weight: 1,
    make: |arguments| Box::new(NodeResourcesFit::new(&arguments.scoring_strategy)),
};

/// A resource by its place instead of its name, since scores ask for it once per node.
#[derive(Clone, Debug)]
enum Measure {
    Cpu,
    Memory,
    EphemeralStorage,
    Scalar(Str),
}

struct NodeResourcesFit {
    weights: Vec<(Measure, i64)>,
    most: bool,
}

impl NodeResourcesFit {
    fn new(strategy: &ScoringStrategy) -> NodeResourcesFit {
        let (weights, most) = match strategy {
            ScoringStrategy::LeastAllocated(weights) => (weights, false),
            ScoringStrategy::MostAllocated(weights) => (weights, true),
        };
        let measure = |name: &Str| match name.as_str() {
            "cpu" => Measure::Cpu,
            "memory" => Measure::Memory,
            "ephemeral-storage" => Measure::EphemeralStorage,
            _ => Measure::Scalar(name.clone()),
        };
        NodeResourcesFit { weights: weights.iter().map(|(name, weight)| (measure(name), *weight)).collect(), most }
    }
}

struct Fit<'c>(&'c Requests);

/// What a node lacks, with whether it would lack it empty, too.
fn insufficient(requests: &Requests, node: &NodeInfo, mut lack: impl FnMut(Reason, bool)) {
    if node.pods.len() as i64 + 1 > node.allowed_pods {
        lack("Too many pods".into(), false);
    }
    let (wanted, used, all) = (&requests.total, &node.requested, &node.allocatable);
    for (reason, wanted, used, all) in [
        ("Insufficient cpu", wanted.milli_cpu, used.milli_cpu, all.milli_cpu),
        ("Insufficient memory", wanted.memory_bytes, used.memory_bytes, all.memory_bytes),
        (
            "Insufficient ephemeral-storage",
            wanted.ephemeral_storage_bytes,
            used.ephemeral_storage_bytes,
            all.ephemeral_storage_bytes,
        ),
    ] {
        if wanted > 0 && wanted > all - used {
            lack(reason.into(), wanted > all);
        }
    }
    for (name, wanted) in &wanted.scalars {
        let (used, all) = (used.scalar(name), all.scalar(name));
        if *wanted > 0 && *wanted > all - used {
            lack(format!("Insufficient {name}").into(), *wanted > all);
        }
    }
}

impl<'c> NodeFilter<'c> for Fit<'c> {
    fn filter(&self, node: &NodeInfo) -> Verdict {
        let mut rejection: Option<Rejection> = None;
        insufficient(self.0, node, |reason, unresolvable| match &mut rejection {
            None => rejection = Some(Rejection { unresolvable, ..Rejection::unschedulable(reason) }),
            Some(rejection) => {
                rejection.unresolvable |= unresolvable;
                rejection.more.push(reason);
            }
        });
        rejection.map_or(Ok(()), Err)
    }
}

struct Allocation<'c> {
    pod: &'c PodInfo,
    weights: &'c [(Measure, i64)],
    most: bool,
}

impl Allocation<'_> {
    /// What would be asked of the node, and what it has. CPU and memory count with defaults.
    fn amounts(&self, measure: &Measure, node: &NodeInfo) -> Option<(i64, i64)> {
        let (own, used, all) = (&self.pod.requests, &node.requested, &node.allocatable);
        match measure {
            Measure::Cpu => Some((node.requested_non_zero.0 + own.non_zero.0, all.milli_cpu)),
            Measure::Memory => Some((node.requested_non_zero.1 + own.non_zero.1, all.memory_bytes)),
            Measure::EphemeralStorage => {
                let requested = used.ephemeral_storage_bytes + own.total.ephemeral_storage_bytes;
                Some((requested, all.ephemeral_storage_bytes))
            }
            // A device that the pod does not ask for says nothing about the node.
            Measure::Scalar(name) => {
                let wanted = own.total.scalar(name);
                (wanted > 0).then(|| (used.scalar(name) + wanted, all.scalar(name)))
            }
        }
    }
}

impl NodeScore for Allocation<'_> {
    fn score(&self, node: &NodeInfo) -> i64 {
        let (mut sum, mut weights) = (0, 0);
        for (measure, weight) in self.weights {
            let Some((requested, allocatable)) = self.amounts(measure, node).filter(|(_, all)| *all > 0) else {
                continue;
            };
            let score = match (self.most, requested > allocatable) {
                (true, true) => MAX_NODE_SCORE,
                (true, false) => requested * MAX_NODE_SCORE / allocatable,
                (false, true) => 0,
                (false, false) => (allocatable - requested) * MAX_NODE_SCORE / allocatable,
            };
            sum += score * weight;
            weights += weight;
        }
        if weights == 0 { 0 } else { sum / weights }
    }
}

impl Plugin for NodeResourcesFit {
    fn name(&self) -> &'static str {
        DESCRIPTOR.name
    }

    fn events(&self) -> EventKinds {
        EventKinds::POD_DELETED
            .or(EventKinds::POD_SHRANK)
            .or(EventKinds::NODE_ADDED)
            .or(EventKinds::NODE_ALLOCATABLE)
            .or(EventKinds::OWN_SHRANK)
    }

    fn hint(&self, pod: &PodInfo, event: &ClusterEvent<'_>) -> bool {
        let Some(node) = event.node else { return true };
        let mut fits = true;
        insufficient(&pod.requests, node, |_, unresolvable| fits &= !unresolvable);
        fits
    }

    fn pre_filter<'c>(&'c self, cycle: Cycle<'c>) -> Result<Prepared<'c>, Rejection> {
        Ok(Prepared::filter(Fit(&cycle.pod.requests)))
    }

    fn pre_score<'c>(&'c self, cycle: Cycle<'c>, _nodes: &[u32]) -> Option<Box<dyn NodeScore + 'c>> {
        Some(Box::new(Allocation { pod: cycle.pod, weights: &self.weights, most: self.most }))
    }
}
