//! The status of a deployment: how far the rollout is, and whether it is stuck.

use std::sync::Arc;

use apimachinery::{Object, Value, time};
use jiff::Timestamp;

use super::{
    rollout,
    sets::{counted, replicas, sum},
};
use crate::{conditions, patches::set_count};

pub(super) const AVAILABLE: &str = "NewReplicaSetAvailable";
const TIMED_OUT: &str = "ProgressDeadlineExceeded";

pub(super) fn condition(kind: &str, status: &str, reason: &str, message: &str, now: Timestamp) -> Value {
    let mut condition = conditions::new(kind, status, reason, message, now);
    condition.set(&["lastUpdateTime"], time::format_seconds(now));
    condition
}

/// The time that the rollout may stand still; `None` for ever.
pub(super) fn deadline_seconds(deployment: &Object) -> Option<i64> {
    deployment.spec().i64_at("progressDeadlineSeconds").filter(|seconds| *seconds != i64::from(i32::MAX))
}

/// Pausing stops the clock of the progress deadline, resuming starts it anew.
pub(super) fn note_pause(deployment: &Object, status: &mut Value, now: Timestamp) {
    let reason = conditions::reason(status, "Progressing");
    if deadline_seconds(deployment).is_none() || reason == Some(TIMED_OUT) {
        return;
    }
    let paused = deployment.spec().bool_at("paused") == Some(true);
    let noted = reason == Some("DeploymentPaused");
    if paused && !noted {
        let paused = condition("Progressing", "Unknown", "DeploymentPaused", "Deployment is paused", now);
        conditions::set(status, paused);
    } else if !paused && noted {
        let resumed = condition("Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed", now);
        conditions::set(status, resumed);
    }
}

/// The counts and the `Available` condition; `status` brings the conditions so far.
pub(super) fn counts(
    deployment: &Object,
    all: &[Arc<Object>],
    new: Option<&Arc<Object>>,
    mut status: Value,
    now: Timestamp,
) -> Value {
    let available = sum(all, |set| counted(set, "availableReplicas"));
    set_count(&mut status, "observedGeneration", deployment.generation());
    set_count(&mut status, "replicas", sum(all, |set| counted(set, "replicas")));
    set_count(&mut status, "updatedReplicas", new.map_or(0, |set| counted(set, "replicas")));
    set_count(&mut status, "readyReplicas", sum(all, |set| counted(set, "readyReplicas")));
    set_count(&mut status, "availableReplicas", available);
    set_count(&mut status, "unavailableReplicas", (sum(all, replicas) - available).max(0));
    match terminating(all) {
        Some(count) => status.set(&["terminatingReplicas"], count),
        None => drop(status.remove(&["terminatingReplicas"])),
    }
    let enough = available >= replicas(deployment) - rollout::max_unavailable(deployment);
    let (state, reason, message) = if enough {
        ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    } else {
        ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    };
    conditions::set(&mut status, condition("Available", state, reason, message, now));
    status
}

/// Terminating pods of all sets; unknown when a set that was looked at does not say.
fn terminating(all: &[Arc<Object>]) -> Option<i64> {
    let observed = all
        .iter()
        .filter(|set| set.status().contains_key("terminatingReplicas") || counted(set, "observedGeneration") != 0);
    observed.map(|set| set.status().i64_at("terminatingReplicas")).sum()
}

pub(super) fn is_complete(deployment: &Object, status: &Value) -> bool {
    let count = |key| status.i64_at(&[key]).unwrap_or_default();
    let wanted = replicas(deployment);
    count("updatedReplicas") == wanted
        && count("replicas") == wanted
        && count("availableReplicas") == wanted
        && count("observedGeneration") >= deployment.generation()
}

fn has_progressed(before: &Value, now: &Value) -> bool {
    let (old, new) =
        (|key: &str| before.i64_at(&[key]).unwrap_or_default(), |key: &str| now.i64_at(&[key]).unwrap_or_default());
    new("updatedReplicas") > old("updatedReplicas")
        || new("replicas") - new("updatedReplicas") < old("replicas") - old("updatedReplicas")
        || new("readyReplicas") > old("readyReplicas")
        || new("availableReplicas") > old("availableReplicas")
}

fn is_late(deployment: &Object, status: &Value, now: Timestamp) -> bool {
    let (Some(deadline), Some(progressing)) = (deadline_seconds(deployment), conditions::get(status, "Progressing"))
    else {
        return false;
    };
    match progressing.str_at(&["reason"]) {
        Some(AVAILABLE) => false,
        Some(TIMED_OUT) => true,
        _ => last_update(progressing).is_some_and(|from| from.as_second() + deadline < now.as_second()),
    }
}

fn last_update(condition: &Value) -> Option<Timestamp> {
    time::parse(condition.str_at(&["lastUpdateTime"])?)
}

/// The status during a rollout: counts, `Progressing` and `ReplicaFailure`. `before` is the status so far, with
/// the conditions that this reconcile has set.
pub(super) fn rollout_status(
    deployment: &Object,
    all: &[Arc<Object>],
    new: Option<&Arc<Object>>,
    before: &Value,
    now: Timestamp,
) -> Value {
    let mut status = counts(deployment, all, new, before.clone(), now);
    if deadline_seconds(deployment).is_none() {
        conditions::remove(&mut status, "Progressing");
    }
    let done = status.i64_at(&["replicas"]) == status.i64_at(&["updatedReplicas"])
        && conditions::reason(before, "Progressing") == Some(AVAILABLE);
    if deadline_seconds(deployment).is_some() && !done {
        let subject = match new {
            Some(set) => format!("ReplicaSet {:?}", set.name()),
            None => format!("Deployment {:?}", deployment.name()),
        };
        if is_complete(deployment, &status) {
            let message = format!("{subject} has successfully progressed.");
            conditions::set(&mut status, condition("Progressing", "True", AVAILABLE, &message, now));
        } else if has_progressed(before, &status) {
            let message = format!("{subject} is progressing.");
            let mut updated = condition("Progressing", "True", "ReplicaSetUpdated", &message, now);
            if let Some(current) = conditions::get(before, "Progressing") {
                if current.str_at(&["status"]) == Some("True")
                    && let Some(since) = current.at(&["lastTransitionTime"])
                {
                    updated.set(&["lastTransitionTime"], since.clone());
                }
                conditions::remove(&mut status, "Progressing");
            }
            conditions::set(&mut status, updated);
        } else if is_late(deployment, &status, now) {
            let message = format!("{subject} has timed out progressing.");
            conditions::set(&mut status, condition("Progressing", "False", TIMED_OUT, &message, now));
        }
    }
    match replica_failure(all, new) {
        Some(failure) => conditions::set(&mut status, failure),
        None => conditions::remove(&mut status, "ReplicaFailure"),
    }
    status
}

fn replica_failure(all: &[Arc<Object>], new: Option<&Arc<Object>>) -> Option<Value> {
    let failure = |set: &Arc<Object>| crate::pods::condition(set, "ReplicaFailure").cloned();
    let mut failure = new.and_then(failure).or_else(|| all.iter().find_map(failure))?;
    if let Some(since) = failure.at(&["lastTransitionTime"]).cloned() {
        failure.set(&["lastUpdateTime"], since);
    }
    Some(failure)
}

/// In how many seconds the deadline must be looked at again.
pub(super) fn check_after_seconds(deployment: &Object, status: &Value, now: Timestamp) -> Option<u64> {
    let deadline = deadline_seconds(deployment)?;
    let progressing = conditions::get(status, "Progressing")?;
    if is_complete(deployment, status) || progressing.str_at(&["reason"]) == Some(TIMED_OUT) {
        return None;
    }
    let left = last_update(progressing)?.as_second() + deadline - now.as_second();
    u64::try_from(left.max(0) + 1).ok()
}
