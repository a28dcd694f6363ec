//! What an applier applied before and no longer does goes, unless somebody else owns it.

use super::{Entry, Set, compare::extract, merge::remove, shape::Shape};
use crate::{Value, schema::Schema};

/// Removes from `merged` what `last`, the applier's previous set, holds and nobody in `managers` owns (the
/// applier's new set among them).
///
/// Removing a field takes what is below it along, which may be owned by others or be there by default. So
/// the removal is done in three steps, as upstream: everything that was applied goes; what anybody owns
/// comes back; and of what is still missing, only what the applier owned before really goes.
pub(super) fn prune(merged: Value, last: &Set, managers: &[Entry], shape: Shape<'_>, schema: &Schema) -> Value {
    let named = |set: &Set| set.with_named(shape, &|shape: Shape<'_>, element| shape.below(schema, element));
    let owned = managers.iter().fold(Set::EMPTY, |all, entry| all.union(&entry.set));
    if last.difference(&owned).is_empty() {
        return merged;
    }
    let last = named(last);
    let fields = |value: Option<&Value>| match value {
        Some(value) => named(&extract(value, shape, schema).children),
        None => Set::EMPTY,
    };
    let all = fields(Some(&merged));
    let without_last = remove(&merged, &last, shape, schema);
    let kept = fields(without_last.as_ref()).union(&named(&owned));
    let with_owned = remove(&merged, &all.difference(&kept), shape, schema);
    let gone = all.difference(&fields(with_owned.as_ref())).intersection(&last);
    remove(&merged, &gone, shape, schema).unwrap_or_default()
}
