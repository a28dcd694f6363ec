//! The runtime as a whole: what it holds, how it finds again what runs, and lookup by identifier.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use cri_api::{Error, Result};

use crate::cgroups::{self, Cgroups};
use crate::config::Config;
use crate::container::Container;
use crate::error::Context;
use crate::events::Events;
use crate::executable::Executable;
use crate::images::ImageStore;
use crate::records::{ContainerRecord, SandboxRecord};
use crate::sandbox::Sandbox;
use crate::{identifiers, lost, state};

/// Containers on this host. Cheap to clone; all clones are the same runtime.
///
/// Dropping it stops nothing: pods run on, and the next runtime with the same directories adopts them.
#[derive(Clone)]
pub struct Runtime {
    pub(crate) inner: Arc<Inner>,
}

/// What all parts of a runtime share.
pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) images: Arc<ImageStore>,
    pub(crate) cgroups: Arc<dyn Cgroups>,
    pub(crate) executable: Executable,
    pub(crate) events: Events,
    sandboxes: Mutex<BTreeMap<String, Arc<Sandbox>>>,
    containers: Mutex<BTreeMap<String, Arc<Container>>>,
}

/// A lock whose holder panicked still guards whole values: they are only ever replaced.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Nanoseconds since 1970.
pub(crate) fn now_nanoseconds() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_nanos() as i64)
}

impl Runtime {
    /// Opens a runtime on its directories and adopts the pods that run.
    ///
    /// Must be called in a tokio runtime, which then also carries its tasks. Fails when the directories cannot be made
    /// or no cgroups are mounted; a pod that cannot be adopted does not fail it, but counts as ended.
    pub async fn open(config: Config) -> Result<Self> {
        for directory in [config.root_directory.join("containers"), config.state_directory.join("pods")] {
            fs::create_dir_all(&directory).context(|| format!("create {}", directory.display()))?;
        }
        let images = ImageStore::open(config.root_directory.join("images"))?
            .with_registries(config.registry_directories.clone());
        let inner = Inner {
            images: Arc::new(images),
            cgroups: cgroups::of_host().context(|| "find the cgroups of this host".to_owned())?,
            executable: Executable::of_this_process().context(|| "open this program's binary".to_owned())?,
            events: Events::new(),
            sandboxes: Mutex::new(BTreeMap::new()),
            containers: Mutex::new(BTreeMap::new()),
            config,
        };
        let shims = inner.shims_cgroup();
        inner.cgroups.create(&shims).context(|| format!("create the cgroup {shims}"))?;
        let runtime = Self { inner: Arc::new(inner) };
        runtime.adopt().await?;
        Ok(runtime)
    }

    /// The files by which a process enters the control group of those that outlive this one.
    pub fn outliving_cgroup_procs(&self) -> Vec<String> {
        self.inner.cgroup_procs(&self.inner.shims_cgroup())
    }

    /// The images of this runtime, to import and build; the calls block on the disk.
    pub fn images(&self) -> Arc<ImageStore> {
        self.inner.images.clone()
    }

    /// The sandboxes that there are, by identifier.
    pub fn sandboxes(&self) -> BTreeSet<String> {
        lock(&self.inner.sandboxes).keys().cloned().collect()
    }

    /// Where the network namespace of a sandbox is pinned; `None` in the host's network or when stopped.
    pub fn network_namespace(&self, pod_sandbox_id: &str) -> Result<Option<PathBuf>> {
        let sandbox = self.inner.sandbox(pod_sandbox_id)?;
        let ready = lock(&sandbox.record).ready;
        Ok(sandbox.network_namespace().filter(|_| ready))
    }

    /// Reads the records, connects to the shims, and clears away what has neither.
    async fn adopt(&self) -> Result<()> {
        let pods = self.inner.config.state_directory.join("pods");
        let entries = fs::read_dir(&pods).context(|| format!("list {}", pods.display()))?;
        for directory in entries.flatten().map(|entry| entry.path()) {
            let record: Option<SandboxRecord> = match state::read(&directory.join("sandbox.json")) {
                Ok(record) => record,
                Err(error) => {
                    // A record of a newer release, perhaps: leave it to that.
                    tracing::error!(%error, directory = %directory.display(), "a sandbox cannot be adopted");
                    continue;
                }
            };
            match record {
                Some(record) if !record.unfinished => self.adopt_sandbox(directory, record).await,
                unfinished => lost::discard(&directory, &self.inner, unfinished.as_ref()).await,
            }
        }
        self.remove_unknown_layers();
        Ok(())
    }

    async fn adopt_sandbox(&self, directory: PathBuf, record: SandboxRecord) {
        let sandbox = Arc::new(Sandbox::new(directory, record));
        lock(&self.inner.sandboxes).insert(sandbox.id.clone(), sandbox.clone());
        let entries = fs::read_dir(sandbox.directory.join("containers")).into_iter().flatten().flatten();
        for directory in entries.map(|entry| entry.path()) {
            match state::read::<ContainerRecord>(&directory.join("container.json")) {
                Ok(Some(record)) => {
                    self.inner.hold_images(&record);
                    let container = Arc::new(Container::new(directory, sandbox.clone(), record));
                    lock(&self.inner.containers).insert(container.id.clone(), container);
                }
                // Its creation was interrupted: nobody has its identifier.
                Ok(None) => drop(fs::remove_dir_all(&directory)),
                Err(error) => tracing::error!(%error, "a container cannot be adopted"),
            }
        }
        self.inner.clone().adopt_shim(sandbox).await;
    }

    /// Removes writable layers of containers that exist no more.
    fn remove_unknown_layers(&self) {
        let directory = self.inner.config.root_directory.join("containers");
        let known = lock(&self.inner.containers);
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            if !known.contains_key(&*entry.file_name().to_string_lossy())
                && let Err(error) = fs::remove_dir_all(entry.path())
            {
                tracing::warn!(%error, path = %entry.path().display(), "a writable layer cannot be removed");
            }
        }
    }
}

impl Inner {
    /// The cgroup that all shims share: what they use is not their pods'.
    pub(crate) fn shims_cgroup(&self) -> String {
        format!("{}/shims", self.config.cgroup_root)
    }

    /// Notes which images a container from before this process is made of.
    fn hold_images(&self, record: &ContainerRecord) {
        self.images.hold(&record.image_id, &record.id);
        for image in record.config.mounts.iter().filter_map(|mount| mount.image.as_ref()) {
            if let Ok(image) = self.images.find(&image.image) {
                self.images.hold(&image.id, &record.id);
            }
        }
    }

    pub(crate) fn pods_directory(&self) -> PathBuf {
        self.config.state_directory.join("pods")
    }

    /// The `cgroup.procs` files of a group.
    pub(crate) fn cgroup_procs(&self, path: &str) -> Vec<String> {
        let procs = |directory: &PathBuf| directory.join("cgroup.procs").to_string_lossy().into_owned();
        self.cgroups.directories(path).iter().map(procs).collect()
    }

    /// A sandbox by identifier, or by the beginning of one if that is of no other.
    pub(crate) fn sandbox(&self, id: &str) -> Result<Arc<Sandbox>> {
        find(&lock(&self.sandboxes), "sandbox", id)
    }

    /// A container by identifier, or by the beginning of one if that is of no other.
    pub(crate) fn container(&self, id: &str) -> Result<Arc<Container>> {
        find(&lock(&self.containers), "container", id)
    }

    pub(crate) fn all_sandboxes(&self) -> Vec<Arc<Sandbox>> {
        lock(&self.sandboxes).values().cloned().collect()
    }

    pub(crate) fn all_containers(&self) -> Vec<Arc<Container>> {
        lock(&self.containers).values().cloned().collect()
    }

    pub(crate) fn containers_of(&self, sandbox_id: &str) -> Vec<Arc<Container>> {
        lock(&self.containers).values().filter(|container| container.sandbox.id == sandbox_id).cloned().collect()
    }

    pub(crate) fn add_sandbox(&self, sandbox: Arc<Sandbox>) {
        lock(&self.sandboxes).insert(sandbox.id.clone(), sandbox);
    }

    pub(crate) fn add_container(&self, container: Arc<Container>) {
        lock(&self.containers).insert(container.id.clone(), container);
    }

    pub(crate) fn forget_sandbox(&self, id: &str) {
        lock(&self.sandboxes).remove(id);
    }

    pub(crate) fn forget_container(&self, id: &str) {
        lock(&self.containers).remove(id);
    }
}

/// Shortest beginning of an identifier that may stand for the whole.
const PREFIX_LENGTH_MIN: usize = 4;

fn find<T: Clone>(all: &BTreeMap<String, T>, kind: &str, id: &str) -> Result<T> {
    if let Some(found) = all.get(id) {
        return Ok(found.clone());
    }
    let missing = || Error::not_found(format!("{kind} {id:?} does not exist"));
    if id.len() < PREFIX_LENGTH_MIN || identifiers::is_identifier(id) {
        return Err(missing());
    }
    let mut matching = all.range(id.to_owned()..).take_while(|(name, _)| name.starts_with(id));
    match (matching.next(), matching.next()) {
        (Some((_, found)), None) => Ok(found.clone()),
        (Some(_), Some(_)) => Err(Error::invalid_argument(format!("several of kind {kind} begin with {id:?}"))),
        (None, _) => Err(missing()),
    }
}

/// A path as the text that goes into specifications; this program makes all of them itself.
pub(crate) fn path_text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
