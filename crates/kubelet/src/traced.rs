//! Every call to the runtime as a line of the log at level trace: which, about what, how long, how it ended.
//!
//! Requests are not shown whole: they hold environments and credentials.

use std::{pin::Pin, sync::Arc, time::Instant};

use cri_api::{ContainerEventStream, Result, RuntimeService, v1::*};

/// A runtime whose calls are logged.
struct Traced(Arc<dyn RuntimeService>);

/// The runtime, with its calls in the log when that shows so much.
pub(crate) fn traced(runtime: Arc<dyn RuntimeService>) -> Arc<dyn RuntimeService> {
    if tracing::enabled!(tracing::Level::TRACE) { Arc::new(Traced(runtime)) } else { runtime }
}

type Call<'c, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'c>>;

/// Each line: a method with its request and answer, and what of the request says what it is about.
macro_rules! forward {
    ($($method:ident($type:ty) -> $answer:ty, |$request:ident| $subject:expr;)*) => {
        impl RuntimeService for Traced {
            $(fn $method<'life, 'call>(&'life self, $request: $type) -> Call<'call, $answer>
            where
                'life: 'call,
                Self: 'call,
            {
                Box::pin(async move {
                    let (began, subject) = (Instant::now(), String::from($subject));
                    let answer = self.0.$method($request).await;
                    let (call, took, error) = (stringify!($method), began.elapsed(), answer.as_ref().err());
                    tracing::trace!(call, subject, ?took, error = error.map(tracing::field::display), "runtime");
                    answer
                })
            })*
        }
    };
}

/// A pod's or a container's name out of a configuration.
fn name<T>(configuration: &Option<T>, of: impl Fn(&T) -> Option<String>) -> String {
    configuration.as_ref().and_then(of).unwrap_or_default()
}

fn pod(metadata: &PodSandboxMetadata) -> String {
    format!("{}/{}", metadata.namespace, metadata.name)
}

forward! {
    version(VersionRequest) -> VersionResponse, |request| "";
    run_pod_sandbox(RunPodSandboxRequest) -> RunPodSandboxResponse,
        |request| name(&request.config, |config| config.metadata.as_ref().map(pod));
    stop_pod_sandbox(StopPodSandboxRequest) -> StopPodSandboxResponse, |request| request.pod_sandbox_id.as_str();
    remove_pod_sandbox(RemovePodSandboxRequest) -> RemovePodSandboxResponse, |request| request.pod_sandbox_id.as_str();
    pod_sandbox_status(PodSandboxStatusRequest) -> PodSandboxStatusResponse, |request| request.pod_sandbox_id.as_str();
    list_pod_sandbox(ListPodSandboxRequest) -> ListPodSandboxResponse, |request| "";
    create_container(CreateContainerRequest) -> CreateContainerResponse,
        |request| name(&request.config, |config| config.metadata.as_ref().map(|metadata| metadata.name.clone()));
    start_container(StartContainerRequest) -> StartContainerResponse, |request| request.container_id.as_str();
    stop_container(StopContainerRequest) -> StopContainerResponse, |request| request.container_id.as_str();
    remove_container(RemoveContainerRequest) -> RemoveContainerResponse, |request| request.container_id.as_str();
    list_containers(ListContainersRequest) -> ListContainersResponse, |request| "";
    container_status(ContainerStatusRequest) -> ContainerStatusResponse, |request| request.container_id.as_str();
    update_container_resources(UpdateContainerResourcesRequest) -> UpdateContainerResourcesResponse,
        |request| request.container_id.as_str();
    reopen_container_log(ReopenContainerLogRequest) -> ReopenContainerLogResponse,
        |request| request.container_id.as_str();
    exec_sync(ExecSyncRequest) -> ExecSyncResponse, |request| request.container_id.as_str();
    container_stats(ContainerStatsRequest) -> ContainerStatsResponse, |request| request.container_id.as_str();
    list_container_stats(ListContainerStatsRequest) -> ListContainerStatsResponse, |request| "";
    pod_sandbox_stats(PodSandboxStatsRequest) -> PodSandboxStatsResponse, |request| request.pod_sandbox_id.as_str();
    list_pod_sandbox_stats(ListPodSandboxStatsRequest) -> ListPodSandboxStatsResponse, |request| "";
    update_runtime_config(UpdateRuntimeConfigRequest) -> UpdateRuntimeConfigResponse, |request| "";
    status(StatusRequest) -> StatusResponse, |request| "";
    get_container_events(GetEventsRequest) -> ContainerEventStream, |request| "";
    runtime_config(RuntimeConfigRequest) -> RuntimeConfigResponse, |request| "";
    update_pod_sandbox_resources(UpdatePodSandboxResourcesRequest) -> UpdatePodSandboxResourcesResponse,
        |request| request.pod_sandbox_id.as_str();
    checkpoint_container(CheckpointContainerRequest) -> CheckpointContainerResponse,
        |request| request.container_id.as_str();
    checkpoint_pod(CheckpointPodRequest) -> CheckpointPodResponse, |request| "";
    restore_pod(RestorePodRequest) -> RestorePodResponse, |request| "";
    list_metric_descriptors(ListMetricDescriptorsRequest) -> ListMetricDescriptorsResponse, |request| "";
    list_pod_sandbox_metrics(ListPodSandboxMetricsRequest) -> ListPodSandboxMetricsResponse, |request| "";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake_runtime::FakeRuntime;

    #[tokio::test]
    async fn calls_reach_the_runtime_and_answers_come_back() {
        let traced = Traced(Arc::new(FakeRuntime::new()));
        let metadata = PodSandboxMetadata { name: "p".into(), namespace: "n".into(), ..Default::default() };
        let config = PodSandboxConfig { metadata: Some(metadata), ..Default::default() };
        let request = RunPodSandboxRequest { config: Some(config), ..Default::default() };
        let id = traced.run_pod_sandbox(request).await.unwrap().pod_sandbox_id;
        let listed = traced.list_pod_sandbox(ListPodSandboxRequest::default()).await.unwrap().items;
        assert_eq!((listed.len(), listed[0].id.as_str()), (1, id.as_str()));
        let missing = ContainerStatusRequest { container_id: "none".into(), verbose: false };
        assert!(traced.container_status(missing).await.unwrap_err().is_not_found());
    }
}
