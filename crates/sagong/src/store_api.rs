//! The store, for administrators, below `/sagong/store/`: how it does, compaction, backups.
//!
//! These are paths of the API server: whoever may `get` or `post` them may use them, which by the bootstrap roles is
//! who has `cluster-admin`. A backup has every secret of the cluster in it.

use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

use apimachinery::{Status, Value, value};
use apiserver::{
    Server,
    http::{HttpRequest, HttpResponse, Parameters, PathHandler, json_response},
};
use async_trait::async_trait;
use http::Method;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Bytes;
use hyper::body::Frame;
use store::{Engine, StoreError, backup};
use tokio::sync::mpsc;

use crate::status::{store_problems, store_value, unix_seconds};

/// Where each is served.
pub(crate) const STATUS_PATH: &str = "/sagong/store/status";
/// See [`STATUS_PATH`].
pub(crate) const COMPACT_PATH: &str = "/sagong/store/compact";
/// See [`STATUS_PATH`].
pub(crate) const BACKUP_PATH: &str = "/sagong/store/backup";

/// A part of a backup that is sent has about this length at least, in bytes.
const CHUNK_BYTES: usize = 64 << 10;
/// Parts that wait for a slow reader.
const CHUNKS_LIMIT: usize = 16;

/// Serves the paths from now on.
pub(crate) fn install(server: &Server, engine: Arc<dyn Engine>) {
    server.serve_path(STATUS_PATH, Arc::new(ShowStatus(engine.clone())));
    server.serve_path(COMPACT_PATH, Arc::new(Compact(engine.clone())));
    server.serve_path(BACKUP_PATH, Arc::new(Backup(engine)));
}

struct ShowStatus(Arc<dyn Engine>);
struct Compact(Arc<dyn Engine>);
struct Backup(Arc<dyn Engine>);

fn allow(method: &Method, allowed: Method) -> Result<(), Status> {
    if *method == allowed {
        return Ok(());
    }
    let message = format!("the server allows only {allowed} on this path");
    Err(Status::failure(405, "MethodNotAllowed", message))
}

fn failed(error: &StoreError) -> Status {
    match error {
        StoreError::Compacted { .. } | StoreError::FutureRevision { .. } => Status::bad_request(error.to_string()),
        error => Status::internal(error.to_string()),
    }
}

#[async_trait]
impl PathHandler for ShowStatus {
    async fn answer(&self, request: HttpRequest) -> Result<HttpResponse, Status> {
        allow(request.method(), Method::GET)?;
        let status = self.0.status();
        let mut answer = store_value(&status);
        let problems = store_problems(&status).into_iter();
        let problems: Value =
            problems.map(|(problem, advice)| value!({"problem": problem, "advice": advice})).collect();
        answer.set(&["problems"], problems);
        if Parameters::parse(request.uri().query().unwrap_or_default()).flag("content") {
            answer.set(&["content"], content(&*self.0).await.map_err(|error| failed(&error))?);
        }
        Ok(json_response(200, &answer))
    }
}

/// What a key belongs to: `/registry/pods/NAMESPACE/NAME` to `pods`, and of a group `GROUP/RESOURCE`.
fn collection(key: &[u8]) -> String {
    let text = String::from_utf8_lossy(key);
    let mut parts = text.split('/').skip(2);
    match parts.next() {
        Some(group) if group.contains('.') => format!("{group}/{}", parts.next().unwrap_or_default()),
        Some(resource) => resource.to_owned(),
        None => text.into_owned(),
    }
}

/// How many keys and bytes each collection has.
async fn content(engine: &dyn Engine) -> Result<Value, StoreError> {
    let mut export = engine.export().await?;
    let mut collections: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    loop {
        let items = export.next().await?;
        if items.is_empty() {
            break;
        }
        for item in items {
            let (keys, bytes) = collections.entry(collection(&item.key)).or_default();
            *keys += 1;
            *bytes += (item.key.len() + item.value.len()) as i64;
        }
    }
    let shown = collections
        .into_iter()
        .map(|(name, (keys, bytes))| value!({"collection": name.as_str(), "keys": keys, "bytes": bytes}));
    Ok(shown.collect())
}

#[async_trait]
impl PathHandler for Compact {
    async fn answer(&self, request: HttpRequest) -> Result<HttpResponse, Status> {
        allow(request.method(), Method::POST)?;
        let parameters = Parameters::parse(request.uri().query().unwrap_or_default());
        let revision = match parameters.get("revision") {
            "" => self.0.current_revision(),
            text => text.parse().map_err(|_| Status::bad_request(format!("revision: {text:?} is no number")))?,
        };
        match self.0.compact(revision).await {
            Ok(()) => {}
            // Nothing has changed since.
            Err(StoreError::Compacted { compacted, .. }) if compacted == revision => {}
            Err(error) => return Err(failed(&error)),
        }
        tracing::info!(revision, "the store was compacted on demand");
        Ok(json_response(200, &store_value(&self.0.status())))
    }
}

#[async_trait]
impl PathHandler for Backup {
    async fn answer(&self, request: HttpRequest) -> Result<HttpResponse, Status> {
        allow(request.method(), Method::GET)?;
        let (sender, receiver) = mpsc::channel::<Result<Bytes, String>>(CHUNKS_LIMIT);
        let engine = self.0.clone();
        // Compressing takes longer than a task may.
        tokio::task::spawn_blocking(move || {
            if let Err(error) = send_backup(&*engine, &sender) {
                tracing::warn!(error, "a backup was not finished");
                // Whoever reads it sees that it broke off.
                let _ = sender.blocking_send(Err(error));
            }
        });
        let frames = futures::stream::unfold(receiver, |mut receiver| async move {
            let part = receiver.recv().await?;
            Some((part.map(Frame::data).map_err(Into::into), receiver))
        });
        let response = http::Response::builder().header(http::header::CONTENT_TYPE, "application/octet-stream");
        response.body(StreamBody::new(frames).boxed_unsync()).map_err(|error| Status::internal(error.to_string()))
    }
}

fn send_backup(engine: &dyn Engine, sender: &mpsc::Sender<Result<Bytes, String>>) -> Result<(), String> {
    let runtime = tokio::runtime::Handle::current();
    let describe = |error: &dyn std::fmt::Display| error.to_string();
    let send = |part: Vec<u8>| sender.blocking_send(Ok(part.into())).map_err(|_| "the reader has gone".to_owned());
    let mut export = runtime.block_on(engine.export()).map_err(|error| describe(&error))?;
    let created = u64::try_from(unix_seconds(SystemTime::now())).unwrap_or_default();
    let mut writer = backup::Writer::of_history(Vec::new(), export.revision, export.history, created)
        .map_err(|error| describe(&error))?;
    loop {
        let items = runtime.block_on(export.next()).map_err(|error| describe(&error))?;
        if items.is_empty() {
            break;
        }
        for item in &items {
            writer.add(item).map_err(|error| describe(&error))?;
        }
        if writer.output_mut().len() >= CHUNK_BYTES {
            send(std::mem::take(writer.output_mut()))?;
        }
    }
    let (rest, summary) = writer.finish().map_err(|error| describe(&error))?;
    tracing::info!(revision = summary.revision, keys = summary.keys, "a backup was made");
    send(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_belong_to_collections() {
        assert_eq!(collection(b"/registry/pods/default/web"), "pods");
        assert_eq!(collection(b"/registry/example.com/crontabs/default/one"), "example.com/crontabs");
        assert_eq!(collection(b"other"), "other");
    }
}
