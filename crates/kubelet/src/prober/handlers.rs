//! What a probe does.

use std::{sync::Arc, time::Duration};

use api::views::core_v1::{Container, ProbeHandler};
use cri_api::{Code, RuntimeService, v1::ExecSyncRequest};

use super::grpc;
use crate::{http_get, lifecycle};

/// How a result that says nothing about the container begins.
pub(super) const INCONCLUSIVE: &str = "probe could not be run: ";

/// A probe that succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is well.
    Success,
    /// It counts as a success, but somebody should know.
    Warning(String),
}

/// Runs a probe once; an error is a failure, in the words of its event.
pub async fn run(
    runtime: &Arc<dyn RuntimeService>,
    container_id: &str,
    container: Container<'_>,
    handler: ProbeHandler<'_>,
    timeout: Duration,
    pod_address: &str,
) -> Result<Outcome, String> {
    if let Some(exec) = handler.exec() {
        let command = exec.command().iter().map(str::to_owned).collect();
        return run_exec(runtime, container_id, command, timeout).await;
    }
    if let Some(get) = handler.http_get() {
        let request = http_get::Request::of(container, get, pod_address)?;
        let answer = http_get::get(&request, timeout).await?;
        return match answer.status {
            200..300 => Ok(Outcome::Success),
            300..400 => Ok(Outcome::Warning("Probe terminated redirects".to_owned())),
            status => Err(format!("HTTP probe failed with statuscode: {status}")),
        };
    }
    if let Some(tcp) = handler.tcp_socket() {
        let host = if tcp.host().is_empty() { pod_address } else { tcp.host() };
        let port = lifecycle::port(container, tcp.port())?;
        return run_tcp(host, port, timeout).await;
    }
    if let Some(call) = handler.grpc() {
        let port = u16::try_from(call.port()).map_err(|_| format!("invalid port number: {}", call.port()))?;
        let (service, tls) = (call.service().unwrap_or_default(), call.mode() == Some("TLS"));
        return grpc::check(pod_address, port, service, tls, timeout).await.map(|()| Outcome::Success);
    }
    Err("missing probe handler".to_owned())
}

async fn run_exec(
    runtime: &Arc<dyn RuntimeService>,
    container_id: &str,
    cmd: Vec<String>,
    timeout: Duration,
) -> Result<Outcome, String> {
    let seconds = i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX);
    let shown = format!("{cmd:?}");
    let request = ExecSyncRequest { container_id: container_id.to_owned(), cmd, timeout: seconds };
    match runtime.exec_sync(request).await {
        Ok(answer) if answer.exit_code == 0 => Ok(Outcome::Success),
        Ok(answer) => {
            let text = [answer.stdout, answer.stderr].concat();
            Err(String::from_utf8_lossy(&text).into_owned())
        }
        Err(error) if error.code == Code::DeadlineExceeded => {
            Err(format!("command timed out: {shown} timed out after {}s", timeout.as_secs()))
        }
        Err(error) => Err(format!("{INCONCLUSIVE}{error}")),
    }
}

async fn run_tcp(host: &str, port: u16, timeout: Duration) -> Result<Outcome, String> {
    let address = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    match tokio::time::timeout(timeout, stdx::resolver::connect(host, port)).await {
        Ok(Ok(_)) => Ok(Outcome::Success),
        Ok(Err(error)) => Err(format!("dial tcp {address}: {}", http_get::dial_error(&error))),
        Err(_) => Err(format!("dial tcp {address}: i/o timeout")),
    }
}
