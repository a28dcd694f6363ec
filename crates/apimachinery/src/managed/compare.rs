//! What differs between two objects, and what one object says.

use std::{cmp::Ordering, collections::BTreeMap};

use stdx::Str;

use super::{Element, Set, UNOWNED_METADATA, shape::Shape};
use crate::{List, Map, Value, schema::Schema};

/// Fields of a value: itself, and what is below it.
#[derive(Default)]
pub(super) struct Part {
    pub(super) member: bool,
    pub(super) children: Set,
}

/// What differs.
#[derive(Default)]
pub(super) struct Diff {
    pub(super) added: Part,
    pub(super) modified: Part,
    pub(super) removed: Part,
}

impl Diff {
    fn push(&mut self, element: impl Fn() -> Element, below: Diff) {
        self.added.children.push(&element, below.added.member, below.added.children);
        self.modified.children.push(&element, below.modified.member, below.modified.children);
        self.removed.children.push(&element, below.removed.member, below.removed.children);
    }

    /// Fields of both, for a value that changed its type.
    fn and(self, other: Diff) -> Diff {
        let both = |left: Part, right: Part| Part {
            member: left.member || right.member,
            children: left.children.union(&right.children),
        };
        Diff {
            added: both(self.added, other.added),
            modified: both(self.modified, other.modified),
            removed: both(self.removed, other.removed),
        }
    }
}

/// Compares two objects without what nobody owns.
pub(super) fn objects(old: &Value, new: &Value, shape: Shape<'_>, schema: &Schema) -> Diff {
    let mut diff = Diff::default();
    let empty = Map::EMPTY;
    let (old, new) = (old.as_map().unwrap_or(&empty), new.as_map().unwrap_or(&empty));
    zip(old, new, |name, old, new| {
        let (shape, _) = shape.entry(schema, name);
        let below = match name.as_str() {
            "apiVersion" | "kind" => return,
            "metadata" => metadata(old, new, shape, schema),
            _ => values(old, new, shape, schema),
        };
        diff.push(|| Element::Field(name.clone()), below);
    });
    diff
}

fn metadata(old: Option<&Value>, new: Option<&Value>, shape: Shape<'_>, schema: &Schema) -> Diff {
    let mut diff = Diff::default();
    let empty = Map::EMPTY;
    let (old, new) = (map_of(old, &empty), map_of(new, &empty));
    zip(old, new, |name, old, new| {
        if !UNOWNED_METADATA.contains(&name.as_str()) {
            let (shape, _) = shape.entry(schema, name);
            diff.push(|| Element::Field(name.clone()), values(old, new, shape, schema));
        }
    });
    diff
}

fn map_of<'v>(value: Option<&'v Value>, empty: &'v Map) -> &'v Map {
    value.and_then(Value::as_map).unwrap_or(empty)
}

/// The entries of two maps, key by key.
fn zip<'v>(old: &'v Map, new: &'v Map, mut each: impl FnMut(&'v Str, Option<&'v Value>, Option<&'v Value>)) {
    let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
    loop {
        let (order, name) = match (old.peek(), new.peek()) {
            (None, None) => return,
            (Some((name, _)), None) => (Ordering::Less, *name),
            (None, Some((name, _))) => (Ordering::Greater, *name),
            (Some((left, _)), Some((right, _))) => {
                let order = left.cmp(right);
                (order, if order == Ordering::Greater { *right } else { *left })
            }
        };
        let before = if order == Ordering::Greater { None } else { old.next().map(|(_, value)| value) };
        let after = if order == Ordering::Less { None } else { new.next().map(|(_, value)| value) };
        each(name, before, after);
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Class {
    Leaf,
    Map,
    List,
}

fn class(shape: Shape<'_>, value: Option<&Value>, other: Option<&Value>) -> Class {
    match shape {
        Shape::Leaf => Class::Leaf,
        Shape::Struct(_) | Shape::Map(_) => Class::Map,
        Shape::Set | Shape::Keyed(..) => Class::List,
        Shape::Deduced => match (value, other) {
            (Some(Value::Map(_)), _) | (None | Some(Value::Null), Some(Value::Map(_))) => Class::Map,
            _ => Class::Leaf,
        },
    }
}

fn values(old: Option<&Value>, new: Option<&Value>, shape: Shape<'_>, schema: &Schema) -> Diff {
    let (before, after) = (class(shape, old, new), class(shape, new, old));
    if before == after || new.is_none() {
        of_class(before, old, new, shape, schema)
    } else if old.is_none() {
        of_class(after, old, new, shape, schema)
    } else {
        of_class(before, old, new, shape, schema).and(of_class(after, old, new, shape, schema))
    }
}

fn leaf(old: Option<&Value>, new: Option<&Value>) -> Diff {
    let mut diff = Diff::default();
    match (old, new) {
        (None, _) => diff.added.member = true,
        (_, None) => diff.removed.member = true,
        (old, new) => diff.modified.member = old != new,
    }
    diff
}

fn of_class(class: Class, old: Option<&Value>, new: Option<&Value>, shape: Shape<'_>, schema: &Schema) -> Diff {
    let mut diff = match class {
        Class::Leaf => return leaf(old, new),
        Class::Map => {
            let empty = Map::EMPTY;
            let (before, after) = (map_of(old, &empty), map_of(new, &empty));
            if before.is_empty() && after.is_empty() {
                return leaf(old, new);
            }
            let mut diff = Diff::default();
            zip(before, after, |name, old, new| {
                let (shape, _) = shape.entry(schema, name);
                diff.push(|| Element::Field(name.clone()), values(old, new, shape, schema));
            });
            diff
        }
        Class::List => {
            let empty = List::new();
            let list = |value: Option<&'_ Value>| value.and_then(Value::as_list).map_or(0, |list| list.len());
            if list(old) == 0 && list(new) == 0 {
                return leaf(old, new);
            }
            let before = old.and_then(Value::as_list).unwrap_or(&empty);
            let after = new.and_then(Value::as_list).unwrap_or(&empty);
            if before == after {
                return Diff::default();
            }
            lists(before, after, shape, schema)
        }
    };
    diff.added.member |= old.is_none();
    diff.removed.member |= new.is_none();
    diff
}

fn lists(before: &List, after: &List, shape: Shape<'_>, schema: &Schema) -> Diff {
    let mut items: BTreeMap<Element, (Vec<&Value>, Vec<&Value>)> = BTreeMap::new();
    for (element, item) in shape.elements(before).into_iter().zip(before) {
        items.entry(element).or_default().0.push(item);
    }
    for (element, item) in shape.elements(after).into_iter().zip(after) {
        items.entry(element).or_default().1.push(item);
    }
    let mut diff = Diff::default();
    for (element, (old, new)) in items {
        let compare =
            |old: Option<&&Value>, new: Option<&&Value>| values(old.copied(), new.copied(), shape.item(), schema);
        // Items that stand more than once in a list count as one value.
        let below = match (old.len() > 1, new.len() > 1) {
            (false, false) => compare(old.first(), new.first()),
            (true, true) => {
                let mut below = Diff::default();
                below.modified.member = old != new;
                below
            }
            (true, false) => {
                let mut below = new.first().map(|item| compare(None, Some(item))).unwrap_or_default();
                below.removed.member = true;
                below
            }
            (false, true) => {
                let mut below = old.first().map(|item| compare(Some(item), None)).unwrap_or_default();
                below.added.member = true;
                below
            }
        };
        diff.push(|| element.clone(), below);
    }
    diff
}

/// Every field that `value` says something about.
pub(super) fn extract(value: &Value, shape: Shape<'_>, schema: &Schema) -> Part {
    let mut part = Part::default();
    match (class(shape, Some(value), None), value) {
        (Class::Leaf, _) => part.member = true,
        (Class::Map, Value::Map(map)) => {
            for (name, value) in map.iter() {
                let (shape, named) = shape.entry(schema, name);
                let below = extract(value, shape, schema);
                let bare = value.is_null() || value.as_map().is_some_and(Map::is_empty);
                let member = below.member || bare || !named;
                part.children.push(|| Element::Field(name.clone()), member, below.children);
            }
        }
        (Class::List, Value::List(list)) => part.children = items(list, shape, schema),
        _ => {}
    }
    part
}

fn items(list: &List, shape: Shape<'_>, schema: &Schema) -> Set {
    let mut counts: BTreeMap<Element, (usize, &Value)> = BTreeMap::new();
    for (element, item) in shape.elements(list).into_iter().zip(list) {
        counts.entry(element).or_insert((0, item)).0 += 1;
    }
    let mut set = Set::EMPTY;
    for (element, (count, item)) in counts {
        let children = if count > 1 { Set::EMPTY } else { extract(item, shape.item(), schema).children };
        set.push(|| element, true, children);
    }
    set
}
