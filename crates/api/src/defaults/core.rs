//! Conditional defaults of the core group, but for pods.

use apimachinery::{Map, Str, Value};

use super::{image, set_if_absent, text};
use crate::LOADED;

pub(super) mod pod;

/// The label by which selectors find a namespace.
const NAMESPACE_NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// How long `ClientIP` session affinity lasts: three hours.
const CLIENT_IP_AFFINITY_SECONDS: i64 = 10_800;

pub(super) fn container(container: &mut Map) {
    if text(container, "imagePullPolicy").is_empty() {
        let policy = image::pull_policy(text(container, "image"));
        container.insert("imagePullPolicy", Str::from_static(policy));
    }
}

pub(super) fn image_volume_source(source: &mut Map) {
    if text(source, "pullPolicy").is_empty() {
        let policy = image::pull_policy(text(source, "reference"));
        source.insert("pullPolicy", Str::from_static(policy));
    }
}

/// A volume without any source is an empty directory.
pub(super) fn volume(volume: &mut Map) {
    let sources = LOADED.schema.get(LOADED.names[&("core/v1", "VolumeSource")]);
    if !volume.iter().any(|(key, value)| sources.field(key).is_some() && !value.is_null()) {
        volume.insert("emptyDir", Map::new());
    }
}

pub(super) fn namespace(namespace: &mut Map) {
    let name = namespace.get_map("metadata").and_then(|metadata| metadata.get("name")).cloned();
    if let Some(name) = name.filter(|name| name.as_str().is_some_and(|name| !name.is_empty())) {
        namespace.map_at("metadata").map_at("labels").insert(Str::from_static(NAMESPACE_NAME_LABEL), name);
    }
}

pub(super) fn node_status(status: &mut Map) {
    if let Some(capacity) = status.get("capacity").filter(|capacity| !capacity.is_null()).cloned() {
        set_if_absent(status, "allocatable", capacity);
    }
}

/// On the volume, not on its spec: an attachment's inline spec stays as it is.
pub(super) fn persistent_volume(volume: &mut Map) {
    let spec = volume.map_at("spec");
    if text(spec, "persistentVolumeReclaimPolicy").is_empty() {
        spec.insert("persistentVolumeReclaimPolicy", "Retain");
    }
    set_if_absent(spec, "volumeMode", "Filesystem");
}

/// Selector and labels come from the template.
pub(super) fn replication_controller(controller: &mut Map) {
    let template = controller.get_map("spec").and_then(|spec| spec.get_map("template"));
    let labels = template.and_then(|template| template.get_map("metadata")?.get("labels"));
    let Some(labels) = labels.filter(|labels| labels.as_map().is_some_and(|labels| !labels.is_empty())).cloned() else {
        return;
    };
    let empty = |map: &Map, key: &str| map.get_map(key).is_none_or(Map::is_empty);
    let spec = controller.map_at("spec");
    if empty(spec, "selector") {
        spec.insert("selector", labels.clone());
    }
    let metadata = controller.map_at("metadata");
    if empty(metadata, "labels") {
        metadata.insert("labels", labels);
    }
}

/// Fills `target` with what `from` has and it has not.
fn fill(item: &mut Map, target: &'static str, from: &str) {
    let entries = item.get_map(from).cloned().unwrap_or_default();
    if entries.is_empty() {
        return;
    }
    let target = item.map_at(target);
    for (key, value) in entries {
        if !target.contains_key(&key) {
            target.insert(key, value);
        }
    }
}

/// For containers: the default limit is the maximum, the default request the limit, or else the minimum.
pub(super) fn limit_range_item(item: &mut Map) {
    if text(item, "type") == "Container" {
        fill(item, "default", "max");
        fill(item, "defaultRequest", "default");
        fill(item, "defaultRequest", "min");
    }
}

pub(super) fn service(service: &mut Map) {
    let spec = service.map_at("spec");
    session_affinity(spec);
    if text(spec, "type").is_empty() {
        spec.insert("type", "ClusterIP");
    }
    if let Some(Value::List(ports)) = spec.get_mut("ports") {
        ports.iter_mut().filter_map(Value::as_map_mut).for_each(service_port);
    }
    let kind = Str::from(text(spec, "type"));
    let (cluster_ip, node_port, load_balancer) = match kind.as_str() {
        "ClusterIP" => (true, false, false),
        "NodePort" => (false, true, false),
        "LoadBalancer" => (false, false, true),
        _ => (false, false, false),
    };
    let external = load_balancer || node_port || (cluster_ip && !spec.list_at("externalIPs").is_empty());
    if external && text(spec, "externalTrafficPolicy").is_empty() {
        spec.insert("externalTrafficPolicy", "Cluster");
    }
    if cluster_ip || node_port || load_balancer {
        set_if_absent(spec, "internalTrafficPolicy", "Cluster");
    }
    if load_balancer {
        set_if_absent(spec, "allocateLoadBalancerNodePorts", true);
        let status = service.get_mut("status").and_then(|status| status.at_mut(&["loadBalancer", "ingress"]));
        for ingress in status.and_then(Value::as_list_mut).into_iter().flatten().filter_map(Value::as_map_mut) {
            if !text(ingress, "ip").is_empty() {
                set_if_absent(ingress, "ipMode", "VIP");
            }
        }
    }
}

/// `None` has no configuration, `ClientIP` always a complete one.
fn session_affinity(spec: &mut Map) {
    if text(spec, "sessionAffinity").is_empty() {
        spec.insert("sessionAffinity", "None");
    }
    match text(spec, "sessionAffinity") {
        "None" => drop(spec.remove("sessionAffinityConfig")),
        "ClientIP" => {
            let config = spec.get("sessionAffinityConfig");
            if config.and_then(|config| config.i64_at(&["clientIP", "timeoutSeconds"])).is_none() {
                let seconds = CLIENT_IP_AFFINITY_SECONDS;
                spec.insert("sessionAffinityConfig", apimachinery::value!({"clientIP": {"timeoutSeconds": seconds}}));
            }
        }
        _ => {}
    }
}

fn service_port(port: &mut Map) {
    let unset = match port.get("targetPort") {
        Some(Value::Int(number)) => *number == 0,
        Some(Value::String(name)) => name.is_empty(),
        _ => true,
    };
    if unset {
        let number = port.i64_at("port").unwrap_or_default();
        port.insert("targetPort", number);
    }
}
