//! `endpointslice-mirroring-controller`: endpoints that somebody wrote by hand, as slices.

use std::{collections::BTreeMap, sync::Arc};

use apimachinery::{Object, Str, Value, json, value};
use async_trait::async_trait;
use client::{
    Client, Event, EventRecorder, EventType, Informer, WorkQueue,
    controller::{self, Outcome, Reconcile},
    kinds::{ENDPOINT_SLICES, ENDPOINTS, SERVICES},
};

use crate::{
    Context, ControllerDescriptor,
    endpointslice::{
        enqueue_services_of, execute, index_by_service, managed_slices,
        slicing::{Group, Operation, Template, identity},
    },
    expectations::Expectations,
    ownership::controller_reference,
    pod_control::is_namespace_terminating,
    services::Family,
};

const WORKERS: usize = 5;
const MANAGER: &str = "endpointslicemirroring-controller.k8s.io";
const SKIP: &str = "endpointslice.kubernetes.io/skip-mirror";
const LEADER: &str = "control-plane.alpha.kubernetes.io/leader";
/// Addresses of one subset that are mirrored.
const SUBSET_LIMIT: usize = 1000;

/// The mirror of endpoints.
pub const DESCRIPTOR: ControllerDescriptor = ControllerDescriptor {
    name: "endpointslice-mirroring-controller",
    service_account: "endpointslicemirroring-controller",
    start: |context| Box::pin(run(context)),
};

struct Mirror {
    client: Client,
    events: EventRecorder,
    endpoints: Informer,
    services: Informer,
    slices: Informer,
    expectations: Expectations,
}

async fn run(context: Context) {
    let (endpoints, services) = (context.informers.of(&ENDPOINTS), context.informers.of(&SERVICES));
    let slices = context.informers.of(&ENDPOINT_SLICES);
    index_by_service(&slices);
    let queue = WorkQueue::new();
    controller::enqueue_objects(&endpoints, &queue);
    controller::enqueue_on(&services, &queue, |event: &Event| {
        let selector = |service: &Object| service.spec().get("selector").cloned();
        let service = event.object();
        event.old().is_none_or(|old| selector(old) != selector(service)).then(|| service.key())
    });
    enqueue_services_of(&slices, &queue, MANAGER);
    let reconciler = Mirror {
        client: context.client.clone(),
        events: context.recorder("endpoint-slice-mirroring-controller"),
        endpoints: endpoints.clone(),
        services: services.clone(),
        slices: slices.clone(),
        expectations: Expectations::default(),
    };
    let informers = [endpoints, services, slices];
    controller::run("endpointslice-mirroring-controller", &informers, queue, WORKERS, Arc::new(reconciler)).await;
}

/// Whether the endpoints are somebody's own for a service that selects no pods.
fn is_mirrored(endpoints: &Object, service: &Object) -> bool {
    let selects = service.spec().get_map("selector").is_some_and(|selector| !selector.is_empty());
    !selects && endpoints.label(SKIP) != Some("true") && endpoints.annotation(LEADER).is_none()
}

/// The endpoints of one family, by their ports; the flag says that some were left out.
fn groups(endpoints: &Object, family: Family) -> (Vec<Group>, bool) {
    let mut groups: BTreeMap<Vec<u8>, Group> = BTreeMap::new();
    let mut truncated = false;
    for subset in endpoints.list_at(&["subsets"]) {
        let mut ports: Vec<Value> = subset.list_at(&["ports"]).to_vec();
        for port in &mut ports {
            // Slices name every port.
            if port.at(&["name"]).is_none() {
                port.set(&["name"], "");
            }
        }
        let key = json::to_vec(&Value::from(ports.clone()));
        let group = groups.entry(key).or_insert_with(|| Group { ports, endpoints: BTreeMap::new() });
        let ready = subset.list_at(&["addresses"]).iter().map(|address| (address, true));
        let unready = subset.list_at(&["notReadyAddresses"]).iter().map(|address| (address, false));
        let of_family = ready
            .chain(unready)
            .filter(|(address, _)| address.str_at(&["ip"]).is_some_and(|ip| Family::of(ip) == family));
        for (count, (address, ready)) in of_family.enumerate() {
            if count >= SUBSET_LIMIT {
                truncated = true;
                break;
            }
            let endpoint = endpoint(address, ready);
            group.endpoints.insert(identity(&endpoint), endpoint);
        }
    }
    groups.retain(|_, group| !group.endpoints.is_empty());
    (groups.into_values().collect(), truncated)
}

fn endpoint(address: &Value, ready: bool) -> Value {
    let mut endpoint = value!({
        "addresses": [address.str_at(&["ip"]).unwrap_or_default()],
        "conditions": {"ready": ready}
    });
    for key in ["hostname", "nodeName", "targetRef"] {
        if let Some(copied) = address.at(&[key]) {
            endpoint.set(&[key], copied.clone());
        }
    }
    endpoint
}

fn metadata(endpoints: &Object) -> Value {
    let mut labels = endpoints.labels().clone();
    labels.insert("kubernetes.io/service-name", endpoints.name());
    labels.insert("endpointslice.kubernetes.io/managed-by", MANAGER);
    let mut annotations = endpoints.annotations().clone();
    annotations.remove("endpoints.kubernetes.io/last-change-trigger-time");
    annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    let mut metadata = value!({
        "generateName": crate::pod_control::name_prefix(endpoints.name()),
        "namespace": endpoints.namespace(),
        "labels": labels,
        "ownerReferences": [controller_reference(&ENDPOINTS, endpoints)]
    });
    if !annotations.is_empty() {
        metadata.set(&["annotations"], annotations);
    }
    metadata
}

#[async_trait]
impl Reconcile for Mirror {
    async fn reconcile(&self, key: &Str) -> Outcome {
        self.expectations.settled(key).await;
        let existing = managed_slices(&self.slices, key, MANAGER);
        let service = self.services.get(key);
        let endpoints = self
            .endpoints
            .get(key)
            .filter(|endpoints| service.as_ref().is_some_and(|service| is_mirrored(endpoints, service)));
        let Some(endpoints) = endpoints else {
            let operations = existing.into_iter().map(Operation::Delete).collect();
            execute(&self.client, &self.slices, &self.expectations, key, operations).await?;
            return Ok(None);
        };
        let mut operations = Vec::new();
        for family in [Family::IPv4, Family::IPv6] {
            let (groups, truncated) = groups(&endpoints, family);
            if truncated {
                let message = "A max of 1000 addresses can be mirrored to EndpointSlices per Endpoints subset";
                self.events.event(&ENDPOINTS, &endpoints, EventType::Warning, "TooManyAddressesToMirror", message);
            }
            let template =
                Template { metadata: metadata(&endpoints), address_type: family.as_str(), placeholder: false };
            let own: Vec<_> = existing
                .iter()
                .filter(|slice| slice.root().str_at("addressType") == Some(family.as_str()))
                .cloned()
                .collect();
            operations.extend(template.plan(groups, &own));
        }
        match execute(&self.client, &self.slices, &self.expectations, key, operations).await {
            Err(status) if is_namespace_terminating(&status) => Ok(None),
            answer => Ok(answer.map(|()| None)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use client::testing::{FakeApi, settle};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn endpoints_without_a_selector_are_mirrored() {
        let api = FakeApi::new();
        let _running = tokio::spawn((DESCRIPTOR.start)(Context::for_tests(&api)));
        let metadata = || value!({"namespace": "a", "name": "db"});
        api.seed(&SERVICES, value!({"metadata": metadata(), "spec": {}}));
        let addresses = value!([{"ip": "10.0.0.1"}, {"ip": "fd00::1"}]);
        let subsets = value!([{"addresses": addresses, "ports": [{"port": 5432, "protocol": "TCP"}]}]);
        api.seed(&ENDPOINTS, value!({"metadata": metadata(), "subsets": subsets}));
        settle(1).await;
        let slices = api.list(&ENDPOINT_SLICES);
        let mut types: Vec<_> = slices.iter().filter_map(|slice| slice.root().str_at("addressType")).collect();
        types.sort_unstable();
        assert_eq!(types, ["IPv4", "IPv6"]);
        assert_eq!(slices[0].label("kubernetes.io/service-name"), Some("db"));
        api.modify(&SERVICES, "a", "db", |service| service.set(&["spec", "selector"], value!({"app": "db"})));
        settle(1).await;
        assert!(api.list(&ENDPOINT_SLICES).is_empty(), "now they are another controller's");
    }
}
