//! `sagong down`: ends the server of a data directory, and its pods when asked to.

use std::{
    collections::HashMap,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use apimachinery::value;
use cri_api::{
    RuntimeService,
    v1::{
        Container, ContainerFilter, ContainerState, ContainerStateValue, ListContainersRequest, ListPodSandboxRequest,
        StopContainerRequest, StopPodSandboxRequest,
    },
};
use futures::future::join_all;
use runtime::Runtime;

use crate::{admin, components::service_proxy::dns_socket, directories::Directories};

/// Stop the server or agent of a data directory; pods go on running unless --pods is given.
///
/// Pods that --pods has stopped stay in the API: the next `sagong up` starts them again.
///
/// Example: `sagong down --pods --data-dir /srv/sagong`
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Options {
    /// The data directory of the server or agent.
    #[arg(long, default_value = "/var/lib/sagong")]
    data_dir: PathBuf,
    /// Stop this machine's pods as well, each within its grace period; works without a running server too, but
    /// preStop hooks run only with one.
    #[arg(long)]
    pods: bool,
    /// Where records of what runs are kept; looked at only with --pods and without a running server.
    #[arg(long, default_value = "/run/sagong")]
    state_dir: PathBuf,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let runs = UnixStream::connect(options.data_dir.join("admin.sock")).is_ok();
    if options.pods && !runs {
        return stop_pods_without_server(options);
    }
    if options.pods {
        admin::order_lines(&options.data_dir, "/pods/stop", &value!({}), &mut |line| {
            if let Some(error) = line.str_at(&["error"]) {
                bail!("{error}");
            }
            if let Some(left) = line.i64_at(&["podsLeft"]) {
                tell(left);
            }
            Ok(())
        })?;
    }
    admin::order(&options.data_dir, "/stop", &value!({}))?;
    match options.pods {
        true => println!("the server is stopping; the next `sagong up` starts the pods again"),
        false => println!("the server is stopping; pods go on running, and the next `sagong up` finds them"),
    }
    Ok(())
}

fn tell(left: i64) {
    match left {
        0 => println!("all pods have stopped"),
        1 => println!("1 pod is being stopped"),
        left => println!("{left} pods are being stopped"),
    }
}

/// What a server left running is ended by its records.
fn stop_pods_without_server(options: &Options) -> anyhow::Result<()> {
    // Opening would make what is not there.
    Directories::look(&options.data_dir)?;
    let directories = Directories::open(&options.data_dir)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(stop_all(&directories.images(), &options.state_dir))
}

async fn stop_all(images: &Path, state: &Path) -> anyhow::Result<()> {
    let config = runtime::Config::new(images, state);
    let runtime = Runtime::open(config).await.context("cannot open the container runtime")?;
    let running = ContainerFilter {
        state: Some(ContainerStateValue { state: ContainerState::ContainerRunning.into() }),
        ..ContainerFilter::default()
    };
    let containers = runtime.list_containers(ListContainersRequest { filter: Some(running) }).await?.containers;
    let mut pods: HashMap<&str, Vec<&Container>> = HashMap::new();
    for container in &containers {
        pods.entry(&container.pod_sandbox_id).or_default().push(container);
    }
    tell(pods.len() as i64);
    let stopped = join_all(containers.iter().map(|container| {
        let timeout = kubelet::labels::termination_grace_period_seconds(&container.annotations);
        runtime.stop_container(StopContainerRequest { container_id: container.id.clone(), timeout })
    }));
    for stopped in stopped.await {
        stopped.context("a container could not be stopped")?;
    }
    for sandbox in runtime.list_pod_sandbox(ListPodSandboxRequest { filter: None }).await?.items {
        let request = StopPodSandboxRequest { pod_sandbox_id: sandbox.id };
        runtime.stop_pod_sandbox(request).await.context("a pod could not be stopped")?;
    }
    // Nobody asks any more.
    dns::end(&dns_socket(state)).await.context("names are answered still")?;
    if !pods.is_empty() {
        tell(0);
    }
    println!("no server runs on this data directory; the next `sagong up` starts the pods again");
    Ok(())
}
