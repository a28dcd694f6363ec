//! Exec, attach and port-forward for clients of the runtime: each is prepared by a call, which answers with an address,
//! and had there over SPDY or WebSocket, once.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use apimachinery::Status;
use async_trait::async_trait;
use cri_api::{
    Code, Error, ExecOptions, Result, RuntimeService, Streaming, StreamingAddresses,
    v1::{
        AttachRequest, AttachResponse, ContainerState, ContainerStatusRequest, ExecRequest, ExecResponse,
        PodSandboxState, PodSandboxStatusRequest, PortForwardRequest, PortForwardResponse,
    },
};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::{Action, Body, Wanted, refuse, stream_command, stream_ports};

/// How long a prepared stream waits for its client.
const WAIT_LIMIT: Duration = Duration::from_secs(60);
/// The most streams that wait.
const WAITING_LIMIT: usize = 1000;

/// What a client will have.
enum Prepared {
    Command(Action, Wanted),
    Ports(String, Vec<u16>),
}

/// Serves the streams of a runtime. Cheap to clone; all clones are the same server.
#[derive(Clone)]
pub struct StreamServer {
    address: SocketAddr,
    runtime: Arc<dyn RuntimeService>,
    streaming: Arc<dyn Streaming>,
    waiting: Arc<Mutex<BTreeMap<String, (Instant, Prepared)>>>,
}

impl StreamServer {
    /// A server that clients reach at `address`.
    pub fn new(address: SocketAddr, runtime: Arc<dyn RuntimeService>, streaming: Arc<dyn Streaming>) -> StreamServer {
        StreamServer { address, runtime, streaming, waiting: Arc::default() }
    }

    /// Serves what was prepared on `listener` for ever.
    pub async fn serve(&self, listener: TcpListener) {
        loop {
            let stream = match listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of descriptors, most likely; each that is closed makes room.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let server = self.clone();
            tokio::spawn(async move {
                let service = hyper::service::service_fn(move |request| {
                    let answer = server.answer(request).unwrap_or_else(refuse);
                    std::future::ready(Ok::<_, Infallible>(answer))
                });
                let http = hyper::server::conn::http1::Builder::new();
                if let Err(error) = http.serve_connection(TokioIo::new(stream), service).with_upgrades().await {
                    tracing::debug!(%error, "a connection to a stream ended");
                }
            });
        }
    }

    /// Keeps what was prepared; the address at which it is had.
    fn prepare(&self, kind: &str, prepared: Prepared) -> Result<String> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|_, (since, _)| since.elapsed() < WAIT_LIMIT);
        if waiting.len() >= WAITING_LIMIT {
            return Err(Error::new(Code::ResourceExhausted, "too many streams wait for their clients"));
        }
        // Whoever knows it gets the stream: it must not be guessed.
        let token = format!("{:016x}{:016x}", stdx::random::u64(), stdx::random::u64());
        let url = format!("http://{}/{kind}/{token}", self.address);
        waiting.insert(token, (Instant::now(), prepared));
        Ok(url)
    }

    fn answer(&self, request: Request<Incoming>) -> std::result::Result<Response<Body>, Status> {
        let token = request.uri().path().rsplit('/').next().unwrap_or_default();
        let found = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(token);
        match found.filter(|(since, _)| since.elapsed() < WAIT_LIMIT) {
            Some((_, Prepared::Command(action, wanted))) => {
                stream_command(request, action, wanted, self.streaming.clone())
            }
            Some((_, Prepared::Ports(sandbox, ports))) => {
                stream_ports(request, sandbox, &ports, self.streaming.clone())
            }
            None => Err(Status::failure(404, "NotFound", "404 page not found")),
        }
    }

    async fn check_running(&self, container_id: &str) -> Result<()> {
        let request = ContainerStatusRequest { container_id: container_id.to_owned(), verbose: false };
        let state = self.runtime.container_status(request).await?.status.map(|status| status.state());
        match state {
            Some(ContainerState::ContainerRunning) => Ok(()),
            _ => Err(Error::failed_precondition(format!("container {container_id:?} does not run"))),
        }
    }
}

#[async_trait]
impl StreamingAddresses for StreamServer {
    async fn exec(&self, request: ExecRequest) -> Result<ExecResponse> {
        if request.cmd.is_empty() {
            return Err(Error::invalid_argument("exec needs a command"));
        }
        let wanted = wanted(request.stdin, request.stdout, request.stderr, request.tty)?;
        self.check_running(&request.container_id).await?;
        let options = ExecOptions { container_id: request.container_id, command: request.cmd, tty: request.tty };
        Ok(ExecResponse { url: self.prepare("exec", Prepared::Command(Action::Exec(options), wanted))? })
    }

    async fn attach(&self, request: AttachRequest) -> Result<AttachResponse> {
        let wanted = wanted(request.stdin, request.stdout, request.stderr, request.tty)?;
        self.check_running(&request.container_id).await?;
        let action = Action::Attach(request.container_id);
        Ok(AttachResponse { url: self.prepare("attach", Prepared::Command(action, wanted))? })
    }

    async fn port_forward(&self, request: PortForwardRequest) -> Result<PortForwardResponse> {
        let id = request.pod_sandbox_id;
        let status = PodSandboxStatusRequest { pod_sandbox_id: id.clone(), verbose: false };
        let state = self.runtime.pod_sandbox_status(status).await?.status.map(|status| status.state());
        if state != Some(PodSandboxState::SandboxReady) {
            return Err(Error::failed_precondition(format!("sandbox {id:?} is not ready")));
        }
        let ports: std::result::Result<Vec<u16>, _> = request.port.iter().map(|port| u16::try_from(*port)).collect();
        let ports = ports.map_err(|_| Error::invalid_argument("a port must be between 1 and 65535"))?;
        Ok(PortForwardResponse { url: self.prepare("portforward", Prepared::Ports(id, ports))? })
    }
}

/// The streams of a request, with upstream's rules.
fn wanted(stdin: bool, stdout: bool, stderr: bool, tty: bool) -> Result<Wanted> {
    if tty && stderr {
        return Err(Error::invalid_argument("tty and stderr cannot both be true"));
    }
    if !(stdin || stdout || stderr) {
        return Err(Error::invalid_argument("one of stdin, stdout, or stderr must be set"));
    }
    Ok(Wanted { stdin, stdout, stderr, tty })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_streams_of_a_request_follow_upstreams_rules() {
        let message = |wanted: Result<Wanted>| wanted.err().map(|error| error.message).unwrap_or_default();
        assert_eq!(message(wanted(false, true, false, true)), "");
        assert_eq!(message(wanted(false, true, true, true)), "tty and stderr cannot both be true");
        assert_eq!(message(wanted(false, false, false, true)), "one of stdin, stdout, or stderr must be set");
    }
}
