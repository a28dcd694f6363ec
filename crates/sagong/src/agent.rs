//! A node whose API server is on another machine.
//!
//! It learns the cluster's authority from the server itself, without trusting it, and believes it when the
//! hash of its key is the one in the join token; then the bootstrap token asks for a client certificate of the
//! node, with which everything else happens. The certificates are kept in the data directory and renewed when
//! four fifths of their time are over.

mod certificates;
mod discovery;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail};
use apimachinery::Object;
use client::{
    Client,
    kinds::CONFIG_MAPS,
    remote::{Remote, ServerAddress},
};

use crate::{
    admin,
    api_access::ApiAccess,
    commands::AgentOptions,
    components::{self, NodeContext, NodePlace, NodeSettings},
    directories::Directories,
    join_token::JoinToken,
    server,
};
use certificates::NodeCertificates;
pub(crate) use discovery::discover;

/// The public description of the cluster, in `kube-public`.
pub(crate) const CLUSTER_INFO: &str = "cluster-info";
/// What a node must know of its cluster, in `kube-system`.
pub(crate) const NODE_SETTINGS: &str = "sagong-node";
const USER_AGENT: &str = "sagong-agent";
/// A server that cannot be reached yet is asked again after this time.
const RETRY_DELAY: Duration = Duration::from_secs(2);

/// Runs a node until SIGINT or SIGTERM.
pub(crate) fn run(options: &AgentOptions) -> anyhow::Result<()> {
    stdx::open_files::raise_limit().context("cannot raise the limit of open files")?;
    if !rustix::process::geteuid().is_root() {
        bail!("a node makes namespaces, mounts and network links: run `sagong agent` as root");
    }
    let directories = Directories::open(&options.data_dir)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("node")
        .max_blocking_threads(server::BLOCKING_THREADS)
        .build()?;
    runtime.block_on(node(options, &directories))
}

/// The address of this machine that the server sees.
async fn own_address(server: &ServerAddress) -> Ipv4Addr {
    let addresses = stdx::resolver::addresses(server.host()).await.unwrap_or_default();
    let Some(address) = addresses.into_iter().find(IpAddr::is_ipv4) else { return server::own_address() };
    // Connecting a datagram socket sends nothing; it only asks the routing table.
    let routed = UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
        socket.connect((address, server.port()))?;
        socket.local_addr()
    });
    match routed {
        Ok(SocketAddr::V4(own)) if !own.ip().is_unspecified() => *own.ip(),
        _ => server::own_address(),
    }
}

async fn node(options: &AgentOptions, directories: &Directories) -> anyhow::Result<()> {
    let server = ServerAddress::parse(&options.server).context("--server")?;
    let token = options.token.as_deref().map(JoinToken::parse).transpose().context("--token")?;
    let name = options.node_name.clone().unwrap_or_else(server::host_name);
    let address = own_address(&server).await;
    let authority_pem = discovery::authority(&server, token.as_ref(), directories).await?;
    let serving = Arc::default();
    let certificates = NodeCertificates { directories: directories.clone(), authority_pem, name, address, serving };
    let credential = certificates.client_credential(&server, token.as_ref()).await?;
    let tls = certificates.client_config(&credential)?;
    let remote = Remote::new(server.clone(), tls, None, USER_AGENT)?;
    let settings = cluster_settings(&Client::new(remote.clone(), USER_AGENT)).await?;
    let node_parts = NodePlace::new();
    let context = context(options, directories, &certificates, &settings, remote.clone(), node_parts.clone())?;
    tracing::info!(node = context.node.name, server = %server, "joined");
    components::start_node(&context, &Arc::default());
    let renewed = tokio::spawn(certificates.keep(remote, credential));

    let (request_stop, mut stop_requested) = tokio::sync::mpsc::channel(1);
    let orders = admin::Admin { node: Some(node_parts), status: None, stop: request_stop };
    let admin = tokio::spawn(admin::serve(admin::listen(&directories.admin_socket())?, orders));
    tokio::select! {
        signal = server::wait_for_signal() => signal?,
        _ = stop_requested.recv() => {}
    }
    admin.abort();
    renewed.abort();
    tracing::info!("stopping; pods go on running");
    Ok(())
}

/// What the cluster tells its nodes; waits for a server that cannot be reached.
async fn cluster_settings(client: &Client) -> anyhow::Result<Arc<Object>> {
    loop {
        match client.namespaced(&CONFIG_MAPS, "kube-system").get(NODE_SETTINGS).await {
            Ok(settings) => return Ok(settings),
            Err(status) if matches!(status.code, 401 | 403) => {
                return Err(anyhow::Error::new(status).context("the server does not accept this node's certificate"));
            }
            Err(status) => tracing::warn!(error = %status, "waiting for the server"),
        }
        tokio::time::sleep(RETRY_DELAY).await;
    }
}

fn context(
    options: &AgentOptions,
    directories: &Directories,
    certificates: &NodeCertificates,
    settings: &Object,
    remote: Arc<Remote>,
    node_parts: NodePlace,
) -> anyhow::Result<NodeContext> {
    let text = |key: &str| -> anyhow::Result<&str> {
        settings.str_at(&["data", key]).with_context(|| format!("the config map {NODE_SETTINGS:?} has no {key}"))
    };
    let eviction_hard = kubelet::eviction::signals::parse(&options.eviction_hard).context("--eviction-hard")?;
    Ok(NodeContext {
        access: ApiAccess::Remote(remote),
        cluster_cidrs: text("clusterCIDRs")?.split(',').map(str::to_owned).collect(),
        service_network: text("serviceCIDR")?.to_owned(),
        dns_address: text("dnsAddress")?.parse().context("dnsAddress")?,
        node: NodeSettings {
            name: certificates.name.clone(),
            address: certificates.address,
            kubelet_port: options.kubelet_port,
            max_pods: options.max_pods,
            static_pods: options.pod_manifest_path.clone(),
            eviction_hard,
            directory: directories.node(),
            state_directory: options.state_dir.clone(),
            registry_directory: directories.registries(),
        },
        kubelet_tls: Arc::new(certificates.kubelet_server_config()?),
        node_parts,
    })
}
