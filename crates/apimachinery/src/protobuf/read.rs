use bytes::Bytes;
use stdx::Str;
use thin_vec::ThinVec;

use super::{Envelope, MAGIC};
use crate::{
    List, Map, Value, decode,
    decode::{DEPTH_LIMIT, Zeros},
    quantity::Quantity,
    schema::{Alternative, Kind, Schema, StructType, TypeId},
    time,
};

/// Bytes that are no message of the expected type.
#[derive(Debug, thiserror::Error)]
#[error("proto: {0}")]
pub struct ProtobufError(String);

type Result<T> = std::result::Result<T, ProtobufError>;

pub(super) fn error<T>(message: impl Into<String>) -> Result<T> {
    Err(ProtobufError(message.into()))
}

pub(super) struct Reader<'a> {
    pub(super) bytes: &'a [u8],
}

/// A field's payload by wire type.
pub(super) enum Payload<'a> {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    Bytes(&'a [u8]),
}

impl<'a> Reader<'a> {
    fn varint(&mut self) -> Result<u64> {
        let mut number = 0u64;
        for (index, byte) in self.bytes.iter().take(10).enumerate() {
            number |= u64::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                self.bytes = &self.bytes[index + 1..];
                return Ok(number);
            }
        }
        error("unexpected EOF in varint")
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        if count > self.bytes.len() {
            return error("unexpected EOF");
        }
        let (head, tail) = self.bytes.split_at(count);
        self.bytes = tail;
        Ok(head)
    }

    pub(super) fn next(&mut self) -> Result<Option<(u32, Payload<'a>)>> {
        if self.bytes.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).unwrap_or(0);
        if number == 0 {
            return error(format!("illegal tag {tag}"));
        }
        let payload = match tag & 7 {
            0 => Payload::Varint(self.varint()?),
            1 => Payload::Fixed64(u64::from_le_bytes(self.take(8)?.try_into().unwrap_or_default())),
            2 => {
                let length = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
                Payload::Bytes(self.take(length)?)
            }
            5 => Payload::Fixed32(u32::from_le_bytes(self.take(4)?.try_into().unwrap_or_default())),
            wire_type => return error(format!("illegal wireType {wire_type}")),
        };
        Ok(Some((number, payload)))
    }
}

fn text(bytes: &[u8]) -> Result<Str> {
    // Go strings may hold anything; the API's text is UTF-8, and what is not is replaced as Go's JSON does.
    Ok(match std::str::from_utf8(bytes) {
        Ok(text) => Str::from(text),
        Err(_) => Str::from(String::from_utf8_lossy(bytes).into_owned()),
    })
}

pub(super) fn envelope(bytes: &Bytes) -> Result<Envelope> {
    if !bytes.starts_with(MAGIC) {
        return error("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
    }
    let mut reader = Reader { bytes: &bytes[MAGIC.len()..] };
    let mut envelope = Envelope::default();
    while let Some((number, payload)) = reader.next()? {
        match (number, payload) {
            (1, Payload::Bytes(type_meta)) => {
                let mut reader = Reader { bytes: type_meta };
                while let Some((number, payload)) = reader.next()? {
                    match (number, payload) {
                        (1, Payload::Bytes(version)) => envelope.api_version = text(version)?,
                        (2, Payload::Bytes(kind)) => envelope.kind = text(kind)?,
                        _ => {}
                    }
                }
            }
            (2, Payload::Bytes(raw)) => envelope.raw = bytes.slice_ref(raw),
            (3, Payload::Bytes(encoding)) if !encoding.is_empty() => {
                return error("content encodings are not supported");
            }
            (4, Payload::Bytes(content_type)) => envelope.content_type = text(content_type)?,
            _ => {}
        }
    }
    Ok(envelope)
}

pub(super) fn message(bytes: &[u8], schema: &Schema, type_id: TypeId) -> Result<Value> {
    Decoder { schema }.structure(bytes, schema.get(type_id), 0).map(Value::Map)
}

struct Decoder<'a> {
    schema: &'a Schema,
}

impl Decoder<'_> {
    fn structure(&self, bytes: &[u8], definition: &StructType, depth: usize) -> Result<Map> {
        if depth > DEPTH_LIMIT {
            return error("exceeded max depth");
        }
        let mut reader = Reader { bytes };
        let mut collected: ThinVec<(Str, Value)> = ThinVec::with_capacity(definition.fields.len().min(8));
        // Repeated fields and maps arrive item by item, usually in one run.
        let mut open: Option<(u32, usize)> = None;
        while let Some((number, payload)) = reader.next()? {
            let Some(field) = definition.field_by_number(number) else {
                let embedded = definition.inline.iter().find(|inline| inline.number == number);
                if let (Some(inline), Payload::Bytes(bytes)) = (embedded, payload) {
                    let map = self.structure(bytes, self.schema.get(inline.embedded), depth + 1)?;
                    collected.extend(map);
                }
                continue;
            };
            match &field.kind {
                Kind::List(_) | Kind::Map(_) => {
                    let position = match open {
                        Some((open_number, position)) if open_number == number => position,
                        _ => {
                            let found = collected.iter().position(|(name, _)| *name == field.name);
                            found.unwrap_or_else(|| {
                                let empty = match field.kind {
                                    Kind::Map(_) => Value::Map(Map::new()),
                                    _ => Value::List(List::new()),
                                };
                                collected.push((field.name.clone(), empty));
                                collected.len() - 1
                            })
                        }
                    };
                    open = Some((number, position));
                    match (&mut collected[position].1, &field.kind) {
                        (Value::List(list), Kind::List(item)) => self.item(list, payload, item, depth)?,
                        (Value::Map(map), Kind::Map(item)) => self.entry(map, payload, item, depth)?,
                        _ => {}
                    }
                }
                kind => {
                    let value = self.scalar(payload, kind, depth)?;
                    if decode::keeps(field, &value, Zeros::Fill) {
                        collected.push((field.name.clone(), value));
                    }
                }
            }
        }
        let (mut map, _) = Map::from_unsorted(collected);
        decode::fill_zeros(&mut map, definition, self.schema);
        Ok(map)
    }

    fn item(&self, list: &mut List, payload: Payload<'_>, item: &Kind, depth: usize) -> Result<()> {
        if let (Payload::Bytes(packed), Kind::Int32 | Kind::Int64 | Kind::Bool) = (&payload, item) {
            let mut reader = Reader { bytes: packed };
            while !reader.bytes.is_empty() {
                let number = reader.varint()?;
                list.push(self.scalar(Payload::Varint(number), item, depth)?);
            }
            return Ok(());
        }
        list.push(self.scalar(payload, item, depth)?);
        Ok(())
    }

    fn entry(&self, map: &mut Map, payload: Payload<'_>, item: &Kind, depth: usize) -> Result<()> {
        let Payload::Bytes(bytes) = payload else { return error("wrong wireType for a map entry") };
        let mut reader = Reader { bytes };
        let mut key = Str::EMPTY;
        let mut value = None;
        while let Some((number, payload)) = reader.next()? {
            match (number, payload) {
                (1, Payload::Bytes(bytes)) => key = text(bytes)?,
                (2, payload) => value = Some(self.scalar(payload, item, depth)?),
                _ => {}
            }
        }
        let value = match value {
            Some(value) => value,
            None => self.scalar(Payload::Bytes(&[]), item, depth)?,
        };
        map.insert(key, value);
        Ok(())
    }

    /// One value that is neither repeated nor a map.
    fn scalar(&self, payload: Payload<'_>, kind: &Kind, depth: usize) -> Result<Value> {
        Ok(match (kind, payload) {
            (Kind::Bool, Payload::Varint(number)) => Value::Bool(number != 0),
            (Kind::Int32, Payload::Varint(number)) => Value::Int(i64::from(number as i32)),
            (Kind::Int64, Payload::Varint(number)) => Value::Int(number as i64),
            (Kind::Double, Payload::Fixed64(bits)) => Value::Float(f64::from_bits(bits)),
            (Kind::Double, Payload::Fixed32(bits)) => Value::Float(f64::from(f32::from_bits(bits))),
            (_, Payload::Bytes(bytes)) => self.delimited(bytes, kind, depth)?,
            (kind, _) => return error(format!("wrong wireType for a field of kind {kind:?}")),
        })
    }

    fn delimited(&self, bytes: &[u8], kind: &Kind, depth: usize) -> Result<Value> {
        Ok(match kind {
            Kind::String => Value::String(text(bytes)?),
            Kind::Bytes => Value::String(crate::base64_encode(bytes).into()),
            Kind::Struct(id) => Value::Map(self.structure(bytes, self.schema.get(*id), depth + 1)?),
            Kind::Quantity => {
                let written = first_bytes(bytes)?;
                let written = text(written)?;
                if written.is_empty() {
                    return Ok(Value::from("0"));
                }
                match Quantity::parse(&written) {
                    Ok(quantity) => Value::from(quantity.to_string()),
                    Err(problem) => return error(format!("quantity {written:?}: {problem}")),
                }
            }
            Kind::Time | Kind::MicroTime => time_value(bytes, *kind == Kind::MicroTime)?,
            Kind::Duration => Value::from(time::format_duration(first_varint(bytes)? as i64)),
            Kind::IntOrString => int_or_string(bytes)?,
            Kind::RawExtension | Kind::Fields | Kind::Json => raw_json(first_bytes(bytes)?)?,
            Kind::StringListMessage => {
                let mut reader = Reader { bytes };
                let mut list = List::new();
                while let Some((number, payload)) = reader.next()? {
                    if let (1, Payload::Bytes(item)) = (number, payload) {
                        list.push(Value::String(text(item)?));
                    }
                }
                Value::List(list)
            }
            Kind::StructOr(id, alternative) => self.struct_or(bytes, *id, *alternative, depth)?,
            // An absent value of a map entry is the zero value.
            Kind::Bool if bytes.is_empty() => Value::Bool(false),
            Kind::Int32 | Kind::Int64 if bytes.is_empty() => Value::Int(0),
            kind => return error(format!("wrong wireType for a field of kind {kind:?}")),
        })
    }
}

impl Decoder<'_> {
    fn struct_or(&self, bytes: &[u8], id: TypeId, alternative: Alternative, depth: usize) -> Result<Value> {
        let struct_number = if alternative == Alternative::Bool { 2 } else { 1 };
        let mut reader = Reader { bytes };
        let (mut structure, mut flag, mut list) = (None, false, List::new());
        while let Some((number, payload)) = reader.next()? {
            match payload {
                Payload::Bytes(bytes) if number == struct_number => {
                    structure = Some(self.structure(bytes, self.schema.get(id), depth + 1)?);
                }
                Payload::Bytes(bytes) if alternative == Alternative::List => {
                    list.push(Value::Map(self.structure(bytes, self.schema.get(id), depth + 1)?));
                }
                Payload::Bytes(bytes) => list.push(Value::String(text(bytes)?)),
                Payload::Varint(number) => flag = number != 0,
                _ => {}
            }
        }
        Ok(match (structure, alternative) {
            (Some(map), _) => Value::Map(map),
            (None, Alternative::Bool) => Value::Bool(flag),
            (None, _) => Value::List(list),
        })
    }
}

/// Field 1 of a one-field message of bytes.
fn first_bytes(bytes: &[u8]) -> Result<&[u8]> {
    let mut reader = Reader { bytes };
    let mut found: &[u8] = &[];
    while let Some((number, payload)) = reader.next()? {
        if let (1, Payload::Bytes(content)) = (number, payload) {
            found = content;
        }
    }
    Ok(found)
}

/// Field 1 of a one-field message of a number.
fn first_varint(bytes: &[u8]) -> Result<u64> {
    let mut reader = Reader { bytes };
    let mut found = 0;
    while let Some((number, payload)) = reader.next()? {
        if let (1, Payload::Varint(content)) = (number, payload) {
            found = content;
        }
    }
    Ok(found)
}

fn time_value(bytes: &[u8], micro: bool) -> Result<Value> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    let (mut seconds, mut nanos) = (0i64, 0i32);
    let mut reader = Reader { bytes };
    while let Some((number, payload)) = reader.next()? {
        match (number, payload) {
            (1, Payload::Varint(number)) => seconds = number as i64,
            (2, Payload::Varint(number)) => nanos = number as i32,
            _ => {}
        }
    }
    match jiff::Timestamp::new(seconds, nanos) {
        Ok(timestamp) if micro => Ok(Value::from(time::format_micro(timestamp))),
        Ok(timestamp) => Ok(Value::from(time::format_seconds(timestamp))),
        // Go's zero time is the year 1, which stands for no time.
        Err(_) => Ok(Value::Null),
    }
}

fn int_or_string(bytes: &[u8]) -> Result<Value> {
    let (mut is_text, mut number, mut written) = (false, 0i32, Str::EMPTY);
    let mut reader = Reader { bytes };
    while let Some((field, payload)) = reader.next()? {
        match (field, payload) {
            (1, Payload::Varint(kind)) => is_text = kind == 1,
            (2, Payload::Varint(value)) => number = value as i32,
            (3, Payload::Bytes(value)) => written = text(value)?,
            _ => {}
        }
    }
    Ok(if is_text { Value::String(written) } else { Value::from(number) })
}

fn raw_json(bytes: &[u8]) -> Result<Value> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    decode::json_untyped(bytes).or_else(|problem| error(format!("embedded JSON: {problem}")))
}
