//! From Services, EndpointSlices and Namespaces to records: pure functions.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use apimachinery::{Object, Str, Value};

use crate::{index::Contribution, wire::Data};

/// The service that a slice belongs to.
const SERVICE_NAME_LABEL: &str = "kubernetes.io/service-name";

/// What DNS reads of a Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    namespace: Str,
    name: Str,
    form: Form,
    ports: Vec<Port>,
    /// Endpoints are published before they are ready.
    publish_not_ready: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    Addresses(Vec<IpAddr>),
    Headless,
    ExternalName(Str),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Port {
    name: Str,
    /// `tcp`, `udp`, `sctp`.
    protocol: Str,
    number: u16,
}

/// What DNS reads of an EndpointSlice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// `namespace/name` of the service.
    pub service: Str,
    ports: Vec<Port>,
    endpoints: Vec<Endpoint>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Endpoint {
    addresses: Vec<IpAddr>,
    hostname: Str,
    ready: bool,
}

fn addresses(values: &[Value]) -> Vec<IpAddr> {
    values.iter().filter_map(|value| value.as_str()?.parse().ok()).collect()
}

fn read_port(value: &Value) -> Option<Port> {
    let protocol = value.str_at(&["protocol"]).filter(|protocol| !protocol.is_empty()).unwrap_or("TCP");
    Some(Port {
        name: value.str_at(&["name"]).unwrap_or_default().into(),
        protocol: protocol.to_ascii_lowercase().into(),
        number: u16::try_from(value.i64_at(&["port"])?).ok()?,
    })
}

impl Service {
    /// Reads a Service.
    pub fn read(object: &Object) -> Service {
        let spec = object.spec();
        let text = |key: &str| spec.str_at(key).unwrap_or_default();
        let form = if text("type") == "ExternalName" {
            Form::ExternalName(text("externalName").trim_end_matches('.').to_ascii_lowercase().into())
        } else if text("clusterIP") == "None" {
            Form::Headless
        } else {
            let mut all = addresses(spec.list_at("clusterIPs"));
            if all.is_empty() {
                all.extend(text("clusterIP").parse::<IpAddr>());
            }
            Form::Addresses(all)
        };
        Service {
            namespace: object.namespace().into(),
            name: object.name().into(),
            form,
            ports: spec.list_at("ports").iter().filter_map(read_port).collect(),
            publish_not_ready: spec.bool_at("publishNotReadyAddresses").unwrap_or(false),
        }
    }

    /// Whether its records depend on its endpoints.
    pub fn is_headless(&self) -> bool {
        self.form == Form::Headless
    }
}

impl Slice {
    /// Reads an EndpointSlice; `None` when it belongs to no service or holds names.
    pub fn read(object: &Object) -> Option<Slice> {
        let service = object.label(SERVICE_NAME_LABEL).filter(|name| !name.is_empty())?;
        let root = object.root();
        if root.str_at("addressType") == Some("FQDN") {
            return None;
        }
        let endpoints = root.list_at("endpoints").iter().map(|endpoint| Endpoint {
            addresses: addresses(endpoint.list_at(&["addresses"])),
            hostname: endpoint.str_at(&["hostname"]).unwrap_or_default().into(),
            ready: endpoint.bool_at(&["conditions", "ready"]).unwrap_or(true),
        });
        Some(Slice {
            service: format!("{}/{service}", object.namespace()).into(),
            endpoints: endpoints.collect(),
            ports: root.list_at("ports").iter().filter_map(read_port).collect(),
        })
    }
}

/// The record of an address.
pub fn address_data(address: IpAddr) -> Data {
    match address {
        IpAddr::V4(address) => Data::A(address),
        IpAddr::V6(address) => Data::Aaaa(address),
    }
}

/// The name under which an address is looked up.
pub fn reverse_name(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(address) => {
            let digits = address.octets().into_iter().rev().flat_map(|byte| [byte & 15, byte >> 4]);
            let mut name: String = digits.map(|digit| format!("{digit:x}.")).collect();
            name.push_str("ip6.arpa");
            name
        }
    }
}

/// The name of an endpoint without a hostname of its own: its address with dashes.
fn dashed(address: IpAddr) -> String {
    address.to_string().replace(['.', ':'], "-")
}

/// The records of a service in `zone`.
pub fn service<'a>(zone: &str, service: &Service, slices: impl Iterator<Item = &'a Slice>) -> Vec<Contribution> {
    let own = format!("{}.{}.svc.{zone}", service.name, service.namespace);
    let mut made = Vec::new();
    match &service.form {
        Form::ExternalName(target) => made.push((own.into(), Some(Data::Cname(target.clone())))),
        Form::Addresses(addresses) => {
            for address in addresses {
                made.push((own.as_str().into(), Some(address_data(*address))));
                made.push((reverse_name(*address).into(), Some(Data::Ptr(own.as_str().into()))));
            }
            for port in service.ports.iter().filter(|port| !port.name.is_empty()) {
                let data = Data::Srv { target: own.as_str().into(), port: port.number, weight: 100 };
                made.push((port_name(port, &own).into(), Some(data)));
            }
        }
        Form::Headless => headless(service, &own, slices, &mut made),
    }
    made
}

fn port_name(port: &Port, own: &str) -> String {
    format!("_{}._{}.{own}", port.name, port.protocol)
}

fn headless<'a>(service: &Service, own: &str, slices: impl Iterator<Item = &'a Slice>, made: &mut Vec<Contribution>) {
    // An endpoint may stand in several slices, and several addresses may share a hostname.
    let mut hosts: BTreeMap<String, BTreeSet<IpAddr>> = BTreeMap::new();
    let mut ports: BTreeSet<(Port, String)> = BTreeSet::new();
    for slice in slices {
        for endpoint in slice.endpoints.iter().filter(|endpoint| endpoint.ready || service.publish_not_ready) {
            for address in &endpoint.addresses {
                let host = match endpoint.hostname.as_str() {
                    "" => dashed(*address),
                    hostname => hostname.to_ascii_lowercase(),
                };
                let host = format!("{host}.{own}");
                for port in slice.ports.iter().filter(|port| !port.name.is_empty()) {
                    ports.insert((port.clone(), host.clone()));
                }
                hosts.entry(host).or_default().insert(*address);
            }
        }
    }
    // The service exists even while it has no endpoint.
    made.push((own.into(), None));
    let all: BTreeSet<IpAddr> = hosts.values().flatten().copied().collect();
    made.extend(all.into_iter().map(|address| (own.into(), Some(address_data(address)))));
    for (host, addresses) in &hosts {
        for address in addresses {
            made.push((host.as_str().into(), Some(address_data(*address))));
            made.push((reverse_name(*address).into(), Some(Data::Ptr(host.as_str().into()))));
        }
    }
    for (port, host) in ports {
        let data = Data::Srv { target: host.as_str().into(), port: port.number, weight: 100 };
        made.push((port_name(&port, own).into(), Some(data)));
    }
}

/// The names that a namespace makes exist in `zone`.
pub fn namespace(zone: &str, name: &str) -> Vec<Contribution> {
    vec![(format!("{name}.svc.{zone}").into(), None), (format!("{name}.pod.{zone}").into(), None)]
}

/// The zone's own records.
pub fn zone(zone: &str) -> Vec<Contribution> {
    vec![
        (format!("dns-version.{zone}").into(), Some(Data::Txt("1.1.0".into()))),
        (format!("svc.{zone}").into(), None),
        (format!("pod.{zone}").into(), None),
        (zone.into(), Some(Data::Ns(format!("ns.dns.{zone}").into()))),
    ]
}

#[cfg(test)]
mod tests {
    use apimachinery::value;

    use super::*;

    fn check(spec: Value, endpoints: Value, expected: &[&str]) {
        let object = Object(value!({"metadata": {"namespace": "a", "name": "web"}, "spec": spec}));
        let slice = Object(value!({
            "metadata": {"namespace": "a", "labels": {"kubernetes.io/service-name": "web"}},
            "addressType": "IPv4",
            "ports": [{"name": "http", "port": 8080}],
            "endpoints": endpoints,
        }));
        let slice = Slice::read(&slice).unwrap();
        let made = service("c.local", &Service::read(&object), [slice].iter());
        let texts: Vec<String> = made
            .iter()
            .map(|(name, data)| match data {
                None => name.to_string(),
                Some(Data::A(address)) => format!("{name} A {address}"),
                Some(Data::Ptr(target)) => format!("{name} PTR {target}"),
                Some(Data::Cname(target)) => format!("{name} CNAME {target}"),
                Some(Data::Srv { target, port, .. }) => format!("{name} SRV {port} {target}"),
                Some(other) => format!("{name} {other:?}"),
            })
            .collect();
        assert_eq!(texts, expected);
    }

    #[test]
    fn a_service_with_an_address() {
        check(
            value!({"clusterIP": "10.43.0.10", "ports": [{"name": "http", "port": 80}, {"port": 81}]}),
            value!([]),
            &[
                "web.a.svc.c.local A 10.43.0.10",
                "10.0.43.10.in-addr.arpa PTR web.a.svc.c.local",
                "_http._tcp.web.a.svc.c.local SRV 80 web.a.svc.c.local",
            ],
        );
    }

    #[test]
    fn a_headless_service() {
        let endpoints = value!([
            {"addresses": ["10.42.0.1"], "hostname": "web-0"},
            {"addresses": ["10.42.0.2"], "conditions": {"ready": true}},
            {"addresses": ["10.42.0.3"], "conditions": {"ready": false}},
        ]);
        check(
            value!({"clusterIP": "None"}),
            endpoints,
            &[
                "web.a.svc.c.local",
                "web.a.svc.c.local A 10.42.0.1",
                "web.a.svc.c.local A 10.42.0.2",
                "10-42-0-2.web.a.svc.c.local A 10.42.0.2",
                "2.0.42.10.in-addr.arpa PTR 10-42-0-2.web.a.svc.c.local",
                "web-0.web.a.svc.c.local A 10.42.0.1",
                "1.0.42.10.in-addr.arpa PTR web-0.web.a.svc.c.local",
                "_http._tcp.web.a.svc.c.local SRV 8080 10-42-0-2.web.a.svc.c.local",
                "_http._tcp.web.a.svc.c.local SRV 8080 web-0.web.a.svc.c.local",
            ],
        );
        let unready = value!([{"addresses": ["10.42.0.3"], "hostname": "h", "conditions": {"ready": false}}]);
        check(
            value!({"clusterIP": "None", "publishNotReadyAddresses": true}),
            unready,
            &[
                "web.a.svc.c.local",
                "web.a.svc.c.local A 10.42.0.3",
                "h.web.a.svc.c.local A 10.42.0.3",
                "3.0.42.10.in-addr.arpa PTR h.web.a.svc.c.local",
                "_http._tcp.web.a.svc.c.local SRV 8080 h.web.a.svc.c.local",
            ],
        );
    }

    #[test]
    fn an_external_name() {
        let spec = value!({"type": "ExternalName", "externalName": "Example.org."});
        check(spec, value!([]), &["web.a.svc.c.local CNAME example.org"]);
    }

    #[test]
    fn reverse_names_of_ipv6() {
        let name = reverse_name("fd00::12".parse().unwrap());
        assert_eq!(name, "2.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa");
    }
}
