//! A structural schema as types of the object form.
//!
//! Scalars become [`Kind::Json`] here: whether a value has the right type is said by validation, in the words
//! that upstream uses for custom resources.

use apimachinery::{
    Str, Value,
    schema::{Field, Inline, Kind, Presence, Schema, StructType, TypeId},
};

/// A custom resource version's types.
pub struct Compiled {
    /// The types.
    pub schema: Schema,
    /// The object's own.
    pub root: TypeId,
}

/// Compiles a version's `openAPIV3Schema`.
pub fn compile(name: &str, open_api: &Value) -> Compiled {
    let mut compiler = Compiler { schema: Schema::new(), anonymous: 0 };
    let metadata = compiler.import("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
    let root = compiler.schema.declare(name);
    let mut definition = compiler.structure(name, open_api);
    compiler.add_object_fields(&mut definition, metadata);
    compiler.schema.define(root, definition);
    Compiled { schema: compiler.schema, root }
}

struct Compiler {
    schema: Schema,
    anonymous: usize,
}

fn flag(schema: &Value, name: &str) -> bool {
    schema.bool_at(&[name]) == Some(true)
}

impl Compiler {
    /// `apiVersion`, `kind` and `metadata`, which every object has whatever its schema says.
    fn add_object_fields(&self, definition: &mut StructType, metadata: TypeId) {
        definition.fields.retain(|field| !matches!(field.name.as_str(), "apiVersion" | "kind" | "metadata"));
        for name in ["apiVersion", "kind"] {
            let field = Field::new(Str::from_static(name), 0, Kind::String);
            definition.fields.push(Field { presence: Presence::OmitZero, ..field });
        }
        let field = Field::new(Str::from_static("metadata"), 0, Kind::Struct(metadata));
        definition.fields.push(Field { presence: Presence::Always, ..field });
    }

    /// Copies a built-in type and what it refers to.
    fn import(&mut self, name: &str) -> TypeId {
        if let Some(id) = self.schema.id(name) {
            return id;
        }
        let id = self.schema.declare(name);
        let source = api::schema();
        let Some(source_id) = source.id(name) else { return id };
        let mut definition = source.get(source_id).clone();
        for field in &mut definition.fields {
            field.kind = self.import_kind(&field.kind);
        }
        definition.inline = definition
            .inline
            .iter()
            .map(|inline| Inline {
                number: inline.number,
                embedded: self.import(&source.get(inline.embedded).name.clone()),
            })
            .collect();
        self.schema.define(id, definition);
        id
    }

    fn import_kind(&mut self, kind: &Kind) -> Kind {
        match kind {
            Kind::Struct(id) => Kind::Struct(self.import(&api::schema().get(*id).name.clone())),
            Kind::StructOr(id, alternative) => {
                Kind::StructOr(self.import(&api::schema().get(*id).name.clone()), *alternative)
            }
            Kind::List(item) => Kind::List(Box::new(self.import_kind(item))),
            Kind::Map(item) => Kind::Map(Box::new(self.import_kind(item))),
            other => other.clone(),
        }
    }

    fn structure(&mut self, name: &str, schema: &Value) -> StructType {
        let properties = schema.map_at(&["properties"]);
        let required: Vec<&str> = schema.list_at(&["required"]).iter().filter_map(Value::as_str).collect();
        let mut fields = Vec::new();
        for (property, inner) in properties.into_iter().flat_map(|map| map.iter()) {
            let kind = self.kind(inner);
            let mut field = Field::new(property.clone(), 0, kind);
            field.presence = Presence::Pointer;
            field.nullable = flag(inner, "nullable");
            field.required = required.contains(&property.as_str());
            field.default = inner.at(&["default"]).filter(|default| !default.is_null()).cloned();
            field.atomic = inner.str_at(&["x-kubernetes-map-type"]) == Some("atomic");
            merge_facts(inner, &mut field);
            fields.push(field);
        }
        StructType {
            name: name.into(),
            fields,
            atomic: schema.str_at(&["x-kubernetes-map-type"]) == Some("atomic"),
            preserve_unknown_fields: flag(schema, "x-kubernetes-preserve-unknown-fields"),
            ..StructType::default()
        }
    }

    fn kind(&mut self, schema: &Value) -> Kind {
        let preserves = flag(schema, "x-kubernetes-preserve-unknown-fields");
        if flag(schema, "x-kubernetes-embedded-resource") {
            let metadata = self.import("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
            return self.anonymous(schema, Some(metadata));
        }
        match schema.str_at(&["type"]).unwrap_or_default() {
            "object" => match schema.at(&["additionalProperties"]) {
                Some(item @ Value::Map(_)) => Kind::Map(Box::new(self.kind(item))),
                Some(Value::Bool(true)) => Kind::Map(Box::new(Kind::Json)),
                _ if schema.at(&["properties"]).is_none() && preserves => Kind::Json,
                _ => self.anonymous(schema, None),
            },
            "array" => match schema.at(&["items"]) {
                Some(item @ Value::Map(_)) => Kind::List(Box::new(self.kind(item))),
                _ => Kind::Json,
            },
            _ => Kind::Json,
        }
    }

    fn anonymous(&mut self, schema: &Value, metadata: Option<TypeId>) -> Kind {
        self.anonymous += 1;
        let name = format!("#{}", self.anonymous);
        let id = self.schema.declare(name.as_str());
        let mut definition = self.structure(&name, schema);
        if let Some(metadata) = metadata {
            self.add_object_fields(&mut definition, metadata);
        }
        self.schema.define(id, definition);
        Kind::Struct(id)
    }
}

fn merge_facts(schema: &Value, field: &mut Field) {
    use apimachinery::schema::ListType;
    field.list_type = match schema.str_at(&["x-kubernetes-list-type"]) {
        Some("map") => ListType::Map,
        Some("set") => ListType::Set,
        _ => ListType::Atomic,
    };
    field.list_map_keys =
        schema.list_at(&["x-kubernetes-list-map-keys"]).iter().filter_map(Value::as_str).map(Str::from).collect();
}

/// Gives absent fields their defaults, from the top down; null where null is no value counts as absent.
pub fn apply_defaults(value: &mut Value, schema: &Schema, type_id: TypeId) {
    default_kind(value, schema, &Kind::Struct(type_id));
}

fn default_kind(value: &mut Value, schema: &Schema, kind: &Kind) {
    match (kind, value) {
        (Kind::Struct(id), Value::Map(map)) => {
            for field in &schema.get(*id).fields {
                if let (Some(default), false) = (&field.default, map.contains_key(&field.name)) {
                    map.insert(field.name.clone(), default.clone());
                }
                if let Some(child) = map.get_mut(&field.name) {
                    default_kind(child, schema, &field.kind);
                }
            }
        }
        (Kind::List(item), Value::List(list)) => list.iter_mut().for_each(|value| default_kind(value, schema, item)),
        (Kind::Map(item), Value::Map(map)) => map.iter_mut().for_each(|(_, value)| default_kind(value, schema, item)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use apimachinery::{
        decode::{self, Zeros},
        value,
    };

    use super::*;

    #[test]
    fn prunes_and_defaults() {
        let open_api = value!({
            "type": "object",
            "properties": {
                "spec": {
                    "type": "object",
                    "properties": {
                        "size": {"type": "integer", "default": 3},
                        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                        "items": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string", "default": "x"}}}},
                        "labels": {"type": "object", "additionalProperties": {"type": "string"}}
                    }
                }
            }
        });
        let compiled = compile("test.example/v1.Thing", &open_api);
        let text = br#"{"apiVersion":"test.example/v1","kind":"Thing","metadata":{"name":"a","bogus":1},
            "spec":{"bogus":2,"free":{"any":[1]},"items":[{"other":1}],"labels":{"a":"b"},"size":null},"status":{"x":1}}"#;
        let mut decoded = decode::json(text, &compiled.schema, compiled.root, Zeros::Fill).unwrap();
        assert_eq!(decoded.strict_errors.len(), 4, "{:?}", decoded.strict_errors);
        decoded.value.remove(&["spec", "size"]);
        apply_defaults(&mut decoded.value, &compiled.schema, compiled.root);
        let spec = value!({"size": 3, "free": {"any": [1]}, "items": [{"name": "x"}], "labels": {"a": "b"}});
        assert_eq!(decoded.value.at(&["spec"]), Some(&spec));
        assert_eq!(decoded.value.at(&["metadata"]), Some(&value!({"name": "a"})));
        assert_eq!(decoded.value.at(&["status"]), None);
    }
}
