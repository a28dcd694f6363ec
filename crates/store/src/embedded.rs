//! The engine that needs nothing but a directory: an index in memory before an append-only log.
//!
//! One committer (a thread, or in a simulation a task) takes all that is queued as one batch, checks
//! preconditions and assigns revisions, appends the batch with one write and one sync, and only then
//! publishes: to the index, to the watchers, to those who asked. Reads look at the index alone and never
//! wait for the disk. Start reading at [`Committer`].
//!
//! What is kept over a restart: every acknowledged commit. Of history, what the log behind the last
//! snapshot has; older revisions count as compacted.

mod committer;
mod directory;
mod index;
mod log;
mod order;
mod queue;
mod reader;
pub(crate) mod record;
mod recovery;
pub mod restore;
mod ring;
mod snapshot;

use std::{
    collections::BTreeMap,
    future::poll_fn,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::Poll,
    thread,
};

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use tokio::sync::oneshot;

pub use self::{committer::Committer, order::check_size};
use self::{
    directory::{Directory, open_error},
    index::{Index, Scan},
    queue::{Queue, Request},
    ring::{Ring, RingWatch},
};
use crate::{
    BoxFuture, Clock, Committed, DiskFileSystem, Engine, Export, ExportSteps, FileSystem, KeyValue, Priority, Range,
    RangeRequest, Revision, Status, StoreError, SystemClock, Watch, Write, file_system::LookingFileSystem, limits,
};

/// How to open a store; the default is right for a server.
#[derive(Clone)]
pub struct Options {
    /// Events kept for watchers, in bytes.
    pub watch_ring_limit_bytes: usize,
    /// Size at which a segment of the log is closed, in bytes.
    pub segment_bytes: u64,
    /// The least length of the log for which a snapshot is made, in bytes.
    pub snapshot_log_bytes: u64,
    /// Space that is kept for urgent commits when the disk is full, in bytes.
    pub reserve_bytes: u64,
    /// The time by which keys expire.
    pub clock: Arc<dyn Clock>,
    /// Where the files are.
    pub file_system: Arc<dyn FileSystem>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            watch_ring_limit_bytes: limits::WATCH_RING_LIMIT_BYTES,
            segment_bytes: limits::SEGMENT_BYTES,
            snapshot_log_bytes: limits::SNAPSHOT_LOG_BYTES,
            reserve_bytes: limits::RESERVE_BYTES,
            clock: Arc::new(SystemClock),
            file_system: Arc::new(DiskFileSystem),
        }
    }
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("store {} is in use by another process", .path.display())]
    Locked {
        /// The data directory.
        path: PathBuf,
    },
    /// The directory or a file in it may not be written by this process.
    #[error("store needs to write {}: {source}", .path.display())]
    NotWritable {
        /// The directory or file.
        path: PathBuf,
        /// The kernel's error.
        source: io::Error,
    },
    /// The disk is full.
    #[error("no space left on the device of {}", .path.display())]
    NoSpace {
        /// The directory or file.
        path: PathBuf,
    },
    /// A newer release wrote it.
    #[error("{} has format version {found}; this release reads versions up to {supported}", .path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The newest version that this release reads.
        supported: u32,
    },
    /// What was durable is damaged: restore a backup.
    #[error("{} is corrupt at offset {offset}: {reason}", .path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Where in it, in bytes.
        offset: u64,
        /// What is wrong there.
        reason: &'static str,
    },
    /// A part of the log is not there: restore a backup.
    #[error("{} is missing, or a segment before it: later parts of the log or a snapshot need it", .path.display())]
    MissingSegment {
        /// The file.
        path: PathBuf,
    },
    /// Another error of the file system.
    #[error("cannot {operation} {}: {source}", .path.display())]
    Io {
        /// What was being done.
        operation: &'static str,
        /// To what.
        path: PathBuf,
        /// The kernel's error.
        source: io::Error,
    },
}

/// Opens the store in the directory `path`, which is created if absent, and starts its thread.
///
/// # Errors
/// See [`OpenError`].
pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Arc<Embedded>, OpenError> {
    let path = path.as_ref();
    let (mut embedded, committer) = open_parts(path, options, Background::Thread)?;
    let thread = thread::Builder::new()
        .name("store".to_owned())
        .spawn(move || committer.run())
        .map_err(|error| open_error("start a thread for", path, error))?;
    embedded.thread = Mutex::new(Some(thread));
    Ok(Arc::new(embedded))
}

/// Reads the whole store in the directory `path` as opening would, every checksum, and changes nothing.
///
/// # Errors
/// See [`OpenError`]; `Locked` when a server has it open, `Io` when there is none.
pub fn verify(path: impl AsRef<Path>, options: Options) -> Result<Status, OpenError> {
    let file_system = Arc::new(LookingFileSystem(options.file_system.clone()));
    let (store, committer) = open_parts(path.as_ref(), Options { file_system, ..options }, Background::Inline)?;
    let status = store.status();
    drop(committer);
    Ok(status)
}

/// Opens a store whose committer the caller drives: for simulations on one thread.
///
/// # Errors
/// See [`OpenError`].
pub fn open_driven(path: impl AsRef<Path>, options: Options) -> Result<(Arc<Embedded>, Committer), OpenError> {
    let (embedded, committer) = open_parts(path.as_ref(), options, Background::Inline)?;
    Ok((Arc::new(embedded), committer))
}

/// Where snapshots are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Background {
    Thread,
    Inline,
}

fn open_parts(path: &Path, options: Options, background: Background) -> Result<(Embedded, Committer), OpenError> {
    let directory = Directory { path: path.to_owned(), file_system: options.file_system.clone() };
    directory.file_system.create_directory(path).map_err(|error| open_error("create", path, error))?;
    let lock = directory.file_system.lock(&directory.lock_path()).map_err(|error| match error.kind() {
        ErrorKind::WouldBlock => OpenError::Locked { path: path.to_owned() },
        _ => open_error("lock", &directory.lock_path(), error),
    })?;
    let recovered = recovery::recover(directory, options.watch_ring_limit_bytes, options.reserve_bytes)?;
    let shared = Arc::new(Shared {
        durable: AtomicU64::new(recovered.index.revision),
        index: RwLock::new(recovered.index),
        pins: Mutex::default(),
        ring: Arc::new(Mutex::new(recovered.ring)),
        queue: Queue::new(),
        read_only: OnceLock::new(),
        no_space: Mutex::default(),
        log_bytes: AtomicU64::new(recovered.log.total_bytes()),
        snapshot_bytes: AtomicU64::new(recovered.snapshot_bytes),
        snapshot_error: Mutex::default(),
        closing: AtomicBool::new(false),
    });
    let committer = Committer::new(shared.clone(), recovered.log, lock, options, background);
    Ok((Embedded { shared, thread: Mutex::default() }, committer))
}

/// What the committer and everyone else share.
struct Shared {
    index: RwLock<Index>,
    /// Revisions that are being read step by step, and by how many.
    pins: Mutex<BTreeMap<Revision, usize>>,
    ring: Arc<Mutex<Ring>>,
    queue: Queue,
    durable: AtomicU64,
    read_only: OnceLock<Arc<str>>,
    no_space: Mutex<Option<PathBuf>>,
    log_bytes: AtomicU64,
    snapshot_bytes: AtomicU64,
    snapshot_error: Mutex<Option<String>>,
    /// A snapshot that is being written is given up.
    closing: AtomicBool,
}

impl Shared {
    /// Keeps what a read at `revision` needs. To be called under a lock of the index, in which the
    /// revision was found to be readable.
    fn pin(self: &Arc<Shared>, revision: Revision) -> Pin {
        *self.pins.lock().entry(revision).or_default() += 1;
        Pin { shared: self.clone(), revision }
    }

    fn check_writable(&self) -> Result<(), StoreError> {
        self.read_only.get().map_or(Ok(()), |reason| Err(StoreError::ReadOnly { reason: reason.clone() }))
    }

    /// Drops versions before the compacted revision; says whether more can go. What a read in progress
    /// still needs is left to the next compaction.
    fn trim(&self) -> bool {
        let mut index = self.index.write();
        let pinned = self.pins.lock().first_key_value().map_or(Revision::MAX, |(revision, _)| *revision);
        let revision = index.compacted.min(pinned);
        index.trim(revision)
    }
}

/// A revision that is being read.
struct Pin {
    shared: Arc<Shared>,
    revision: Revision,
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

/// The embedded engine. Dropping it finishes what is queued and closes the store.
pub struct Embedded {
    shared: Arc<Shared>,
    thread: Mutex<Option<thread::JoinHandle<()>>>,
}

impl Embedded {
    /// Finishes what is queued, then closes the store and frees its directory. Blocks for that long.
    /// What is asked afterwards is answered with `Closed`; reads go on.
    pub fn close(&self) {
        // Refused when closed before.
        let _ = self.shared.queue.push(Request::Close);
        let thread = self.thread.lock().take();
        if let Some(thread) = thread {
            // It cannot have panicked: that would have ended the process.
            let _ = thread.join();
        }
    }

    async fn commit_writes(&self, writes: Vec<Write>, priority: Priority) -> Result<Committed, StoreError> {
        self.shared.check_writable()?;
        let size_bytes = order::check_size(&writes)?;
        let room = self.shared.queue.reserve(size_bytes).await?;
        let (answer, answered) = oneshot::channel();
        let record_limit_bytes = record::commit_limit_bytes(writes.len(), size_bytes);
        let request = Request::Commit { writes, priority, record_limit_bytes, answer, room };
        self.shared.queue.push(request).map_err(|_| StoreError::Closed)?;
        answered.await.unwrap_or(Err(StoreError::Closed))
    }

    async fn read_range(&self, request: RangeRequest) -> Result<Range, StoreError> {
        let mut scan = Scan::new(request.start, request.end, request.limit);
        let (revision, pin, mut more);
        {
            let index = self.shared.index.read();
            revision = request.revision.unwrap_or(index.revision);
            index.check_readable(revision)?;
            more = index.scan(&mut scan, revision);
            pin = more.then(|| self.shared.pin(revision));
        }
        while more {
            yield_now().await;
            more = self.shared.index.read().scan(&mut scan, revision);
        }
        drop(pin);
        let Scan { items, remaining_count, .. } = scan;
        Ok(Range { items, revision, more: remaining_count > 0, remaining_count })
    }

    async fn compact_history(&self, revision: Revision) -> Result<(), StoreError> {
        self.shared.check_writable()?;
        let _room = self.shared.queue.reserve(0).await?;
        let (answer, answered) = oneshot::channel();
        self.shared.queue.push(Request::Compact { revision, answer }).map_err(|_| StoreError::Closed)?;
        answered.await.unwrap_or(Err(StoreError::Closed))?;
        // Here and not by the committer, whose commits should not wait for it.
        while self.shared.trim() {
            yield_now().await;
        }
        Ok(())
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.close();
    }
}

impl Engine for Embedded {
    fn commit_with(&self, writes: Vec<Write>, priority: Priority) -> BoxFuture<'_, Result<Committed, StoreError>> {
        let only_deletes = !writes.is_empty() && writes.iter().all(|write| matches!(write, Write::Delete { .. }));
        let priority = if only_deletes { Priority::Urgent } else { priority };
        Box::pin(self.commit_writes(writes, priority))
    }

    fn get<'a>(&'a self, key: &'a [u8]) -> BoxFuture<'a, Result<(Option<KeyValue>, Revision), StoreError>> {
        Box::pin(async move {
            let index = self.shared.index.read();
            Ok((index.newest(key), index.revision))
        })
    }

    fn range(&self, request: RangeRequest) -> BoxFuture<'_, Result<Range, StoreError>> {
        Box::pin(self.read_range(request))
    }

    fn watch(&self, start: Bytes, end: Bytes, after: Revision) -> Result<Watch, StoreError> {
        let compacted = self.shared.index.read().compacted;
        let stream = RingWatch::new(&self.shared.ring, start, end, after, compacted)?;
        Ok(Watch::new(Box::new(stream)))
    }

    fn current_revision(&self) -> Revision {
        self.shared.durable.load(Ordering::Acquire)
    }

    fn compact(&self, revision: Revision) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.compact_history(revision))
    }

    fn export(&self) -> BoxFuture<'_, Result<Export, StoreError>> {
        Box::pin(async move {
            let index = self.shared.index.read();
            let pin = self.shared.pin(index.revision);
            Ok(Export::new(pin.revision, Box::new(PinnedExport { pin, scan: Scan::everything(), more: true })))
        })
    }

    fn status(&self) -> Status {
        let shared = &self.shared;
        let index = shared.index.read();
        Status {
            revision: index.revision,
            compacted: index.compacted,
            keys: index.live,
            versions: index.versions,
            memory_bytes: index.memory_bytes,
            log_bytes: shared.log_bytes.load(Ordering::Relaxed),
            snapshot_bytes: shared.snapshot_bytes.load(Ordering::Relaxed),
            read_only: shared.read_only.get().map(|reason| reason.to_string()),
            no_space: shared.no_space.lock().as_ref().map(|path| format!("the disk of {} is full", path.display())),
            snapshot_error: shared.snapshot_error.lock().clone(),
        }
    }
}

/// An export of what is in the index.
struct PinnedExport {
    pin: Pin,
    scan: Scan,
    more: bool,
}

impl ExportSteps for PinnedExport {
    fn next(&mut self) -> BoxFuture<'_, Result<Vec<KeyValue>, StoreError>> {
        Box::pin(async move {
            while self.more && self.scan.items.is_empty() {
                self.more = self.pin.shared.index.read().scan(&mut self.scan, self.pin.revision);
                yield_now().await;
            }
            Ok(std::mem::take(&mut self.scan.items))
        })
    }
}

/// Lets other tasks of the runtime, whichever it is, have their turn.
async fn yield_now() {
    let mut yielded = false;
    poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
