//! The store, for administrators, below `/sagong/store/`: how it does, compaction, backups.
//!
//! These are paths of the API server: whoever may `get` or `post` them may use them, which by the bootstrap roles is
//! who has `cluster-admin`. A backup has every secret of the cluster in it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::bail;
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
use store::{Engine, StoreError};
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot},
    time::timeout,
};

use crate::{
    backup_files,
    status::{store_problems, store_value},
};

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
/// A reader who takes no part for so long is given up, as one is who sends none of a request's body: what it has still
/// to read holds old revisions, in memory and on the disk.
const READER_TIMEOUT: Duration = Duration::from_secs(60);

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
        let (sender, parts) = mpsc::channel(CHUNKS_LIMIT);
        let (failing, failed) = oneshot::channel();
        let engine = self.0.clone();
        // Compressing takes longer than a task may.
        tokio::task::spawn_blocking(move || {
            if let Err(error) = send_backup(&*engine, sender) {
                let error = format!("{error:#}");
                tracing::warn!(error, "a backup was not finished");
                // Whoever reads it sees that it broke off.
                let _ = failing.send(error);
            }
        });
        let frames = futures::stream::unfold((parts, Some(failed)), |(mut parts, mut failed)| async move {
            let next = match parts.recv().await {
                Some(part) => Ok(Frame::data(part)),
                None => Err(failed.take()?.await.ok()?.into()),
            };
            Some((next, (parts, failed)))
        });
        let response = http::Response::builder().header(http::header::CONTENT_TYPE, "application/octet-stream");
        response.body(StreamBody::new(frames).boxed_unsync()).map_err(|error| Status::internal(error.to_string()))
    }
}

/// Sends a backup in parts.
fn send_backup(engine: &dyn Engine, sender: mpsc::Sender<Bytes>) -> anyhow::Result<()> {
    let runtime = Handle::current();
    let send = |part: Vec<u8>| match runtime.block_on(timeout(READER_TIMEOUT, sender.send(part.into()))) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => bail!("the reader has gone"),
        Err(_) => bail!("the reader took nothing for {READER_TIMEOUT:?}"),
    };
    let (rest, summary) = backup_files::write(engine, Vec::new(), |part| {
        if part.len() >= CHUNK_BYTES { send(std::mem::take(part)) } else { Ok(()) }
    })?;
    tracing::info!(revision = summary.revision, keys = summary.keys, "a backup was made");
    send(rest)
}

#[cfg(test)]
mod tests {
    use store::{Expect, Write, embedded};

    use super::*;

    #[test]
    fn keys_belong_to_collections() {
        assert_eq!(collection(b"/registry/pods/default/web"), "pods");
        assert_eq!(collection(b"/registry/example.com/crontabs/default/one"), "example.com/crontabs");
        assert_eq!(collection(b"other"), "other");
    }

    /// So many values of this length, which do not become shorter, are more than what waits for a reader: a part has at
    /// least a record of the backup.
    const VALUES: usize = 12_000;
    const VALUE_BYTES: usize = 512;
    const WRITES_PER_COMMIT: usize = 500;

    async fn put(engine: &dyn Engine, numbers: std::ops::Range<usize>) {
        let random = || (0..VALUE_BYTES / 8).flat_map(|_| stdx::random::u64().to_le_bytes()).collect::<Vec<u8>>();
        let write = |number| Write::Put {
            key: format!("/registry/things/{number}").into(),
            value: random().into(),
            expect: Expect::Any,
            time_to_live: None,
        };
        engine.commit(numbers.map(write).collect()).await.unwrap();
    }

    async fn filled(folder: &tempfile::TempDir) -> Arc<dyn Engine> {
        let engine = embedded::open(folder.path().join("store"), embedded::Options::default()).unwrap();
        for first in (0..VALUES).step_by(WRITES_PER_COMMIT) {
            put(&*engine, first..first + WRITES_PER_COMMIT).await;
        }
        engine
    }

    /// Sends a backup from a thread that paused time does not wait for: it goes on when everybody waits.
    fn send(engine: &Arc<dyn Engine>) -> (mpsc::Receiver<Bytes>, oneshot::Receiver<anyhow::Result<()>>) {
        let (sender, parts) = mpsc::channel(CHUNKS_LIMIT);
        let (ended, end) = oneshot::channel();
        let (engine, runtime) = (engine.clone(), Handle::current());
        std::thread::spawn(move || {
            let _runtime = runtime.enter();
            ended.send(send_backup(&*engine, sender)).unwrap();
        });
        (parts, end)
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_who_takes_nothing_is_given_up_and_holds_no_old_revisions() {
        let folder = tempfile::tempdir().unwrap();
        let engine = filled(&folder).await;
        let (_parts, mut end) = send(&engine);
        // Paused time passes in steps, since it does not wait for the thread; how long that may take is real time.
        let begun = std::time::Instant::now();
        let ended = loop {
            match timeout(Duration::from_secs(1), &mut end).await {
                Ok(ended) => break ended.unwrap(),
                Err(_) => assert!(begun.elapsed() < READER_TIMEOUT, "a reader holds the backup for ever"),
            }
        };
        assert_eq!(ended.unwrap_err().to_string(), "the reader took nothing for 60s");
        put(&*engine, 0..1).await;
        engine.compact(engine.current_revision()).await.unwrap();
        assert_eq!(engine.status().versions, VALUES as u64);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_reader_gets_everything() {
        let folder = tempfile::tempdir().unwrap();
        let engine = filled(&folder).await;
        let (mut parts, end) = send(&engine);
        let mut backup = Vec::new();
        while let Some(part) = parts.recv().await {
            backup.extend_from_slice(&part);
            tokio::time::sleep(READER_TIMEOUT - Duration::from_secs(1)).await;
        }
        end.await.unwrap().unwrap();
        assert_eq!(store::backup::verify(backup.as_slice()).unwrap().keys, VALUES as u64);
    }
}
