//! What upstream's Go declarations mean for us: each struct with its fields' kinds, presence, merge facts.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result, bail};

use super::{
    go::{Body, ConstantValue, FieldDeclaration, Package, TypeDeclaration},
    markers::{Markers, describe},
    packages::PackageSource,
};

/// A package of API types, by our short name (`core/v1`).
pub(crate) struct PackageModel {
    pub(crate) source: &'static PackageSource,
    pub(crate) types: Vec<StructModel>,
}

/// A Go struct.
pub(crate) struct StructModel {
    pub(crate) name: String,
    /// It has `apiVersion` and `kind` of its own.
    pub(crate) is_kind: bool,
    /// Server-side apply treats it as one value.
    pub(crate) atomic: bool,
    /// Of a union, the field that says which of the others is set; empty when none does.
    pub(crate) union_discriminator: Option<String>,
    pub(crate) description: String,
    pub(crate) members: Vec<Member>,
}

pub(crate) enum Member {
    /// An embedded struct: flat in JSON, a message of its own in protobuf (none for number 0).
    Inline {
        number: u32,
        package: &'static str,
        name: String,
    },
    Field(FieldModel),
}

/// A field as it stands in JSON.
pub(crate) struct FieldModel {
    pub(crate) name: String,
    pub(crate) number: u32,
    pub(crate) kind: KindModel,
    /// `optional`, `pointer`, `omitzero`, `always` or `null`.
    pub(crate) presence: &'static str,
    /// Everything else, as our schema files spell it: `required`, `map(name)`, `merge(name)`, …
    pub(crate) facts: Vec<String>,
    pub(crate) description: String,
}

/// What a field holds.
#[derive(Clone, PartialEq)]
pub(crate) enum KindModel {
    /// One of the schema files' words: `string`, `quantity`, …
    Plain(&'static str),
    Struct {
        package: &'static str,
        name: String,
    },
    /// A struct or, alternatively, `bool`, `list` (of the struct) or `strings`.
    StructOr {
        package: &'static str,
        name: String,
        alternative: &'static str,
    },
    List(Box<KindModel>),
    Map(Box<KindModel>),
}

/// A Go type that is text in the tree and has a form of its own in protobuf.
fn special(path: &str, name: &str) -> Option<KindModel> {
    let plain = match (path.rsplit('/').next()?, name) {
        ("resource", "Quantity") if path.ends_with("pkg/api/resource") => "quantity",
        ("intstr", "IntOrString") => "intorstring",
        ("runtime", "RawExtension" | "Unknown") => "raw",
        ("types", "UID" | "NodeName") => "string",
        ("v1", "Time") if path.ends_with("meta/v1") => "time",
        ("v1", "MicroTime") if path.ends_with("meta/v1") => "microtime",
        ("v1", "Duration") if path.ends_with("meta/v1") => "duration",
        ("v1", "FieldsV1") if path.ends_with("meta/v1") => "fields",
        ("v1", "JSON") if path.ends_with("apiextensions/v1") => "json",
        _ => "",
    };
    if !plain.is_empty() {
        return Some(KindModel::Plain(plain));
    }
    let alternative = match name {
        "JSONSchemaPropsOrBool" => "bool",
        "JSONSchemaPropsOrArray" => "list",
        "JSONSchemaPropsOrStringArray" => "strings",
        _ => return None,
    };
    Some(KindModel::StructOr { package: "apiextensions/v1", name: "JSONSchemaProps".to_owned(), alternative })
}

/// Whether Go's JSON encoder writes `null` for the zero value of a struct of this kind.
fn zero_is_null(kind: &KindModel) -> bool {
    matches!(kind, KindModel::Plain("time" | "microtime" | "raw" | "fields" | "json"))
}

/// All packages beside each other, so that types can be looked up across them.
pub(crate) struct World {
    packages: HashMap<&'static str, (&'static PackageSource, Package)>,
}

impl World {
    pub(crate) fn new(packages: Vec<(&'static PackageSource, Package)>) -> World {
        World { packages: packages.into_iter().map(|(source, package)| (source.path, (source, package))).collect() }
    }

    fn find(&self, path: &str, name: &str) -> Option<&TypeDeclaration> {
        self.packages.get(path)?.1.types.iter().find(|declaration| declaration.name == name)
    }

    /// Everything that the package at `path` declares as a struct.
    pub(crate) fn model(&self, path: &str) -> Result<PackageModel> {
        let (source, package) = self.packages.get(path).with_context(|| format!("package {path}"))?;
        let mut types = Vec::new();
        for declaration in &package.types {
            let Body::Struct(fields) = &declaration.body else { continue };
            if special(path, &declaration.name).is_some() {
                continue;
            }
            let context = || format!("type {}.{}", source.short, declaration.name);
            types.push(self.struct_model(path, declaration, fields).with_context(context)?);
        }
        Ok(PackageModel { source, types })
    }

    fn struct_model(
        &self,
        path: &str,
        declaration: &TypeDeclaration,
        fields: &[FieldDeclaration],
    ) -> Result<StructModel> {
        let markers = Markers::read(&declaration.comment);
        let mut members = Vec::new();
        let mut is_kind = declaration.name == "WatchEvent";
        let mut union_discriminator = markers.has("union").then(String::new);
        for field in fields {
            let Some(tag) = field.tags.get("json") else { continue };
            let json_name = tag.split(',').next().unwrap_or_default();
            if json_name == "-" {
                continue;
            }
            let label = field.name.as_deref().unwrap_or(&field.go_type);
            if json_name.is_empty() {
                let (package, name) = self.inlined(path, &field.go_type)?;
                is_kind |= name == "TypeMeta";
                members.push(Member::Inline { number: number(field), package, name });
            } else {
                if union_discriminator.is_some() && Markers::read(&field.comment).has("unionDiscriminator") {
                    union_discriminator = Some(json_name.to_owned());
                }
                let model = self.field_model(path, json_name, field).with_context(|| format!("field {label}"))?;
                members.push(Member::Field(model));
            }
        }
        Ok(StructModel {
            name: declaration.name.clone(),
            is_kind,
            atomic: markers.is("structType", "atomic") || markers.is("mapType", "atomic"),
            union_discriminator,
            description: describe(&declaration.comment),
            members,
        })
    }

    fn inlined(&self, path: &str, go_type: &str) -> Result<(&'static str, String)> {
        match self.kind(path, go_type)? {
            KindModel::Struct { package, name } => Ok((package, name)),
            _ => bail!("embedded {go_type} is no struct"),
        }
    }

    fn field_model(&self, path: &str, json_name: &str, field: &FieldDeclaration) -> Result<FieldModel> {
        let tag = &field.tags["json"];
        let (omit_empty, omit_zero) = (tag.contains(",omitempty"), tag.contains(",omitzero"));
        let kind = self.kind(path, &field.go_type)?;
        let markers = Markers::read(&field.comment);
        let mut facts = Vec::new();
        if markers.required(omit_empty) {
            facts.push("required".to_owned());
        }
        facts.extend(markers.merge_facts(&kind));
        facts.extend(patch_facts(&field.tags));
        if let Some(default) = markers.default(|name| self.constant(path, name))? {
            facts.push(format!("default({default})"));
        }
        let mut comment = field.comment.clone();
        let values = self.enumeration(path, &field.go_type).filter(|values| !values.is_empty());
        if let Some(values) = values {
            facts.push(format!("enum({})", values.keys().cloned().collect::<Vec<_>>().join(",")));
            // Upstream describes the values beside a field, but not beside a list or map of them.
            if !matches!(kind, KindModel::List(_) | KindModel::Map(_)) {
                comment.extend(["".to_owned(), "Possible enum values:".to_owned()]);
                comment.extend(values.iter().map(|(value, meaning)| format!(" - `{value:?}` {meaning}")));
            }
        }
        let description = describe(&comment);
        Ok(FieldModel {
            name: json_name.to_owned(),
            number: number(field),
            presence: self.presence(path, field, &kind, omit_empty, omit_zero),
            kind,
            facts,
            description,
        })
    }

    fn presence(
        &self,
        path: &str,
        field: &FieldDeclaration,
        kind: &KindModel,
        omit_empty: bool,
        omit_zero: bool,
    ) -> &'static str {
        if field.go_type.starts_with('*') {
            return if omit_empty || omit_zero { "pointer" } else { "null" };
        }
        let is_struct = match kind {
            KindModel::List(_) | KindModel::Map(_) | KindModel::Plain("bytes" | "strings") => {
                return if omit_empty || omit_zero { "optional" } else { "null" };
            }
            KindModel::Plain("json") if !self.is_struct(path, &field.go_type) => {
                return if omit_empty { "optional" } else { "null" };
            }
            KindModel::Struct { .. } | KindModel::StructOr { .. } => true,
            KindModel::Plain(word) => matches!(*word, "quantity" | "intorstring" | "duration") || zero_is_null(kind),
        };
        match (is_struct, omit_empty, omit_zero) {
            (_, _, true) | (false, true, _) => "omitzero",
            (true, _, _) if zero_is_null(kind) => "null",
            _ => "always",
        }
    }

    fn is_struct(&self, path: &str, go_type: &str) -> bool {
        let (path, name) = self.locate(path, go_type);
        self.find(&path, &name).is_some_and(|declaration| matches!(declaration.body, Body::Struct(_)))
    }

    /// The import path and name of a named type as written in the package at `path`.
    fn locate(&self, path: &str, go_type: &str) -> (String, String) {
        match go_type.split_once('.') {
            Some((alias, name)) => {
                let imports = self.packages.get(path).map(|(_, package)| &package.imports);
                let import = imports.and_then(|imports| imports.get(alias));
                (import.cloned().unwrap_or_else(|| alias.to_owned()), name.to_owned())
            }
            None => (path.to_owned(), go_type.to_owned()),
        }
    }

    fn kind(&self, path: &str, go_type: &str) -> Result<KindModel> {
        if let Some(inner) = go_type.strip_prefix('*') {
            return self.kind(path, inner);
        }
        if go_type == "[]byte" {
            return Ok(KindModel::Plain("bytes"));
        }
        if let Some(item) = go_type.strip_prefix("[]") {
            return Ok(KindModel::List(Box::new(self.kind(path, item)?)));
        }
        if let Some((key, value)) = go_type.strip_prefix("map[").and_then(|rest| rest.split_once(']')) {
            if self.kind(path, key)? != KindModel::Plain("string") {
                bail!("map key {key} is not text");
            }
            return Ok(KindModel::Map(Box::new(self.kind(path, value)?)));
        }
        let plain = match go_type {
            "string" => "string",
            "bool" => "bool",
            "int32" | "uint32" | "int16" | "uint16" => "i32",
            "int64" | "int" => "i64",
            "float64" => "f64",
            "interface{}" | "any" => "json",
            _ => return self.named_kind(path, go_type),
        };
        Ok(KindModel::Plain(plain))
    }

    fn named_kind(&self, path: &str, go_type: &str) -> Result<KindModel> {
        let (path, name) = self.locate(path, go_type);
        if let Some(kind) = special(&path, &name) {
            return Ok(kind);
        }
        let declaration = self.find(&path, &name).with_context(|| format!("no type {name} in {path}"))?;
        match &declaration.body {
            Body::Struct(_) => Ok(KindModel::Struct { package: self.packages[path.as_str()].0.short, name }),
            Body::Named(_) if declaration.comment.iter().any(|line| line.starts_with("+protobuf.nullable")) => {
                Ok(KindModel::Plain("strings"))
            }
            Body::Named(other) => self.kind(&path, other),
        }
    }

    /// The values of the enumeration that the type, its items or what it points to is, with their meaning.
    fn enumeration(&self, path: &str, go_type: &str) -> Option<BTreeMap<String, String>> {
        let go_type = go_type.rsplit([']', '*']).next()?;
        let (path, name) = self.locate(path, go_type);
        let declaration = self.find(&path, &name)?;
        if let Body::Named(other) = &declaration.body
            && other.contains('.')
        {
            return self.enumeration(&path, other);
        }
        if !declaration.comment.iter().any(|line| line.trim() == "+enum") {
            return None;
        }
        let constants = self.packages[path.as_str()].1.constants.iter().filter(|constant| constant.go_type == name);
        let values = constants.map(|constant| {
            let comment = constant.comment.join("\n");
            let meaning = comment.trim().strip_prefix(constant.name.as_str()).unwrap_or(comment.trim());
            let value = self.constant_text(&path, &constant.value)?;
            Some((value, meaning.split_whitespace().collect::<Vec<_>>().join(" ")))
        });
        Some(values.flatten().collect())
    }

    fn constant_text(&self, path: &str, value: &ConstantValue) -> Option<String> {
        match value {
            ConstantValue::Text(text) => Some(text.clone()),
            ConstantValue::Constant(other) => {
                let (path, name) = self.locate(path, other);
                self.constant(&path, &name)
            }
        }
    }

    fn constant(&self, path: &str, name: &str) -> Option<String> {
        let constants = &self.packages.get(path)?.1.constants;
        let constant = constants.iter().find(|constant| constant.name == name)?;
        self.constant_text(path, &constant.value)
    }
}

/// The field number in the `protobuf` tag; 0 when there is none.
fn number(field: &FieldDeclaration) -> u32 {
    let tag = field.tags.get("protobuf").map_or("", String::as_str);
    tag.split(',').nth(1).and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn patch_facts(tags: &BTreeMap<String, String>) -> Vec<String> {
    let key = tags.get("patchMergeKey").map_or("", String::as_str);
    let strategies = tags.get("patchStrategy").map_or("", String::as_str).split(',');
    let facts = strategies.filter_map(|strategy| match strategy {
        "merge" if key.is_empty() => Some("merge".to_owned()),
        "merge" => Some(format!("merge({key})")),
        "retainKeys" => Some("retain-keys".to_owned()),
        "replace" => Some("replace".to_owned()),
        _ => None,
    });
    facts.collect()
}
