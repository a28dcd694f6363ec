//! What a kind is to the server: a schema, a strategy, and a place in the store.

use std::{ops::Deref, sync::Arc};

pub use apimachinery::managed::Versions;
use apimachinery::{
    Map, Object, Status, Str, Value,
    field::{FieldError, Path},
    names,
    schema::{Schema, TypeId},
};
use async_trait::async_trait;
use client::ResourceKind;

use crate::{
    RequestContext, Server,
    cache::{Cache, Entry},
};

/// The schema of built-in kinds, or of one custom resource version.
#[derive(Clone)]
pub enum SchemaHandle {
    /// Lives as long as the process.
    Static(&'static Schema),
    /// Goes with its definition.
    Shared(Arc<Schema>),
}

impl Deref for SchemaHandle {
    type Target = Schema;
    fn deref(&self) -> &Schema {
        match self {
            SchemaHandle::Static(schema) => schema,
            SchemaHandle::Shared(schema) => schema,
        }
    }
}

/// A kind in one served version.
pub struct Resource {
    /// Its names.
    pub kind: ResourceKind,
    /// `pod`
    pub singular: Str,
    /// `po`
    pub short_names: Vec<Str>,
    /// `all`
    pub categories: Vec<Str>,
    /// What discovery offers.
    pub verbs: Vec<Str>,
    /// What discovery says of the stored version.
    pub storage_version_hash: Str,
    /// The types.
    pub schema: SchemaHandle,
    /// The object's type in `schema`.
    pub type_id: TypeId,
    /// Its behaviour.
    pub strategy: Arc<dyn Strategy>,
    /// How it looks in `kubectl get`.
    pub table: Arc<dyn TableConvertor>,
    /// `status`, `scale`, `log` …
    pub subresources: Vec<Subresource>,
    /// Between this version and the stored one; `None` where they are the same.
    pub conversion: Option<Arc<dyn Conversion>>,
    /// What managed fields need of the kind's other versions; `None` where all versions share their fields.
    pub versions: Option<Arc<dyn Versions>>,
    /// What is not there yet behind the kind.
    pub guard: Guard,
    /// Where its objects are; `None` for kinds that are answered and not kept (reviews).
    pub cache: Option<Arc<Cache>>,
    /// Answers `create` for kinds that are not kept.
    pub creator: Option<Arc<dyn Creator>>,
    /// Answers `get` and `list` for kinds that are not kept.
    pub reader: Option<Arc<dyn Reader>>,
}

impl Resource {
    /// `PodList`
    pub fn list_kind(&self) -> String {
        format!("{}List", self.kind.kind)
    }

    /// The subresource called `name`.
    pub fn subresource(&self, name: &str) -> Option<&Subresource> {
        self.subresources.iter().find(|subresource| subresource.name == name)
    }

    /// A 404 for one of its objects.
    pub fn not_found(&self, name: &str) -> Status {
        Status::not_found(&self.kind.group, &self.kind.resource, name)
    }

    /// A 422 for one of its objects.
    pub fn invalid(&self, name: &str, errors: &[FieldError]) -> Status {
        Status::invalid(&self.kind.group, &self.kind.kind, name, errors)
    }

    /// Where its objects are.
    pub fn stored(&self) -> Result<&Arc<Cache>, Status> {
        self.cache.as_ref().ok_or_else(|| Status::method_not_supported(&self.kind.group, &self.kind.resource, "get"))
    }

    /// An entry's object in this version, shared with whoever else has it.
    pub fn object(&self, entry: &Entry) -> Result<Arc<Object>, Status> {
        self.served(self.stored()?.object(entry)?)
    }

    /// A stored object in this version.
    pub fn served(&self, stored: Arc<Object>) -> Result<Arc<Object>, Status> {
        match &self.conversion {
            None => Ok(stored),
            Some(conversion) => conversion.to_served(&stored).map(Arc::new),
        }
    }

    /// An object of this version as it is stored. Strategies and admission see objects so.
    pub(crate) fn to_stored(&self, served: Object) -> Result<Object, Status> {
        match &self.conversion {
            None => Ok(served),
            Some(conversion) => conversion.to_stored(&served),
        }
    }

    /// Whether a deletion that removes the object at once answers with it instead of a `Status`.
    pub(crate) fn returns_deleted_object(&self) -> bool {
        self.guard.returned_when_deleted || self.strategy.returns_deleted_object()
    }

    /// The cache's key of an object.
    pub fn key(&self, namespace: &str, name: &str) -> String {
        if self.kind.namespaced { format!("{namespace}/{name}") } else { name.to_owned() }
    }
}

/// What is particular about a kind beside its [`Strategy`]. The engine asks here, so that no strategy can
/// forget to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Guard {
    /// Why writes are refused: the kind guards something that is not enforced yet.
    pub refused: Option<&'static str>,
    /// What whoever makes an object is warned of: it is kept, but nothing acts on it yet.
    pub inert: Option<&'static str>,
    /// A deletion answers with the object instead of a `Status`.
    pub returned_when_deleted: bool,
}

impl Guard {
    /// Why an object may not be written as it is.
    pub(crate) fn refusal(&self, object: &Object) -> Option<FieldError> {
        let reason = self.refused?;
        Some(FieldError::forbidden(&Path::new("kind"), format!("{}: {reason}", object.kind())))
    }
}

/// Between a served version and the stored one. The kind's strategy works on the stored form, whichever
/// version was written, as upstream's do on the internal one.
pub trait Conversion: Send + Sync + 'static {
    /// A stored object as this version shows it.
    fn to_served(&self, stored: &Object) -> Result<Object, Status>;

    /// An object of this version as it is stored.
    fn to_stored(&self, served: &Object) -> Result<Object, Status>;
}

/// A part of an object with a path of its own.
pub struct Subresource {
    /// `status`
    pub name: Str,
    /// The kind it takes and answers with.
    pub kind: ResourceKind,
    /// That kind's schema; for connections there is none.
    pub type_id: Option<TypeId>,
    /// What discovery offers.
    pub verbs: Vec<Str>,
    /// How it works.
    pub handler: SubresourceHandler,
}

/// How a subresource works.
pub enum SubresourceHandler {
    /// A view on the same object: get, update and patch go through the strategy, which is told the name.
    Object,
    /// The `Scale` of the object, with the paths of its fields.
    Scale(ScalePaths),
    /// Something is posted to it: binding, eviction, token.
    Create(Arc<dyn Creator>),
    /// A connection to the node: log, exec, attach, portforward, proxy.
    Connect(Arc<dyn Connector>),
}

/// Where an object keeps what its `Scale` shows.
#[derive(Clone, Debug)]
pub struct ScalePaths {
    /// For example `spec.replicas`.
    pub spec_replicas: Vec<Str>,
    /// For example `status.replicas`.
    pub status_replicas: Vec<Str>,
    /// For example `status.selector` or `spec.selector`; empty for none.
    pub selector: Vec<Str>,
}

/// Answers a post that stores no object of its own.
#[async_trait]
pub trait Creator: Send + Sync + 'static {
    /// Acts on `object`, posted for the object `namespace/name` (empty for kinds that are not kept).
    async fn create(
        &self,
        server: &Arc<Server>,
        context: &RequestContext,
        namespace: &str,
        name: &str,
        object: Object,
        dry_run: bool,
    ) -> Result<Object, Status>;
}

/// Answers questions about objects that are made when they are asked for.
#[async_trait]
pub trait Reader: Send + Sync + 'static {
    /// The object `name` in `namespace` (empty for cluster-scoped kinds); `None` when there is none.
    async fn get(&self, server: &Arc<Server>, namespace: &str, name: &str) -> Result<Option<Object>, Status>;

    /// The objects of `namespace` (empty for all), in the order of their names.
    async fn list(&self, server: &Arc<Server>, namespace: &str) -> Result<Vec<Object>, Status>;
}

/// Passes a connection through to where the object lives.
#[async_trait]
pub trait Connector: Send + Sync + 'static {
    /// Answers `request`, whose path after the subresource is `rest`.
    async fn connect(
        &self,
        server: &Arc<Server>,
        context: &RequestContext,
        namespace: &str,
        name: &str,
        rest: &str,
        request: crate::http::HttpRequest,
    ) -> Result<crate::http::HttpResponse, Status>;
}

/// A column of the table that `kubectl get` shows.
#[derive(Clone, Debug)]
pub struct Column {
    /// The header.
    pub name: Str,
    /// `string`, `integer`, `date` …
    pub column_type: Str,
    /// `name` for the first column; empty for others.
    pub format: Str,
    /// What it means.
    pub description: Str,
    /// 0 is shown always, 1 with `-o wide`.
    pub priority: i32,
}

impl Column {
    /// A column of text.
    pub fn new(name: impl Into<Str>, column_type: &'static str, priority: i32) -> Column {
        let name = name.into();
        let format = if name == "Name" { "name" } else { "" };
        Column {
            name,
            column_type: Str::from_static(column_type),
            format: Str::from_static(format),
            description: Str::EMPTY,
            priority,
        }
    }
}

/// How many seconds a graceful deletion takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grace {
    /// The kind knows no grace: it is removed at once.
    None,
    /// The object is marked, and removed by whoever finishes it.
    Seconds(i64),
}

/// The behaviour of a kind: what upstream's `rest.RESTCreateStrategy` and its siblings say.
///
/// The defaults are those of a plain kind with spec and status, which is what a custom resource is.
#[async_trait]
pub trait Strategy: Send + Sync + 'static {
    /// Problems of a name.
    fn validate_name(&self, name: &str) -> Vec<String> {
        names::dns1123_subdomain(name)
    }

    /// Gives absent fields their defaults: what the schema says, for built-in kinds also what upstream's
    /// defaulting functions do.
    fn default(&self, schema: &Schema, type_id: TypeId, value: &mut Value) {
        let _ = schema;
        api::apply_defaults(value, type_id);
    }

    /// Brings a new object into the form in which it may be created: status is dropped.
    fn prepare_for_create(&self, context: &RequestContext, object: &mut Object) {
        let _ = context;
        if self.has_status() {
            object.make_map().remove("status");
        }
    }

    /// Brings a changed object into the form in which it may be stored.
    fn prepare_for_update(&self, context: &RequestContext, subresource: &str, object: &mut Object, old: &Object) {
        let _ = context;
        if self.has_status() {
            keep_other_half(subresource, object, old);
        }
    }

    /// Everything wrong with a new object, beside its metadata.
    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let _ = object;
        Vec::new()
    }

    /// Everything wrong with a change.
    fn validate_update(&self, subresource: &str, object: &Object, old: &Object) -> Vec<FieldError> {
        let _ = (subresource, old);
        self.validate(object)
    }

    /// What the client should be told about a new or changed object.
    fn warnings(&self, object: &Object) -> Vec<String> {
        let _ = object;
        Vec::new()
    }

    /// Work before a new object is stored that reaches beyond it: allocation of addresses.
    async fn begin_create(&self, server: &Arc<Server>, object: &mut Object, dry_run: bool) -> Result<(), Status> {
        let _ = (server, object, dry_run);
        Ok(())
    }

    /// Takes back what [`Strategy::begin_create`] did, when the object was not stored after all.
    async fn abort_create(&self, server: &Arc<Server>, object: &Object, dry_run: bool) {
        let _ = (server, object, dry_run);
    }

    /// The same before a change.
    async fn begin_update(
        &self,
        server: &Arc<Server>,
        subresource: &str,
        object: &mut Object,
        old: &Object,
        dry_run: bool,
    ) -> Result<(), Status> {
        let _ = (server, subresource, object, old, dry_run);
        Ok(())
    }

    /// Takes back what [`Strategy::begin_update`] did, when the change was not stored after all.
    async fn abort_update(&self, server: &Arc<Server>, object: &Object, old: &Object) {
        let _ = (server, object, old);
    }

    /// Work after a change is stored: release of what the object had and has no more.
    async fn after_update(&self, server: &Arc<Server>, object: &Object, old: &Object) {
        let _ = (server, object, old);
    }

    /// Work after an object is gone: release of addresses.
    async fn after_delete(&self, server: &Arc<Server>, object: &Object) {
        let _ = (server, object);
    }

    /// Whether status is a half of its own.
    fn has_status(&self) -> bool {
        true
    }

    /// Whether `metadata.generation` counts changes outside of metadata and status.
    fn has_generation(&self) -> bool {
        true
    }

    /// Whether a PUT may make an object.
    fn allow_create_on_update(&self) -> bool {
        false
    }

    /// Whether a PUT without `resourceVersion` overwrites.
    fn allow_unconditional_update(&self) -> bool {
        true
    }

    /// The seconds of grace for a deletion; `requested` is what the client asked for.
    fn deletion_grace(&self, object: &Object, requested: Option<i64>) -> Grace {
        let _ = (object, requested);
        Grace::None
    }

    /// The finalizer that a deletion adds by default: none, or for kinds that orphan by default.
    fn default_propagation_orphans(&self) -> bool {
        false
    }

    /// Whether the object may be removed now although nothing else holds it (namespaces: not with
    /// finalizers in the spec).
    fn may_be_removed(&self, object: &Object) -> bool {
        let _ = object;
        true
    }

    /// Adds what must hold the object while it is being deleted: finalizers of the server's own.
    fn prepare_for_delete(&self, object: &mut Object) {
        let _ = object;
    }

    /// What a deletion that has to wait changes in the object beside its metadata.
    fn mark_deleted(&self, object: &mut Object) {
        let _ = object;
    }

    /// Whether a deletion that removes the object at once answers with it instead of a `Status`.
    fn returns_deleted_object(&self) -> bool {
        false
    }

    /// How long an object lives when nobody renews it (events).
    fn time_to_live(&self, object: &Object) -> Option<std::time::Duration> {
        let _ = object;
        None
    }

    /// Whether objects are written even when the disk is nearly full: what the cluster needs to stay alive until
    /// somebody has made room.
    fn is_urgent(&self) -> bool {
        false
    }

    /// What OpenAPI publishes of the objects, for kinds whose definition says more than their [`Schema`] keeps
    /// (custom resources: `openAPIV3Schema` of the version). `apiVersion`, `kind` and `metadata` are added.
    fn published_schema(&self) -> Option<Value> {
        None
    }

    /// The value of a field that a field selector names; `None` when the kind has no such selector.
    /// `metadata.name` and `metadata.namespace` are known to the server.
    fn selectable_field<'o>(&self, object: &'o Object, field: &str) -> Option<&'o str> {
        let _ = (object, field);
        None
    }
}

/// How a kind looks in `kubectl get`.
pub trait TableConvertor: Send + Sync + 'static {
    /// The columns.
    fn columns(&self) -> Vec<Column> {
        vec![Column::new("Name", "string", 0), Column::new("Created At", "date", 0)]
    }

    /// A row.
    fn cells(&self, object: &Object) -> Vec<Value> {
        vec![object.name().into(), object.creation_timestamp().into()]
    }

    /// The rows of a list, for kinds whose rows depend on each other or have an order of their own.
    fn list(&self, objects: &[Arc<Object>]) -> Vec<(Arc<Object>, Vec<Value>)> {
        objects.iter().map(|object| (object.clone(), self.cells(object))).collect()
    }

    /// What is said of a row (`TableRowCondition`s); null for nothing.
    fn conditions(&self, object: &Object) -> Value {
        let _ = object;
        Value::Null
    }
}

/// Name and age, for kinds that say nothing else.
pub struct DefaultTable;

impl TableConvertor for DefaultTable {}

/// Parts of an object with their names.
type Entries = Vec<(Str, Value)>;

/// Takes from the old object what a write to one half may not touch.
pub fn keep_other_half(subresource: &str, object: &mut Object, old: &Object) {
    let (kept, written): (Entries, Entries) = if subresource == "status" {
        // Of a write to the status, only status and metadata count.
        let kept = old.root().iter().filter(|(key, _)| !is_status_side(key));
        let written = object.root().iter().filter(|(key, _)| is_status_side(key));
        (cloned(kept), cloned(written))
    } else {
        let kept = old.root().iter().filter(|(key, _)| *key == "status");
        let written = object.root().iter().filter(|(key, _)| *key != "status");
        (cloned(kept), cloned(written))
    };
    object.0 = Value::Map(kept.into_iter().chain(written).collect::<Map>());
}

fn cloned<'a>(entries: impl Iterator<Item = (&'a Str, &'a Value)>) -> Entries {
    entries.map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn is_status_side(key: &str) -> bool {
    matches!(key, "status" | "metadata" | "apiVersion" | "kind")
}

/// A plain kind.
pub struct DefaultStrategy;

impl Strategy for DefaultStrategy {}

/// The problems of a change to something that may not change.
pub fn immutable(path: &Path, new: Option<&Value>, old: Option<&Value>) -> Option<FieldError> {
    (new != old).then(|| FieldError::invalid(path, new.cloned().unwrap_or_default(), "field is immutable"))
}
