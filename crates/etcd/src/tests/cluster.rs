//! Clusters of real members on loopback.

use std::{
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use store::{Engine, StoreError};

use crate::{Access, Endpoint, EtcdEngine, Options, open};

/// A member that is stopped when this is dropped.
pub(super) struct Member {
    arguments: Vec<String>,
    client_port: u16,
    process: Option<Child>,
}

impl Member {
    /// Starts it, again too; what it has on its disk is kept.
    pub(super) fn start(&mut self) {
        let program = std::env::var_os("SAGONG_ETCD").expect("SAGONG_ETCD names the program of etcd");
        let mut command = Command::new(program);
        command.args(&self.arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.process = Some(command.spawn().unwrap());
    }

    fn signal(&self, signal: &str) {
        let process = self.process.as_ref().expect("the member runs");
        let sent = Command::new("kill").args([signal, &process.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// As a machine that stops answering without a word.
    pub(super) fn pause(&self) {
        self.signal("-STOP");
    }

    pub(super) fn go_on(&self) {
        self.signal("-CONT");
    }

    pub(super) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    pub(super) fn endpoint(&self) -> Endpoint {
        Endpoint::parse(&format!("http://127.0.0.1:{}", self.client_port)).unwrap()
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Some members that make one cluster.
pub(super) struct Cluster {
    pub(super) members: Vec<Member>,
    _directory: tempfile::TempDir,
}

impl Cluster {
    /// Starts so many members; each gets `further` arguments.
    pub(super) fn start(count: usize, further: &[&str]) -> Cluster {
        Cluster::start_at("http", count, further)
    }

    /// Starts one member that is spoken to over TLS, with the certificates in `further`.
    pub(super) fn start_tls(further: &[&str]) -> Cluster {
        Cluster::start_at("https", 1, further)
    }

    fn start_at(scheme: &str, count: usize, further: &[&str]) -> Cluster {
        let directory = tempfile::tempdir().unwrap();
        // Each member's own for clients and for its peers.
        let ports: Vec<[u16; 2]> = (0..count).map(|_| testkit::free_ports().unwrap()).collect();
        let peer = |index: usize| format!("http://127.0.0.1:{}", ports[index][1]);
        let initial: Vec<String> = (0..count).map(|index| format!("m{index}={}", peer(index))).collect();
        let member = |index: usize| {
            let client = format!("{scheme}://127.0.0.1:{}", ports[index][0]);
            let mut arguments = vec![
                format!("--name=m{index}"),
                format!("--data-dir={}", directory.path().join(index.to_string()).display()),
                format!("--listen-client-urls={client}"),
                format!("--advertise-client-urls={client}"),
                format!("--listen-peer-urls={}", peer(index)),
                format!("--initial-advertise-peer-urls={}", peer(index)),
                format!("--initial-cluster={}", initial.join(",")),
                // A process that is killed loses nothing that the kernel has; no machine is, here.
                "--unsafe-no-fsync".to_owned(),
                "--log-level=error".to_owned(),
            ];
            arguments.extend(further.iter().map(ToString::to_string));
            let mut member = Member { arguments, client_port: ports[index][0], process: None };
            member.start();
            member
        };
        Cluster { members: (0..count).map(member).collect(), _directory: directory }
    }

    pub(super) fn access(&self) -> Access {
        let endpoints = self.members.iter().map(Member::endpoint).collect();
        Access { endpoints, tls: None, credentials: None }
    }

    /// An engine that leaves history alone.
    pub(super) async fn engine(&self) -> Arc<EtcdEngine> {
        connect(self.access()).await.unwrap()
    }
}

/// An engine that leaves history alone.
pub(super) async fn connect(access: Access) -> Result<Arc<EtcdEngine>, StoreError> {
    open(access, Options { compaction_interval: Duration::ZERO }).await
}

/// Runs a test with the threads that a server has.
pub(super) fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(test);
    runtime.shutdown_background();
}

/// Commits a key whatever is there.
pub(super) async fn put(engine: &dyn Engine, key: &str, value: &str) -> Result<u64, StoreError> {
    let (key, value) = (key.to_owned().into(), value.to_owned().into());
    let write = store::Write::Put { key, value, expect: store::Expect::Any, time_to_live: None };
    engine.commit(vec![write]).await.map(|committed| committed.revision)
}
