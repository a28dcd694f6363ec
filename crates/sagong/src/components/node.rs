//! This machine as a node: runtime, pod network, kubelet.

mod peers;

use std::{collections::BTreeSet, net::IpAddr, path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context;
use apiserver::UserInfo;
use async_trait::async_trait;
use client::{Client, kinds};
use kubelet::{
    Dependencies, Kubelet,
    server::{Access, auth::ApiReviews},
    volumes::KernelMounter,
};
use network::{Attachment, Cidr, HostPort, NodeNetwork, Overlay, Transport};
use runtime::{PodNetwork, PodNetworkRequest, Runtime};
use tokio::{net::TcpListener, sync::SetOnce};

use crate::directories::node_images;

use super::{NodeContext, NodeParts, service_proxy::dns_socket};

/// How long the making or ending of a pod's network waits for the node's own.
const NETWORK_LIMIT: Duration = Duration::from_secs(60);
const NO_RANGE: &str = "the node has no range of pod addresses yet";

/// The pod network of this node, opened when the API has given the node its range.
pub(crate) struct Attachments {
    network: SetOnce<Arc<NodeNetwork>>,
}

impl Attachments {
    /// Those of a network that is there.
    pub(crate) fn of(network: Arc<NodeNetwork>) -> Attachments {
        Attachments { network: SetOnce::new_with(Some(network)) }
    }

    /// Runs `work` where it may block, once there is a network.
    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&NodeNetwork) -> Result<T, String> + Send + 'static,
    ) -> Result<T, String> {
        let opened = tokio::time::timeout(NETWORK_LIMIT, self.network.wait()).await;
        let network = opened.map_err(|_| NO_RANGE.to_owned())?.clone();
        tokio::task::spawn_blocking(move || work(&network)).await.map_err(|error| error.to_string())?
    }
}

fn host_ports(request: &PodNetworkRequest) -> Result<Vec<HostPort>, String> {
    let mappings = request.port_mappings.iter().filter(|mapping| mapping.host_port > 0);
    mappings
        .map(|mapping| {
            let protocol = match mapping.protocol {
                1 => Transport::Udp,
                2 => Transport::Sctp,
                _ => Transport::Tcp,
            };
            let port = |number: i32| u16::try_from(number).map_err(|_| format!("{number} is no port"));
            let host_address = match mapping.host_ip.as_str() {
                "" => None,
                text => Some(text.parse().map_err(|_| format!("{text:?} is no address"))?),
            };
            Ok(HostPort {
                host_address,
                host_port: port(mapping.host_port)?,
                container_port: port(mapping.container_port)?,
                protocol,
            })
        })
        .collect()
}

#[async_trait]
impl PodNetwork for Attachments {
    async fn setup(&self, request: &PodNetworkRequest) -> Result<Vec<IpAddr>, String> {
        let attachment = Attachment {
            sandbox: request.sandbox_id.clone(),
            namespace: request.network_namespace.clone(),
            host_ports: host_ports(request)?,
        };
        self.with(move |network| network.attach(&attachment).map_err(|error| error.to_string())).await
    }

    async fn teardown(&self, request: &PodNetworkRequest) -> Result<(), String> {
        let sandbox = request.sandbox_id.clone();
        self.with(move |network| network.detach(&sandbox).map_err(|error| error.to_string())).await
    }

    fn not_ready_reason(&self) -> Option<String> {
        self.network.get().is_none().then(|| NO_RANGE.to_owned())
    }
}

/// Waits until the node's range of pod addresses is known.
async fn pod_range(client: &Client, node_name: &str) -> anyhow::Result<Vec<Cidr>> {
    use futures::StreamExt;
    let options = client::Options { field_selector: format!("metadata.name={node_name}"), ..Default::default() };
    let mut events = client.all(&kinds::NODES).watch(options, true).await?;
    while let Some(event) = events.next().await {
        if let client::WatchEvent::Added(node) | client::WatchEvent::Modified(node) = event? {
            let ranges = node.list_at(&["spec", "podCIDRs"]).iter().filter_map(apimachinery::Value::as_str);
            let ranges: Vec<&str> = ranges.collect();
            if !ranges.is_empty() {
                return ranges.into_iter().map(parse_range).collect();
            }
        }
    }
    anyhow::bail!("the watch of the node ended")
}

fn parse_range(text: &str) -> anyhow::Result<Cidr> {
    text.parse().map_err(|_| anyhow::anyhow!("{text:?} is no range of addresses"))
}

/// Runs the node until the process ends.
pub(super) async fn run(context: NodeContext) -> anyhow::Result<()> {
    let node = context.node.clone();
    let user = UserInfo::new(format!("system:node:{}", node.name), &["system:nodes"]);
    let client = context.client(user, "kubelet");
    let attachments = Arc::new(Attachments { network: SetOnce::new() });
    let runtime_config = runtime::Config {
        network: Some(attachments.clone()),
        registry_directories: vec!["/etc/containerd/certs.d".into(), node.registry_directory.clone()],
        ..runtime::Config::new(node_images(&node.directory), &node.state_directory)
    };
    let runtime = Runtime::open(runtime_config).await.context("cannot open the container runtime")?;
    let runtime = Arc::new(runtime);
    let (images, known_sandboxes) = (runtime.images(), runtime.sandboxes());
    let outliving_cgroup_procs = runtime.outliving_cgroup_procs();
    let config = kubelet_config(&context, &node);
    let dependencies = Dependencies {
        client: client.clone(),
        runtime: runtime.clone(),
        images: runtime.clone(),
        streaming: runtime,
        mounter: Arc::new(KernelMounter),
    };
    let kubelet = Kubelet::new(config, dependencies).await;
    let dns_socket = dns_socket(&node.state_directory);
    context.node_parts.set(NodeParts { images, kubelet: kubelet.clone(), outliving_cgroup_procs, dns_socket });
    let network = async {
        let pod_ranges = pod_range(&client, &node.name).await?;
        let config = network::Config {
            state_file: node.directory.join("addresses.json"),
            pod_ranges,
            cluster_ranges: context.cluster_cidrs.iter().map(|text| parse_range(text)).collect::<Result<_, _>>()?,
            service_ranges: vec![parse_range(&context.service_network)?],
            node_addresses: vec![IpAddr::V4(node.address)],
            mtu_bytes: None,
            overlay: Overlay::Auto,
        };
        let opened = tokio::task::spawn_blocking(move || NodeNetwork::open(config)).await?;
        let opened = opened.context("cannot set up the pod network")?;
        let opened = Arc::new(opened);
        forget_lost_sandboxes(&opened, known_sandboxes).await?;
        let _ = attachments.network.set(opened.clone());
        kubelet.runtime_changed();
        peers::follow(&client, &node.name, opened).await
    };
    let served = serve(&context, &node, &kubelet, &client);
    tokio::select! {
        failed = served => failed,
        () = kubelet.run() => Ok(()),
        failed = network => failed,
    }
}

/// Gives back the addresses of sandboxes that the runtime does not have: their making was interrupted.
pub(crate) async fn forget_lost_sandboxes(network: &Arc<NodeNetwork>, known: BTreeSet<String>) -> anyhow::Result<()> {
    let network = network.clone();
    tokio::task::spawn_blocking(move || {
        for sandbox in network.sandboxes().iter().filter(|sandbox| !known.contains(*sandbox)) {
            tracing::info!(sandbox, "the addresses of a sandbox that is gone are free again");
            if let Err(error) = network.detach(sandbox) {
                tracing::warn!(%error, sandbox, "the network of a lost sandbox remains");
            }
        }
    })
    .await?;
    Ok(())
}

/// Serves the kubelet's API: logs, exec, attach, port-forward, statistics.
async fn serve(
    context: &NodeContext,
    node: &super::NodeSettings,
    kubelet: &Kubelet,
    client: &Client,
) -> anyhow::Result<()> {
    let place = ("0.0.0.0", node.kubelet_port);
    let listener = TcpListener::bind(place).await.with_context(|| {
        format!("cannot listen on port {}: choose another with --kubelet-port, or end what uses it", node.kubelet_port)
    })?;
    let reviews = Arc::new(ApiReviews::new(client.clone(), node.name.clone()));
    kubelet
        .serve(listener, context.kubelet_tls.clone(), Access { authenticator: reviews.clone(), authorizer: reviews })
        .await;
    Ok(())
}

fn kubelet_config(context: &NodeContext, node: &super::NodeSettings) -> kubelet::Config {
    let root: PathBuf = node.directory.join("kubelet");
    kubelet::Config {
        node_addresses: vec![IpAddr::V4(node.address)],
        port: node.kubelet_port,
        max_pods: i64::from(node.max_pods),
        static_pod_directory: node.static_pods.clone(),
        eviction_hard: node.eviction_hard.clone(),
        pod_logs_directory: node.directory.join("logs"),
        container_logs_directory: None,
        cluster_dns: vec![IpAddr::V4(context.dns_address)],
        cgroup_root: "/sagong".to_owned(),
        ..kubelet::Config::new(node.name.clone(), root)
    }
}
