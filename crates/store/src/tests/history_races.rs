//! Old revisions on real threads: commits, compactions, reads and watches of the past at once, on a real disk.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;

use crate::{
    Engine, Event, Expect, RangeRequest, Revision, StoreError, Write,
    embedded::{self, SyncMode},
    testing::Random,
};

const KEYS: u64 = 23;
const REVISIONS: u64 = 4_000;

fn key(revision: Revision) -> Bytes {
    format!("key-{:02}", revision % KEYS).into()
}

/// Of different lengths, some longer than what is read at once.
fn value(revision: Revision) -> Bytes {
    format!("{revision:0width$}", width = 50 + (revision % 97) as usize * 60).into()
}

fn check(event: &Event, revision: Revision) {
    let shown = (event.kv.mod_revision, &event.kv.key, &event.kv.value);
    assert_eq!(shown, (revision, &key(revision), &value(revision)));
    let before = revision.checked_sub(KEYS).filter(|before| *before > 1);
    let previous = event.previous.as_ref().map(|kv| (kv.mod_revision, kv.value.clone()));
    assert_eq!(previous, before.map(|before| (before, value(before))));
}

/// Reads a revision; says whether it was not compacted.
async fn check_read(store: &dyn Engine, revision: Revision) -> bool {
    let range = match store.range(RangeRequest { revision: Some(revision), ..RangeRequest::default() }).await {
        Ok(range) => range,
        Err(StoreError::Compacted { compacted, .. }) => {
            assert!(revision < compacted);
            return false;
        }
        Err(error) => panic!("{error}"),
    };
    let first = revision.saturating_sub(KEYS).max(1) + 1;
    let mut expected: Vec<_> = (first..=revision).map(|revision| (key(revision), value(revision))).collect();
    expected.sort();
    let shown: Vec<_> = range.items.iter().map(|kv| (kv.key.clone(), kv.value.clone())).collect();
    assert_eq!(shown, expected);
    true
}

/// Watches from a revision for a while; gives how many events came.
async fn check_watch(store: &dyn Engine, after: Revision, most: u64) -> u64 {
    let mut count = 0;
    let mut watch = match store.watch(Bytes::new(), Bytes::new(), after) {
        Ok(watch) => watch,
        Err(StoreError::Compacted { compacted, .. }) => {
            assert!(after < compacted);
            return 0;
        }
        Err(error) => panic!("{error}"),
    };
    while count < most && after + count < REVISIONS {
        match watch.next().await {
            Ok(batch) => {
                for event in &batch.events {
                    count += 1;
                    check(event, after + count);
                }
            }
            Err(StoreError::Compacted { .. }) => break,
            Err(error) => panic!("{error}"),
        }
    }
    count
}

#[test]
fn the_past_is_true_while_segments_come_and_go() {
    let parent = tempfile::tempdir().unwrap();
    let options = embedded::Options {
        watch_ring_limit_bytes: 64 << 10,
        history_memory_limit_bytes: 64 << 10,
        history_disk_limit_bytes: 2 << 20,
        segment_bytes: 128 << 10,
        snapshot_log_bytes: 256 << 10,
        disk_bound_bytes: 1 << 20,
        reserve_bytes: 0,
        sync: SyncMode::Interval(Duration::from_millis(200)),
        ..embedded::Options::default()
    };
    let store: Arc<dyn Engine> = embedded::open(parent.path().join("store"), options).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(3).build().unwrap();
    let (reads, events) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    runtime.block_on(async {
        let others: Vec<_> = (0..4)
            .map(|number| {
                let (store, reads, events) = (store.clone(), reads.clone(), events.clone());
                tokio::spawn(async move {
                    let mut random = Random::new(number);
                    loop {
                        let status = store.status();
                        if status.revision >= REVISIONS {
                            return;
                        }
                        let past = status.compacted + random.below(status.revision - status.compacted + 1);
                        if number % 2 == 0 {
                            reads.fetch_add(u64::from(check_read(&*store, past).await), Ordering::Relaxed);
                        } else {
                            events.fetch_add(check_watch(&*store, past, 800).await, Ordering::Relaxed);
                        }
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        let mut at_most_bytes = 0;
        for revision in 2..=REVISIONS {
            let write =
                Write::Put { key: key(revision), value: value(revision), expect: Expect::Any, time_to_live: None };
            assert_eq!(store.commit(vec![write]).await.unwrap().revision, revision);
            if revision % 500 == 0 {
                // The store may have been faster.
                match store.compact(revision - 400).await {
                    Ok(()) | Err(StoreError::Compacted { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            at_most_bytes = at_most_bytes.max(store.status().history_memory_bytes);
        }
        for other in others {
            other.await.unwrap();
        }
        // The limit, a segment that is not complete, one value of each key, and what one turn does not get to.
        assert!(at_most_bytes < (64 << 10) + (128 << 10) + KEYS * 6_000 + (64 << 10), "{at_most_bytes}");
    });
    let (reads, events) = (reads.load(Ordering::Relaxed), events.load(Ordering::Relaxed));
    assert!(reads > 10 && events > 500, "{reads} reads, {events} events");
    runtime.block_on(async { store.compact(REVISIONS).await.unwrap() });
    assert_eq!(store.status().snapshot_error, None);
    store.close();
    drop(store);
    let store = embedded::open(parent.path().join("store"), embedded::Options::default()).unwrap();
    assert!(runtime.block_on(check_read(&*store, REVISIONS)));
    assert_eq!(store.status().keys, KEYS);
}
