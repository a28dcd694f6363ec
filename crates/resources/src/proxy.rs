//! `pods/proxy` and `services/proxy`: HTTP to what runs in pods, through the API server.

use std::{net::IpAddr, sync::Arc};

use apimachinery::{Object, Status, Value};
use apiserver::{
    Connector, RequestContext, Server,
    http::{HttpRequest, HttpResponse, ProxyTarget, proxy_to_address},
};
use async_trait::async_trait;

/// Segments of a path up to `proxy`: `/api/v1/namespaces/NAMESPACE/RESOURCE/NAME/proxy`.
const PREFIX_SEGMENTS: usize = 8;

/// A name as clients write it: `[SCHEME:]NAME[:PORT]`.
#[derive(Debug, PartialEq)]
struct Place<'a> {
    tls: bool,
    name: &'a str,
    port: &'a str,
}

impl<'a> Place<'a> {
    fn parse(text: &'a str) -> Option<Place<'a>> {
        let (scheme, name, port) = match text.split(':').collect::<Vec<_>>()[..] {
            [name] => ("", name, ""),
            [name, port] => ("", name, port),
            [scheme, name, port] => (scheme, name, port),
            _ => return None,
        };
        let is_known = matches!(scheme, "" | "http" | "https") && !name.is_empty();
        is_known.then_some(Place { tls: scheme == "https", name, port })
    }
}

/// The request's path up to `proxy`, spelled as the client did.
fn prefix(path: &str) -> String {
    path.splitn(PREFIX_SEGMENTS + 1, '/').take(PREFIX_SEGMENTS).collect::<Vec<_>>().join("/")
}

/// Addresses of the node itself and of whole networks are none of a pod's.
fn check_address(address: &str) -> Result<IpAddr, Status> {
    let parsed: Option<IpAddr> = address.parse().ok();
    let is_link_local = |address: &IpAddr| match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    };
    let usable = parsed.filter(|address| {
        !(address.is_unspecified() || address.is_loopback() || address.is_multicast() || is_link_local(address))
    });
    usable.ok_or_else(|| Status::bad_request("address not allowed"))
}

async fn pass(place: &Place<'_>, address: IpAddr, port: &str, request: HttpRequest) -> Result<HttpResponse, Status> {
    let address = match (address, port) {
        (IpAddr::V6(address), "") => format!("[{address}]:{}", default_port(place.tls)),
        (IpAddr::V6(address), port) => format!("[{address}]:{port}"),
        (address, "") => format!("{address}:{}", default_port(place.tls)),
        (address, port) => format!("{address}:{port}"),
    };
    let target = ProxyTarget { tls: place.tls, address, prefix: prefix(request.uri().path()) };
    proxy_to_address(&target, request).await
}

fn default_port(tls: bool) -> u16 {
    if tls { 443 } else { 80 }
}

/// A pod's own server.
pub(crate) struct PodProxy;

/// The first port that a container of the pod declares.
fn first_port(pod: &Object) -> Option<i64> {
    let containers = pod.list_at(&["spec", "containers"]).iter();
    containers.flat_map(|container| container.list_at(&["ports"])).find_map(|port| port.i64_at(&["containerPort"]))
}

#[async_trait]
impl Connector for PodProxy {
    async fn connect(
        &self,
        server: &Arc<Server>,
        _: &RequestContext,
        namespace: &str,
        name: &str,
        _: &str,
        request: HttpRequest,
    ) -> Result<HttpResponse, Status> {
        let place = Place::parse(name).ok_or_else(|| Status::bad_request(format!("invalid pod request {name:?}")))?;
        let pod = server.registry().object("", "pods", namespace, place.name)?;
        let pod = pod.ok_or_else(|| Status::not_found("", "pods", place.name))?;
        let port = match place.port {
            "" => first_port(&pod).map(|port| port.to_string()).unwrap_or_default(),
            port => port.to_owned(),
        };
        let address = check_address(pod.str_at(&["status", "podIP"]).unwrap_or_default())?;
        pass(&place, address, &port, request).await
    }
}

/// One of a service's ready endpoints.
pub(crate) struct ServiceProxy;

/// Addresses and port behind one port of a service.
fn ready_endpoints(slices: &[Arc<Object>], service: &str, port_name: &str) -> Vec<(String, i64)> {
    let is_of_service =
        |slice: &&Arc<Object>| slice.str_at(&["metadata", "labels", "kubernetes.io/service-name"]) == Some(service);
    let mut found = Vec::new();
    for slice in slices.iter().filter(is_of_service) {
        let ports = slice.list_at(&["ports"]).iter();
        let named = |port: &&Value| port.str_at(&["name"]).unwrap_or_default() == port_name;
        let Some(port) = ports.clone().find(named).and_then(|port| port.i64_at(&["port"])) else { continue };
        for endpoint in slice.list_at(&["endpoints"]) {
            let is_ready = endpoint.bool_at(&["conditions", "ready"]) != Some(false);
            if let (true, Some(address)) = (is_ready, endpoint.list_at(&["addresses"]).first().and_then(Value::as_str))
            {
                found.push((address.to_owned(), port));
            }
        }
    }
    found
}

/// The name of the service's port that is meant by name or number.
fn port_name(service: &Object, wanted: &str) -> Result<String, Status> {
    let Ok(number) = wanted.parse::<i64>() else { return Ok(wanted.to_owned()) };
    let ports = service.list_at(&["spec", "ports"]);
    match ports.iter().find(|port| port.i64_at(&["port"]) == Some(number)) {
        Some(port) => Ok(port.str_at(&["name"]).unwrap_or_default().to_owned()),
        None => {
            let message = format!("no service port {number} found for service {:?}", service.name());
            Err(Status::service_unavailable(message))
        }
    }
}

#[async_trait]
impl Connector for ServiceProxy {
    async fn connect(
        &self,
        server: &Arc<Server>,
        _: &RequestContext,
        namespace: &str,
        name: &str,
        _: &str,
        request: HttpRequest,
    ) -> Result<HttpResponse, Status> {
        let place =
            Place::parse(name).ok_or_else(|| Status::bad_request(format!("invalid service request {name:?}")))?;
        let service = server.registry().object("", "services", namespace, place.name)?;
        let service = service.ok_or_else(|| Status::not_found("", "services", place.name))?;
        let port = port_name(&service, place.port)?;
        let slices = server.registry().objects("discovery.k8s.io", "endpointslices", namespace)?;
        let endpoints = ready_endpoints(&slices, place.name, &port);
        if endpoints.is_empty() {
            let message = format!("no endpoints available for service {:?}", place.name);
            return Err(Status::service_unavailable(message));
        }
        let (address, port) = &endpoints[stdx::random::below(endpoints.len() as u64) as usize];
        pass(&place, check_address(address)?, &port.to_string(), request).await
    }
}

#[cfg(test)]
mod tests {
    use apimachinery::value;

    use super::*;

    #[test]
    fn names_carry_scheme_and_port() {
        let place = |tls, name, port| Some(Place { tls, name, port });
        assert_eq!(Place::parse("a"), place(false, "a", ""));
        assert_eq!(Place::parse("a:80"), place(false, "a", "80"));
        assert_eq!(Place::parse("https:a:"), place(true, "a", ""));
        assert_eq!(Place::parse("ftp:a:21"), None);
        assert_eq!(Place::parse("http:a:1:2"), None);
    }

    #[test]
    fn the_prefix_ends_with_the_subresource() {
        let base = "/api/v1/namespaces/n/pods/http:p:80/proxy";
        for rest in ["", "/", "/a/b%2Fc", "/proxy/"] {
            assert_eq!(prefix(&format!("{base}{rest}")), base);
        }
    }

    #[test]
    fn addresses_of_the_node_are_refused() {
        assert!(check_address("10.1.2.3").is_ok());
        for address in ["", "127.0.0.1", "0.0.0.0", "169.254.169.254", "fe80::1", "224.0.0.1"] {
            assert_eq!(check_address(address).unwrap_err().message, "address not allowed");
        }
    }

    #[test]
    fn endpoints_are_found_by_the_name_of_the_port() {
        let service = Object(value!({
            "metadata": {"name": "s"},
            "spec": {"ports": [{"name": "web", "port": 80}, {"name": "other", "port": 81}]}
        }));
        assert_eq!(port_name(&service, "80").unwrap(), "web");
        assert_eq!(port_name(&service, "other").unwrap(), "other");
        assert!(port_name(&service, "82").unwrap_err().message.contains("no service port 82 found"));
        let slice = Arc::new(Object(value!({
            "metadata": {"name": "s-1", "labels": {"kubernetes.io/service-name": "s"}},
            "ports": [{"name": "web", "port": 8080}],
            "endpoints": [
                {"addresses": ["10.0.0.1"], "conditions": {"ready": true}},
                {"addresses": ["10.0.0.2"], "conditions": {"ready": false}}
            ]
        })));
        let slices = [slice];
        assert_eq!(ready_endpoints(&slices, "s", "web"), [("10.0.0.1".to_owned(), 8080)]);
        assert_eq!(ready_endpoints(&slices, "s", "other"), []);
        assert_eq!(ready_endpoints(&slices, "t", "web"), []);
    }
}
