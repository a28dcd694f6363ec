//! From resources to paths with operations.

use std::sync::Arc;

use api::Descriptions;
use apimachinery::Str;

use super::{
    model::{Answer, Body, Media, Operation, Parameter, PathItem, meta},
    parameters::{self, Parameters},
    types::Reference,
};
use crate::{Resource, Subresource, SubresourceHandler};

/// Writes paths of resources.
pub(super) struct Paths<'d> {
    pub(super) parameters: Parameters,
    pub(super) descriptions: &'d Descriptions,
}

/// What the operations of one path have in common.
struct Place<'r> {
    resource: &'r Resource,
    path: String,
    /// `CoreV1`
    group_version: String,
    tag: String,
    /// Group, version and kind of what is sent and answered.
    kind: [Str; 3],
    object: Reference,
    /// `""` or `"Namespaced"`.
    scope: &'static str,
    /// `Pod`, or `PodStatus` for a subresource.
    noun: String,
    /// The subresource's name, or empty.
    subresource: Str,
    path_parameters: Vec<Parameter>,
}

impl Paths<'_> {
    /// The paths of a group version.
    pub(super) fn group_version(&self, group: &str, version: &str, resources: &[Arc<Resource>]) -> Vec<PathItem> {
        let root = if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
        let mut items = vec![PathItem {
            path: format!("{root}/"),
            operations: vec![plain(
                format!("get{}APIResources", upper(group, version)),
                "get available resources",
                tag(group, version),
                meta("APIResourceList"),
            )],
        }];
        for resource in resources {
            self.resource(&root, resource, &mut items);
        }
        items.sort_by(|a, b| a.path.cmp(&b.path));
        items
    }

    fn resource(&self, root: &str, resource: &Arc<Resource>, items: &mut Vec<PathItem>) {
        let kind = &resource.kind;
        let collection = match kind.namespaced {
            true => format!("{root}/namespaces/{{namespace}}/{}", kind.resource),
            false => format!("{root}/{}", kind.resource),
        };
        let object = Reference::of(resource);
        let place = Place {
            resource,
            path: collection.clone(),
            group_version: upper(&kind.group, &kind.version),
            tag: tag(&kind.group, &kind.version),
            kind: [kind.group.clone(), kind.version.clone(), kind.kind.clone()],
            object,
            scope: if kind.namespaced { "Namespaced" } else { "" },
            noun: kind.kind.to_string(),
            subresource: Str::EMPTY,
            path_parameters: if kind.namespaced { vec![self.parameters.namespace.clone()] } else { Vec::new() },
        };
        self.collection(&place, resource, items);
        let mut place = place;
        place.path = format!("{collection}/{{name}}");
        place.path_parameters.push(name_parameter(&kind.kind));
        self.object(&place, items);
        for subresource in &resource.subresources {
            self.subresource(&place, resource, subresource, items);
        }
    }

    fn collection(&self, place: &Place<'_>, resource: &Arc<Resource>, items: &mut Vec<PathItem>) {
        let has = |verb: &str| resource.verbs.iter().any(|offered| *offered == verb);
        let kind = &resource.kind.kind;
        let mut operations = Vec::new();
        if has("deletecollection") {
            let mut operation = place.operation("delete", "deletecollection", "delete", "Collection");
            operation.description = format!("delete collection of {kind}");
            operation.parameters.extend(self.parameters.delete_collection.iter().cloned());
            operation.body = delete_options();
            operation.answers = answers(&["200"], &status());
            operations.push(operation);
        }
        let list = |id: String| {
            let mut operation = place.operation("get", "list", "list", "");
            operation.id = id;
            let what = if has("watch") { "list or watch" } else { "list" };
            operation.description = format!("{what} objects of kind {kind}");
            operation.parameters.extend(self.parameters.list.iter().cloned());
            operation.answers = answers(&["200"], &Reference::list_of(resource));
            operation.media = Media::List;
            operation
        };
        if has("list") {
            operations.push(list(format!("list{}{}{kind}", place.group_version, place.scope)));
        }
        if has("create") {
            let mut operation = place.operation("post", "post", "create", "");
            operation.description = format!("create {}", with_article(kind));
            self.creation(place, &mut operation);
            operations.push(operation);
        }
        self.push(items, place.path.clone(), operations);
        if has("list") && resource.kind.namespaced {
            let mut everywhere = list(format!("list{}{kind}ForAllNamespaces", place.group_version));
            everywhere.parameters.retain(|parameter| !parameter.in_path);
            let root = place.path.split_once("/namespaces/").map_or("", |(root, _)| root);
            self.push(items, format!("{root}/{}", resource.kind.resource), vec![everywhere]);
        }
    }

    fn creation(&self, place: &Place<'_>, operation: &mut Operation) {
        operation.parameters.extend(self.parameters.create.iter().cloned());
        operation.body = Some(Body { shape: place.object.clone(), required: true, patch: false });
        operation.answers = answers(&["200", "201", "202"], &place.object);
    }

    fn object(&self, place: &Place<'_>, items: &mut Vec<PathItem>) {
        let mut operations = self.reads_and_writes(place, &place.resource.verbs);
        if place.resource.verbs.iter().any(|verb| *verb == "delete") {
            let mut operation = place.operation("delete", "delete", "delete", "");
            operation.description = format!("delete {}", with_article(&place.resource.kind.kind));
            operation.parameters.extend(self.parameters.delete.iter().cloned());
            operation.body = delete_options();
            let returned = place.resource.strategy.returns_deleted_object();
            let answer = if returned { place.object.clone() } else { status() };
            operation.answers = answers(&["200", "202"], &answer);
            operations.push(operation);
        }
        self.push(items, place.path.clone(), operations);
    }

    /// Get, put and patch, which objects and their halves have alike.
    fn reads_and_writes(&self, place: &Place<'_>, verbs: &[Str]) -> Vec<Operation> {
        let part = if place.subresource.is_empty() { String::new() } else { format!("{} of ", place.subresource) };
        let of = format!("{part}the specified {}", place.resource.kind.kind);
        let mut operations = Vec::new();
        for verb in verbs {
            let operation = match verb.as_str() {
                "get" => {
                    let mut operation = place.operation("get", "get", "read", "");
                    operation.description = format!("read {of}");
                    operation.answers = answers(&["200"], &place.object);
                    operation
                }
                "update" => {
                    let mut operation = place.operation("put", "put", "replace", "");
                    operation.description = format!("replace {of}");
                    operation.parameters.extend(self.parameters.update.iter().cloned());
                    operation.body = Some(Body { shape: place.object.clone(), required: true, patch: false });
                    operation.answers = answers(&["200", "201"], &place.object);
                    operation
                }
                "patch" => {
                    let mut operation = place.operation("patch", "patch", "patch", "");
                    operation.description = format!("partially update {of}");
                    operation.parameters.extend(self.parameters.patch.iter().cloned());
                    let shape = meta("Patch").map_or(Reference::Text, Reference::BuiltIn);
                    operation.body = Some(Body { shape, required: true, patch: true });
                    operation.answers = answers(&["200", "201"], &place.object);
                    operation
                }
                _ => continue,
            };
            operations.push(operation);
        }
        operations
    }

    fn subresource(
        &self,
        parent: &Place<'_>,
        resource: &Arc<Resource>,
        subresource: &Subresource,
        items: &mut Vec<PathItem>,
    ) {
        let kind = &subresource.kind;
        let object = match (&subresource.handler, subresource.type_id) {
            (SubresourceHandler::Object, _) => Reference::of(resource),
            (SubresourceHandler::Connect(_), _) | (_, None) => Reference::Text,
            (_, Some(id)) => Reference::BuiltIn(id),
        };
        let mut path_parameters = parent.path_parameters.clone();
        path_parameters.retain(|parameter| parameter.name != "name");
        path_parameters.push(name_parameter(&kind.kind));
        let place = Place {
            resource,
            path: format!("{}/{}", parent.path, subresource.name),
            group_version: parent.group_version.clone(),
            tag: parent.tag.clone(),
            kind: [kind.group.clone(), kind.version.clone(), kind.kind.clone()],
            object,
            scope: parent.scope,
            noun: format!("{}{}", resource.kind.kind, capital(&subresource.name)),
            subresource: subresource.name.clone(),
            path_parameters,
        };
        match &subresource.handler {
            SubresourceHandler::Object | SubresourceHandler::Scale(_) => {
                let operations = self.reads_and_writes(&place, &subresource.verbs);
                self.push(items, place.path.clone(), operations);
            }
            SubresourceHandler::Create(_) => {
                let mut operation = place.operation("post", "post", "create", "");
                let article = with_article(&resource.kind.kind);
                operation.description = format!("create {} of {article}", subresource.name);
                self.creation(&place, &mut operation);
                self.push(items, place.path.clone(), vec![operation]);
            }
            SubresourceHandler::Connect(_) if subresource.kind.kind == resource.kind.kind => {
                self.text(&place, items);
            }
            SubresourceHandler::Connect(_) => self.connection(&place, subresource, items),
        }
    }

    /// Something that is read as text: `pods/log`.
    fn text(&self, place: &Place<'_>, items: &mut Vec<PathItem>) {
        let mut operation = place.operation("get", "get", "read", "");
        operation.description = format!("read {} of the specified {}", place.subresource, place.resource.kind.kind);
        operation.answers = answers(&["200"], &Reference::Text);
        operation.media = Media::Text;
        let options = place
            .resource
            .schema
            .get(place.resource.type_id)
            .name
            .rsplit_once('.')
            .and_then(|(package, _)| api::schema().id(&format!("{package}.{}Options", place.noun)));
        if let Some(options) = options {
            operation.parameters.extend(parameters::of_type(options, self.descriptions));
        }
        self.push(items, place.path.clone(), vec![operation]);
    }

    fn connection(&self, place: &Place<'_>, subresource: &Subresource, items: &mut Vec<PathItem>) {
        let has = |verb: &str| subresource.verbs.iter().any(|offered| *offered == verb);
        let mut methods: Vec<&'static str> = Vec::new();
        for (verb, method) in
            [("get", "get"), ("create", "post"), ("update", "put"), ("patch", "patch"), ("delete", "delete")]
        {
            methods.extend(has(verb).then_some(method));
        }
        let proxy = subresource.name == "proxy";
        if proxy {
            // A proxy passes on whatever comes.
            methods.extend(["head", "options"]);
        }
        let options = subresource.type_id.map(|id| parameters::of_type(id, self.descriptions)).unwrap_or_default();
        let operations = |with_path: bool| {
            let each = methods.iter().map(|method| {
                let mut operation = place.operation(method, "connect", "connect", "");
                let suffix = if with_path { "WithPath" } else { "" };
                let (gv, scope, noun) = (&place.group_version, place.scope, &place.noun);
                operation.id = format!("connect{gv}{}{scope}{noun}{suffix}", capital(method));
                operation.description = format!(
                    "connect {} requests to {} of {}",
                    method.to_uppercase(),
                    place.subresource,
                    place.resource.kind.kind
                );
                operation.answers = answers(&["200"], &Reference::Text);
                operation.media = Media::Any;
                operation.parameters.extend(options.iter().cloned());
                if with_path {
                    operation.parameters.push(Parameter::in_path("path", "The path behind the object."));
                }
                operation
            });
            each.collect::<Vec<_>>()
        };
        items.push(PathItem { path: place.path.clone(), operations: operations(false) });
        if proxy {
            items.push(PathItem { path: format!("{}/{{path}}", place.path), operations: operations(true) });
        }
    }

    /// Adds a path whose answers may be asked for in a readable form.
    fn push(&self, items: &mut Vec<PathItem>, path: String, mut operations: Vec<Operation>) {
        if operations.is_empty() {
            return;
        }
        for operation in &mut operations {
            operation.parameters.push(self.parameters.pretty.clone());
        }
        items.push(PathItem { path, operations });
    }
}

impl Place<'_> {
    fn operation(&self, method: &'static str, action: &'static str, verb: &str, collection: &str) -> Operation {
        Operation {
            method,
            id: format!("{verb}{}{collection}{}{}", self.group_version, self.scope, self.noun),
            description: String::new(),
            tag: self.tag.clone(),
            action,
            kind: Some(self.kind.clone()),
            parameters: self.path_parameters.clone(),
            body: None,
            answers: Vec::new(),
            media: Media::Object,
        }
    }
}

/// A GET of something that is no resource.
pub(super) fn plain(
    id: String,
    description: &str,
    tag: String,
    shape: Option<apimachinery::schema::TypeId>,
) -> Operation {
    Operation {
        method: "get",
        id,
        description: description.to_owned(),
        tag,
        action: "",
        kind: None,
        parameters: Vec::new(),
        body: None,
        answers: answers(&["200"], &shape.map_or(Reference::Text, Reference::BuiltIn)),
        media: Media::Object,
    }
}

fn answers(codes: &[&'static str], shape: &Reference) -> Vec<Answer> {
    let describe = |code: &str| match code {
        "200" => "OK",
        "201" => "Created",
        _ => "Accepted",
    };
    codes.iter().map(|code| Answer { code, description: describe(code), shape: shape.clone() }).collect()
}

fn status() -> Reference {
    meta("Status").map_or(Reference::Text, Reference::BuiltIn)
}

fn delete_options() -> Option<Body> {
    meta("DeleteOptions").map(|id| Body { shape: Reference::BuiltIn(id), required: false, patch: false })
}

fn name_parameter(kind: &str) -> Parameter {
    Parameter::in_path("name", format!("name of the {kind}"))
}

/// `a Pod`, `an Event`, `Endpoints`.
fn with_article(kind: &str) -> String {
    if kind.ends_with('s') && !kind.ends_with("ss") {
        return kind.to_owned();
    }
    let vowel = kind.starts_with(|first: char| "AEIOUaeiou".contains(first));
    format!("{} {kind}", if vowel { "an" } else { "a" })
}

/// `status` → `Status`.
fn capital(word: &str) -> String {
    let mut characters = word.chars();
    characters.next().map(|first| first.to_ascii_uppercase().to_string() + characters.as_str()).unwrap_or_default()
}

/// `rbac.authorization.k8s.io` → `rbacAuthorization`; the core group is `core`.
pub(super) fn group_name(group: &str) -> String {
    if group.is_empty() {
        return "core".to_owned();
    }
    let mut words = group.strip_suffix(".k8s.io").unwrap_or(group).split(['.', '-']);
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| name + &capital(word))
}

/// `rbacAuthorization_v1`
fn tag(group: &str, version: &str) -> String {
    format!("{}_{version}", group_name(group))
}

/// `RbacAuthorizationV1`
fn upper(group: &str, version: &str) -> String {
    capital(&group_name(group)) + &capital(version)
}

/// `RbacAuthorization`
pub(super) fn upper_group(group: &str) -> String {
    capital(&group_name(group))
}
