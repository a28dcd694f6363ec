//! What the committer and everyone else share, and what keeps a revision that is being read.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64},
    },
};

use tokio::sync::watch;

use super::{
    ArchiveStatus, SyncMode,
    index::{Index, Scan},
    queue::Queue,
    ring::Ring,
    value_reader::ValueReader,
};
use crate::{
    Revision, StoreError,
    sync::{Mutex, RwLock},
};

/// What the committer and everyone else share.
pub(super) struct Shared {
    pub(super) index: RwLock<Index>,
    /// Reads what the index has in the log alone.
    pub(super) values: ValueReader,
    /// Revisions that are being read step by step, and by how many.
    pub(super) pins: Mutex<BTreeMap<Revision, usize>>,
    pub(super) ring: Arc<Mutex<Ring>>,
    pub(super) queue: Queue,
    /// Everything up to this revision is published.
    pub(super) durable: AtomicU64,
    /// Everything up to this revision is on the disk.
    pub(super) synced: AtomicU64,
    pub(super) sync: SyncMode,
    pub(super) read_only: OnceLock<Arc<str>>,
    pub(super) no_space: watch::Sender<Option<PathBuf>>,
    pub(super) log_bytes: AtomicU64,
    /// What of the log, and of snapshots, is kept for old revisions alone.
    pub(super) history_disk_bytes: AtomicU64,
    /// The oldest revision that could be read after a restart.
    pub(super) kept_from: AtomicU64,
    pub(super) early_compactions: AtomicU64,
    pub(super) snapshot_bytes: AtomicU64,
    pub(super) snapshot_error: Mutex<Option<String>>,
    pub(super) history: u32,
    pub(super) archive: Mutex<Option<ArchiveStatus>>,
    /// A snapshot that is being written is given up.
    pub(super) closing: AtomicBool,
}

impl Shared {
    /// Keeps what a read at `revision` needs. To be called under a lock of the index, in which the
    /// revision was found to be readable.
    pub(super) fn pin(self: &Arc<Shared>, revision: Revision) -> Pin {
        *self.pins.lock().entry(revision).or_default() += 1;
        Pin { shared: self.clone(), revision }
    }

    pub(super) fn check_writable(&self) -> Result<(), StoreError> {
        self.read_only.get().map_or(Ok(()), |reason| Err(StoreError::ReadOnly { reason: reason.clone() }))
    }

    /// Drops versions before the compacted revision; says whether more can go. What a read in progress
    /// still needs is left to the next compaction.
    pub(super) fn trim(&self) -> bool {
        let mut index = self.index.write();
        let revision = self.oldest_read(&index);
        index.trim(revision)
    }

    /// The oldest revision that is being read or can be.
    pub(super) fn oldest_read(&self, index: &Index) -> Revision {
        let pinned = self.pins.lock().first_key_value().map_or(Revision::MAX, |(revision, _)| *revision);
        index.compacted.min(pinned)
    }

    /// Reads the values that a scan found in the log alone.
    pub(super) async fn fill(&self, scan: &mut Scan) -> Result<(), StoreError> {
        let (positions, wanted) = scan.take_absent();
        scan.fill(positions, self.values.read(wanted).await?);
        Ok(())
    }
}

/// A revision that is being read.
pub(super) struct Pin {
    pub(super) shared: Arc<Shared>,
    pub(super) revision: Revision,
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut pins = self.shared.pins.lock();
        if let Some(count) = pins.get_mut(&self.revision) {
            *count -= 1;
            if *count == 0 {
                pins.remove(&self.revision);
            }
        }
    }
}
