//! Upstream's recorded objects, one per kind with every field set, in JSON and in protobuf: both decode to
//! the same tree, and the tree encodes to the same bytes.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context, Result};
use apimachinery::{
    Value,
    decode::{self, Zeros},
    protobuf,
    schema::TypeId,
};
use bytes::Bytes;

use crate::generate_api::packages::Modules;

/// Compares all recorded objects of kinds that we know; returns how many.
pub(crate) fn compare(modules: &Modules, differences: &mut BTreeSet<String>) -> Result<usize> {
    let directory = modules.package("k8s.io/api/testdata/HEAD");
    let mut compared = 0;
    for entry in fs::read_dir(&directory).with_context(|| format!("list {}", directory.display()))? {
        let path = entry?.path();
        let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) else { continue };
        let Some(id) = type_of(stem).filter(|_| path.extension().is_some_and(|extension| extension == "json")) else {
            continue;
        };
        compared += 1;
        if let Err(difference) = object(&path, id) {
            differences.insert(format!("{stem}: {difference}"));
        }
    }
    Ok(compared)
}

/// The type of `apps.v1.Deployment`.
fn type_of(stem: &str) -> Option<TypeId> {
    let (group_version, kind) = stem.rsplit_once('.')?;
    let (group, version) = group_version.rsplit_once('.')?;
    api::type_of(if group == "core" { "" } else { group }, version, kind)
}

fn object(path: &Path, id: TypeId) -> Result<(), String> {
    let read = |path: &Path| fs::read(path).map_err(|error| format!("read {}: {error}", path.display()));
    let text = read(path)?;
    let json = decode::json(&text, api::schema(), id, Zeros::Fill).map_err(|error| error.to_string())?;
    if !json.strict_errors.is_empty() {
        return Err(json.strict_errors.join(", "));
    }
    let plain = decode::json_untyped(&text).map_err(|error| error.to_string())?;
    difference("JSON, as it stands and as decoded", &plain, &json.value)?;
    let binary = Bytes::from(read(&path.with_extension("pb"))?);
    let envelope = protobuf::Envelope::open(&binary).map_err(|error| error.to_string())?;
    let mut decoded =
        protobuf::decode(&envelope.raw, api::schema(), id).map_err(|error| format!("protobuf: {error}"))?;
    // The envelope's; few kinds (watch events) have none.
    for (key, text) in [("apiVersion", &envelope.api_version), ("kind", &envelope.kind)] {
        if api::schema().get(id).field(key).is_some() {
            decoded.set(&[key], text.clone());
        }
    }
    difference("JSON and protobuf", &json.value, &decoded)?;
    let (api_version, kind) = (&envelope.api_version, &envelope.kind);
    let encoded = protobuf::encode_enveloped(&json.value, api::schema(), id, api_version, kind);
    if encoded != binary {
        let position = encoded.iter().zip(&binary).position(|(ours, theirs)| ours != theirs);
        return Err(format!("protobuf differs at byte {position:?} of {} and {}", encoded.len(), binary.len()));
    }
    Ok(())
}

/// The first path at which two trees differ.
fn difference(what: &str, left: &Value, right: &Value) -> Result<(), String> {
    match (left, right) {
        _ if left == right => Ok(()),
        (Value::Map(ours), Value::Map(theirs)) => {
            let keys: BTreeSet<&str> = ours.keys().chain(theirs.keys()).map(|key| key.as_str()).collect();
            keys.into_iter().try_for_each(|key| {
                let (ours, theirs) = (ours.get(key), theirs.get(key));
                match (ours, theirs) {
                    (Some(ours), Some(theirs)) => difference(&format!("{what}.{key}"), ours, theirs),
                    _ => Err(format!("{what}.{key}: {ours:?} and {theirs:?}")),
                }
            })
        }
        (Value::List(ours), Value::List(theirs)) if ours.len() == theirs.len() => ours
            .iter()
            .zip(theirs)
            .enumerate()
            .try_for_each(|(index, (ours, theirs))| difference(&format!("{what}[{index}]"), ours, theirs)),
        _ => Err(format!("{what}: {left:?} and {right:?}")),
    }
}
