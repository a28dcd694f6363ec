use std::sync::Arc;

use apimachinery::{Object, Status, Str, Value};
use async_trait::async_trait;
use futures::stream::BoxStream;

/// A kind of object and the resource under which it is served.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceKind {
    /// For example `apps`; empty for the core group.
    pub group: Str,
    /// For example `v1`.
    pub version: Str,
    /// For example `deployments`.
    pub resource: Str,
    /// For example `Deployment`.
    pub kind: Str,
    /// Whether objects live in namespaces.
    pub namespaced: bool,
}

impl ResourceKind {
    /// A built-in resource.
    pub const fn new(
        group: &'static str,
        version: &'static str,
        resource: &'static str,
        kind: &'static str,
        namespaced: bool,
    ) -> ResourceKind {
        ResourceKind {
            group: Str::from_static(group),
            version: Str::from_static(version),
            resource: Str::from_static(resource),
            kind: Str::from_static(kind),
            namespaced,
        }
    }

    /// `group/version`, or the version alone in the core group.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_string() } else { format!("{}/{}", self.group, self.version) }
    }
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Read one.
    Get,
    /// Read many.
    List,
    /// Make one; also used for subresources that take an object (`binding`, `eviction`, `token`).
    Create,
    /// Replace one.
    Update,
    /// Change one.
    Patch,
    /// Remove one.
    Delete,
    /// Remove many.
    DeleteCollection,
}

/// How a patch is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchType {
    /// RFC 6902.
    Json,
    /// RFC 7386.
    Merge,
    /// Upstream's strategic merge; built-in kinds only.
    Strategic,
    /// Server-side apply; [`Options::field_manager`] is required.
    Apply,
}

/// What happens to the dependents of a deleted object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletePropagation {
    /// Dependents are kept, their owner references removed.
    Orphan,
    /// The object goes at once, dependents follow.
    Background,
    /// Dependents go first.
    Foreground,
}

/// What a request carries beside its address.
#[derive(Clone, Debug, Default)]
pub enum Body {
    /// Nothing.
    #[default]
    None,
    /// An object.
    Object(Arc<Object>),
    /// A patch.
    Patch(PatchType, Value),
}

/// Options of all verbs; each verb reads those that upstream defines for it.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Who owns what is written (`fieldManager`); the user agent when empty.
    pub field_manager: Str,
    /// Apply takes fields over from other managers.
    pub force: bool,
    /// Nothing is persisted (`dryRun=All`).
    pub dry_run: bool,
    /// Label selector of list, watch and deletecollection, in query syntax.
    pub label_selector: String,
    /// Field selector of the same.
    pub field_selector: String,
    /// The most items of one list answer; 0 for no limit.
    pub limit: u32,
    /// Where a list goes on.
    pub continue_token: String,
    /// `resourceVersion` of list and watch.
    pub resource_version: String,
    /// Deletion: seconds until the object is removed by force.
    pub grace_period_seconds: Option<i64>,
    /// Deletion: what happens to dependents.
    pub propagation: Option<DeletePropagation>,
    /// Deletion: refused unless the object has this `uid`; empty for any.
    pub precondition_uid: String,
    /// Deletion: refused unless the object has this `resourceVersion`; empty for any.
    pub precondition_resource_version: String,
}

/// One call.
#[derive(Clone, Debug)]
pub struct Request {
    /// What is asked.
    pub verb: Verb,
    /// Of which resource.
    pub resource: ResourceKind,
    /// In which namespace; empty for cluster scope and for all namespaces.
    pub namespace: Str,
    /// Of which object; empty for collections.
    pub name: Str,
    /// Of which part of it; empty for the object itself.
    pub subresource: Str,
    /// What is sent.
    pub body: Body,
    /// How.
    pub options: Options,
}

/// An answer.
#[derive(Clone, Debug)]
pub enum Response {
    /// One object; for deletions the object's last state.
    Object(Arc<Object>),
    /// Many objects at one revision.
    List {
        /// In key order.
        items: Vec<Arc<Object>>,
        /// The revision of the whole list.
        resource_version: Str,
        /// Where to go on; empty at the end.
        continue_token: String,
    },
    /// Done, and there is nothing to show.
    Success(Status),
}

/// What a watch delivers.
#[derive(Clone, Debug)]
pub enum WatchEvent {
    /// An object came, or began to match the selector.
    Added(Arc<Object>),
    /// An object changed.
    Modified(Arc<Object>),
    /// An object went, or ceased to match; its last state.
    Deleted(Arc<Object>),
    /// Everything up to this revision was delivered.
    Bookmark {
        /// The revision.
        resource_version: Str,
        /// Whether it ends the initial events.
        initial_events_end: bool,
    },
}

/// Events in revision order; an error ends the stream (410 asks for a new list).
pub type WatchStream = BoxStream<'static, Result<WatchEvent, Status>>;

/// The way to an API server, with an identity.
#[async_trait]
pub trait Transport: Send + Sync + 'static {
    /// Performs one call.
    async fn call(&self, request: Request) -> Result<Response, Status>;

    /// Follows a collection from `options.resource_version`. With `initial_events` the stream starts with an
    /// `Added` event for each existing object and a bookmark that ends them (upstream's
    /// `sendInitialEvents`), so that one stream is list and watch at once.
    async fn watch(&self, request: Request, initial_events: bool) -> Result<WatchStream, Status>;
}
