//! What the runtime remembers of sandboxes and containers across its own restarts.

use std::collections::BTreeMap;

use cri_api::v1::{ContainerConfig, LinuxContainerResources, LinuxContainerUser, PodSandboxConfig, PodSandboxMetadata};
use serde::{Deserialize, Serialize};

/// `sandbox.json`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SandboxRecord {
    pub(crate) id: String,
    pub(crate) config: PodSandboxConfig,
    pub(crate) runtime_handler: String,
    /// Nanoseconds since 1970.
    pub(crate) created_at: i64,
    /// Whether its shim holds its namespaces.
    pub(crate) ready: bool,
    /// Whether it is still being made: whoever finds it so finds what an end without warning has left.
    pub(crate) unfinished: bool,
    pub(crate) addresses: Vec<String>,
    /// The cgroup that its containers' are made in.
    pub(crate) cgroup_parent: String,
    /// Whether that cgroup is the runtime's own, to be removed with the sandbox.
    pub(crate) owns_cgroup_parent: bool,
    /// Whether the network part still holds something for it.
    pub(crate) has_network: bool,
}

impl SandboxRecord {
    /// The cgroup of the init of the process namespace that the pod's containers share.
    pub(crate) fn init_cgroup(&self) -> String {
        format!("{}/init-{}", self.cgroup_parent, self.id.get(..12).unwrap_or(&self.id))
    }

    pub(crate) fn metadata(&self) -> PodSandboxMetadata {
        self.config.metadata.clone().unwrap_or_default()
    }
}

/// How far a container has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Phase {
    /// Not started.
    #[default]
    Created,
    /// Its main process runs.
    Running,
    /// It has ended, or could not be started.
    Exited,
}

/// `container.json`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ContainerRecord {
    pub(crate) id: String,
    pub(crate) sandbox_id: String,
    pub(crate) config: ContainerConfig,
    /// Identifier of the image.
    pub(crate) image_id: String,
    /// The image by digest of its manifest, when known; its identifier otherwise.
    pub(crate) image_ref: String,
    pub(crate) phase: Phase,
    /// Nanoseconds since 1970, 0 for not yet; so are the next two.
    pub(crate) created_at: i64,
    pub(crate) started_at: i64,
    pub(crate) finished_at: i64,
    pub(crate) exit_code: i32,
    /// One word on the end: Completed, Error, OOMKilled, StartError, ContainerStatusUnknown.
    pub(crate) reason: String,
    pub(crate) message: String,
    pub(crate) process_id: i32,
    pub(crate) user: Option<LinuxContainerUser>,
    pub(crate) cgroup: String,
    /// The log file, or empty.
    pub(crate) log_path: String,
    /// The number that asks it to stop.
    pub(crate) stop_signal: i32,
    /// Limits in force.
    pub(crate) resources: LinuxContainerResources,
}

/// Whether labels satisfy a selector: it names none that is missing or has another value.
pub(crate) fn labels_match(labels: &BTreeMap<String, String>, selector: &BTreeMap<String, String>) -> bool {
    selector.iter().all(|(name, value)| labels.get(name) == Some(value))
}
