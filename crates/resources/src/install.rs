//! From the table and the facts to resources of a server.

use std::{collections::HashMap, sync::Arc};

use apimachinery::{Object, Str};
use apiserver::{
    Conversion, Creator, Resource, SchemaHandle, Server, Strategy, Subresource, SubresourceHandler,
    resource::ScalePaths,
};
use client::ResourceKind;
use store::StoreError;

use crate::{RESOURCES, Registration, ServiceAllocators, connect, conversion, pods, printers, proxy, services};

/// What other crates answer: reviews and token requests, by group and resource or by `resource/subresource`.
#[derive(Default, Clone)]
pub struct Extensions {
    /// For example `("authorization.k8s.io", "subjectaccessreviews")` or `("", "serviceaccounts/token")`.
    pub creators: HashMap<(&'static str, &'static str), Arc<dyn Creator>>,
    /// Strategies that other crates have for resources of the table.
    pub strategies: HashMap<(&'static str, &'static str), Arc<dyn Strategy>>,
}

/// Gives every built-in resource to `server`.
///
/// A resource that nobody answers (a review without its [`Creator`]) is not served at all, so that discovery
/// promises nothing that is not there.
///
/// # Errors
/// When the store cannot be read.
pub async fn install(
    server: &Arc<Server>,
    extensions: &Extensions,
    allocators: &Arc<ServiceAllocators>,
) -> Result<(), StoreError> {
    let mut extensions = extensions.clone();
    extensions.strategies.insert(("", "services"), Arc::new(services::Services::new(allocators)));
    let extensions = &extensions;
    for facts in api::resources() {
        let Some(row) = RESOURCES.iter().find(|row| row.group == facts.group && row.resource == facts.plural) else {
            continue;
        };
        if let Some(resource) = resource(server, extensions, facts, row).await? {
            server.registry().insert(resource);
        }
    }
    Ok(())
}

fn strings(list: &[&'static str]) -> Vec<Str> {
    list.iter().map(|text| Str::from_static(text)).collect()
}

async fn resource(
    server: &Arc<Server>,
    extensions: &Extensions,
    facts: &api::ResourceFacts,
    row: &Registration,
) -> Result<Option<Resource>, StoreError> {
    let kind = ResourceKind::new(facts.group, facts.version, facts.plural, facts.kind, facts.namespaced);
    let Some(type_id) = api::type_of(facts.group, facts.version, facts.kind) else { return Ok(None) };
    let schema = SchemaHandle::Static(api::schema());
    let creator = extensions.creators.get(&(facts.group, facts.plural)).cloned();
    let creator = match (facts.group, facts.plural) {
        ("", "bindings") => Some(Arc::new(pods::Bindings) as Arc<dyn Creator>),
        _ => creator,
    };
    let mut pair = None;
    let cache = match facts.storage_version {
        None if creator.is_none() => return Ok(None),
        None => None,
        Some(stored) if stored_as_served(facts, stored) => {
            Some(server.registry().cache(&kind, &schema, type_id, None).await?)
        }
        Some(stored) => {
            let stored = ResourceKind::new(stored.group, stored.version, facts.plural, facts.kind, facts.namespaced);
            pair = conversion::between(&kind.api_version(), &stored.api_version(), facts.kind);
            let stored_type = api::type_of(&stored.group, &stored.version, &stored.kind);
            let (Some(_), Some(stored_type)) = (pair, stored_type) else { return Ok(None) };
            Some(server.registry().cache(&stored, &schema, stored_type, None).await?)
        }
    };
    let table = match pair {
        None => printers::of(facts.group, facts.kind),
        Some(pair) => Arc::new(conversion::StoredTable {
            pair,
            table: printers::of(facts.storage_version.map_or("", |stored| stored.group), facts.kind),
        }),
    };
    let subresources = facts.subresources.iter().filter_map(|part| subresource(extensions, facts, part)).collect();
    Ok(Some(Resource {
        versions: conversion::versions(&kind.api_version(), facts.kind),
        kind,
        singular: Str::from_static(facts.singular),
        short_names: strings(&facts.short_names),
        categories: strings(&facts.categories),
        verbs: strings(&facts.verbs),
        storage_version_hash: Str::from_static(facts.storage_version_hash),
        schema,
        type_id,
        strategy: extensions.strategies.get(&(facts.group, facts.plural)).cloned().unwrap_or_else(row.strategy),
        table,
        subresources,
        conversion: pair.map(|pair| Arc::new(pair) as Arc<dyn Conversion>),
        guard: row.guard,
        cache,
        creator,
        reader: None,
    }))
}

/// Whether a served version has the stored form. Kinds that upstream still stores in a beta version, which is
/// not served by default, are stored as v1 here; upstream reads that as well.
pub(crate) fn stored_as_served(facts: &api::ResourceFacts, stored: api::GroupVersion) -> bool {
    (stored.group, stored.version) == (facts.group, facts.version)
        || api::type_of(stored.group, stored.version, facts.kind).is_none()
}

fn path(text: &str) -> Vec<Str> {
    text.split('.').map(Str::from).collect()
}

fn scale_paths(resource: &str) -> ScalePaths {
    ScalePaths {
        spec_replicas: path("spec.replicas"),
        status_replicas: path("status.replicas"),
        selector: path(if resource.is_empty() { "" } else { "spec.selector" }),
    }
}

fn subresource(
    extensions: &Extensions,
    facts: &api::ResourceFacts,
    part: &api::SubresourceFacts,
) -> Option<Subresource> {
    let handler = match (facts.plural, part.name) {
        (_, "status" | "finalize" | "approval" | "ephemeralcontainers" | "resize") => SubresourceHandler::Object,
        (resource, "scale") => SubresourceHandler::Scale(scale_paths(resource)),
        ("pods", "binding") => SubresourceHandler::Create(Arc::new(pods::Bindings)),
        ("pods", "eviction") => SubresourceHandler::Create(Arc::new(pods::Evictions)),
        ("pods", "log" | "exec" | "attach" | "portforward") => {
            SubresourceHandler::Connect(Arc::new(connect::PodConnection::of(part.name)))
        }
        ("pods", "proxy") => SubresourceHandler::Connect(Arc::new(proxy::PodProxy)),
        ("services", "proxy") => SubresourceHandler::Connect(Arc::new(proxy::ServiceProxy)),
        ("nodes", "proxy") => SubresourceHandler::Connect(Arc::new(connect::NodeProxy)),
        (resource, name) => {
            let wanted = format!("{resource}/{name}");
            let found = extensions.creators.iter().find(|((group, key), _)| *group == facts.group && *key == wanted);
            SubresourceHandler::Create(found?.1.clone())
        }
    };
    let kind = ResourceKind::new(part.group, part.version, facts.plural, part.kind, facts.namespaced);
    let type_id = api::type_of(part.group, part.version, part.kind);
    Some(Subresource { name: Str::from_static(part.name), kind, type_id, verbs: strings(&part.verbs), handler })
}

/// A value's text at a path, for selectors.
pub(crate) fn text_at<'o>(object: &'o Object, path: &[&str]) -> &'o str {
    object.0.str_at(path).unwrap_or_default()
}
