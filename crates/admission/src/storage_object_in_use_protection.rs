//! `StorageObjectInUseProtection`: volumes and claims are not removed while they are used.

use std::sync::Arc;

use apimachinery::{Status, Value};
use apiserver::{AdmissionPlugin, Attributes, Operation, Server};
use async_trait::async_trait;
use client::ResourceKind;

pub(crate) struct StorageObjectInUseProtection;

fn finalizer(resource: &ResourceKind) -> Option<&'static str> {
    match (resource.group.as_str(), resource.resource.as_str()) {
        ("", "persistentvolumes") => Some("kubernetes.io/pv-protection"),
        ("", "persistentvolumeclaims") => Some("kubernetes.io/pvc-protection"),
        ("storage.k8s.io", "volumeattributesclasses") => Some("kubernetes.io/vac-protection"),
        _ => None,
    }
}

#[async_trait]
impl AdmissionPlugin for StorageObjectInUseProtection {
    fn name(&self) -> &'static str {
        "StorageObjectInUseProtection"
    }

    fn handles(&self, operation: Operation, resource: &ResourceKind, subresource: &str) -> bool {
        operation == Operation::Create && subresource.is_empty() && finalizer(resource).is_some()
    }

    async fn admit(&self, _: &Arc<Server>, attributes: &mut Attributes<'_>) -> Result<(), Status> {
        let Some(finalizer) = finalizer(attributes.resource) else { return Ok(()) };
        let Some(object) = attributes.object.as_deref_mut() else { return Ok(()) };
        if !object.finalizers().iter().any(|known| known.as_str() == Some(finalizer)) {
            let finalizers: Vec<Value> = object.finalizers().iter().cloned().chain([finalizer.into()]).collect();
            object.metadata_mut().insert("finalizers", finalizers);
        }
        Ok(())
    }
}
