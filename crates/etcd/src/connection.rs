//! One connection to one member: HTTP/2, over TLS or not.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Uri, header};
use http_body_util::combinators::BoxBody;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use parking_lot::Mutex;
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
};
use tokio_rustls::TlsConnector;

use crate::{endpoint::Endpoint, failure::Failure, frame::Messages, messages::procedure};

/// As upstream: a connection on which nothing comes is asked for a sign of life after this time,
const KEEPALIVE_PERIOD: Duration = Duration::from_secs(30);
/// and given up after this one more.
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long it is waited for why a connection broke.
const CAUSE_TIMEOUT: Duration = Duration::from_millis(100);
/// What the member may send of one answer before it was read,
const STREAM_WINDOW_BYTES: u32 = 4 << 20;
/// and of all together: a watch that is read slowly must not hold up the others.
const CONNECTION_WINDOW_BYTES: u32 = 64 << 20;

/// The body of a request.
pub(crate) type Body = BoxBody<Bytes, Infallible>;

/// A connection; it ends with its last user.
pub(crate) struct Connection {
    endpoint: Endpoint,
    sender: http2::SendRequest<Body>,
    /// Set once it has ended or must not be used any more.
    ended: Arc<watch::Sender<bool>>,
    /// Why it ended.
    cause: Arc<Mutex<Option<String>>>,
    /// What goes with each reason for its end.
    advice: &'static str,
    /// Whether a client certificate was shown that the member may refuse, since it has not answered yet.
    may_be_refused: AtomicBool,
}

impl Connection {
    /// Connects to a member.
    ///
    /// # Errors
    /// It does not answer, or not as it should; in words.
    pub(crate) async fn open(endpoint: &Endpoint, tls: Option<&Arc<ClientConfig>>) -> Result<Connection, String> {
        let stream = stdx::resolver::connect(endpoint.host(), endpoint.port())
            .await
            .map_err(|error| format!("cannot connect: {error}"))?;
        // Without it small requests would wait for acknowledgements; a failure costs time, no more.
        let _ = stream.set_nodelay(true);
        if !endpoint.is_tls() {
            return Connection::begin(endpoint, stream, "", false).await;
        }
        let tls = tls.ok_or("there is no authority to trust for https")?.clone();
        // A member that wants a certificate closes the connection, and its word for that may be lost with it.
        let shows_certificate = tls.client_auth_cert_resolver.has_certs();
        let advice = if shows_certificate { "" } else { " (no client certificate was shown)" };
        let name = ServerName::try_from(endpoint.host().to_owned()).map_err(|error| error.to_string())?;
        let stream = TlsConnector::from(tls).connect(name, stream).await.map_err(|error| format!("TLS: {error}"))?;
        if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
            return Err("it does not speak HTTP/2".to_owned());
        }
        Connection::begin(endpoint, stream, advice, shows_certificate).await
    }

    /// Speaks HTTP/2 over a stream; `advice` goes with each reason for its end.
    async fn begin<S>(
        endpoint: &Endpoint,
        stream: S,
        advice: &'static str,
        shows_certificate: bool,
    ) -> Result<Connection, String>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let handshake = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(KEEPALIVE_PERIOD)
            .keep_alive_timeout(KEEPALIVE_TIMEOUT)
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .handshake(TokioIo::new(stream));
        let (sender, connection) = handshake.await.map_err(|error| chain(&error) + advice)?;
        let ended = Arc::new(watch::channel(false).0);
        let cause = Arc::new(Mutex::default());
        let (told, why, shown) = (ended.clone(), cause.clone(), endpoint.to_string());
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                let error = chain(&error) + advice;
                tracing::debug!(endpoint = shown, error, "a connection to etcd ended");
                *why.lock() = Some(error);
            }
            told.send_replace(true);
        });
        let (endpoint, may_be_refused) = (endpoint.clone(), AtomicBool::new(shows_certificate));
        Ok(Connection { endpoint, sender, ended, cause, advice, may_be_refused })
    }

    /// The member's address.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Has everybody who uses it look for another one.
    pub(crate) fn give_up(&self) {
        self.ended.send_replace(true);
    }

    /// Whether it can no longer be used.
    pub(crate) fn is_ended(&self) -> bool {
        *self.ended.borrow()
    }

    /// Waits until it can no longer be used.
    pub(crate) async fn ended(&self) {
        // The sender lives in this object.
        let _ = self.ended.subscribe().wait_for(|ended| *ended).await;
    }

    /// Calls a procedure; gives its answer's messages.
    ///
    /// # Errors
    /// The connection broke, or what answered is no etcd.
    pub(crate) async fn call(
        &self,
        procedure: &'static str,
        token: Option<HeaderValue>,
        body: Body,
    ) -> Result<Messages, Failure> {
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        let scheme = if self.endpoint.is_tls() { "https" } else { "http" };
        let authority = match self.endpoint.host().contains(':') {
            true => format!("[{}]:{}", self.endpoint.host(), self.endpoint.port()),
            false => format!("{}:{}", self.endpoint.host(), self.endpoint.port()),
        };
        let uri = Uri::builder().scheme(scheme).authority(authority).path_and_query(procedure).build();
        *request.uri_mut() = uri.map_err(|error| Failure::transport(error, false))?;
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
        headers.insert(header::USER_AGENT, HeaderValue::from_static(concat!("sagong/", env!("CARGO_PKG_VERSION"))));
        // A member without a leader says so, in place of serving what may be old; what it says of itself is never old.
        if !procedure.starts_with(procedure::OF_ONE_MEMBER) {
            headers.insert("hasleader", HeaderValue::from_static("true"));
        }
        if let Some(token) = token {
            headers.insert("token", token);
        }
        let mut sender = self.sender.clone();
        match sender.try_send_request(request).await {
            Ok(response) => {
                self.may_be_refused.store(false, Ordering::Relaxed);
                Messages::new(response)
            }
            Err(mut error) => {
                // What is given back was never sent.
                let sent = error.take_message().is_none();
                let told = chain(&error.into_error()) + self.advice;
                // A member that refuses a certificate says so just before it closes.
                let _ = tokio::time::timeout(CAUSE_TIMEOUT, self.ended()).await;
                let mut cause = self.cause.lock().clone().unwrap_or(told);
                // Its word for that may be lost where the client writes to a connection that is closed already.
                if self.may_be_refused.load(Ordering::Relaxed) && !cause.contains("alert") {
                    cause.push_str(
                        " (before any answer: the client certificate may have ended or be of another authority)",
                    );
                }
                Err(Failure::transport(cause, sent))
            }
        }
    }
}

/// An error with what caused it: of a connection that breaks, only the cause says why.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
