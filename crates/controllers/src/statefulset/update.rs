//! Replacing replicas of old revisions, from the highest ordinal down to the partition.

use std::sync::Arc;

use apimachinery::{Object, Value};

use super::plan::{Observed, Operation};
use crate::int_or_percent;

fn max_unavailable(observed: &Observed) -> usize {
    let value = observed.set.at(&["spec", "updateStrategy", "rollingUpdate", "maxUnavailable"]);
    let scaled = value.and_then(|value| int_or_percent::scaled(value, observed.replicas(), false));
    usize::try_from(scaled.unwrap_or(1)).unwrap_or_default().max(1)
}

/// Deletes what is to be replaced next; `replicas` are those that are there, in order.
pub(super) fn roll(observed: &Observed, replicas: &[Option<Arc<Object>>], operations: &mut Vec<Operation>) {
    if observed.strategy() != "RollingUpdate" {
        return;
    }
    let unavailable = replicas.iter().filter(|pod| pod.as_ref().is_none_or(|pod| observed.is_unavailable(pod))).count();
    let mut budget = max_unavailable(observed).saturating_sub(unavailable);
    let first = usize::try_from(observed.partition()).unwrap_or_default().min(replicas.len());
    let outdated = || {
        let pods = replicas[first..].iter().rev().flatten();
        pods.filter(|pod| !observed.is_updated(pod) && pod.deletion_timestamp().is_none())
    };
    let already: Vec<String> = operations
        .iter()
        .filter_map(|operation| match operation {
            Operation::Delete(pod) => Some(pod.uid().to_owned()),
            _ => None,
        })
        .collect();
    for pod in outdated().filter(|pod| !already.iter().any(|uid| uid == pod.uid())) {
        // In parallel sets, what does not work anyway is replaced without asking the budget.
        let free = observed.is_parallel() && !observed.is_available(pod);
        if !free && budget == 0 {
            continue;
        }
        if !free {
            budget -= 1;
        }
        operations.push(Operation::Delete(pod.clone()));
    }
}

/// When every replica has the new revision and is ready, it is the current one.
pub(super) fn complete(observed: &Observed, status: &mut Value) {
    let count = |status: &Value, key| status.i64_at(&[key]).unwrap_or_default();
    let wanted = observed.replicas();
    let done = ["updatedReplicas", "readyReplicas", "replicas"].iter().all(|key| count(status, key) == wanted);
    if observed.strategy() == "RollingUpdate" && done {
        let updated = count(status, "updatedReplicas");
        crate::patches::set_count(status, "currentReplicas", updated);
        status.set(&["currentRevision"], observed.update.name());
    }
}
