use std::time::Duration;

use bytes::Bytes;
use store::{Engine, StoreError};

use super::cluster::{Cluster, put, run};
use crate::compactor::{Turn, take_turn};

#[test]
#[ignore = "needs SAGONG_ETCD"]
fn of_several_servers_one_compacts() {
    run(async {
        let cluster = Cluster::start(1, &[]);
        let (one, other) = (cluster.engine().await, cluster.engine().await);
        let first = put(&*one, "/registry/a", "1").await.unwrap();
        let mut turns = [Turn::default(); 2];
        for _ in 0..2 {
            turns[0] = take_turn(one.shared(), turns[0]).await.unwrap();
            turns[1] = take_turn(other.shared(), turns[1]).await.unwrap();
            put(&*one, "/registry/a", "2").await.unwrap();
        }
        assert_eq!(turns.map(|turn| turn.version), [2, 2], "each turn was written once");
        // The second turn compacted to the revision of the first, which is behind the first write.
        assert!(one.status().compacted > first);
        let range = store::RangeRequest { revision: Some(first), ..Default::default() };
        assert!(matches!(other.range(range).await, Err(StoreError::Compacted { .. })));
        // A third server begins with what it reads.
        let third = cluster.engine().await;
        assert_eq!(take_turn(third.shared(), Turn::default()).await.unwrap().version, 2);
        assert_eq!(third.status().compacted, one.status().compacted);
    });
}

#[test]
#[ignore = "needs SAGONG_ETCD"]
fn who_watches_while_history_goes_misses_nothing_or_is_told() {
    run(async {
        const COMMITS: u64 = 1500;
        let cluster = Cluster::start(1, &[]);
        let engine = cluster.engine().await;
        let base = put(&*engine, "/registry/a", "0").await.unwrap();
        let writer = async {
            for number in 1..=COMMITS {
                let revision = put(&*engine, "/registry/a", &number.to_string()).await.unwrap();
                if number % 20 == 0 {
                    engine.compact(revision).await.unwrap();
                }
            }
        };
        // A slow one, one that begins anew all the time, and one that keeps up.
        let watcher = |pause_milliseconds: u64, begins_anew_after: usize| {
            let engine = engine.clone();
            async move {
                let (mut told, mut lost, mut batches) = (base, 0, 0);
                let begin = |after| engine.watch(Bytes::from_static(b"/registry/"), Bytes::new(), after).unwrap();
                let mut watch = begin(told);
                loop {
                    let batch = match watch.next().await {
                        Ok(batch) => batch,
                        Err(StoreError::Compacted { compacted, .. }) => {
                            assert!(compacted > told, "what was told is never called lost");
                            lost += 1;
                            // List anew, as the watch cache does.
                            let listed = engine.range(Default::default()).await.unwrap();
                            told = listed.revision;
                            if listed.items.iter().any(|kv| kv.value == COMMITS.to_string()) {
                                return lost;
                            }
                            watch = begin(told);
                            continue;
                        }
                        Err(error) => panic!("{error}"),
                    };
                    for event in batch.events {
                        assert_eq!(event.kv.mod_revision, told + 1, "no gap, no repetition");
                        assert_eq!(event.previous.unwrap().mod_revision, told, "and what was before is known");
                        told += 1;
                        if event.kv.value == COMMITS.to_string() {
                            return lost;
                        }
                    }
                    batches += 1;
                    if batches % begins_anew_after == 0 {
                        watch = begin(told);
                    }
                    tokio::time::sleep(Duration::from_millis(pause_milliseconds)).await;
                }
            }
        };
        let ((), slow, restless, quick) = tokio::join!(writer, watcher(100, 3), watcher(5, 1), watcher(0, usize::MAX));
        assert!(slow > 0, "the slow one fell behind");
        println!("told of a compaction: slow {slow}, restless {restless}, quick {quick} times");
    });
}
