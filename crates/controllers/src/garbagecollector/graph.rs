//! Who owns whom.

use std::{
    borrow::Borrow,
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet, VecDeque},
    ops::Bound,
    sync::Arc,
};

use apimachinery::{Object, Str, Value};
use client::ResourceKind;
use stdx::memory;

/// UIDs of objects that are known to be gone; enough for the dependents of what was deleted lately.
const REMEMBERED_GONE: usize = 4096;

pub(super) const FOREGROUND: &str = "foregroundDeletion";
pub(super) const ORPHAN: &str = "orphan";

/// An object that is known: who it is and whose, and no more, since there are as many of these as objects.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) uid: Str,
    pub(super) resource: Arc<ResourceKind>,
    pub(super) namespace: Str,
    pub(super) name: Str,
    pub(super) resource_version: Str,
    /// None: it has none of these, as most objects.
    ties: Option<Arc<Ties>>,
}

/// What binds an object.
struct Ties {
    owner_references: Vec<Value>,
    finalizers: Vec<Value>,
    is_deleting: bool,
}

const _: () = assert!(size_of::<Node>() == 80, "there are as many of these as objects");

impl Node {
    /// What is known of an object. Long texts are shared with it.
    pub(super) fn of(resource: &Arc<ResourceKind>, object: &Object) -> Node {
        let text = |field| match object.0.at(&["metadata", field]) {
            Some(Value::String(text)) => text.clone(),
            _ => Str::EMPTY,
        };
        let ties = Ties {
            owner_references: object.owner_references().to_vec(),
            finalizers: object.finalizers().to_vec(),
            is_deleting: object.deletion_timestamp().is_some(),
        };
        let is_bound = ties.is_deleting || !ties.owner_references.is_empty() || !ties.finalizers.is_empty();
        Node {
            uid: text("uid"),
            resource: resource.clone(),
            namespace: text("namespace"),
            name: text("name"),
            resource_version: text("resourceVersion"),
            ties: is_bound.then(|| Arc::new(ties)),
        }
    }

    /// An object that says who it is.
    pub(super) fn outline(&self) -> Object {
        let mut outline = Object::default();
        outline.set_meta("namespace", &self.namespace);
        outline.set_meta("name", &self.name);
        outline.set_meta("uid", &self.uid);
        outline.set_meta("resourceVersion", &self.resource_version);
        outline
    }

    pub(super) fn owner_references(&self) -> &[Value] {
        self.ties.as_ref().map_or(&[], |ties| &ties.owner_references)
    }

    pub(super) fn finalizers(&self) -> &[Value] {
        self.ties.as_ref().map_or(&[], |ties| &ties.finalizers)
    }

    /// Whether it has been deleted, and waits for its finalizers.
    pub(super) fn is_deleting(&self) -> bool {
        self.ties.as_ref().is_some_and(|ties| ties.is_deleting)
    }

    pub(super) fn has_finalizer(&self, finalizer: &str) -> bool {
        self.finalizers().iter().any(|present| present.as_str() == Some(finalizer))
    }

    /// Whether it waits for its dependents to go first.
    pub(super) fn waits_for_dependents(&self) -> bool {
        self.is_deleting() && self.has_finalizer(FOREGROUND)
    }

    /// Whether its dependents are to be let go before it goes.
    pub(super) fn orphans_dependents(&self) -> bool {
        self.is_deleting() && self.has_finalizer(ORPHAN)
    }

    /// Whether it holds up the owner with `uid` that waits for its dependents.
    pub(super) fn blocks(&self, uid: &str) -> bool {
        let mut references = self.owner_references().iter();
        references.any(|owner| owner_uid(owner) == uid && owner.bool_at(&["blockOwnerDeletion"]) == Some(true))
    }
}

/// A node in its place in the order of UIDs.
struct ByUid(Node);

impl Borrow<str> for ByUid {
    fn borrow(&self) -> &str {
        &self.0.uid
    }
}

impl Ord for ByUid {
    fn cmp(&self, other: &ByUid) -> Ordering {
        self.0.uid.cmp(&other.0.uid)
    }
}

impl PartialOrd for ByUid {
    fn partial_cmp(&self, other: &ByUid) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for ByUid {
    fn eq(&self, other: &ByUid) -> bool {
        self.0.uid == other.0.uid
    }
}

impl Eq for ByUid {}

pub(super) fn owner_uid(reference: &Value) -> &str {
    reference.str_at(&["uid"]).unwrap_or_default()
}

/// All objects that are known, by UID, with the edges between them.
#[derive(Default)]
pub(super) struct Graph {
    nodes: BTreeSet<ByUid>,
    /// Dependents by the UID of an owner, which need not be known.
    dependents: BTreeMap<Str, BTreeSet<Str>>,
    gone: BTreeSet<Str>,
    gone_in_order: VecDeque<Str>,
}

impl Graph {
    fn node(&self, uid: &str) -> Option<&Node> {
        self.nodes.get(uid).map(|node| &node.0)
    }

    pub(super) fn get(&self, uid: &str) -> Option<Node> {
        self.node(uid).cloned()
    }

    /// Packs the nodes: as they come they leave the tree a third to a half empty.
    pub(super) fn make_dense(&mut self) {
        self.nodes = std::mem::take(&mut self.nodes).into_iter().collect();
        memory::let_go(self.nodes.len() * size_of::<ByUid>());
    }

    pub(super) fn dependents(&self, uid: &str) -> Vec<Node> {
        let dependents = self.dependents.get(uid).into_iter().flatten();
        dependents.filter_map(|dependent| self.get(dependent)).collect()
    }

    pub(super) fn is_gone(&self, uid: &str) -> bool {
        self.gone.contains(uid)
    }

    /// Remembers that no object has this UID, and never will again.
    pub(super) fn note_gone(&mut self, uid: &str) {
        if uid.is_empty() || !self.gone.insert(uid.into()) {
            return;
        }
        self.gone_in_order.push_back(uid.into());
        if self.gone_in_order.len() > REMEMBERED_GONE
            && let Some(oldest) = self.gone_in_order.pop_front()
        {
            self.gone.remove(&oldest);
        }
    }

    fn unlink(&mut self, uid: &str, owners: &[Value]) {
        for owner in owners.iter().map(owner_uid) {
            if let Some(dependents) = self.dependents.get_mut(owner) {
                dependents.remove(uid);
                if dependents.is_empty() {
                    self.dependents.remove(owner);
                }
            }
        }
    }

    /// Takes in that an object is gone, and returns the UIDs of objects that something may have to be done about.
    pub(super) fn remove(&mut self, uid: &str) -> Vec<Str> {
        let Some(ByUid(node)) = self.nodes.take(uid) else { return Vec::new() };
        let owners = node.owner_references();
        self.unlink(uid, owners);
        self.note_gone(uid);
        // Its dependents have lost an owner; owners that waited for it wait for one less.
        let mut concerned: Vec<Str> = self.dependents.get(uid).into_iter().flatten().cloned().collect();
        concerned.extend(self.waiting(owners));
        concerned
    }

    /// Forgets some of the objects of a resource that is no longer followed; nobody says that they are gone.
    pub(super) fn forget(&mut self, uids: &[Str]) {
        for uid in uids {
            if let Some(ByUid(node)) = self.nodes.take(uid.as_str()) {
                self.unlink(uid, node.owner_references());
            }
        }
    }

    /// Of the next `count` nodes after a UID (empty: from the first) the UIDs of those that are of a resource, and the
    /// UID of the last one; none at the end.
    pub(super) fn of_resource(&self, resource: &ResourceKind, after: &str, count: usize) -> (Vec<Str>, Option<Str>) {
        let rest = self.nodes.range::<str, _>((Bound::Excluded(after), Bound::Unbounded));
        let step: Vec<&Node> = rest.take(count).map(|node| &node.0).collect();
        let of_resource = step.iter().filter(|node| *node.resource == *resource);
        (of_resource.map(|node| node.uid.clone()).collect(), step.last().map(|node| node.uid.clone()))
    }

    fn waiting<'g>(&'g self, owners: &'g [Value]) -> impl Iterator<Item = Str> + 'g {
        let waits = |uid: &&str| self.node(uid).is_some_and(Node::waits_for_dependents);
        owners.iter().map(owner_uid).filter(waits).map(Str::from)
    }

    /// Takes in that an object came or changed, and returns the UIDs of objects that something may have to be done
    /// about.
    pub(super) fn insert(&mut self, node: Node) -> Vec<Str> {
        let before = self.get(&node.uid);
        let is_known = before.as_ref().is_some_and(|before| before.resource_version == node.resource_version);
        if is_known || node.uid.is_empty() {
            return Vec::new();
        }
        let uid = node.uid.clone();
        self.nodes.replace(ByUid(node.clone()));
        let owners = node.owner_references();
        let mut concerned = Vec::new();
        let moved = before.as_ref().is_none_or(|before| before.owner_references() != owners);
        if moved {
            if let Some(before) = &before {
                self.unlink(&uid, before.owner_references());
                concerned.extend(self.waiting(before.owner_references()));
            }
            for owner in owners.iter().map(owner_uid) {
                self.dependents.entry(owner.into()).or_default().insert(uid.clone());
            }
        }
        let was_waiting = before.as_ref().is_some_and(Node::waits_for_dependents);
        if node.waits_for_dependents() || node.orphans_dependents() {
            concerned.push(uid.clone());
        }
        if node.waits_for_dependents() && !was_waiting {
            concerned.extend(self.dependents.get(&uid).into_iter().flatten().cloned());
        }
        let unsettled = |owner: &str| self.node(owner).is_none_or(Node::waits_for_dependents);
        if moved && owners.iter().any(|owner| unsettled(owner_uid(owner))) {
            concerned.push(uid);
        }
        concerned
    }
}
