//! Node ports of services.

use apimachinery::{Object, Status, Value};

use super::{ServiceAllocators, invalid, service_type};
use crate::install::text_at;

/// The ports that a service has.
pub(super) fn of(service: &Object) -> Vec<u128> {
    let ports = service.list_at(&["spec", "ports"]).iter().filter_map(|port| port.i64_at(&["nodePort"]));
    let health = service.i64_at(&["spec", "healthCheckNodePort"]);
    let mut numbers: Vec<u128> =
        ports.chain(health).filter(|port| *port > 0).map(|port| u128::from(port.unsigned_abs())).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// Whether a service wants node ports.
pub(super) fn wanted(service: &Object) -> bool {
    match service_type(service) {
        "NodePort" => true,
        "LoadBalancer" => service.bool_at(&["spec", "allocateLoadBalancerNodePorts"]) != Some(false),
        _ => false,
    }
}

/// Whether a service wants a port for the health of its nodes.
pub(super) fn wants_health_port(service: &Object) -> bool {
    service_type(service) == "LoadBalancer" && text_at(service, &["spec", "externalTrafficPolicy"]) == "Local"
}

/// Gives back what `service` has and `keeps` has not.
pub(super) fn release(allocators: &ServiceAllocators, service: &Object, keeps: Option<&Object>) {
    let kept = keeps.map(of).unwrap_or_default();
    for port in of(service).into_iter().filter(|port| !kept.contains(port)) {
        allocators.node_ports.release(port, service.uid());
    }
}

/// Gives `service` the ports that it lacks, and takes those that it names; all or none of them.
pub(super) fn allocate(allocators: &ServiceAllocators, service: &mut Object, dry_run: bool) -> Result<(), Status> {
    let mut taken: Vec<u128> = Vec::new();
    let allocated = allocate_each(allocators, service, &mut taken);
    if dry_run || allocated.is_err() {
        taken.iter().for_each(|port| allocators.node_ports.release(*port, service.uid()));
    }
    allocated
}

fn allocate_each(allocators: &ServiceAllocators, service: &mut Object, taken: &mut Vec<u128>) -> Result<(), Status> {
    let owner = service.uid().to_owned();
    let wants_ports = wanted(service);
    let numbers = &allocators.node_ports;
    let any = |problem: &str, taken: &mut Vec<u128>| {
        let port = numbers.take_any(&owner).ok_or_else(|| Status::internal(problem))?;
        taken.push(port);
        Ok::<i64, Status>(port as i64)
    };
    // Ports of one number in TCP and UDP may share a node port.
    let mut own: Vec<(i64, String, i64)> = Vec::new();
    for index in 0..service.list_at(&["spec", "ports"]).len() {
        let port = &service.list_at(&["spec", "ports"])[index];
        let number = port.i64_at(&["port"]).unwrap_or_default();
        let protocol = port.str_at(&["protocol"]).unwrap_or_default().to_owned();
        let named = port.i64_at(&["nodePort"]).unwrap_or_default();
        let given = if named > 0 {
            let wide = u128::from(named.unsigned_abs());
            let path = format!("spec.ports[{index}].nodePort");
            if !numbers.contains(wide) {
                let range = allocators.port_range();
                let problem = format!("provided port is not in the valid range. The range of valid ports is {range}");
                return Err(invalid(service, &path, named, problem));
            }
            let again = own.iter().any(|(_, other, port)| *port == named && *other == protocol);
            match numbers.take_new(wide, &owner) {
                Some(new) if !again => taken.extend(new.then_some(wide)),
                _ => return Err(invalid(service, &path, named, "provided port is already allocated")),
            }
            named
        } else if wants_ports {
            match own.iter().find(|(same, other, _)| *same == number && *other != protocol) {
                Some((_, _, node_port)) => *node_port,
                None => any("failed to allocate a nodePort: range is full", taken)?,
            }
        } else {
            continue;
        };
        own.push((number, protocol, given));
        if let Some(ports) = service.at_mut(&["spec", "ports"]).and_then(Value::as_list_mut) {
            ports[index].set(&["nodePort"], given);
        }
    }
    let health = service.i64_at(&["spec", "healthCheckNodePort"]).unwrap_or_default();
    if !wants_health_port(service) {
        return Ok(());
    }
    if health == 0 {
        let port = any("failed to allocate a HealthCheck NodePort : range is full", taken)?;
        service.set(&["spec", "healthCheckNodePort"], port);
        return Ok(());
    }
    let wide = u128::from(health.unsigned_abs());
    let problem = match numbers.contains(wide) {
        true => match numbers.take_new(wide, &owner) {
            Some(new) => {
                taken.extend(new.then_some(wide));
                return Ok(());
            }
            None => "provided port is already allocated".to_owned(),
        },
        false => {
            format!("provided port is not in the valid range. The range of valid ports is {}", allocators.port_range())
        }
    };
    Err(Status::internal(format!("failed to allocate requested HealthCheck NodePort {health}: {problem}")))
}
