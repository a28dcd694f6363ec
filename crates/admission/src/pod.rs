//! What several plugins ask of pods.

use apimachinery::{Map, Object, Value};
use client::ResourceKind;

/// The annotation by which a kubelet marks the mirror of a static pod.
pub(crate) const MIRROR: &str = "kubernetes.io/config.mirror";
/// The lists of containers in a pod's spec, in upstream's order of visiting.
pub(crate) const CONTAINER_LISTS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// Whether the resource is pods.
pub(crate) fn is_pods(resource: &ResourceKind) -> bool {
    resource.group.is_empty() && resource.resource == "pods"
}

/// Every container of a pod's spec.
pub(crate) fn containers(spec: &Map) -> impl Iterator<Item = &Value> {
    CONTAINER_LISTS.iter().flat_map(|list| spec.list_at(list))
}

/// A text field of a value; empty when unset.
pub(crate) fn text<'v>(value: &'v Value, path: &[&str]) -> &'v str {
    value.str_at(path).unwrap_or_default()
}

/// Whether the pod mirrors a static pod.
pub(crate) fn is_mirror(pod: &Object) -> bool {
    pod.annotation(MIRROR).is_some()
}
