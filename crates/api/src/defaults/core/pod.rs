//! Conditional defaults of pods.

use apimachinery::{List, Map, Str, Value, value};

use crate::defaults::{set_if_absent, text};

/// What holds for pods, but not for the templates that pods are made from.
pub(in crate::defaults) fn pod(pod: &mut Map) {
    let spec = pod.map_at("spec");
    if spec.i64_at("terminationGracePeriodSeconds").is_some_and(|seconds| seconds < 0) {
        spec.insert("terminationGracePeriodSeconds", 1);
    }
    set_if_absent(spec, "enableServiceLinks", true);
    let host_network = spec.bool_at("hostNetwork") == Some(true);
    for key in ["containers", "initContainers"] {
        let Some(Value::List(containers)) = spec.get_mut(key) else { continue };
        for container in containers.iter_mut().filter_map(Value::as_map_mut) {
            requests_from_limits(container);
            if host_network {
                host_ports(container);
            }
        }
    }
}

/// A limit without a request is the request, too.
fn requests_from_limits(container: &mut Map) {
    let Some(resources) = container.get_mut("resources").and_then(Value::as_map_mut) else { return };
    let limits = resources.get_map("limits").cloned().unwrap_or_default();
    if limits.is_empty() {
        return;
    }
    let requests = resources.map_at("requests");
    for (resource, limit) in limits {
        if !requests.contains_key(&resource) {
            requests.insert(resource, limit);
        }
    }
}

/// In the host's network, a container's ports are the host's.
fn host_ports(container: &mut Map) {
    let Some(Value::List(ports)) = container.get_mut("ports") else { return };
    for port in ports.iter_mut().filter_map(Value::as_map_mut) {
        let number = port.i64_at("containerPort").unwrap_or_default();
        if number != 0 && port.i64_at("hostPort").unwrap_or_default() == 0 {
            port.insert("hostPort", number);
        }
    }
}

/// `serviceAccount` is the old name of `serviceAccountName`; both say the same.
pub(in crate::defaults) fn pod_spec(spec: &mut Map) {
    let name = Str::from(text(spec, "serviceAccountName"));
    let name = if name.is_empty() { Str::from(text(spec, "serviceAccount")) } else { name };
    if name.is_empty() {
        return;
    }
    spec.insert("serviceAccountName", name.clone());
    spec.insert("serviceAccount", name);
}

/// Keeps `podIP` and the first of `podIPs` the same; where they differ, `podIP` holds.
pub(in crate::defaults) fn pod_status(status: &mut Map) {
    let address = Str::from(text(status, "podIP"));
    let first = status.list_at("podIPs").first().map(|first| Str::from(first.str_at(&["ip"]).unwrap_or_default()));
    match first {
        Some(first) if address.is_empty() && !first.is_empty() => drop(status.insert("podIP", first)),
        first if !address.is_empty() && first.as_ref() != Some(&address) => {
            status.insert("podIPs", List::from_iter([value!({"ip": address})]));
        }
        _ => {}
    }
}
