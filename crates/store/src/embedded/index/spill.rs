//! What bounds the memory of history: values of replaced versions, beyond a limit, are in the log alone.
//!
//! The oldest go first. A value can go when the segment of the log that has it is complete ([`Closed`]); that segment
//! is kept while a version needs it. When compaction has passed a segment, nothing more is given to it, the few values
//! that are still needed come back into memory, at most one of each key, and the segment can go.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;

use super::{Index, Version};
use crate::{
    Revision,
    embedded::place::{Segment, Wanted},
};

/// A complete segment of the log, to which values may be left.
pub(in crate::embedded) struct Closed {
    segment: Arc<Segment>,
    /// The last revision that it has.
    pub(in crate::embedded) last_revision: Revision,
    /// How many versions have their value there alone.
    spilled: u64,
    /// Whether some of them could not be read.
    is_damaged: bool,
}

impl Closed {
    pub(in crate::embedded) fn new(segment: Segment, last_revision: Revision) -> Closed {
        Closed { segment: Arc::new(segment), last_revision, spilled: 0, is_damaged: false }
    }
}

/// Whether a segment may go, as far as old revisions are concerned.
pub(in crate::embedded) enum Release {
    /// It is needed.
    Held,
    /// Once the values that are needed have come back into memory.
    Passed,
    /// It is free, and values are no longer left to it. What was known of it is to be dropped without the lock, since
    /// its file is closed with it.
    Gone(Option<Closed>),
}

#[derive(Default)]
pub(super) struct Spilling {
    /// By their sequence.
    segments: BTreeMap<u32, Closed>,
    /// The first change in the history whose replaced version was not looked at.
    pub(super) next: usize,
    /// Values of replaced versions that are in memory, in bytes.
    pub(super) history_bytes: u64,
    /// How many versions have their value in the log alone.
    spilled: u64,
}

impl Spilling {
    /// Counts a replaced version that is dropped.
    pub(super) fn forget(&mut self, dropped: &Version) {
        self.history_bytes -= dropped.value_bytes();
        if let Some(place) = dropped.spilled() {
            self.spilled -= 1;
            self.segments.get_mut(&place.sequence.get()).expect("it is kept while it is needed").spilled -= 1;
        }
    }
}

impl Index {
    /// Values of replaced versions that are in memory, in bytes.
    pub(in crate::embedded) fn history_bytes(&self) -> u64 {
        self.spilling.history_bytes
    }

    /// Takes in that a segment of the log is complete.
    pub(in crate::embedded) fn close_segment(&mut self, sequence: u64, closed: Closed) {
        if let Ok(sequence) = u32::try_from(sequence) {
            self.spilling.segments.insert(sequence, closed);
        }
    }

    /// A complete segment.
    pub(in crate::embedded) fn closed(&self, sequence: u64) -> Option<&Closed> {
        self.spilling.segments.get(&u32::try_from(sequence).ok()?)
    }

    /// Leaves values to the log, the oldest first, while those in memory have more than `limit_bytes`: of at most
    /// `changes` changes.
    pub(in crate::embedded) fn spill(&mut self, limit_bytes: u64, changes: usize) {
        for _ in 0..changes {
            if self.spilling.history_bytes <= limit_bytes || !self.spill_next() {
                return;
            }
            self.spilling.next += 1;
        }
    }

    /// Leaves the value to the log that the next change replaced, if it can go. False: there is none yet.
    fn spill_next(&mut self) -> bool {
        let Some((revision, key)) = self.history.get(self.spilling.next) else { return false };
        let Some(versions) = self.keys.get_mut(key) else { return true };
        let before = versions.older.partition_point(|version| version.mod_revision < *revision);
        let Some(version) = versions.older[..before].last_mut() else { return true };
        let (Some(value), Some(place)) = (&version.value, version.place) else { return true };
        let last = self.spilling.segments.last_key_value().map_or(0, |(sequence, _)| *sequence);
        let Some(closed) = self.spilling.segments.get_mut(&place.sequence.get()) else {
            // It is gone, or still being written.
            return place.sequence.get() < last;
        };
        if closed.last_revision > self.compacted && !value.is_empty() {
            closed.spilled += 1;
            self.spilling.spilled += 1;
            let value_bytes = value.len() as u64;
            self.spilling.history_bytes -= value_bytes;
            self.memory_bytes -= value_bytes;
            version.value = None;
        }
        true
    }

    /// Where the value of a version is, if it is not in memory.
    pub(super) fn wanted(&self, key: &Bytes, version: &Version) -> Option<Wanted> {
        let place = version.spilled()?;
        let closed = self.spilling.segments.get(&place.sequence.get()).expect("it is kept while it is needed");
        Some(Wanted { segment: closed.segment.clone(), place, key: key.clone(), revision: version.mod_revision })
    }

    /// Lets go of a segment, if it can be: `passed` is the oldest revision that anyone reads. While more history is
    /// held than `limit_bytes` in memory, segments are kept for values that are still to be replaced.
    pub(in crate::embedded) fn release(&mut self, sequence: u64, passed: Revision, limit_bytes: u64) -> Release {
        let is_spilling = self.spilling.spilled > 0 || self.spilling.history_bytes > limit_bytes;
        let Some(closed) = self.closed(sequence) else { return Release::Gone(None) };
        let is_passed = closed.last_revision <= passed;
        match closed.spilled {
            0 if is_passed || !is_spilling => Release::Gone(self.spilling.segments.remove(&(sequence as u32))),
            1.. if is_passed && !closed.is_damaged => Release::Passed,
            _ => Release::Held,
        }
    }

    /// The segment, if values are in it alone.
    pub(in crate::embedded) fn spilled_segment(&self, sequence: u64) -> Option<Arc<Segment>> {
        self.closed(sequence).filter(|closed| closed.spilled > 0).map(|closed| closed.segment.clone())
    }

    /// Takes a value into memory that a version had in the log alone.
    pub(in crate::embedded) fn bring_back(&mut self, sequence: u64, key: &[u8], revision: Revision, value: Bytes) {
        let Some(versions) = self.keys.get_mut(key) else { return };
        let found = versions.older.binary_search_by_key(&revision, |version| version.mod_revision);
        let Some(version) = found.ok().map(|position| &mut versions.older[position]) else { return };
        let Some(place) = version.spilled().filter(|place| u64::from(place.sequence.get()) == sequence) else { return };
        let value_bytes = value.len() as u64;
        self.spilling.history_bytes += value_bytes;
        self.memory_bytes += value_bytes;
        (version.value, version.place) = (Some(value), None);
        self.spilling.spilled -= 1;
        self.spilling.segments.get_mut(&place.sequence.get()).expect("it is kept while it is needed").spilled -= 1;
    }

    /// Takes in that some values of a segment cannot be read: they are not tried again, and it stays until compaction
    /// has passed those too.
    pub(in crate::embedded) fn note_damage(&mut self, sequence: u64) {
        if let Some(closed) = self.spilling.segments.get_mut(&(sequence as u32)) {
            closed.is_damaged = true;
        }
    }
}
