//! Pods: what may change, how they go, where they are bound.

mod binding;
mod eviction;

pub(crate) use binding::Bindings;
pub(crate) use eviction::Evictions;

use apimachinery::{Object, Str, Value, value};
use apiserver::{
    RequestContext, Strategy,
    resource::{Grace, keep_other_half},
};

use crate::{
    install::text_at,
    validation::{Errors, pod},
};

/// The grace of a pod that names none.
const DEFAULT_GRACE_SECONDS: i64 = 30;

/// The strategy of pods.
pub(crate) struct Pods;

/// Best effort, burstable or guaranteed: upstream's `ComputePodQOS`.
fn quality_of_service(object: &Object) -> &'static str {
    let containers = object.list_at(&["spec", "containers"]).iter().chain(object.list_at(&["spec", "initContainers"]));
    let (mut any, mut guaranteed) = (false, true);
    for container in containers {
        for resource in ["cpu", "memory"] {
            let limit = container.str_at(&["resources", "limits", resource]);
            let request = container.str_at(&["resources", "requests", resource]).or(limit);
            any |= limit.is_some_and(|text| text != "0") || request.is_some_and(|text| text != "0");
            guaranteed &= limit.is_some_and(|text| text != "0") && request == limit;
        }
    }
    match (any, guaranteed) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}

fn is_finished(object: &Object) -> bool {
    matches!(text_at(object, &["status", "phase"]), "Succeeded" | "Failed")
}

impl Strategy for Pods {
    fn prepare_for_create(&self, _: &RequestContext, object: &mut Object) {
        let quality = quality_of_service(object);
        let mut status = value!({"phase": "Pending", "qosClass": quality});
        if !object.list_at(&["spec", "schedulingGates"]).is_empty() {
            let condition = value!({
                "type": "PodScheduled",
                "status": "False",
                "reason": "SchedulingGated",
                "message": "Scheduling is blocked due to non-empty scheduling gates"
            });
            status.set(&["conditions"], vec![condition]);
        }
        object.set(&["status"], status);
    }

    fn prepare_for_update(&self, _: &RequestContext, subresource: &str, object: &mut Object, old: &Object) {
        match subresource {
            "status" => keep_other_half("status", object, old),
            "ephemeralcontainers" => {
                let added = object.at(&["spec", "ephemeralContainers"]).cloned();
                *object = with_metadata_of(object, old);
                if let Some(added) = added {
                    object.set(&["spec", "ephemeralContainers"], added);
                }
            }
            "resize" => {
                let wanted = object.clone();
                *object = with_metadata_of(object, old);
                copy_resources(&wanted, object);
            }
            _ => keep_other_half("", object, old),
        }
    }

    fn validate(&self, object: &Object) -> Errors {
        pod::new(object)
    }

    fn validate_update(&self, subresource: &str, object: &Object, old: &Object) -> Errors {
        match subresource {
            "" => pod::update(object, old),
            "ephemeralcontainers" => pod::ephemeral_update(object, old),
            "status" => pod::status_update(object, old),
            "resize" => pod::resize_update(object, old, quality_of_service(object) == quality_of_service(old)),
            _ => Errors::new(),
        }
    }

    fn deletion_grace(&self, object: &Object, requested: Option<i64>) -> Grace {
        let own = object.i64_at(&["spec", "terminationGracePeriodSeconds"]).unwrap_or(DEFAULT_GRACE_SECONDS);
        let unscheduled = text_at(object, &["spec", "nodeName"]).is_empty();
        if unscheduled || is_finished(object) {
            return Grace::Seconds(0);
        }
        // A negative period of the pod's own means at once, with a second to say goodbye.
        let seconds = requested.unwrap_or(own);
        Grace::Seconds(if seconds < 0 { 1 } else { seconds })
    }

    fn returns_deleted_object(&self) -> bool {
        true
    }

    fn selectable_field<'o>(&self, object: &'o Object, field: &str) -> Option<&'o str> {
        let path: &[&str] = match field {
            "spec.nodeName" => &["spec", "nodeName"],
            "spec.restartPolicy" => &["spec", "restartPolicy"],
            "spec.schedulerName" => &["spec", "schedulerName"],
            "spec.serviceAccountName" => &["spec", "serviceAccountName"],
            "spec.hostNetwork" => {
                return Some(if object.bool_at(&["spec", "hostNetwork"]) == Some(true) { "true" } else { "false" });
            }
            "status.phase" => &["status", "phase"],
            "status.podIP" => &["status", "podIP"],
            "status.nominatedNodeName" => &["status", "nominatedNodeName"],
            _ => return None,
        };
        Some(text_at(object, path))
    }
}

/// The old object under the new metadata.
fn with_metadata_of(object: &Object, old: &Object) -> Object {
    let mut kept = old.clone();
    let metadata = object.metadata().clone();
    kept.make_map().insert(Str::from_static("metadata"), metadata);
    kept
}

/// Takes the containers' resources from `wanted`.
fn copy_resources(wanted: &Object, object: &mut Object) {
    for list in ["containers", "initContainers"] {
        let resources: Vec<(String, Value)> = wanted
            .list_at(&["spec", list])
            .iter()
            .filter_map(|container| {
                let name = container.str_at(&["name"])?.to_owned();
                Some((name, container.at(&["resources"]).cloned().unwrap_or_default()))
            })
            .collect();
        let Some(containers) = object.at_mut(&["spec", list]).and_then(Value::as_list_mut) else { continue };
        for container in containers {
            let name = container.str_at(&["name"]).unwrap_or_default();
            if let Some((_, found)) = resources.iter().find(|(candidate, _)| candidate == name) {
                container.set(&["resources"], found.clone());
            }
        }
    }
}
