//! Strategic merge patch: a JSON merge patch that knows which lists merge by key.
//!
//! What differs from a plain merge patch stands in the schema ([`Field::patch_merge`] and its siblings)
//! and in directives inside the patch: `$patch: delete | replace`, `$retainKeys`,
//! `$deleteFromPrimitiveList/LIST` and `$setElementOrder/LIST`. The semantics, the order of list items
//! and the words of errors are upstream's (`apimachinery/pkg/util/strategicpatch`), because the patches
//! are computed by clients against upstream's code.

mod list;

use stdx::Str;

use crate::{
    List, Map, Value,
    patch::PatchError,
    schema::{Field, Kind, Schema, TypeId},
};

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_FROM_LIST: &str = "$deleteFromPrimitiveList";
const SET_ELEMENT_ORDER: &str = "$setElementOrder";

/// Lists longer than this are not merged by key: every item is sought in the other list.
const MERGED_ITEMS_LIMIT: usize = 20_000;

/// Merges `patch` into `original`, an object of the type `type_id`.
///
/// The result may hold fields that the schema does not know; decode it again.
///
/// # Errors
/// When a directive is malformed, or list items lack their merge key; `original` is then in an unknown state.
pub fn merge(original: &mut Value, patch: &Value, schema: &Schema, type_id: TypeId) -> Result<(), PatchError> {
    let Value::Map(patch) = patch else {
        return Err(PatchError::Malformed("invalid JSON document".to_owned()));
    };
    Scope { schema, kind: &Kind::Struct(type_id) }.merge_map(original.make_map(), patch.clone())
}

/// The type that a map has.
#[derive(Clone, Copy)]
struct Scope<'s> {
    schema: &'s Schema,
    kind: &'s Kind,
}

fn malformed(problem: &str) -> PatchError {
    PatchError::Malformed(problem.to_owned())
}

fn unknown_directive(directive: &Value, patch: &Map) -> PatchError {
    PatchError::Failed(format!("unknown patch type: {} in map: {}", go(directive), go_map(patch)))
}

fn no_merge_key(item: &Map, merge_key: &str) -> PatchError {
    PatchError::Failed(format!("map: {} does not contain declared merge key: {merge_key}", go_map(item)))
}

fn wrong_type(expected: &str, found: &Value) -> PatchError {
    PatchError::Failed(format!("expected a {expected}, but received a {}", go_type(found)))
}

/// The text of a value as Go's `%v` writes it, which upstream's messages hold.
fn go(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.to_string(),
        Value::List(list) => go_list(list),
        Value::Map(map) => go_map(map),
        other => format!("{other:?}"),
    }
}

fn go_list(list: &[Value]) -> String {
    format!("[{}]", list.iter().map(go).collect::<Vec<_>>().join(" "))
}

fn go_map(map: &Map) -> String {
    let entries: Vec<String> = map.iter().map(|(key, value)| format!("{key}:{}", go(value))).collect();
    format!("map[{}]", entries.join(" "))
}

fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "%!s(<nil>)",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int64",
        Value::Float(_) => "float64",
        Value::String(_) => "string",
        Value::List(_) => "[]interface {}",
        Value::Map(_) => "map[string]interface {}",
    }
}

/// Removes what stands for a deletion from a value that becomes part of the object; `None` when that is
/// the value itself.
fn without_directives(value: Value) -> Option<Value> {
    match value {
        Value::Map(map) if map.contains_key(DIRECTIVE) => None,
        Value::Map(map) => {
            let kept = map.into_iter().filter_map(|(key, value)| Some((key, without_directives(value)?)));
            Some(Value::Map(kept.collect()))
        }
        Value::List(list) => Some(Value::List(list.into_iter().filter_map(without_directives).collect())),
        other => Some(other),
    }
}

/// Null in a value that is new to the object deletes nothing.
fn discard_nulls(value: &mut Value) {
    match value {
        Value::Map(map) => map.retain(|_, value| {
            discard_nulls(value);
            !value.is_null()
        }),
        Value::List(list) => list.iter_mut().for_each(discard_nulls),
        _ => {}
    }
}

fn set_new(original: &mut Map, key: Str, mut value: Value) {
    discard_nulls(&mut value);
    match without_directives(value) {
        Some(value) => original.insert(key, value),
        None => original.remove(&key),
    };
}

impl<'s> Scope<'s> {
    /// The field `key` of the struct that is being merged.
    fn field(&self, key: &str) -> Result<&'s Field, PatchError> {
        let (Kind::Struct(id) | Kind::StructOr(id, _)) = self.kind else {
            let found = match self.kind {
                Kind::Map(_) => "map",
                Kind::List(_) => "slice",
                _ => "struct",
            };
            return Err(PatchError::Failed(format!(
                "merging an object in json but data type is not struct, instead is: {found}"
            )));
        };
        let definition = self.schema.get(*id);
        definition.field(key).ok_or_else(|| {
            let name = definition.name.rsplit('.').next().unwrap_or_default();
            PatchError::Failed(format!("unable to find api field in struct {name} for the json field {key:?}"))
        })
    }

    /// The type of the items of a list field.
    fn items(&self, field: &'s Field) -> Result<Scope<'s>, PatchError> {
        match &field.kind {
            Kind::List(item) => Ok(Scope { kind: item, ..*self }),
            // Lists of text with a message of their own: nothing is looked up below.
            Kind::StringListMessage | Kind::StructOr(..) => Ok(Scope { kind: &field.kind, ..*self }),
            _ => Err(PatchError::Failed("expected slice or array type, but got: struct".to_owned())),
        }
    }

    fn merge_map(&self, original: &mut Map, mut patch: Map) -> Result<(), PatchError> {
        if let Some(directive) = patch.remove(DIRECTIVE) {
            match directive.as_str() {
                Some("replace") => *original = patch,
                Some("delete") => *original = Map::new(),
                _ => {
                    patch.insert(Str::from_static(DIRECTIVE), directive.clone());
                    return Err(unknown_directive(&directive, &patch));
                }
            }
            return Ok(());
        }
        retain_keys(original, &mut patch)?;
        self.merge_ordered_lists(original, &mut patch)?;
        patch.into_iter().try_for_each(|(key, value)| self.merge_entry(original, key, value))
    }

    fn merge_entry(&self, original: &mut Map, key: Str, value: Value) -> Result<(), PatchError> {
        let deleted_from = match key.strip_prefix(DELETE_FROM_LIST) {
            Some(rest) => {
                Some(rest.strip_prefix('/').ok_or_else(|| malformed("invalid patch format of primitive list"))?)
            }
            None => None,
        };
        let name = deleted_from.unwrap_or(&key);
        if value.is_null() {
            original.remove(name);
            return Ok(());
        }
        match (original.get_mut(name), value) {
            (Some(Value::Map(old)), Value::Map(new)) => {
                let field = self.field(name)?;
                if field.patch_replace {
                    *old = new;
                    return Ok(());
                }
                Scope { kind: &field.kind, ..*self }.merge_map(old, new)
            }
            (Some(Value::List(old)), Value::List(new)) => {
                let field = self.field(name)?;
                let items = self.items(field)?;
                if deleted_from.is_some() {
                    return list::delete_from(old, &new);
                }
                if field.patch_merge {
                    return items.merge_list(old, new, &field.patch_merge_key);
                }
                *old = new;
                Ok(())
            }
            _ if deleted_from.is_some() => Ok(()),
            (_, value) => {
                set_new(original, key, value);
                Ok(())
            }
        }
    }

    /// Merges the lists for which the patch holds an order, and takes them out of the patch.
    fn merge_ordered_lists(&self, original: &mut Map, patch: &mut Map) -> Result<(), PatchError> {
        let directives: Vec<Str> = patch.keys().filter(|key| key.starts_with(SET_ELEMENT_ORDER)).cloned().collect();
        for directive in directives {
            let bad_format = || malformed("invalid patch format of setElementOrder list");
            let order = match patch.remove(&directive).unwrap_or_default() {
                Value::List(order) => order,
                other => return Err(wrong_type("[]interface {}", &other)),
            };
            let name = directive.strip_prefix(SET_ELEMENT_ORDER).and_then(|rest| rest.strip_prefix('/'));
            let name = name.ok_or_else(bad_format)?;
            let old = match original.get(name) {
                None => None,
                Some(Value::List(list)) => Some(list),
                Some(other) => return Err(wrong_type("[]interface {}", other)),
            };
            let new = match patch.remove(name) {
                None => None,
                Some(Value::List(list)) => Some(list),
                Some(other) => return Err(wrong_type("[]interface {}", &other)),
            };
            let field = self.field(name)?;
            let items = self.items(field)?;
            let merge_key = field.patch_merge_key.as_str();
            list::check_order(new.as_deref().unwrap_or_default(), &order, merge_key)?;
            let old_keys = list::keys_of(old.map_or(&[], |list| list.as_slice()), merge_key);
            let merged = match (old.cloned(), new) {
                (None, None) => continue,
                (Some(old), None) => old,
                (None, Some(new)) => new.into_iter().filter_map(without_directives).collect(),
                (Some(mut old), Some(new)) if field.patch_merge => {
                    items.merge_list(&mut old, new, merge_key)?;
                    old
                }
                (Some(_), Some(new)) => new,
            };
            original.insert(name, list::arrange(merged, &order, &old_keys, merge_key)?);
        }
        Ok(())
    }

    fn merge_list(&self, old: &mut List, mut new: List, merge_key: &str) -> Result<(), PatchError> {
        if old.is_empty() && new.is_empty() {
            return Ok(());
        }
        if old.len().saturating_add(new.len()) > MERGED_ITEMS_LIMIT {
            let problem = format!("lists of more than {MERGED_ITEMS_LIMIT} items cannot be merged");
            return Err(PatchError::Inapplicable(problem));
        }
        let of_maps = list::holds_maps(&[old, &new])?;
        let mut old_keys = list::keys_of(old, merge_key);
        if of_maps {
            if merge_key.is_empty() {
                return Err(PatchError::Failed("cannot merge lists without merge key for struct".to_owned()));
            }
            let replaced = list::special_items(old, &mut new, merge_key)?;
            if replaced {
                old_keys = list::keys_of(old, merge_key);
            }
            self.merge_items(old, &new, merge_key)?;
        } else {
            for item in &new {
                old.push(item.clone());
            }
            list::deduplicate(old);
        }
        *old = list::arrange(std::mem::take(old), &new, &old_keys, merge_key)?;
        Ok(())
    }

    fn merge_items(&self, old: &mut List, new: &List, merge_key: &str) -> Result<(), PatchError> {
        for item in new {
            let Value::Map(item) = item else { continue };
            let wanted = item.get(merge_key).ok_or_else(|| no_merge_key(item, merge_key))?;
            match old.iter_mut().find(|candidate| candidate.get(merge_key) == Some(wanted)) {
                Some(found) => self.merge_map(found.make_map(), item.clone())?,
                None => old.push(Value::Map(item.clone())),
            }
        }
        Ok(())
    }
}

/// Obeys `$retainKeys`: what it does not name goes.
fn retain_keys(original: &mut Map, patch: &mut Map) -> Result<(), PatchError> {
    let Some(retained) = patch.remove(RETAIN_KEYS) else { return Ok(()) };
    let bad_format = || malformed("invalid patch format of retainKeys");
    let retained = retained.as_list().ok_or_else(bad_format)?;
    let is_retained = |key: &str| retained.iter().any(|retained| retained.as_str() == Some(key));
    let unnamed = patch.iter().any(|(key, value)| {
        let directive = key.starts_with(DELETE_FROM_LIST) || key.starts_with(SET_ELEMENT_ORDER);
        !value.is_null() && !directive && !is_retained(key)
    });
    if unnamed {
        return Err(bad_format());
    }
    original.retain(|key, _| is_retained(key));
    Ok(())
}

#[cfg(test)]
mod tests;
