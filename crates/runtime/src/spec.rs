//! What an init needs to know to become a container's process.
//!
//! The runtime writes a specification, the shim passes it on unread as an open file, and the init in its new
//! namespaces follows it. One release writes and reads each: the shim's init is the shim's own binary, so a shim that
//! outlives an upgrade reads newer specifications; hence fields are only ever added, as optional.

use serde::{Deserialize, Serialize};

/// The first process of a container.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ContainerSpec {
    /// The process itself.
    pub(crate) process: ProcessSpec,
    /// The root file system.
    pub(crate) root: RootSpec,
    /// Mounts in order, beyond the standard ones.
    pub(crate) mounts: Vec<MountSpec>,
    /// Device nodes beyond the standard ones.
    pub(crate) devices: Vec<DeviceSpec>,
    /// Paths to hide.
    pub(crate) masked_paths: Vec<String>,
    /// Paths to make read-only.
    pub(crate) readonly_paths: Vec<String>,
    /// Whether `/sys`, `/proc` and the cgroups are writable and the host's devices are visible.
    pub(crate) privileged: bool,
    /// How the container sees its cgroup.
    pub(crate) cgroups: CgroupView,
}

/// How the container sees its cgroup.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct CgroupView {
    /// Version 1 hierarchies as `(name under /sys/fs/cgroup, mount options)`.
    pub(crate) version_1: Vec<(String, String)>,
    /// Where the version 2 hierarchy is mounted below `/sys/fs/cgroup`; empty for that directory itself.
    pub(crate) version_2: Option<String>,
}

/// A root file system from image layers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RootSpec {
    /// Directory that holds the layers, from which `lower` is named.
    pub(crate) layers_directory: String,
    /// Layers, topmost first, relative to `layers_directory`.
    pub(crate) lower: Vec<String>,
    /// Directory for what the container writes.
    pub(crate) upper: String,
    /// Directory that the overlay needs for itself, on the same file system as `upper`.
    pub(crate) work: String,
    /// An empty directory to mount on; the mount is seen in the container's mount namespace only.
    pub(crate) mount_point: String,
    /// Whether the container may not write to it.
    pub(crate) readonly: bool,
}

/// How mounts made later travel between the host and the container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Propagation {
    /// Not at all.
    Private,
    /// From the host into the container.
    HostToContainer,
    /// In both directions.
    Bidirectional,
}

/// One bind mount.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct MountSpec {
    /// What to mount, on the host.
    pub(crate) source: String,
    /// Where, in the container.
    pub(crate) destination: String,
    /// Whether it is read-only.
    pub(crate) readonly: bool,
    /// Whether the mounts below it are read-only, too.
    pub(crate) recursive_readonly: bool,
    /// How later mounts travel.
    pub(crate) propagation: Propagation,
    /// `MOUNT_ATTR_*` flags beyond those.
    #[serde(default)]
    pub(crate) attributes: u64,
    /// The image that is mounted; `source` is empty then.
    #[serde(default)]
    pub(crate) image: Option<ImageMountSpec>,
}

/// An image as a volume.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ImageMountSpec {
    /// Paths of its layers, topmost first.
    pub(crate) layers: Vec<String>,
    /// What of it is mounted, as a path in it; empty for all.
    pub(crate) sub_path: String,
    /// An empty directory to mount on for a moment; the mount is seen in the container's mount namespace only.
    pub(crate) scratch: String,
}

/// One device node.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DeviceSpec {
    /// On the host.
    pub(crate) source: String,
    /// In the container.
    pub(crate) destination: String,
}

/// A process in a container: its main one, or a command.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ProcessSpec {
    /// Program and arguments; the program is looked up in the container's PATH.
    pub(crate) arguments: Vec<String>,
    /// `NAME=value`.
    pub(crate) environment: Vec<String>,
    /// Created when missing.
    pub(crate) working_directory: String,
    /// Who it runs as.
    pub(crate) user: UserSpec,
    /// Capabilities by bit number: bounding, permitted and, for root, effective.
    pub(crate) capabilities: u64,
    /// Capabilities that a process of another user than root gets all the same.
    pub(crate) ambient_capabilities: u64,
    /// Whether setuid programs lose their power.
    pub(crate) no_new_privileges: bool,
    /// The seccomp programs, base64 of `struct sock_filter` arrays; empty for unconfined.
    pub(crate) seccomp: Vec<String>,
    /// The AppArmor profile to run under.
    #[serde(default)]
    pub(crate) app_armor: Option<String>,
    /// Written to `oom_score_adj`, but never less than what this process may give.
    pub(crate) oom_score_adj: Option<i32>,
    /// Whether it has a terminal.
    pub(crate) terminal: bool,
    /// `cgroup.procs` files to enter.
    pub(crate) cgroup_procs: Vec<String>,
}

/// Who a process shall run as, in the terms of images and CRI.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UserSpec {
    /// `user`, `user:group`, names or numbers; empty when unset.
    pub(crate) name: String,
    /// Overrides the user of `name`.
    pub(crate) uid: Option<u32>,
    /// Overrides the group.
    pub(crate) gid: Option<u32>,
    /// Supplementary groups to add.
    pub(crate) groups: Vec<u32>,
    /// Whether the image's groups of that user are added.
    pub(crate) merge_image_groups: bool,
}
