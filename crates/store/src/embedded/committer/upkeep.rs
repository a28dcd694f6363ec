//! What the store thread does beside commits: syncs at a deadline, segments, snapshots, the end.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::Ordering,
    task::Waker,
    thread,
};

use super::{
    super::{
        Background, SyncMode,
        bases::Base,
        log::LogError,
        queue::Request,
        record::{RecordKind, append_record},
        snapshot::SnapshotJob,
    },
    Committer,
    history::RunningRelease,
    retry_deadline,
};
use crate::{Revision, StoreError, limits};

pub(super) struct RunningSnapshot {
    revision: Revision,
    /// The first segment that opening needs when it succeeds.
    first_segment: u64,
    thread: Option<thread::JoinHandle<()>>,
}

impl Committer {
    pub(super) fn stop_writing(&self, reason: String) -> StoreError {
        tracing::error!(reason, "the store is read-only from now on");
        StoreError::ReadOnly { reason: self.shared.read_only.get_or_init(|| reason.into()).clone() }
    }

    /// When what was written must be synced.
    pub(super) fn sync_deadline(&self, now_unix_milliseconds: u64) -> Option<u64> {
        let SyncMode::Interval(interval) = self.sync else { return None };
        let since = self.unsynced_since?;
        let interval_milliseconds = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
        // A clock that was set back says nothing of how long ago the write was.
        Some(if now_unix_milliseconds < since { 0 } else { since.saturating_add(interval_milliseconds) })
    }

    /// Syncs what was written, if it is time.
    pub(super) fn sync_when_due(&mut self) {
        if self.sync == SyncMode::Always || self.shared.read_only.get().is_some() {
            return;
        }
        let now = self.clock.now_unix_milliseconds();
        if self.unsynced_since.is_none() && self.log.synced_bytes < self.log.length_bytes {
            self.unsynced_since = Some(now);
        }
        if self.sync_deadline(now).is_some_and(|deadline| deadline <= now) {
            match self.log.sync() {
                Ok(()) => self.note_synced(),
                Err(error) => drop(self.stop_writing(error.to_string())),
            }
        }
    }

    /// Lets others know how far the log is durable.
    pub(super) fn note_synced(&mut self) {
        if self.log.synced_bytes == self.log.length_bytes {
            self.unsynced_since = None;
            let revision = self.shared.index.read().revision;
            self.shared.synced.store(revision, Ordering::Relaxed);
        }
    }

    /// Begins the next segment when this one is full, and then a snapshot when the log is long.
    pub(super) fn begin_segment(&mut self) {
        let is_due = self.log.length_bytes >= self.rotate_at_bytes || self.is_seal_due() || self.is_over_disk_bound();
        if !is_due || self.shared.read_only.get().is_some() {
            return;
        }
        self.segment_since = None;
        let revision = self.shared.index.read().revision;
        match self.log.rotate(revision) {
            Ok((sequence, closed)) => {
                self.shared.index.write().close_segment(sequence, closed);
                self.note_synced();
                // That there is a next one says as much as a mark.
                self.is_unmarked = false;
                self.rotate_at_bytes = self.segment_bytes;
                self.begin_snapshot();
                self.bound_backlog();
                self.archive();
                self.release_segments(false);
            }
            Err(LogError::NoSpace(path)) => {
                tracing::warn!(file = %path.display(), "no space to begin the next segment: the present one goes on");
                self.rotate_at_bytes = self.log.length_bytes + self.segment_bytes;
            }
            Err(LogError::Failed(reason)) => drop(self.stop_writing(reason)),
        }
    }

    /// About how long a snapshot would be now.
    fn next_snapshot_bytes(&self) -> u64 {
        let index = self.shared.index.read();
        index.live_bytes + index.live * limits::SNAPSHOT_KEY_BYTES
    }

    /// Whether the store has more on the disk than it should, and a snapshot would help.
    fn is_over_disk_bound(&self) -> bool {
        let now = self.clock.now_unix_milliseconds();
        let retry = retry_deadline(self.snapshot_retry_at, limits::SNAPSHOT_RETRY_MILLISECONDS, now);
        if self.snapshot.is_some() || retry.is_some_and(|at| at > now) {
            return false;
        }
        let live_bytes = self.shared.index.read().live_bytes;
        let used_bytes =
            self.shared.snapshot_bytes.load(Ordering::Relaxed) + self.log.bytes_from(self.bases.needed_from());
        // Below the bound by what one more batch, and the reserve, may take.
        let allowed_bytes = (self.disk_bound_bytes / 8 * 5).max(live_bytes / 2 * 5);
        used_bytes > allowed_bytes && used_bytes >= 2 * self.next_snapshot_bytes()
    }

    fn begin_snapshot(&mut self) {
        let is_due =
            || self.log.bytes_from(self.bases.needed_from()) >= self.snapshot_log_bytes.max(self.next_snapshot_bytes());
        if self.snapshot.is_some() || !(is_due() || self.is_over_disk_bound()) {
            return;
        }
        self.snapshot_retry_at = None;
        let index = self.shared.index.read();
        let pin = self.shared.pin(index.revision);
        drop(index);
        let mut running = RunningSnapshot { revision: pin.revision, first_segment: self.log.sequence, thread: None };
        let job = SnapshotJob { pin, directory: self.log.directory.clone(), history: self.log.history };
        if self.background == Background::Inline {
            self.snapshot = Some(running);
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
            Ok(thread) => {
                running.thread = Some(thread);
                self.snapshot = Some(running);
            }
            Err(error) => {
                self.snapshot = Some(running);
                self.end_snapshot(Err(format!("cannot start a thread for a snapshot: {error}")));
            }
        }
    }

    pub(super) fn end_snapshot(&mut self, result: Result<u64, String>) {
        let Some(snapshot) = self.snapshot.take() else { return };
        match result {
            Ok(length_bytes) => {
                let RunningSnapshot { revision, first_segment, .. } = snapshot;
                self.bases.push(Base { revision, first_segment, snapshot_bytes: Some(length_bytes) });
                self.shared.snapshot_bytes.store(length_bytes, Ordering::Relaxed);
                *self.shared.snapshot_error.lock() = None;
                self.bound_backlog();
                self.archive();
                self.release_segments(false);
            }
            Err(reason) => {
                // The log goes on growing; the next full segment tries again, or a deadline if there is too much.
                tracing::warn!(reason, "no snapshot was made");
                if self.is_over_disk_bound() {
                    let now = self.clock.now_unix_milliseconds();
                    self.snapshot_retry_at = Some(now + limits::SNAPSHOT_RETRY_MILLISECONDS);
                }
                *self.shared.snapshot_error.lock() = Some(reason);
            }
        }
    }

    fn mark_end(&mut self) -> Result<(), LogError> {
        self.log.sync()?;
        let mut mark = Vec::new();
        let revision = self.shared.index.read().revision;
        append_record(&mut mark, RecordKind::Mark, revision, self.log.synced_bytes, |_| {});
        self.log.append(&mark)
    }

    /// Ends what goes on beside, and marks the end of the log as durable, so that damage to it will be
    /// told from a crash.
    pub(super) fn finish(&mut self) {
        self.shared.queue.close();
        self.shared.closing.store(true, Ordering::Relaxed);
        if let Some(thread) = self.snapshot.take().and_then(|snapshot| snapshot.thread) {
            // A panic in it was caught.
            let _ = thread.join();
        }
        if let Some(RunningRelease(Some(thread))) = self.history.job.take() {
            let _ = thread.join();
        }
        if self.is_unmarked && self.shared.read_only.get().is_none() {
            self.is_unmarked = false;
            match self.mark_end() {
                Ok(()) => self.note_synced(),
                Err(LogError::NoSpace(path)) => {
                    tracing::warn!(file = %path.display(), "no space to mark the end of the log");
                    self.note_synced();
                }
                // Another sync would prove nothing.
                Err(LogError::Failed(reason)) => drop(self.stop_writing(reason)),
            }
        }
        if self.is_closing {
            if self.shared.read_only.get().is_none()
                && let Err(LogError::Failed(reason)) = self.log.cut_zeros()
            {
                drop(self.stop_writing(reason));
            }
            self.archive_all();
            self.end_history();
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
