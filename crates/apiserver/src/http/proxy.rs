//! The way to pods and services, for their `proxy` subresource.

use std::sync::{Arc, OnceLock};

use apimachinery::Status;
use http::{HeaderValue, Method, StatusCode, header};
use http_body_util::BodyExt;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{HttpRequest, HttpResponse, NodeStream, full, node::forward, rewrite::Rewriter};

/// A page whose links are rewritten is held in memory, up to this size.
const PAGE_BYTES_LIMIT: usize = 8 << 20;

/// What is behind a `proxy` subresource.
pub struct ProxyTarget {
    /// Speak TLS, to whatever certificate.
    pub tls: bool,
    /// Address and port.
    pub address: String,
    /// The path of the subresource itself, ending with `/proxy`.
    pub prefix: String,
}

/// Passes a request on to the server at an address, and its answer back: links and redirects in it that name the
/// server by absolute path lead through the proxy.
///
/// # Errors
/// 503 when the server cannot be reached.
pub async fn proxy_to_address(target: &ProxyTarget, mut request: HttpRequest) -> Result<HttpResponse, Status> {
    let uri = request.uri().clone();
    let rest = uri.path().strip_prefix(target.prefix.as_str()).unwrap_or_default();
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    // Relative links of a page need the slash; other methods mean the server's root.
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if rest.is_empty() && reads && !request.headers().contains_key(header::UPGRADE) {
        return redirect(&format!("{}/{query}", target.prefix));
    }
    let unreachable =
        |error: &dyn std::fmt::Display| Status::service_unavailable(format!("error trying to reach service: {error}"));
    let stream = TcpStream::connect(&target.address)
        .await
        .map_err(|error| unreachable(&format!("dial tcp {}: {error}", target.address)))?;
    let _ = stream.set_nodelay(true);
    let stream: Box<dyn NodeStream> = match target.tls {
        false => Box::new(stream),
        true => {
            let host = target.address.rsplit_once(':').map_or(target.address.as_str(), |(host, _)| host);
            let name = ServerName::try_from(host.to_owned()).map_err(|error| unreachable(&error))?;
            Box::new(trusting_connector()?.connect(name, stream).await.map_err(|error| unreachable(&error))?)
        }
    };
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.or(uri.authority().map(|authority| authority.as_str())).unwrap_or_default().to_owned();
    let headers = request.headers_mut();
    // Links in a compressed page could not be rewritten.
    headers.remove(header::ACCEPT_ENCODING);
    for (name, value) in [("x-forwarded-uri", uri.path()), ("x-forwarded-host", &host), ("x-forwarded-proto", "https")]
    {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    let path = if rest.is_empty() { "/" } else { rest };
    let answer = forward(stream, &target.address, &format!("{path}{query}"), request).await?;
    rewrite(answer, &Rewriter { prefix: &target.prefix, own_hosts: [&target.address, &host] }).await
}

fn redirect(place: &str) -> Result<HttpResponse, Status> {
    let mut response = http::Response::new(full(""));
    *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
    let place = HeaderValue::from_str(place).map_err(|error| Status::bad_request(error.to_string()))?;
    response.headers_mut().insert(header::LOCATION, place);
    Ok(response)
}

/// Pods have certificates of any kind, or none that could be verified.
fn trusting_connector() -> Result<TlsConnector, Status> {
    static CONNECTOR: OnceLock<TlsConnector> = OnceLock::new();
    if let Some(connector) = CONNECTOR.get() {
        return Ok(connector.clone());
    }
    let mut config = pki::tls::unverified_client_config().map_err(Status::internal)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(CONNECTOR.get_or_init(|| TlsConnector::from(Arc::new(config))).clone())
}

async fn rewrite(mut response: HttpResponse, rewriter: &Rewriter<'_>) -> Result<HttpResponse, Status> {
    let headers = response.headers_mut();
    // A pod must not decide which other sites may read what the API server answers.
    let grants = headers.keys().filter(|name| name.as_str().starts_with("access-control-")).cloned();
    for name in grants.collect::<Vec<_>>() {
        headers.remove(name);
    }
    let place = headers.get(header::LOCATION).and_then(|place| place.to_str().ok()).map(|place| rewriter.url(place));
    if let Some(place) = place.and_then(|place| HeaderValue::from_str(&place).ok()) {
        headers.insert(header::LOCATION, place);
    }
    let is_page = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/html")));
    if !is_page || headers.contains_key(header::CONTENT_ENCODING) {
        return Ok(response);
    }
    let (mut parts, mut body) = response.into_parts();
    let mut page = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Status::internal(format!("cannot read the page: {error}")))?;
        page.extend_from_slice(&frame.into_data().unwrap_or_default());
        if page.len() > PAGE_BYTES_LIMIT {
            return Err(Status::internal(format!("the page has more than {PAGE_BYTES_LIMIT} bytes")));
        }
    }
    // Other encodings than UTF-8 are not understood and pass as they are.
    let page = match std::str::from_utf8(&page) {
        Ok(text) => rewriter.page(text).into_bytes(),
        Err(_) => page,
    };
    parts.headers.remove(header::TRANSFER_ENCODING);
    if parts.headers.contains_key(header::CONTENT_LENGTH) {
        parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(page.len()));
    }
    Ok(http::Response::from_parts(parts, full(page)))
}
