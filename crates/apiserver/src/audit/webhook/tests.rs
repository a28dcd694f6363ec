use std::{convert::Infallible, net::Ipv4Addr};

use apimachinery::{Value, decode};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use pki::{CertificateAuthority, Profile};
use tokio::{net::TcpListener, sync::mpsc};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::audit::{Batching, event::tests::full};

const DAY: Duration = Duration::from_secs(86_400);

/// A server over TLS that refuses the first requests; answers what it was sent.
struct Receiver {
    directory: tempfile::TempDir,
    lists: mpsc::UnboundedReceiver<Value>,
    connections: mpsc::UnboundedReceiver<()>,
}

async fn receiver(refusals: usize) -> Receiver {
    let authority = CertificateAuthority::create("test", DAY).unwrap();
    let issued = authority.issue(&Profile::server("s", &[], &[Ipv4Addr::LOCALHOST.into()], DAY)).unwrap();
    let trust = pki::tls::ClientTrust::new("", "").unwrap();
    let config = pki::tls::server_config(&issued.certificate_pem, &issued.key_pem, trust).unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("ca.pem"), authority.certificate_pem()).unwrap();
    std::fs::write(directory.path().join("token"), "secret\n").unwrap();
    let text = format!(
        "current-context: c\ncontexts: [{{name: c, context: {{cluster: k, user: u}}}}]\n\
         clusters: [{{name: k, cluster: {{server: 'https://{}/audit', certificate-authority: ca.pem}}}}]\n\
         users: [{{name: u, user: {{tokenFile: token}}}}]\n",
        listener.local_addr().unwrap()
    );
    std::fs::write(directory.path().join("config"), text).unwrap();
    let (told, lists) = mpsc::unbounded_channel();
    let (connected, connections) = mpsc::unbounded_channel();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let left = Arc::new(std::sync::atomic::AtomicUsize::new(refusals));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = connected.send(());
            let (told, left) = (told.clone(), left.clone());
            let stream = acceptor.accept(stream).await.unwrap();
            let service = service_fn(move |request: http::Request<Incoming>| {
                let (told, left) = (told.clone(), left.clone());
                async move {
                    assert_eq!(request.headers()["authorization"], "Bearer secret");
                    assert_eq!(request.uri(), "/audit?timeout=30s");
                    let body = request.into_body().collect().await.unwrap().to_bytes();
                    let mut response = http::Response::new(Full::new(Bytes::new()));
                    let take = |left: usize| left.checked_sub(1);
                    use std::sync::atomic::Ordering::SeqCst;
                    match left.fetch_update(SeqCst, SeqCst, take) {
                        Ok(_) => *response.status_mut() = http::StatusCode::FORBIDDEN,
                        Err(_) => told.send(decode::json_untyped(&body).unwrap()).unwrap(),
                    }
                    Ok::<_, Infallible>(response)
                }
            });
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    Receiver { directory, lists, connections }
}

impl Receiver {
    fn sink(&self, mode: Mode, truncation: Option<Truncation>) -> Arc<WebhookSink> {
        let endpoint = Endpoint::load(&self.directory.path().join("config")).unwrap();
        let initial_backoff = Duration::from_millis(1);
        WebhookSink::start(WebhookSettings { endpoint, initial_backoff, mode, truncation }).unwrap()
    }
}

const BATCHING: Batching = Batching { buffer_length: 100, batch_length: 3, wait: DAY, throttling: None };

#[tokio::test]
async fn batches_are_posted_as_lists() {
    let mut receiver = receiver(0).await;
    let sink = receiver.sink(Mode::Batch(BATCHING), None);
    for _ in 0..4 {
        assert!(sink.offer(&full()).kept().await);
    }
    let list = receiver.lists.recv().await.unwrap();
    let type_id = api::type_of("audit.k8s.io", "v1", "EventList").unwrap();
    let decoded = decode::tree(list.clone(), api::schema(), type_id, decode::Zeros::Leave).unwrap();
    assert_eq!(decoded.strict_errors, Vec::<String>::new());
    assert_eq!((list.str_at(&["apiVersion"]), list.str_at(&["kind"])), (Some("audit.k8s.io/v1"), Some("EventList")));
    let items = list.list_at(&["items"]);
    assert_eq!((items.len(), items[0].str_at(&["kind"]), items[0].str_at(&["auditID"])), (3, None, Some("id-1")));
    sink.stop().await;
    assert_eq!(receiver.lists.try_recv().unwrap().list_at(&["items"]).len(), 1, "what was left goes at the end");
}

#[tokio::test]
async fn what_is_refused_is_sent_again_on_the_same_connection() {
    let mut receiver = receiver(4).await;
    let sink = receiver.sink(Mode::BlockingStrict, None);
    assert!(sink.offer(&full()).kept().await, "the fifth try");
    assert!(sink.offer(&full()).kept().await);
    let mut connections = 0;
    while receiver.connections.try_recv().is_ok() {
        connections += 1;
    }
    // A refusal ends a connection, an answer leaves it for the next.
    assert_eq!(connections, 5);
    let unreached = self::receiver(5).await;
    assert!(!unreached.sink(Mode::BlockingStrict, None).offer(&full()).kept().await);
    assert!(unreached.sink(Mode::Blocking, None).offer(&full()).kept().await);
}

#[tokio::test]
async fn large_batches_are_sent_in_parts() {
    let mut receiver = receiver(0).await;
    let length = full().to_json().len() as u64 + 1;
    let truncation = Truncation { event_bytes_limit: length, batch_bytes_limit: 2 * length };
    let sink = receiver.sink(Mode::Batch(BATCHING), Some(truncation));
    for _ in 0..3 {
        assert!(sink.offer(&full()).kept().await);
    }
    let lengths = [receiver.lists.recv().await.unwrap(), receiver.lists.recv().await.unwrap()]
        .map(|list| list.list_at(&["items"]).len());
    assert_eq!(lengths, [2, 1]);
}
