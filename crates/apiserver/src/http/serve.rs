//! Connections: TLS with optional client certificates, HTTP/1.1 and HTTP/2.

use std::{net::IpAddr, sync::Arc, time::Duration};

use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use pki::tls::{ClientOrigin, ClientTrust};
use rustls::{ServerConfig, pki_types::CertificateDer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::{Semaphore, watch},
};
use tokio_rustls::TlsAcceptor;

use super::{dispatch, idle::Requests};
use crate::{Server, UserInfo, authentication, metrics};

/// Connections at once; more wait in the kernel's queue.
const CONNECTIONS_LIMIT: usize = 16_384;
/// A handshake that takes longer is given up.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// A client that takes longer to send its headers is given up.
const HEADERS_TIMEOUT: Duration = Duration::from_secs(32);
/// The most bytes of a request's headers.
const HEADERS_BYTES_LIMIT: usize = 256 << 10;
/// The most headers of a request over HTTP/1.1.
const HEADERS_LIMIT: usize = 256;
/// How often a silent HTTP/2 client is asked whether it is there, and how long it may take to say so, as upstream.
const PING_INTERVAL: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(15);
/// Streams of one HTTP/2 connection, as upstream since CVE-2023-44487.
const HTTP2_STREAMS_LIMIT: u32 = 250;

/// What is known of a connection before any request.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    /// The identity of the client certificate, verified with the handshake.
    pub user: Option<UserInfo>,
    /// Whether the client is a front proxy, whose requests name their users in headers.
    pub front_proxy: bool,
    /// The address of the other side; none where there is no network in between.
    pub address: Option<IpAddr>,
}

impl Connection {
    /// What a verified chain says; `trust` is what verified it.
    fn of_chain(trust: &ClientTrust, chain: &[CertificateDer<'_>]) -> Connection {
        let user = || chain.first().and_then(|leaf| authentication::certificate_user(leaf));
        match trust.origin(chain) {
            Some(ClientOrigin::Client) => Connection { user: user(), ..Connection::default() },
            Some(ClientOrigin::FrontProxy) => {
                let allowed =
                    user().is_some_and(|user| authentication::FRONT_PROXY_NAMES.contains(&user.name.as_str()));
                Connection { front_proxy: allowed, ..Connection::default() }
            }
            None => Connection::default(),
        }
    }
}

/// Serves TLS on `listener`, to clients that `trust` knows and others, until `stop` turns true; connections then finish what they are doing.
pub async fn serve_tls(
    server: Arc<Server>,
    listener: TcpListener,
    config: Arc<ServerConfig>,
    trust: Arc<ClientTrust>,
    mut stop: watch::Receiver<bool>,
) {
    let acceptor = TlsAcceptor::from(config);
    let connections = Arc::new(Semaphore::new(CONNECTIONS_LIMIT));
    loop {
        let Ok(permit) = connections.clone().acquire_owned().await else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                // Out of descriptors, most likely: others must end first.
                tokio::task::yield_now().await;
                continue;
            }
        };
        let (server, acceptor, stop, trust) = (server.clone(), acceptor.clone(), stop.clone(), trust.clone());
        tokio::spawn(async move {
            let _permit = permit;
            let _ = stream.set_nodelay(true);
            let handshake = tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await;
            let Ok(Ok(stream)) = handshake else {
                tracing::debug!("TLS handshake failed");
                metrics::handshake_failed();
                return;
            };
            let certificates = stream.get_ref().1.peer_certificates();
            let connection = certificates.map_or_else(Connection::default, |chain| Connection::of_chain(&trust, chain));
            let connection = Connection { address: Some(address.ip().to_canonical()), ..connection };
            serve_connection(server, TokioIo::new(stream), connection, stop).await;
        });
    }
}

/// Serves one connection.
pub async fn serve_connection<S>(
    server: Arc<Server>,
    stream: TokioIo<S>,
    connection: Connection,
    mut stop: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let connection = Arc::new(connection);
    let requests = Requests::new();
    let counted = requests.clone();
    let service = service_fn(move |request| {
        let (server, connection, request_under_way) = (server.clone(), connection.clone(), counted.begin());
        async move {
            let response = dispatch::dispatch(server, connection, request).await;
            Ok::<_, std::convert::Infallible>(response.map(|body| request_under_way.follow(body)))
        }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_TIMEOUT)
        .max_headers(HEADERS_LIMIT)
        .max_buf_size(HEADERS_BYTES_LIMIT);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT)
        .max_header_list_size(HEADERS_BYTES_LIMIT as u32)
        .max_concurrent_streams(HTTP2_STREAMS_LIMIT);
    let served = builder.serve_connection_with_upgrades(stream, service);
    tokio::pin!(served);
    let ended = tokio::select! {
        result = served.as_mut() => Some(result),
        () = stopped(&mut stop) => None,
        // A client that never says what protocol it speaks waits for nothing else: hanging up is the end.
        begun = requests.idle() => if begun { None } else { return },
    };
    let ended = match ended {
        Some(result) => result,
        None => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended");
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // A sender that is gone means that the process is ending.
    let _ = stop.wait_for(|stop| *stop).await;
}
