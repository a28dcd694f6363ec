//! `endpoints-controller`: the old form of endpoints, one object per service.

mod plan;

use std::sync::Arc;

use apimachinery::Str;
use async_trait::async_trait;
use client::{
    Client, EventRecorder, EventType, Informer, Options, WorkQueue,
    controller::{self, Outcome, Reconcile},
    kinds::{ENDPOINTS, PODS, SERVICES},
};

use crate::{
    Context, ControllerDescriptor, expectations::Expectations, pod_control::is_namespace_terminating, services,
};

const WORKERS: usize = 5;

/// The controller of endpoints.
pub const DESCRIPTOR: ControllerDescriptor = ControllerDescriptor {
    name: "endpoints-controller",
    service_account: "endpoint-controller",
    start: |context| Box::pin(run(context)),
};

struct Endpoints {
    client: Client,
    events: EventRecorder,
    services: Informer,
    pods: Informer,
    endpoints: Informer,
    expectations: Expectations,
}

async fn run(context: Context) {
    let (services, pods) = (context.informers.of(&SERVICES), context.informers.of(&PODS));
    let endpoints = context.informers.of(&ENDPOINTS);
    services::index(&services, &pods);
    let queue = WorkQueue::new();
    controller::enqueue_objects(&services, &queue);
    let of_services = services.clone();
    controller::enqueue_on(&pods, &queue, move |event| services::concerned_by(&of_services, event));
    // An object that somebody else changed or removed is put right; one whose service is gone is removed.
    let of_services = services.clone();
    controller::enqueue_on(&endpoints, &queue, move |event| {
        let key = event.object().key();
        let ours = event.object().label(plan::MANAGED_BY) == Some(plan::MANAGER);
        (ours || of_services.get(&key).is_some()).then_some(key)
    });
    let reconciler = Endpoints {
        client: context.client.clone(),
        events: context.recorder("endpoint-controller"),
        services: services.clone(),
        pods: pods.clone(),
        endpoints: endpoints.clone(),
        expectations: Expectations::default(),
    };
    let informers = [services, pods, endpoints];
    controller::run("endpoints-controller", &informers, queue, WORKERS, Arc::new(reconciler)).await;
}

#[async_trait]
impl Reconcile for Endpoints {
    async fn reconcile(&self, key: &Str) -> Outcome {
        self.expectations.settled(key).await;
        let (namespace, name) = key.split_once('/').unwrap_or_default();
        let api = self.client.namespaced(&ENDPOINTS, namespace);
        let current = self.endpoints.get(key);
        let Some(service) = self.services.get(key) else {
            if current.is_some() {
                match api.delete(name, Options::default()).await {
                    Err(status) if !status.is_not_found() => return Err(status.into()),
                    _ => {}
                }
            }
            return Ok(None);
        };
        let Some(selector) = services::selector(&service) else { return Ok(None) };
        let pods = services::selected(&self.pods, namespace, selector);
        let Some(wanted) = plan::endpoints(&service, &pods, current.as_deref()) else { return Ok(None) };
        let exists = current.is_some();
        let answer = if exists { api.update(wanted).await } else { api.create(wanted).await };
        match answer {
            Ok(written) => self.expectations.wrote(key, &self.endpoints, &written),
            Err(status) if is_namespace_terminating(&status) => {}
            Err(status) => {
                let (reason, message) = if exists {
                    ("FailedToUpdateEndpoint", format!("Failed to update endpoint {key}: {status}"))
                } else {
                    ("FailedToCreateEndpoint", format!("Failed to create endpoint for service {key}: {status}"))
                };
                self.events.event(&SERVICES, &service, EventType::Warning, reason, message);
                return Err(status.into());
            }
        }
        Ok(None)
    }
}
