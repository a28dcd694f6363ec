//! What controllers want to know of a pod.

use apimachinery::{Object, Value, time};
use jiff::Timestamp;

/// `status.phase`; empty when unset.
pub fn phase(pod: &Object) -> &str {
    pod.status().str_at("phase").unwrap_or_default()
}

/// Whether it ended, well or badly.
pub fn is_finished(pod: &Object) -> bool {
    matches!(phase(pod), "Succeeded" | "Failed")
}

/// Whether it runs or may yet run.
pub fn is_active(pod: &Object) -> bool {
    !is_finished(pod) && pod.deletion_timestamp().is_none()
}

/// Whether it is on its way out but still runs.
pub fn is_terminating(pod: &Object) -> bool {
    !is_finished(pod) && pod.deletion_timestamp().is_some()
}

/// The node that it is bound to; empty for none.
pub fn node_name(pod: &Object) -> &str {
    pod.spec().str_at("nodeName").unwrap_or_default()
}

/// The condition `kind` of any object.
pub fn condition<'o>(object: &'o Object, kind: &str) -> Option<&'o Value> {
    object.status().list_at("conditions").iter().find(|condition| condition.str_at(&["type"]) == Some(kind))
}

/// Whether the condition `kind` is `True`.
pub fn condition_is_true(object: &Object, kind: &str) -> bool {
    condition(object, kind).and_then(|condition| condition.str_at(&["status"])) == Some("True")
}

/// Whether the pod is ready.
pub fn is_ready(pod: &Object) -> bool {
    condition_is_true(pod, "Ready")
}

/// Since when the pod is ready, if it is.
pub fn ready_since(pod: &Object) -> Option<Timestamp> {
    let ready = condition(pod, "Ready").filter(|ready| ready.str_at(&["status"]) == Some("True"))?;
    time::parse(ready.str_at(&["lastTransitionTime"])?)
}

/// Whether the pod has been ready for `min_ready_seconds`.
pub fn is_available(pod: &Object, min_ready_seconds: i64, now: Timestamp) -> bool {
    is_ready(pod) && available_in_seconds(pod, min_ready_seconds, now) == Some(0)
}

/// In how many seconds a ready pod will be available, if it stays ready.
pub fn available_in_seconds(pod: &Object, min_ready_seconds: i64, now: Timestamp) -> Option<i64> {
    if !is_ready(pod) {
        return None;
    }
    if min_ready_seconds == 0 {
        return Some(0);
    }
    let at = ready_since(pod)?.as_second() + min_ready_seconds;
    Some((at - now.as_second()).max(0))
}

/// `creationTimestamp` as a time.
pub fn created(object: &Object) -> Option<Timestamp> {
    time::parse(object.creation_timestamp())
}
