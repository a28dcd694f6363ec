//! One request from its headers to its answer.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use apimachinery::{Object, Status, Str, Value, decode, decode::Zeros, protobuf, schema::TypeId};
use bytes::Bytes;
use client::PatchType;
use http::{HeaderMap, Method, header};
use http_body_util::{BodyExt, Limited};

use super::{
    Accept, Connection, Format, HttpRequest, HttpResponse, Parameters, REQUEST_BODY_BYTES_LIMIT, View,
    accept::{SUPPORTED, accepts_gzip},
    audited, respond,
    route::{self, ResourceRoute, Route},
    stored, stream, yaml,
};
use crate::{
    RequestContext, Resource, SchemaHandle, Server, Subresource, SubresourceHandler, UserInfo,
    audit::Record,
    authentication,
    authorization::{self, Action},
    discovery,
    handlers::{
        create, delete,
        patch::{self, FieldValidation},
        read, scale,
        update::{self, Replacement, Target},
        watch::Watch,
    },
    metrics, openapi,
    server::store_status,
};

/// Watches end after this time and a random part of it again, so that clients spread over servers.
const WATCH_TIMEOUT: Duration = Duration::from_secs(1800);

/// A client that takes longer to send a body is given up: upstream's time for a whole request.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);
/// The paths outside of the API whose requests are counted.
const METERED_PATHS: [&str; 5] = ["/healthz", "/livez", "/readyz", "/metrics", "/version"];

pub(super) async fn dispatch(server: Arc<Server>, connection: Arc<Connection>, request: HttpRequest) -> HttpResponse {
    let accept = Accept::parse(request.headers());
    let for_errors = *accept.as_ref().unwrap_or(&Accept::JSON);
    let head = request.method() == Method::HEAD;
    let response = match server.auditor() {
        None => {
            let answer = answer(&server, &connection, request, accept).await;
            answer.unwrap_or_else(|status| respond::status_response(&status, for_errors))
        }
        Some(auditor) => audited::dispatch(auditor, &server, &connection, request, accept).await,
    };
    // Over HTTP/2 nobody else leaves out the body, and clients take one for an error.
    if head { response.map(|_| respond::full(Bytes::new())) } else { response }
}

async fn answer(
    server: &Arc<Server>,
    connection: &Connection,
    request: HttpRequest,
    accept: Result<Accept, Status>,
) -> Result<HttpResponse, Status> {
    let user = authenticate(server, connection, request.headers()).await?;
    let route = route::parse(request.uri().path());
    serve(server, user, route, request, accept, None).await
}

/// What follows when it is known who asks. `record` is there when the request is audited.
pub(super) async fn serve(
    server: &Arc<Server>,
    user: UserInfo,
    route: Route,
    request: HttpRequest,
    accept: Result<Accept, Status>,
    record: Option<Arc<Record>>,
) -> Result<HttpResponse, Status> {
    let user = match impersonate(server, &user, request.headers())? {
        Some(acting) => {
            if let Some(record) = &record {
                record.impersonates(&acting);
            }
            acting
        }
        None => user,
    };
    let user_agent = text(request.headers(), header::USER_AGENT.as_str());
    let context = RequestContext::new(user, user_agent).recorded(record);
    let logged = tracing::enabled!(tracing::Level::DEBUG)
        .then(|| (request.method().clone(), request.uri().clone(), Instant::now()));
    let response = match &route {
        Route::Resource(route) => resource_request(server, &context, route, request, accept).await,
        Route::Other => other_request(server, &context, request).await,
    };
    // Warnings belong to refusals as well.
    let for_errors = Accept::JSON;
    let mut response = response.unwrap_or_else(|status| {
        if let Some(record) = &context.record {
            record.ends_with(&status);
        }
        respond::status_response(&status, for_errors)
    });
    respond::add_warnings(&context, &mut response);
    if let Some((method, uri, began)) = logged {
        let (code, took) = (response.status().as_u16(), began.elapsed());
        tracing::debug!(%method, %uri, user = %context.user.name, agent = %context.user_agent, code, ?took, "request");
    }
    Ok(response)
}

pub(super) fn text<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

pub(super) async fn authenticate(
    server: &Server,
    connection: &Connection,
    headers: &HeaderMap,
) -> Result<UserInfo, Status> {
    if let Some(user) = &connection.user {
        return Ok(user.clone());
    }
    if connection.front_proxy
        && let Some(user) = authentication::front_proxy_user(headers)
    {
        return Ok(user);
    }
    let Some(token) = text(headers, "authorization").strip_prefix("Bearer ") else {
        return Ok(UserInfo::anonymous());
    };
    match authentication::authenticate_token(server, token.trim(), &[]).await {
        Ok(Some(user)) => Ok(user),
        Ok(None) => Err(Status::unauthorized()),
        Err(reason) => {
            tracing::debug!(reason, "token refused");
            Err(Status::unauthorized())
        }
    }
}

/// `Impersonate-User` and its siblings: as whom somebody acts who may; `None` for who acts as themselves.
fn impersonate(server: &Arc<Server>, user: &UserInfo, headers: &HeaderMap) -> Result<Option<UserInfo>, Status> {
    let wanted = text(headers, "impersonate-user");
    let groups: Vec<&str> =
        headers.get_all("impersonate-group").iter().filter_map(|value| value.to_str().ok()).collect();
    let uid = text(headers, "impersonate-uid");
    let extra = impersonated_extra(headers);
    if wanted.is_empty() {
        return if groups.is_empty() && uid.is_empty() && extra.is_empty() {
            Ok(None)
        } else {
            Err(Status::internal("requested impersonation without a user: groups, uid and extra need Impersonate-User"))
        };
    }
    let context = RequestContext::new(user.clone(), "");
    let action = |resource, namespace, name| Action {
        verb: "impersonate",
        group: "",
        version: "v1",
        resource,
        subresource: "",
        namespace,
        name,
        path: "",
        field_selector: "",
    };
    let service_account = wanted.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'));
    match service_account {
        Some((namespace, name)) => {
            authorization::authorize(server, &context, &action("serviceaccounts", namespace, name))?
        }
        None => authorization::authorize(server, &context, &action("users", "", wanted))?,
    }
    for group in &groups {
        authorization::authorize(server, &context, &action("groups", "", group))?;
    }
    // These two are of another group than the rest.
    let of_authentication = |resource, name| Action { group: "authentication.k8s.io", ..action(resource, "", name) };
    if !uid.is_empty() {
        authorization::authorize(server, &context, &of_authentication("uids", uid))?;
    }
    for (key, values) in &extra {
        for value in values {
            let action = Action { subresource: key, ..of_authentication("userextras", value) };
            authorization::authorize(server, &context, &action)?;
        }
    }
    let mut acting = match service_account {
        Some((namespace, name)) => UserInfo::service_account(namespace, name),
        None if wanted == "system:anonymous" => UserInfo::anonymous(),
        None => UserInfo::new(wanted, &[]),
    };
    if !groups.is_empty() {
        acting.groups = groups.iter().map(|group| Str::from(*group)).collect();
        if wanted != "system:anonymous" && !acting.in_group("system:authenticated") {
            acting.groups.push(Str::from_static("system:authenticated"));
        }
    }
    acting.uid = uid.into();
    acting.extra = extra;
    Ok(Some(acting))
}

/// What `Impersonate-Extra-KEY` says, by key: in lower case and with its escapes taken back, as upstream.
fn impersonated_extra(headers: &HeaderMap) -> Vec<(Str, Vec<Str>)> {
    let mut extra: Vec<(Str, Vec<Str>)> = Vec::new();
    for name in headers.keys() {
        let Some(key) = name.as_str().strip_prefix("impersonate-extra-") else { continue };
        let key = percent_encoding::percent_decode_str(key).decode_utf8_lossy().to_lowercase();
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        extra.push((key.into(), values.map(Str::from).collect()));
    }
    extra
}

async fn other_request(
    server: &Arc<Server>,
    context: &RequestContext,
    request: HttpRequest,
) -> Result<HttpResponse, Status> {
    let verb = request.method().as_str().to_lowercase();
    authorization::authorize(server, context, &Action::path(&verb, request.uri().path()))?;
    let path = request.uri().path();
    if let Some(handler) = server.path_handler(path) {
        return handler.answer(request).await;
    }
    let observed =
        METERED_PATHS.iter().find(|metered| **metered == path).map(|path| metrics::Request::begin_path(path));
    let answer = match path.starts_with("/openapi/") {
        true => openapi::serve(server, &request).await,
        false => discovery::serve(server, &request),
    };
    if let (Some(observed), Ok(response)) = (observed, &answer) {
        observed.finish(response.status().as_u16(), None);
    }
    answer
}

pub(super) fn verb_of(method: &Method, route: &ResourceRoute, parameters: &Parameters) -> Result<&'static str, Status> {
    let collection = route.name.is_empty();
    Ok(match *method {
        Method::GET | Method::HEAD if !collection => "get",
        Method::GET | Method::HEAD if parameters.flag("watch") => "watch",
        Method::GET | Method::HEAD => "list",
        Method::POST => "create",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE if collection => "deletecollection",
        Method::DELETE => "delete",
        // A proxy passes every method on. As upstream, this one has no verb: who may do everything may do it.
        Method::OPTIONS if route.subresource == "proxy" => "",
        _ => return Err(Status::method_not_supported(&route.group, &route.resource, method.as_str())),
    })
}

async fn resource_request(
    server: &Arc<Server>,
    context: &RequestContext,
    route: &ResourceRoute,
    request: HttpRequest,
    accept: Result<Accept, Status>,
) -> Result<HttpResponse, Status> {
    let parameters = Parameters::parse(request.uri().query().unwrap_or_default());
    let verb = verb_of(request.method(), route, &parameters)?;
    let mut action = Action {
        verb,
        group: &route.group,
        version: &route.version,
        resource: &route.resource,
        subresource: &route.subresource,
        namespace: &route.namespace,
        name: &route.name,
        path: request.uri().path(),
        field_selector: parameters.get("fieldSelector"),
    };
    // Reading the collection of one name is reading that object.
    let selected = if route.name.is_empty() { action.selected("metadata.name") } else { None };
    if let Some(name) = &selected {
        action.name = name;
    }
    authorization::authorize(server, context, &action)?;
    let resource =
        server.registry().find(&route.group, &route.version, &route.resource).ok_or_else(Status::no_such_path)?;
    let mut route = route.clone();
    if !resource.kind.namespaced {
        route.namespace.clear();
    }
    let connects = matches!(
        resource.subresource(&route.subresource).map(|found| &found.handler),
        Some(SubresourceHandler::Connect(_))
    );
    let applies = text(request.headers(), "content-type").starts_with("application/apply-patch");
    let observed = metrics::Request::begin(
        metrics::verb(if connects { "connect" } else { verb }, applies),
        parameters.is_set("dryRun"),
        resource.kind.clone(),
        resource.subresource(&route.subresource).map_or("", |found| found.name.as_str()),
        &route.namespace,
        &route.name,
    );
    let long_running = connects || verb == "watch";
    let place = match long_running {
        true => None,
        false => match server.in_flight().enter(verb, &context.user).await {
            Ok(place) => Some(place),
            Err(status) => {
                observed.terminated(status.code);
                return Err(status);
            }
        },
    };
    // What a client names a revision for, or takes from any, need not be the latest.
    let any_revision = match verb {
        "get" => parameters.get("resourceVersion") == "0",
        "list" | "watch" => !parameters.get("resourceVersion").is_empty() || !parameters.get("continue").is_empty(),
        _ => false,
    };
    let answer = async {
        if !any_revision {
            server.registry().fresh().await.map_err(|error| store_status(&error))?;
        }
        resource_call(server, context, &resource, &route, &parameters, verb, request, accept).await
    };
    let answer = answer.await;
    drop(place);
    match answer {
        Ok(response) if long_running => {
            let code = response.status().as_u16();
            Ok(response.map(|body| observed.follow(body, code)))
        }
        Ok(response) => {
            observed.finish(response.status().as_u16(), http_body::Body::size_hint(response.body()).exact());
            Ok(response)
        }
        Err(status) => {
            observed.finish(status.code, None);
            Err(status)
        }
    }
}

#[allow(clippy::too_many_arguments, reason = "the parts of one request")]
async fn resource_call(
    server: &Arc<Server>,
    context: &RequestContext,
    resource: &Arc<Resource>,
    route: &ResourceRoute,
    parameters: &Parameters,
    verb: &str,
    request: HttpRequest,
    accept: Result<Accept, Status>,
) -> Result<HttpResponse, Status> {
    let compresses = accepts_gzip(request.headers());
    let call = Call { server, context, resource, route, parameters, compresses };
    if !route.subresource.is_empty() {
        let subresource = resource.subresource(&route.subresource).ok_or_else(Status::no_such_path)?;
        return call.subresource(subresource, verb, request, accept).await;
    }
    let accept = accept?;
    if !resource.verbs.iter().any(|offered| *offered == verb) {
        return Err(Status::method_not_supported(&route.group, &route.resource, request.method().as_str()));
    }
    match verb {
        "get" => call.get(accept).await,
        "list" => call.list(accept).await,
        "watch" => call.watch(accept).await,
        "create" => call.create(request, accept).await,
        "update" => call.update(request, accept, "").await,
        "patch" => call.patch(request, accept, "").await,
        "delete" => call.delete(request, accept).await,
        _ => call.delete_collection(request, accept).await,
    }
}

struct Call<'a> {
    server: &'a Arc<Server>,
    context: &'a RequestContext,
    resource: &'a Arc<Resource>,
    route: &'a ResourceRoute,
    parameters: &'a Parameters,
    /// Whether the client takes compressed answers.
    compresses: bool,
}

impl<'a> Call<'a> {
    fn respond(&self, code: u16, object: &Object, accept: Accept) -> HttpResponse {
        respond::object_response(code, self.resource, object, accept, self.parameters.get("includeObject"))
    }

    fn target(&self, subresource: &'a str) -> Target<'a> {
        Target { resource: self.resource, namespace: &self.route.namespace, name: &self.route.name, subresource }
    }

    async fn get(&self, accept: Accept) -> Result<HttpResponse, Status> {
        let (namespace, name) = (&self.route.namespace, &self.route.name);
        if stored::serves(self.resource, accept) {
            let cache = self.resource.stored()?;
            let entry = cache.get(&self.resource.key(namespace, name));
            let entry = entry.ok_or_else(|| self.resource.not_found(name))?;
            if let Some(response) = stored::object_response(cache, &entry, accept.format)? {
                return Ok(response);
            }
        }
        let object = read::get_any(self.server, self.resource, namespace, name).await?;
        Ok(self.respond(200, &object, accept))
    }

    async fn list(&self, accept: Accept) -> Result<HttpResponse, Status> {
        let query = self.parameters.query(&self.route.namespace)?;
        if stored::serves(self.resource, accept) {
            let list = read::list_entries(self.server, self.resource, &query).await?;
            return stored::list_response(self.resource, list, accept.format, self.compresses);
        }
        let list = read::list(self.server, self.resource, &query).await?;
        Ok(respond::list_response(self.resource, &list, accept, self.parameters.get("includeObject")))
    }

    async fn watch(&self, accept: Accept) -> Result<HttpResponse, Status> {
        let query = self.parameters.query(&self.route.namespace)?;
        let initial_events = self.parameters.optional_flag("sendInitialEvents");
        if initial_events.is_some() && query.resource_version_match != "NotOlderThan" {
            return Err(Status::bad_request("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
        }
        let timeout = match self.parameters.get("timeoutSeconds").parse::<u64>() {
            Ok(seconds) if seconds > 0 => Duration::from_secs(seconds),
            _ => WATCH_TIMEOUT.mul_f64(1.0 + stdx::random::fraction()),
        };
        let watch = Watch::begin(self.server, self.resource, query, initial_events).await?;
        let encoding = stream::Encoding {
            accept,
            include_object: self.parameters.get("includeObject").to_owned(),
            bookmarks: self.parameters.flag("allowWatchBookmarks"),
            timeout,
        };
        let media_type = encoding.media_type();
        let mut response = http::Response::new(stream::body(watch, encoding));
        response.headers_mut().insert(header::CONTENT_TYPE, http::HeaderValue::from_static(media_type));
        response.headers_mut().insert(header::CACHE_CONTROL, http::HeaderValue::from_static("no-cache, private"));
        Ok(response)
    }

    async fn create(&self, request: HttpRequest, accept: Accept) -> Result<HttpResponse, Status> {
        // What is answered and not kept has no rows.
        if self.resource.cache.is_none() && accept.view == View::Table {
            return Err(Status::not_acceptable(&SUPPORTED));
        }
        let object = self.body(request, self.resource.type_id, &self.resource.kind, true).await?;
        let options = self.parameters.write_options()?;
        let namespace = &self.route.namespace;
        let created = create::create(self.server, self.context, self.resource, namespace, object, &options).await?;
        if let Some(record) = &self.context.record {
            record.made(&created);
        }
        Ok(self.respond(201, &created, accept))
    }

    async fn update(&self, request: HttpRequest, accept: Accept, subresource: &'a str) -> Result<HttpResponse, Status> {
        let object = self.body(request, self.resource.type_id, &self.resource.kind, true).await?;
        let options = self.parameters.write_options()?;
        let change = Replacement(object);
        let (object, created) =
            update::update(self.server, self.context, &self.target(subresource), &change, &options).await?;
        Ok(self.respond(if created { 201 } else { 200 }, &object, accept))
    }

    async fn patch(&self, request: HttpRequest, accept: Accept, subresource: &'a str) -> Result<HttpResponse, Status> {
        let (patch_type, patch, validation, options) = self.patch_body(request).await?;
        let (object, created) = patch::patch(
            self.server,
            self.context,
            &self.target(subresource),
            patch_type,
            &patch,
            validation,
            &options,
        )
        .await?;
        Ok(self.respond(if created { 201 } else { 200 }, &object, accept))
    }

    async fn patch_body(
        &self,
        request: HttpRequest,
    ) -> Result<(PatchType, Value, FieldValidation, crate::handlers::WriteOptions), Status> {
        let media_type =
            text(request.headers(), "content-type").split(';').next().unwrap_or_default().trim().to_owned();
        let (patch_type, is_yaml) = match media_type.as_str() {
            "application/json-patch+json" => (PatchType::Json, false),
            "application/merge-patch+json" => (PatchType::Merge, false),
            "application/strategic-merge-patch+json" => (PatchType::Strategic, false),
            "application/apply-patch+yaml" => (PatchType::Apply, true),
            _ => {
                return Err(Status::unsupported_media_type(&[
                    "application/json-patch+json",
                    "application/merge-patch+json",
                    "application/strategic-merge-patch+json",
                    "application/apply-patch+yaml",
                ]));
            }
        };
        let bytes = read_body(request).await?;
        let validation = self.parameters.field_validation()?;
        let patch = match is_yaml {
            true => {
                let parsed = yaml::parse(&bytes)?;
                patch::check_strict(self.context, validation, &parsed.strict_errors)?;
                parsed.value
            }
            false => parse_json(&bytes)?,
        };
        if let Some(record) = &self.context.record {
            record.sent_patch(&bytes, is_yaml, &patch);
        }
        let mut options = self.parameters.write_options()?;
        if patch_type == PatchType::Apply && options.field_manager.is_empty() {
            return Err(Status::bad_request(
                "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch",
            ));
        }
        options.force = self.parameters.flag("force");
        Ok((patch_type, patch, validation, options))
    }

    async fn delete_body(&self, request: HttpRequest) -> Result<delete::DeleteOptions, Status> {
        let format = Format::of_body(request.headers());
        let bytes = read_body(request).await?;
        if bytes.is_empty() {
            return self.parameters.delete_options(None);
        }
        let type_id = api::type_of("meta.k8s.io", "v1", "DeleteOptions")
            .ok_or_else(|| Status::internal("DeleteOptions has no schema"))?;
        let schema = SchemaHandle::Static(api::schema());
        let format = format?;
        let (value, _) = decode_bytes(&bytes, format, &schema, type_id, Zeros::Leave)
            .map_err(|problem| Status::bad_request(format!("DeleteOptions: {problem}")))?;
        if let Some(record) = &self.context.record {
            record.sent(&bytes, format, &value);
        }
        self.parameters.delete_options(Some(&value))
    }

    async fn delete(&self, request: HttpRequest, accept: Accept) -> Result<HttpResponse, Status> {
        let options = self.delete_body(request).await?;
        let deleted = delete::delete(self.server, self.context, &self.target(""), &options).await?;
        let kind = &self.resource.kind;
        Ok(match deleted {
            delete::Deleted::Gone(object) if !self.resource.returns_deleted_object() => {
                let status = Status::success(&kind.group, &kind.resource, object.name(), object.uid());
                if let Some(record) = &self.context.record {
                    record.ends_with(&status);
                }
                respond::status_response(&status, accept)
            }
            delete::Deleted::Gone(object) | delete::Deleted::Pending(object) => self.respond(200, &object, accept),
        })
    }

    async fn delete_collection(&self, request: HttpRequest, accept: Accept) -> Result<HttpResponse, Status> {
        let options = self.delete_body(request).await?;
        let query = self.parameters.query(&self.route.namespace)?;
        let items = delete::delete_collection(self.server, self.context, self.resource, &query, &options).await?;
        let list = read::List {
            items,
            resource_version: self.server.registry().applied_revision(),
            continue_token: String::new(),
            remaining: None,
        };
        Ok(respond::list_response(self.resource, &list, accept, self.parameters.get("includeObject")))
    }

    async fn subresource(
        &self,
        subresource: &'a Subresource,
        verb: &str,
        request: HttpRequest,
        accept: Result<Accept, Status>,
    ) -> Result<HttpResponse, Status> {
        let (namespace, name) = (&self.route.namespace, &self.route.name);
        let offered = |verb: &str| subresource.verbs.iter().any(|offered| *offered == verb);
        if let SubresourceHandler::Connect(connector) = &subresource.handler {
            let rest = &self.route.rest;
            return connector.connect(self.server, self.context, namespace, name, rest, request).await;
        }
        if !offered(verb) {
            return Err(Status::method_not_supported(
                &self.route.group,
                &self.route.resource,
                request.method().as_str(),
            ));
        }
        let accept = accept?;
        match &subresource.handler {
            SubresourceHandler::Object => match verb {
                "get" => self.get(accept).await,
                "update" => self.update(request, accept, &subresource.name).await,
                _ => self.patch(request, accept, &subresource.name).await,
            },
            SubresourceHandler::Scale(paths) => self.scale(subresource, paths, verb, request, accept).await,
            SubresourceHandler::Create(creator) => {
                let type_id = subresource.type_id.ok_or_else(|| Status::internal("a subresource without a schema"))?;
                let object = self.body(request, type_id, &subresource.kind, false).await?;
                let dry_run = self.parameters.write_options()?.dry_run;
                let place =
                    create::Posting { kind: &self.resource.kind, subresource: &subresource.name, namespace, name };
                let made = create::post(self.server, self.context, &place, &**creator, object, dry_run).await?;
                Ok(self.respond(201, &made, accept))
            }
            SubresourceHandler::Connect(_) => Err(Status::internal("connections are answered above")),
        }
    }

    async fn scale(
        &self,
        subresource: &Subresource,
        paths: &crate::resource::ScalePaths,
        verb: &str,
        request: HttpRequest,
        accept: Accept,
    ) -> Result<HttpResponse, Status> {
        let target = self.target("");
        let type_id = subresource.type_id.ok_or_else(|| Status::internal("Scale has no schema"))?;
        let scaled = match verb {
            "get" => {
                let object = read::get(self.resource, target.namespace, target.name)?;
                scale::scale_of(&object, paths)?
            }
            "update" => {
                let sent = self.body(request, type_id, &subresource.kind, false).await?;
                let options = self.parameters.write_options()?;
                let edit = |_: Object| Ok(sent.clone());
                scale::update_scale(self.server, self.context, &target, paths, &edit, &options).await?
            }
            _ => {
                let (patch_type, patch, _, options) = self.patch_body(request).await?;
                if patch_type == PatchType::Apply {
                    let scaled =
                        scale::apply_scale(self.server, self.context, &target, paths, &patch, &options).await?;
                    return Ok(self.respond(200, &scaled, accept));
                }
                let edit = |present: Object| patch::patch_tree(present, patch_type, &patch, api::schema(), type_id);
                scale::update_scale(self.server, self.context, &target, paths, &edit, &options).await?
            }
        };
        Ok(self.respond(200, &scaled, accept))
    }

    /// Decodes, checks and defaults a body.
    async fn body(
        &self,
        request: HttpRequest,
        type_id: TypeId,
        kind: &client::ResourceKind,
        default: bool,
    ) -> Result<Object, Status> {
        let format = Format::of_body(request.headers())?;
        let bytes = read_body(request).await?;
        let own = default;
        let schema = if own { self.resource.schema.clone() } else { SchemaHandle::Static(api::schema()) };
        let (mut value, strict_errors) =
            decode_bytes(&bytes, format, &schema, type_id, Zeros::Fill).map_err(|problem| {
                Status::bad_request(format!(
                    "{} in version {:?} cannot be handled as a {}: {problem}",
                    kind.kind, kind.version, kind.kind
                ))
            })?;
        if let Some(record) = &self.context.record {
            record.sent(&bytes, format, &value);
        }
        check_kind(&value, kind)?;
        patch::check_strict(self.context, self.parameters.field_validation()?, &strict_errors).map_err(|status| {
            let shown = format!("{} in version {:?} cannot be handled as a {}", kind.kind, kind.version, kind.kind);
            Status::bad_request(format!("{shown}: {}", status.message))
        })?;
        if default {
            self.resource.strategy.default(&schema, type_id, &mut value);
        }
        Ok(Object(value))
    }
}

fn check_kind(value: &Value, kind: &client::ResourceKind) -> Result<(), Status> {
    let expected = kind.api_version();
    match value.str_at(&["apiVersion"]).unwrap_or_default() {
        "" => {}
        version if version == expected => {}
        version => {
            return Err(Status::bad_request(format!(
                "the API version in the data ({version}) does not match the expected API version ({expected})"
            )));
        }
    }
    match value.str_at(&["kind"]).unwrap_or_default() {
        "" => Ok(()),
        found if kind.kind == found => Ok(()),
        found => Err(Status::bad_request(format!(
            "the kind in the data ({found}) does not match the expected kind ({})",
            kind.kind
        ))),
    }
}

/// Decodes a body in any format.
pub(crate) fn decode_bytes(
    bytes: &Bytes,
    format: Format,
    schema: &SchemaHandle,
    type_id: TypeId,
    zeros: Zeros,
) -> Result<(Value, Vec<String>), String> {
    match format {
        Format::Json => {
            let decoded = decode::json(bytes, schema, type_id, zeros).map_err(|error| error.to_string())?;
            Ok((decoded.value, decoded.strict_errors))
        }
        Format::Yaml => {
            let parsed = yaml::parse(bytes).map_err(|status| status.message)?;
            let decoded = decode::tree(parsed.value, schema, type_id, zeros).map_err(|error| error.to_string())?;
            Ok((decoded.value, [parsed.strict_errors, decoded.strict_errors].concat()))
        }
        Format::Protobuf => {
            let envelope = protobuf::Envelope::open(bytes).map_err(|error| error.to_string())?;
            let mut value = protobuf::decode(&envelope.raw, schema, type_id).map_err(|error| error.to_string())?;
            if !envelope.api_version.is_empty() {
                value.make_map().insert(Str::from_static("apiVersion"), envelope.api_version);
            }
            if !envelope.kind.is_empty() {
                value.make_map().insert(Str::from_static("kind"), envelope.kind);
            }
            Ok((value, Vec::new()))
        }
    }
}

/// Reads JSON without a schema.
pub(super) fn parse_json(bytes: &Bytes) -> Result<Value, Status> {
    decode::json_untyped(bytes).map_err(|error| Status::bad_request(format!("error decoding patch: {error}")))
}

/// Reads a body up to the limit.
pub(crate) async fn read_body(request: HttpRequest) -> Result<Bytes, Status> {
    let body = Limited::new(request.into_body(), REQUEST_BODY_BYTES_LIMIT).collect();
    let Ok(body) = tokio::time::timeout(BODY_TIMEOUT, body).await else {
        return Err(Status::timeout("request did not complete within the allotted timeout"));
    };
    match body {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(Status::request_entity_too_large(format!(
            "Request entity too large: limit is {REQUEST_BODY_BYTES_LIMIT}"
        ))),
        Err(error) => Err(Status::bad_request(format!("the body could not be read: {error}"))),
    }
}
