//! A store whose committer the test drives, so that the same test does the same thing each time.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;

use crate::{
    Committed, Engine, Expect, KeyValue, Range, RangeRequest, Revision, StoreError, Watch, WatchBatch, Write,
    embedded::{self, Committer, Embedded, OpenError, Options, SyncMode},
    limits,
    testing::{ManualClock, MemoryFileSystem},
};

pub(super) const DIRECTORY: &str = "/data";

/// The machine on which stores are opened.
#[derive(Clone)]
pub(super) struct Machine {
    pub(super) disk: MemoryFileSystem,
    pub(super) clock: Arc<ManualClock>,
    pub(super) options: Options,
}

impl Machine {
    /// Segments and snapshots are so small that a short test makes many.
    pub(super) fn new(seed: u64) -> Machine {
        let disk = MemoryFileSystem::new(seed);
        let clock = Arc::new(ManualClock::new(1_000_000));
        let options = Options {
            watch_ring_limit_bytes: 1 << 20,
            history_memory_limit_bytes: limits::HISTORY_MEMORY_LIMIT_BYTES,
            history_disk_limit_bytes: limits::HISTORY_DISK_LIMIT_BYTES,
            history_limit_changes: limits::HISTORY_LIMIT_CHANGES,
            segment_bytes: 1 << 10,
            snapshot_log_bytes: 2 << 10,
            disk_bound_bytes: 16 << 10,
            reserve_bytes: 0,
            zero_ahead_bytes: 0,
            log_archive: None,
            sync: SyncMode::Always,
            clock: clock.clone(),
            file_system: Arc::new(disk.clone()),
        };
        Machine { disk, clock, options }
    }

    /// Another machine with the same files.
    pub(super) fn copy(&self, seed: u64) -> Machine {
        let disk = self.disk.copy(seed);
        let options = Options { file_system: Arc::new(disk.clone()), ..self.options.clone() };
        Machine { disk, clock: self.clock.clone(), options }
    }

    pub(super) fn open(&self) -> Result<Driven, OpenError> {
        let (store, committer) = embedded::open_driven(DIRECTORY, self.options.clone())?;
        Ok(Driven { store, committer })
    }
}

pub(super) struct Driven {
    pub(super) store: Arc<Embedded>,
    pub(super) committer: Committer,
}

pub(crate) fn poll<T>(future: Pin<&mut (impl Future<Output = T> + ?Sized)>) -> Poll<T> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// The result of a future that has nothing to wait for.
pub(super) fn ready<T>(mut future: Pin<Box<dyn Future<Output = T> + Send + '_>>) -> T {
    for _ in 0..1_000_000 {
        if let Poll::Ready(result) = poll(future.as_mut()) {
            return result;
        }
    }
    panic!("the future waits for something")
}

impl Driven {
    /// Commits all as one batch.
    pub(super) fn commit_all(&mut self, commits: Vec<Vec<Write>>) -> Vec<Result<Committed, StoreError>> {
        let store = self.store.clone();
        let mut futures: Vec<_> = commits.into_iter().map(|writes| store.commit(writes)).collect();
        let first: Vec<_> = futures.iter_mut().map(|future| poll(future.as_mut())).collect();
        self.committer.turn();
        let answer = |(first, mut future): (Poll<_>, Pin<Box<dyn Future<Output = _> + Send + '_>>)| match first {
            Poll::Ready(result) => result,
            Poll::Pending => match poll(future.as_mut()) {
                Poll::Ready(result) => result,
                Poll::Pending => panic!("a turn leaves nothing unanswered"),
            },
        };
        first.into_iter().zip(futures).map(answer).collect()
    }

    pub(super) fn commit(&mut self, writes: Vec<Write>) -> Result<Committed, StoreError> {
        self.commit_all(vec![writes]).remove(0)
    }

    pub(super) fn put(&mut self, key: &'static str, value: &'static str) -> Result<Revision, StoreError> {
        self.commit(vec![put(key, value)]).map(|committed| committed.revision)
    }

    pub(super) fn compact(&mut self, revision: Revision) -> Result<(), StoreError> {
        let store = self.store.clone();
        let mut future = store.compact(revision);
        if let Poll::Ready(result) = poll(future.as_mut()) {
            return result;
        }
        self.committer.turn();
        ready(future)
    }

    pub(super) fn get(&self, key: &'static str) -> Option<KeyValue> {
        ready(self.store.get(key.as_bytes())).unwrap().0
    }

    pub(super) fn range(&self, request: RangeRequest) -> Result<Range, StoreError> {
        ready(self.store.range(request))
    }

    pub(super) fn everything(&self) -> Range {
        self.range(RangeRequest::default()).unwrap()
    }

    pub(super) fn watch(&self, after: Revision) -> Result<Watch, StoreError> {
        self.store.watch(Bytes::new(), Bytes::new(), after)
    }

    /// Closes it in an orderly way.
    pub(super) fn close(mut self) {
        self.store.close();
        assert!(!self.committer.turn());
    }
}

/// What a watch has to give now; none: it waits.
pub(super) fn next(watch: &mut Watch) -> Option<Result<WatchBatch, StoreError>> {
    let mut context = Context::from_waker(Waker::noop());
    // Twice: a watch may have looked at events that do not concern it.
    for _ in 0..2 {
        if let Poll::Ready(result) = watch.poll_next(&mut context) {
            return Some(result);
        }
    }
    None
}

pub(super) fn put(key: &'static str, value: &'static str) -> Write {
    put_if(key, value, Expect::Any)
}

pub(super) fn put_if(key: &'static str, value: &'static str, expect: Expect) -> Write {
    Write::Put { key: key.into(), value: value.into(), expect, time_to_live: None }
}

pub(super) fn delete(key: &'static str) -> Write {
    Write::Delete { key: key.into(), expect: Expect::Any }
}
