//! The one connection: made when needed, kept alive, made again.

use std::{fmt, sync::Arc, time::Duration};

use apimachinery::Status;
use bytes::Bytes;
use http_body_util::Full;
use hyper::{body::Incoming, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use parking_lot::Mutex;
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use super::RemoteError;

/// A server that does not answer the first packet for this long is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// As client-go: a connection on which nothing comes is asked for a sign of life after this time,
const PING_PERIOD: Duration = Duration::from_secs(30);
/// and given up after this one more.
const PING_TIMEOUT: Duration = Duration::from_secs(15);
const BACKOFF_BASE_MILLISECONDS: u64 = 100;
const BACKOFF_MAX_MILLISECONDS: u64 = 10_000;
/// What the server may send of one answer before it was read,
const STREAM_WINDOW_BYTES: u32 = 1 << 20;
/// and of all together: a watch that is read slowly must not hold up the others.
const CONNECTION_WINDOW_BYTES: u32 = 64 << 20;
const DEFAULT_PORT: u16 = 443;

/// Where an API server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAddress {
    host: String,
    port: u16,
}

impl ServerAddress {
    /// Reads `https://HOST:PORT`.
    ///
    /// # Errors
    /// Another form; a path.
    pub fn parse(text: &str) -> Result<ServerAddress, RemoteError> {
        let wrong = |problem| RemoteError::Address { text: text.to_owned(), problem };
        let uri: http::Uri = text.parse().map_err(|_| wrong("it is no URL"))?;
        if uri.scheme_str() != Some("https") {
            return Err(wrong("it must begin with https://"));
        }
        if !matches!(uri.path_and_query().map(http::uri::PathAndQuery::as_str), None | Some("/")) {
            return Err(wrong("it must end after the port"));
        }
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
        if ServerName::try_from(host.clone()).is_err() {
            return Err(wrong("it names no host"));
        }
        Ok(ServerAddress { host, port: uri.port_u16().unwrap_or(DEFAULT_PORT) })
    }

    /// The name or address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(formatter, "[{}]:{}", self.host, self.port),
            false => write!(formatter, "{}:{}", self.host, self.port),
        }
    }
}

type Sender = http2::SendRequest<Full<Bytes>>;

/// The last attempt's failure.
struct Failure {
    message: String,
    next_attempt: Instant,
    delay_milliseconds: u64,
}

#[derive(Default)]
struct State {
    sender: Option<Sender>,
    /// With which configuration the sender was made.
    generation: u64,
    failure: Option<Failure>,
}

/// The configuration, and how often it was replaced.
struct Configuration {
    tls: Arc<ClientConfig>,
    generation: u64,
}

pub(super) struct Connection {
    server: ServerAddress,
    configuration: Mutex<Configuration>,
    /// Held while a connection is made, so that all who need one wait for the same.
    state: tokio::sync::Mutex<State>,
}

fn http2_only(mut tls: ClientConfig) -> Arc<ClientConfig> {
    tls.alpn_protocols = vec![b"h2".to_vec()];
    Arc::new(tls)
}

impl Connection {
    pub(super) fn new(server: ServerAddress, tls: ClientConfig) -> Connection {
        let configuration = Configuration { tls: http2_only(tls), generation: 0 };
        Connection { server, configuration: Mutex::new(configuration), state: tokio::sync::Mutex::default() }
    }

    pub(super) fn replace_tls(&self, tls: ClientConfig) {
        let mut configuration = self.configuration.lock();
        configuration.tls = http2_only(tls);
        configuration.generation += 1;
    }

    pub(super) fn authority(&self) -> String {
        self.server.to_string()
    }

    /// Sends a request, once more when the connection turned out to have ended before it was sent.
    pub(super) async fn send(&self, request: http::Request<Full<Bytes>>) -> Result<http::Response<Incoming>, Status> {
        let mut error = match self.sender().await?.try_send_request(request).await {
            Ok(response) => return Ok(response),
            Err(error) => error,
        };
        let Some(unsent) = error.take_message() else { return Err(self.unreachable(error.error())) };
        self.state.lock().await.sender = None;
        let answer = self.sender().await?.send_request(unsent).await;
        answer.map_err(|error| self.unreachable(&error))
    }

    fn unreachable(&self, problem: &dyn fmt::Display) -> Status {
        Status::service_unavailable(format!("the API server at {}: {problem}", self.server))
    }

    async fn sender(&self) -> Result<Sender, Status> {
        let mut state = self.state.lock().await;
        let (tls, generation) = {
            let configuration = self.configuration.lock();
            (configuration.tls.clone(), configuration.generation)
        };
        let kept = state.sender.as_ref().filter(|sender| !sender.is_closed() && state.generation == generation);
        if let Some(sender) = kept {
            return Ok(sender.clone());
        }
        state.sender = None;
        if let Some(failure) = state.failure.as_ref().filter(|failure| failure.next_attempt > Instant::now()) {
            return Err(self.unreachable(&failure.message));
        }
        let made = tokio::time::timeout(CONNECT_TIMEOUT, self.connect(tls)).await;
        match made.unwrap_or_else(|_| Err("it does not answer".to_owned())) {
            Ok(sender) => {
                *state = State { sender: Some(sender.clone()), generation, failure: None };
                Ok(sender)
            }
            Err(message) => {
                let before =
                    state.failure.as_ref().map_or(BACKOFF_BASE_MILLISECONDS / 2, |past| past.delay_milliseconds);
                let delay_milliseconds = (before * 2).min(BACKOFF_MAX_MILLISECONDS);
                let wait = delay_milliseconds + stdx::random::below(delay_milliseconds);
                let status = self.unreachable(&message);
                let next_attempt = Instant::now() + Duration::from_millis(wait);
                state.failure = Some(Failure { message, next_attempt, delay_milliseconds });
                Err(status)
            }
        }
    }

    async fn connect(&self, tls: Arc<ClientConfig>) -> Result<Sender, String> {
        let stream = stdx::resolver::connect(&self.server.host, self.server.port)
            .await
            .map_err(|error| format!("cannot connect: {error}"))?;
        // Without it small requests would wait for acknowledgements; a failure costs time, no more.
        let _ = stream.set_nodelay(true);
        let name = ServerName::try_from(self.server.host.clone()).map_err(|error| error.to_string())?;
        let stream = TlsConnector::from(tls).connect(name, stream).await.map_err(|error| format!("TLS: {error}"))?;
        if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
            return Err("it does not speak HTTP/2".to_owned());
        }
        let handshake = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(PING_PERIOD)
            .keep_alive_timeout(PING_TIMEOUT)
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .handshake(TokioIo::new(stream));
        let (sender, connection) = handshake.await.map_err(|error| error.to_string())?;
        // It ends with its last sender and stream; why it ended is told to those.
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to the API server ended");
            }
        });
        Ok(sender)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let parse = |text| ServerAddress::parse(text).map(|address| address.to_string()).map_err(|_| ());
        assert_eq!(parse("https://192.0.2.1:6443"), Ok("192.0.2.1:6443".to_owned()));
        assert_eq!(parse("https://[2001:db8::1]:6443/"), Ok("[2001:db8::1]:6443".to_owned()));
        assert_eq!(parse("https://localhost"), Ok("localhost:443".to_owned()));
        for wrong in ["http://192.0.2.1:6443", "192.0.2.1:6443", "https://192.0.2.1:6443/path", "https://"] {
            assert_eq!(parse(wrong), Err(()), "{wrong}");
        }
    }
}
