//! Who owns which field: `metadata.managedFields`, and server-side apply on top of it.
//!
//! Every write is one of two things. An ordinary one (create, update, patch) is *tracked*: old and new
//! object are compared in one walk, what changed becomes the writer's and stops being anybody else's. An
//! *applied* configuration is merged into the object; what others own and it changes is a conflict, what the
//! same manager applied before and leaves out now goes away.
//!
//! Sets of fields are sorted trees ([`Set`]); they are only read from an object when a write changed
//! something. Upstream's counterparts are `apimachinery/pkg/util/managedfields` and
//! `sigs.k8s.io/structured-merge-diff`, whose semantics, including those for duplicates in lists, hold here.
//! Where the versions of a kind differ in their fields, [`Versions`] converts between them; otherwise all
//! share their field paths.

mod apply;
mod compare;
mod entries;
mod merge;
mod prune;
mod set;
mod shape;
mod track;
mod validate;
mod versions;

pub use apply::{ApplyError, Conflict, apply};
pub use entries::{Entry, Operation};
pub use set::{Element, Set};
pub use track::track;
pub use versions::Versions;

use stdx::Str;

use crate::{
    Value,
    schema::{Schema, TypeId},
};

/// What is written, through which door.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    /// The types.
    pub schema: &'a Schema,
    /// The object's type.
    pub type_id: TypeId,
    /// The version through which it is written, for example `apps/v1`.
    pub api_version: &'a str,
    /// The object's kind.
    pub kind: &'a str,
    /// The part that is written; empty for the whole.
    pub subresource: &'a str,
    /// The fields that a write through this door does not change, whatever it says: they are nobody's for it.
    pub reset_fields: &'a Set,
    /// The kind's versions, where they differ in their fields.
    pub versions: Option<&'a dyn Versions>,
    /// The time now, as metadata spells it.
    pub now: &'a str,
}

/// The fields of `metadata` that nobody owns.
const UNOWNED_METADATA: [&str; 9] = [
    "clusterName",
    "creationTimestamp",
    "generation",
    "managedFields",
    "name",
    "namespace",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// Every field that `value` says something about, as an applier of it would own them.
pub fn fields_of(value: &Value, schema: &Schema, type_id: TypeId) -> Set {
    compare::extract(value, shape::Shape::of_type(schema, type_id), schema).children
}

/// Takes away what nobody may own.
fn strip(set: &mut Set) {
    set.retain_root(|name, member, children| match name {
        "apiVersion" | "kind" => {
            *member = false;
            children.clear();
        }
        "metadata" => {
            *member = false;
            children.retain_root(|name, member, _| {
                if UNOWNED_METADATA.contains(&name) {
                    *member = false;
                }
            });
        }
        _ => {}
    });
}

/// `metadata.managedFields` of a tree.
fn managed_fields(root: &Value) -> Option<&Value> {
    root.at(&["metadata", "managedFields"])
}

const METADATA: Str = Str::from_static("metadata");
const MANAGED_FIELDS: Str = Str::from_static("managedFields");

#[cfg(test)]
mod tests;
