//! The pods that wait for a node.
//!
//! A pod stands in one of these places: *active* (tried next, most important first), *backoff* (tried again after a
//! delay that doubles with each failure), *unschedulable* (waits for an event that may help it), *gated* (waits to be
//! released), or *in flight* (a cycle or a binding is about it).
//!
//! An event moves only pods that were rejected by a plugin that asked for events of that kind: pods are indexed by
//! the plugins that rejected them, so an event that helps nobody costs nothing. A pod that nothing helped is tried
//! again after five minutes, in case an event was missed. Nothing here has a timer: [`SchedulingQueue::deadline`]
//! says when the queue has to be looked at again.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use apimachinery::Str;
use tokio::time::Instant;

use crate::{
    cache::PodInfo,
    framework::{ClusterEvent, EventKinds, Profile},
};

/// How long an unschedulable pod waits for an event before it is tried again anyway, in seconds.
pub const UNSCHEDULABLE_SECONDS: u64 = 5 * 60;

/// Active pods: most important first, then oldest, then first come.
type Rank = (Reverse<i64>, Instant, u64);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Active(Rank),
    /// Until then; `error` when the last attempt failed for a reason of ours and must not be hurried.
    Backoff {
        until: Instant,
        error: bool,
    },
    /// Since then.
    Unschedulable(Instant),
    Gated,
    InFlight,
}

/// A pod that waits.
#[derive(Clone, Debug)]
pub struct QueuedPod {
    /// The pod in its last known version.
    pub pod: Arc<PodInfo>,
    /// The number of its profile.
    pub profile: usize,
    /// How often it was tried.
    pub attempts: u32,
    /// When it came into the queue.
    pub queued: Instant,
    /// When it came into the queue, or was last found unschedulable.
    since: Instant,
    /// When it came first, for the order among equals.
    number: u64,
    /// Failures that count for its backoff.
    failures: u32,
    /// The plugins that rejected it, as a set of bits.
    rejected_by: u32,
    /// The number of the last event when it was taken.
    taken_at: u64,
    place: Place,
}

/// How a cycle or a binding ended that did not give the pod a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// These plugins rejected it, as a set of bits.
    Rejected(u32),
    /// Something went wrong.
    Error,
}

/// Backoff times.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// After the first failure.
    pub initial: Duration,
    /// At most.
    pub max: Duration,
}

/// The queue.
pub struct SchedulingQueue {
    profiles: Arc<[Profile]>,
    backoff: Backoff,
    pods: BTreeMap<Str, QueuedPod>,
    active: BTreeMap<Rank, Str>,
    backing_off: BTreeSet<(Instant, Str)>,
    backing_off_after_error: BTreeSet<(Instant, Str)>,
    unschedulable: BTreeSet<(Instant, Str)>,
    /// Unschedulable pods by profile and plugin that rejected them.
    rejected: BTreeMap<(usize, u8), BTreeSet<Str>>,
    /// The number of the last event that each plugin asked for.
    last_events: BTreeMap<(usize, u8), u64>,
    events: u64,
    numbers: u64,
}

fn bits(mask: u32) -> impl Iterator<Item = u8> {
    (0..32u8).filter(move |bit| mask & (1 << bit) != 0)
}

impl SchedulingQueue {
    /// An empty queue of pods of `profiles`.
    pub fn new(profiles: Arc<[Profile]>, backoff: Backoff) -> SchedulingQueue {
        SchedulingQueue {
            profiles,
            backoff,
            pods: BTreeMap::new(),
            active: BTreeMap::new(),
            backing_off: BTreeSet::new(),
            backing_off_after_error: BTreeSet::new(),
            unschedulable: BTreeSet::new(),
            rejected: BTreeMap::new(),
            last_events: BTreeMap::new(),
            events: 0,
            numbers: 0,
        }
    }

    fn unplace(&mut self, queued: &QueuedPod) {
        let key = &queued.pod.key;
        match queued.place {
            Place::Active(rank) => {
                self.active.remove(&rank);
            }
            Place::Backoff { until, error: false } => {
                self.backing_off.remove(&(until, key.clone()));
            }
            Place::Backoff { until, error: true } => {
                self.backing_off_after_error.remove(&(until, key.clone()));
            }
            Place::Unschedulable(since) => {
                self.unschedulable.remove(&(since, key.clone()));
            }
            Place::Gated | Place::InFlight => {}
        }
        if matches!(queued.place, Place::Unschedulable(_) | Place::Gated) {
            for plugin in bits(queued.rejected_by) {
                if let Some(keys) = self.rejected.get_mut(&(queued.profile, plugin)) {
                    keys.remove(key);
                }
            }
        }
    }

    fn place(&mut self, mut queued: QueuedPod, place: Place) {
        queued.place = place;
        let key = queued.pod.key.clone();
        match place {
            Place::Active(rank) => {
                self.active.insert(rank, key.clone());
            }
            Place::Backoff { until, error: false } => {
                self.backing_off.insert((until, key.clone()));
            }
            Place::Backoff { until, error: true } => {
                self.backing_off_after_error.insert((until, key.clone()));
            }
            Place::Unschedulable(since) => {
                self.unschedulable.insert((since, key.clone()));
            }
            Place::Gated | Place::InFlight => {}
        }
        if matches!(place, Place::Unschedulable(_) | Place::Gated) {
            for plugin in bits(queued.rejected_by) {
                self.rejected.entry((queued.profile, plugin)).or_default().insert(key.clone());
            }
        }
        self.pods.insert(key, queued);
    }

    /// Makes the pod ready to be tried, unless a plugin holds it back. Answers whether it is held back.
    fn activate(&mut self, mut queued: QueuedPod) -> bool {
        let profiles = self.profiles.clone();
        let profile = &profiles[queued.profile];
        let held = profile.plugins().find(|(.., plugin)| plugin.pre_enqueue(&queued.pod).is_err());
        if let Some((number, ..)) = held {
            queued.rejected_by = 1 << number;
            self.place(queued, Place::Gated);
            return true;
        }
        let rank = profile.plugins().find_map(|(.., plugin)| plugin.queue_rank(&queued.pod)).unwrap_or_default();
        let rank = (Reverse(rank), queued.since, queued.number);
        self.place(queued, Place::Active(rank));
        false
    }

    /// The time until which a pod with so many failures backs off.
    fn backoff_until(&self, queued: &QueuedPod) -> Instant {
        let doublings = queued.failures.saturating_sub(1).min(16);
        queued.since + (self.backoff.initial * 2u32.pow(doublings)).min(self.backoff.max)
    }

    /// Adds a pod that is new. Answers whether a plugin holds it back.
    pub fn add(&mut self, pod: Arc<PodInfo>, profile: usize, now: Instant) -> bool {
        self.remove(&pod.key);
        self.numbers += 1;
        self.activate(QueuedPod {
            pod,
            profile,
            attempts: 0,
            queued: now,
            since: now,
            number: self.numbers,
            failures: 0,
            rejected_by: 0,
            taken_at: 0,
            place: Place::Gated,
        })
    }

    /// Takes a new version of a waiting pod. Answers whether the pod was known.
    pub fn update(&mut self, pod: Arc<PodInfo>, now: Instant) -> bool {
        let Some(mut queued) = self.pods.remove(&pod.key) else { return false };
        if queued.pod.uid != pod.uid {
            self.pods.insert(pod.key.clone(), queued);
            return false;
        }
        self.unplace(&queued);
        let kinds = EventKinds::of_own_update(&queued.pod, &pod);
        queued.pod = pod;
        match queued.place {
            Place::Gated => {
                self.activate(queued);
            }
            Place::Unschedulable(_) if self.is_helped(&queued, &ClusterEvent::other(kinds)) => {
                self.requeue(queued, now);
            }
            place @ (Place::Unschedulable(_) | Place::Backoff { .. } | Place::InFlight) => self.place(queued, place),
            Place::Active(_) => {
                self.activate(queued);
            }
        }
        true
    }

    /// Forgets a pod.
    pub fn remove(&mut self, key: &str) -> Option<Arc<PodInfo>> {
        let queued = self.pods.remove(key)?;
        self.unplace(&queued);
        Some(queued.pod)
    }

    /// Forgets a pod that was taken and got its node; another pod of the same name stays.
    pub fn done(&mut self, pod: &PodInfo) {
        if self.pods.get(&pod.key).is_some_and(|queued| queued.pod.uid == pod.uid) {
            self.remove(&pod.key);
        }
    }

    /// The waiting pod with this key.
    pub fn get(&self, key: &str) -> Option<&QueuedPod> {
        self.pods.get(key)
    }

    /// Moves a pod that an event may have helped to where it is tried again.
    fn requeue(&mut self, queued: QueuedPod, now: Instant) {
        let until = self.backoff_until(&queued);
        if until > now {
            self.place(queued, Place::Backoff { until, error: false });
        } else {
            self.activate(queued);
        }
    }

    fn is_helped(&self, queued: &QueuedPod, event: &ClusterEvent<'_>) -> bool {
        let profile = &self.profiles[queued.profile];
        bits(queued.rejected_by).any(|number| {
            let plugin = profile.plugin(number);
            plugin.events().meets(event.kinds) && plugin.hint(&queued.pod, event)
        })
    }

    /// Lets pods be tried again that the event may have helped.
    pub fn on_event(&mut self, event: &ClusterEvent<'_>, now: Instant) {
        if event.kinds.is_empty() {
            return;
        }
        self.events += 1;
        let profiles = self.profiles.clone();
        for (number, profile) in profiles.iter().enumerate() {
            for (plugin, _, instance) in profile.plugins() {
                if !instance.events().meets(event.kinds) {
                    continue;
                }
                self.last_events.insert((number, plugin), self.events);
                let Some(keys) = self.rejected.get(&(number, plugin)) else { continue };
                // A pod that leaves the node where it was assumed makes no room for itself.
                let itself = |queued: &QueuedPod| event.pod.is_some_and(|pod| pod.uid == queued.pod.uid);
                let helped = |key: &&Str| {
                    self.pods.get(*key).is_some_and(|queued| !itself(queued) && instance.hint(&queued.pod, event))
                };
                let helped: Vec<Str> = keys.iter().filter(helped).cloned().collect();
                for key in helped {
                    if let Some(queued) = self.pods.remove(&key) {
                        self.unplace(&queued);
                        self.requeue(queued, now);
                    }
                }
            }
        }
    }

    /// Lets one pod be tried again now, whatever it waits for.
    pub fn hurry(&mut self, key: &str) {
        if self.pods.get(key).is_none_or(|queued| queued.place == Place::InFlight) {
            return;
        }
        if let Some(queued) = self.pods.remove(key) {
            self.unplace(&queued);
            self.activate(queued);
        }
    }

    /// The pod to be tried next; it is in flight until [`SchedulingQueue::failed`] or [`SchedulingQueue::remove`].
    ///
    /// When no pod is active, one that backs off is taken before its time: backing off is for letting others go
    /// first. Pods that back off after an error are not hurried.
    pub fn pop(&mut self, now: Instant) -> Option<QueuedPod> {
        self.release_due(now);
        let key = match self.active.pop_first() {
            Some((_, key)) => key,
            None => self.backing_off.first()?.1.clone(),
        };
        let mut queued = self.pods.remove(&key)?;
        self.unplace(&queued);
        if !matches!(queued.place, Place::Active(_)) {
            // It left the queue while it backed off; whether it may be tried is asked as for any other.
            if self.activate(queued) {
                return None;
            }
            queued = self.pods.remove(&key)?;
            self.unplace(&queued);
        }
        queued.attempts += 1;
        queued.taken_at = self.events;
        self.place(queued.clone(), Place::InFlight);
        Some(queued)
    }

    fn release_due(&mut self, now: Instant) {
        for error in [false, true] {
            let set = |queue: &SchedulingQueue| {
                if error { queue.backing_off_after_error.first().cloned() } else { queue.backing_off.first().cloned() }
            };
            while let Some((until, key)) = set(self).filter(|(until, _)| *until <= now) {
                let set = if error { &mut self.backing_off_after_error } else { &mut self.backing_off };
                set.remove(&(until, key.clone()));
                if let Some(queued) = self.pods.remove(&key) {
                    self.activate(queued);
                }
            }
        }
        let limit = Duration::from_secs(UNSCHEDULABLE_SECONDS);
        while let Some((_, key)) = self.unschedulable.first().filter(|(since, _)| *since + limit <= now).cloned() {
            if let Some(queued) = self.pods.remove(&key) {
                self.unplace(&queued);
                self.requeue(queued, now);
            }
        }
    }

    /// When the queue has to be looked at again; `None` when only an event can change anything.
    pub fn deadline(&self) -> Option<Instant> {
        let stale = self.unschedulable.first().map(|(since, _)| *since + Duration::from_secs(UNSCHEDULABLE_SECONDS));
        let backoff = self.backing_off.first().map(|(until, _)| *until);
        let error = self.backing_off_after_error.first().map(|(until, _)| *until);
        [stale, backoff, error].into_iter().flatten().min()
    }

    /// Puts a pod back that was taken and got no node.
    pub fn failed(&mut self, pod: &PodInfo, failure: Failure, now: Instant) {
        if self.pods.get(&pod.key).is_none_or(|queued| queued.place != Place::InFlight || queued.pod.uid != pod.uid) {
            return;
        }
        let Some(mut queued) = self.pods.remove(&pod.key) else { return };
        queued.since = now;
        queued.failures = queued.failures.saturating_add(1);
        match failure {
            Failure::Error => {
                queued.rejected_by = 0;
                let until = self.backoff_until(&queued);
                self.place(queued, Place::Backoff { until, error: true });
            }
            Failure::Rejected(plugins) => {
                queued.rejected_by = plugins;
                let missed = bits(plugins).any(|plugin| {
                    self.last_events.get(&(queued.profile, plugin)).is_some_and(|event| *event > queued.taken_at)
                });
                if missed {
                    self.requeue(queued, now);
                } else {
                    self.place(queued, Place::Unschedulable(now));
                }
            }
        }
    }

    /// How many pods stand in each place, by upstream's names for them; those in flight are in none.
    pub fn counts(&self) -> [(&'static str, usize); 4] {
        let gated = self.pods.values().filter(|queued| queued.place == Place::Gated).count();
        [
            ("active", self.active.len()),
            ("backoff", self.backing_off.len() + self.backing_off_after_error.len()),
            ("unschedulable", self.unschedulable.len()),
            ("gated", gated),
        ]
    }

    /// How many pods are known, those in flight included.
    pub fn len(&self) -> usize {
        self.pods.len()
    }

    /// Whether no pod is known.
    pub fn is_empty(&self) -> bool {
        self.pods.is_empty()
    }
}

#[cfg(test)]
mod tests;
