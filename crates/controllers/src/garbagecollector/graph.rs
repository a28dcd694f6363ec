//! Who owns whom.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use apimachinery::{Object, Str, Value};
use client::{Event, ResourceKind};

/// UIDs of objects that are known to be gone; enough for the dependents of what was deleted lately.
const REMEMBERED_GONE: usize = 4096;

pub(super) const FOREGROUND: &str = "foregroundDeletion";
pub(super) const ORPHAN: &str = "orphan";

/// An object that is known.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) resource: Arc<ResourceKind>,
    pub(super) object: Arc<Object>,
}

impl Node {
    pub(super) fn has_finalizer(&self, finalizer: &str) -> bool {
        self.object.finalizers().iter().any(|present| present.as_str() == Some(finalizer))
    }

    /// Whether it waits for its dependents to go first.
    pub(super) fn waits_for_dependents(&self) -> bool {
        self.object.deletion_timestamp().is_some() && self.has_finalizer(FOREGROUND)
    }

    /// Whether its dependents are to be let go before it goes.
    pub(super) fn orphans_dependents(&self) -> bool {
        self.object.deletion_timestamp().is_some() && self.has_finalizer(ORPHAN)
    }

    /// Whether it holds up the owner with `uid` that waits for its dependents.
    pub(super) fn blocks(&self, uid: &str) -> bool {
        let mut references = self.object.owner_references().iter();
        references.any(|owner| owner_uid(owner) == uid && owner.bool_at(&["blockOwnerDeletion"]) == Some(true))
    }
}

pub(super) fn owner_uid(reference: &Value) -> &str {
    reference.str_at(&["uid"]).unwrap_or_default()
}

/// All objects that informers know, by UID, with the edges between them.
#[derive(Default)]
pub(super) struct Graph {
    nodes: BTreeMap<Str, Node>,
    /// Dependents by the UID of an owner, which need not be known.
    dependents: BTreeMap<Str, BTreeSet<Str>>,
    gone: BTreeSet<Str>,
    gone_in_order: VecDeque<Str>,
}

impl Graph {
    pub(super) fn get(&self, uid: &str) -> Option<Node> {
        self.nodes.get(uid).cloned()
    }

    pub(super) fn dependents(&self, uid: &str) -> Vec<Node> {
        let dependents = self.dependents.get(uid).into_iter().flatten();
        dependents.filter_map(|dependent| self.nodes.get(dependent).cloned()).collect()
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

    /// Takes an event in, and returns the UIDs of objects that something may have to be done about.
    pub(super) fn apply(&mut self, resource: &Arc<ResourceKind>, event: &Event) -> Vec<Str> {
        let object = event.object();
        // Shared with the object: there are as many as there are objects.
        let Some(Value::String(uid)) = object.0.at(&["metadata", "uid"]) else { return Vec::new() };
        let uid = uid.clone();
        if uid.is_empty() {
            return Vec::new();
        }
        match event {
            Event::Deleted(_) => self.remove(&uid),
            Event::Added(_) | Event::Updated { .. } => self.insert(resource, uid, object),
        }
    }

    fn remove(&mut self, uid: &Str) -> Vec<Str> {
        let Some(node) = self.nodes.remove(uid) else { return Vec::new() };
        let owners = node.object.owner_references();
        self.unlink(uid, owners);
        self.note_gone(uid);
        // Its dependents have lost an owner; owners that waited for it wait for one less.
        let mut concerned: Vec<Str> = self.dependents.get(uid).into_iter().flatten().cloned().collect();
        concerned.extend(self.waiting(owners));
        concerned
    }

    /// Forgets all objects of a resource that is no longer followed; nobody says that they are gone.
    pub(super) fn forget_resource(&mut self, resource: &ResourceKind) {
        let of_resource = self.nodes.iter().filter(|(_, node)| *node.resource == *resource);
        let uids: Vec<Str> = of_resource.map(|(uid, _)| uid.clone()).collect();
        for uid in uids {
            if let Some(node) = self.nodes.remove(&uid) {
                self.unlink(&uid, node.object.owner_references());
            }
        }
    }

    fn waiting<'g>(&'g self, owners: &'g [Value]) -> impl Iterator<Item = Str> + 'g {
        let waits = |uid: &&str| self.nodes.get(*uid).is_some_and(Node::waits_for_dependents);
        owners.iter().map(owner_uid).filter(waits).map(Str::from)
    }

    fn insert(&mut self, resource: &Arc<ResourceKind>, uid: Str, object: &Arc<Object>) -> Vec<Str> {
        let node = Node { resource: resource.clone(), object: object.clone() };
        let before = self.nodes.insert(uid.clone(), node.clone());
        let owners = object.owner_references();
        let mut concerned = Vec::new();
        let moved = before.as_ref().is_none_or(|before| before.object.owner_references() != owners);
        if moved {
            if let Some(before) = &before {
                self.unlink(&uid, before.object.owner_references());
                concerned.extend(self.waiting(before.object.owner_references()));
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
        let unsettled = |owner: &str| self.nodes.get(owner).is_none_or(Node::waits_for_dependents);
        if moved && owners.iter().any(|owner| unsettled(owner_uid(owner))) {
            concerned.push(uid);
        }
        concerned
    }
}
