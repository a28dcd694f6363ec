//! What is due, and what is too old to keep.

use std::sync::Arc;

use apimachinery::{List, Object, Value, time, value};
use client::{EventType, kinds::CRON_JOBS};
use jiff::{Timestamp, tz::TimeZone};

use super::schedule::Schedule;
use crate::{ownership::controller_reference, patches, pods};

const SCHEDULED: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";
/// Missed times after which somebody should know.
const MISSED_LIMIT: usize = 100;
/// A time is waited for a little longer, so that it is past when we wake, in milliseconds.
const WAKE_DELAY_MILLISECONDS: i64 = 100;

/// What a reconcile sees.
pub(super) struct Observed {
    pub(super) cron: Arc<Object>,
    /// The jobs that it controls.
    pub(super) jobs: Vec<Arc<Object>>,
    pub(super) now: Timestamp,
}

/// One thing to do.
#[derive(Debug)]
pub(super) enum Operation {
    /// Remove a finished job that history need not keep.
    Forget(Arc<Object>),
    /// Remove a job that the next one replaces.
    Replace(Arc<Object>),
    /// Start a job; the status then names it and the time.
    Start {
        job: Object,
        scheduled: Timestamp,
    },
    Tell {
        event_type: EventType,
        reason: &'static str,
        message: String,
    },
}

/// What to do.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) operations: Vec<Operation>,
    /// The status before a job is started.
    pub(super) status: Value,
    pub(super) check_after_milliseconds: Option<u64>,
}

/// How a job ended: the type of its final condition.
fn outcome(job: &Object) -> Option<&'static str> {
    ["Complete", "Failed"].into_iter().find(|kind| pods::condition_is_true(job, kind))
}

pub(super) fn job_reference(job: &Object) -> Value {
    value!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "name": job.name(),
        "namespace": job.namespace(),
        "uid": job.uid(),
        "resourceVersion": job.resource_version()
    })
}

pub(super) fn plan(observed: &Observed) -> Plan {
    let mut plan =
        Plan { operations: Vec::new(), status: patches::status_of(&observed.cron), check_after_milliseconds: None };
    forget_old_jobs(observed, &mut plan);
    note_ended_jobs(observed, &mut plan);
    if observed.cron.deletion_timestamp().is_none() && observed.cron.spec().bool_at("suspend") != Some(true) {
        start_what_is_due(observed, &mut plan);
    }
    plan
}

fn tell(plan: &mut Plan, event_type: EventType, reason: &'static str, message: String) {
    plan.operations.push(Operation::Tell { event_type, reason, message });
}

fn forget_old_jobs(observed: &Observed, plan: &mut Plan) {
    for (kind, key) in [("Complete", "successfulJobsHistoryLimit"), ("Failed", "failedJobsHistoryLimit")] {
        let Some(limit) = observed.cron.spec().i64_at(key) else { continue };
        let mut jobs: Vec<_> = observed.jobs.iter().filter(|job| outcome(job) == Some(kind)).collect();
        jobs.sort_by_key(|job| (job.status().str_at("startTime").map(str::to_owned), job.name().to_owned()));
        let surplus = jobs.len().saturating_sub(usize::try_from(limit).unwrap_or_default());
        plan.operations.extend(jobs.into_iter().take(surplus).cloned().map(Operation::Forget));
    }
}

/// Takes jobs that have ended out of the active ones, and remembers the last success.
fn note_ended_jobs(observed: &Observed, plan: &mut Plan) {
    let mut active = List::new();
    for reference in observed.cron.status().list_at("active") {
        let uid = reference.str_at(&["uid"]).unwrap_or_default();
        let name = reference.str_at(&["name"]).unwrap_or_default();
        match observed.jobs.iter().find(|job| job.uid() == uid) {
            None => tell(plan, EventType::Normal, "MissingJob", format!("Active job went missing: {name}")),
            Some(job) => match outcome(job) {
                None => active.push(reference.clone()),
                Some(kind) => {
                    let message = format!("Saw completed job: {name}, condition: {kind}");
                    tell(plan, EventType::Normal, "SawCompletedJob", message);
                }
            },
        }
    }
    for job in observed.jobs.iter().filter(|job| outcome(job).is_none()) {
        let known = active.iter().any(|reference| reference.str_at(&["uid"]) == Some(job.uid()));
        if !known {
            active.push(job_reference(job));
        }
    }
    if active.is_empty() {
        plan.status.remove(&["active"]);
    } else {
        plan.status.set(&["active"], active);
    }
    let completed = observed.jobs.iter().filter(|job| outcome(job) == Some("Complete"));
    let last = completed.filter_map(|job| job.status().str_at("completionTime").and_then(time::parse)).max();
    let known = plan.status.str_at(&["lastSuccessfulTime"]).and_then(time::parse);
    if last > known
        && let Some(last) = last
    {
        plan.status.set(&["lastSuccessfulTime"], time::format_seconds(last));
    }
}

fn start_what_is_due(observed: &Observed, plan: &mut Plan) {
    let spec = observed.cron.spec();
    let text = spec.str_at("schedule").unwrap_or_default();
    let zone = match spec.str_at("timeZone").map(TimeZone::get) {
        None => TimeZone::UTC,
        Some(Ok(zone)) => zone,
        Some(Err(_)) => {
            let name = spec.str_at("timeZone").unwrap_or_default();
            return tell(plan, EventType::Warning, "UnknownTimeZone", format!("invalid timeZone: {name:?}"));
        }
    };
    let schedule = match Schedule::parse(text) {
        Ok(schedule) => schedule,
        Err(error) => {
            let message = format!("unparseable schedule: {text:?} : {error}");
            return tell(plan, EventType::Warning, "UnparseableSchedule", message);
        }
    };
    let next = schedule.next(observed.now, &zone);
    let wait = next.map(|next| next.as_millisecond() - observed.now.as_millisecond() + WAKE_DELAY_MILLISECONDS);
    plan.check_after_milliseconds = wait.and_then(|wait| u64::try_from(wait).ok());
    let Some(due) = due(observed, &schedule, &zone, plan) else { return };
    let deadline = spec.i64_at("startingDeadlineSeconds");
    if deadline.is_some_and(|deadline| due.as_second() + deadline < observed.now.as_second()) {
        let time = due.to_zoned(zone).strftime("%a, %d %b %Y %H:%M:%S %z").to_string();
        return tell(plan, EventType::Warning, "MissSchedule", format!("Missed scheduled time to start a job: {time}"));
    }
    let job = new_job(&observed.cron, due, &zone);
    if observed.jobs.iter().any(|known| known.name() == job.name()) {
        // It was started, but the status could not say so.
        plan.status.set(&["lastScheduleTime"], time::format_seconds(due));
        return;
    }
    let active: Vec<_> = observed.jobs.iter().filter(|job| outcome(job).is_none()).cloned().collect();
    match spec.str_at("concurrencyPolicy") {
        Some("Forbid") if !active.is_empty() => {
            let message = "Not starting job because prior execution is running and concurrency policy is Forbid";
            return tell(plan, EventType::Normal, "JobAlreadyActive", message.into());
        }
        Some("Replace") => plan.operations.extend(active.into_iter().map(Operation::Replace)),
        _ => {}
    }
    plan.operations.push(Operation::Start { job, scheduled: due });
}

/// The last time that is past and for which no job was started.
fn due(observed: &Observed, schedule: &Schedule, zone: &TimeZone, plan: &mut Plan) -> Option<Timestamp> {
    let cron = &observed.cron;
    let last = cron.status().str_at("lastScheduleTime").and_then(time::parse);
    let mut earliest = last.or_else(|| pods::created(cron)).unwrap_or(observed.now);
    let deadline = cron.spec().i64_at("startingDeadlineSeconds");
    if let Some(deadline) = deadline
        && let Ok(limit) = Timestamp::from_second(observed.now.as_second() - deadline)
    {
        earliest = earliest.max(limit);
    }
    let mut missed = 0;
    let mut time = earliest;
    while missed <= MISSED_LIMIT
        && let Some(next) = schedule.next(time, zone).filter(|next| *next <= observed.now)
    {
        time = next;
        missed += 1;
    }
    if missed == 0 {
        return None;
    }
    if missed > MISSED_LIMIT {
        let message = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew";
        tell(plan, EventType::Warning, "TooManyMissedTimes", message.into());
        time = latest(schedule, zone, earliest, observed.now).unwrap_or(time);
    }
    Some(time)
}

/// The last time in `from..=now`, looked for from the end in growing windows.
fn latest(schedule: &Schedule, zone: &TimeZone, from: Timestamp, now: Timestamp) -> Option<Timestamp> {
    const WINDOWS_SECONDS: [i64; 4] = [3600, 86_400, 32 * 86_400, 366 * 86_400];
    let starts = WINDOWS_SECONDS.iter().filter_map(|window| Timestamp::from_second(now.as_second() - window).ok());
    starts.map(|start| start.max(from)).find_map(|start| {
        let times = std::iter::successors(schedule.next(start, zone), |time| schedule.next(*time, zone));
        times.take_while(|time| *time <= now).last()
    })
}

fn new_job(cron: &Object, scheduled: Timestamp, zone: &TimeZone) -> Object {
    let template = cron.spec().get("jobTemplate").cloned().unwrap_or_default();
    // One name per minute: the same job is never started twice.
    let name = format!("{}-{}", cron.name(), scheduled.as_second() / 60);
    let mut job = value!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "namespace": cron.namespace(),
            "ownerReferences": [controller_reference(&CRON_JOBS, cron)]
        },
        "spec": template.at(&["spec"]).cloned().unwrap_or_default()
    });
    for key in ["labels", "annotations"] {
        if let Some(copied) = template.at(&["metadata", key]) {
            job.set(&["metadata", key], copied.clone());
        }
    }
    let local = scheduled.to_zoned(zone.clone());
    let text = match zone {
        zone if *zone == TimeZone::UTC => time::format_seconds(scheduled),
        _ => local.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
    };
    job.set(&["metadata", "annotations", SCHEDULED], text);
    Object(job)
}
