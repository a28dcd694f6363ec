//! Read-only typed windows into objects: one per upstream struct, one method per field.
//!
//! A view is a borrowed map; making one costs nothing, and a method is one lookup. Fields that Go always
//! has are returned bare (`""`, `0`, `false` or an empty view when absent), pointers as `Option`. Structs
//! and methods are upstream's names, the latter in snake case; keywords have a `_` behind them. What a
//! field means stands in upstream's reference, and in [`crate::description`].
//!
//! The files below are written by `cargo xtask generate-api`.
//!
//! ```
//! use api::views::core_v1::Pod;
//! use apimachinery::value;
//!
//! let pod = value!({"spec": {"containers": [{"name": "web", "ports": [{"containerPort": 80}]}]}});
//! let pod = Pod::of(&pod);
//! let ports: Vec<i64> = pod.spec().containers().iter().flat_map(|c| c.ports().iter().map(|p| p.container_port())).collect();
//! assert_eq!(ports, [80]);
//! assert_eq!(pod.metadata().name(), "");
//! assert!(pod.spec().security_context().is_none());
//! ```

// Upstream's names and meanings; see above.
#![allow(missing_docs, clippy::should_implement_trait, clippy::wrong_self_convention)]

use std::{fmt, marker::PhantomData, sync::LazyLock};

use apimachinery::{Map, Value};

mod list;

pub use list::*;

static EMPTY: LazyLock<Map> = LazyLock::new(Map::new);

/// What can be read out of a value: text, numbers, views.
pub trait Item<'a>: Copy {
    /// Reads the value; one of another type reads as the zero value.
    fn item(value: &'a Value) -> Self;
}

impl<'a> Item<'a> for &'a Value {
    #[inline]
    fn item(value: &'a Value) -> Self {
        value
    }
}

impl<'a> Item<'a> for &'a str {
    #[inline]
    fn item(value: &'a Value) -> Self {
        value.as_str().unwrap_or_default()
    }
}

impl<'a> Item<'a> for i64 {
    #[inline]
    fn item(value: &'a Value) -> Self {
        value.as_i64().unwrap_or_default()
    }
}

impl<'a> Item<'a> for f64 {
    #[inline]
    fn item(value: &'a Value) -> Self {
        value.as_f64().unwrap_or_default()
    }
}

impl<'a> Item<'a> for bool {
    #[inline]
    fn item(value: &'a Value) -> Self {
        value.as_bool().unwrap_or_default()
    }
}

/// An `intstr.IntOrString`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntOrString<'a> {
    /// A number.
    Int(i64),
    /// Text: a name or a percentage.
    String(&'a str),
}

impl Default for IntOrString<'_> {
    fn default() -> Self {
        IntOrString::Int(0)
    }
}

impl<'a> Item<'a> for IntOrString<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        match value {
            Value::String(text) => IntOrString::String(text),
            _ => IntOrString::Int(value.as_i64().unwrap_or_default()),
        }
    }
}

/// A list, read item by item.
#[derive(Clone, Copy)]
pub struct ViewList<'a, T> {
    items: &'a [Value],
    item: PhantomData<T>,
}

impl<'a, T: Item<'a>> ViewList<'a, T> {
    /// The items in order.
    pub fn iter(self) -> impl ExactSizeIterator<Item = T> + DoubleEndedIterator + 'a
    where
        T: 'a,
    {
        self.items.iter().map(T::item)
    }

    /// The item at `index`.
    pub fn get(self, index: usize) -> Option<T> {
        self.items.get(index).map(T::item)
    }

    /// The first item.
    pub fn first(self) -> Option<T> {
        self.get(0)
    }

    /// How many items there are.
    pub fn len(self) -> usize {
        self.items.len()
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.items.is_empty()
    }

    /// The items as they are.
    pub fn values(self) -> &'a [Value] {
        self.items
    }
}

impl<'a, T: Item<'a>> Item<'a> for ViewList<'a, T> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ViewList { items: value.as_list().map_or(&[], |list| list.as_slice()), item: PhantomData }
    }
}

impl<'a, T: Item<'a> + fmt::Debug + 'a> fmt::Debug for ViewList<'a, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.iter()).finish()
    }
}

/// A map from text, read entry by entry.
#[derive(Clone, Copy)]
pub struct ViewMap<'a, T> {
    map: Option<&'a Map>,
    item: PhantomData<T>,
}

impl<'a, T: Item<'a>> ViewMap<'a, T> {
    /// The value at `key`.
    pub fn get(self, key: &str) -> Option<T> {
        self.map?.get(key).map(T::item)
    }

    /// Whether there is an entry at `key`.
    pub fn contains_key(self, key: &str) -> bool {
        self.map.is_some_and(|map| map.contains_key(key))
    }

    /// Entries in key order.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, T)> + 'a
    where
        T: 'a,
    {
        self.map.into_iter().flat_map(Map::iter).map(|(key, value)| (key.as_str(), T::item(value)))
    }

    /// Keys in order.
    pub fn keys(self) -> impl Iterator<Item = &'a str> {
        self.map.into_iter().flat_map(Map::keys).map(|key| key.as_str())
    }

    /// How many entries there are.
    pub fn len(self) -> usize {
        self.map.map_or(0, Map::len)
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The map as it is; `None` when it is absent.
    pub fn as_map(self) -> Option<&'a Map> {
        self.map
    }
}

impl<'a, T: Item<'a>> Item<'a> for ViewMap<'a, T> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ViewMap { map: value.as_map(), item: PhantomData }
    }
}

impl<'a, T: Item<'a> + fmt::Debug + 'a> fmt::Debug for ViewMap<'a, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_map().entries(self.iter()).finish()
    }
}

/// A field that is always there in Go.
#[inline]
fn bare<'a, T: Item<'a>>(map: &'a Map, key: &str) -> T {
    T::item(map.get(key).unwrap_or(&Value::Null))
}

/// A field that may be absent.
#[inline]
fn optional<'a, T: Item<'a>>(map: &'a Map, key: &str) -> Option<T> {
    map.get(key).filter(|value| !value.is_null()).map(T::item)
}

/// The map that a value is, or an empty one.
#[inline]
fn map_of(value: &Value) -> &Map {
    value.as_map().unwrap_or(&EMPTY)
}
