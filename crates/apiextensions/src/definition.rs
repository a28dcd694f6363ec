//! `CustomResourceDefinition`: what a definition may say.

use apimachinery::{
    Object, Str, Value,
    field::{FieldError, Path},
    names, value,
};
use apiserver::{RequestContext, Strategy, resource::keep_other_half};
use regex::Regex;

/// Holds a definition until its objects are gone.
pub(crate) const CLEANUP_FINALIZER: &str = "customresourcecleanup.apiextensions.k8s.io";

/// The strategy of definitions.
pub struct Definitions;

fn versions(object: &Object) -> &[Value] {
    object.list_at(&["spec", "versions"])
}

fn storage_version(object: &Object) -> Option<&str> {
    versions(object).iter().find(|version| version.bool_at(&["storage"]) == Some(true))?.str_at(&["name"])
}

/// Notes the version in which objects are stored from now on.
fn note_storage_version(object: &mut Object) {
    let Some(stored) = storage_version(object).map(str::to_owned) else { return };
    let list = object.0.make_map().map_at("status").get_or_insert_with("storedVersions", || value!([])).make_list();
    if !list.iter().any(|version| version.as_str() == Some(&stored)) {
        list.push(Value::from(stored));
    }
}

impl Strategy for Definitions {
    fn prepare_for_create(&self, _: &RequestContext, object: &mut Object) {
        object.set(&["status"], value!({"acceptedNames": {"kind": "", "plural": ""}}));
        note_storage_version(object);
    }

    fn prepare_for_update(&self, _: &RequestContext, subresource: &str, object: &mut Object, old: &Object) {
        keep_other_half(subresource, object, old);
        note_storage_version(object);
    }

    fn prepare_for_delete(&self, object: &mut Object) {
        let list = object.metadata_mut().get_or_insert_with("finalizers", || value!([])).make_list();
        let cleanup = Value::from(CLEANUP_FINALIZER);
        if !list.contains(&cleanup) {
            list.push(cleanup);
        }
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        validate(object)
    }

    fn validate_update(&self, subresource: &str, object: &Object, old: &Object) -> Vec<FieldError> {
        if subresource == "status" {
            return Vec::new();
        }
        let mut errors = validate(object);
        let path = Path::new("spec");
        for field in
            [&["spec", "group"][..], &["spec", "scope"], &["spec", "names", "kind"], &["spec", "names", "plural"]]
        {
            if object.at(field) != old.at(field) && established(old) {
                let value = object.at(field).cloned().unwrap_or_default();
                errors.push(FieldError::invalid(&path.child(&field[1..].join(".")), value, "field is immutable"));
            }
        }
        for (index, stored) in old.list_at(&["status", "storedVersions"]).iter().enumerate() {
            let name = stored.as_str().unwrap_or_default();
            if !versions(object).iter().any(|version| version.str_at(&["name"]) == Some(name)) {
                let path = Path::new("status.storedVersions").index(index);
                errors.push(FieldError::invalid(&path, name, "missing from spec.versions; v1 was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in v1 and removes v1 from status.storedVersions".replace("v1 ", &format!("{name} "))));
            }
        }
        errors
    }
}

/// Whether a definition's condition is true.
pub(crate) fn condition_is_true(object: &Object, condition_type: &str) -> bool {
    object.list_at(&["status", "conditions"]).iter().any(|condition| {
        condition.str_at(&["type"]) == Some(condition_type) && condition.str_at(&["status"]) == Some("True")
    })
}

fn established(object: &Object) -> bool {
    condition_is_true(object, "Established")
}

fn validate(object: &Object) -> Vec<FieldError> {
    let spec = Path::new("spec");
    let mut errors = Vec::new();
    let group = object.str_at(&["spec", "group"]).unwrap_or_default();
    let plural = object.str_at(&["spec", "names", "plural"]).unwrap_or_default();
    if object.name() != format!("{plural}.{group}") {
        let detail = "must be spec.names.plural+\".\"+spec.group";
        errors.push(FieldError::invalid(&Path::new("metadata.name"), object.name(), detail));
    }
    if group.is_empty() {
        errors.push(FieldError::required(&spec.child("group"), ""));
    } else {
        let problems = names::dns1123_subdomain(group);
        errors.extend(problems.iter().map(|problem| FieldError::invalid(&spec.child("group"), group, problem)));
        if !group.contains('.') {
            errors.push(FieldError::invalid(&spec.child("group"), group, "should be a domain with at least one dot"));
        }
    }
    match object.str_at(&["spec", "scope"]).unwrap_or_default() {
        "" => errors.push(FieldError::required(&spec.child("scope"), "")),
        "Namespaced" | "Cluster" => {}
        other => errors.push(FieldError::not_supported(&spec.child("scope"), other, &["Cluster", "Namespaced"])),
    }
    validate_names(object, &spec.child("names"), &mut errors);
    validate_versions(object, &spec.child("versions"), &mut errors);
    if object.str_at(&["spec", "conversion", "strategy"]) == Some("Webhook") {
        let path = spec.child("conversion.strategy");
        errors.push(FieldError::forbidden(&path, "conversion webhooks are not called yet; use None"));
    }
    errors
}

fn validate_names(object: &Object, path: &Path, errors: &mut Vec<FieldError>) {
    for field in ["plural", "singular", "kind", "listKind"] {
        let name = object.str_at(&["spec", "names", field]).unwrap_or_default();
        if name.is_empty() {
            errors.push(FieldError::required(&path.child(field), ""));
            continue;
        }
        let problems = names::dns1035_label(&name.to_lowercase());
        errors.extend(problems.iter().map(|problem| FieldError::invalid(&path.child(field), name, problem)));
    }
    let kind = object.str_at(&["spec", "names", "kind"]).unwrap_or_default();
    if !kind.is_empty() && object.str_at(&["spec", "names", "listKind"]) == Some(kind) {
        errors.push(FieldError::invalid(&path.child("listKind"), kind, "kind and listKind may not be the same"));
    }
}

fn validate_versions(object: &Object, path: &Path, errors: &mut Vec<FieldError>) {
    let versions = versions(object);
    if versions.is_empty() {
        errors.push(FieldError::required(path, "must have exactly one version marked as storage version"));
        return;
    }
    let storage = versions.iter().filter(|version| version.bool_at(&["storage"]) == Some(true)).count();
    if storage != 1 {
        let detail = "must have exactly one version marked as storage version";
        errors.push(FieldError::invalid(path, versions.iter().cloned().collect::<Value>(), detail));
    }
    let mut seen: Vec<&str> = Vec::new();
    for (index, version) in versions.iter().enumerate() {
        let at = path.index(index);
        let name = version.str_at(&["name"]).unwrap_or_default();
        let problems = names::dns1035_label(name);
        errors.extend(problems.iter().map(|problem| FieldError::invalid(&at.child("name"), name, problem)));
        if seen.contains(&name) {
            errors.push(FieldError::duplicate(&at.child("name"), name));
        }
        seen.push(name);
        let schema_path = at.child("schema.openAPIV3Schema");
        match version.at(&["schema", "openAPIV3Schema"]) {
            None => errors.push(FieldError::required(&schema_path, "schemas are required")),
            Some(schema) => {
                if schema.str_at(&["type"]) != Some("object") {
                    let found = schema.str_at(&["type"]).unwrap_or_default();
                    errors.push(FieldError::invalid(&schema_path.child("type"), found, "must be object at the root"));
                }
                validate_schema(schema, &schema_path, true, errors);
            }
        }
    }
}

/// Structural rules, and what this server cannot enforce yet.
fn validate_schema(schema: &Value, path: &Path, structural: bool, errors: &mut Vec<FieldError>) {
    let flag = |name: &str| schema.bool_at(&[name]) == Some(true);
    if !schema.list_at(&["x-kubernetes-validations"]).is_empty() {
        let detail = "validation rules in CEL are not evaluated yet";
        errors.push(FieldError::forbidden(&path.child("x-kubernetes-validations"), detail));
    }
    let untyped = schema.str_at(&["type"]).is_none_or(str::is_empty);
    if structural && untyped && !flag("x-kubernetes-int-or-string") && !flag("x-kubernetes-preserve-unknown-fields") {
        errors.push(FieldError::required(&path.child("type"), "must not be empty for specified object fields"));
    }
    if let Some(pattern) = schema.str_at(&["pattern"])
        && let Err(problem) = Regex::new(pattern)
    {
        errors.push(FieldError::invalid(
            &path.child("pattern"),
            pattern,
            format!("must be a valid regular expression: {problem}"),
        ));
    }
    if schema.str_at(&["type"]) == Some("array") && schema.at(&["items"]).is_none() {
        errors.push(FieldError::required(&path.child("items"), "must be specified"));
    }
    if let Some(reference) = schema.str_at(&["$ref"]) {
        errors.push(FieldError::forbidden(&path.child("$ref"), format!("$ref is not supported: {reference}")));
    }
    for (name, inner) in schema.map_at(&["properties"]).into_iter().flat_map(|map| map.iter()) {
        validate_schema(inner, &path.child("properties").key(name), structural, errors);
    }
    for field in ["items", "additionalProperties"] {
        if let Some(inner @ Value::Map(_)) = schema.at(&[field]) {
            validate_schema(inner, &path.child(field), structural, errors);
        }
    }
    for field in ["allOf", "anyOf", "oneOf"] {
        for (index, inner) in schema.list_at(&[field]).iter().enumerate() {
            validate_schema(inner, &path.child(field).index(index), false, errors);
        }
    }
}

/// The definition's names, for the cache of accepted names.
pub(crate) fn names_of(object: &Object) -> Vec<Str> {
    let mut all: Vec<Str> = ["plural", "singular"]
        .iter()
        .filter_map(|field| object.str_at(&["spec", "names", field]))
        .map(Str::from)
        .collect();
    let short = object.list_at(&["spec", "names", "shortNames"]).iter().filter_map(Value::as_str).map(Str::from);
    all.extend(short);
    all
}
