//! HTTP GET for probes and hooks.
//!
//! It does not follow redirects to other hosts and does not verify certificates: it asks whether something answers,
//! not who it is.

use std::{sync::Arc, time::Duration};

use api::views::core_v1::{Container, HTTPGetAction};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{
    ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use tokio::net::TcpStream;

use crate::lifecycle;

/// How much of an answer's body is read, as upstream.
const BODY_LIMIT_BYTES: usize = 10 * 1024;
/// How many redirects on the same host are followed.
const REDIRECTS_LIMIT: usize = 10;

/// What to ask.
#[derive(Clone, Debug)]
pub struct Request {
    /// Whether over TLS.
    pub tls: bool,
    /// Whether over HTTP/2 without TLS and without asking first.
    pub http2: bool,
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Path and query, with a leading slash.
    pub path: String,
    /// Headers in order; a name may come several times.
    pub headers: Vec<(String, String)>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The start of the body.
    pub body: String,
}

impl Request {
    /// The request of an action of `container`, by default to the pod itself.
    pub fn of(container: Container<'_>, action: HTTPGetAction<'_>, pod_address: &str) -> Result<Request, String> {
        let host = if action.host().is_empty() { pod_address } else { action.host() };
        let path = action.path();
        Ok(Request {
            tls: action.scheme().eq_ignore_ascii_case("https"),
            http2: action.protocol() == Some("HTTP2"),
            host: host.to_owned(),
            port: lifecycle::port(container, action.port())?,
            path: if path.starts_with('/') { path.to_owned() } else { format!("/{path}") },
            headers: action.http_headers().iter().map(|h| (h.name().to_owned(), h.value().to_owned())).collect(),
        })
    }

    fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    fn url(&self) -> String {
        format!("{}://{}{}", if self.tls { "https" } else { "http" }, self.authority(), self.path)
    }
}

/// Asks; fails in words when nothing answers within `timeout`.
pub async fn get(request: &Request, timeout: Duration) -> Result<Answer, String> {
    let url = request.url();
    let asked = tokio::time::timeout(timeout, follow(request.clone())).await;
    let exceeded =
        || format!("Get {url:?}: context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
    asked.map_err(|_| exceeded())?.map_err(|error| format!("Get {url:?}: {error}"))
}

async fn follow(mut request: Request) -> Result<Answer, String> {
    for _ in 0..REDIRECTS_LIMIT {
        let (answer, location) = once(&request).await?;
        let Some(location) = location.filter(|_| (300..400).contains(&answer.status)) else { return Ok(answer) };
        let Ok(target) = location.parse::<http::Uri>() else { return Ok(answer) };
        if target.host().is_some_and(|host| host != request.host) {
            // Another host is not followed; the redirect itself counts as an answer.
            return Ok(answer);
        }
        request.path = target.path_and_query().map_or("/".to_owned(), ToString::to_string);
        if let Some(port) = target.port_u16() {
            request.port = port;
        }
        if let Some(scheme) = target.scheme_str() {
            request.tls = scheme == "https";
        }
    }
    Err(format!("stopped after {REDIRECTS_LIMIT} redirects"))
}

async fn once(request: &Request) -> Result<(Answer, Option<String>), String> {
    let stream = stdx::resolver::connect(&request.host, request.port).await;
    let stream = stream.map_err(|error| format!("dial tcp {}: {}", request.authority(), dial_error(&error)))?;
    if request.tls {
        return exchange(request, TokioIo::new(over_tls(&request.host, stream, &[]).await?)).await;
    }
    if request.http2 {
        return exchange_http2(request, TokioIo::new(stream)).await;
    }
    exchange(request, TokioIo::new(stream)).await
}

/// Begins TLS with a peer whose certificate may be anything.
pub(crate) async fn over_tls(
    host: &str,
    stream: TcpStream,
    protocols: &[&[u8]],
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, String> {
    let mut configuration = tls_configuration();
    configuration.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(configuration));
    let name = ServerName::try_from(host.to_owned()).map_err(|error| error.to_string())?;
    connector.connect(name, stream).await.map_err(|error| error.to_string())
}

/// The words of Go's dialer.
pub(crate) fn dial_error(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::ConnectionRefused => "connect: connection refused".to_owned(),
        std::io::ErrorKind::HostUnreachable => "connect: no route to host".to_owned(),
        _ => error.to_string(),
    }
}

async fn exchange<S>(request: &Request, stream: S) -> Result<(Answer, Option<String>), String>
where
    S: hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static,
{
    let handshake = hyper::client::conn::http1::handshake(stream).await;
    let (mut sender, connection) = handshake.map_err(|error| error.to_string())?;
    let message = message(request, http::Request::get(&request.path).header("connection", "close"), true)?;
    // The connection is driven here and ends with this call.
    let exchange = async {
        let response = sender.send_request(message).await.map_err(|error| error.to_string())?;
        Ok(answer(response).await)
    };
    tokio::pin!(exchange);
    tokio::select! {
        biased;
        answer = &mut exchange => answer,
        ended = connection => {
            let pending = async { ended.map_err(|error| error.to_string()) }.await;
            match pending {
                // The answer may be complete though the connection has ended.
                Ok(()) => exchange.await,
                Err(error) => Err(error),
            }
        }
    }
}

/// The same over HTTP/2, which the peer must speak from the first byte.
async fn exchange_http2<S>(request: &Request, stream: S) -> Result<(Answer, Option<String>), String>
where
    S: hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static,
{
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await;
    let (mut sender, connection) = handshake.map_err(|error| error.to_string())?;
    // The authority is part of the URL; a host header of the probe replaces it.
    let host = request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("host"));
    let authority = host.map_or_else(|| request.authority(), |(_, host)| host.clone());
    let message = message(request, http::Request::get(format!("http://{authority}{}", request.path)), false)?;
    let exchange = async {
        let response = sender.send_request(message).await.map_err(|error| error.to_string())?;
        Ok(answer(response).await)
    };
    tokio::select! {
        biased;
        answer = exchange => answer,
        ended = connection => Err(ended.err().map_or("the connection ended".to_owned(), |error| error.to_string())),
    }
}

fn message(
    request: &Request,
    mut builder: http::request::Builder,
    with_host: bool,
) -> Result<http::Request<Empty<Bytes>>, String> {
    let has = |name: &str| request.headers.iter().any(|(header, _)| header.eq_ignore_ascii_case(name));
    if with_host && !has("host") {
        builder = builder.header("host", request.authority());
    }
    if !has("user-agent") {
        builder = builder.header("user-agent", "kube-probe/1.37");
    }
    if !has("accept") {
        builder = builder.header("accept", "*/*");
    }
    let headers = request.headers.iter().filter(|(name, _)| with_host || !name.eq_ignore_ascii_case("host"));
    for (name, value) in headers {
        builder = builder.header(name, value);
    }
    builder.body(Empty::new()).map_err(|error| error.to_string())
}

async fn answer(response: http::Response<hyper::body::Incoming>) -> (Answer, Option<String>) {
    let status = response.status().as_u16();
    let location = response.headers().get("location").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let mut body = Vec::new();
    let mut frames = Limited::new(response.into_body(), BODY_LIMIT_BYTES);
    while let Some(Ok(frame)) = frames.frame().await {
        if let Some(data) = frame.data_ref() {
            body.extend_from_slice(data);
        }
    }
    (Answer { status, body: String::from_utf8_lossy(&body).into_owned() }, location)
}

fn tls_configuration() -> ClientConfig {
    let provider = Arc::new(aws_lc_rs::default_provider());
    ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("the provider has the default versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        .with_no_client_auth()
}

/// Accepts every certificate, but not a wrong signature of the handshake.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    /// Asks a server that answers once with `response`; what it was asked is returned beside.
    async fn ask(response: &'static str) -> (Result<Answer, String>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = vec![0; 4096];
            let size = stream.read(&mut asked).await.unwrap();
            stream.write_all(response.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&asked[..size]).into_owned()
        });
        let headers = vec![("X-Probe".to_owned(), "yes".to_owned())];
        let request =
            Request { tls: false, http2: false, host: "127.0.0.1".into(), port, path: "/ready?x=1".into(), headers };
        (get(&request, Duration::from_secs(20)).await, serving.await.unwrap())
    }

    #[tokio::test]
    async fn statuses_and_headers() {
        let (answer, asked) = ask("HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\nbusy").await;
        let answer = answer.unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (503, "busy"));
        assert!(
            asked.starts_with("GET /ready?x=1 HTTP/1.1\r\n") && asked.to_lowercase().contains("x-probe: yes"),
            "{asked}"
        );
        let (answer, _) = ask("HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n").await;
        assert_eq!(answer.unwrap().status, 302, "another host is not followed");
        assert!(ask("nonsense\r\n\r\n").await.0.is_err());
    }

    #[tokio::test]
    async fn http2_without_tls() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let service = hyper::service::service_fn(|request: http::Request<hyper::body::Incoming>| async move {
                let host = request.uri().authority().map(ToString::to_string).unwrap_or_default();
                let body = format!("{} {host} {:?}", request.uri().path(), request.version());
                Ok::<_, std::convert::Infallible>(http::Response::new(http_body_util::Full::new(Bytes::from(body))))
            });
            let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
        });
        let request = Request {
            tls: false,
            http2: true,
            host: "127.0.0.1".into(),
            port,
            path: "/ready".into(),
            headers: vec![("Host".into(), "web".into())],
        };
        let answer = get(&request, Duration::from_secs(20)).await.unwrap();
        assert_eq!(answer.body, "/ready web HTTP/2.0");
        serving.abort();
    }
}
