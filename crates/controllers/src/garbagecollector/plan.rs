//! What becomes of an object, given what its owners are.

use apimachinery::Value;
use client::DeletePropagation;

use super::graph::{FOREGROUND, Node, ORPHAN, owner_uid};

/// What an owner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// It is there and stays.
    Solid,
    /// There is no such object.
    Absent,
    /// It goes as soon as its dependents are gone.
    Waiting,
}

/// What to do about an object.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Decision {
    Nothing,
    /// Take out these finalizers.
    RemoveFinalizer(&'static str),
    /// First let all dependents go, then take out the finalizer.
    OrphanDependents,
    /// Wait for dependents that block, and see that they go.
    DeleteDependents,
    /// Keep only these owner references: others own it as well.
    KeepOwners(Vec<Value>),
    Delete(DeletePropagation),
}

/// Decides about `node`; `owners` says what each of its owner references points to, in their order.
pub(super) fn decide(node: &Node, owners: &[Owner], dependents: &[Node]) -> Decision {
    let deleting = node.is_deleting();
    if node.orphans_dependents() {
        return if dependents.is_empty() { Decision::RemoveFinalizer(ORPHAN) } else { Decision::OrphanDependents };
    }
    if node.waits_for_dependents() {
        let blocked = dependents.iter().any(|dependent| dependent.blocks(&node.uid));
        return if blocked { Decision::DeleteDependents } else { Decision::RemoveFinalizer(FOREGROUND) };
    }
    if deleting || owners.is_empty() {
        return Decision::Nothing;
    }
    let references = node.owner_references();
    if owners.contains(&Owner::Solid) {
        let kept: Vec<Value> = references
            .iter()
            .zip(owners)
            .filter(|(_, owner)| **owner == Owner::Solid)
            .map(|(reference, _)| reference.clone())
            .collect();
        return if kept.len() == references.len() { Decision::Nothing } else { Decision::KeepOwners(kept) };
    }
    if owners.contains(&Owner::Waiting) && !dependents.is_empty() {
        return Decision::Delete(DeletePropagation::Foreground);
    }
    Decision::Delete(if node.has_finalizer(ORPHAN) {
        DeletePropagation::Orphan
    } else if node.has_finalizer(FOREGROUND) {
        DeletePropagation::Foreground
    } else {
        DeletePropagation::Background
    })
}

/// The owner references of `node` with the one to `uid` taken out.
pub(super) fn without_owner(node: &Node, uid: &str) -> Vec<Value> {
    let references = node.owner_references().iter();
    references.filter(|reference| owner_uid(reference) != uid).cloned().collect()
}

/// The owner references of `node`, none of which blocks: what breaks a circle of objects that wait for each
/// other.
pub(super) fn unblocked(node: &Node) -> Vec<Value> {
    let references = node.owner_references().iter().cloned();
    references
        .map(|mut reference| {
            reference.remove(&["blockOwnerDeletion"]);
            reference
        })
        .collect()
}
