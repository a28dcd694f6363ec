//! Managed fields of ordinary writes.

use apimachinery::{Object, Str};

use crate::{Resource, handlers::WriteOptions};

/// Records in `object` which of its fields the writer changed.
pub(crate) fn track(
    resource: &Resource,
    old: Option<&Object>,
    object: &mut Object,
    subresource: &str,
    options: &WriteOptions,
    user_agent: &Str,
) {
    let _ = (resource, old, object, subresource, options, user_agent);
}

/// Whether a write changed nothing but the times of its managed fields.
pub(crate) fn same_but_times(object: &Object, old: &Object) -> bool {
    object == old
}
