//! Lists of conditions, as most kinds have them.

use apimachinery::{Value, time, value};
use jiff::Timestamp;

/// A condition that changed `now`.
pub fn new(kind: &str, status: &str, reason: &str, message: &str, now: Timestamp) -> Value {
    value!({
        "type": kind,
        "status": status,
        "lastTransitionTime": time::format_seconds(now),
        "reason": reason,
        "message": message
    })
}

/// The condition `kind` in a status.
pub fn get<'s>(status: &'s Value, kind: &str) -> Option<&'s Value> {
    status.list_at(&["conditions"]).iter().find(|condition| condition.str_at(&["type"]) == Some(kind))
}

/// The reason of the condition `kind`.
pub fn reason<'s>(status: &'s Value, kind: &str) -> Option<&'s str> {
    get(status, kind)?.str_at(&["reason"])
}

/// Puts `condition` in, unless one with the same status and reason stands there; the time of the transition
/// stays when the status stays. A changed condition goes to the end, as upstream's helpers do it.
pub fn set(status: &mut Value, mut condition: Value) {
    let kind = condition.str_at(&["type"]).unwrap_or_default().to_owned();
    if let Some(current) = get(status, &kind) {
        let same = |key| current.str_at(&[key]) == condition.str_at(&[key]);
        if same("status") && same("reason") {
            return;
        }
        if same("status")
            && let Some(since) = current.str_at(&["lastTransitionTime"])
        {
            let since = since.to_owned();
            condition.set(&["lastTransitionTime"], since);
        }
    }
    remove(status, &kind);
    status.make_map().get_or_insert_with("conditions", Value::default).make_list().push(condition);
}

/// Takes the condition `kind` out.
pub fn remove(status: &mut Value, kind: &str) {
    let Some(conditions) = status.at_mut(&["conditions"]).and_then(Value::as_list_mut) else { return };
    conditions.retain(|condition| condition.str_at(&["type"]) != Some(kind));
    if conditions.is_empty() {
        status.remove(&["conditions"]);
    }
}
