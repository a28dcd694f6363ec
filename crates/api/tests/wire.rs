//! Upstream's recorded objects, one per kind with every field set, in JSON, YAML and protobuf: all decode to
//! the same tree, and the tree encodes to the same bytes.
//!
//! They are the data files of the Go module `k8s.io/api` in the version that we serve. They are sought in
//! `$SAGONG_WIRE_FIXTURES`, then in Go's module cache. Without them the test fails, unless
//! `SAGONG_SKIP_FIXTURES=1` says that this is known.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use apimachinery::{
    Value,
    decode::{self, Zeros},
    json, protobuf,
    schema::TypeId,
};
use bytes::Bytes;

const FIXTURES: &str = "k8s.io/api@v0.37.0/testdata/HEAD";
/// Groups whose types are not in the module `k8s.io/api`.
const ELSEWHERE: [&str; 3] = ["apiextensions.k8s.io", "apiregistration.k8s.io", "metrics.k8s.io"];

fn module_cache() -> Option<PathBuf> {
    let from_environment = |name: &str| std::env::var_os(name).map(PathBuf::from);
    if let Some(cache) = from_environment("GOMODCACHE") {
        return Some(cache);
    }
    let output = Command::new("go").args(["env", "GOMODCACHE"]).output().ok().filter(|output| output.status.success());
    match output.and_then(|output| String::from_utf8(output.stdout).ok()) {
        Some(path) => Some(PathBuf::from(path.trim())),
        None => from_environment("GOPATH")
            .or_else(|| from_environment("HOME").map(|home| home.join("go")))
            .map(|path| path.join("pkg/mod")),
    }
}

/// The folder of the fixtures; `None` when the test is to be skipped.
fn fixtures() -> Option<PathBuf> {
    let named = std::env::var_os("SAGONG_WIRE_FIXTURES").map(PathBuf::from);
    let found = named.or_else(|| module_cache().map(|cache| cache.join(FIXTURES))).filter(|path| path.is_dir());
    if found.is_none() {
        let skipped = std::env::var_os("SAGONG_SKIP_FIXTURES").is_some_and(|value| value == "1");
        assert!(
            skipped,
            "upstream's wire fixtures are missing: `go mod download k8s.io/api@v0.37.0`, or name their folder in \
             SAGONG_WIRE_FIXTURES, or set SAGONG_SKIP_FIXTURES=1"
        );
        eprintln!("SKIPPED: no wire fixtures, and SAGONG_SKIP_FIXTURES=1");
    }
    found
}

/// Group, version and kind of `apps.v1.Deployment`.
fn split(stem: &str) -> Option<(&str, &str, &str)> {
    let (group_version, kind) = stem.rsplit_once('.')?;
    let (group, version) = group_version.rsplit_once('.')?;
    Some((if group == "core" { "" } else { group }, version, kind))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("read {}: {error}", path.display()))
}

fn decoded(what: &str, decoded: Result<decode::Decoded, decode::DecodeError>) -> Result<Value, String> {
    let decoded = decoded.map_err(|error| format!("{what}: {error}"))?;
    if decoded.strict_errors.is_empty() { Ok(decoded.value) } else { Err(decoded.strict_errors.join(", ")) }
}

fn compare(path: &Path, id: TypeId) -> Result<(), String> {
    let schema = api::schema();
    let text = read(path)?;
    let tree = decoded("JSON", decode::json(&text, schema, id, Zeros::Fill))?;
    let plain = decode::json_untyped(&text).map_err(|error| error.to_string())?;
    same("JSON as it stands and as decoded", &plain, &tree)?;
    if json::to_vec(&tree) != json::to_vec(&plain) {
        return Err("JSON encodes differently".to_owned());
    }
    let yaml: Value =
        serde_saphyr::from_slice(&read(&path.with_extension("yaml"))?).map_err(|error| error.to_string())?;
    same("JSON and YAML", &tree, &decoded("YAML", decode::tree(yaml, schema, id, Zeros::Fill))?)?;
    let binary = Bytes::from(read(&path.with_extension("pb"))?);
    let envelope = protobuf::Envelope::open(&binary).map_err(|error| error.to_string())?;
    let mut from_binary = protobuf::decode(&envelope.raw, schema, id).map_err(|error| error.to_string())?;
    // The envelope's; few kinds (watch events) have none.
    for (key, text) in [("apiVersion", &envelope.api_version), ("kind", &envelope.kind)] {
        if schema.get(id).field(key).is_some() {
            from_binary.set(&[key], text);
        }
    }
    same("JSON and protobuf", &tree, &from_binary)?;
    let encoded = protobuf::encode_enveloped(&from_binary, schema, id, &envelope.api_version, &envelope.kind);
    if encoded != binary {
        let position = encoded.iter().zip(&binary).position(|(ours, theirs)| ours != theirs);
        return Err(format!("protobuf differs at byte {position:?} of {} and {}", encoded.len(), binary.len()));
    }
    Ok(())
}

/// The first path at which two trees differ.
fn same(what: &str, left: &Value, right: &Value) -> Result<(), String> {
    match (left, right) {
        _ if left == right => Ok(()),
        (Value::Map(ours), Value::Map(theirs)) => {
            let keys: BTreeSet<&str> = ours.keys().chain(theirs.keys()).map(|key| key.as_str()).collect();
            keys.into_iter().try_for_each(|key| {
                let nothing = Value::Null;
                let at = |map: &apimachinery::Map| map.get(key).unwrap_or(&nothing).clone();
                same(&format!("{what}.{key}"), &at(ours), &at(theirs))
            })
        }
        (Value::List(ours), Value::List(theirs)) if ours.len() == theirs.len() => {
            let items = ours.iter().zip(theirs).enumerate();
            items.into_iter().try_for_each(|(index, (ours, theirs))| same(&format!("{what}[{index}]"), ours, theirs))
        }
        _ => Err(format!("{what}: {left:?} and {right:?}")),
    }
}

#[test]
fn every_kind_is_the_same_in_every_format() {
    let Some(folder) = fixtures() else { return };
    let mut failures = Vec::new();
    let mut seen = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap();
        let Some((group, version, kind)) = split(stem) else { continue };
        let Some(id) = api::type_of(group, version, kind) else { continue };
        seen.insert((group.to_owned(), version.to_owned(), kind.to_owned()));
        if let Err(failure) = compare(&path, id) {
            failures.push(format!("{stem}: {failure}"));
        }
    }
    let served = api::resources().iter().filter(|resource| !ELSEWHERE.contains(&resource.group));
    for resource in served {
        let key = (resource.group.to_owned(), resource.version.to_owned(), resource.kind.to_owned());
        if !seen.contains(&key) {
            failures.push(format!("{key:?} is served and has no fixture"));
        }
    }
    assert!(failures.is_empty(), "{} differences:\n{}", failures.len(), failures.join("\n"));
    assert!(seen.len() > 60, "{seen:?}");
}
