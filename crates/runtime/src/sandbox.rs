//! Sandboxes: a shim that holds namespaces, a network, and the files that every container of the pod gets.

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use cri_api::v1::{ContainerEventType, LinuxSandboxSecurityContext, NamespaceMode, NamespaceOption, PodSandboxConfig};
use cri_api::{Error, Result};
use rustix::mount::{UnmountFlags, unmount};
use rustix::process::{Pid, PidfdFlags};

use crate::error::{Context, ShimError, blocking};
use crate::network::PodNetworkRequest;
use crate::records::SandboxRecord;
use crate::runtime::{Inner, lock, now_nanoseconds, path_text};
use crate::shim::SHIM_NAME;
use crate::shim::protocol::{PodRequest, Request, Response};
use crate::shim_client::{Conversation, ShimClient};
use crate::{cgroups, identifiers, lost, state, sys};

/// Size of a pod's `/dev/shm`, as with other runtimes.
const SHARED_MEMORY_LIMIT_BYTES: u64 = 64 << 20;

/// Keeps the allocator from taking memory before it is needed: huge pages of it would be most of what a shim has.
const SMALL_HEAP: (&str, &str) = ("MIMALLOC_ARENA_EAGER_COMMIT", "0");

/// Where a shim's standard error goes.
pub(crate) const SHIM_LOG: &str = "shim.log";

/// One sandbox.
pub(crate) struct Sandbox {
    pub(crate) id: String,
    /// Its state: record, socket, namespace, files, containers.
    pub(crate) directory: PathBuf,
    pub(crate) record: Mutex<SandboxRecord>,
    pub(crate) shim: ShimClient,
    /// Held while it is stopped or removed.
    pub(crate) changing: tokio::sync::Mutex<()>,
}

impl Sandbox {
    pub(crate) fn new(directory: PathBuf, record: SandboxRecord) -> Self {
        Self {
            id: record.id.clone(),
            shim: ShimClient::new(directory.join("shim.sock")),
            directory,
            record: Mutex::new(record),
            changing: tokio::sync::Mutex::new(()),
        }
    }

    pub(crate) fn save(&self) -> Result<()> {
        let record = lock(&self.record).clone();
        state::write(&self.directory.join("sandbox.json"), &record)
            .context(|| format!("write the record of sandbox {}", self.id))
    }

    pub(crate) fn security(&self) -> LinuxSandboxSecurityContext {
        security_of(&lock(&self.record).config)
    }

    pub(crate) fn namespaces(&self) -> NamespaceOption {
        self.security().namespace_options.unwrap_or_default()
    }

    /// Where its network namespace is pinned, unless it is the host's.
    pub(crate) fn network_namespace(&self) -> Option<PathBuf> {
        (self.namespaces().network() != NamespaceMode::Node).then(|| self.directory.join("netns"))
    }

    /// Where its shared memory is mounted, unless it is the host's.
    pub(crate) fn shared_memory(&self) -> PathBuf {
        match self.namespaces().ipc() {
            NamespaceMode::Node => PathBuf::from("/dev/shm"),
            _ => self.directory.join("shm"),
        }
    }

    pub(crate) fn network_request(&self) -> Option<PodNetworkRequest> {
        let network_namespace = self.network_namespace()?;
        let record = lock(&self.record);
        let metadata = record.metadata();
        Some(PodNetworkRequest {
            sandbox_id: self.id.clone(),
            pod_namespace: metadata.namespace,
            pod_name: metadata.name,
            pod_uid: metadata.uid,
            network_namespace,
            port_mappings: record.config.port_mappings.clone(),
            annotations: record.config.annotations.clone(),
        })
    }

    /// Undoes the mounts in the sandbox's directory.
    fn unmount(&self) {
        unmount_all(&self.directory);
    }
}

pub(crate) fn unmount_all(directory: &Path) {
    for name in ["netns", "shm"] {
        let path = directory.join(name);
        while unmount(&path, UnmountFlags::DETACH | UnmountFlags::NOFOLLOW).is_ok() {}
    }
}

fn security_of(config: &PodSandboxConfig) -> LinuxSandboxSecurityContext {
    config.linux.as_ref().and_then(|linux| linux.security_context.clone()).unwrap_or_default()
}

impl Inner {
    /// Makes a sandbox: directory, cgroup, shim, network, record; whatever fails undoes what was done.
    pub(crate) async fn run_sandbox(self: Arc<Self>, config: PodSandboxConfig, handler: String) -> Result<String> {
        if config.metadata.is_none() {
            return Err(Error::invalid_argument("the sandbox has no metadata"));
        }
        let id = identifiers::new_identifier().context(|| "make an identifier".to_owned())?;
        let parent = config.linux.as_ref().map(|linux| linux.cgroup_parent.clone()).unwrap_or_default();
        let owns_cgroup_parent = parent.is_empty();
        let record = SandboxRecord {
            id: id.clone(),
            runtime_handler: handler,
            created_at: now_nanoseconds(),
            cgroup_parent: if owns_cgroup_parent { format!("{}/pods/{id}", self.config.cgroup_root) } else { parent },
            owns_cgroup_parent,
            unfinished: true,
            config,
            ..SandboxRecord::default()
        };
        let sandbox = Arc::new(Sandbox::new(self.pods_directory().join(&id), record));
        let result = self.start_sandbox(&sandbox).await;
        if let Err(mut error) = result {
            // A shim that ended has told its log why.
            let log = fs::read_to_string(sandbox.directory.join(SHIM_LOG)).unwrap_or_default();
            if !log.is_empty() {
                error.message = format!("{}: {}", error.message, log.trim_end());
            }
            self.release(&sandbox).await;
            let record = lock(&sandbox.record).clone();
            lost::discard(&sandbox.directory, &self, Some(&record)).await;
            return Err(error);
        }
        self.sandbox_event(&sandbox, ContainerEventType::ContainerCreatedEvent);
        self.sandbox_event(&sandbox, ContainerEventType::ContainerStartedEvent);
        Ok(id)
    }

    async fn start_sandbox(self: &Arc<Self>, sandbox: &Arc<Sandbox>) -> Result<()> {
        let (inner, made) = (self.clone(), sandbox.clone());
        let (request, stream) = blocking(move || {
            let request = inner.prepare_sandbox(&made)?;
            Ok((request, inner.spawn_shim(&made)?))
        })
        .await?;
        let mut conversation = Conversation::new(stream);
        conversation.ask(Request::Pod(request), &[]).await?;
        conversation.answer().await?;
        if let (Some(network), Some(request)) = (&self.config.network, sandbox.network_request()) {
            lock(&sandbox.record).has_network = true;
            let addresses = network.setup(&request).await.map_err(|error| {
                Error::new(
                    cri_api::Code::Unknown,
                    format!("failed to setup network for sandbox {}: {error}", sandbox.id),
                )
            })?;
            lock(&sandbox.record).addresses = addresses.iter().map(ToString::to_string).collect();
        }
        {
            let mut record = lock(&sandbox.record);
            (record.ready, record.unfinished) = (true, false);
        }
        sandbox.save()?;
        self.add_sandbox(sandbox.clone());
        conversation.ask(Request::Subscribe, &[]).await?;
        conversation.answer().await?;
        tokio::spawn(self.clone().follow_shim(sandbox.clone(), conversation));
        Ok(())
    }

    fn prepare_sandbox(&self, sandbox: &Sandbox) -> Result<PodRequest> {
        let record = lock(&sandbox.record).clone();
        let directory = &sandbox.directory;
        for part in ["containers", "shm"] {
            fs::create_dir_all(directory.join(part)).context(|| format!("create {}", directory.display()))?;
        }
        // From here on things are made that only the record leads to.
        sandbox.save()?;
        write_resolver_file(directory, &record.config)?;
        self.cgroups.create(&record.cgroup_parent).context(|| format!("create the cgroup {}", record.cgroup_parent))?;
        if let Some(resources) = record.config.linux.as_ref().and_then(|linux| linux.resources.as_ref()) {
            self.cgroups
                .limit(&record.cgroup_parent, resources)
                .context(|| format!("limit the cgroup {}", record.cgroup_parent))?;
        }
        let namespaces = sandbox.namespaces();
        let shared_processes = namespaces.pid() == NamespaceMode::Pod;
        let init_cgroup = record.init_cgroup();
        if shared_processes {
            self.cgroups.create(&init_cgroup).context(|| format!("create the cgroup {init_cgroup}"))?;
        }
        let own_host = namespaces.network() != NamespaceMode::Node;
        let hostname = Some(record.config.hostname.clone()).filter(|name| own_host && !name.is_empty());
        if let Some(hostname) = &hostname {
            fs::write(directory.join("hostname"), format!("{hostname}\n")).context(|| "write hostname".to_owned())?;
        }
        let linux = record.config.linux.unwrap_or_default();
        Ok(PodRequest {
            network_namespace: sandbox.network_namespace().map(|path| path_text(&path)),
            own_ipc: namespaces.ipc() != NamespaceMode::Node,
            shared_processes,
            hostname,
            sysctls: linux.sysctls.into_iter().collect(),
            shared_memory: path_text(&directory.join("shm")),
            shared_memory_limit_bytes: SHARED_MEMORY_LIMIT_BYTES,
            socket: path_text(&directory.join("shim.sock")),
            shim_cgroup_procs: self.cgroup_procs(&self.shims_cgroup()),
            init_cgroup_procs: if shared_processes { self.cgroup_procs(&init_cgroup) } else { Vec::new() },
        })
    }

    /// Starts a shim, whose standard input is the other end of the returned stream.
    fn spawn_shim(&self, sandbox: &Sandbox) -> Result<tokio::net::UnixStream> {
        let context = || format!("start the shim of sandbox {}", sandbox.id);
        let (own, theirs) = UnixStream::pair().context(context)?;
        own.set_nonblocking(true).context(context)?;
        let log = fs::File::create(sandbox.directory.join(SHIM_LOG)).context(context)?;
        // Whoever has it open holds the lock, from the fork on to the shim's end ([`lost`]).
        rustix::fs::flock(&log, rustix::fs::FlockOperation::LockExclusive).context(context)?;
        let mut command = Command::new(self.executable.path());
        if let Some(limit) = stdx::open_files::inherited_limit() {
            command.arg(limit.to_string());
        }
        let mut child = command
            .arg0(SHIM_NAME)
            .env_clear()
            .env(SMALL_HEAP.0, SMALL_HEAP.1)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context(context)?;
        let pid = Pid::from_child(&child);
        let process = rustix::process::pidfd_open(pid, PidfdFlags::empty()).context(context)?;
        let process = sys::register(process).context(context)?;
        tokio::spawn(async move {
            let _ = process.readable().await;
            let _ = child.wait();
        });
        tokio::net::UnixStream::from_std(own).context(context)
    }

    /// Connects to the shim of a pod from before this process, and brings the records up to date.
    pub(crate) async fn adopt_shim(self: Arc<Self>, sandbox: Arc<Sandbox>) {
        if !lock(&sandbox.record).ready {
            return;
        }
        let subscribed = async {
            let mut conversation = sandbox.shim.open(Request::Subscribe, &[]).await?;
            conversation.answer().await.map(|answer| (conversation, answer))
        };
        match subscribed.await {
            Ok((conversation, Response::Status { containers, .. })) => {
                for container in self.containers_of(&sandbox.id) {
                    let report = containers.iter().find(|report| report.container_id == container.id);
                    self.container_adopted(&container, report.cloned());
                }
                tokio::spawn(self.follow_shim(sandbox, conversation));
            }
            Ok(_) => tracing::error!(sandbox = sandbox.id, "the shim's answer is none to the question"),
            Err(error) => {
                tracing::warn!(%error, sandbox = sandbox.id, "the pod's shim is gone");
                self.end_without_shim(&sandbox);
                // The network may be there only when all sandboxes are known.
                tokio::spawn(async move { self.shim_ended(&sandbox).await });
            }
        }
    }

    /// Hears of every container's end, until the shim's own.
    async fn follow_shim(self: Arc<Self>, sandbox: Arc<Sandbox>, mut conversation: Conversation) {
        loop {
            match conversation.next().await {
                Ok(Some(Response::ContainerExited(report))) => {
                    if let Ok(container) = self.container(&report.container_id) {
                        let _started = container.starting.lock().await;
                        self.container_exited(&container, &report);
                    }
                }
                Ok(Some(other)) => tracing::error!(?other, sandbox = sandbox.id, "unexpected message of a shim"),
                Ok(None) | Err(_) => break,
            }
        }
        if lock(&sandbox.record).ready {
            tracing::warn!(sandbox = sandbox.id, "the pod's shim ended on its own");
            self.shim_ended(&sandbox).await;
        }
    }

    /// Without its shim a pod has no namespaces for new processes and nobody to reap the old: it is over.
    async fn shim_ended(self: &Arc<Self>, sandbox: &Arc<Sandbox>) {
        self.end_without_shim(sandbox);
        // One that does not answer any more may live all the same.
        let log = sandbox.directory.join(SHIM_LOG);
        if let Err(error) = blocking(move || lost::end_shim(&log).context(|| "end the shim".to_owned())).await {
            tracing::warn!(%error, sandbox = sandbox.id, "the shim of a sandbox that is over remains");
        }
        self.release(sandbox).await;
        if let Err(error) = sandbox.save() {
            tracing::warn!(%error, "a sandbox's record is out of date");
        }
        self.sandbox_event(sandbox, ContainerEventType::ContainerStoppedEvent);
    }

    /// Notes that the sandbox and its containers are over.
    fn end_without_shim(self: &Arc<Self>, sandbox: &Arc<Sandbox>) {
        lock(&sandbox.record).ready = false;
        for container in self.containers_of(&sandbox.id) {
            let directories = self.cgroups.directories(&lock(&container.record).cgroup);
            cgroups::kill_processes(directories.iter().map(PathBuf::as_path));
            self.container_lost(&container);
        }
    }

    /// Kills the containers, ends the shim and releases the network; does nothing for what is done.
    pub(crate) async fn stop_sandbox(self: &Arc<Self>, sandbox: &Arc<Sandbox>) -> Result<()> {
        let _changing = sandbox.changing.lock().await;
        for container in self.containers_of(&sandbox.id) {
            self.kill_container(&container).await?;
        }
        let was_ready = std::mem::replace(&mut lock(&sandbox.record).ready, false);
        if was_ready {
            match sandbox.shim.call(Request::Shutdown, &[]).await {
                // A shim that is gone has nothing left to shut down.
                Ok(_) | Err(ShimError::Unreachable(_)) => {}
                Err(error) => {
                    lock(&sandbox.record).ready = true;
                    return Err(error.into());
                }
            }
        }
        self.release(sandbox).await;
        if was_ready {
            sandbox.save()?;
            self.sandbox_event(sandbox, ContainerEventType::ContainerStoppedEvent);
        }
        // A runtime without a network leaves what another has set up to the next one that has it.
        if lock(&sandbox.record).has_network && self.config.network.is_some() {
            return Err(Error::new(
                cri_api::Code::Unknown,
                format!("the network of sandbox {} could not be released", sandbox.id),
            ));
        }
        Ok(())
    }

    /// Gives back network, mounts and the sandbox's own cgroups. What fails is logged, and tried again at removal.
    async fn release(&self, sandbox: &Arc<Sandbox>) {
        let has_network = lock(&sandbox.record).has_network;
        if let (true, Some(network), Some(request)) = (has_network, &self.config.network, sandbox.network_request()) {
            match network.teardown(&request).await {
                Ok(()) => lock(&sandbox.record).has_network = false,
                Err(error) => tracing::warn!(error, sandbox = sandbox.id, "the network cannot be released"),
            }
        }
        let record = lock(&sandbox.record).clone();
        let init = self.cgroups.directories(&record.init_cgroup());
        let unmounted = sandbox.clone();
        let cleaned = blocking(move || {
            unmounted.unmount();
            cgroups::remove(&init).context(|| format!("remove the cgroup of sandbox {}", unmounted.id))
        });
        if let Err(error) = cleaned.await {
            tracing::warn!(%error, "a sandbox's cgroup remains");
        }
    }

    /// Stops and forgets a sandbox with its containers.
    pub(crate) async fn remove_sandbox(self: &Arc<Self>, sandbox: &Arc<Sandbox>) -> Result<()> {
        self.stop_sandbox(sandbox).await?;
        let _changing = sandbox.changing.lock().await;
        for container in self.containers_of(&sandbox.id) {
            self.remove_container(&container).await?;
        }
        let record = lock(&sandbox.record).clone();
        let parent = record.owns_cgroup_parent.then(|| self.cgroups.directories(&record.cgroup_parent));
        // While the record is there: who is interrupted here begins again.
        self.give_back_parent(&record);
        let removed = sandbox.clone();
        blocking(move || {
            if let Some(parent) = parent {
                cgroups::remove(&parent).context(|| format!("remove the cgroup of sandbox {}", removed.id))?;
            }
            match fs::remove_dir_all(&removed.directory) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
                result => result.context(|| format!("remove {}", removed.directory.display())),
            }
        })
        .await?;
        self.forget_sandbox(&sandbox.id);
        self.sandbox_event(sandbox, ContainerEventType::ContainerDeletedEvent);
        Ok(())
    }
}

impl Inner {
    /// Removes the cgroup that a sandbox's caller named, once nothing is in it any more: no other sandbox of the pod
    /// needs it, and an empty group serves nobody.
    pub(crate) fn give_back_parent(&self, record: &SandboxRecord) {
        let parent = &record.cgroup_parent;
        let shared = self.all_sandboxes().iter().any(|other| {
            let other = lock(&other.record);
            other.id != record.id && other.cgroup_parent == *parent
        });
        if shared || record.owns_cgroup_parent {
            return;
        }
        for directory in self.cgroups.directories(parent) {
            match fs::remove_dir(&directory) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    tracing::debug!(%error, directory = %directory.display(), "a pod's cgroup remains");
                }
                _ => {}
            }
        }
    }
}

/// Writes `resolv.conf` from CRI's settings, or as a copy of the host's when there are none.
fn write_resolver_file(directory: &Path, config: &PodSandboxConfig) -> Result<()> {
    let text = match &config.dns_config {
        Some(dns) => {
            let mut text = String::new();
            if !dns.searches.is_empty() {
                text.push_str(&format!("search {}\n", dns.searches.join(" ")));
            }
            text.extend(dns.servers.iter().map(|server| format!("nameserver {server}\n")));
            if !dns.options.is_empty() {
                text.push_str(&format!("options {}\n", dns.options.join(" ")));
            }
            text
        }
        None => fs::read_to_string("/etc/resolv.conf").unwrap_or_default(),
    };
    fs::write(directory.join("resolv.conf"), text).context(|| "write resolv.conf".to_owned())
}
