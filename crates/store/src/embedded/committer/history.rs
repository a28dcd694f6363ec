//! What the store thread does for history that is not in memory alone: it decides which snapshots and segments of the
//! log are kept for old revisions, and compacts the store itself before there are too many, or when the disk is full.

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
        release::{ReleaseJob, ReleaseOutcome, Superfluous},
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
    /// Segments that no opening needs, and old revisions of this process may.
    fn held(&self) -> impl Iterator<Item = &Sealed> {
        let history_from = self.bases.oldest().first_segment;
        let is_held = move |sealed: &&Sealed| sealed.sequence < history_from && self.is_archived(sealed.sequence);
        self.log.sealed.iter().filter(is_held)
    }

    /// Begins to let go what nothing needs, unless such work goes on; `trims` says whether there may be versions to
    /// drop before.
    pub(super) fn release_segments(&mut self, trims: bool) {
        if self.history.job.is_some() {
            self.history.again = Some(trims || self.history.again == Some(true));
            return;
        }
        self.bases.pass(self.shared.index.read().compacted);
        self.give_up_what_is_too_large();
        let (remove, bring_back) = self.take_superfluous();
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

    /// What no old revision needs, of which segments get no more values from now on; and the segments that will be such
    /// when some values have come back into memory.
    fn take_superfluous(&self) -> (Superfluous, Vec<u64>) {
        let mut gone = Superfluous { snapshots: self.bases.superfluous(), segments: Vec::new() };
        let (mut passed, mut closed) = (Vec::new(), Vec::new());
        let mut index = self.shared.index.write();
        let revision = self.shared.oldest_read(&index);
        for Sealed { sequence, .. } in self.held() {
            match index.release(*sequence, revision, self.history.memory_limit_bytes) {
                Release::Gone(known) => {
                    gone.segments.push(*sequence);
                    closed.extend(known);
                }
                Release::Passed => passed.push(*sequence),
                Release::Held => {}
            }
        }
        drop(index);
        (gone, passed)
    }

    fn note_removed(&mut self, removed: &Superfluous) {
        self.bases.note_removed(&removed.snapshots);
        self.log.sealed.retain(|sealed| !removed.segments.contains(&sealed.sequence));
    }

    pub(super) fn end_release(&mut self, outcome: &ReleaseOutcome) {
        self.history.job = None;
        self.note_removed(&outcome.removed);
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
        let kept_bytes: u64 = self.bases.steps(&self.log.sealed).map(|(bytes, _)| bytes).sum();
        let held_bytes: u64 = self.held().map(|sealed| sealed.length_bytes).sum();
        self.shared.history_disk_bytes.store(kept_bytes + held_bytes, Ordering::Relaxed);
        self.shared.log_bytes.store(self.log.total_bytes(), Ordering::Relaxed);
        let kept_from = self.bases.oldest().revision.max(self.shared.index.read().compacted);
        self.shared.kept_from.store(kept_from, Ordering::Relaxed);
    }

    /// Where the last snapshot but one and the log from there on are more than history may have, a restart forgets what
    /// is before the last one. This process has its old revisions in the log as far as there is room for them.
    fn give_up_what_is_too_large(&mut self) {
        let last = self.bases.steps(&self.log.sealed).last();
        if let Some((_, revision)) = last.filter(|(bytes, _)| *bytes > self.history.disk_limit_bytes) {
            self.bases.give_up();
            tracing::warn!(revision, "a restart would forget earlier revisions: they take too much of the disk");
        }
    }

    /// Wants a compaction when there is too much on the disk that none has passed.
    fn bound_disk_use(&mut self) {
        let index = self.shared.index.read();
        let held = |sealed: &Sealed| Some((sealed.length_bytes, index.closed(sealed.sequence)?.last_revision));
        let mut steps: Vec<(u64, Revision)> =
            self.held().filter_map(held).filter(|(_, last)| *last > index.compacted).collect();
        drop(index);
        steps.extend(self.bases.steps(&self.log.sealed));
        let mut disk_bytes: u64 = steps.iter().map(|(bytes, _)| bytes).sum();
        let mut revision = None;
        for (bytes, last_revision) in steps {
            if disk_bytes <= self.history.disk_limit_bytes {
                break;
            }
            disk_bytes -= bytes;
            revision = Some(last_revision);
        }
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
        if self.bases.older().is_empty() && self.held().next().is_none() {
            return false;
        }
        let revision = {
            let mut index = self.shared.index.write();
            index.compacted = index.revision;
            index.revision
        };
        // The log has space for it only afterwards. Until then a restart forgets what is before the newest snapshot.
        self.history.early = Some((revision, "the disk is full"));
        while self.shared.trim() {}
        self.bases.give_up();
        let (gone, _) = self.take_superfluous();
        let outcome = gone.remove(&self.log.directory);
        self.note_removed(&outcome.removed);
        if let Some(reason) = outcome.error {
            tracing::warn!(reason, "what was kept for old revisions is still there");
        }
        self.note_disk_use();
        !outcome.removed.is_empty()
    }

    /// Removes what old revisions of this process alone need.
    pub(super) fn end_history(&mut self) {
        let segments = self.held().map(|sealed| sealed.sequence).collect();
        let superfluous = Superfluous { snapshots: self.bases.superfluous(), segments };
        if let Some(reason) = superfluous.remove(&self.log.directory).error {
            tracing::warn!(reason, "what was kept for old revisions goes when the store is opened again");
        }
    }
}
