//! Node ports of services.

use std::collections::BTreeSet;

use apimachinery::{Object, Status, Value};

use super::{invalid, service_type, taken::TakenPorts};
use crate::install::text_at;

/// The ports that a service has.
pub(super) fn of(service: &Object) -> BTreeSet<u16> {
    let ports = service.list_at(&["spec", "ports"]).iter().filter_map(|port| port.i64_at(&["nodePort"]));
    let health = service.i64_at(&["spec", "healthCheckNodePort"]);
    ports.chain(health).filter(|port| *port > 0).filter_map(|port| u16::try_from(port).ok()).collect()
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

/// Whether a service lacks a port, or names one that is not in `held`.
pub(super) fn lacks_any(service: &Object, held: &BTreeSet<u16>) -> bool {
    let is_new = |port: Option<i64>| !u16::try_from(port.unwrap_or_default()).is_ok_and(|port| held.contains(&port));
    let has_number = |port: &Value| port.i64_at(&["nodePort"]).unwrap_or_default() > 0;
    let wants_ports = wanted(service);
    let mut ports = service.list_at(&["spec", "ports"]).iter();
    ports.any(|port| (wants_ports || has_number(port)) && is_new(port.i64_at(&["nodePort"])))
        || (wants_health_port(service) && is_new(service.i64_at(&["spec", "healthCheckNodePort"])))
}

/// What a service is given.
#[derive(Debug, Default)]
pub(super) struct Given {
    /// Node ports, by the index of the port.
    ports: Vec<(usize, i64)>,
    health_port: Option<i64>,
}

impl Given {
    /// Fills them in.
    pub(super) fn write_to(&self, service: &mut Object) {
        if let Some(ports) = service.at_mut(&["spec", "ports"]).and_then(Value::as_list_mut) {
            for (index, node_port) in &self.ports {
                ports[*index].set(&["nodePort"], *node_port);
            }
        }
        if let Some(port) = self.health_port {
            service.set(&["spec", "healthCheckNodePort"], port);
        }
    }
}

/// Takes `port`, unless it is held; the error is in upstream's words.
fn take(taken: &mut TakenPorts, held: &mut BTreeSet<u16>, port: i64) -> Result<(), String> {
    let Some(number) = u16::try_from(port).ok().filter(|number| taken.contains(*number)) else {
        let range = taken.range();
        return Err(format!("provided port is not in the valid range. The range of valid ports is {range}"));
    };
    if held.insert(number) && !taken.take(number) {
        return Err("provided port is already allocated".to_owned());
    }
    Ok(())
}

/// Takes what `service` lacks and what it names, except what it has: `held`.
///
/// # Errors
/// A port is somebody's or not in the range; none is left.
pub(super) fn give(service: &Object, held: &BTreeSet<u16>, taken: &mut TakenPorts) -> Result<Given, Status> {
    let mut held = held.clone();
    let mut given = Given::default();
    let wants_ports = wanted(service);
    // Ports of one number in TCP and UDP may share a node port.
    let mut own: Vec<(i64, &str, i64)> = Vec::new();
    for (index, port) in service.list_at(&["spec", "ports"]).iter().enumerate() {
        let number = port.i64_at(&["port"]).unwrap_or_default();
        let protocol = port.str_at(&["protocol"]).unwrap_or_default();
        let named = port.i64_at(&["nodePort"]).unwrap_or_default();
        let node_port = if named > 0 {
            let again = own.iter().any(|(_, other, port)| *port == named && *other == protocol);
            let problem = match again {
                true => Err("provided port is already allocated".to_owned()),
                false => take(taken, &mut held, named),
            };
            let path = format!("spec.ports[{index}].nodePort");
            problem.map_err(|problem| invalid(service, &path, named, problem))?;
            named
        } else if wants_ports {
            match own.iter().find(|(same, other, _)| *same == number && *other != protocol) {
                Some((_, _, node_port)) => *node_port,
                None => any(taken, &mut held, "failed to allocate a nodePort: range is full")?,
            }
        } else {
            continue;
        };
        own.push((number, protocol, node_port));
        given.ports.push((index, node_port));
    }
    if wants_health_port(service) {
        let named = service.i64_at(&["spec", "healthCheckNodePort"]).unwrap_or_default();
        given.health_port = Some(if named == 0 {
            any(taken, &mut held, "failed to allocate a HealthCheck NodePort : range is full")?
        } else {
            let refused = |problem| {
                Status::internal(format!("failed to allocate requested HealthCheck NodePort {named}: {problem}"))
            };
            take(taken, &mut held, named).map_err(refused)?;
            named
        });
    }
    Ok(given)
}

fn any(taken: &mut TakenPorts, held: &mut BTreeSet<u16>, problem: &str) -> Result<i64, Status> {
    let port = taken.take_any().ok_or_else(|| Status::internal(problem))?;
    held.insert(port);
    Ok(i64::from(port))
}
