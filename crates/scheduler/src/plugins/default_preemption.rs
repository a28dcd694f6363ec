//! Makes room for a pod that fits nowhere by driving less important pods out.
//!
//! On each node where that may help, all less important pods are taken away in a copy; if the pod fits then, they
//! are put back one by one, the most important first, as long as it still fits. What could not be put back are the
//! victims. Of all such nodes the one is taken where the least is lost.

use std::{cmp::Reverse, collections::BTreeMap, sync::Arc};

use apimachinery::Str;

use super::Descriptor;
use crate::{
    cache::PodInfo,
    diagnosis::Diagnosis,
    framework::{Arguments, Cycle, Filters, Fork, Plugin, PostFilter, Rejection},
};

const NOT_HELPFUL: &str = "Preemption is not helpful for scheduling";
const NO_VICTIMS: &str = "No preemption victims found for incoming pod";

pub(super) const DESCRIPTOR: Descriptor =
    Descriptor { name: "DefaultPreemption", weight: 0, make: |arguments| Box::new(DefaultPreemption::new(arguments)) };

struct DefaultPreemption {
    candidates_percent: usize,
    candidates: usize,
}

/// A node where room can be made.
struct Candidate {
    node: u32,
    victims: Vec<Arc<PodInfo>>,
    budgets_violated: usize,
}

/// A start time that sorts: a pod that has not started started last.
fn started(pod: &PodInfo) -> &str {
    if pod.start_time.is_empty() { "~" } else { &pod.start_time }
}

impl Candidate {
    /// The smaller, the less is lost.
    fn loss(&self) -> (usize, i64, i64, usize, Reverse<&str>) {
        let highest = self.victims.iter().map(|pod| pod.priority).max().unwrap_or_default();
        // Priorities are made positive, so that more victims never count for less.
        let sum = self.victims.iter().map(|pod| pod.priority + (1 << 31)).sum();
        let important = self.victims.iter().filter(|pod| pod.priority == highest);
        let earliest = important.map(|pod| started(pod)).min().unwrap_or_default();
        (self.budgets_violated, highest, sum, self.victims.len(), Reverse(earliest))
    }
}

/// Splits pods into those whose end would violate a disruption budget and the others; order is kept.
fn by_budgets(cycle: Cycle<'_>, pods: Vec<Arc<PodInfo>>) -> (Vec<Arc<PodInfo>>, Vec<Arc<PodInfo>>) {
    let mut budgets = BTreeMap::new();
    pods.into_iter().partition(|pod| {
        if pod.labels.is_empty() {
            return false;
        }
        let own = budgets.entry(pod.namespace.clone()).or_insert_with(|| {
            let budgets = cycle.cache.workloads.budgets(&pod.namespace);
            budgets.into_iter().map(|budget| (budget.disruptions_allowed, budget)).collect::<Vec<_>>()
        });
        let mut violates = false;
        for (allowed, budget) in own.iter_mut().filter(|(_, budget)| budget.covers(pod)) {
            if !budget.disrupted.contains(&pod.name) {
                *allowed -= 1;
                violates |= *allowed < 0;
            }
        }
        violates
    })
}

impl DefaultPreemption {
    fn new(arguments: &Arguments) -> DefaultPreemption {
        DefaultPreemption {
            candidates_percent: arguments.preemption_candidates_percent,
            candidates: arguments.preemption_candidates,
        }
    }

    /// Why the pod must not drive others out now.
    fn ineligible(cycle: Cycle<'_>, diagnosis: &Diagnosis) -> Option<&'static str> {
        if !cycle.pod.wishes().preempts {
            return Some("not eligible due to preemptionPolicy=Never.");
        }
        let nominated = cycle.cache.nomination(&cycle.pod.key)?;
        if !diagnosis.resolvable.contains(&nominated) {
            return None;
        }
        let node = cycle.cache.node(nominated);
        let leaving = |pod: &Arc<PodInfo>| pod.priority < cycle.pod.priority && pod.terminating && pod.preempted;
        node.pods.iter().any(leaving).then_some("not eligible due to a terminating pod on the nominated node.")
    }

    /// The least that has to go on a node.
    fn victims<'c>(cycle: Cycle<'c>, filters: &Filters<'_, 'c>, node: u32) -> Result<Candidate, Rejection> {
        let mut fork = Fork::of(filters, cycle.cache.node(node));
        let lesser = |pod: &&Arc<PodInfo>| pod.priority < cycle.pod.priority;
        let mut potential: Vec<Arc<PodInfo>> = fork.node.pods.iter().filter(lesser).cloned().collect();
        if potential.is_empty() {
            return Err(Rejection::unresolvable(NO_VICTIMS));
        }
        for pod in &potential {
            fork.remove_pod(pod);
        }
        fork.check_both(cycle).map_err(|(_, rejection)| rejection)?;
        potential.sort_by(|a, b| (b.priority, started(a)).cmp(&(a.priority, started(b))));
        let (violating, others) = by_budgets(cycle, potential);
        let mut candidate = Candidate { node, victims: Vec::new(), budgets_violated: 0 };
        for (pods, violates) in [(violating, 1), (others, 0)] {
            for pod in pods {
                fork.add_pod(&pod);
                if fork.check_both(cycle).is_err() {
                    fork.remove_pod(&pod);
                    candidate.victims.push(pod);
                    candidate.budgets_violated += violates;
                }
            }
        }
        Ok(candidate)
    }
}

impl Plugin for DefaultPreemption {
    fn name(&self) -> &'static str {
        DESCRIPTOR.name
    }

    fn post_filter<'c>(
        &self,
        cycle: Cycle<'c>,
        filters: &Filters<'_, 'c>,
        diagnosis: &Diagnosis,
    ) -> Option<PostFilter> {
        if let Some(reason) = DefaultPreemption::ineligible(cycle, diagnosis) {
            return Some(PostFilter { message: format!("preemption: {reason}"), ..PostFilter::default() });
        }
        let nodes = &diagnosis.resolvable;
        let wanted = (nodes.len() * self.candidates_percent / 100).max(self.candidates);
        let start = stdx::random::below(nodes.len() as u64) as usize;
        let mut candidates: Vec<Candidate> = Vec::new();
        let mut failures = Diagnosis::new(diagnosis.nodes_total);
        for node in nodes[start..].iter().chain(&nodes[..start]) {
            match DefaultPreemption::victims(cycle, filters, *node) {
                Ok(candidate) => candidates.push(candidate),
                Err(rejection) => failures.count(rejection, 1),
            }
            if candidates.len() >= wanted && candidates.iter().any(|candidate| candidate.budgets_violated == 0) {
                break;
            }
        }
        let best = candidates.into_iter().min_by(|a, b| a.loss().cmp(&b.loss()));
        let Some(best) = best else {
            failures.count(Rejection::unresolvable(NOT_HELPFUL), diagnosis.nodes_total - nodes.len());
            let message = format!("preemption: {}", failures.message());
            return Some(PostFilter { clears_nomination: true, message, ..PostFilter::default() });
        };
        let node: Str = cycle.cache.node(best.node).name.clone();
        Some(PostFilter { preemption: Some((node, best.victims)), ..PostFilter::default() })
    }
}
