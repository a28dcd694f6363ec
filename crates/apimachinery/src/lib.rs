//! The object form and everything that can be done to it without knowing a particular kind.
//!
//! An API object in memory is a [`Value`]: a tree with the JSON data model, whose maps are sorted and
//! whose strings are small. What a tree may contain is said by a [`schema::Schema`], which is data;
//! built-in kinds and custom resources have the same form with schemas of different origin.
//!
//! This crate never does I/O, never knows a particular kind, and never looks at a clock.
//! Start reading at [`value`], then [`schema`]. Upstream's counterpart is `k8s.io/apimachinery`.

pub mod schema;
pub mod value;

pub use stdx::Str;
pub use value::{List, Map, Value};
