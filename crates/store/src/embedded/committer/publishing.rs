//! How a batch ends: in the log, then in the index and with the watchers, then with those who asked.

use std::{sync::atomic::Ordering, task::Waker};

use super::{
    super::{
        SyncMode,
        log::LogError,
        order::{Batch, OrderedCommit},
        place::Place,
    },
    Answers, Committer,
};
use crate::{EventKind, Revision, StoreError, limits};

impl Committer {
    /// Makes the batch durable (or, with an interval, durable soon), then visible, then known to those who wait.
    pub(super) fn settle(&mut self, batch: Batch, answers: Answers, compacted: Option<Revision>) {
        let Batch { commits, mut records, .. } = batch;
        let mut outcome = self.write(&records);
        if matches!(outcome, Err(LogError::NoSpace(_))) && self.give_up_history() {
            outcome = self.write(&records);
        }
        let records_bytes = records.len() as u64;
        if outcome.is_ok() {
            self.is_unmarked |= !records.is_empty();
            self.expiries_blocked &= records.is_empty();
        }
        records.clear();
        records.shrink_to(limits::BUFFER_KEEP_BYTES);
        self.buffer = records;
        match outcome {
            Ok(()) => {
                self.publish(commits, compacted, self.log.length_bytes - records_bytes);
                answers.give();
            }
            Err(LogError::NoSpace(path)) => {
                self.expiries_blocked = true;
                self.shared.no_space.send_replace(Some(path.clone()));
                answers.refuse(&StoreError::NoSpace { path });
            }
            Err(LogError::Failed(reason)) => {
                let error = self.stop_writing(reason);
                answers.refuse(&error);
            }
        }
    }

    /// Puts whole records into the log, durably unless that has time.
    fn write(&mut self, records: &[u8]) -> Result<(), LogError> {
        match self.sync {
            _ if records.is_empty() => Ok(()),
            SyncMode::Always => self.log.append(records),
            SyncMode::Interval(_) => self.log.write(records),
        }
    }

    /// Lets everyone see commits whose records the log has from `offset` on.
    fn publish(&mut self, commits: Vec<OrderedCommit>, compacted: Option<Revision>, offset: u64) {
        let mut commits = commits.into_iter().peekable();
        while commits.peek().is_some() {
            let step: Vec<OrderedCommit> = commits.by_ref().take(limits::PUBLISH_STEP_COMMITS).collect();
            let revision = step.last().expect("a step has commits").revision;
            {
                let mut index = self.shared.index.write();
                let mut changes = 0;
                for commit in &step {
                    let place = Place::new(self.log.sequence, offset + commit.record_offset);
                    commit.events.iter().for_each(|event| index.apply(event, place));
                    changes += commit.events.len();
                }
                index.revision = revision;
                index.spill(self.history.memory_limit_bytes, 2 * changes + limits::SPILL_STEP_CHANGES);
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
            let mut index = self.shared.index.write();
            index.compacted = index.compacted.max(compacted);
            drop(index);
            self.release_segments(true);
        }
        self.shared.log_bytes.store(self.log.total_bytes(), Ordering::Relaxed);
        self.note_synced();
    }
}
