//! `DefaultStorageClass`: a new claim that names no class gets the default one.

use std::sync::Arc;

use apimachinery::Status;
use apiserver::{AdmissionPlugin, Attributes, Operation, Server};
use async_trait::async_trait;
use client::ResourceKind;

use crate::default_ingress_class::newest_default;

const IS_DEFAULT: [&str; 2] =
    ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];
const DEPRECATED: &str = "volume.beta.kubernetes.io/storage-class";

pub(crate) struct DefaultStorageClass;

#[async_trait]
impl AdmissionPlugin for DefaultStorageClass {
    fn name(&self) -> &'static str {
        "DefaultStorageClass"
    }

    fn handles(&self, operation: Operation, resource: &ResourceKind, subresource: &str) -> bool {
        operation == Operation::Create
            && resource.group.is_empty()
            && resource.resource == "persistentvolumeclaims"
            && subresource.is_empty()
    }

    async fn admit(&self, server: &Arc<Server>, attributes: &mut Attributes<'_>) -> Result<(), Status> {
        let Some(claim) = attributes.object.as_deref_mut() else { return Ok(()) };
        // An empty name asks for no class at all.
        if claim.spec().str_at("storageClassName").is_some() || claim.annotation(DEPRECATED).is_some() {
            return Ok(());
        }
        let classes = server.registry().objects("storage.k8s.io", "storageclasses", "")?;
        if let Some(class) = newest_default(&classes, &IS_DEFAULT) {
            claim.set(&["spec", "storageClassName"], class.name());
        }
        Ok(())
    }
}
