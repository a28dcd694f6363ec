//! Creating pods from templates and deleting them, with upstream's events.

use std::sync::Arc;

use apimachinery::{Object, Status, Str, Value, names, value};
use client::{Client, EventRecorder, EventType, Informer, Options, ResourceKind, kinds::PODS};
use futures::{StreamExt, stream};

use crate::{expectations::Expectations, ownership::controller_reference};

/// The first batch of creations; each one that succeeds is followed by one twice as large, so that what fails
/// for all (a quota) is asked a few times and not a thousand.
const SLOW_START_INITIAL_BATCH: usize = 1;
/// Requests of one reconcile in flight at once.
const CONCURRENT_REQUESTS: usize = 16;

/// What a workload's controller needs to make and remove pods.
pub struct PodControl {
    /// Who asks.
    pub client: Client,
    /// Where events go.
    pub events: EventRecorder,
    /// Where pods are seen.
    pub pods: Informer,
    /// What was done and is not seen yet.
    pub expectations: Arc<Expectations>,
}

/// Whether `status` says that the namespace is being deleted, so that nothing more can be created in it.
pub fn is_namespace_terminating(status: &Status) -> bool {
    let causes = status.details.list_at(&["causes"]);
    causes.iter().any(|cause| cause.str_at(&["reason"]) == Some("NamespaceTerminating"))
}

/// The prefix of generated names of `owner`'s pods.
pub fn name_prefix(owner: &str) -> String {
    let prefix = format!("{owner}-");
    // A generated suffix of five characters stands in for the end.
    if names::dns1123_subdomain(&format!("{prefix}aaaaa")).is_empty() { prefix } else { owner.to_owned() }
}

/// The pod that `template` describes, controlled by `owner`.
pub fn pod_from_template(template: &Value, resource: &ResourceKind, owner: &Object) -> Object {
    let mut metadata = value!({
        "namespace": owner.namespace(),
        "generateName": name_prefix(owner.name()),
        "ownerReferences": [controller_reference(resource, owner)]
    });
    for key in ["labels", "annotations", "finalizers"] {
        if let Some(copied) = template.at(&["metadata", key]) {
            metadata.set(&[key], copied.clone());
        }
    }
    Object(value!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": template.at(&["spec"]).cloned().unwrap_or_default()
    }))
}

/// The answers to `requests`, a bounded number of which are asked at once.
pub async fn in_flight<F: Future>(requests: Vec<F>) -> Vec<F::Output> {
    stream::iter(requests).buffer_unordered(CONCURRENT_REQUESTS).collect().await
}

impl PodControl {
    /// Creates `pod` for `owner`, whose key is `key`.
    pub async fn create(
        &self,
        key: &Str,
        resource: &ResourceKind,
        owner: &Object,
        pod: Object,
    ) -> Result<Arc<Object>, Status> {
        match self.client.namespaced(&PODS, owner.namespace()).create(pod).await {
            Ok(created) => {
                self.expectations.wrote(key, &self.pods, &created);
                let message = format!("Created pod: {}", created.name());
                self.events.event(resource, owner, EventType::Normal, "SuccessfulCreate", message);
                Ok(created)
            }
            Err(status) => {
                if !is_namespace_terminating(&status) {
                    let message = format!("Error creating: {status}");
                    self.events.event(resource, owner, EventType::Warning, "FailedCreate", message);
                }
                Err(status)
            }
        }
    }

    /// Creates the pods that `make` makes, in growing batches; stops at the first batch that fails. Returns how
    /// many were created and the first failure.
    pub async fn create_many(
        &self,
        key: &Str,
        resource: &ResourceKind,
        owner: &Object,
        count: usize,
        make: impl Fn(usize) -> Object,
    ) -> (usize, Result<(), Status>) {
        let (mut created, mut batch) = (0, SLOW_START_INITIAL_BATCH);
        while created < count {
            let indexes = created..count.min(created + batch);
            let attempted = indexes.len();
            let requests: Vec<_> = indexes.map(|index| self.create(key, resource, owner, make(index))).collect();
            let failures: Vec<Status> = in_flight(requests).await.into_iter().filter_map(Result::err).collect();
            created += attempted - failures.len();
            if failures.iter().any(is_namespace_terminating) {
                return (created, Ok(()));
            }
            if let Some(first) = failures.into_iter().next() {
                return (created, Err(first));
            }
            batch *= 2;
        }
        (created, Ok(()))
    }

    /// Deletes `pod` for `owner`; one that is gone already is no failure.
    pub async fn delete(&self, key: &Str, resource: &ResourceKind, owner: &Object, pod: &Object) -> Result<(), Status> {
        let options = Options { precondition_uid: pod.uid().to_owned(), ..Options::default() };
        match self.client.namespaced(&PODS, pod.namespace()).delete(pod.name(), options).await {
            Ok(_) => {
                self.expectations.deleted(key, &self.pods, pod);
                let message = format!("Deleted pod: {}", pod.name());
                self.events.event(resource, owner, EventType::Normal, "SuccessfulDelete", message);
                Ok(())
            }
            // Gone, or replaced by another pod of the same name.
            Err(status) if status.is_not_found() || status.is_conflict() => {
                self.expectations.deleted(key, &self.pods, pod);
                Ok(())
            }
            Err(status) => {
                let message = format!("Error deleting: {status}");
                self.events.event(resource, owner, EventType::Warning, "FailedDelete", message);
                Err(status)
            }
        }
    }

    /// Deletes several pods; the first failure is returned when all have been tried.
    pub async fn delete_many(
        &self,
        key: &Str,
        resource: &ResourceKind,
        owner: &Object,
        pods: &[Arc<Object>],
    ) -> Result<(), Status> {
        let requests: Vec<_> = pods.iter().map(|pod| self.delete(key, resource, owner, pod)).collect();
        in_flight(requests).await.into_iter().collect()
    }
}
