//! `sagong up`: a control plane, and a node on this machine.

use std::path::PathBuf;

use anyhow::Context;

use crate::{audit_options::AuditOptions, server, store_options::StoreOptions};

/// Upstream's thresholds.
pub(crate) const EVICTION_HARD: &str = "memory.available<100Mi,nodefs.available<10%,nodefs.inodesFree<5%,\
    imagefs.available<15%,imagefs.inodesFree<5%";

/// How much is logged when nobody says.
pub(crate) const DEFAULT_LOG: &str = "info";

/// Start a control plane, and a node on this machine.
///
/// The command stays in the foreground until SIGINT or SIGTERM; pods go on running.
///
/// Example: `sagong up --data-dir /srv/sagong --write-kubeconfig ~/.kube/config`
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Options {
    /// Read flags that are not given from this YAML file; it has the same names without the dashes in front.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where everything that must survive a restart is kept.
    #[arg(long, default_value = "/var/lib/sagong")]
    pub(crate) data_dir: PathBuf,
    /// The port of the API.
    #[arg(long, default_value_t = 6443)]
    pub(crate) port: u16,
    /// A further name or address by which clients reach the API, for its certificate; once for each.
    #[arg(long, value_name = "NAME")]
    pub(crate) tls_san: Vec<String>,
    /// Write an administrator's kubeconfig to this file as well; to none when not given.
    #[arg(long, value_name = "FILE")]
    pub(crate) write_kubeconfig: Option<PathBuf>,
    /// The name of this machine's node; the host's name when not given.
    #[arg(long)]
    pub(crate) node_name: Option<String>,
    /// The network of services.
    #[arg(long, default_value = "10.43.0.0/16")]
    pub(crate) service_cidr: String,
    /// The network of pods.
    #[arg(long, default_value = "10.42.0.0/16")]
    pub(crate) cluster_cidr: String,
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
    /// Run the control plane alone; needs no root.
    #[arg(long)]
    pub(crate) no_node: bool,
    /// How much to log: error, warn, info, debug, trace, or a filter such as `apiserver=debug`.
    #[arg(long, default_value = DEFAULT_LOG, env = "SAGONG_LOG")]
    pub(crate) log: String,
    #[command(flatten)]
    pub(crate) store: StoreOptions,
    #[command(flatten)]
    pub(crate) audit: AuditOptions,
}

pub(crate) fn run(options: Options) -> anyhow::Result<()> {
    start_logging(&options)?;
    server::run(&options, None)
}

/// Sends the log to standard error.
pub(crate) fn start_logging(options: &Options) -> anyhow::Result<()> {
    log_to_standard_error(&options.log)
}

/// Sends the log, as much as `--log` says, to standard error.
pub(crate) fn log_to_standard_error(log: &str) -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_new(log)
        .with_context(|| format!("--log {log:?} is no level and no filter"))?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    Ok(())
}
