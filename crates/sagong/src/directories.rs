//! Where things lie below the data directory.

use std::{
    fs::{DirBuilder, File, OpenOptions, Permissions},
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, bail};
use rustix::fs::{FlockOperation, flock};

/// The folders of one server or agent.
#[derive(Clone, Debug)]
pub(crate) struct Directories {
    root: PathBuf,
    /// While a clone lives, they are this process's alone; the kernel lets go when the process ends, however that
    /// happens. `None` for who only looks.
    _lock: Option<Arc<File>>,
}

impl Directories {
    /// Makes what is missing; only its owner's eyes may look into it.
    ///
    /// # Errors
    /// When the place cannot be made or written, or another process has it.
    pub(crate) fn open(root: &Path) -> anyhow::Result<Directories> {
        let root = std::path::absolute(root)?;
        make(&root)?;
        std::fs::set_permissions(&root, Permissions::from_mode(0o700))
            .with_context(|| format!("cannot protect {}", root.display()))?;
        let lock = Arc::new(lock(&root)?);
        let directories = Directories { root, _lock: Some(lock) };
        make(&directories.pki())?;
        make(&directories.node())?;
        Ok(directories)
    }

    /// The folders as they are, perhaps those of a running process: to read from.
    ///
    /// # Errors
    /// When there are none.
    pub(crate) fn look(root: &Path) -> anyhow::Result<Directories> {
        if !root.is_dir() {
            bail!("there is no data directory {}: name it with --data-dir", root.display());
        }
        Ok(Directories { root: std::path::absolute(root)?, _lock: None })
    }

    /// The store's log and snapshots.
    pub(crate) fn store(&self) -> PathBuf {
        self.root.join("store")
    }

    /// Says that the objects are kept in an etcd cluster, and where it is.
    pub(crate) fn etcd_note(&self) -> PathBuf {
        self.root.join("etcd-servers")
    }

    /// What this server's own member of etcd keeps.
    pub(crate) fn etcd(&self) -> PathBuf {
        self.root.join("etcd")
    }

    /// That member's log.
    pub(crate) fn etcd_log(&self) -> PathBuf {
        self.root.join("etcd.log")
    }

    /// The certificates that this server's member and its clients show.
    pub(crate) fn etcd_tls(&self) -> PathBuf {
        self.root.join("etcd-tls")
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

    /// Images and writable layers.
    pub(crate) fn images(&self) -> PathBuf {
        node_images(&self.node())
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

/// Images and writable layers below a node's folder.
pub(crate) fn node_images(node: &Path) -> PathBuf {
    node.join("images")
}

fn make(path: &Path) -> anyhow::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("cannot create {}: choose another place with --data-dir", path.display()))
}

/// Takes the place for this process, and writes down which one that is.
fn lock(root: &Path) -> anyhow::Result<File> {
    let path = root.join("lock");
    let mut options = OpenOptions::new();
    let mut file = options
        .create(true)
        .read(true)
        .write(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .with_context(|| format!("cannot write {}: choose another place with --data-dir", path.display()))?;
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        let holder = std::fs::read_to_string(&path).unwrap_or_default();
        bail!(
            "the data directory {} is in use by process {}: end it with `sagong down --data-dir {}`, or choose another \
             directory with --data-dir",
            root.display(),
            holder.trim(),
            root.display()
        );
    }
    file.set_len(0)?;
    writeln!(file, "{}", std::process::id()).with_context(|| {
        format!("cannot write {}: make room on the disk, or choose another place with --data-dir", path.display())
    })?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_one_owner_at_a_time() {
        let root = tempfile::tempdir().unwrap();
        let first = Directories::open(root.path()).unwrap();
        let refused = Directories::open(root.path()).unwrap_err().to_string();
        assert!(refused.contains(&format!("in use by process {}", std::process::id())), "{refused}");
        drop(first);
        Directories::open(root.path()).unwrap();
    }
}
