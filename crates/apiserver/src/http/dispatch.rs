//! One request from its headers to its answer.

use std::{sync::Arc, time::Instant};

use apimachinery::Status;
use bytes::Bytes;
use http::{HeaderMap, Method, header};

use super::{
    Accept, Connection, HttpRequest, HttpResponse, Parameters, audited, call,
    identity::{authenticate, impersonate},
    respond,
    route::{self, ResourceRoute, Route},
};
use crate::{
    RequestContext, Server, SubresourceHandler, UserInfo,
    audit::Record,
    authorization::{self, Action},
    discovery, metrics, openapi,
    server::store_status,
};

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
        call::call(server, context, &resource, &route, &parameters, verb, request, accept).await
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
