//! The next steps towards a set's replicas. In the ordered mode one step is taken at a time.

use std::{collections::BTreeMap, sync::Arc};

use apimachinery::{Object, Str, Value};
use jiff::Timestamp;

use super::{
    claims, identity,
    identity::{HASH_LABEL, ordinal, start_ordinal},
    update,
};
use crate::{history, patches, pods};

/// What a reconcile sees.
pub(super) struct Observed {
    pub(super) set: Arc<Object>,
    /// The set's pods.
    pub(super) pods: Vec<Arc<Object>>,
    /// The claims of its namespace by name.
    pub(super) claims: BTreeMap<Str, Arc<Object>>,
    /// The revision that the replicas had before the update that is going on.
    pub(super) current: Arc<Object>,
    /// The revision of the present template.
    pub(super) update: Arc<Object>,
    pub(super) now: Timestamp,
}

/// One thing to do.
#[derive(Debug)]
pub(super) enum Operation {
    Create { pod: Object, claims: Vec<Object> },
    CreateClaims { pod: String, claims: Vec<Object> },
    Delete(Arc<Object>),
    UpdatePod(Object),
    UpdateClaim(Object),
}

/// What to do, and the status.
pub(super) struct Plan {
    pub(super) operations: Vec<Operation>,
    pub(super) status: Value,
    pub(super) check_after_seconds: Option<u64>,
}

impl Observed {
    pub(super) fn replicas(&self) -> i64 {
        self.set.spec().i64_at("replicas").unwrap_or(1)
    }

    fn min_ready_seconds(&self) -> i64 {
        self.set.spec().i64_at("minReadySeconds").unwrap_or_default()
    }

    pub(super) fn is_parallel(&self) -> bool {
        self.set.spec().str_at("podManagementPolicy") == Some("Parallel")
    }

    pub(super) fn partition(&self) -> i64 {
        let path = ["spec", "updateStrategy", "rollingUpdate", "partition"];
        self.set.i64_at(&path).unwrap_or_default()
    }

    pub(super) fn strategy(&self) -> &str {
        self.set.str_at(&["spec", "updateStrategy", "type"]).unwrap_or("RollingUpdate")
    }

    pub(super) fn is_ready(&self, pod: &Object) -> bool {
        pods::phase(pod) == "Running" && pods::is_ready(pod)
    }

    pub(super) fn is_available(&self, pod: &Object) -> bool {
        self.is_ready(pod) && pods::is_available(pod, self.min_ready_seconds(), self.now)
    }

    pub(super) fn is_unavailable(&self, pod: &Object) -> bool {
        !self.is_available(pod) || pod.deletion_timestamp().is_some()
    }

    pub(super) fn is_updated(&self, pod: &Object) -> bool {
        pod.label(HASH_LABEL) == Some(self.update.name())
    }

    /// The pods of the wanted ordinals, in order, and the others, from the highest.
    pub(super) fn split(&self) -> (Vec<Option<Arc<Object>>>, Vec<Arc<Object>>) {
        let start = start_ordinal(&self.set);
        let mut replicas = vec![None; usize::try_from(self.replicas()).unwrap_or_default()];
        let mut condemned = Vec::new();
        for pod in &self.pods {
            let index = usize::try_from(ordinal(pod) - start).ok();
            match index.and_then(|index| replicas.get_mut(index)) {
                Some(slot) => *slot = Some(pod.clone()),
                None => condemned.push(pod.clone()),
            }
        }
        condemned.sort_by_key(|pod| std::cmp::Reverse(ordinal(pod)));
        (replicas, condemned)
    }

    /// The replica that is missing: of the old revision below the partition.
    fn missing(&self, ordinal: i64) -> Object {
        let first = start_ordinal(&self.set);
        let path = ["spec", "updateStrategy", "rollingUpdate"];
        let keep = match self.set.at(&path) {
            Some(_) => self.partition(),
            None => self.set.status().i64_at("currentReplicas").unwrap_or_default(),
        };
        let rolling = self.strategy() == "RollingUpdate";
        let revision = if rolling && ordinal < first + keep { &self.current } else { &self.update };
        identity::new_pod(&self.set, &history::template_of(revision), revision.name(), ordinal)
    }

    fn missing_claims(&self, ordinal: i64) -> Vec<Object> {
        let wanted = claims::of_replica(&self.set, ordinal).into_iter();
        wanted.filter(|claim| !self.claims.contains_key(claim.name())).collect()
    }

    /// The replica's claims that exist.
    fn claims_of(&self, ordinal: i64) -> impl Iterator<Item = &Arc<Object>> {
        claims::names(&self.set, ordinal).into_iter().filter_map(|(_, name)| self.claims.get(name.as_str()))
    }
}

/// Whether the rest has to wait for this one.
#[derive(PartialEq)]
enum Next {
    Wait,
    Continue,
}

pub(super) fn plan(observed: &Observed) -> Plan {
    let mut operations = Vec::new();
    if observed.set.deletion_timestamp().is_none() {
        steps(observed, &mut operations);
    }
    let mut status = status(observed);
    let removed = operations.iter().filter(|operation| {
        matches!(operation, Operation::Delete(pod) if pod.label(HASH_LABEL) == Some(observed.current.name()))
    });
    let current = status.i64_at(&["currentReplicas"]).unwrap_or_default() - removed.count() as i64;
    patches::set_count(&mut status, "currentReplicas", current.max(0));
    update::complete(observed, &mut status);
    Plan { operations, status, check_after_seconds: check_after_seconds(observed) }
}

fn steps(observed: &Observed, operations: &mut Vec<Operation>) {
    let monotonic = !observed.is_parallel();
    let (replicas, condemned) = observed.split();
    let start = start_ordinal(&observed.set);
    for (index, pod) in replicas.iter().enumerate() {
        let next = match pod {
            None => create(observed, start + index as i64, monotonic, operations),
            Some(pod) => keep(observed, pod, monotonic, operations),
        };
        if next == Next::Wait && monotonic {
            return;
        }
    }
    let first_unavailable = replicas
        .iter()
        .flatten()
        .chain(condemned.iter().rev())
        .find(|pod| observed.is_unavailable(pod))
        .map(|pod| pod.uid().to_owned());
    for pod in &condemned {
        fix_claims(observed, pod, operations);
    }
    for pod in &condemned {
        if pod.deletion_timestamp().is_some() {
            if monotonic {
                return;
            }
            continue;
        }
        let blocked = !observed.is_available(pod) && first_unavailable.as_deref() != Some(pod.uid());
        if monotonic && blocked {
            return;
        }
        operations.push(Operation::Delete(pod.clone()));
        if monotonic {
            return;
        }
    }
    update::roll(observed, &replicas, operations);
}

fn create(observed: &Observed, ordinal: i64, monotonic: bool, operations: &mut Vec<Operation>) -> Next {
    let pod = observed.missing(ordinal);
    if observed.claims_of(ordinal).any(|claim| claims::is_stale(claim, &observed.set, &pod) || is_leaving(claim)) {
        return Next::Wait;
    }
    operations.push(Operation::Create { pod, claims: observed.missing_claims(ordinal) });
    if monotonic { Next::Wait } else { Next::Continue }
}

fn is_leaving(claim: &Object) -> bool {
    claim.deletion_timestamp().is_some()
}

fn keep(observed: &Observed, pod: &Arc<Object>, monotonic: bool, operations: &mut Vec<Operation>) -> Next {
    if pods::is_finished(pod) {
        if pod.deletion_timestamp().is_none() {
            operations.push(Operation::Delete(pod.clone()));
        }
        return Next::Wait;
    }
    if pods::phase(pod) == "Pending" {
        let claims = observed.missing_claims(ordinal(pod));
        if !claims.is_empty() {
            operations.push(Operation::CreateClaims { pod: pod.name().to_owned(), claims });
        }
    }
    if monotonic && observed.is_unavailable(pod) {
        return Next::Wait;
    }
    if !identity::matches(&observed.set, pod) {
        operations.push(Operation::UpdatePod(identity::corrected(&observed.set, pod)));
    }
    fix_claims(observed, pod, operations);
    Next::Continue
}

fn fix_claims(observed: &Observed, pod: &Object, operations: &mut Vec<Operation>) {
    let corrected = observed.claims_of(ordinal(pod)).filter_map(|claim| claims::corrected(claim, &observed.set, pod));
    operations.extend(corrected.map(Operation::UpdateClaim));
}

fn status(observed: &Observed) -> Value {
    let count = |counts: &dyn Fn(&Object) -> bool| observed.pods.iter().filter(|pod| counts(pod)).count() as i64;
    let of_revision =
        |revision: &str| count(&|pod| pod.label(HASH_LABEL) == Some(revision) && pod.deletion_timestamp().is_none());
    let mut status = patches::status_of(&observed.set);
    status.set(&["replicas"], observed.pods.len() as i64);
    status.set(&["availableReplicas"], count(&|pod| observed.is_available(pod)));
    patches::set_count(&mut status, "readyReplicas", count(&|pod| observed.is_ready(pod)));
    patches::set_count(&mut status, "currentReplicas", of_revision(observed.current.name()));
    patches::set_count(&mut status, "updatedReplicas", of_revision(observed.update.name()));
    patches::set_count(&mut status, "observedGeneration", observed.set.generation());
    status.set(&["currentRevision"], observed.current.name());
    status.set(&["updateRevision"], observed.update.name());
    if status.at(&["collisionCount"]).is_none() {
        status.set(&["collisionCount"], 0);
    }
    status
}

fn check_after_seconds(observed: &Observed) -> Option<u64> {
    let seconds = observed.min_ready_seconds();
    let waits = observed.pods.iter().filter_map(|pod| pods::available_in_seconds(pod, seconds, observed.now));
    waits.filter(|wait| *wait > 0).min().and_then(|wait| u64::try_from(wait).ok())
}
