//! The verbs, above any transport: each takes a resource and decoded input and answers with objects.

pub mod create;
pub mod delete;
pub mod metadata;
pub mod patch;
pub mod read;
pub mod scale;
pub mod update;
pub mod watch;

use apimachinery::{Object, Str};

use crate::Resource;

/// What every write carries.
#[derive(Clone, Debug, Default)]
pub struct WriteOptions {
    /// Nothing is stored.
    pub dry_run: bool,
    /// Who owns what is written.
    pub field_manager: Str,
    /// Apply takes fields over from other managers.
    pub force: bool,
}

/// Sets what only the server may say of an object's type.
pub(crate) fn set_type(resource: &Resource, object: &mut Object) {
    let root = object.make_map();
    root.insert(Str::from_static("apiVersion"), resource.kind.api_version());
    root.insert(Str::from_static("kind"), &resource.kind.kind);
}

/// The time now as metadata spells it.
pub(crate) fn now() -> String {
    apimachinery::time::format_seconds(stdx::clock::now())
}
