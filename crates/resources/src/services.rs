//! Services: addresses and node ports.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, OnceLock},
};

use apimachinery::{
    Object, Status, Value,
    field::{FieldError, Path},
    names, value,
};
use apiserver::{RequestContext, Server, Strategy, resource::keep_other_half};
use async_trait::async_trait;

use crate::{
    allocator::{AllocationError, Allocator, address_number},
    install::text_at,
};

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

/// Who has which address and port.
pub struct ServiceAllocators {
    ranges: Ranges,
    addresses: Allocator,
    node_ports: Allocator,
}

impl ServiceAllocators {
    /// Allocators over `ranges` in which nothing is taken.
    pub fn new(ranges: Ranges) -> Arc<ServiceAllocators> {
        let size = 1u128 << (32 - u32::from(ranges.prefix_length.min(30)));
        // The network's own address and the broadcast address are nobody's.
        let addresses = Allocator::new(address_number(ranges.network.into()) + 1, size - 2);
        let ports = u128::from(ranges.last_node_port - ranges.first_node_port) + 1;
        let node_ports = Allocator::new(u128::from(ranges.first_node_port), ports);
        Arc::new(ServiceAllocators { ranges, addresses, node_ports })
    }

    /// The first address of the range: the API server's own service.
    pub fn first_address(&self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.ranges.network) + 1)
    }

    /// The service network.
    pub fn network(&self) -> String {
        format!("{}/{}", self.ranges.network, self.ranges.prefix_length)
    }

    /// Takes what existing services have; called once, when their cache is filled.
    pub fn restore(&self, services: &[Arc<Object>]) {
        for service in services {
            for address in addresses(service) {
                self.addresses.take(address_number(address), service.uid());
            }
            for port in node_ports(service) {
                self.node_ports.take(port, service.uid());
            }
        }
    }

    fn release(&self, service: &Object) {
        for address in addresses(service) {
            self.addresses.release(address_number(address), service.uid());
        }
        for port in node_ports(service) {
            self.node_ports.release(port, service.uid());
        }
    }
}

static ALLOCATORS: OnceLock<Arc<ServiceAllocators>> = OnceLock::new();

/// Sets the allocators of this process; the first call counts.
pub(crate) fn provide(allocators: Arc<ServiceAllocators>) {
    let _ = ALLOCATORS.set(allocators);
}

fn allocators() -> Result<&'static Arc<ServiceAllocators>, Status> {
    ALLOCATORS.get().ok_or_else(|| Status::service_unavailable("service addresses can not be given out yet"))
}

fn addresses(service: &Object) -> Vec<IpAddr> {
    let listed = service.list_at(&["spec", "clusterIPs"]).iter().filter_map(Value::as_str);
    let first = service.str_at(&["spec", "clusterIP"]);
    let mut parsed: Vec<IpAddr> = listed.chain(first).filter_map(|text| text.parse().ok()).collect();
    parsed.dedup();
    parsed
}

fn node_ports(service: &Object) -> Vec<u128> {
    let ports = service.list_at(&["spec", "ports"]).iter().filter_map(|port| port.i64_at(&["nodePort"]));
    let health = service.i64_at(&["spec", "healthCheckNodePort"]);
    ports.chain(health).filter(|port| *port > 0).map(|port| u128::from(port.unsigned_abs())).collect()
}

fn service_type(service: &Object) -> &str {
    text_at(service, &["spec", "type"])
}

fn wants_address(service: &Object) -> bool {
    service_type(service) != "ExternalName"
}

fn wants_node_ports(service: &Object) -> bool {
    match service_type(service) {
        "NodePort" => true,
        "LoadBalancer" => service.bool_at(&["spec", "allocateLoadBalancerNodePorts"]) != Some(false),
        _ => false,
    }
}

fn wants_health_port(service: &Object) -> bool {
    service_type(service) == "LoadBalancer" && text_at(service, &["spec", "externalTrafficPolicy"]) == "Local"
}

fn invalid(service: &Object, path: &str, value: impl Into<Value>, problem: &AllocationError) -> Status {
    let error = FieldError::invalid(&Path::new(path), value, problem.to_string());
    Status::invalid("", "Service", service.name(), &[error])
}

/// Gives `service` the addresses and ports that it lacks, and takes those that it names.
fn allocate(allocators: &ServiceAllocators, service: &mut Object) -> Result<(), Status> {
    let owner = service.uid().to_owned();
    if wants_address(service) {
        allocate_address(allocators, service, &owner)?;
    }
    let wants_ports = wants_node_ports(service);
    let count = service.list_at(&["spec", "ports"]).len();
    // Ports of one number in TCP and UDP may share a node port.
    let mut own: Vec<(i64, String, i64)> = Vec::new();
    for index in 0..count {
        let port = &service.list_at(&["spec", "ports"])[index];
        let number = port.i64_at(&["port"]).unwrap_or_default();
        let protocol = port.str_at(&["protocol"]).unwrap_or_default().to_owned();
        let wanted = port.i64_at(&["nodePort"]).unwrap_or_default();
        let path = format!("spec.ports[{index}].nodePort");
        let given = if wanted > 0 {
            let wide = u128::from(wanted.unsigned_abs());
            if !allocators.node_ports.contains(wide) {
                let range = format!("{}-{}", allocators.ranges.first_node_port, allocators.ranges.last_node_port);
                return Err(invalid(
                    service,
                    &path,
                    wanted,
                    &AllocationError::OutOfRange("port".into(), "ports", range),
                ));
            }
            if !allocators.node_ports.take(wide, &owner) {
                return Err(invalid(service, &path, wanted, &AllocationError::Taken("port".into())));
            }
            wanted
        } else if wants_ports {
            let shared = own.iter().find(|(same, other, _)| *same == number && *other != protocol);
            match shared {
                Some((_, _, node_port)) => *node_port,
                None => match allocators.node_ports.take_any(&owner) {
                    Some(port) => port as i64,
                    None => return Err(Status::internal("failed to allocate a nodePort: range is full")),
                },
            }
        } else {
            continue;
        };
        own.push((number, protocol, given));
        if let Some(ports) = service.at_mut(&["spec", "ports"]).and_then(Value::as_list_mut) {
            ports[index].set(&["nodePort"], given);
        }
    }
    if wants_health_port(service) && service.i64_at(&["spec", "healthCheckNodePort"]).unwrap_or_default() == 0 {
        let port = allocators.node_ports.take_any(&owner);
        let port =
            port.ok_or_else(|| Status::internal("failed to allocate requested HealthCheck NodePort: range is full"))?;
        service.set(&["spec", "healthCheckNodePort"], port as i64);
    }
    Ok(())
}

fn allocate_address(allocators: &ServiceAllocators, service: &mut Object, owner: &str) -> Result<(), Status> {
    let wanted = match text_at(service, &["spec", "clusterIP"]) {
        "" => service.list_at(&["spec", "clusterIPs"]).first().and_then(Value::as_str).unwrap_or_default().to_owned(),
        text => text.to_owned(),
    };
    let given = match wanted.as_str() {
        "None" => "None".to_owned(),
        "" => {
            let number = allocators.addresses.take_any(owner);
            let number = number.ok_or_else(|| Status::internal("failed to allocate a serviceIP: range is full"))?;
            Ipv4Addr::from(number as u32).to_string()
        }
        text => {
            let path = "spec.clusterIPs";
            let shown = || value!([text]);
            let failed = |detail: String| {
                let error = FieldError::invalid(&Path::new(path), shown(), detail);
                Err(Status::invalid("", "Service", service.name(), &[error]))
            };
            let Ok(address) = text.parse::<IpAddr>() else {
                return failed("must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)".to_owned());
            };
            let number = address_number(address);
            if !address.is_ipv4() || !allocators.addresses.contains(number) {
                return failed(format!(
                    "failed to allocate IP {text}: the provided IP ({text}) is not in the valid range. The range of valid IPs is {}",
                    allocators.network()
                ));
            }
            if !allocators.addresses.take(number, owner) {
                return failed(format!("failed to allocate IP {text}: provided IP is already allocated"));
            }
            text.to_owned()
        }
    };
    service.set(&["spec", "clusterIP"], given.as_str());
    service.set(&["spec", "clusterIPs"], value!([given.as_str()]));
    let headless_without_selector = given == "None" && service.at(&["spec", "selector"]).is_none();
    let policy = text_at(service, &["spec", "ipFamilyPolicy"]).to_owned();
    if policy.is_empty() {
        let policy = if headless_without_selector { "RequireDualStack" } else { "SingleStack" };
        service.set(&["spec", "ipFamilyPolicy"], policy);
    }
    if service.list_at(&["spec", "ipFamilies"]).is_empty() {
        service.set(&["spec", "ipFamilies"], value!(["IPv4"]));
    }
    Ok(())
}

/// The strategy of services.
pub(crate) struct Services;

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
            inherit_allocations(object, old);
        }
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        validate(object)
    }

    fn validate_update(&self, subresource: &str, object: &Object, old: &Object) -> Vec<FieldError> {
        if subresource == "status" {
            return Vec::new();
        }
        let mut errors = validate(object);
        let (new, before) = (text_at(object, &["spec", "clusterIP"]), text_at(old, &["spec", "clusterIP"]));
        if wants_address(object) && wants_address(old) && !before.is_empty() && new != before {
            let path = Path::new("spec.clusterIPs").index(0);
            errors.push(FieldError::invalid(&path, value!([new]), "may not change once set"));
        }
        errors
    }

    async fn begin_create(&self, _: &Arc<Server>, object: &mut Object, dry_run: bool) -> Result<(), Status> {
        let allocators = allocators()?;
        let allocated = allocate(allocators, object);
        // What a dry run or a refused service took is given back.
        if dry_run || allocated.is_err() {
            allocators.release(object);
        }
        allocated
    }

    async fn abort_create(&self, _: &Arc<Server>, object: &Object, _: bool) {
        if let Ok(allocators) = allocators() {
            allocators.release(object);
        }
    }

    async fn begin_update(
        &self,
        _: &Arc<Server>,
        subresource: &str,
        object: &mut Object,
        old: &Object,
        _: bool,
    ) -> Result<(), Status> {
        if subresource == "status" {
            return Ok(());
        }
        let allocators = allocators()?;
        if let Err(status) = allocate(allocators, object) {
            allocators.release(object);
            allocators.restore(&[Arc::new(old.clone())]);
            return Err(status);
        }
        // Ports that the new form no longer has are free again.
        allocators.release(old);
        allocators.restore(&[Arc::new(object.clone())]);
        Ok(())
    }

    async fn after_delete(&self, _: &Arc<Server>, object: &Object) {
        if let Ok(allocators) = allocators() {
            allocators.release(object);
        }
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

/// A client that replaces a service without its addresses and ports keeps them.
fn inherit_allocations(object: &mut Object, old: &Object) {
    if !wants_address(object) {
        for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            object.remove(&["spec", field]);
        }
        return;
    }
    if wants_address(old) {
        for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            let unset = match object.at(&["spec", field]) {
                None | Some(Value::Null) => true,
                Some(Value::String(text)) => text.is_empty(),
                Some(Value::List(list)) => list.is_empty(),
                Some(_) => false,
            };
            if let (true, Some(value)) = (unset, old.at(&["spec", field])) {
                object.set(&["spec", field], value.clone());
            }
        }
    }
    if !wants_node_ports(object) {
        return;
    }
    let before: Vec<Value> = old.list_at(&["spec", "ports"]).to_vec();
    let Some(ports) = object.at_mut(&["spec", "ports"]).and_then(Value::as_list_mut) else { return };
    for port in ports.iter_mut().filter(|port| port.i64_at(&["nodePort"]).unwrap_or_default() == 0) {
        let same = |old: &&Value| {
            old.i64_at(&["port"]) == port.i64_at(&["port"]) && old.str_at(&["protocol"]) == port.str_at(&["protocol"])
        };
        if let Some(node_port) = before.iter().find(same).and_then(|old| old.i64_at(&["nodePort"])) {
            port.set(&["nodePort"], node_port);
        }
    }
}

fn validate(service: &Object) -> Vec<FieldError> {
    let spec = Path::new("spec");
    let mut errors = Vec::new();
    let kind = service_type(service);
    if !matches!(kind, "ClusterIP" | "ExternalName" | "LoadBalancer" | "NodePort") {
        let choices = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
        errors.push(FieldError::not_supported(&spec.child("type"), kind, &choices));
    }
    let ports = service.list_at(&["spec", "ports"]);
    let headless = text_at(service, &["spec", "clusterIP"]) == "None";
    if kind == "ExternalName" {
        let name = text_at(service, &["spec", "externalName"]);
        let problems = names::dns1123_subdomain(name.trim_end_matches('.'));
        let at = spec.child("externalName");
        errors.extend(problems.iter().map(|problem| FieldError::invalid(&at, name, problem)));
        return errors;
    }
    if ports.is_empty() && !headless {
        errors.push(FieldError::required(&spec.child("ports"), ""));
    }
    let mut seen = Vec::new();
    for (index, port) in ports.iter().enumerate() {
        let at = spec.child("ports").index(index);
        let number = port.i64_at(&["port"]).unwrap_or_default();
        if !(1..=65535).contains(&number) {
            errors.push(FieldError::invalid(&at.child("port"), number, "must be between 1 and 65535, inclusive"));
        }
        let name = port.str_at(&["name"]).unwrap_or_default();
        if name.is_empty() && ports.len() > 1 {
            errors.push(FieldError::required(&at.child("name"), ""));
        } else if !name.is_empty() {
            let problems = names::dns1123_label(name);
            errors.extend(problems.iter().map(|problem| FieldError::invalid(&at.child("name"), name, problem)));
            if seen.contains(&name) {
                errors.push(FieldError::duplicate(&at.child("name"), name));
            }
            seen.push(name);
        }
        let protocol = port.str_at(&["protocol"]).unwrap_or_default();
        if !matches!(protocol, "TCP" | "UDP" | "SCTP") {
            errors.push(FieldError::not_supported(&at.child("protocol"), protocol, &["SCTP", "TCP", "UDP"]));
        }
        let node_port = port.i64_at(&["nodePort"]).unwrap_or_default();
        if node_port != 0 && kind == "ClusterIP" {
            let detail = "may not be used when `type` is 'ClusterIP'";
            errors.push(FieldError::forbidden(&at.child("nodePort"), detail));
        }
    }
    if let Some(selector) = service.map_at(&["spec", "selector"]) {
        apiserver::handlers::metadata::validate_labels(selector, &spec.child("selector"), &mut errors);
    }
    errors
}
