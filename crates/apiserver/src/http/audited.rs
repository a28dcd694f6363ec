//! Requests of a server that records them: the stages of one over HTTP.

use std::{net::IpAddr, panic::AssertUnwindSafe, sync::Arc};

use apimachinery::{Status, Str, Value, json, protobuf};
use bytes::Bytes;
use flate2::read::GzDecoder;
use futures::FutureExt;
use http::{HeaderMap, HeaderValue, header};
use http_body_util::BodyExt;

use super::{
    Accept, Connection, Format, HttpRequest, HttpResponse, Parameters,
    dispatch::{serve, text, verb_of},
    full, held,
    identity::authenticate,
    respond,
    route::{self, ResourceRoute, Route},
    yaml,
};
use crate::{
    Server,
    audit::{self, Asked, Auditor, Record, SplicedUntil, Stage, UnderWay},
    authorization::Action,
};

/// What tells clients under which identifier a request is recorded, and servers which one to take.
const AUDIT_ID: &str = "audit-id";
/// The subresources whose requests run as long as the client wants, as upstream.
const LONG_RUNNING: [&str; 5] = ["attach", "exec", "proxy", "log", "portforward"];

/// Answers a request, and records it as the policy says.
pub(super) async fn dispatch(
    auditor: &Arc<Auditor>,
    server: &Arc<Server>,
    connection: &Connection,
    request: HttpRequest,
    accept: Result<Accept, Status>,
) -> HttpResponse {
    let received = stdx::clock::now();
    let audit_id = match text(request.headers(), AUDIT_ID) {
        "" => Str::from(stdx::random::uuid()),
        given => Str::from(given),
    };
    let for_errors = *accept.as_ref().unwrap_or(&Accept::JSON);
    let authenticated = authenticate(server, connection, request.headers()).await;
    let route = route::parse(request.uri().path());
    let named = Named::of(&request, &route);
    let action = named.action(&request, &route);
    let user = authenticated.as_ref().ok();
    let verdict = auditor.judge(user, &action);
    let mut response = if verdict.level == audit::Level::None {
        let response = match authenticated {
            Ok(user) => serve(server, user, route, request, accept, None).await,
            Err(status) => Err(status),
        };
        response.unwrap_or_else(|status| respond::status_response(&status, for_errors))
    } else {
        let asked = Asked {
            action: &action,
            request_uri: request.uri().path_and_query().map_or("", |uri| uri.as_str()).into(),
            audit_id: audit_id.clone(),
            source_ips: source_ips(request.headers(), connection.address),
            user_agent: text(request.headers(), header::USER_AGENT.as_str()),
            received,
        };
        let record = Record::begin(auditor, verdict, user, asked);
        let long_running = is_long_running(action.verb, action.subresource);
        match authenticated {
            Err(status) => {
                // Who it is stays unknown, and so there is but this one event.
                record.ends_with(&status);
                record.answered_value(&status.to_value());
                record.reach(Stage::ResponseStarted).await;
                respond::status_response(&status, for_errors)
            }
            Ok(user) => {
                let answer = |record| serve(server, user, route, request, accept, Some(record));
                recorded(record, long_running, for_errors, answer).await
            }
        }
    };
    if let Ok(value) = HeaderValue::from_str(&audit_id) {
        response.headers_mut().insert(AUDIT_ID, value);
    }
    response
}

/// The stages of a request that is recorded.
async fn recorded<A, F>(record: Arc<Record>, long_running: bool, for_errors: Accept, answer: A) -> HttpResponse
where
    A: FnOnce(Arc<Record>) -> F,
    F: Future<Output = Result<HttpResponse, Status>>,
{
    if !record.reach(Stage::RequestReceived).await {
        audit::rejected();
        return respond::status_response(&Status::internal("failed to store audit event"), for_errors);
    }
    let under_way = UnderWay(record.clone());
    let answered = AssertUnwindSafe(answer(record.clone())).catch_unwind().await;
    let answered = match answered {
        Ok(answered) => answered,
        Err(panic) => {
            let said = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let said = said.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
            record.ends_with(&Status::failure(500, "InternalError", format!("APIServer panic'd: {said}")));
            record.reach(Stage::Panic).await;
            std::panic::resume_unwind(panic)
        }
    };
    let mut response = answered.unwrap_or_else(|status| {
        record.ends_with(&status);
        respond::status_response(&status, for_errors)
    });
    record.ends_with_code(response.status().as_u16());
    if long_running {
        record.reach(Stage::ResponseStarted).await;
        if let Some(SplicedUntil(mut end)) = response.extensions_mut().remove() {
            tokio::spawn(async move {
                // Nothing is ever sent there: it ends with the two connections.
                let _ = end.changed().await;
                record.reach(Stage::ResponseComplete).await;
                drop(under_way);
            });
            return response;
        }
        return response.map(|body| held::until_the_end_of(body, under_way));
    }
    if record.wants_response() {
        response = keep_answer(&record, response).await;
    }
    // A list that is written while it is sent has ended when the client has it.
    if http_body::Body::size_hint(response.body()).exact().is_none() {
        return response.map(|body| held::until_the_end_of(body, under_way));
    }
    record.reach(Stage::ResponseComplete).await;
    response
}

/// What a request asks for, in the words of authorization.
struct Named {
    verb: Str,
    /// The one object that a collection is narrowed to.
    selected: Option<Str>,
    field_selector: String,
}

impl Named {
    fn of(request: &HttpRequest, route: &Route) -> Named {
        let Route::Resource(route) = route else {
            let verb = request.method().as_str().to_lowercase().into();
            return Named { verb, selected: None, field_selector: String::new() };
        };
        let parameters = Parameters::parse(request.uri().query().unwrap_or_default());
        // Methods that mean nothing have no verb, as upstream.
        let verb = verb_of(request.method(), route, &parameters).unwrap_or_default();
        let field_selector = parameters.get("fieldSelector").to_owned();
        let mut named = Named { verb: Str::from_static(verb), selected: None, field_selector };
        if route.name.is_empty() {
            named.selected = named.resource_action(request, route).selected("metadata.name");
        }
        named
    }

    fn resource_action<'a>(&'a self, request: &'a HttpRequest, route: &'a ResourceRoute) -> Action<'a> {
        Action {
            verb: &self.verb,
            group: &route.group,
            version: &route.version,
            resource: &route.resource,
            subresource: &route.subresource,
            namespace: &route.namespace,
            name: self.selected.as_ref().map_or(&route.name, |name| name.as_str()),
            path: request.uri().path(),
            field_selector: &self.field_selector,
        }
    }

    fn action<'a>(&'a self, request: &'a HttpRequest, route: &'a Route) -> Action<'a> {
        match route {
            Route::Resource(route) => self.resource_action(request, route),
            Route::Other => Action::path(&self.verb, request.uri().path()),
        }
    }
}

fn is_long_running(verb: &str, subresource: &str) -> bool {
    verb == "watch" || LONG_RUNNING.contains(&subresource)
}

/// From where a request comes: what proxies say, then what is known.
fn source_ips(headers: &HeaderMap, address: Option<IpAddr>) -> Vec<IpAddr> {
    let parse = |text: &str| text.trim().parse::<IpAddr>().ok();
    let mut addresses: Vec<IpAddr> = text(headers, "x-forwarded-for").split(',').filter_map(parse).collect();
    if let Some(real) = parse(text(headers, "x-real-ip"))
        && !addresses.contains(&real)
    {
        addresses.push(real);
    }
    if let Some(address) = address
        && addresses.last() != Some(&address)
    {
        addresses.push(address);
    }
    addresses
}

/// Records the object that is answered. An answer that is at hand in JSON is shared; others are brought into JSON.
async fn keep_answer(record: &Record, response: HttpResponse) -> HttpResponse {
    let (parts, body) = response.into_parts();
    let bytes = match body.collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(error) => {
            // It has broken off for the client as well.
            let status = Status::internal(error);
            record.ends_with(&status);
            return respond::status_response(&status, Accept::JSON);
        }
    };
    match as_json(&parts.headers, &bytes) {
        Ok(Some(json)) => record.answered(json),
        Ok(None) => {}
        Err(problem) => tracing::error!(problem, "an answer could not be recorded"),
    }
    http::Response::from_parts(parts, full(bytes))
}

/// An answer in JSON; `None` when it is no object.
fn as_json(headers: &HeaderMap, bytes: &Bytes) -> Result<Option<Bytes>, String> {
    let bytes = match text(headers, "content-encoding") {
        "gzip" => {
            let mut plain = Vec::new();
            let read = std::io::Read::read_to_end(&mut GzDecoder::new(&bytes[..]), &mut plain);
            read.map_err(|error| error.to_string())?;
            plain.into()
        }
        _ => bytes.clone(),
    };
    let media_type = text(headers, header::CONTENT_TYPE.as_str()).split(';').next().unwrap_or_default().trim();
    if media_type == Format::Json.media_type() {
        return Ok(Some(bytes));
    }
    let value = if media_type == Format::Protobuf.media_type() {
        of_protobuf(&bytes)?
    } else if media_type == Format::Yaml.media_type() {
        yaml::parse(&bytes).map_err(|status| status.message)?.value
    } else {
        return Ok(None);
    };
    Ok(Some(json::to_vec(&value).into()))
}

fn of_protobuf(bytes: &Bytes) -> Result<Value, String> {
    let envelope = protobuf::Envelope::open(bytes).map_err(|error| error.to_string())?;
    let (group, version) = envelope.api_version.rsplit_once('/').unwrap_or(("", &envelope.api_version));
    let type_id = api::type_of(group, version, &envelope.kind)
        .ok_or_else(|| format!("{}, Kind={} is not known", envelope.api_version, envelope.kind))?;
    let mut value = protobuf::decode(&envelope.raw, api::schema(), type_id).map_err(|error| error.to_string())?;
    let root = value.make_map();
    root.insert(Str::from_static("apiVersion"), envelope.api_version);
    root.insert(Str::from_static("kind"), envelope.kind);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_in_the_order_of_the_way() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let check = |forwarded: &str, real: &str, expected: &[&str]| {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", forwarded.parse().unwrap());
            headers.insert("x-real-ip", real.parse().unwrap());
            let expected: Vec<IpAddr> = expected.iter().map(|text| ip(text)).collect();
            assert_eq!(source_ips(&headers, Some(ip("10.0.0.9"))), expected, "{forwarded} {real}");
        };
        check("", "", &["10.0.0.9"]);
        check("1.1.1.1, nonsense,2.2.2.2", "", &["1.1.1.1", "2.2.2.2", "10.0.0.9"]);
        check("1.1.1.1", "1.1.1.1", &["1.1.1.1", "10.0.0.9"]);
        check("1.1.1.1", "3.3.3.3", &["1.1.1.1", "3.3.3.3", "10.0.0.9"]);
        check("1.1.1.1,10.0.0.9", "", &["1.1.1.1", "10.0.0.9"]);
        assert!(source_ips(&HeaderMap::new(), None).is_empty());
    }

    #[test]
    fn what_runs_long_is_upstreams() {
        assert!(is_long_running("watch", "") && is_long_running("create", "exec") && is_long_running("get", "log"));
        assert!(!is_long_running("get", "status") && !is_long_running("list", ""));
    }
}
