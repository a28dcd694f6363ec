use std::{convert::Infallible, net::Ipv4Addr};

use apimachinery::value;
use futures::StreamExt;
use http_body_util::{StreamBody, combinators::BoxBody};
use hyper::{body::Frame, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use parking_lot::Mutex;
use pki::{CertificateAuthority, Profile};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::{Body, Client, DeletePropagation, Options, PatchType, WatchEvent, kinds};

const DAY: std::time::Duration = std::time::Duration::from_secs(86_400);

/// What a server was asked: method, path and query, media type, body.
type Asked = Arc<Mutex<Vec<String>>>;
/// What it answers.
type Answer = fn(&str) -> (u16, Vec<&'static str>);

struct Served {
    remote: Arc<Remote>,
    asked: Asked,
    connections: tokio::sync::mpsc::Receiver<JoinSet<()>>,
}

fn client(remote: &Arc<Remote>) -> Client {
    Client::new(remote.clone(), "tester")
}

/// A server that gives the same answers on every connection.
async fn serve(answer: Answer) -> Served {
    let authority = CertificateAuthority::create("test", DAY).unwrap();
    let issued = authority.issue(&Profile::server("s", &[], &[Ipv4Addr::LOCALHOST.into()], DAY)).unwrap();
    let trust = pki::tls::ClientTrust::new("", "").unwrap();
    let config = pki::tls::server_config(&issued.certificate_pem, &issued.key_pem, trust).unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = ServerAddress::parse(&format!("https://{}", listener.local_addr().unwrap())).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let asked = Asked::default();
    let (sender, connections) = tokio::sync::mpsc::channel(8);
    let recorded = asked.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, recorded) = (acceptor.clone(), recorded.clone());
            let mut tasks = JoinSet::new();
            tasks.spawn(async move {
                let stream = acceptor.accept(stream).await.unwrap();
                let service = service_fn(move |request| respond(request, recorded.clone(), answer));
                let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                let _ = builder.serve_connection(TokioIo::new(stream), service).await;
            });
            sender.send(tasks).await.unwrap();
        }
    });
    let tls = pki::tls::client_config(&authority.certificate_pem(), None).unwrap();
    Served { remote: Remote::new(address, tls, Some("secret"), "test").unwrap(), asked, connections }
}

async fn respond(
    request: http::Request<Incoming>,
    asked: Asked,
    answer: Answer,
) -> Result<http::Response<BoxBody<Bytes, Infallible>>, Infallible> {
    assert_eq!(request.headers()["authorization"], "Bearer secret");
    let path = request.uri().path_and_query().unwrap().to_string();
    let media_type = request.headers().get("content-type").map_or("", |value| value.to_str().unwrap()).to_owned();
    let method = request.method().clone();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let line = format!("{method} {path} {media_type} {}", String::from_utf8_lossy(&body));
    asked.lock().push(line.trim_end().to_owned());
    let (code, chunks) = answer(&path);
    let chunks = futures::stream::iter(chunks.into_iter().map(|chunk| Ok(Frame::data(Bytes::from(chunk)))));
    let mut response = http::Response::new(BodyExt::boxed(StreamBody::new(chunks)));
    *response.status_mut() = StatusCode::from_u16(code).unwrap();
    Ok(response)
}

#[tokio::test]
async fn calls_become_requests() {
    let served = serve(|_| (200, vec![r#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"}}"#])).await;
    let client = client(&served.remote);
    let pods = client.namespaced(&kinds::PODS, "n");
    pods.get("a").await.unwrap();
    pods.create(value!({"metadata": {"name": "a"}})).await.unwrap();
    pods.create_subresource("a", "binding", value!({"target": {}})).await.unwrap();
    pods.patch("a", "status", PatchType::Strategic, value!({"x": 1})).await.unwrap();
    pods.apply("a", "", value!({"x": 1})).await.unwrap();
    let options = Options {
        grace_period_seconds: Some(0),
        propagation: Some(DeletePropagation::Foreground),
        precondition_uid: "u".to_owned(),
        ..Options::default()
    };
    pods.delete("a", options).await.unwrap();
    client.all(&kinds::NODES).update(value!({"metadata": {"name": "n1"}})).await.unwrap();
    let deployments = client.namespaced(&kinds::DEPLOYMENTS, "n");
    deployments.list(Options { label_selector: "a=b".to_owned(), limit: 5, ..Options::default() }).await.unwrap();
    let asked = served.asked.lock().clone();
    let json = "application/json";
    let written = "fieldManager=tester&fieldValidation=Ignore";
    assert_eq!(
        asked,
        [
            "GET /api/v1/namespaces/n/pods/a".to_owned(),
            format!(
                r#"POST /api/v1/namespaces/n/pods?{written} {json} {{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"a"}}}}"#
            ),
            format!(
                r#"POST /api/v1/namespaces/n/pods/a/binding?{written} {json} {{"apiVersion":"v1","kind":"Binding","target":{{}}}}"#
            ),
            format!(
                r#"PATCH /api/v1/namespaces/n/pods/a/status?{written} application/strategic-merge-patch+json {{"x":1}}"#
            ),
            r#"PATCH /api/v1/namespaces/n/pods/a?fieldManager=tester&force=true&fieldValidation=Ignore application/apply-patch+yaml {"x":1}"#.to_owned(),
            format!(
                r#"DELETE /api/v1/namespaces/n/pods/a {json} {{"apiVersion":"v1","gracePeriodSeconds":0,"kind":"DeleteOptions","preconditions":{{"uid":"u"}},"propagationPolicy":"Foreground"}}"#
            ),
            format!(
                r#"PUT /api/v1/nodes/n1?{written} {json} {{"apiVersion":"v1","kind":"Node","metadata":{{"name":"n1"}}}}"#
            ),
            "GET /apis/apps/v1/namespaces/n/deployments?labelSelector=a%3Db&limit=5".to_owned(),
        ]
    );
}

#[tokio::test]
async fn items_of_a_list_get_their_kind() {
    let served = serve(|_| {
        let list = r#"{"kind":"PodList","metadata":{"resourceVersion":"7"},"items":[{"metadata":{"name":"a"}}]}"#;
        (200, vec![list])
    })
    .await;
    let items = client(&served.remote).all(&kinds::PODS).list(Options::default()).await.unwrap();
    assert_eq!((items[0].kind(), items[0].api_version(), items[0].name()), ("Pod", "v1", "a"));
}

#[tokio::test]
async fn refusals_are_statuses() {
    let served = serve(|path| match path.ends_with("gone") {
        true => (404, vec![r#"{"kind":"Status","code":404,"reason":"NotFound","message":"no pod"}"#]),
        false => (502, vec!["bad gateway"]),
    })
    .await;
    let pods = client(&served.remote).namespaced(&kinds::PODS, "n");
    assert_eq!(pods.get_optional("gone").await.unwrap(), None);
    let refused = pods.get("a").await.unwrap_err();
    assert_eq!(refused.message, "the server answered 502 Bad Gateway: bad gateway");
}

#[tokio::test]
async fn a_watch_is_read_across_the_borders_of_frames() {
    let served = serve(|_| {
        (
            200,
            vec![
                r#"{"type":"ADDED","object":{"metadata":{"na"#,
                "me\":\"a\"}}}\n{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"9\",",
                "\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}}}}\n",
                "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,\"reason\":\"Expired\"}}\n",
            ],
        )
    })
    .await;
    let watch = client(&served.remote).all(&kinds::PODS).watch(Options::default(), true).await.unwrap();
    let events: Vec<_> = watch.collect().await;
    assert!(matches!(&events[0], Ok(WatchEvent::Added(pod)) if pod.name() == "a" && pod.kind() == "Pod"));
    assert!(
        matches!(&events[1], Ok(WatchEvent::Bookmark { resource_version, initial_events_end: true }) if resource_version == "9")
    );
    assert!(matches!(&events[2], Err(status) if status.is_expired()));
    assert_eq!(events.len(), 3);
    let query = "watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
    assert_eq!(*served.asked.lock(), [format!("GET /api/v1/pods?{query}")]);
}

#[tokio::test]
async fn a_connection_that_ended_is_made_again() {
    let mut served = serve(|_| (200, vec![r#"{"kind":"Pod"}"#])).await;
    let pods = client(&served.remote).namespaced(&kinds::PODS, "n");
    pods.get("a").await.unwrap();
    pods.get("b").await.unwrap();
    served.connections.recv().await.unwrap().shutdown().await;
    // Whether the end was noticed before or after sending: a read that fails for it succeeds when repeated.
    if pods.get("c").await.is_err() {
        pods.get("c").await.unwrap();
    }
    assert!(served.connections.try_recv().is_ok(), "there was no second connection");
    assert_eq!(served.asked.lock().len(), 3);
}

#[tokio::test]
async fn a_missing_body_is_refused_here() {
    let served = serve(|_| (200, vec!["{}"])).await;
    let request = Request {
        verb: Verb::Create,
        resource: kinds::PODS,
        namespace: "n".into(),
        name: Str::EMPTY,
        subresource: Str::EMPTY,
        body: Body::None,
        options: Options::default(),
    };
    assert_eq!(served.remote.call(request).await.unwrap_err().code, 400);
    assert!(served.asked.lock().is_empty());
}
