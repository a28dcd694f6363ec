//! Starting and reaching the two sides.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::atomic::{AtomicU16, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use apimachinery::{Object, value};
use client::Client;
use rustls::ClientConfig;
use tokio::process::{Child, Command};

use crate::{
    Side, Target,
    http::{Call, Connector},
    options::Options,
    process::Process,
    scenario::Setup,
    target::Identity,
};

mod sagong;
mod upstream;

/// The user that measures: bound to `cluster-admin`, in no privileged group.
const USER: &str = "bench";
/// How long a certificate that is made here holds.
const DAY: Duration = Duration::from_secs(86_400);
/// How often readiness is asked.
const READY_PERIOD: Duration = Duration::from_millis(2);
/// When a control plane is given up that does not get ready.
const READY_PATIENCE: Duration = Duration::from_secs(90);
/// The first port of control planes; each start takes new ones, since closed connections hold theirs for a while.
const FIRST_PORT: u16 = 26_400;
const PORTS_PER_START: u16 = 8;
const PORT_RANGE: u16 = 4_000;

static STARTS: AtomicU16 = AtomicU16::new(0);

/// Starts control planes of one side.
pub struct Launcher {
    /// Whose.
    pub side: Side,
    /// Sagong's program, or the folder with upstream's.
    program: PathBuf,
    /// Where each control plane gets a folder.
    work: PathBuf,
    /// Images for pods of a node.
    images: Option<PathBuf>,
    /// Upstream's keys and certificates, made once.
    upstream_pki: tokio::sync::OnceCell<upstream::Keys>,
}

impl Launcher {
    /// For a side whose program, or folder of programs, is given.
    ///
    /// # Errors
    /// The program or folder does not exist.
    pub fn new(side: Side, program: &Path, options: &Options) -> anyhow::Result<Launcher> {
        let find = |path: &Path| std::fs::canonicalize(path).with_context(|| format!("cannot find {}", path.display()));
        Ok(Launcher {
            side,
            program: find(program)?,
            work: std::path::absolute(&options.work)?,
            images: options.images.as_deref().map(find).transpose()?,
            upstream_pki: tokio::sync::OnceCell::new(),
        })
    }

    /// The folder in which the folders of control planes are.
    pub fn work(&self) -> &Path {
        &self.work
    }

    /// A control plane on an empty data directory, ready; with a node, its images are there.
    ///
    /// # Errors
    /// It does not start or does not get ready.
    pub async fn start(&self, setup: Setup) -> anyhow::Result<Target> {
        let number = STARTS.fetch_add(1, Ordering::Relaxed);
        let folder = self.work.join(format!("{}-{number}", self.side));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let target = self.start_in(&folder, setup, number).await?;
        if setup.node {
            let images = self.images.as_ref().context("pods need images: name an archive with --images")?;
            sagong::import(&self.program, &folder, images).await?;
        }
        Ok(target)
    }

    /// Ends a control plane with a node and starts another on what the node has, its images; of the cluster nothing is
    /// left.
    ///
    /// # Errors
    /// As [`Launcher::start`].
    pub async fn start_anew(&self, target: Target, setup: Setup) -> anyhow::Result<Target> {
        let folder = target.folder.clone();
        target.stop().await?;
        sagong::forget_cluster(&folder)?;
        self.start_in(&folder, setup, STARTS.fetch_add(1, Ordering::Relaxed)).await
    }

    /// Upstream's etcd alone, reached as the API server reaches it.
    ///
    /// # Errors
    /// It does not start.
    pub async fn start_etcd(&self) -> anyhow::Result<Etcd> {
        let number = STARTS.fetch_add(1, Ordering::Relaxed);
        let folder = self.work.join(format!("etcd-{number}"));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder)?;
        let port = FIRST_PORT + number.wrapping_mul(PORTS_PER_START) % PORT_RANGE;
        self.start_etcd_in(folder, port).await
    }

    /// Kills an etcd at once, as a crash would, and starts it again on what it left.
    ///
    /// # Errors
    /// It does not start again.
    pub async fn kill_and_start_etcd(&self, etcd: Etcd) -> anyhow::Result<Etcd> {
        let Etcd { folder, port, mut child, .. } = etcd;
        child.kill().await?;
        self.start_etcd_in(folder, port).await
    }

    async fn start_etcd_in(&self, folder: PathBuf, port: u16) -> anyhow::Result<Etcd> {
        let keys = self.upstream_pki.get_or_try_init(|| async { upstream::Keys::make() }).await?;
        upstream::start_etcd(&self.program, folder, port, keys).await
    }

    async fn start_in(&self, folder: &Path, setup: Setup, number: u16) -> anyhow::Result<Target> {
        if setup.node && !crate::namespaces::possible() {
            bail!("a node needs root");
        }
        let port = FIRST_PORT + number.wrapping_mul(PORTS_PER_START) % PORT_RANGE;
        let started = match self.side {
            Side::Sagong => sagong::start(&self.program, folder, port, setup).await,
            Side::Upstream => {
                let keys = self.upstream_pki.get_or_try_init(|| async { upstream::Keys::make() }).await?;
                upstream::start(&self.program, folder, port, setup, keys).await
            }
        };
        started.with_context(|| format!("{} did not start; its logs are in {}", self.side, folder.display()))
    }
}

/// etcd without an API server. It ends when this is dropped.
pub struct Etcd {
    /// Connections to it, with the API server's certificate.
    pub connector: Connector,
    /// Its address and port.
    pub authority: String,
    /// TLS with the API server's certificate.
    pub tls: ClientConfig,
    /// How long it took from its start until it was ready.
    pub ready_after: Duration,
    /// The process.
    pub process: Process,
    folder: PathBuf,
    port: u16,
    child: Child,
}

/// Starts a process of a control plane with its output in a log; it ends with us.
fn spawn(command: &mut Command, log: &Path) -> anyhow::Result<Child> {
    let log = std::fs::File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).kill_on_drop(true);
    command.spawn().with_context(|| format!("cannot run {:?}", command.as_std().get_program()))
}

/// Waits until `/readyz` says yes, and tells how long that took since `since`.
async fn await_ready(connector: &Connector, children: &mut [Child], since: Instant) -> anyhow::Result<Duration> {
    let ready = Call::get("/readyz");
    loop {
        if let Ok(connection) = connector.open().await {
            while let Ok(answer) = connection.call(&ready).await {
                if answer.status.is_success() {
                    return Ok(since.elapsed());
                }
                tokio::time::sleep(READY_PERIOD).await;
            }
        }
        for child in children.iter_mut() {
            if let Some(status) = child.try_wait()? {
                bail!("a process ended with {status}");
            }
        }
        if since.elapsed() > READY_PATIENCE {
            bail!("it is not ready after {} s", READY_PATIENCE.as_secs());
        }
        tokio::time::sleep(READY_PERIOD).await;
    }
}

/// Lets the measuring user do everything, by RBAC.
async fn bind_user(admin: &Client) -> anyhow::Result<()> {
    let binding = value!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
        "metadata": {"name": USER},
        "subjects": [{"kind": "User", "name": USER, "apiGroup": "rbac.authorization.k8s.io"}],
        "roleRef": {"kind": "ClusterRole", "name": "cluster-admin", "apiGroup": "rbac.authorization.k8s.io"}
    });
    admin.all(&client::kinds::CLUSTER_ROLE_BINDINGS).create(Object(binding)).await?;
    Ok(())
}

/// Writes a kubeconfig, for looking at a control plane by hand.
fn write_kubeconfig(folder: &Path, server: &str, identity: &Identity) -> anyhow::Result<()> {
    let credential =
        pki::Credential { certificate_pem: identity.certificate_pem.clone(), key_pem: identity.key_pem.clone() };
    let config = pki::Kubeconfig {
        cluster: "bench",
        server,
        authority_pem: &identity.authority_pem,
        user: USER,
        credential: pki::ClientCredential::Certificate(&credential),
        namespace: "",
    };
    pki::write_private(&folder.join("admin.kubeconfig"), &config.to_json())?;
    Ok(())
}
