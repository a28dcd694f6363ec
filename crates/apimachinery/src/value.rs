//! The tree that every API object is, in memory.
//!
//! Why one generic tree and not a struct per kind: a typed round trip loses what it does not know, a
//! custom resource has no type at compile time, and patch, apply, admission and CEL are all walks over
//! trees. Why not a general JSON tree: sorted maps make equality, encoding and managed fields
//! deterministic, lookups are a binary search over a few short names, and a node is small.

use std::fmt;

use stdx::Str;
use thin_vec::ThinVec;

/// A JSON array.
pub type List = ThinVec<Value>;

/// A node of an object's tree: the JSON data model with integers kept apart from floats.
///
/// What JSON cannot say natively has its JSON spelling: bytes are base64 text, quantities and times
/// are their canonical strings. The schema tells the protobuf codec which is which.
#[derive(Clone, Default, PartialEq)]
pub enum Value {
    /// JSON `null`. Decoders drop it where upstream's typed decoding would.
    #[default]
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer; JSON numbers without fraction and exponent.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    String(Str),
    /// An array.
    List(List),
    /// A struct or a map.
    Map(Map),
}

/// Entries sorted by key, without duplicates.
#[derive(Clone, Default, PartialEq)]
pub struct Map {
    entries: ThinVec<(Str, Value)>,
}

impl Map {
    /// The empty map as a constant.
    pub const EMPTY: Map = Map { entries: ThinVec::new() };

    /// An empty map; allocates nothing.
    pub fn new() -> Map {
        Map::default()
    }

    /// An empty map with room for `capacity` entries.
    pub fn with_capacity(capacity: usize) -> Map {
        Map { entries: ThinVec::with_capacity(capacity) }
    }

    /// Takes entries in any order. Of entries with the same key the last one stays, as in Go's JSON;
    /// the keys that stood more than once are returned beside the map.
    pub fn from_unsorted(mut entries: ThinVec<(Str, Value)>) -> (Map, Vec<Str>) {
        let mut duplicates = Vec::new();
        if !entries.is_sorted_by(|a, b| a.0 < b.0) {
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            let mut kept: ThinVec<(Str, Value)> = ThinVec::with_capacity(entries.len());
            for entry in entries {
                match kept.last_mut() {
                    Some(last) if last.0 == entry.0 => {
                        duplicates.push(entry.0.clone());
                        *last = entry;
                    }
                    _ => kept.push(entry),
                }
            }
            entries = kept;
        }
        (Map { entries }, duplicates)
    }

    fn position(&self, key: &str) -> Result<usize, usize> {
        self.entries.binary_search_by(|entry| entry.0.as_str().cmp(key))
    }

    /// The value at `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.position(key).ok().map(|index| &self.entries[index].1)
    }

    /// The value at `key`, to change it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.position(key).ok().map(|index| &mut self.entries[index].1)
    }

    /// Whether there is an entry at `key`.
    pub fn contains_key(&self, key: &str) -> bool {
        self.position(key).is_ok()
    }

    /// Sets `key`, and returns what stood there.
    pub fn insert(&mut self, key: impl Into<Str>, value: impl Into<Value>) -> Option<Value> {
        let (key, value) = (key.into(), value.into());
        match self.position(&key) {
            Ok(index) => Some(std::mem::replace(&mut self.entries[index].1, value)),
            Err(index) => {
                self.entries.insert(index, (key, value));
                None
            }
        }
    }

    /// Removes `key`, and returns what stood there.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        self.position(key).ok().map(|index| self.entries.remove(index).1)
    }

    /// The value at `key`, made by `make` when there is none.
    pub fn get_or_insert_with(&mut self, key: impl Into<Str>, make: impl FnOnce() -> Value) -> &mut Value {
        let key = key.into();
        let index = match self.position(&key) {
            Ok(index) => index,
            Err(index) => {
                self.entries.insert(index, (key, make()));
                index
            }
        };
        &mut self.entries[index].1
    }

    /// The map at `key`; whatever else stood there is replaced by an empty one.
    pub fn map_at(&mut self, key: impl Into<Str>) -> &mut Map {
        self.get_or_insert_with(key, || Value::Map(Map::new())).make_map()
    }

    /// Keeps the entries for which `keep` answers true.
    pub fn retain(&mut self, mut keep: impl FnMut(&Str, &mut Value) -> bool) {
        self.entries.retain_mut(|(key, value)| keep(key, value));
    }

    /// Entries in key order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Str, &Value)> + DoubleEndedIterator {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// Entries in key order, values changeable.
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = (&Str, &mut Value)> {
        self.entries.iter_mut().map(|(key, value)| (&*key, value))
    }

    /// Keys in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Str> {
        self.entries.iter().map(|(key, _)| key)
    }

    /// Values in key order.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Value> {
        self.entries.iter().map(|(_, value)| value)
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The text at `key`; `None` when there is none or it is not text.
    pub fn str_at(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Value::as_str)
    }

    /// The integer at `key`.
    pub fn i64_at(&self, key: &str) -> Option<i64> {
        self.get(key).and_then(Value::as_i64)
    }

    /// The boolean at `key`.
    pub fn bool_at(&self, key: &str) -> Option<bool> {
        self.get(key).and_then(Value::as_bool)
    }

    /// The items of the list at `key`; empty when there is none.
    pub fn list_at(&self, key: &str) -> &[Value] {
        self.get(key).and_then(Value::as_list).map_or(&[], |list| list.as_slice())
    }

    /// The map at `key`, if there is one.
    pub fn get_map(&self, key: &str) -> Option<&Map> {
        self.get(key).and_then(Value::as_map)
    }
}

impl IntoIterator for Map {
    type Item = (Str, Value);
    type IntoIter = thin_vec::IntoIter<(Str, Value)>;
    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl<K: Into<Str>, V: Into<Value>> FromIterator<(K, V)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Map {
        Map::from_unsorted(entries.into_iter().map(|(key, value)| (key.into(), value.into())).collect()).0
    }
}

impl Value {
    /// The text, if it is text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The integer, if it is one.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Value::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// The number as a float, if it is a number.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Value::Int(number) => Some(*number as f64),
            Value::Float(number) => Some(*number),
            _ => None,
        }
    }

    /// The boolean, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(flag) => Some(*flag),
            _ => None,
        }
    }

    /// The list, if it is one.
    pub fn as_list(&self) -> Option<&List> {
        match self {
            Value::List(list) => Some(list),
            _ => None,
        }
    }

    /// The list, if it is one, to change it.
    pub fn as_list_mut(&mut self) -> Option<&mut List> {
        match self {
            Value::List(list) => Some(list),
            _ => None,
        }
    }

    /// The map, if it is one.
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The map, if it is one, to change it.
    pub fn as_map_mut(&mut self) -> Option<&mut Map> {
        match self {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The map; anything else is replaced by an empty one first.
    pub fn make_map(&mut self) -> &mut Map {
        if !matches!(self, Value::Map(_)) {
            *self = Value::Map(Map::new());
        }
        match self {
            Value::Map(map) => map,
            _ => unreachable!("made a map above"),
        }
    }

    /// The list; anything else is replaced by an empty one first.
    pub fn make_list(&mut self) -> &mut List {
        if !matches!(self, Value::List(_)) {
            *self = Value::List(List::new());
        }
        match self {
            Value::List(list) => list,
            _ => unreachable!("made a list above"),
        }
    }

    /// How deep lists and maps are nested; 0 for a scalar. Trees are no deeper than decoding lets them be.
    pub fn depth(&self) -> usize {
        match self {
            Value::List(list) => 1 + list.iter().map(Value::depth).max().unwrap_or_default(),
            Value::Map(map) => 1 + map.values().map(Value::depth).max().unwrap_or_default(),
            _ => 0,
        }
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The value at `key`, if this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_map()?.get(key)
    }

    /// The value at a path of map keys.
    pub fn at(&self, path: &[&str]) -> Option<&Value> {
        path.iter().try_fold(self, |value, key| value.get(key))
    }

    /// The value at a path of map keys, to change it.
    pub fn at_mut(&mut self, path: &[&str]) -> Option<&mut Value> {
        path.iter().try_fold(self, |value, key| value.as_map_mut()?.get_mut(key))
    }

    /// The text at a path of map keys.
    pub fn str_at(&self, path: &[&str]) -> Option<&str> {
        self.at(path)?.as_str()
    }

    /// The integer at a path of map keys.
    pub fn i64_at(&self, path: &[&str]) -> Option<i64> {
        self.at(path)?.as_i64()
    }

    /// The boolean at a path of map keys.
    pub fn bool_at(&self, path: &[&str]) -> Option<bool> {
        self.at(path)?.as_bool()
    }

    /// The items of the list at a path of map keys; empty when there is none.
    pub fn list_at(&self, path: &[&str]) -> &[Value] {
        self.at(path).and_then(Value::as_list).map_or(&[], |list| list.as_slice())
    }

    /// The map at a path of map keys.
    pub fn map_at(&self, path: &[&str]) -> Option<&Map> {
        self.at(path)?.as_map()
    }

    /// Sets the value at a path of map keys, making the maps on the way.
    pub fn set(&mut self, path: &[&str], value: impl Into<Value>) {
        let mut node = self;
        for key in path {
            node = node.make_map().get_or_insert_with(*key, || Value::Null);
        }
        *node = value.into();
    }

    /// Removes the value at a path of map keys, and returns it.
    pub fn remove(&mut self, path: &[&str]) -> Option<Value> {
        let (last, parents) = path.split_last()?;
        self.at_mut(parents)?.as_map_mut()?.remove(last)
    }

    /// The name of the JSON type, as Go's error messages spell it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Int(_) | Value::Float(_) => "number",
            Value::String(_) => "string",
            Value::List(_) => "array",
            Value::Map(_) => "object",
        }
    }
}

macro_rules! value_from {
    ($($type:ty => |$from:ident| $into:expr;)*) => {
        $(impl From<$type> for Value {
            fn from($from: $type) -> Value {
                $into
            }
        })*
    };
}

value_from! {
    bool => |flag| Value::Bool(flag);
    i32 => |number| Value::Int(i64::from(number));
    u16 => |number| Value::Int(i64::from(number));
    u32 => |number| Value::Int(i64::from(number));
    i64 => |number| Value::Int(number);
    f64 => |number| Value::Float(number);
    &str => |text| Value::String(Str::from(text));
    String => |text| Value::String(Str::from(text));
    &String => |text| Value::String(Str::from(text));
    Str => |text| Value::String(text);
    &Str => |text| Value::String(text.clone());
    List => |list| Value::List(list);
    Vec<Value> => |list| Value::List(list.into_iter().collect());
    Map => |map| Value::Map(map);
}

impl<V: Into<Value>> FromIterator<V> for Value {
    /// Collects into a list.
    fn from_iter<I: IntoIterator<Item = V>>(items: I) -> Value {
        Value::List(items.into_iter().map(Into::into).collect())
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => formatter.write_str("null"),
            Value::Bool(flag) => fmt::Debug::fmt(flag, formatter),
            Value::Int(number) => fmt::Debug::fmt(number, formatter),
            Value::Float(number) => fmt::Debug::fmt(number, formatter),
            Value::String(text) => fmt::Debug::fmt(text, formatter),
            Value::List(list) => formatter.debug_list().entries(list).finish(),
            Value::Map(map) => fmt::Debug::fmt(map, formatter),
        }
    }
}

impl fmt::Debug for Map {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_map().entries(self.iter()).finish()
    }
}

/// Builds a [`Value`] from JSON-like notation; any Rust expression may stand where a value stands.
///
/// ```
/// use apimachinery::value;
/// let replicas = 3;
/// let scale = value!({"metadata": {"name": "web"}, "spec": {"replicas": replicas}});
/// assert_eq!(scale.i64_at(&["spec", "replicas"]), Some(3));
/// ```
#[macro_export]
macro_rules! value {
    (null) => { $crate::Value::Null };
    ([ $($tokens:tt)* ]) => {{
        #[allow(unused_mut)]
        let mut list = $crate::List::new();
        $crate::value_items!(list, $($tokens)*);
        $crate::Value::List(list)
    }};
    ({ $($tokens:tt)* }) => {{
        #[allow(unused_mut)]
        let mut map = $crate::Map::new();
        $crate::value_entries!(map, $($tokens)*);
        $crate::Value::Map(map)
    }};
    ($other:expr) => { $crate::Value::from($other) };
}

/// The items of a list in [`value!`].
#[doc(hidden)]
#[macro_export]
macro_rules! value_items {
    ($list:ident,) => {};
    ($list:ident, null $(, $($rest:tt)*)?) => { $list.push($crate::Value::Null); $($crate::value_items!($list, $($rest)*);)? };
    ($list:ident, [ $($inner:tt)* ] $(, $($rest:tt)*)?) => { $list.push($crate::value!([ $($inner)* ])); $($crate::value_items!($list, $($rest)*);)? };
    ($list:ident, { $($inner:tt)* } $(, $($rest:tt)*)?) => { $list.push($crate::value!({ $($inner)* })); $($crate::value_items!($list, $($rest)*);)? };
    ($list:ident, $item:expr $(, $($rest:tt)*)?) => { $list.push($crate::Value::from($item)); $($crate::value_items!($list, $($rest)*);)? };
}

/// The entries of a map in [`value!`].
#[doc(hidden)]
#[macro_export]
macro_rules! value_entries {
    ($map:ident,) => {};
    ($map:ident, $key:tt : null $(, $($rest:tt)*)?) => { $map.insert($key, $crate::Value::Null); $($crate::value_entries!($map, $($rest)*);)? };
    ($map:ident, $key:tt : [ $($inner:tt)* ] $(, $($rest:tt)*)?) => { $map.insert($key, $crate::value!([ $($inner)* ])); $($crate::value_entries!($map, $($rest)*);)? };
    ($map:ident, $key:tt : { $($inner:tt)* } $(, $($rest:tt)*)?) => { $map.insert($key, $crate::value!({ $($inner)* })); $($crate::value_entries!($map, $($rest)*);)? };
    ($map:ident, $key:tt : $item:expr $(, $($rest:tt)*)?) => { $map.insert($key, $crate::Value::from($item)); $($crate::value_entries!($map, $($rest)*);)? };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_small() {
        assert!(size_of::<Value>() <= 24, "{}", size_of::<Value>());
    }

    #[test]
    fn maps_are_sorted_and_the_last_duplicate_stays() {
        let entries = [("b", 1), ("a", 2), ("b", 3)].map(|(k, v)| (Str::from(k), Value::Int(v)));
        let (map, duplicates) = Map::from_unsorted(entries.into_iter().collect());
        assert_eq!(format!("{map:?}"), r#"{"a": 2, "b": 3}"#);
        assert_eq!(duplicates, [Str::from("b")]);
    }

    #[test]
    fn set_and_remove_by_path() {
        let mut value = value!({"spec": {"a": [1, "x", null, {"k": true}]}});
        value.set(&["spec", "template", "name"], "pod");
        assert_eq!(value.str_at(&["spec", "template", "name"]), Some("pod"));
        assert_eq!(value.list_at(&["spec", "a"]).len(), 4);
        assert!(value.remove(&["spec", "template"]).is_some());
        assert_eq!(value.at(&["spec", "template"]), None);
    }
}
