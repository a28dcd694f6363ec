//! The pods of a job as they are created.

use apimachinery::{List, Object, Value, value};
use client::kinds::JOBS;

use super::tracking::{FAILURE_COUNT, FINALIZER, IGNORED_FAILURE_COUNT, INDEX};
use crate::pod_control::pod_from_template;

const INDEX_VARIABLE: &str = "JOB_COMPLETION_INDEX";
/// The longest prefix of a generated name.
const NAME_PREFIX_LIMIT: usize = 58;

/// A pod to create.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct NewPod {
    /// Its completion index, in an indexed job.
    pub(super) index: Option<i64>,
    /// Failures of the index so far, counted and ignored, when they are limited.
    pub(super) failures: Option<(i64, i64)>,
}

/// The pod for `new`.
pub(super) fn job_pod(job: &Object, new: &NewPod) -> Object {
    let template = job.spec().get("template").cloned().unwrap_or_default();
    let mut pod = pod_from_template(&template, &JOBS, job);
    let mut finalizers: Vec<Value> = pod.finalizers().to_vec();
    if !finalizers.iter().any(|finalizer| finalizer.as_str() == Some(FINALIZER)) {
        finalizers.push(FINALIZER.into());
    }
    pod.metadata_mut().insert("finalizers", finalizers);
    if let Some(index) = new.index {
        set_index(&mut pod, job, index);
    }
    if let Some((failures, ignored)) = new.failures {
        let annotations = pod.metadata_mut().map_at("annotations");
        annotations.insert(FAILURE_COUNT, failures.to_string());
        if ignored > 0 {
            annotations.insert(IGNORED_FAILURE_COUNT, ignored.to_string());
        }
    }
    pod
}

fn set_index(pod: &mut Object, job: &Object, index: i64) {
    let suffix = format!("-{index}-");
    let prefix: String = job.name().chars().take(NAME_PREFIX_LIMIT - suffix.len()).collect();
    pod.set_meta("generateName", &format!("{prefix}{suffix}"));
    for key in ["annotations", "labels"] {
        pod.metadata_mut().map_at(key).insert(INDEX, index.to_string());
    }
    pod.set(&["spec", "hostname"], format!("{}-{index}", job.name()));
    for key in ["initContainers", "containers"] {
        let Some(containers) = pod.at_mut(&["spec", key]).and_then(Value::as_list_mut) else { continue };
        containers.iter_mut().for_each(add_index_variable);
    }
}

fn add_index_variable(container: &mut Value) {
    let mut variables: List = container.list_at(&["env"]).iter().cloned().collect();
    if variables.iter().any(|variable| variable.str_at(&["name"]) == Some(INDEX_VARIABLE)) {
        return;
    }
    let path = format!("metadata.labels['{INDEX}']");
    variables.push(value!({
        "name": INDEX_VARIABLE,
        "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}
    }));
    container.set(&["env"], variables);
}
