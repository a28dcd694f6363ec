//! Paths and operations, before they are written in one of the two dialects.

use apimachinery::{Str, schema::TypeId};

use super::types::Reference;

/// Which of the two document forms is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// OpenAPI 2.0 (Swagger).
    V2,
    /// OpenAPI 3.0.
    V3,
}

/// A path with its operations.
pub(super) struct PathItem {
    pub(super) path: String,
    pub(super) operations: Vec<Operation>,
}

/// What can be done at a path.
pub(super) struct Operation {
    /// `get`
    pub(super) method: &'static str,
    /// `readCoreV1NamespacedPod`
    pub(super) id: String,
    pub(super) description: String,
    /// `core_v1`
    pub(super) tag: String,
    /// `list`, `patch` …; empty for what is no resource.
    pub(super) action: &'static str,
    /// Group, version and kind; `None` for what is no resource.
    pub(super) kind: Option<[Str; 3]>,
    pub(super) parameters: Vec<Parameter>,
    pub(super) body: Option<Body>,
    pub(super) answers: Vec<Answer>,
    pub(super) media: Media,
}

/// What may be sent.
pub(super) struct Body {
    pub(super) shape: Reference,
    pub(super) required: bool,
    /// It is a patch, which has media types of its own.
    pub(super) patch: bool,
}

/// What is answered beside 401.
pub(super) struct Answer {
    pub(super) code: &'static str,
    pub(super) description: &'static str,
    pub(super) shape: Reference,
}

/// A parameter in the path or the query.
#[derive(Clone, PartialEq)]
pub(super) struct Parameter {
    pub(super) name: Str,
    pub(super) in_path: bool,
    /// `string`, `boolean` or `integer`.
    pub(super) scalar: &'static str,
    pub(super) description: Str,
}

/// The formats of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Media {
    /// Objects in the three encodings.
    Object,
    /// The same, or a stream of watch events.
    List,
    /// Objects or text (logs).
    Text,
    /// Whatever the other side of a connection sends.
    Any,
    /// JSON alone.
    Json,
}

impl Media {
    /// The media types.
    pub(super) fn types(self) -> &'static [&'static str] {
        match self {
            Media::Object => &["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"],
            Media::List => &[
                "application/json",
                "application/yaml",
                "application/vnd.kubernetes.protobuf",
                "application/json;stream=watch",
                "application/vnd.kubernetes.protobuf;stream=watch",
            ],
            Media::Text => {
                &["text/plain", "application/json", "application/yaml", "application/vnd.kubernetes.protobuf"]
            }
            Media::Any => &["*/*"],
            Media::Json => &["application/json"],
        }
    }
}

/// The media types of patches.
pub(super) const PATCHES: [&str; 4] = [
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
];

impl Parameter {
    /// The name of an object or namespace in the path.
    pub(super) fn in_path(name: &'static str, description: impl Into<Str>) -> Parameter {
        Parameter { name: Str::from_static(name), in_path: true, scalar: "string", description: description.into() }
    }
}

/// A built-in type by its kind in the `meta` package.
pub(super) fn meta(kind: &str) -> Option<TypeId> {
    api::schema().id(&format!("io.k8s.apimachinery.pkg.apis.meta.v1.{kind}"))
}
