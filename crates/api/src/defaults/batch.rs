//! Conditional defaults of jobs. A cron job's template is not defaulted; the jobs made from it are.

use apimachinery::{Map, Value};

use super::set_if_absent;

pub(super) fn job(job: &mut Map) {
    let labels = job.get("spec").and_then(|spec| spec.at(&["template", "metadata", "labels"])).cloned();
    let spec = job.map_at("spec");
    let has = |spec: &Map, key: &str| spec.get(key).is_some_and(|value| !value.is_null());
    if !has(spec, "completions") && !has(spec, "parallelism") {
        spec.insert("completions", 1);
    }
    set_if_absent(spec, "parallelism", 1);
    let backoff_limit = if has(spec, "backoffLimitPerIndex") { i32::MAX } else { 6 };
    set_if_absent(spec, "backoffLimit", backoff_limit);
    set_if_absent(spec, "completionMode", "NonIndexed");
    set_if_absent(spec, "suspend", false);
    let replacement = if has(spec, "podFailurePolicy") { "Failed" } else { "TerminatingOrFailed" };
    set_if_absent(spec, "podReplacementPolicy", replacement);
    set_if_absent(spec, "manualSelector", false);
    let metadata = job.map_at("metadata");
    if let Some(Value::Map(labels)) = labels
        && !labels.is_empty()
        && metadata.get_map("labels").is_none_or(Map::is_empty)
    {
        metadata.insert("labels", labels);
    }
}
