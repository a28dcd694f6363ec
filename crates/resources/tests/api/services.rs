//! Addresses and ports of services.

use std::time::Duration;

use apimachinery::{Value, value};
use apiserver::{UserInfo, loopback::Loopback};

use crate::wire::Api;

const SERVICES: &str = "/api/v1/namespaces/default/services";
const ADDRESSES: &str = "/apis/networking.k8s.io/v1/ipaddresses";
const RANGES: &str = "/apis/networking.k8s.io/v1/servicecidrs";

fn service(name: &str, spec: Value) -> Value {
    let mut spec = spec;
    if spec.at(&["ports"]).is_none() {
        spec.set(&["ports"], value!([{"port": 80}]));
    }
    value!({"metadata": {"name": name}, "spec": spec})
}

async fn with_range(cidr: &str) -> Api {
    let api = Api::start().await;
    let range = value!({"metadata": {"name": "kubernetes"}, "spec": {"cidrs": [cidr]}});
    api.post(RANGES, range).await.ok();
    api
}

fn address(service: &Value) -> String {
    service.str_at(&["spec", "clusterIP"]).unwrap().to_owned()
}

/// Waits until `path` answers with `code`: controllers need a moment, and tell nobody when they are done.
async fn until(api: &Api, path: &str, code: u16) {
    for _ in 0..200 {
        if api.get(path).await.code == code {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{path} never answered {code}");
}

#[tokio::test]
async fn an_address_is_an_object_as_long_as_its_service_has_it() {
    let api = with_range("10.43.0.0/24").await;
    let made = api.post(SERVICES, service("a", value!({}))).await.ok();
    let own = format!("{ADDRESSES}/{}", address(&made));
    let object = api.get(&own).await.ok();
    assert_eq!(
        *object.at(&["spec", "parentRef"]).unwrap(),
        value!({"resource": "services", "namespace": "default", "name": "a"})
    );
    assert_eq!(
        object.str_at(&["metadata", "labels", "ipaddress.kubernetes.io/managed-by"]),
        Some("ipallocator.k8s.io")
    );
    // Taken is taken, and a refused service leaves nothing behind.
    let taken = value!({"clusterIP": address(&made)});
    let refused = api.post(SERVICES, service("b", taken)).await;
    assert!(refused.failure().ends_with("provided IP is already allocated"), "{}", refused.failure());
    let outside = api.post(SERVICES, service("b", value!({"clusterIP": "10.9.9.9"}))).await;
    let problem = "failed to allocate IP 10.9.9.9: the provided network does not match the current range";
    assert!(outside.failure().ends_with(problem), "{}", outside.failure());
    let wrong = value!({"clusterIP": "10.43.0.77", "type": "Odd"});
    assert_eq!(api.post(SERVICES, service("b", wrong)).await.code, 422);
    assert_eq!(api.get(&format!("{ADDRESSES}/10.43.0.77")).await.code, 404);
    assert_eq!(api.post(&format!("{SERVICES}?dryRun=All"), service("b", value!({}))).await.code, 201);
    assert_eq!(api.get(ADDRESSES).await.ok().list_at(&["items"]).len(), 1);
    // A service that is there already keeps its address, and the attempt leaves none.
    assert_eq!(api.post(SERVICES, service("a", value!({}))).await.code, 409);
    assert_eq!(api.get(ADDRESSES).await.ok().list_at(&["items"]).len(), 1);
    // To an external name and back.
    let external =
        value!({"spec": {"type": "ExternalName", "externalName": "example.com", "clusterIP": "", "clusterIPs": null}});
    api.patch(&format!("{SERVICES}/a"), external).await.ok();
    assert_eq!(api.get(&own).await.code, 404);
    let back =
        api.patch(&format!("{SERVICES}/a"), value!({"spec": {"type": "ClusterIP", "externalName": null}})).await.ok();
    assert_eq!(api.get(&format!("{ADDRESSES}/{}", address(&back))).await.code, 200);
    api.call("DELETE", &format!("{SERVICES}/a"), &[], "").await.ok();
    assert_eq!(api.get(ADDRESSES).await.ok().list_at(&["items"]).len(), 0);
}

#[tokio::test]
async fn another_range_serves_when_the_first_is_full() {
    let api = with_range("10.43.0.0/30").await;
    for name in ["a", "b"] {
        api.post(SERVICES, service(name, value!({}))).await.ok();
    }
    let full = api.post(SERVICES, service("c", value!({}))).await;
    assert_eq!(
        full.failure(),
        "500 Internal error occurred: failed to allocate a serviceIP for Service \"c\": range is full"
    );
    let more = value!({"metadata": {"name": "more"}, "spec": {"cidrs": ["10.44.0.0/24"]}});
    api.post(RANGES, more).await.ok();
    let made = api.post(SERVICES, service("c", value!({}))).await.ok();
    assert!(address(&made).starts_with("10.44.0."), "{made:?}");
    api.post(SERVICES, service("d", value!({"clusterIP": "10.44.0.9"}))).await.ok();
    // A range that is not ready gives nothing out.
    let status = value!({"status": {"conditions": [
        {"type": "Ready", "status": "False", "reason": "Terminating", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    ]}});
    api.patch(&format!("{RANGES}/more/status"), status).await.ok();
    assert_eq!(api.post(SERVICES, service("e", value!({"clusterIP": "10.44.0.10"}))).await.code, 422);
}

#[tokio::test]
async fn node_ports_are_given_out_once() {
    let api = with_range("10.43.0.0/24").await;
    let ports = value!([{"name": "t", "port": 53, "protocol": "TCP"}, {"name": "u", "port": 53, "protocol": "UDP"}]);
    let made = api.post(SERVICES, service("a", value!({"type": "NodePort", "ports": ports}))).await.ok();
    let given: Vec<i64> =
        made.list_at(&["spec", "ports"]).iter().map(|port| port.i64_at(&["nodePort"]).unwrap()).collect();
    assert!(given[0] == given[1] && (30_000..=32_767).contains(&given[0]), "{given:?}");
    let wanting =
        |name: &str, port: i64| service(name, value!({"type": "NodePort", "ports": [{"port": 80, "nodePort": port}]}));
    let refused = api.post(SERVICES, wanting("b", given[0])).await;
    assert!(refused.failure().ends_with("provided port is already allocated"), "{}", refused.failure());
    let outside = api.post(SERVICES, wanting("b", 80)).await;
    let problem = "spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767";
    assert!(outside.failure().ends_with(problem), "{}", outside.failure());
    assert_eq!(api.get(ADDRESSES).await.ok().list_at(&["items"]).len(), 1, "refused services gave theirs back");
    api.patch(&format!("{SERVICES}/a"), value!({"spec": {"type": "ClusterIP", "ports": [{"port": 53, "name": "t"}]}}))
        .await
        .ok();
    api.post(SERVICES, wanting("b", given[0])).await.ok();
}

#[tokio::test]
async fn only_who_asks_for_a_node_port_pays_for_it() {
    let api = with_range("10.43.0.0/24").await;
    let revision =
        |object: &Value| -> u64 { object.str_at(&["metadata", "resourceVersion"]).unwrap().parse().unwrap() };
    let before = revision(&api.post(SERVICES, service("a", value!({}))).await.ok());
    // The address and the service.
    let plain = revision(&api.post(SERVICES, service("b", value!({}))).await.ok());
    assert_eq!(plain, before + 2);
    // All ports of one are one more write.
    let ports = value!([{"name": "a", "port": 1}, {"name": "b", "port": 2}]);
    let several = service("c", value!({"type": "LoadBalancer", "externalTrafficPolicy": "Local", "ports": ports}));
    let several = revision(&api.post(SERVICES, several).await.ok());
    assert_eq!(several, plain + 3);
    // What a service has already is not taken again.
    let labelled = api.patch(&format!("{SERVICES}/c"), value!({"spec": {"publishNotReadyAddresses": true}})).await.ok();
    assert_eq!(revision(&labelled), several + 1);
    api.call("DELETE", &format!("{SERVICES}/b"), &[], "").await.ok();
    let last = revision(&api.post(SERVICES, service("d", value!({}))).await.ok());
    assert_eq!(last, several + 1 + 2 + 2);
}

#[tokio::test]
async fn what_went_wrong_is_repaired() {
    let api = with_range("10.43.0.0/24").await;
    let made = api.post(SERVICES, service("a", value!({}))).await.ok();
    let own = format!("{ADDRESSES}/{}", address(&made));
    api.call("DELETE", &own, &[], "").await.ok();
    let orphan = value!({
        "metadata": {"name": "10.43.0.200", "labels": {"ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io"}},
        "spec": {"parentRef": {"resource": "pods", "namespace": "default", "name": "x"}}
    });
    api.post(ADDRESSES, orphan).await.ok();
    let server = api.server.clone();
    let client = Loopback::client(&server, UserInfo::new("system:apiserver", &["system:masters"]), "kube-apiserver");
    let repairing = tokio::spawn(resources::repair(server, client, api.allocators.clone()));
    until(&api, &own, 200).await;
    until(&api, &format!("{ADDRESSES}/10.43.0.200"), 404).await;
    until(&api, "/readyz/poststarthook/start-service-ip-repair-controllers", 200).await;
    // And while it runs.
    api.call("DELETE", &own, &[], "").await.ok();
    until(&api, &own, 200).await;
    repairing.abort();
}
