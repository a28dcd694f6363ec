//! The client whose requests are measured: hyper's HTTP/2 over TLS, with bodies that are encoded beforehand.
//!
//! It is the same for both sides, decodes nothing and keeps no answer that nobody asked for, so that its own CPU time
//! (which is measured apart) disturbs little on a machine that it shares with the server.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, bail};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::{Body, Incoming},
    client::conn::http2,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::Target;

/// What the server may send of one answer before it was read, and of all answers on a connection.
const STREAM_WINDOW_BYTES: u32 = 4 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 64 << 20;
/// How much is read at once from an answer.
const FRAME_BYTES: u32 = 64 << 10;

/// JSON, for requests and answers.
pub const JSON: &str = "application/json";
/// Upstream's protobuf envelope.
pub const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";
/// JSON merge patch.
pub const MERGE_PATCH: &str = "application/merge-patch+json";
/// Server-side apply; JSON is YAML.
pub const APPLY_PATCH: &str = "application/apply-patch+yaml";
/// Strategic merge patch.
pub const STRATEGIC_PATCH: &str = "application/strategic-merge-patch+json";

/// A request that is ready to be sent any number of times.
#[derive(Clone, Debug)]
pub struct Call {
    /// GET, POST …
    pub method: Method,
    /// Path and query, below the server.
    pub path: String,
    /// In which form the answer is wanted.
    pub accept: &'static str,
    /// Whether it may come compressed.
    pub gzip: bool,
    /// The body and its form.
    pub body: Option<(&'static str, Bytes)>,
}

impl Call {
    /// A request for what stands at a path, in JSON.
    pub fn get(path: impl Into<String>) -> Call {
        Call { method: Method::GET, path: path.into(), accept: JSON, gzip: false, body: None }
    }

    /// A request with a body; the answer is wanted in JSON.
    pub fn send(method: Method, path: impl Into<String>, form: &'static str, body: impl Into<Bytes>) -> Call {
        Call { body: Some((form, body.into())), ..Call { method, ..Call::get(path) } }
    }

    /// The same, answered in another form.
    #[must_use]
    pub fn accept(self, accept: &'static str) -> Call {
        Call { accept, ..self }
    }
}

/// How an answer came.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// The status code.
    pub status: StatusCode,
    /// Bytes of the body, as they came over the wire.
    pub bytes: u64,
    /// When to come again, when the server is too busy.
    pub retry_after: Option<Duration>,
}

/// One connection.
#[derive(Clone)]
pub struct Connection {
    sender: http2::SendRequest<Full<Bytes>>,
    authority: Arc<str>,
}

/// Opens connections to one server.
#[derive(Clone)]
pub struct Connector {
    tls: TlsConnector,
    authority: Arc<str>,
}

impl Connector {
    /// For a target, as its measuring user.
    ///
    /// # Errors
    /// Malformed PEM.
    pub fn new(target: &Target) -> anyhow::Result<Connector> {
        Ok(Connector::with(target.tls()?, &target.authority))
    }

    /// With a configuration of its own.
    pub fn with(tls: ClientConfig, authority: &str) -> Connector {
        Connector { tls: TlsConnector::from(Arc::new(tls)), authority: authority.into() }
    }

    /// A connection of its own.
    ///
    /// # Errors
    /// The kernel's, TLS', HTTP's.
    pub async fn open(&self) -> anyhow::Result<Connection> {
        let (host, _) = self.authority.rsplit_once(':').context("no port")?;
        let name = ServerName::try_from(host.to_owned())?;
        let stream = TcpStream::connect(&*self.authority).await?;
        stream.set_nodelay(true)?;
        let stream = self.tls.connect(name, stream).await?;
        let (sender, driver) = http2::Builder::new(TokioExecutor::new())
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .max_frame_size(FRAME_BYTES)
            .handshake(TokioIo::new(stream))
            .await?;
        // It ends with the connection; whoever sends learns of it.
        tokio::spawn(driver);
        Ok(Connection { sender, authority: self.authority.clone() })
    }

    /// Several connections, opened one after another so that a server is not flooded with handshakes.
    ///
    /// # Errors
    /// As [`Connector::open`].
    pub async fn open_many(&self, count: usize) -> anyhow::Result<Vec<Connection>> {
        let mut connections = Vec::with_capacity(count);
        for _ in 0..count {
            connections.push(self.open().await?);
        }
        Ok(connections)
    }
}

impl Connection {
    /// Sends a request and returns the answer whose body has yet to be read.
    ///
    /// # Errors
    /// The connection has ended.
    pub async fn start(&self, call: &Call) -> anyhow::Result<http::Response<Incoming>> {
        let mut request = Request::new(Full::default());
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = format!("https://{}{}", self.authority, call.path).parse()?;
        let headers = request.headers_mut();
        headers.insert(header::ACCEPT, HeaderValue::from_static(call.accept));
        headers.insert(header::USER_AGENT, HeaderValue::from_static("bench"));
        if call.gzip {
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        }
        if let Some((form, bytes)) = &call.body {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(form));
            *request.body_mut() = Full::new(bytes.clone());
        }
        let mut sender = self.sender.clone();
        sender.ready().await?;
        Ok(sender.send_request(request).await?)
    }

    /// Sends a request and reads its answer to the end without keeping it.
    ///
    /// # Errors
    /// The connection has ended.
    pub async fn call(&self, call: &Call) -> anyhow::Result<Answer> {
        let (parts, mut body) = self.start(call).await?.into_parts();
        let mut bytes = 0;
        while !body.is_end_stream() {
            let Some(frame) = body.frame().await else { break };
            bytes += frame?.data_ref().map_or(0, |data| data.len() as u64);
        }
        let seconds = parts.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        Ok(Answer { status: parts.status, bytes, retry_after: seconds.map(Duration::from_secs) })
    }

    /// Sends a request whose answer must be a success, and returns its body.
    ///
    /// # Errors
    /// The server's refusal, with its words.
    pub async fn fetch(&self, call: &Call) -> anyhow::Result<Bytes> {
        let (parts, body) = self.start(call).await?.into_parts();
        let bytes = body.collect().await?.to_bytes();
        if !parts.status.is_success() {
            let text = String::from_utf8_lossy(&bytes[..bytes.len().min(1024)]);
            bail!("{} {}: {} {text}", call.method, call.path, parts.status);
        }
        Ok(bytes)
    }

    /// A unary gRPC call that must succeed; the answer is read and not kept.
    ///
    /// # Errors
    /// The connection has ended; the server's refusal.
    pub async fn unary(&self, path: &str, message: Bytes) -> anyhow::Result<()> {
        let mut request = Request::new(Full::new(message));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = format!("https://{}{path}", self.authority).parse()?;
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        request.headers_mut().insert(header::TE, HeaderValue::from_static("trailers"));
        let mut sender = self.sender.clone();
        sender.ready().await?;
        let mut body = sender.send_request(request).await?.into_body();
        while let Some(frame) = body.frame().await {
            if let Some(status) = frame?.trailers_ref().and_then(|trailers| trailers.get("grpc-status")) {
                return if status == "0" { Ok(()) } else { bail!("{path} was answered with status {status:?}") };
            }
        }
        bail!("{path} was answered without a status")
    }
}
