//! The way to nodes, for logs, exec, attach and port-forward.

use std::sync::Arc;

use apimachinery::Status;
use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{HttpRequest, HttpResponse};
use crate::{Server, audit::SplicedUntil};

/// A byte stream to a node's kubelet.
pub trait NodeStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> NodeStream for T {}

/// Opens connections to kubelets, authenticated as the API server.
#[async_trait]
pub trait NodeDialer: Send + Sync + 'static {
    /// Connects to the kubelet of `node`.
    ///
    /// # Errors
    /// Why it cannot be reached.
    async fn dial(&self, server: &Server, node: &str) -> Result<Box<dyn NodeStream>, String>;
}

/// Sends `request` to `path_and_query` of the kubelet of `node` and passes the answer on; when both sides
/// agree to switch protocols, the two connections are joined.
///
/// # Errors
/// 503 or 500 when the node cannot be reached.
pub async fn proxy_to_node(
    server: &Arc<Server>,
    node: &str,
    path_and_query: &str,
    request: HttpRequest,
) -> Result<HttpResponse, Status> {
    let stream = server
        .node_dialer()?
        .dial(server, node)
        .await
        .map_err(|error| Status::internal(format!("error dialing backend: {error}")))?;
    forward(stream, node, path_and_query, request).await
}

/// The most bytes that a node may answer with to [`get_from_node`].
const NODE_ANSWER_BYTES_LIMIT: usize = 64 << 20;

/// What the kubelet of `node` answers to a GET of `path`.
///
/// # Errors
/// Why there is no answer, or none that says 200.
pub async fn get_from_node(server: &Arc<Server>, node: &str, path: &str) -> Result<Bytes, String> {
    let dialer = server.node_dialer().map_err(|status| status.message)?;
    let stream = dialer.dial(server, node).await?;
    let shown = |error: &dyn std::fmt::Display| format!("{node}{path}: {error}");
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| shown(&error))?;
    let driver = tokio::spawn(connection);
    let request = http::Request::get(path).header(header::HOST, "node").body(Empty::<Bytes>::new());
    let answer = async {
        let response = sender.send_request(request.map_err(|error| shown(&error))?).await;
        let response = response.map_err(|error| shown(&error))?;
        let code = response.status();
        let body = Limited::new(response.into_body(), NODE_ANSWER_BYTES_LIMIT).collect().await;
        let bytes = body.map_err(|error| shown(&error))?.to_bytes();
        if code.is_success() { Ok(bytes) } else { Err(shown(&code)) }
    };
    let answer = answer.await;
    driver.abort();
    answer
}

/// Sends `request` over `stream` and joins the connections when both sides switch protocols.
pub(crate) async fn forward(
    stream: Box<dyn NodeStream>,
    host: &str,
    path_and_query: &str,
    mut request: HttpRequest,
) -> Result<HttpResponse, Status> {
    let failed = |error: &dyn std::fmt::Display| Status::internal(format!("error dialing backend: {error}"));
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| failed(&error))?;
    tokio::spawn(connection.with_upgrades());
    let upgrading = request.headers().contains_key(header::UPGRADE);
    let client_upgrade = upgrading.then(|| hyper::upgrade::on(&mut request));
    let (parts, body) = request.into_parts();
    let mut outgoing = http::Request::builder().method(parts.method).uri(path_and_query);
    if let Some(headers) = outgoing.headers_mut() {
        for (name, value) in &parts.headers {
            // Credentials of the client are not the node's business.
            if name != header::AUTHORIZATION && name != header::HOST {
                headers.append(name.clone(), value.clone());
            }
        }
        headers.insert(header::HOST, HeaderValue::from_str(host).unwrap_or(HeaderValue::from_static("node")));
    }
    let outgoing = outgoing.body(body).map_err(|error| failed(&error))?;
    let mut response = sender.send_request(outgoing).await.map_err(|error| failed(&error))?;
    if let (http::StatusCode::SWITCHING_PROTOCOLS, Some(client_upgrade)) = (response.status(), client_upgrade) {
        let node_upgrade = hyper::upgrade::on(&mut response);
        let (joined, end) = tokio::sync::watch::channel(());
        response.extensions_mut().insert(SplicedUntil(end));
        tokio::spawn(async move {
            let _joined = joined;
            let (Ok(client), Ok(node)) = tokio::join!(client_upgrade, node_upgrade) else { return };
            let (mut client, mut node) = (TokioIo::new(client), TokioIo::new(node));
            // Either side may hang up at any time; that is how such connections end.
            let _ = tokio::io::copy_bidirectional(&mut client, &mut node).await;
        });
    }
    Ok(response.map(|body| body.map_err(Into::into).boxed_unsync()))
}
