//! A custom resource's own schema as it is published.

use apimachinery::{Map, Value, value};

use super::model::Dialect;

fn flag(schema: &Map, name: &str) -> bool {
    schema.get(name) == Some(&Value::Bool(true))
}

/// The schema of a definition's version in a dialect; `object_fields` are what every object has.
pub(super) fn published(schema: &Map, dialect: Dialect, object_fields: &Map) -> Map {
    // Clients of the old dialect take fields that are not listed for unknown: such a resource is any object.
    if dialect == Dialect::V2 && flag(schema, "x-kubernetes-preserve-unknown-fields") {
        return Map::from_iter([("type", value!("object"))]);
    }
    let mut root = schema.clone();
    convert(&mut root, dialect, object_fields);
    root.insert("type", "object");
    let properties = root.map_at("properties");
    for (name, field) in object_fields.iter() {
        properties.insert(name.clone(), field.clone());
    }
    root
}

fn convert(schema: &mut Map, dialect: Dialect, object_fields: &Map) {
    if dialect == Dialect::V2 {
        reduce(schema);
    }
    if let Some(Value::Map(properties)) = schema.get_mut("properties") {
        let names: Vec<_> = properties.keys().cloned().collect();
        for name in names {
            if let Some(Value::Map(property)) = properties.get_mut(&name) {
                convert(property, dialect, object_fields);
            }
        }
    }
    for name in ["items", "additionalProperties"] {
        if let Some(Value::Map(inner)) = schema.get_mut(name) {
            convert(inner, dialect, object_fields);
        }
    }
    let open = dialect == Dialect::V2 && flag(schema, "x-kubernetes-preserve-unknown-fields");
    if flag(schema, "x-kubernetes-embedded-resource") && !open {
        let properties = schema.map_at("properties");
        for (name, field) in object_fields.iter() {
            properties.insert(name.clone(), field.clone());
        }
    }
}

/// Takes away what the old dialect cannot say, as upstream does: its clients know neither alternatives nor null.
fn reduce(schema: &mut Map) {
    for junctor in ["allOf", "anyOf", "oneOf", "not"] {
        schema.remove(junctor);
    }
    let nullable = flag(schema, "nullable");
    let open = flag(schema, "x-kubernetes-preserve-unknown-fields");
    if nullable || open {
        schema.remove("items");
        schema.remove("properties");
    }
    if nullable {
        schema.remove("nullable");
    }
    let kind = schema.get("type").and_then(Value::as_str).unwrap_or_default();
    let is_untyped_list = kind == "array" && !schema.contains_key("items");
    if nullable || is_untyped_list || (open && kind == "object") {
        schema.remove("type");
    }
    let is_nullable = |name: &str| {
        let property = schema.get("properties").and_then(|properties| properties.get(name)).and_then(Value::as_map);
        property.is_some_and(|property| flag(property, "nullable"))
    };
    let required = schema.get("required").and_then(Value::as_list).map_or(&[][..], |list| list.as_slice());
    let kept: Vec<Value> = required.iter().filter(|name| !name.as_str().is_some_and(is_nullable)).cloned().collect();
    match kept.is_empty() {
        true => drop(schema.remove("required")),
        false => drop(schema.insert("required", kept)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(value: Value) -> Map {
        value.as_map().cloned().unwrap()
    }

    fn shown(schema: Value, dialect: Dialect) -> Value {
        let fields = map(value!({"kind": {"type": "string"}}));
        Value::Map(published(&map(schema), dialect, &fields))
    }

    #[test]
    fn everything_is_said_in_the_new_dialect() {
        let schema = value!({
            "description": "Foo",
            "properties": {"a": {"type": "string", "nullable": true, "anyOf": [{"minLength": 1}]},
                "e": {"type": "object", "x-kubernetes-embedded-resource": true}}
        });
        let expected = value!({
            "description": "Foo",
            "type": "object",
            "properties": {
                "kind": {"type": "string"},
                "a": {"type": "string", "nullable": true, "anyOf": [{"minLength": 1}]},
                "e": {"type": "object", "x-kubernetes-embedded-resource": true, "properties": {"kind": {"type": "string"}}}
            }
        });
        assert_eq!(shown(schema, Dialect::V3), expected);
    }

    #[test]
    fn the_old_dialect_leaves_out_what_its_clients_do_not_understand() {
        let schema = value!({
            "required": ["a", "b"],
            "properties": {
                "a": {"type": "array", "nullable": true, "items": {"type": "string"}},
                "b": {"description": "open", "type": "object", "x-kubernetes-preserve-unknown-fields": true,
                    "properties": {"c": {"type": "string"}}}
            }
        });
        let expected = value!({
            "type": "object",
            "required": ["b"],
            "properties": {
                "kind": {"type": "string"},
                "a": {},
                "b": {"description": "open", "x-kubernetes-preserve-unknown-fields": true}
            }
        });
        assert_eq!(shown(schema, Dialect::V2), expected);
        let open = value!({"x-kubernetes-preserve-unknown-fields": true, "properties": {"a": {"type": "string"}}});
        assert_eq!(shown(open, Dialect::V2), value!({"type": "object"}));
    }
}
