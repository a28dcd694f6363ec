//! Lifecycle hooks: what runs after a container has started and before it is stopped.

use std::{sync::Arc, time::Duration};

use api::views::{
    IntOrString,
    core_v1::{Container, LifecycleHandler},
};
use cri_api::{RuntimeService, v1::ExecSyncRequest};

use crate::http_get;

/// How long an HTTP hook may take, as upstream's client waits.
const HTTP_TIMEOUT: Duration = Duration::from_secs(30);

/// The number of a port that is given by number or by the name of one of the container's ports.
pub fn port(container: Container<'_>, port: IntOrString<'_>) -> Result<u16, String> {
    let number = match port {
        IntOrString::Int(number) => Some(number),
        IntOrString::String(name) => {
            let named = container.ports().iter().find(|port| port.name() == name).map(|port| port.container_port());
            named.or_else(|| name.parse().ok())
        }
    };
    let number = number.ok_or_else(|| format!("couldn't find port: {port:?} in {}", container.name()))?;
    u16::try_from(number).ok().filter(|number| *number > 0).ok_or_else(|| format!("invalid port number: {number}"))
}

/// Runs a hook; fails in words.
pub async fn run(
    runtime: &Arc<dyn RuntimeService>,
    container_id: &str,
    container: Container<'_>,
    hook: LifecycleHandler<'_>,
    pod_address: &str,
) -> Result<(), String> {
    if let Some(exec) = hook.exec() {
        let cmd: Vec<String> = exec.command().iter().map(str::to_owned).collect();
        let request = ExecSyncRequest { container_id: container_id.to_owned(), cmd: cmd.clone(), timeout: 0 };
        let answer = runtime.exec_sync(request).await.map_err(|error| error.message)?;
        if answer.exit_code != 0 {
            let output = String::from_utf8_lossy(&answer.stdout);
            let errors = String::from_utf8_lossy(&answer.stderr);
            return Err(format!("command '{}' exited with {}: {errors}{output}", cmd.join(" "), answer.exit_code));
        }
        return Ok(());
    }
    if let Some(get) = hook.http_get() {
        let request = http_get::Request::of(container, get, pod_address)?;
        let answer = http_get::get(&request, HTTP_TIMEOUT).await?;
        return if answer.status < 400 { Ok(()) } else { Err(format!("HTTP hook answered {}", answer.status)) };
    }
    if let Some(sleep) = hook.sleep() {
        tokio::time::sleep(Duration::from_secs(u64::try_from(sleep.seconds()).unwrap_or(0))).await;
        return Ok(());
    }
    // Upstream's validation keeps tcpSocket for old objects only, and running it is an error there, too.
    Err("invalid handler: it has neither exec, httpGet nor sleep".to_owned())
}
