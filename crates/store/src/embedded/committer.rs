//! The commit loop: the only writer.

use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
    process,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll, Wake, Waker},
    thread,
    time::Duration,
};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::{
    Background, Options, Shared,
    log::{Log, LogError, Room},
    order::{Batch, OrderedCommit},
    queue::{CommitAnswer, Request},
    record::{RecordKind, append_record},
    snapshot::SnapshotJob,
};
use crate::{Clock, Committed, EventKind, Expect, Lock, Priority, Revision, StoreError, Write, limits};

/// Takes what is queued, batch by batch, and makes it durable and visible. [`super::open`] gives it a
/// thread; a simulation, which got it from [`super::open_driven`], calls [`Committer::turn`] whenever
/// [`Committer::poll_work`] is ready or [`Committer::deadline_unix_milliseconds`] has come.
pub struct Committer {
    shared: Arc<Shared>,
    log: Log,
    clock: Arc<dyn Clock>,
    segment_bytes: u64,
    snapshot_log_bytes: u64,
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
    snapshot: Option<RunningSnapshot>,
    is_closing: bool,
    /// Whether something was written that no mark follows.
    is_unmarked: bool,
    _lock: Box<dyn Lock>,
}

struct RunningSnapshot {
    /// The first segment that stays when it succeeds.
    keeps_from: u64,
    thread: Option<thread::JoinHandle<()>>,
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
        log: Log,
        lock: Box<dyn Lock>,
        options: Options,
        background: Background,
    ) -> Committer {
        let expiries = shared.index.read().expiries().collect();
        Committer {
            shared,
            log,
            clock: options.clock,
            segment_bytes: options.segment_bytes,
            snapshot_log_bytes: options.snapshot_log_bytes,
            background,
            requests: Vec::new(),
            last_requests: 0,
            buffer: Vec::new(),
            expiries,
            expiries_blocked: false,
            rotate_at_bytes: options.segment_bytes,
            snapshot: None,
            is_closing: false,
            is_unmarked: false,
            _lock: lock,
        }
    }

    /// Works until the store is closed. Aborts the process on a panic: nobody could tell what the
    /// disk and the index hold.
    pub(super) fn run(mut self) {
        struct AbortOnPanic;
        impl Drop for AbortOnPanic {
            fn drop(&mut self) {
                if thread::panicking() {
                    process::abort();
                }
            }
        }
        let _guard = AbortOnPanic;
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        while self.gather().turn() {
            while self.poll_work(&mut context).is_pending() {
                match self.deadline_unix_milliseconds() {
                    None => thread::park(),
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

    /// When the next key expires, in milliseconds since the Unix epoch.
    pub fn deadline_unix_milliseconds(&self) -> Option<u64> {
        if self.expiries_blocked || self.shared.read_only.get().is_some() {
            return None;
        }
        self.expiries.first().map(|(at, _)| at.saturating_mul(1000))
    }

    /// Takes everything that is queued or due and does it. False: the store was closed.
    pub fn turn(&mut self) -> bool {
        let mut requests = std::mem::take(&mut self.requests);
        self.shared.queue.take(&mut requests);
        self.last_requests = requests.len();
        let mut batch =
            Batch::new(self.shared.index.read().revision, self.log.length_bytes, std::mem::take(&mut self.buffer));
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
                        Ok(()) => answers.compactions.push(answer),
                        // Whoever no longer listens does not need to know.
                        Err(error) => drop(answer.send(Err(error))),
                    }
                }
                Request::SnapshotEnded(result) => self.end_snapshot(result),
                Request::Close => self.is_closing = true,
            }
        }
        self.requests = requests;
        self.order_expiries(&mut batch);
        self.settle(batch, answers, compacted);
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
        let room = self.log.make_room(needed_bytes);
        let mut no_space = self.shared.no_space.lock();
        match room {
            Room::Reserve if no_space.is_none() => {
                let path = self.log.path();
                tracing::error!(file = %path.display(), "the disk is full: only what is urgent is written");
                *no_space = Some(path);
            }
            Room::Ample if no_space.take().is_some() => tracing::info!("the disk has space again"),
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

    /// Makes the batch durable, then visible, then known to those who wait.
    fn settle(&mut self, batch: Batch, answers: Answers, compacted: Option<Revision>) {
        let Batch { commits, mut records, .. } = batch;
        let outcome = if records.is_empty() { Ok(()) } else { self.log.append(&records) };
        if outcome.is_ok() {
            self.is_unmarked |= !records.is_empty();
            self.expiries_blocked &= records.is_empty();
        }
        records.clear();
        records.shrink_to(limits::BUFFER_KEEP_BYTES);
        self.buffer = records;
        match outcome {
            Ok(()) => {
                self.publish(commits, compacted);
                answers.give();
                self.begin_segment();
            }
            Err(LogError::NoSpace(path)) => {
                self.expiries_blocked = true;
                *self.shared.no_space.lock() = Some(path.clone());
                answers.refuse(&StoreError::NoSpace { path });
            }
            Err(LogError::Failed(reason)) => {
                let error = self.stop_writing(reason);
                answers.refuse(&error);
            }
        }
    }

    fn stop_writing(&self, reason: String) -> StoreError {
        tracing::error!(reason, "the store is read-only from now on");
        StoreError::ReadOnly { reason: self.shared.read_only.get_or_init(|| reason.into()).clone() }
    }

    fn publish(&mut self, commits: Vec<OrderedCommit>, compacted: Option<Revision>) {
        let mut commits = commits.into_iter().peekable();
        while commits.peek().is_some() {
            let step: Vec<OrderedCommit> = commits.by_ref().take(limits::PUBLISH_STEP_COMMITS).collect();
            let revision = step.last().expect("a step has commits").revision;
            {
                let mut index = self.shared.index.write();
                step.iter().flat_map(|commit| &commit.events).for_each(|event| index.apply(event));
                index.revision = revision;
            }
            for event in step.iter().flat_map(|commit| &commit.events) {
                if let Some((at, previous)) = event.previous.as_ref().and_then(|kv| Some((kv.expires_at?, kv))) {
                    self.expiries.remove(&(at, previous.key.clone()));
                }
                if let (EventKind::Put, Some(at)) = (event.kind, event.kv.expires_at) {
                    self.expiries.insert((at, event.kv.key.clone()));
                }
            }
            let events = step.into_iter().flat_map(|commit| commit.events).collect();
            let wakers = self.shared.ring.lock().publish(events, revision);
            self.shared.durable.store(revision, Ordering::Release);
            wakers.into_iter().for_each(Waker::wake);
        }
        if let Some(compacted) = compacted {
            self.shared.index.write().compacted = compacted;
        }
        self.shared.log_bytes.store(self.log.total_bytes(), Ordering::Relaxed);
    }

    /// Begins the next segment when this one is full, and then a snapshot when the log is long.
    fn begin_segment(&mut self) {
        if self.log.length_bytes < self.rotate_at_bytes {
            return;
        }
        let revision = self.shared.index.read().revision;
        match self.log.rotate(revision) {
            Ok(()) => {
                self.rotate_at_bytes = self.segment_bytes;
                self.begin_snapshot();
            }
            Err(LogError::NoSpace(path)) => {
                tracing::warn!(file = %path.display(), "no space to begin the next segment: the present one goes on");
                self.rotate_at_bytes = self.log.length_bytes + self.segment_bytes;
            }
            Err(LogError::Failed(reason)) => drop(self.stop_writing(reason)),
        }
    }

    fn begin_snapshot(&mut self) {
        let due_bytes = self.snapshot_log_bytes.max(self.shared.snapshot_bytes.load(Ordering::Relaxed));
        if self.snapshot.is_some() || self.log.total_bytes() < due_bytes {
            return;
        }
        let index = self.shared.index.read();
        let pin = self.shared.pin(index.revision);
        drop(index);
        let superfluous = self.log.sealed.iter().map(|sealed| sealed.sequence).collect();
        let job = SnapshotJob { pin, directory: self.log.directory.clone(), superfluous };
        let keeps_from = self.log.sequence;
        self.snapshot = Some(RunningSnapshot { keeps_from, thread: None });
        if self.background == Background::Inline {
            return self.end_snapshot(job.run());
        }
        let shared = self.shared.clone();
        let work = move || {
            let result = catch_unwind(AssertUnwindSafe(|| job.run()));
            let result = result.unwrap_or_else(|_| Err("writing the snapshot panicked".to_owned()));
            // Refused when the store is being closed, which needs no answer.
            let _ = shared.queue.push(Request::SnapshotEnded(result));
        };
        match thread::Builder::new().name("store-snapshot".to_owned()).spawn(work) {
            Ok(thread) => self.snapshot = Some(RunningSnapshot { keeps_from, thread: Some(thread) }),
            Err(error) => self.end_snapshot(Err(format!("cannot start a thread for a snapshot: {error}"))),
        }
    }

    fn end_snapshot(&mut self, result: Result<u64, String>) {
        let Some(snapshot) = self.snapshot.take() else { return };
        match result {
            Ok(length_bytes) => {
                self.log.sealed.retain(|sealed| sealed.sequence >= snapshot.keeps_from);
                self.shared.snapshot_bytes.store(length_bytes, Ordering::Relaxed);
                self.shared.log_bytes.store(self.log.total_bytes(), Ordering::Relaxed);
                *self.shared.snapshot_error.lock() = None;
            }
            Err(reason) => {
                // The log goes on growing; the next full segment tries again.
                tracing::warn!(reason, "no snapshot was made");
                *self.shared.snapshot_error.lock() = Some(reason);
            }
        }
    }

    /// Ends what goes on beside, and marks the end of the log as durable, so that damage to it will be
    /// told from a crash.
    fn finish(&mut self) {
        self.shared.queue.close();
        self.shared.closing.store(true, Ordering::Relaxed);
        if let Some(thread) = self.snapshot.take().and_then(|snapshot| snapshot.thread) {
            // A panic in it was caught.
            let _ = thread.join();
        }
        if self.is_unmarked && self.shared.read_only.get().is_none() {
            let mut mark = Vec::new();
            let revision = self.shared.index.read().revision;
            append_record(&mut mark, RecordKind::Mark, revision, self.log.length_bytes, |_| {});
            if let Err(error) = self.log.append(&mark) {
                tracing::warn!(?error, "the end of the log could not be marked");
            }
            self.is_unmarked = false;
        }
        let wakers = self.shared.ring.lock().close();
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl Drop for Committer {
    /// As a crash would: what is queued is not done.
    fn drop(&mut self) {
        if self.is_closing {
            return;
        }
        self.is_unmarked = false;
        self.finish();
        let mut requests = Vec::new();
        self.shared.queue.take(&mut requests);
    }
}

struct Unpark(thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
