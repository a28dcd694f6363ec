//! A server with every built-in resource, and an HTTP client of it.

use std::sync::Arc;

use apimachinery::{Value, decode, json, value};
use apiserver::{
    Server, UserInfo,
    authorization::{Action, Authorizer, Decision, PrivilegedGroup},
    http::{Connection, InFlight, serve_connection},
    server::Parts,
};
use bytes::Bytes;
use http::{HeaderMap, Request, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use resources::{Extensions, Ranges, ServiceAllocators, install};

/// An answer.
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Bytes,
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        decode::json_untyped(&self.bytes).unwrap_or_default()
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The object, of a request that must have gone well.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert!(self.code < 300, "{} {}", self.code, self.text());
        self.json()
    }

    /// The `message` of a `Status`, after its code.
    pub(crate) fn failure(&self) -> String {
        format!("{} {}", self.code, self.json().str_at(&["message"]).unwrap_or_default())
    }
}

/// Lets everybody called `reader` read.
struct Readers;

impl Authorizer for Readers {
    fn authorize(&self, _: &Server, user: &UserInfo, action: &Action<'_>) -> Decision {
        match user.name == "reader" && matches!(action.verb, "get" | "list" | "watch") {
            true => Decision::Allow(String::new()),
            false => Decision::NoOpinion(String::new()),
        }
    }
}

/// A server.
pub(crate) struct Api {
    pub(crate) server: Arc<Server>,
    pub(crate) allocators: Arc<ServiceAllocators>,
    _stop: tokio::sync::watch::Sender<bool>,
    stopped: tokio::sync::watch::Receiver<bool>,
    _directory: tempfile::TempDir,
}

impl Api {
    /// A server with an empty store, in which the namespace `default` is.
    pub(crate) async fn start() -> Api {
        Api::with_limits(InFlight::default()).await
    }

    /// The same, which answers no more requests at once.
    pub(crate) async fn with_limits(in_flight: InFlight) -> Api {
        let directory = tempfile::tempdir().unwrap();
        let options = store::embedded::Options::default();
        let engine = store::embedded::open(directory.path().join("store"), options).unwrap();
        let allocators = ServiceAllocators::new(Ranges::default(), engine.clone());
        let parts = Parts {
            engine,
            admission: Vec::new(),
            authorizers: vec![Arc::new(PrivilegedGroup), Arc::new(Readers)],
            authenticators: Vec::new(),
        };
        let server = Server::with_limits(parts, in_flight);
        tokio::spawn(server.registry().clone().follow());
        install(&server, &Extensions::default(), &allocators).await.unwrap();
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let api = Api { server, allocators, _stop: stop, stopped, _directory: directory };
        api.post("/api/v1/namespaces", value!({"metadata": {"name": "default"}})).await.ok();
        api
    }

    /// A connection as a member of `system:masters`.
    pub(crate) fn connect(&self) -> tokio::io::DuplexStream {
        self.connect_as(Connection { user: Some(UserInfo::new("admin", &["system:masters"])), ..Connection::default() })
    }

    /// A connection of which this is known.
    pub(crate) fn connect_as(&self, connection: Connection) -> tokio::io::DuplexStream {
        let (near, far) = tokio::io::duplex(1 << 20);
        tokio::spawn(serve_connection(self.server.clone(), TokioIo::new(far), connection, self.stopped.clone()));
        near
    }

    /// Sends a request on a connection of its own.
    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        self.call_on(self.connect(), method, path, headers, body).await
    }

    /// Sends a request on a connection of `connect_as`.
    pub(crate) async fn call_on(
        &self,
        stream: tokio::io::DuplexStream,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let io = TokioIo::new(stream);
        let (mut sender, connection) = http1::handshake(io).await.unwrap();
        tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "test");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body.into())).unwrap();
        let response = sender.send_request(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        Answer { code: parts.status.as_u16(), headers: parts.headers, bytes }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, &[], "").await
    }

    pub(crate) async fn post(&self, path: &str, object: Value) -> Answer {
        self.call("POST", path, &[("content-type", "application/json")], json::to_vec(&object)).await
    }

    /// A merge patch.
    pub(crate) async fn patch(&self, path: &str, patch: Value) -> Answer {
        let headers = [("content-type", "application/merge-patch+json")];
        self.call("PATCH", path, &headers, json::to_vec(&patch)).await
    }

    /// A server-side apply by `manager`.
    pub(crate) async fn apply(&self, path: &str, manager: &str, config: Value) -> Answer {
        let headers = [("content-type", "application/apply-patch+yaml")];
        self.call("PATCH", &format!("{path}?fieldManager={manager}"), &headers, json::to_vec(&config)).await
    }

    /// The same, which takes over what others own.
    pub(crate) async fn apply_forced(&self, path: &str, manager: &str, config: Value) -> Answer {
        self.apply(path, &format!("{manager}&force=true"), config).await
    }
}
