//! Changes for watchers that want few of them: a kubelet its node's pods, a client one object.
//!
//! A watcher with such a selector follows a lane, which has the changes that it may select and no others, and is woken
//! by those alone: a change costs as much with five thousand kubelets as with one. Lanes come and go with their
//! watchers. Upstream's counterpart are the trigger functions of `k8s.io/apiserver/pkg/storage/cacher`.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use apimachinery::{Str, fields, protobuf};
use tokio::sync::watch;

use super::{Cache, Change, Entry, SEQUENCE_GAP};
use crate::Resource;

/// `spec.nodeName` in the message of a pod.
const NODE_NAME_OF_POD: &[u32] = &[2, 10];
const PODS: &str = "/registry/pods/";
const NODE_NAME: &str = "spec.nodeName";

/// Which changes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Lane {
    /// Those of the object with this key.
    Object(Str),
    /// Those of pods that are on this node, or were before.
    Node(Str),
}

impl Lane {
    /// The lane in which everything is that `selector` may select in a namespace; `None` if there is no such lane.
    pub(crate) fn of(resource: &Resource, cache: &Cache, namespace: &str, selector: &fields::Selector) -> Option<Lane> {
        if let Some(name) = selector.required_value("metadata.name")
            && (!namespace.is_empty() || !resource.kind.namespaced)
        {
            return Some(Lane::Object(resource.key(namespace, name).into()));
        }
        selector.required_value(NODE_NAME).filter(|_| cache.has_nodes()).map(|node| Lane::Node(node.into()))
    }
}

/// The changes of one lane.
pub(super) struct Track {
    pub(super) changes: VecDeque<Arc<Change>>,
    /// The sequence number of the first of them.
    pub(super) first_sequence: u64,
    /// It has all changes after this revision.
    pub(super) since: u64,
    pub(super) moved: watch::Sender<u64>,
    cursors: usize,
}

impl Track {
    fn new(since: u64) -> Track {
        let first_sequence = SEQUENCE_GAP;
        Track { changes: VecDeque::new(), first_sequence, since, moved: watch::channel(0).0, cursors: 0 }
    }

    pub(super) fn end(&self) -> u64 {
        self.first_sequence + self.changes.len() as u64
    }

    /// Puts older changes before its own.
    fn take_back(&mut self, older: impl DoubleEndedIterator<Item = Arc<Change>>, since: u64) {
        for change in older.rev() {
            self.changes.push_front(change);
            self.first_sequence -= 1;
        }
        self.since = since;
    }

    fn push(&mut self, change: &Arc<Change>, forgotten_revision: u64) {
        while self.changes.front().is_some_and(|oldest| oldest.revision <= forgotten_revision) {
            if let Some(oldest) = self.changes.pop_front() {
                self.first_sequence += 1;
                self.since = oldest.revision;
            }
        }
        self.changes.push_back(change.clone());
        self.moved.send_replace(self.end());
    }
}

/// The lanes of a cache that somebody follows.
#[derive(Default)]
pub(super) struct Lanes {
    tracks: HashMap<Lane, Track>,
    /// How many of them are of nodes.
    of_nodes: usize,
}

impl Lanes {
    pub(super) fn get(&self, lane: &Lane) -> Option<&Track> {
        self.tracks.get(lane)
    }

    /// Adds a cursor to a lane that has all changes after `since`; those that it lacks are in `ring`.
    pub(super) fn join(&mut self, cache: &Cache, lane: &Lane, since: u64, ring: &VecDeque<Arc<Change>>) -> &Track {
        let track = self.tracks.entry(lane.clone()).or_insert_with(|| {
            self.of_nodes += usize::from(matches!(lane, Lane::Node(_)));
            Track::new(u64::MAX)
        });
        if track.since > since {
            let (from, until) = (ring.partition_point(|change| change.revision <= since), track.since);
            let missed = ring.range(from..).filter(|change| change.revision <= until && cache.is_in(change, lane));
            track.take_back(missed.cloned(), since);
        }
        track.cursors += 1;
        track
    }

    pub(super) fn leave(&mut self, lane: &Lane) {
        let Some(track) = self.tracks.get_mut(lane) else { return };
        track.cursors -= 1;
        if track.cursors == 0 {
            self.tracks.remove(lane);
            self.of_nodes -= usize::from(matches!(lane, Lane::Node(_)));
        }
    }

    /// Puts a change into the lanes that it belongs to.
    pub(super) fn push(&mut self, cache: &Cache, change: &Arc<Change>, forgotten_revision: u64) {
        if self.tracks.is_empty() {
            return;
        }
        if let Some(track) = self.tracks.get_mut(&Lane::Object(change.entry.key.clone())) {
            track.push(change, forgotten_revision);
        }
        if self.of_nodes == 0 {
            return;
        }
        let now = cache.node_of(&change.entry);
        let before = change.previous.as_ref().and_then(|previous| cache.node_of(previous));
        for node in [before.clone().filter(|before| Some(before) != now.as_ref()), now].into_iter().flatten() {
            if let Some(track) = self.tracks.get_mut(&Lane::Node(node)) {
                track.push(change, forgotten_revision);
            }
        }
    }

    /// Forgets all changes: cursors are told that they fell off.
    pub(super) fn reset(&mut self, revision: u64) {
        for track in self.tracks.values_mut() {
            track.first_sequence += track.changes.len() as u64 + SEQUENCE_GAP;
            track.changes.clear();
            track.since = revision;
            track.moved.send_replace(track.first_sequence);
        }
    }
}

impl Cache {
    /// Whether its objects are on nodes.
    fn has_nodes(&self) -> bool {
        self.prefix == PODS
    }

    /// The node of a pod, read from its bytes; empty while it has none.
    fn node_of(&self, entry: &Entry) -> Option<Str> {
        let message = entry.message().filter(|_| self.has_nodes())?;
        Some(protobuf::text_at(&message, NODE_NAME_OF_POD).unwrap_or_default().into())
    }

    /// Whether an entry may be one that the selector selects, as far as that can be told without decoding it.
    pub(crate) fn may_select(&self, entry: &Entry, selector: &fields::Selector) -> bool {
        match selector.required_value(NODE_NAME).filter(|_| self.has_nodes()) {
            Some(node) => self.node_of(entry).is_none_or(|found| found == node),
            None => true,
        }
    }

    fn is_in(&self, change: &Change, lane: &Lane) -> bool {
        match lane {
            Lane::Object(key) => change.entry.key == *key,
            Lane::Node(node) => [Some(&change.entry), change.previous.as_ref()]
                .into_iter()
                .flatten()
                .any(|entry| self.node_of(entry).as_ref() == Some(node)),
        }
    }
}

#[cfg(test)]
mod tests {
    use apimachinery::value;
    use bytes::Bytes;
    use store::{Event, EventKind, KeyValue};

    use super::*;
    use crate::cache::{Cursor, tests::cache_of};

    fn pod(name: &str, node: &str, revision: u64) -> KeyValue {
        let (schema, pod) = (api::schema(), api::type_of("", "v1", "Pod").unwrap());
        let object = value!({"metadata": {"name": name, "namespace": "a"}, "spec": {"nodeName": node}});
        KeyValue {
            key: Bytes::from(format!("{PODS}a/{name}")),
            value: protobuf::encode_enveloped(&object, schema, pod, "v1", "Pod").into(),
            create_revision: revision,
            mod_revision: revision,
            expires_at: None,
        }
    }

    fn put(cache: &Cache, name: &str, node: &str, revision: u64) {
        let event = Event { kind: EventKind::Put, kv: pod(name, node, revision), previous: None };
        cache.apply(&[&event], revision);
    }

    fn told(cursor: &mut Cursor) -> Vec<u64> {
        cursor.take().unwrap().0.iter().map(|change| change.revision).collect()
    }

    fn node(name: &str) -> Option<Lane> {
        Some(Lane::Node(name.into()))
    }

    #[test]
    fn a_kubelet_hears_of_its_own_pods_alone() {
        let cache = cache_of(PODS, "Pod");
        cache.load(&[pod("old", "one", 5)], 10);
        let (_, mut one) = cache.list_and_watch_in("", node("one"));
        let mut two = cache.watch_from(10, node("two")).unwrap();
        let mut unbound = cache.watch_from(10, node("")).unwrap();
        let mut object = cache.watch_from(10, Some(Lane::Object("a/x".into()))).unwrap();
        put(&cache, "x", "", 11);
        assert!(!one.has_moved() && unbound.has_moved() && object.has_moved());
        put(&cache, "y", "two", 12);
        put(&cache, "x", "one", 13);
        put(&cache, "old", "one", 14);
        assert!(one.has_moved());
        assert_eq!((told(&mut one), told(&mut two)), (vec![13, 14], vec![12]));
        // What goes out of view is in both.
        assert_eq!((told(&mut unbound), told(&mut object)), (vec![11, 13], vec![11, 13]));
        let delete = KeyValue { value: Bytes::new(), ..pod("x", "", 15) };
        cache.apply(&[&Event { kind: EventKind::Delete, kv: delete, previous: None }], 15);
        assert_eq!((told(&mut one), told(&mut object), told(&mut two)), (vec![15], vec![15], vec![]));
        assert_eq!(one.take().unwrap().1, 15);
    }

    #[test]
    fn lanes_begin_in_the_past_and_end_with_their_watchers() {
        let cache = cache_of(PODS, "Pod");
        cache.load(&[], 10);
        for revision in 11..=16 {
            put(&cache, "x", if revision % 2 == 0 { "even" } else { "odd" }, revision);
        }
        let mut late = cache.watch_from(14, node("even")).unwrap();
        let mut early = cache.watch_from(12, node("even")).unwrap();
        assert_eq!((told(&mut late), told(&mut early)), (vec![15, 16], vec![13, 14, 15, 16]));
        assert_eq!(cache.watch_from(9, node("even")).err().unwrap().code, 410);
        put(&cache, "x", "even", 17);
        assert_eq!((told(&mut late), told(&mut early)), (vec![17], vec![17]));
        assert_eq!(cache.state.read().lanes.tracks.len(), 1);
        drop(early);
        assert_eq!(cache.state.read().lanes.tracks.len(), 1);
        cache.load(&[], 20);
        assert!(late.has_moved());
        assert_eq!(late.take().err().unwrap().code, 410);
        drop(late);
        assert_eq!((cache.state.read().lanes.tracks.len(), cache.state.read().lanes.of_nodes), (0, 0));
    }

    #[test]
    fn a_list_need_not_decode_the_pods_of_other_nodes() {
        let cache = cache_of(PODS, "Pod");
        cache.load(&[pod("x", "one", 5), pod("y", "", 6)], 10);
        let may = |selector: &str| {
            let selector = fields::Selector::parse(selector).unwrap();
            cache.list("", "").entries.iter().filter(|entry| cache.may_select(entry, &selector)).count()
        };
        assert_eq!((may("spec.nodeName=one"), may("spec.nodeName="), may("spec.nodeName=two")), (1, 1, 0));
        assert_eq!((may("spec.nodeName!=one"), may("status.phase=Running")), (2, 2));
    }
}
