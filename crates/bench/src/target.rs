//! A running control plane, as scenarios see it.

use std::{path::PathBuf, time::Duration};

use client::{
    Client,
    remote::{Remote, ServerAddress},
};
use rustls::ClientConfig;
use serde::Serialize;

use crate::{Figures, process::Process};

/// Who is measured.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Sagong, one process.
    Sagong,
    /// Upstream: etcd, API server, controller manager, scheduler.
    Upstream,
}

impl std::fmt::Display for Side {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Side::Sagong => "sagong",
            Side::Upstream => "upstream",
        })
    }
}

/// A user's certificate and key, and the authority of the server's certificate, all in PEM. The user is bound to
/// `cluster-admin` by RBAC and in no privileged group, on both sides, so that requests pass authorization.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Whom the client trusts.
    pub authority_pem: String,
    /// The user's certificate.
    pub certificate_pem: String,
    /// Its key.
    pub key_pem: String,
}

/// A running control plane. It ends when this is dropped.
pub struct Target {
    /// Whose it is.
    pub side: Side,
    /// `127.0.0.1:PORT`
    pub authority: String,
    /// The measuring user.
    pub identity: Identity,
    /// The processes that are measured; the first one serves the API.
    pub processes: Vec<Process>,
    /// Data, logs and credentials; `admin.kubeconfig` is in it.
    pub folder: PathBuf,
    /// When the first process was started.
    pub started: std::time::Instant,
    /// How long from then until `/readyz` answered 200.
    pub ready_after: Duration,
    pub(crate) children: Vec<tokio::process::Child>,
}

impl Target {
    /// TLS as this user, HTTP/2 alone.
    ///
    /// # Errors
    /// Malformed PEM.
    pub fn tls(&self) -> anyhow::Result<ClientConfig> {
        tls(&self.identity)
    }

    /// A client of our own kind, for setting things up; what is measured goes through [`crate::http`].
    ///
    /// # Errors
    /// Malformed PEM.
    pub fn client(&self) -> anyhow::Result<Client> {
        let address = ServerAddress::parse(&format!("https://{}", self.authority))?;
        Ok(Client::new(Remote::new(address, self.tls()?, None, "bench")?, "bench"))
    }

    /// The way to it for hollow nodes.
    ///
    /// # Errors
    /// Malformed PEM.
    pub fn access(&self) -> anyhow::Result<sim::Access> {
        let address = ServerAddress::parse(&format!("https://{}", self.authority))?;
        Ok(sim::Access::new(address, self.tls()?, None))
    }

    /// CPU time of each process so far.
    ///
    /// # Errors
    /// A process has ended.
    pub fn cpu(&self) -> anyhow::Result<Vec<(&'static str, Duration)>> {
        self.processes.iter().map(|process| Ok((process.name, process.cpu()?))).collect()
    }

    /// Begins a measurement of the processes' CPU time.
    ///
    /// # Errors
    /// A process has ended.
    pub fn begin(&self) -> anyhow::Result<Meter> {
        Ok(Meter { started: std::time::Instant::now(), server: self.cpu()?, own: crate::process::own_cpu()? })
    }

    /// Ends it: elapsed time, CPU of the control plane and of the client, memory.
    ///
    /// # Errors
    /// A process has ended.
    pub fn end(&self, meter: &Meter) -> anyhow::Result<Figures> {
        let elapsed = meter.started.elapsed();
        let client_cpu = crate::process::own_cpu()? - meter.own;
        let spent = self.cpu()?.into_iter().zip(&meter.server);
        Ok(Figures {
            elapsed,
            client_cpu,
            server_cpu: spent.map(|((name, now), (_, before))| (name, now.saturating_sub(*before))).collect(),
            memory: self.memory()?,
            ..Figures::default()
        })
    }

    /// Memory of each process now.
    ///
    /// # Errors
    /// A process has ended.
    pub fn memory(&self) -> anyhow::Result<std::collections::BTreeMap<&'static str, crate::Memory>> {
        self.processes.iter().map(|process| Ok((process.name, process.memory()?))).collect()
    }

    /// Asks every process to end, the clients of others first, and waits until they have.
    ///
    /// # Errors
    /// The kernel's.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        for mut child in self.children.drain(..).rev() {
            let Some(pid) = child.id().and_then(|pid| rustix::process::Pid::from_raw(pid as i32)) else { continue };
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
            if tokio::time::timeout(STOP_PATIENCE, child.wait()).await.is_err() {
                child.kill().await?;
            }
        }
        Ok(())
    }
}

/// A process that has not ended by then is killed.
const STOP_PATIENCE: Duration = Duration::from_secs(15);

/// What had been used when a measurement began.
pub struct Meter {
    started: std::time::Instant,
    server: Vec<(&'static str, Duration)>,
    own: Duration,
}

/// TLS of a user, whose key may be of any kind.
pub(crate) fn tls(identity: &Identity) -> anyhow::Result<ClientConfig> {
    Ok(sim::client_tls(&identity.authority_pem, Some((&identity.certificate_pem, &identity.key_pem)))?)
}
