//! Stores that others write to as well.

use store::{BoxFuture, Committed, Expect, Export, Priority, Range, Revision, Status, Watch, Write, embedded};

use super::*;

/// The embedded engine as one that is shared.
struct Shared(Arc<dyn Engine>);

impl Engine for Shared {
    fn commit_with(&self, writes: Vec<Write>, priority: Priority) -> BoxFuture<'_, Result<Committed, StoreError>> {
        self.0.commit_with(writes, priority)
    }

    fn get<'a>(&'a self, key: &'a [u8]) -> BoxFuture<'a, Result<(Option<KeyValue>, Revision), StoreError>> {
        self.0.get(key)
    }

    fn range(&self, request: RangeRequest) -> BoxFuture<'_, Result<Range, StoreError>> {
        self.0.range(request)
    }

    fn watch(&self, start: Bytes, end: Bytes, after: Revision) -> Result<Watch, StoreError> {
        self.0.watch(start, end, after)
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
    let registry = Arc::new(Registry::new(Arc::new(Shared(engine.clone()))));
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
