//! Which endpoints a service has.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use apimachinery::{Object, Str, Value, json, value};
use client::kinds::SERVICES;

use super::slicing::{Group, Operation, Template, identity};
use crate::{
    ownership::controller_reference,
    pods,
    services::{self, Family},
};

pub(super) const SERVICE_NAME: &str = "kubernetes.io/service-name";
pub(super) const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
pub(super) const MANAGER: &str = "endpointslice-controller.k8s.io";
const HEADLESS: &str = "service.kubernetes.io/headless";

/// What a reconcile sees.
pub(super) struct Observed {
    pub(super) service: Arc<Object>,
    /// The pods that the service selects.
    pub(super) pods: Vec<Arc<Object>>,
    /// The zone of each known node; empty text for a node without one.
    pub(super) zones: BTreeMap<Str, Str>,
    /// The service's slices that this controller manages.
    pub(super) slices: Vec<Arc<Object>>,
}

/// What to do.
pub(super) struct Plan {
    pub(super) operations: Vec<Operation>,
    /// Nodes that pods run on and that are not known yet; without them the endpoints are incomplete.
    pub(super) missing_nodes: BTreeSet<Str>,
}

pub(super) fn plan(observed: &Observed) -> Plan {
    let mut plan = Plan { operations: Vec::new(), missing_nodes: BTreeSet::new() };
    let families: BTreeSet<Family> = services::families(&observed.service).into_iter().collect();
    for family in &families {
        let groups = groups(observed, *family, &mut plan.missing_nodes);
        let template =
            Template { metadata: metadata(&observed.service), address_type: family.as_str(), placeholder: true };
        let existing: Vec<Arc<Object>> = of_type(observed, family.as_str()).collect();
        plan.operations.extend(template.plan(groups, &existing));
    }
    let served: Vec<&str> = families.iter().map(|family| family.as_str()).collect();
    let foreign = observed.slices.iter().filter(|slice| !served.contains(&address_type(slice)));
    plan.operations.extend(foreign.cloned().map(Operation::Delete));
    plan
}

fn address_type(slice: &Object) -> &str {
    slice.root().str_at("addressType").unwrap_or_default()
}

fn of_type<'o>(observed: &'o Observed, wanted: &'static str) -> impl Iterator<Item = Arc<Object>> + 'o {
    observed.slices.iter().filter(move |slice| address_type(slice) == wanted).cloned()
}

/// The metadata of the service's slices.
fn metadata(service: &Object) -> Value {
    let mut labels = service.labels().clone();
    labels.remove(HEADLESS);
    if services::is_headless(service) {
        labels.insert(HEADLESS, "");
    }
    labels.insert(SERVICE_NAME, service.name());
    labels.insert(MANAGED_BY, MANAGER);
    value!({
        "generateName": crate::pod_control::name_prefix(service.name()),
        "namespace": service.namespace(),
        "labels": labels,
        "ownerReferences": [controller_reference(&SERVICES, service)]
    })
}

fn groups(observed: &Observed, family: Family, missing_nodes: &mut BTreeSet<Str>) -> Vec<Group> {
    let service = &observed.service;
    let portless = service.spec().list_at("ports").is_empty();
    let mut groups: BTreeMap<Vec<u8>, Group> = BTreeMap::new();
    for pod in observed.pods.iter().filter(|pod| services::may_serve(pod, true)) {
        let Some(address) = services::pod_address(pod, family) else { continue };
        let node = pods::node_name(pod);
        if !node.is_empty() && !observed.zones.contains_key(node) && !services::publishes_not_ready(service) {
            missing_nodes.insert(node.into());
            continue;
        }
        let ports = services::endpoint_ports(service, pod);
        if portless && !services::is_headless(service) {
            continue;
        }
        let endpoint = endpoint(observed, pod, address);
        let key = json::to_vec(&Value::from(ports.clone()));
        let group = groups.entry(key).or_insert_with(|| Group { ports, endpoints: BTreeMap::new() });
        group.endpoints.insert(identity(&endpoint), endpoint);
    }
    groups.into_values().collect()
}

fn endpoint(observed: &Observed, pod: &Object, address: &str) -> Value {
    let service = &observed.service;
    let (serving, terminating) = (pods::is_ready(pod), pod.deletion_timestamp().is_some());
    let ready = services::publishes_not_ready(service) || (serving && !terminating);
    let mut endpoint = value!({
        "addresses": [address],
        "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
        "targetRef": services::pod_reference(pod)
    });
    let node = pods::node_name(pod);
    if !node.is_empty() {
        endpoint.set(&["nodeName"], node);
    }
    let zone = observed.zones.get(node).filter(|zone| !zone.is_empty());
    if let Some(zone) = zone {
        endpoint.set(&["zone"], zone);
    }
    if let Some(hostname) = services::published_hostname(pod, service) {
        endpoint.set(&["hostname"], hostname);
    }
    if ready && let Some(hints) = hints(service, zone, node) {
        endpoint.set(&["hints"], hints);
    }
    endpoint
}

/// For whom the endpoint is meant first, when the service asks for near ones.
fn hints(service: &Object, zone: Option<&Str>, node: &str) -> Option<Value> {
    let near = service.spec().str_at("trafficDistribution")?;
    let mut hints = value!({});
    if let Some(zone) = zone.filter(|_| matches!(near, "PreferClose" | "PreferSameZone" | "PreferSameNode")) {
        hints.set(&["forZones"], value!([{"name": zone}]));
    }
    if near == "PreferSameNode" && !node.is_empty() {
        hints.set(&["forNodes"], value!([{"name": node}]));
    }
    hints.as_map().is_some_and(|hints| !hints.is_empty()).then_some(hints)
}
