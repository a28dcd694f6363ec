//! What informers say, applied to cache and queue.
//!
//! Objects are read before the lock is taken; under it only small, bounded steps are done.

use std::sync::Arc;

use apimachinery::{Object, Str};
use client::{Event, SharedInformers, kinds};
use tokio::time::Instant;

use crate::{
    cache::{NodeFacts, PodInfo, has_ended, same_but_node},
    framework::{ClusterEvent, EventKinds},
    scheduler::{Scheduler, State},
};

/// Follows everything that scheduling depends on; returns once all of it is known.
pub(crate) async fn follow(scheduler: &Scheduler, informers: &SharedInformers) {
    let add = |resource, apply: fn(&Scheduler, &Event)| {
        let informer = informers.of(resource);
        let scheduler = scheduler.clone();
        informer.add_handler(move |event: &Event| {
            apply(&scheduler, event);
            scheduler.shared.changed.notify_one();
        });
        informer
    };
    // Nodes and placed pods come before the loop starts, whatever order they come in.
    let all = [
        add(&kinds::NODES, on_node),
        add(&kinds::NAMESPACES, on_namespace),
        add(&kinds::SERVICES, |scheduler, event| {
            scheduler.shared.state.lock().cache.workloads.set_service(event.object(), is_gone(event));
        }),
        add(&kinds::REPLICA_SETS, |scheduler, event| on_owner(scheduler, "ReplicaSet", event)),
        add(&kinds::STATEFUL_SETS, |scheduler, event| on_owner(scheduler, "StatefulSet", event)),
        add(&kinds::REPLICATION_CONTROLLERS, |scheduler, event| on_owner(scheduler, "ReplicationController", event)),
        add(&kinds::POD_DISRUPTION_BUDGETS, |scheduler, event| {
            scheduler.shared.state.lock().cache.workloads.set_budget(event.object(), is_gone(event));
        }),
        add(&kinds::PODS, on_pod),
    ];
    for informer in &all {
        informer.synced().await;
    }
}

fn is_gone(event: &Event) -> bool {
    matches!(event, Event::Deleted(_))
}

fn on_owner(scheduler: &Scheduler, kind: &'static str, event: &Event) {
    scheduler.shared.state.lock().cache.workloads.set_owner(kind, event.object(), is_gone(event));
}

fn on_namespace(scheduler: &Scheduler, event: &Event) {
    let object = event.object();
    let labels = (!is_gone(event)).then(|| object.labels().clone());
    let mut state = scheduler.shared.state.lock();
    let State { cache, queue, .. } = &mut *state;
    if cache.set_namespace(object.name().into(), labels) {
        queue.on_event(&ClusterEvent::other(EventKinds::NAMESPACE_LABELS), Instant::now());
    }
}

fn on_node(scheduler: &Scheduler, event: &Event) {
    let object = event.object();
    let name: Str = object.name().into();
    let facts = (!is_gone(event)).then(|| NodeFacts::read(object));
    let mut state = scheduler.shared.state.lock();
    let State { cache, queue, .. } = &mut *state;
    let Some(facts) = facts else {
        if let Some(node) = cache.node_named(&name) {
            queue.on_event(&ClusterEvent::node(EventKinds::NODE_DELETED, node, None), Instant::now());
        }
        cache.remove_node(&name);
        return;
    };
    if cache.node_named(&name).is_some_and(|node| **node == facts) {
        return;
    }
    let old = cache.set_node(&name, facts);
    let Some(node) = cache.node_named(&name) else { return };
    let kinds = old.as_ref().map_or(EventKinds::NODE_ADDED, |old| EventKinds::of_node_update(old, node));
    queue.on_event(&ClusterEvent::node(kinds, node, old.as_ref()), Instant::now());
}

/// A placed pod is gone, or no longer assumed: others may fit now.
pub(crate) fn placed_pod_gone(state: &mut State, pod: &PodInfo) {
    state.queue.on_event(&ClusterEvent::pod(EventKinds::POD_DELETED, pod), Instant::now());
}

fn is_placed(object: &Object) -> bool {
    object.spec().str_at("nodeName").is_some_and(|name| !name.is_empty())
}

fn on_pod(scheduler: &Scheduler, event: &Event) {
    let object = event.object();
    let key = object.key();
    if is_gone(event) || has_ended(object) {
        let mut state = scheduler.shared.state.lock();
        state.queue.remove(&key);
        state.cache.forget_nomination(&key);
        if let Some(pod) = state.cache.remove_pod(&key) {
            placed_pod_gone(&mut state, &pod);
        }
        return;
    }
    if is_placed(object) {
        return on_placed_pod(scheduler, event);
    }
    let Some(profile) = scheduler.profile_of(object.spec().str_at("schedulerName").unwrap_or_default()) else { return };
    let pod = Arc::new(PodInfo::read(object));
    let mut state = scheduler.shared.state.lock();
    let State { cache, queue, gated, .. } = &mut *state;
    if pod.terminating {
        queue.remove(&key);
        cache.forget_nomination(&key);
        return;
    }
    if cache.is_assumed(&key, &pod.uid) {
        // An older version than the one that is on its way.
        queue.update(pod, Instant::now());
        return;
    }
    if !pod.wishes().nominated_node.is_empty() {
        let node = pod.wishes().nominated_node.clone();
        cache.nominate(&pod, &node);
    }
    if queue.update(pod.clone(), Instant::now()) {
        return;
    }
    let held_back = queue.add(pod.clone(), profile, Instant::now());
    let told = pod.wishes().condition.as_ref().is_some_and(|(reason, _)| reason == "SchedulingGated");
    if held_back && !told && !pod.wishes().gates.is_empty() {
        gated.push(pod);
    }
}

fn on_placed_pod(scheduler: &Scheduler, event: &Event) {
    let object = event.object();
    let key = object.key();
    let node = object.spec().str_at("nodeName").unwrap_or_default();
    let unchanged = event.old().is_some_and(|old| same_but_node(old, object));
    if unchanged {
        let mut state = scheduler.shared.state.lock();
        let State { cache, queue, .. } = &mut *state;
        if cache.confirm(&key, object.uid(), node) {
            queue.remove(&key);
            if let Some(pod) = cache.pod(&key) {
                queue.on_event(&ClusterEvent::pod(EventKinds::POD_ASSIGNED, pod), Instant::now());
            }
            return;
        }
        if event.old().is_some_and(|old| is_placed(old)) {
            return;
        }
    }
    let pod = Arc::new(PodInfo::read(object));
    let mut state = scheduler.shared.state.lock();
    let State { cache, queue, .. } = &mut *state;
    queue.remove(&key);
    let old = cache.pod(&key).cloned();
    cache.add_pod(pod.clone(), false);
    let kinds = match old {
        Some(old) if old.uid == pod.uid && old.node_name == pod.node_name => EventKinds::of_placed_update(&old, &pod),
        Some(old) => {
            queue.on_event(&ClusterEvent::pod(EventKinds::POD_DELETED, &old), Instant::now());
            EventKinds::POD_ASSIGNED
        }
        None => EventKinds::POD_ASSIGNED,
    };
    queue.on_event(&ClusterEvent::pod(kinds, &pod), Instant::now());
}
