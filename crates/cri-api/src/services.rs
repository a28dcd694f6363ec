//! The two services of CRI v1 as object safe traits, one method per remote procedure, with upstream's names.
//!
//! The `Stream*` procedures of upstream (lists in chunks) have no method here: they exist for the size limit of a
//! gRPC message, and a gRPC server derives them from the `list_*` methods. `Exec`, `Attach` and `PortForward`, which
//! answer with a URL upstream, are in [`crate::Streaming`].

use std::pin::Pin;

use async_trait::async_trait;
use futures_core::Stream;

use crate::error::{Error, Result};
use crate::v1::*;

/// Events of containers and sandboxes in the order in which they happened.
///
/// An item is an error of code [`crate::Code::ResourceExhausted`] when the reader fell so far behind that events were
/// dropped; it should list containers and sandboxes once and may then read on. The stream ends with the runtime.
pub type ContainerEventStream = Pin<Box<dyn Stream<Item = Result<ContainerEventResponse>> + Send>>;

fn missing<T>(method: &str) -> Result<T> {
    Err(Error::unimplemented(format!("this runtime does not implement {method}")))
}

/// Sandboxes and containers.
///
/// Stops and removals are idempotent: what is gone already is a success. Every other call on an unknown identifier
/// fails with [`crate::Code::NotFound`].
#[async_trait]
pub trait RuntimeService: Send + Sync {
    /// Name and version of the runtime and of the API that it speaks.
    async fn version(&self, request: VersionRequest) -> Result<VersionResponse>;

    /// Creates and starts a sandbox: the pod's namespaces, its network and what holds them.
    async fn run_pod_sandbox(&self, request: RunPodSandboxRequest) -> Result<RunPodSandboxResponse>;

    /// Kills what still runs in the sandbox and releases its network; the sandbox remains as not ready.
    async fn stop_pod_sandbox(&self, request: StopPodSandboxRequest) -> Result<StopPodSandboxResponse>;

    /// Stops the sandbox if need be and forgets it and all of its containers.
    async fn remove_pod_sandbox(&self, request: RemovePodSandboxRequest) -> Result<RemovePodSandboxResponse>;

    /// State and addresses of one sandbox.
    async fn pod_sandbox_status(&self, request: PodSandboxStatusRequest) -> Result<PodSandboxStatusResponse>;

    /// Sandboxes that match the filter.
    async fn list_pod_sandbox(&self, request: ListPodSandboxRequest) -> Result<ListPodSandboxResponse>;

    /// Prepares a container in a sandbox; nothing runs yet.
    async fn create_container(&self, request: CreateContainerRequest) -> Result<CreateContainerResponse>;

    /// Runs a created container. After a failure the container is exited with code 128 and reason `StartError`.
    async fn start_container(&self, request: StartContainerRequest) -> Result<StartContainerResponse>;

    /// Sends the stop signal, and SIGKILL to the whole container after `timeout` seconds (at once when 0).
    async fn stop_container(&self, request: StopContainerRequest) -> Result<StopContainerResponse>;

    /// Forgets a container with its writable layer; one that still runs is killed.
    async fn remove_container(&self, request: RemoveContainerRequest) -> Result<RemoveContainerResponse>;

    /// Containers that match the filter.
    async fn list_containers(&self, request: ListContainersRequest) -> Result<ListContainersResponse>;

    /// State, exit code, reason and mounts of one container.
    async fn container_status(&self, request: ContainerStatusRequest) -> Result<ContainerStatusResponse>;

    /// Changes the limits of a container that is created or runs.
    async fn update_container_resources(
        &self,
        request: UpdateContainerResourcesRequest,
    ) -> Result<UpdateContainerResourcesResponse>;

    /// Opens the log file anew, after the caller has renamed it.
    async fn reopen_container_log(&self, request: ReopenContainerLogRequest) -> Result<ReopenContainerLogResponse>;

    /// Runs a command in a container and collects its output; `timeout` in seconds, none when 0.
    async fn exec_sync(&self, request: ExecSyncRequest) -> Result<ExecSyncResponse>;

    /// What one container uses.
    async fn container_stats(&self, request: ContainerStatsRequest) -> Result<ContainerStatsResponse>;

    /// What the running containers use.
    async fn list_container_stats(&self, request: ListContainerStatsRequest) -> Result<ListContainerStatsResponse>;

    /// What one pod uses.
    async fn pod_sandbox_stats(&self, request: PodSandboxStatsRequest) -> Result<PodSandboxStatsResponse>;

    /// What the pods use.
    async fn list_pod_sandbox_stats(&self, request: ListPodSandboxStatsRequest) -> Result<ListPodSandboxStatsResponse>;

    /// Tells the runtime what it needs of the node's configuration.
    async fn update_runtime_config(&self, request: UpdateRuntimeConfigRequest) -> Result<UpdateRuntimeConfigResponse>;

    /// Readiness of the runtime and of the network.
    async fn status(&self, request: StatusRequest) -> Result<StatusResponse>;

    /// Events from now on; also says what happened to containers that ended while nobody listened, because the
    /// reader lists after subscribing.
    async fn get_container_events(&self, request: GetEventsRequest) -> Result<ContainerEventStream>;

    /// Which cgroup driver the runtime uses.
    async fn runtime_config(&self, request: RuntimeConfigRequest) -> Result<RuntimeConfigResponse>;

    /// Changes the limits of a sandbox.
    async fn update_pod_sandbox_resources(
        &self,
        request: UpdatePodSandboxResourcesRequest,
    ) -> Result<UpdatePodSandboxResourcesResponse>;

    /// Writes a checkpoint of a container to a file.
    async fn checkpoint_container(&self, _request: CheckpointContainerRequest) -> Result<CheckpointContainerResponse> {
        missing("CheckpointContainer")
    }

    /// Writes a checkpoint of a pod.
    async fn checkpoint_pod(&self, _request: CheckpointPodRequest) -> Result<CheckpointPodResponse> {
        missing("CheckpointPod")
    }

    /// Restores a pod from a checkpoint.
    async fn restore_pod(&self, _request: RestorePodRequest) -> Result<RestorePodResponse> {
        missing("RestorePod")
    }

    /// Descriptions of the metrics that [`RuntimeService::list_pod_sandbox_metrics`] gives.
    async fn list_metric_descriptors(
        &self,
        _request: ListMetricDescriptorsRequest,
    ) -> Result<ListMetricDescriptorsResponse> {
        missing("ListMetricDescriptors")
    }

    /// Metrics of all pods in cAdvisor's terms.
    async fn list_pod_sandbox_metrics(
        &self,
        _request: ListPodSandboxMetricsRequest,
    ) -> Result<ListPodSandboxMetricsResponse> {
        missing("ListPodSandboxMetrics")
    }
}

/// Images.
#[async_trait]
pub trait ImageService: Send + Sync {
    /// Images that are present.
    async fn list_images(&self, request: ListImagesRequest) -> Result<ListImagesResponse>;

    /// One image by reference, digest or identifier; `image` is `None` when it is not present.
    async fn image_status(&self, request: ImageStatusRequest) -> Result<ImageStatusResponse>;

    /// Fetches an image from its registry and answers with its identifier.
    async fn pull_image(&self, request: PullImageRequest) -> Result<PullImageResponse>;

    /// Removes an image; removing one that is not present succeeds.
    async fn remove_image(&self, request: RemoveImageRequest) -> Result<RemoveImageResponse>;

    /// Space used by images and by writable layers.
    async fn image_fs_info(&self, request: ImageFsInfoRequest) -> Result<ImageFsInfoResponse>;
}
