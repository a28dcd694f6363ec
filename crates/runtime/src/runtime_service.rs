//! CRI's `RuntimeService`: requests and answers; the work is in the modules of sandboxes and containers.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cri_api::v1::*;
use cri_api::{ContainerEventStream, Error, Result, RuntimeService};

use crate::container::Container;
use crate::create;
use crate::error::{Context, blocking};
use crate::records::{ContainerRecord, Phase, labels_match};
use crate::runtime::{Inner, Runtime, lock, now_nanoseconds};
use crate::sandbox::Sandbox;
use crate::shim::protocol::Request;
use crate::{signals, stats};

impl Inner {
    pub(crate) fn sandbox_status(&self, sandbox: &Sandbox) -> PodSandboxStatus {
        let record = lock(&sandbox.record).clone();
        let mut addresses = record.addresses.iter().cloned();
        let network = PodSandboxNetworkStatus {
            ip: addresses.next().unwrap_or_default(),
            additional_ips: addresses.map(|ip| PodIp { ip }).collect(),
        };
        PodSandboxStatus {
            id: record.id.clone(),
            metadata: record.config.metadata.clone(),
            state: sandbox_state(record.ready).into(),
            created_at: record.created_at,
            network: Some(network),
            linux: Some(LinuxPodSandboxStatus { namespaces: Some(Namespace { options: Some(sandbox.namespaces()) }) }),
            labels: record.config.labels,
            annotations: record.config.annotations,
            runtime_handler: record.runtime_handler,
        }
    }

    pub(crate) fn container_status(&self, container: &Container) -> ContainerStatus {
        let record = lock(&container.record).clone();
        ContainerStatus {
            id: record.id.clone(),
            state: container_state(record.phase).into(),
            created_at: record.created_at,
            started_at: record.started_at,
            finished_at: record.finished_at,
            exit_code: record.exit_code,
            image_ref: record.image_ref,
            image_id: record.image_id,
            reason: record.reason,
            message: record.message,
            log_path: record.log_path,
            resources: Some(ContainerResources { linux: Some(record.resources), windows: None }),
            user: record.user.map(|user| ContainerUser { linux: Some(user) }),
            stop_signal: signals::to_cri(record.stop_signal),
            metadata: record.config.metadata,
            image: record.config.image,
            labels: record.config.labels,
            annotations: record.config.annotations,
            mounts: record.config.mounts,
        }
    }

    pub(crate) fn container_event(&self, container: &Container, kind: ContainerEventType) {
        self.event(container.id.clone(), &container.sandbox, kind);
    }

    pub(crate) fn sandbox_event(&self, sandbox: &Sandbox, kind: ContainerEventType) {
        self.event(sandbox.id.clone(), sandbox, kind);
    }

    fn event(&self, container_id: String, sandbox: &Sandbox, kind: ContainerEventType) {
        if !self.events.has_readers() {
            return;
        }
        let containers = self.containers_of(&sandbox.id);
        self.events.send(ContainerEventResponse {
            container_id,
            container_event_type: kind.into(),
            created_at: now_nanoseconds(),
            pod_sandbox_status: Some(self.sandbox_status(sandbox)),
            containers_statuses: containers.iter().map(|container| self.container_status(container)).collect(),
        });
    }
}

fn sandbox_state(ready: bool) -> PodSandboxState {
    if ready { PodSandboxState::SandboxReady } else { PodSandboxState::SandboxNotready }
}

fn container_state(phase: Phase) -> ContainerState {
    match phase {
        Phase::Created => ContainerState::ContainerCreated,
        Phase::Running => ContainerState::ContainerRunning,
        Phase::Exited => ContainerState::ContainerExited,
    }
}

fn listed_sandbox(sandbox: &Sandbox) -> PodSandbox {
    let record = lock(&sandbox.record).clone();
    PodSandbox {
        id: record.id,
        metadata: record.config.metadata,
        state: sandbox_state(record.ready).into(),
        created_at: record.created_at,
        labels: record.config.labels,
        annotations: record.config.annotations,
        runtime_handler: record.runtime_handler,
    }
}

fn listed_container(record: ContainerRecord) -> cri_api::v1::Container {
    cri_api::v1::Container {
        id: record.id,
        pod_sandbox_id: record.sandbox_id,
        metadata: record.config.metadata,
        image: record.config.image,
        image_ref: record.image_ref,
        state: container_state(record.phase).into(),
        created_at: record.created_at,
        labels: record.config.labels,
        annotations: record.config.annotations,
        image_id: record.image_id,
    }
}

fn sandbox_matches(item: &PodSandbox, filter: &PodSandboxFilter) -> bool {
    item.id.starts_with(&filter.id)
        && filter.state.as_ref().is_none_or(|state| state.state == item.state)
        && labels_match(&item.labels, &filter.label_selector)
}

fn container_matches(item: &cri_api::v1::Container, filter: &ContainerFilter) -> bool {
    item.id.starts_with(&filter.id)
        && item.pod_sandbox_id.starts_with(&filter.pod_sandbox_id)
        && filter.state.as_ref().is_none_or(|state| state.state == item.state)
        && labels_match(&item.labels, &filter.label_selector)
}

/// A later change of limits over an earlier one: what is zero or empty stays.
fn merge_resources(old: &mut LinuxContainerResources, new: LinuxContainerResources) {
    let number = |old: &mut i64, new: i64| {
        if new != 0 {
            *old = new;
        }
    };
    number(&mut old.cpu_period, new.cpu_period);
    number(&mut old.cpu_quota, new.cpu_quota);
    number(&mut old.cpu_shares, new.cpu_shares);
    number(&mut old.memory_limit_in_bytes, new.memory_limit_in_bytes);
    number(&mut old.memory_swap_limit_in_bytes, new.memory_swap_limit_in_bytes);
    number(&mut old.oom_score_adj, new.oom_score_adj);
    for (old, new) in [(&mut old.cpuset_cpus, new.cpuset_cpus), (&mut old.cpuset_mems, new.cpuset_mems)] {
        if !new.is_empty() {
            *old = new;
        }
    }
    if !new.hugepage_limits.is_empty() {
        old.hugepage_limits = new.hugepage_limits;
    }
    old.unified.extend(new.unified);
}

#[async_trait]
impl RuntimeService for Runtime {
    async fn version(&self, _request: VersionRequest) -> Result<VersionResponse> {
        Ok(VersionResponse {
            version: "0.1.0".to_owned(),
            runtime_name: "sagong".to_owned(),
            runtime_version: env!("CARGO_PKG_VERSION").to_owned(),
            runtime_api_version: "v1".to_owned(),
        })
    }

    async fn run_pod_sandbox(&self, request: RunPodSandboxRequest) -> Result<RunPodSandboxResponse> {
        if !request.runtime_handler.is_empty() {
            let message = format!("no runtime for {:?} is configured", request.runtime_handler);
            return Err(Error::not_found(message));
        }
        let config = request.config.ok_or_else(|| Error::invalid_argument("the request has no config"))?;
        create::check_sandbox(&config)?;
        let pod_sandbox_id = self.inner.clone().run_sandbox(config, request.runtime_handler).await?;
        Ok(RunPodSandboxResponse { pod_sandbox_id })
    }

    async fn stop_pod_sandbox(&self, request: StopPodSandboxRequest) -> Result<StopPodSandboxResponse> {
        match self.inner.sandbox(&request.pod_sandbox_id) {
            Ok(sandbox) => self.inner.stop_sandbox(&sandbox).await?,
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
        Ok(StopPodSandboxResponse {})
    }

    async fn remove_pod_sandbox(&self, request: RemovePodSandboxRequest) -> Result<RemovePodSandboxResponse> {
        match self.inner.sandbox(&request.pod_sandbox_id) {
            Ok(sandbox) => self.inner.remove_sandbox(&sandbox).await?,
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
        Ok(RemovePodSandboxResponse {})
    }

    async fn pod_sandbox_status(&self, request: PodSandboxStatusRequest) -> Result<PodSandboxStatusResponse> {
        let sandbox = self.inner.sandbox(&request.pod_sandbox_id)?;
        let containers = self.inner.containers_of(&sandbox.id);
        Ok(PodSandboxStatusResponse {
            status: Some(self.inner.sandbox_status(&sandbox)),
            containers_statuses: containers.iter().map(|container| self.inner.container_status(container)).collect(),
            timestamp: now_nanoseconds(),
            ..PodSandboxStatusResponse::default()
        })
    }

    async fn list_pod_sandbox(&self, request: ListPodSandboxRequest) -> Result<ListPodSandboxResponse> {
        let filter = request.filter.unwrap_or_default();
        // A kubelet asks for one pod's at a time: what does not match is not even copied.
        let all = self.inner.all_sandboxes();
        let labelled =
            |sandbox: &&Arc<Sandbox>| labels_match(&lock(&sandbox.record).config.labels, &filter.label_selector);
        let mut items = all.iter().filter(labelled).map(|sandbox| listed_sandbox(sandbox)).collect::<Vec<_>>();
        items.retain(|item| sandbox_matches(item, &filter));
        Ok(ListPodSandboxResponse { items })
    }

    async fn create_container(&self, request: CreateContainerRequest) -> Result<CreateContainerResponse> {
        let config = request.config.ok_or_else(|| Error::invalid_argument("the request has no config"))?;
        let sandbox = self.inner.sandbox(&request.pod_sandbox_id)?;
        let container_id = self.inner.clone().create_container(sandbox, config).await?;
        Ok(CreateContainerResponse { container_id })
    }

    async fn start_container(&self, request: StartContainerRequest) -> Result<StartContainerResponse> {
        let container = self.inner.container(&request.container_id)?;
        self.inner.start_container(&container).await?;
        Ok(StartContainerResponse {})
    }

    async fn stop_container(&self, request: StopContainerRequest) -> Result<StopContainerResponse> {
        let timeout = Duration::from_secs(u64::try_from(request.timeout).unwrap_or(0));
        match self.inner.container(&request.container_id) {
            Ok(container) => self.inner.stop_container(&container, timeout).await?,
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
        Ok(StopContainerResponse {})
    }

    async fn remove_container(&self, request: RemoveContainerRequest) -> Result<RemoveContainerResponse> {
        match self.inner.container(&request.container_id) {
            Ok(container) => self.inner.remove_container(&container).await?,
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
        Ok(RemoveContainerResponse {})
    }

    async fn list_containers(&self, request: ListContainersRequest) -> Result<ListContainersResponse> {
        let filter = request.filter.unwrap_or_default();
        let all = self.inner.all_containers();
        let listed = |container: &Arc<Container>| {
            let record = lock(&container.record);
            labels_match(&record.config.labels, &filter.label_selector).then(|| listed_container(record.clone()))
        };
        let mut containers = all.iter().filter_map(listed).collect::<Vec<_>>();
        containers.retain(|item| container_matches(item, &filter));
        Ok(ListContainersResponse { containers })
    }

    async fn container_status(&self, request: ContainerStatusRequest) -> Result<ContainerStatusResponse> {
        let container = self.inner.container(&request.container_id)?;
        let mut response =
            ContainerStatusResponse { status: Some(self.inner.container_status(&container)), ..Default::default() };
        if request.verbose {
            response.info.insert("pid".to_owned(), lock(&container.record).process_id.to_string());
        }
        Ok(response)
    }

    async fn update_container_resources(
        &self,
        request: UpdateContainerResourcesRequest,
    ) -> Result<UpdateContainerResourcesResponse> {
        let container = self.inner.container(&request.container_id)?;
        let _changing = container.changing.lock().await;
        if container.phase() == Phase::Exited {
            container.require_running()?;
        }
        let Some(resources) = request.linux else { return Ok(UpdateContainerResourcesResponse {}) };
        if container.phase() == Phase::Running {
            let (cgroups, cgroup) = (self.inner.cgroups.clone(), lock(&container.record).cgroup.clone());
            let (id, limits) = (container.id.clone(), resources.clone());
            blocking(move || cgroups.limit(&cgroup, &limits).context(|| format!("limit container {id}"))).await?;
        }
        merge_resources(&mut lock(&container.record).resources, resources);
        container.save()?;
        Ok(UpdateContainerResourcesResponse {})
    }

    async fn reopen_container_log(&self, request: ReopenContainerLogRequest) -> Result<ReopenContainerLogResponse> {
        let container = self.inner.container(&request.container_id)?;
        container.require_running()?;
        container.sandbox.shim.call(Request::ReopenLog { container_id: container.id.clone() }, &[]).await?;
        Ok(ReopenContainerLogResponse {})
    }

    async fn exec_sync(&self, request: ExecSyncRequest) -> Result<ExecSyncResponse> {
        let timeout = u64::try_from(request.timeout).ok().filter(|seconds| *seconds > 0).map(Duration::from_secs);
        self.inner.exec_sync(&request.container_id, request.cmd, timeout).await
    }

    async fn container_stats(&self, request: ContainerStatsRequest) -> Result<ContainerStatsResponse> {
        let container = self.inner.container(&request.container_id)?;
        Ok(ContainerStatsResponse { stats: Some(stats::of_container(&self.inner, container).await?) })
    }

    async fn list_container_stats(&self, request: ListContainerStatsRequest) -> Result<ListContainerStatsResponse> {
        let stats = stats::of_containers(&self.inner, request.filter.unwrap_or_default()).await?;
        Ok(ListContainerStatsResponse { stats })
    }

    async fn pod_sandbox_stats(&self, request: PodSandboxStatsRequest) -> Result<PodSandboxStatsResponse> {
        let sandbox = self.inner.sandbox(&request.pod_sandbox_id)?;
        Ok(PodSandboxStatsResponse { stats: Some(stats::of_sandbox(&self.inner, sandbox).await?) })
    }

    async fn list_pod_sandbox_stats(&self, request: ListPodSandboxStatsRequest) -> Result<ListPodSandboxStatsResponse> {
        let stats = stats::of_sandboxes(&self.inner, request.filter.unwrap_or_default()).await?;
        Ok(ListPodSandboxStatsResponse { stats })
    }

    async fn update_runtime_config(&self, _request: UpdateRuntimeConfigRequest) -> Result<UpdateRuntimeConfigResponse> {
        // The only setting is the pods' address range, which the network part learns from the node itself.
        Ok(UpdateRuntimeConfigResponse {})
    }

    async fn status(&self, _request: StatusRequest) -> Result<StatusResponse> {
        let condition = |kind: &str, reason: Option<String>| RuntimeCondition {
            r#type: kind.to_owned(),
            status: reason.is_none(),
            reason: reason.as_ref().map(|_| format!("{kind}Unavailable")).unwrap_or_default(),
            message: reason.unwrap_or_default(),
        };
        let network = self.inner.config.network.as_ref().and_then(|network| network.not_ready_reason());
        let features = RuntimeHandlerFeatures { recursive_read_only_mounts: true, user_namespaces: false };
        Ok(StatusResponse {
            status: Some(RuntimeStatus {
                conditions: vec![condition("RuntimeReady", None), condition("NetworkReady", network)],
            }),
            runtime_handlers: vec![RuntimeHandler { name: String::new(), features: Some(features) }],
            features: Some(RuntimeFeatures { supplemental_groups_policy: true, ..RuntimeFeatures::default() }),
            ..StatusResponse::default()
        })
    }

    async fn get_container_events(&self, _request: GetEventsRequest) -> Result<ContainerEventStream> {
        Ok(self.inner.events.subscribe())
    }

    async fn runtime_config(&self, _request: RuntimeConfigRequest) -> Result<RuntimeConfigResponse> {
        let linux = LinuxRuntimeConfiguration { cgroup_driver: CgroupDriver::Cgroupfs.into() };
        Ok(RuntimeConfigResponse { linux: Some(linux) })
    }

    async fn update_pod_sandbox_resources(
        &self,
        request: UpdatePodSandboxResourcesRequest,
    ) -> Result<UpdatePodSandboxResourcesResponse> {
        // The pod's cgroup is its caller's, who has set the limits there already; here they are only remembered.
        let sandbox = self.inner.sandbox(&request.pod_sandbox_id)?;
        {
            let mut record = lock(&sandbox.record);
            let linux = record.config.linux.get_or_insert_default();
            linux.overhead = request.overhead.or(linux.overhead.take());
            linux.resources = request.resources.or(linux.resources.take());
        }
        sandbox.save()?;
        Ok(UpdatePodSandboxResourcesResponse {})
    }
}
