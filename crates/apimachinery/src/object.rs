//! Metadata of API objects: reading and writing what every kind has.

use stdx::Str;

use crate::{Map, Value};

/// An API object: a tree with `apiVersion`, `kind` and `metadata`.
///
/// Objects are shared as `Arc<Object>` and not changed once shared; who writes clones first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object(pub Value);

impl From<Value> for Object {
    fn from(value: Value) -> Object {
        Object(value)
    }
}

impl std::ops::Deref for Object {
    type Target = Value;
    fn deref(&self) -> &Value {
        &self.0
    }
}

impl std::ops::DerefMut for Object {
    fn deref_mut(&mut self) -> &mut Value {
        &mut self.0
    }
}

static EMPTY: Map = Map::EMPTY;

impl Object {
    /// The whole tree as a map.
    pub fn root(&self) -> &Map {
        self.0.as_map().unwrap_or(&EMPTY)
    }

    /// `apiVersion`; empty when unset.
    pub fn api_version(&self) -> &str {
        self.root().str_at("apiVersion").unwrap_or_default()
    }

    /// `kind`; empty when unset.
    pub fn kind(&self) -> &str {
        self.root().str_at("kind").unwrap_or_default()
    }

    /// `metadata`; empty when unset.
    pub fn metadata(&self) -> &Map {
        self.root().get_map("metadata").unwrap_or(&EMPTY)
    }

    /// `metadata`, made when there is none.
    pub fn metadata_mut(&mut self) -> &mut Map {
        self.0.make_map().map_at(Str::from_static("metadata"))
    }

    /// `spec`; empty when unset.
    pub fn spec(&self) -> &Map {
        self.root().get_map("spec").unwrap_or(&EMPTY)
    }

    /// `status`; empty when unset.
    pub fn status(&self) -> &Map {
        self.root().get_map("status").unwrap_or(&EMPTY)
    }

    fn meta_str(&self, key: &str) -> &str {
        self.metadata().str_at(key).unwrap_or_default()
    }

    /// `metadata.name`; empty when unset.
    pub fn name(&self) -> &str {
        self.meta_str("name")
    }

    /// `metadata.namespace`; empty for cluster-scoped objects.
    pub fn namespace(&self) -> &str {
        self.meta_str("namespace")
    }

    /// `metadata.uid`; empty when unset.
    pub fn uid(&self) -> &str {
        self.meta_str("uid")
    }

    /// `metadata.resourceVersion`; empty when unset.
    pub fn resource_version(&self) -> &str {
        self.meta_str("resourceVersion")
    }

    /// `metadata.generation`; 0 when unset.
    pub fn generation(&self) -> i64 {
        self.metadata().i64_at("generation").unwrap_or_default()
    }

    /// `metadata.creationTimestamp`; empty when unset.
    pub fn creation_timestamp(&self) -> &str {
        self.meta_str("creationTimestamp")
    }

    /// `metadata.deletionTimestamp`, set while the object waits for its end.
    pub fn deletion_timestamp(&self) -> Option<&str> {
        self.metadata().str_at("deletionTimestamp")
    }

    /// The label `key`.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels().str_at(key)
    }

    /// `metadata.labels`; empty when unset.
    pub fn labels(&self) -> &Map {
        self.metadata().get_map("labels").unwrap_or(&EMPTY)
    }

    /// `metadata.annotations`; empty when unset.
    pub fn annotations(&self) -> &Map {
        self.metadata().get_map("annotations").unwrap_or(&EMPTY)
    }

    /// The annotation `key`.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations().str_at(key)
    }

    /// `metadata.finalizers`.
    pub fn finalizers(&self) -> &[Value] {
        self.metadata().list_at("finalizers")
    }

    /// `metadata.ownerReferences`.
    pub fn owner_references(&self) -> &[Value] {
        self.metadata().list_at("ownerReferences")
    }

    /// The owner reference with `controller: true`.
    pub fn controller(&self) -> Option<&Value> {
        self.owner_references().iter().find(|owner| owner.bool_at(&["controller"]) == Some(true))
    }

    /// `namespace/name`, or the name alone for cluster-scoped objects: the key of stores and workqueues.
    pub fn key(&self) -> Str {
        match self.namespace() {
            "" => self.name().into(),
            namespace => format!("{namespace}/{}", self.name()).into(),
        }
    }

    /// Sets a text field of the metadata; empty text removes it.
    pub fn set_meta(&mut self, key: &'static str, text: &str) {
        if text.is_empty() {
            self.metadata_mut().remove(key);
        } else {
            self.metadata_mut().insert(Str::from_static(key), text);
        }
    }
}
