//! What holds of every object's metadata: upstream's `ValidateObjectMeta` and `BeforeCreate`.

use apimachinery::{
    Map, Object, Str, Value,
    field::{FieldError, Path},
    names,
};

use crate::Resource;

/// The most bytes of all annotations of an object together.
const ANNOTATIONS_BYTES_LIMIT: usize = 256 * 1024;
/// Generated names leave this much room for the suffix.
const GENERATED_PREFIX_LENGTH: usize = 58;
/// The length of a generated suffix.
const GENERATED_SUFFIX_LENGTH: usize = 5;

/// A name from `generateName`.
pub(crate) fn generate_name(prefix: &str) -> String {
    let end = prefix.len().min(GENERATED_PREFIX_LENGTH);
    let end = (0..=end).rev().find(|index| prefix.is_char_boundary(*index)).unwrap_or_default();
    format!("{}{}", &prefix[..end], stdx::random::name_suffix(GENERATED_SUFFIX_LENGTH))
}

/// Everything wrong with an object's metadata.
pub(crate) fn validate(resource: &Resource, object: &Object) -> Vec<FieldError> {
    let path = Path::new("metadata");
    let metadata = object.metadata();
    let mut errors = Vec::new();
    let generate_name = metadata.str_at("generateName").unwrap_or_default();
    if object.name().is_empty() && generate_name.is_empty() {
        errors.push(FieldError::required(&path.child("name"), "name or generateName is required"));
    } else if !object.name().is_empty() {
        let problems = resource.strategy.validate_name(object.name());
        errors.extend(problems.iter().map(|problem| FieldError::invalid(&path.child("name"), object.name(), problem)));
    }
    if resource.kind.namespaced {
        if object.namespace().is_empty() {
            errors.push(FieldError::required(&path.child("namespace"), ""));
        } else {
            let problems = names::dns1123_label(object.namespace());
            let namespace = path.child("namespace");
            errors.extend(problems.iter().map(|problem| FieldError::invalid(&namespace, object.namespace(), problem)));
        }
    } else if !object.namespace().is_empty() {
        errors.push(FieldError::forbidden(&path.child("namespace"), "not allowed on this type"));
    }
    validate_labels(object.labels(), &path.child("labels"), &mut errors);
    validate_annotations(object.annotations(), &path.child("annotations"), &mut errors);
    validate_owner_references(object, &path.child("ownerReferences"), &mut errors);
    validate_finalizers(object, &path.child("finalizers"), &mut errors);
    errors
}

/// Everything wrong with labels.
pub fn validate_labels(labels: &Map, path: &Path, errors: &mut Vec<FieldError>) {
    for (key, value) in labels.iter() {
        errors.extend(names::qualified_name(key).iter().map(|problem| FieldError::invalid(path, key, problem)));
        let value = value.as_str().unwrap_or_default();
        errors.extend(names::label_value(value).iter().map(|problem| FieldError::invalid(path, value, problem)));
    }
}

fn validate_annotations(annotations: &Map, path: &Path, errors: &mut Vec<FieldError>) {
    let mut total = 0;
    for (key, value) in annotations.iter() {
        let lowered = key.to_lowercase();
        errors.extend(names::qualified_name(&lowered).iter().map(|problem| FieldError::invalid(path, key, problem)));
        total += key.len() + value.as_str().map_or(0, str::len);
    }
    if total > ANNOTATIONS_BYTES_LIMIT {
        errors.push(FieldError::too_long(path, ANNOTATIONS_BYTES_LIMIT));
    }
}

fn validate_owner_references(object: &Object, path: &Path, errors: &mut Vec<FieldError>) {
    let mut controllers = Vec::new();
    for (index, owner) in object.owner_references().iter().enumerate() {
        let at = path.index(index);
        for field in ["apiVersion", "kind", "name", "uid"] {
            if owner.str_at(&[field]).unwrap_or_default().is_empty() {
                let detail = if field == "apiVersion" { "version must not be empty" } else { "must not be empty" };
                errors.push(FieldError::invalid(&at.child(field), "", detail));
            }
        }
        if owner.bool_at(&["controller"]) == Some(true) {
            controllers.push(owner);
        }
    }
    if let [first, second, ..] = controllers[..] {
        let name = |owner: &Value| owner.str_at(&["name"]).unwrap_or_default().to_owned();
        let detail = format!(
            "Only one reference can have Controller set to true. Found \"true\" in references for {} and {}",
            name(first),
            name(second)
        );
        errors.push(FieldError::invalid(
            path,
            object.metadata().get("ownerReferences").cloned().unwrap_or_default(),
            detail,
        ));
    }
}

fn validate_finalizers(object: &Object, path: &Path, errors: &mut Vec<FieldError>) {
    for (index, finalizer) in object.finalizers().iter().enumerate() {
        let finalizer = finalizer.as_str().unwrap_or_default();
        let problems = names::qualified_name(finalizer);
        errors.extend(problems.iter().map(|problem| FieldError::invalid(&path.index(index), finalizer, problem)));
    }
    let has = |name: &str| object.finalizers().iter().any(|finalizer| finalizer.as_str() == Some(name));
    if has("orphan") && has("foregroundDeletion") {
        let value = object.metadata().get("finalizers").cloned().unwrap_or_default();
        let detail = "finalizer orphan and foregroundDeletion cannot be both set";
        errors.push(FieldError::invalid(path, value, detail));
    }
}

/// Everything wrong with a change of metadata.
pub(crate) fn validate_update(resource: &Resource, object: &Object, old: &Object) -> Vec<FieldError> {
    let path = Path::new("metadata");
    let mut errors = validate(resource, object);
    let (new, old_metadata) = (object.metadata(), old.metadata());
    for field in ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp"] {
        if new.get(field) != old_metadata.get(field) {
            let value = new.get(field).cloned().unwrap_or(Value::String(Str::EMPTY));
            errors.push(FieldError::invalid(&path.child(field), value, "field is immutable"));
        }
    }
    if old.deletion_timestamp().is_some() {
        for finalizer in object.finalizers().iter().filter(|finalizer| !old.finalizers().contains(finalizer)) {
            let detail = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers {}",
                String::from_utf8_lossy(&apimachinery::json::to_vec(&apimachinery::value!([finalizer.clone()])))
            );
            errors.push(FieldError::forbidden(&path.child("finalizers"), detail));
        }
    }
    errors
}

/// Takes from the old object the metadata that a client may leave out or may not set.
pub(crate) fn inherit(object: &mut Object, old: &Object) {
    let old_metadata = old.metadata();
    let metadata = object.metadata_mut();
    metadata.remove("selfLink");
    for field in ["uid", "creationTimestamp"] {
        let unset = metadata.str_at(field).is_none_or(str::is_empty);
        if let (true, Some(value)) = (unset, old_metadata.get(field)) {
            metadata.insert(Str::from(field), value.clone());
        }
    }
    for field in ["deletionTimestamp", "deletionGracePeriodSeconds", "generation"] {
        match old_metadata.get(field) {
            Some(value) => metadata.insert(Str::from(field), value.clone()),
            None => metadata.remove(field),
        };
    }
}
