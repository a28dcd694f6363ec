//! What controllers want to know of services and the pods behind them.

use std::{collections::BTreeSet, sync::Arc};

use apimachinery::{Map, Object, Str, Value, value};
use client::{Event, Informer};

use crate::pods;

/// Pods by each of their labels.
const BY_LABEL: &str = "namespace and label";
/// Services by one pair of their selectors.
const BY_SELECTOR: &str = "namespace and first pair of the selector";

/// The family of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// 32 bits.
    IPv4,
    /// 128 bits.
    IPv6,
}

impl Family {
    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Family::IPv4 => "IPv4",
            Family::IPv6 => "IPv6",
        }
    }

    /// The family of an address in text.
    pub fn of(address: &str) -> Family {
        if address.contains(':') { Family::IPv6 } else { Family::IPv4 }
    }
}

/// The labels that a service selects by; `None` when somebody else looks after its endpoints.
pub fn selector(service: &Object) -> Option<&Map> {
    let external = service.spec().str_at("type") == Some("ExternalName");
    service.spec().get_map("selector").filter(|_| !external)
}

/// Whether every pair of `selector` is among `labels`.
pub fn selects(selector: &Map, labels: &Map) -> bool {
    selector.iter().all(|(key, value)| labels.get(key) == Some(value))
}

/// Whether the service has no virtual address.
pub fn is_headless(service: &Object) -> bool {
    matches!(service.spec().str_at("clusterIP"), None | Some("" | "None"))
}

/// Whether endpoints are published before they are ready.
pub fn publishes_not_ready(service: &Object) -> bool {
    service.spec().bool_at("publishNotReadyAddresses") == Some(true)
}

/// The families that the service serves, the first one first.
pub fn families(service: &Object) -> Vec<Family> {
    let named: Vec<Family> = service
        .spec()
        .list_at("ipFamilies")
        .iter()
        .filter_map(Value::as_str)
        .map(|family| if family == "IPv6" { Family::IPv6 } else { Family::IPv4 })
        .collect();
    match (named.is_empty(), service.spec().str_at("clusterIP")) {
        (false, _) => named,
        (true, Some(address)) if address != "None" && !address.is_empty() => vec![Family::of(address)],
        (true, _) => vec![Family::IPv4],
    }
}

/// The pod's address of a family.
pub fn pod_address(pod: &Object, family: Family) -> Option<&str> {
    let listed = pod.status().list_at("podIPs").iter().filter_map(|address| address.str_at(&["ip"]));
    let mut all = listed.chain(pod.status().str_at("podIP")).filter(|address| !address.is_empty());
    all.find(|address| Family::of(address) == family)
}

/// Whether the pod has an address and has not ended; terminating ones only if `terminating`.
pub fn may_serve(pod: &Object, terminating: bool) -> bool {
    let has_address = pod_address(pod, Family::IPv4).or(pod_address(pod, Family::IPv6)).is_some();
    !pods::is_finished(pod) && has_address && (terminating || pod.deletion_timestamp().is_none())
}

/// The name under which a headless service publishes the pod.
pub fn published_hostname<'p>(pod: &'p Object, service: &Object) -> Option<&'p str> {
    let hostname = pod.spec().str_at("hostname").filter(|hostname| !hostname.is_empty())?;
    (pod.spec().str_at("subdomain") == Some(service.name())).then_some(hostname)
}

/// The number that a service's port has in `pod`; `None` when its named port is not there.
pub fn target_port(pod: &Object, port: &Value) -> Option<i64> {
    let target = port.at(&["targetPort"]);
    match target.and_then(Value::as_str) {
        Some(name) if !name.is_empty() => {
            let protocol = port.str_at(&["protocol"]).unwrap_or("TCP");
            let sidecars = pod
                .spec()
                .list_at("initContainers")
                .iter()
                .filter(|container| container.str_at(&["restartPolicy"]) == Some("Always"));
            let containers = pod.spec().list_at("containers").iter().chain(sidecars);
            let mut ports = containers.flat_map(|container| container.list_at(&["ports"]));
            let found = ports.find(|port| {
                port.str_at(&["name"]) == Some(name) && port.str_at(&["protocol"]).unwrap_or("TCP") == protocol
            });
            found?.i64_at(&["containerPort"])
        }
        _ => target.and_then(Value::as_i64).filter(|number| *number != 0).or_else(|| port.i64_at(&["port"])),
    }
}

/// The service's ports as they are in `pod`, in the form of endpoints.
pub fn endpoint_ports(service: &Object, pod: &Object) -> Vec<Value> {
    let ports = service.spec().list_at("ports").iter();
    let resolved = ports.filter_map(|port| {
        let number = target_port(pod, port)?;
        let mut resolved = value!({"port": number, "protocol": port.str_at(&["protocol"]).unwrap_or("TCP")});
        resolved.set(&["name"], port.str_at(&["name"]).unwrap_or_default());
        if let Some(protocol) = port.str_at(&["appProtocol"]) {
            resolved.set(&["appProtocol"], protocol);
        }
        Some(resolved)
    });
    resolved.collect()
}

/// The reference from an endpoint to its pod.
pub fn pod_reference(pod: &Object) -> Value {
    value!({"kind": "Pod", "namespace": pod.namespace(), "name": pod.name(), "uid": pod.uid()})
}

/// The services whose endpoints an event of a pod changes.
pub fn concerned_by(services: &Informer, event: &Event) -> Vec<Str> {
    let pod = event.object();
    let old = event.old();
    if let Some(old) = old
        && old.labels() == pod.labels()
        && published(old) == published(pod)
    {
        return Vec::new();
    }
    let mut concerned = BTreeSet::new();
    for pod in [Some(pod), old].into_iter().flatten() {
        for value in pairs(pod.namespace(), pod.labels()).chain([pair(pod.namespace(), "", "")]) {
            let candidates = services.by_index(BY_SELECTOR, &value).into_iter();
            let selecting =
                candidates.filter(|service| selector(service).is_some_and(|selector| selects(selector, pod.labels())));
            concerned.extend(selecting.map(|service| service.key()));
        }
    }
    concerned.into_iter().collect()
}

/// An entry of [`BY_LABEL`] and [`BY_SELECTOR`].
fn pair(namespace: &str, key: &str, value: &str) -> Str {
    format!("{namespace}/{key}={value}").into()
}

fn pairs<'m>(namespace: &'m str, labels: &'m Map) -> impl Iterator<Item = Str> + 'm {
    labels.iter().map(move |(key, value)| pair(namespace, key, value.as_str().unwrap_or_default()))
}

/// Adds the indexes by which pods are found for services and services for pods. Without them, every change of a pod
/// would be compared with every service and every pod of its namespace.
pub fn index(services: &Informer, pods: &Informer) {
    services.add_index(BY_SELECTOR, |service| {
        let of = |selector: &Map| pairs(service.namespace(), selector).next();
        // One that selects everything stands where every pod looks.
        selector(service)
            .map(|selector| of(selector).unwrap_or_else(|| pair(service.namespace(), "", "")))
            .into_iter()
            .collect()
    });
    pods.add_index(BY_LABEL, |pod| pairs(pod.namespace(), pod.labels()).collect());
}

/// The pods of a namespace that `selector` selects, in key order.
pub fn selected(pods: &Informer, namespace: &str, selector: &Map) -> Vec<Arc<Object>> {
    if selector.is_empty() {
        return pods.list_namespace(namespace);
    }
    let pairs: Vec<Str> = pairs(namespace, selector).collect();
    let mut found = pods.narrowest_by_index(BY_LABEL, &pairs);
    found.retain(|pod| selects(selector, pod.labels()));
    found
}

/// What of a pod shows in endpoints.
#[derive(PartialEq)]
struct Published<'p> {
    addresses: &'p [Value],
    address: Option<&'p str>,
    finished: bool,
    ready: bool,
    terminating: bool,
    place: [Option<&'p str>; 3],
}

fn published(pod: &Object) -> Published<'_> {
    Published {
        addresses: pod.status().list_at("podIPs"),
        address: pod.status().str_at("podIP"),
        finished: pods::is_finished(pod),
        ready: pods::is_ready(pod),
        terminating: pod.deletion_timestamp().is_some(),
        place: ["nodeName", "hostname", "subdomain"].map(|key| pod.spec().str_at(key)),
    }
}

#[cfg(test)]
mod tests {
    use apimachinery::value;
    use client::{SharedInformers, kinds, testing::FakeApi};

    use super::*;

    fn names(objects: &[Arc<Object>]) -> String {
        objects.iter().map(|object| object.name()).collect::<Vec<_>>().join(" ")
    }

    #[tokio::test(start_paused = true)]
    async fn pods_and_services_find_each_other_in_their_namespace() {
        let api = FakeApi::new();
        for (namespace, name, selector) in [
            ("a", "web", value!({"app": "web"})),
            ("a", "web-blue", value!({"app": "web", "color": "blue"})),
            ("a", "everything", value!({})),
            ("b", "web", value!({"app": "web"})),
        ] {
            let metadata = value!({"namespace": namespace, "name": name});
            api.seed(&kinds::SERVICES, value!({"metadata": metadata, "spec": {"selector": selector}}));
        }
        let without = value!({"metadata": {"namespace": "a", "name": "by-hand"}, "spec": {}});
        api.seed(&kinds::SERVICES, without);
        for (namespace, name, labels) in [
            ("a", "p1", value!({"app": "web", "color": "red"})),
            ("a", "p2", value!({"app": "web", "color": "blue"})),
            ("a", "p3", value!({"color": "blue"})),
            ("b", "p4", value!({"app": "web"})),
        ] {
            api.seed(&kinds::PODS, value!({"metadata": {"namespace": namespace, "name": name, "labels": labels}}));
        }
        let informers = SharedInformers::new(api.client("test"));
        let (services, pods) = (informers.of(&kinds::SERVICES), informers.of(&kinds::PODS));
        index(&services, &pods);
        services.synced().await;
        pods.synced().await;
        let of = |key: &str| {
            let service = services.get(key).unwrap();
            names(&selected(&pods, service.namespace(), selector(&service).unwrap()))
        };
        assert_eq!((of("a/web"), of("a/web-blue"), of("b/web")), ("p1 p2".into(), "p2".into(), "p4".into()));
        assert_eq!(of("a/everything"), "p1 p2 p3");
        let concerned = |event: &Event| concerned_by(&services, event).join(" ");
        let pod = |key: &str| pods.get(key).unwrap();
        assert_eq!(concerned(&Event::Added(pod("a/p2"))), "a/everything a/web a/web-blue");
        assert_eq!(concerned(&Event::Deleted(pod("a/p3"))), "a/everything");
        assert_eq!(concerned(&Event::Added(pod("b/p4"))), "b/web");
        let relabelled = Event::Updated { old: pod("a/p2"), new: pod("a/p3") };
        assert_eq!(concerned(&relabelled), "a/everything a/web a/web-blue", "those that lose it too");
        assert_eq!(concerned(&Event::Updated { old: pod("a/p1"), new: pod("a/p1") }), "", "nothing has changed");
    }
}
