//! Settling a tree does what storing and reading it would, for every type of the schema.

use apimachinery::{
    List, Map, Value, decode, protobuf,
    schema::{Alternative, Field, Kind, Schema, StructType, TypeId},
    value,
};

/// Numbers that look random and are the same each time (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// A value of a kind, often zero or empty.
fn some(numbers: &mut Numbers, kind: &Kind, schema: &Schema, depth: usize) -> Value {
    let is_zero = numbers.below(2) == 0;
    let text = |zero: &'static str, other: &'static str| Value::from(if is_zero { zero } else { other });
    match kind {
        Kind::Bool => Value::Bool(!is_zero),
        Kind::Int32 | Kind::Int64 | Kind::IntOrString => Value::Int(if is_zero { 0 } else { 7 }),
        Kind::Double => Value::Float(if is_zero { 0.0 } else { 1.5 }),
        Kind::String => text("", "text"),
        Kind::Bytes => text("", "aGk="),
        Kind::Quantity => text("0", "2"),
        Kind::Duration => text("0s", "1m0s"),
        Kind::Time if is_zero => Value::Null,
        Kind::Time => Value::from("2026-01-02T03:04:05Z"),
        Kind::MicroTime if is_zero => Value::Null,
        Kind::MicroTime => Value::from("2026-01-02T03:04:05.000006Z"),
        Kind::RawExtension | Kind::Fields | Kind::Json => value!({"some": {}}),
        Kind::Struct(id) | Kind::StructOr(id, Alternative::Bool | Alternative::StringList | Alternative::List) => {
            structure(numbers, *id, schema, depth)
        }
        Kind::List(item) => {
            let items = if is_zero || depth == 0 { 0 } else { 1 + numbers.below(2) };
            Value::List((0..items).map(|_| some(numbers, item, schema, depth - 1)).collect::<List>())
        }
        Kind::Map(_) if is_zero || depth == 0 => Value::Map(Map::new()),
        Kind::Map(item) => {
            let mut map = Map::new();
            map.insert("key", some(numbers, item, schema, depth - 1));
            Value::Map(map)
        }
        Kind::StringListMessage => {
            Value::List(if is_zero { List::new() } else { [Value::from("one")].into_iter().collect() })
        }
    }
}

/// Whether the envelope has a field, and not the message.
fn is_of_envelope(field: &Field) -> bool {
    field.number == 0 && ["apiVersion", "kind"].contains(&field.name.as_str())
}

/// Whether a type has a form in protobuf.
fn has_message(definition: &StructType) -> bool {
    let is_numbered = |field: &Field| field.number > 0 || is_of_envelope(field);
    !definition.inline.is_empty() || definition.fields.iter().all(is_numbered)
}

fn structure(numbers: &mut Numbers, id: TypeId, schema: &Schema, depth: usize) -> Value {
    let mut map = Map::new();
    for field in &schema.get(id).fields {
        if is_of_envelope(field) {
            continue;
        }
        if depth > 0 && numbers.below(3) > 0 {
            map.insert(field.name.clone(), some(numbers, &field.kind, schema, depth - 1));
        }
    }
    Value::Map(map)
}

#[test]
fn a_settled_tree_is_as_if_it_had_been_stored_and_read() {
    let schema = api::schema();
    let mut numbers = Numbers(0x5a60);
    let stored = || schema.types().filter(|(_, definition)| has_message(definition));
    let mut changed = 0;
    for (id, definition) in std::iter::repeat_n((), 20).flat_map(|()| stored()) {
        let tree = structure(&mut numbers, id, schema, 4);
        let mut settled = tree.clone();
        decode::settle(&mut settled, schema, id);
        let read = protobuf::decode(&protobuf::encode(&settled, schema, id), schema, id).unwrap();
        assert_eq!(settled, read, "{} of {tree:?}", definition.name);
        // Nothing but the form of what is zero has changed.
        let read = protobuf::decode(&protobuf::encode(&tree, schema, id), schema, id).unwrap();
        assert_eq!(settled, read, "{} of {tree:?}", definition.name);
        changed += usize::from(settled != tree);
    }
    assert!(stored().count() > 600 && changed > 5 * stored().count(), "{changed} of 20 times {}", stored().count());
}
