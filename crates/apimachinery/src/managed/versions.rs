//! Kinds whose served versions differ in their fields: what was recorded through one version is compared in
//! that version.

use stdx::Str;

use super::{Entry, Set, Target, compare::extract, merge::remove, prune::prune, shape::Shape, track::Changed};
use crate::{Value, schema::TypeId};

/// The served versions of a kind. All types are in the schema of the [`Target`].
pub trait Versions: Send + Sync + 'static {
    /// The kind's type in `api_version`; `None` when that is not served.
    fn type_of(&self, api_version: &str) -> Option<TypeId>;

    /// An object of the served version `from` as the served version `to` shows it.
    fn convert(&self, object: &Value, from: &str, to: &str) -> Value;
}

/// What a write did, in each version through which somebody owns fields.
pub(super) struct ByVersion {
    own: Changed,
    /// `None` for versions that are not served: who wrote through them owns nothing any more.
    others: Vec<(Str, Option<Changed>)>,
}

impl ByVersion {
    /// Compares `old` and `new`, which are of the target's version.
    pub(super) fn compare(target: &Target<'_>, old: &Value, new: &Value, managers: &[Entry]) -> ByVersion {
        ByVersion::of(Changed::of(target.compare(old, new)), target, old, new, managers)
    }

    /// The same, where it is known what changed in the target's version.
    pub(super) fn of(own: Changed, target: &Target<'_>, old: &Value, new: &Value, managers: &[Entry]) -> ByVersion {
        let mut all = ByVersion { own, others: Vec::new() };
        let Some(versions) = target.versions else { return all };
        for entry in managers.iter().filter(|entry| entry.api_version != target.api_version) {
            if all.others.iter().any(|(known, _)| *known == entry.api_version) {
                continue;
            }
            let changed = versions.type_of(&entry.api_version).map(|type_id| {
                let there = Target { type_id, api_version: &entry.api_version, ..*target };
                let shown = |object: &Value| match object {
                    Value::Null => Value::Null,
                    object => versions.convert(object, target.api_version, &entry.api_version),
                };
                Changed::of(there.compare(&shown(old), &shown(new)))
            });
            all.others.push((entry.api_version.clone(), changed));
        }
        all
    }

    /// What was written, in the version of the write.
    pub(super) fn into_written(self) -> Set {
        self.own.written
    }

    /// What was changed as `entry` sees it; `None` when its version is not served.
    pub(super) fn seen_by(&self, entry: &Entry) -> Option<&Changed> {
        match self.others.iter().find(|(version, _)| *version == entry.api_version) {
            Some((_, changed)) => changed.as_ref(),
            None => Some(&self.own),
        }
    }

    /// Takes what was touched from everybody.
    pub(super) fn take(&self, managers: &mut Vec<Entry>) {
        for entry in managers.iter_mut() {
            let Some(changed) = self.seen_by(entry) else {
                entry.set = Set::EMPTY;
                continue;
            };
            for gone in [&changed.written, &changed.removed] {
                if !entry.set.is_disjoint(gone) {
                    entry.set = entry.set.difference(gone);
                }
            }
        }
        managers.retain(|entry| !entry.set.is_empty());
    }
}

/// [`prune`] where the applier or others may have written through other versions; `last` is what the applier
/// applied before, in the version of which it did.
pub(super) fn prune_across(target: &Target<'_>, merged: Value, last: &Entry, managers: &[Entry]) -> Value {
    let same = |version: &Str| *version == target.api_version;
    let Some(versions) = target.versions else {
        return prune(merged, &last.set, managers, Shape::of_type(target.schema, target.type_id), target.schema);
    };
    if same(&last.api_version) && managers.iter().all(|entry| same(&entry.api_version)) {
        return prune(merged, &last.set, managers, Shape::of_type(target.schema, target.type_id), target.schema);
    }
    let Some(last_type) = versions.type_of(&last.api_version) else { return merged };
    let schema = target.schema;
    let shape_of = |type_id| Shape::of_type(schema, type_id);
    let named =
        |set: &Set, shape: Shape<'_>| set.with_named(shape, &|shape: Shape<'_>, element| shape.below(schema, element));
    let fields = |value: &Value, shape: Shape<'_>| named(&extract(value, shape, schema).children, shape);
    let last_shape = shape_of(last_type);
    let before = versions.convert(&merged, target.api_version, &last.api_version);
    let last_set = named(&last.set, last_shape);
    let mut pruned = remove(&before, &last_set, last_shape, schema).unwrap_or_default();
    let mut at: &str = &last.api_version;
    // What anybody owns comes back, version by version.
    let mut seen: Vec<&Str> = Vec::new();
    for entry in managers {
        if seen.contains(&&entry.api_version) {
            continue;
        }
        seen.push(&entry.api_version);
        let Some(type_id) = versions.type_of(&entry.api_version) else { continue };
        let shape = shape_of(type_id);
        let of_version = managers.iter().filter(|other| other.api_version == entry.api_version);
        let owned = of_version.fold(Set::EMPTY, |all, other| all.union(&other.set));
        let whole = versions.convert(&merged, target.api_version, &entry.api_version);
        let left = versions.convert(&pruned, at, &entry.api_version);
        let kept = fields(&left, shape).union(&named(&owned, shape));
        pruned = remove(&whole, &fields(&whole, shape).difference(&kept), shape, schema).unwrap_or_default();
        at = &entry.api_version;
    }
    // And of what is still missing, only what the applier owned before really goes.
    let left = versions.convert(&pruned, at, &last.api_version);
    let gone = fields(&before, last_shape).difference(&fields(&left, last_shape)).intersection(&last_set);
    let pruned = remove(&before, &gone, last_shape, schema).unwrap_or_default();
    versions.convert(&pruned, &last.api_version, target.api_version)
}
