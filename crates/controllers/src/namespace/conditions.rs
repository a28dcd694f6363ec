//! What stands in the way of a namespace's end, in upstream's words.

use std::collections::BTreeMap;

use apimachinery::Value;
use jiff::Timestamp;

use super::Remains;
use crate::conditions;

/// Sets the five conditions.
pub(super) fn report(status: &mut Value, remains: &Remains, now: Timestamp) {
    let counts = |counts: &BTreeMap<String, usize>, text: &str| {
        let parts: Vec<String> =
            counts.iter().map(|(name, count)| format!("{name} {text} {count} resource instances")).collect();
        parts.join(", ")
    };
    let discovery = remains
        .discovery_failure
        .as_ref()
        .map(|failure| ("DiscoveryFailed", format!("Discovery failed for some groups, {failure}")));
    let deletion = (!remains.deletion_failures.is_empty()).then(|| {
        let failures = remains.deletion_failures.join(", ");
        (
            "ContentDeletionFailed",
            format!("Failed to delete all resource types, {} remaining: {failures}", remains.deletion_failures.len()),
        )
    });
    let content = (!remains.objects.is_empty())
        .then(|| ("SomeResourcesRemain", format!("Some resources are remaining: {}", counts(&remains.objects, "has"))));
    let finalizers = (!remains.finalizers.is_empty()).then(|| {
        (
            "SomeFinalizersRemain",
            format!("Some content in the namespace has finalizers remaining: {}", counts(&remains.finalizers, "in")),
        )
    });
    let rows = [
        (
            "NamespaceDeletionDiscoveryFailure",
            discovery,
            "ResourcesDiscovered",
            "All resources successfully discovered",
        ),
        (
            "NamespaceDeletionGroupVersionParsingFailure",
            None,
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        ),
        (
            "NamespaceDeletionContentFailure",
            deletion,
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
        ),
        ("NamespaceContentRemaining", content, "ContentRemoved", "All content successfully removed"),
        (
            "NamespaceFinalizersRemaining",
            finalizers,
            "ContentHasNoFinalizers",
            "All content-preserving finalizers finished",
        ),
    ];
    for (kind, problem, fine, fine_message) in rows {
        let condition = match &problem {
            Some((reason, message)) => conditions::new(kind, "True", reason, message, now),
            None => conditions::new(kind, "False", fine, fine_message, now),
        };
        // The counts in the message change while the reason stays.
        let changed = conditions::get(status, kind)
            .is_some_and(|current| current.str_at(&["message"]) != condition.str_at(&["message"]));
        if changed {
            conditions::remove(status, kind);
        }
        conditions::set(status, condition);
    }
}
