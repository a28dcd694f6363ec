//! Services and names on this node: the proxy's rules, the cluster's DNS.

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use anyhow::Context;
use apiserver::UserInfo;
use network::nftables::Family;

use super::NodeContext;

const DNS_PORT: u16 = 53;
const CLUSTER_DOMAIN: &str = "cluster.local";

/// Programs services into the kernel until the process ends.
pub(super) async fn run(context: NodeContext) -> anyhow::Result<()> {
    let node = context.node.clone();
    let client = context.client(UserInfo::new("system:kube-proxy", &[]), "kube-proxy");
    let ranges = context.cluster_cidrs.iter().map(|text| text.parse());
    let cluster_ranges = ranges.collect::<Result<_, _>>().map_err(|_| anyhow::anyhow!("the cluster's ranges"))?;
    let config = proxy::Config {
        node_name: node.name.as_str().into(),
        zone: Default::default(),
        cluster_ranges,
        service_ranges: vec![context.service_network.parse().map_err(|_| anyhow::anyhow!("the network of services"))?],
        node_port_addresses: vec![IpAddr::V4(node.address), IpAddr::from([127, 0, 0, 1])],
        families: vec![Family::Ipv4],
        sctp: network::sctp_supported(),
    };
    proxy::run(client, config).await.context("service proxy")
}

/// Where the process that answers names is found.
pub(crate) fn dns_socket(state_directory: &Path) -> PathBuf {
    state_directory.join("dns.sock")
}

/// Has names answered until the process ends, and beyond: pods outlive it too. The DNS service's address is the node's own, on its loopback link:
/// each node answers its pods itself, and the proxy leaves the service alone.
pub(super) async fn dns(context: NodeContext) -> anyhow::Result<()> {
    let node = context.node.clone();
    let address = IpAddr::V4(context.dns_address);
    tokio::task::spawn_blocking(move || network::set_local_address(address))
        .await?
        .context("cannot take the DNS service's address")?;
    let client = context.client(UserInfo::service_account("kube-system", "coredns"), "dns");
    let parts = context.node_parts.wait().await;
    let config = dns::Config {
        zone: CLUSTER_DOMAIN.to_owned(),
        addresses: vec![SocketAddr::new(address, DNS_PORT)],
        resolv_conf: "/etc/resolv.conf".into(),
        own_addresses: vec![SocketAddr::new(IpAddr::V4(node.address), DNS_PORT)],
        responder: dns::Responder::Process {
            executable: "/proc/self/exe".into(),
            socket: parts.dns_socket,
            cgroup_procs: parts.outliving_cgroup_procs,
        },
    };
    dns::run(client, config).await.context("DNS")
}
