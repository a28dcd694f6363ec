//! `PodTopologyLabels`: a pod that is bound carries its node's zone and region as labels.

use std::sync::Arc;

use apimachinery::{Status, Str, Value};
use apiserver::{AdmissionPlugin, Attributes, Operation, Server};
use async_trait::async_trait;
use client::ResourceKind;

use crate::pod::is_pods;

const LABELS: [&str; 2] = ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"];

pub(crate) struct PodTopologyLabels;

#[async_trait]
impl AdmissionPlugin for PodTopologyLabels {
    fn name(&self) -> &'static str {
        "PodTopologyLabels"
    }

    fn handles(&self, operation: Operation, resource: &ResourceKind, subresource: &str) -> bool {
        operation == Operation::Create && is_pods(resource) && matches!(subresource, "" | "binding")
    }

    async fn admit(&self, server: &Arc<Server>, attributes: &mut Attributes<'_>) -> Result<(), Status> {
        let binding = attributes.subresource == "binding";
        let Some(object) = attributes.object.as_deref_mut() else { return Ok(()) };
        let node = if binding {
            object.str_at(&["target", "name"]).filter(|_| object.str_at(&["target", "kind"]) == Some("Node"))
        } else {
            object.str_at(&["spec", "nodeName"])
        };
        let Some(node) = node.filter(|node| !node.is_empty()) else { return Ok(()) };
        let Some(node) = server.registry().object("", "nodes", "", node)? else { return Ok(()) };
        let labels: Vec<(Str, Value)> = LABELS
            .iter()
            .filter_map(|label| Some((Str::from_static(label), Value::from(node.label(label)?))))
            .collect();
        for (label, value) in labels {
            object.metadata_mut().map_at("labels").insert(label, value);
        }
        Ok(())
    }
}
