//! Types as component schemas, and the closure of what a document refers to.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use api::Descriptions;
use apimachinery::{
    Map, Str, Value, json,
    schema::{Alternative, Field, Kind, ListType, Presence, Schema, StructType, TypeId},
    value,
};

use super::{
    custom,
    leaves::{self, Leaf},
    model::Dialect,
};
use crate::{Resource, SchemaHandle};

/// A type that a document refers to.
#[derive(Clone)]
pub(super) enum Reference {
    /// Text, which has no schema of its own.
    Text,
    /// A type of the built-in schema.
    BuiltIn(TypeId),
    /// A value that is no struct.
    Leaf(Leaf),
    /// A custom resource.
    Custom(Arc<Resource>),
    /// A list of custom resources.
    CustomList(Arc<Resource>),
}

impl Reference {
    /// The objects of a resource.
    pub(super) fn of(resource: &Arc<Resource>) -> Reference {
        match resource.schema {
            SchemaHandle::Static(_) => Reference::BuiltIn(resource.type_id),
            SchemaHandle::Shared(_) => Reference::Custom(resource.clone()),
        }
    }

    /// Lists of a resource's objects.
    pub(super) fn list_of(resource: &Arc<Resource>) -> Reference {
        let kind = &resource.kind;
        match resource.schema {
            SchemaHandle::Static(_) => api::type_of(&kind.group, &kind.version, &resource.list_kind())
                .map_or(Reference::Text, Reference::BuiltIn),
            SchemaHandle::Shared(_) => Reference::CustomList(resource.clone()),
        }
    }

    fn name(&self) -> Option<Str> {
        Some(match self {
            Reference::Text => return None,
            Reference::BuiltIn(id) => api::schema().get(*id).name.clone(),
            Reference::Leaf(leaf) => Str::from_static(leaf.name()),
            Reference::Custom(resource) => custom_name(resource, &resource.kind.kind),
            Reference::CustomList(resource) => custom_name(resource, &resource.list_kind()),
        })
    }
}

/// `stable.example.com`, `v1`, `CronTab` → `com.example.stable.v1.CronTab`
fn custom_name(resource: &Resource, kind: &str) -> Str {
    let mut words: Vec<&str> = resource.kind.group.split('.').collect();
    words.reverse();
    Str::from(format!("{}.{}.{kind}", words.join("."), resource.kind.version))
}

/// The schemas of a document: what was referred to, and what that refers to.
pub(super) struct Types<'d> {
    dialect: Dialect,
    descriptions: &'d Descriptions,
    kinds: HashMap<TypeId, Vec<api::GroupVersionKind>>,
    /// Group versions in which the kinds of every group version are.
    group_versions: Vec<(Str, Str)>,
    written: BTreeMap<Str, Vec<u8>>,
    queue: Vec<(Str, Reference)>,
}

impl<'d> Types<'d> {
    pub(super) fn new(dialect: Dialect, descriptions: &'d Descriptions, group_versions: Vec<(Str, Str)>) -> Types<'d> {
        let mut kinds: HashMap<TypeId, Vec<api::GroupVersionKind>> = HashMap::new();
        for (kind, id) in api::group_version_kinds() {
            kinds.entry(*id).or_default().push(*kind);
        }
        Types { dialect, descriptions, kinds, group_versions, written: BTreeMap::new(), queue: Vec::new() }
    }

    /// The schema that stands where `reference` is meant.
    pub(super) fn refer(&mut self, reference: &Reference) -> Value {
        let Some(name) = reference.name() else { return value!({"type": "string"}) };
        let prefix = match self.dialect {
            Dialect::V2 => "#/definitions/",
            Dialect::V3 => "#/components/schemas/",
        };
        let pointer = format!("{prefix}{name}");
        if !self.written.contains_key(&name) {
            self.written.insert(name.clone(), Vec::new());
            self.queue.push((name, reference.clone()));
        }
        value!({"$ref": pointer})
    }

    /// Every schema that was referred to, by name, as JSON.
    pub(super) fn finish(mut self) -> BTreeMap<Str, Vec<u8>> {
        while let Some((name, reference)) = self.queue.pop() {
            let schema = self.definition(&reference);
            self.written.insert(name, json::to_vec(&schema));
        }
        self.written
    }

    fn definition(&mut self, reference: &Reference) -> Value {
        match reference {
            Reference::Text => value!({"type": "string"}),
            Reference::Leaf(leaf) => leaf.schema(self.dialect),
            Reference::BuiltIn(id) => {
                let mut schema = self.object(api::schema(), api::schema().get(*id));
                if let Some(kinds) = self.kinds_of(*id) {
                    schema.insert("x-kubernetes-group-version-kind", kinds);
                }
                Value::Map(schema)
            }
            Reference::Custom(resource) => self.custom(resource),
            Reference::CustomList(resource) => self.custom_list(resource),
        }
    }

    /// The kinds that a built-in type is; those of the protocol itself belong to the core group, options and
    /// watch events to every group version.
    fn kinds_of(&self, id: TypeId) -> Option<Value> {
        let mut kinds = Vec::new();
        for kind in self.kinds.get(&id)? {
            let protocol = kind.group == "meta.k8s.io";
            let group = if protocol { "" } else { kind.group };
            kinds.push(kind_value(group, kind.version, kind.kind));
            if protocol && (kind.kind == "WatchEvent" || kind.kind.ends_with("Options")) {
                let others = self.group_versions.iter().filter(|(group, _)| !group.is_empty());
                kinds.extend(others.map(|(group, version)| kind_value(group, version, kind.kind)));
            }
        }
        Some(kinds.into())
    }

    fn custom(&mut self, resource: &Arc<Resource>) -> Value {
        let own = match resource.strategy.published_schema() {
            Some(published) => published.as_map().cloned().unwrap_or_default(),
            None => self.object(&resource.schema, resource.schema.get(resource.type_id)),
        };
        let mut schema = custom::published(&own, self.dialect, &self.object_fields("io.k8s.api.core.v1.ConfigMap"));
        let kind = &resource.kind;
        let kinds = value!([kind_value(&kind.group, &kind.version, &kind.kind)]);
        schema.insert("x-kubernetes-group-version-kind", kinds);
        Value::Map(schema)
    }

    fn custom_list(&mut self, resource: &Arc<Resource>) -> Value {
        let kind = &resource.kind;
        let item = self.refer(&Reference::Custom(resource.clone()));
        let mut properties = self.object_fields("io.k8s.api.core.v1.ConfigMapList");
        let more = "More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md";
        let description = format!("List of {}. {more}", resource.kind.resource);
        properties.insert("items", value!({"type": "array", "items": item, "description": description}));
        value!({
            "description": format!("{} is a list of {}", resource.list_kind(), kind.kind),
            "type": "object",
            "required": ["items"],
            "properties": properties,
            "x-kubernetes-group-version-kind": [kind_value(&kind.group, &kind.version, &resource.list_kind())]
        })
    }

    /// `apiVersion`, `kind` and `metadata` as a built-in type has them.
    fn object_fields(&mut self, of: &str) -> Map {
        let Some(id) = api::schema().id(of) else { return Map::new() };
        let fields = api::schema().get(id).fields.iter();
        let common = fields.filter(|field| matches!(field.name.as_str(), "apiVersion" | "kind" | "metadata"));
        common.map(|field| (field.name.clone(), self.property(api::schema(), field))).collect()
    }

    fn describe(&self, schema: &mut Map, index: u32) {
        if let Some(text) = self.descriptions.get(index) {
            schema.insert("description", text);
        }
    }

    /// A struct.
    fn object(&mut self, schema: &Schema, definition: &StructType) -> Map {
        let mut object = Map::new();
        self.describe(&mut object, definition.description);
        object.insert("type", "object");
        if !definition.fields.is_empty() {
            let properties: Map = definition.fields.iter().fold(Map::new(), |mut properties, field| {
                properties.insert(field.name.clone(), self.property(schema, field));
                properties
            });
            object.insert("properties", properties);
        }
        let required: Vec<Value> =
            definition.fields_by_number().filter(|field| field.required).map(|field| (&field.name).into()).collect();
        if !required.is_empty() {
            object.insert("required", required);
        }
        if definition.atomic {
            object.insert("x-kubernetes-map-type", "atomic");
        }
        if definition.preserve_unknown_fields {
            object.insert("x-kubernetes-preserve-unknown-fields", true);
        }
        if let Some(unions) = unions(definition) {
            object.insert("x-kubernetes-unions", unions);
        }
        object
    }

    fn property(&mut self, schema: &Schema, field: &Field) -> Value {
        let mut property = self.kind(schema, &field.kind);
        let reference = property.contains_key("$ref");
        let mut siblings = Map::new();
        self.describe(&mut siblings, field.description);
        if self.dialect == Dialect::V3 {
            if let Some(default) = default(field) {
                siblings.insert("default", default);
            }
            if field.nullable {
                siblings.insert("nullable", true);
            }
        }
        enumeration(field, &mut property);
        if !reference && !field.format.is_empty() {
            siblings.insert("format", &field.format);
        }
        merge_rules(field, &mut siblings);
        if reference && self.dialect == Dialect::V3 && !siblings.is_empty() {
            // A reference hides what stands beside it, so that it is wrapped where there is anything.
            property = Map::new();
            let inner = self.kind(schema, &field.kind);
            property.insert("allOf", value!([inner]));
        }
        for (key, entry) in siblings {
            property.insert(key, entry);
        }
        Value::Map(property)
    }

    fn kind(&mut self, schema: &Schema, kind: &Kind) -> Map {
        let value = match kind {
            Kind::Bool => value!({"type": "boolean"}),
            Kind::Int32 => value!({"type": "integer", "format": "int32"}),
            Kind::Int64 => value!({"type": "integer", "format": "int64"}),
            Kind::Double => value!({"type": "number", "format": "double"}),
            Kind::String => value!({"type": "string"}),
            Kind::Bytes => value!({"type": "string", "format": "byte"}),
            Kind::StringListMessage => value!({"type": "array", "items": {"type": "string"}}),
            Kind::List(item) => value!({"type": "array", "items": self.kind(schema, item)}),
            Kind::Map(entry) => value!({"type": "object", "additionalProperties": self.kind(schema, entry)}),
            Kind::Struct(id) => return self.structure(schema, *id),
            Kind::StructOr(_, Alternative::Bool) => self.refer(&Reference::Leaf(Leaf::SchemaOrBool)),
            Kind::StructOr(_, Alternative::List) => self.refer(&Reference::Leaf(Leaf::SchemaOrArray)),
            Kind::StructOr(_, Alternative::StringList) => self.refer(&Reference::Leaf(Leaf::SchemaOrStrings)),
            other => match (leaves::of_kind(other), std::ptr::eq(schema, api::schema())) {
                (Some(leaf), true) => self.refer(&Reference::Leaf(leaf)),
                (Some(leaf), false) => leaf.inline(),
                (None, _) => value!({}),
            },
        };
        match value {
            Value::Map(map) => map,
            _ => Map::new(),
        }
    }

    /// A struct under a field: a reference, but for the types of a custom resource, which have no name.
    fn structure(&mut self, schema: &Schema, id: TypeId) -> Map {
        let builtin =
            if std::ptr::eq(schema, api::schema()) { Some(id) } else { api::schema().id(&schema.get(id).name) };
        match builtin {
            Some(id) => self.refer(&Reference::BuiltIn(id)).as_map().cloned().unwrap_or_default(),
            None => self.object(schema, schema.get(id)),
        }
    }
}

fn kind_value(group: &str, version: &str, kind: &str) -> Value {
    value!({"group": group, "version": version, "kind": kind})
}

/// The allowed values, where the scalar stands that they are of.
fn enumeration(field: &Field, property: &mut Map) {
    if field.enumeration.is_empty() {
        return;
    }
    let mut scalar = property;
    for key in ["items", "additionalProperties"] {
        if scalar.contains_key(key) {
            scalar = scalar.map_at(key);
        }
    }
    scalar.insert("enum", field.enumeration.iter().collect::<Value>());
}

fn merge_rules(field: &Field, property: &mut Map) {
    let is_list = matches!(field.kind, Kind::List(_) | Kind::Bytes | Kind::StringListMessage);
    match field.list_type {
        ListType::Map if is_list => {
            property.insert("x-kubernetes-list-type", "map");
            property.insert("x-kubernetes-list-map-keys", field.list_map_keys.iter().collect::<Value>());
        }
        ListType::Set if is_list => drop(property.insert("x-kubernetes-list-type", "set")),
        ListType::Atomic if is_list && field.atomic => drop(property.insert("x-kubernetes-list-type", "atomic")),
        _ if is_list => {}
        _ if field.atomic => drop(property.insert("x-kubernetes-map-type", "atomic")),
        _ if field.granular => drop(property.insert("x-kubernetes-map-type", "granular")),
        _ => {}
    }
    let strategies =
        [(field.patch_merge, "merge"), (field.patch_retain_keys, "retainKeys"), (field.patch_replace, "replace")];
    let strategies: Vec<&str> = strategies.iter().filter(|(on, _)| *on).map(|(_, name)| *name).collect();
    if !strategies.is_empty() {
        property.insert("x-kubernetes-patch-strategy", strategies.join(","));
    }
    if !field.patch_merge_key.is_empty() {
        property.insert("x-kubernetes-patch-merge-key", &field.patch_merge_key);
    }
}

/// The default that is published: the declared one, or the zero value of what is always there.
fn default(field: &Field) -> Option<Value> {
    if field.default_is_published {
        return field.default.clone();
    }
    if field.presence != Presence::Always {
        return None;
    }
    match field.kind {
        Kind::String => Some(value!("")),
        Kind::Bool => Some(value!(false)),
        Kind::Int32 | Kind::Int64 => Some(value!(0)),
        Kind::Struct(_) => Some(value!({})),
        _ => None,
    }
}

fn unions(definition: &StructType) -> Option<Value> {
    let discriminator = definition.union_discriminator.as_ref()?;
    let mut members = Map::new();
    for field in definition.fields.iter().filter(|field| field.name != *discriminator) {
        let (first, rest) = field.name.split_at(1);
        members.insert(field.name.clone(), first.to_ascii_uppercase() + rest);
    }
    let mut union = value!({"fields-to-discriminateBy": members});
    if !discriminator.is_empty() {
        union.set(&["discriminator"], discriminator);
    }
    Some(value!([union]))
}
