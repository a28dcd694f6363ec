//! Keeps the node ports that are taken in step with the services: upstream's `portallocator-repair-controller`.
//!
//! A port may be taken by nobody for a while: its service is being made, or it is being given back. A server that ends
//! then leaves it so. Here a look is taken when the range or a service changed, not by the clock, and again while there
//! is a port that nobody has; every server looks, and the first one mends.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use apimachinery::{Object, Status};
use apiserver::Server;
use bytes::Bytes;
use client::{
    events::{EventRecorder, EventType},
    kinds::SERVICES,
};
use store::{Revision, StoreError};
use tokio::{sync::Notify, time::Instant};

use super::{ServiceAllocators, node_ports, ports, taken::TakenPorts};

/// The time between a change and the look at it, and between two looks: changes that come together are one.
const INTERVAL: Duration = Duration::from_secs(60);
/// A port that nobody had for this time is free again: upstream's interval between two looks, and three times as long
/// as a request may take that is about to store its service.
const LEAK_GRACE: Duration = Duration::from_secs(180);

/// The ports that nobody has, and since when that is known.
type Suspects = BTreeMap<u16, Instant>;

/// Who looks at node ports.
pub(super) struct PortRepair {
    server: Arc<Server>,
    allocators: Arc<ServiceAllocators>,
    events: EventRecorder,
    services_changed: Arc<Notify>,
    interval: Duration,
    grace: Duration,
}

/// What is wrong with a service's port.
#[derive(Debug)]
struct Warning {
    service: Arc<Object>,
    reason: &'static str,
    message: String,
}

/// What a look finds.
#[derive(Debug)]
struct Verdict {
    /// The ports that should be taken.
    taken: TakenPorts,
    suspects: Suspects,
    warnings: Vec<Warning>,
}

/// Compares what is taken with what the services have. `services` are no older than `stored`.
fn judge(stored: &TakenPorts, services: &[Arc<Object>], suspects: &Suspects, now: Instant, grace: Duration) -> Verdict {
    let mut verdict = Verdict { taken: stored.clone(), suspects: Suspects::new(), warnings: Vec::new() };
    let mut had = BTreeSet::new();
    for service in services {
        for port in ports::of(service) {
            let (reason, message) = if !stored.contains(port) {
                let range = stored.range();
                let message = format!("Port {port} is not within the port range {range}; please recreate service");
                ("PortOutOfRange", message)
            } else if !had.insert(port) {
                let message = format!("Port {port} was assigned to multiple services; please recreate service");
                ("PortAlreadyAllocated", message)
            } else if verdict.taken.take(port) {
                ("PortNotAllocated", format!("Port {port} is not allocated; repairing"))
            } else {
                continue;
            };
            verdict.warnings.push(Warning { service: service.clone(), reason, message });
        }
    }
    for port in stored.iter().filter(|port| !had.contains(port)) {
        let since = suspects.get(&port).copied().unwrap_or(now);
        if now.duration_since(since) < grace {
            verdict.suspects.insert(port, since);
        } else {
            verdict.taken.release(port);
        }
    }
    verdict
}

impl PortRepair {
    /// Somebody who looks whenever `services_changed` tells so, and when the range changes.
    pub(super) fn new(
        server: Arc<Server>,
        allocators: Arc<ServiceAllocators>,
        events: EventRecorder,
        services_changed: Arc<Notify>,
    ) -> PortRepair {
        PortRepair { server, allocators, events, services_changed, interval: INTERVAL, grace: LEAK_GRACE }
    }

    /// Repairs until the future is dropped.
    pub(super) async fn run(&self) {
        let mut suspects = Suspects::new();
        loop {
            match self.look(&mut suspects).await {
                Ok(Some(revision)) if suspects.is_empty() => self.changed_after(revision).await,
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "node ports could not be looked at"),
            }
            tokio::time::sleep(self.interval).await;
        }
    }

    /// Looks once, and mends; the revision as of which all is in step, `None` when somebody was faster.
    async fn look(&self, suspects: &mut Suspects) -> Result<Option<Revision>, Status> {
        let node_ports = &self.allocators.node_ports;
        if node_ports.replace_other_range(&self.server).await? {
            return Ok(None);
        }
        let stored = node_ports.read(&self.server).await?;
        let services = node_ports::services(&self.server).await?;
        let verdict = judge(&stored.taken, &services, suspects, Instant::now(), self.grace);
        for Warning { service, reason, message } in verdict.warnings {
            tracing::warn!(service = %service.key(), reason, message);
            self.events.event(&SERVICES, &service, EventType::Warning, reason, message);
        }
        for port in verdict.suspects.keys().filter(|port| !suspects.contains_key(port)) {
            tracing::info!(port, "no service has this node port yet");
        }
        for port in stored.taken.iter().filter(|port| !verdict.taken.has(*port)) {
            tracing::warn!(port, "the node port appears to have leaked: cleaning up");
        }
        if !node_ports.replace(&stored, &verdict.taken).await? {
            return Ok(None);
        }
        *suspects = verdict.suspects;
        Ok(Some(stored.read_at))
    }

    /// Waits until the range or a service changes, or until that cannot be told any more.
    async fn changed_after(&self, revision: Revision) {
        let end = [node_ports::KEY.as_bytes(), b"\0"].concat();
        let watched = self.allocators.node_ports.engine().watch(node_ports::KEY.into(), Bytes::from(end), revision);
        let range_changed = async {
            let mut watched = watched?;
            while watched.next().await?.events.is_empty() {}
            Ok(())
        };
        tokio::select! {
            changed = range_changed => match changed {
                Ok(()) | Err(StoreError::Compacted { .. }) => {}
                Err(StoreError::Closed) => std::future::pending().await,
                Err(error) => tracing::warn!(%error, "the range of node ports could not be watched"),
            },
            () = self.services_changed.notified() => {}
        }
    }
}

#[cfg(test)]
mod tests;
