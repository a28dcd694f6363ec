//! What holds while members are killed, paused and brought back: no acknowledged write is lost, and no watcher sees a
//! gap, a repetition or goes back.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use store::{Engine, Event, EventKind, Expect, RangeRequest, StoreError, Write};

use super::cluster::{Cluster, run};
use crate::{
    EtcdEngine,
    client::Repeat,
    messages::{StatusRequest, StatusResponse, procedure},
};

const KEYS: u64 = 20;
const WRITERS: u64 = 4;

/// What the writers know.
#[derive(Default)]
struct Written {
    /// Revision and value of each acknowledged write, by key.
    acknowledged: Vec<(Bytes, u64, Bytes)>,
    /// Writes of which it is not known whether they were made.
    unknown: u64,
    /// The longest time from a write to the next that succeeded.
    longest_pause: Duration,
}

/// Writes its own keys, each with what it last saw as the precondition, until it is told to stop.
async fn write(engine: Arc<EtcdEngine>, writer: u64, stop: Arc<AtomicBool>) -> Written {
    let mut written = Written::default();
    let mut known: BTreeMap<u64, Option<u64>> = BTreeMap::new();
    let mut succeeded = Instant::now();
    let mut count = 0;
    while !stop.load(Ordering::Relaxed) {
        count += 1;
        let number = writer * KEYS + count % KEYS;
        let key = Bytes::from(format!("/registry/keys/{number}"));
        let value = Bytes::from(format!("{writer} {count}"));
        let expect = known.get(&number).copied().flatten().map_or(Expect::Absent, Expect::Revision);
        let write = Write::Put { key: key.clone(), value: value.clone(), expect, time_to_live: None };
        match engine.commit(vec![write]).await {
            Ok(committed) => {
                written.longest_pause = written.longest_pause.max(succeeded.elapsed());
                succeeded = Instant::now();
                known.insert(number, Some(committed.revision));
                written.acknowledged.push((key, committed.revision, value));
            }
            // A write whose outcome was unknown came after all.
            Err(StoreError::Conflict { current, .. }) => drop(known.insert(number, current.map(|kv| kv.mod_revision))),
            Err(StoreError::Unavailable { .. }) => {}
            Err(StoreError::Io { .. }) => written.unknown += 1,
            Err(error) => panic!("{error}"),
        }
    }
    written
}

/// Watches everything until the last key comes; checks order as it goes.
async fn follow(engine: Arc<EtcdEngine>, base: u64) -> Vec<Event> {
    let mut watch = engine.watch(Bytes::from_static(b"/registry/"), Bytes::new(), base).unwrap();
    let mut told = base;
    let mut events: Vec<Event> = Vec::new();
    loop {
        let batch = watch.next().await.unwrap();
        for event in &batch.events {
            assert_eq!(event.kv.mod_revision, told + 1, "no gap, no repetition, not backwards");
            told += 1;
        }
        assert!(batch.revision >= told);
        events.extend(batch.events);
        if events.last().is_some_and(|event| event.kv.key == "/registry/last") {
            return events;
        }
    }
}

/// The member that leads.
async fn leader(cluster: &Cluster) -> usize {
    for (index, member) in cluster.members.iter().enumerate() {
        let access = crate::Access { endpoints: vec![member.endpoint()], ..cluster.access() };
        let client = crate::client::Client::new(access);
        let status: StatusResponse = client.call(procedure::STATUS, &StatusRequest {}, Repeat::Always).await.unwrap();
        if status.header.is_some_and(|header| header.member_id == status.leader) {
            return index;
        }
    }
    panic!("nobody leads");
}

/// The member that an engine is connected to.
async fn connected(cluster: &Cluster, engine: &EtcdEngine) -> usize {
    let connection = engine.shared().client.connection().await.unwrap();
    cluster.members.iter().position(|member| member.endpoint() == *connection.endpoint()).unwrap()
}

/// Writes and watches while `harm` is done, then looks at everything.
fn endure(harm: impl AsyncFnOnce(&mut Cluster, &EtcdEngine)) {
    run(async {
        let mut cluster = Cluster::start(3, &[]);
        let engine = cluster.engine().await;
        let base = super::cluster::put(&*engine, "/registry/first", "x").await.unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> =
            (0..WRITERS).map(|writer| tokio::spawn(write(engine.clone(), writer, stop.clone()))).collect();
        let others = cluster.engine().await;
        let watchers: Vec<_> =
            [&engine, &engine, &others].map(|engine| tokio::spawn(follow(engine.clone(), base))).into();
        tokio::time::sleep(Duration::from_secs(1)).await;
        harm(&mut cluster, &engine).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        stop.store(true, Ordering::Relaxed);
        let mut written = Vec::new();
        for writer in writers {
            written.push(writer.await.unwrap());
        }
        // The end comes as soon as the cluster takes it; it is written once, whatever is answered.
        let last = || Write::Put {
            key: "/registry/last".into(),
            value: "x".into(),
            expect: Expect::Absent,
            time_to_live: None,
        };
        while !matches!(engine.commit(vec![last()]).await, Ok(_) | Err(StoreError::Conflict { .. })) {}
        let mut seen = Vec::new();
        for watcher in watchers {
            seen.push(watcher.await.unwrap());
        }
        let state = |events: &[Event]| -> Vec<_> {
            events.iter().map(|event| (event.kind, event.kv.clone(), event.previous.is_some())).collect()
        };
        assert!(seen.iter().all(|events| state(events) == state(&seen[0])), "all watchers saw the same");
        let by_revision: BTreeMap<u64, &Event> = seen[0].iter().map(|event| (event.kv.mod_revision, event)).collect();
        for (key, revision, value) in written.iter().flat_map(|written| &written.acknowledged) {
            let event = by_revision.get(revision).expect("an acknowledged write is there, at its revision");
            assert_eq!((&event.kv.key, &event.kv.value, event.kind), (key, value, EventKind::Put));
        }
        // What the events add up to is what is read.
        let mut added: BTreeMap<Bytes, (u64, Bytes)> = BTreeMap::new();
        for event in &seen[0] {
            added.insert(event.kv.key.clone(), (event.kv.mod_revision, event.kv.value.clone()));
        }
        let range = engine.range(RangeRequest { start: "/registry/k".into(), ..Default::default() }).await.unwrap();
        let read: BTreeMap<_, _> = range.items.into_iter().map(|kv| (kv.key, (kv.mod_revision, kv.value))).collect();
        assert_eq!(read, added);
        let acknowledged: usize = written.iter().map(|written| written.acknowledged.len()).sum();
        let unknown: u64 = written.iter().map(|written| written.unknown).sum();
        let pause = written.iter().map(|written| written.longest_pause).max().unwrap();
        println!(
            "{acknowledged} writes acknowledged, {unknown} of unknown outcome, {} events seen, longest pause {pause:?}",
            seen[0].len()
        );
        assert!(acknowledged > 100, "it went on");
    });
}

#[test]
#[ignore = "needs SAGONG_ETCD"]
fn the_leader_is_killed() {
    endure(async |cluster, _| {
        for _ in 0..2 {
            let index = leader(cluster).await;
            cluster.members[index].kill();
            tokio::time::sleep(Duration::from_secs(4)).await;
            cluster.members[index].start();
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
    });
}

#[test]
#[ignore = "needs SAGONG_ETCD"]
fn the_member_in_use_is_killed() {
    endure(async |cluster, engine| {
        for _ in 0..3 {
            let index = connected(cluster, engine).await;
            cluster.members[index].kill();
            tokio::time::sleep(Duration::from_secs(2)).await;
            assert_ne!(connected(cluster, engine).await, index);
            cluster.members[index].start();
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
    });
}

#[test]
#[ignore = "needs SAGONG_ETCD"]
fn the_member_in_use_stops_answering() {
    endure(async |cluster, engine| {
        let index = connected(cluster, engine).await;
        cluster.members[index].pause();
        tokio::time::sleep(Duration::from_secs(14)).await;
        assert_ne!(connected(cluster, engine).await, index, "it is left within its time");
        cluster.members[index].go_on();
        tokio::time::sleep(Duration::from_secs(3)).await;
    });
}

#[test]
#[ignore = "needs SAGONG_ETCD"]
fn without_a_quorum_nothing_is_acknowledged_and_it_goes_on_with_one() {
    endure(async |cluster, engine| {
        let (one, other) = (0, 1);
        cluster.members[one].kill();
        cluster.members[other].kill();
        tokio::time::sleep(Duration::from_secs(3)).await;
        let read = tokio::time::timeout(Duration::from_millis(500), engine.get(b"/registry/first"));
        assert!(!matches!(read.await, Ok(Ok(_))), "a read asks a quorum");
        tokio::time::sleep(Duration::from_secs(12)).await;
        assert!(engine.status().read_only.is_some());
        cluster.members[one].start();
        cluster.members[other].start();
        // Until it answers again.
        while engine.get(b"/registry/first").await.is_err() {}
    });
}
