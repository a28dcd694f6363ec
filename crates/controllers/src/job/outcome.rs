//! Whether a job has reached its outcome, and which.

use apimachinery::{Object, Value, time};

use super::{
    condition,
    failure_policy::{Verdict, verdict},
    indexes::Indexes,
    plan::{Counts, Observed},
    tracking::is_failed,
};
use crate::pods;

/// Whether the job is complete or has failed.
pub(super) fn is_finished(job: &Object) -> bool {
    ["Complete", "Failed"].iter().any(|kind| pods::condition_is_true(job, kind))
}

/// The condition that announces an outcome which the job has reached (`SuccessCriteriaMet` or `FailureTarget`);
/// the final one follows when all pods are gone and counted.
pub(super) fn announced(observed: &Observed, counts: &Counts) -> Option<Value> {
    let job = &observed.job;
    for kind in ["SuccessCriteriaMet", "FailureTarget"] {
        if pods::condition_is_true(job, kind) {
            return pods::condition(job, kind).cloned();
        }
    }
    if let Some(message) = policy_failure(observed) {
        return Some(condition("FailureTarget", "True", "PodFailurePolicy", &message, observed.now));
    }
    if let Some((reason, message)) = failure(observed, counts) {
        return Some(condition("FailureTarget", "True", reason, message, observed.now));
    }
    let success = |reason, message: &str| Some(condition("SuccessCriteriaMet", "True", reason, message, observed.now));
    if let Some(rule) = success_rule(observed, &counts.succeeded_indexes) {
        return success("SuccessPolicy", &format!("Matched rules at index {rule}"));
    }
    let complete = match observed.completions() {
        Some(completions) => counts.succeeded >= completions,
        None => counts.succeeded > 0,
    };
    let idle = observed.active.is_empty();
    if complete && idle { success("CompletionsReached", "Reached expected number of succeeded pods") } else { None }
}

fn policy_failure(observed: &Observed) -> Option<String> {
    let failed = observed.pods.iter().filter(|pod| is_failed(&observed.job, pod));
    failed.map(|pod| verdict(&observed.job, pod)).find_map(|verdict| match verdict {
        Verdict::FailJob(message) => Some(message),
        _ => None,
    })
}

fn failure(observed: &Observed, counts: &Counts) -> Option<(&'static str, &'static str)> {
    let spec = observed.job.spec();
    let backoff_limit = spec.i64_at("backoffLimit").unwrap_or(6);
    if counts.failed > backoff_limit || restarts_exceed(observed, backoff_limit) {
        return Some(("BackoffLimitExceeded", "Job has reached the specified backoff limit"));
    }
    if deadline_left_seconds(observed).is_some_and(|left| left <= 0) {
        return Some(("DeadlineExceeded", "Job was active longer than specified deadline"));
    }
    let failed = counts.failed_indexes.as_ref().map_or(0, Indexes::total);
    if spec.i64_at("maxFailedIndexes").is_some_and(|max| failed > max) {
        return Some(("MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes"));
    }
    let all =
        observed.completions().is_some_and(|completions| failed + counts.succeeded_indexes.total() >= completions);
    (failed > 0 && all).then_some(("FailedIndexes", "Job has failed indexes"))
}

/// Containers that restart in place count as failures when pods are not replaced.
fn restarts_exceed(observed: &Observed, limit: i64) -> bool {
    if observed.job.str_at(&["spec", "template", "spec", "restartPolicy"]) != Some("OnFailure") {
        return false;
    }
    let running = observed.pods.iter().filter(|pod| matches!(pods::phase(pod), "Running" | "Pending"));
    let statuses = running.flat_map(|pod| {
        let lists = ["initContainerStatuses", "containerStatuses"].map(|key| pod.status().list_at(key));
        lists.into_iter().flatten()
    });
    let restarts: i64 = statuses.filter_map(|status| status.i64_at(&["restartCount"])).sum();
    if limit == 0 { restarts > 0 } else { restarts >= limit }
}

/// Seconds until the job's deadline, if it has one and its clock runs.
pub(super) fn deadline_left_seconds(observed: &Observed) -> Option<i64> {
    let seconds = observed.job.spec().i64_at("activeDeadlineSeconds").filter(|_| !observed.is_suspended())?;
    let start = observed.job.status().str_at("startTime").and_then(time::parse).unwrap_or(observed.now);
    Some(start.as_second() + seconds - observed.now.as_second())
}

/// The first rule of the success policy that is fulfilled.
fn success_rule(observed: &Observed, succeeded: &Indexes) -> Option<usize> {
    let policy = observed.job.at(&["spec", "successPolicy"]).filter(|_| observed.is_indexed())?;
    let limit = observed.completions_or_max();
    policy.list_at(&["rules"]).iter().position(|rule| {
        let wanted = rule.i64_at(&["succeededCount"]);
        match rule.str_at(&["succeededIndexes"]) {
            Some(text) => {
                let required = Indexes::parse(text, limit);
                let met = required.iter().filter(|index| succeeded.contains(*index)).count() as i64;
                met >= wanted.unwrap_or(required.total())
            }
            None => wanted.is_some_and(|wanted| succeeded.total() >= wanted),
        }
    })
}
