//! What the runtime has of one pod: the input of [`crate::plan`] and [`crate::status`].

use std::sync::Arc;

use cri_api::{
    Result, RuntimeService,
    v1::{
        self, ContainerFilter, ContainerStatusRequest, ListContainersRequest, ListPodSandboxRequest, NamespaceMode,
        PodSandboxFilter, PodSandboxStatusRequest,
    },
};

use crate::labels;

/// A sandbox.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sandbox {
    /// The runtime's identifier.
    pub id: String,
    /// How many sandboxes the pod had before.
    pub attempt: u32,
    /// Whether its namespaces and network are there.
    pub ready: bool,
    /// Nanoseconds since 1970.
    pub created_at: i64,
    /// Whether it is in the host's network.
    pub host_network: bool,
    /// Its addresses, the primary one first; empty in the host's network.
    pub addresses: Vec<String>,
}

/// The state of a container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Made, but not started.
    Created,
    /// It runs.
    Running,
    /// It has ended.
    Exited,
    /// The runtime has lost it.
    #[default]
    Unknown,
}

/// A container of the pod; there may be several of the same name, at most one of which runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Container {
    /// The runtime's identifier.
    pub id: String,
    /// The name in the pod's specification.
    pub name: String,
    /// The sandbox it belongs to.
    pub sandbox_id: String,
    /// How often the container was restarted before.
    pub restart_count: u32,
    /// Its state.
    pub state: State,
    /// Nanoseconds since 1970.
    pub created_at: i64,
    /// Nanoseconds since 1970; 0 when it was never started.
    pub started_at: i64,
    /// Nanoseconds since 1970; 0 while it has not ended.
    pub finished_at: i64,
    /// The exit code, when it has ended.
    pub exit_code: i32,
    /// Why it ended, in a word.
    pub reason: String,
    /// The termination message.
    pub message: String,
    /// The image as the pod names it.
    pub image: String,
    /// The image by digest.
    pub image_ref: String,
    /// [`labels::container_hash`] of the specification it was made from.
    pub hash: String,
    /// Its log file.
    pub log_path: String,
    /// User, group and supplementary groups of its first process.
    pub user: Option<(i64, i64, Vec<i64>)>,
}

/// Everything that the runtime has of one pod.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// Newest first.
    pub sandboxes: Vec<Sandbox>,
    /// Newest first.
    pub containers: Vec<Container>,
}

impl Observed {
    /// The newest container of a name.
    pub fn latest(&self, name: &str) -> Option<&Container> {
        self.containers.iter().find(|container| container.name == name)
    }

    /// The newest sandbox, if it is ready.
    pub fn ready_sandbox(&self) -> Option<&Sandbox> {
        self.sandboxes.first().filter(|sandbox| sandbox.ready)
    }

    /// The newest container of a name in the newest sandbox.
    pub fn active(&self, name: &str) -> Option<&Container> {
        let sandbox = self.sandboxes.first()?;
        self.containers.iter().find(|container| container.name == name && container.sandbox_id == sandbox.id)
    }

    /// Containers that run or may run.
    pub fn alive(&self) -> impl Iterator<Item = &Container> {
        self.containers.iter().filter(|container| matches!(container.state, State::Running | State::Unknown))
    }
}

fn sandbox(status: v1::PodSandboxStatus) -> Sandbox {
    let namespaces = status.linux.and_then(|linux| linux.namespaces).and_then(|namespaces| namespaces.options);
    let addresses = status.network.into_iter().flat_map(|network| {
        std::iter::once(network.ip).chain(network.additional_ips.into_iter().map(|additional| additional.ip))
    });
    Sandbox {
        ready: status.state == v1::PodSandboxState::SandboxReady as i32,
        attempt: status.metadata.unwrap_or_default().attempt,
        created_at: status.created_at,
        host_network: namespaces.is_some_and(|options| options.network() == NamespaceMode::Node),
        addresses: addresses.filter(|address| !address.is_empty()).collect(),
        id: status.id,
    }
}

fn container(status: v1::ContainerStatus, sandbox_id: String) -> Container {
    let metadata = status.metadata.unwrap_or_default();
    let state = match v1::ContainerState::try_from(status.state) {
        Ok(v1::ContainerState::ContainerCreated) => State::Created,
        Ok(v1::ContainerState::ContainerRunning) => State::Running,
        Ok(v1::ContainerState::ContainerExited) => State::Exited,
        _ => State::Unknown,
    };
    let annotation = |key: &str| status.annotations.get(key).cloned().unwrap_or_default();
    let user = status.user.and_then(|user| user.linux);
    let image = status.image.unwrap_or_default();
    Container {
        name: metadata.name,
        sandbox_id,
        restart_count: annotation(labels::CONTAINER_RESTART_COUNT).parse().unwrap_or(metadata.attempt),
        state,
        created_at: status.created_at,
        started_at: status.started_at,
        finished_at: status.finished_at,
        exit_code: status.exit_code,
        hash: annotation(labels::CONTAINER_HASH),
        reason: status.reason,
        message: status.message,
        image: if image.user_specified_image.is_empty() { image.image } else { image.user_specified_image },
        image_ref: status.image_ref,
        log_path: status.log_path,
        user: user.map(|user| (user.uid, user.gid, user.supplemental_groups)),
        id: status.id,
    }
}

/// Asks the runtime for everything of the pod with `uid`. What vanishes meanwhile is left out.
pub async fn observe(runtime: &Arc<dyn RuntimeService>, uid: &str) -> Result<Observed> {
    let selector = [(labels::POD_UID.to_owned(), uid.to_owned())].into_iter().collect();
    let filter = PodSandboxFilter { label_selector: selector, ..Default::default() };
    let listed = runtime.list_pod_sandbox(ListPodSandboxRequest { filter: Some(filter.clone()) }).await?;
    let mut observed = Observed::default();
    for item in listed.items {
        let request = PodSandboxStatusRequest { pod_sandbox_id: item.id, verbose: false };
        match runtime.pod_sandbox_status(request).await {
            Ok(answer) => observed.sandboxes.extend(answer.status.map(sandbox)),
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
    }
    let filter = ContainerFilter { label_selector: filter.label_selector, ..Default::default() };
    let listed = runtime.list_containers(ListContainersRequest { filter: Some(filter) }).await?;
    for item in listed.containers {
        let request = ContainerStatusRequest { container_id: item.id, verbose: false };
        match runtime.container_status(request).await {
            Ok(answer) => {
                observed.containers.extend(answer.status.map(|status| container(status, item.pod_sandbox_id)));
            }
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
    }
    observed.sandboxes.sort_by_key(|sandbox| std::cmp::Reverse((sandbox.created_at, sandbox.attempt)));
    observed.containers.sort_by_key(|container| std::cmp::Reverse((container.created_at, container.restart_count)));
    Ok(observed)
}
