//! Which procedure is which method of the services.

use std::{future::Future, pin::Pin, sync::Mutex, task::Poll};

use cri_api::{ContainerEventStream, Error, v1::*};
use futures::{Stream, stream};
use http::{Request, Response};
use hyper::body::Incoming;
use prost::Message;

use crate::{
    Services,
    frame::{self, Body},
};

/// Carries out a unary call. It runs to its end even when the client gives up, as one that makes a sandbox must.
async fn unary<Q, A, F>(request: Request<Incoming>, call: impl FnOnce(Q) -> F) -> Response<Body>
where
    Q: Message + Default,
    A: Message + 'static,
    F: Future<Output = Result<A, Error>> + Send + 'static,
{
    let result = match frame::read(request).await {
        Ok(message) => tokio::spawn(call(message))
            .await
            .unwrap_or_else(|error| Err(Error::internal(format!("the call was not carried out: {error}")))),
        Err(error) => Err(error),
    };
    frame::unary(result)
}

/// Answers a list in chunks: one chunk, since a message has room for what one machine can run.
async fn listed<Q, A, F>(request: Request<Incoming>, call: impl FnOnce(Q) -> F) -> Response<Body>
where
    Q: Message + Default,
    A: Message + 'static,
    F: Future<Output = Result<A, Error>>,
{
    let result = match frame::read(request).await {
        Ok(message) => call(message).await,
        Err(error) => Err(error),
    };
    frame::streaming(stream::iter([result]))
}

/// A stream of events that a body may carry: bodies are shared between threads, the stream is not.
struct Events(Mutex<ContainerEventStream>);

impl Stream for Events {
    type Item = Result<ContainerEventResponse, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut std::task::Context<'_>) -> Poll<Option<Self::Item>> {
        let mut events = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        events.as_mut().poll_next(context)
    }
}

async fn events(services: &Services, request: Request<Incoming>) -> Response<Body> {
    let opened = match frame::read::<GetEventsRequest>(request).await {
        Ok(message) => services.runtime.get_container_events(message).await,
        Err(error) => Err(error),
    };
    match opened {
        Ok(events) => frame::streaming(Events(Mutex::new(events))),
        Err(error) => frame::streaming::<ContainerEventResponse>(stream::iter([Err(error)])),
    }
}

/// Answers one call.
pub(crate) async fn answer(services: &Services, request: Request<Incoming>) -> Response<Body> {
    let path = request.uri().path().to_owned();
    // Each line: the procedure's name, the service that has it, its method.
    macro_rules! table {
        (
            unary { $($name:literal => $service:ident.$method:ident;)* }
            listed { $($list:literal => $source:ident.$lister:ident($query:ident) -> $answer:ident { $to:ident: $from:ident };)* }
        ) => {
            match path.as_str() {
                $($name => {
                    let service = services.$service.clone();
                    unary(request, |message| async move { service.$method(message).await }).await
                })*
                $($list => {
                    let service = services.$source.clone();
                    let call = |message: $query| async move {
                        let all = service.$lister(message.into_list()).await?;
                        Ok($answer { $to: all.$from })
                    };
                    listed(request, call).await
                })*
                "/runtime.v1.RuntimeService/GetContainerEvents" => events(services, request).await,
                _ => frame::unary(Err::<VersionResponse, _>(Error::unimplemented(format!("unknown method {path}")))),
            }
        };
    }
    table! {
        unary {
            "/runtime.v1.RuntimeService/Version" => runtime.version;
            "/runtime.v1.RuntimeService/RunPodSandbox" => runtime.run_pod_sandbox;
            "/runtime.v1.RuntimeService/StopPodSandbox" => runtime.stop_pod_sandbox;
            "/runtime.v1.RuntimeService/RemovePodSandbox" => runtime.remove_pod_sandbox;
            "/runtime.v1.RuntimeService/PodSandboxStatus" => runtime.pod_sandbox_status;
            "/runtime.v1.RuntimeService/ListPodSandbox" => runtime.list_pod_sandbox;
            "/runtime.v1.RuntimeService/CreateContainer" => runtime.create_container;
            "/runtime.v1.RuntimeService/StartContainer" => runtime.start_container;
            "/runtime.v1.RuntimeService/StopContainer" => runtime.stop_container;
            "/runtime.v1.RuntimeService/RemoveContainer" => runtime.remove_container;
            "/runtime.v1.RuntimeService/ListContainers" => runtime.list_containers;
            "/runtime.v1.RuntimeService/ContainerStatus" => runtime.container_status;
            "/runtime.v1.RuntimeService/UpdateContainerResources" => runtime.update_container_resources;
            "/runtime.v1.RuntimeService/ReopenContainerLog" => runtime.reopen_container_log;
            "/runtime.v1.RuntimeService/ExecSync" => runtime.exec_sync;
            "/runtime.v1.RuntimeService/Exec" => streams.exec;
            "/runtime.v1.RuntimeService/Attach" => streams.attach;
            "/runtime.v1.RuntimeService/PortForward" => streams.port_forward;
            "/runtime.v1.RuntimeService/ContainerStats" => runtime.container_stats;
            "/runtime.v1.RuntimeService/ListContainerStats" => runtime.list_container_stats;
            "/runtime.v1.RuntimeService/PodSandboxStats" => runtime.pod_sandbox_stats;
            "/runtime.v1.RuntimeService/ListPodSandboxStats" => runtime.list_pod_sandbox_stats;
            "/runtime.v1.RuntimeService/UpdateRuntimeConfig" => runtime.update_runtime_config;
            "/runtime.v1.RuntimeService/Status" => runtime.status;
            "/runtime.v1.RuntimeService/RuntimeConfig" => runtime.runtime_config;
            "/runtime.v1.RuntimeService/UpdatePodSandboxResources" => runtime.update_pod_sandbox_resources;
            "/runtime.v1.RuntimeService/CheckpointContainer" => runtime.checkpoint_container;
            "/runtime.v1.RuntimeService/CheckpointPod" => runtime.checkpoint_pod;
            "/runtime.v1.RuntimeService/RestorePod" => runtime.restore_pod;
            "/runtime.v1.RuntimeService/ListMetricDescriptors" => runtime.list_metric_descriptors;
            "/runtime.v1.RuntimeService/ListPodSandboxMetrics" => runtime.list_pod_sandbox_metrics;
            "/runtime.v1.ImageService/ListImages" => images.list_images;
            "/runtime.v1.ImageService/ImageStatus" => images.image_status;
            "/runtime.v1.ImageService/PullImage" => images.pull_image;
            "/runtime.v1.ImageService/RemoveImage" => images.remove_image;
            "/runtime.v1.ImageService/ImageFsInfo" => images.image_fs_info;
        }
        listed {
            "/runtime.v1.RuntimeService/StreamPodSandboxes" =>
                runtime.list_pod_sandbox(StreamPodSandboxesRequest) -> StreamPodSandboxesResponse { pod_sandboxes: items };
            "/runtime.v1.RuntimeService/StreamContainers" =>
                runtime.list_containers(StreamContainersRequest) -> StreamContainersResponse { containers: containers };
            "/runtime.v1.RuntimeService/StreamContainerStats" =>
                runtime.list_container_stats(StreamContainerStatsRequest) -> StreamContainerStatsResponse { container_stats: stats };
            "/runtime.v1.RuntimeService/StreamPodSandboxStats" =>
                runtime.list_pod_sandbox_stats(StreamPodSandboxStatsRequest) -> StreamPodSandboxStatsResponse { pod_sandbox_stats: stats };
            "/runtime.v1.RuntimeService/StreamPodSandboxMetrics" =>
                runtime.list_pod_sandbox_metrics(StreamPodSandboxMetricsRequest) -> StreamPodSandboxMetricsResponse { pod_sandbox_metrics: pod_metrics };
            "/runtime.v1.ImageService/StreamImages" =>
                images.list_images(StreamImagesRequest) -> StreamImagesResponse { images: images };
        }
    }
}

/// The request for a whole list that one for a list in chunks stands for.
trait IntoList {
    type List;

    fn into_list(self) -> Self::List;
}

macro_rules! into_list {
    ($($chunked:ident => $list:ident { $($field:ident),* };)*) => {
        $(impl IntoList for $chunked {
            type List = $list;

            fn into_list(self) -> $list {
                $list { $($field: self.$field),* }
            }
        })*
    };
}

into_list! {
    StreamPodSandboxesRequest => ListPodSandboxRequest { filter };
    StreamContainersRequest => ListContainersRequest { filter };
    StreamContainerStatsRequest => ListContainerStatsRequest { filter };
    StreamPodSandboxStatsRequest => ListPodSandboxStatsRequest { filter };
    StreamPodSandboxMetricsRequest => ListPodSandboxMetricsRequest {};
    StreamImagesRequest => ListImagesRequest { filter };
}
