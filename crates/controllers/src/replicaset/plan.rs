//! What is missing, and what the status says.

use std::sync::Arc;

use apimachinery::{Object, Value, labels::Selector};
use jiff::Timestamp;

use super::ranking::{self, Ranked};
use crate::{conditions, patches, pods};

/// Pods created or deleted in one reconcile at most; the rest follows when these are seen.
const BURST_REPLICAS: usize = 500;

/// What a reconcile sees.
pub(super) struct Observed {
    pub(super) set: Arc<Object>,
    /// The set's own pods that have not ended and are not being deleted.
    pub(super) active: Vec<Arc<Object>>,
    /// Active pods of sets with the same controller, this one's among them; empty when nobody controls the set.
    pub(super) related: Vec<Arc<Object>>,
    /// The set's own pods that are being deleted, for kinds that count them.
    pub(super) terminating: Option<usize>,
    pub(super) now: Timestamp,
}

/// What to do.
#[derive(Debug, PartialEq)]
pub(super) enum Plan {
    Nothing,
    Create(usize),
    Delete(Vec<Arc<Object>>),
}

fn replicas(set: &Object) -> usize {
    usize::try_from(set.spec().i64_at("replicas").unwrap_or(1)).unwrap_or_default()
}

fn min_ready_seconds(set: &Object) -> i64 {
    set.spec().i64_at("minReadySeconds").unwrap_or_default()
}

pub(super) fn plan(observed: &Observed) -> Plan {
    let (have, want) = (observed.active.len(), replicas(&observed.set));
    if have < want {
        return Plan::Create((want - have).min(BURST_REPLICAS));
    }
    match (have - want).min(BURST_REPLICAS) {
        0 => Plan::Nothing,
        all if all == have => Plan::Delete(observed.active.clone()),
        some => {
            let related = if observed.related.is_empty() { &observed.active } else { &observed.related };
            let mut ranked: Vec<Ranked> = observed
                .active
                .iter()
                .map(|pod| {
                    let node = pods::node_name(pod);
                    let neighbours = related.iter().filter(|other| pods::node_name(other) == node).count();
                    Ranked { pod: pod.clone(), neighbours }
                })
                .collect();
            ranked.sort_by(|a, b| ranking::compare(a, b, observed.now));
            Plan::Delete(ranked.into_iter().take(some).map(|ranked| ranked.pod).collect())
        }
    }
}

/// The status to show; `failure` is why the plan could not be carried out.
pub(super) fn new_status(observed: &Observed, failure: Option<&str>) -> Value {
    let set = &observed.set;
    let template = Selector::from_set(
        set.at(&["spec", "template", "metadata", "labels"])
            .and_then(Value::as_map)
            .unwrap_or(&apimachinery::Map::EMPTY),
    );
    let count = |matches: &dyn Fn(&Object) -> bool| observed.active.iter().filter(|pod| matches(pod)).count() as i64;
    let mut status = patches::status_of(set);
    status.set(&["replicas"], observed.active.len() as i64);
    patches::set_count(&mut status, "fullyLabeledReplicas", count(&|pod| template.matches(pod.labels())));
    patches::set_count(&mut status, "readyReplicas", count(&pods::is_ready));
    let available = count(&|pod| pods::is_available(pod, min_ready_seconds(set), observed.now));
    patches::set_count(&mut status, "availableReplicas", available);
    patches::set_count(&mut status, "observedGeneration", set.generation());
    if let Some(terminating) = observed.terminating {
        status.set(&["terminatingReplicas"], terminating as i64);
    }
    match failure {
        Some(message) if conditions::get(&status, "ReplicaFailure").is_none() => {
            let reason = if observed.active.len() < replicas(set) { "FailedCreate" } else { "FailedDelete" };
            let condition = conditions::new("ReplicaFailure", "True", reason, message, observed.now);
            conditions::set(&mut status, condition);
        }
        Some(_) => {}
        None => conditions::remove(&mut status, "ReplicaFailure"),
    }
    status
}

/// In how many seconds the next pod becomes available by the mere passing of time.
pub(super) fn next_check_seconds(observed: &Observed) -> Option<u64> {
    let seconds = min_ready_seconds(&observed.set);
    let waits = observed.active.iter().filter_map(|pod| pods::available_in_seconds(pod, seconds, observed.now));
    waits.filter(|wait| *wait > 0).min().and_then(|wait| u64::try_from(wait).ok())
}
