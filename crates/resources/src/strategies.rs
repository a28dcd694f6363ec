//! Kinds whose behaviour fits into a few lines.

use std::time::Duration;

use apimachinery::{
    Object, Str, Value,
    field::{FieldError, Path},
    names, value,
};
use apiserver::{RequestContext, Strategy, resource::keep_other_half};

use crate::install::text_at;

/// Spec and status, counted by generation.
pub(crate) struct Plain;

impl Strategy for Plain {}

/// Spec and status, without a generation.
pub(crate) struct Uncounted;

impl Strategy for Uncounted {
    fn has_generation(&self) -> bool {
        false
    }
}

/// Storage that waits to be bound when it is new.
pub(crate) struct Unbound;

impl Strategy for Unbound {
    fn has_generation(&self) -> bool {
        false
    }

    fn prepare_for_create(&self, _: &RequestContext, object: &mut Object) {
        object.set(&["status"], value!({"phase": "Pending"}));
    }
}

/// Neither status nor generation.
pub(crate) struct Stateless;

impl Strategy for Stateless {
    fn has_status(&self) -> bool {
        false
    }

    fn has_generation(&self) -> bool {
        false
    }
}

/// A generation, and no status.
pub(crate) struct StatelessCounted;

impl Strategy for StatelessCounted {
    fn has_status(&self) -> bool {
        false
    }
}

/// RBAC objects: names may hold colons, and a PUT may make them.
pub(crate) struct PathNamed;

impl Strategy for PathNamed {
    fn validate_name(&self, name: &str) -> Vec<String> {
        names::path_segment(name)
    }

    fn has_status(&self) -> bool {
        false
    }

    fn has_generation(&self) -> bool {
        false
    }

    fn allow_create_on_update(&self) -> bool {
        true
    }

    fn validate_update(&self, _: &str, object: &Object, old: &Object) -> Vec<FieldError> {
        let role = |object: &Object| object.at(&["roleRef"]).cloned();
        let changed = role(object) != role(old);
        let detail = "cannot change roleRef";
        let error = || FieldError::invalid(&Path::new("roleRef"), role(object).unwrap_or_default(), detail);
        changed.then(error).into_iter().collect()
    }
}

/// Events vanish after an hour unless they are renewed.
pub(crate) struct Events;

const EVENT_TIME_TO_LIVE: Duration = Duration::from_secs(3600);

impl Strategy for Events {
    fn has_status(&self) -> bool {
        false
    }

    fn has_generation(&self) -> bool {
        false
    }

    fn allow_create_on_update(&self) -> bool {
        true
    }

    fn time_to_live(&self, _: &Object) -> Option<Duration> {
        Some(EVENT_TIME_TO_LIVE)
    }

    fn selectable_field<'o>(&self, object: &'o Object, field: &str) -> Option<&'o str> {
        let path: &[&str] = match field {
            "involvedObject.kind" | "regarding.kind" => &["involvedObject", "kind"],
            "involvedObject.namespace" | "regarding.namespace" => &["involvedObject", "namespace"],
            "involvedObject.name" | "regarding.name" => &["involvedObject", "name"],
            "involvedObject.uid" | "regarding.uid" => &["involvedObject", "uid"],
            "involvedObject.apiVersion" | "regarding.apiVersion" => &["involvedObject", "apiVersion"],
            "involvedObject.resourceVersion" => &["involvedObject", "resourceVersion"],
            "involvedObject.fieldPath" => &["involvedObject", "fieldPath"],
            "reason" => &["reason"],
            "reportingComponent" | "reportingController" => &["reportingComponent"],
            "source" => &["source", "component"],
            "type" => &["type"],
            _ => return None,
        };
        Some(text_at(object, path))
    }
}

/// A namespace goes when its content has gone: the namespace controller takes its spec's finalizer away.
pub(crate) struct Namespaces;

impl Strategy for Namespaces {
    fn validate_name(&self, name: &str) -> Vec<String> {
        names::dns1123_label(name)
    }

    fn has_generation(&self) -> bool {
        false
    }

    fn prepare_for_create(&self, _: &RequestContext, object: &mut Object) {
        object.set(&["status"], value!({"phase": "Active"}));
        let mut finalizers = object.0.list_at(&["spec", "finalizers"]).to_vec();
        if !finalizers.iter().any(|finalizer| finalizer.as_str() == Some("kubernetes")) {
            finalizers.push("kubernetes".into());
        }
        object.set(&["spec", "finalizers"], finalizers);
        let name = Str::from(object.name());
        object.metadata_mut().map_at("labels").insert(Str::from_static("kubernetes.io/metadata.name"), name);
    }

    fn prepare_for_update(&self, _: &RequestContext, subresource: &str, object: &mut Object, old: &Object) {
        match subresource {
            "finalize" => {
                let status = old.at(&["status"]).cloned().unwrap_or_default();
                object.set(&["status"], status);
            }
            "status" => keep_other_half("status", object, old),
            _ => {
                for part in ["status", "spec"] {
                    object.set(&[part], old.at(&[part]).cloned().unwrap_or_default());
                }
            }
        }
        if object.deletion_timestamp().is_some() {
            object.set(&["status", "phase"], "Terminating");
        }
    }

    fn may_be_removed(&self, object: &Object) -> bool {
        object.list_at(&["spec", "finalizers"]).is_empty()
    }

    fn mark_deleted(&self, object: &mut Object) {
        object.set(&["status", "phase"], "Terminating");
    }

    fn returns_deleted_object(&self) -> bool {
        true
    }

    fn selectable_field<'o>(&self, object: &'o Object, field: &str) -> Option<&'o str> {
        match field {
            "name" => Some(object.name()),
            "status.phase" => Some(text_at(object, &["status", "phase"])),
            _ => None,
        }
    }
}

/// Nodes are selected by whether pods may come.
pub(crate) struct Nodes;

impl Strategy for Nodes {
    fn has_generation(&self) -> bool {
        false
    }

    fn prepare_for_create(&self, _: &RequestContext, _: &mut Object) {
        // The kubelet registers a node together with its status.
    }

    fn selectable_field<'o>(&self, object: &'o Object, field: &str) -> Option<&'o str> {
        let unschedulable = object.bool_at(&["spec", "unschedulable"]) == Some(true);
        (field == "spec.unschedulable").then_some(if unschedulable { "true" } else { "false" })
    }

    fn validate_update(&self, _: &str, object: &Object, old: &Object) -> Vec<FieldError> {
        let path = Path::new("spec.providerID");
        let (new, before) = (text_at(object, &["spec", "providerID"]), text_at(old, &["spec", "providerID"]));
        if !before.is_empty() && new != before {
            return vec![FieldError::forbidden(
                &path,
                "node updates may not change providerID except from \"\" to valid",
            )];
        }
        Vec::new()
    }
}

/// Secrets take `stringData` into `data`, and their type is final.
pub(crate) struct Secrets;

impl Secrets {
    fn take_string_data(object: &mut Object) {
        let Some(Value::Map(texts)) = object.make_map().remove("stringData") else { return };
        let data = object.make_map().map_at("data");
        for (key, text) in texts {
            let bytes = text.as_str().unwrap_or_default().as_bytes();
            data.insert(key, apimachinery::base64_encode(bytes));
        }
    }
}

/// The most bytes of a secret's or config map's data.
const DATA_BYTES_LIMIT: usize = 1 << 20;

fn validate_data(object: &Object, field: &str, errors: &mut Vec<FieldError>) -> usize {
    let path = Path::new(field);
    let mut total = 0;
    for (key, value) in object.map_at(&[field]).into_iter().flat_map(|map| map.iter()) {
        let problems = names::config_map_key(key);
        errors.extend(problems.iter().map(|problem| FieldError::invalid(&path.key(key), key, problem)));
        total += value.as_str().map_or(0, str::len);
    }
    total
}

/// What may not change of a secret or config map that says so.
fn validate_immutable(object: &Object, old: &Object, fields: &[&str]) -> Vec<FieldError> {
    if old.bool_at(&["immutable"]) != Some(true) {
        return Vec::new();
    }
    let mut changed: Vec<&str> =
        fields.iter().copied().filter(|field| object.at(&[field]) != old.at(&[field])).collect();
    if object.bool_at(&["immutable"]) != Some(true) {
        changed.insert(0, "immutable");
    }
    let forbidden =
        |field: &str| FieldError::forbidden(&Path::new(field), "field is immutable when `immutable` is set");
    changed.into_iter().map(forbidden).collect()
}

/// Config maps: keys that can be names of files, of a size that a node can hold.
pub(crate) struct ConfigMaps;

impl Strategy for ConfigMaps {
    fn has_status(&self) -> bool {
        false
    }

    fn has_generation(&self) -> bool {
        false
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let total =
            validate_data(object, "data", &mut errors) + validate_data(object, "binaryData", &mut errors) / 4 * 3;
        if total > DATA_BYTES_LIMIT {
            errors.push(FieldError::too_long(&Path::root(), DATA_BYTES_LIMIT));
        }
        for key in object.map_at(&["data"]).into_iter().flat_map(|data| data.keys()) {
            if object.at(&["binaryData", key]).is_some() {
                errors.push(FieldError::invalid(
                    &Path::new("data").key(key),
                    key,
                    "duplicate of key present in binaryData",
                ));
            }
        }
        errors
    }

    fn validate_update(&self, _: &str, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut errors = validate_immutable(object, old, &["data", "binaryData"]);
        errors.extend(self.validate(object));
        errors
    }
}

impl Strategy for Secrets {
    fn has_status(&self) -> bool {
        false
    }

    fn has_generation(&self) -> bool {
        false
    }

    fn prepare_for_create(&self, _: &RequestContext, object: &mut Object) {
        Secrets::take_string_data(object);
    }

    fn prepare_for_update(&self, _: &RequestContext, _: &str, object: &mut Object, old: &Object) {
        Secrets::take_string_data(object);
        if text_at(object, &["type"]).is_empty() {
            object.set(&["type"], text_at(old, &["type"]));
        }
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let total = validate_data(object, "data", &mut errors) / 4 * 3;
        if total > DATA_BYTES_LIMIT {
            errors.push(FieldError::too_long(&Path::new("data"), DATA_BYTES_LIMIT));
        }
        let wanted: &[&str] = match text_at(object, &["type"]) {
            "kubernetes.io/dockerconfigjson" => &[".dockerconfigjson"],
            "kubernetes.io/dockercfg" => &[".dockercfg"],
            "kubernetes.io/tls" => &["tls.crt", "tls.key"],
            "kubernetes.io/ssh-auth" => &["ssh-privatekey"],
            _ => &[],
        };
        for key in wanted {
            if object.map_at(&["data"]).is_none_or(|data| !data.contains_key(key)) {
                errors.push(FieldError::required(&Path::new("data").key(key), ""));
            }
        }
        errors
    }

    fn validate_update(&self, _: &str, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut errors = self.validate(object);
        if text_at(object, &["type"]) != text_at(old, &["type"]) {
            let kind = text_at(object, &["type"]);
            errors.push(FieldError::invalid(&Path::new("type"), kind, "field is immutable"));
        }
        errors.extend(validate_immutable(object, old, &["data"]));
        errors
    }

    fn selectable_field<'o>(&self, object: &'o Object, field: &str) -> Option<&'o str> {
        (field == "type").then(|| text_at(object, &["type"]))
    }
}

/// Selector and template labels of a kind that makes pods.
fn validate_template(object: &Object, errors: &mut Vec<FieldError>) {
    let path = Path::new("spec");
    let none = apimachinery::Map::new();
    let labels = object.map_at(&["spec", "template", "metadata", "labels"]).unwrap_or(&none);
    let selector = object.at(&["spec", "selector"]);
    let empty = selector.and_then(Value::as_map).is_none_or(apimachinery::Map::is_empty);
    if empty {
        errors.push(FieldError::required(&path.child("selector"), ""));
        return;
    }
    let matches = match selector {
        Some(Value::Map(map)) if !map.contains_key("matchLabels") && !map.contains_key("matchExpressions") => {
            apimachinery::labels::Selector::from_set(map).matches(labels)
        }
        selector => match apimachinery::labels::Selector::from_label_selector(selector) {
            Ok(selector) => selector.matches(labels),
            Err(problem) => {
                errors.push(FieldError::invalid(
                    &path.child("selector"),
                    selector.cloned().unwrap_or_default(),
                    problem.0,
                ));
                return;
            }
        },
    };
    if !matches {
        let labels = Value::Map(labels.clone());
        let detail = "`selector` does not match template `labels`";
        errors.push(FieldError::invalid(&path.child("template.metadata.labels"), labels, detail));
    }
    errors.extend(crate::pods::validate_template_spec(object, &path.child("template.spec")));
    if object.i64_at(&["spec", "replicas"]).is_some_and(|replicas| replicas < 0) {
        let replicas = object.i64_at(&["spec", "replicas"]).unwrap_or_default();
        errors.push(FieldError::invalid(&path.child("replicas"), replicas, "must be greater than or equal to 0"));
    }
}

fn validate_selector_unchanged(object: &Object, old: &Object, errors: &mut Vec<FieldError>) {
    let (new, before) = (object.at(&["spec", "selector"]), old.at(&["spec", "selector"]));
    if new != before {
        let value = new.cloned().unwrap_or_default();
        errors.push(FieldError::invalid(&Path::new("spec.selector"), value, "field is immutable"));
    }
}

/// Deployments.
pub(crate) struct Deployments;

impl Strategy for Deployments {
    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut errors = Vec::new();
        validate_template(object, &mut errors);
        errors
    }

    fn validate_update(&self, subresource: &str, object: &Object, old: &Object) -> Vec<FieldError> {
        if subresource == "status" {
            return Vec::new();
        }
        let mut errors = self.validate(object);
        validate_selector_unchanged(object, old, &mut errors);
        errors
    }
}

/// Replica sets and replication controllers.
pub(crate) struct ReplicaControllers;

impl Strategy for ReplicaControllers {
    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut errors = Vec::new();
        validate_template(object, &mut errors);
        errors
    }

    fn validate_update(&self, subresource: &str, object: &Object, old: &Object) -> Vec<FieldError> {
        if subresource == "status" {
            return Vec::new();
        }
        let mut errors = self.validate(object);
        if object.kind() == "ReplicaSet" {
            validate_selector_unchanged(object, old, &mut errors);
        }
        errors
    }

    fn default_propagation_orphans(&self) -> bool {
        false
    }
}

/// Jobs get a selector of their own unless they say otherwise.
pub(crate) struct Jobs;

impl Strategy for Jobs {
    fn prepare_for_create(&self, _: &RequestContext, object: &mut Object) {
        object.make_map().remove("status");
        object.set(&["status"], value!({}));
        if object.bool_at(&["spec", "manualSelector"]) == Some(true) {
            return;
        }
        let (uid, name) = (object.uid().to_owned(), object.name().to_owned());
        for (key, text) in [
            ("controller-uid", &uid),
            ("job-name", &name),
            ("batch.kubernetes.io/controller-uid", &uid),
            ("batch.kubernetes.io/job-name", &name),
        ] {
            object.set(&["spec", "template", "metadata", "labels", key], text.as_str());
        }
        let selected = value!({"batch.kubernetes.io/controller-uid": uid});
        object.set(&["spec", "selector"], value!({"matchLabels": selected}));
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut errors = Vec::new();
        validate_template(object, &mut errors);
        let policy = object.str_at(&["spec", "template", "spec", "restartPolicy"]).unwrap_or_default();
        if !matches!(policy, "OnFailure" | "Never") {
            let path = Path::new("spec.template.spec.restartPolicy");
            errors.push(match policy {
                "Always" | "" => FieldError::required(&path, "valid values: \"OnFailure\", \"Never\""),
                other => FieldError::not_supported(&path, other, &["OnFailure", "Never"]),
            });
        }
        errors
    }

    fn validate_update(&self, subresource: &str, object: &Object, old: &Object) -> Vec<FieldError> {
        if subresource == "status" {
            return Vec::new();
        }
        let mut errors = self.validate(object);
        validate_selector_unchanged(object, old, &mut errors);
        errors
    }

    fn selectable_field<'o>(&self, object: &'o Object, field: &str) -> Option<&'o str> {
        if field != "status.successful" {
            return None;
        }
        Some(if object.i64_at(&["status", "succeeded"]).unwrap_or_default() > 0 { "1" } else { "0" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_immutable_config_map_keeps_its_data() {
        let map = |data: Value, immutable: Value| Object(value!({"data": data, "immutable": immutable}));
        let old = map(value!({"a": "1"}), value!(true));
        let problems = |object: &Object, old: &Object| -> Vec<String> {
            ConfigMaps.validate_update("", object, old).iter().map(ToString::to_string).collect()
        };
        assert_eq!(problems(&old, &old), Vec::<String>::new());
        let changed = problems(&map(value!({"a": "2"}), value!(true)), &old);
        assert!(changed.len() == 1 && changed[0].starts_with("data: Forbidden: field is immutable"), "{changed:?}");
        assert_eq!(problems(&map(value!({"a": "1"}), Value::Null), &old).len(), 1);
        let free = map(value!({"a": "1"}), Value::Null);
        assert_eq!(problems(&map(value!({"a": "2"}), value!(true)), &free), Vec::<String>::new());
        let twice = Object(value!({"data": {"a": "1"}, "binaryData": {"a": "MQ=="}}));
        assert_eq!(ConfigMaps.validate(&twice).len(), 1);
    }
}
