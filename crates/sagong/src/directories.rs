//! Where things lie below the data directory.

use std::{
    fs::{DirBuilder, Permissions},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use anyhow::Context;

/// The folders of one server or agent.
#[derive(Clone, Debug)]
pub(crate) struct Directories {
    root: PathBuf,
}

impl Directories {
    /// Makes what is missing; only root's own eyes may look into it.
    pub(crate) fn open(root: &Path) -> anyhow::Result<Directories> {
        let directories = Directories { root: std::path::absolute(root)? };
        for path in [directories.root.clone(), directories.pki(), directories.node()] {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&path)
                .with_context(|| format!("cannot create {}: choose another place with --data-dir", path.display()))?;
        }
        std::fs::set_permissions(&directories.root, Permissions::from_mode(0o700))
            .with_context(|| format!("cannot protect {}", directories.root.display()))?;
        Ok(directories)
    }

    /// The store's log and snapshots.
    pub(crate) fn store(&self) -> PathBuf {
        self.root.join("store")
    }

    /// Keys and certificates.
    pub(crate) fn pki(&self) -> PathBuf {
        self.root.join("pki")
    }

    /// A file of the key material.
    pub(crate) fn pki_file(&self, name: &str) -> PathBuf {
        self.pki().join(name)
    }

    /// What the node keeps: images, volumes, logs.
    pub(crate) fn node(&self) -> PathBuf {
        self.root.join("node")
    }

    /// Mirrors and authorities of registries, in containerd's layout.
    pub(crate) fn registries(&self) -> PathBuf {
        self.root.join("certs.d")
    }

    /// Where the running server takes orders from this machine's root.
    pub(crate) fn admin_socket(&self) -> PathBuf {
        self.root.join("admin.sock")
    }

    /// The administrator's kubeconfig.
    pub(crate) fn admin_kubeconfig(&self) -> PathBuf {
        self.root.join("admin.kubeconfig")
    }
}
