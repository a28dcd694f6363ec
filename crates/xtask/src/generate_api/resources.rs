//! Writes `resources.txt` from upstream's recorded discovery documents.

use std::{fmt::Write, fs};

use anyhow::{Context, Result, bail};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::packages::{Modules, PACKAGES, PackageSource};

/// One line per resource and subresource; the form is described in `api::resources`.
pub(crate) fn text(modules: &Modules) -> Result<String> {
    let mut text = String::new();
    for source in PACKAGES.iter().filter(|source| source.served) {
        let name = match source.group {
            "" => format!("api/discovery/api__{}.json", source.version()),
            group => format!("api/discovery/apis__{group}__{}.json", source.version()),
        };
        let path = modules.kubernetes(&name);
        let bytes = fs::read(&path).with_context(|| format!("read {}", path.display()))?;
        let document: Value = serde_json::from_slice(&bytes)?;
        let _ = writeln!(text, "group {} {}", dash(source.group), source.version());
        for resource in document["resources"].as_array().context("resources")? {
            line(source, resource, &mut text).with_context(|| format!("{} {resource}", source.short))?;
        }
        text.push('\n');
    }
    Ok(text.trim_end().to_owned() + "\n")
}

fn line(source: &PackageSource, resource: &Value, text: &mut String) -> Result<()> {
    let string = |key: &str| resource[key].as_str().unwrap_or_default();
    let list = |key: &str| {
        let items = resource[key].as_array().into_iter().flatten().filter_map(Value::as_str);
        items.collect::<Vec<_>>().join(",")
    };
    let scope = if resource["namespaced"].as_bool() == Some(true) { "namespaced" } else { "cluster" };
    let _ = write!(
        text,
        "{} {} {} {scope} {}",
        string("name"),
        dash(string("singularName")),
        string("kind"),
        list("verbs")
    );
    let version = string("version");
    if !version.is_empty() {
        let _ = write!(text, " gv={}/{version}", string("group"));
    }
    for (key, word) in [("shortNames", "short"), ("categories", "categories")] {
        let items = list(key);
        if !items.is_empty() {
            let _ = write!(text, " {word}={items}");
        }
    }
    let hash = string("storageVersionHash");
    if !hash.is_empty() {
        let _ = write!(text, " hash={hash} storage={}", storage_version(source, string("kind"), hash)?);
    }
    text.push('\n');
    Ok(())
}

/// The group and version whose hash upstream publishes: the hash covers nothing but group, version and kind.
fn storage_version(source: &PackageSource, kind: &str, hash: &str) -> Result<String> {
    let versions = ["v1", "v2", "v1beta1", "v1beta2", "v1beta3", "v1alpha1", "v1alpha2", "v1alpha3"];
    for group in [source.group, ""] {
        for version in versions {
            let digest = Sha256::digest(format!("{group}/{version}/{kind}"));
            if BASE64_STANDARD.encode(&digest[..8]) == hash {
                return Ok(format!("{group}/{version}"));
            }
        }
    }
    bail!("no version has the storage version hash {hash}")
}

fn dash(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}
