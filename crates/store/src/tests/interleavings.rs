//! What threads do to one another: the real engine, its committer on a thread of its own, with shuttle deciding at each
//! lock and at each parking who goes on. A wake-up that is lost ends as a deadlock, which shuttle tells.

use std::{collections::BTreeSet, future::poll_fn, pin::pin, sync::Arc, task::Poll};

use bytes::Bytes;
use shuttle::{
    Config, Runner,
    future::block_on,
    scheduler::{PctScheduler, RandomScheduler},
    thread,
};

use super::driven::{Machine, put, put_if};
use crate::{
    Engine, Event, Expect, Revision, StoreError,
    embedded::{self, Embedded},
};

/// As many schedules of each kind as take a second or two in all.
const SCHEDULES: usize = 300;
/// The number of places at which a schedule of the second kind prefers another thread.
const PREFERENCES: usize = 3;
/// Debug builds of the engine need more than shuttle gives by default.
const STACK_BYTES: usize = 512 << 10;

/// Runs the scenario again and again: with random schedules, and with those in which few changes of thread matter.
pub(crate) fn explore(scenario: impl Fn() + Send + Sync + 'static) {
    let mut config = Config::new();
    config.stack_size = STACK_BYTES;
    let scenario = Arc::new(scenario);
    let again = scenario.clone();
    Runner::new(RandomScheduler::new(SCHEDULES), config.clone()).run(move || again());
    Runner::new(PctScheduler::new(PREFERENCES, SCHEDULES), config).run(move || scenario());
}

/// A store with a committer on a thread, which ends when the store is closed.
struct Running {
    store: Arc<Embedded>,
    committer: thread::JoinHandle<()>,
}

impl Running {
    fn open(machine: &Machine) -> Running {
        let (store, committer) = embedded::open_driven(super::driven::DIRECTORY, machine.options.clone()).unwrap();
        Running { store, committer: thread::spawn(move || committer.run()) }
    }

    fn close(self) {
        self.store.close();
        self.committer.join().unwrap();
    }
}

fn key(number: usize) -> &'static str {
    ["a", "b", "c"][number]
}

#[test]
fn each_commit_is_answered_once_and_all_of_them_are_in_one_order() {
    explore(|| {
        let machine = Machine::new(1);
        let running = Running::open(&machine);
        let clients: Vec<_> = (0..3)
            .map(|client| {
                let store = running.store.clone();
                thread::spawn(move || {
                    let own = block_on(store.commit(vec![put(key(client), "1")])).unwrap().revision;
                    assert!(store.current_revision() >= own, "what was acknowledged is durable");
                    let read = block_on(store.get(key(client).as_bytes())).unwrap();
                    assert_eq!(read.0.unwrap().mod_revision, own, "and is read");
                    // Of all these one is the first.
                    match block_on(store.commit(vec![put_if("one", "1", Expect::Absent)])) {
                        Ok(committed) => (own, Some(committed.revision)),
                        Err(StoreError::Conflict { current: Some(current), .. }) => {
                            assert!(
                                store.current_revision() >= current.mod_revision,
                                "it conflicts with what is durable"
                            );
                            (own, None)
                        }
                        Err(error) => panic!("{error}"),
                    }
                })
            })
            .collect();
        let answers: Vec<_> = clients.into_iter().map(|client| client.join().unwrap()).collect();
        let revisions: BTreeSet<Revision> =
            answers.iter().flat_map(|(own, one)| [Some(*own), *one]).flatten().collect();
        assert_eq!(revisions, (2..=5).collect());
        running.close();
    });
}

#[test]
fn a_close_answers_everybody_and_keeps_what_it_said() {
    explore(|| {
        let machine = Machine::new(1);
        let running = Running::open(&machine);
        let clients: Vec<_> = (0..3)
            .map(|client| {
                let store = running.store.clone();
                thread::spawn(move || match block_on(store.commit(vec![put(key(client), "1")])) {
                    Ok(committed) => Some((client, committed.revision)),
                    Err(StoreError::Closed) => None,
                    Err(error) => panic!("{error}"),
                })
            })
            .collect();
        let watch = running.store.watch(Bytes::new(), Bytes::new(), 1).unwrap();
        let watcher = thread::spawn(move || block_on(everything(watch)));
        running.close();
        let made: BTreeSet<_> = clients.into_iter().filter_map(|client| client.join().unwrap()).collect();
        let (events, end) = watcher.join().unwrap();
        assert!(matches!(end, StoreError::Closed));
        let told = |event: &Event| ((0..3).find(|client| event.kv.key == key(*client)).unwrap(), event.kv.mod_revision);
        assert_eq!(events.iter().map(told).collect::<BTreeSet<_>>(), made, "watchers are told before the end");
        let kept = machine.open().unwrap().everything();
        let kept = kept.items.iter().map(|kv| kv.mod_revision);
        assert_eq!(kept.collect::<BTreeSet<_>>(), made.iter().map(|(_, revision)| *revision).collect());
    });
}

/// All that a watch gives until its end.
async fn everything(mut watch: crate::Watch) -> (Vec<Event>, StoreError) {
    let mut events = Vec::new();
    let mut told = 0;
    loop {
        match watch.next().await {
            Ok(batch) => {
                assert!(batch.revision > told, "a batch leads on");
                told = batch.revision;
                events.extend(batch.events);
            }
            Err(error) => return (events, error),
        }
    }
}

/// Follows a range until the store is closed; nothing if that was so before it began.
fn follow(store: &Embedded, start: &'static str, end: &'static str) -> Option<(Revision, Vec<Event>)> {
    let after = store.current_revision();
    let watch = match store.watch(Bytes::from(start), Bytes::from(end), after) {
        Err(StoreError::Closed) => return None,
        watch => watch.unwrap(),
    };
    let (events, error) = block_on(everything(watch));
    assert!(matches!(error, StoreError::Closed));
    Some((after, events))
}

fn revisions(events: &[Event]) -> Vec<Revision> {
    events.iter().map(|event| event.kv.mod_revision).collect()
}

#[test]
fn a_watch_that_begins_while_commits_are_made_sees_each_once() {
    explore(|| {
        let machine = Machine::new(1);
        let running = Running::open(&machine);
        let writers: Vec<_> = (0..2)
            .map(|client| {
                let store = running.store.clone();
                thread::spawn(move || {
                    for value in ["1", "2"] {
                        block_on(store.commit(vec![put(key(client), value)])).unwrap();
                    }
                })
            })
            .collect();
        let watchers: Vec<_> = [("", ""), ("b", "c")]
            .map(|(start, end)| {
                let store = running.store.clone();
                thread::spawn(move || follow(&store, start, end))
            })
            .into();
        let store = running.store.clone();
        let passing = thread::spawn(move || {
            // It is gone at any moment, also between the choice of whom to wake and the waking.
            if let Ok(mut watch) = store.watch(Bytes::new(), Bytes::new(), 1) {
                let _ = block_on(once(watch.next()));
            }
        });
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        let store = running.store.clone();
        running.close();
        passing.join().unwrap();
        let seen: Vec<_> = watchers.into_iter().map(|watcher| watcher.join().unwrap()).collect();
        let all = block_on(store.range(crate::RangeRequest::default())).unwrap();
        if let Some((after, events)) = &seen[0] {
            assert_eq!(revisions(events), (after + 1..=all.revision).collect::<Vec<_>>());
        }
        if let Some((after, events)) = &seen[1] {
            assert!(revisions(events).is_sorted_by(|one, next| after < one && one < next));
            assert!(events.iter().all(|event| event.kv.key == "b"));
            let last = all.items.iter().find(|kv| kv.key == "b").unwrap().mod_revision;
            assert!(last <= *after || revisions(events).last() == Some(&last));
        }
    });
}

/// Polls a future once; nothing when it waits.
async fn once<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

#[test]
fn progress_that_is_asked_for_comes_though_the_range_is_quiet() {
    explore(|| {
        let machine = Machine::new(1);
        let running = Running::open(&machine);
        let mut watch = running.store.watch(Bytes::from("q"), Bytes::from("r"), 1).unwrap();
        let requester = watch.progress_requester();
        let watcher = thread::spawn(move || {
            let mut told = 1;
            while told < 3 {
                let batch = block_on(watch.next()).unwrap();
                assert!(batch.events.is_empty() && batch.revision > told);
                told = batch.revision;
            }
        });
        let askers: Vec<_> = [2, 3]
            .map(|revision| {
                let requester = requester.clone();
                thread::spawn(move || requester.request(revision))
            })
            .into();
        for value in ["1", "2"] {
            block_on(running.store.commit(vec![put("a", value)])).unwrap();
        }
        watcher.join().unwrap();
        askers.into_iter().for_each(|asker| asker.join().unwrap());
        running.close();
    });
}

#[test]
fn a_watch_that_falls_behind_is_told_and_sees_no_gap() {
    explore(|| {
        let mut machine = Machine::new(1);
        // Not even two commits.
        machine.options.watch_ring_limit_bytes = 1;
        let running = Running::open(&machine);
        let watch = running.store.watch(Bytes::new(), Bytes::new(), 1).unwrap();
        let watcher = thread::spawn(move || block_on(everything(watch)));
        for value in ["1", "2", "3"] {
            block_on(running.store.commit(vec![put("a", value)])).unwrap();
        }
        running.close();
        let (events, end) = watcher.join().unwrap();
        let seen = revisions(&events);
        let whole: Vec<Revision> = (2..).take(seen.len()).collect();
        assert_eq!(seen, whole, "no gap");
        match end {
            StoreError::Closed => assert_eq!(seen.len(), 3),
            StoreError::Compacted { .. } => assert!(seen.len() < 3),
            error => panic!("{error}"),
        }
    });
}
