use std::{future::Future, path::PathBuf, pin::Pin, time::Duration};

use bytes::Bytes;
use tokio::sync::watch;

use crate::{Export, StoreError, Watch, embedded::ArchiveStatus};

/// A point in the history of the whole store. An empty store is at revision 1; every commit that
/// changes something adds one.
pub type Revision = u64;

/// A boxed future, so that [`Engine`] can be used as an object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A key with its value at some revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyValue {
    /// The key.
    pub key: Bytes,
    /// The value; empty in the event of a delete.
    pub value: Bytes,
    /// The revision at which the key was created (after its last delete); 0 in the event of a delete.
    pub create_revision: Revision,
    /// The revision of the last change.
    pub mod_revision: Revision,
    /// When the key expires, in seconds since the Unix epoch. An engine that others write to as well knows it only of
    /// what it wrote itself, and in an [`Engine::export`].
    pub expires_at: Option<u64>,
}

/// What must be true of a key for a commit to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// Anything.
    Any,
    /// The key does not exist.
    Absent,
    /// The key exists and was last changed at this revision.
    Revision(Revision),
}

/// One write of a commit.
#[derive(Debug, Clone)]
pub enum Write {
    /// Creates or replaces a key. The engine keeps `value` as it is: a slice of a larger buffer keeps
    /// that whole buffer in memory.
    Put {
        /// The key.
        key: Bytes,
        /// Its new value.
        value: Bytes,
        /// The precondition.
        expect: Expect,
        /// When set, the key is deleted after this time, counted in seconds and rounded up. A later
        /// put without it makes the key permanent.
        time_to_live: Option<Duration>,
    },
    /// Deletes a key. Deleting an absent key changes nothing and is no error, unless `expect` says so.
    Delete {
        /// The key.
        key: Bytes,
        /// The precondition.
        expect: Expect,
    },
}

impl Write {
    /// The key that is written.
    pub fn key(&self) -> &Bytes {
        match self {
            Write::Put { key, .. } | Write::Delete { key, .. } => key,
        }
    }

    /// The precondition.
    pub fn expect(&self) -> Expect {
        match self {
            Write::Put { expect, .. } | Write::Delete { expect, .. } => *expect,
        }
    }
}

/// Whether a commit is made even when the disk is nearly full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Priority {
    /// It is refused.
    #[default]
    Normal,
    /// It is made from a reserve: what frees space, or keeps the cluster alive until somebody has. Commits that only
    /// delete are always urgent.
    Urgent,
}

/// A commit that is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The revision of all its writes; when nothing changed, the revision at which that was so.
    pub revision: Revision,
    /// For each write, what the key held before.
    pub previous: Vec<Option<KeyValue>>,
}

/// Which keys to read, and as of when.
#[derive(Debug, Clone, Default)]
pub struct RangeRequest {
    /// The first key.
    pub start: Bytes,
    /// The key after the last one; empty: no upper bound.
    pub end: Bytes,
    /// The most items in the answer; 0: all.
    pub limit: usize,
    /// The revision to read at; none: the durable one.
    pub revision: Option<Revision>,
}

/// The answer to a [`RangeRequest`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// The items in the order of their keys.
    pub items: Vec<KeyValue>,
    /// The revision at which all of them were read.
    pub revision: Revision,
    /// Whether the limit cut the answer short.
    pub more: bool,
    /// How many items of the range follow the last one given.
    pub remaining_count: u64,
}

/// What happened to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// It was created or replaced; created when `previous` is none.
    Put,
    /// It was deleted, or expired.
    Delete,
}

/// A change of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// The key after the change. For a delete, the key and the revision of the delete alone.
    pub kv: KeyValue,
    /// The key before the change.
    pub previous: Option<KeyValue>,
}

/// How a store is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// The durable revision.
    pub revision: Revision,
    /// The oldest revision that can be read.
    pub compacted: Revision,
    /// The newest revision that a loss of power cannot take; `revision` where each commit is synced.
    pub synced_revision: Revision,
    /// How long a commit may be acknowledged before it is synced; none: it is synced first.
    pub sync_interval: Option<Duration>,
    /// Keys that exist.
    pub keys: u64,
    /// Versions that are kept: those of existing keys, and those not yet compacted.
    pub versions: u64,
    /// What of their keys and values is in memory, in bytes.
    pub memory_bytes: u64,
    /// Values of replaced versions in memory, in bytes; others are in the log alone.
    pub history_memory_bytes: u64,
    /// What of the log, and of snapshots, is kept for old revisions alone, in bytes.
    pub history_disk_bytes: u64,
    /// The oldest revision that can be read after a restart: `compacted`, or a later one where the store is so large
    /// that history would take too much of the disk.
    pub kept_from: Revision,
    /// How often the store compacted itself since it was opened, because history became too large or the disk full.
    pub early_compactions: u64,
    /// The log on the disk in bytes.
    pub log_bytes: u64,
    /// The snapshot on the disk in bytes; the database of an engine that has one.
    pub snapshot_bytes: u64,
    /// Why the store no longer writes; none when it does.
    pub read_only: Option<String>,
    /// Why only urgent commits are made; none when all are. It goes by itself once there is space.
    pub no_space: Option<String>,
    /// Why the last snapshot failed; none when it did not. The log grows until one succeeds.
    pub snapshot_error: Option<String>,
    /// How the archive of the log does, where there is one.
    pub archive: Option<ArchiveStatus>,
}

/// A revisioned key-value store.
///
/// Futures do nothing until polled. Dropping the future of a commit does not take the commit back: its
/// outcome is then unknown.
pub trait Engine: Send + Sync + 'static {
    /// Makes all writes or none, at one revision, and answers when they are durable and can be read and
    /// watched. A `Conflict` too is answered only when what it conflicts with is durable. A commit
    /// without writes answers when everything that was queued before it is durable.
    ///
    /// # Errors
    /// `Conflict`, `TooLarge`, `Invalid`, `NoSpace`, `ReadOnly`, `Unavailable`, `Closed`, `Io`.
    fn commit_with(&self, writes: Vec<Write>, priority: Priority) -> BoxFuture<'_, Result<Committed, StoreError>>;

    /// A commit that is urgent only if it does nothing but delete.
    ///
    /// # Errors
    /// As [`Engine::commit_with`].
    fn commit(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<Committed, StoreError>> {
        self.commit_with(writes, Priority::Normal)
    }

    /// Reads a key at the durable revision, which is given with it.
    ///
    /// # Errors
    /// `Io`; the embedded engine has none.
    fn get<'a>(&'a self, key: &'a [u8]) -> BoxFuture<'a, Result<(Option<KeyValue>, Revision), StoreError>>;

    /// Reads a range of keys at one revision.
    ///
    /// # Errors
    /// `Compacted`, `FutureRevision`, `Io`; `Damaged` when what the disk has of an old revision is.
    fn range(&self, request: RangeRequest) -> BoxFuture<'_, Result<Range, StoreError>>;

    /// Watches the keys from `start` to before `end` (empty: no upper bound) for changes after the
    /// revision `after`.
    ///
    /// # Errors
    /// `Compacted` when events after `after` are no longer kept, `FutureRevision`, `Closed`. An engine
    /// that must ask first may give these with the first item instead. The watch itself fails with `Damaged` or `Io`
    /// when events from long ago cannot be read.
    fn watch(&self, start: Bytes, end: Bytes, after: Revision) -> Result<Watch, StoreError>;

    /// The durable revision, as far as this process knows it: everything up to it can be read, and was given to the
    /// watchers. Where others write too, the watchers may still be waiting for it: ask for progress.
    fn current_revision(&self) -> Revision;

    /// A revision that is no older than any commit that anybody was told of before this call: a read that must be
    /// consistent waits until it has this revision. `None` from an engine that only this process writes to, since every
    /// commit was acknowledged here.
    ///
    /// # Errors
    /// `Unavailable`, `Io`.
    fn consistent_revision(&self) -> Option<BoxFuture<'_, Result<Revision, StoreError>>> {
        None
    }

    /// Forgets what was replaced or deleted before `revision`, which becomes the oldest that can be
    /// read and after which can be watched.
    ///
    /// # Errors
    /// `Compacted` when `revision` is compacted already, `FutureRevision`, `NoSpace`, `ReadOnly`,
    /// `Closed`, `Io`.
    fn compact(&self, revision: Revision) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Every key as it is at the durable revision, while commits go on: for backups.
    ///
    /// # Errors
    /// `Io`; the embedded engine has none.
    fn export(&self) -> BoxFuture<'_, Result<Export, StoreError>>;

    /// How the store is doing.
    fn status(&self) -> Status;

    /// The file for which the disk has no space, while that is so: each change of [`Status::no_space`]. `None` from
    /// engines whose disks are elsewhere.
    fn full_disk(&self) -> Option<watch::Receiver<Option<PathBuf>>> {
        None
    }

    /// Finishes what was asked, and refuses what is asked afterwards. Blocks for that long. Engines that have nothing
    /// to finish do nothing.
    fn close(&self) {}
}
