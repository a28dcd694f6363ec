use std::io;

/// Why a snapshot cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// It is something else.
    #[error("this is no snapshot of etcd: {0}")]
    Foreign(&'static str),
    /// It is damaged.
    #[error("the snapshot is damaged at page {page}: {reason}")]
    Damaged {
        /// The page of the database.
        page: u64,
        /// What is wrong there.
        reason: &'static str,
    },
    /// Its hash is another one, or not there.
    #[error("the snapshot's hash is {0}: take it with `etcdctl snapshot save`; of a copied member/snap/db, say so")]
    Hash(&'static str),
    /// A revision of a key makes no sense.
    #[error("the snapshot is damaged at revision {revision}: {reason}")]
    Revision {
        /// Which.
        revision: u64,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// It cannot be read.
    #[error("cannot read the snapshot")]
    Io(#[from] io::Error),
}
