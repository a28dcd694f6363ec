//! The status of a budget.

use std::{collections::BTreeMap, sync::Arc};

use apimachinery::{Map, Object, Str, Value, time, value};
use jiff::Timestamp;

use crate::{conditions, int_or_percent, patches, pods};

/// A pod whose eviction was granted counts as gone for this time, in seconds.
const DELETION_TIMEOUT_SECONDS: i64 = 120;

/// What a reconcile sees.
pub(super) struct Observed {
    pub(super) budget: Arc<Object>,
    /// The pods that the budget selects and that have not ended.
    pub(super) pods: Vec<Arc<Object>>,
    pub(super) now: Timestamp,
}

/// What the pods' controllers want.
#[derive(Default)]
pub(super) struct Scale {
    pub(super) by_controller: BTreeMap<Str, i64>,
    /// Pods without a controller.
    pub(super) unmanaged: usize,
}

/// The status, and when it changes by the mere passing of time.
pub(super) struct Plan {
    pub(super) status: Value,
    pub(super) check_after_seconds: Option<u64>,
}

/// Whether the budget counts in what controllers want, not in what is there.
pub(super) fn needs_scale(budget: &Object) -> bool {
    let spec = budget.spec();
    spec.contains_key("maxUnavailable") || spec.get("minAvailable").is_some_and(|value| value.as_str().is_some())
}

/// Expected and desired pods.
fn wanted(observed: &Observed, scale: &Scale) -> (i64, i64) {
    let spec = observed.budget.spec();
    let total: i64 = scale.by_controller.values().sum();
    let scaled = |value| int_or_percent::scaled(value, total, true).unwrap_or_default();
    match (spec.get("maxUnavailable"), spec.get("minAvailable")) {
        (Some(max), _) => (total, (total - scaled(max)).max(0)),
        (None, Some(Value::Int(min))) => (observed.pods.len() as i64, *min),
        (None, Some(min)) => (total, scaled(min)),
        (None, None) => (0, 0),
    }
}

pub(super) fn plan(observed: &Observed, scale: &Scale, failure: Option<&str>) -> Plan {
    let budget = &observed.budget;
    let mut status = patches::status_of(budget);
    if let Some(failure) = failure {
        // Without knowing, nothing may be disrupted.
        status.set(&["disruptionsAllowed"], 0);
        set_condition(observed, &mut status, "False", "SyncFailed", failure);
        return Plan { status, check_after_seconds: None };
    }
    let (disrupted, check_after_seconds) = disrupted(observed);
    let (expected, desired) = wanted(observed, scale);
    let healthy = observed
        .pods
        .iter()
        .filter(|pod| pod.deletion_timestamp().is_none() && !disrupted.contains_key(pod.name()) && pods::is_ready(pod));
    let healthy = healthy.count() as i64;
    let allowed = if expected <= 0 { 0 } else { (healthy - desired).max(0) };
    for (key, count) in [
        ("currentHealthy", healthy),
        ("desiredHealthy", desired),
        ("expectedPods", expected),
        ("disruptionsAllowed", allowed),
    ] {
        status.set(&[key], count);
    }
    if disrupted.is_empty() {
        status.remove(&["disruptedPods"]);
    } else {
        status.set(&["disruptedPods"], disrupted);
    }
    patches::set_count(&mut status, "observedGeneration", budget.generation());
    let (state, reason) = if allowed > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
    set_condition(observed, &mut status, state, reason, "");
    Plan { status, check_after_seconds }
}

fn set_condition(observed: &Observed, status: &mut Value, state: &str, reason: &str, message: &str) {
    let current = conditions::get(status, "DisruptionAllowed");
    let since = current
        .filter(|current| current.str_at(&["status"]) == Some(state))
        .and_then(|current| current.str_at(&["lastTransitionTime"]))
        .map_or_else(|| time::format_seconds(observed.now), str::to_owned);
    let condition = value!({
        "type": "DisruptionAllowed",
        "status": state,
        "reason": reason,
        "message": message,
        "lastTransitionTime": since,
        "observedGeneration": observed.budget.generation()
    });
    if current != Some(&condition) {
        conditions::remove(status, "DisruptionAllowed");
        status.make_map().get_or_insert_with("conditions", Value::default).make_list().push(condition);
    }
}

/// The pods whose eviction was granted and who are still there, and when the first of them counts again.
fn disrupted(observed: &Observed) -> (Map, Option<u64>) {
    let known = observed.budget.status().get_map("disruptedPods").unwrap_or(&Map::EMPTY).clone();
    let mut kept = Map::new();
    let mut check = None;
    for pod in observed.pods.iter().filter(|pod| pod.deletion_timestamp().is_none()) {
        let Some(text) = known.str_at(pod.name()) else { continue };
        let Some(granted) = time::parse(text) else { continue };
        let left = granted.as_second() + DELETION_TIMEOUT_SECONDS - observed.now.as_second();
        if let Some(left) = u64::try_from(left).ok().filter(|left| *left > 0) {
            kept.insert(pod.name(), text);
            check = Some(check.map_or(left, |known: u64| known.min(left)));
        }
    }
    (kept, check)
}
