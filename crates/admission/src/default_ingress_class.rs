//! `DefaultIngressClass`: a new ingress that names no class gets the default one.

use std::{cmp::Ordering, sync::Arc};

use apimachinery::{Object, Status};
use apiserver::{AdmissionPlugin, Attributes, Operation, Server};
use async_trait::async_trait;
use client::ResourceKind;

const IS_DEFAULT: &str = "ingressclass.kubernetes.io/is-default-class";
const DEPRECATED: &str = "kubernetes.io/ingress.class";

pub(crate) struct DefaultIngressClass;

/// The newest object that is marked as default; of several of the same second, the first by name.
pub(crate) fn newest_default<'o>(objects: &'o [Arc<Object>], annotations: &[&str]) -> Option<&'o Arc<Object>> {
    let is_default = |object: &&Arc<Object>| annotations.iter().any(|key| object.annotation(key) == Some("true"));
    objects.iter().filter(is_default).min_by(|one, other| -> Ordering {
        let newer = other.creation_timestamp().cmp(one.creation_timestamp());
        newer.then_with(|| one.name().cmp(other.name()))
    })
}

#[async_trait]
impl AdmissionPlugin for DefaultIngressClass {
    fn name(&self) -> &'static str {
        "DefaultIngressClass"
    }

    fn handles(&self, operation: Operation, resource: &ResourceKind, subresource: &str) -> bool {
        operation == Operation::Create
            && resource.group == "networking.k8s.io"
            && resource.resource == "ingresses"
            && subresource.is_empty()
    }

    async fn admit(&self, server: &Arc<Server>, attributes: &mut Attributes<'_>) -> Result<(), Status> {
        let Some(ingress) = attributes.object.as_deref_mut() else { return Ok(()) };
        if ingress.spec().contains_key("ingressClassName") || ingress.annotation(DEPRECATED).is_some() {
            return Ok(());
        }
        let classes = server.registry().objects("networking.k8s.io", "ingressclasses", "")?;
        if let Some(class) = newest_default(&classes, &[IS_DEFAULT]) {
            ingress.set(&["spec", "ingressClassName"], class.name());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use apimachinery::value;

    use super::*;

    #[test]
    fn the_newest_default_wins() {
        let class = |name: &str, time: &str, default: &str| {
            Arc::new(Object(value!({"metadata": {
                "name": name, "creationTimestamp": time, "annotations": {IS_DEFAULT: default}
            }})))
        };
        let classes = [
            class("a", "2026-01-01T00:00:00Z", "true"),
            class("c", "2026-01-02T00:00:00Z", "true"),
            class("b", "2026-01-02T00:00:00Z", "true"),
            class("d", "2026-01-03T00:00:00Z", "false"),
        ];
        assert_eq!(newest_default(&classes, &[IS_DEFAULT]).unwrap().name(), "b");
        assert!(newest_default(&classes[3..], &[IS_DEFAULT]).is_none());
    }
}
