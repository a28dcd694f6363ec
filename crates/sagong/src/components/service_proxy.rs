//! Services and names on this node: the proxy's rules, the cluster's DNS.

use std::net::{IpAddr, SocketAddr};

use anyhow::Context;
use apimachinery::{Object, value};
use apiserver::UserInfo;
use client::{ResourceKind, kinds};
use network::nftables::Family;

use super::ComponentContext;

const DNS_PORT: u16 = 53;
const CLUSTER_DOMAIN: &str = "cluster.local";

/// Programs services into the kernel until the process ends.
pub(super) async fn run(context: ComponentContext) -> anyhow::Result<()> {
    let Some(node) = context.node.clone() else { return Ok(()) };
    let client = context.client(UserInfo::new("system:kube-proxy", &[]), "kube-proxy");
    let ranges = context.cluster_cidrs.iter().map(|text| text.parse());
    let cluster_ranges = ranges.collect::<Result<_, _>>().map_err(|_| anyhow::anyhow!("the cluster's ranges"))?;
    let config = proxy::Config {
        node_name: node.name.as_str().into(),
        cluster_ranges,
        service_ranges: vec![context.service_network.parse().map_err(|_| anyhow::anyhow!("the network of services"))?],
        node_port_addresses: vec![IpAddr::V4(node.address), IpAddr::from([127, 0, 0, 1])],
        families: vec![Family::Ipv4],
        sctp: network::sctp_supported(),
    };
    proxy::run(client, config).await.context("service proxy")
}

/// Answers names until the process ends. The DNS service's address is the node's own, on its loopback link:
/// each node answers its pods itself, and the proxy leaves the service alone.
pub(super) async fn dns(context: ComponentContext) -> anyhow::Result<()> {
    let Some(node) = context.node.clone() else { return Ok(()) };
    let own = context.client(UserInfo::new("system:apiserver", &["system:masters"]), "kube-apiserver");
    for (kind, namespace, object) in dns_objects(&context) {
        let api = own.namespaced(&kind, namespace);
        if api.get_optional(object.name()).await?.is_none() {
            api.create(object).await.context("the objects of the cluster's DNS")?;
        }
    }
    let address = IpAddr::V4(context.dns_address);
    tokio::task::spawn_blocking(move || network::set_local_address(address))
        .await?
        .context("cannot take the DNS service's address")?;
    let client = context.client(UserInfo::service_account("kube-system", "coredns"), "dns");
    let config = dns::Config {
        zone: CLUSTER_DOMAIN.to_owned(),
        addresses: vec![SocketAddr::new(address, DNS_PORT)],
        resolv_conf: "/etc/resolv.conf".into(),
        own_addresses: vec![SocketAddr::new(IpAddr::V4(node.address), DNS_PORT)],
    };
    dns::run(client, config).await.context("DNS")
}

/// The DNS service, and what the server of names may read.
fn dns_objects(context: &ComponentContext) -> Vec<(ResourceKind, &'static str, Object)> {
    let role = value!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "system:coredns"},
        "rules": [
            {"apiGroups": [""], "resources": ["services", "namespaces", "pods", "endpoints"], "verbs": ["list", "watch"]},
            {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]}
        ]
    });
    let binding = value!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "system:coredns"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:coredns"},
        "subjects": [{"kind": "ServiceAccount", "name": "coredns", "namespace": "kube-system"}]
    });
    vec![
        (kinds::CLUSTER_ROLES, "", Object(role)),
        (kinds::CLUSTER_ROLE_BINDINGS, "", Object(binding)),
        (kinds::SERVICES, "kube-system", dns_service(context)),
    ]
}

fn dns_service(context: &ComponentContext) -> Object {
    let address = context.dns_address.to_string();
    Object(value!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "kube-dns",
            "namespace": "kube-system",
            "labels": {
                "k8s-app": "kube-dns",
                "kubernetes.io/name": "CoreDNS",
                "service.kubernetes.io/service-proxy-name": "sagong-dns"
            }
        },
        "spec": {
            "clusterIP": address,
            "ports": [
                {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": 53},
                {"name": "dns-tcp", "port": 53, "protocol": "TCP", "targetPort": 53}
            ]
        }
    }))
}
