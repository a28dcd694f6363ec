//! The read index: every key with the versions that are not compacted, in memory.

use std::{
    collections::{BTreeMap, VecDeque, btree_map},
    ops::Bound,
};

use bytes::Bytes;
use thin_vec::ThinVec;

use crate::{Event, KeyValue, Revision, StoreError, limits};

/// The revision of a store to which nothing was ever written, as in etcd.
pub(super) const FIRST_REVISION: Revision = 1;

struct Version {
    /// None: the key was deleted.
    value: Option<Bytes>,
    create_revision: Revision,
    mod_revision: Revision,
    expires_at: Option<u64>,
}

impl Version {
    fn key_value(&self, key: &Bytes) -> Option<KeyValue> {
        Some(KeyValue {
            key: key.clone(),
            value: self.value.as_ref()?.clone(),
            create_revision: self.create_revision,
            mod_revision: self.mod_revision,
            expires_at: self.expires_at,
        })
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
    /// For each change that left something to drop, its revision and key: what compaction walks, so
    /// that it costs as much as was changed and not as much as there is.
    history: VecDeque<(Revision, Bytes)>,
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
        Scan { items: Vec::new(), remaining_count: 0, next: Bound::Included(start), end, limit }
    }

    /// A scan over all keys.
    pub(super) fn everything() -> Scan {
        Scan::new(Bytes::new(), Bytes::new(), 0)
    }
}

impl Index {
    /// An index that holds nothing as of `revision`.
    pub(super) fn new(revision: Revision) -> Index {
        Index {
            keys: BTreeMap::new(),
            history: VecDeque::new(),
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
        versions.newest.key_value(key)
    }

    /// Puts in a key of a snapshot.
    pub(super) fn load(&mut self, kv: KeyValue) {
        self.insert(kv.key.clone(), version_of(kv));
    }

    /// Makes a change. The caller raises `revision` when it has made all changes of a commit.
    pub(super) fn apply(&mut self, event: &Event) {
        let mut version = version_of(event.kv.clone());
        if event.kind == crate::EventKind::Delete {
            version.value = None;
        }
        self.insert(event.kv.key.clone(), version);
    }

    fn insert(&mut self, key: Bytes, version: Version) {
        let revision = version.mod_revision;
        let exists = version.value.is_some();
        let version_bytes = cost_bytes(&key, &version);
        self.versions += 1;
        self.memory_bytes += version_bytes;
        if exists {
            self.live_bytes += version_bytes;
        }
        match self.keys.entry(key) {
            btree_map::Entry::Vacant(entry) => {
                if !exists {
                    self.history.push_back((revision, entry.key().clone()));
                }
                entry.insert(Versions { newest: version, older: ThinVec::new() });
                self.live += u64::from(exists);
            }
            btree_map::Entry::Occupied(mut entry) => {
                self.history.push_back((revision, entry.key().clone()));
                let versions = entry.get_mut();
                let replaced = std::mem::replace(&mut versions.newest, version);
                self.live = self.live + u64::from(exists) - u64::from(replaced.value.is_some());
                if replaced.value.is_some() {
                    self.live_bytes -= cost_bytes(entry.key(), &replaced);
                }
                let versions = entry.get_mut();
                versions.older.push(replaced);
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
            let version = versions.at(revision).filter(|version| version.value.is_some());
            if scan.limit == 0 || scan.items.len() < scan.limit {
                scan.items.extend(version.and_then(|version| version.key_value(key)));
            } else {
                scan.remaining_count += u64::from(version.is_some());
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
            match self.history.pop_front_if(|(changed, _)| *changed <= revision) {
                Some((_, key)) => self.trim_key(&key, revision),
                None => return false,
            }
        }
        true
    }

    fn trim_key(&mut self, key: &Bytes, revision: Revision) {
        // One key has several entries in the history when it changed often; the first one does it all.
        let Some(versions) = self.keys.get_mut(key) else { return };
        let mut count = versions.older.partition_point(|version| version.mod_revision <= revision);
        let newest_is_in = versions.newest.mod_revision <= revision;
        if !newest_is_in && count > 0 && versions.older[count - 1].value.is_some() {
            count -= 1;
        }
        for dropped in versions.older.drain(..count) {
            self.versions -= 1;
            self.memory_bytes -= cost_bytes(key, &dropped);
        }
        if versions.older.is_empty() {
            versions.older = ThinVec::new();
        }
        if newest_is_in && versions.newest.value.is_none() {
            self.versions -= 1;
            self.memory_bytes -= cost_bytes(key, &versions.newest);
            self.keys.remove(key);
        }
    }

    /// The keys that expire, and when.
    pub(super) fn expiries(&self) -> impl Iterator<Item = (u64, Bytes)> {
        self.keys.iter().filter_map(|(key, versions)| {
            let newest = &versions.newest;
            newest.value.as_ref().and(newest.expires_at).map(|at| (at, key.clone()))
        })
    }
}

fn version_of(kv: KeyValue) -> Version {
    Version {
        value: Some(kv.value),
        create_revision: kv.create_revision,
        mod_revision: kv.mod_revision,
        expires_at: kv.expires_at,
    }
}

fn cost_bytes(key: &Bytes, version: &Version) -> u64 {
    (key.len() + version.value.as_ref().map_or(0, Bytes::len)) as u64
}
