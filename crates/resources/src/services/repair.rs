//! Keeps services and their addresses in step: upstream's `ipallocator-repair-controller`. It works when something
//! changes, not by the clock. [`port_repair`](super::port_repair) does the same for node ports.

use std::{net::IpAddr, sync::Arc, time::Duration};

use apimachinery::{Object, Status, Str, Value, time};
use apiserver::{Server, health::Health};
use async_trait::async_trait;
use client::{
    Client, Event, Informer, Options, SharedInformers, WorkQueue,
    controller::{self, Outcome, Reconcile},
    events::{EventRecorder, EventType},
    kinds::{IP_ADDRESSES, SERVICE_CIDRS, SERVICES},
};

use tokio::sync::Notify;

use super::{ServiceAllocators, addresses, addresses_of, port_repair::PortRepair, ports};
use crate::{allocator::address_number, install::text_at};

const CHECK: &str = "poststarthook/start-service-ip-repair-controllers";
const WORKERS: usize = 5;
/// An address may be there before its service, which is being made, for this time, in seconds.
const ORPHAN_GRACE_SECONDS: i64 = 60;
/// A service that could not be stored takes its address back within this time, in seconds.
const REVERT_GRACE_SECONDS: i64 = 5;

/// Announces the check that [`repair`] fulfils.
pub(crate) fn expect(health: &Health) {
    health.expect(CHECK, "not finished");
}

/// Repairs what `server` has, by `client`, until the future is dropped.
pub async fn repair(server: Arc<Server>, client: Client, allocators: Arc<ServiceAllocators>) {
    let informers = SharedInformers::new(client.clone());
    let of_services = informers.of(&SERVICES);
    let of_addresses = informers.of(&IP_ADDRESSES);
    let of_ranges = informers.of(&SERVICE_CIDRS);
    let repairer = Arc::new(Repairer {
        client: client.clone(),
        services: of_services.clone(),
        addresses: of_addresses.clone(),
        ranges: of_ranges.clone(),
        address_events: EventRecorder::new(client.clone(), "ipallocator-repair-controller", ""),
    });
    let port_events = EventRecorder::new(client, "portallocator-repair-controller", "");
    let services_changed = Arc::new(Notify::new());
    let of_ports = PortRepair::new(server.clone(), allocators, port_events, services_changed.clone());
    let (service_queue, address_queue) = (WorkQueue::new(), WorkQueue::new());
    // A service is looked at when it or one of its addresses changes, an address when it or its service does.
    controller::enqueue_objects(&of_services, &service_queue);
    controller::enqueue_on(&of_addresses, &service_queue, |event: &Event| [parent_key(event.object())]);
    controller::enqueue_objects(&of_addresses, &address_queue);
    controller::enqueue_on(&of_services, &address_queue, |event: &Event| {
        let mut all = addresses_of(event.object());
        all.extend(event.old().map(|old| addresses_of(old)).unwrap_or_default());
        all.into_iter().map(|address| Str::from(address.to_string())).collect::<Vec<_>>()
    });
    // What is given back to a range that is gone, or belongs to one that is new, concerns every service.
    let all = of_services.clone();
    controller::enqueue_on(&of_ranges, &service_queue, move |event: &Event| match event {
        Event::Updated { .. } => Vec::new(),
        _ => all.list().iter().map(|service| service.key()).collect(),
    });
    of_services.add_handler(move |event: &Event| {
        let has_ports = |service: &Object| !ports::of(service).is_empty();
        if has_ports(event.object()) || event.old().is_some_and(|old| has_ports(old)) {
            services_changed.notify_one();
        }
    });
    let informed = [of_services, of_addresses, of_ranges];
    for informer in &informed {
        informer.synced().await;
    }
    server.health().set(CHECK, Ok(()));
    let of_service = Arc::new(OfServices(repairer.clone()));
    let of_address = Arc::new(OfAddresses(repairer));
    futures::join!(
        controller::run("services", &informed, service_queue, WORKERS, of_service),
        controller::run("ipaddresses", &informed, address_queue, WORKERS, of_address),
        of_ports.run(),
    );
}

/// The key of the service that an address is for.
fn parent_key(address: &Object) -> Str {
    let parent = |field| text_at(address, &["spec", "parentRef", field]);
    format!("{}/{}", parent("namespace"), parent("name")).into()
}

fn is_for_a_service(address: &Object) -> bool {
    let parent = |field| text_at(address, &["spec", "parentRef", field]);
    parent("group").is_empty() && parent("resource") == "services"
}

fn is_managed(address: &Object) -> bool {
    address.label(addresses::MANAGED_BY_LABEL) == Some(addresses::MANAGED_BY)
}

fn family(address: IpAddr) -> &'static str {
    if address.is_ipv4() { "IPv4" } else { "IPv6" }
}

/// The age of an object in seconds.
fn age_seconds(object: &Object) -> i64 {
    let made = time::parse(object.creation_timestamp()).map_or(0, |time| time.as_second());
    stdx::clock::now().as_second() - made
}

struct Repairer {
    client: Client,
    services: Informer,
    addresses: Informer,
    ranges: Informer,
    address_events: EventRecorder,
}

struct OfServices(Arc<Repairer>);
struct OfAddresses(Arc<Repairer>);

#[async_trait]
impl Reconcile for OfServices {
    async fn reconcile(&self, key: &Str) -> Outcome {
        let Some(service) = self.0.services.get(key) else { return Ok(None) };
        for address in addresses_of(&service) {
            self.0.check_address(&service, address).await?;
        }
        Ok(None)
    }
}

#[async_trait]
impl Reconcile for OfAddresses {
    async fn reconcile(&self, key: &Str) -> Outcome {
        match self.0.addresses.get(key).filter(|address| is_managed(address)) {
            Some(address) => self.0.check_parent(&address).await,
            None => Ok(None),
        }
    }
}

impl Repairer {
    fn warn_service(&self, service: &Object, reason: &'static str, message: String) {
        tracing::warn!(service = %service.key(), reason, message);
        self.address_events.event(&SERVICES, service, EventType::Warning, reason, message);
    }

    fn is_in_range(&self, address: IpAddr) -> bool {
        let number = address_number(address);
        let ranges = self.ranges.list();
        let cidrs = ranges.iter().flat_map(|range| range.list_at(&["spec", "cidrs"]).iter());
        let mut spans = cidrs.filter_map(Value::as_str).filter_map(addresses::span);
        address.is_ipv4() && spans.any(|span| span.contains(number))
    }

    async fn check_address(&self, service: &Object, address: IpAddr) -> Result<(), Status> {
        let family = family(address);
        if !self.is_in_range(address) {
            let message = format!(
                "Cluster IP [{family}]: {address} is not within any configured Service CIDR; please recreate service"
            );
            self.warn_service(service, "ClusterIPOutOfRange", message);
            return Ok(());
        }
        let Some(present) = self.addresses.get(&address.to_string()) else {
            let present = self.client.all(&IP_ADDRESSES).get_optional(&address.to_string()).await?;
            if present.is_some() {
                // The informer will say so.
                return Ok(());
            }
            let message = format!("Cluster IP [{family}]: {address} is not allocated; repairing");
            self.warn_service(service, "ClusterIPNotAllocated", message);
            let wanted = addresses::ip_address(address, service);
            return self.client.all(&IP_ADDRESSES).create(wanted).await.map(drop);
        };
        let parent_exists = self.services.get(&parent_key(&present));
        let own = is_for_a_service(&present) && parent_key(&present) == service.key();
        if !own {
            let claims = |parent: &Arc<Object>| addresses_of(parent).contains(&address);
            if is_for_a_service(&present) && parent_exists.as_ref().is_some_and(claims) {
                let message = format!(
                    "Cluster IP [{family}]:{address} was assigned to multiple services; please recreate service"
                );
                self.warn_service(service, "ClusterIPAlreadyAllocated", message);
                return Ok(());
            }
            let message = format!(
                "the ClusterIP [{family}]: {address} for Service {} has a wrong reference; repairing",
                service.key()
            );
            self.warn_service(service, "ClusterIPNotAllocated", message);
            return self.recreate(&present, service, address).await;
        }
        if !is_managed(&present) || present.label(addresses::FAMILY_LABEL) != Some(family) {
            return self.recreate(&present, service, address).await;
        }
        Ok(())
    }

    async fn delete(&self, address: &Object) -> Result<(), Status> {
        let options = Options { precondition_uid: address.uid().to_owned(), ..Options::default() };
        match self.client.all(&IP_ADDRESSES).delete(address.name(), options).await {
            Err(status) if !status.is_not_found() => Err(status),
            _ => Ok(()),
        }
    }

    async fn recreate(&self, present: &Object, service: &Object, address: IpAddr) -> Result<(), Status> {
        self.delete(present).await?;
        self.client.all(&IP_ADDRESSES).create(addresses::ip_address(address, service)).await.map(drop)
    }

    async fn check_parent(&self, address: &Object) -> Outcome {
        let name = address.name();
        if !is_for_a_service(address) {
            let parent = address.at(&["spec", "parentRef"]).cloned().unwrap_or_default();
            let parent = String::from_utf8_lossy(&apimachinery::json::to_vec(&parent)).into_owned();
            let message = format!(
                "IPAddress {name} appears to have been modified, not referencing a Service {parent}: cleaning up"
            );
            self.warn_address(address, "IPAddressNotAllocated", message);
            self.delete(address).await?;
            return Ok(None);
        }
        let parent = parent_key(address);
        let age = age_seconds(address);
        let later = |seconds: i64| Ok(Some(Duration::from_secs((seconds - age).max(1).unsigned_abs())));
        let Some(service) = self.services.get(&parent) else {
            if age <= ORPHAN_GRACE_SECONDS {
                return later(ORPHAN_GRACE_SECONDS + 1);
            }
            let message = format!("IPAddress: {name} for Service {parent} appears to have leaked: cleaning up");
            self.warn_address(address, "IPAddressNotAllocated", message);
            self.delete(address).await?;
            return Ok(None);
        };
        if addresses_of(&service).iter().any(|own| own.to_string() == name) {
            return Ok(None);
        }
        // The address of a service that is about to get one, or that could not be stored.
        let grace = match text_at(&service, &["spec", "type"]) {
            "ExternalName" => ORPHAN_GRACE_SECONDS,
            _ => REVERT_GRACE_SECONDS,
        };
        if age < grace {
            return later(grace);
        }
        let message = format!("IPAddress: {name} for Service {parent} has a wrong reference; cleaning up");
        self.warn_address(address, "IPAddressWrongReference", message);
        self.delete(address).await?;
        Ok(None)
    }

    fn warn_address(&self, address: &Object, reason: &'static str, message: String) {
        tracing::warn!(address = address.name(), reason, message);
        self.address_events.event(&IP_ADDRESSES, address, EventType::Warning, reason, message);
    }
}
