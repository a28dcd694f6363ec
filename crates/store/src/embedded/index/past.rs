//! What happened, as far as it is not compacted: for watches from before what is kept for watchers.

use bytes::Bytes;

use super::{Index, Version};
use crate::{Event, EventKind, KeyValue, Revision, StoreError, embedded::place::Wanted, limits};

/// Some of what happened in a range, in whole commits.
#[derive(Default)]
pub(in crate::embedded) struct PastStep {
    pub(in crate::embedded) events: Vec<Event>,
    /// This is all up to here.
    pub(in crate::embedded) revision: Revision,
    /// Events that lack a value, which is in the log alone, and whether it is that of the key before.
    absent: Vec<(usize, bool)>,
    wanted: Vec<Wanted>,
}

impl PastStep {
    /// What is to be read from the log.
    pub(in crate::embedded) fn take_wanted(&mut self) -> Vec<Wanted> {
        std::mem::take(&mut self.wanted)
    }

    /// Puts in what was read.
    pub(in crate::embedded) fn fill(&mut self, values: Vec<Bytes>) {
        for ((position, is_previous), value) in self.absent.drain(..).zip(values) {
            let event = &mut self.events[position];
            match &mut event.previous {
                Some(previous) if is_previous => previous.value = value,
                _ => event.kv.value = value,
            }
        }
    }

    fn add(&mut self, index: &Index, revision: Revision, key: &Bytes) {
        let Some((key, versions)) = index.keys.get_key_value(key) else { return };
        let before = versions.older.partition_point(|version| version.mod_revision < revision);
        let version = versions.older.get(before).unwrap_or(&versions.newest);
        let previous = versions.older[..before].last().filter(|version| version.exists());
        let position = self.events.len();
        let mut show = |version: &Version, is_previous| -> KeyValue {
            if let Some(wanted) = index.wanted(key, version) {
                self.absent.push((position, is_previous));
                self.wanted.push(wanted);
            }
            version.key_value(key)
        };
        let kind = if version.exists() { EventKind::Put } else { EventKind::Delete };
        let kv = show(version, false);
        let previous = previous.map(|version| show(version, true));
        self.events.push(Event { kind, kv, previous });
    }
}

impl Index {
    /// The next commits of a range after the revision `after`, none of them later than `until`, which is in the index.
    ///
    /// # Errors
    /// `Compacted`.
    pub(in crate::embedded) fn past(
        &self,
        start: &[u8],
        end: &[u8],
        after: Revision,
        until: Revision,
    ) -> Result<PastStep, StoreError> {
        self.check_readable(after)?;
        let mut step = PastStep { revision: after, ..PastStep::default() };
        let first = self.history.partition_point(|(revision, _)| *revision <= after);
        for (visited, (revision, key)) in self.history.range(first..).enumerate() {
            let is_full = visited >= limits::WATCH_STEP_EVENTS || step.wanted.len() >= limits::PAST_STEP_VALUES;
            // Commits are never parted.
            if *revision > until || (is_full && *revision > step.revision) {
                step.revision = revision - 1;
                return Ok(step);
            }
            step.revision = *revision;
            if key.as_ref() >= start && (end.is_empty() || key.as_ref() < end) {
                step.add(self, *revision, key);
            }
        }
        step.revision = until.max(after);
        Ok(step)
    }

    /// A revision to compact to, where more than `limit` changes are not compacted: a quarter of them goes then.
    pub(in crate::embedded) fn surplus_revision(&self, limit: usize) -> Option<Revision> {
        if self.history.len() <= limit {
            return None;
        }
        let compacted = self.history.partition_point(|(revision, _)| *revision <= self.compacted);
        let kept = self.history.len() - compacted;
        (kept > limit).then(|| self.history[compacted + kept - limit / 4 * 3 - 1].0)
    }
}
