//! A queue of keys to reconcile.
//!
//! A key that is added many times is worked on once; a key that is being worked on is not given to a second
//! worker, but comes back after the first is done. Failures back off per key. There is no timer task: a worker
//! that waits for the next key also waits for the earliest deadline, so an idle queue costs nothing.
//!
//! The queue is bounded by its keys: each stands in it at most once, and keys are objects that exist.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, OnceLock},
    time::Duration,
};

use parking_lot::Mutex;
use tokio::{sync::Notify, time::Instant};

use crate::queue_metrics::QueueMetrics;

/// The delay after the first failure of a key, in milliseconds; it doubles with each further one.
const BASE_DELAY_MILLISECONDS: u64 = 5;
/// The longest delay between two tries of a key, in seconds.
const MAX_DELAY_SECONDS: u64 = 1000;

/// What a key must be.
pub trait QueueKey: Clone + Ord + std::fmt::Debug + Send + Sync + 'static {}
impl<K: Clone + Ord + std::fmt::Debug + Send + Sync + 'static> QueueKey for K {}

/// A deduplicating, delaying, rate-limiting queue; clones share it.
pub struct WorkQueue<K> {
    shared: Arc<Shared<K>>,
}

impl<K> Clone for WorkQueue<K> {
    fn clone(&self) -> WorkQueue<K> {
        WorkQueue { shared: self.shared.clone() }
    }
}

struct Shared<K> {
    state: Mutex<State<K>>,
    changed: Notify,
    metrics: OnceLock<QueueMetrics>,
}

struct State<K> {
    ready: VecDeque<(K, Instant)>,
    /// How often a key was added.
    added: u64,
    /// Keys that want work: those in `ready`, and those added again while they are worked on.
    dirty: BTreeSet<K>,
    working: BTreeSet<K>,
    deadlines: BTreeSet<(Instant, K)>,
    deadline_of: BTreeMap<K, Instant>,
    failures: BTreeMap<K, u32>,
    closed: bool,
}

impl<K: QueueKey> State<K> {
    fn add(&mut self, key: K) {
        if self.closed || !self.dirty.insert(key.clone()) {
            return;
        }
        self.added += 1;
        if !self.working.contains(&key) {
            self.ready.push_back((key, Instant::now()));
        }
    }

    fn add_at(&mut self, key: K, deadline: Instant) {
        match self.deadline_of.get(&key) {
            Some(earlier) if *earlier <= deadline => return,
            Some(later) => {
                self.deadlines.remove(&(*later, key.clone()));
            }
            None => {}
        }
        self.deadline_of.insert(key.clone(), deadline);
        self.deadlines.insert((deadline, key));
    }

    fn release_due(&mut self, now: Instant) {
        while self.deadlines.first().is_some_and(|(deadline, _)| *deadline <= now) {
            if let Some((_, key)) = self.deadlines.pop_first() {
                self.deadline_of.remove(&key);
                self.add(key);
            }
        }
    }
}

impl<K: QueueKey> Default for WorkQueue<K> {
    fn default() -> WorkQueue<K> {
        WorkQueue::new()
    }
}

impl<K: QueueKey> WorkQueue<K> {
    /// An empty queue.
    pub fn new() -> WorkQueue<K> {
        let state = State {
            ready: VecDeque::new(),
            added: 0,
            dirty: BTreeSet::new(),
            working: BTreeSet::new(),
            deadlines: BTreeSet::new(),
            deadline_of: BTreeMap::new(),
            failures: BTreeMap::new(),
            closed: false,
        };
        let shared = Shared { state: Mutex::new(state), changed: Notify::new(), metrics: OnceLock::new() };
        WorkQueue { shared: Arc::new(shared) }
    }

    /// Shows the queue as `name` in the metrics of this process from now on; the first name counts.
    pub fn measure_as(&self, name: &'static str) {
        let shared = Arc::downgrade(&self.shared);
        let count = move || {
            let shared = shared.upgrade()?;
            let state = shared.state.lock();
            Some((state.added, state.ready.len()))
        };
        self.shared.metrics.get_or_init(|| QueueMetrics::new(name, count));
    }

    /// Asks for work on `key`, now.
    pub fn add(&self, key: K) {
        self.shared.state.lock().add(key);
        self.shared.changed.notify_one();
    }

    /// Asks for work on `key` when `delay` has passed; of several deadlines the earliest counts.
    pub fn add_after(&self, key: K, delay: Duration) {
        if delay.is_zero() {
            return self.add(key);
        }
        // Far deadlines are clamped: a timer wheel has an end, and a year is later than any restart.
        let delay = delay.min(Duration::from_secs(365 * 24 * 3600));
        self.shared.state.lock().add_at(key, Instant::now() + delay);
        self.shared.changed.notify_one();
    }

    /// Asks for work on `key` after the delay that its failures so far have earned, and counts one more.
    pub fn add_rate_limited(&self, key: K) {
        let delay = {
            let mut state = self.shared.state.lock();
            let failures = state.failures.entry(key.clone()).or_insert(0);
            if let Some(metrics) = self.shared.metrics.get() {
                metrics.retries.increment();
            }
            let doublings = (*failures).min(32);
            *failures += 1;
            Duration::from_millis(BASE_DELAY_MILLISECONDS << doublings).min(Duration::from_secs(MAX_DELAY_SECONDS))
        };
        self.add_after(key, delay);
    }

    /// Forgets the failures of `key`.
    pub fn forget(&self, key: &K) {
        self.shared.state.lock().failures.remove(key);
    }

    /// How often `key` failed since it was last forgotten.
    pub fn failures(&self, key: &K) -> u32 {
        self.shared.state.lock().failures.get(key).copied().unwrap_or_default()
    }

    /// How many keys wait for a worker now; those with a deadline ahead do not count.
    pub fn len(&self) -> usize {
        self.shared.state.lock().ready.len()
    }

    /// Whether no key waits for a worker now.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether no key is worked on or waits, deadlines ahead not counted.
    pub fn is_idle(&self) -> bool {
        let state = self.shared.state.lock();
        state.ready.is_empty() && state.working.is_empty()
    }

    /// Takes no more keys; workers get what is left, then `None`.
    pub fn close(&self) {
        self.shared.state.lock().closed = true;
        self.shared.changed.notify_waiters();
        self.shared.changed.notify_one();
    }

    /// The next key, which stays this worker's until the guard is dropped; `None` after [`WorkQueue::close`].
    pub async fn next(&self) -> Option<Working<K>> {
        loop {
            let notified = self.shared.changed.notified();
            let (deadline, closed) = {
                let mut state = self.shared.state.lock();
                state.release_due(Instant::now());
                if let Some((key, since)) = state.ready.pop_front() {
                    state.dirty.remove(&key);
                    state.working.insert(key.clone());
                    let more = !state.ready.is_empty() || !state.deadlines.is_empty();
                    drop(state);
                    if more {
                        // Another worker takes over the watch on what is left.
                        self.shared.changed.notify_one();
                    }
                    let started = Instant::now();
                    if let Some(metrics) = self.shared.metrics.get() {
                        metrics.waited.observe((started - since).as_secs_f64());
                    }
                    return Some(Working { queue: self.clone(), key, started });
                }
                (state.deadlines.first().map(|(deadline, _)| *deadline), state.closed)
            };
            if closed {
                // Wakes the next waiting worker, so that all of them end.
                self.shared.changed.notify_one();
                return None;
            }
            match deadline {
                Some(deadline) => {
                    tokio::select! {
                        () = notified => {}
                        () = tokio::time::sleep_until(deadline) => {}
                    }
                }
                None => notified.await,
            }
        }
    }
}

/// A key in work; dropping it is the end of the work, also in a panic.
pub struct Working<K: QueueKey> {
    queue: WorkQueue<K>,
    key: K,
    started: Instant,
}

impl<K: QueueKey> Working<K> {
    /// The key.
    pub fn key(&self) -> &K {
        &self.key
    }
}

impl<K: QueueKey> Drop for Working<K> {
    fn drop(&mut self) {
        if let Some(metrics) = self.queue.shared.metrics.get() {
            metrics.worked.observe(self.started.elapsed().as_secs_f64());
        }
        let mut state = self.queue.shared.state.lock();
        state.working.remove(&self.key);
        if state.dirty.contains(&self.key) {
            state.ready.push_back((self.key.clone(), Instant::now()));
        }
        drop(state);
        self.queue.shared.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_key_is_worked_on_once_and_by_one() {
        let queue = WorkQueue::new();
        queue.add("a");
        queue.add("a");
        let working = queue.next().await.unwrap();
        assert!(queue.is_empty(), "added twice, queued once");
        queue.add("a");
        assert!(queue.is_empty(), "no second worker gets it");
        drop(working);
        assert_eq!(queue.next().await.map(|working| *working.key()), Some("a"));
        queue.close();
        assert!(queue.next().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn the_earliest_deadline_counts() {
        let queue = WorkQueue::new();
        let start = Instant::now();
        queue.add_after("late", Duration::from_secs(60));
        queue.add_after("a", Duration::from_secs(30));
        queue.add_after("a", Duration::from_secs(10));
        assert_eq!(*queue.next().await.unwrap().key(), "a");
        assert_eq!(start.elapsed().as_secs(), 10);
        assert_eq!(*queue.next().await.unwrap().key(), "late");
        assert_eq!(start.elapsed().as_secs(), 60);
    }

    #[tokio::test(start_paused = true)]
    async fn failures_back_off_until_forgotten() {
        let queue = WorkQueue::new();
        let mut delays = Vec::new();
        for _ in 0..3 {
            let start = Instant::now();
            queue.add_rate_limited("a");
            drop(queue.next().await);
            delays.push(start.elapsed().as_millis());
        }
        assert_eq!(delays, [5, 10, 20]);
        queue.forget(&"a");
        assert_eq!(queue.failures(&"a"), 0);
        for _ in 0..40 {
            queue.add_rate_limited("b");
        }
        let start = Instant::now();
        queue.add_rate_limited("c");
        drop(queue.next().await);
        assert!(start.elapsed() <= Duration::from_secs(1000));
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_waits_sees_a_nearer_deadline() {
        let queue = WorkQueue::new();
        queue.add_after("far", Duration::from_secs(100));
        let waiting = tokio::spawn({
            let queue = queue.clone();
            async move { queue.next().await.map(|working| *working.key()) }
        });
        tokio::task::yield_now().await;
        queue.add_after("near", Duration::from_secs(1));
        assert_eq!(waiting.await.unwrap(), Some("near"));
    }
}
