//! Ordinary writes: what changed becomes the writer's.

use stdx::Str;

use super::{
    Entry, MANAGED_FIELDS, Operation, Set, Target,
    compare::{self, Diff},
    entries, managed_fields,
    shape::Shape,
    strip,
    versions::ByVersion,
};
use crate::{Object, Value};

/// The manager of writes whose client has no name.
const UNKNOWN_MANAGER: &str = "unknown";

impl Target<'_> {
    /// What differs between two objects, without what a write through this door does not change.
    pub(super) fn compare(&self, old: &Value, new: &Value) -> Diff {
        let mut diff = compare::objects(old, new, Shape::of_type(self.schema, self.type_id), self.schema);
        for part in [&mut diff.added, &mut diff.modified, &mut diff.removed] {
            if !self.reset_fields.is_empty() && !part.children.is_empty() {
                part.children = part.children.difference_with_children(self.reset_fields);
            }
        }
        diff
    }

    /// An entry of `manager` that owns nothing yet.
    pub(super) fn entry(&self, manager: &str, operation: Operation) -> Entry {
        Entry {
            manager: if manager.is_empty() { Str::from_static(UNKNOWN_MANAGER) } else { manager.into() },
            operation,
            api_version: self.api_version.into(),
            subresource: self.subresource.into(),
            time: Value::Null,
            set: Set::EMPTY,
        }
    }
}

/// Sets the managed fields of `new`, which replaces `old` (absent for a new object) in an ordinary write by
/// `manager`. What the writer changed becomes its own and is taken from all others.
///
/// A client that sends managed fields replaces those of the object, except through a subresource; an empty
/// list forgets them. An object whose managed fields were forgotten is not tracked until it is applied.
pub fn track(target: &Target<'_>, old: Option<&Object>, new: &mut Object, manager: &str) {
    let nothing = Value::Null;
    let old_root = old.map_or(&nothing, |old| &old.0);
    let old_entries = managed_fields(old_root);
    let sent = new.metadata_mut().remove(&MANAGED_FIELDS).filter(|_| target.subresource.is_empty());
    if let Some(sent) = &sent
        && entries::is_reset(sent)
        && old.is_some()
    {
        return;
    }
    let unchanged = sent.as_ref() == old_entries;
    let changed = Changed::of(target.compare(old_root, new));
    if changed.is_nothing() && (unchanged || sent.is_none()) {
        if let Some(entries) = sent.or_else(|| old_entries.cloned()) {
            new.metadata_mut().insert(MANAGED_FIELDS, entries);
        }
        return;
    }
    let from_sent = entries::read(sent.as_ref()).unwrap_or_default();
    let mut managers = if from_sent.is_empty() { entries::read(old_entries).unwrap_or_default() } else { from_sent };
    if managers.is_empty() && old.is_some() {
        return;
    }
    let touched = ByVersion::of(changed, target, old_root, new, &managers);
    assign(touched, target, &mut managers, manager);
    if let Some(entries) = entries::write(managers) {
        new.metadata_mut().insert(MANAGED_FIELDS, entries);
    }
}

/// What a write did, in one version.
pub(super) struct Changed {
    /// Added or changed: the writer's, if it may be owned at all.
    pub(super) written: Set,
    /// Removed: nobody's.
    pub(super) removed: Set,
}

impl Changed {
    pub(super) fn of(diff: Diff) -> Changed {
        let written = match (diff.added.children, diff.modified.children) {
            (added, modified) if modified.is_empty() => added,
            (added, modified) => modified.union(&added),
        };
        Changed { written, removed: diff.removed.children }
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.written.is_empty() && self.removed.is_empty()
    }
}

/// Gives what was written to `manager`, and takes it from all others.
pub(super) fn assign(touched: ByVersion, target: &Target<'_>, managers: &mut Vec<Entry>, manager: &str) {
    touched.take(managers);
    let mut written = touched.into_written();
    strip(&mut written);
    if !written.is_empty() {
        let mut own = target.entry(manager, Operation::Update);
        own.time = Value::from(target.now);
        own.set = written;
        match managers.iter_mut().find(|entry| entry.is_same_manager(&own)) {
            Some(entry) => *entry = Entry { set: entry.set.union(&own.set), ..own },
            None => managers.push(own),
        }
    }
    entries::cap(managers);
}
