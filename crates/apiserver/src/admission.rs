//! The admission chain: plugins that may change a write, then plugins that may refuse it.

use std::sync::Arc;

use apimachinery::{Object, Status};
use async_trait::async_trait;
use client::ResourceKind;

use crate::{RequestContext, Server};

/// What a write does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// An object is made.
    Create,
    /// An object is changed.
    Update,
    /// An object is deleted.
    Delete,
    /// A connection to an object is opened.
    Connect,
}

/// A write under way.
pub struct Attributes<'a> {
    /// Who, and the way to warn.
    pub context: &'a RequestContext,
    /// What.
    pub operation: Operation,
    /// Of which kind.
    pub resource: &'a ResourceKind,
    /// Which part; empty for the whole object.
    pub subresource: &'a str,
    /// Where; empty for cluster-scoped kinds.
    pub namespace: &'a str,
    /// Which; empty while a name is still to be generated.
    pub name: &'a str,
    /// The object after the write; `None` for deletions.
    pub object: Option<&'a mut Object>,
    /// The object before; `None` for creations.
    pub old_object: Option<&'a Object>,
    /// Whether nothing will be stored.
    pub dry_run: bool,
}

/// One plugin.
#[async_trait]
pub trait AdmissionPlugin: Send + Sync + 'static {
    /// Upstream's name.
    fn name(&self) -> &'static str;

    /// Whether it looks at such writes at all.
    fn handles(&self, operation: Operation, resource: &ResourceKind, subresource: &str) -> bool;

    /// Changes the object, or refuses it early.
    async fn admit(&self, server: &Arc<Server>, attributes: &mut Attributes<'_>) -> Result<(), Status> {
        let _ = (server, attributes);
        Ok(())
    }

    /// Refuses what must not be.
    async fn validate(&self, server: &Arc<Server>, attributes: &mut Attributes<'_>) -> Result<(), Status> {
        let _ = (server, attributes);
        Ok(())
    }
}

/// Lets every plugin change the object, in order.
pub async fn admit(server: &Arc<Server>, attributes: &mut Attributes<'_>) -> Result<(), Status> {
    for plugin in server.admission() {
        if plugin.handles(attributes.operation, attributes.resource, attributes.subresource) {
            plugin.admit(server, attributes).await?;
        }
    }
    Ok(())
}

/// Lets every plugin refuse, in order.
pub async fn validate(server: &Arc<Server>, attributes: &mut Attributes<'_>) -> Result<(), Status> {
    for plugin in server.admission() {
        if plugin.handles(attributes.operation, attributes.resource, attributes.subresource) {
            plugin.validate(server, attributes).await?;
        }
    }
    Ok(())
}
