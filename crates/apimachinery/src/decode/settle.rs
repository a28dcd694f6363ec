//! Trees that were changed in place, brought to the form that they have when they were stored and read.

use super::{Zeros, fill_zeros, keeps};
use crate::{
    Value,
    schema::{Kind, Presence, Schema, TypeId},
};

/// Gives a tree of the struct `type_id` the form that it has after it was encoded in protobuf and decoded again: with the
/// zero values that Go always encodes, without those that it leaves out, and with null for an empty list that it shows.
/// Values are expected to be of their fields' kinds.
pub fn settle(value: &mut Value, schema: &Schema, type_id: TypeId) {
    let Value::Map(map) = value else { return };
    let definition = schema.get(type_id);
    let mut keeps_all = true;
    for (key, value) in map.iter_mut() {
        let Some(field) = definition.field(key) else { continue };
        settle_kind(value, &field.kind, schema);
        if field.presence == Presence::Null && is_absent_in_protobuf(value, &field.kind) {
            *value = Value::Null;
        }
        keeps_all &= is_kept(field.presence, keeps(field, value, Zeros::Fill), field.nullable, value);
    }
    if !keeps_all {
        map.retain(|key, value| {
            definition
                .field(key)
                .is_none_or(|field| is_kept(field.presence, keeps(field, value, Zeros::Fill), field.nullable, value))
        });
    }
    fill_zeros(map, definition, schema);
}

/// A null that stands for absence is as good as the one that would be filled in.
fn is_kept(presence: Presence, keeps: bool, nullable: bool, value: &Value) -> bool {
    keeps || (value.is_null() && (presence == Presence::Null || nullable))
}

/// Whether protobuf has nothing for it, so that it comes back as what was never set.
fn is_absent_in_protobuf(value: &Value, kind: &Kind) -> bool {
    match (kind, value) {
        (Kind::List(_), Value::List(list)) => list.is_empty(),
        (Kind::Map(_), Value::Map(map)) => map.is_empty(),
        _ => false,
    }
}

fn settle_kind(value: &mut Value, kind: &Kind, schema: &Schema) {
    match (kind, value) {
        (Kind::Struct(id) | Kind::StructOr(id, _), value @ Value::Map(_)) => settle(value, schema, *id),
        (Kind::List(item), Value::List(list)) if has_structs(item) => {
            list.iter_mut().for_each(|value| settle_kind(value, item, schema));
        }
        (Kind::Map(item), Value::Map(map)) if has_structs(item) => {
            map.iter_mut().for_each(|(_, value)| settle_kind(value, item, schema));
        }
        _ => {}
    }
}

fn has_structs(kind: &Kind) -> bool {
    match kind {
        Kind::Struct(_) | Kind::StructOr(..) => true,
        Kind::List(item) | Kind::Map(item) => has_structs(item),
        _ => false,
    }
}
