//! Managed fields of this server's writes: who the manager is, and what a door does not let it change.

use std::sync::LazyLock;

use apimachinery::{
    Map, Object, Status, Str, Value,
    managed::{self, Set, Target},
};

use crate::{
    Resource,
    handlers::{WriteOptions, now},
};

/// The longest name of a manager that is taken from a user agent, in bytes.
const MANAGER_LENGTH: usize = 128;

/// Records in `object` which of its fields the writer changed.
pub(crate) fn track(
    resource: &Resource,
    old: Option<&Object>,
    object: &mut Object,
    subresource: &str,
    options: &WriteOptions,
    user_agent: &Str,
) {
    let manager = match options.field_manager.as_str() {
        "" => &manager_of(user_agent),
        manager => manager,
    };
    with_target(resource, subresource, |target| managed::track(target, old, object, manager));
}

/// Applies a configuration to `old` (absent when it makes the object).
///
/// # Errors
/// 400, 409 with every conflict, or 500, as upstream.
pub(crate) fn apply(
    resource: &Resource,
    old: Option<&Object>,
    config: &Value,
    subresource: &str,
    options: &WriteOptions,
) -> Result<Object, Status> {
    let applied = with_target(resource, subresource, |target| {
        managed::apply(target, old, config, &options.field_manager, options.force)
    });
    applied.map_err(|error| error.to_status())
}

/// Applies what a `Scale` says to the object that it belongs to. Conflicts are told in the terms of the `Scale`.
///
/// # Errors
/// As [`apply`].
pub(crate) fn apply_scale(
    resource: &Resource,
    old: &Object,
    config: &Value,
    options: &WriteOptions,
) -> Result<Object, Status> {
    let applied = with_target(resource, "scale", |target| {
        managed::apply(target, Some(old), config, &options.field_manager, options.force)
    });
    applied.map_err(|error| match error {
        managed::ApplyError::Conflicts(conflicts) => {
            let own = format!(" using {}", resource.kind.api_version());
            let shown = conflicts.into_iter().map(|conflict| managed::Conflict {
                manager: conflict.manager.replace(&own, " using autoscaling/v1"),
                path: ".spec.replicas".to_owned(),
            });
            managed::ApplyError::Conflicts(shown.collect()).to_status()
        }
        other => other.to_status(),
    })
}

fn with_target<R>(resource: &Resource, subresource: &str, run: impl FnOnce(&Target<'_>) -> R) -> R {
    run(&Target {
        schema: &resource.schema,
        type_id: resource.type_id,
        api_version: &resource.kind.api_version(),
        kind: &resource.kind.kind,
        subresource,
        reset_fields: reset_fields(resource, subresource),
        versions: resource.versions.as_deref(),
        now: &now(),
    })
}

/// What stands before the first slash of a user agent, without what cannot be printed.
fn manager_of(user_agent: &str) -> String {
    let name = user_agent.split('/').next().unwrap_or_default();
    let mut manager = String::new();
    for character in name.chars().filter(|character| !character.is_control()) {
        if manager.len() + character.len_utf8() > MANAGER_LENGTH {
            break;
        }
        manager.push(character);
    }
    manager
}

static NOTHING: Set = Set::EMPTY;
static STATUS: LazyLock<Set> = LazyLock::new(|| Set::of_paths(&[&["status"]]));
static SPEC: LazyLock<Set> = LazyLock::new(|| Set::of_paths(&[&["spec"]]));
static SPEC_AND_STATUS: LazyLock<Set> = LazyLock::new(|| Set::of_paths(&[&["spec"], &["status"]]));
static SPEC_AND_METADATA: LazyLock<Set> = LazyLock::new(|| Set::of_paths(&[&["spec"], &["metadata"]]));
static OF_POD_STATUS: LazyLock<Set> =
    LazyLock::new(|| Set::of_paths(&[&["spec"], &["metadata", "deletionTimestamp"], &["metadata", "ownerReferences"]]));
static OF_DEPLOYMENT_STATUS: LazyLock<Set> = LazyLock::new(|| Set::of_paths(&[&["spec"], &["metadata", "labels"]]));
static OF_REQUEST_STATUS: LazyLock<Set> = LazyLock::new(|| Set::of_paths(&[&["spec"], &["status", "conditions"]]));
static OF_REQUEST_APPROVAL: LazyLock<Set> = LazyLock::new(|| Set::of_paths(&[&["spec"], &["status", "certificate"]]));

/// What a write through a door does not change: upstream's `GetResetFields` of the kind's strategies.
///
/// A write to the whole leaves the status alone. A write to the status leaves the spec alone; whether it
/// reaches metadata differs: that of the older kinds does.
fn reset_fields(resource: &Resource, subresource: &str) -> &'static Set {
    let kind = (resource.kind.group.as_str(), resource.kind.resource.as_str());
    match (kind, subresource) {
        (("certificates.k8s.io", "certificatesigningrequests"), "status") => &OF_REQUEST_STATUS,
        (("certificates.k8s.io", "certificatesigningrequests"), "approval") => &OF_REQUEST_APPROVAL,
        (("certificates.k8s.io", "certificatesigningrequests"), _) => &SPEC_AND_STATUS,
        (("", "pods"), "status") => &OF_POD_STATUS,
        (("apps", "deployments"), "status") => &OF_DEPLOYMENT_STATUS,
        (("" | "apps" | "batch" | "autoscaling" | "policy", _), "status") => &SPEC,
        (("networking.k8s.io", "ingresses"), "status") => &SPEC,
        (_, "status") => &SPEC_AND_METADATA,
        _ if resource.strategy.has_status() => &STATUS,
        _ => &NOTHING,
    }
}

/// Whether a write changed nothing but the times of its managed fields.
pub(crate) fn same_but_times(object: &Object, old: &Object) -> bool {
    same_entries(object.root(), old.root(), "metadata", |new, old| {
        same_maps(new, old, "managedFields", |new, old| match (new, old) {
            (Value::List(new), Value::List(old)) if new.len() == old.len() => {
                new.iter().zip(old).all(|(new, old)| same_maps(new, old, "time", |_, _| true))
            }
            _ => new == old,
        })
    })
}

fn same_maps(new: &Value, old: &Value, special: &str, same: impl Fn(&Value, &Value) -> bool) -> bool {
    match (new, old) {
        (Value::Map(new), Value::Map(old)) => same_entries(new, old, special, same),
        _ => new == old,
    }
}

/// Whether two maps are the same but for the entry `special`, of which `same` decides.
fn same_entries(new: &Map, old: &Map, special: &str, same: impl Fn(&Value, &Value) -> bool) -> bool {
    new.len() == old.len()
        && new.iter().zip(old.iter()).all(|((new_key, new), (old_key, old))| {
            new_key == old_key && if *new_key == special { same(new, old) } else { new == old }
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use apimachinery::value;

    #[test]
    fn managers_are_named_after_clients() {
        for (user_agent, manager) in [
            ("kubectl/v1.37.1 (linux/amd64) kubernetes/abc", "kubectl"),
            ("", ""),
            ("a\u{7}b/c", "ab"),
            (&"x".repeat(200), &"x".repeat(128)),
        ] {
            assert_eq!(manager_of(user_agent), manager);
        }
    }

    #[test]
    fn times_of_managers_are_no_change() {
        let object = |time: &str, replicas: i32| {
            Object(value!({
                "metadata": {"managedFields": [{"manager": "a", "time": time}], "name": "x"},
                "spec": {"replicas": replicas}
            }))
        };
        assert!(same_but_times(&object("1", 1), &object("2", 1)));
        assert!(!same_but_times(&object("1", 1), &object("1", 2)));
        let mut other = object("1", 1);
        other.set(&["metadata", "managedFields"], value!([{"manager": "b", "time": "1"}]));
        assert!(!same_but_times(&object("1", 1), &other));
        assert!(!same_but_times(&object("1", 1), &Object(value!({"spec": {"replicas": 1}}))));
    }
}
