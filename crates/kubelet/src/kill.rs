//! Stopping containers and pods, gently first.

use std::{sync::Arc, time::Duration};

use api::views::core_v1::Pod;
use apimachinery::Object;
use client::EventType;
use component_helpers::resources::is_sidecar;
use cri_api::v1::{RemoveContainerRequest, RemovePodSandboxRequest, StopContainerRequest, StopPodSandboxRequest};
use futures::future::join_all;
use tokio::time::Instant;

use crate::{
    lifecycle,
    observed::{Container, Observed, State},
    plan::ContainerKind,
    services::{Services, container_reference},
    start::{detached, find},
};

/// What every container gets to end, even when no time is left.
const MINIMUM_GRACE_PERIOD_SECONDS: i64 = 2;
/// What a pod gets that does not say.
pub(crate) const DEFAULT_GRACE_PERIOD_SECONDS: i64 = 30;

/// A container to stop.
#[derive(Clone, Debug)]
pub(crate) struct KillContainer {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Why, for the event; `None` for the ordinary end of a pod.
    pub(crate) message: Option<String>,
    pub(crate) grace_period_seconds: i64,
}

/// The time that the pod's containers have to end: what the deletion says, else what the specification says.
pub(crate) fn grace_period_seconds(pod: &Object) -> i64 {
    let deletion = pod.metadata().i64_at("deletionGracePeriodSeconds");
    let spec = Pod::of(pod).spec().termination_grace_period_seconds();
    deletion.or(spec).unwrap_or(DEFAULT_GRACE_PERIOD_SECONDS).max(0)
}

/// Stops a container: its hook, its stop signal, and after the grace period SIGKILL. Returns when it has ended.
pub(crate) async fn container(services: &Arc<Services>, pod: &Object, kill: &KillContainer) {
    let found = find(Pod::of(pod), &kill.name);
    let kind = found.map_or(ContainerKind::Regular, |(kind, _)| kind);
    let reference = container_reference(pod, kind, &kill.name);
    let message = kill.message.clone().unwrap_or_else(|| format!("Stopping container {}", kill.name));
    services.container_event(&reference, EventType::Normal, "Killing", message);
    let started = Instant::now();
    let hook = found.and_then(|(_, container)| Some((container, container.lifecycle()?.pre_stop()?)));
    if let Some((container, hook)) = hook.filter(|_| kill.grace_period_seconds > 0) {
        let addresses = Pod::of(pod).status().pod_ip();
        let limit = Duration::from_secs(kill.grace_period_seconds.unsigned_abs());
        let run = lifecycle::run(&services.runtime, &kill.id, container, hook, addresses);
        match tokio::time::timeout(limit, run).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                let message = format!("PreStopHook failed: {error}");
                services.container_event(&reference, EventType::Warning, "FailedPreStopHook", message);
            }
            Err(_) => tracing::warn!(container = kill.name, "the preStop hook did not end within the grace period"),
        }
    }
    let spent = i64::try_from(started.elapsed().as_secs()).unwrap_or(i64::MAX);
    let timeout = (kill.grace_period_seconds - spent).max(MINIMUM_GRACE_PERIOD_SECONDS);
    stop(services, &kill.id, timeout).await;
}

async fn stop(services: &Arc<Services>, id: &str, timeout: i64) {
    let request = StopContainerRequest { container_id: id.to_owned(), timeout };
    let runtime = services.runtime.clone();
    match detached(async move { runtime.stop_container(request).await }).await {
        Err(error) if !error.is_not_found() => tracing::warn!(%error, id, "a container could not be stopped"),
        _ => {}
    }
}

/// Stops everything of a pod and its sandboxes: first regular containers, then sidecars in reverse order, all within
/// one grace period.
pub(crate) async fn pod(services: Arc<Services>, pod: Arc<Object>, observed: Observed, grace: Option<i64>) {
    let grace = grace.unwrap_or_else(|| grace_period_seconds(&pod));
    let started = Instant::now();
    let left = || (grace - i64::try_from(started.elapsed().as_secs()).unwrap_or(i64::MAX)).max(0);
    let kill = |container: &Container, grace_period_seconds: i64| KillContainer {
        id: container.id.clone(),
        name: container.name.clone(),
        message: None,
        grace_period_seconds,
    };
    let sidecar_index = |name: &str| {
        let init = Pod::of(&pod).spec().init_containers();
        init.iter().position(|container| container.name() == name && is_sidecar(container))
    };
    let (mut sidecars, regular): (Vec<&Container>, Vec<&Container>) =
        observed.alive().partition(|container| sidecar_index(&container.name).is_some());
    let kills: Vec<KillContainer> = regular.into_iter().map(|container| kill(container, grace)).collect();
    join_all(kills.iter().map(|kill| self::container(&services, &pod, kill))).await;
    sidecars.sort_by_key(|container| std::cmp::Reverse(sidecar_index(&container.name)));
    for sidecar in sidecars {
        container(&services, &pod, &kill(sidecar, left())).await;
    }
    for sandbox in observed.sandboxes.iter().filter(|sandbox| sandbox.ready) {
        let (runtime, id) = (services.runtime.clone(), sandbox.id.clone());
        let request = StopPodSandboxRequest { pod_sandbox_id: id.clone() };
        if let Err(error) = detached(async move { runtime.stop_pod_sandbox(request).await }).await {
            let message = format!("error killing pod: {error}");
            services.event(&pod, EventType::Warning, "FailedKillPod", message);
        }
    }
}

/// Ends at once what is being stopped already, because the grace period was cut.
pub(crate) async fn hasten(services: Arc<Services>, observed: Observed, grace_period_seconds: i64) {
    let timeout = grace_period_seconds.max(0);
    join_all(observed.alive().map(|container| stop(&services, &container.id, timeout))).await;
}

/// Removes everything that the runtime still has of a pod that has ended.
pub(crate) async fn remove(services: &Arc<Services>, observed: &Observed) -> cri_api::Result<()> {
    for container in observed.containers.iter().filter(|container| container.state != State::Running) {
        remove_container(services, &container.id).await?;
    }
    for sandbox in &observed.sandboxes {
        remove_sandbox(services, &sandbox.id).await?;
    }
    Ok(())
}

/// Forgets a sandbox.
pub(crate) async fn remove_sandbox(services: &Arc<Services>, id: &str) -> cri_api::Result<()> {
    let request = RemovePodSandboxRequest { pod_sandbox_id: id.to_owned() };
    let runtime = services.runtime.clone();
    detached(async move { runtime.remove_pod_sandbox(request).await }).await.map(drop)
}

/// Forgets a container.
pub(crate) async fn remove_container(services: &Arc<Services>, id: &str) -> cri_api::Result<()> {
    let request = RemoveContainerRequest { container_id: id.to_owned() };
    let runtime = services.runtime.clone();
    detached(async move { runtime.remove_container(request).await }).await.map(drop)
}
