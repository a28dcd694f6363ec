//! `endpointslice-controller`: which pods stand behind a service, in slices.

mod plan;
pub mod slicing;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use apimachinery::{Status, Str};
use async_trait::async_trait;
use client::{
    Client, Event, EventRecorder, EventType, Informer, Options, WorkQueue,
    controller::{self, Outcome, Reconcile, ReconcileError},
    kinds::{ENDPOINT_SLICES, NODES, PODS, SERVICES},
};

use self::{
    plan::{MANAGED_BY, MANAGER, Observed, SERVICE_NAME, plan},
    slicing::Operation,
};
use crate::{
    Context, ControllerDescriptor,
    expectations::Expectations,
    pod_control::{in_flight, is_namespace_terminating},
    pods, services,
};

const WORKERS: usize = 5;
/// The index of slices by their service.
const BY_SERVICE: &str = "service";
/// The index of pods by the node that they are bound to.
const BY_NODE: &str = "nodeName";
const ZONE: &str = "topology.kubernetes.io/zone";

/// The controller of endpoint slices.
pub const DESCRIPTOR: ControllerDescriptor = ControllerDescriptor {
    name: "endpointslice-controller",
    service_account: "endpointslice-controller",
    start: |context| Box::pin(run(context)),
};

struct EndpointSlices {
    client: Client,
    events: EventRecorder,
    services: Informer,
    pods: Informer,
    nodes: Informer,
    slices: Informer,
    expectations: Arc<Expectations>,
}

/// Adds the index of slices by service, whose keys are those of services.
pub(crate) fn index_by_service(slices: &Informer) {
    slices.add_index(BY_SERVICE, |slice| {
        let service = slice.label(SERVICE_NAME).unwrap_or_default();
        vec![format!("{}/{service}", slice.namespace()).into()]
    });
}

/// The slices of a service that `manager` manages.
pub(crate) fn managed_slices(slices: &Informer, service: &str, manager: &str) -> Vec<Arc<apimachinery::Object>> {
    let mut managed = slices.by_index(BY_SERVICE, service);
    managed.retain(|slice| slice.label(MANAGED_BY) == Some(manager) && slice.deletion_timestamp().is_none());
    managed
}

/// Enqueues the services of slices that `manager` manages: somebody may have changed them.
pub(crate) fn enqueue_services_of(slices: &Informer, queue: &WorkQueue<Str>, manager: &'static str) {
    controller::enqueue_on(slices, queue, move |event: &Event| {
        let slice = event.object();
        let ours = |slice: &apimachinery::Object| slice.label(MANAGED_BY) == Some(manager);
        let concerned = ours(slice) || event.old().is_some_and(|old| ours(old));
        let service = slice.label(SERVICE_NAME).filter(|_| concerned)?;
        Some(format!("{}/{service}", slice.namespace()).into())
    });
}

async fn run(context: Context) {
    let (services, pods) = (context.informers.of(&SERVICES), context.informers.of(&PODS));
    let (nodes, slices) = (context.informers.of(&NODES), context.informers.of(&ENDPOINT_SLICES));
    index_by_service(&slices);
    services::index(&services, &pods);
    pods.add_index(BY_NODE, |pod| vec![pods::node_name(pod).into()]);
    let queue = WorkQueue::new();
    controller::enqueue_objects(&services, &queue);
    enqueue_services_of(&slices, &queue, MANAGER);
    let of_services = services.clone();
    controller::enqueue_on(&pods, &queue, move |event| services::concerned_by(&of_services, event));
    enqueue_for_nodes(&services, &pods, &nodes, &queue);
    let reconciler = EndpointSlices {
        client: context.client.clone(),
        events: context.recorder("endpoint-slice-controller"),
        services: services.clone(),
        pods: pods.clone(),
        nodes: nodes.clone(),
        slices: slices.clone(),
        expectations: Arc::default(),
    };
    let informers = [services, pods, nodes, slices];
    controller::run("endpointslice-controller", &informers, queue, WORKERS, Arc::new(reconciler)).await;
}

/// A node that comes, or changes its zone, completes the endpoints on it.
fn enqueue_for_nodes(services: &Informer, pods: &Informer, nodes: &Informer, queue: &WorkQueue<Str>) {
    let (services, pods) = (services.clone(), pods.clone());
    controller::enqueue_on(nodes, queue, move |event: &Event| {
        let node = event.object();
        let concerned = match event {
            Event::Added(_) => true,
            Event::Updated { old, .. } => old.label(ZONE) != node.label(ZONE),
            Event::Deleted(_) => false,
        };
        if !concerned {
            return Vec::new();
        }
        let on_node = pods.by_index(BY_NODE, node.name()).into_iter();
        on_node.flat_map(|pod| services::concerned_by(&services, &Event::Added(pod))).collect::<Vec<_>>()
    });
}

#[async_trait]
impl Reconcile for EndpointSlices {
    async fn reconcile(&self, key: &Str) -> Outcome {
        self.expectations.settled(key).await;
        // The slices of a service that is gone are the garbage collector's.
        let Some(service) = self.services.get(key) else { return Ok(None) };
        let Some(selector) = services::selector(&service) else { return Ok(None) };
        if service.deletion_timestamp().is_some() {
            return Ok(None);
        }
        let pods = services::selected(&self.pods, service.namespace(), selector);
        let names = pods.iter().map(|pod| pods::node_name(pod)).filter(|name| !name.is_empty());
        let zones = names
            .filter_map(|name| Some((name.into(), self.nodes.get(name)?.label(ZONE).unwrap_or_default().into())))
            .collect();
        let slices = managed_slices(&self.slices, key, MANAGER);
        let observed = Observed { service: service.clone(), pods, zones, slices };
        let plan = plan(&observed);
        if let Err(status) = execute(&self.client, &self.slices, &self.expectations, key, plan.operations).await {
            if is_namespace_terminating(&status) {
                return Ok(None);
            }
            let message = format!("Error updating Endpoint Slices for Service {key}: {status}");
            self.events.event(&SERVICES, &service, EventType::Warning, "FailedToUpdateEndpointSlices", message);
            return Err(status.into());
        }
        if !plan.missing_nodes.is_empty() {
            let nodes = plan.missing_nodes.iter().map(Str::as_str).collect::<Vec<_>>().join(", ");
            return Err(ReconcileError::Other(format!("service {key} has pods on unknown nodes: {nodes}")));
        }
        Ok(None)
    }
}

/// Carries out operations on slices; all are tried, the first failure is returned.
pub(crate) async fn execute(
    client: &Client,
    slices: &Informer,
    expectations: &Expectations,
    key: &Str,
    operations: Vec<Operation>,
) -> Result<(), Status> {
    let namespace = key.split_once('/').map_or("", |(namespace, _)| namespace);
    let api = client.namespaced(&ENDPOINT_SLICES, namespace);
    let one = |operation: Operation| {
        let api = api.clone();
        async move {
            match operation {
                Operation::Create(slice) => expectations.wrote(key, slices, &*api.create(slice).await?),
                Operation::Update(_, slice) => expectations.wrote(key, slices, &*api.update(slice).await?),
                Operation::Delete(slice) => {
                    match api.delete(slice.name(), Options::default()).await {
                        Ok(_) => expectations.deleted(key, slices, &slice),
                        Err(status) if status.is_not_found() => {}
                        Err(status) => return Err(status),
                    };
                }
            }
            Ok(())
        }
    };
    let requests: Vec<_> = operations.into_iter().map(one).collect();
    in_flight(requests).await.into_iter().collect()
}
