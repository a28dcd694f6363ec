//! Connections to the server that events are posted to: kept, and made again.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

use super::endpoint::{Authorization, Endpoint, bearer};

/// How long one try may take in all, as upstream.
const TIMEOUT: Duration = Duration::from_secs(30);
/// What upstream's client says of it.
const TIMEOUT_QUERY: &str = "timeout=30s";
/// The most bytes of an answer that are read; its meaning is its status.
const ANSWER_BYTES_LIMIT: usize = 64 << 10;
/// Of an answer that refuses, so many bytes are shown.
const SHOWN_BYTES_LIMIT: usize = 256;

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

type Connection = SendRequest<Full<Bytes>>;

pub(super) struct Connections {
    endpoint: Endpoint,
    /// Those that nobody uses; as many as batches are sent at once.
    idle: Mutex<Vec<Connection>>,
}

impl Connections {
    pub(super) fn new(endpoint: Endpoint) -> Connections {
        Connections { endpoint, idle: Mutex::default() }
    }

    /// Posts a body once.
    ///
    /// # Errors
    /// The server cannot be reached in time, or does not answer that it has it.
    pub(super) async fn post(&self, body: Bytes) -> Result<(), String> {
        match tokio::time::timeout(TIMEOUT, self.try_post(body)).await {
            Ok(posted) => posted,
            Err(_) => Err(format!("{}: no answer within {} s", self.endpoint.url(), TIMEOUT.as_secs())),
        }
    }

    async fn try_post(&self, body: Bytes) -> Result<(), String> {
        let shown = |error: &dyn std::fmt::Display| format!("{}: {error}", self.endpoint.url());
        let mut connection = self.connection().await.map_err(|problem| shown(&problem))?;
        let mut request = http::Request::post(format!("{}?{TIMEOUT_QUERY}", self.endpoint.path))
            .header(header::HOST, &self.endpoint.authority)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json, */*")
            .header(header::USER_AGENT, concat!("sagong/", env!("CARGO_PKG_VERSION")))
            .body(Full::new(body))
            .map_err(|error| shown(&error))?;
        if let Some(authorization) = self.authorization().map_err(|problem| shown(&problem))? {
            request.headers_mut().insert(header::AUTHORIZATION, authorization);
        }
        let response = connection.send_request(request).await.map_err(|error| shown(&error))?;
        let code = response.status();
        let answer = Limited::new(response.into_body(), ANSWER_BYTES_LIMIT).collect().await;
        if !code.is_success() {
            let answer = answer.map(|answer| answer.to_bytes()).unwrap_or_default();
            let answer = String::from_utf8_lossy(&answer[..answer.len().min(SHOWN_BYTES_LIMIT)]).into_owned();
            return Err(shown(&format!("the server answered {code}: {}", answer.trim())));
        }
        // One whose answer was not read to its end is of no further use.
        if answer.is_ok() {
            self.idle.lock().push(connection);
        }
        Ok(())
    }

    fn authorization(&self) -> Result<Option<HeaderValue>, String> {
        let text = match &self.endpoint.authorization {
            None => return Ok(None),
            Some(Authorization::Header(value)) => return Ok(Some(value.clone())),
            // A small file, on the thread that only sends: it may be another one by now.
            Some(Authorization::TokenFile(path)) => {
                let token = std::fs::read_to_string(path);
                token.map_err(|error| format!("cannot read {}: {error}", path.display()))?
            }
        };
        bearer(&text).map(Some)
    }

    async fn connection(&self) -> Result<Connection, String> {
        loop {
            let Some(mut idle) = self.idle.lock().pop() else { break };
            if idle.ready().await.is_ok() {
                return Ok(idle);
            }
        }
        let Endpoint { host, port, tls, .. } = &self.endpoint;
        let stream = stdx::resolver::connect(host, *port).await;
        let stream = stream.map_err(|error| format!("cannot connect: {error}"))?;
        let _ = stream.set_nodelay(true);
        let stream: Box<dyn Stream> = match tls {
            None => Box::new(stream),
            Some((config, name)) => {
                let connector = TlsConnector::from(Arc::new(config.clone()));
                Box::new(connector.connect(name.clone(), stream).await.map_err(|error| error.to_string())?)
            }
        };
        let (connection, driver) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
        tokio::spawn(driver);
        Ok(connection)
    }
}
