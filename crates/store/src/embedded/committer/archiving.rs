//! What the store thread does for the archive of the log: it decides, and threads of their own copy.

use std::{
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use super::{
    super::{
        Background,
        archive::{ArchiveJob, ArchiveOutcome, Archiving},
        log::Sealed,
        queue::Request,
        record::FILE_HEADER_BYTES,
    },
    Committer, retry_deadline,
};
use crate::{Revision, limits};

/// The thread that archives. What it did comes as a request, or here when no more are taken.
pub(super) struct RunningArchive(Option<Receiver<ArchiveOutcome>>);

impl Committer {
    fn end_revision(&self) -> impl Fn(&Sealed) -> Revision + use<> {
        let sealed: Vec<(u64, Revision)> =
            self.log.sealed.iter().map(|sealed| (sealed.sequence, sealed.begins_after)).collect();
        let last = self.log.begins_after;
        move |segment| {
            let next = sealed.iter().find(|(sequence, _)| *sequence > segment.sequence);
            next.map_or(last, |(_, begins_after)| *begins_after)
        }
    }

    /// Whether a segment that is no longer needed may go.
    pub(super) fn is_archived(&self, sequence: u64) -> bool {
        self.archiving.as_ref().is_none_or(|archiving| sequence <= archiving.through)
    }

    /// When the archive wants something: the present segment, or another attempt.
    pub(super) fn archive_deadline(&self, now_unix_milliseconds: u64) -> Option<u64> {
        let archiving = self.archiving.as_ref()?;
        let retry_at = archiving.retry_at.filter(|_| self.archive_job.is_none());
        let retry = retry_deadline(retry_at, limits::ARCHIVE_RETRY_MILLISECONDS, now_unix_milliseconds);
        retry.into_iter().chain(self.seal_deadline(archiving, now_unix_milliseconds)).min()
    }

    fn seal_deadline(&self, archiving: &Archiving, now_unix_milliseconds: u64) -> Option<u64> {
        let since = self.segment_since?;
        let interval_milliseconds = u64::try_from(archiving.options.interval.as_millis()).unwrap_or(u64::MAX);
        Some(if now_unix_milliseconds < since { 0 } else { since.saturating_add(interval_milliseconds) })
    }

    /// Whether the present segment must be closed, so that the archive gets it.
    pub(super) fn is_seal_due(&mut self) -> bool {
        let Some(archiving) = &self.archiving else { return false };
        let now = self.clock.now_unix_milliseconds();
        if self.log.length_bytes == FILE_HEADER_BYTES as u64 {
            self.segment_since = None;
            return false;
        }
        self.segment_since.get_or_insert(now);
        self.seal_deadline(archiving, now).is_some_and(|deadline| deadline <= now)
    }

    /// Tries the archive again, if it is time.
    pub(super) fn archive_when_due(&mut self) {
        if self.archiving.as_ref().is_some_and(|archiving| archiving.retry_at.is_some()) {
            self.archive();
        }
    }

    /// Begins to archive what waits, unless that goes on already or failed a moment ago.
    pub(super) fn archive(&mut self) {
        let now = self.clock.now_unix_milliseconds();
        let Some(archiving) = &self.archiving else { return };
        let waits_to_retry = archiving.retry_at.is_some() && self.archive_deadline(now).is_some_and(|at| at > now);
        if self.archive_job.is_some() || waits_to_retry {
            return;
        }
        let through = archiving.through;
        let sealed = self.log.sealed.iter();
        let copy: Vec<Sealed> = sealed.filter(|sealed| sealed.sequence > through).copied().collect();
        if copy.is_empty() {
            return;
        }
        let job = ArchiveJob {
            store: self.log.directory.clone(),
            archive: archiving.options.directory.clone(),
            history: self.log.history,
            copy,
        };
        if self.background == Background::Inline {
            self.archive_job = Some(RunningArchive(None));
            return self.end_archive(&job.run());
        }
        let shared = self.shared.clone();
        let (sender, receiver) = mpsc::channel();
        let work = move || {
            if let Err(Request::ArchiveEnded(outcome)) = shared.queue.push(Request::ArchiveEnded(job.run())) {
                // The store is being closed. Whoever no longer waits does not need it.
                let _ = sender.send(outcome);
            }
        };
        self.archive_job = Some(RunningArchive(Some(receiver)));
        if let Err(error) = thread::Builder::new().name("store-archive".to_owned()).spawn(work) {
            let error = Some(format!("cannot start a thread for the archive: {error}"));
            self.end_archive(&ArchiveOutcome { error, ..ArchiveOutcome::default() });
        }
    }

    pub(super) fn end_archive(&mut self, outcome: &ArchiveOutcome) {
        self.archive_job = None;
        let end_revision = self.end_revision();
        let now = self.clock.now_unix_milliseconds();
        let Some(archiving) = &mut self.archiving else { return };
        if let Some(reason) = &outcome.error
            && archiving.status.error.as_ref() != Some(reason)
        {
            tracing::warn!(reason, "the log is not archived: it is tried again");
        }
        archiving.note(outcome, end_revision, now);
        self.bound_backlog();
        // What was completed in the meantime.
        self.archive();
        self.release_segments(false);
    }

    /// Lets the oldest segments go that wait for an archive, when there are too many, and tells how it does.
    pub(super) fn bound_backlog(&mut self) {
        let end_revision = self.end_revision();
        let Some(archiving) = &mut self.archiving else { return };
        let history_from = self.bases.oldest().first_segment;
        archiving.bound_backlog(&self.log.sealed, history_from, end_revision);
        let waiting = self.log.sealed.iter().filter(|sealed| sealed.sequence > archiving.through);
        archiving.status.waiting_bytes = waiting.map(|sealed| sealed.length_bytes).sum();
        *self.shared.archive.lock() = Some(archiving.status.clone());
    }

    /// Completes the present segment and waits until the archive has all, but not for long, and not when it failed.
    pub(super) fn archive_all(&mut self) {
        self.wait_for_archive();
        let is_failing = |committer: &Committer| {
            committer.archiving.as_ref().is_none_or(|archiving| archiving.status.error.is_some())
        };
        if is_failing(self) || self.shared.read_only.get().is_some() {
            return;
        }
        if self.log.length_bytes > FILE_HEADER_BYTES as u64 {
            let revision = self.shared.index.read().revision;
            if let Err(error) = self.log.rotate(revision) {
                tracing::warn!(%error, "the last segment of the log could not be completed for the archive");
            }
        }
        self.archive();
        self.wait_for_archive();
        if is_failing(self) {
            tracing::warn!("the end of the log is not archived: it will be when the store is opened again");
        }
    }

    fn wait_for_archive(&mut self) {
        let Some(RunningArchive(Some(receiver))) = self.archive_job.take() else { return };
        let outcome = match receiver.recv_timeout(Duration::from_secs(limits::ARCHIVE_CLOSE_SECONDS)) {
            Ok(outcome) => outcome,
            // It told before the end began.
            Err(mpsc::RecvTimeoutError::Disconnected) => ArchiveOutcome::default(),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                let error = Some("it takes too long".to_owned());
                ArchiveOutcome { error, ..ArchiveOutcome::default() }
            }
        };
        let end_revision = self.end_revision();
        let now = self.clock.now_unix_milliseconds();
        if let Some(archiving) = &mut self.archiving {
            archiving.note(&outcome, end_revision, now);
        }
    }
}
