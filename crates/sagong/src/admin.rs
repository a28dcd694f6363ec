//! Orders to the running server from this machine's root, over a socket in the data directory.
//!
//! What must work while the server holds the data, and is no business of the cluster's API: images, and the
//! server's end. Requests and answers are JSON over HTTP/1.1.

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::{Context, bail};
use apimachinery::{Value, decode, json, value};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    body::{Bytes, Frame, Incoming},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use runtime::{BuildSource, ImageBuild, ImageStore, PullOptions, PullProgress};
use tokio::{
    net::{UnixListener, UnixStream},
    sync::mpsc,
};

use crate::{
    components::{NodeParts, NodePlace},
    status::StatusSource,
};

/// The longest order.
const ORDER_BYTES_LIMIT: usize = 1 << 20;

/// What orders act on.
#[derive(Clone)]
pub(crate) struct Admin {
    /// Where the node's parts will be; `None` for a control plane alone.
    pub(crate) node: Option<NodePlace>,
    /// What the server says of itself; `None` for an agent.
    pub(crate) status: Option<Arc<StatusSource>>,
    /// Ends the server.
    pub(crate) stop: mpsc::Sender<()>,
}

/// Opens the socket; orders wait there until [`serve`] takes them.
pub(crate) fn listen(path: &Path) -> anyhow::Result<UnixListener> {
    // A socket of a server that was killed; the store's lock has shown that there is no other.
    let _ = std::fs::remove_file(path);
    let listener = UnixListener::bind(path).with_context(|| format!("cannot listen at {}", path.display()))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Takes orders until it is dropped.
pub(crate) async fn serve(listener: UnixListener, admin: Admin) -> anyhow::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        let (admin, stop) = (admin.clone(), admin.stop.clone());
        tokio::spawn(async move {
            let stops = AtomicBool::new(false);
            let service = service_fn(|request| {
                if request.uri().path() == "/stop" {
                    stops.store(true, Ordering::Relaxed);
                }
                let admin = admin.clone();
                async move { Ok::<_, std::convert::Infallible>(answer(&admin, request).await) }
            });
            // A client that hangs up has what it wanted.
            let _ = hyper::server::conn::http1::Builder::new()
                .keep_alive(false)
                .serve_connection(TokioIo::new(stream), service)
                .await;
            // Not before the answer has been sent: the process ends with it. A second order changes nothing.
            if stops.into_inner() {
                let _ = stop.try_send(());
            }
        });
    }
}

/// Answers come whole, or line by line.
type Body = UnsyncBoxBody<Bytes, std::convert::Infallible>;

async fn answer(admin: &Admin, request: Request<Incoming>) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let order = match Limited::new(request.into_body(), ORDER_BYTES_LIMIT).collect().await {
        Ok(body) => decode::json_untyped(&body.to_bytes()).unwrap_or_default(),
        Err(_) => Value::Null,
    };
    match path.as_str() {
        "/images/pull" => return Response::new(pull(admin, &order)),
        "/pods/stop" => return Response::new(stop_pods(admin)),
        _ => {}
    }
    let (code, value) = match carry_out(admin, path, order).await {
        Ok(value) => (StatusCode::OK, value),
        Err(error) => (StatusCode::BAD_REQUEST, value!({"error": format!("{error:#}")})),
    };
    let mut response = Response::new(Full::new(Bytes::from(json::to_vec(&value))).boxed_unsync());
    *response.status_mut() = code;
    response
}

/// Lines of progress that wait for their reader; when it is slower, steps are left out.
const PROGRESS_LINES_MAX: usize = 64;

/// The node that orders are for. One that is still starting is waited for, as long as whoever gave the order does.
async fn node(admin: &Admin) -> anyhow::Result<NodeParts> {
    match &admin.node {
        Some(node) => Ok(node.wait().await),
        None => bail!("this server runs without a node (--no-node): give the order to a machine with one"),
    }
}

/// Work that tells of itself: each line is a JSON document; the last one is what the work answers, or its error.
/// The work ends early when nobody reads any more.
fn told<F>(work: impl FnOnce(mpsc::Sender<Value>) -> F) -> Body
where
    F: Future<Output = anyhow::Result<Value>> + Send + 'static,
{
    let (lines, written) = mpsc::channel::<Value>(PROGRESS_LINES_MAX);
    let work = work(lines.clone());
    tokio::spawn(async move {
        let last = tokio::select! {
            () = lines.closed() => return,
            done = work => done.unwrap_or_else(|error| value!({"error": format!("{error:#}")})),
        };
        // Without a reader nobody misses it.
        let _ = lines.send(last).await;
    });
    let frames = futures::stream::unfold(written, |mut written| async move {
        let mut line = json::to_vec(&written.recv().await?);
        line.push(b'\n');
        Some((Ok(Frame::data(Bytes::from(line))), written))
    });
    StreamBody::new(frames).boxed_unsync()
}

/// Ends the node's pods, and who answers their names; lines say how many are left.
fn stop_pods(admin: &Admin) -> Body {
    let admin = admin.clone();
    told(|lines| async move {
        let progress = move |left: usize| drop(lines.try_send(value!({"podsLeft": left as i64})));
        let node = node(&admin).await?;
        node.kubelet.halt(progress).await;
        // Nobody asks any more.
        dns::end(&node.dns_socket).await.context("names are answered still")?;
        Ok(value!({}))
    })
}

/// Pulls an image; lines tell of its layers, the last one of the image.
fn pull(admin: &Admin, order: &Value) -> Body {
    let (admin, name) = (admin.clone(), order.str_at(&["name"]).unwrap_or_default().to_owned());
    let text = |field: &str| order.str_at(&[field]).unwrap_or_default().to_owned();
    let credentials = runtime::Credentials {
        username: text("username"),
        password: text("password"),
        ..runtime::Credentials::default()
    };
    told(|lines| async move {
        // What has come before a reader leaves is kept for the next attempt.
        let tell = move |step: PullProgress| drop(lines.try_send(progress_value(&step)));
        let options = PullOptions { credentials, progress: Some(Arc::new(tell)) };
        let image = node(&admin).await?.images.pull(&name, &options).await?;
        Ok(value!({"image": image_value(&image)}))
    })
}

fn progress_value(step: &PullProgress) -> Value {
    match step {
        PullProgress::Resolved { digest } => value!({"step": "resolved", "digest": digest}),
        PullProgress::Present { digest } => value!({"step": "present", "digest": digest}),
        PullProgress::Unpacking { digest } => value!({"step": "unpacking", "digest": digest}),
        PullProgress::Downloading { digest, received_bytes, total_bytes } => value!({
            "step": "downloading",
            "digest": digest,
            "receivedBytes": *received_bytes as i64,
            "totalBytes": *total_bytes as i64
        }),
    }
}

async fn carry_out(admin: &Admin, path: String, order: Value) -> anyhow::Result<Value> {
    if path == "/stop" {
        return Ok(value!({}));
    }
    if path == "/status" {
        let status = admin.status.as_ref().context("this is an agent: ask on the server's machine")?;
        return Ok(status.value());
    }
    let images = node(admin).await?.images;
    // Images are files: the work blocks.
    tokio::task::spawn_blocking(move || image_order(&images, &path, &order)).await?
}

fn image_order(images: &ImageStore, path: &str, order: &Value) -> anyhow::Result<Value> {
    let text = |field: &str| order.str_at(&[field]).unwrap_or_default().to_owned();
    match path {
        "/images" => Ok(images.list().iter().map(image_value).collect()),
        "/images/import" => {
            let name = Some(text("name")).filter(|name| !name.is_empty());
            let imported = images.import(Path::new(&text("path")), name.as_deref())?;
            Ok(imported.iter().map(image_value).collect())
        }
        "/images/remove" => {
            images.remove(&text("name"))?;
            Ok(value!([]))
        }
        "/images/build" => {
            let source = PathBuf::from(text("path"));
            let build = build_of(&source, &text("name"), order)?;
            Ok(value!([image_value(&images.build(&build)?)]))
        }
        other => bail!("there is no order {other:?}"),
    }
}

/// A directory becomes the whole image, a file its only program.
fn build_of(source: &Path, name: &str, order: &Value) -> anyhow::Result<ImageBuild> {
    let words = |field: &str| -> Vec<String> {
        order.list_at(&[field]).iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let mut entrypoint = words("entrypoint");
    let sources = if source.is_dir() {
        vec![BuildSource::Directory { source: source.to_owned(), destination: PathBuf::from("/") }]
    } else {
        let file_name = source.file_name().with_context(|| format!("{} is no file", source.display()))?;
        let destination = Path::new("/").join(file_name);
        if entrypoint.is_empty() {
            entrypoint.push(destination.to_string_lossy().into_owned());
        }
        vec![BuildSource::File { source: source.to_owned(), destination }]
    };
    Ok(ImageBuild {
        name: name.to_owned(),
        sources,
        entrypoint,
        command: words("command"),
        environment: words("environment"),
        working_directory: order.str_at(&["workingDirectory"]).unwrap_or_default().to_owned(),
        user: order.str_at(&["user"]).unwrap_or_default().to_owned(),
    })
}

fn image_value(image: &runtime::Image) -> Value {
    value!({
        "id": image.id.as_str(),
        "tags": image.tags.iter().map(String::as_str).collect::<Value>(),
        "digests": image.digests.iter().map(String::as_str).collect::<Value>(),
        "sizeBytes": image.size_bytes as i64
    })
}

/// Gives an order whose answer comes line by line; `line` sees each as it comes.
pub(crate) fn order_lines(
    data_directory: &Path,
    path: &str,
    order: &Value,
    line: &mut dyn FnMut(Value) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let response = post(&data_directory.join("admin.sock"), path, order).await?;
        let mut body = response.into_body();
        let mut rest: Vec<u8> = Vec::new();
        while let Some(frame) = body.frame().await {
            rest.extend_from_slice(frame?.data_ref().unwrap_or(&Bytes::new()));
            while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                let document: Vec<u8> = rest.drain(..=end).collect();
                line(decode::json_untyped(&document).map_err(|error| anyhow::anyhow!("{error}"))?)?;
            }
        }
        Ok(())
    })
}

/// Gives the server of a data directory an order, and returns its answer.
pub(crate) fn order(data_directory: &Path, path: &str, order: &Value) -> anyhow::Result<Value> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(send(&data_directory.join("admin.sock"), path, order))
}

async fn post(socket: &Path, path: &str, order: &Value) -> anyhow::Result<Response<Incoming>> {
    let stream = UnixStream::connect(socket).await.with_context(|| {
        format!(
            "no server answers at {}: is one running on this data directory (sagong up --data-dir)?",
            socket.display()
        )
    })?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // It ends with the answer.
    tokio::spawn(connection);
    let body = Full::new(Bytes::from(json::to_vec(order)));
    let request = Request::post(path).header(http::header::HOST, "sagong").body(body)?;
    Ok(sender.send_request(request).await?)
}

async fn send(socket: &Path, path: &str, order: &Value) -> anyhow::Result<Value> {
    let response = post(socket, path, order).await?;
    let code = response.status();
    let bytes = response.into_body().collect().await?.to_bytes();
    let value = decode::json_untyped(&bytes).map_err(|error| anyhow::anyhow!("{error}"))?;
    match code {
        StatusCode::OK => Ok(value),
        _ => bail!("{}", value.str_at(&["error"]).unwrap_or("the server refused")),
    }
}
