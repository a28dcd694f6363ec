//! `sagong agent`: this machine as a node of a cluster whose control plane is elsewhere.

use std::path::PathBuf;

use super::up::EVICTION_HARD;

/// Make this machine a node of another machine's cluster.
///
/// The command stays in the foreground until SIGINT or SIGTERM; pods go on running. Once the node has its own
/// certificate the token is no longer needed.
///
/// Example: `sagong agent --server https://192.0.2.1:6443 --token K…::abcdef.0123456789abcdef`
#[derive(clap::Args, Clone)]
pub(crate) struct Options {
    /// The API server: https://ADDRESS:PORT, or by a name that its certificate has (`up --tls-san`).
    #[arg(long)]
    pub(crate) server: String,
    /// The join token, as `sagong token create` printed it.
    #[arg(long, env = "SAGONG_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    /// Where everything that must survive a restart is kept.
    #[arg(long, default_value = "/var/lib/sagong-agent")]
    pub(crate) data_dir: PathBuf,
    /// The name of the node; the host's name when not given.
    #[arg(long)]
    pub(crate) node_name: Option<String>,
    /// The port of the kubelet's API.
    #[arg(long, default_value_t = 10250)]
    pub(crate) kubelet_port: u16,
    /// Below which of what pods are evicted, as SIGNAL<LIMIT with commas between; nothing for never.
    #[arg(long, default_value = EVICTION_HARD)]
    pub(crate) eviction_hard: String,
    /// Run the pods whose manifests are in this directory, whatever the API says.
    #[arg(long, value_name = "DIR")]
    pub(crate) pod_manifest_path: Option<PathBuf>,
    /// The most pods that run on this node.
    #[arg(long, default_value_t = 110)]
    pub(crate) max_pods: u16,
    /// Where sockets and records of what runs are kept; empty after a reboot.
    #[arg(long, default_value = "/run/sagong")]
    pub(crate) state_dir: PathBuf,
    /// How much to log: error, warn, info, debug, trace, or a filter such as `kubelet=debug`.
    #[arg(long, default_value = "info", env = "SAGONG_LOG")]
    log: String,
}

pub(crate) fn run(options: Options) -> anyhow::Result<()> {
    super::up::log_to_standard_error(&options.log)?;
    crate::agent::run(&options)
}
