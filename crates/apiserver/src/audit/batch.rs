//! The queue between requests and the one that writes: bounded, and read in batches.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    sync::{
        mpsc::{self, error::TrySendError},
        oneshot, watch,
    },
    time::Instant,
};

use super::{Event, Offered, metrics};

/// The name of the queue in metrics and logs, as upstream's.
const PLUGIN: &str = "buffered";
/// Events that wait for the writer while their requests wait for them.
const BLOCKING_QUEUE_LENGTH: usize = 1024;
/// Events that are written at once when requests wait for them.
const BLOCKING_BATCH_LENGTH: usize = 256;
/// Bytes of events that wait in [`Mode::Batch`], however few they are: lists may be large.
const QUEUE_BYTES_LIMIT: usize = 256 << 20;
/// How long the end waits for what is still to be written.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);
const BLOCKED: &str = "audit buffer queue blocked";
const SHUT_DOWN: &str = "audit backend shut down";

/// What a request has to do with the writing of its events.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    /// It waits for it; an event that cannot be written is counted.
    Blocking,
    /// It waits for it, and is refused when the first event cannot be written.
    BlockingStrict,
    /// Nothing: events are written later.
    Batch(Batching),
}

/// How events are gathered in [`Mode::Batch`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Batching {
    /// Events that may wait; more are lost, which is counted.
    pub buffer_length: usize,
    /// Events of a batch at most.
    pub batch_length: usize,
    /// How long a batch that is not full waits for more.
    pub wait: Duration,
    /// How often a batch may be written; as often as there is one when not given.
    pub throttling: Option<Throttling>,
}

/// How often something may be done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Throttling {
    /// So many times a second,
    pub per_second: f64,
    /// and so many times at once after a pause.
    pub burst: u32,
}

/// An event that is to be written.
pub(super) struct Entry {
    pub(super) bytes: Bytes,
    done: Option<oneshot::Sender<bool>>,
}

impl Entry {
    /// Tells whoever waits whether it was written.
    pub(super) fn settle(self, written: bool) {
        if let Some(done) = self.done {
            // Whoever has hung up meanwhile does not want to know.
            let _ = done.send(written);
        }
    }
}

/// Where requests put events.
pub(super) struct Queue {
    mode: Mode,
    /// The name of the writer, in metrics and logs.
    plugin: &'static str,
    sender: mpsc::Sender<Entry>,
    waiting_bytes: Arc<AtomicUsize>,
    stop: watch::Sender<bool>,
    ended: watch::Receiver<()>,
}

impl Queue {
    /// A queue, and its other end.
    pub(super) fn new(mode: Mode, plugin: &'static str) -> (Queue, Batches) {
        let batching = match mode {
            Mode::Batch(batching) => batching,
            Mode::Blocking | Mode::BlockingStrict => Batching {
                buffer_length: BLOCKING_QUEUE_LENGTH,
                batch_length: BLOCKING_BATCH_LENGTH,
                wait: Duration::ZERO,
                throttling: None,
            },
        };
        let (sender, entries) = mpsc::channel(batching.buffer_length);
        let (stop, stopping) = watch::channel(false);
        let (alive, ended) = watch::channel(());
        let throttle = batching.throttling.map(Throttle::new);
        let waiting_bytes = Arc::new(AtomicUsize::new(0));
        let batches = Batches {
            entries,
            stopping: Some(stopping),
            batch_length: batching.batch_length,
            wait: batching.wait,
            throttle,
            waiting_bytes: waiting_bytes.clone(),
            _alive: alive,
        };
        (Queue { mode, plugin, sender, waiting_bytes, stop, ended }, batches)
    }

    /// Puts an event there. In the modes that wait, it is taken whatever becomes of the request meanwhile.
    pub(super) fn offer(&self, event: &Event, bytes: Bytes) -> Offered {
        if let Mode::Batch(_) = self.mode {
            if let Err(problem) = self.put(bytes) {
                metrics::lost_event(PLUGIN, &problem, event);
            }
            return Offered::Settled(true);
        }
        let (done, written) = oneshot::channel();
        match self.sender.try_send(Entry { bytes, done: Some(done) }) {
            Ok(()) => {}
            Err(TrySendError::Full(entry)) => {
                let sender = self.sender.clone();
                // A failure is seen by who waits: the entry is dropped then.
                tokio::spawn(async move { sender.send(entry).await.is_ok() });
            }
            Err(TrySendError::Closed(_)) => {
                metrics::lost_event(self.plugin, &SHUT_DOWN, event);
                return Offered::Settled(self.mode == Mode::Blocking);
            }
        }
        let (strict, plugin) = (self.mode == Mode::BlockingStrict, self.plugin);
        Offered::Pending(Box::pin(async move {
            let written = written.await.unwrap_or_else(|_| {
                metrics::lost(plugin, &SHUT_DOWN, 1);
                false
            });
            written || !strict
        }))
    }

    /// Puts an event there for which nobody waits.
    fn put(&self, bytes: Bytes) -> Result<(), &'static str> {
        let length = bytes.len();
        let before = self.waiting_bytes.fetch_add(length, Ordering::Relaxed);
        let put = match before + length > QUEUE_BYTES_LIMIT {
            true => Err(BLOCKED),
            false => self.sender.try_send(Entry { bytes, done: None }).map_err(|error| match error {
                TrySendError::Full(_) => BLOCKED,
                TrySendError::Closed(_) => SHUT_DOWN,
            }),
        };
        if put.is_err() {
            self.waiting_bytes.fetch_sub(length, Ordering::Relaxed);
        }
        put
    }

    /// Takes nothing more, and waits until what was taken is written.
    pub(super) async fn stop(&self) {
        self.stop.send_replace(true);
        let mut ended = self.ended.clone();
        // Nothing is ever sent there: it ends with the other end of the queue.
        if tokio::time::timeout(STOP_TIMEOUT, ended.changed()).await.is_err() {
            tracing::error!(plugin = self.plugin, "audit events are still not written; they are given up");
        }
    }
}

/// Where the writer takes events from.
pub(super) struct Batches {
    entries: mpsc::Receiver<Entry>,
    /// None once it is said.
    stopping: Option<watch::Receiver<bool>>,
    batch_length: usize,
    wait: Duration,
    throttle: Option<Throttle>,
    waiting_bytes: Arc<AtomicUsize>,
    _alive: watch::Sender<()>,
}

impl Batches {
    /// The next events, as soon as they are enough or have waited for long enough; `None` at the end.
    pub(super) async fn next(&mut self) -> Option<Vec<Entry>> {
        let mut batch = Vec::new();
        let mut deadline = None;
        while batch.len() < self.batch_length {
            let stop = async {
                match &mut self.stopping {
                    // Whoever is gone wants nothing more either.
                    Some(stopping) => drop(stopping.wait_for(|stop| *stop).await),
                    None => std::future::pending().await,
                }
            };
            let room = self.batch_length - batch.len();
            tokio::select! {
                biased;
                () = stop => {
                    self.stopping = None;
                    self.entries.close();
                }
                count = self.entries.recv_many(&mut batch, room) => {
                    if count == 0 || self.wait.is_zero() {
                        break;
                    }
                    deadline.get_or_insert(Instant::now() + self.wait);
                }
                () = reached(deadline) => break,
            }
        }
        if batch.is_empty() {
            return None;
        }
        let unawaited = batch.iter().filter(|entry| entry.done.is_none());
        let length = unawaited.map(|entry| entry.bytes.len()).sum();
        self.waiting_bytes.fetch_sub(length, Ordering::Relaxed);
        if let Some(throttle) = &mut self.throttle {
            throttle.turn().await;
        }
        Some(batch)
    }
}

async fn reached(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// A bucket of turns that fills with time.
struct Throttle {
    settings: Throttling,
    turns: f64,
    filled: Instant,
}

impl Throttle {
    fn new(settings: Throttling) -> Throttle {
        Throttle { settings, turns: f64::from(settings.burst), filled: Instant::now() }
    }

    /// Waits for a turn.
    async fn turn(&mut self) {
        let now = Instant::now();
        let come = now.duration_since(self.filled).as_secs_f64() * self.settings.per_second;
        self.turns = (self.turns + come).min(f64::from(self.settings.burst));
        self.filled = now;
        self.turns -= 1.0;
        if self.turns < 0.0 {
            tokio::time::sleep(Duration::from_secs_f64(-self.turns / self.settings.per_second)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::event::tests::full;

    const BATCHING: Batching =
        Batching { buffer_length: 4, batch_length: 3, wait: Duration::from_secs(30), throttling: None };

    fn put(queue: &Queue, count: usize) {
        for _ in 0..count {
            assert!(matches!(queue.offer(&full(), Bytes::from_static(b"e")), Offered::Settled(true)));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_batch_goes_when_it_is_full_or_has_waited() {
        let (queue, mut batches) = Queue::new(Mode::Batch(BATCHING), "test");
        let started = Instant::now();
        put(&queue, 4);
        assert_eq!(batches.next().await.unwrap().len(), 3);
        assert_eq!(started.elapsed(), Duration::ZERO);
        assert_eq!(batches.next().await.unwrap().len(), 1);
        assert_eq!(started.elapsed(), Duration::from_secs(30));
        // What does not fit is lost, and the request goes on.
        put(&queue, 9);
        let stopped = async { queue.stop().await };
        let drained = async {
            let lengths = [batches.next().await.unwrap().len(), batches.next().await.unwrap().len()];
            assert!(batches.next().await.is_none());
            drop(batches);
            lengths
        };
        assert_eq!(tokio::join!(stopped, drained).1, [3, 1]);
        put(&queue, 1);
    }

    #[tokio::test]
    async fn few_large_events_fill_the_queue() {
        let batching = Batching { wait: Duration::ZERO, ..BATCHING };
        let (queue, mut batches) = Queue::new(Mode::Batch(batching), "test");
        let large = Bytes::from(vec![0; 1 << 20]);
        let half = QUEUE_BYTES_LIMIT / 2;
        queue.waiting_bytes.fetch_add(half, Ordering::Relaxed);
        assert!(queue.put(large.clone()).is_ok());
        queue.waiting_bytes.fetch_add(half - (1 << 20), Ordering::Relaxed);
        assert_eq!(queue.put(large.clone()), Err(BLOCKED));
        assert_eq!(queue.waiting_bytes.load(Ordering::Relaxed), QUEUE_BYTES_LIMIT, "what was refused does not count");
        assert_eq!(batches.next().await.unwrap().len(), 1);
        assert!(queue.put(large).is_ok(), "there is room again");
    }

    #[tokio::test(start_paused = true)]
    async fn batches_wait_for_their_turn() {
        let throttling = Some(Throttling { per_second: 2.0, burst: 2 });
        let batching = Batching { batch_length: 1, wait: Duration::ZERO, throttling, ..BATCHING };
        let (queue, mut batches) = Queue::new(Mode::Batch(batching), "test");
        put(&queue, 4);
        let started = Instant::now();
        let mut times = Vec::new();
        for _ in 0..4 {
            assert_eq!(batches.next().await.unwrap().len(), 1);
            times.push(started.elapsed().as_millis());
        }
        // Timers have the resolution of a millisecond.
        let expected = [0, 0, 500, 1000];
        assert!(times.iter().zip(expected).all(|(time, expected)| time.abs_diff(expected) <= 2), "{times:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_waits_and_only_a_strict_one_is_refused() {
        for (mode, refused) in [(Mode::Blocking, false), (Mode::BlockingStrict, true)] {
            let (queue, mut batches) = Queue::new(mode, "test");
            // More than the queue holds: whoever does not fit waits as well.
            let offered: Vec<Offered> =
                (0..BLOCKING_QUEUE_LENGTH + 1).map(|_| queue.offer(&full(), Bytes::from_static(b"e"))).collect();
            let mut kept: Vec<_> = offered.into_iter().map(|offered| Box::pin(offered.kept())).collect();
            assert!(futures::poll!(&mut kept[0]).is_pending());
            let first = batches.next().await.unwrap();
            first.into_iter().for_each(|entry| entry.settle(false));
            assert_eq!(kept.remove(0).await, !refused);
            let last = kept.pop().unwrap();
            let written = async {
                for _ in 0..(BLOCKING_QUEUE_LENGTH / BLOCKING_BATCH_LENGTH) {
                    batches.next().await.unwrap().into_iter().for_each(|entry| entry.settle(true));
                }
            };
            assert!(tokio::join!(last, written).0);
            drop(batches);
            assert_eq!(queue.offer(&full(), Bytes::new()).kept().await, !refused, "nobody writes any more");
        }
    }
}
