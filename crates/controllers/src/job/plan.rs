//! The next step of a job, from what is observed.

use std::{collections::BTreeSet, sync::Arc};

use apimachinery::{Object, Str, Value, time};
use client::EventType;
use jiff::Timestamp;

use super::{
    condition,
    indexes::Indexes,
    manage::{self, manage},
    new_pods::NewPod,
    outcome,
    tracking::{self, Uncounted, track},
};
use crate::{
    conditions,
    patches::{self, set_count},
    pods,
};

/// What a reconcile sees.
pub(super) struct Observed {
    pub(super) job: Arc<Object>,
    /// The job's pods.
    pub(super) pods: Vec<Arc<Object>>,
    /// Those that have not ended and are not being deleted.
    pub(super) active: Vec<Arc<Object>>,
    /// How many are being deleted.
    pub(super) terminating: i64,
    pub(super) uncounted: Uncounted,
    pub(super) now: Timestamp,
}

/// What has happened so far, the newest included.
pub(super) struct Counts {
    pub(super) succeeded: i64,
    pub(super) failed: i64,
    pub(super) succeeded_indexes: Indexes,
    pub(super) failed_indexes: Option<Indexes>,
}

/// An event to record.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) event_type: EventType,
    pub(super) reason: Str,
    pub(super) message: String,
    /// Whether the job is over.
    pub(super) ends: bool,
}

/// What to do.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) create: Vec<NewPod>,
    /// Pods that go because the job has reached its outcome; they are counted.
    pub(super) delete: Vec<Arc<Object>>,
    /// Pods that go without being counted.
    pub(super) discard: Vec<Arc<Object>>,
    pub(super) status: Value,
    /// Pods whose finalizer goes after the status is written.
    pub(super) remove_finalizers: Vec<Arc<Object>>,
    pub(super) events: Vec<Told>,
    pub(super) check_after_seconds: Option<u64>,
}

impl Observed {
    pub(super) fn new(job: Arc<Object>, pods: Vec<Arc<Object>>, now: Timestamp) -> Observed {
        let active = pods.iter().filter(|pod| pods::is_active(pod)).cloned().collect();
        let terminating = pods.iter().filter(|pod| pods::is_terminating(pod)).count() as i64;
        Observed { uncounted: Uncounted::of(&job), job, pods, active, terminating, now }
    }

    pub(super) fn is_indexed(&self) -> bool {
        self.job.spec().str_at("completionMode") == Some("Indexed")
    }

    pub(super) fn is_suspended(&self) -> bool {
        self.job.spec().bool_at("suspend") == Some(true)
    }

    pub(super) fn completions(&self) -> Option<i64> {
        self.job.spec().i64_at("completions")
    }

    pub(super) fn completions_or_max(&self) -> i64 {
        self.completions().unwrap_or(i64::from(i32::MAX))
    }

    fn counts(&self) -> Counts {
        let counted = |key| self.job.status().i64_at(key).unwrap_or_default();
        let new = tracking::newly_ended(self);
        let indexed = self.is_indexed();
        let succeeded_indexes = if indexed { tracking::succeeded_indexes(self) } else { Indexes::default() };
        let succeeded = match indexed {
            true => succeeded_indexes.total(),
            false => counted("succeeded") + self.uncounted.succeeded.len() as i64 + new.succeeded,
        };
        Counts {
            succeeded,
            failed: counted("failed") + self.uncounted.failed.len() as i64 + new.failed,
            succeeded_indexes,
            failed_indexes: if indexed { tracking::failed_indexes(self) } else { None },
        }
    }
}

pub(super) fn plan(observed: &Observed) -> Plan {
    let counts = observed.counts();
    let announced = outcome::announced(observed, &counts);
    let failing = announced.as_ref().is_some_and(|condition| condition.str_at(&["type"]) == Some("FailureTarget"));
    let mut plan = Plan {
        create: Vec::new(),
        delete: Vec::new(),
        discard: Vec::new(),
        status: patches::status_of(&observed.job),
        remove_finalizers: Vec::new(),
        events: Vec::new(),
        check_after_seconds: outcome::deadline_left_seconds(observed).and_then(|left| u64::try_from(left).ok()),
    };
    if observed.job.status().str_at("startTime").is_none() && !observed.is_suspended() {
        plan.status.set(&["startTime"], time::format_seconds(observed.now));
    }
    let mut kept = BTreeSet::new();
    if announced.is_some() {
        plan.delete = observed.active.clone();
    } else if observed.job.deletion_timestamp().is_none() {
        kept = manage::uids(&manage::predecessors(observed, &counts));
        let management = manage(observed, &counts);
        plan.create = management.create;
        plan.discard = management.discard;
        let wait = management.wait_seconds.and_then(|wait| u64::try_from(wait).ok());
        plan.check_after_seconds = plan.check_after_seconds.into_iter().chain(wait).min();
        note_suspension(observed, &mut plan);
    }
    let tracking = track(observed, announced.is_some(), failing, &kept);
    count(observed, &counts, &tracking, &mut plan.status);
    if let Some(announced) = announced {
        conditions::set(&mut plan.status, announced.clone());
        let settled = tracking.uncounted.len() == 0 && !tracking.incomplete && tracking.remove_finalizers.is_empty();
        if settled && observed.active.is_empty() && observed.terminating == 0 {
            finish(observed, &announced, &mut plan);
        }
    }
    let discarded: BTreeSet<&str> = plan.discard.iter().map(|pod| pod.uid()).collect();
    plan.remove_finalizers = tracking.remove_finalizers;
    plan.remove_finalizers.retain(|pod| !discarded.contains(pod.uid()));
    plan
}

fn note_suspension(observed: &Observed, plan: &mut Plan) {
    let noted = conditions::get(&plan.status, "Suspended").and_then(|suspended| suspended.str_at(&["status"]));
    let (status, reason, message, event) = match (observed.is_suspended(), noted) {
        (true, Some("True")) | (false, None | Some("False")) => return,
        (true, _) => ("True", "JobSuspended", "Job suspended", "Suspended"),
        (false, _) => ("False", "JobResumed", "Job resumed", "Resumed"),
    };
    conditions::set(&mut plan.status, condition("Suspended", status, reason, message, observed.now));
    if status == "False" {
        // The deadline starts anew.
        plan.status.set(&["startTime"], time::format_seconds(observed.now));
    }
    let (reason, message) = (event.into(), message.to_owned());
    plan.events.push(Told { event_type: EventType::Normal, reason, message, ends: false });
}

fn count(observed: &Observed, counts: &Counts, tracking: &tracking::Tracking, status: &mut Value) {
    let counted = |status: &Value, key| status.i64_at(&[key]).unwrap_or_default();
    let succeeded = match observed.is_indexed() {
        true => counts.succeeded_indexes.total(),
        false => counted(status, "succeeded") + tracking.succeeded,
    };
    set_count(status, "succeeded", succeeded);
    let failed = counted(status, "failed") + tracking.failed;
    set_count(status, "failed", failed);
    set_count(status, "active", observed.active.len() as i64);
    status.set(&["ready"], observed.active.iter().filter(|pod| pods::is_ready(pod)).count() as i64);
    status.set(&["terminating"], observed.terminating);
    status.set(&["uncountedTerminatedPods"], tracking.uncounted.to_value());
    if observed.is_indexed() {
        match counts.succeeded_indexes.to_string() {
            text if text.is_empty() => drop(status.remove(&["completedIndexes"])),
            text => status.set(&["completedIndexes"], text),
        }
        if let Some(failed) = &counts.failed_indexes {
            status.set(&["failedIndexes"], failed.to_string());
        }
    }
}

/// The final condition.
fn finish(observed: &Observed, announced: &Value, plan: &mut Plan) {
    let text = |key| announced.str_at(&[key]).unwrap_or_default().to_owned();
    let complete = text("type") == "SuccessCriteriaMet";
    let kind = if complete { "Complete" } else { "Failed" };
    let last = condition(kind, "True", &text("reason"), &text("message"), observed.now);
    conditions::set(&mut plan.status, last);
    let (event_type, reason, message) = match complete {
        true => (EventType::Normal, "Completed".to_owned(), "Job completed".to_owned()),
        false => (EventType::Warning, text("reason"), text("message")),
    };
    if complete {
        plan.status.set(&["completionTime"], time::format_seconds(observed.now));
    }
    plan.events.push(Told { event_type, reason: reason.into(), message, ends: true });
}
