//! `cargo xtask check-openapi`: compares the OpenAPI documents that our server would serve with those that
//! upstream records, and lists each difference.
//!
//! It makes a server with every built-in resource in this process, over a store in a temporary directory,
//! takes each document of the third version and the one of the second, and walks it beside upstream's.
//! Differences that are meant stand in [`normalize`] and [`is_meant`] with their reasons. It fails if there
//! is any other.
//!
//! ```text
//! cargo xtask check-openapi
//! ```

use std::{collections::BTreeSet, fs, path::PathBuf, sync::Arc};

use anyhow::{Context, Result, bail};
use apiserver::{RequestContext, Server, openapi, server::Parts};
use resources::{Extensions, Ranges, ServiceAllocators};
use serde_json::Value;

use crate::generate_api::packages::Modules;

/// What `check-openapi` can be told.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The Go module cache that holds upstream's sources.
    #[arg(long)]
    modules: Option<PathBuf>,
    /// Write our documents there, to look at.
    #[arg(long)]
    write: Option<PathBuf>,
}

/// Lists the differences; fails if there is one.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let modules = Modules::locate(arguments.modules.as_deref())?;
    let directory = tempfile::tempdir().context("make a temporary directory")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(compare_all(&modules, directory.path(), arguments));
    drop(runtime);
    let (documents, differences) = result?;
    for difference in &differences {
        println!("{difference}");
    }
    println!("compared {documents} documents: {} differences", differences.len());
    if !differences.is_empty() {
        bail!("our OpenAPI differs from upstream's");
    }
    Ok(())
}

async fn compare_all(
    modules: &Modules,
    directory: &std::path::Path,
    arguments: &Arguments,
) -> Result<(usize, BTreeSet<String>)> {
    let server = server(directory).await?;
    let mut differences = BTreeSet::new();
    let mut documents = 0;
    let recorded = modules.kubernetes("api/openapi-spec/v3");
    for entry in fs::read_dir(&recorded).with_context(|| format!("list {}", recorded.display()))? {
        let path = entry?.path();
        let file = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let key = file.trim_end_matches("_openapi.json").replace("__", "/");
        if !is_served(&server, &key) {
            continue;
        }
        documents += 1;
        let theirs = serde_json::from_slice(&fs::read(&path)?)?;
        compare(&server, &key, theirs, arguments, &mut differences)?;
    }
    let theirs: Value = serde_json::from_slice(&fs::read(modules.kubernetes("api/openapi-spec/swagger.json"))?)?;
    compare(&server, "v2", expand_shared_parameters(theirs), arguments, &mut differences)?;
    Ok((documents + 1, differences))
}

/// A server of everything built in; reviews and token requests are documented, so that somebody has to be
/// there who would answer them.
async fn server(directory: &std::path::Path) -> Result<Arc<Server>> {
    let engine = store::embedded::open(directory.join("store"), store::embedded::Options::default())?;
    let allocators = ServiceAllocators::new(Ranges::default(), engine.clone());
    let parts = Parts { engine, admission: Vec::new(), authorizers: Vec::new(), authenticators: Vec::new() };
    let server = Server::new(parts);
    let mut extensions = Extensions::default();
    let nobody: Arc<dyn apiserver::Creator> = Arc::new(Nobody);
    for facts in api::resources() {
        extensions.creators.insert((facts.group, facts.plural), nobody.clone());
        for part in facts.subresources.iter().filter(|part| part.name == "token") {
            let name: &'static str = format!("{}/{}", facts.plural, part.name).leak();
            extensions.creators.insert((facts.group, name), nobody.clone());
        }
    }
    resources::install(&server, &extensions, &allocators).await?;
    Ok(server)
}

/// Stands where nobody asks.
struct Nobody;

#[async_trait::async_trait]
impl apiserver::Creator for Nobody {
    async fn create(
        &self,
        _: &Arc<Server>,
        _: &RequestContext,
        _: &str,
        _: &str,
        _: apimachinery::Object,
        _: bool,
    ) -> Result<apimachinery::Object, apimachinery::Status> {
        Err(apimachinery::Status::internal("documents are made without requests"))
    }
}

/// Whether a document is about something that we serve.
fn is_served(server: &Server, key: &str) -> bool {
    is_served_path(server, &format!("/{key}/"))
}

fn compare(
    server: &Arc<Server>,
    key: &str,
    mut theirs: Value,
    arguments: &Arguments,
    differences: &mut BTreeSet<String>,
) -> Result<()> {
    let Some(ours) = openapi::document(server, key)? else {
        differences.insert(format!("{key}: we have no such document"));
        return Ok(());
    };
    if let Some(directory) = &arguments.write {
        let path = directory.join(format!("{}.json", key.replace('/', "__")));
        fs::write(&path, &ours).with_context(|| format!("write {}", path.display()))?;
    }
    let mut ours: Value = serde_json::from_slice(&ours).with_context(|| format!("{key} is no JSON"))?;
    prune(server, &mut theirs);
    normalize(&mut ours);
    normalize(&mut theirs);
    walk(key, &ours, &theirs, differences);
    Ok(())
}

/// Upstream's second version lists parameters that occur often once, and refers to them.
fn expand_shared_parameters(mut document: Value) -> Value {
    let shared = document.as_object_mut().and_then(|map| map.remove("parameters")).unwrap_or_default();
    fn expand(value: &mut Value, shared: &Value) {
        let named = value["$ref"].as_str().and_then(|text| text.strip_prefix("#/parameters/")).map(str::to_owned);
        if let Some(name) = named {
            *value = shared[name.as_str()].clone();
        }
        match value {
            Value::Object(map) => map.values_mut().for_each(|entry| expand(entry, shared)),
            Value::Array(list) => list.iter_mut().for_each(|entry| expand(entry, shared)),
            _ => {}
        }
    }
    if let Some(paths) = document.get_mut("paths") {
        expand(paths, &shared);
    }
    document
}

/// Takes the paths that we do not serve out of upstream's document, and the schemas that only they need.
fn prune(server: &Server, document: &mut Value) {
    if let Some(paths) = document["paths"].as_object_mut() {
        paths.retain(|path, _| is_served_path(server, path));
    }
    let prefix = if document["swagger"].is_string() { "/definitions" } else { "/components/schemas" };
    let mut needed: BTreeSet<String> = BTreeSet::new();
    let mut queue = references(&document["paths"]);
    while let Some(name) = queue.pop() {
        if let Some(schema) = document.pointer(prefix).and_then(|schemas| schemas.get(&name))
            && needed.insert(name)
        {
            queue.extend(references(schema));
        }
    }
    if let Some(schemas) = document.pointer_mut(prefix).and_then(Value::as_object_mut) {
        schemas.retain(|name, _| needed.contains(name));
    }
    if document["components"]["schemas"].as_object().is_some_and(serde_json::Map::is_empty) {
        document["components"]["schemas"] = Value::Null;
    }
}

/// The names of all schemas that something refers to.
fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(map) => {
            let own = map.get("$ref").and_then(Value::as_str).and_then(|text| text.rsplit('/').next());
            own.map(str::to_owned).into_iter().chain(map.values().flat_map(references)).collect()
        }
        Value::Array(list) => list.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

/// Whether we serve a path of upstream's. We do not serve: the deprecated addresses of watches, group versions
/// that are off by default, resources whose served version needs a conversion that is not there, connections
/// to pods and services by proxy, the node's logs, and the issuer's keys.
fn is_served_path(server: &Server, path: &str) -> bool {
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let (group, version, rest) = match segments.as_slice() {
        ["logs" | "openid" | ".well-known", ..] => return false,
        ["api", version, rest @ ..] => ("", *version, rest),
        ["apis", group, version, rest @ ..] if !version.is_empty() => (*group, *version, rest),
        ["apis", group, ..] if !group.is_empty() => {
            return server.registry().table().iter().any(|resource| resource.kind.group == *group);
        }
        _ => return true,
    };
    let (resource, rest) = match rest {
        ["watch", ..] => return false,
        ["namespaces", "{namespace}", resource, rest @ ..] | [resource, rest @ ..] => (*resource, rest),
        [] => ("", rest),
    };
    if resource.is_empty() {
        let ours = |kind: &apiserver::Resource| kind.kind.group == group && kind.kind.version == version;
        return version.is_empty() || server.registry().table().iter().any(|resource| ours(resource));
    }
    let Some(found) = server.registry().find(group, version, resource) else { return false };
    !matches!(rest, [_, subresource, ..] if found.subresource(subresource).is_none())
}

/// Takes away, on both sides, what differs by intention.
fn normalize(value: &mut Value) {
    match value {
        Value::Object(map) => {
            // CBOR is an alpha format, off by default.
            map.retain(|key, _| !key.starts_with("application/cbor") && !key.ends_with("+cbor"));
            // Upstream records its documents with a switch that leaves enumerations out.
            map.remove("enum");
            if let Some(Value::String(text)) = map.get_mut("description")
                && let Some(end) = text.find("\n\nPossible enum values:\n")
            {
                text.truncate(end);
            }
            map.values_mut().for_each(normalize);
        }
        Value::Array(list) => {
            list.retain(|item| !item.as_str().is_some_and(|text| text.contains("cbor")));
            list.iter_mut().for_each(normalize);
            // Order says nothing in any list of these documents.
            list.sort_by_cached_key(Value::to_string);
        }
        _ => {}
    }
}

fn walk(place: &str, ours: &Value, theirs: &Value, differences: &mut BTreeSet<String>) {
    if let (Value::Object(ours), Value::Object(theirs)) = (ours, theirs) {
        let keys: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
        for key in keys {
            let place = format!("{place} {key}");
            match (ours.get(key), theirs.get(key)) {
                (Some(ours), Some(theirs)) => walk(&place, ours, theirs, differences),
                (Some(_), None) if is_meant(&place) => {}
                (Some(_), None) => drop(differences.insert(format!("{place}: only ours has it"))),
                (None, _) if is_meant(&place) => {}
                (None, _) => drop(differences.insert(format!("{place}: only upstream has it"))),
            }
        }
        return;
    }
    if ours != theirs && !is_meant(place) && !own_words(place, ours, theirs) {
        differences.insert(format!("{place}: {} is not {}", excerpt(ours), excerpt(theirs)));
    }
}

fn excerpt(value: &Value) -> String {
    value.to_string().chars().take(160).collect()
}

/// Where we say something else than upstream.
fn is_meant(place: &str) -> bool {
    let words: Vec<&str> = place.split(' ').collect();
    let name = words.last().copied().unwrap_or_default();
    match words.as_slice() {
        // Upstream's recorded documents have no version; ours say which API it is.
        [.., "info", "version"] => true,
        // Upstream names even the group versions that it knows and never serves.
        ["v2", "definitions", _, "x-kubernetes-group-version-kind"] => words[2].ends_with("meta.v1.DeleteOptions"),
        // A deleted namespace is answered with, by upstream too, though its document says otherwise.
        [_, "paths", "/api/v1/namespaces/{name}", "delete", "responses", ..] => name == "$ref",
        // Where nothing is referred to, upstream leaves the schemas out.
        [_, "components", "schemas"] => true,
        _ => words.contains(&"io.k8s.apimachinery.pkg.version.Info") && name == "description",
    }
}

/// Descriptions that are ours: of values without a package of their own, and of path parameters.
fn own_words(place: &str, ours: &Value, theirs: &Value) -> bool {
    let words: Vec<&str> = place.split(' ').collect();
    match words.as_slice() {
        [.., "parameters"] => {
            let strip = |value: &Value| {
                let mut value = value.clone();
                for parameter in value.as_array_mut().into_iter().flatten() {
                    let own = matches!(parameter["name"].as_str(), Some("pretty" | "namespace" | "path"));
                    if let (true, Some(map)) = (own, parameter.as_object_mut()) {
                        map.remove("description");
                    }
                }
                normalize(&mut value);
                value
            };
            strip(ours) == strip(theirs)
        }
        [.., name, "description"] => {
            api::schema().id(name).is_none() || words.contains(&"io.k8s.apimachinery.pkg.version.Info")
        }
        _ => false,
    }
}
