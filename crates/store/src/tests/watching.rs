use std::sync::Arc;

use bytes::Bytes;

use super::driven::{Machine, delete, next, put};
use crate::{Engine, Event, EventKind, Expect, RangeRequest, StoreError, Watch, Write, embedded, testing::Random};

fn text(events: &[Event]) -> String {
    let event = |event: &Event| {
        let sign = if event.kind == EventKind::Put { '+' } else { '-' };
        format!("{sign}{}@{}", String::from_utf8_lossy(&event.kv.key), event.kv.mod_revision)
    };
    events.iter().map(event).collect::<Vec<_>>().join(" ")
}

fn next_text(watch: &mut Watch) -> String {
    match next(watch) {
        None => "waits".to_owned(),
        Some(Ok(batch)) => format!("{} to {}", text(&batch.events), batch.revision),
        Some(Err(error)) => error.to_string(),
    }
}

#[test]
fn a_watch_gives_its_range_and_nothing_else() {
    let mut store = Machine::new(1).open().unwrap();
    store.put("a/1", "x").unwrap();
    let mut all = store.watch(1).unwrap();
    let mut some = store.store.watch("a/".into(), "a0".into(), 2).unwrap();
    assert_eq!(next_text(&mut some), "waits");
    store.commit(vec![put("b/1", "x"), put("a/2", "x")]).unwrap();
    store.put("b/2", "x").unwrap();
    store.commit(vec![delete("a/1")]).unwrap();
    assert_eq!(next_text(&mut some), "+a/2@3 -a/1@5 to 5");
    assert_eq!(next_text(&mut some), "waits");
    assert_eq!(next_text(&mut all), "+a/1@2 +b/1@3 +a/2@3 +b/2@4 -a/1@5 to 5");
    store.close();
    assert_eq!(next_text(&mut all), "store is closed");
}

#[test]
fn a_watch_begins_within_a_batch() {
    let mut store = Machine::new(1).open().unwrap();
    store
        .commit_all(vec![vec![put("a", "1")], vec![put("a", "2")]])
        .into_iter()
        .for_each(|result| drop(result.unwrap()));
    assert_eq!(next_text(&mut store.watch(2).unwrap()), "+a@3 to 3");
}

#[test]
fn progress_is_told_on_request() {
    let mut store = Machine::new(1).open().unwrap();
    let mut watch = store.store.watch("a/".into(), "a0".into(), 1).unwrap();
    let progress = watch.progress_requester();
    progress.request(1);
    assert_eq!(next_text(&mut watch), " to 1");
    progress.request(3);
    store.put("b", "x").unwrap();
    assert_eq!(next_text(&mut watch), "waits");
    store.put("b", "y").unwrap();
    assert_eq!(next_text(&mut watch), " to 3");
    assert_eq!(next_text(&mut watch), "waits");
}

#[test]
fn a_watch_from_before_compaction_is_refused() {
    let mut store = Machine::new(1).open().unwrap();
    for value in ["1", "2", "3"] {
        store.put("a", value).unwrap();
    }
    let mut early = store.watch(1).unwrap();
    store.compact(3).unwrap();
    assert!(matches!(store.watch(2), Err(StoreError::Compacted { compacted: 3, current: 4 })));
    assert!(matches!(store.watch(5), Err(StoreError::FutureRevision { requested: 5, current: 4 })));
    assert_eq!(next_text(&mut store.watch(3).unwrap()), "+a@4 to 4");
    // It was there before, and its events still are.
    assert_eq!(next_text(&mut early), "+a@2 +a@3 +a@4 to 4");
}

#[test]
fn who_falls_off_the_ring_is_told_and_who_was_not_concerned_is_not() {
    let mut machine = Machine::new(1);
    machine.options.watch_ring_limit_bytes = 4 << 10;
    let mut store = machine.open().unwrap();
    let mut slow = store.watch(1).unwrap();
    let mut quiet = store.store.watch("quiet".into(), Bytes::new(), 1).unwrap();
    for _ in 0..100 {
        store.put("busy", "x").unwrap();
    }
    assert!(matches!(next(&mut slow), Some(Err(StoreError::Compacted { current: 101, .. }))));
    assert!(matches!(next(&mut slow), Some(Err(StoreError::Compacted { .. }))), "the error lasts");
    assert_eq!(next_text(&mut quiet), "waits");
    store.put("quiet", "x").unwrap();
    assert_eq!(next_text(&mut quiet), "+quiet@102 to 102");
}

#[test]
fn a_watch_goes_on_after_a_restart() {
    let machine = Machine::new(1);
    let mut store = machine.open().unwrap();
    store.put("a", "1").unwrap();
    store.put("a", "2").unwrap();
    store.close();
    let store = machine.open().unwrap();
    let mut watch = store.watch(2).unwrap();
    let batch = next(&mut watch).unwrap().unwrap();
    assert_eq!(text(&batch.events), "+a@3");
    assert_eq!(batch.events[0].previous.as_ref().unwrap().value, "1");
}

#[test]
fn concurrent_writers_and_watchers_agree() {
    const WRITERS: u64 = 8;
    const COMMITS: u64 = 150;
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("store");
    let store: Arc<dyn Engine> = embedded::open(&directory, embedded::Options::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let watchers: Vec<_> = (0..3)
            .map(|_| {
                let mut watch = store.watch(Bytes::new(), Bytes::new(), 1).unwrap();
                tokio::spawn(async move {
                    let mut events: Vec<Event> = Vec::new();
                    while events.last().is_none_or(|event| event.kv.key != "last") {
                        events.extend(watch.next().await.unwrap().events);
                    }
                    events
                })
            })
            .collect();
        let writers = (0..WRITERS).map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut random = Random::new(writer);
                for count in 0..COMMITS {
                    let key = Bytes::from(format!("{}", random.below(5)));
                    let value = Bytes::from(format!("{writer} {count}"));
                    let (current, _) = store.get(&key).await.unwrap();
                    let expect = current.map_or(Expect::Absent, |kv| Expect::Revision(kv.mod_revision));
                    let write = Write::Put { key: key.clone(), value, expect, time_to_live: None };
                    match store.commit(vec![write]).await {
                        Ok(committed) => {
                            let (now, revision) = store.get(&key).await.unwrap();
                            assert!(now.unwrap().mod_revision >= committed.revision && revision >= committed.revision);
                        }
                        Err(StoreError::Conflict { current: Some(current), .. }) => {
                            assert!(current.mod_revision <= store.current_revision(), "durable before it is told");
                        }
                        Err(error) => panic!("{error}"),
                    }
                }
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
        let last = Write::Put { key: "last".into(), value: Bytes::new(), expect: Expect::Any, time_to_live: None };
        let last = store.commit(vec![last]).await.unwrap().revision;
        for watcher in watchers {
            let events = watcher.await.unwrap();
            let revisions: Vec<_> = events.iter().map(|event| event.kv.mod_revision).collect();
            assert_eq!(revisions, (2..=last).collect::<Vec<_>>());
        }
        assert_eq!(store.range(RangeRequest::default()).await.unwrap().revision, last);
    });
}

#[test]
fn the_deadline_of_a_key_wakes_the_store_thread() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("store");
    let store = embedded::open(&directory, embedded::Options::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let time_to_live = Some(std::time::Duration::from_millis(1));
        let event = Write::Put { key: "event".into(), value: "x".into(), expect: Expect::Any, time_to_live };
        let revision = store.commit(vec![event]).await.unwrap().revision;
        let mut watch = store.watch(Bytes::new(), Bytes::new(), revision).unwrap();
        assert_eq!(watch.next().await.unwrap().events[0].kind, EventKind::Delete);
    });
}
