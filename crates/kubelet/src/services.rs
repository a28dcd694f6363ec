//! What the workers of all pods share.

use std::sync::Arc;

use api::views::core_v1::Pod;
use apimachinery::{Object, Value};
use client::{Client, EventRecorder, EventType, Informer, events::object_reference, kinds};
use component_helpers::resources::Resources;
use cri_api::{RuntimeService, v1::DnsConfig};
use parking_lot::Mutex;

use crate::{
    config::Config, dns, eviction::Pressure, garbage::ImageGarbage, images::Images, objects::Objects,
    plan::ContainerKind, volumes::Volumes, watches::Watches,
};

/// What the node has.
#[derive(Clone, Debug, Default)]
pub struct NodeFacts {
    /// The runtime's name, the scheme of container identifiers.
    pub runtime_name: String,
    /// The runtime's version.
    pub runtime_version: String,
    /// All of it.
    pub capacity: Resources,
    /// What pods may use of it.
    pub allocatable: Resources,
    /// Whether the kernel enforces AppArmor profiles.
    pub app_armor: bool,
}

impl NodeFacts {
    /// The node's memory.
    pub fn memory_capacity_bytes(&self) -> i64 {
        self.capacity.get("memory").map_or(0, |memory| memory.value())
    }
}

/// What the workers of all pods share.
pub(crate) struct Services {
    pub(crate) config: Config,
    pub(crate) client: Client,
    pub(crate) runtime: Arc<dyn RuntimeService>,
    pub(crate) images: Images,
    pub(crate) recorder: EventRecorder,
    pub(crate) objects: Objects,
    pub(crate) volumes: Volumes,
    pub(crate) watches: Watches,
    pub(crate) services: Informer,
    /// This node alone.
    pub(crate) node: Informer,
    pub(crate) facts: NodeFacts,
    /// What the node is short of.
    pub(crate) pressure: Mutex<Pressure>,
    pub(crate) garbage: ImageGarbage,
}

impl Services {
    /// An event about a pod.
    pub(crate) fn event(&self, pod: &Object, event_type: EventType, reason: &'static str, message: impl Into<String>) {
        self.recorder.event(&kinds::PODS, pod, event_type, reason, message);
    }

    /// An event about a container of a pod.
    pub(crate) fn container_event(
        &self,
        reference: &Value,
        event_type: EventType,
        reason: &'static str,
        message: impl Into<String>,
    ) {
        self.recorder.event_about(reference.clone(), event_type, reason, message);
    }

    /// The resolver configuration of a pod; what does not fit is said in events.
    pub(crate) async fn resolver(&self, pod: &Object) -> DnsConfig {
        let path = &self.config.resolver_configuration;
        // Without the file the host has no resolver, and pods that inherit it have none either.
        let host = tokio::fs::read_to_string(path).await.unwrap_or_default();
        let host = dns::parse_resolver_configuration(&host);
        let (config, problems) = dns::of_pod(Pod::of(pod), &self.config, &host);
        for problem in problems {
            let missing = problem.starts_with("kubelet does not have ClusterDNS");
            let reason = if missing { "MissingClusterDNS" } else { "DNSConfigForming" };
            self.event(pod, EventType::Warning, reason, problem);
        }
        config
    }
}

/// The reference of a container, as events about it carry it.
pub(crate) fn container_reference(pod: &Object, kind: ContainerKind, name: &str) -> Value {
    let list = match kind {
        ContainerKind::Init => "initContainers",
        ContainerKind::Regular => "containers",
        ContainerKind::Ephemeral => "ephemeralContainers",
    };
    let mut reference = object_reference(&kinds::PODS, pod);
    reference.set(&["fieldPath"], format!("spec.{list}{{{name}}}"));
    reference
}

/// A pod as upstream's messages name it.
pub(crate) fn pod_title(pod: &Object) -> String {
    format!("{}_{}({})", pod.name(), pod.namespace(), pod.uid())
}
