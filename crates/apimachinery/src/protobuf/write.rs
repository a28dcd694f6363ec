use super::MAGIC;
use crate::{
    Map, Value, json,
    schema::{Alternative, Field, Kind, Schema, StructType, TypeId},
    time,
};

fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn tag(number: u32, wire_type: u64, out: &mut Vec<u8>) {
    varint(u64::from(number) << 3 | wire_type, out);
}

fn delimited(number: u32, bytes: &[u8], out: &mut Vec<u8>) {
    tag(number, 2, out);
    varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// Writes a length-delimited field whose content is made in place; the length is put in front afterwards.
fn nested(number: u32, out: &mut Vec<u8>, content: impl FnOnce(&mut Vec<u8>)) {
    tag(number, 2, out);
    let start = out.len();
    out.push(0);
    content(out);
    let length = out.len() - start - 1;
    if length < 0x80 {
        out[start] = length as u8;
    } else {
        let mut prefix = Vec::with_capacity(5);
        varint(length as u64, &mut prefix);
        out.splice(start..=start, prefix);
    }
}

/// `contentEncoding` and `contentType`, both empty.
pub(super) const ENVELOPE_TAIL: [u8; 4] = [0x1a, 0, 0x22, 0];

pub(super) fn envelope(raw: &[u8], api_version: &str, kind: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len() + 48);
    out.extend_from_slice(MAGIC);
    nested(1, &mut out, |out| {
        delimited(1, api_version.as_bytes(), out);
        delimited(2, kind.as_bytes(), out);
    });
    delimited(2, raw, &mut out);
    out.extend_from_slice(&ENVELOPE_TAIL);
    out
}

pub(super) fn message(value: &Value, schema: &Schema, type_id: TypeId) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    if let Value::Map(map) = value {
        structure(map, schema, schema.get(type_id), &mut out);
    }
    out
}

fn structure(map: &Map, schema: &Schema, definition: &StructType, out: &mut Vec<u8>) {
    let mut embedded = definition.inline.iter().peekable();
    for field in definition.fields_by_number().filter(|field| field.number > 0) {
        while let Some(inline) = embedded.next_if(|inline| inline.number < field.number) {
            nested(inline.number, out, |out| structure(map, schema, schema.get(inline.embedded), out));
        }
        match map.get(&field.name) {
            // Where null is a value, it is JSON.
            Some(value) if !value.is_null() || field.kind == Kind::Json => write_field(field, value, schema, out),
            _ => write_absent(field, out),
        }
    }
    for inline in embedded {
        nested(inline.number, out, |out| structure(map, schema, schema.get(inline.embedded), out));
    }
}

/// Upstream's marshallers write every non-pointer field, zero or not.
fn write_absent(field: &Field, out: &mut Vec<u8>) {
    use crate::schema::Presence;
    match (field.presence, &field.kind) {
        (Presence::Optional | Presence::Pointer, _) => return,
        // Behind a null is a pointer, unless it is a time or raw JSON, which are no pointers.
        (Presence::Null, Kind::Time | Kind::MicroTime | Kind::RawExtension | Kind::Fields) => {}
        (Presence::Null, _) => return,
        _ => {}
    }
    match &field.kind {
        Kind::Bool | Kind::Int32 | Kind::Int64 => {
            tag(field.number, 0, out);
            out.push(0);
        }
        Kind::Double => {
            tag(field.number, 1, out);
            out.extend_from_slice(&[0; 8]);
        }
        Kind::String | Kind::Time | Kind::MicroTime | Kind::Struct(_) | Kind::RawExtension | Kind::Fields => {
            delimited(field.number, b"", out);
        }
        Kind::Quantity => nested(field.number, out, |out| delimited(1, b"0", out)),
        Kind::Duration => nested(field.number, out, |out| {
            tag(1, 0, out);
            out.push(0);
        }),
        Kind::IntOrString => nested(field.number, out, |out| int_or_string(&Value::Int(0), out)),
        Kind::Bytes | Kind::Json | Kind::List(_) | Kind::Map(_) | Kind::StringListMessage | Kind::StructOr(..) => {}
    }
}

fn write_field(field: &Field, value: &Value, schema: &Schema, out: &mut Vec<u8>) {
    match (&field.kind, value) {
        (Kind::List(item), Value::List(list)) => {
            for value in list {
                scalar(field.number, item, value, schema, out);
            }
        }
        (Kind::Map(item), Value::Map(map)) => {
            for (key, value) in map.iter() {
                nested(field.number, out, |out| {
                    delimited(1, key.as_bytes(), out);
                    scalar(2, item, value, schema, out);
                });
            }
        }
        (kind, value) => scalar(field.number, kind, value, schema, out),
    }
}

fn scalar(number: u32, kind: &Kind, value: &Value, schema: &Schema, out: &mut Vec<u8>) {
    match (kind, value) {
        (Kind::Bool, Value::Bool(flag)) => {
            tag(number, 0, out);
            out.push(u8::from(*flag));
        }
        (Kind::Int32 | Kind::Int64, Value::Int(integer)) => {
            tag(number, 0, out);
            varint(*integer as u64, out);
        }
        (Kind::Double, value) => {
            tag(number, 1, out);
            out.extend_from_slice(&value.as_f64().unwrap_or_default().to_le_bytes());
        }
        (Kind::String, Value::String(text)) => delimited(number, text.as_bytes(), out),
        (Kind::Bytes, Value::String(text)) => {
            delimited(number, &crate::base64_decode(text).unwrap_or_default(), out);
        }
        (Kind::Quantity, Value::String(text)) => nested(number, out, |out| delimited(1, text.as_bytes(), out)),
        (Kind::Time | Kind::MicroTime, Value::String(text)) => nested(number, out, |out| timestamp(text, out)),
        // A zero time as the value of a map.
        (Kind::Time | Kind::MicroTime, Value::Null) => delimited(number, b"", out),
        (Kind::Duration, Value::String(text)) => nested(number, out, |out| {
            tag(1, 0, out);
            varint(time::parse_duration_nanoseconds(text).unwrap_or_default() as u64, out);
        }),
        (Kind::IntOrString, value) => nested(number, out, |out| int_or_string(value, out)),
        (Kind::RawExtension | Kind::Fields | Kind::Json, value) => nested(number, out, |out| {
            if !value.is_null() || *kind == Kind::Json {
                nested(1, out, |out| json::encode(value, out));
            }
        }),
        (Kind::StringListMessage, Value::List(list)) => nested(number, out, |out| {
            for item in list.iter().filter_map(Value::as_str) {
                delimited(1, item.as_bytes(), out);
            }
        }),
        (Kind::Struct(id), Value::Map(map)) => {
            nested(number, out, |out| structure(map, schema, schema.get(*id), out));
        }
        (Kind::StructOr(id, alternative), value) => {
            nested(number, out, |out| struct_or(*id, *alternative, value, schema, out));
        }
        // A tree that passed its schema has no other pairs; null stands for absence.
        _ => {}
    }
}

fn timestamp(text: &str, out: &mut Vec<u8>) {
    let Some(timestamp) = time::parse(text) else { return };
    tag(1, 0, out);
    varint(timestamp.as_second() as u64, out);
    tag(2, 0, out);
    varint(timestamp.subsec_nanosecond() as u64, out);
}

fn int_or_string(value: &Value, out: &mut Vec<u8>) {
    let (kind, number, text) = match value {
        Value::String(text) => (1, 0, text.as_str()),
        other => (0, other.as_i64().unwrap_or_default(), ""),
    };
    tag(1, 0, out);
    varint(kind, out);
    tag(2, 0, out);
    varint(number as u64, out);
    delimited(3, text.as_bytes(), out);
}

fn struct_or(id: TypeId, alternative: Alternative, value: &Value, schema: &Schema, out: &mut Vec<u8>) {
    let (struct_number, other_number) = if alternative == Alternative::Bool { (2, 1) } else { (1, 2) };
    match value {
        Value::Bool(flag) => {
            tag(other_number, 0, out);
            out.push(u8::from(*flag));
        }
        Value::Map(map) => {
            if alternative == Alternative::Bool {
                tag(other_number, 0, out);
                out.push(1);
            }
            nested(struct_number, out, |out| structure(map, schema, schema.get(id), out));
        }
        Value::List(list) => {
            let item = if alternative == Alternative::List { Kind::Struct(id) } else { Kind::String };
            list.iter().for_each(|value| scalar(other_number, &item, value, schema, out));
        }
        _ => {}
    }
}
