//! What the API server makes at start: upstream's `pkg/controlplane` hooks.

use std::{collections::BTreeSet, net::Ipv4Addr};

use apimachinery::{Object, Status, Value, json, value};
use apiserver::{authentication as front_proxy, health::Health};
use client::{Client, ResourceKind, kinds};
use futures::future::try_join_all;

use crate::services;

/// What the objects made at start depend on.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The service network, for example `10.43.0.0/16`.
    pub service_network: String,
    /// The API server's own service address.
    pub service_address: Ipv4Addr,
    /// Where clients in the cluster reach the API server; `None` when there may be several, whose addresses are
    /// published apart ([`publish_addresses`]).
    pub sole_address: Option<Ipv4Addr>,
    /// The port of all of them.
    pub port: u16,
    /// The authority of client certificates, in PEM.
    pub client_authority_pem: String,
    /// The authority of the front proxy's certificates, in PEM.
    pub front_proxy_authority_pem: String,
}

const FLOW_SCHEMAS: ResourceKind =
    ResourceKind::new("flowcontrol.apiserver.k8s.io", "v1", "flowschemas", "FlowSchema", false);
const PRIORITY_LEVELS: ResourceKind = ResourceKind::new(
    "flowcontrol.apiserver.k8s.io",
    "v1",
    "prioritylevelconfigurations",
    "PriorityLevelConfiguration",
    false,
);

/// The checks of what is made here, by upstream's names.
const NAMESPACES_CHECK: &str = "poststarthook/start-system-namespaces-controller";
const CLASSES_CHECK: &str = "poststarthook/scheduling/bootstrap-system-priority-classes";
const LEVELS_CHECK: &str = "poststarthook/priority-and-fairness-config-producer";
const SERVICE_CHECK: &str = "poststarthook/bootstrap-controller";
const AUTHENTICATION_CHECK: &str = "poststarthook/start-cluster-authentication-info-controller";

/// Announces the checks that [`ensure`] fulfils.
pub fn expect(health: &Health) {
    for check in [NAMESPACES_CHECK, CLASSES_CHECK, LEVELS_CHECK, SERVICE_CHECK, AUTHENTICATION_CHECK] {
        health.expect(check, "not finished");
    }
    services::expect(health);
}

/// Makes what is missing, and brings what this server owns up to date.
///
/// # Errors
/// The first refusal.
pub async fn ensure(client: &Client, settings: &Settings, health: &Health) -> Result<(), Status> {
    let namespaces = ["default", "kube-system", "kube-public", "kube-node-lease"];
    let namespaces = namespaces.map(|name| create(client, kinds::NAMESPACES, "", value!({"metadata": {"name": name}})));
    try_join_all(namespaces).await?;
    health.set(NAMESPACES_CHECK, Ok(()));
    let classes = priority_classes().into_iter().map(|class| create(client, kinds::PRIORITY_CLASSES, "", class));
    let levels = priority_levels().into_iter().map(|level| create(client, PRIORITY_LEVELS, "", level));
    let schemas = flow_schemas().into_iter().map(|schema| create(client, FLOW_SCHEMAS, "", schema));
    futures::try_join!(try_join_all(classes), try_join_all(levels), try_join_all(schemas))?;
    health.set(CLASSES_CHECK, Ok(()));
    health.set(LEVELS_CHECK, Ok(()));
    create(client, kinds::SERVICE_CIDRS, "", service_network(settings)).await?;
    create(client, kinds::SERVICES, "default", own_service(settings)).await?;
    if let Some(address) = settings.sole_address {
        publish_addresses(client, settings, &BTreeSet::from([address])).await?;
    }
    health.set(SERVICE_CHECK, Ok(()));
    replace(client, kinds::CONFIG_MAPS, "kube-system", authentication(settings)).await?;
    health.set(AUTHENTICATION_CHECK, Ok(()));
    Ok(())
}

/// Writes down at which addresses the API is served.
///
/// # Errors
/// The first refusal.
pub async fn publish_addresses(
    client: &Client,
    settings: &Settings,
    addresses: &BTreeSet<Ipv4Addr>,
) -> Result<(), Status> {
    futures::try_join!(
        replace(client, kinds::ENDPOINTS, "default", endpoints(settings.port, addresses)),
        replace(client, kinds::ENDPOINT_SLICES, "default", endpoint_slice(settings.port, addresses)),
    )?;
    Ok(())
}

/// Makes `object` unless it is there.
async fn create(client: &Client, kind: ResourceKind, namespace: &str, object: Value) -> Result<(), Status> {
    let api = client.namespaced(&kind, namespace);
    if api.get_optional(object.str_at(&["metadata", "name"]).unwrap_or_default()).await?.is_some() {
        return Ok(());
    }
    match api.create(with_type(&kind, object)).await {
        Err(status) if !status.is_already_exists() => Err(status),
        _ => Ok(()),
    }
}

/// Makes `object`, or makes the one that is there say the same.
async fn replace(client: &Client, kind: ResourceKind, namespace: &str, object: Value) -> Result<(), Status> {
    let api = client.namespaced(&kind, namespace);
    match api.create(with_type(&kind, object.clone())).await {
        Err(status) if status.is_already_exists() => api.update(with_type(&kind, object)).await.map(drop),
        other => other.map(drop),
    }
}

fn with_type(kind: &ResourceKind, mut object: Value) -> Object {
    object.set(&["apiVersion"], kind.api_version());
    object.set(&["kind"], &kind.kind);
    Object(object)
}

fn priority_classes() -> Vec<Value> {
    [
        (
            "system-node-critical",
            2_000_001_000_i64,
            "Used for system critical pods that must not be moved from their current node.",
        ),
        (
            "system-cluster-critical",
            2_000_000_000,
            "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
        ),
    ]
    .map(|(name, priority, description)| {
        value!({"metadata": {"name": name}, "value": priority, "description": description})
    })
    .to_vec()
}

fn service_network(settings: &Settings) -> Value {
    value!({"metadata": {"name": "kubernetes"}, "spec": {"cidrs": [settings.service_network.as_str()]}})
}

fn own_service(settings: &Settings) -> Value {
    let address = settings.service_address.to_string();
    value!({
        "metadata": {"name": "kubernetes", "labels": {"component": "apiserver", "provider": "kubernetes"}},
        "spec": {
            "type": "ClusterIP",
            "clusterIP": address.as_str(),
            "clusterIPs": [address.as_str()],
            "sessionAffinity": "None",
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": settings.port}]
        }
    })
}

fn endpoints(port: u16, addresses: &BTreeSet<Ipv4Addr>) -> Value {
    let addresses: Value = addresses.iter().map(|address| value!({"ip": address.to_string()})).collect();
    value!({
        "metadata": {"name": "kubernetes", "labels": {"endpointslice.kubernetes.io/skip-mirror": "true"}},
        "subsets": [{
            "addresses": addresses,
            "ports": [{"name": "https", "port": port, "protocol": "TCP"}]
        }]
    })
}

fn endpoint_slice(port: u16, addresses: &BTreeSet<Ipv4Addr>) -> Value {
    let endpoint = |address: &Ipv4Addr| value!({"addresses": [address.to_string()], "conditions": {"ready": true}});
    let endpoints: Value = addresses.iter().map(endpoint).collect();
    value!({
        "metadata": {"name": "kubernetes", "labels": {"kubernetes.io/service-name": "kubernetes"}},
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": [{"name": "https", "port": port, "protocol": "TCP"}]
    })
}

fn authentication(settings: &Settings) -> Value {
    let names = |names: &[&str]| {
        let list: Value = names.iter().map(|name| Value::from(*name)).collect();
        String::from_utf8_lossy(&json::to_vec(&list)).into_owned()
    };
    value!({
        "metadata": {"name": "extension-apiserver-authentication"},
        "data": {
            "client-ca-file": settings.client_authority_pem.as_str(),
            "requestheader-allowed-names": names(&front_proxy::FRONT_PROXY_NAMES),
            "requestheader-client-ca-file": settings.front_proxy_authority_pem.as_str(),
            "requestheader-extra-headers-prefix": names(&[front_proxy::EXTRA_HEADER_PREFIX]),
            "requestheader-group-headers": names(&[front_proxy::GROUP_HEADER]),
            "requestheader-uid-headers": names(&[front_proxy::UID_HEADER]),
            "requestheader-username-headers": names(&[front_proxy::USER_HEADER])
        }
    })
}

fn limited(name: &str, shares: i32, queues: Option<(i32, i32, i32)>) -> Value {
    let response = match queues {
        Some((queues, hand_size, queue_length)) => {
            value!({"type": "Queue", "queuing": {"queues": queues, "handSize": hand_size, "queueLengthLimit": queue_length}})
        }
        None => value!({"type": "Reject"}),
    };
    value!({
        "metadata": {"name": name, "annotations": {"apf.kubernetes.io/autoupdate-spec": "true"}},
        "spec": {
            "type": "Limited",
            "limited": {"nominalConcurrencyShares": shares, "lendablePercent": 0, "limitResponse": response}
        }
    })
}

/// The mandatory and the suggested priority levels.
fn priority_levels() -> Vec<Value> {
    vec![
        value!({
            "metadata": {"name": "exempt", "annotations": {"apf.kubernetes.io/autoupdate-spec": "true"}},
            "spec": {"type": "Exempt", "exempt": {"nominalConcurrencyShares": 0, "lendablePercent": 0}}
        }),
        limited("catch-all", 5, None),
        limited("system", 30, Some((64, 6, 50))),
        limited("node-high", 40, Some((64, 6, 50))),
        limited("leader-election", 10, Some((16, 4, 50))),
        limited("workload-high", 40, Some((128, 6, 50))),
        limited("workload-low", 100, Some((128, 6, 50))),
        limited("global-default", 20, Some((128, 6, 50))),
    ]
}

fn everything() -> Value {
    value!({
        "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "namespaces": ["*"], "clusterScope": true}],
        "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}]
    })
}

fn groups(names: &[&str]) -> Value {
    names.iter().map(|name| value!({"kind": "Group", "group": {"name": *name}})).collect()
}

fn flow_schema(name: &str, level: &str, precedence: i32, distinguisher: Option<&str>, rules: Value) -> Value {
    let mut schema = value!({
        "metadata": {"name": name, "annotations": {"apf.kubernetes.io/autoupdate-spec": "true"}},
        "spec": {
            "priorityLevelConfiguration": {"name": level},
            "matchingPrecedence": precedence,
            "rules": [rules]
        }
    });
    if let Some(kind) = distinguisher {
        schema.set(&["spec", "distinguisherMethod"], value!({"type": kind}));
    }
    schema
}

fn rule(subjects: Value, mut rules: Value) -> Value {
    rules.set(&["subjects"], subjects);
    rules
}

/// The mandatory flow schemas, and those suggested ones that need no list of users.
fn flow_schemas() -> Vec<Value> {
    let everybody = || groups(&["system:authenticated", "system:unauthenticated"]);
    let probes = value!({
        "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["/healthz", "/readyz", "/livez"]}]
    });
    vec![
        flow_schema("exempt", "exempt", 1, None, rule(groups(&["system:masters"]), everything())),
        flow_schema("probes", "exempt", 2, None, rule(everybody(), probes)),
        flow_schema("system-nodes", "system", 500, Some("ByUser"), rule(groups(&["system:nodes"]), everything())),
        flow_schema(
            "service-accounts",
            "workload-low",
            9000,
            Some("ByUser"),
            rule(groups(&["system:serviceaccounts"]), everything()),
        ),
        flow_schema("global-default", "global-default", 9900, Some("ByUser"), rule(everybody(), everything())),
        flow_schema("catch-all", "catch-all", 10_000, Some("ByUser"), rule(everybody(), everything())),
    ]
}
