//! The loop that every controller runs: keys from a queue, reconciled by a few workers.

use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use apimachinery::{Status, Str};
use async_trait::async_trait;
use futures::FutureExt;
use tokio::task::JoinSet;

use crate::{Event, Informer, WorkQueue, workqueue::QueueKey};

/// Why a reconcile did not reach its end; the key comes back later.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The API refused; its message names the object.
    #[error(transparent)]
    Api(#[from] Status),
    /// Something else stands in the way.
    #[error("{0}")]
    Other(String),
}

/// Whether the key comes back by itself: after this time, or only when something changes.
pub type Outcome = Result<Option<Duration>, ReconcileError>;

/// Brings one object, named by its key, nearer to what it should be.
#[async_trait]
pub trait Reconcile<K = Str>: Send + Sync + 'static {
    /// Looks at what is, and does what is missing. It must be idempotent.
    async fn reconcile(&self, key: &K) -> Outcome;
}

static PANICS: AtomicU64 = AtomicU64::new(0);

/// How many reconciles panicked in this process.
pub fn panics_total() -> u64 {
    PANICS.load(Ordering::Relaxed)
}

/// Enqueues what `keys` answers for each event of `informer`.
pub fn enqueue_on<K: QueueKey, I: IntoIterator<Item = K>>(
    informer: &Informer,
    queue: &WorkQueue<K>,
    keys: impl Fn(&Event) -> I + Send + Sync + 'static,
) {
    let queue = queue.clone();
    informer.add_handler(move |event: &Event| {
        for key in keys(event) {
            queue.add(key);
        }
    });
}

/// Enqueues the key of each object that changes.
pub fn enqueue_objects(informer: &Informer, queue: &WorkQueue<Str>) {
    enqueue_on(informer, queue, |event| [event.object().key()]);
}

/// Waits until all `informers` have synced, then works on the queue with `workers` workers until it is closed;
/// dropping the future ends the workers. A panic ends one reconcile: it is counted, and the key backs off.
pub async fn run<K: QueueKey, R: Reconcile<K>>(
    name: &'static str,
    informers: &[Informer],
    queue: WorkQueue<K>,
    workers: usize,
    reconciler: Arc<R>,
) {
    queue.measure_as(name);
    for informer in informers {
        informer.synced().await;
    }
    tracing::info!(controller = name, workers, "started");
    let mut running = JoinSet::new();
    for _ in 0..workers {
        running.spawn(work(name, queue.clone(), reconciler.clone()));
    }
    while running.join_next().await.is_some() {}
}

async fn work<K: QueueKey, R: Reconcile<K>>(name: &'static str, queue: WorkQueue<K>, reconciler: Arc<R>) {
    while let Some(working) = queue.next().await {
        reconcile_one(name, &queue, working.key(), reconciler.as_ref()).await;
        drop(working);
        // A reconcile that never had to wait must not keep the thread.
        tokio::task::consume_budget().await;
    }
}

async fn reconcile_one<K: QueueKey, R: Reconcile<K>>(
    name: &'static str,
    queue: &WorkQueue<K>,
    key: &K,
    reconciler: &R,
) {
    match AssertUnwindSafe(reconciler.reconcile(key)).catch_unwind().await {
        Ok(Ok(again)) => {
            queue.forget(key);
            if let Some(delay) = again {
                queue.add_after(key.clone(), delay);
            }
        }
        Ok(Err(error)) => {
            let retries = queue.failures(key);
            match &error {
                // Somebody was faster; the caches will say so.
                ReconcileError::Api(status) if status.is_conflict() || status.is_not_found() => {
                    tracing::debug!(controller = name, ?key, retries, %error, "what was seen is no longer so");
                }
                _ => tracing::warn!(controller = name, ?key, retries, %error, "the reconcile failed"),
            }
            queue.add_rate_limited(key.clone());
        }
        Err(_) => {
            PANICS.fetch_add(1, Ordering::Relaxed);
            tracing::error!(controller = name, ?key, "the reconcile panicked");
            queue.add_rate_limited(key.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    struct Clumsy(AtomicUsize);

    #[async_trait]
    impl Reconcile<u32> for Clumsy {
        async fn reconcile(&self, key: &u32) -> Outcome {
            let call = self.0.fetch_add(1, Ordering::SeqCst);
            match (*key, call) {
                (1, 0) => panic!("clumsy"),
                (1, 1) => Err(ReconcileError::Other("not yet".into())),
                _ => Ok(None),
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn panics_and_errors_come_back() {
        let (queue, clumsy) = (WorkQueue::new(), Arc::new(Clumsy(AtomicUsize::new(0))));
        queue.add(1);
        let before = panics_total();
        let running = tokio::spawn(run("clumsy", &[], queue.clone(), 2, clumsy.clone()));
        tokio::time::sleep(Duration::from_millis(100)).await;
        queue.close();
        running.await.unwrap();
        assert_eq!(clumsy.0.load(Ordering::SeqCst), 3);
        assert_eq!(panics_total() - before, 1);
        assert_eq!(queue.failures(&1), 0);
    }
}
