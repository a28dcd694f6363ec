//! Volumes of pods.
//!
//! A plugin makes a volume's directory (or finds it on the host); making it again refreshes it. What a plugin makes
//! stands below the pod's own directory, so that taking a pod's volumes down is the same for all of them: unmount
//! what is mounted there, remove what is left. A new type of volume is a file here and a line in [`PLUGINS`].

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use api::views::core_v1::{Pod, Volume};
use apimachinery::Object;
use async_trait::async_trait;
use client::Client;
use component_helpers::resources::Resources;
use tokio::time::Instant;

pub mod atomic_writer;
mod config_map;
mod downward_api;
mod empty_dir;
mod host_path;
mod image;
mod mounter;
pub mod ownership;
mod projected;
mod secret;
pub mod subpath;
mod token;
mod trust_bundle;

pub use mounter::{KernelMounter, Mounter};
pub use token::Tokens;

use crate::{
    downward::{self, Addresses},
    objects::Objects,
};

/// A type of volume.
#[async_trait]
pub trait Plugin: Send + Sync {
    /// Upstream's name, `kubernetes.io/empty-dir`.
    fn name(&self) -> &'static str;

    /// Whether it makes this volume.
    fn makes(&self, volume: Volume<'_>) -> bool;

    /// Makes or refreshes the volume; called again whenever something that it shows may have changed.
    async fn set_up(&self, context: &Context<'_>, volume: Volume<'_>) -> Result<Mounted, Error>;
}

/// Every type of volume that this kubelet has.
pub static PLUGINS: &[&dyn Plugin] = &[
    &empty_dir::EmptyDir,
    &host_path::HostPath,
    &config_map::ConfigMap,
    &secret::Secret,
    &projected::Projected,
    &downward_api::DownwardApi,
    &image::Image,
];

/// A volume that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mounted {
    /// Where on the host.
    pub path: PathBuf,
    /// When it must be refreshed without an event: a token expires.
    pub refresh_at: Option<Instant>,
}

impl Mounted {
    fn at(path: PathBuf) -> Mounted {
        Mounted { path, refresh_at: None }
    }
}

/// Why a volume cannot be made; the pod waits, and the reason is shown as an event.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No plugin makes it.
    #[error("this kubelet has no volume plugin for {0}")]
    NoPlugin(String),
    /// What it shows does not exist.
    #[error("{0}")]
    Missing(String),
    /// A source of a projected volume that is not supported.
    #[error("{0}")]
    Unsupported(String),
    /// The host path is not what its type says.
    #[error("hostPath type check failed: {0}")]
    HostPath(String),
    /// A field or resource reference is wrong.
    #[error(transparent)]
    Downward(#[from] downward::Error),
    /// The API did not answer.
    #[error(transparent)]
    Api(#[from] apimachinery::Status),
    /// The file system did not.
    #[error("{operation} {path}: {source}")]
    FileSystem {
        /// What was tried.
        operation: &'static str,
        /// On what.
        path: String,
        /// Why it failed.
        source: std::io::Error,
    },
}

impl Error {
    pub(crate) fn at(operation: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.display().to_string();
        move |source| Error::FileSystem { operation, path, source }
    }
}

/// What plugins need.
pub struct Context<'a> {
    /// The pod.
    pub pod: &'a Object,
    /// The volume's own directory.
    pub directory: PathBuf,
    /// The node's and the pod's addresses.
    pub addresses: &'a Addresses,
    /// The node's allocatable resources.
    pub allocatable: &'a Resources,
    /// All the rest.
    pub volumes: &'a Volumes,
}

impl Context<'_> {
    /// The group that owns the volume.
    pub fn fs_group(&self) -> Option<u32> {
        let group = Pod::of(self.pod).spec().security_context()?.fs_group()?;
        u32::try_from(group).ok()
    }
}

/// Makes and removes volumes.
pub struct Volumes {
    pods_directory: PathBuf,
    pub(crate) mounter: Arc<dyn Mounter>,
    pub(crate) objects: Objects,
    pub(crate) tokens: Tokens,
}

/// A failure with the volume's name.
#[derive(Debug, thiserror::Error)]
#[error("MountVolume.SetUp failed for volume {volume:?} : {source}")]
pub struct MountError {
    /// The volume.
    pub volume: String,
    /// Why.
    pub source: Error,
}

impl Volumes {
    /// Volumes below `pods_directory`; mounts are done by `mounter`.
    pub fn new(pods_directory: PathBuf, mounter: Arc<dyn Mounter>, client: Client) -> Volumes {
        Volumes { pods_directory, mounter, objects: Objects::new(client.clone()), tokens: Tokens::new(client) }
    }

    fn directory(&self, uid: &str, plugin: &str, volume: &str) -> PathBuf {
        self.pods_directory.join(uid).join("volumes").join(plugin.replace('/', "~")).join(volume)
    }

    /// Makes or refreshes all volumes of a pod.
    pub async fn set_up(
        &self,
        pod: &Object,
        addresses: &Addresses,
        allocatable: &Resources,
    ) -> Result<BTreeMap<String, Mounted>, MountError> {
        let mut mounted = BTreeMap::new();
        for volume in Pod::of(pod).spec().volumes().iter() {
            let failed = |source| MountError { volume: volume.name().to_owned(), source };
            let plugin = PLUGINS.iter().find(|plugin| plugin.makes(volume)).ok_or_else(|| {
                let kind = volume.0.keys().find(|key| key.as_str() != "name").map_or("nothing", |key| key.as_str());
                failed(Error::NoPlugin(format!("volumes of type {kind}")))
            })?;
            let directory = self.directory(pod.uid(), plugin.name(), volume.name());
            let context = Context { pod, directory, addresses, allocatable, volumes: self };
            let made = plugin.set_up(&context, volume).await.map_err(failed)?;
            mounted.insert(volume.name().to_owned(), made);
        }
        Ok(mounted)
    }

    /// Unmounts and removes the volumes of a pod, and with `everything` all that stands in its directory. Idempotent.
    pub async fn tear_down(&self, uid: &str, everything: bool) -> Result<(), Error> {
        self.tokens.forget(uid);
        let (directory, mounter) = (self.pods_directory.join(uid), self.mounter.clone());
        let parts = if everything { vec![""] } else { vec!["volumes", "volume-subpaths"] };
        blocking(move || {
            mounter.unmount_below(&directory).map_err(Error::at("unmount what is below", &directory))?;
            for part in parts {
                let path = if part.is_empty() { directory.clone() } else { directory.join(part) };
                match std::fs::remove_dir_all(&path) {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                        return Err(Error::at("remove", &path)(error));
                    }
                    _ => {}
                }
            }
            Ok(())
        })
        .await
    }

    /// The UIDs of the pods that have a directory.
    pub fn pods(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.pods_directory).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
    }
}

/// Runs work that blocks on the file system on the blocking pool.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Blocking work is cancelled only when the runtime ends, and then nobody polls this.
            Err(_) => std::future::pending().await,
        },
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::NoMounts;
