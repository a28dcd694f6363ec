//! One request on one connection: name, TCP, TLS, HTTP/1.1.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{HOST, USER_AGENT};
use http::{Request, Response, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::{PullError, SILENCE_LIMIT};
use stdx::resolver;

/// How long a host may take to accept a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(15);

/// Sends a request to `url`. The answer's body is read from a connection that ends with it.
pub(super) async fn send(
    request: http::request::Builder,
    url: &str,
    body: Vec<u8>,
    tls: &Arc<ClientConfig>,
) -> Result<Response<Incoming>, PullError> {
    let method = request.method_ref().cloned().unwrap_or_default();
    let outcome = tokio::time::timeout(SILENCE_LIMIT, exchange(request, url, body, tls)).await;
    let outcome = outcome.unwrap_or_else(|_| Err("the host does not answer".to_owned()));
    outcome.map_err(|reason| PullError::Request { method, url: url.to_owned(), reason })
}

async fn exchange(
    request: http::request::Builder,
    url: &str,
    body: Vec<u8>,
    tls: &Arc<ClientConfig>,
) -> Result<Response<Incoming>, String> {
    let uri: Uri = url.parse().map_err(|error| format!("no URL: {error}"))?;
    let authority = uri.authority().ok_or("the URL names no host")?;
    let secure = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => return Err("the URL is neither http nor https".to_owned()),
    };
    let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let request = request
        .uri(path)
        .header(HOST, authority.as_str())
        .header(USER_AGENT, concat!("sagong/", env!("CARGO_PKG_VERSION")))
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| error.to_string())?;
    let name = authority.host().trim_start_matches('[').trim_end_matches(']');
    let stream = connect(name, authority.port_u16().unwrap_or(if secure { 443 } else { 80 })).await?;
    if !secure {
        return talk(stream, request).await;
    }
    let server_name = ServerName::try_from(name.to_owned()).map_err(|error| error.to_string())?;
    let connector = tokio_rustls::TlsConnector::from(tls.clone());
    let stream = connector.connect(server_name, stream).await;
    talk(stream.map_err(|error| format!("tls: failed to verify certificate or to shake hands: {error}"))?, request)
        .await
}

async fn connect(name: &str, port: u16) -> Result<TcpStream, String> {
    let addresses = resolver::addresses(name).await?;
    let mut failed = format!("lookup {name}: no such host");
    for address in addresses {
        match tokio::time::timeout(CONNECT_LIMIT, TcpStream::connect((address, port))).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => failed = format!("dial tcp {address}:{port}: {}", dial_error(&error)),
            Err(_) => failed = format!("dial tcp {address}:{port}: i/o timeout"),
        }
    }
    Err(failed)
}

/// The words of Go's dialer, which clients know.
fn dial_error(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::ConnectionRefused => "connect: connection refused".to_owned(),
        std::io::ErrorKind::HostUnreachable => "connect: no route to host".to_owned(),
        std::io::ErrorKind::NetworkUnreachable => "connect: network is unreachable".to_owned(),
        _ => error.to_string(),
    }
}

async fn talk(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<Full<Bytes>>,
) -> Result<Response<Incoming>, String> {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    // It ends when the answer has been read or dropped; its failures show in the answer's body.
    tokio::spawn(connection);
    sender.send_request(request).await.map_err(|error| error.to_string())
}
