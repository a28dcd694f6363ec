//! Orders to the running server from this machine's root, over a socket in the data directory.
//!
//! What must work while the server holds the data, and is no business of the cluster's API: images, and the
//! server's end. Requests and answers are JSON over HTTP/1.1.

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use anyhow::{Context, bail};
use apimachinery::{Value, decode, json, value};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    body::{Bytes, Incoming},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use runtime::{BuildSource, ImageBuild, ImageStore};
use tokio::{
    net::{UnixListener, UnixStream},
    sync::mpsc,
};

use crate::status::StatusSource;

/// The longest order.
const ORDER_BYTES_LIMIT: usize = 1 << 20;

/// What orders act on.
#[derive(Clone)]
pub(crate) struct Admin {
    /// The node's images, once the runtime is there.
    pub(crate) images: Arc<OnceLock<Arc<ImageStore>>>,
    /// What the server says of itself.
    pub(crate) status: Arc<StatusSource>,
    /// Ends the server.
    pub(crate) stop: mpsc::Sender<()>,
}

/// Takes orders until it is dropped.
pub(crate) async fn serve(path: PathBuf, admin: Admin) -> anyhow::Result<()> {
    // A socket of a server that was killed; the store's lock has shown that there is no other.
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).with_context(|| format!("cannot listen at {}", path.display()))?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    loop {
        let (stream, _) = listener.accept().await?;
        let admin = admin.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let admin = admin.clone();
                async move { Ok::<_, std::convert::Infallible>(answer(&admin, request).await) }
            });
            // A client that hangs up has what it wanted.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(admin: &Admin, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let path = request.uri().path().to_owned();
    let order = match Limited::new(request.into_body(), ORDER_BYTES_LIMIT).collect().await {
        Ok(body) => decode::json_untyped(&body.to_bytes()).unwrap_or_default(),
        Err(_) => Value::Null,
    };
    let admin = admin.clone();
    // Images are files: the work blocks.
    let done = tokio::task::spawn_blocking(move || carry_out(&admin, &path, &order)).await;
    let (code, value) = match done {
        Ok(Ok(value)) => (StatusCode::OK, value),
        Ok(Err(error)) => (StatusCode::BAD_REQUEST, value!({"error": format!("{error:#}")})),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, value!({"error": error.to_string()})),
    };
    let mut response = Response::new(Full::new(Bytes::from(json::to_vec(&value))));
    *response.status_mut() = code;
    response
}

fn carry_out(admin: &Admin, path: &str, order: &Value) -> anyhow::Result<Value> {
    if path == "/stop" {
        admin.stop.try_send(()).context("the server is stopping already")?;
        return Ok(value!({}));
    }
    if path == "/status" {
        return Ok(admin.status.value());
    }
    let images = admin.images.get().context("this server has no node, or its runtime is not ready yet")?;
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

/// Gives the server of a data directory an order, and returns its answer.
pub(crate) fn order(data_directory: &Path, path: &str, order: &Value) -> anyhow::Result<Value> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(send(&data_directory.join("admin.sock"), path, order))
}

async fn send(socket: &Path, path: &str, order: &Value) -> anyhow::Result<Value> {
    let stream = UnixStream::connect(socket).await.with_context(|| {
        format!("no server answers at {}: is one running on this data directory (sagong up --data-dir)?", socket.display())
    })?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let driven = tokio::spawn(connection);
    let body = Full::new(Bytes::from(json::to_vec(order)));
    let request = Request::post(path).header(http::header::HOST, "sagong").body(body)?;
    let response = sender.send_request(request).await?;
    let code = response.status();
    let bytes = response.into_body().collect().await?.to_bytes();
    driven.abort();
    let value = decode::json_untyped(&bytes).map_err(|error| anyhow::anyhow!("{error}"))?;
    match code {
        StatusCode::OK => Ok(value),
        _ => bail!("{}", value.str_at(&["error"]).unwrap_or("the server refused")),
    }
}
