//! `/openapi/v3` and `/openapi/v2`: what the server serves, as documents that clients read.
//!
//! Documents are derived from the resources and their schemas when somebody first asks for one, and kept
//! compressed until what they describe changes. Their hashes, which stand in the index and in the addresses
//! that it lists, are taken of what a document is made from, so that the index builds nothing.
//!
//! `paths` makes operations of resources, `types` schemas of types, `render` and `document` write them.
//! Upstream's counterpart is `k8s.io/kube-openapi`, with `apiserver/pkg/endpoints/openapi`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    io::Read,
    sync::Arc,
    time::{Duration, SystemTime},
};

use apimachinery::{Status, Str, Value, value};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use parking_lot::Mutex;

use crate::{
    Resource, SchemaHandle, Server,
    http::{HttpRequest, HttpResponse, Parameters, accepts_gzip, full, json_response},
    registry::Table,
};
use document::{Served, Subject};

mod custom;
mod document;
mod leaves;
mod model;
mod parameters;
mod paths;
mod render;
mod types;

/// Raised when documents of the same resources come out differently: clients keep them by their hash.
const FORM: u32 = 2;
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// The documents of a server.
#[derive(Default)]
pub(crate) struct Documents {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The table that `hashes` were taken of.
    table: Option<Arc<Table>>,
    served: Arc<Served>,
    hashes: Arc<BTreeMap<String, (Subject, String)>>,
    /// By key: the hash of what it was made from, and the document, compressed.
    built: BTreeMap<String, (String, Bytes)>,
}

impl State {
    /// Takes note of a table that changed.
    fn follow(&mut self, table: Arc<Table>) {
        if self.table.as_ref().is_some_and(|known| Arc::ptr_eq(known, &table)) {
            return;
        }
        let mut served = Served::new();
        for resource in table.iter() {
            let key = (resource.kind.group.clone(), resource.kind.version.clone());
            served.entry(key).or_default().push(resource.clone());
        }
        let hashes: BTreeMap<String, (Subject, String)> =
            subjects(&served).into_iter().map(|subject| (subject.key(), hashed(subject, &served))).collect();
        self.built.retain(|key, (hash, _)| hashes.get(key).is_some_and(|(_, current)| current == hash));
        self.served = Arc::new(served);
        self.hashes = Arc::new(hashes);
        self.table = Some(table);
    }
}

fn subjects(served: &Served) -> Vec<Subject> {
    let groups: BTreeSet<&Str> = served.keys().map(|(group, _)| group).collect();
    let mut subjects: Vec<Subject> = groups.into_iter().cloned().map(Subject::Group).collect();
    subjects.extend([Subject::Groups, Subject::Version, Subject::Everything]);
    subjects.extend(served.keys().map(|(group, version)| Subject::GroupVersion(group.clone(), version.clone())));
    subjects
}

/// The subject with a hash of everything that its document depends on.
fn hashed(subject: Subject, served: &Served) -> (Subject, String) {
    let mut text = format!("{FORM} {} {}", env!("CARGO_PKG_VERSION"), subject.key());
    let mut resources: Vec<&Arc<Resource>> = Vec::new();
    match &subject {
        Subject::GroupVersion(group, version) => {
            resources.extend(served.get(&(group.clone(), version.clone())).into_iter().flatten());
        }
        Subject::Everything => resources.extend(served.values().flatten()),
        _ => {}
    }
    for resource in resources {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n{:?} {:?}", resource.kind, resource.verbs);
        for part in &resource.subresources {
            let _ = write!(text, " {} {:?} {:?}", part.name, part.kind, part.verbs);
        }
        if let SchemaHandle::Shared(schema) = &resource.schema {
            let _ =
                write!(text, " {:?} {:?}", schema.types().collect::<Vec<_>>(), resource.strategy.published_schema());
        }
    }
    let hash = format!("{:032X}", xxhash_rust::xxh3::xxh3_128(text.as_bytes()));
    (subject, hash)
}

/// Answers a path below `/openapi`.
///
/// # Errors
/// 404 for documents that are not, 405 for other methods than GET, 406 for formats that are not.
pub(crate) async fn serve(server: &Arc<Server>, request: &HttpRequest) -> Result<HttpResponse, Status> {
    if request.method() != http::Method::GET && request.method() != http::Method::HEAD {
        let message = "the server does not allow this method on the requested resource";
        return Err(Status::failure(405, "MethodNotAllowed", message));
    }
    let path = request.uri().path().trim_end_matches('/');
    let (key, index) = match path.strip_prefix("/openapi/") {
        Some("v2") => ("v2", false),
        Some("v3") => ("", true),
        Some(rest) => (rest.strip_prefix("v3/").ok_or_else(Status::no_such_path)?, false),
        None => return Err(Status::no_such_path()),
    };
    let table = server.registry().table();
    let hashes = {
        let mut state = server.openapi().state.lock();
        state.follow(table);
        state.hashes.clone()
    };
    if index {
        return conditional(request.headers(), &index_hash(&hashes), || Ok(json_response(200, &self::index(&hashes))));
    }
    let (subject, hash) = hashes
        .get(key)
        .filter(|(subject, _)| (*subject == Subject::Everything) == (path == "/openapi/v2"))
        .ok_or_else(Status::no_such_path)?;
    let media_type = accepted(request.headers())?;
    let wanted = Parameters::parse(request.uri().query().unwrap_or_default()).get("hash").to_owned();
    if !wanted.is_empty() && wanted != *hash {
        return Ok(moved(key, hash));
    }
    let compressed = built(server, subject.clone(), hash.clone()).await?;
    let mut response = conditional(request.headers(), hash, || body(request.headers(), compressed, media_type))?;
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    headers.remove(header::CACHE_CONTROL);
    if !wanted.is_empty() {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, immutable"));
        let expires = httpdate::fmt_http_date(SystemTime::from(stdx::clock::now()) + YEAR);
        if let Ok(expires) = HeaderValue::from_str(&expires) {
            headers.insert(header::EXPIRES, expires);
        }
    }
    Ok(response)
}

/// A document as text: `api/v1`, `apis/apps/v1`, `version`, or `v2` for the one of everything in the old form.
/// `None` when there is no such document.
///
/// # Errors
/// When it could not be compressed.
pub fn document(server: &Server, key: &str) -> std::io::Result<Option<Vec<u8>>> {
    let mut state = server.openapi().state.lock();
    state.follow(server.registry().table());
    let Some((subject, _)) = state.hashes.get(key) else { return Ok(None) };
    let compressed = document::build(subject, &state.served)?;
    let mut expanded = Vec::new();
    flate2::read::GzDecoder::new(&compressed[..]).read_to_end(&mut expanded)?;
    Ok(Some(expanded))
}

/// The document, made if it is not there yet.
async fn built(server: &Arc<Server>, subject: Subject, hash: String) -> Result<Bytes, Status> {
    let server = server.clone();
    let built = tokio::task::spawn_blocking(move || {
        let mut state = server.openapi().state.lock();
        let key = subject.key();
        if let Some((known, document)) = state.built.get(&key)
            && *known == hash
        {
            return Ok(document.clone());
        }
        let served = state.served.clone();
        let document = document::build(&subject, &served)?;
        let current = hashed(subject, &served).1;
        state.built.insert(key, (current, document.clone()));
        Ok::<_, std::io::Error>(document)
    });
    match built.await {
        Ok(Ok(document)) => Ok(document),
        Ok(Err(error)) => Err(Status::internal(format!("write the OpenAPI document: {error}"))),
        Err(error) => Err(Status::internal(format!("make the OpenAPI document: {error}"))),
    }
}

fn index(hashes: &BTreeMap<String, (Subject, String)>) -> Value {
    let mut paths = value!({});
    for (key, (subject, hash)) in hashes {
        if *subject != Subject::Everything {
            paths.set(&[key], value!({"serverRelativeURL": format!("/openapi/v3/{key}?hash={hash}")}));
        }
    }
    value!({"paths": paths})
}

fn index_hash(hashes: &BTreeMap<String, (Subject, String)>) -> String {
    let all: Vec<&str> = hashes.values().map(|(_, hash)| hash.as_str()).collect();
    format!("{:032X}", xxhash_rust::xxh3::xxh3_128(all.concat().as_bytes()))
}

/// The format, if the client takes the one there is: every client that asks for protobuf first takes JSON too,
/// but for those that read the second version to learn about types before the third was there.
fn accepted(headers: &HeaderMap) -> Result<&'static str, Status> {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("*/*");
    let takes = |one: &str| {
        let media = one.split(';').next().unwrap_or_default().trim();
        matches!(media, "" | "application/json" | "*/*" | "application/*")
    };
    match accept.split(',').any(takes) {
        true => Ok("application/json"),
        false => Err(Status::not_acceptable(&["application/json"])),
    }
}

fn moved(key: &str, hash: &str) -> HttpResponse {
    let mut response = http::Response::new(full(Bytes::new()));
    *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
    if let Ok(location) = HeaderValue::from_str(&format!("/openapi/v3/{key}?hash={hash}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// 304 when the client has it already, else what `answer` makes; with its tag in either case.
fn conditional(
    headers: &HeaderMap,
    hash: &str,
    answer: impl FnOnce() -> Result<HttpResponse, Status>,
) -> Result<HttpResponse, Status> {
    let tag = format!("\"{hash}\"");
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let same = known.flat_map(|value| value.split(',')).any(|one| {
        let one = one.trim();
        one == "*" || one.trim_start_matches("W/") == tag
    });
    let mut response = if same {
        let mut response = http::Response::new(full(Bytes::new()));
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        answer()?
    };
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}

/// The document as it is kept, or expanded for clients that do not expand it themselves.
fn body(headers: &HeaderMap, compressed: Bytes, media_type: &'static str) -> Result<HttpResponse, Status> {
    let mut response = if accepts_gzip(headers) {
        let mut response = http::Response::new(full(compressed));
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        response
    } else {
        let mut expanded = Vec::new();
        flate2::read::GzDecoder::new(&compressed[..])
            .read_to_end(&mut expanded)
            .map_err(|error| Status::internal(format!("expand the OpenAPI document: {error}")))?;
        http::Response::new(full(expanded))
    };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use apimachinery::schema::{Field, Kind, Schema, StructType};
    use client::ResourceKind;

    use super::*;
    use crate::{DefaultTable, Guard, resource::DefaultStrategy};

    fn expand(document: &Bytes) -> Value {
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(&document[..]).read_to_end(&mut text).unwrap();
        apimachinery::decode::json_untyped(&text).unwrap()
    }

    /// A custom resource whose specification has one field.
    fn cron_tabs(field: &str) -> Resource {
        let mut schema = Schema::new();
        let spec = schema.declare("spec");
        let mut size = Field::new(field, 0, Kind::IntOrString);
        size.nullable = true;
        schema.define(spec, StructType { name: "spec".into(), fields: vec![size], ..StructType::default() });
        let root = schema.declare("root");
        let fields = vec![Field::new("spec", 0, Kind::Struct(spec))];
        schema.define(root, StructType { name: "root".into(), fields, ..StructType::default() });
        Resource {
            kind: ResourceKind::new("stable.example.com", "v1", "crontabs", "CronTab", true),
            singular: "crontab".into(),
            short_names: Vec::new(),
            categories: Vec::new(),
            verbs: ["create", "get", "list", "patch", "watch"].map(Str::from).to_vec(),
            storage_version_hash: Str::EMPTY,
            schema: SchemaHandle::Shared(Arc::new(schema)),
            type_id: root,
            strategy: Arc::new(DefaultStrategy),
            table: Arc::new(DefaultTable),
            subresources: Vec::new(),
            cache: None,
            creator: None,
            reader: None,
            conversion: None,
            versions: None,
            guard: Guard::default(),
        }
    }

    fn served(field: &str) -> Served {
        let key = (Str::from("stable.example.com"), Str::from("v1"));
        Served::from([(key, vec![Arc::new(cron_tabs(field))])])
    }

    #[test]
    fn custom_resources_are_described_by_their_own_schema() {
        let subject = Subject::GroupVersion("stable.example.com".into(), "v1".into());
        let document = expand(&document::build(&subject, &served("size")).unwrap());
        let path = "/apis/stable.example.com/v1/namespaces/{namespace}/crontabs/{name}";
        let patch = document.at(&["paths", path, "patch"]).unwrap();
        assert_eq!(patch.str_at(&["operationId"]), Some("patchStableExampleComV1NamespacedCronTab"));
        let named = |parameter: &Value| parameter.str_at(&["name"]) == Some("fieldValidation");
        assert!(patch.list_at(&["parameters"]).iter().any(named), "{patch:?}");
        let schemas = document.at(&["components", "schemas"]).unwrap();
        let schema = schemas.get("com.example.stable.v1.CronTab").unwrap();
        let size = schema.at(&["properties", "spec", "properties", "size"]).unwrap();
        assert_eq!(*size, value!({"x-kubernetes-int-or-string": true, "nullable": true}));
        assert!(schemas.get("com.example.stable.v1.CronTabList").is_some());
        assert!(schemas.get("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta").is_some());
    }

    #[test]
    fn hashes_follow_what_documents_are_made_from() {
        let hash = |subject: &Subject, field: &str| hashed(subject.clone(), &served(field)).1;
        let own = Subject::GroupVersion("stable.example.com".into(), "v1".into());
        assert_eq!(hash(&own, "size"), hash(&own, "size"));
        assert_ne!(hash(&own, "size"), hash(&own, "length"));
        assert_ne!(hash(&Subject::Everything, "size"), hash(&Subject::Everything, "length"));
        assert_eq!(hash(&Subject::Groups, "size"), hash(&Subject::Groups, "length"));
    }

    #[test]
    fn known_documents_are_not_sent_again() {
        let mut headers = HeaderMap::new();
        let answer = || Ok(json_response(200, &value!({})));
        assert_eq!(conditional(&headers, "AB", answer).unwrap().status(), 200);
        headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static("\"X\", W/\"AB\""));
        let response = conditional(&headers, "AB", answer).unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()[header::ETAG]),
            (304, &HeaderValue::from_static("\"AB\""))
        );
    }
}
