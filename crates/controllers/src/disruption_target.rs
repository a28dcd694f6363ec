//! The condition by which a pod says that it is being removed for a reason that is not its own.

use apimachinery::{List, Object, Value, value};

use crate::conditions;

/// The merge patch that gives `pod` the condition `DisruptionTarget`.
pub fn patch(pod: &Object, reason: &str, message: &str) -> Value {
    let condition = conditions::new("DisruptionTarget", "True", reason, message, stdx::clock::now());
    let mut all: List = pod.status().list_at("conditions").iter().cloned().collect();
    all.retain(|other| other.str_at(&["type"]) != Some("DisruptionTarget"));
    all.push(condition);
    value!({"metadata": {"uid": pod.uid(), "resourceVersion": pod.resource_version()}, "status": {"conditions": all}})
}
