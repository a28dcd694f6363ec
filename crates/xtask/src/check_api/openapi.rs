//! Our schema as OpenAPI v3, beside upstream's.

use std::collections::BTreeSet;

use apimachinery::schema::{Field, Kind, ListType, Presence, StructType};
use serde_json::{Map, Value, json};

/// Compares a type with its published schema.
pub(crate) fn compare(ours: &StructType, theirs: &Value, differences: &mut BTreeSet<String>) {
    let name = &ours.name;
    let empty = Map::new();
    let properties = theirs["properties"].as_object().unwrap_or(&empty);
    let published: BTreeSet<&str> = properties.keys().map(String::as_str).collect();
    let known: BTreeSet<&str> = ours.fields.iter().map(|field| field.name.as_str()).collect();
    for field in published.symmetric_difference(&known) {
        differences.insert(format!("{name}.{field}: on one side only"));
    }
    let required: BTreeSet<&str> =
        theirs["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for field in &ours.fields {
        let Some(theirs) = properties.get(field.name.as_str()) else { continue };
        if field.required != required.contains(field.name.as_str()) {
            differences.insert(format!("{name}.{}: required is {}", field.name, field.required));
        }
        let (ours, theirs) = (property(field), without_description(theirs));
        if ours != theirs {
            differences.insert(format!("{name}.{}: {ours} is not {theirs}", field.name));
        }
    }
    if unions(ours) != theirs["x-kubernetes-unions"] {
        differences.insert(format!("{name}: {} is not {}", unions(ours), theirs["x-kubernetes-unions"]));
    }
    if ours.atomic != (theirs["x-kubernetes-map-type"] == "atomic") {
        differences.insert(format!("{name}: atomic is {}", ours.atomic));
    }
}

/// `x-kubernetes-unions`, null for what is none.
fn unions(ours: &StructType) -> Value {
    let Some(discriminator) = &ours.union_discriminator else { return Value::Null };
    let members = ours.fields.iter().filter(|field| field.name != *discriminator);
    let members = members.map(|field| {
        let (first, rest) = field.name.split_at(1);
        (field.name.to_string(), json!(first.to_ascii_uppercase() + rest))
    });
    let members: Map<String, Value> = members.collect();
    if discriminator.is_empty() {
        json!([{"fields-to-discriminateBy": members}])
    } else {
        json!([{"discriminator": discriminator.as_str(), "fields-to-discriminateBy": members}])
    }
}

/// What OpenAPI says about a field, but for its description.
fn property(field: &Field) -> Value {
    let mut property = kind(&field.kind);
    let reference = property.remove("$ref");
    if let Some(reference) = reference {
        // Beside a reference, siblings are ignored; upstream wraps it wherever there are any.
        property.insert("allOf".to_owned(), json!([{"$ref": reference}]));
    }
    if let Some(default) = default(field) {
        property.insert("default".to_owned(), default);
    }
    let mut set = |key: &str, value: Value| property.insert(format!("x-kubernetes-{key}"), value);
    if let Kind::List(_) | Kind::Bytes = field.kind {
        match field.list_type {
            ListType::Map => {
                let keys: Vec<&str> = field.list_map_keys.iter().map(|key| key.as_str()).collect();
                set("list-type", json!("map"));
                set("list-map-keys", json!(keys));
            }
            ListType::Set => drop(set("list-type", json!("set"))),
            ListType::Atomic if field.atomic => drop(set("list-type", json!("atomic"))),
            ListType::Atomic => {}
        }
    } else if field.atomic {
        set("map-type", json!("atomic"));
    } else if field.granular {
        set("map-type", json!("granular"));
    }
    let strategies =
        [(field.patch_merge, "merge"), (field.patch_retain_keys, "retainKeys"), (field.patch_replace, "replace")];
    let strategies: Vec<&str> = strategies.iter().filter(|(on, _)| *on).map(|(_, name)| *name).collect();
    if !strategies.is_empty() {
        set("patch-strategy", json!(strategies.join(",")));
    }
    if !field.patch_merge_key.is_empty() {
        set("patch-merge-key", json!(field.patch_merge_key.as_str()));
    }
    Value::Object(property)
}

/// The default that is published: the declared one, or the zero value of what is always there.
fn default(field: &Field) -> Option<Value> {
    if field.default_is_published {
        return field.default.as_ref().map(value);
    }
    if field.presence != Presence::Always {
        return None;
    }
    match field.kind {
        Kind::String => Some(json!("")),
        Kind::Bool => Some(json!(false)),
        Kind::Int32 | Kind::Int64 => Some(json!(0)),
        Kind::Struct(_) => Some(json!({})),
        _ => None,
    }
}

fn value(value: &apimachinery::Value) -> Value {
    match value {
        apimachinery::Value::Bool(flag) => json!(flag),
        apimachinery::Value::Int(number) => json!(number),
        apimachinery::Value::String(text) => json!(text.as_str()),
        apimachinery::Value::Map(map) => {
            let entries = map.iter().map(|(key, entry)| (key.to_string(), self::value(entry)));
            Value::Object(entries.collect())
        }
        _ => Value::Null,
    }
}

fn kind(kind: &Kind) -> Map<String, Value> {
    let meta = "io.k8s.apimachinery.pkg";
    let extensions = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1";
    let value = match kind {
        Kind::Bool => json!({"type": "boolean"}),
        Kind::Int32 => json!({"type": "integer", "format": "int32"}),
        Kind::Int64 => json!({"type": "integer", "format": "int64"}),
        Kind::Double => json!({"type": "number", "format": "double"}),
        Kind::String => json!({"type": "string"}),
        Kind::Bytes => json!({"type": "string", "format": "byte"}),
        Kind::Quantity => reference(&format!("{meta}.api.resource.Quantity")),
        Kind::Time => reference(&format!("{meta}.apis.meta.v1.Time")),
        Kind::MicroTime => reference(&format!("{meta}.apis.meta.v1.MicroTime")),
        Kind::Duration => reference(&format!("{meta}.apis.meta.v1.Duration")),
        Kind::IntOrString => reference(&format!("{meta}.util.intstr.IntOrString")),
        Kind::RawExtension => reference(&format!("{meta}.runtime.RawExtension")),
        Kind::Fields => reference(&format!("{meta}.apis.meta.v1.FieldsV1")),
        Kind::Json => reference(&format!("{extensions}.JSON")),
        Kind::Struct(id) => reference(&api::schema().get(*id).name),
        Kind::StructOr(_, alternative) => {
            use apimachinery::schema::Alternative;
            let name = match alternative {
                Alternative::Bool => "Bool",
                Alternative::List => "Array",
                Alternative::StringList => "StringArray",
            };
            reference(&format!("{extensions}.JSONSchemaPropsOr{name}"))
        }
        Kind::StringListMessage => json!({"type": "array", "items": {"type": "string"}}),
        Kind::List(item) => json!({"type": "array", "items": self::kind(item)}),
        Kind::Map(value) => json!({"type": "object", "additionalProperties": self::kind(value)}),
    };
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// Upstream's property, descriptions dropped, a plain reference wrapped as one with siblings is.
fn without_description(property: &Value) -> Value {
    let mut property = property.clone();
    if let Some(map) = property.as_object_mut() {
        map.remove("description");
        if let Some(reference) = map.remove("$ref") {
            map.insert("allOf".to_owned(), json!([{"$ref": reference}]));
        }
    }
    property
}
