//! Query parameters, read off the options types whose fields they are.

use api::Descriptions;
use apimachinery::{
    Str,
    schema::{Kind, TypeId},
};

use super::model::{Parameter, meta};

/// The parameters that operations share.
pub(super) struct Parameters {
    pub(super) list: Vec<Parameter>,
    pub(super) delete: Vec<Parameter>,
    pub(super) delete_collection: Vec<Parameter>,
    pub(super) create: Vec<Parameter>,
    pub(super) update: Vec<Parameter>,
    pub(super) patch: Vec<Parameter>,
    pub(super) pretty: Parameter,
    pub(super) namespace: Parameter,
}

impl Parameters {
    /// Reads them from the built-in schema.
    pub(super) fn new(descriptions: &Descriptions) -> Parameters {
        let of = |kind: &str| meta(kind).map(|id| of_type(id, descriptions)).unwrap_or_default();
        let list = of("ListOptions");
        let delete = of("DeleteOptions");
        let of_collection = list.iter().filter(|one| !matches!(one.name.as_str(), "watch" | "allowWatchBookmarks"));
        let delete_collection = of_collection.chain(&delete).cloned().collect();
        Parameters {
            delete_collection,
            list,
            delete,
            create: of("CreateOptions"),
            update: of("UpdateOptions"),
            patch: of("PatchOptions"),
            pretty: Parameter {
                name: Str::from_static("pretty"),
                in_path: false,
                scalar: "string",
                description: Str::from_static("Whether the answer is indented for people to read."),
            },
            namespace: Parameter::in_path("namespace", "The namespace of the object."),
        }
    }
}

/// The fields of an options type that fit into a query: scalars and lists of them.
pub(super) fn of_type(options: TypeId, descriptions: &Descriptions) -> Vec<Parameter> {
    let fields = &api::schema().get(options).fields;
    let fields = fields.iter().filter(|field| !matches!(field.name.as_str(), "apiVersion" | "kind"));
    fields
        .filter_map(|field| {
            Some(Parameter {
                name: field.name.clone(),
                in_path: false,
                scalar: scalar(&field.kind)?,
                description: descriptions.get(field.description).unwrap_or_default().into(),
            })
        })
        .collect()
}

fn scalar(kind: &Kind) -> Option<&'static str> {
    match kind {
        Kind::Bool => Some("boolean"),
        Kind::Int32 | Kind::Int64 => Some("integer"),
        Kind::String => Some("string"),
        Kind::List(item) => scalar(item),
        _ => None,
    }
}
