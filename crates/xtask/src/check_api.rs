//! `cargo xtask check-api`: compares everything that upstream publishes about its types with what
//! `crates/api` says, and lists each difference.
//!
//! It derives each type's OpenAPI from our schema and compares it with the documents that upstream
//! records for a server with all features on; enumerations and full descriptions come from upstream's
//! generated definitions, numbers and wire types from its protobuf files.
//! Upstream's recorded objects must decode and encode to the same bytes. It fails if there is any difference.
//!
//! ```text
//! cargo xtask check-api
//! cargo xtask check-api --modules ~/go/pkg/mod
//! ```

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::generate_api::packages::{Modules, PACKAGES};

mod completeness;
mod definitions;
mod openapi;
mod proto;
mod wire;

/// What `check-api` can be told.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The Go module cache that holds upstream's sources.
    #[arg(long)]
    modules: Option<PathBuf>,
}

/// Lists the differences; fails if there is one.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let modules = Modules::locate(arguments.modules.as_deref())?;
    let mut differences = BTreeSet::new();
    let published = published(&modules)?;
    let mut compared = 0;
    for (name, theirs) in &published {
        let Some(id) = api::schema().id(name) else {
            if is_ours(name) {
                differences.insert(format!("{name}: upstream publishes it, and we don't know it"));
            }
            continue;
        };
        compared += 1;
        openapi::compare(api::schema().get(id), theirs, &mut differences);
        for kind in theirs["x-kubernetes-group-version-kind"].as_array().into_iter().flatten() {
            let text = |key: &str| kind[key].as_str().unwrap_or_default();
            if is_served(text("group"), text("version"))
                && api::type_of(text("group"), text("version"), text("kind")) != Some(id)
            {
                differences.insert(format!("{name}: not found as the kind {kind}"));
            }
        }
    }
    let defined = definitions::compare(&modules, &mut differences)?;
    completeness::compare(&modules, &mut differences)?;
    let messages = proto::compare(&modules, &mut differences)?;
    let objects = wire::compare(&modules, &mut differences)?;
    for difference in &differences {
        println!("{difference}");
    }
    let count = differences.len();
    println!(
        "compared {compared} published types, {defined} definitions, {messages} messages, {objects} objects: {count} differences"
    );
    if !differences.is_empty() {
        bail!("crates/api differs from upstream");
    }
    Ok(())
}

/// All schemas of upstream's OpenAPI documents by name.
fn published(modules: &Modules) -> Result<BTreeMap<String, Value>> {
    let directory = modules.kubernetes("api/openapi-spec/v3");
    let mut schemas = BTreeMap::new();
    for entry in fs::read_dir(&directory).with_context(|| format!("list {}", directory.display()))? {
        let document: Value = serde_json::from_slice(&fs::read(entry?.path())?)?;
        let Some(types) = document["components"]["schemas"].as_object() else { continue };
        schemas.extend(types.iter().map(|(name, schema)| (name.clone(), schema.clone())));
    }
    Ok(schemas)
}

/// Whether the name belongs to a package that we know; types that are a kind of value are no structs.
fn is_ours(name: &str) -> bool {
    let Some((prefix, short)) = name.rsplit_once('.') else { return false };
    let values = ["Time", "MicroTime", "Duration", "FieldsV1", "JSON"];
    let values = values.contains(&short) || short.starts_with("JSONSchemaPropsOr");
    !values && PACKAGES.iter().any(|package| package.openapi_prefix() == prefix)
}

fn is_served(group: &str, version: &str) -> bool {
    let served = |(group_, version_)| group_ == group && version_ == version;
    PACKAGES.iter().any(|package| package.served && served((package.group, package.version())))
}
