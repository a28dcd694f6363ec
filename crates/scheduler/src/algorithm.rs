//! One scheduling cycle: from a pod to a node, or to the reasons why there is none.
//!
//! A cycle only reads the cache. It looks for nodes that fit until it has enough of them (in a large cluster not
//! every node is looked at), ranks those, and picks one of the best at random.

use apimachinery::Str;

use crate::{
    cache::{Cache, PodInfo},
    diagnosis::Diagnosis,
    framework::{Cycle, Filters, PostFilter, Profile, Rejection},
};

/// With fewer nodes than this, all that fit are ranked.
const MIN_FEASIBLE_NODES: usize = 100;
/// The least share of nodes that is looked for, in percent.
const MIN_FEASIBLE_PERCENT: usize = 5;

/// What came of a cycle.
#[derive(Debug)]
pub enum Outcome {
    /// The pod should run there.
    Node(u32),
    /// It fits nowhere; what can be done about it.
    Unschedulable(Box<Diagnosis>, PostFilter),
}

/// State that lives across cycles.
#[derive(Debug, Default)]
pub struct Algorithm {
    /// The place in the order of nodes where the next cycle starts looking.
    next_start: usize,
    feasible: Vec<u32>,
}

/// How many nodes that fit are enough; `percent` 0 lets the cluster's size decide.
pub fn nodes_to_find(nodes_total: usize, percent: usize) -> usize {
    if nodes_total < MIN_FEASIBLE_NODES {
        return nodes_total;
    }
    let percent = match percent {
        0 => 50usize.saturating_sub(nodes_total / 125).max(MIN_FEASIBLE_PERCENT),
        percent => percent.min(100),
    };
    (nodes_total * percent / 100).max(MIN_FEASIBLE_NODES)
}

impl Algorithm {
    /// Runs a cycle for `pod`. `cache` must have been asked for its order.
    pub fn schedule(&mut self, profile: &Profile, percent: usize, cache: &Cache, pod: &PodInfo) -> Outcome {
        let cycle = Cycle { pod, cache };
        let mut diagnosis = Diagnosis::new(cache.nodes_total());
        if cache.nodes_total() == 0 {
            // Any node that comes may help.
            diagnosis.plugins = profile.plugins().fold(0, |all, (number, ..)| all | 1 << number);
            return Outcome::Unschedulable(Box::new(diagnosis), PostFilter::default());
        }
        let (filters, nodes) = match prepare(profile, cycle) {
            Ok(prepared) => prepared,
            Err((plugin, rejection)) => {
                diagnosis.plugins = 1 << plugin;
                diagnosis.pre_filter_message = rejection.reason.into_owned();
                let none = Filters { profile, filters: Vec::new() };
                return unschedulable(profile, cycle, &none, diagnosis);
            }
        };
        self.find(profile, percent, cycle, &filters, nodes, &mut diagnosis);
        match self.feasible.as_slice() {
            [] => unschedulable(profile, cycle, &filters, diagnosis),
            [only] => Outcome::Node(*only),
            several => Outcome::Node(best(profile, cycle, several)),
        }
    }

    fn find<'c>(
        &mut self,
        profile: &Profile,
        percent: usize,
        cycle: Cycle<'c>,
        filters: &Filters<'_, 'c>,
        nodes: Option<(u32, Vec<u32>)>,
        diagnosis: &mut Diagnosis,
    ) {
        self.feasible.clear();
        if let Some(index) = cycle.cache.nomination(&cycle.pod.key) {
            let node = cycle.cache.node(index);
            if node.present && filters.check(cycle, node).is_ok() {
                self.feasible.push(index);
                return;
            }
        }
        if let Some((plugins, nodes)) = nodes {
            diagnosis.plugins |= plugins;
            for index in nodes {
                match filters.check(cycle, cycle.cache.node(index)) {
                    Ok(()) => self.feasible.push(index),
                    Err(rejected) => diagnosis.note(index, rejected),
                }
            }
            let names: Vec<&str> = profile
                .plugins()
                .filter(|(number, ..)| plugins & (1 << number) != 0)
                .map(|(.., plugin)| plugin.name())
                .collect();
            let others = diagnosis.nodes_total - diagnosis.judged - self.feasible.len();
            let reason = format!("node(s) didn't satisfy plugin(s) [{}]", names.join(" "));
            diagnosis.count(Rejection::unresolvable(reason), others);
            return;
        }
        let order = cycle.cache.ordered();
        let enough = nodes_to_find(order.len(), percent);
        let start = self.next_start % order.len();
        let mut looked_at = 0;
        for index in order[start..].iter().chain(&order[..start]) {
            looked_at += 1;
            match filters.check(cycle, cycle.cache.node(*index)) {
                Ok(()) => {
                    self.feasible.push(*index);
                    if self.feasible.len() >= enough {
                        break;
                    }
                }
                Err(rejected) => diagnosis.note(*index, rejected),
            }
        }
        self.next_start = (start + looked_at) % order.len();
    }
}

/// Asks what can be done for a pod that fits nowhere.
fn unschedulable<'c>(
    profile: &'c Profile,
    cycle: Cycle<'c>,
    filters: &Filters<'_, 'c>,
    mut diagnosis: Diagnosis,
) -> Outcome {
    let post = profile.plugins().find_map(|(.., plugin)| plugin.post_filter(cycle, filters, &diagnosis));
    let post = post.unwrap_or_default();
    diagnosis.post_filter_message.clone_from(&post.message);
    Outcome::Unschedulable(Box::new(diagnosis), post)
}

type PreparedFilters<'p, 'c> = (Filters<'p, 'c>, Option<(u32, Vec<u32>)>);

/// Asks every plugin about the pod. Answers with the filters and, when plugins named the only nodes worth looking
/// at, those plugins and nodes.
fn prepare<'c>(profile: &'c Profile, cycle: Cycle<'c>) -> Result<PreparedFilters<'c, 'c>, (u8, Rejection)> {
    let mut filters = Filters { profile, filters: Vec::with_capacity(8) };
    let mut only: Option<(u32, Vec<Str>)> = None;
    for (number, _, plugin) in profile.plugins() {
        let prepared = plugin.pre_filter(cycle).map_err(|rejection| (number, rejection))?;
        if let Some(filter) = prepared.filter {
            filters.filters.push((number, filter));
        }
        if let Some(names) = prepared.nodes {
            only = Some(match only {
                None => (1 << number, names),
                Some((plugins, before)) => {
                    (plugins | 1 << number, before.into_iter().filter(|name| names.contains(name)).collect())
                }
            });
        }
    }
    let only = only.map(|(plugins, names)| {
        let known = names.iter().filter_map(|name| cycle.cache.node_named(name));
        (plugins, known.map(|node| node.index).collect())
    });
    Ok((filters, only))
}

/// One of the nodes with the best sum of weighted scores, at random among equals.
fn best(profile: &Profile, cycle: Cycle<'_>, nodes: &[u32]) -> u32 {
    let totals = scores(profile, cycle, nodes);
    let most = totals.iter().copied().max().unwrap_or_default();
    let equals = totals.iter().filter(|total| **total == most).count();
    let chosen = stdx::random::below(equals as u64) as usize;
    let mut best = nodes.iter().zip(&totals).filter(|(_, total)| **total == most);
    *best.nth(chosen).expect("chosen is below the number of the best").0
}

/// The sums of the weighted scores of `nodes`.
pub fn scores(profile: &Profile, cycle: Cycle<'_>, nodes: &[u32]) -> Vec<i64> {
    let mut totals = vec![0; nodes.len()];
    let mut own = vec![0; nodes.len()];
    for (_, weight, plugin) in profile.plugins() {
        let Some(scorer) = plugin.pre_score(cycle, nodes) else { continue };
        for (score, index) in own.iter_mut().zip(nodes) {
            *score = scorer.score(cycle.cache.node(*index));
        }
        scorer.normalize(nodes, &mut own);
        for (total, score) in totals.iter_mut().zip(&own) {
            *total += weight * score;
        }
    }
    totals
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enough_nodes_as_upstream() {
        for (nodes, percent, enough) in [
            (10, 0, 10),
            (99, 0, 99),
            (100, 0, 100),
            (1000, 0, 420),
            (5000, 0, 500),
            (6000, 0, 300),
            (1000, 50, 500),
            (1000, 5, 100),
        ] {
            assert_eq!(nodes_to_find(nodes, percent), enough, "{nodes} nodes, {percent} %");
        }
    }
}
