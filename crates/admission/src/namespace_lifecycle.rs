//! `NamespaceLifecycle`: nothing is made in a namespace that is not there or is going, and the system's own
//! namespaces stay.

use std::sync::Arc;

use apimachinery::{Status, value};
use apiserver::{AdmissionPlugin, Attributes, Operation, Server};
use async_trait::async_trait;
use client::ResourceKind;

use crate::forbidden;

/// Namespaces that cannot be deleted.
const IMMORTAL: [&str; 3] = ["default", "kube-system", "kube-public"];

pub(crate) struct NamespaceLifecycle;

fn is_namespaces(resource: &ResourceKind) -> bool {
    resource.group.is_empty() && resource.resource == "namespaces"
}

#[async_trait]
impl AdmissionPlugin for NamespaceLifecycle {
    fn name(&self) -> &'static str {
        "NamespaceLifecycle"
    }

    fn handles(&self, operation: Operation, resource: &ResourceKind, _: &str) -> bool {
        match operation {
            Operation::Delete => is_namespaces(resource),
            // An answer about the namespace would tell who asks something of it.
            Operation::Create => !is_namespaces(resource) && resource.resource != "localsubjectaccessreviews",
            _ => false,
        }
    }

    async fn admit(&self, server: &Arc<Server>, attributes: &mut Attributes<'_>) -> Result<(), Status> {
        if attributes.operation == Operation::Delete {
            return match IMMORTAL.contains(&attributes.name) {
                true => Err(forbidden(attributes, "this namespace may not be deleted")),
                false => Ok(()),
            };
        }
        let name = attributes.namespace;
        if name.is_empty() || !attributes.resource.namespaced {
            return Ok(());
        }
        let namespace = server.registry().object("", "namespaces", "", name)?;
        let namespace = namespace.ok_or_else(|| Status::not_found("", "namespaces", name))?;
        if namespace.str_at(&["status", "phase"]) != Some("Terminating") {
            return Ok(());
        }
        let problem = format!("unable to create new content in namespace {name} because it is being terminated");
        let mut status = forbidden(attributes, problem);
        let cause = value!({
            "reason": "NamespaceTerminating",
            "message": format!("namespace {name} is being terminated"),
            "field": "metadata.namespace"
        });
        status.details.set(&["causes"], value!([cause]));
        Err(status)
    }
}
