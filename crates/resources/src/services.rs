//! Services: addresses and node ports.

mod addresses;
mod changes;
mod node_ports;
mod port_repair;
mod ports;
mod repair;
mod taken;

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use apimachinery::{
    Object, Status, Value,
    field::{FieldError, Path},
    names, value,
};
use apiserver::{RequestContext, Server, Strategy, resource::keep_other_half};
use async_trait::async_trait;

use node_ports::NodePorts;
use store::Engine;

use crate::{
    install::text_at,
    validation::{Errors, services},
};

pub(crate) use repair::expect;
pub use repair::repair;

/// The ranges that services draw from.
#[derive(Clone, Debug)]
pub struct Ranges {
    /// The first address of the service network.
    pub network: Ipv4Addr,
    /// Its prefix length.
    pub prefix_length: u8,
    /// The first node port.
    pub first_node_port: u16,
    /// The last node port.
    pub last_node_port: u16,
}

impl Default for Ranges {
    fn default() -> Ranges {
        Ranges {
            network: Ipv4Addr::new(10, 43, 0, 0),
            prefix_length: 16,
            first_node_port: 30_000,
            last_node_port: 32_767,
        }
    }
}

/// The default network, and the node ports that are taken. Which addresses are taken is in the IPAddress objects.
pub struct ServiceAllocators {
    ranges: Ranges,
    node_ports: NodePorts,
}

impl ServiceAllocators {
    /// Allocators over `ranges` that keep in `engine`, the server's own, what is taken.
    pub fn new(ranges: Ranges, engine: Arc<dyn Engine>) -> Arc<ServiceAllocators> {
        Arc::new(ServiceAllocators { node_ports: NodePorts::new(engine, ranges.clone()), ranges })
    }

    /// The first address of the range: the API server's own service.
    pub fn first_address(&self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.ranges.network) + 1)
    }

    /// The service network.
    pub fn network(&self) -> String {
        format!("{}/{}", self.ranges.network, self.ranges.prefix_length)
    }
}

/// The addresses of a service in the cluster.
fn addresses_of(service: &Object) -> Vec<IpAddr> {
    let listed = service.list_at(&["spec", "clusterIPs"]).iter().filter_map(Value::as_str);
    let first = service.str_at(&["spec", "clusterIP"]);
    let mut parsed: Vec<IpAddr> = listed.chain(first).filter_map(|text| text.parse().ok()).collect();
    parsed.dedup();
    parsed
}

fn service_type(service: &Object) -> &str {
    text_at(service, &["spec", "type"])
}

fn wants_address(service: &Object) -> bool {
    service_type(service) != "ExternalName"
}

fn invalid(service: &Object, path: &str, value: impl Into<Value>, problem: impl AsRef<str>) -> Status {
    let error = FieldError::invalid(&Path::new(path), value, problem);
    Status::invalid("", "Service", service.name(), &[error])
}

/// The strategy of services.
pub(crate) struct Services {
    allocators: Arc<ServiceAllocators>,
}

impl Services {
    pub(crate) fn new(allocators: &Arc<ServiceAllocators>) -> Services {
        Services { allocators: allocators.clone() }
    }

    /// Gives `service`, which was `old`, what it lacks and takes what it names. What it took is given back when it
    /// fails.
    async fn allocate(
        &self,
        server: &Arc<Server>,
        service: &mut Object,
        old: Option<&Object>,
        dry_run: bool,
    ) -> Result<(), Status> {
        let had = addresses_of(service);
        if wants_address(service) {
            addresses::allocate(server, service, dry_run).await?;
        }
        let held = old.map(ports::of).unwrap_or_default();
        let allocated = self.allocators.node_ports.allocate(server, service, &held, dry_run).await;
        if allocated.is_err() && !dry_run {
            let new: Vec<IpAddr> = addresses_of(service).into_iter().filter(|address| !had.contains(address)).collect();
            addresses::release(server, service, &new).await;
        }
        allocated
    }
}

#[async_trait]
impl Strategy for Services {
    fn validate_name(&self, name: &str) -> Vec<String> {
        names::dns1035_label(name)
    }

    fn has_generation(&self) -> bool {
        false
    }

    fn prepare_for_create(&self, _: &RequestContext, object: &mut Object) {
        object.set(&["status"], value!({"loadBalancer": {}}));
    }

    fn prepare_for_update(&self, _: &RequestContext, subresource: &str, object: &mut Object, old: &Object) {
        keep_other_half(subresource, object, old);
        if subresource.is_empty() {
            changes::inherit(object, old);
        }
    }

    fn validate(&self, object: &Object) -> Errors {
        services::service(object)
    }

    fn validate_update(&self, subresource: &str, object: &Object, old: &Object) -> Errors {
        match subresource {
            "status" => Errors::new(),
            _ => services::service_update(object, old),
        }
    }

    async fn begin_create(&self, server: &Arc<Server>, object: &mut Object, dry_run: bool) -> Result<(), Status> {
        self.allocate(server, object, None, dry_run).await
    }

    async fn abort_create(&self, server: &Arc<Server>, object: &Object, dry_run: bool) {
        if !dry_run {
            addresses::release(server, object, &addresses_of(object)).await;
            self.allocators.node_ports.release(server, object, None).await;
        }
    }

    async fn begin_update(
        &self,
        server: &Arc<Server>,
        subresource: &str,
        object: &mut Object,
        old: &Object,
        dry_run: bool,
    ) -> Result<(), Status> {
        if subresource == "status" {
            return Ok(());
        }
        self.allocate(server, object, Some(old), dry_run).await
    }

    async fn abort_update(&self, server: &Arc<Server>, object: &Object, old: &Object) {
        self.allocators.node_ports.release(server, object, Some(old)).await;
        let kept = addresses_of(old);
        let new: Vec<IpAddr> = addresses_of(object).into_iter().filter(|address| !kept.contains(address)).collect();
        addresses::release(server, object, &new).await;
    }

    async fn after_update(&self, server: &Arc<Server>, object: &Object, old: &Object) {
        self.allocators.node_ports.release(server, old, Some(object)).await;
        let kept = addresses_of(object);
        let gone: Vec<IpAddr> = addresses_of(old).into_iter().filter(|address| !kept.contains(address)).collect();
        addresses::release(server, old, &gone).await;
    }

    async fn after_delete(&self, server: &Arc<Server>, object: &Object) {
        self.allocators.node_ports.release(server, object, None).await;
        addresses::release(server, object, &addresses_of(object)).await;
    }

    fn returns_deleted_object(&self) -> bool {
        true
    }

    fn selectable_field<'o>(&self, object: &'o Object, field: &str) -> Option<&'o str> {
        match field {
            "spec.clusterIP" => Some(text_at(object, &["spec", "clusterIP"])),
            "spec.type" => Some(text_at(object, &["spec", "type"])),
            _ => None,
        }
    }
}
