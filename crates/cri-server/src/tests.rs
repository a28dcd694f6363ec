//! Calls over a connection, against services that know only what is asked here.

use async_trait::async_trait;
use bytes::{BufMut, Bytes, BytesMut};
use cri_api::{Code, ContainerEventStream, Error, Result, v1::*};
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Full};
use prost::Message;

use super::*;

/// One image, one version, two events; everything else is refused.
struct Fake;

macro_rules! refused {
    ($($method:ident($request:ty) -> $answer:ty;)*) => {
        $(fn $method<'life, 'async_trait>(
            &'life self,
            _: $request,
        ) -> std::pin::Pin<Box<dyn Future<Output = Result<$answer>> + Send + 'async_trait>>
        where
            'life: 'async_trait,
        {
            Box::pin(async { Err(Error::not_found(concat!(stringify!($method), ": ü"))) })
        })*
    };
}

#[async_trait]
impl RuntimeService for Fake {
    async fn version(&self, request: VersionRequest) -> Result<VersionResponse> {
        Ok(VersionResponse { version: request.version, runtime_name: "fake".to_owned(), ..Default::default() })
    }

    async fn list_pod_sandbox(&self, request: ListPodSandboxRequest) -> Result<ListPodSandboxResponse> {
        let id = request.filter.unwrap_or_default().id;
        Ok(ListPodSandboxResponse { items: vec![PodSandbox { id, ..Default::default() }] })
    }

    async fn get_container_events(&self, _: GetEventsRequest) -> Result<ContainerEventStream> {
        let event = |id: &str| Ok(ContainerEventResponse { container_id: id.to_owned(), ..Default::default() });
        let behind = Err(Error::new(Code::ResourceExhausted, "fell behind"));
        Ok(Box::pin(futures::stream::iter([event("a"), event("b"), behind])))
    }

    refused! {
        run_pod_sandbox(RunPodSandboxRequest) -> RunPodSandboxResponse;
        stop_pod_sandbox(StopPodSandboxRequest) -> StopPodSandboxResponse;
        remove_pod_sandbox(RemovePodSandboxRequest) -> RemovePodSandboxResponse;
        pod_sandbox_status(PodSandboxStatusRequest) -> PodSandboxStatusResponse;
        create_container(CreateContainerRequest) -> CreateContainerResponse;
        start_container(StartContainerRequest) -> StartContainerResponse;
        stop_container(StopContainerRequest) -> StopContainerResponse;
        remove_container(RemoveContainerRequest) -> RemoveContainerResponse;
        list_containers(ListContainersRequest) -> ListContainersResponse;
        container_status(ContainerStatusRequest) -> ContainerStatusResponse;
        update_container_resources(UpdateContainerResourcesRequest) -> UpdateContainerResourcesResponse;
        reopen_container_log(ReopenContainerLogRequest) -> ReopenContainerLogResponse;
        exec_sync(ExecSyncRequest) -> ExecSyncResponse;
        container_stats(ContainerStatsRequest) -> ContainerStatsResponse;
        list_container_stats(ListContainerStatsRequest) -> ListContainerStatsResponse;
        pod_sandbox_stats(PodSandboxStatsRequest) -> PodSandboxStatsResponse;
        list_pod_sandbox_stats(ListPodSandboxStatsRequest) -> ListPodSandboxStatsResponse;
        update_runtime_config(UpdateRuntimeConfigRequest) -> UpdateRuntimeConfigResponse;
        status(StatusRequest) -> StatusResponse;
        runtime_config(RuntimeConfigRequest) -> RuntimeConfigResponse;
        update_pod_sandbox_resources(UpdatePodSandboxResourcesRequest) -> UpdatePodSandboxResourcesResponse;
    }
}

#[async_trait]
impl ImageService for Fake {
    async fn list_images(&self, _: ListImagesRequest) -> Result<ListImagesResponse> {
        Ok(ListImagesResponse { images: vec![Image { id: "sha256:1".to_owned(), ..Default::default() }] })
    }

    refused! {
        image_status(ImageStatusRequest) -> ImageStatusResponse;
        pull_image(PullImageRequest) -> PullImageResponse;
        remove_image(RemoveImageRequest) -> RemoveImageResponse;
        image_fs_info(ImageFsInfoRequest) -> ImageFsInfoResponse;
    }
}

#[async_trait]
impl StreamingAddresses for Fake {
    async fn exec(&self, request: ExecRequest) -> Result<ExecResponse> {
        Ok(ExecResponse { url: format!("http://here/{}", request.container_id) })
    }

    refused! {
        attach(AttachRequest) -> AttachResponse;
        port_forward(PortForwardRequest) -> PortForwardResponse;
    }
}

/// What a call answers: its messages, its status, and what is told of a failure.
struct Answer {
    messages: Vec<Bytes>,
    status: String,
    message: String,
}

async fn call(method: &str, request: &impl Message) -> Answer {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let fake = Arc::new(Fake);
    tokio::spawn(connection(theirs, Services { runtime: fake.clone(), images: fake.clone(), streams: fake }));
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(ours)).await;
    let (mut sender, connection) = handshake.unwrap();
    tokio::spawn(connection);
    let mut body = BytesMut::new();
    body.put_u8(0);
    body.put_u32(request.encoded_len() as u32);
    request.encode(&mut body).unwrap();
    let request = Request::post(format!("http://localhost/runtime.v1.{method}"));
    let request = request.header("content-type", "application/grpc").body(Full::new(body.freeze())).unwrap();
    read(sender.send_request(request).await.unwrap()).await
}

async fn read(response: Response<Incoming>) -> Answer {
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "application/grpc");
    let (head, body) = response.into_parts();
    let collected = body.collect().await.unwrap();
    // A call that fails at once has its status in the head.
    let end = collected.trailers().unwrap_or(&head.headers).clone();
    let mut rest = collected.to_bytes();
    let mut messages = Vec::new();
    while !rest.is_empty() {
        let length = u32::from_be_bytes([rest[1], rest[2], rest[3], rest[4]]) as usize;
        messages.push(rest.slice(5..5 + length));
        rest = rest.slice(5 + length..);
    }
    let text = |name: &str| end.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    Answer { messages, status: text("grpc-status"), message: text("grpc-message") }
}

#[tokio::test]
async fn a_unary_call_is_answered() {
    let answer = call("RuntimeService/Version", &VersionRequest { version: "v1".to_owned() }).await;
    assert_eq!(answer.status, "0");
    let version = VersionResponse::decode(answer.messages[0].clone()).unwrap();
    assert_eq!((version.version.as_str(), version.runtime_name.as_str()), ("v1", "fake"));

    let exec = ExecRequest { container_id: "c".to_owned(), ..Default::default() };
    let answer = call("RuntimeService/Exec", &exec).await;
    assert_eq!(ExecResponse::decode(answer.messages[0].clone()).unwrap().url, "http://here/c");
}

#[tokio::test]
async fn failures_have_their_code_and_their_words() {
    let answer = call("RuntimeService/RunPodSandbox", &RunPodSandboxRequest::default()).await;
    assert_eq!((answer.status.as_str(), answer.message.as_str()), ("5", "run_pod_sandbox: %C3%BC"));
    assert!(answer.messages.is_empty());
    let answer = call("RuntimeService/NoSuchThing", &VersionRequest::default()).await;
    assert_eq!(answer.status, "12");
}

#[tokio::test]
async fn lists_come_in_chunks_and_events_as_they_happen() {
    let filter = Some(PodSandboxFilter { id: "p".to_owned(), ..Default::default() });
    let answer = call("RuntimeService/StreamPodSandboxes", &StreamPodSandboxesRequest { filter }).await;
    let sandboxes = StreamPodSandboxesResponse::decode(answer.messages[0].clone()).unwrap().pod_sandboxes;
    assert_eq!((answer.status.as_str(), sandboxes[0].id.as_str()), ("0", "p"));
    let answer = call("ImageService/StreamImages", &StreamImagesRequest::default()).await;
    assert_eq!(StreamImagesResponse::decode(answer.messages[0].clone()).unwrap().images[0].id, "sha256:1");

    let answer = call("RuntimeService/GetContainerEvents", &GetEventsRequest {}).await;
    let event = |index: usize| ContainerEventResponse::decode(answer.messages[index].clone()).unwrap().container_id;
    assert_eq!((event(0).as_str(), event(1).as_str(), answer.messages.len()), ("a", "b", 2));
    assert_eq!((answer.status.as_str(), answer.message.as_str()), ("8", "fell behind"));
}
