//! The engine that needs nothing but a directory: an index in memory before an append-only log.
//!
//! One committer (a thread, or in a simulation a task) takes all that is queued as one batch, checks
//! preconditions and assigns revisions, appends the batch with one write and one sync, and only then
//! publishes: to the index, to the watchers, to those who asked. Reads look at the index alone and never
//! wait for the disk, except for old revisions that do not fit in memory: their values are left to the log, whose
//! segments then stay until compaction has passed them. Start reading at [`Committer`]. With [`SyncMode::Interval`] it publishes what is written and
//! syncs at a deadline: then "durable" in all that follows means what the end of the process does not take.
//!
//! What is kept over a restart: every acknowledged commit, and every revision that is not compacted, for which older
//! snapshots and the log behind them stay (`bases`) as far as the bound on history allows.

mod archive;
mod bases;
mod committer;
mod directory;
mod error;
mod index;
mod log;
mod options;
mod order;
mod past_watch;
mod place;
mod queue;
mod reader;
pub(crate) mod record;
mod recovery;
mod release;
pub mod restore;
mod ring;
pub mod salvage;
mod shared;
mod snapshot;
mod upgrade;
mod value_reader;

use std::{
    future::poll_fn,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::Poll,
    thread,
};

use bytes::Bytes;
use tokio::sync::{oneshot, watch};

pub use self::{
    archive::{ArchiveStatus, LogArchive},
    committer::Committer,
    error::OpenError,
    options::{Options, SyncMode},
    order::check_size,
};
use self::{
    committer::CommitterStart,
    directory::{Directory, open_error},
    index::Scan,
    log::Ahead,
    past_watch::PastWatch,
    queue::{Queue, Request},
    recovery::Opening,
    ring::RingWatch,
    shared::{Pin, Shared},
    value_reader::ValueReader,
};
use crate::{
    BoxFuture, Committed, Engine, Export, ExportSteps, KeyValue, Lock, Priority, Range, RangeRequest, Revision, Status,
    StoreError, Watch, Write,
    file_system::LookingFileSystem,
    sync::{Mutex, RwLock},
};

/// Opens the store in the directory `path`, which is created if absent, and starts its thread.
///
/// # Errors
/// See [`OpenError`].
pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Arc<Embedded>, OpenError> {
    let path = path.as_ref();
    let (mut embedded, committer, _) = open_parts(path, options, Background::Thread, false)?;
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
pub fn verify(path: impl AsRef<Path>, options: Options) -> Result<Verified, OpenError> {
    let file_system = Arc::new(LookingFileSystem(options.file_system.clone()));
    let options = Options { file_system, log_archive: None, ..options };
    let (store, committer, problems) = open_parts(path.as_ref(), options, Background::Inline, true)?;
    let status = store.status();
    drop(committer);
    Ok(Verified { status, problems })
}

/// A store in which nothing is damaged that it needs.
#[derive(Debug)]
pub struct Verified {
    /// How it is.
    pub status: Status,
    /// What is damaged or missing of that which is kept for old revisions alone, or is there twice.
    pub problems: Vec<String>,
}

/// Opens a store whose committer the caller drives: for simulations on one thread.
///
/// # Errors
/// See [`OpenError`].
pub fn open_driven(path: impl AsRef<Path>, options: Options) -> Result<(Arc<Embedded>, Committer), OpenError> {
    let (embedded, mut committer, _) = open_parts(path.as_ref(), options, Background::Inline, false)?;
    committer.begin();
    Ok((Arc::new(embedded), committer))
}

/// Where snapshots are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Background {
    Thread,
    Inline,
}

fn open_parts(
    path: &Path,
    options: Options,
    background: Background,
    is_looking: bool,
) -> Result<(Embedded, Committer, Vec<String>), OpenError> {
    let directory = Directory { path: path.to_owned(), file_system: options.file_system.clone() };
    directory.file_system.create_directory(path).map_err(|error| open_error("create", path, error))?;
    let lock = lock_store(&directory)?;
    let opening = Opening {
        watch_ring_limit_bytes: options.watch_ring_limit_bytes,
        history_memory_limit_bytes: options.history_memory_limit_bytes,
        ahead: Ahead { reserve_bytes: options.reserve_bytes, zero_bytes: options.zero_ahead_bytes },
        now_unix_milliseconds: options.clock.now_unix_milliseconds(),
        keeps_superseded: options.log_archive.is_some(),
        is_looking,
    };
    let recovered = recovery::recover(directory, &opening)?;
    let kept_from = recovered.bases.oldest().revision.max(recovered.index.compacted);
    let shared = Arc::new(Shared {
        durable: AtomicU64::new(recovered.index.revision),
        synced: AtomicU64::new(recovered.index.revision),
        sync: options.sync,
        snapshot_bytes: AtomicU64::new(recovered.bases.newest().snapshot_bytes.unwrap_or(0)),
        index: RwLock::new(recovered.index),
        values: ValueReader::new(background),
        pins: Mutex::default(),
        ring: Arc::new(Mutex::new(recovered.ring)),
        queue: Queue::new(),
        read_only: OnceLock::new(),
        no_space: watch::Sender::new(None),
        log_bytes: AtomicU64::new(recovered.log.total_bytes()),
        history_disk_bytes: AtomicU64::new(0),
        kept_from: AtomicU64::new(kept_from),
        early_compactions: AtomicU64::new(0),
        snapshot_error: Mutex::default(),
        history: recovered.log.history,
        archive: Mutex::default(),
        closing: AtomicBool::new(false),
    });
    let start = CommitterStart {
        log: recovered.log,
        bases: recovered.bases,
        last_commit_milliseconds: recovered.last_commit_milliseconds,
    };
    let committer = Committer::new(shared.clone(), start, lock, options, background);
    Ok((Embedded { shared, thread: Mutex::default() }, committer, recovered.problems))
}

fn lock_store(directory: &Directory) -> Result<Box<dyn Lock>, OpenError> {
    directory.file_system.lock(&directory.lock_path()).map_err(|error| match error.kind() {
        ErrorKind::WouldBlock => OpenError::Locked { path: directory.path.clone() },
        _ => open_error("lock", &directory.lock_path(), error),
    })
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
        self.shared.fill(&mut scan).await?;
        while more {
            yield_now().await;
            more = self.shared.index.read().scan(&mut scan, revision);
            self.shared.fill(&mut scan).await?;
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
        match RingWatch::new(&self.shared.ring, start.clone(), end.clone(), after, compacted) {
            Err(StoreError::Compacted { .. }) if after >= compacted => {
                Ok(Watch::new(Box::new(PastWatch::new(&self.shared, start, end, after))))
            }
            Err(StoreError::Compacted { current, .. }) => Err(StoreError::Compacted { compacted, current }),
            begun => Ok(Watch::new(Box::new(begun?))),
        }
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
            let (revision, history) = (pin.revision, self.shared.history);
            let steps = PinnedExport { pin, scan: Scan::everything(), more: true };
            Ok(Export::new(revision, Box::new(steps)).of_history(history))
        })
    }

    fn close(&self) {
        Embedded::close(self);
    }

    fn full_disk(&self) -> Option<watch::Receiver<Option<PathBuf>>> {
        Some(self.shared.no_space.subscribe())
    }

    fn status(&self) -> Status {
        let shared = &self.shared;
        let index = shared.index.read();
        Status {
            revision: index.revision,
            compacted: index.compacted,
            synced_revision: shared.synced.load(Ordering::Relaxed),
            sync_interval: match shared.sync {
                SyncMode::Always => None,
                SyncMode::Interval(interval) => Some(interval),
            },
            keys: index.live,
            versions: index.versions,
            memory_bytes: index.memory_bytes,
            history_memory_bytes: index.history_bytes(),
            history_disk_bytes: shared.history_disk_bytes.load(Ordering::Relaxed),
            kept_from: shared.kept_from.load(Ordering::Relaxed),
            early_compactions: shared.early_compactions.load(Ordering::Relaxed),
            log_bytes: shared.log_bytes.load(Ordering::Relaxed),
            snapshot_bytes: shared.snapshot_bytes.load(Ordering::Relaxed),
            read_only: shared.read_only.get().map(|reason| reason.to_string()),
            no_space: shared.no_space.borrow().as_ref().map(|path| format!("the disk of {} is full", path.display())),
            snapshot_error: shared.snapshot_error.lock().clone(),
            archive: shared.archive.lock().clone(),
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
                self.pin.shared.fill(&mut self.scan).await?;
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
