//! Which pods go first when there are too many.

use std::{
    cmp::{Ordering, Reverse},
    sync::Arc,
};

use apimachinery::{Object, Value};
use jiff::Timestamp;

use crate::pods;

const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";

pub(super) struct Ranked {
    pub(super) pod: Arc<Object>,
    /// Related pods on the same node.
    pub(super) neighbours: usize,
}

/// `Less` when `a` is to be deleted before `b`.
pub(super) fn compare(a: &Ranked, b: &Ranked, now: Timestamp) -> Ordering {
    let (x, y) = (&*a.pod, &*b.pod);
    let assigned = |pod: &Object| !pods::node_name(pod).is_empty();
    (assigned(x).cmp(&assigned(y)))
        .then_with(|| phase_order(x).cmp(&phase_order(y)))
        .then_with(|| pods::is_ready(x).cmp(&pods::is_ready(y)))
        .then_with(|| deletion_cost(x).cmp(&deletion_cost(y)))
        .then_with(|| b.neighbours.cmp(&a.neighbours))
        .then_with(|| younger_first(x, y, pods::ready_since(x), pods::ready_since(y), now))
        .then_with(|| Reverse(restarts(x)).cmp(&Reverse(restarts(y))))
        .then_with(|| younger_first(x, y, pods::created(x), pods::created(y), now))
}

fn phase_order(pod: &Object) -> u8 {
    match pods::phase(pod) {
        "Unknown" => 1,
        "Running" => 2,
        _ => 0,
    }
}

fn deletion_cost(pod: &Object) -> i32 {
    pod.annotation(DELETION_COST).and_then(|cost| cost.parse().ok()).unwrap_or_default()
}

/// Younger first, but only by orders of magnitude; within one, the UIDs draw lots, so that not always the
/// newest rollout loses.
fn younger_first(x: &Object, y: &Object, a: Option<Timestamp>, b: Option<Timestamp>, now: Timestamp) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) if a != b => {
            let magnitude = |time: Timestamp| {
                let age = now.as_nanosecond() - time.as_nanosecond();
                if age > 0 { i64::from(age.ilog2()) } else { -1 }
            };
            magnitude(a).cmp(&magnitude(b)).then_with(|| x.uid().cmp(y.uid()))
        }
        (None, Some(_)) => Ordering::Less,
        (Some(_), None) => Ordering::Greater,
        _ => Ordering::Equal,
    }
}

/// The highest restart counts of containers, then of init containers.
fn restarts(pod: &Object) -> (i64, i64) {
    let highest = |key| {
        let counts = pod.status().list_at(key).iter().map(|status: &Value| status.i64_at(&["restartCount"]));
        counts.flatten().max().unwrap_or_default()
    };
    (highest("containerStatuses"), highest("initContainerStatuses"))
}
