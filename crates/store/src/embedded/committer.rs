//! The commit loop: the only writer.

mod archiving;
mod history;
mod publishing;
mod upkeep;

use std::{
    collections::BTreeSet,
    process,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread,
    time::Duration,
};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use self::{archiving::RunningArchive, history::History, upkeep::RunningSnapshot};
use super::{
    Background, Options, Shared, SyncMode,
    archive::Archiving,
    bases::Bases,
    log::{Log, Room},
    order::Batch,
    queue::{CommitAnswer, Request},
    record::{RecordKind, append_record},
};
use crate::{Clock, Committed, Expect, Lock, Priority, Revision, StoreError, Write, limits, sync};

/// Takes what is queued, batch by batch, and makes it durable and visible. [`super::open`] gives it a
/// thread; a simulation, which got it from [`super::open_driven`], calls [`Committer::turn`] whenever
/// [`Committer::poll_work`] is ready or [`Committer::deadline_unix_milliseconds`] has come.
pub struct Committer {
    shared: Arc<Shared>,
    log: Log,
    clock: Arc<dyn Clock>,
    segment_bytes: u64,
    snapshot_log_bytes: u64,
    disk_bound_bytes: u64,
    background: Background,
    requests: Vec<Request>,
    /// How many the last turn took.
    last_requests: usize,
    /// Memory for the next batch.
    buffer: Vec<u8>,
    expiries: BTreeSet<(u64, Bytes)>,
    /// The disk was full when keys expired: they wait until another commit succeeds.
    expiries_blocked: bool,
    /// The length of the segment at which the next is begun.
    rotate_at_bytes: u64,
    history: History,
    snapshot: Option<RunningSnapshot>,
    /// When a snapshot that failed and would give space back is tried again, in milliseconds since the Unix epoch.
    snapshot_retry_at: Option<u64>,
    bases: Bases,
    /// How the log is archived, where it is.
    archiving: Option<Archiving>,
    archive_job: Option<RunningArchive>,
    /// When the present segment got its first record, in milliseconds since the Unix epoch.
    segment_since: Option<u64>,
    last_commit_milliseconds: u64,
    sync: SyncMode,
    /// When the first write was that is not synced, in milliseconds since the Unix epoch.
    unsynced_since: Option<u64>,
    is_closing: bool,
    /// Whether something was written that no mark follows.
    is_unmarked: bool,
    _lock: Box<dyn Lock>,
}

/// Where the log stands when the committer begins.
pub(super) struct CommitterStart {
    pub(super) log: Log,
    pub(super) bases: Bases,
    pub(super) last_commit_milliseconds: u64,
}

/// Answers that wait until a batch is durable.
#[derive(Default)]
struct Answers {
    commits: Vec<(CommitAnswer, Result<Committed, StoreError>)>,
    compactions: Vec<oneshot::Sender<Result<(), StoreError>>>,
    rooms: Vec<OwnedSemaphorePermit>,
}

impl Answers {
    /// Whoever no longer listens for an answer does not get it.
    fn give(self) {
        for (answer, result) in self.commits {
            let _ = answer.send(result);
        }
        for answer in self.compactions {
            let _ = answer.send(Ok(()));
        }
    }

    fn refuse(self, error: &StoreError) {
        for (answer, _) in self.commits {
            let _ = answer.send(Err(error.clone()));
        }
        for answer in self.compactions {
            let _ = answer.send(Err(error.clone()));
        }
    }
}

impl Committer {
    pub(super) fn new(
        shared: Arc<Shared>,
        start: CommitterStart,
        lock: Box<dyn Lock>,
        options: Options,
        background: Background,
    ) -> Committer {
        let CommitterStart { log, bases, last_commit_milliseconds } = start;
        let expiries = shared.index.read().expiries().collect();
        Committer {
            shared,
            log,
            history: History::new(&options),
            clock: options.clock,
            segment_bytes: options.segment_bytes,
            snapshot_log_bytes: options.snapshot_log_bytes,
            disk_bound_bytes: options.disk_bound_bytes,
            background,
            requests: Vec::new(),
            last_requests: 0,
            buffer: Vec::new(),
            expiries,
            expiries_blocked: false,
            rotate_at_bytes: options.segment_bytes,
            snapshot: None,
            snapshot_retry_at: None,
            bases,
            archiving: options.log_archive.map(Archiving::new),
            archive_job: None,
            segment_since: None,
            last_commit_milliseconds,
            sync: options.sync,
            unsynced_since: None,
            is_closing: false,
            is_unmarked: false,
            _lock: lock,
        }
    }

    /// What is done before the first turn: the archive may wait for segments since before.
    pub(super) fn begin(&mut self) {
        self.bound_backlog();
        self.archive();
        self.release_segments(false);
    }

    /// Works until the store is closed. Aborts the process on a panic: nobody could tell what the
    /// disk and the index hold.
    pub(crate) fn run(mut self) {
        struct AbortOnPanic;
        impl Drop for AbortOnPanic {
            fn drop(&mut self) {
                if thread::panicking() {
                    process::abort();
                }
            }
        }
        let _guard = AbortOnPanic;
        self.begin();
        let waker = Waker::from(Arc::new(Unpark(sync::current())));
        let mut context = Context::from_waker(&waker);
        while self.gather().turn() {
            while self.poll_work(&mut context).is_pending() {
                match self.deadline_unix_milliseconds() {
                    None => sync::park(),
                    Some(deadline) => {
                        let wait = deadline.saturating_sub(self.clock.now_unix_milliseconds());
                        if wait == 0 {
                            break;
                        }
                        thread::park_timeout(Duration::from_millis(wait));
                    }
                }
            }
        }
    }

    /// Lets those who were just answered ask again before the next batch is cut: on busy cores the first
    /// of them would otherwise get a sync of its own, and the others wait for it.
    fn gather(&mut self) -> &mut Committer {
        for _ in 0..limits::GATHER_YIELDS {
            if self.shared.queue.length() * 2 >= self.last_requests {
                break;
            }
            thread::yield_now();
        }
        self
    }

    /// Whether something is queued; otherwise the context is woken when it is.
    pub fn poll_work(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.shared.queue.poll_ready(context)
    }

    /// When something is to be done though nobody asks: the next key expires, what was written must be synced or
    /// archived, there is too much history. In milliseconds since the Unix epoch.
    pub fn deadline_unix_milliseconds(&self) -> Option<u64> {
        if self.shared.read_only.get().is_some() {
            return None;
        }
        let expiry = self.expiries.first().filter(|_| !self.expiries_blocked).map(|(at, _)| at.saturating_mul(1000));
        let now = self.clock.now_unix_milliseconds();
        let retry = retry_deadline(self.snapshot_retry_at, limits::SNAPSHOT_RETRY_MILLISECONDS, now);
        let early = self.wants_early_compaction().then_some(now);
        [expiry, self.sync_deadline(now), self.archive_deadline(now), retry, early].into_iter().flatten().min()
    }

    /// Takes everything that is queued or due and does it. False: the store was closed.
    pub fn turn(&mut self) -> bool {
        let mut requests = std::mem::take(&mut self.requests);
        self.shared.queue.take(&mut requests);
        self.last_requests = requests.len();
        let revision = self.shared.index.read().revision;
        let buffer = std::mem::take(&mut self.buffer);
        let mut batch = Batch::new(revision, self.log.synced_bytes, self.last_commit_milliseconds, buffer);
        let mut answers = Answers::default();
        let mut compacted = None;
        let room = self.make_room(&requests);
        for request in requests.drain(..) {
            match request {
                Request::Commit { priority: Priority::Normal, answer, .. } if room == Room::Reserve => {
                    // Whoever no longer listens does not need to know.
                    let _ = answer.send(Err(StoreError::NoSpace { path: self.log.path() }));
                }
                Request::Commit { writes, answer, room, .. } => {
                    answers.rooms.push(room);
                    self.order(&mut batch, &mut answers, writes, answer);
                }
                Request::Compact { revision, answer } => {
                    match self.order_compaction(&mut batch, &mut compacted, revision) {
                        Ok(()) => {
                            self.note_compaction();
                            answers.compactions.push(answer);
                        }
                        // Whoever no longer listens does not need to know.
                        Err(error) => drop(answer.send(Err(error))),
                    }
                }
                Request::SnapshotEnded(result) => self.end_snapshot(result),
                Request::ArchiveEnded(outcome) => self.end_archive(&outcome),
                Request::ReleaseEnded(outcome) => self.end_release(&outcome),
                Request::Close => self.is_closing = true,
            }
        }
        self.requests = requests;
        self.order_expiries(&mut batch);
        self.order_early_compaction(&mut batch, &mut compacted);
        self.last_commit_milliseconds = batch.last_unix_milliseconds;
        self.settle(batch, answers, compacted);
        self.sync_when_due();
        self.begin_segment();
        self.archive_when_due();
        if self.is_closing {
            self.finish();
        }
        !self.is_closing
    }

    /// Finds out what there is space for, before anything is ordered.
    fn make_room(&mut self, requests: &[Request]) -> Room {
        if self.shared.read_only.get().is_some() {
            return Room::Ample;
        }
        let limit_bytes = |request: &Request| match request {
            Request::Commit { record_limit_bytes, .. } => *record_limit_bytes,
            _ => 0,
        };
        let needed_bytes = requests.iter().map(limit_bytes).sum();
        if needed_bytes == 0 {
            return Room::Ample;
        }
        let mut room = self.log.make_room(needed_bytes);
        if room == Room::Reserve && self.give_up_history() {
            room = self.log.make_room(needed_bytes);
        }
        let was_full = self.shared.no_space.borrow().is_some();
        match room {
            Room::Reserve if !was_full => {
                let path = self.log.path();
                tracing::error!(file = %path.display(), "the disk is full: only what is urgent is written");
                self.shared.no_space.send_replace(Some(path));
            }
            Room::Ample if was_full => {
                tracing::info!("the disk has space again");
                self.shared.no_space.send_replace(None);
            }
            _ => {}
        }
        room
    }

    fn order(&mut self, batch: &mut Batch, answers: &mut Answers, writes: Vec<Write>, answer: CommitAnswer) {
        if let Err(error) = self.shared.check_writable() {
            let _ = answer.send(Err(error));
            return;
        }
        let verdict = batch.order(&self.shared.index.read(), writes, self.clock.now_unix_milliseconds());
        if verdict.depends_on_batch {
            answers.commits.push((answer, verdict.result));
        } else {
            let _ = answer.send(verdict.result);
        }
    }

    fn order_compaction(
        &self,
        batch: &mut Batch,
        compacted: &mut Option<Revision>,
        revision: Revision,
    ) -> Result<(), StoreError> {
        self.shared.check_writable()?;
        let current = self.shared.index.read().revision;
        let oldest = compacted.unwrap_or(self.shared.index.read().compacted);
        if revision <= oldest {
            return Err(StoreError::Compacted { compacted: oldest, current });
        }
        if revision > current {
            return Err(StoreError::FutureRevision { requested: revision, current });
        }
        append_record(&mut batch.records, RecordKind::Compact, revision, batch.durable_offset, |_| {});
        *compacted = Some(revision);
        Ok(())
    }

    /// Keys that are due are deleted by commits of their own, as anyone would delete them.
    fn order_expiries(&mut self, batch: &mut Batch) {
        if self.expiries_blocked || self.expiries.is_empty() || self.shared.read_only.get().is_some() {
            return;
        }
        let now = self.clock.now_unix_milliseconds();
        let is_due = |(at, _): &&(u64, Bytes)| at.saturating_mul(1000) <= now;
        let index = self.shared.index.read();
        for (_, key) in self.expiries.iter().take_while(is_due).take(limits::EXPIRY_STEP_KEYS) {
            // A key that this batch changes is looked at again when the batch is durable.
            if !batch.changes(key) {
                let delete = Write::Delete { key: key.clone(), expect: Expect::Any };
                batch.order(&index, vec![delete], now);
            }
        }
    }
}

/// When something is tried again that was put off to `at`, by `delay` at the most: a clock that was set back since must
/// not put it off further.
fn retry_deadline(at: Option<u64>, delay_milliseconds: u64, now_unix_milliseconds: u64) -> Option<u64> {
    at.map(|at| if at <= now_unix_milliseconds + delay_milliseconds { at } else { now_unix_milliseconds })
}

struct Unpark(sync::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
