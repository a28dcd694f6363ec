//! Pulls from a small registry on loopback.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io::Write as _;

use base64::Engine as _;
use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, LOCATION, RANGE, WWW_AUTHENTICATE};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::*;

/// What the registry has, by path, and what it was asked.
#[derive(Default)]
struct Content {
    answers: HashMap<String, Bytes>,
    /// Paths that lead elsewhere.
    redirects: HashMap<String, String>,
    /// With it, requests need the token that the pair `user:word` buys.
    locked: bool,
    /// The first answer for this path ends after so many bytes.
    breaks_off: Option<(String, usize)>,
    asked: Vec<String>,
}

struct Registry {
    content: Arc<Mutex<Content>>,
    authority: String,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Registry {
    async fn start() -> Registry {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        let content: Arc<Mutex<Content>> = Arc::default();
        let (served, own) = (content.clone(), authority.clone());
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (content, own) = (served.clone(), own.clone());
                tokio::spawn(async move {
                    let service = service_fn(move |request| {
                        let answer = answer(&mut content.lock().unwrap(), &own, &request);
                        async move { Ok::<_, Infallible>(answer) }
                    });
                    let server = hyper::server::conn::http1::Builder::new();
                    let _ = server.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Registry { content, authority, task }
    }

    fn change(&self, change: impl FnOnce(&mut Content)) {
        change(&mut self.content.lock().unwrap());
    }

    fn put(&self, path: String, bytes: &[u8]) {
        self.change(|content| drop(content.answers.insert(path, Bytes::copy_from_slice(bytes))));
    }

    /// Takes what was asked since the last call.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.content.lock().unwrap().asked)
    }

    /// Puts an image of two layers behind an index under `app:1`; returns the digests of the layers.
    fn publish(&self, text: &str) -> Vec<String> {
        let layers = [layer("below", "same"), layer("above", text)];
        let compressed: Vec<Vec<u8>> = layers.iter().map(|layer| gzip(layer)).collect();
        let configuration = serde_json::json!({
            "architecture": super::super::document::host_architecture(), "os": "linux", "config": {"Cmd": [text]},
            "rootfs": {"type": "layers", "diff_ids": layers.iter().map(|layer| digest_of(layer)).collect::<Vec<_>>()},
        });
        let configuration = serde_json::to_vec(&configuration).unwrap();
        let described = |bytes: &[u8]| serde_json::json!({"digest": digest_of(bytes), "size": bytes.len()});
        let manifest = serde_json::json!({
            "schemaVersion": 2, "config": described(&configuration),
            "layers": compressed.iter().map(|layer| described(layer)).collect::<Vec<_>>(),
        });
        let manifest = serde_json::to_vec(&manifest).unwrap();
        let platform = |architecture: &str, digest: String| serde_json::json!({"digest": digest, "size": 1, "platform": {"os": "linux", "architecture": architecture}});
        let own = super::super::document::host_architecture();
        let index = serde_json::json!({
            "schemaVersion": 2,
            "manifests": [platform("other", digest_of(b"no such")), platform(own, digest_of(&manifest))],
        });
        let index = serde_json::to_vec(&index).unwrap();
        for bytes in compressed.iter().chain([&configuration]) {
            self.put(format!("/v2/app/blobs/{}", digest_of(bytes)), bytes);
        }
        self.put(format!("/v2/app/manifests/{}", digest_of(&manifest)), &manifest);
        self.put(format!("/v2/app/manifests/{}", digest_of(&index)), &index);
        self.put("/v2/app/manifests/1".to_owned(), &index);
        compressed.iter().map(|layer| digest_of(layer)).collect()
    }

    fn name(&self) -> String {
        format!("{}/app:1", self.authority)
    }
}

fn answer(content: &mut Content, own: &str, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let path = request.uri().path();
    let secret = if request.headers().contains_key(AUTHORIZATION) { " with a secret" } else { "" };
    content.asked.push(format!("{} {path}{secret}", request.method()));
    let plain = |status: StatusCode, body: Bytes| Response::builder().status(status).body(Full::new(body)).unwrap();
    let authorization = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if path == "/token" {
        let pair = base64::engine::general_purpose::STANDARD.encode("user:word");
        let query = request.uri().query().unwrap_or_default();
        let right = authorization == format!("Basic {pair}") && query.contains("scope=repository%3Aapp%3Apull");
        return match right {
            true => plain(StatusCode::OK, Bytes::from_static(b"{\"token\": \"opener\"}")),
            false => plain(StatusCode::UNAUTHORIZED, Bytes::new()),
        };
    }
    if content.locked && authorization != "Bearer opener" {
        let challenge = format!("Bearer realm=\"http://{own}/token\",service=\"test\",scope=\"repository:app:pull\"");
        let mut refused = plain(StatusCode::UNAUTHORIZED, Bytes::new());
        refused.headers_mut().insert(WWW_AUTHENTICATE, challenge.parse().unwrap());
        return refused;
    }
    if let Some(location) = content.redirects.get(path) {
        let mut elsewhere = plain(StatusCode::TEMPORARY_REDIRECT, Bytes::new());
        elsewhere.headers_mut().insert(LOCATION, location.parse().unwrap());
        return elsewhere;
    }
    let Some(bytes) = content.answers.get(path).cloned() else { return plain(StatusCode::NOT_FOUND, Bytes::new()) };
    if request.method() == Method::HEAD {
        let mut head = plain(StatusCode::OK, Bytes::new());
        head.headers_mut().insert("docker-content-digest", digest_of(&bytes).parse().unwrap());
        return head;
    }
    if let Some((_, length)) = content.breaks_off.take_if(|(broken, _)| broken == path) {
        return plain(StatusCode::OK, bytes.slice(..length));
    }
    assert!(!request.headers().contains_key(ACCEPT_ENCODING), "digests are over the bytes as they are");
    let range = request.headers().get(RANGE).and_then(|value| value.to_str().ok());
    match range.and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok()) {
        Some(offset) => plain(StatusCode::PARTIAL_CONTENT, bytes.slice(offset..)),
        None => plain(StatusCode::OK, bytes),
    }
}

fn layer(name: &str, text: &str) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_mode(0o644);
    header.set_size(text.len() as u64);
    // Whoever runs the tests may own their files.
    header.set_uid(u64::from(rustix::process::getuid().as_raw()));
    header.set_gid(u64::from(rustix::process::getgid().as_raw()));
    archive.append_data(&mut header, name, text.as_bytes()).unwrap();
    archive.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn store(directory: &Path) -> Arc<ImageStore> {
    Arc::new(ImageStore::open(directory.to_owned()).unwrap().with_registries(vec![directory.join("certs.d")]))
}

fn count(asked: &[String], part: &str) -> usize {
    asked.iter().filter(|line| line.contains(part)).count()
}

#[tokio::test]
async fn only_what_is_missing_is_fetched() {
    let (registry, directory) = (Registry::start().await, tempfile::tempdir().unwrap());
    let store = store(directory.path());
    let layers = registry.publish("one");
    let image = store.pull(&registry.name(), &PullOptions::default()).await.unwrap();
    assert!(image.tags.contains(&registry.name()), "{image:?}");
    assert_eq!(store.runnable(&registry.name(), "c").unwrap().lower.len(), 2);
    assert_eq!(store.find_local(&registry.name()), None);
    assert_eq!(count(&registry.asked(), "GET /v2/app/blobs/"), 3);

    // The tag is asked for anew; the content is here.
    assert_eq!(store.pull(&registry.name(), &PullOptions::default()).await.unwrap(), image);
    assert_eq!(registry.asked(), ["HEAD /v2/app/manifests/1"]);

    // The tag moves: the layer below is shared.
    let moved = registry.publish("two");
    assert_eq!(moved[0], layers[0]);
    let image = store.pull(&registry.name(), &PullOptions::default()).await.unwrap();
    let asked = registry.asked();
    assert_eq!((count(&asked, &moved[0]), count(&asked, &moved[1])), (0, 1), "{asked:?}");
    assert_eq!(store.find(&registry.name()).unwrap().id, image.id);
    let left = fs::read_dir(directory.path().join("downloads")).unwrap().count();
    assert_eq!(left, 0, "downloads remain");
}

#[tokio::test]
async fn tokens_are_bought_with_credentials() {
    let (registry, directory) = (Registry::start().await, tempfile::tempdir().unwrap());
    let store = store(directory.path());
    registry.publish("one");
    registry.change(|content| content.locked = true);
    let refused = store.pull(&registry.name(), &PullOptions::default()).await.unwrap_err();
    assert!(refused.to_string().starts_with("failed to authorize: failed to fetch anonymous token"), "{refused}");
    let credentials =
        Credentials { username: "user".to_owned(), password: "word".to_owned(), ..Credentials::default() };
    let elsewhere = Credentials { server_address: "https://other.test".to_owned(), ..credentials.clone() };
    let options = |credentials| PullOptions { credentials, progress: None };
    assert!(store.pull(&registry.name(), &options(elsewhere)).await.is_err());
    store.pull(&registry.name(), &options(credentials)).await.unwrap();
}

#[tokio::test]
async fn what_is_not_there_is_said_as_containerd_says_it() {
    let (registry, directory) = (Registry::start().await, tempfile::tempdir().unwrap());
    let store = store(directory.path());
    let name = registry.name();
    let error = store.pull(&name, &PullOptions::default()).await.unwrap_err();
    assert_eq!(error.to_string(), format!("failed to resolve reference \"{name}\": {name}: not found"));
    assert_eq!(cri_api::Error::from(error).code, cri_api::Code::NotFound);
    drop(registry);
    let error = store.pull("127.0.0.1:1/app:1", &PullOptions::default()).await.unwrap_err();
    let expected = "failed to resolve reference \"127.0.0.1:1/app:1\": failed to do request: \
        Head \"http://127.0.0.1:1/v2/app/manifests/1\": dial tcp 127.0.0.1:1: connect: connection refused";
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn a_wrong_layer_does_not_come_in() {
    let (registry, directory) = (Registry::start().await, tempfile::tempdir().unwrap());
    let store = store(directory.path());
    let layers = registry.publish("one");
    let path = format!("/v2/app/blobs/{}", layers[1]);
    let right = registry.content.lock().unwrap().answers[&path].clone();
    let mut wrong = right.to_vec();
    wrong[20] ^= 1;
    registry.put(path.clone(), &wrong);
    let error = store.pull(&registry.name(), &PullOptions::default()).await.unwrap_err();
    assert!(error.to_string().contains("unexpected commit digest"), "{error}");
    assert!(store.list().is_empty());
    registry.put(path, &right);
    store.pull(&registry.name(), &PullOptions::default()).await.unwrap();
}

#[tokio::test]
async fn a_download_that_breaks_off_is_taken_up_again() {
    let (registry, directory) = (Registry::start().await, tempfile::tempdir().unwrap());
    let store = store(directory.path());
    let layers = registry.publish("one");
    registry.change(|content| content.breaks_off = Some((format!("/v2/app/blobs/{}", layers[0]), 30)));
    let told: Arc<Mutex<Vec<PullProgress>>> = Arc::default();
    let seen = told.clone();
    let progress: Arc<dyn Fn(PullProgress) + Send + Sync> = Arc::new(move |step| seen.lock().unwrap().push(step));
    let options = PullOptions { progress: Some(progress), ..PullOptions::default() };
    store.pull(&registry.name(), &options).await.unwrap();
    let told = told.lock().unwrap();
    let resumed = told.iter().any(
        |step| matches!(step, PullProgress::Downloading { digest, received_bytes: 30, .. } if *digest == layers[0]),
    );
    assert!(resumed, "{told:?}");
    assert!(told.contains(&PullProgress::Unpacking { digest: layers[1].clone() }), "{told:?}");
}

#[tokio::test]
async fn redirects_do_not_see_the_token() {
    let (registry, other) = (Registry::start().await, Registry::start().await);
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let layers = registry.publish("one");
    let path = format!("/v2/app/blobs/{}", layers[1]);
    let bytes = registry.content.lock().unwrap().answers.remove(&path).unwrap();
    other.put("/store/it".to_owned(), &bytes);
    let location = format!("http://{}/store/it", other.authority);
    registry.change(|content| drop(content.redirects.insert(path, location)));
    registry.change(|content| content.locked = true);
    let credentials =
        Credentials { username: "user".to_owned(), password: "word".to_owned(), ..Credentials::default() };
    store.pull(&registry.name(), &PullOptions { credentials, progress: None }).await.unwrap();
    assert_eq!(other.asked(), ["GET /store/it"]);
    assert!(count(&registry.asked(), "with a secret") > 3);
}

#[tokio::test]
async fn mirrors_are_asked_first() {
    let (registry, directory) = (Registry::start().await, tempfile::tempdir().unwrap());
    let store = store(directory.path());
    registry.publish("one");
    let place = directory.path().join("certs.d/example.test");
    fs::create_dir_all(&place).unwrap();
    let text = format!("server = \"http://127.0.0.1:1\"\n[host.\"http://{}\"]\n", registry.authority);
    fs::write(place.join("hosts.toml"), text).unwrap();
    let image = store.pull("example.test/app:1", &PullOptions::default()).await.unwrap();
    assert!(image.tags.contains("example.test/app:1"), "{image:?}");
}
