//! Everything that is not a resource: discovery, version, health.

use std::{collections::BTreeMap, sync::Arc};

use apimachinery::{Status, Value, value};
use component_base::metrics::MEDIA_TYPE;

use crate::{
    Resource, Server, health,
    http::{HttpRequest, HttpResponse, Parameters, bytes_response, json_response},
    metrics,
    registry::Table,
};

/// The version of Kubernetes whose API this is.
pub const GIT_VERSION: &str = "v1.37.0";

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// Serves a path outside of the resources.
///
/// # Errors
/// 404 for paths that serve nothing, 405 for other methods than GET.
pub fn serve(server: &Arc<Server>, request: &HttpRequest) -> Result<HttpResponse, Status> {
    if request.method() != http::Method::GET && request.method() != http::Method::HEAD {
        return Err(Status::failure(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        ));
    }
    let table = server.registry().table();
    let accept = request.headers().get(http::header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let aggregated = accept.contains("as=APIGroupDiscoveryList") && accept.contains("v=v2");
    let path = request.uri().path().trim_end_matches('/');
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let parameters = Parameters::parse(request.uri().query().unwrap_or_default());
    match segments.as_slice() {
        ["version"] => Ok(json_response(200, &version())),
        [endpoint] if health::ENDPOINTS.contains(endpoint) => Ok(server.health().answer(endpoint, &parameters)),
        [endpoint, ..] if health::ENDPOINTS.contains(endpoint) => {
            server.health().answer_one(endpoint, &segments[1..].join("/"))
        }
        ["metrics"] => Ok(bytes_response(200, MEDIA_TYPE, metrics::text(server))),
        ["metrics", "slis"] => Ok(bytes_response(200, MEDIA_TYPE, health::indicators())),
        ["api"] if aggregated => Ok(aggregated_response(&table, true)),
        ["apis"] if aggregated => Ok(aggregated_response(&table, false)),
        ["api"] => Ok(json_response(200, &api_versions(request))),
        ["apis"] => Ok(json_response(200, &group_list(&table))),
        ["api", version] => resource_list(&table, "", version),
        ["apis", group] => group_document(&table, group),
        ["apis", group, version] => resource_list(&table, group, version),
        [] | [""] => Ok(json_response(200, &root_paths(server, &table))),
        _ => document(server, path),
    }
}

/// Which version this is; the commit and the date are those that the build was told.
pub(crate) fn version() -> Value {
    let (major, minor) = ("1", "37");
    value!({
        "major": major,
        "minor": minor,
        "emulationMajor": major,
        "emulationMinor": minor,
        "minCompatibilityMajor": major,
        "minCompatibilityMinor": "36",
        "gitVersion": format!("{GIT_VERSION}+sagong{}", env!("CARGO_PKG_VERSION")),
        "gitCommit": option_env!("SAGONG_GIT_COMMIT").unwrap_or_default(),
        "gitTreeState": option_env!("SAGONG_GIT_TREE_STATE").unwrap_or_default(),
        "buildDate": option_env!("SAGONG_BUILD_DATE").unwrap_or("1970-01-01T00:00:00Z"),
        "goVersion": "",
        "compiler": "rustc",
        "platform": format!("linux/{}", architecture())
    })
}

/// The machine's architecture as Go spells it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "powerpc64" => "ppc64le",
        other => other,
    }
}

fn document(server: &Server, path: &str) -> Result<HttpResponse, Status> {
    let document = server.document(path).ok_or_else(Status::no_such_path)?;
    let mut response = bytes_response(200, document.media_type, document.bytes);
    let caching = http::HeaderValue::from_static(document.cache_control);
    response.headers_mut().insert(http::header::CACHE_CONTROL, caching);
    Ok(response)
}

fn root_paths(server: &Server, table: &Table) -> Value {
    let mut paths: Vec<String> = [
        "/api",
        "/api/v1",
        "/apis",
        "/healthz",
        "/livez",
        "/metrics",
        "/metrics/slis",
        "/openapi/v2",
        "/openapi/v3",
        "/readyz",
        "/version",
    ]
    .map(str::to_owned)
    .to_vec();
    paths.extend(server.document_paths().into_iter().map(str::to_owned));
    let checks = health::ENDPOINTS.iter().flat_map(|endpoint| server.health().paths(endpoint));
    paths.extend(checks);
    for resource in table.iter().filter(|resource| !resource.kind.group.is_empty()) {
        paths.push(format!("/apis/{}", resource.kind.group));
        paths.push(format!("/apis/{}", resource.kind.api_version()));
    }
    paths.sort();
    paths.dedup();
    value!({"paths": paths.into_iter().collect::<Value>()})
}

fn api_versions(request: &HttpRequest) -> Value {
    let host =
        request.uri().authority().map(ToString::to_string).or_else(|| {
            request.headers().get(http::header::HOST).and_then(|value| value.to_str().ok()).map(str::to_owned)
        });
    value!({
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": host.unwrap_or_default()}]
    })
}

/// Versions by group; stable ones first, newer before older.
fn groups(table: &Table) -> BTreeMap<String, Vec<String>> {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for resource in table.iter() {
        let versions = groups.entry(resource.kind.group.to_string()).or_default();
        if !versions.iter().any(|version| resource.kind.version == version.as_str()) {
            versions.push(resource.kind.version.to_string());
        }
    }
    for versions in groups.values_mut() {
        versions.sort_by_key(|version| std::cmp::Reverse(version_priority(version)));
    }
    groups
}

/// Upstream's order of versions: stable over beta over alpha, then by number.
pub fn version_priority(version: &str) -> (u8, u64, u64) {
    let parse = |text: &str| -> Option<(u8, u64, u64)> {
        let rest = text.strip_prefix('v')?;
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let major = rest[..end].parse().ok()?;
        match &rest[end..] {
            "" => Some((3, major, 0)),
            tail => match (tail.strip_prefix("beta"), tail.strip_prefix("alpha")) {
                (Some(minor), _) => Some((2, major, minor.parse().ok()?)),
                (_, Some(minor)) => Some((1, major, minor.parse().ok()?)),
                _ => None,
            },
        }
    };
    parse(version).unwrap_or_default()
}

fn group_value(group: &str, versions: &[String]) -> Value {
    let version = |version: &String| value!({"groupVersion": format!("{group}/{version}"), "version": version});
    let preferred = versions.first().map(version).unwrap_or_default();
    value!({"name": group, "versions": versions.iter().map(version).collect::<Value>(), "preferredVersion": preferred})
}

fn group_list(table: &Table) -> Value {
    let groups: Value = groups(table)
        .iter()
        .filter(|(group, _)| !group.is_empty())
        .map(|(group, versions)| group_value(group, versions))
        .collect();
    value!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

fn group_document(table: &Table, group: &str) -> Result<HttpResponse, Status> {
    let groups = groups(table);
    let versions = groups.get(group).ok_or_else(Status::no_such_path)?;
    let mut document = group_value(group, versions);
    document.set(&["kind"], "APIGroup");
    document.set(&["apiVersion"], "v1");
    Ok(json_response(200, &document))
}

fn of_version<'t>(table: &'t Table, group: &str, version: &str) -> Vec<&'t Arc<Resource>> {
    table.iter().filter(|resource| resource.kind.group == group && resource.kind.version == version).collect()
}

fn resource_list(table: &Table, group: &str, version: &str) -> Result<HttpResponse, Status> {
    let resources = of_version(table, group, version);
    let Some(first) = resources.first() else { return Err(Status::no_such_path()) };
    let mut items: Vec<Value> = Vec::new();
    for resource in &resources {
        let mut item = value!({
            "name": &resource.kind.resource,
            "singularName": &resource.singular,
            "namespaced": resource.kind.namespaced,
            "kind": &resource.kind.kind,
            "verbs": resource.verbs.iter().collect::<Value>()
        });
        if !resource.short_names.is_empty() {
            item.set(&["shortNames"], resource.short_names.iter().collect::<Value>());
        }
        if !resource.categories.is_empty() {
            item.set(&["categories"], resource.categories.iter().collect::<Value>());
        }
        if !resource.storage_version_hash.is_empty() {
            item.set(&["storageVersionHash"], &resource.storage_version_hash);
        }
        items.push(item);
        for subresource in &resource.subresources {
            let mut item = value!({
                "name": format!("{}/{}", resource.kind.resource, subresource.name),
                "singularName": "",
                "namespaced": resource.kind.namespaced,
                "kind": &subresource.kind.kind,
                "verbs": subresource.verbs.iter().collect::<Value>()
            });
            if (&subresource.kind.group, &subresource.kind.version) != (&resource.kind.group, &resource.kind.version) {
                if !subresource.kind.group.is_empty() {
                    item.set(&["group"], &subresource.kind.group);
                }
                item.set(&["version"], &subresource.kind.version);
            }
            items.push(item);
        }
    }
    let document = value!({
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": first.kind.api_version(),
        "resources": items.into_iter().collect::<Value>()
    });
    Ok(json_response(200, &document))
}

fn aggregated_response(table: &Table, core: bool) -> HttpResponse {
    let items: Value = groups(table)
        .iter()
        .filter(|(group, _)| group.is_empty() == core)
        .map(|(group, versions)| {
            let versions: Value = versions.iter().map(|version| aggregated_version(table, group, version)).collect();
            let mut item = value!({"metadata": {"creationTimestamp": null}, "versions": versions});
            if !group.is_empty() {
                item.set(&["metadata", "name"], group.as_str());
            }
            item
        })
        .collect();
    let document = value!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items});
    let mut response = json_response(200, &document);
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(AGGREGATED));
    response
}

fn response_kind(kind: &client::ResourceKind) -> Value {
    value!({"group": &kind.group, "version": &kind.version, "kind": &kind.kind})
}

fn aggregated_version(table: &Table, group: &str, version: &str) -> Value {
    let resources: Value = of_version(table, group, version)
        .into_iter()
        .map(|resource| {
            let mut item = value!({
                "resource": &resource.kind.resource,
                "responseKind": response_kind(&resource.kind),
                "scope": if resource.kind.namespaced { "Namespaced" } else { "Cluster" },
                "singularResource": &resource.singular,
                "verbs": resource.verbs.iter().collect::<Value>()
            });
            if !resource.short_names.is_empty() {
                item.set(&["shortNames"], resource.short_names.iter().collect::<Value>());
            }
            if !resource.categories.is_empty() {
                item.set(&["categories"], resource.categories.iter().collect::<Value>());
            }
            if !resource.subresources.is_empty() {
                let subresources: Value = resource
                    .subresources
                    .iter()
                    .map(|subresource| {
                        value!({
                            "subresource": &subresource.name,
                            "responseKind": response_kind(&subresource.kind),
                            "verbs": subresource.verbs.iter().collect::<Value>()
                        })
                    })
                    .collect();
                item.set(&["subresources"], subresources);
            }
            item
        })
        .collect();
    value!({"version": version, "freshness": "Current", "resources": resources})
}
