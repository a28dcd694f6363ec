//! What an object's tree may contain, as data.
//!
//! One [`Schema`] holds all built-in types; each custom resource version has one of its own. Types refer
//! to each other by [`TypeId`], so that recursion costs nothing. Everything that treats objects alike
//! (decoding, pruning, defaulting, strategic merge, apply, protobuf, OpenAPI) is a walk of a tree beside
//! its schema.

use std::collections::HashMap;

use stdx::Str;

use crate::Value;

/// A set of types that refer to each other.
#[derive(Debug, Default)]
pub struct Schema {
    types: Vec<StructType>,
    by_name: HashMap<Str, TypeId>,
}

/// The number of a type in its [`Schema`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(pub u32);

/// A struct: a fixed set of named fields.
#[derive(Clone, Debug, Default)]
pub struct StructType {
    /// Upstream's OpenAPI name, for example `io.k8s.api.core.v1.PodSpec`.
    pub name: Str,
    /// Sorted by [`Field::name`].
    pub fields: Vec<Field>,
    /// Positions in `fields`, sorted by [`Field::number`]; the order of protobuf and of upstream's structs.
    pub by_number: Vec<u16>,
    /// Embedded structs: their fields stand among `fields` (with number 0, flat as in JSON), but protobuf
    /// wraps them in a message of their own.
    pub inline: Vec<Inline>,
    /// Merged as one (`x-kubernetes-map-type: atomic`).
    pub atomic: bool,
    /// At most one field of it is set, but for the one that says which (`x-kubernetes-unions`): the name of
    /// that field, empty where there is none.
    pub union_discriminator: Option<Str>,
    /// Unknown fields are kept (`x-kubernetes-preserve-unknown-fields`).
    pub preserve_unknown_fields: bool,
    /// What the type means, for OpenAPI; an index into the table of descriptions.
    pub description: u32,
}

/// A struct embedded in another: flat in JSON, a message in protobuf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inline {
    /// The number of the message in the outer message.
    pub number: u32,
    /// The embedded struct; it may embed others.
    pub embedded: TypeId,
}

/// A field of a struct.
#[derive(Clone, Debug)]
pub struct Field {
    /// The name in JSON.
    pub name: Str,
    /// The field number in protobuf; 0 when the field is no part of the struct's own message: `apiVersion`
    /// and `kind`, fields of an embedded struct ([`StructType::inline`]), types without a protobuf form.
    pub number: u32,
    /// What it holds.
    pub kind: Kind,
    /// How Go's encoder treats it when it is unset; it decides which zero values exist in the tree.
    pub presence: Presence,
    /// Whether OpenAPI lists it as required.
    pub required: bool,
    /// Server-side apply: how the list merges. For lists only.
    pub list_type: ListType,
    /// The keys of a `ListType::Map` list, in upstream's order.
    pub list_map_keys: Vec<Str>,
    /// Server-side apply: the map or struct under this field merges as one.
    pub atomic: bool,
    /// Server-side apply: the struct under this field merges by field, though its type is atomic.
    pub granular: bool,
    /// Strategic merge patch: lists merge instead of replacing.
    pub patch_merge: bool,
    /// Strategic merge patch: keys absent from the patch are dropped.
    pub patch_retain_keys: bool,
    /// Strategic merge patch: the struct is replaced instead of merged.
    pub patch_replace: bool,
    /// Strategic merge patch: the key by which list items are matched; empty for lists of scalars.
    pub patch_merge_key: Str,
    /// The value it takes when absent and its parent is present.
    pub default: Option<Value>,
    /// OpenAPI shows the default (upstream declares it beside the field, not in code).
    pub default_is_published: bool,
    /// The allowed values of an enumeration (of the items, for a list or map), for OpenAPI; validation words its
    /// own errors.
    pub enumeration: Vec<Str>,
    /// The `format` that OpenAPI shows.
    pub format: Str,
    /// What the field means, for OpenAPI; an index into the table of descriptions.
    pub description: u32,
    /// JSON `null` is a value here, not absence (custom resources).
    pub nullable: bool,
}

/// What Go's JSON encoder does with an unset field, which clients see in every object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Presence {
    /// A pointer, list or map with `omitempty`: absent unless set; an explicit zero behind a pointer is
    /// kept, an empty list or map is dropped.
    #[default]
    Optional,
    /// A pointer with `omitempty`: absent unless set, and any set value is kept, zero included.
    Pointer,
    /// A scalar with `omitempty`, or a struct with `omitzero`: its zero value is the same as absence, and is
    /// dropped.
    OmitZero,
    /// A scalar or struct without `omitempty` (or a struct whose `omitempty` has no effect in Go): the zero
    /// value is always there. A quantity's zero is `"0"`, an int-or-string's is `0`, a duration's is `"0s"`.
    Always,
    /// What Go writes as `null` while it is unset: a pointer, list or map without `omitempty`, a time or raw
    /// JSON (whose `omitempty` has no effect). An empty list that was set stays an empty list.
    Null,
}

/// What a field, list item or map value holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A boolean.
    Bool,
    /// A 32-bit integer.
    Int32,
    /// A 64-bit integer.
    Int64,
    /// A double.
    Double,
    /// Text.
    String,
    /// Bytes; base64 text in the tree.
    Bytes,
    /// `resource.Quantity`: text in the tree, canonical after decoding.
    Quantity,
    /// `metav1.Time`: RFC 3339 text with seconds; a message of seconds and nanos in protobuf.
    Time,
    /// `metav1.MicroTime`: RFC 3339 text with six decimals.
    MicroTime,
    /// `metav1.Duration`: Go's duration text; a message of int64 nanoseconds in protobuf.
    Duration,
    /// `intstr.IntOrString`: an integer or text.
    IntOrString,
    /// `runtime.RawExtension`: any JSON object; a message with field 1 = raw bytes in protobuf.
    RawExtension,
    /// `metav1.FieldsV1`: any JSON object; a message with field 1 = raw JSON bytes in protobuf.
    Fields,
    /// `apiextensions JSON`: any JSON value; a message with field 1 = raw JSON bytes in protobuf.
    Json,
    /// A struct.
    Struct(TypeId),
    /// A list of items of one kind.
    List(Box<Kind>),
    /// A map from text to values of one kind.
    Map(Box<Kind>),
    /// A list of text that is a message with repeated field 1 in protobuf (`ExtraValue`, `Verbs`).
    StringListMessage,
    /// A struct or something simpler in its place (`JSONSchemaPropsOrBool` and its like).
    StructOr(TypeId, Alternative),
}

/// What may stand where [`Kind::StructOr`] has a struct, and how protobuf tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alternative {
    /// A boolean; in protobuf `allows = 1` (true beside a struct, too), struct = 2.
    Bool,
    /// A list of such structs; in protobuf struct = 1, list = 2.
    List,
    /// A list of text; in protobuf struct = 1, list = 2.
    StringList,
}

/// How a list merges in server-side apply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListType {
    /// The list is one value.
    #[default]
    Atomic,
    /// Items are scalars and unique.
    Set,
    /// Items are structs identified by `list_map_keys`.
    Map,
}

impl Field {
    /// An optional field with a name and a kind, and nothing else said about it.
    pub fn new(name: impl Into<Str>, number: u32, kind: Kind) -> Field {
        Field {
            name: name.into(),
            number,
            kind,
            presence: Presence::Optional,
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
            format: Str::EMPTY,
            description: 0,
            nullable: false,
        }
    }
}

impl StructType {
    /// The field called `name`.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.binary_search_by(|field| field.name.as_str().cmp(name)).ok().map(|index| &self.fields[index])
    }

    /// The field with protobuf number `number`.
    pub fn field_by_number(&self, number: u32) -> Option<&Field> {
        self.by_number
            .binary_search_by(|index| self.fields[usize::from(*index)].number.cmp(&number))
            .ok()
            .map(|position| &self.fields[usize::from(self.by_number[position])])
    }

    /// The fields in order of their protobuf numbers, which is the order of upstream's structs.
    pub fn fields_by_number(&self) -> impl Iterator<Item = &Field> {
        self.by_number.iter().map(|index| &self.fields[usize::from(*index)])
    }

    /// Brings `fields`, `by_number` and `inline` into order; called once when a type is complete.
    pub fn finish(&mut self) {
        self.inline.sort_by_key(|inline| inline.number);
        self.fields.sort_by(|a, b| a.name.cmp(&b.name));
        let mut by_number: Vec<u16> = (0..self.fields.len() as u16).collect();
        by_number.sort_by_key(|index| self.fields[usize::from(*index)].number);
        self.by_number = by_number;
    }
}

impl Schema {
    /// An empty set.
    pub fn new() -> Schema {
        Schema::default()
    }

    /// Reserves a number for a type that may be referred to before it is known.
    pub fn declare(&mut self, name: impl Into<Str>) -> TypeId {
        let name = name.into();
        if let Some(id) = self.by_name.get(&name) {
            return *id;
        }
        let id = TypeId(self.types.len() as u32);
        self.types.push(StructType { name: name.clone(), ..StructType::default() });
        self.by_name.insert(name, id);
        id
    }

    /// Sets a declared type.
    pub fn define(&mut self, id: TypeId, mut definition: StructType) {
        definition.finish();
        self.types[id.0 as usize] = definition;
    }

    /// The type with this number.
    ///
    /// # Panics
    /// When the number is of another schema and out of range.
    pub fn get(&self, id: TypeId) -> &StructType {
        &self.types[id.0 as usize]
    }

    /// The number of the type called `name`.
    pub fn id(&self, name: &str) -> Option<TypeId> {
        self.by_name.get(name).copied()
    }

    /// All types in the order in which they were declared.
    pub fn types(&self) -> impl Iterator<Item = (TypeId, &StructType)> {
        self.types.iter().enumerate().map(|(index, definition)| (TypeId(index as u32), definition))
    }
}
