//! A configuration into an object, and fields out of an object.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{Element, Set, shape::Shape};
use crate::{List, Value, schema::Schema};

/// Merges what `config` says into `live`. Nothing is removed.
pub(super) fn merge(live: &mut Value, config: &Value, shape: Shape<'_>, schema: &Schema) {
    match (shape, &mut *live, config) {
        (Shape::Struct(_) | Shape::Map(_) | Shape::Deduced, Value::Map(live), Value::Map(config)) => {
            for (name, value) in config.iter() {
                match live.get_mut(name) {
                    Some(live) => merge(live, value, shape.entry(schema, name).0, schema),
                    None => {
                        live.insert(name.clone(), value.clone());
                    }
                }
            }
        }
        // Null says nothing of what merges by part.
        (Shape::Struct(_) | Shape::Map(_), Value::Map(live), Value::Null) if !live.is_empty() => {}
        (Shape::Set | Shape::Keyed(..), Value::List(live), Value::Null) if !live.is_empty() => {}
        (Shape::Set | Shape::Keyed(..), Value::List(live), Value::List(config)) => {
            if !config.is_empty() {
                *live = merge_lists(std::mem::take(live), config, shape, schema);
            }
        }
        (_, live, config) => *live = config.clone(),
    }
}

/// The items of both lists: those of `config` in its order, the others near the neighbours they had.
fn merge_lists(live: List, config: &List, shape: Shape<'_>, schema: &Schema) -> List {
    let (live_elements, config_elements) = (shape.elements(&live), shape.elements(config));
    let wanted: BTreeMap<&Element, usize> =
        config_elements.iter().enumerate().map(|(index, element)| (element, index)).collect();
    // Where each element stands in the live list; `None` when it stands there more than once.
    let mut places: BTreeMap<&Element, Option<usize>> = BTreeMap::new();
    for (index, element) in live_elements.iter().enumerate() {
        places.entry(element).and_modify(|place| *place = None).or_insert(Some(index));
    }
    let mut shared: VecDeque<&Element> =
        config_elements.iter().filter(|element| places.contains_key(element)).collect();
    let mut next_shared = shared.pop_front();
    let mut items: Vec<Option<Value>> = live.into_iter().map(Some).collect();
    let mut merged: BTreeSet<&Element> = BTreeSet::new();
    let mut out = List::with_capacity(items.len().max(config.len()));
    let (mut left, mut right) = (0, 0);
    while left < live_elements.len() || right < config_elements.len() {
        if let Some(element) = live_elements.get(left) {
            let in_config = wanted.contains_key(element);
            if let Some(config_element) = config_elements.get(right) {
                if element == config_element {
                    merged.insert(config_element);
                    let place = places.get(element).copied().flatten();
                    out.push(merge_item(place.and_then(|place| items[place].take()), &config[right], shape, schema));
                    (left, right) = (left + 1, right + 1);
                    next_shared = shared.pop_front();
                    continue;
                }
                if in_config && next_shared.is_some_and(|next| next != element) {
                    // Shared, but not the one whose turn it is.
                    left += 1;
                    continue;
                }
            }
            if !in_config {
                out.extend(items[left].take());
                left += 1;
                continue;
            }
            if merged.contains(element) {
                left += 1;
            }
        }
        if let Some(element) = config_elements.get(right) {
            merged.insert(element);
            let place = places.get(element).copied().flatten();
            out.push(merge_item(place.and_then(|place| items[place].take()), &config[right], shape, schema));
            right += 1;
            if next_shared == Some(element) {
                next_shared = shared.pop_front();
            }
        }
    }
    out
}

fn merge_item(live: Option<Value>, config: &Value, shape: Shape<'_>, schema: &Schema) -> Value {
    match live {
        Some(mut live) => {
            merge(&mut live, config, shape.item(), schema);
            live
        }
        None => config.clone(),
    }
}

/// Removes fields and list items; what is left empty by it goes, too (`None`).
pub(super) fn remove(value: &Value, removed: &Set, shape: Shape<'_>, schema: &Schema) -> Option<Value> {
    match (shape, value) {
        (Shape::Struct(_) | Shape::Map(_) | Shape::Deduced, Value::Map(map)) => {
            let kept = map.iter().filter_map(|(name, value)| {
                let element = Element::Field(name.clone());
                let kept = match removed.at(&element) {
                    (true, _) => None,
                    (false, None) => Some(value.clone()),
                    (false, Some(below)) => remove(value, below, shape.entry(schema, name).0, schema),
                };
                Some((name.clone(), kept?))
            });
            let kept: crate::Map = kept.collect();
            (!kept.is_empty()).then_some(Value::Map(kept))
        }
        (Shape::Set | Shape::Keyed(..), Value::List(list)) => {
            let elements = shape.elements(list);
            let kept = list.iter().zip(&elements).filter_map(|(item, element)| match removed.at(element) {
                (true, _) => None,
                (false, None) => Some(item.clone()),
                (false, Some(below)) => Some(remove(item, below, shape.item(), schema).unwrap_or_default()),
            });
            let kept: List = kept.collect();
            (!kept.is_empty()).then_some(Value::List(kept))
        }
        (Shape::Leaf | Shape::Deduced, Value::List(_) | Value::Map(_)) => None,
        _ => Some(value.clone()),
    }
}
