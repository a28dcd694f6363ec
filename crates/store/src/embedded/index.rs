//! The read index: every key with the versions that are not compacted. They are in memory, except for the values of
//! replaced ones when these are too many ([`spill`]).

mod past;
mod spill;

use std::{
    collections::{BTreeMap, VecDeque, btree_map},
    num::NonZeroU64,
    ops::Bound,
};

use bytes::Bytes;
use thin_vec::ThinVec;

use self::spill::Spilling;
pub(super) use self::{
    past::PastStep,
    spill::{Closed, Release},
};
use super::place::{Place, Wanted};
use crate::{Event, EventKind, KeyValue, Revision, StoreError, limits};

/// The revision of a store to which nothing was ever written, as in etcd.
pub(super) const FIRST_REVISION: Revision = 1;

/// There are as many of these as keys and more.
struct Version {
    /// None: the key was deleted or, if there is a place, the value is there alone.
    value: Option<Bytes>,
    create_revision: Revision,
    mod_revision: Revision,
    /// 0 stands for "never" in the log.
    expires_at: Option<NonZeroU64>,
    /// Where the log has the value, if this process read or wrote it there.
    place: Option<Place>,
}

const _: () = assert!(size_of::<Version>() == 64, "a million keys have a million of these");

impl Version {
    fn of(kv: KeyValue, kind: EventKind, place: Option<Place>) -> Version {
        let is_put = kind == EventKind::Put;
        Version {
            value: is_put.then_some(kv.value),
            create_revision: kv.create_revision,
            mod_revision: kv.mod_revision,
            expires_at: kv.expires_at.and_then(NonZeroU64::new),
            place: place.filter(|_| is_put),
        }
    }

    fn exists(&self) -> bool {
        self.value.is_some() || self.place.is_some()
    }

    /// Where the value is, if it is not in memory.
    fn spilled(&self) -> Option<Place> {
        self.place.filter(|_| self.value.is_none())
    }

    /// Without the value, if that is not in memory.
    fn key_value(&self, key: &Bytes) -> KeyValue {
        KeyValue {
            key: key.clone(),
            value: self.value.clone().unwrap_or_default(),
            create_revision: self.create_revision,
            mod_revision: self.mod_revision,
            expires_at: self.expires_at.map(NonZeroU64::get),
        }
    }

    fn value_bytes(&self) -> u64 {
        self.value.as_ref().map_or(0, |value| value.len() as u64)
    }
}

/// The versions of a key: nearly always one, so that the others stand apart.
struct Versions {
    newest: Version,
    /// In ascending order of `mod_revision`, all before `newest`.
    older: ThinVec<Version>,
}

impl Versions {
    fn at(&self, revision: Revision) -> Option<&Version> {
        if self.newest.mod_revision <= revision {
            return Some(&self.newest);
        }
        let count = self.older.partition_point(|version| version.mod_revision <= revision);
        self.older[..count].last()
    }
}

pub(super) struct Index {
    keys: BTreeMap<Bytes, Versions>,
    /// For each change that is not compacted, its revision and key: what compaction walks, so that it costs as much as
    /// was changed and not as much as there is; and what a watch from the past reads.
    history: VecDeque<(Revision, Bytes)>,
    spilling: Spilling,
    /// Everything up to this revision is in the index.
    pub(super) revision: Revision,
    /// The oldest revision that may be read.
    pub(super) compacted: Revision,
    /// Keys that exist.
    pub(super) live: u64,
    /// Their keys and values in bytes.
    pub(super) live_bytes: u64,
    pub(super) versions: u64,
    pub(super) memory_bytes: u64,
}

/// Where a scan stands.
pub(super) struct Scan {
    pub(super) items: Vec<KeyValue>,
    /// Items whose values are in the log alone, by their position.
    pub(super) absent: Vec<(usize, Wanted)>,
    /// Items of the range beyond the limit.
    pub(super) remaining_count: u64,
    /// The next key to visit.
    pub(super) next: Bound<Bytes>,
    pub(super) end: Bytes,
    /// 0: none.
    pub(super) limit: usize,
}

impl Scan {
    pub(super) fn new(start: Bytes, end: Bytes, limit: usize) -> Scan {
        Scan { items: Vec::new(), absent: Vec::new(), remaining_count: 0, next: Bound::Included(start), end, limit }
    }

    /// A scan over all keys.
    pub(super) fn everything() -> Scan {
        Scan::new(Bytes::new(), Bytes::new(), 0)
    }

    /// What is to be read from the log, and for which items.
    pub(super) fn take_absent(&mut self) -> (Vec<usize>, Vec<Wanted>) {
        std::mem::take(&mut self.absent).into_iter().unzip()
    }

    /// Puts in what was read.
    pub(super) fn fill(&mut self, positions: Vec<usize>, values: Vec<Bytes>) {
        for (position, value) in positions.into_iter().zip(values) {
            self.items[position].value = value;
        }
    }
}

impl Index {
    /// An index that holds nothing as of `revision`.
    pub(super) fn new(revision: Revision) -> Index {
        Index {
            keys: BTreeMap::new(),
            history: VecDeque::new(),
            spilling: Spilling::default(),
            revision,
            compacted: revision,
            live: 0,
            live_bytes: 0,
            versions: 0,
            memory_bytes: 0,
        }
    }

    /// The key as it is now.
    pub(super) fn newest(&self, key: &[u8]) -> Option<KeyValue> {
        let (key, versions) = self.keys.get_key_value(key)?;
        // The newest version is always in memory.
        versions.newest.exists().then(|| versions.newest.key_value(key))
    }

    /// Puts in a key of a snapshot.
    pub(super) fn load(&mut self, kv: KeyValue) {
        self.insert(kv.key.clone(), Version::of(kv, EventKind::Put, None));
    }

    /// Makes a change, whose commit the log has at `place`. The caller raises `revision` when it has made all changes
    /// of a commit.
    pub(super) fn apply(&mut self, event: &Event, place: Option<Place>) {
        let key = self.insert(event.kv.key.clone(), Version::of(event.kv.clone(), event.kind, place));
        self.history.push_back((event.kv.mod_revision, key));
    }

    /// Gives the key as the index has it.
    fn insert(&mut self, key: Bytes, version: Version) -> Bytes {
        let exists = version.exists();
        let version_bytes = cost_bytes(&key, &version);
        self.versions += 1;
        self.memory_bytes += version_bytes;
        if exists {
            self.live += 1;
            self.live_bytes += version_bytes;
        }
        match self.keys.entry(key) {
            btree_map::Entry::Vacant(entry) => {
                let key = entry.key().clone();
                entry.insert(Versions { newest: version, older: ThinVec::new() });
                key
            }
            btree_map::Entry::Occupied(mut entry) => {
                let key = entry.key().clone();
                let versions = entry.get_mut();
                let replaced = std::mem::replace(&mut versions.newest, version);
                if replaced.exists() {
                    self.live -= 1;
                    self.live_bytes -= cost_bytes(&key, &replaced);
                }
                self.spilling.history_bytes += replaced.value_bytes();
                versions.older.push(replaced);
                key
            }
        }
    }

    /// Packs the keys: what is loaded in key order leaves each node of the tree about half full.
    pub(super) fn make_dense(&mut self) {
        self.keys = std::mem::take(&mut self.keys).into_iter().collect();
    }

    /// Whether `revision` can be read.
    pub(super) fn check_readable(&self, revision: Revision) -> Result<(), StoreError> {
        if revision < self.compacted {
            return Err(StoreError::Compacted { compacted: self.compacted, current: self.revision });
        }
        if revision > self.revision {
            return Err(StoreError::FutureRevision { requested: revision, current: self.revision });
        }
        Ok(())
    }

    /// Goes on with a scan at `revision`, over at most [`limits::SCAN_STEP_KEYS`] keys; says whether
    /// more are left.
    pub(super) fn scan(&self, scan: &mut Scan, revision: Revision) -> bool {
        let end = if scan.end.is_empty() { Bound::Unbounded } else { Bound::Excluded(scan.end.as_ref()) };
        let start = match &scan.next {
            Bound::Included(key) | Bound::Excluded(key) if !scan.end.is_empty() && *key >= scan.end => return false,
            Bound::Included(key) => Bound::Included(key.as_ref()),
            Bound::Excluded(key) => Bound::Excluded(key.as_ref()),
            Bound::Unbounded => Bound::Unbounded,
        };
        let mut visited = 0;
        let mut last = None;
        for (key, versions) in self.keys.range::<[u8], _>((start, end)) {
            visited += 1;
            last = Some(key);
            let version = versions.at(revision).filter(|version| version.exists());
            if scan.limit != 0 && scan.items.len() >= scan.limit {
                scan.remaining_count += u64::from(version.is_some());
            } else if let Some(version) = version {
                scan.absent.extend(self.wanted(key, version).map(|wanted| (scan.items.len(), wanted)));
                scan.items.push(version.key_value(key));
            }
            if visited == limits::SCAN_STEP_KEYS {
                break;
            }
        }
        if let Some(key) = last {
            scan.next = Bound::Excluded(key.clone());
        }
        visited == limits::SCAN_STEP_KEYS
    }

    /// Drops versions that no read at `revision` or later can see, at most
    /// [`limits::COMPACT_STEP_VERSIONS`] of them; says whether more are left.
    pub(super) fn trim(&mut self, revision: Revision) -> bool {
        for _ in 0..limits::COMPACT_STEP_VERSIONS {
            let Some((_, key)) = self.history.pop_front_if(|(changed, _)| *changed <= revision) else {
                if self.history.len() < self.history.capacity() / 4 {
                    self.history.shrink_to(self.history.len() * 2);
                }
                return false;
            };
            self.spilling.next = self.spilling.next.saturating_sub(1);
            self.trim_key(&key, revision);
        }
        true
    }

    fn trim_key(&mut self, key: &Bytes, revision: Revision) {
        // One key has several entries in the history when it changed often; the first one does it all.
        let Some(versions) = self.keys.get_mut(key) else { return };
        let mut count = versions.older.partition_point(|version| version.mod_revision <= revision);
        let newest_is_in = versions.newest.mod_revision <= revision;
        if !newest_is_in && count > 0 && versions.older[count - 1].exists() {
            count -= 1;
        }
        for dropped in versions.older.drain(..count) {
            self.versions -= 1;
            self.memory_bytes -= cost_bytes(key, &dropped);
            self.spilling.forget(&dropped);
        }
        if versions.older.is_empty() {
            versions.older = ThinVec::new();
        }
        if newest_is_in && !versions.newest.exists() {
            self.versions -= 1;
            self.memory_bytes -= cost_bytes(key, &versions.newest);
            self.keys.remove(key);
        }
    }

    /// The keys that expire, and when.
    pub(super) fn expiries(&self) -> impl Iterator<Item = (u64, Bytes)> {
        self.keys.iter().filter_map(|(key, versions)| {
            let newest = &versions.newest;
            newest.expires_at.filter(|_| newest.exists()).map(|at| (at.get(), key.clone()))
        })
    }
}

fn cost_bytes(key: &Bytes, version: &Version) -> u64 {
    key.len() as u64 + version.value_bytes()
}
