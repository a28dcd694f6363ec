//! Text formats into the tree, under a schema, in one pass.
//!
//! Everything that serde can read (JSON, YAML, CBOR, and a tree itself after a patch) goes through one
//! seed, which knows at each node what kind of value the schema allows. What upstream's decoding into Go
//! structs would do happens here: null is absence, zero values exist or not by [`Presence`], quantities
//! become canonical, unknown and duplicate fields are collected for field validation, and a wrong type is
//! an error in the words of Go's JSON package, which clients show to people.

mod settle;
mod tree;

pub use settle::settle;

use std::{cell::RefCell, fmt, fmt::Write as _};

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use stdx::Str;
use thin_vec::ThinVec;

use crate::{
    List, Map, Value,
    quantity::Quantity,
    schema::{Alternative, Field, Kind, Presence, Schema, StructType, TypeId},
    time,
};

/// A decoded tree with what field validation needs to know.
#[derive(Debug)]
pub struct Decoded {
    /// The tree; unknown fields are not in it.
    pub value: Value,
    /// `unknown field "spec.x"` and `duplicate field "spec.x"`, in the order found.
    pub strict_errors: Vec<String>,
}

/// Why a body could not be decoded, in Go's words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct DecodeError(pub String);

/// How to treat what upstream's Go structs would add.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zeros {
    /// Fields that Go always encodes get their zero value: the form of every stored and served object.
    Fill,
    /// Only what was said is there: for apply configurations and patches, where saying is owning.
    Leave,
}

/// Bodies nested deeper than this are refused, in whatever format, so that no walk over a tree comes near the
/// end of a thread's stack. It is the limit that serde's JSON has of its own; upstream's is 10,000.
pub const DEPTH_LIMIT: usize = 128;
/// Strict errors kept; upstream reports a bounded number as well.
const STRICT_ERRORS_LIMIT: usize = 100;

/// Decodes JSON as the struct `type_id`.
pub fn json(bytes: &[u8], schema: &Schema, type_id: TypeId, zeros: Zeros) -> Result<Decoded, DecodeError> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let decoded = with_seed(schema, type_id, zeros, |seed| seed.deserialize(&mut deserializer))?;
    deserializer.end().map_err(|error| DecodeError(error.to_string()))?;
    Ok(decoded)
}

/// Decodes JSON without a schema; nulls and everything else are kept as they are.
pub fn json_untyped(bytes: &[u8]) -> Result<Value, DecodeError> {
    serde_json::from_slice(bytes).map_err(|error| DecodeError(error.to_string()))
}

/// Brings a tree under a schema again: after a patch, or when YAML was read without one.
pub fn tree(value: Value, schema: &Schema, type_id: TypeId, zeros: Zeros) -> Result<Decoded, DecodeError> {
    with_seed(schema, type_id, zeros, |seed| seed.deserialize(tree::TreeDeserializer(value)))
}

fn with_seed<E: fmt::Display>(
    schema: &Schema,
    type_id: TypeId,
    zeros: Zeros,
    run: impl FnOnce(Seed<'_>) -> Result<Value, E>,
) -> Result<Decoded, DecodeError> {
    let context = Context {
        schema,
        zeros,
        path: RefCell::default(),
        owner: RefCell::default(),
        strict_errors: RefCell::default(),
    };
    let kind = Kind::Struct(type_id);
    let value = run(Seed { context: &context, kind: &kind })
        .map_err(|error| DecodeError(strip_position(&error.to_string())))?;
    Ok(Decoded { value, strict_errors: context.strict_errors.into_inner() })
}

/// serde_json appends the position to messages of ours; Go has no such words.
fn strip_position(message: &str) -> String {
    match message.find(" at line ") {
        Some(end) if message.starts_with("json: ") => message[..end].to_owned(),
        _ => message.to_owned(),
    }
}

enum PathSegment {
    Field(Str),
    Index(usize),
}

struct Context<'a> {
    schema: &'a Schema,
    zeros: Zeros,
    path: RefCell<Vec<PathSegment>>,
    /// Name of the innermost struct, for error messages.
    owner: RefCell<Str>,
    strict_errors: RefCell<Vec<String>>,
}

impl Context<'_> {
    fn path_to(&self, field: &str) -> String {
        let mut text = String::new();
        for segment in self.path.borrow().iter() {
            match segment {
                PathSegment::Field(name) if text.is_empty() => text.push_str(name),
                PathSegment::Field(name) => {
                    text.push('.');
                    text.push_str(name);
                }
                PathSegment::Index(index) => {
                    let _ = write!(text, "[{index}]");
                }
            }
        }
        if !field.is_empty() {
            if !text.is_empty() {
                text.push('.');
            }
            text.push_str(field);
        }
        text
    }

    fn strict(&self, problem: &str, field: &str) {
        let mut errors = self.strict_errors.borrow_mut();
        if errors.len() < STRICT_ERRORS_LIMIT {
            errors.push(format!("{problem} field {:?}", self.path_to(field)));
        }
    }

    fn wrong_type<E: de::Error>(&self, found: &str, kind: &Kind) -> E {
        let mut path = String::new();
        for segment in self.path.borrow().iter() {
            if let PathSegment::Field(name) = segment {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(name);
            }
        }
        let owner = self.owner.borrow();
        let owner = owner.rsplit('.').next().unwrap_or_default();
        E::custom(format_args!(
            "json: cannot unmarshal {found} into Go struct field {owner}.{path} of type {}",
            go_type(kind, self.schema)
        ))
    }
}

/// The Go type that upstream's error messages name.
fn go_type(kind: &Kind, schema: &Schema) -> String {
    match kind {
        Kind::Bool => "bool".into(),
        Kind::Int32 => "int32".into(),
        Kind::Int64 => "int64".into(),
        Kind::Double => "float64".into(),
        Kind::String | Kind::Time | Kind::MicroTime | Kind::Duration | Kind::Quantity => "string".into(),
        Kind::Bytes => "[]uint8".into(),
        Kind::IntOrString => "intstr.IntOrString".into(),
        Kind::RawExtension => "runtime.RawExtension".into(),
        Kind::Fields => "v1.FieldsV1".into(),
        Kind::Json => "v1.JSON".into(),
        Kind::Struct(id) | Kind::StructOr(id, _) => {
            let name = &schema.get(*id).name;
            let mut parts = name.rsplit('.');
            let short = parts.next().unwrap_or_default();
            format!("{}.{short}", parts.next().unwrap_or("v1"))
        }
        Kind::List(item) => format!("[]{}", go_type(item, schema)),
        Kind::Map(item) => format!("map[string]{}", go_type(item, schema)),
        Kind::StringListMessage => "[]string".into(),
    }
}

#[derive(Clone, Copy)]
struct Seed<'a> {
    context: &'a Context<'a>,
    kind: &'a Kind,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if self.context.path.borrow().len() > DEPTH_LIMIT {
            return Err(de::Error::custom("exceeded max depth"));
        }
        match self.kind {
            Kind::Json | Kind::RawExtension | Kind::Fields => {
                let value = <Value as de::Deserialize>::deserialize(deserializer)?;
                match (self.kind, &value) {
                    (Kind::Json, _) | (_, Value::Map(_) | Value::Null) => Ok(value),
                    (_, other) => Err(self.context.wrong_type(other.type_name(), self.kind)),
                }
            }
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl Seed<'_> {
    fn wrong<E: de::Error>(&self, found: &str) -> E {
        self.context.wrong_type(found, self.kind)
    }

    fn text<E: de::Error>(self, text: &str) -> Result<Value, E> {
        let invalid = |problem: String| E::custom(format_args!("json: {problem}"));
        match self.kind {
            Kind::String | Kind::IntOrString => Ok(Value::String(text.into())),
            Kind::Bytes => match crate::base64_decode(text) {
                Some(_) => Ok(Value::String(text.into())),
                None => Err(invalid(format!("illegal base64 data in {}", self.context.path_to("")))),
            },
            Kind::Quantity => Quantity::parse(text)
                .map(|quantity| Value::String(quantity.to_string().into()))
                .map_err(|error| invalid(format!("{}: {error}", self.context.path_to("")))),
            Kind::Time | Kind::MicroTime if text.is_empty() => Ok(Value::Null),
            Kind::Time | Kind::MicroTime => time::canonical(text, *self.kind == Kind::MicroTime)
                .map(Value::from)
                .ok_or_else(|| invalid(format!("parsing time {text:?} in {}: not RFC 3339", self.context.path_to("")))),
            Kind::Duration => time::parse_duration_nanoseconds(text)
                .map(|nanoseconds| Value::from(time::format_duration(nanoseconds)))
                .ok_or_else(|| invalid(format!("time: invalid duration {text:?}"))),
            _ => Err(self.wrong("string")),
        }
    }

    fn number<E: de::Error>(self, number: i64) -> Result<Value, E> {
        match self.kind {
            Kind::Int32 | Kind::IntOrString if i32::try_from(number).is_ok() => Ok(Value::Int(number)),
            Kind::Int32 | Kind::IntOrString => Err(self.wrong(&format!("number {number}"))),
            Kind::Int64 => Ok(Value::Int(number)),
            Kind::Double => Ok(Value::Float(number as f64)),
            Kind::Quantity => self.text(&number.to_string()),
            _ => Err(self.wrong("number")),
        }
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&go_type(self.kind, self.context.schema))
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Value, E> {
        match self.kind {
            Kind::Bool | Kind::StructOr(_, Alternative::Bool) => Ok(Value::Bool(flag)),
            _ => Err(self.wrong("bool")),
        }
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Value, E> {
        self.number(number)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Value, E> {
        match i64::try_from(number) {
            Ok(number) => self.number(number),
            Err(_) => self.visit_f64(number as f64),
        }
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Value, E> {
        match self.kind {
            Kind::Double => Ok(Value::Float(number)),
            Kind::Quantity => self.text(&number.to_string()),
            _ => Err(self.wrong(&format!("number {number}"))),
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        self.text(text)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        static STRING: Kind = Kind::String;
        let alternative_item;
        let item_kind = match self.kind {
            Kind::List(item) => &**item,
            Kind::StringListMessage | Kind::StructOr(_, Alternative::StringList) => &STRING,
            Kind::StructOr(id, Alternative::List) => {
                alternative_item = Kind::Struct(*id);
                &alternative_item
            }
            _ => return Err(self.wrong("array")),
        };
        let mut list = List::new();
        self.context.path.borrow_mut().push(PathSegment::Index(0));
        loop {
            if let Some(PathSegment::Index(index)) = self.context.path.borrow_mut().last_mut() {
                *index = list.len();
            }
            let seed = Seed { kind: item_kind, ..self };
            match items.next_element_seed(seed)? {
                Some(Value::Null) => list.push(zero_of(item_kind, self.context.schema)),
                Some(item) => list.push(item),
                None => break,
            }
        }
        self.context.path.borrow_mut().pop();
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Value, A::Error> {
        match self.kind {
            Kind::Struct(id) | Kind::StructOr(id, _) => self.visit_struct(self.context.schema.get(*id), entries),
            Kind::Map(item) => self.visit_plain_map(item, entries),
            _ => Err(self.wrong("object")),
        }
    }
}

impl Seed<'_> {
    fn visit_plain_map<'de, A: MapAccess<'de>>(self, item: &Kind, mut entries: A) -> Result<Value, A::Error> {
        let mut collected = ThinVec::new();
        while let Some(key) = entries.next_key_seed(KeySeed)? {
            self.context.path.borrow_mut().push(PathSegment::Field(key.clone()));
            let value = entries.next_value_seed(Seed { kind: item, ..self })?;
            self.context.path.borrow_mut().pop();
            let value = if value.is_null() { zero_of(item, self.context.schema) } else { value };
            collected.push((key, value));
        }
        let (map, duplicates) = Map::from_unsorted(collected);
        for key in duplicates {
            self.context.strict("duplicate", &key);
        }
        Ok(Value::Map(map))
    }

    fn visit_struct<'de, A: MapAccess<'de>>(self, definition: &StructType, mut entries: A) -> Result<Value, A::Error> {
        let mut collected = ThinVec::new();
        let outer = self.context.owner.replace(definition.name.clone());
        while let Some(key) = entries.next_key_seed(KeySeed)? {
            let Some(field) = definition.field(&key) else {
                if definition.preserve_unknown_fields {
                    collected.push((key, entries.next_value::<Value>()?));
                } else {
                    // Read as a tree, since serde's JSON would skip it at any depth.
                    entries.next_value::<Value>()?;
                    self.context.strict("unknown", &key);
                }
                continue;
            };
            self.context.path.borrow_mut().push(PathSegment::Field(field.name.clone()));
            let seed = Seed { kind: &field.kind, ..self };
            let value = entries.next_value_seed(seed)?;
            self.context.path.borrow_mut().pop();
            if keeps(field, &value, self.context.zeros) || (value.is_null() && field.nullable) {
                collected.push((field.name.clone(), value));
            }
        }
        self.context.owner.replace(outer);
        let (mut map, duplicates) = Map::from_unsorted(collected);
        for key in duplicates {
            self.context.strict("duplicate", &key);
        }
        if self.context.zeros == Zeros::Fill {
            fill_zeros(&mut map, definition, self.context.schema);
        }
        Ok(Value::Map(map))
    }
}

/// Whether a decoded value stays in the tree.
pub(crate) fn keeps(field: &Field, value: &Value, zeros: Zeros) -> bool {
    if value.is_null() {
        return field.kind == Kind::Json && field.presence == Presence::Pointer;
    }
    match (zeros, field.presence) {
        (Zeros::Leave, _) | (_, Presence::Pointer | Presence::Always | Presence::Null) => true,
        (Zeros::Fill, Presence::Optional) => match value {
            Value::List(list) => !list.is_empty(),
            Value::Map(map) => !map.is_empty() || matches!(field.kind, Kind::Struct(_)),
            Value::String(text) => !text.is_empty() || field.kind != Kind::Bytes,
            _ => true,
        },
        (Zeros::Fill, Presence::OmitZero) => !is_zero(value),
    }
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Int(number) => *number == 0,
        Value::Float(number) => *number == 0.0,
        Value::String(text) => text.is_empty(),
        Value::List(list) => list.is_empty(),
        Value::Map(map) => map.is_empty(),
    }
}

/// Adds the zero values that Go always encodes and `map` lacks.
pub fn fill_zeros(map: &mut Map, definition: &StructType, schema: &Schema) {
    for field in &definition.fields {
        match field.presence {
            Presence::Always if !map.contains_key(&field.name) => {
                let zero = zero_of(&field.kind, schema);
                if !zero.is_null() {
                    map.insert(field.name.clone(), zero);
                }
            }
            Presence::Null if !map.contains_key(&field.name) => drop(map.insert(field.name.clone(), Value::Null)),
            _ => {}
        }
    }
}

/// What Go shows for an unset value of this kind; null where Go shows null.
fn zero_of(kind: &Kind, schema: &Schema) -> Value {
    match kind {
        Kind::Bool => Value::Bool(false),
        Kind::Int32 | Kind::Int64 | Kind::IntOrString => Value::Int(0),
        Kind::Double => Value::Float(0.0),
        Kind::String => Value::String(Str::EMPTY),
        Kind::Quantity => Value::String(Str::from_static("0")),
        Kind::Duration => Value::String(Str::from_static("0s")),
        Kind::Struct(id) => {
            let mut map = Map::new();
            fill_zeros(&mut map, schema.get(*id), schema);
            Value::Map(map)
        }
        Kind::Time
        | Kind::MicroTime
        | Kind::Bytes
        | Kind::RawExtension
        | Kind::Fields
        | Kind::Json
        | Kind::List(_)
        | Kind::Map(_)
        | Kind::StructOr(..)
        | Kind::StringListMessage => Value::Null,
    }
}

struct KeySeed;

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Str;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Str, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed {
    type Value = Str;
    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Str, E> {
        Ok(Str::from(text))
    }
}

/// Reads any value as it is, without a schema.
struct Untyped;

impl<'de> Visitor<'de> for Untyped {
    type Value = Value;
    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }
    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }
    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Int(number))
    }
    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Value, E> {
        Ok(i64::try_from(number).map_or(Value::Float(number as f64), Value::Int))
    }
    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Float(number))
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.into()))
    }
    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = List::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut collected = ThinVec::new();
        while let Some(key) = entries.next_key_seed(KeySeed)? {
            collected.push((key, entries.next_value::<Value>()?));
        }
        Ok(Value::Map(Map::from_unsorted(collected).0))
    }
}

impl<'de> de::Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(Untyped)
    }
}

impl serde::Serialize for Value {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(flag) => serializer.serialize_bool(*flag),
            Value::Int(number) => serializer.serialize_i64(*number),
            Value::Float(number) => serializer.serialize_f64(*number),
            Value::String(text) => serializer.serialize_str(text),
            Value::List(list) => serializer.collect_seq(list),
            Value::Map(map) => serializer.collect_map(map.iter()),
        }
    }
}

#[cfg(test)]
mod tests;
