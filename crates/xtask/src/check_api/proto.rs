//! Upstream's `generated.proto` files: the numbers and wire types of every message.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use anyhow::{Context, Result};
use apimachinery::schema::{Kind, StructType};

use crate::generate_api::packages::{Modules, PACKAGES};

/// Compares the messages of all packages; returns how many were compared.
pub(crate) fn compare(modules: &Modules, differences: &mut BTreeSet<String>) -> Result<usize> {
    let mut compared = 0;
    for package in PACKAGES {
        let path = modules.package(package.path).join("generated.proto");
        let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        for message in text.split("\nmessage ").skip(1) {
            let name = message.split_whitespace().next().unwrap_or_default();
            let Some(id) = api::schema().id(&format!("{}.{name}", package.openapi_prefix())) else { continue };
            // Embedded everywhere, with numbers that no object has.
            if name == "TypeMeta" {
                continue;
            }
            compared += 1;
            let (ours, theirs) = (own_fields(api::schema().get(id)), message_fields(message));
            if ours != theirs {
                differences.insert(format!("{}.{name}: message {ours:?} is not {theirs:?}", package.short));
            }
        }
    }
    Ok(compared)
}

/// The numbered fields of a message with their wire types.
fn message_fields(message: &str) -> BTreeMap<u32, String> {
    let body = message.split("\n}").next().unwrap_or_default();
    let fields = body.lines().filter_map(|line| {
        let line = line.trim();
        let (declaration, number) = line.strip_suffix(';')?.split_once(" = ")?;
        let number = number.split_whitespace().next()?.parse().ok()?;
        let (rule, rest) = match declaration.strip_prefix("map<string, ") {
            Some(rest) => ("map ", rest.split('>').next()?),
            None => match declaration.split_once(' ')? {
                ("optional" | "required", rest) => ("", rest.split(' ').next()?),
                ("repeated", rest) => ("repeated ", rest.split(' ').next()?),
                _ => return None,
            },
        };
        let name = match rest.rsplit('.').next()? {
            "Verbs" | "ExtraValue" | "AttestationValue" => "strings",
            // Audit events are never written as protobuf.
            "Unknown" => "RawExtension",
            name => name,
        };
        Some((number, format!("{rule}{name}")))
    });
    fields.collect()
}

fn own_fields(definition: &StructType) -> BTreeMap<u32, String> {
    let own = definition.fields.iter().filter(|field| field.number != 0);
    let own = own.map(|field| (field.number, wire_type(&field.kind)));
    own.chain(definition.inline.iter().map(|inline| (inline.number, short_name(inline.embedded)))).collect()
}

fn short_name(id: apimachinery::schema::TypeId) -> String {
    let name = &api::schema().get(id).name;
    name.rsplit('.').next().unwrap_or(name).to_owned()
}

fn wire_type(kind: &Kind) -> String {
    use apimachinery::schema::Alternative;
    let name = match kind {
        Kind::Bool => "bool",
        Kind::Int32 => "int32",
        Kind::Int64 => "int64",
        Kind::Double => "double",
        Kind::String => "string",
        Kind::Bytes => "bytes",
        Kind::Quantity => "Quantity",
        Kind::Time => "Time",
        Kind::MicroTime => "MicroTime",
        Kind::Duration => "Duration",
        Kind::IntOrString => "IntOrString",
        Kind::RawExtension => "RawExtension",
        Kind::Fields => "FieldsV1",
        Kind::Json => "JSON",
        Kind::StringListMessage => "strings",
        Kind::Struct(id) => return short_name(*id),
        Kind::StructOr(_, Alternative::Bool) => "JSONSchemaPropsOrBool",
        Kind::StructOr(_, Alternative::List) => "JSONSchemaPropsOrArray",
        Kind::StructOr(_, Alternative::StringList) => "JSONSchemaPropsOrStringArray",
        Kind::List(item) => return format!("repeated {}", wire_type(item)),
        Kind::Map(value) => return format!("map {}", wire_type(value)),
    };
    name.to_owned()
}
