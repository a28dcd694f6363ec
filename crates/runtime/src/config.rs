//! What a runtime is told once.

use std::path::PathBuf;
use std::sync::Arc;

use crate::network::PodNetwork;

/// Where a runtime keeps what, and what it works with.
#[derive(Clone)]
pub struct Config {
    /// Images and writable layers: large, and kept over a reboot.
    pub root_directory: PathBuf,
    /// Records of what runs, sockets, pinned namespaces: small, best on a tmpfs.
    pub state_directory: PathBuf,
    /// Where mirrors and authorities of registries are described, in containerd's `certs.d` layout; the first wins.
    pub registry_directories: Vec<PathBuf>,
    /// The cgroup below which everything is that has no parent of its caller's choice; absolute, like `/sagong`.
    pub cgroup_root: String,
    /// Configures the network of sandboxes; with `None` they have a loopback interface and no address.
    pub network: Option<Arc<dyn PodNetwork>>,
}

impl Config {
    /// Everything below two directories, in cgroup `/sagong`, without a network.
    pub fn new(root_directory: impl Into<PathBuf>, state_directory: impl Into<PathBuf>) -> Self {
        Self {
            root_directory: root_directory.into(),
            state_directory: state_directory.into(),
            registry_directories: vec![PathBuf::from("/etc/containerd/certs.d")],
            cgroup_root: "/sagong".to_owned(),
            network: None,
        }
    }
}
