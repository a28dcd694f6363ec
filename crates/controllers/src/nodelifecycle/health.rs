//! What a silent node's conditions become.

use apimachinery::{List, Object, Value, time, value};
use jiff::Timestamp;

use crate::pods;

/// Conditions that only the node itself can know.
const OWN_CONDITIONS: [&str; 4] = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

/// The times at which the node last spoke of its conditions.
pub(super) fn heartbeats(node: &Object) -> Vec<Option<&str>> {
    node.status().list_at("conditions").iter().map(|condition| condition.str_at(&["lastHeartbeatTime"])).collect()
}

/// The conditions of a node that has been silent for too long; `None` when they say so already.
pub(super) fn silenced(node: &Object, now: Timestamp) -> Option<List> {
    let mut conditions: List = node.status().list_at("conditions").iter().cloned().collect();
    let mut changed = false;
    for kind in OWN_CONDITIONS {
        match pods::condition(node, kind) {
            None => {
                conditions.push(value!({
                    "type": kind,
                    "status": "Unknown",
                    "reason": "NodeStatusNeverUpdated",
                    "message": "Kubelet never posted node status.",
                    "lastHeartbeatTime": node.creation_timestamp(),
                    "lastTransitionTime": time::format_seconds(now)
                }));
                changed = true;
            }
            Some(condition) if condition.str_at(&["status"]) == Some("Unknown") => {}
            Some(_) => {
                let mut own = conditions.iter_mut().filter(|condition| condition.str_at(&["type"]) == Some(kind));
                own.by_ref().for_each(|condition| silence(condition, now));
                changed = true;
            }
        }
    }
    changed.then_some(conditions)
}

fn silence(condition: &mut Value, now: Timestamp) {
    condition.set(&["status"], "Unknown");
    condition.set(&["reason"], "NodeStatusUnknown");
    condition.set(&["message"], "Kubelet stopped posting node status.");
    condition.set(&["lastTransitionTime"], time::format_seconds(now));
}
