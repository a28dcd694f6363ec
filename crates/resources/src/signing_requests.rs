//! Certificate signing requests: who asked is what the API server says, and each subresource has its own half.

use crate::validation::certificates;
use apimachinery::{
    List, Map, Object, Str, Value,
    field::{FieldError, Path},
    time,
};
use apiserver::{RequestContext, Strategy, UserInfo};

/// What only the `approval` subresource may add.
const DECISIONS: [&str; 2] = ["Approved", "Denied"];

/// Requests carry their author, and nothing but decisions and certificates changes in them.
pub(crate) struct SigningRequests;

fn conditions(object: &Object) -> &[Value] {
    object.status().list_at("conditions")
}

fn count(object: &Object, kind: &str) -> usize {
    conditions(object).iter().filter(|condition| condition.str_at(&["type"]) == Some(kind)).count()
}

fn author(spec: &mut Map, user: &UserInfo) {
    for field in ["username", "uid", "groups", "extra"] {
        spec.remove(field);
    }
    let list = |texts: &[Str]| texts.iter().map(|text| Value::from(text.as_str())).collect::<List>();
    spec.insert(Str::from_static("username"), user.name.as_str());
    if !user.uid.is_empty() {
        spec.insert(Str::from_static("uid"), user.uid.as_str());
    }
    spec.insert(Str::from_static("groups"), list(&user.groups));
    if !user.extra.is_empty() {
        let extra: Map = user.extra.iter().map(|(key, texts)| (key.clone(), Value::from(list(texts)))).collect();
        spec.insert(Str::from_static("extra"), extra);
    }
}

fn text_of(condition: &Value, field: &str) -> String {
    condition.str_at(&[field]).unwrap_or_default().to_owned()
}

/// Gives conditions the times that they lack; a condition that was there keeps the time of its change.
fn stamp(object: &mut Object, old: &Object) {
    let now = time::format_seconds(stdx::clock::now());
    let Some(list) = object.at_mut(&["status", "conditions"]).and_then(Value::as_list_mut) else { return };
    for condition in list.iter_mut() {
        if text_of(condition, "lastUpdateTime").is_empty() {
            condition.set(&["lastUpdateTime"], now.as_str());
        }
        if text_of(condition, "lastTransitionTime").is_empty() {
            let (kind, status) = (text_of(condition, "type"), text_of(condition, "status"));
            let before = conditions(old).iter().find(|before| {
                before.str_at(&["type"]) == Some(kind.as_str()) && before.str_at(&["status"]) == Some(status.as_str())
            });
            let since = before.and_then(|before| before.str_at(&["lastTransitionTime"])).unwrap_or(&now);
            condition.set(&["lastTransitionTime"], since);
        }
    }
}

fn keep(object: &mut Object, old: &Object, path: &[&str]) {
    match old.at(path) {
        Some(value) => object.set(path, value.clone()),
        None => {
            object.remove(path);
        }
    }
}

/// The decisions of `old` at their places in `object`.
fn keep_decisions(object: &mut Object, old: &Object) {
    for kind in DECISIONS {
        if count(object, kind) != count(old, kind) {
            // Validation refuses it.
            continue;
        }
        let is = |condition: &&Value| condition.str_at(&["type"]) == Some(kind);
        let mut kept = conditions(old).iter().filter(is).cloned().collect::<Vec<_>>().into_iter();
        let Some(list) = object.at_mut(&["status", "conditions"]).and_then(Value::as_list_mut) else { return };
        for condition in list.iter_mut().filter(|condition| condition.str_at(&["type"]) == Some(kind)) {
            if let Some(before) = kept.next() {
                *condition = before;
            }
        }
    }
}

impl Strategy for SigningRequests {
    fn has_generation(&self) -> bool {
        false
    }

    fn prepare_for_create(&self, context: &RequestContext, object: &mut Object) {
        object.make_map().remove("status");
        author(object.make_map().map_at(Str::from_static("spec")), &context.user);
    }

    fn prepare_for_update(&self, _: &RequestContext, subresource: &str, object: &mut Object, old: &Object) {
        keep(object, old, &["spec"]);
        match subresource {
            "status" => {
                keep_decisions(object, old);
                stamp(object, old);
            }
            "approval" => {
                stamp(object, old);
                let decided = object.at(&["status", "conditions"]).cloned();
                keep(object, old, &["status"]);
                if let Some(decided) = decided {
                    object.set(&["status", "conditions"], decided);
                }
            }
            _ => keep(object, old, &["status"]),
        }
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        certificates::signing_request(object)
    }

    fn validate_update(&self, subresource: &str, object: &Object, old: &Object) -> Vec<FieldError> {
        let path = Path::new("status").child("conditions");
        let mut errors = Vec::new();
        for kind in ["Approved", "Denied", "Failed"] {
            let (before, now) = (count(old, kind), count(object, kind));
            let may_add = if kind == "Failed" { subresource == "status" } else { subresource == "approval" };
            if now > before && !may_add {
                errors.push(FieldError::forbidden(&path, format!("updates may not add a condition of type {kind:?}")));
            }
            if now < before {
                let message = format!("updates may not remove a condition of type {kind:?}");
                errors.push(FieldError::forbidden(&path, message));
            }
        }
        if DECISIONS.iter().all(|kind| count(object, kind) > 0) {
            errors.push(FieldError::invalid(&path, "Denied", "Approved and Denied conditions are mutually exclusive"));
        }
        errors
    }

    fn selectable_field<'o>(&self, object: &'o Object, field: &str) -> Option<&'o str> {
        (field == "spec.signerName").then(|| object.spec().str_at("signerName").unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use apimachinery::value;

    use super::*;

    fn context() -> RequestContext {
        RequestContext::new(UserInfo::new("alice", &["team"]), "")
    }

    #[test]
    fn the_author_is_who_asked() {
        let mut object = Object(value!({
            "spec": {"username": "system:node:n", "groups": ["system:nodes"]}, "status": {"certificate": "x"}
        }));
        SigningRequests.prepare_for_create(&context(), &mut object);
        let expected = value!({"spec": {"username": "alice", "groups": ["team", "system:authenticated"]}});
        assert_eq!(object.0, expected);
    }

    #[test]
    fn decisions_are_made_by_approval_alone() {
        let old = Object(value!({"spec": {"signerName": "s"}, "status": {"certificate": "x"}}));
        let approved = || Object(value!({"status": {"conditions": [{"type": "Approved", "status": "True"}]}}));
        let write = |subresource: &str| {
            let mut object = approved();
            SigningRequests.prepare_for_update(&context(), subresource, &mut object, &old);
            let refused = !SigningRequests.validate_update(subresource, &object, &old).is_empty();
            (refused, count(&object, "Approved"), object.status().str_at("certificate").is_some())
        };
        assert_eq!(write("approval"), (false, 1, true));
        assert_eq!(write(""), (false, 0, true));
        assert_eq!(write("status"), (true, 1, false));
    }
}
