//! The health checks of `healthCheckNodePort`: load balancers ask whether this node has endpoints.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Arc, RwLock},
};

use apimachinery::{Str, json, value};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response, StatusCode, body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpListener,
    sync::Semaphore,
    task::{AbortHandle, JoinSet},
};

/// What is answered on a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// The service's namespace.
    pub namespace: Str,
    /// The service's name.
    pub name: Str,
    /// How many of its endpoints are on this node.
    pub local_endpoints: usize,
}

/// Connections that one port serves at the same time; others wait in the kernel's queue.
const CONNECTIONS_LIMIT: usize = 64;

/// How long nothing is accepted when the process has no descriptor left.
const ACCEPT_REST: std::time::Duration = std::time::Duration::from_millis(100);

type Answer = Arc<RwLock<HealthCheck>>;

/// HTTP servers, one per port; they end with this value.
#[derive(Default)]
pub struct HealthServer {
    ports: BTreeMap<u16, (Answer, AbortHandle)>,
    tasks: JoinSet<()>,
}

impl HealthServer {
    /// Serves exactly these checks. Returns what could not be served, with the reason.
    pub async fn update(&mut self, checks: BTreeMap<u16, HealthCheck>) -> Vec<(Str, String)> {
        self.ports.retain(|port, (_, task)| {
            let kept = checks.contains_key(port);
            if !kept {
                task.abort();
            }
            kept
        });
        // Ended tasks are taken out of the set.
        while self.tasks.try_join_next().is_some() {}
        let mut failed = Vec::new();
        for (port, check) in checks {
            if let Some((answer, _)) = self.ports.get(&port) {
                *answer.write().unwrap_or_else(std::sync::PoisonError::into_inner) = check;
                continue;
            }
            match bind(port).await {
                Ok(listener) => {
                    let answer = Arc::new(RwLock::new(check));
                    let task = self.tasks.spawn(serve(listener, answer.clone()));
                    self.ports.insert(port, (answer, task));
                }
                Err(error) => {
                    let message = format!("cannot serve health checks on port {port}: {error}");
                    failed.push((format!("{}/{}", check.namespace, check.name).into(), message));
                }
            }
        }
        failed
    }
}

async fn bind(port: u16) -> std::io::Result<TcpListener> {
    // The IPv6 socket serves IPv4 too, where there is IPv6.
    match TcpListener::bind((IpAddr::V6(Ipv6Addr::UNSPECIFIED), port)).await {
        Ok(listener) => Ok(listener),
        Err(_) => TcpListener::bind((IpAddr::V4(Ipv4Addr::UNSPECIFIED), port)).await,
    }
}

async fn serve(listener: TcpListener, answer: Answer) {
    let slots = Arc::new(Semaphore::new(CONNECTIONS_LIMIT));
    let mut connections = JoinSet::new();
    loop {
        let Ok(slot) = slots.clone().acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a health check");
                tokio::time::sleep(ACCEPT_REST).await;
                continue;
            }
        };
        while connections.try_join_next().is_some() {}
        let answer = answer.clone();
        connections.spawn(async move {
            let respond = service_fn(|_: Request<Incoming>| {
                let check = answer.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
                async move { Ok::<_, Infallible>(response(&check)) }
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .keep_alive(false)
                .serve_connection(TokioIo::new(stream), respond);
            // A client that asks nothing does not hold its place for long.
            let _ = tokio::time::timeout(std::time::Duration::from_secs(10), connection).await;
            drop(slot);
        });
    }
}

fn response(check: &HealthCheck) -> Response<Full<Bytes>> {
    let body = value!({
        "service": {"namespace": check.namespace.clone(), "name": check.name.clone()},
        "localEndpoints": check.local_endpoints as i64,
        "serviceProxyHealthy": true,
    });
    let status = if check.local_endpoints > 0 { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut response = Response::new(Full::new(Bytes::from(json::to_vec(&body))));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert("content-type", hyper::header::HeaderValue::from_static("application/json"));
    headers.insert("x-content-type-options", hyper::header::HeaderValue::from_static("nosniff"));
    headers.insert("x-load-balancing-endpoint-weight", hyper::header::HeaderValue::from(check.local_endpoints));
    response
}
