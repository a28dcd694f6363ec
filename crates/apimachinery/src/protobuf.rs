//! The tree from and into Kubernetes' protobuf: messages by the schema's field numbers, inside upstream's
//! envelope (`k8s\0` and `runtime.Unknown`).
//!
//! The bytes that the encoder makes are those that upstream's generated marshallers make for the same
//! object, so that stored objects can be shared with an upstream server.

mod read;
pub mod served;
mod write;

use bytes::Bytes;
use stdx::Str;

use crate::{
    Value,
    schema::{Schema, TypeId},
};

pub use read::ProtobufError;

/// What every protobuf body and stored object starts with.
pub const MAGIC: &[u8; 4] = b"k8s\0";

/// `runtime.Unknown`: the envelope's content.
#[derive(Debug, Default)]
pub struct Envelope {
    /// For example `apps/v1`.
    pub api_version: Str,
    /// For example `Deployment`.
    pub kind: Str,
    /// The object's own bytes.
    pub raw: Bytes,
    /// The media type of `raw`; empty means protobuf.
    pub content_type: Str,
}

impl Envelope {
    /// Opens an envelope; `bytes` must start with [`MAGIC`].
    pub fn open(bytes: &Bytes) -> Result<Envelope, ProtobufError> {
        read::envelope(bytes)
    }
}

/// Reads the message `type_id`, without an envelope.
pub fn decode(bytes: &[u8], schema: &Schema, type_id: TypeId) -> Result<Value, ProtobufError> {
    read::message(bytes, schema, type_id)
}

/// The text at a path of field numbers in a message, without decoding it; `None` where it is not set, or no message.
pub fn text_at<'m>(message: &'m [u8], path: &[u32]) -> Option<&'m str> {
    let mut bytes = message;
    for wanted in path {
        let mut reader = read::Reader { bytes };
        bytes = loop {
            match reader.next().ok()?? {
                (number, read::Payload::Bytes(found)) if number == *wanted => break found,
                _ => {}
            }
        };
    }
    std::str::from_utf8(bytes).ok()
}

/// Writes a struct as the message `type_id`, without an envelope.
pub fn encode(value: &Value, schema: &Schema, type_id: TypeId) -> Vec<u8> {
    write::message(value, schema, type_id)
}

/// Writes an object as a body or stored value: magic, envelope, message.
pub fn encode_enveloped(value: &Value, schema: &Schema, type_id: TypeId, api_version: &str, kind: &str) -> Vec<u8> {
    write::envelope(&encode(value, schema, type_id), api_version, kind)
}

/// Wraps bytes of another kind (a raw extension, a table) in an envelope.
pub fn envelope(raw: &[u8], api_version: &str, kind: &str) -> Vec<u8> {
    write::envelope(raw, api_version, kind)
}

#[cfg(test)]
mod tests;
