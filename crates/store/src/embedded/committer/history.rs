//! What the store thread does for history that is not in memory alone: it decides which segments of the log are kept for
//! old revisions, and compacts the store itself before there are too many, or when the disk is full.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::Ordering,
    thread,
};

use super::{
    super::{
        Background,
        index::Release,
        log::Sealed,
        order::Batch,
        queue::Request,
        record::{RecordKind, append_record},
        release::{ReleaseJob, ReleaseOutcome, remove_segments},
    },
    Committer,
};
use crate::Revision;

/// The thread that works on history; none: this one does.
pub(super) struct RunningRelease(pub(super) Option<thread::JoinHandle<()>>);

/// What the committer knows of history.
pub(super) struct History {
    pub(super) memory_limit_bytes: u64,
    pub(super) disk_limit_bytes: u64,
    pub(super) limit_changes: usize,
    /// Work that goes on.
    pub(super) job: Option<RunningRelease>,
    /// What was asked for meanwhile: that the work is done again, and whether versions are to be dropped.
    again: Option<bool>,
    /// The revision to which the store is to be compacted without being asked, and why.
    early: Option<(Revision, &'static str)>,
    /// Whether it did so since it was last asked to.
    is_early: bool,
}

impl History {
    pub(super) fn new(options: &super::Options) -> History {
        History {
            memory_limit_bytes: options.history_memory_limit_bytes,
            disk_limit_bytes: options.history_disk_limit_bytes,
            limit_changes: options.history_limit_changes,
            job: None,
            again: None,
            early: None,
            is_early: false,
        }
    }
}

impl Committer {
    /// Segments that are needed for old revisions at the most.
    fn retained(&self) -> impl Iterator<Item = &Sealed> {
        let is_retained = |sealed: &&Sealed| sealed.sequence < self.needed_from && self.is_archived(sealed.sequence);
        self.log.sealed.iter().filter(is_retained)
    }

    /// Begins to let segments go that nothing needs, unless such work goes on; `trims` says whether there may be versions
    /// to drop before.
    pub(super) fn release_segments(&mut self, trims: bool) {
        if self.history.job.is_some() {
            self.history.again = Some(trims || self.history.again == Some(true));
            return;
        }
        let retained: Vec<u64> = self.retained().map(|sealed| sealed.sequence).collect();
        let (remove, bring_back) = self.take_superfluous(&retained);
        self.note_disk_use();
        self.bound_disk_use();
        if remove.is_empty() && bring_back.is_empty() && !trims {
            return;
        }
        let shared = self.shared.clone();
        let job = ReleaseJob { shared, directory: self.log.directory.clone(), trims, bring_back, remove };
        self.history.job = Some(RunningRelease(None));
        if self.background == Background::Inline {
            return self.end_release(&job.run());
        }
        let shared = self.shared.clone();
        let work = move || {
            let outcome = catch_unwind(AssertUnwindSafe(|| job.run()));
            let outcome = outcome.unwrap_or_else(|_| ReleaseOutcome::failed("letting history go panicked".to_owned()));
            // Refused when the store is being closed, which needs no answer.
            let _ = shared.queue.push(Request::ReleaseEnded(outcome));
        };
        match thread::Builder::new().name("store-history".to_owned()).spawn(work) {
            Ok(thread) => self.history.job = Some(RunningRelease(Some(thread))),
            Err(error) => self.end_release(&ReleaseOutcome::failed(format!("cannot start a thread: {error}"))),
        }
    }

    /// Of some segments, those that no old revision needs, to which no more values are left from now on; and those that
    /// will be such when some values have come back into memory.
    fn take_superfluous(&self, sequences: &[u64]) -> (Vec<u64>, Vec<u64>) {
        let (mut gone, mut passed, mut closed) = (Vec::new(), Vec::new(), Vec::new());
        let mut index = self.shared.index.write();
        let revision = self.shared.oldest_read(&index);
        for sequence in sequences {
            match index.release(*sequence, revision, self.history.memory_limit_bytes) {
                Release::Gone(known) => {
                    gone.push(*sequence);
                    closed.extend(known);
                }
                Release::Passed => passed.push(*sequence),
                Release::Held => {}
            }
        }
        drop(index);
        (gone, passed)
    }

    pub(super) fn end_release(&mut self, outcome: &ReleaseOutcome) {
        self.history.job = None;
        self.log.sealed.retain(|sealed| !outcome.removed.contains(&sealed.sequence));
        if let Some(reason) = &outcome.error {
            tracing::warn!(reason, "what was kept for old revisions is still there");
        }
        match (self.history.again.take(), &outcome.error) {
            // The next segment or compaction tries again.
            (None, Some(_)) => self.note_disk_use(),
            // What was asked for meanwhile, or has become free by it.
            (again, _) => self.release_segments(again.unwrap_or(false)),
        }
    }

    fn note_disk_use(&self) {
        let disk_bytes = self.retained().map(|sealed| sealed.length_bytes).sum();
        self.shared.history_disk_bytes.store(disk_bytes, Ordering::Relaxed);
        self.shared.log_bytes.store(self.log.total_bytes(), Ordering::Relaxed);
    }

    /// Wants a compaction when the segments that none has passed are too many.
    fn bound_disk_use(&mut self) {
        let index = self.shared.index.read();
        let held = |sealed: &Sealed| Some((sealed.length_bytes, index.closed(sealed.sequence)?.last_revision));
        let held: Vec<_> = self.retained().filter_map(held).filter(|(_, last)| *last > index.compacted).collect();
        let mut disk_bytes: u64 = held.iter().map(|(length_bytes, _)| length_bytes).sum();
        let mut revision = None;
        for (length_bytes, last_revision) in held {
            if disk_bytes <= self.history.disk_limit_bytes {
                break;
            }
            disk_bytes -= length_bytes;
            revision = Some(last_revision);
        }
        drop(index);
        if let Some(revision) = revision {
            self.history.early = Some((revision, "old revisions take too much of the disk"));
        }
    }

    pub(super) fn wants_early_compaction(&self) -> bool {
        self.history.early.is_some()
    }

    /// Compacts the store without being asked, if that is due.
    pub(super) fn order_early_compaction(&mut self, batch: &mut Batch, compacted: &mut Option<Revision>) {
        if self.shared.read_only.get().is_some() {
            return;
        }
        if self.history.early.is_none() && self.history.job.is_none() {
            let surplus = self.shared.index.read().surplus_revision(self.history.limit_changes);
            self.history.early = surplus.map(|revision| (revision, "there are too many changes"));
        }
        let Some((revision, reason)) = self.history.early.take() else { return };
        if compacted.is_some_and(|asked| asked >= revision) || revision < self.shared.index.read().compacted {
            return;
        }
        append_record(&mut batch.records, RecordKind::Compact, revision, batch.durable_offset, |_| {});
        *compacted = Some(revision);
        self.shared.early_compactions.fetch_add(1, Ordering::Relaxed);
        if !std::mem::replace(&mut self.history.is_early, true) {
            tracing::warn!(revision, reason, "the store compacts itself earlier than it is asked to");
        }
    }

    /// Takes in that whoever compacts the store has come in time again.
    pub(super) fn note_compaction(&mut self) {
        self.history.is_early = false;
    }

    /// Forgets all old revisions for the space that they have on the disk; says whether there is more of it now.
    pub(super) fn give_up_history(&mut self) -> bool {
        let retained: Vec<u64> = self.retained().map(|sealed| sealed.sequence).collect();
        if retained.is_empty() {
            return false;
        }
        let revision = {
            let mut index = self.shared.index.write();
            index.compacted = index.revision;
            index.revision
        };
        // The log has space for it only afterwards. Nothing is lost with it: a restart forgets these revisions, too.
        self.history.early = Some((revision, "the disk is full"));
        while self.shared.trim() {}
        let (gone, _) = self.take_superfluous(&retained);
        let outcome = remove_segments(&self.log.directory, &gone);
        self.log.sealed.retain(|sealed| !outcome.removed.contains(&sealed.sequence));
        if let Some(reason) = outcome.error {
            tracing::warn!(reason, "what was kept for old revisions is still there");
        }
        self.note_disk_use();
        !outcome.removed.is_empty()
    }

    /// Removes what is kept for old revisions: they end with this process.
    pub(super) fn end_history(&mut self) {
        let retained: Vec<u64> = self.retained().map(|sealed| sealed.sequence).collect();
        if let Some(reason) = remove_segments(&self.log.directory, &retained).error {
            tracing::warn!(reason, "what was kept for old revisions goes when the store is opened again");
        }
    }
}
