//! The watch cache: what a resource's objects are now, and what happened to them lately.
//!
//! One [`Cache`] per stored resource, all fed by one task ([`crate::registry`]) that follows the store in
//! revision order. A watch is a cursor into the resource's ring of changes, which is bounded in bytes: it
//! costs nothing while nothing happens. Who comes from before the ring is given what the store still has of
//! its history ([`recall`]), or told 410.
//!
//! **Invariants.** Revisions in a ring never go back. A write is acknowledged only when its revision has been
//! applied here, so that a client reads its own writes. An object is decoded at most once while anybody
//! uses it.

mod lanes;
mod recall;
mod trees;

use std::{
    collections::{BTreeMap, VecDeque},
    ops::Bound,
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use apimachinery::{
    Object, Status, Str,
    protobuf::{self, served::Served},
};
use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use store::{EventKind, KeyValue};
use tokio::sync::watch;

pub(crate) use lanes::Lane;
use lanes::Lanes;
use trees::Trees;

use crate::{encoded::Encoded, stored::StoredForm};

/// The most bytes of stored values that one resource's ring of changes holds.
const RING_BYTES_LIMIT: usize = 16 << 20;
/// The most changes in a ring, whatever their size.
const RING_CHANGES_LIMIT: usize = 100_000;
/// How many numbers of changes a load leaves out, so that cursors from before it are told apart from those of changes
/// that are taken back.
const SEQUENCE_GAP: u64 = 1 << 32;

/// An object at one revision.
pub struct Entry {
    key: Str,
    revision: u64,
    bytes: Bytes,
    forms: Mutex<Forms>,
}

/// What has been made of an entry's bytes.
#[derive(Default)]
struct Forms {
    /// Kept as long as somebody uses it: informers hold what they need, everything else is decoded again.
    decoded: Weak<Object>,
    /// Kept while [`Encoded`] has room for it; boxed, since few entries have it.
    json: Option<Box<Bytes>>,
}

const _: () = assert!(size_of::<Entry>() == 80, "a million objects have a million of these");

impl Entry {
    /// `namespace/name` or the name.
    pub fn key(&self) -> &Str {
        &self.key
    }

    /// When it was last written.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// How long its stored form is.
    pub(crate) fn stored_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The stored message, without its envelope; `None` where it is kept in another form.
    pub(crate) fn message(&self) -> Option<Bytes> {
        let is_protobuf = self.bytes.starts_with(protobuf::MAGIC);
        is_protobuf.then(|| protobuf::Envelope::open(&self.bytes).ok()).flatten().map(|envelope| envelope.raw)
    }

    /// The object as JSON, if that is kept.
    pub(crate) fn json(&self) -> Option<Bytes> {
        self.forms.lock().json.as_deref().cloned()
    }

    /// Keeps the object's JSON, or lets go of it; whether that changed anything.
    pub(crate) fn set_json(&self, json: Option<Bytes>) -> bool {
        let mut forms = self.forms.lock();
        let changes = forms.json.is_some() != json.is_some();
        forms.json = json.map(Box::new);
        changes
    }

    /// Gives back what is left of a decoded object that nobody uses any more: a weak reference holds its place.
    pub(crate) fn tidy(&self) {
        let mut forms = self.forms.lock();
        if forms.decoded.strong_count() == 0 {
            forms.decoded = Weak::new();
        }
    }
}

/// What happened to an object.
pub struct Change {
    /// The revision of the write.
    pub revision: u64,
    /// The object after it; for a deletion its last state, with the revision of the deletion.
    pub entry: Arc<Entry>,
    /// The object before it; `None` when it was made.
    pub previous: Option<Arc<Entry>>,
    /// Whether it is gone.
    pub deleted: bool,
    /// The object as JSON, made when the first watcher asks.
    json: OnceLock<Bytes>,
    /// The object in an envelope of protobuf, likewise.
    protobuf: OnceLock<Bytes>,
}

impl Change {
    /// What an event of the store says; `entry` and `previous` are what it has of the object after and before it.
    fn new(event: &store::Event, entry: Arc<Entry>, previous: Option<Arc<Entry>>) -> Change {
        let deleted = event.kind == EventKind::Delete;
        let entry = match &previous {
            // A deletion shows the object's last state at the revision of the deletion.
            Some(last) if deleted => Arc::new(Entry {
                key: last.key.clone(),
                revision: event.kv.mod_revision,
                bytes: last.bytes.clone(),
                forms: Mutex::default(),
            }),
            _ => entry,
        };
        let (json, protobuf) = (OnceLock::new(), OnceLock::new());
        Change { revision: event.kv.mod_revision, entry, previous, deleted, json, protobuf }
    }
}

struct State {
    entries: BTreeMap<Str, Arc<Entry>>,
    ring: VecDeque<Arc<Change>>,
    ring_bytes: usize,
    /// The sequence number of the first change in the ring.
    first_sequence: u64,
    /// Changes up to this revision are no longer in the ring.
    forgotten_revision: u64,
    /// The revision of the last change of this resource.
    revision: u64,
    /// The changes that watchers of few of them wait for.
    lanes: Lanes,
}

impl State {
    fn range(&self, key_prefix: &str, start_after: &str) -> Vec<Arc<Entry>> {
        let start = if start_after.is_empty() { Bound::Included(key_prefix) } else { Bound::Excluded(start_after) };
        let range = self.entries.range::<str, _>((start, Bound::Unbounded));
        range.take_while(|(key, _)| key.starts_with(key_prefix)).map(|(_, entry)| entry.clone()).collect()
    }
}

/// One resource's objects and their recent changes.
pub struct Cache {
    prefix: Str,
    form: RwLock<Arc<StoredForm>>,
    state: RwLock<State>,
    /// Everything up to this revision has been applied to every cache.
    applied: Arc<AtomicU64>,
    /// What all caches keep of encoded objects.
    encoded: Arc<Encoded>,
    trees: Trees,
    /// The count of changes so far: whoever waits for a change waits for this to move.
    sequence: watch::Sender<u64>,
    /// Held while changes are read from the store's history.
    recalling: tokio::sync::Mutex<()>,
}

/// A page of a list.
pub struct Page {
    /// In key order.
    pub entries: Vec<Arc<Entry>>,
    /// The revision of the whole.
    pub revision: u64,
}

impl Cache {
    pub(crate) fn new(prefix: Str, form: StoredForm, applied: Arc<AtomicU64>, encoded: Arc<Encoded>) -> Cache {
        let state = State {
            entries: BTreeMap::new(),
            ring: VecDeque::new(),
            ring_bytes: 0,
            first_sequence: 0,
            forgotten_revision: 0,
            revision: 0,
            lanes: Lanes::default(),
        };
        Cache {
            prefix,
            form: RwLock::new(Arc::new(form)),
            state: RwLock::new(state),
            applied,
            encoded,
            trees: Trees::default(),
            sequence: watch::channel(0).0,
            recalling: tokio::sync::Mutex::default(),
        }
    }

    /// The store's key of an object.
    pub(crate) fn store_key(&self, key: &str) -> Bytes {
        Bytes::from(format!("{}{key}", self.prefix))
    }

    /// The prefix of all its keys in the store.
    pub(crate) fn prefix(&self) -> &Str {
        &self.prefix
    }

    /// The key after all of its keys: the prefix ends in a slash, which the next character replaces.
    pub(crate) fn prefix_end(&self) -> Bytes {
        let mut end = self.prefix.as_bytes().to_vec();
        if let Some(last) = end.last_mut() {
            *last += 1;
        }
        end.into()
    }

    pub(crate) fn form(&self) -> Arc<StoredForm> {
        self.form.read().clone()
    }

    /// Reads objects in another way from now on: the definition of a custom resource changed.
    pub(crate) fn set_form(&self, form: StoredForm) {
        *self.form.write() = Arc::new(form);
        for entry in self.state.read().entries.values() {
            let mut forms = entry.forms.lock();
            forms.decoded = Weak::new();
            // Its place in the bound is given back when the entry's turn comes.
            forms.json = None;
        }
    }

    /// `namespace/name` or the name, out of the store's key.
    fn key_of<'k>(&self, kv: &'k KeyValue) -> &'k str {
        let key = std::str::from_utf8(&kv.key).unwrap_or_default();
        key.strip_prefix(self.prefix.as_str()).unwrap_or(key)
    }

    fn entry(&self, kv: &KeyValue) -> Arc<Entry> {
        let key = self.key_of(kv);
        // What is gone has no value; its last state is at hand.
        let bytes = if kv.value.is_empty() { Bytes::new() } else { self.form.read().adopt(&kv.key, &kv.value) };
        Arc::new(Entry { key: key.into(), revision: kv.mod_revision, bytes, forms: Mutex::default() })
    }

    /// The entry of an event, with the object if its writer left it.
    fn written(&self, event: &store::Event) -> Arc<Entry> {
        let Some(object) = self.trees.take(&event.kv) else { return self.entry(&event.kv) };
        let key = self.key_of(&event.kv);
        let (revision, bytes) = (event.kv.mod_revision, event.kv.value.clone());
        debug_assert_eq!(
            self.form().decode(key, &bytes, revision).ok().as_ref(),
            Some(&*object),
            "whoever reads the bytes gets what the writer left"
        );
        let forms = Mutex::new(Forms { decoded: Arc::downgrade(&object), json: None });
        Arc::new(Entry { key: key.into(), revision, bytes, forms })
    }

    /// Takes what the store holds at `revision`; whoever watches is told to list again.
    pub(crate) fn load(&self, items: &[KeyValue], revision: u64) {
        let entries = items.iter().map(|kv| self.entry(kv)).map(|entry| (entry.key.clone(), entry)).collect();
        let mut state = self.state.write();
        // Cursors are behind the first sequence number from here on, and answer 410.
        state.first_sequence += state.ring.len() as u64 + SEQUENCE_GAP;
        state.ring.clear();
        state.ring_bytes = 0;
        let sequence = state.first_sequence;
        state.entries = entries;
        state.revision = revision;
        state.forgotten_revision = revision;
        state.lanes.reset(revision);
        drop(state);
        self.sequence.send_replace(sequence);
    }

    /// Applies the changes of this resource; the caller keeps revision order.
    pub(crate) fn apply(&self, events: &[&store::Event], revision: u64) {
        // Before the lock is taken: bytes of other writers are looked into.
        let entries: Vec<_> = events.iter().map(|event| self.written(event)).collect();
        let mut state = self.state.write();
        for (event, entry) in events.iter().zip(entries) {
            let previous = match event.kind {
                EventKind::Delete => state.entries.remove(&entry.key),
                EventKind::Put => state.entries.insert(entry.key.clone(), entry.clone()),
            };
            let change = Arc::new(Change::new(event, entry, previous));
            state.ring_bytes += change.entry.bytes.len();
            let forgotten_revision = state.forgotten_revision;
            state.lanes.push(self, &change, forgotten_revision);
            state.ring.push_back(change);
            while state.ring_bytes > RING_BYTES_LIMIT || state.ring.len() > RING_CHANGES_LIMIT {
                let Some(oldest) = state.ring.pop_front() else { break };
                state.ring_bytes -= oldest.entry.bytes.len();
                state.first_sequence += 1;
                state.forgotten_revision = oldest.revision;
            }
        }
        state.revision = revision;
        let sequence = state.first_sequence + state.ring.len() as u64;
        drop(state);
        if !events.is_empty() {
            self.sequence.send_replace(sequence);
        }
    }

    /// The revision up to which everything has been applied.
    pub fn revision(&self) -> u64 {
        self.current(&self.state.read())
    }

    /// The caller holds the lock, so that what it sees includes everything up to this revision.
    fn current(&self, state: &State) -> u64 {
        state.revision.max(self.applied.load(Ordering::Acquire))
    }

    /// The object at `key` now.
    pub fn get(&self, key: &str) -> Option<Arc<Entry>> {
        self.state.read().entries.get(key).cloned()
    }

    /// The object at `key` now, decoded.
    pub fn get_object(&self, key: &str) -> Result<Option<Arc<Object>>, Status> {
        self.get(key).map(|entry| self.object(&entry)).transpose()
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.state.read().entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The objects whose keys start with `key_prefix` and come after `start_after` (exclusive; empty for all).
    pub fn list(&self, key_prefix: &str, start_after: &str) -> Page {
        let state = self.state.read();
        Page { entries: state.range(key_prefix, start_after), revision: self.current(&state) }
    }

    /// The same as of a past revision, when nothing has changed since.
    pub(crate) fn unchanged(&self, key_prefix: &str, start_after: &str, revision: u64) -> Option<Vec<Arc<Entry>>> {
        let state = self.state.read();
        // A revision that has not come is no past one: the store says so.
        let told = state.revision <= revision && revision <= self.current(&state);
        told.then(|| state.range(key_prefix, start_after))
    }

    /// Every object, decoded.
    pub fn objects(&self, namespace: &str) -> Result<Vec<Arc<Object>>, Status> {
        let prefix = if namespace.is_empty() { String::new() } else { format!("{namespace}/") };
        self.list(&prefix, "").entries.iter().map(|entry| self.object(entry)).collect()
    }

    /// The decoded form of an entry, shared with whoever else has it.
    pub fn object(&self, entry: &Entry) -> Result<Arc<Object>, Status> {
        if let Some(object) = entry.forms.lock().decoded.upgrade() {
            return Ok(object);
        }
        let object = self
            .form()
            .decode(&entry.key, &entry.bytes, entry.revision)
            .map(Arc::new)
            .map_err(|error| Status::internal(error.to_string()))?;
        entry.forms.lock().decoded = Arc::downgrade(&object);
        Ok(object)
    }

    /// The object of a change, decoded once for the watchers that come soon.
    pub fn changed_object(&self, change: &Change) -> Result<Arc<Object>, Status> {
        self.trees.ask();
        let entry = &change.entry;
        if let Some(object) = entry.forms.lock().decoded.upgrade() {
            return Ok(object);
        }
        let last = change.previous.as_ref().filter(|_| change.deleted);
        let object = match last.and_then(|last| last.forms.lock().decoded.upgrade()) {
            // A deletion's object differs in its revision alone.
            Some(last) => {
                let mut object = Object::clone(&last);
                object.metadata_mut().insert(Str::from_static("resourceVersion"), entry.revision.to_string());
                let object = Arc::new(object);
                entry.forms.lock().decoded = Arc::downgrade(&object);
                object
            }
            None => self.object(entry)?,
        };
        self.trees.keep(&object, entry.bytes.len());
        Ok(object)
    }

    /// The object of a change as JSON, encoded once for all watchers.
    pub fn changed_json(&self, change: &Change) -> Result<Bytes, Status> {
        if let Some(json) = change.json.get() {
            return Ok(json.clone());
        }
        let form = self.form();
        let object = self.changed_object(change)?;
        let json = change.json.get_or_init(|| apimachinery::json::to_vec(&object).into()).clone();
        if !change.deleted {
            self.keep_json(&change.entry, &json, &form);
        }
        Ok(json)
    }

    /// An entry's object as JSON, encoded once while there is room to keep it.
    pub(crate) fn json(&self, entry: &Arc<Entry>) -> Result<Bytes, Status> {
        if let Some(json) = entry.json() {
            return Ok(json);
        }
        let form = self.form();
        let json = Bytes::from(apimachinery::json::to_vec(&*self.object(entry)?).into_boxed_slice());
        entry.tidy();
        self.keep_json(entry, &json, &form);
        Ok(json)
    }

    /// Keeps what was encoded under `form`, unless another has come meanwhile: [`Cache::set_form`] puts the new form
    /// there first and then lets go of what is kept, so that one of both sees the other.
    fn keep_json(&self, entry: &Arc<Entry>, json: &Bytes, form: &Arc<StoredForm>) {
        self.encoded.keep(entry, json);
        if !Arc::ptr_eq(form, &self.form()) {
            entry.set_json(None);
        }
    }

    /// An entry's object in an envelope of protobuf, out of its stored bytes; `None` where they are no protobuf.
    pub(crate) fn protobuf(&self, entry: &Entry) -> Result<Option<Bytes>, Status> {
        if !entry.bytes.starts_with(protobuf::MAGIC) {
            return Ok(None);
        }
        let failed = |error: protobuf::ProtobufError| Status::internal(format!("{}: {error}", entry.key));
        let envelope = protobuf::Envelope::open(&entry.bytes).map_err(failed)?;
        let served = Served::new(&envelope.raw, entry.revision).map_err(failed)?;
        let form = self.form();
        let mut message = Vec::with_capacity(served.length());
        served.write(&mut message);
        Ok(Some(protobuf::envelope(&message, &form.api_version, &form.kind).into()))
    }

    /// The object of a change in an envelope of protobuf, made once for all watchers; `None` where it has no such form.
    pub(crate) fn changed_protobuf(&self, change: &Change) -> Result<Option<Bytes>, Status> {
        if let Some(protobuf) = change.protobuf.get() {
            return Ok(Some(protobuf.clone()));
        }
        let made = self.protobuf(&change.entry)?;
        Ok(made.map(|made| change.protobuf.get_or_init(|| made).clone()))
    }

    /// An entry of a past revision, read from the store.
    pub(crate) fn past_entry(&self, kv: &KeyValue) -> Arc<Entry> {
        self.entry(kv)
    }

    /// A cursor behind everything that happened up to `revision`, in a lane if one is named.
    ///
    /// # Errors
    /// 410 when changes after `revision` are no longer kept.
    pub(crate) fn watch_from(self: &Arc<Cache>, revision: u64, lane: Option<Lane>) -> Result<Cursor, Status> {
        let is_known = |state: &State, lane_since: u64| match revision < state.forgotten_revision.min(lane_since) {
            true => Err(too_old(revision, state.forgotten_revision + 1)),
            false => Ok(()),
        };
        let Some(lane) = lane else {
            let state = self.state.read();
            is_known(&state, u64::MAX)?;
            let skipped = state.ring.partition_point(|change| change.revision <= revision);
            let next = state.first_sequence + skipped as u64;
            return Ok(Cursor { cache: self.clone(), next, moved: self.sequence.subscribe(), lane: None });
        };
        let mut state = self.state.write();
        is_known(&state, state.lanes.get(&lane).map_or(u64::MAX, |track| track.since))?;
        let State { lanes, ring, .. } = &mut *state;
        let track = lanes.join(self, &lane, revision, ring);
        let skipped = track.changes.partition_point(|change| change.revision <= revision);
        let (next, moved) = (track.first_sequence + skipped as u64, track.moved.subscribe());
        Ok(Cursor { cache: self.clone(), next, moved, lane: Some(lane) })
    }

    /// The objects now, and a cursor behind them.
    pub fn list_and_watch(self: &Arc<Cache>, key_prefix: &str) -> (Page, Cursor) {
        self.list_and_watch_in(key_prefix, None)
    }

    /// The objects now, and a cursor behind them, in a lane if one is named.
    pub(crate) fn list_and_watch_in(self: &Arc<Cache>, key_prefix: &str, lane: Option<Lane>) -> (Page, Cursor) {
        let page = |state: &State| Page { entries: state.range(key_prefix, ""), revision: self.current(state) };
        let Some(lane) = lane else {
            let state = self.state.read();
            let next = state.first_sequence + state.ring.len() as u64;
            let cursor = Cursor { cache: self.clone(), next, moved: self.sequence.subscribe(), lane: None };
            return (page(&state), cursor);
        };
        let mut state = self.state.write();
        let page = page(&state);
        let State { lanes, ring, .. } = &mut *state;
        let track = lanes.join(self, &lane, page.revision, ring);
        let (next, moved) = (track.end(), track.moved.subscribe());
        (page, Cursor { cache: self.clone(), next, moved, lane: Some(lane) })
    }
}

/// What upstream says to who asks for what is no longer known.
fn too_old(revision: u64, oldest: u64) -> Status {
    Status::expired(format!("too old resource version: {revision} ({oldest})"))
}

/// A place in a resource's ring of changes, or in a lane of it.
pub struct Cursor {
    cache: Arc<Cache>,
    next: u64,
    moved: watch::Receiver<u64>,
    lane: Option<Lane>,
}

impl Drop for Cursor {
    fn drop(&mut self) {
        if let Some(lane) = &self.lane {
            self.cache.state.write().lanes.leave(lane);
        }
    }
}

/// The most changes handed out at once, so that one slow watcher holds little.
const CURSOR_BATCH: usize = 64;

impl Cursor {
    /// The cache it moves in.
    pub fn cache(&self) -> &Arc<Cache> {
        &self.cache
    }

    /// The next changes, if there are any, and the revision up to which nothing else happened.
    ///
    /// # Errors
    /// 410 when the cursor fell off the ring.
    pub fn take(&mut self) -> Result<(Vec<Arc<Change>>, u64), Status> {
        self.moved.borrow_and_update();
        let state = self.cache.state.read();
        let track = self.lane.as_ref().and_then(|lane| state.lanes.get(lane));
        let (first_sequence, all) = match track {
            Some(track) => (track.first_sequence, &track.changes),
            None => (state.first_sequence, &state.ring),
        };
        let Some(skip) = self.next.checked_sub(first_sequence) else {
            return Err(Status::expired("too old resource version: the watch fell behind"));
        };
        let changes: Vec<_> = all.iter().skip(skip as usize).take(CURSOR_BATCH).cloned().collect();
        self.next += changes.len() as u64;
        let at_end = skip as usize + changes.len() == all.len();
        let revision =
            if at_end { self.cache.current(&state) } else { changes.last().map_or(0, |change| change.revision) };
        Ok((changes, revision))
    }

    /// Whether there may be something to take.
    pub fn has_moved(&self) -> bool {
        // The sender lives in the cache, which this cursor keeps alive.
        self.moved.has_changed().unwrap_or(true)
    }

    /// Waits until there may be something to take.
    pub async fn moved(&mut self) {
        // The sender lives in the cache, which this cursor keeps alive.
        let _ = self.moved.changed().await;
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A cache of things with this prefix, of this kind of the core group.
    pub(crate) fn cache_of(prefix: &'static str, kind: &'static str) -> Arc<Cache> {
        let form = StoredForm {
            schema: crate::SchemaHandle::Static(api::schema()),
            type_id: api::type_of("", "v1", kind).unwrap(),
            api_version: Str::from_static("v1"),
            kind: Str::from_static(kind),
            custom: None,
            has_other_writers: false,
        };
        Arc::new(Cache::new(Str::from_static(prefix), form, Arc::default(), Arc::new(Encoded::new(0))))
    }

    /// An entry that nobody reads.
    pub(crate) fn entry(key: &str) -> Arc<Entry> {
        Arc::new(Entry { key: key.into(), revision: 1, bytes: Bytes::new(), forms: Mutex::default() })
    }

    #[test]
    fn nothing_is_kept_of_an_object_that_nobody_uses() {
        let cache = cache_of("/registry/configmaps/", "ConfigMap");
        let value = Bytes::from_static(br#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}"#);
        let key = Bytes::from_static(b"/registry/configmaps/a");
        cache.load(&[KeyValue { key, value, create_revision: 1, mod_revision: 1, expires_at: None }], 1);
        let entry = cache.get("a").unwrap();
        let object = cache.object(&entry).unwrap();
        entry.tidy();
        assert!(Arc::ptr_eq(&object, &cache.object(&entry).unwrap()), "whoever uses it shares it");
        drop(object);
        assert!(!entry.forms.lock().decoded.ptr_eq(&Weak::new()), "its place is held");
        entry.tidy();
        assert!(entry.forms.lock().decoded.ptr_eq(&Weak::new()));
        // What is encoded of it leaves nothing either.
        cache.json(&entry).unwrap();
        assert!(entry.forms.lock().decoded.ptr_eq(&Weak::new()));
    }
}
