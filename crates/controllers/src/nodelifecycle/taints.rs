//! The taints that follow from a node's conditions.

use apimachinery::{Object, Value, time, value};
use jiff::Timestamp;

use crate::pods;

const NOT_READY: &str = "node.kubernetes.io/not-ready";
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";
/// A condition, the status in which it taints, and the taint's key.
const BY_CONDITION: [(&str, &str, &str); 6] = [
    ("Ready", "False", NOT_READY),
    ("Ready", "Unknown", UNREACHABLE),
    ("MemoryPressure", "True", "node.kubernetes.io/memory-pressure"),
    ("DiskPressure", "True", "node.kubernetes.io/disk-pressure"),
    ("PIDPressure", "True", "node.kubernetes.io/pid-pressure"),
    ("NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"),
];

/// Everything of a node that taints follow from, taints included: heartbeats are not among it.
pub(super) fn basis(node: &Object) -> (Vec<[Option<&str>; 2]>, bool, &[Value]) {
    let conditions = node.status().list_at("conditions").iter();
    let statuses = conditions.map(|condition| ["type", "status"].map(|key| condition.str_at(&[key]))).collect();
    (statuses, node.spec().bool_at("unschedulable") == Some(true), node.spec().list_at("taints"))
}

fn is(taint: &Value, key: &str, effect: &str) -> bool {
    taint.str_at(&["key"]) == Some(key) && taint.str_at(&["effect"]) == Some(effect)
}

fn evicts(taint: &Value) -> bool {
    is(taint, NOT_READY, "NoExecute") || is(taint, UNREACHABLE, "NoExecute")
}

/// The node's taints as they should be; those that others have put there stay.
pub(super) fn wanted(node: &Object, now: Timestamp) -> Vec<Value> {
    let status = |kind| pods::condition(node, kind).and_then(|condition| condition.str_at(&["status"]));
    let mut rows: Vec<(&str, &str, bool)> =
        BY_CONDITION.iter().map(|(kind, taints, key)| (*key, "NoSchedule", status(kind) == Some(*taints))).collect();
    rows.push((UNSCHEDULABLE, "NoSchedule", node.spec().bool_at("unschedulable") == Some(true)));
    rows.push((NOT_READY, "NoExecute", status("Ready") == Some("False")));
    rows.push((UNREACHABLE, "NoExecute", status("Ready") == Some("Unknown")));
    let mut taints = node.spec().list_at("taints").to_vec();
    for (key, effect, wanted) in rows {
        let present = taints.iter().any(|taint| is(taint, key, effect));
        if present && !wanted {
            taints.retain(|taint| !is(taint, key, effect));
        } else if wanted && !present {
            taints.push(value!({"key": key, "effect": effect, "timeAdded": time::format_seconds(now)}));
        }
    }
    taints
}

/// Whether `wanted` has a taint that evicts which the node does not have.
pub(super) fn adds_eviction(node: &Object, wanted: &[Value]) -> bool {
    let present = node.spec().list_at("taints");
    wanted.iter().any(|taint| evicts(taint) && !present.contains(taint))
}

/// `wanted` without the taints that evict and that the node does not have.
pub(super) fn without_evictions(node: &Object, mut wanted: Vec<Value>) -> Vec<Value> {
    let present = node.spec().list_at("taints");
    wanted.retain(|taint| !evicts(taint) || present.contains(taint));
    wanted
}
