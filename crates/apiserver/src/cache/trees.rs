//! Decoded objects that are at hand: those that writers leave, and those of the latest changes.
//!
//! A writer has the object whose bytes it commits; decoding them for the watchers of this process would cost as much as
//! the rest of the request. So it leaves the object here before it commits ([`Cache::hand_over`]), and the change takes it
//! along when it comes. All watchers ask for a change's object at about the same time: those of the latest changes are
//! kept for them, and no others, since a tree has many times the size of its bytes.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use apimachinery::{Object, Str};
use bytes::Bytes;
use parking_lot::Mutex;
use store::KeyValue;

use super::Cache;

/// The most bytes, encoded, of changes whose objects are kept decoded.
const RECENT_BYTES_LIMIT: usize = 1 << 20;
/// The most of them, whatever their size.
const RECENT_LIMIT: usize = 1_024;

/// The objects of one cache that are at hand.
pub(super) struct Trees {
    /// Whether anybody ever asked for the object of a change: most kinds are watched by nobody.
    is_asked: AtomicBool,
    handed: Mutex<HashMap<Bytes, Handed>>,
    recent: Mutex<Recent>,
}

/// What a writer left.
struct Handed {
    /// What it commits.
    bytes: Bytes,
    object: Object,
}

#[derive(Default)]
struct Recent {
    objects: VecDeque<(Arc<Object>, usize)>,
    bytes: usize,
}

impl Default for Trees {
    fn default() -> Trees {
        // Debug builds hold what writers leave against what their bytes say, of all kinds.
        let is_asked = AtomicBool::new(cfg!(debug_assertions));
        Trees { is_asked, handed: Mutex::default(), recent: Mutex::default() }
    }
}

impl Trees {
    /// The object of a write whose writer left it here, at the revision of the write.
    pub(super) fn take(&self, kv: &KeyValue) -> Option<Arc<Object>> {
        let mut handed = self.handed.lock();
        // Another writer may have been faster, with other bytes.
        if handed.get(&kv.key)?.bytes != kv.value {
            return None;
        }
        let Handed { mut object, .. } = handed.remove(&kv.key)?;
        drop(handed);
        object.metadata_mut().insert(Str::from_static("resourceVersion"), kv.mod_revision.to_string());
        let object = Arc::new(object);
        self.keep(&object, kv.value.len());
        Some(object)
    }

    /// Takes in that somebody asks for objects of changes.
    pub(super) fn ask(&self) {
        if !self.is_asked.load(Ordering::Relaxed) {
            self.is_asked.store(true, Ordering::Relaxed);
        }
    }

    /// Keeps the object of a change, which has `bytes` encoded, while few come after it.
    pub(super) fn keep(&self, object: &Arc<Object>, bytes: usize) {
        let mut gone = Vec::new();
        let mut recent = self.recent.lock();
        recent.objects.push_back((object.clone(), bytes));
        recent.bytes += bytes;
        while recent.bytes > RECENT_BYTES_LIMIT || recent.objects.len() > RECENT_LIMIT {
            let Some((oldest, bytes)) = recent.objects.pop_front() else { break };
            recent.bytes -= bytes;
            gone.push(oldest);
        }
        // Trees are taken apart without the lock.
        drop(recent);
    }
}

/// Takes back what was handed over and not used, when it is dropped.
pub(crate) struct Handover<'c> {
    trees: &'c Trees,
    key: Bytes,
    bytes: Bytes,
}

impl Drop for Handover<'_> {
    fn drop(&mut self) {
        let mut handed = self.trees.handed.lock();
        // Another writer may have left its own in the same place.
        let is_own = handed.get(&self.key).is_some_and(|handed| handed.bytes.as_ptr() == self.bytes.as_ptr());
        let own = if is_own { handed.remove(&self.key) } else { None };
        drop(handed);
        drop(own);
    }
}

impl Cache {
    /// Leaves the object whose `bytes` are about to be committed at `key` of the store, for whoever watches here; it is
    /// taken back when the answer is dropped, which is when the commit has been applied or has failed.
    pub(crate) fn hand_over(&self, key: &Bytes, bytes: &Bytes, object: Object) -> Option<Handover<'_>> {
        // What definitions say of custom resources may change before the commit comes.
        if !self.trees.is_asked.load(Ordering::Relaxed) || self.form().custom.is_some() {
            return None;
        }
        let handed = Handed { bytes: bytes.clone(), object };
        let before = self.trees.handed.lock().insert(key.clone(), handed);
        drop(before);
        Some(Handover { trees: &self.trees, key: key.clone(), bytes: bytes.clone() })
    }
}

#[cfg(test)]
mod tests {
    use apimachinery::value;
    use store::{Event, EventKind};

    use super::*;
    use crate::cache::tests::cache_of;

    fn asked_cache() -> Arc<Cache> {
        let cache = cache_of("/registry/configmaps/", "ConfigMap");
        cache.trees.ask();
        cache
    }

    fn config_map(text: &str) -> Object {
        let metadata = value!({"name": "one", "namespace": "here"});
        Object(value!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"text": text}}))
    }

    fn put(key: &Bytes, value: &Bytes, revision: u64) -> Event {
        let (key, value) = (key.clone(), value.clone());
        let kv = KeyValue { key, value, create_revision: revision, mod_revision: revision, expires_at: None };
        Event { kind: EventKind::Put, kv, previous: None }
    }

    #[test]
    fn a_change_brings_the_object_that_its_writer_left() {
        let cache = asked_cache();
        let key = cache.store_key("here/one");
        let (object, bytes) = cache.form().stored(&mut config_map("own"));
        let handover = cache.hand_over(&key, &bytes, object).unwrap();
        cache.apply(&[&put(&key, &bytes, 7)], 7);
        drop(handover);
        let entry = cache.get("here/one").unwrap();
        let at_hand = entry.forms.lock().decoded.upgrade().expect("it was not decoded");
        assert_eq!(at_hand.resource_version(), "7");
        assert_eq!(*at_hand, cache.form().decode("", &bytes, 7).unwrap());
        assert!(cache.trees.handed.lock().is_empty());
    }

    #[test]
    fn what_another_writes_is_not_taken_for_what_was_left() {
        let cache = asked_cache();
        let key = cache.store_key("here/one");
        let (object, bytes) = cache.form().stored(&mut config_map("own"));
        let (_, faster) = cache.form().stored(&mut config_map("another's"));
        let handover = cache.hand_over(&key, &bytes, object).unwrap();
        cache.apply(&[&put(&key, &faster, 7)], 7);
        let seen = cache.get_object("here/one").unwrap().unwrap();
        assert_eq!(seen.0.str_at(&["data", "text"]), Some("another's"));
        // Its own commit comes behind.
        cache.apply(&[&put(&key, &bytes, 8)], 8);
        let seen = cache.get_object("here/one").unwrap().unwrap();
        assert_eq!((seen.0.str_at(&["data", "text"]), seen.resource_version()), (Some("own"), "8"));
        drop(handover);
        assert!(cache.trees.handed.lock().is_empty());
    }

    #[test]
    fn what_was_not_committed_is_taken_back_and_another_s_is_not() {
        let cache = asked_cache();
        let key = cache.store_key("here/one");
        let hand_over = |text| {
            let (object, bytes) = cache.form().stored(&mut config_map(text));
            cache.hand_over(&key, &bytes, object).unwrap()
        };
        let first = hand_over("first");
        let second = hand_over("second");
        drop(first);
        assert_eq!(cache.trees.handed.lock().len(), 1, "the second's");
        drop(second);
        assert!(cache.trees.handed.lock().is_empty());
    }

    #[test]
    fn few_objects_are_kept() {
        let trees = Trees::default();
        let object = Arc::new(config_map("some"));
        (0..2 * RECENT_LIMIT).for_each(|_| trees.keep(&object, 1));
        assert_eq!(Arc::strong_count(&object), 1 + RECENT_LIMIT);
        trees.keep(&object, RECENT_BYTES_LIMIT);
        assert_eq!(Arc::strong_count(&object), 2, "the last alone");
        trees.keep(&object, RECENT_BYTES_LIMIT + 1);
        assert_eq!((Arc::strong_count(&object), trees.recent.lock().bytes), (1, 0), "it is too large");
    }
}
