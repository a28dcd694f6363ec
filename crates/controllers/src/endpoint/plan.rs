//! What the endpoints of a service should be.

use std::{collections::BTreeMap, sync::Arc};

use apimachinery::{List, Object, Value, json, value};

use crate::{pods, services};

pub(super) const MANAGED_BY: &str = "endpoints.kubernetes.io/managed-by";
pub(super) const MANAGER: &str = "endpoint-controller";
const HEADLESS: &str = "service.kubernetes.io/headless";
const OVER_CAPACITY: &str = "endpoints.kubernetes.io/over-capacity";
/// Addresses in one object; what is more is left out, and the annotation says so.
const CAPACITY: usize = 1000;

#[derive(Default)]
struct Subset {
    ports: Vec<Value>,
    ready: List,
    not_ready: List,
}

/// The object to write; `None` when `current` is right.
pub(super) fn endpoints(service: &Object, pods: &[Arc<Object>], current: Option<&Object>) -> Option<Object> {
    let (subsets, truncated) = subsets(service, pods);
    let mut labels = service.labels().clone();
    if services::is_headless(service) {
        labels.insert(HEADLESS, "");
    } else {
        labels.remove(HEADLESS);
    }
    labels.insert(MANAGED_BY, MANAGER);
    let mut wanted = current.cloned().unwrap_or_else(|| {
        Object(value!({
            "apiVersion": "v1",
            "kind": "Endpoints",
            "metadata": {"name": service.name(), "namespace": service.namespace()}
        }))
    });
    wanted.metadata_mut().insert("labels", labels);
    if subsets.is_empty() {
        wanted.remove(&["subsets"]);
    } else {
        wanted.set(&["subsets"], subsets);
    }
    if truncated {
        wanted.metadata_mut().map_at("annotations").insert(OVER_CAPACITY, "truncated");
    } else if wanted.annotation(OVER_CAPACITY).is_some() {
        wanted.metadata_mut().map_at("annotations").remove(OVER_CAPACITY);
    }
    (current != Some(&wanted)).then_some(wanted)
}

/// Addresses with the same ports stand together; the flag says that some were left out.
fn subsets(service: &Object, pods: &[Arc<Object>]) -> (Vec<Value>, bool) {
    let family = services::families(service)[0];
    let publish = services::publishes_not_ready(service);
    let mut groups: BTreeMap<Vec<u8>, Subset> = BTreeMap::new();
    for pod in pods.iter().filter(|pod| services::may_serve(pod, publish)) {
        let Some(ip) = services::pod_address(pod, family) else { continue };
        let ports = services::endpoint_ports(service, pod);
        if ports.is_empty() && !(service.spec().list_at("ports").is_empty() && services::is_headless(service)) {
            continue;
        }
        let mut address = value!({"ip": ip, "targetRef": services::pod_reference(pod)});
        if !pods::node_name(pod).is_empty() {
            address.set(&["nodeName"], pods::node_name(pod));
        }
        if let Some(hostname) = services::published_hostname(pod, service) {
            address.set(&["hostname"], hostname);
        }
        let key = json::to_vec(&Value::from(ports.clone()));
        let subset = groups.entry(key).or_insert_with(|| Subset { ports, ..Subset::default() });
        let ready = publish || pods::is_ready(pod);
        if ready { &mut subset.ready } else { &mut subset.not_ready }.push(address);
    }
    let truncated = truncate(&mut groups);
    (groups.into_values().filter_map(Subset::into_value).collect(), truncated)
}

/// Ready addresses go before others.
fn truncate(groups: &mut BTreeMap<Vec<u8>, Subset>) -> bool {
    let mut left = CAPACITY;
    let mut truncated = false;
    let mut take = |list: &mut List| {
        truncated |= list.len() > left;
        list.truncate(left);
        left -= list.len();
    };
    groups.values_mut().for_each(|subset| take(&mut subset.ready));
    groups.values_mut().for_each(|subset| take(&mut subset.not_ready));
    truncated
}

impl Subset {
    fn into_value(mut self) -> Option<Value> {
        if self.ready.is_empty() && self.not_ready.is_empty() {
            return None;
        }
        let mut subset = value!({});
        for (key, list) in [("addresses", &mut self.ready), ("notReadyAddresses", &mut self.not_ready)] {
            list.sort_by(|a, b| a.str_at(&["ip"]).cmp(&b.str_at(&["ip"])));
            if !list.is_empty() {
                subset.set(&[key], list.clone());
            }
        }
        // The old form leaves the name of an only port out.
        for port in &mut self.ports {
            if port.str_at(&["name"]) == Some("") {
                port.remove(&["name"]);
            }
        }
        if !self.ports.is_empty() {
            subset.set(&["ports"], self.ports);
        }
        Some(subset)
    }
}
