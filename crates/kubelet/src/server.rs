//! The kubelet's own API on port 10250: logs, exec, attach, port-forward, what runs here.
//!
//! Nobody is anonymous: who asks shows a client certificate that the TLS configuration has verified, or a token, and
//! the API server says whether they may.

use std::{convert::Infallible, sync::Arc};

use apimachinery::{Object, Status, Value, json, value};
use bytes::Bytes;
use component_base::metrics::MEDIA_TYPE;
use cri_api::{ExecOptions, Streaming, v1::GetEventsRequest};
use futures::{StreamExt as _, future::BoxFuture};
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{Full, StreamBody, combinators::BoxBody};
use hyper::body::{Frame, Incoming};
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use tokio::{net::TcpListener, sync::mpsc};
use tokio_rustls::TlsAcceptor;

pub mod auth;
pub mod channels;
pub mod spdy;
pub mod streams;
pub mod websocket;

use self::{
    auth::{Authenticator, Authorizer},
    channels::{Action, COMMAND_PROTOCOLS, PROTOCOLS, Wanted},
    spdy::negotiate::{self, Transport},
};
use crate::{
    Kubelet,
    kubelet::Inner,
    logs::read,
    observed::{self, Observed, State},
};

/// Chunks of a log that wait for the client.
const LOG_QUEUE_CHUNKS: usize = 8;

type Body = BoxBody<Bytes, Infallible>;

/// What the server asks about who asks.
#[derive(Clone)]
pub struct Access {
    /// Who it is.
    pub authenticator: Arc<dyn Authenticator>,
    /// What they may.
    pub authorizer: Arc<dyn Authorizer>,
}

impl Kubelet {
    /// Serves the kubelet's API on `listener` for ever.
    pub async fn serve(&self, listener: TcpListener, tls: Arc<rustls::ServerConfig>, access: Access) {
        let acceptor = TlsAcceptor::from(tls);
        loop {
            let stream = match listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of descriptors, most likely; each that is closed makes room.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                    continue;
                }
            };
            let (acceptor, access, kubelet) = (acceptor.clone(), access.clone(), self.clone());
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let certificates = stream.get_ref().1.peer_certificates();
                let certificate = certificates.and_then(|chain| chain.first()).map(|first| first.as_ref().to_vec());
                let service = hyper::service::service_fn(move |request| {
                    let (kubelet, access, certificate) = (kubelet.clone(), access.clone(), certificate.clone());
                    async move { Ok::<_, Infallible>(kubelet.handle(request, &access, certificate.as_deref()).await) }
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .with_upgrades();
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a connection to the kubelet ended");
                }
            });
        }
    }

    async fn handle(&self, request: Request<Incoming>, access: &Access, certificate: Option<&[u8]>) -> Response<Body> {
        let answered = match authorize(&request, access, certificate).await {
            Ok(()) => route(self.inner(), request).await,
            Err(status) => Err(status),
        };
        answered.unwrap_or_else(refuse)
    }
}

/// Which parts of a node a path belongs to, the finest first: who may one of them may ask.
fn subresources(path: &str) -> &'static [&'static str] {
    let is = |prefix: &str| path == prefix || path.starts_with(&format!("{prefix}/"));
    if is("/stats") {
        &["stats"]
    } else if is("/metrics") {
        &["metrics"]
    } else if is("/logs") {
        &["log"]
    } else if is("/healthz") {
        &["healthz", "proxy"]
    } else if is("/pods") || is("/runningpods") {
        &["pods", "proxy"]
    } else if is("/configz") {
        &["configz", "proxy"]
    } else {
        &["proxy"]
    }
}

fn verb(method: &Method) -> &'static str {
    match *method {
        Method::POST => "create",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE => "delete",
        _ => "get",
    }
}

async fn authorize(request: &Request<Incoming>, access: &Access, certificate: Option<&[u8]>) -> Result<(), Status> {
    let authorization = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = authorization.and_then(|text| text.strip_prefix("Bearer ")).map(str::trim);
    let identity = access.authenticator.authenticate(certificate, token).await?.ok_or_else(Status::unauthorized)?;
    let (verb, subresources) = (verb(request.method()), subresources(request.uri().path()));
    for subresource in subresources {
        if access.authorizer.authorize(&identity, verb, subresource).await? {
            return Ok(());
        }
    }
    let message = format!(
        "Forbidden (user={}, verb={verb}, resource=nodes, subresource(s)=[{}])",
        identity.username,
        subresources.join(" ")
    );
    Err(Status::failure(403, "Forbidden", message))
}

fn respond(code: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(BoxBody::new(Full::new(body.into())));
    *response.status_mut() = code;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    response
}

fn refuse(status: Status) -> Response<Body> {
    let code = StatusCode::from_u16(status.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    respond(code, "text/plain; charset=utf-8", status.message)
}

fn respond_json(value: &Value) -> Response<Body> {
    respond(StatusCode::OK, "application/json", json::to_vec(value))
}

/// The parameters of a query, decoded, in order.
struct Query(Vec<(String, String)>);

impl Query {
    fn of(request: &Request<Incoming>) -> Query {
        let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
        let pairs = request.uri().query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let split = |pair: &str| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key), decode(value))
        };
        Query(pairs.map(split).collect())
    }

    fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    fn get(&self, key: &str) -> Option<&str> {
        let found = self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
        found.filter(|value| !value.is_empty())
    }

    fn flag(&self, keys: &[&str]) -> bool {
        keys.iter().any(|key| matches!(self.get(key), Some("1" | "true" | "True" | "TRUE" | "t" | "T")))
    }

    fn number(&self, key: &str) -> Result<Option<u64>, Status> {
        let wrong = |text: &str| Status::bad_request(format!("invalid {key} {text:?}: must be a whole number"));
        self.get(key).map(|text| text.parse().map_err(|_| wrong(text))).transpose()
    }
}

async fn route(kubelet: &Arc<Inner>, request: Request<Incoming>) -> Result<Response<Body>, Status> {
    let path = request.uri().path().to_owned();
    let query = Query::of(&request);
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    match segments.as_slice() {
        ["healthz"] | ["healthz", "ping" | "syncloop" | "log"] => {
            Ok(respond(StatusCode::OK, "text/plain; charset=utf-8", "ok"))
        }
        ["pods"] => Ok(respond_json(&pod_list(kubelet.pods()))),
        ["runningpods"] => Ok(respond_json(&pod_list(kubelet.running_pods().await?))),
        ["stats", "summary"] => Ok(respond_json(&crate::stats::summary(kubelet).await?)),
        ["metrics"] => Ok(respond(StatusCode::OK, MEDIA_TYPE, crate::metrics::own(kubelet).await?)),
        ["metrics", "cadvisor"] => Ok(respond(StatusCode::OK, MEDIA_TYPE, crate::metrics::cadvisor(kubelet).await?)),
        ["metrics", "probes"] => Ok(respond(StatusCode::OK, MEDIA_TYPE, crate::metrics::probes())),
        ["configz"] => Ok(respond_json(&kubelet.services.config.to_api())),
        ["metrics", "resource"] => {
            let text = crate::stats::resource_metrics(kubelet).await?;
            Ok(respond(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", text))
        }
        ["containerLogs", namespace, pod, container] => {
            let log = logs(kubelet, namespace, pod, container, &query).await?;
            match wants_websocket(&request) {
                true => upgrade(request, &[websocket::BYTES_PROTOCOL], |stream, _| {
                    websocket::write_body(stream, log.into_body())
                }),
                false => Ok(log),
            }
        }
        ["exec" | "attach" | "portForward", ..] if !matches!(*request.method(), Method::GET | Method::POST) => {
            Err(Status::failure(405, "MethodNotAllowed", "use GET or POST"))
        }
        [action @ ("exec" | "attach"), namespace, pod, rest @ ..] => {
            // The form with a UID has one segment more.
            let container = rest.last().copied().unwrap_or_default();
            let observed = kubelet.observe(namespace, pod).await?;
            let running = observed.latest(container).filter(|found| found.state == State::Running);
            let found = running
                .ok_or_else(|| Status::failure(404, "NotFound", format!("container not found (\"{container}\")")))?;
            let wanted = Wanted {
                stdin: query.flag(&["input", "stdin"]),
                stdout: query.flag(&["output", "stdout"]),
                stderr: query.flag(&["error", "stderr"]),
                tty: query.flag(&["tty"]),
            };
            let action = match *action {
                "exec" => {
                    let command: Vec<String> = query.all("command").map(str::to_owned).collect();
                    if command.is_empty() {
                        return Err(Status::bad_request("you must specify at least 1 command"));
                    }
                    Action::Exec(ExecOptions { container_id: found.id.clone(), command, tty: wanted.tty })
                }
                _ => Action::Attach(found.id.clone()),
            };
            stream_command(request, action, wanted, kubelet.streaming.clone())
        }
        ["portForward", namespace, pod, ..] => {
            let observed = kubelet.observe(namespace, pod).await?;
            let sandbox = observed.ready_sandbox().ok_or_else(|| Status::bad_request("pod is not running"))?.id.clone();
            stream_ports(request, sandbox, &[], kubelet.streaming.clone())
        }
        _ => Err(Status::failure(404, "NotFound", "404 page not found")),
    }
}

/// Hands a connection to a command or a container's main process.
fn stream_command(
    request: Request<Incoming>,
    action: Action,
    wanted: Wanted,
    streaming: Arc<dyn Streaming>,
) -> Result<Response<Body>, Status> {
    if negotiate::wanted(request.headers()) == Some(Transport::Plain) {
        let answer = negotiate::accept(request.headers(), Transport::Plain, spdy::remote_command::PROTOCOL)?;
        return switch(request, answer, move |stream| spdy::remote_command::serve(stream, action, wanted, streaming));
    }
    upgrade(request, &COMMAND_PROTOCOLS, move |stream, protocol| {
        channels::serve(stream, protocol, action, wanted, streaming)
    })
}

/// Hands a connection to ports of a pod: those that the query names, or `known` ones. Over SPDY each stream names its
/// own.
fn stream_ports(
    request: Request<Incoming>,
    sandbox: String,
    known: &[u16],
    streaming: Arc<dyn Streaming>,
) -> Result<Response<Body>, Status> {
    if let Some(transport) = negotiate::wanted(request.headers()) {
        let answer = negotiate::accept(request.headers(), transport, spdy::port_forward::PROTOCOL)?;
        return switch(request, answer, move |stream| async move {
            match transport {
                Transport::Plain => spdy::port_forward::serve(stream, sandbox, streaming).await,
                Transport::Tunnel => {
                    let forward = |inner| spdy::port_forward::serve(inner, sandbox, streaming);
                    spdy::tunnel::serve(stream, forward).await
                }
            }
        });
    }
    let query = Query::of(&request);
    let ports = query.all("port").chain(query.all("ports")).flat_map(|text| text.split(','));
    let ports: Result<Vec<u16>, _> = ports.map(str::parse).collect();
    let mut ports = ports.map_err(|_| Status::bad_request("invalid port: must be between 1 and 65535"))?;
    if ports.is_empty() {
        ports = known.to_vec();
    }
    if ports.is_empty() {
        return Err(Status::bad_request("you must specify at least 1 port"));
    }
    upgrade(request, &PROTOCOLS, move |stream, _| channels::forward(stream, sandbox, ports, streaming))
}

fn pod_list(pods: Vec<Arc<Object>>) -> Value {
    let items: Value = pods.iter().map(|pod| pod.0.clone()).collect();
    value!({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": items})
}

/// Switches to WebSocket and lets `serve` have the connection.
fn upgrade<F>(
    request: Request<Incoming>,
    protocols: &[&'static str],
    serve: impl FnOnce(TokioIo<hyper::upgrade::Upgraded>, &'static str) -> F + Send + 'static,
) -> Result<Response<Body>, Status>
where
    F: Future<Output = std::io::Result<()>> + Send,
{
    let text = |name: header::HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
    if !wants_websocket(&request) {
        return Err(Status::bad_request(
            "this kubelet speaks WebSocket here: send 'Upgrade: websocket' with Sec-WebSocket-Protocol v5.channel.k8s.io, or 'Upgrade: SPDY/3.1'",
        ));
    }
    let key = text(header::SEC_WEBSOCKET_KEY).ok_or_else(|| Status::bad_request("Sec-WebSocket-Key is missing"))?;
    let offered = text(header::SEC_WEBSOCKET_PROTOCOL).unwrap_or_default();
    let protocol = protocols.iter().copied().find(|known| offered.split(',').any(|one| one.trim() == *known));
    let protocol = protocol.ok_or_else(|| {
        Status::bad_request(format!(
            "unable to negotiate a WebSocket protocol: offered {offered:?}, known {protocols:?}"
        ))
    })?;
    let answer = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(header::UPGRADE, "websocket")
        .header(header::CONNECTION, "Upgrade")
        .header(header::SEC_WEBSOCKET_ACCEPT, websocket::accept(key))
        .header(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    switch(request, answer, move |stream| serve(stream, protocol))
}

fn wants_websocket(request: &Request<Incoming>) -> bool {
    let protocol = request.headers().get(header::UPGRADE).and_then(|value| value.to_str().ok());
    protocol.is_some_and(|protocol| protocol.eq_ignore_ascii_case("websocket"))
}

/// Answers with `answer` and lets `serve` have the connection.
fn switch<F>(
    request: Request<Incoming>,
    answer: http::response::Builder,
    serve: impl FnOnce(TokioIo<hyper::upgrade::Upgraded>) -> F + Send + 'static,
) -> Result<Response<Body>, Status>
where
    F: Future<Output = std::io::Result<()>> + Send,
{
    let response = answer.body(BoxBody::new(Full::default())).map_err(Status::internal)?;
    tokio::spawn(async move {
        match hyper::upgrade::on(request).await {
            Ok(upgraded) => {
                if let Err(error) = serve(TokioIo::new(upgraded)).await {
                    tracing::debug!(%error, "a stream of a container ended");
                }
            }
            Err(error) => tracing::debug!(%error, "a connection was not upgraded"),
        }
    });
    Ok(response)
}

async fn logs(
    kubelet: &Arc<Inner>,
    namespace: &str,
    pod: &str,
    container: &str,
    query: &Query,
) -> Result<Response<Body>, Status> {
    let observed = kubelet.observe(namespace, pod).await?;
    let mut found = observed.containers.iter().filter(|found| found.name == container && found.started_at > 0);
    let chosen = if query.flag(&["previous"]) {
        let running = observed.latest(container).is_some_and(|latest| latest.state != State::Exited);
        let missing =
            || Status::bad_request(format!("previous terminated container {container:?} in pod {pod:?} not found"));
        if running { found.nth(1) } else { found.nth(1).or_else(|| observed.latest(container)) }.ok_or_else(missing)?
    } else {
        let waiting = || {
            Status::bad_request(format!(
                "container {container:?} in pod {pod:?} is waiting to start: ContainerCreating"
            ))
        };
        found.next().ok_or_else(waiting)?
    };
    let since_seconds = query.number("sinceSeconds")?;
    let since = match (since_seconds, query.get("sinceTime")) {
        (Some(seconds), _) => {
            let seconds = jiff::SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX / 2));
            stdx::clock::now().checked_sub(seconds).ok()
        }
        (None, Some(text)) => {
            Some(text.parse().map_err(|_| Status::bad_request(format!("invalid sinceTime {text:?}")))?)
        }
        (None, None) => None,
    };
    let options = read::Options {
        follow: query.flag(&["follow"]),
        tail_lines: query.number("tailLines")?,
        since,
        timestamps: query.flag(&["timestamps"]),
        limit_bytes: query.number("limitBytes")?,
        stream: match query.get("stream") {
            Some("Stdout") => Some("stdout".to_owned()),
            Some("Stderr") => Some("stderr".to_owned()),
            _ => None,
        },
    };
    let (sender, mut receiver) = mpsc::channel(LOG_QUEUE_CHUNKS);
    let (path, id, uid) = (chosen.log_path.clone(), chosen.id.clone(), kubelet.uid(namespace, pod)?);
    let kubelet = kubelet.clone();
    tokio::spawn(async move {
        let wake = container_news(&kubelet, options.follow).await;
        let runtime = kubelet.services.runtime.clone();
        let ended = move || -> BoxFuture<'static, bool> {
            let (runtime, uid, id) = (runtime.clone(), uid.clone(), id.clone());
            Box::pin(async move {
                let observed = observed::observe(&runtime, &uid).await.unwrap_or_default();
                !observed.containers.iter().any(|container| container.id == id && container.state == State::Running)
            })
        };
        if let Err(error) = read::read(path.as_ref(), options, sender.clone(), ended, wake).await {
            let message = format!("failed to try resolving symlinks in path {path:?}: {error}\n");
            // Without a reader there is nobody to tell.
            let _ = sender.send(message.into()).await;
        }
    });
    let chunks = futures::stream::poll_fn(move |context| receiver.poll_recv(context));
    let body = StreamBody::new(chunks.map(|chunk| Ok(Frame::data(chunk))));
    let mut response = Response::new(BoxBody::new(body));
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/plain; charset=utf-8"));
    Ok(response)
}

/// A channel that says whenever something has happened to some container.
async fn container_news(kubelet: &Arc<Inner>, wanted: bool) -> mpsc::Receiver<()> {
    let (sender, receiver) = mpsc::channel(1);
    if wanted && let Ok(mut events) = kubelet.services.runtime.get_container_events(GetEventsRequest {}).await {
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    event = events.next() => if event.is_none() { return },
                    () = sender.closed() => return,
                }
                // One that waits already says it all.
                let _ = sender.try_send(());
            }
        });
    }
    receiver
}

impl Inner {
    /// The UID of a pod of this node by name.
    pub(crate) fn uid(&self, namespace: &str, name: &str) -> Result<String, Status> {
        let pods = self.pods();
        let found = pods.iter().find(|pod| pod.namespace() == namespace && pod.name() == name);
        let missing = || Status::failure(404, "NotFound", format!("pod \"{name}_{namespace}\" not found"));
        found.map(|pod| pod.uid().to_owned()).ok_or_else(missing)
    }

    async fn observe(&self, namespace: &str, name: &str) -> Result<Observed, Status> {
        let uid = self.uid(namespace, name)?;
        observed::observe(&self.services.runtime, &uid).await.map_err(Status::internal)
    }

    /// The pods of which the runtime has something, in a short form.
    async fn running_pods(&self) -> Result<Vec<Arc<Object>>, Status> {
        let mut running = Vec::new();
        for pod in self.pods() {
            let observed = observed::observe(&self.services.runtime, pod.uid()).await.map_err(Status::internal)?;
            let containers: Value = observed
                .alive()
                .map(|container| value!({"name": container.name.as_str(), "image": container.image.as_str(), "resources": {}}))
                .collect();
            if observed.ready_sandbox().is_some() {
                running.push(Arc::new(Object(value!({
                    "metadata": {"name": pod.name(), "namespace": pod.namespace(), "uid": pod.uid()},
                    "spec": {"containers": containers},
                    "status": {}
                }))));
            }
        }
        Ok(running)
    }
}

#[cfg(test)]
mod tests;
