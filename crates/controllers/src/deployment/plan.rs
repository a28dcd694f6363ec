//! What to do next, from what is observed.

use std::{collections::BTreeSet, sync::Arc};

use apimachinery::{Map, Object, Str, Value, value};
use client::{EventType, controller::ReconcileError};
use jiff::Timestamp;

use super::{
    progress::{self, condition},
    rollback, rollout,
    sets::{
        REVISION, Sets, annotate, by_creation, counted, new_set, replicas, revision, same_template, size_annotations,
        sum,
    },
};
use crate::{conditions, patches};

/// What a reconcile sees.
pub(super) struct Observed {
    pub(super) deployment: Arc<Object>,
    /// The deployment's replica sets.
    pub(super) sets: Sets,
    /// The UIDs of those that have pods which have not ended.
    pub(super) sets_with_pods: BTreeSet<Str>,
    pub(super) now: Timestamp,
}

/// One thing to do.
#[derive(Debug)]
pub(super) enum Operation {
    /// Create the replica set of the new revision.
    Create(Object),
    /// Bring the new set's annotations and `minReadySeconds` up to date.
    Adjust { set: Arc<Object>, change: Value },
    /// Give a set another size.
    Scale { set: Arc<Object>, replicas: i64, change: Value },
    /// Remove a set that history need not keep.
    Delete(Arc<Object>),
    /// Write the deployment itself.
    Update(Object),
    /// Record an event.
    Tell { event_type: EventType, reason: &'static str, message: String },
}

/// What to do, in order, and the status to write after it.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) operations: Vec<Operation>,
    pub(super) status: Value,
    /// When to look at the progress deadline.
    pub(super) check_after_seconds: Option<u64>,
}

/// The plan as it grows.
struct Planner<'o> {
    observed: &'o Observed,
    deployment: &'o Object,
    /// The set with the present template, as it will be.
    new: Option<Arc<Object>>,
    /// All others, oldest first.
    old: Sets,
    operations: Vec<Operation>,
    /// The status so far: conditions that are noted on the way.
    status: Value,
}

pub(super) fn plan(observed: &Observed) -> Result<Plan, ReconcileError> {
    let deployment = &*observed.deployment;
    let mut sets = observed.sets.clone();
    sets.sort_by(by_creation);
    let template = deployment.spec().get("template");
    let new = sets.iter().position(|set| same_template(set.spec().get("template"), template));
    let new = new.map(|index| sets.remove(index));
    let mut planner = Planner {
        observed,
        deployment,
        new,
        old: sets,
        operations: Vec::new(),
        status: patches::status_of(deployment),
    };
    if deployment.deletion_timestamp().is_some() {
        planner.adjust_new();
        return Ok(planner.with_counts());
    }
    progress::note_pause(deployment, &mut planner.status, observed.now);
    planner.adjust_new();
    if deployment.spec().bool_at("paused") == Some(true) {
        planner.scale();
        if rollback::asked(deployment).is_none() {
            planner.clean_up();
        }
        return Ok(planner.with_counts());
    }
    if let Some(asked) = rollback::asked(deployment) {
        let all: Sets = planner.all();
        planner.operations.extend(rollback::plan(deployment, &all, asked));
        return Ok(Plan { operations: planner.operations, status: planner.status, check_after_seconds: None });
    }
    if rollout::is_scaling(deployment, &planner.all()) {
        planner.scale();
        return Ok(planner.with_counts());
    }
    match deployment.str_at(&["spec", "strategy", "type"]) {
        Some("Recreate") => planner.recreate(),
        Some("RollingUpdate") | None => planner.roll(),
        Some(other) => return Err(ReconcileError::Other(format!("unexpected deployment strategy type: {other}"))),
    }
    Ok(planner.with_progress())
}

impl Planner<'_> {
    fn all(&self) -> Sets {
        self.old.iter().chain(&self.new).cloned().collect()
    }

    fn with_counts(self) -> Plan {
        let all = self.all();
        let status = progress::counts(self.deployment, &all, self.new.as_ref(), self.status, self.observed.now);
        Plan { operations: self.operations, status, check_after_seconds: None }
    }

    fn with_progress(self) -> Plan {
        let (all, now) = (self.all(), self.observed.now);
        let status = progress::rollout_status(self.deployment, &all, self.new.as_ref(), &self.status, now);
        let check_after_seconds = progress::check_after_seconds(self.deployment, &status, now);
        Plan { operations: self.operations, status, check_after_seconds }
    }

    fn note_progress(&mut self, reason: &str, message: &str) {
        let condition = condition("Progressing", "True", reason, message, self.observed.now);
        conditions::set(&mut self.status, condition);
    }

    /// Puts the revision of the new set into the deployment's annotations.
    fn revise(&mut self, revision: &str) {
        if self.deployment.annotation(REVISION) != Some(revision) {
            let mut changed = self.deployment.clone();
            changed.metadata_mut().map_at("annotations").insert(REVISION, revision);
            self.operations.push(Operation::Update(changed));
        }
    }

    fn next_revision(&self) -> i64 {
        self.old.iter().filter_map(|set| revision(set)).max().unwrap_or_default() + 1
    }

    /// Gives an existing new set the revision and annotations that it should have.
    fn adjust_new(&mut self) {
        let Some(set) = self.new.clone() else { return };
        let annotations = annotate(self.deployment, set.annotations(), self.next_revision());
        let seconds = |object: &Object| object.spec().i64_at("minReadySeconds").unwrap_or_default();
        let annotations_patch =
            patches::merge_patch(&Value::Map(set.annotations().clone()), &Value::Map(annotations.clone()));
        let seconds_differ = seconds(&set) != seconds(self.deployment);
        if annotations_patch.is_some() || seconds_differ {
            let mut change = value!({});
            if seconds_differ {
                change.set(&["spec", "minReadySeconds"], seconds(self.deployment));
            }
            if let Some(patch) = annotations_patch {
                change.set(&["metadata", "annotations"], patch);
            }
            let mut adjusted = (*set).clone();
            adjusted.metadata_mut().insert("annotations", annotations);
            self.operations.push(Operation::Adjust { set: set.clone(), change });
            self.new = Some(Arc::new(adjusted));
        }
        let revision = self.new.as_ref().and_then(|set| set.annotation(REVISION)).unwrap_or_default().to_owned();
        self.revise(&revision);
        if progress::deadline_seconds(self.deployment).is_some()
            && conditions::get(&self.status, "Progressing").is_none()
        {
            self.note_progress("FoundNewReplicaSet", &format!("Found new replica set {:?}", set.name()));
        }
    }

    /// Creates the new set when there is none.
    fn ensure_new(&mut self) {
        if self.new.is_some() {
            return;
        }
        let mut set = new_set(self.deployment);
        let size = rollout::new_set_replicas(self.deployment, sum(&self.old, replicas), 0);
        set.set(&["spec", "replicas"], size);
        let revision = self.next_revision();
        let mut annotations = annotate(self.deployment, &Map::new(), revision);
        for (key, text) in self.size_annotations() {
            annotations.insert(key, text);
        }
        set.metadata_mut().insert("annotations", annotations);
        self.operations.push(Operation::Create(set.clone()));
        self.revise(&revision.to_string());
        if progress::deadline_seconds(self.deployment).is_some() {
            self.note_progress("NewReplicaSetCreated", &format!("Created new replica set {:?}", set.name()));
        }
        self.new = Some(Arc::new(set));
    }

    fn size_annotations(&self) -> Map {
        let wanted = replicas(self.deployment);
        size_annotations(wanted, wanted + rollout::max_surge(self.deployment))
    }

    /// Gives `set` another size; returns whether that changes it.
    fn resize(&mut self, set: &Arc<Object>, size: i64, force: bool) -> bool {
        let changes = replicas(set) != size;
        let annotations = self.size_annotations();
        if changes || (force && rollout::size_annotations_differ(set, &annotations)) {
            let mut change = value!({"metadata": {"annotations": annotations}});
            if changes {
                change.set(&["spec", "replicas"], size);
            }
            self.operations.push(Operation::Scale { set: set.clone(), replicas: size, change });
        }
        changes
    }

    fn scale(&mut self) {
        let (sizes, force) = rollout::scale(self.deployment, self.new.as_ref(), &self.old);
        for (set, size) in sizes {
            self.resize(&set, size, force);
        }
    }

    fn roll(&mut self) {
        self.ensure_new();
        let Some(new) = self.new.clone() else { return };
        let (own, wanted) = (replicas(&new), replicas(self.deployment));
        let size = if own > wanted {
            wanted
        } else {
            rollout::new_set_replicas(self.deployment, sum(&self.all(), replicas), own)
        };
        if self.resize(&new, size, false) {
            return;
        }
        let shrunk = rollout::shrink_old(self.deployment, &new, &self.old);
        for (set, size) in &shrunk {
            self.resize(set, *size, false);
        }
        if shrunk.is_empty() && progress::is_complete(self.deployment, &self.status) {
            self.clean_up();
        }
    }

    fn recreate(&mut self) {
        let mut shrunk = false;
        for set in self.old.clone() {
            shrunk |= replicas(&set) > 0 && self.resize(&set, 0, false);
        }
        let old_pods_run = sum(&self.old, |set| counted(set, "replicas")) > 0
            || self.old.iter().any(|set| self.observed.sets_with_pods.contains(set.uid()));
        if shrunk || old_pods_run {
            return;
        }
        self.ensure_new();
        let Some(new) = self.new.clone() else { return };
        self.resize(&new, replicas(self.deployment), false);
        if progress::is_complete(self.deployment, &self.status) {
            self.clean_up();
        }
    }

    /// Removes the oldest empty sets that exceed the history limit.
    fn clean_up(&mut self) {
        let limit = self.deployment.spec().i64_at("revisionHistoryLimit").unwrap_or(i64::from(i32::MAX));
        if limit == i64::from(i32::MAX) {
            return;
        }
        let mut candidates: Sets = self.old.iter().filter(|set| set.deletion_timestamp().is_none()).cloned().collect();
        candidates.sort_by(|a, b| revision(a).cmp(&revision(b)).then_with(|| by_creation(a, b)));
        let surplus = candidates.len().saturating_sub(usize::try_from(limit).unwrap_or_default());
        let empty = |set: &Arc<Object>| {
            counted(set, "replicas") == 0
                && replicas(set) == 0
                && set.generation() <= counted(set, "observedGeneration")
        };
        self.operations.extend(candidates.into_iter().take(surplus).filter(empty).map(Operation::Delete));
    }
}
