//! Which pods a running job lacks, and which it has too many.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use apimachinery::{Object, Str};

use super::{
    failure_policy::{Verdict, verdict},
    is_tracked,
    new_pods::NewPod,
    plan::{Counts, Observed},
    tracking::{completion_index, finish_time, index_failures, is_failed, replaces_only_failed},
};
use crate::pods;

/// Pods created or deleted in one reconcile at most.
const BURST: i64 = 500;
/// The delay after the first failure, in seconds; it doubles with each.
const BACKOFF_BASE_SECONDS: i64 = 10;
/// The longest such delay, in seconds.
const BACKOFF_MAX_SECONDS: i64 = 600;

/// What to do about a running job's pods.
#[derive(Debug, Default)]
pub(super) struct Management {
    /// Pods that are too many: they go without being counted.
    pub(super) discard: Vec<Arc<Object>>,
    pub(super) create: Vec<NewPod>,
    /// When a pod may be created that has to wait now.
    pub(super) wait_seconds: Option<i64>,
}

pub(super) fn manage(observed: &Observed, counts: &Counts) -> Management {
    let active = observed.active.len() as i64;
    if observed.is_suspended() {
        return Management { discard: observed.active.clone(), ..Management::default() };
    }
    let parallelism = observed.job.spec().i64_at("parallelism").unwrap_or(1);
    let want = match observed.completions() {
        None if counts.succeeded > 0 => active,
        None => parallelism,
        Some(completions) => (completions - counts.succeeded).clamp(0, parallelism),
    };
    let discard = surplus(observed, (active - want).max(0));
    if !discard.is_empty() {
        return Management { discard, ..Management::default() };
    }
    let leaving = if replaces_only_failed(&observed.job) { observed.terminating } else { 0 };
    let lacking = (want - active - leaving).min(BURST);
    if lacking <= 0 {
        return Management::default();
    }
    match observed.is_indexed() {
        true => create_indexed(observed, counts, lacking),
        false => match backoff_left(observed) {
            Some(wait) => Management { wait_seconds: Some(wait), ..Management::default() },
            None => Management { create: vec![NewPod::default(); lacking as usize], ..Management::default() },
        },
    }
}

/// At least `count` active pods that may go: in an indexed job first those without a valid index and the doubles.
fn surplus(observed: &Observed, count: i64) -> Vec<Arc<Object>> {
    let mut left = observed.active.clone();
    // What has come least far goes first.
    left.sort_by_key(|pod| {
        let bound = !pods::node_name(pod).is_empty();
        let newest_first = std::cmp::Reverse(pod.creation_timestamp().to_owned());
        (bound, pods::phase(pod) == "Running", pods::is_ready(pod), newest_first)
    });
    let mut discard = Vec::new();
    if observed.is_indexed() {
        let mut seen = BTreeSet::new();
        let mut kept = Vec::new();
        for pod in left.into_iter().rev() {
            let index = completion_index(&pod).filter(|index| *index < observed.completions_or_max());
            match index.is_some_and(|index| seen.insert(index)) {
                true => kept.push(pod),
                false => discard.push(pod),
            }
        }
        kept.reverse();
        left = kept;
    }
    let more = usize::try_from(count).unwrap_or_default().saturating_sub(discard.len());
    discard.extend(left.into_iter().take(more));
    discard.truncate(BURST as usize);
    discard
}

fn delay_seconds(failures: i64) -> i64 {
    let doublings = u32::try_from(failures - 1).unwrap_or_default().min(10);
    (BACKOFF_BASE_SECONDS << doublings).min(BACKOFF_MAX_SECONDS)
}

/// Seconds until a failed pod may be replaced; failures count since the last success.
fn backoff_left(observed: &Observed) -> Option<i64> {
    let finished = |pod: &Arc<Object>| finish_time(pod, observed.now);
    let last_success = observed.pods.iter().filter(|pod| pods::phase(pod) == "Succeeded").map(finished).max();
    let failures: Vec<_> = observed
        .pods
        .iter()
        .filter(|pod| is_failed(&observed.job, pod))
        .map(finished)
        .filter(|time| last_success.is_none_or(|success| *time > success))
        .collect();
    let last = failures.iter().max()?;
    let left = last.as_second() + delay_seconds(failures.len() as i64) - observed.now.as_second();
    (left > 0).then_some(left)
}

/// The last failed pod of each index that nothing has followed yet: it is kept until its successor, which goes
/// on counting from it, is there.
pub(super) fn predecessors(observed: &Observed, counts: &Counts) -> BTreeMap<i64, Arc<Object>> {
    let Some(failed) = &counts.failed_indexes else { return BTreeMap::new() };
    let active: BTreeSet<i64> = observed.active.iter().filter_map(|pod| completion_index(pod)).collect();
    let mut last: BTreeMap<i64, Arc<Object>> = BTreeMap::new();
    for pod in observed.pods.iter().filter(|pod| is_tracked(pod) && is_failed(&observed.job, pod)) {
        let Some(index) = completion_index(pod).filter(|index| *index < observed.completions_or_max()) else {
            continue;
        };
        if counts.succeeded_indexes.contains(index) || failed.contains(index) || active.contains(&index) {
            continue;
        }
        let rank = |pod: &Arc<Object>| {
            let (counted, ignored) = index_failures(pod);
            (counted + ignored, finish_time(pod, observed.now))
        };
        if last.get(&index).is_none_or(|known| rank(known) <= rank(pod)) {
            last.insert(index, pod.clone());
        }
    }
    last
}

/// The UIDs of the pods in `predecessors`.
pub(super) fn uids(predecessors: &BTreeMap<i64, Arc<Object>>) -> BTreeSet<Str> {
    predecessors.values().map(|pod| pod.uid().into()).collect()
}

fn create_indexed(observed: &Observed, counts: &Counts, lacking: i64) -> Management {
    let per_index = counts.failed_indexes.is_some();
    if !per_index && let Some(wait) = backoff_left(observed) {
        return Management { wait_seconds: Some(wait), ..Management::default() };
    }
    let leaving_count = replaces_only_failed(&observed.job);
    let busy: BTreeSet<i64> = observed
        .pods
        .iter()
        .filter(|pod| pods::is_active(pod) || leaving_count && pods::is_terminating(pod))
        .filter_map(|pod| completion_index(pod))
        .collect();
    let failed = counts.failed_indexes.clone().unwrap_or_default();
    let pending = (0..observed.completions_or_max())
        .filter(|index| !busy.contains(index) && !counts.succeeded_indexes.contains(*index) && !failed.contains(*index))
        .take(lacking as usize);
    let predecessors = predecessors(observed, counts);
    let mut management = Management::default();
    let mut waits = Vec::new();
    for index in pending {
        let before = predecessors.get(&index);
        let wait = before.map_or(0, |pod| {
            let (counted, ignored) = index_failures(pod);
            let due = finish_time(pod, observed.now).as_second() + delay_seconds(counted + ignored + 1);
            due - observed.now.as_second()
        });
        if wait > 0 {
            waits.push(wait);
            continue;
        }
        let failures = per_index.then(|| before.map_or((0, 0), |pod| next_failures(observed, pod)));
        management.create.push(NewPod { index: Some(index), failures });
    }
    management.wait_seconds = waits.into_iter().min();
    management
}

fn next_failures(observed: &Observed, pod: &Object) -> (i64, i64) {
    let (counted, ignored) = index_failures(pod);
    match verdict(&observed.job, pod) {
        Verdict::Ignore => (counted, ignored + 1),
        _ => (counted + 1, ignored),
    }
}
