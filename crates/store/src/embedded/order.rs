//! Ordering: checking the preconditions of a batch of commits and giving them revisions, ahead of
//! what is durable.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::{index::Index, record::append_commit, recovery::event_of};
use crate::{Committed, Event, EventKind, Expect, KeyValue, Revision, StoreError, Write, limits};

/// Judges a commit by itself and gives its size in bytes; the same for every engine.
///
/// # Errors
/// `TooLarge`, `Invalid`.
pub fn check_size(writes: &[Write]) -> Result<usize, StoreError> {
    let check = |what, size, limit| if size > limit { Err(StoreError::TooLarge { what, size, limit }) } else { Ok(()) };
    check("number of writes in a commit", writes.len(), limits::COMMIT_LIMIT_WRITES)?;
    let mut keys = BTreeSet::new();
    let mut size_bytes = 0;
    for (index, write) in writes.iter().enumerate() {
        let key = write.key();
        if key.is_empty() {
            return Err(StoreError::Invalid { index, reason: "the key is empty" });
        }
        if writes.len() > 1 && !keys.insert(key) {
            return Err(StoreError::Invalid { index, reason: "the key was written before in this commit" });
        }
        check("key of bytes", key.len(), limits::KEY_LIMIT_BYTES)?;
        size_bytes += key.len();
        if let Write::Put { value, .. } = write {
            check("value of bytes", value.len(), limits::VALUE_LIMIT_BYTES)?;
            size_bytes += value.len();
        }
    }
    check("commit of bytes", size_bytes, limits::COMMIT_LIMIT_BYTES)?;
    Ok(size_bytes)
}

/// A commit that is ordered and not yet durable.
pub(super) struct OrderedCommit {
    pub(super) revision: Revision,
    /// Where its record begins among those of the batch, in bytes.
    pub(super) record_offset: u64,
    pub(super) events: Vec<Event>,
}

/// A batch of commits that are ordered and not yet durable.
pub(super) struct Batch {
    /// The ordered frontier.
    pub(super) revision: Revision,
    pub(super) commits: Vec<OrderedCommit>,
    /// What the log shall get.
    pub(super) records: Vec<u8>,
    /// Where in the log that is.
    pub(super) durable_offset: u64,
    /// The time of the last commit, before which no later one is said to be.
    pub(super) last_unix_milliseconds: u64,
    /// Keys that the batch changes, as they will be.
    changed: BTreeMap<Bytes, Option<KeyValue>>,
}

/// How a commit was ordered.
pub(super) struct Verdict {
    pub(super) result: Result<Committed, StoreError>,
    /// Whether the result is true only if the batch becomes durable.
    pub(super) depends_on_batch: bool,
}

impl Batch {
    pub(super) fn new(revision: Revision, durable_offset: u64, last_unix_milliseconds: u64, records: Vec<u8>) -> Batch {
        let changed = BTreeMap::new();
        Batch { revision, commits: Vec::new(), records, durable_offset, last_unix_milliseconds, changed }
    }

    /// Whether the batch says anything about the key.
    pub(super) fn changes(&self, key: &[u8]) -> bool {
        self.changed.contains_key(key)
    }

    /// Orders a commit after those before it.
    pub(super) fn order(&mut self, index: &Index, writes: Vec<Write>, now_unix_milliseconds: u64) -> Verdict {
        let mut previous = Vec::with_capacity(writes.len());
        let mut depends_on_batch = false;
        for (position, write) in writes.iter().enumerate() {
            let current = match self.changed.get(write.key()) {
                Some(pending) => {
                    depends_on_batch = true;
                    pending.clone()
                }
                None => index.newest(write.key()),
            };
            if !holds(write.expect(), current.as_ref()) {
                return Verdict { result: Err(StoreError::Conflict { index: position, current }), depends_on_batch };
            }
            previous.push(current);
        }
        let revision = self.revision + 1;
        let events: Vec<Event> = writes
            .into_iter()
            .zip(&previous)
            .filter_map(|(write, previous)| event(revision, write, previous.clone(), now_unix_milliseconds))
            .collect();
        if events.is_empty() {
            // Nothing changes: true as of the last commit before it, which may be of this batch.
            let committed = Committed { revision: self.revision, previous };
            return Verdict { result: Ok(committed), depends_on_batch: !self.commits.is_empty() };
        }
        self.revision = revision;
        self.last_unix_milliseconds = self.last_unix_milliseconds.max(now_unix_milliseconds);
        let record_offset = self.records.len() as u64;
        append_commit(&mut self.records, revision, self.durable_offset, self.last_unix_milliseconds, &events);
        for event in &events {
            let kv = (event.kind == EventKind::Put).then(|| event.kv.clone());
            self.changed.insert(event.kv.key.clone(), kv);
        }
        self.commits.push(OrderedCommit { revision, record_offset, events });
        Verdict { result: Ok(Committed { revision, previous }), depends_on_batch: true }
    }
}

fn holds(expect: Expect, current: Option<&KeyValue>) -> bool {
    match expect {
        Expect::Any => true,
        Expect::Absent => current.is_none(),
        Expect::Revision(revision) => current.is_some_and(|current| current.mod_revision == revision),
    }
}

/// What a write does; none when it deletes what is not there.
fn event(revision: Revision, write: Write, previous: Option<KeyValue>, now_unix_milliseconds: u64) -> Option<Event> {
    // A key that is new is copied, so that it keeps nothing else in memory.
    let own = |key: &Bytes| match &previous {
        Some(previous) => previous.key.clone(),
        None => Bytes::copy_from_slice(key),
    };
    match write {
        Write::Put { key, value, time_to_live, .. } => {
            let expires_at = time_to_live.map(|time| {
                let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
                // At least 1, since 0 stands for "never" in the log.
                now_unix_milliseconds.saturating_add(milliseconds).div_ceil(1000).max(1)
            });
            Some(event_of(revision, own(&key), Some(value), expires_at, previous))
        }
        Write::Delete { key, .. } => {
            previous.as_ref()?;
            Some(event_of(revision, own(&key), None, None, previous))
        }
    }
}
