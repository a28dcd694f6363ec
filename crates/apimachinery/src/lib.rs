//! The object form and everything that can be done to it without knowing a particular kind.
//!
//! An API object in memory is a [`Value`]: a tree with the JSON data model, whose maps are sorted and
//! whose strings are small. What a tree may contain is said by a [`schema::Schema`], which is data;
//! built-in kinds and custom resources have the same form with schemas of different origin.
//!
//! This crate never does I/O, never knows a particular kind, and never looks at a clock.
//! Start reading at [`value`], then [`schema`]. Upstream's counterpart is `k8s.io/apimachinery`.

pub mod decode;
pub mod field;
pub mod fields;
pub mod json;
pub mod labels;
pub mod managed;
pub mod names;
pub mod object;
pub mod patch;
pub mod protobuf;
pub mod quantity;
pub mod schema;
pub mod status;
pub mod strategic;
pub mod time;
pub mod value;

pub use object::Object;
pub use status::Status;
pub use stdx::Str;
pub use value::{List, Map, Value};

use base64::Engine as _;

/// Text of bytes, as Go's `[]byte` fields are spelled in JSON.
pub fn base64_encode(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Bytes of base64 text; `None` when it is malformed.
pub fn base64_decode(text: &str) -> Option<Vec<u8>> {
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}
