//! Lists that merge: their special items, and the order of the result.

use super::{DIRECTIVE, go_list, malformed, no_merge_key, unknown_directive, wrong_type};
use crate::{List, Map, Value, patch::PatchError};

/// What identifies an item: its merge key, or itself among scalars; `None` for a map without the key.
fn key_of<'v>(item: &'v Value, merge_key: &str) -> Option<&'v Value> {
    match item {
        Value::Map(map) => map.get(merge_key),
        other => Some(other),
    }
}

/// The keys of all items, in order.
pub(super) fn keys_of(list: &[Value], merge_key: &str) -> Vec<Value> {
    list.iter().map(|item| key_of(item, merge_key).cloned().unwrap_or_default()).collect()
}

fn position(keys: &[Value], item: &Value, merge_key: &str) -> Option<usize> {
    let key = key_of(item, merge_key)?;
    keys.iter().position(|candidate| candidate == key)
}

/// Whether the items of all lists are maps; all items must be of one type.
pub(super) fn holds_maps(lists: &[&List]) -> Result<bool, PatchError> {
    let mut items = lists.iter().flat_map(|list| list.iter());
    let Some(first) = items.next() else { return Ok(false) };
    if matches!(first, Value::List(_)) {
        return Err(PatchError::Inapplicable("lists of lists are not supported".to_owned()));
    }
    if items.any(|item| std::mem::discriminant(item) != std::mem::discriminant(first)) {
        let shown: Vec<String> = lists.iter().map(|list| go_list(list)).collect();
        return Err(PatchError::Failed(format!("list element types are not identical: [{}]", shown.join(" "))));
    }
    Ok(matches!(first, Value::Map(_)))
}

/// Keeps the first of equal scalars.
pub(super) fn deduplicate(list: &mut List) {
    let mut kept = List::with_capacity(list.len());
    for item in std::mem::take(list) {
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
    *list = kept;
}

/// Removes every item of `deleted` from a list of scalars.
pub(super) fn delete_from(list: &mut List, deleted: &List) -> Result<(), PatchError> {
    if holds_maps(&[list, deleted])? {
        // Upstream goes on to merge such lists, and fails for want of a merge key.
        return Err(malformed("invalid patch format of primitive list"));
    }
    list.retain(|item| !deleted.contains(item));
    Ok(())
}

/// Takes the items with a `$patch` directive out of `new` and obeys them; answers whether the old list was
/// replaced.
pub(super) fn special_items(old: &mut List, new: &mut List, merge_key: &str) -> Result<bool, PatchError> {
    let mut plain = List::with_capacity(new.len());
    let mut replace = false;
    for item in std::mem::take(new) {
        let Value::Map(map) = &item else { continue };
        match map.get(DIRECTIVE) {
            None => plain.push(item),
            Some(directive) => match directive.as_str() {
                Some("delete") => {
                    let key = map.get(merge_key).ok_or_else(|| no_merge_key(map, merge_key))?;
                    old.retain(|candidate| candidate.get(merge_key) != Some(key));
                }
                Some("replace") => replace = true,
                Some("merge") => {
                    let problem = "merging lists cannot yet be specified in the patch";
                    return Err(PatchError::Failed(problem.to_owned()));
                }
                _ => return Err(unknown_directive(directive, map)),
            },
        }
    }
    if replace {
        *old = plain;
    } else {
        *new = plain;
    }
    Ok(replace)
}

/// The items of the patch must stand in the order that `$setElementOrder` says, and be part of it.
pub(super) fn check_order(patch: &[Value], order: &[Value], merge_key: &str) -> Result<(), PatchError> {
    if patch.is_empty() || order.is_empty() {
        return Ok(());
    }
    let mut ordered = order.iter();
    for item in patch {
        if !merge_key.is_empty() {
            let map = item.as_map().ok_or_else(|| wrong_type("map[string]interface {}", item))?;
            if map.contains_key(DIRECTIVE) {
                continue;
            }
        }
        let key = require_key(item, merge_key)?;
        let mut found = false;
        for candidate in ordered.by_ref() {
            if require_key(candidate, merge_key)? == key {
                found = true;
                break;
            }
        }
        if !found {
            return Err(PatchError::Failed(format!(
                "The order in patch list:\n{}\n doesn't match $setElementOrder list:\n{}\n",
                go_list(patch),
                go_list(order)
            )));
        }
    }
    Ok(())
}

fn require_key<'v>(item: &'v Value, merge_key: &str) -> Result<&'v Value, PatchError> {
    if merge_key.is_empty() {
        return Ok(item);
    }
    let map: &Map = item.as_map().ok_or_else(|| wrong_type("map[string]interface {}", item))?;
    map.get(merge_key).ok_or_else(|| no_merge_key(map, merge_key))
}

/// Orders a merged list: what `order` names stands in its order, the rest as in the old list, and the two
/// are interleaved by the old list as far as it knows both sides.
pub(super) fn arrange(merged: List, order: &[Value], old_keys: &[Value], merge_key: &str) -> Result<List, PatchError> {
    for item in merged.iter().chain(order).filter(|item| item.as_map().is_some()) {
        require_key(item, merge_key)?;
    }
    let wanted = keys_of(order, merge_key);
    let mut named: Vec<(Option<usize>, Value)> = Vec::new();
    let mut unnamed: Vec<(Option<usize>, Value)> = Vec::new();
    for item in merged {
        match position(&wanted, &item, merge_key) {
            Some(place) => named.push((Some(place), item)),
            None => unnamed.push((position(old_keys, &item, merge_key), item)),
        }
    }
    named.sort_by_key(|(place, _)| *place);
    unnamed.sort_by_key(|(place, _)| place.unwrap_or(usize::MAX));
    let mut result = List::with_capacity(named.len() + unnamed.len());
    let mut unnamed = unnamed.into_iter().peekable();
    for (_, item) in named {
        let place = position(old_keys, &item, merge_key);
        while let Some((_, earlier)) =
            unnamed.next_if(|(other, _)| matches!((other, place), (Some(l), Some(r)) if *l < r))
        {
            result.push(earlier);
        }
        result.push(item);
    }
    result.extend(unnamed.map(|(_, item)| item));
    Ok(result)
}
