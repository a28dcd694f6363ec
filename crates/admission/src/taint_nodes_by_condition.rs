//! `TaintNodesByCondition`: a new node takes no pods until it is known to be ready.

use std::sync::Arc;

use apimachinery::{Status, Value, value};
use apiserver::{AdmissionPlugin, Attributes, Operation, Server};
use async_trait::async_trait;
use client::ResourceKind;

const NOT_READY: &str = "node.kubernetes.io/not-ready";

pub(crate) struct TaintNodesByCondition;

#[async_trait]
impl AdmissionPlugin for TaintNodesByCondition {
    fn name(&self) -> &'static str {
        "TaintNodesByCondition"
    }

    fn handles(&self, operation: Operation, resource: &ResourceKind, subresource: &str) -> bool {
        operation == Operation::Create
            && resource.group.is_empty()
            && resource.resource == "nodes"
            && subresource.is_empty()
    }

    async fn admit(&self, _: &Arc<Server>, attributes: &mut Attributes<'_>) -> Result<(), Status> {
        let Some(node) = attributes.object.as_deref_mut() else { return Ok(()) };
        let is_not_ready = |taint: &Value| {
            taint.str_at(&["key"]) == Some(NOT_READY) && taint.str_at(&["effect"]) == Some("NoSchedule")
        };
        let mut taints = node.list_at(&["spec", "taints"]).to_vec();
        if !taints.iter().any(is_not_ready) {
            taints.push(value!({"key": NOT_READY, "effect": "NoSchedule"}));
            node.set(&["spec", "taints"], taints);
        }
        Ok(())
    }
}
