//! The schema files' form, and their reader.
//!
//! One file per group version, one line per fact, in upstream's order, so that a new release of Kubernetes
//! is a readable diff. A file opens with
//!
//! ```text
//! package SHORT OPENAPI-PREFIX GROUP VERSION        the group "" is written as -
//! ```
//!
//! and consists of types:
//!
//! ```text
//! type NAME [kind] [atomic] [union(FIELD)]          kind: has apiVersion and kind; atomic: merges as one;
//!                                                   union: FIELD says which of the others is set
//!   FIELD NUMBER KIND PRESENCE [FACT …]             NUMBER: in protobuf, 0 for none
//!   + NUMBER TYPE                                   an embedded struct
//! ```
//!
//! KIND is a word (`string`, `i32`, `quantity`, …: see [`plain`]), a type (`PodSpec`, or `core/v1.PodSpec`
//! of another package), `[]KIND`, `{}KIND` for a map, or `TYPE|bool`, `TYPE|list`, `TYPE|strings` for
//! a struct with an alternative. PRESENCE is a [`Presence`]. Facts are `required`, `set`, `map(keys)`,
//! `atomic`, `granular`, `merge(key)`, `retain-keys`, `replace`, `default(JSON)` and `enum(values)`.
//!
//! Descriptions are numbered in the order in which types and fields stand in the files, from 1.
//!
//! The files are part of this program and were written by its own tools; a line that is not understood is
//! a mistake of ours, found by any test that loads the schema.

use std::collections::HashMap;

use apimachinery::{
    List, Map, Str, Value,
    schema::{Alternative, Field, Inline, Kind, ListType, Presence, Schema, StructType, TypeId},
};

use crate::{GroupVersionKind, packages::PACKAGES};

/// Defaults that upstream sets in code without any condition.
const DEFAULTS: &str = include_str!("../schema/defaults.txt");

/// What the schema files say.
pub(crate) struct Loaded {
    pub(crate) schema: Schema,
    /// Sorted.
    pub(crate) kinds: Vec<(GroupVersionKind, TypeId)>,
    /// Types by package and name (`core/v1`, `PodSpec`).
    pub(crate) names: HashMap<(&'static str, &'static str), TypeId>,
}

/// A type while it is read: the fields of embedded structs are not yet among its own.
#[derive(Default)]
struct Draft {
    definition: StructType,
    flattened: bool,
}

struct Reader {
    names: HashMap<(&'static str, &'static str), TypeId>,
    drafts: Vec<Draft>,
    kinds: Vec<(GroupVersionKind, TypeId)>,
    descriptions: u32,
    /// What the `package` line said: our name, OpenAPI's prefix, group, version.
    package: [&'static str; 4],
    /// The type whose lines are being read.
    current: usize,
}

/// Reads all schema files.
pub(crate) fn load() -> Loaded {
    let mut reader = Reader {
        names: HashMap::with_capacity(1024),
        drafts: Vec::with_capacity(1024),
        kinds: Vec::with_capacity(512),
        descriptions: 0,
        package: [""; 4],
        current: 0,
    };
    for line in PACKAGES.iter().flat_map(|file| file.lines()).filter(|line| !line.is_empty()) {
        reader.line(line);
    }
    for line in DEFAULTS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        reader.default(line);
    }
    reader.finish()
}

/// The words of a line: they end at spaces outside of parentheses.
struct Words(&'static str);

impl Iterator for Words {
    type Item = &'static str;

    fn next(&mut self) -> Option<&'static str> {
        let mut inside = false;
        let end = self.0.bytes().position(|byte| {
            inside = (inside || byte == b'(') && byte != b')';
            byte == b' ' && !inside
        });
        let (word, rest) = match end {
            Some(end) => (&self.0[..end], &self.0[end + 1..]),
            None => (self.0, ""),
        };
        self.0 = rest;
        (!word.is_empty()).then_some(word)
    }
}

impl Reader {
    fn line(&mut self, line: &'static str) {
        let (top, mut words) = match line.strip_prefix("  ") {
            Some(member) => (false, Words(member)),
            None => (true, Words(line)),
        };
        let mut next = || words.next().unwrap_or_default();
        match next() {
            "package" if top => self.package = [next(), next(), next().trim_start_matches('-'), next()],
            "type" if top => {
                let name = next();
                self.begin(name, words);
            }
            "+" => {
                let number = parse_number(next());
                let embedded = self.reference(next());
                self.drafts[self.current].definition.inline.push(Inline { number, embedded });
            }
            name => {
                let (number, kind, presence) = (next(), next(), next());
                let mut field = self.field(name, parse_number(number), kind, presence);
                words.for_each(|fact| apply(&mut field, fact));
                self.drafts[self.current].definition.fields.push(field);
            }
        }
    }

    fn begin(&mut self, name: &'static str, facts: impl Iterator<Item = &'static str>) {
        let [package, prefix, group, version] = self.package;
        let id = self.id(package, name);
        self.current = id.0 as usize;
        let description = self.describe();
        let definition = &mut self.drafts[self.current].definition;
        definition.name = Str::from([prefix, ".", name].concat());
        definition.description = description;
        for fact in facts {
            match fact {
                "kind" => self.kinds.push((GroupVersionKind { group, version, kind: name }, id)),
                "atomic" => definition.atomic = true,
                _ => match fact.strip_prefix("union(").and_then(|rest| rest.strip_suffix(')')) {
                    Some(discriminator) => definition.union_discriminator = Some(Str::from_static(discriminator)),
                    None => malformed(fact),
                },
            }
        }
    }

    fn describe(&mut self) -> u32 {
        self.descriptions += 1;
        self.descriptions
    }

    fn id(&mut self, package: &'static str, name: &'static str) -> TypeId {
        let next = TypeId(self.drafts.len() as u32);
        let id = *self.names.entry((package, name)).or_insert(next);
        if id == next {
            self.drafts.push(Draft::default());
        }
        id
    }

    /// The type that is written as `Name` or `package/v1.Name`.
    fn reference(&mut self, text: &'static str) -> TypeId {
        let (package, name) = text.split_once('.').unwrap_or((self.package[0], text));
        self.id(package, name)
    }

    fn field(&mut self, name: &'static str, number: u32, kind: &'static str, presence: &str) -> Field {
        let kind = self.kind(kind);
        Field {
            name: Str::from_static(name),
            number,
            presence: match presence {
                "optional" => Presence::Optional,
                "pointer" => Presence::Pointer,
                "omitzero" => Presence::OmitZero,
                "always" => Presence::Always,
                "null" => Presence::Null,
                _ => malformed(presence),
            },
            required: false,
            list_type: ListType::Atomic,
            list_map_keys: Vec::new(),
            atomic: false,
            granular: false,
            patch_merge: false,
            patch_retain_keys: false,
            patch_replace: false,
            patch_merge_key: Str::EMPTY,
            default: None,
            default_is_published: false,
            enumeration: Vec::new(),
            format: Str::from_static(format(&kind)),
            description: self.describe(),
            nullable: false,
            kind,
        }
    }

    fn kind(&mut self, text: &'static str) -> Kind {
        if let Some(item) = text.strip_prefix("[]") {
            return Kind::List(Box::new(self.kind(item)));
        }
        if let Some(value) = text.strip_prefix("{}") {
            return Kind::Map(Box::new(self.kind(value)));
        }
        if let Some((definition, alternative)) = text.split_once('|') {
            let alternative = match alternative {
                "bool" => Alternative::Bool,
                "list" => Alternative::List,
                "strings" => Alternative::StringList,
                _ => malformed(text),
            };
            return Kind::StructOr(self.reference(definition), alternative);
        }
        plain(text).unwrap_or_else(|| Kind::Struct(self.reference(text)))
    }

    /// `core/v1.PodSpec.restartPolicy = "Always"`
    fn default(&mut self, line: &'static str) {
        let Some((path, value)) = line.split_once(" = ") else { malformed(line) };
        let mut names = path.splitn(3, '.');
        let (package, name, field) = (names.next(), names.next(), names.next());
        let id = self.names.get(&(package.unwrap_or_default(), name.unwrap_or_default()));
        let Some(id) = id else { malformed(line) };
        let fields = &mut self.drafts[id.0 as usize].definition.fields;
        let Some(field) = fields.iter_mut().find(|candidate| Some(candidate.name.as_str()) == field) else {
            malformed(line)
        };
        field.default = Some(parse_value(value));
    }

    /// Puts the fields of embedded structs among the fields of the type.
    fn flatten(&mut self, index: usize) {
        if std::mem::replace(&mut self.drafts[index].flattened, true) {
            return;
        }
        for inline in self.drafts[index].definition.inline.clone() {
            let embedded = inline.embedded.0 as usize;
            self.flatten(embedded);
            let fields = self.drafts[embedded].definition.fields.iter().cloned();
            let fields: Vec<Field> = fields.map(|field| Field { number: 0, ..field }).collect();
            self.drafts[index].definition.fields.extend(fields);
        }
        // `apiVersion` and `kind` have no message anywhere.
        self.drafts[index].definition.inline.retain(|inline| inline.number != 0);
    }

    fn finish(mut self) -> Loaded {
        let mut schema = Schema::new();
        self.kinds.sort();
        for index in 0..self.drafts.len() {
            self.flatten(index);
        }
        for (index, draft) in self.drafts.iter().enumerate() {
            let id = schema.declare(draft.definition.name.clone());
            assert!(id.0 as usize == index, "type {index} is referred to but nowhere defined");
        }
        for (index, draft) in self.drafts.into_iter().enumerate() {
            schema.define(TypeId(index as u32), draft.definition);
        }
        Loaded { schema, kinds: self.kinds, names: self.names }
    }
}

/// The kinds that are a word.
fn plain(word: &str) -> Option<Kind> {
    Some(match word {
        "bool" => Kind::Bool,
        "i32" => Kind::Int32,
        "i64" => Kind::Int64,
        "f64" => Kind::Double,
        "string" => Kind::String,
        "bytes" => Kind::Bytes,
        "quantity" => Kind::Quantity,
        "time" => Kind::Time,
        "microtime" => Kind::MicroTime,
        "duration" => Kind::Duration,
        "intorstring" => Kind::IntOrString,
        "raw" => Kind::RawExtension,
        "fields" => Kind::Fields,
        "json" => Kind::Json,
        "strings" => Kind::StringListMessage,
        _ => return None,
    })
}

/// The `format` that OpenAPI shows for a field of this kind.
fn format(kind: &Kind) -> &'static str {
    match kind {
        Kind::Int32 => "int32",
        Kind::Int64 => "int64",
        Kind::Double => "double",
        Kind::Bytes => "byte",
        _ => "",
    }
}

fn apply(field: &mut Field, fact: &'static str) {
    let (word, argument) = match fact.split_once('(') {
        Some((word, rest)) => (word, rest.strip_suffix(')').unwrap_or_else(|| malformed(fact))),
        None => (fact, ""),
    };
    match word {
        "required" => field.required = true,
        "set" => field.list_type = ListType::Set,
        "map" => {
            field.list_type = ListType::Map;
            field.list_map_keys = argument.split(',').map(Str::from_static).collect();
        }
        "atomic" => field.atomic = true,
        "granular" => field.granular = true,
        "merge" => {
            field.patch_merge = true;
            field.patch_merge_key = Str::from_static(argument);
        }
        "retain-keys" => field.patch_retain_keys = true,
        "replace" => field.patch_replace = true,
        "default" => {
            field.default = Some(parse_value(argument));
            field.default_is_published = true;
        }
        "enum" => field.enumeration = argument.split(',').map(Str::from_static).collect(),
        _ => malformed(fact),
    }
}

/// The JSON that defaults consist of: scalars without escapes, empty lists, and maps of at most one entry.
fn parse_value(text: &'static str) -> Value {
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        "{}" => Value::Map(Map::new()),
        "[]" => Value::List(List::new()),
        _ if text.starts_with("{\"") => {
            let entry = text.strip_prefix("{\"").and_then(|rest| rest.strip_suffix('}'));
            let (key, value) = entry.and_then(|entry| entry.split_once("\":")).unwrap_or_else(|| malformed(text));
            Value::Map(Map::from_iter([(Str::from_static(key), parse_value(value))]))
        }
        _ => match text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(text) => Value::String(Str::from_static(text)),
            None => Value::Int(text.parse().unwrap_or_else(|_| malformed(text))),
        },
    }
}

fn parse_number(text: &str) -> u32 {
    text.parse().unwrap_or_else(|_| malformed(text))
}

fn malformed(text: &str) -> ! {
    panic!("the schema files that this program carries are malformed at {text:?}")
}
