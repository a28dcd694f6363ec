//! Sets of fields: sorted trees, from and into upstream's `FieldsV1`.

use std::{cmp::Ordering, fmt};

use stdx::Str;

use crate::{Map, Value, decode, json};

/// One step of a path.
#[derive(Clone, Debug)]
pub enum Element {
    /// A field of a struct, or an entry of a map.
    Field(Str),
    /// The item of a list whose keys have these values, sorted by name.
    Key(Vec<(Str, Value)>),
    /// The item of a set.
    Value(Value),
    /// The item at a position.
    Index(i64),
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Int(_) | Value::Float(_) => 0,
        Value::String(_) => 1,
        Value::Bool(_) => 2,
        Value::List(_) => 3,
        Value::Map(_) => 4,
        Value::Null => 5,
    }
}

fn compare_values(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::String(left), Value::String(right)) => left.cmp(right),
        (Value::Int(left), Value::Int(right)) => left.cmp(right),
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => {
            let number = |value: &Value| value.as_f64().unwrap_or_default();
            number(left).total_cmp(&number(right))
        }
        _ => rank(left).cmp(&rank(right)).then_with(|| json::to_vec(left).cmp(&json::to_vec(right))),
    }
}

impl Ord for Element {
    fn cmp(&self, other: &Element) -> Ordering {
        match (self, other) {
            (Element::Field(left), Element::Field(right)) => left.cmp(right),
            (Element::Key(left), Element::Key(right)) => {
                let pairs = left.iter().zip(right).map(|((left_name, left_value), (right_name, right_value))| {
                    left_name.cmp(right_name).then_with(|| compare_values(left_value, right_value))
                });
                pairs.fold(Ordering::Equal, Ordering::then).then(left.len().cmp(&right.len()))
            }
            (Element::Value(left), Element::Value(right)) => compare_values(left, right),
            (Element::Index(left), Element::Index(right)) => left.cmp(right),
            _ => self.class().cmp(&other.class()),
        }
    }
}

impl PartialOrd for Element {
    fn partial_cmp(&self, other: &Element) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Element {
    fn eq(&self, other: &Element) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Element {}

impl fmt::Display for Element {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Element::Field(name) => write!(formatter, ".{name}"),
            Element::Key(keys) => {
                let keys: Vec<String> = keys.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
                write!(formatter, "[{}]", keys.join(","))
            }
            Element::Value(value) => write!(formatter, "[={value:?}]"),
            Element::Index(index) => write!(formatter, "[{index}]"),
        }
    }
}

impl Element {
    fn class(&self) -> u8 {
        match self {
            Element::Field(_) => 0,
            Element::Key(_) => 1,
            Element::Value(_) => 2,
            Element::Index(_) => 3,
        }
    }

    /// The key in `FieldsV1`.
    fn to_text(&self) -> Str {
        let json = |value: &Value| String::from_utf8_lossy(&json::to_vec(value)).into_owned();
        Str::from(match self {
            Element::Field(name) => ["f:", name].concat(),
            Element::Key(keys) => {
                let map: Map = keys.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
                format!("k:{}", json(&Value::Map(map)))
            }
            Element::Value(value) => format!("v:{}", json(value)),
            Element::Index(index) => format!("i:{index}"),
        })
    }

    /// Reads a key of `FieldsV1`; `None` for a class of a later version.
    fn parse(text: &str) -> Result<Option<Element>, String> {
        let malformed = || format!("malformed path element {text:?}");
        if text.len() < 2 {
            return Err("key must be 2 characters long:".to_owned());
        }
        let Some((class, rest)) = text.split_once(':').filter(|(class, _)| class.len() == 1) else {
            return Err(format!("missing colon: {text}"));
        };
        let json = || decode::json_untyped(rest.as_bytes()).map_err(|_| malformed());
        Ok(Some(match class {
            "f" => Element::Field(Str::from(rest)),
            "v" => Element::Value(json()?),
            "k" => match json()? {
                Value::Map(map) => Element::Key(map.into_iter().collect()),
                _ => return Err(malformed()),
            },
            "i" => Element::Index(rest.parse().map_err(|_| malformed())?),
            _ => return Ok(None),
        }))
    }
}

/// A set of fields. A field that is in the set does not bring the fields above or below it in.
#[derive(Clone, Default, PartialEq)]
pub struct Set {
    /// Sorted by element; each is a member or has members below it.
    nodes: Vec<Node>,
}

#[derive(Clone, PartialEq)]
struct Node {
    element: Element,
    member: bool,
    children: Set,
}

impl Node {
    fn is_empty(&self) -> bool {
        !self.member && self.children.is_empty()
    }
}

impl fmt::Debug for Set {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.paths().join(" "))
    }
}

/// Both sides of two sorted lists of nodes, element by element.
fn zip<'a>(left: &'a [Node], right: &'a [Node], mut each: impl FnMut(Option<&'a Node>, Option<&'a Node>)) {
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => return,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(left), Some(right)) => left.element.cmp(&right.element),
        };
        let first = if order == Ordering::Greater { None } else { left.next() };
        let second = if order == Ordering::Less { None } else { right.next() };
        each(first, second);
    }
}

impl Set {
    /// The set of nothing; allocates nothing.
    pub const EMPTY: Set = Set { nodes: Vec::new() };

    /// The set of fields at these paths of field names.
    pub fn of_paths(paths: &[&[&'static str]]) -> Set {
        let mut set = Set::default();
        for path in paths {
            let path: Vec<Element> = path.iter().map(|name| Element::Field(Str::from_static(name))).collect();
            set.insert(&path);
        }
        set
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.nodes.clear();
    }

    /// Adds one field; the empty path is no field.
    pub fn insert(&mut self, path: &[Element]) {
        let Some((first, rest)) = path.split_first() else { return };
        let index = match self.nodes.binary_search_by(|node| node.element.cmp(first)) {
            Ok(index) => index,
            Err(index) => {
                self.nodes.insert(index, Node { element: first.clone(), member: false, children: Set::EMPTY });
                index
            }
        };
        let node = &mut self.nodes[index];
        if rest.is_empty() { node.member = true } else { node.children.insert(rest) }
    }

    /// Adds a node after all others; its element must be the greatest.
    pub(super) fn push(&mut self, element: impl FnOnce() -> Element, member: bool, children: Set) {
        if member || !children.is_empty() {
            self.nodes.push(Node { element: element(), member, children });
        }
    }

    fn node(&self, element: &Element) -> Option<&Node> {
        let index = self.nodes.binary_search_by(|node| node.element.cmp(element)).ok()?;
        Some(&self.nodes[index])
    }

    /// Whether the field at `path` is in it.
    pub fn has(&self, path: &[Element]) -> bool {
        match path {
            [] => false,
            [last] => self.node(last).is_some_and(|node| node.member),
            [first, rest @ ..] => self.node(first).is_some_and(|node| node.children.has(rest)),
        }
    }

    /// Whether `element` itself is in it, and what is below.
    pub(super) fn at(&self, element: &Element) -> (bool, Option<&Set>) {
        match self.node(element) {
            Some(node) => (node.member, Some(&node.children).filter(|children| !children.is_empty())),
            None => (false, None),
        }
    }

    /// What is in either.
    pub fn union(&self, other: &Set) -> Set {
        if other.is_empty() {
            return self.clone();
        }
        let mut nodes = Vec::with_capacity(self.nodes.len().max(other.nodes.len()));
        zip(&self.nodes, &other.nodes, |left, right| match (left, right) {
            (Some(left), Some(right)) => nodes.push(Node {
                element: left.element.clone(),
                member: left.member || right.member,
                children: left.children.union(&right.children),
            }),
            (Some(only), None) | (None, Some(only)) => nodes.push(only.clone()),
            (None, None) => {}
        });
        Set { nodes }
    }

    fn combine(&self, other: &Set, each: impl Fn(&Node, Option<&Node>) -> Node) -> Set {
        let mut nodes = Vec::new();
        zip(&self.nodes, &other.nodes, |left, right| {
            if let Some(left) = left {
                let node = each(left, right);
                if !node.is_empty() {
                    nodes.push(node);
                }
            }
        });
        Set { nodes }
    }

    /// What is in both.
    pub fn intersection(&self, other: &Set) -> Set {
        self.combine(other, |left, right| Node {
            element: left.element.clone(),
            member: left.member && right.is_some_and(|right| right.member),
            children: right.map(|right| left.children.intersection(&right.children)).unwrap_or_default(),
        })
    }

    /// What is in this and not in `other`. Fields below a field of `other` stay.
    pub fn difference(&self, other: &Set) -> Set {
        self.combine(other, |left, right| match right {
            None => left.clone(),
            Some(right) => Node {
                element: left.element.clone(),
                member: left.member && !right.member,
                children: left.children.difference(&right.children),
            },
        })
    }

    /// What is in this and not in `other` nor below a field of `other`.
    pub fn difference_with_children(&self, other: &Set) -> Set {
        self.combine(other, |left, right| match right {
            None => left.clone(),
            Some(right) if right.member => Node { element: left.element.clone(), member: false, children: Set::EMPTY },
            Some(right) => Node {
                element: left.element.clone(),
                member: left.member,
                children: left.children.difference_with_children(&right.children),
            },
        })
    }

    /// Whether the two have no field in common.
    pub fn is_disjoint(&self, other: &Set) -> bool {
        let mut disjoint = true;
        zip(&self.nodes, &other.nodes, |left, right| {
            if let (Some(left), Some(right)) = (left, right) {
                disjoint &= !(left.member && right.member) && left.children.is_disjoint(&right.children);
            }
        });
        disjoint
    }

    /// Changes the nodes of plain fields at the root; those left without a member are dropped.
    pub(super) fn retain_root(&mut self, mut each: impl FnMut(&str, &mut bool, &mut Set)) {
        self.nodes.retain_mut(|node| {
            if let Element::Field(name) = &node.element {
                each(name, &mut node.member, &mut node.children);
            }
            !node.is_empty()
        });
    }

    /// Brings in every field of a struct that has fields of the set below it; `below` answers whether an
    /// element is such a field, with what is needed to decide further down.
    pub(super) fn with_named<T: Copy>(&self, context: T, below: &impl Fn(T, &Element) -> (bool, T)) -> Set {
        let nodes = self.nodes.iter().map(|node| {
            let (named, context) = below(context, &node.element);
            Node {
                element: node.element.clone(),
                member: node.member || named && !node.children.is_empty(),
                children: node.children.with_named(context, below),
            }
        });
        Set { nodes: nodes.collect() }
    }

    /// Every field's path, in upstream's order: the fields of a level, then what is below them.
    pub fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.visit("", &mut |path| paths.push(path));
        paths
    }

    fn visit(&self, prefix: &str, each: &mut impl FnMut(String)) {
        for node in self.nodes.iter().filter(|node| node.member) {
            each(format!("{prefix}{}", node.element));
        }
        for node in self.nodes.iter().filter(|node| !node.children.is_empty()) {
            node.children.visit(&format!("{prefix}{}", node.element), each);
        }
    }

    /// The JSON form of `FieldsV1`.
    pub fn to_value(&self) -> Value {
        let entries = self.nodes.iter().map(|node| {
            let mut below = node.children.to_value();
            if node.member && !node.children.is_empty() {
                below.make_map().insert(Str::from_static("."), Value::Map(Map::new()));
            }
            (node.element.to_text(), below)
        });
        Value::Map(entries.collect())
    }

    /// Reads the JSON form of `FieldsV1`.
    ///
    /// # Errors
    /// When a key is malformed.
    pub fn from_value(value: &Value) -> Result<Set, String> {
        let Some(map) = value.as_map() else {
            return if value.is_null() { Ok(Set::EMPTY) } else { Err("fieldsV1 must be an object".to_owned()) };
        };
        Ok(Set::read(map)?.0)
    }

    /// What is below, and whether the field itself is a member.
    fn read(map: &Map) -> Result<(Set, bool), String> {
        let mut nodes = Vec::with_capacity(map.len());
        let mut itself = false;
        for (key, below) in map.iter() {
            if *key == "." {
                itself = true;
                continue;
            }
            let Some(element) = Element::parse(key)? else { continue };
            let (children, member) = Set::read(below.as_map().unwrap_or(&Map::EMPTY))?;
            nodes.push(Node { element, member, children });
        }
        nodes.sort_by(|left, right| left.element.cmp(&right.element));
        nodes.dedup_by(|later, earlier| {
            let same = later.element == earlier.element;
            if same {
                earlier.member |= later.member;
                earlier.children = earlier.children.union(&later.children);
            }
            same
        });
        let member = itself || nodes.is_empty();
        Ok((Set { nodes }, member))
    }
}
