//! Upstream's generated OpenAPI definitions: enumerations and descriptions as a server publishes them.

use std::{collections::BTreeSet, fs};

use anyhow::{Context, Result};

use crate::generate_api::packages::{Modules, PACKAGES};

/// Compares descriptions and enumerations; returns how many types were compared.
pub(crate) fn compare(modules: &Modules, differences: &mut BTreeSet<String>) -> Result<usize> {
    let path = modules.kubernetes("pkg/generated/openapi/zz_generated.openapi.go");
    let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    let descriptions = api::descriptions();
    let mut compared = 0;
    for function in text.split("\nfunc schema_").skip(1) {
        let Some((name, body)) = function.split_once('(') else { continue };
        let Some(definition) = type_named(name) else { continue };
        compared += 1;
        let mut field = None;
        let mut described = BTreeSet::new();
        for line in body.lines() {
            let content = line.trim_start_matches('\t');
            match line.len() - content.len() {
                5 if content.ends_with(": {") => {
                    field = definition.field(content.trim_end_matches(": {").trim_matches('"'))
                }
                5 | 4 if content.starts_with('}') => field = None,
                _ => {}
            }
            let name = field.map_or("", |field| field.name.as_str());
            if let Some(theirs) = content.strip_prefix("Description:") {
                let number = field.map_or(definition.description, |field| field.description);
                let ours = descriptions.get(number).unwrap_or_default();
                let theirs = unquote(theirs.trim().trim_end_matches(','));
                described.insert(name);
                if ours != theirs {
                    differences
                        .insert(format!("{}.{name}: described as\n  {ours:?}, not\n  {theirs:?}", definition.name));
                }
            }
            if let (Some(theirs), Some(field)) = (content.strip_prefix("Enum:"), field) {
                let list = theirs.trim().trim_start_matches("[]interface{}{").trim_end_matches("},");
                let theirs: Vec<String> = list.split(", ").map(unquote).collect();
                if field.enumeration != theirs {
                    differences
                        .insert(format!("{}.{name}: enum {:?}, not {theirs:?}", definition.name, field.enumeration));
                }
                described.insert("enum");
            }
        }
        if !described.contains("") && descriptions.get(definition.description).is_some() {
            differences.insert(format!("{}: upstream does not describe it", definition.name));
        }
        if !described.contains("enum") && definition.fields.iter().any(|field| !field.enumeration.is_empty()) {
            differences.insert(format!("{}: upstream has no enumeration in it", definition.name));
        }
    }
    Ok(compared)
}

/// The type that `k8sio_api_core_v1_Pod` or `pkg_apis_meta_v1_Status` names: the end of its path.
fn type_named(name: &str) -> Option<&'static apimachinery::schema::StructType> {
    let (package, short) = name.rsplit_once('_')?;
    let package = PACKAGES.iter().find(|source| {
        let path = source.path.replacen("k8s.io", "k8sio", 1).replace(['/', '.'], "_").replace('-', "_");
        path == package || (package.starts_with("pkg_apis") && path.ends_with(&format!("_{package}")))
    })?;
    let id = api::schema().id(&format!("{}.{short}", package.openapi_prefix()))?;
    Some(api::schema().get(id))
}

/// The text of a Go string literal.
fn unquote(literal: &str) -> String {
    serde_json::from_str(literal).unwrap_or_else(|_| literal.to_owned())
}
