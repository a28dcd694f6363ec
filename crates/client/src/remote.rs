//! The API of another process or machine: HTTP/2 over TLS.
//!
//! One connection carries every call and watch. It is made when first needed and made again when it has
//! ended, at growing intervals while the server does not answer; who calls in between is told at once, since
//! everything that calls tries again in its own time. Bodies are JSON, which every server speaks.

mod connection;
mod encode;
mod watch;

use std::sync::Arc;

use apimachinery::{Object, Status, Str, Value, decode, json};
use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use rustls::ClientConfig;

use crate::{Request, ResourceKind, Response, Transport, Verb, WatchStream};
use connection::Connection;
pub use connection::ServerAddress;

/// Path and query of a call, as they would be sent.
pub fn address_of(request: &Request) -> String {
    encode::path_and_query(request)
}

/// Path and query of a watch, as they would be sent.
pub fn watch_address_of(request: &Request, initial_events: bool) -> String {
    encode::watch_path_and_query(request, initial_events)
}

/// The body of a call, as it would be sent, in JSON.
///
/// # Errors
/// The request has no body and needs one.
pub fn content_of(request: &Request) -> Result<Option<Bytes>, Status> {
    Ok(encode::content(request)?.map(|(_, bytes)| bytes))
}

/// The longest answer that is not a watch: a list of a large cluster has tens of megabytes.
const ANSWER_BYTES_LIMIT: usize = 512 << 20;

/// The way to an API server over TLS, with the identity of a client certificate or a bearer token.
pub struct Remote {
    connection: Connection,
    authorization: Option<HeaderValue>,
    user_agent: HeaderValue,
}

/// Why a transport could not be made.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// The server's address has not the form `https://HOST:PORT`.
    #[error("{text:?} is no address of an API server: {problem}")]
    Address {
        /// What was given.
        text: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A token or user agent that no header can carry.
    #[error("the {what} has characters that HTTP headers cannot carry")]
    Header {
        /// Which of them.
        what: &'static str,
    },
}

impl Remote {
    /// A transport to `server`; nothing is sent before the first call. The client certificate, if any, is in
    /// `tls`; its application protocols are set here.
    ///
    /// # Errors
    /// A token or user agent that no header can carry.
    pub fn new(
        server: ServerAddress,
        tls: ClientConfig,
        token: Option<&str>,
        user_agent: &str,
    ) -> Result<Arc<Remote>, RemoteError> {
        let authorization = token.map(|token| {
            let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
                .map_err(|_| RemoteError::Header { what: "bearer token" })?;
            value.set_sensitive(true);
            Ok(value)
        });
        Ok(Arc::new(Remote {
            connection: Connection::new(server, tls),
            authorization: authorization.transpose()?,
            user_agent: HeaderValue::from_str(user_agent).map_err(|_| RemoteError::Header { what: "user agent" })?,
        }))
    }

    /// Goes on with another configuration, as after a certificate was renewed: later calls use a new connection,
    /// watches that run stay on the old one until they end.
    pub fn replace_tls(&self, tls: ClientConfig) {
        self.connection.replace_tls(tls);
    }

    /// What stands at a path that is no resource (`/readyz`, `/version`).
    ///
    /// # Errors
    /// The server's refusal, or 503 when it cannot be reached.
    pub async fn get_path(&self, path: &str) -> Result<Bytes, Status> {
        let (parts, body) = self.send(Method::GET, path, None).await?.into_parts();
        let bytes = gather(body).await?;
        if parts.status.is_success() { Ok(bytes) } else { Err(refusal(parts.status, &parts.headers, &bytes)) }
    }

    /// What stands at a path that is no resource, as it comes.
    ///
    /// # Errors
    /// The server's refusal, or 503 when it cannot be reached.
    pub async fn stream_path(&self, method: Method, path: &str) -> Result<Incoming, Status> {
        let (parts, body) = self.send(method, path, None).await?.into_parts();
        if parts.status.is_success() {
            return Ok(body);
        }
        Err(refusal(parts.status, &parts.headers, &gather(body).await?))
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        content: Option<(&'static str, Bytes)>,
    ) -> Result<http::Response<Incoming>, Status> {
        let uri = format!("https://{}{path}", self.connection.authority());
        let mut request = http::Request::new(Full::default());
        *request.method_mut() = method;
        *request.uri_mut() = uri.parse().map_err(|_| Status::bad_request(format!("{path:?} is no path")))?;
        let headers = request.headers_mut();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::USER_AGENT, self.user_agent.clone());
        if let Some(authorization) = &self.authorization {
            headers.insert(header::AUTHORIZATION, authorization.clone());
        }
        if let Some((content_type, bytes)) = content {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
            *request.body_mut() = Full::new(bytes);
        }
        self.connection.send(request).await
    }
}

async fn gather(body: Incoming) -> Result<Bytes, Status> {
    let gathered = Limited::new(body, ANSWER_BYTES_LIMIT).collect().await;
    let gathered = gathered.map_err(|error| Status::service_unavailable(format!("the answer broke off: {error}")))?;
    Ok(gathered.to_bytes())
}

/// The server's `Status`, or one made of what a proxy on the way said.
fn refusal(code: StatusCode, headers: &HeaderMap, body: &[u8]) -> Status {
    let status = decode::json_untyped(body).ok().filter(|value| value.str_at(&["kind"]) == Some("Status"));
    let status = match status {
        Some(value) => Status::from_value(&value, code.as_u16()),
        None => {
            let text = String::from_utf8_lossy(&body[..body.len().min(1024)]);
            let reason = match code.as_u16() {
                401 => "Unauthorized",
                403 => "Forbidden",
                404 => "NotFound",
                429 => "TooManyRequests",
                503 => "ServiceUnavailable",
                _ => "Unknown",
            };
            Status::failure(code.as_u16(), reason, format!("the server answered {code}: {}", text.trim()))
        }
    };
    let wait = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse::<u32>().ok());
    match wait {
        Some(seconds) if status.details.i64_at(&["retryAfterSeconds"]).is_none() => status.retry_after(seconds),
        _ => status,
    }
}

fn method_of(verb: Verb) -> Method {
    match verb {
        Verb::Get | Verb::List => Method::GET,
        Verb::Create => Method::POST,
        Verb::Update => Method::PUT,
        Verb::Patch => Method::PATCH,
        Verb::Delete | Verb::DeleteCollection => Method::DELETE,
    }
}

/// What a 2xx answer says.
fn answer(request: &Request, mut value: Value) -> Result<Response, Status> {
    if value.str_at(&["kind"]) == Some("Status") {
        let status = Status::from_value(&value, 200);
        return if status.code < 400 { Ok(Response::Success(status)) } else { Err(status) };
    }
    match request.verb {
        Verb::List => {
            let text = |field| Str::from(value.str_at(&["metadata", field]).unwrap_or_default());
            let (resource_version, continue_token) = (text("resourceVersion"), text("continue").to_string());
            let items = match value.remove(&["items"]) {
                Some(Value::List(items)) => items.into_iter().map(|item| typed(&request.resource, item)).collect(),
                Some(Value::Null) | None => Vec::new(),
                Some(other) => {
                    return Err(Status::internal(format!("the items of a list are a {}", other.type_name())));
                }
            };
            Ok(Response::List { items, resource_version, continue_token })
        }
        Verb::DeleteCollection => {
            let kind = &request.resource;
            Ok(Response::Success(Status::success(&kind.group, &kind.resource, "", "")))
        }
        _ => Ok(Response::Object(Arc::new(Object(value)))),
    }
}

/// An item of a list with the kind that typed lists leave out.
fn typed(kind: &ResourceKind, mut item: Value) -> Arc<Object> {
    if item.str_at(&["kind"]).is_none() {
        item.set(&["apiVersion"], kind.api_version());
        item.set(&["kind"], &kind.kind);
    }
    Arc::new(Object(item))
}

#[async_trait]
impl Transport for Remote {
    async fn call(&self, request: Request) -> Result<Response, Status> {
        let path = encode::path_and_query(&request);
        let content = encode::content(&request)?;
        let response = self.send(method_of(request.verb), &path, content).await?;
        let (parts, body) = response.into_parts();
        let bytes = gather(body).await?;
        if !parts.status.is_success() {
            return Err(refusal(parts.status, &parts.headers, &bytes));
        }
        let value = decode::json_untyped(&bytes)
            .map_err(|error| Status::internal(format!("the answer to {path} is no JSON: {error}")))?;
        answer(&request, value)
    }

    async fn watch(&self, request: Request, initial_events: bool) -> Result<WatchStream, Status> {
        let path = encode::watch_path_and_query(&request, initial_events);
        let (parts, body) = self.send(Method::GET, &path, None).await?.into_parts();
        if !parts.status.is_success() {
            return Err(refusal(parts.status, &parts.headers, &gather(body).await?));
        }
        Ok(watch::events(request.resource, body))
    }
}

/// An object as it is sent: with its kind, which callers may leave out.
fn body_of(request: &Request, object: &Object) -> Bytes {
    if !object.kind().is_empty() && !object.api_version().is_empty() {
        return Bytes::from(json::to_vec(object));
    }
    let own = (request.resource.api_version(), request.resource.kind.as_str().to_owned());
    let (api_version, kind) = match request.subresource.as_str() {
        "binding" => ("v1".to_owned(), "Binding".to_owned()),
        "eviction" => ("policy/v1".to_owned(), "Eviction".to_owned()),
        "token" => ("authentication.k8s.io/v1".to_owned(), "TokenRequest".to_owned()),
        "scale" => ("autoscaling/v1".to_owned(), "Scale".to_owned()),
        _ => own,
    };
    let mut value = object.0.clone();
    value.set(&["apiVersion"], api_version);
    value.set(&["kind"], kind);
    Bytes::from(json::to_vec(&value))
}

#[cfg(test)]
mod tests;
