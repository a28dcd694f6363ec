//! What a fleet counts.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use tokio::sync::Notify;

use crate::pod::Stage;

/// What a fleet has done since it started, and has now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Nodes that the server knows.
    pub nodes: u64,
    /// Pods on them now.
    pub pods: u64,
    /// Leases that were renewed.
    pub leases: u64,
    /// The longest from when a lease was due until it was renewed; beyond 30 s the node would be given up.
    pub lease_lateness_longest: Duration,
    /// Statuses of nodes that were written.
    pub node_statuses: u64,
    /// Pods that began to run.
    pub pods_started: u64,
    /// Pods that ended by themselves.
    pub pods_ended: u64,
    /// Pods that were deleted and let go.
    pub pods_gone: u64,
    /// Requests that failed and were tried again.
    pub failures: u64,
}

#[derive(Default)]
pub(super) struct Counters {
    /// Woken when a pod has come a stage further.
    changed: Notify,
    nodes: AtomicU64,
    pods: AtomicU64,
    leases: AtomicU64,
    lateness_microseconds: AtomicU64,
    node_statuses: AtomicU64,
    started: AtomicU64,
    ended: AtomicU64,
    gone: AtomicU64,
    failures: AtomicU64,
}

impl Counters {
    pub(super) fn registered(&self) {
        self.nodes.fetch_add(1, Relaxed);
    }

    pub(super) fn set_pods(&self, count: usize) {
        self.pods.store(count as u64, Relaxed);
    }

    pub(super) fn renewed(&self, lateness: Duration) {
        self.leases.fetch_add(1, Relaxed);
        let microseconds = u64::try_from(lateness.as_micros()).unwrap_or(u64::MAX);
        self.lateness_microseconds.fetch_max(microseconds, Relaxed);
    }

    pub(super) fn reported(&self) {
        self.node_statuses.fetch_add(1, Relaxed);
    }

    pub(super) fn entered(&self, stage: Stage) {
        let counter = match stage {
            Stage::Running => &self.started,
            Stage::Ended => &self.ended,
            Stage::Gone => &self.gone,
            Stage::Seen | Stage::Starting | Stage::Stopped => return,
        };
        counter.fetch_add(1, Relaxed);
        self.changed.notify_waiters();
    }

    /// Waits until `done` says so of the figures; it is asked now and whenever a pod has come further.
    pub(super) async fn until(&self, done: impl Fn(&Figures) -> bool) {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            // What changes from here on is not missed.
            changed.as_mut().enable();
            if done(&self.read()) {
                return;
            }
            changed.await;
        }
    }

    pub(super) fn failed(&self) {
        self.failures.fetch_add(1, Relaxed);
    }

    pub(super) fn read(&self) -> Figures {
        Figures {
            nodes: self.nodes.load(Relaxed),
            pods: self.pods.load(Relaxed),
            leases: self.leases.load(Relaxed),
            lease_lateness_longest: Duration::from_micros(self.lateness_microseconds.load(Relaxed)),
            node_statuses: self.node_statuses.load(Relaxed),
            pods_started: self.started.load(Relaxed),
            pods_ended: self.ended.load(Relaxed),
            pods_gone: self.gone.load(Relaxed),
            failures: self.failures.load(Relaxed),
        }
    }
}
