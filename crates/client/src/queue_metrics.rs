//! What is measured of work queues, under upstream's names.

use std::sync::{Arc, Once};

use component_base::metrics::{Collector, Counter, Family, Histogram, Text, of_process};
use parking_lot::Mutex;

const DURATIONS: &[f64] = &[1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0];

static RETRIES: Family<Counter> =
    Family::counter("workqueue_retries_total", "Total number of retries handled by workqueue", &["name"]);
static WAITED: Family<Histogram> = Family::histogram(
    "workqueue_queue_duration_seconds",
    "How long in seconds an item stays in workqueue before being requested.",
    &["name"],
    DURATIONS,
);
static WORKED: Family<Histogram> = Family::histogram(
    "workqueue_work_duration_seconds",
    "How long in seconds processing an item from workqueue takes.",
    &["name"],
    DURATIONS,
);

/// How many keys were added so far and how many wait; `None` when the queue is gone.
type Count = Box<dyn Fn() -> Option<(u64, usize)> + Send + Sync>;

/// The queues that are counted when somebody asks.
static QUEUES: Mutex<Vec<(&'static str, Count)>> = Mutex::new(Vec::new());

struct Queues;

impl Collector for Queues {
    fn collect(&self, text: &mut Text) {
        let (depth, adds) = ("workqueue_depth", "workqueue_adds_total");
        text.family(depth, "Current depth of workqueue", "gauge");
        text.family(adds, "Total number of adds handled by workqueue", "counter");
        // Queues that are gone count no longer.
        QUEUES.lock().retain(|(name, count)| {
            let Some((added, waiting)) = count() else { return false };
            text.sample(depth, "", &[("name", name)], waiting as f64);
            text.sample(adds, "", &[("name", name)], added as f64);
            true
        });
    }
}

/// The measures of one queue.
pub(crate) struct QueueMetrics {
    pub(crate) retries: Arc<Counter>,
    pub(crate) waited: Arc<Histogram>,
    pub(crate) worked: Arc<Histogram>,
}

impl QueueMetrics {
    /// Begins to measure the queue `name`.
    pub(crate) fn new(
        name: &'static str,
        count: impl Fn() -> Option<(u64, usize)> + Send + Sync + 'static,
    ) -> QueueMetrics {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            let registry = of_process();
            registry.add(&RETRIES);
            registry.add(&WAITED);
            registry.add(&WORKED);
            registry.add(Queues);
        });
        let mut queues = QUEUES.lock();
        // A name is shown once: a queue of the same name replaces one that is gone.
        queues.retain(|(known, count)| *known != name && count().is_some());
        queues.push((name, Box::new(count)));
        QueueMetrics { retries: RETRIES.with(&[name]), waited: WAITED.with(&[name]), worked: WORKED.with(&[name]) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::WorkQueue;

    #[tokio::test]
    async fn a_named_queue_is_measured() {
        let queue = WorkQueue::new();
        queue.add("a");
        queue.measure_as("of-a-test");
        queue.add("b");
        drop(queue.next().await);
        queue.add_rate_limited("c");
        let text = of_process().text();
        for line in [
            "workqueue_depth{name=\"of-a-test\"} 1",
            "workqueue_adds_total{name=\"of-a-test\"} 2",
            "workqueue_retries_total{name=\"of-a-test\"} 1",
            "workqueue_work_duration_seconds_count{name=\"of-a-test\"} 1",
        ] {
            assert!(text.lines().any(|own| own == line), "{line} in {text}");
        }
        drop(queue);
        assert!(!of_process().text().contains("workqueue_depth{name=\"of-a-test\"}"));
    }
}
