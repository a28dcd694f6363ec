//! What the proxy reads of a Service.

use std::net::IpAddr;

use apimachinery::{Object, Str, Value};
use network::{Cidr, Transport};

/// How long a client stays with its endpoint when the service does not say (upstream's default).
const AFFINITY_SECONDS: u32 = 10_800;
/// Services with this label are served by another proxy.
const PROXY_NAME_LABEL: &str = "service.kubernetes.io/service-proxy-name";

/// A service that has an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its namespace.
    pub namespace: Str,
    /// Its name.
    pub name: Str,
    /// Its uid, for events.
    pub uid: Str,
    /// Its own addresses.
    pub cluster_addresses: Vec<IpAddr>,
    /// Addresses that lead to this node from outside: `externalIPs`.
    pub external_addresses: Vec<IpAddr>,
    /// Addresses of its load balancer that keep the destination (`ipMode: VIP`).
    pub load_balancer_addresses: Vec<IpAddr>,
    /// Who may use the load balancer's addresses; everyone when empty.
    pub source_ranges: Vec<Cidr>,
    /// Its ports.
    pub ports: Vec<ServicePort>,
    /// How long a client stays with its endpoint, in seconds; `None` without session affinity.
    pub affinity_seconds: Option<u32>,
    /// Clients in the cluster reach endpoints of their own node alone.
    pub internal_local: bool,
    /// Clients outside reach endpoints of the node that they came to alone.
    pub external_local: bool,
    /// Where load balancers ask whether this node has endpoints.
    pub health_check_port: Option<u16>,
}

/// A port of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePort {
    /// Its name; empty when it is the only one.
    pub name: Str,
    /// Its protocol.
    pub transport: Transport,
    /// Its number.
    pub port: u16,
    /// The port of every node that leads to it.
    pub node_port: Option<u16>,
}

impl Service {
    /// Reads a Service; `None` when it has no address (headless, `ExternalName`) or is another proxy's.
    pub fn read(object: &Object) -> Option<Service> {
        let spec = object.spec();
        let text = |key: &str| spec.str_at(key).unwrap_or_default();
        if text("type") == "ExternalName" || object.label(PROXY_NAME_LABEL).is_some() {
            return None;
        }
        let mut cluster_addresses = addresses(spec.list_at("clusterIPs"));
        if cluster_addresses.is_empty() {
            cluster_addresses.extend(text("clusterIP").parse::<IpAddr>());
        }
        if cluster_addresses.is_empty() {
            return None;
        }
        let affinity_seconds = (text("sessionAffinity") == "ClientIP").then(|| {
            let configured = object.i64_at(&["spec", "sessionAffinityConfig", "clientIP", "timeoutSeconds"]);
            configured.and_then(|seconds| u32::try_from(seconds).ok()).unwrap_or(AFFINITY_SECONDS)
        });
        let balanced = text("type") == "LoadBalancer";
        let ranges = if balanced { spec.list_at("loadBalancerSourceRanges") } else { &[] };
        Some(Service {
            namespace: object.namespace().into(),
            name: object.name().into(),
            uid: object.uid().into(),
            cluster_addresses,
            external_addresses: addresses(spec.list_at("externalIPs")),
            load_balancer_addresses: if balanced { load_balancer_addresses(object) } else { Vec::new() },
            source_ranges: ranges.iter().filter_map(|range| range.as_str()?.trim().parse().ok()).collect(),
            ports: spec.list_at("ports").iter().filter_map(read_port).collect(),
            affinity_seconds,
            internal_local: text("internalTrafficPolicy") == "Local",
            external_local: text("externalTrafficPolicy") == "Local",
            health_check_port: spec.i64_at("healthCheckNodePort").and_then(port).filter(|_| balanced),
        })
    }
}

fn addresses(values: &[Value]) -> Vec<IpAddr> {
    values.iter().filter_map(|value| value.as_str()?.parse().ok()).collect()
}

/// A port number; zero is none.
pub(crate) fn port(number: i64) -> Option<u16> {
    u16::try_from(number).ok().filter(|number| *number != 0)
}

fn load_balancer_addresses(object: &Object) -> Vec<IpAddr> {
    object
        .list_at(&["status", "loadBalancer", "ingress"])
        .iter()
        .filter(|ingress| ingress.str_at(&["ipMode"]) != Some("Proxy"))
        .filter_map(|ingress| ingress.str_at(&["ip"])?.parse().ok())
        .collect()
}

fn read_port(value: &Value) -> Option<ServicePort> {
    Some(ServicePort {
        name: value.str_at(&["name"]).unwrap_or_default().into(),
        transport: Transport::from_name(value.str_at(&["protocol"]).unwrap_or_default())?,
        port: port(value.i64_at(&["port"])?)?,
        node_port: value.i64_at(&["nodePort"]).and_then(port),
    })
}
