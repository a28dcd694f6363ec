//! Stores that others write to as well, and those that the caches fall behind.

use std::sync::atomic::AtomicUsize;

use client::kinds::CONFIG_MAPS;
use store::{
    BoxFuture, Committed, Expect, Export, Priority, Range, Revision, Status, Watch, WatchBatch, WatchStream, Write,
    embedded,
};

use super::*;
use crate::cache::Cursor;

/// The embedded engine as one that is shared. It counts how often a range is read.
struct Shared(Arc<dyn Engine>, AtomicUsize);

/// A watch that is refused with its first item, as etcd's.
struct Refused(StoreError);

impl WatchStream for Refused {
    fn poll_next(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<WatchBatch, StoreError>> {
        std::task::Poll::Ready(Err(self.0.clone()))
    }

    fn progress_requester(&self) -> ProgressRequester {
        ProgressRequester::new(Arc::new(|_| ()))
    }
}

impl Shared {
    fn new(engine: Arc<dyn Engine>) -> Shared {
        Shared(engine, AtomicUsize::new(0))
    }
}

impl Engine for Shared {
    fn commit_with(&self, writes: Vec<Write>, priority: Priority) -> BoxFuture<'_, Result<Committed, StoreError>> {
        self.0.commit_with(writes, priority)
    }

    fn get<'a>(&'a self, key: &'a [u8]) -> BoxFuture<'a, Result<(Option<KeyValue>, Revision), StoreError>> {
        self.0.get(key)
    }

    fn range(&self, request: RangeRequest) -> BoxFuture<'_, Result<Range, StoreError>> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.range(request)
    }

    fn watch(&self, start: Bytes, end: Bytes, after: Revision) -> Result<Watch, StoreError> {
        self.0.watch(start, end, after).or_else(|error| Ok(Watch::new(Box::new(Refused(error)))))
    }

    fn current_revision(&self) -> Revision {
        self.0.current_revision()
    }

    fn consistent_revision(&self) -> Option<BoxFuture<'_, Result<Revision, StoreError>>> {
        Some(Box::pin(async { Ok(self.0.current_revision()) }))
    }

    fn compact(&self, revision: Revision) -> BoxFuture<'_, Result<(), StoreError>> {
        self.0.compact(revision)
    }

    fn export(&self) -> BoxFuture<'_, Result<Export, StoreError>> {
        self.0.export()
    }

    fn status(&self) -> Status {
        self.0.status()
    }
}

#[tokio::test]
async fn a_read_waits_for_what_others_wrote_and_asks_how_far_the_watch_is() {
    let folder = tempfile::tempdir().unwrap();
    let engine = embedded::open(folder.path().join("store"), embedded::Options::default()).unwrap();
    let registry = Arc::new(Registry::new(Arc::new(Shared::new(engine.clone()))));
    registry.begin();
    tokio::spawn(registry.clone().follow());
    // At this revision nothing happens to any object, so that no event ever tells of it.
    let elsewhere =
        Write::Put { key: "compact_rev_key".into(), value: "1".into(), expect: Expect::Any, time_to_live: None };
    let revision = engine.commit(vec![elsewhere.clone()]).await.unwrap().revision;
    // The watch has to have begun.
    while registry.progress.read().is_none() {
        tokio::task::yield_now().await;
    }
    registry.fresh().await.unwrap();
    assert!(registry.applied_revision() >= revision);
    let revision = engine.commit(vec![elsewhere]).await.unwrap().revision;
    assert!(registry.reach(revision).await.unwrap());
    assert!(registry.applied_revision() >= revision);
    assert!(!registry.reach(revision + 1).await.unwrap(), "it has not come");
}

/// An engine of whose events the ring has few, the registry over it with a cache of ConfigMaps, and that.
struct Followed {
    _folder: tempfile::TempDir,
    engine: Arc<dyn Engine>,
    counting: Arc<Shared>,
    registry: Arc<Registry>,
    cache: Arc<Cache>,
}

impl Followed {
    async fn new() -> Followed {
        let folder = tempfile::tempdir().unwrap();
        let options = embedded::Options { watch_ring_limit_bytes: 1, ..embedded::Options::default() };
        let engine: Arc<dyn Engine> = embedded::open(folder.path().join("store"), options).unwrap();
        let counting = Arc::new(Shared::new(engine.clone()));
        let registry = Arc::new(Registry::new(counting.clone()));
        registry.begin();
        let schema = SchemaHandle::Static(api::schema());
        let type_id = api::type_of("", "v1", "ConfigMap").unwrap();
        let cache = registry.cache(&CONFIG_MAPS, &schema, type_id, None).await.unwrap();
        tokio::spawn(registry.clone().follow());
        Followed { _folder: folder, engine, counting, registry, cache }
    }

    async fn put(&self, name: &str) -> Revision {
        let key = format!("/registry/configmaps/default/{name}").into();
        let value = Bytes::from(r#"{"apiVersion":"v1","kind":"ConfigMap"}"#);
        let put = Write::Put { key, value, expect: Expect::Any, time_to_live: None };
        self.engine.commit(vec![put]).await.unwrap().revision
    }

    /// How often a range was read.
    fn reads(&self) -> usize {
        self.counting.1.load(Ordering::Relaxed)
    }
}

/// Every change that a cursor gives until it has told of a revision.
async fn told_until(cursor: &mut Cursor, revision: Revision) -> Result<Vec<(String, Revision)>, apimachinery::Status> {
    let mut told = Vec::new();
    loop {
        let (changes, up_to) = cursor.take()?;
        told.extend(changes.iter().map(|change| (change.entry.key().to_string(), change.revision)));
        match changes.is_empty() {
            true if up_to >= revision => return Ok(told),
            true => cursor.moved().await,
            false => {}
        }
    }
}

#[tokio::test]
async fn who_falls_off_the_store_s_ring_goes_on_where_it_was() {
    let followed = Followed::new().await;
    let first = followed.put("first").await;
    followed.registry.wait_applied(first).await;
    let reads = followed.reads();
    let mut cursor = followed.cache.watch_from(first, None).unwrap();
    // Twice: a watch that has gone on falls off again.
    for round in ["a", "b"] {
        let mut written = Vec::new();
        let held = followed.registry.following.lock().await;
        for number in 0..100 {
            let name = format!("{round}-{number}");
            written.push((format!("default/{name}"), followed.put(&name).await));
            // The caches' watch is given some of it, and waits with that.
            tokio::task::yield_now().await;
        }
        let last = followed.engine.current_revision();
        drop(held);
        assert_eq!(told_until(&mut cursor, last).await.unwrap(), written, "no gap, nothing twice");
        followed.registry.wait_applied(last).await;
    }
    assert_eq!(followed.reads(), reads, "nothing is read anew");
    assert_eq!(followed.cache.len(), 201);
}

#[tokio::test]
async fn what_was_compacted_before_the_caches_had_it_is_read_anew() {
    let followed = Followed::new().await;
    let first = followed.put("first").await;
    followed.registry.wait_applied(first).await;
    let reads = followed.reads();
    let mut cursor = followed.cache.watch_from(first, None).unwrap();
    let held = followed.registry.following.lock().await;
    for number in 0..100 {
        followed.put(&format!("a-{number}")).await;
        tokio::task::yield_now().await;
    }
    let last = followed.engine.current_revision();
    followed.engine.compact(last).await.unwrap();
    drop(held);
    let applied = tokio::time::timeout(Duration::from_secs(60), followed.registry.wait_applied(last));
    applied.await.expect("the caches have it at last");
    assert_eq!(followed.reads(), reads + 1);
    assert_eq!(followed.cache.len(), 101);
    assert_eq!(told_until(&mut cursor, last).await.unwrap_err().code, 410, "who watched lists again");
    // What comes then is told as before.
    let mut cursor = followed.cache.watch_from(last, None).unwrap();
    let next = followed.put("next").await;
    assert_eq!(told_until(&mut cursor, next).await.unwrap(), [("default/next".to_owned(), next)]);
    assert_eq!(followed.reads(), reads + 1);
}
