//! Every built-in kind of Kubernetes as data: fields, wire numbers, merge rules, defaults, resources.
//!
//! The facts stand in `schema/*.txt`, written by `cargo xtask generate-api` from upstream's sources and
//! read once when first asked for. Defaults that depend on other fields are functions
//! ([`apply_defaults`]); [`views`] are read-only typed windows into objects.
//!
//! This crate never validates, never converts between versions, and knows no behaviour of any kind beyond
//! its defaults. Start reading at `text.rs` for the form of the schema files, then [`resources`].
//! Upstream's counterpart is `k8s.io/api`, with the defaulting of `k8s.io/kubernetes/pkg/apis`.

use std::sync::LazyLock;

use apimachinery::schema::{Schema, TypeId};

mod defaults;
mod descriptions;
mod packages;
mod resources;
mod text;
pub mod views;

pub use defaults::{apply_defaults, conditionally_defaulted_types};
pub use descriptions::{Descriptions, description, descriptions};
pub use resources::{GroupVersion, ResourceFacts, SubresourceFacts, resources};

static LOADED: LazyLock<text::Loaded> = LazyLock::new(text::load);

/// A kind as clients name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupVersionKind {
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The version.
    pub version: &'static str,
    /// The kind.
    pub kind: &'static str,
}

/// All built-in types.
pub fn schema() -> &'static Schema {
    &LOADED.schema
}

/// The type of a kind, lists included. Kinds that belong to every version (`DeleteOptions`, `WatchEvent`)
/// are found in each, and those of the protocol itself (`Status`, `APIResourceList`) in `v1` and
/// `meta.k8s.io`.
pub fn type_of(group: &str, version: &str, kind: &str) -> Option<TypeId> {
    if let Some(id) = find(group, version, kind) {
        return Some(id);
    }
    let everywhere = kind == "WatchEvent" || kind.ends_with("Options");
    let protocol = matches!((group, version), ("", "v1") | ("meta.k8s.io", _));
    if everywhere || protocol { find("meta.k8s.io", "v1", kind) } else { None }
}

fn find(group: &str, version: &str, kind: &str) -> Option<TypeId> {
    let kinds = &LOADED.kinds;
    let wanted = (group, version, kind);
    let position = kinds.binary_search_by(|(known, _)| (known.group, known.version, known.kind).cmp(&wanted));
    position.ok().map(|position| kinds[position].1)
}

/// Every kind that has a type of its own, in order.
pub fn group_version_kinds() -> &'static [(GroupVersionKind, TypeId)] {
    &LOADED.kinds
}
