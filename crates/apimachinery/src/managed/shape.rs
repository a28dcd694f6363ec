//! How a value merges: what the schema says, in the terms of structured merge.

use stdx::Str;

use super::Element;
use crate::{
    List, Value,
    schema::{Field, Kind, ListType, Schema, StructType, TypeId},
};

/// How a value merges.
#[derive(Clone, Copy)]
pub(super) enum Shape<'s> {
    /// As one: scalars, and what is atomic.
    Leaf,
    /// By field.
    Struct(&'s StructType),
    /// By entry.
    Map(&'s Kind),
    /// Items are what they are.
    Set,
    /// Items are told apart by keys.
    Keyed(&'s [Str], &'s StructType),
    /// The schema does not say: maps merge by entry, everything else as one.
    Deduced,
}

impl<'s> Shape<'s> {
    pub(super) fn of_type(schema: &'s Schema, type_id: TypeId) -> Shape<'s> {
        Shape::Struct(schema.get(type_id))
    }

    fn of_field(schema: &'s Schema, field: &'s Field) -> Shape<'s> {
        if field.atomic {
            return Shape::Leaf;
        }
        match (&field.kind, field.list_type) {
            (Kind::Struct(id), _) if field.granular => Shape::Struct(schema.get(*id)),
            (Kind::List(_), ListType::Set) => Shape::Set,
            (Kind::List(item), ListType::Map) => match &**item {
                Kind::Struct(id) => Shape::Keyed(&field.list_map_keys, schema.get(*id)),
                _ => Shape::Leaf,
            },
            (kind, _) => Shape::of_kind(schema, kind),
        }
    }

    fn of_kind(schema: &'s Schema, kind: &'s Kind) -> Shape<'s> {
        match kind {
            Kind::Struct(id) if schema.get(*id).atomic => Shape::Leaf,
            Kind::Struct(id) => Shape::Struct(schema.get(*id)),
            Kind::Map(item) => Shape::Map(item),
            Kind::Json | Kind::RawExtension | Kind::Fields | Kind::StructOr(..) => Shape::Deduced,
            _ => Shape::Leaf,
        }
    }

    /// The shape of the entry `name`, and whether it is a field that the schema names.
    pub(super) fn entry(self, schema: &'s Schema, name: &str) -> (Shape<'s>, bool) {
        match self {
            Shape::Struct(definition) => match definition.field(name) {
                Some(field) => (Shape::of_field(schema, field), true),
                None => (Shape::Deduced, false),
            },
            Shape::Map(item) => (Shape::of_kind(schema, item), false),
            _ => (Shape::Deduced, false),
        }
    }

    /// The shape of list items.
    pub(super) fn item(self) -> Shape<'s> {
        match self {
            Shape::Keyed(_, item) => Shape::Struct(item),
            _ => Shape::Leaf,
        }
    }

    /// The shape below an element of a set, and whether the element is a named field.
    pub(super) fn below(self, schema: &'s Schema, element: &Element) -> (bool, Shape<'s>) {
        match element {
            Element::Field(name) => {
                let (shape, named) = self.entry(schema, name);
                (named, shape)
            }
            _ => (false, self.item()),
        }
    }

    /// What tells a list item from the others.
    ///
    /// # Errors
    /// When the item lacks every key, or is of the wrong type.
    pub(super) fn element(self, item: &Value) -> Result<Element, String> {
        let Shape::Keyed(keys, definition) = self else {
            return match item {
                Value::Map(_) => Err("associative list without keys has an element that's a map type".to_owned()),
                Value::List(_) => Err("not supported: associative list with lists as elements".to_owned()),
                Value::Null => Err("associative list without keys has an element that's an explicit null".to_owned()),
                scalar => Ok(Element::Value(scalar.clone())),
            };
        };
        let Value::Map(map) = item else {
            let found = if item.is_null() { "a null element" } else { "non-map elements" };
            return Err(format!("associative list with keys may not have {found}"));
        };
        let mut found: Vec<(Str, Value)> = Vec::with_capacity(keys.len());
        for key in keys {
            let default = || definition.field(key).and_then(|field| field.default.as_ref());
            if let Some(value) = map.get(key).or_else(default) {
                found.push((key.clone(), value.clone()));
            }
        }
        if found.is_empty() {
            let keys: Vec<String> = keys.iter().map(|key| format!("{:?}", key.as_str())).collect();
            return Err(format!(
                "associative list with keys has an element that omits all key fields [{}] (and doesn't have default values for any key fields)",
                keys.join(" ")
            ));
        }
        found.sort_by(|left, right| left.0.cmp(&right.0));
        Ok(Element::Key(found))
    }

    /// The elements of a list's items, in order; items that have none stand for themselves by position.
    pub(super) fn elements(self, list: &List) -> Vec<Element> {
        let element = |(index, item)| self.element(item).unwrap_or(Element::Index(index as i64));
        list.iter().enumerate().map(element).collect()
    }
}
