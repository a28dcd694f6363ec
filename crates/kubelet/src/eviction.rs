//! Eviction for want of memory, disk or process numbers, with upstream's signals, thresholds, order and words.
//!
//! The node's state is looked at every [`PERIOD`], as upstream's manager does: no kernel interface tells of all of
//! these. What to conclude is pure ([`signals`], [`ranking`]); one pod is ended at a time, and before any the node
//! tries to make room itself. Limits of single pods on what they write are kept here, too ([`limits`]).

use std::{sync::Arc, time::Duration};

use api::views::core_v1::Pod;
use apimachinery::{Object, Value, value};
use client::{EventType, kinds};
use component_helpers::resources;
use tokio::time::Instant;

pub mod limits;
pub mod ranking;
pub mod signals;
pub mod usage;

use self::{
    ranking::Candidate,
    signals::{Condition, Met, Observation},
    usage::PodUsage,
};
use crate::{kubelet::Inner, mailbox::Eviction, metrics::EVICTIONS, worker::is_static};

/// How often the node's state is looked at.
const PERIOD: Duration = Duration::from_secs(10);
/// The reason of pods that are evicted, and of those that are not admitted under pressure.
pub const REASON: &str = "Evicted";
/// From this priority on a pod is critical to its node and never evicted.
const SYSTEM_CRITICAL_PRIORITY: i64 = 2_000_000_000;
/// What a pod gets to end when room is needed at once.
const IMMEDIATE_GRACE_PERIOD_SECONDS: i64 = 1;

/// The conditions that hold, with when each was last met.
#[derive(Debug, Default)]
pub struct Pressure(Vec<(Condition, Instant)>);

impl Pressure {
    /// The conditions that hold now.
    pub fn conditions(&self) -> Vec<Condition> {
        self.0.iter().map(|(condition, _)| *condition).collect()
    }

    /// Takes note of what is met; a condition ends only some time after it was met last. Whether anything changed.
    pub fn update(&mut self, met: &[Met], transition: Duration) -> bool {
        let before = self.conditions();
        let now = Instant::now();
        for condition in met.iter().map(|met| met.signal.condition()) {
            match self.0.iter_mut().find(|(known, _)| *known == condition) {
                Some((_, last)) => *last = now,
                None => self.0.push((condition, now)),
            }
        }
        self.0.retain(|(_, last)| *last + transition > now || *last == now);
        self.0.sort_by_key(|(condition, _)| *condition);
        self.conditions() != before
    }
}

/// Watches over the node for ever.
pub(crate) async fn keep(kubelet: Arc<Inner>) {
    let mut evicted: Option<String> = None;
    loop {
        // The room of the last pod comes back only when it has gone.
        if evicted.as_ref().is_none_or(|uid| !kubelet.is_working(uid)) {
            evicted = look(&kubelet).await;
        }
        tokio::time::sleep(PERIOD).await;
    }
}

/// Looks once; the UID of the pod that was evicted, if one was.
async fn look(kubelet: &Arc<Inner>) -> Option<String> {
    let config = &kubelet.services.config;
    let observed = observe(kubelet).await;
    let met = signals::met(&config.eviction_hard, &observed);
    let (before, changed, now) = {
        let mut pressure = kubelet.services.pressure.lock();
        let before = pressure.conditions();
        let changed = pressure.update(&met, config.eviction_pressure_transition_period);
        (before, changed, pressure.conditions())
    };
    if changed {
        announce(kubelet, &before, &now);
        kubelet.node_changed();
    }
    let Some(first) = met.first() else { return enforce_limits(kubelet).await };
    let message = format!("Attempting to reclaim {}", first.signal.resource());
    tracing::warn!(signal = first.signal.name(), available = %first.available, "{message}");
    node_event(kubelet, EventType::Warning, "EvictionThresholdMet", message);
    if first.signal.condition() == Condition::Disk {
        kubelet.services.garbage.free_all(&kubelet.services).await;
        let again = observe(kubelet).await;
        if !signals::met(&config.eviction_hard, &again).iter().any(|met| met.signal == first.signal) {
            return None;
        }
    }
    let usage = usage::of_pods(kubelet, first.signal.condition() == Condition::Disk).await;
    let pods = kubelet.pods();
    let mut candidates: Vec<Candidate<'_>> = pods
        .iter()
        .filter(|pod| evictable(pod))
        .map(|pod| Candidate::new(Pod::of(pod), usage.get(pod.uid()), first.signal))
        .collect();
    candidates.sort_by(ranking::order);
    let chosen = candidates.first()?;
    let (uid, message) = (chosen.uid.to_owned(), ranking::message(chosen, first));
    let evicted = evict(kubelet, &uid, message, IMMEDIATE_GRACE_PERIOD_SECONDS);
    if evicted {
        EVICTIONS.with(&[first.signal.name()]).increment();
    }
    evicted.then_some(uid)
}

async fn observe(kubelet: &Arc<Inner>) -> Observation {
    let (root, images) = (kubelet.services.config.root_directory.clone(), kubelet.services.images.directory().await);
    crate::volumes::blocking(move || Observation::read(&root, images.as_deref())).await
}

fn evictable(pod: &Object) -> bool {
    let critical = Pod::of(pod).spec().priority().unwrap_or(0) >= SYSTEM_CRITICAL_PRIORITY;
    let ended = matches!(pod.status().str_at("phase"), Some("Succeeded" | "Failed"));
    !critical && !ended && pod.deletion_timestamp().is_none()
}

fn evict(kubelet: &Arc<Inner>, uid: &str, message: String, grace_period_seconds: i64) -> bool {
    let Some(pod) = kubelet.pods().into_iter().find(|pod| pod.uid() == uid) else { return false };
    if is_static(&pod) && !evictable(&pod) {
        return false;
    }
    kubelet.services.event(&pod, EventType::Warning, REASON, message.clone());
    kubelet.evict(uid, Eviction { reason: REASON.to_owned(), message, grace_period_seconds })
}

/// Ends the first pod that has written more than it may.
async fn enforce_limits(kubelet: &Arc<Inner>) -> Option<String> {
    let pods: Vec<Arc<Object>> =
        kubelet.pods().into_iter().filter(|pod| evictable(pod) && limits::has_any(Pod::of(pod))).collect();
    if pods.is_empty() {
        return None;
    }
    let usage = usage::of_pods(kubelet, true).await;
    for pod in pods {
        let nothing = PodUsage::default();
        let used = usage.get(pod.uid()).unwrap_or(&nothing);
        if let Some(message) = limits::exceeded(Pod::of(&pod), used) {
            let grace = IMMEDIATE_GRACE_PERIOD_SECONDS;
            return evict(kubelet, pod.uid(), message, grace).then(|| pod.uid().to_owned());
        }
    }
    None
}

fn node_event(kubelet: &Arc<Inner>, event_type: EventType, reason: &'static str, message: String) {
    let name = kubelet.services.config.node_name.as_str();
    let reference: Value = value!({"kind": kinds::NODES.kind, "apiVersion": "v1", "name": name, "uid": name});
    kubelet.services.recorder.event_about(reference, event_type, reason, message);
}

/// Says in events which conditions have begun or ended.
fn announce(kubelet: &Arc<Inner>, before: &[Condition], now: &[Condition]) {
    let changed = |condition: &Condition| before.contains(condition) != now.contains(condition);
    for condition in Condition::ALL.into_iter().filter(changed) {
        let reason = condition.event(now.contains(&condition));
        let message = format!("Node {} status is now: {reason}", kubelet.services.config.node_name);
        node_event(kubelet, EventType::Normal, reason, message);
    }
}

/// Whether a pod may be admitted while `conditions` hold; else why not.
pub fn admit(pod: Pod<'_>, conditions: &[Condition]) -> Result<(), String> {
    use component_helpers::qos::{self, QosClass};
    let spec = pod.spec();
    if conditions.is_empty() || spec.priority().unwrap_or(0) >= SYSTEM_CRITICAL_PRIORITY {
        return Ok(());
    }
    if conditions == [Condition::Memory] {
        let tolerated = spec.tolerations().iter().any(|toleration| {
            let key = toleration.key() == "node.kubernetes.io/memory-pressure"
                || (toleration.key().is_empty() && toleration.operator() == "Exists");
            key && matches!(toleration.effect(), "" | "NoSchedule")
        });
        if tolerated || qos::of_pod(pod) != QosClass::BestEffort {
            return Ok(());
        }
    }
    let names: Vec<&str> = conditions.iter().map(|condition| condition.name()).collect();
    Err(format!("The node had condition: [{}]. ", names.join(" ")))
}

/// What the pod asks for of a resource, over all its containers.
fn requested(pod: Pod<'_>, resource: &str) -> i64 {
    resources::pod_requests(pod.spec()).get(resource).map_or(0, |quantity| quantity.value())
}

#[cfg(test)]
mod tests;
