//! A container runtime in memory, for tests: it keeps states and times, and runs nothing.

use std::{collections::BTreeMap, pin::Pin, sync::Arc};

use async_trait::async_trait;
use cri_api::{v1::*, *};
use futures::StreamExt;
use parking_lot::Mutex;
use tokio::sync::broadcast;

const EVENTS_KEPT: usize = 256;

#[derive(Default)]
struct State {
    count: usize,
    sandboxes: BTreeMap<String, PodSandboxStatus>,
    containers: BTreeMap<String, (ContainerStatus, String)>,
    images: BTreeMap<String, Image>,
    unpullable: BTreeMap<String, String>,
    log: Vec<String>,
    exec: BTreeMap<String, i32>,
    stubborn: bool,
}

/// The runtime; clones are the same one.
#[derive(Clone)]
pub(crate) struct FakeRuntime {
    state: Arc<Mutex<State>>,
    events: broadcast::Sender<ContainerEventResponse>,
}

fn now() -> i64 {
    i64::try_from(stdx::clock::now().as_nanosecond()).unwrap()
}

impl FakeRuntime {
    pub(crate) fn new() -> FakeRuntime {
        FakeRuntime { state: Arc::default(), events: broadcast::channel(EVENTS_KEPT).0 }
    }

    /// Makes an image present.
    pub(crate) fn add_image(&self, name: &str) {
        let image =
            Image { id: format!("sha256:{name}"), repo_tags: vec![name.to_owned()], size: 7, ..Default::default() };
        self.state.lock().images.insert(name.to_owned(), image);
    }

    /// Makes pulls of an image fail.
    pub(crate) fn refuse_image(&self, name: &str, problem: &str) {
        self.state.lock().unpullable.insert(name.to_owned(), problem.to_owned());
    }

    /// Makes pulls of an image succeed again.
    pub(crate) fn allow_image(&self, name: &str) {
        self.state.lock().unpullable.remove(name);
    }

    /// Lets containers ignore their stop signal: they end only when killed at once.
    pub(crate) fn ignore_stop_signals(&self) {
        self.state.lock().stubborn = true;
    }

    /// The exit code of a command that is executed in containers.
    pub(crate) fn set_exec(&self, command: &str, exit_code: i32) {
        self.state.lock().exec.insert(command.to_owned(), exit_code);
    }

    /// What was asked since the last call.
    pub(crate) fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().log)
    }

    /// The identifiers of the running containers of a name.
    pub(crate) fn running(&self, name: &str) -> Vec<String> {
        let state = self.state.lock();
        let running = ContainerState::ContainerRunning as i32;
        let found = state.containers.iter().filter(|(_, (status, _))| {
            status.state == running && status.metadata.as_ref().is_some_and(|metadata| metadata.name == name)
        });
        found.map(|(id, _)| id.clone()).collect()
    }

    /// Lets the running container of a name end.
    pub(crate) fn exit(&self, name: &str, exit_code: i32) {
        let id = self.running(name).pop().expect("it runs");
        self.end(&id, exit_code);
    }

    /// How many sandboxes and containers there are.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let state = self.state.lock();
        (state.sandboxes.len(), state.containers.len())
    }

    fn note(&self, line: String) {
        self.state.lock().log.push(line);
    }

    fn end(&self, id: &str, exit_code: i32) {
        let mut state = self.state.lock();
        let Some((status, sandbox)) = state.containers.get_mut(id) else { return };
        if status.state == ContainerState::ContainerExited as i32 {
            return;
        }
        status.state = ContainerState::ContainerExited as i32;
        status.finished_at = now();
        status.exit_code = exit_code;
        status.reason = if exit_code == 0 { "Completed" } else { "Error" }.to_owned();
        let sandbox = sandbox.clone();
        drop(state);
        self.tell(&sandbox, ContainerEventType::ContainerStoppedEvent);
    }

    fn tell(&self, sandbox: &str, kind: ContainerEventType) {
        let pod_sandbox_status = self.state.lock().sandboxes.get(sandbox).cloned();
        let event =
            ContainerEventResponse { container_event_type: kind as i32, pod_sandbox_status, ..Default::default() };
        let _ = self.events.send(event);
    }
}

fn selected(labels: &BTreeMap<String, String>, selector: &BTreeMap<String, String>) -> bool {
    selector.iter().all(|(key, value)| labels.get(key) == Some(value))
}

#[async_trait]
impl RuntimeService for FakeRuntime {
    async fn version(&self, _: VersionRequest) -> Result<VersionResponse> {
        Ok(VersionResponse { runtime_name: "fake".into(), runtime_version: "1".into(), ..Default::default() })
    }

    async fn run_pod_sandbox(&self, request: RunPodSandboxRequest) -> Result<RunPodSandboxResponse> {
        let config = request.config.unwrap_or_default();
        let metadata = config.metadata.clone().unwrap_or_default();
        self.note(format!("run-sandbox {}", metadata.name));
        let mut state = self.state.lock();
        state.count += 1;
        let id = format!("sandbox-{}", state.count);
        let ip = format!("10.1.0.{}", state.count);
        let network = PodSandboxNetworkStatus { ip, ..Default::default() };
        let options =
            config.linux.and_then(|linux| linux.security_context).and_then(|context| context.namespace_options);
        let status = PodSandboxStatus {
            id: id.clone(),
            metadata: Some(metadata),
            state: PodSandboxState::SandboxReady as i32,
            created_at: now(),
            network: Some(network),
            linux: Some(LinuxPodSandboxStatus { namespaces: Some(Namespace { options }) }),
            labels: config.labels,
            annotations: config.annotations,
            ..Default::default()
        };
        state.sandboxes.insert(id.clone(), status);
        Ok(RunPodSandboxResponse { pod_sandbox_id: id })
    }

    async fn stop_pod_sandbox(&self, request: StopPodSandboxRequest) -> Result<StopPodSandboxResponse> {
        let id = request.pod_sandbox_id;
        self.note(format!("stop-sandbox {id}"));
        let of_sandbox: Vec<String> = {
            let mut state = self.state.lock();
            if let Some(sandbox) = state.sandboxes.get_mut(&id) {
                sandbox.state = PodSandboxState::SandboxNotready as i32;
                sandbox.network = None;
            }
            state.containers.iter().filter(|(_, (_, of))| *of == id).map(|(id, _)| id.clone()).collect()
        };
        of_sandbox.iter().for_each(|container| self.end(container, 137));
        self.tell(&id, ContainerEventType::ContainerStoppedEvent);
        Ok(StopPodSandboxResponse {})
    }

    async fn remove_pod_sandbox(&self, request: RemovePodSandboxRequest) -> Result<RemovePodSandboxResponse> {
        let id = request.pod_sandbox_id;
        self.note(format!("remove-sandbox {id}"));
        let mut state = self.state.lock();
        state.sandboxes.remove(&id);
        state.containers.retain(|_, (_, sandbox)| *sandbox != id);
        Ok(RemovePodSandboxResponse {})
    }

    async fn pod_sandbox_status(&self, request: PodSandboxStatusRequest) -> Result<PodSandboxStatusResponse> {
        let status = self.state.lock().sandboxes.get(&request.pod_sandbox_id).cloned();
        let status = status.ok_or_else(|| Error::not_found("no such sandbox"))?;
        Ok(PodSandboxStatusResponse { status: Some(status), ..Default::default() })
    }

    async fn list_pod_sandbox(&self, request: ListPodSandboxRequest) -> Result<ListPodSandboxResponse> {
        let selector = request.filter.unwrap_or_default().label_selector;
        let state = self.state.lock();
        let found = state.sandboxes.values().filter(|sandbox| selected(&sandbox.labels, &selector));
        let items = found.map(|sandbox| PodSandbox {
            id: sandbox.id.clone(),
            metadata: sandbox.metadata.clone(),
            state: sandbox.state,
            created_at: sandbox.created_at,
            labels: sandbox.labels.clone(),
            ..Default::default()
        });
        Ok(ListPodSandboxResponse { items: items.collect() })
    }

    async fn create_container(&self, request: CreateContainerRequest) -> Result<CreateContainerResponse> {
        let config = request.config.unwrap_or_default();
        let metadata = config.metadata.clone().unwrap_or_default();
        self.note(format!("create {}#{}", metadata.name, metadata.attempt));
        let mut state = self.state.lock();
        state.count += 1;
        let id = format!("{}-{}", metadata.name, state.count);
        let directory = request.sandbox_config.unwrap_or_default().log_directory;
        let status = ContainerStatus {
            id: id.clone(),
            metadata: Some(metadata),
            state: ContainerState::ContainerCreated as i32,
            // Times of a paused clock are equal, but order counts.
            created_at: now() + state.count as i64,
            image_ref: config.image.clone().unwrap_or_default().image_ref,
            image: config.image,
            labels: config.labels,
            annotations: config.annotations,
            mounts: config.mounts,
            log_path: format!("{directory}/{}", config.log_path),
            ..Default::default()
        };
        state.containers.insert(id.clone(), (status, request.pod_sandbox_id));
        Ok(CreateContainerResponse { container_id: id })
    }

    async fn start_container(&self, request: StartContainerRequest) -> Result<StartContainerResponse> {
        let sandbox = {
            let mut state = self.state.lock();
            let found = state.containers.get_mut(&request.container_id);
            let (status, sandbox) = found.ok_or_else(|| Error::not_found("no such container"))?;
            status.state = ContainerState::ContainerRunning as i32;
            status.started_at = now();
            let (line, sandbox) =
                (format!("start {}", status.metadata.clone().unwrap_or_default().name), sandbox.clone());
            state.log.push(line);
            sandbox
        };
        self.tell(&sandbox, ContainerEventType::ContainerStartedEvent);
        Ok(StartContainerResponse {})
    }

    async fn stop_container(&self, request: StopContainerRequest) -> Result<StopContainerResponse> {
        self.note(format!("stop {} {}", request.container_id, request.timeout));
        let stubborn = self.state.lock().stubborn;
        if stubborn && request.timeout > 0 {
            tokio::time::sleep(std::time::Duration::from_secs(request.timeout.unsigned_abs())).await;
        }
        self.end(&request.container_id, if stubborn { 137 } else { 143 });
        Ok(StopContainerResponse {})
    }

    async fn remove_container(&self, request: RemoveContainerRequest) -> Result<RemoveContainerResponse> {
        self.state.lock().containers.remove(&request.container_id);
        Ok(RemoveContainerResponse {})
    }

    async fn list_containers(&self, request: ListContainersRequest) -> Result<ListContainersResponse> {
        let selector = request.filter.unwrap_or_default().label_selector;
        let state = self.state.lock();
        let found = state.containers.values().filter(|(status, _)| selected(&status.labels, &selector));
        let containers = found.map(|(status, sandbox)| Container {
            id: status.id.clone(),
            pod_sandbox_id: sandbox.clone(),
            metadata: status.metadata.clone(),
            state: status.state,
            created_at: status.created_at,
            labels: status.labels.clone(),
            ..Default::default()
        });
        Ok(ListContainersResponse { containers: containers.collect() })
    }

    async fn container_status(&self, request: ContainerStatusRequest) -> Result<ContainerStatusResponse> {
        let status = self.state.lock().containers.get(&request.container_id).map(|(status, _)| status.clone());
        let status = status.ok_or_else(|| Error::not_found("no such container"))?;
        Ok(ContainerStatusResponse { status: Some(status), ..Default::default() })
    }

    async fn update_container_resources(
        &self,
        _: UpdateContainerResourcesRequest,
    ) -> Result<UpdateContainerResourcesResponse> {
        Ok(UpdateContainerResourcesResponse {})
    }

    async fn reopen_container_log(&self, request: ReopenContainerLogRequest) -> Result<ReopenContainerLogResponse> {
        self.note(format!("reopen {}", request.container_id));
        Ok(ReopenContainerLogResponse {})
    }

    async fn exec_sync(&self, request: ExecSyncRequest) -> Result<ExecSyncResponse> {
        let command = request.cmd.join(" ");
        let exit_code = self.state.lock().exec.get(&command).copied().unwrap_or(0);
        self.note(format!("exec {command}"));
        Ok(ExecSyncResponse { exit_code, stderr: b"said no".to_vec(), ..Default::default() })
    }

    async fn container_stats(&self, _: ContainerStatsRequest) -> Result<ContainerStatsResponse> {
        Ok(ContainerStatsResponse::default())
    }

    async fn list_container_stats(&self, _: ListContainerStatsRequest) -> Result<ListContainerStatsResponse> {
        Ok(ListContainerStatsResponse::default())
    }

    async fn pod_sandbox_stats(&self, _: PodSandboxStatsRequest) -> Result<PodSandboxStatsResponse> {
        Ok(PodSandboxStatsResponse::default())
    }

    async fn list_pod_sandbox_stats(&self, _: ListPodSandboxStatsRequest) -> Result<ListPodSandboxStatsResponse> {
        Ok(ListPodSandboxStatsResponse::default())
    }

    async fn update_runtime_config(&self, _: UpdateRuntimeConfigRequest) -> Result<UpdateRuntimeConfigResponse> {
        Ok(UpdateRuntimeConfigResponse {})
    }

    async fn status(&self, _: StatusRequest) -> Result<StatusResponse> {
        let condition = |kind: &str| RuntimeCondition { r#type: kind.into(), status: true, ..Default::default() };
        let conditions = vec![condition("RuntimeReady"), condition("NetworkReady")];
        Ok(StatusResponse { status: Some(RuntimeStatus { conditions }), ..Default::default() })
    }

    async fn get_container_events(&self, _: GetEventsRequest) -> Result<ContainerEventStream> {
        let receiver = self.events.subscribe();
        let stream = futures::stream::unfold(receiver, |mut receiver| async {
            receiver.recv().await.ok().map(|event| (Ok(event), receiver))
        });
        let stream: Pin<Box<dyn futures::Stream<Item = Result<ContainerEventResponse>> + Send>> = stream.boxed();
        Ok(stream)
    }

    async fn runtime_config(&self, _: RuntimeConfigRequest) -> Result<RuntimeConfigResponse> {
        Ok(RuntimeConfigResponse::default())
    }

    async fn update_pod_sandbox_resources(
        &self,
        _: UpdatePodSandboxResourcesRequest,
    ) -> Result<UpdatePodSandboxResourcesResponse> {
        Ok(UpdatePodSandboxResourcesResponse {})
    }
}

#[async_trait]
impl ImageService for FakeRuntime {
    async fn list_images(&self, _: ListImagesRequest) -> Result<ListImagesResponse> {
        Ok(ListImagesResponse { images: self.state.lock().images.values().cloned().collect() })
    }

    async fn image_status(&self, request: ImageStatusRequest) -> Result<ImageStatusResponse> {
        let name = request.image.unwrap_or_default().image;
        Ok(ImageStatusResponse { image: self.state.lock().images.get(&name).cloned(), ..Default::default() })
    }

    async fn pull_image(&self, request: PullImageRequest) -> Result<PullImageResponse> {
        let name = request.image.unwrap_or_default().image;
        self.note(format!("pull {name}"));
        if let Some(problem) = self.state.lock().unpullable.get(&name) {
            return Err(Error::not_found(problem.clone()));
        }
        self.add_image(&name);
        Ok(PullImageResponse { image_ref: name })
    }

    async fn remove_image(&self, _: RemoveImageRequest) -> Result<RemoveImageResponse> {
        Ok(RemoveImageResponse {})
    }

    async fn image_fs_info(&self, _: ImageFsInfoRequest) -> Result<ImageFsInfoResponse> {
        Ok(ImageFsInfoResponse::default())
    }
}

#[async_trait]
impl Streaming for FakeRuntime {
    async fn exec(&self, options: ExecOptions, streams: Streams) -> Result<i32> {
        use tokio::io::AsyncWriteExt;
        let (mut stdin, mut stdout) = (streams.stdin, streams.stdout);
        if let Some(stdout) = &mut stdout {
            let _ = stdout.write_all(format!("ran {}\n", options.command.join(" ")).as_bytes()).await;
            if let Some(stdin) = &mut stdin {
                let _ = tokio::io::copy(stdin, stdout).await;
            }
            let _ = stdout.flush().await;
        }
        Ok(self.state.lock().exec.get(&options.command.join(" ")).copied().unwrap_or(0))
    }

    async fn attach(&self, container_id: &str, streams: Streams) -> Result<()> {
        use tokio::io::AsyncWriteExt;
        if let Some(mut stdout) = streams.stdout {
            let _ = stdout.write_all(format!("attached to {container_id}\n").as_bytes()).await;
        }
        Ok(())
    }

    async fn port_forward(&self, _: &str, port: u16) -> Result<Box<dyn ByteStream>> {
        let (ours, theirs) = tokio::io::duplex(4096);
        tokio::spawn(async move {
            use tokio::io::AsyncWriteExt;
            let (mut read, mut write) = tokio::io::split(theirs);
            let _ = write.write_all(format!("port {port}:").as_bytes()).await;
            let _ = tokio::io::copy(&mut read, &mut write).await;
            let _ = write.shutdown().await;
        });
        Ok(Box::new(ours))
    }
}
