//! What is measured of scheduling, under upstream's names (`pkg/scheduler/metrics`).

use std::sync::{Once, Weak};

use component_base::metrics::{Collector, Counter, Family, Histogram, Text, of_process};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::{queue::QueuedPod, scheduler::Shared};

/// From a millisecond on, doubled.
const LATENCIES: &[f64] =
    &[0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024, 2.048, 4.096, 8.192, 16.384];
/// From ten milliseconds on, doubled.
const LIVES: &[f64] = &[
    0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 163.84, 327.68, 655.36,
    1310.72, 2621.44, 5242.88,
];
/// More attempts than these have one name.
const ATTEMPTS_NAMED: u32 = 15;

static ATTEMPTS: Family<Counter> = Family::counter(
    "scheduler_schedule_attempts_total",
    "Number of attempts to schedule pods, by the result. 'unschedulable' means a pod could not be scheduled, while \
     'error' means an internal scheduler problem.",
    &["profile", "result"],
);
static ATTEMPT: Family<Histogram> = Family::histogram(
    "scheduler_scheduling_attempt_duration_seconds",
    "Scheduling attempt latency in seconds (scheduling algorithm + binding)",
    &["profile", "result"],
    LATENCIES,
);
static ALGORITHM: Family<Histogram> = Family::histogram(
    "scheduler_scheduling_algorithm_duration_seconds",
    "Scheduling algorithm latency in seconds",
    &[],
    LATENCIES,
);
static POD_ATTEMPTS: Family<Histogram> = Family::histogram(
    "scheduler_pod_scheduling_attempts",
    "Number of attempts to successfully schedule a pod.",
    &[],
    &[1.0, 2.0, 4.0, 8.0, 16.0],
);
static POD_LIFE: Family<Histogram> = Family::histogram(
    "scheduler_pod_scheduling_sli_duration_seconds",
    "E2e latency for a pod being scheduled, from the time the pod enters the scheduling queue and might involve \
     multiple scheduling attempts.",
    &["attempts"],
    LIVES,
);
static PREEMPTIONS: Family<Counter> =
    Family::counter("scheduler_preemption_attempts_total", "Total preemption attempts in the cluster till now", &[]);
static VICTIMS: Family<Histogram> = Family::histogram(
    "scheduler_preemption_victims",
    "Number of selected preemption victims for preemption initiated by a single pod",
    &[],
    &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0],
);

/// The scheduler whose queue is counted when somebody asks: the last that began, a process has one at a time.
static SCHEDULER: Mutex<Weak<Shared>> = Mutex::new(Weak::new());

struct Places;

impl Collector for Places {
    fn collect(&self, text: &mut Text) {
        let (pending, cached) = ("scheduler_pending_pods", "scheduler_cache_size");
        let Some(scheduler) = SCHEDULER.lock().upgrade() else { return };
        let (places, sizes) = {
            let state = scheduler.state.lock();
            (state.queue.counts(), state.cache.counts())
        };
        text.family(pending, "Number of pending pods, by the queue type.", "gauge");
        places.iter().for_each(|(queue, count)| text.sample(pending, "", &[("queue", queue)], *count as f64));
        text.family(cached, "Number of nodes, pods, and assumed (bound) pods in the scheduler cache.", "gauge");
        sizes.iter().for_each(|(kind, count)| text.sample(cached, "", &[("type", kind)], *count as f64));
    }
}

/// Begins to measure a scheduler.
pub(crate) fn measure(scheduler: Weak<Shared>) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let registry = of_process();
        registry.add(&ATTEMPTS);
        registry.add(&ATTEMPT);
        registry.add(&ALGORITHM);
        registry.add(&POD_ATTEMPTS);
        registry.add(&POD_LIFE);
        registry.add(&PREEMPTIONS);
        registry.add(&VICTIMS);
        registry.add(Places);
    });
    *SCHEDULER.lock() = scheduler;
}

/// How long the search for a node took.
pub(crate) fn searched(began: Instant) {
    ALGORITHM.with(&[]).observe(began.elapsed().as_secs_f64());
}

/// Room is made for a pod: by so many victims.
pub(crate) fn preempts(victims: usize) {
    PREEMPTIONS.with(&[]).increment();
    VICTIMS.with(&[]).observe(victims as f64);
}

/// An attempt to give a pod a node, until its end.
#[derive(Clone, Copy)]
pub(crate) struct Attempt {
    began: Instant,
    queued: Instant,
    number: u32,
}

impl Attempt {
    /// Begins one.
    pub(crate) fn new(pod: &QueuedPod) -> Attempt {
        Attempt { began: Instant::now(), queued: pod.queued, number: pod.attempts }
    }

    /// The pod is bound.
    pub(crate) fn scheduled(self, profile: &str) {
        self.ended(profile, "scheduled");
        let number = match self.number {
            ..=ATTEMPTS_NAMED => self.number.to_string(),
            _ => format!("{}+", ATTEMPTS_NAMED + 1),
        };
        POD_ATTEMPTS.with(&[]).observe(f64::from(self.number));
        POD_LIFE.with(&[&number]).observe(self.queued.elapsed().as_secs_f64());
    }

    /// It is not: no node would have it, or something went wrong.
    pub(crate) fn failed(self, profile: &str, error: bool) {
        self.ended(profile, if error { "error" } else { "unschedulable" });
    }

    fn ended(self, profile: &str, result: &str) {
        ATTEMPTS.with(&[profile, result]).increment();
        ATTEMPT.with(&[profile, result]).observe(self.began.elapsed().as_secs_f64());
    }
}
