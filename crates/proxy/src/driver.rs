//! The proxy's life: events in, rules out.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use apimachinery::{Str, time, value};
use client::{Client, Options, kinds};
use tokio::{sync::mpsc, task::JoinSet};

use crate::{
    Config, Error, HealthServer, Notice, Service, ServiceProxy, Summary,
    feed::{Change, follow},
};

/// Where a node says in which zone it is.
const ZONE_LABEL: &str = "topology.kubernetes.io/zone";
/// Changes that wait for the proxy at most; more of them wait in the watch itself.
const CHANGES_LIMIT: usize = 1024;
/// Waits after a failed synchronization: doubled from the first to the last.
const FIRST_RETRY: Duration = Duration::from_millis(100);
const LAST_RETRY: Duration = Duration::from_secs(30);

#[derive(Clone, Copy)]
enum Collection {
    Services,
    EndpointSlices,
    /// This node alone.
    Node,
}

/// Runs the proxy until it is dropped. It starts with an error when nf_tables cannot be reached; afterwards
/// it tries again, and says why in the log.
///
/// It has to be called in the network namespace of the node.
pub async fn run(client: Client, config: Config) -> Result<(), Error> {
    let node_name = config.node_name.clone();
    let proxy = Arc::new(Mutex::new(ServiceProxy::new(config)?));
    let (sender, receiver) = mpsc::channel(CHANGES_LIMIT);
    // The followers end with this future.
    let mut followers = JoinSet::new();
    let own = Options { field_selector: format!("metadata.name={node_name}"), ..Options::default() };
    for (resource, options, collection) in [
        (kinds::SERVICES, Options::default(), Collection::Services),
        (kinds::ENDPOINT_SLICES, Options::default(), Collection::EndpointSlices),
        (kinds::NODES, own, Collection::Node),
    ] {
        followers.spawn(follow(client.clone(), resource, options, collection, sender.clone()));
    }
    drop(sender);
    Driver { client, node_name, proxy, health: HealthServer::default(), services: false, slices: false }
        .run(receiver)
        .await;
    Ok(())
}

fn lock(proxy: &Mutex<ServiceProxy>) -> MutexGuard<'_, ServiceProxy> {
    // After a panic the tables are built anew from the state, which events keep complete.
    proxy.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Driver {
    client: Client,
    node_name: Str,
    proxy: Arc<Mutex<ServiceProxy>>,
    health: HealthServer,
    /// Whether the first list of each has come: rules are not touched before.
    services: bool,
    slices: bool,
}

impl Driver {
    async fn run(mut self, mut changes: mpsc::Receiver<(Collection, Change)>) {
        let mut retry = None;
        loop {
            let waited = match retry {
                Some(wait) => tokio::time::timeout(wait, changes.recv()).await.ok(),
                None => Some(changes.recv().await),
            };
            match waited {
                Some(Some((collection, change))) => self.take(collection, change),
                Some(None) => return,
                None => {}
            }
            // All that waits goes into one transaction.
            while let Ok((collection, change)) = changes.try_recv() {
                self.take(collection, change);
            }
            if !(self.services && self.slices) {
                continue;
            }
            retry = match self.sync().await {
                Ok(()) => None,
                Err(error) => {
                    let wait = retry.map_or(FIRST_RETRY, |wait: Duration| (wait * 2).min(LAST_RETRY));
                    tracing::error!(%error, ?wait, "service rules could not be changed");
                    Some(wait)
                }
            };
        }
    }

    fn take(&mut self, collection: Collection, change: Change) {
        let mut proxy = lock(&self.proxy);
        match (collection, change) {
            (Collection::Services, Change::Set(object)) => proxy.set_service(&object),
            (Collection::Services, Change::Removed(object)) => proxy.remove_service(&object.key()),
            (Collection::EndpointSlices, Change::Set(object)) => proxy.set_endpoint_slice(&object),
            (Collection::EndpointSlices, Change::Removed(object)) => proxy.remove_endpoint_slice(&object.key()),
            (Collection::Node, Change::Set(node)) => proxy.set_zone(node.label(ZONE_LABEL).unwrap_or_default()),
            (Collection::Node, Change::Replaced(nodes)) => {
                let zone = nodes.first().and_then(|node| node.label(ZONE_LABEL));
                proxy.set_zone(zone.unwrap_or_default());
            }
            (Collection::Node, Change::Removed(_)) => {}
            (Collection::Services, Change::Replaced(objects)) => {
                let kept: HashSet<Str> = objects.iter().map(|object| object.key()).collect();
                proxy
                    .service_keys()
                    .iter()
                    .filter(|key| !kept.contains(*key))
                    .for_each(|key| proxy.remove_service(key));
                objects.iter().for_each(|object| proxy.set_service(object));
                self.services = true;
            }
            (Collection::EndpointSlices, Change::Replaced(objects)) => {
                let kept: HashSet<Str> = objects.iter().map(|object| object.key()).collect();
                let gone = proxy.endpoint_slice_keys().into_iter().filter(|key| !kept.contains(key));
                gone.for_each(|key| proxy.remove_endpoint_slice(&key));
                objects.iter().for_each(|object| proxy.set_endpoint_slice(object));
                self.slices = true;
            }
        }
    }

    async fn sync(&mut self) -> Result<(), Error> {
        // A transaction takes the kernel milliseconds; with thousands of services at the start, more.
        let proxy = self.proxy.clone();
        let outcome = tokio::task::spawn_blocking(move || lock(&proxy).sync()).await;
        let summary: Summary = outcome.unwrap_or_else(|_| {
            lock(&self.proxy).distrust();
            Err(Error::Panicked)
        })?;
        tracing::debug!(?summary, "service rules are in place");
        for (service, notice) in &summary.notices {
            self.tell(service, notice).await;
        }
        let checks = lock(&self.proxy).health_checks();
        for (service, notice) in self.health.update(checks).await {
            tracing::warn!(service = %service, "{}", notice);
        }
        Ok(())
    }

    /// Records an event about a service; nothing but the log hears of a failure.
    async fn tell(&self, service: &Service, notice: &Notice) {
        let now = time::format_seconds(stdx::clock::now());
        let event = value!({
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "name": format!("{}.{}", service.name, stdx::random::name_suffix(16)),
                "namespace": service.namespace.clone(),
            },
            "involvedObject": {
                "apiVersion": "v1",
                "kind": "Service",
                "namespace": service.namespace.clone(),
                "name": service.name.clone(),
                "uid": service.uid.clone(),
            },
            "type": "Warning",
            "reason": notice.reason,
            "message": notice.message.as_str(),
            "source": {"component": "kube-proxy", "host": self.node_name.clone()},
            "reportingComponent": "kube-proxy",
            "reportingInstance": self.node_name.clone(),
            "count": 1,
            "firstTimestamp": now.as_str(),
            "lastTimestamp": now.as_str(),
        });
        let events = self.client.namespaced(&kinds::EVENTS, service.namespace.clone());
        if let Err(status) = events.create(event).await {
            tracing::warn!(service = %service.name, %status, message = notice.message, "an event could not be recorded");
        }
    }
}
