//! What pods have ended, and which of them have been counted.

use std::{collections::BTreeSet, sync::Arc};

use apimachinery::{Object, Str, Value, time};
use jiff::Timestamp;

use super::{
    failure_policy::{Verdict, verdict},
    indexes::Indexes,
    is_tracked,
    plan::Observed,
};
use crate::pods;

pub(super) const FINALIZER: &str = "batch.kubernetes.io/job-tracking";
pub(super) const INDEX: &str = "batch.kubernetes.io/job-completion-index";
pub(super) const FAILURE_COUNT: &str = "batch.kubernetes.io/job-index-failure-count";
pub(super) const IGNORED_FAILURE_COUNT: &str = "batch.kubernetes.io/job-index-ignored-failure-count";
/// UIDs in the status at most; what is more waits for the next round.
const UNCOUNTED_LIMIT: usize = 500;

/// UIDs in `status.uncountedTerminatedPods`.
#[derive(Clone, Debug, Default)]
pub(super) struct Uncounted {
    pub(super) succeeded: Vec<Str>,
    pub(super) failed: Vec<Str>,
}

impl Uncounted {
    pub(super) fn of(job: &Object) -> Uncounted {
        let list = |key| {
            let uids = job.at(&["status", "uncountedTerminatedPods"]).map(|both| both.list_at(&[key]));
            uids.unwrap_or_default().iter().filter_map(Value::as_str).map(Str::from).collect()
        };
        Uncounted { succeeded: list("succeeded"), failed: list("failed") }
    }

    pub(super) fn len(&self) -> usize {
        self.succeeded.len() + self.failed.len()
    }

    pub(super) fn to_value(&self) -> Value {
        let mut both = apimachinery::Map::new();
        for (key, uids) in [("failed", &self.failed), ("succeeded", &self.succeeded)] {
            if !uids.is_empty() {
                both.insert(key, uids.iter().collect::<Value>());
            }
        }
        Value::Map(both)
    }

    /// Takes out the UIDs of pods that need no finalizer any more; returns how many of each sort there were.
    fn settle(&mut self, tracked: &BTreeSet<Str>) -> (i64, i64) {
        let take = |uids: &mut Vec<Str>| {
            let before = uids.len();
            uids.retain(|uid| tracked.contains(uid));
            (before - uids.len()) as i64
        };
        (take(&mut self.succeeded), take(&mut self.failed))
    }
}

/// The completion index of a pod, if it has a valid one.
pub(super) fn completion_index(pod: &Object) -> Option<i64> {
    pod.annotation(INDEX)?.parse().ok().filter(|index| *index >= 0)
}

/// Failures of a pod's index before it: counted and ignored.
pub(super) fn index_failures(pod: &Object) -> (i64, i64) {
    let count = |key| pod.annotation(key).and_then(|text| text.parse().ok()).unwrap_or_default();
    (count(FAILURE_COUNT), count(IGNORED_FAILURE_COUNT))
}

/// Whether pods are replaced only when they have failed, not when they are merely on their way out.
pub(super) fn replaces_only_failed(job: &Object) -> bool {
    job.spec().str_at("podReplacementPolicy") == Some("Failed") || job.spec().contains_key("podFailurePolicy")
}

/// Whether the pod counts as failed: a pod that was deleted before its end never gets to say so.
pub(super) fn is_failed(job: &Object, pod: &Object) -> bool {
    match pods::phase(pod) {
        "Failed" => true,
        "Succeeded" => false,
        _ => !replaces_only_failed(job) && pod.deletion_timestamp().is_some(),
    }
}

/// When the pod ended.
pub(super) fn finish_time(pod: &Object, now: Timestamp) -> Timestamp {
    let containers = pod.status().list_at("containerStatuses").iter();
    let finished = containers.filter_map(|status| status.str_at(&["state", "terminated", "finishedAt"]));
    let ready = || pods::condition(pod, "Ready").and_then(|ready| ready.str_at(&["lastTransitionTime"]));
    let last = finished.filter_map(time::parse).max();
    last.or_else(|| ready().and_then(time::parse))
        .or_else(|| pod.deletion_timestamp().and_then(time::parse))
        .unwrap_or(now)
}

/// Pods that ended and whose end no count and no list in the status knows.
#[derive(Default)]
pub(super) struct NewlyEnded {
    pub(super) succeeded: i64,
    /// Failed pods that count.
    pub(super) failed: i64,
}

pub(super) fn newly_ended(observed: &Observed) -> NewlyEnded {
    let mut ended = NewlyEnded::default();
    for pod in observed.pods.iter().filter(|pod| is_tracked(pod)) {
        let known = |uids: &[Str]| uids.iter().any(|uid| *uid == pod.uid());
        if pods::phase(pod) == "Succeeded" && !known(&observed.uncounted.succeeded) {
            ended.succeeded += 1;
        } else if is_failed(&observed.job, pod)
            && !known(&observed.uncounted.failed)
            && verdict(&observed.job, pod) != Verdict::Ignore
        {
            ended.failed += 1;
        }
    }
    ended
}

/// The next step of counting.
pub(super) struct Tracking {
    pub(super) uncounted: Uncounted,
    /// To be added to the counts.
    pub(super) succeeded: i64,
    pub(super) failed: i64,
    /// Whose finalizers may go once the status is written.
    pub(super) remove_finalizers: Vec<Arc<Object>>,
    /// Pods that still have to be looked at.
    pub(super) incomplete: bool,
}

/// Counts; `ending` says that the job has reached its outcome, `failing` that this is a failure, so that pods
/// that still run count as failed. The pods in `kept` stay, since their successors need what they know.
pub(super) fn track(observed: &Observed, ending: bool, failing: bool, kept: &BTreeSet<Str>) -> Tracking {
    let job = &observed.job;
    let tracked: BTreeSet<Str> =
        observed.pods.iter().filter(|pod| is_tracked(pod)).map(|pod| pod.uid().into()).collect();
    let mut uncounted = observed.uncounted.clone();
    let (succeeded, failed) = uncounted.settle(&tracked);
    let mut tracking = Tracking { uncounted, succeeded, failed, remove_finalizers: Vec::new(), incomplete: false };
    for pod in observed.pods.iter().filter(|pod| is_tracked(pod)) {
        let (done, fails) = (pods::phase(pod) == "Succeeded", is_failed(job, pod));
        let all = ending || job.deletion_timestamp().is_some();
        if !(all || done || fails && !kept.contains(pod.uid())) {
            continue;
        }
        if tracking.uncounted.len() >= UNCOUNTED_LIMIT {
            tracking.incomplete = true;
            break;
        }
        tracking.remove_finalizers.push(pod.clone());
        let index_fits =
            !observed.is_indexed() || completion_index(pod).is_some_and(|index| index < observed.completions_or_max());
        let uid: Str = pod.uid().into();
        if tracking.uncounted.failed.contains(&uid) {
            continue;
        }
        if done {
            if !observed.is_indexed() && !tracking.uncounted.succeeded.contains(&uid) {
                tracking.uncounted.succeeded.push(uid);
            }
        } else if (fails || failing) && index_fits && verdict(job, pod) != Verdict::Ignore {
            tracking.uncounted.failed.push(uid);
        }
    }
    tracking
}

/// The indexes that have succeeded: those in the status, and those of pods that succeeded since.
pub(super) fn succeeded_indexes(observed: &Observed) -> Indexes {
    let limit = observed.completions_or_max();
    let known = Indexes::parse(observed.job.status().str_at("completedIndexes").unwrap_or_default(), limit);
    let pods = observed.pods.iter().filter(|pod| is_tracked(pod) && pods::phase(pod) == "Succeeded");
    known.with(pods.filter_map(|pod| completion_index(pod)).filter(|index| *index < limit))
}

/// The indexes that have failed for good; `None` when failures are not limited per index.
pub(super) fn failed_indexes(observed: &Observed) -> Option<Indexes> {
    let job = &observed.job;
    let limit_per_index = job.spec().i64_at("backoffLimitPerIndex")?;
    let limit = observed.completions_or_max();
    let known = Indexes::parse(job.status().str_at("failedIndexes").unwrap_or_default(), limit);
    let for_good = |pod: &&Arc<Object>| {
        is_tracked(pod)
            && is_failed(job, pod)
            && match verdict(job, pod) {
                Verdict::FailIndex => true,
                Verdict::Ignore => false,
                Verdict::Count | Verdict::FailJob(_) => index_failures(pod).0 >= limit_per_index,
            }
    };
    let pods = observed.pods.iter().filter(for_good);
    Some(known.with(pods.filter_map(|pod| completion_index(pod)).filter(|index| *index < limit)))
}
