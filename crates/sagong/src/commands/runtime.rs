//! `sagong runtime`: the container runtime alone, for clients that speak CRI.

use std::{
    net::IpAddr,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::PathBuf,
    sync::Arc,
};

use anyhow::{Context, bail};
use kubelet::server::streams::StreamServer;
use network::{Cidr, NodeNetwork, Overlay};
use runtime::Runtime;
use tokio::net::{TcpListener, UnixListener};

use crate::{
    components::Attachments,
    directories::Directories,
    server::{own_address, wait_for_signal},
};

/// Run the container runtime alone, as containerd would be run: CRI v1 on a unix socket.
///
/// The command stays in the foreground until SIGINT or SIGTERM; containers go on running.
///
/// Example: `sagong runtime --listen /run/sagong/cri.sock`
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Options {
    /// The socket; whoever may write to it is root.
    #[arg(long, value_name = "SOCKET", default_value = "/run/sagong/cri.sock")]
    listen: PathBuf,
    /// Where images, writable layers and mirrors of registries (`certs.d`) are kept.
    #[arg(long, default_value = "/var/lib/sagong-runtime")]
    data_dir: PathBuf,
    /// Where sockets and records of what runs are kept; empty after a reboot.
    #[arg(long, default_value = "/run/sagong-runtime")]
    state_dir: PathBuf,
    /// The addresses of pods.
    #[arg(long, default_value = "10.42.0.0/24")]
    pod_cidr: String,
    /// How much to log: error, warn, info, debug, trace, or a filter such as `runtime=debug`.
    #[arg(long, default_value = "info", env = "SAGONG_LOG")]
    log: String,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    super::up::log_to_standard_error(&options.log)?;
    if !rustix::process::geteuid().is_root() {
        bail!("containers need root: run it as root");
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(options))
}

async fn serve(options: &Options) -> anyhow::Result<()> {
    let directories = Directories::open(&options.data_dir)?;
    let range: Cidr = options
        .pod_cidr
        .parse()
        .map_err(|_| anyhow::anyhow!("--pod-cidr {:?} is no range of addresses", options.pod_cidr))?;
    let config = network::Config {
        state_file: directories.node().join("addresses.json"),
        pod_ranges: vec![range],
        cluster_ranges: vec![range],
        service_ranges: Vec::new(),
        node_addresses: vec![IpAddr::V4(own_address())],
        mtu_bytes: None,
        overlay: Overlay::Auto,
    };
    let opened = tokio::task::spawn_blocking(move || NodeNetwork::open(config)).await?;
    let network = Arc::new(opened.context("cannot set up the pod network")?);
    let config = runtime::Config {
        network: Some(Arc::new(Attachments::of(network.clone()))),
        registry_directories: vec!["/etc/containerd/certs.d".into(), directories.registries()],
        ..runtime::Config::new(directories.images(), &options.state_dir)
    };
    let runtime = Runtime::open(config).await.context("cannot open the container runtime")?;
    crate::components::forget_lost_sandboxes(&network, runtime.sandboxes()).await?;
    let runtime = Arc::new(runtime);

    // Streams are had on the loopback alone, by who knows their addresses.
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("cannot listen on the loopback")?;
    let streams = StreamServer::new(listener.local_addr()?, runtime.clone(), runtime.clone());
    let socket = bind(&options.listen)?;
    tracing::info!(socket = %options.listen.display(), "the runtime takes calls");
    let services =
        cri_server::Services { runtime: runtime.clone(), images: runtime, streams: Arc::new(streams.clone()) };
    tokio::select! {
        () = streams.serve(listener) => {}
        () = cri_server::serve(socket, services) => {}
        stopped = wait_for_signal() => stopped?,
    }
    let _ = std::fs::remove_file(&options.listen);
    Ok(())
}

/// The socket, in the place of one that a runtime before has left.
fn bind(path: &PathBuf) -> anyhow::Result<UnixListener> {
    let folder = path.parent().context("--listen must have a folder")?;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    // The data directory's lock says that no other runtime of ours has it; whoever else listens is left alone.
    if std::os::unix::net::UnixStream::connect(path).is_ok() {
        bail!("{} is in use: choose another with --listen", path.display());
    }
    let _ = std::fs::remove_file(path);
    let listener = UnixListener::bind(path).with_context(|| format!("cannot listen on {}", path.display()))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}
