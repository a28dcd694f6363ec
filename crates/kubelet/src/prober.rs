//! Probes: whether containers have come up, should go on, should get traffic.
//!
//! Each probe of a running container is a task that sleeps until its next deadline; the thresholds and periods are
//! upstream's. Results go to the pod's worker, which decides.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use api::views::core_v1::{Container, Pod, Probe};
use apimachinery::{Object, Value};
use client::EventType;
use component_helpers::resources::is_sidecar;
use parking_lot::Mutex;
use tokio::{task::AbortHandle, time::Instant};

use crate::{
    mailbox::Mailbox,
    metrics::PROBES,
    observed::{Observed, State},
    plan::{ContainerProbes, ProbeKind, Probed, Probes},
    services::{Services, container_reference},
};

pub mod grpc;
mod handlers;

pub use handlers::{Outcome, run};

/// How often a probe is tried before a failure counts as one.
const ATTEMPTS: usize = 3;
/// The most of an output that an event shows.
const OUTPUT_LIMIT_BYTES: usize = 10 * 1024;

/// The settings of a probe, with upstream's defaults.
#[derive(Clone, Copy, Debug)]
struct Settings {
    initial_delay: Duration,
    period: Duration,
    timeout: Duration,
    success_threshold: i64,
    failure_threshold: i64,
}

fn seconds(value: i64, default: u64) -> Duration {
    Duration::from_secs(u64::try_from(value).ok().filter(|value| *value > 0).unwrap_or(default))
}

impl Settings {
    fn of(probe: Probe<'_>) -> Settings {
        let threshold = |value: i64, default: i64| if value > 0 { value } else { default };
        Settings {
            initial_delay: seconds(probe.initial_delay_seconds(), 0),
            period: seconds(probe.period_seconds(), 10),
            timeout: seconds(probe.timeout_seconds(), 1),
            success_threshold: threshold(probe.success_threshold(), 1),
            failure_threshold: threshold(probe.failure_threshold(), 3),
        }
    }
}

type Key = (String, ProbeKind);

/// The probes of one pod's containers.
pub(crate) struct Probers {
    services: Arc<Services>,
    mailbox: Arc<Mailbox>,
    results: Arc<Mutex<Probes>>,
    tasks: BTreeMap<Key, AbortHandle>,
}

impl Drop for Probers {
    fn drop(&mut self) {
        self.tasks.values().for_each(AbortHandle::abort);
    }
}

/// The probes of a container.
fn probes_of<'a>(container: Container<'a>) -> impl Iterator<Item = (ProbeKind, Probe<'a>)> {
    let all = [
        (ProbeKind::Startup, container.startup_probe()),
        (ProbeKind::Liveness, container.liveness_probe()),
        (ProbeKind::Readiness, container.readiness_probe()),
    ];
    all.into_iter().filter_map(|(kind, probe)| Some((kind, probe?)))
}

fn slot(probes: &mut ContainerProbes, kind: ProbeKind) -> &mut Option<Probed> {
    match kind {
        ProbeKind::Startup => &mut probes.startup,
        ProbeKind::Liveness => &mut probes.liveness,
        ProbeKind::Readiness => &mut probes.readiness,
    }
}

impl Probers {
    pub(crate) fn new(services: Arc<Services>, mailbox: Arc<Mailbox>) -> Probers {
        Probers { services, mailbox, results: Arc::default(), tasks: BTreeMap::new() }
    }

    /// What the probes of all containers found last.
    pub(crate) fn results(&self) -> Probes {
        self.results.lock().clone()
    }

    /// Starts the probes of containers that run and ends those of containers that do not. While a pod ends only its
    /// readiness is of interest.
    pub(crate) fn follow(&mut self, pod: &Arc<Object>, observed: &Observed, terminating: bool) {
        let view = Pod::of(pod);
        let mut wanted: BTreeMap<Key, (String, Duration)> = BTreeMap::new();
        let sidecars = view.spec().init_containers().iter().filter(|container| is_sidecar(*container));
        for container in sidecars.chain(view.spec().containers().iter()) {
            let running = observed.latest(container.name()).filter(|status| status.state == State::Running);
            let Some(running) = running else { continue };
            for (kind, _) in probes_of(container).filter(|(kind, _)| !terminating || *kind == ProbeKind::Readiness) {
                wanted.insert((running.id.clone(), kind), (container.name().to_owned(), age(running.started_at)));
            }
        }
        let results = self.results.clone();
        self.tasks.retain(|(id, kind), task| {
            let keep = wanted.contains_key(&(id.clone(), *kind));
            if !keep {
                task.abort();
                if let Some(probes) = results.lock().get_mut(id) {
                    *slot(probes, *kind) = None;
                }
            }
            keep
        });
        self.results.lock().retain(|id, _| observed.containers.iter().any(|container| container.id == *id));
        for ((id, kind), (name, age)) in wanted {
            if self.tasks.contains_key(&(id.clone(), kind)) {
                continue;
            }
            *slot(self.results.lock().entry(id.clone()).or_default(), kind) =
                // What runs is taken to be alive until it is known not to be.
                Some(if kind == ProbeKind::Liveness { Probed::Success } else { Probed::Unknown });
            let task = Task {
                services: self.services.clone(),
                mailbox: self.mailbox.clone(),
                results: self.results.clone(),
                container_id: id.clone(),
                container: name,
                kind,
            };
            let address = observed.ready_sandbox().and_then(|sandbox| sandbox.addresses.first().cloned());
            let address = if view.spec().host_network() {
                self.services.config.host_addresses().into_iter().next()
            } else {
                address
            };
            let handle = tokio::spawn(task.run(pod.clone(), address.unwrap_or_default(), age)).abort_handle();
            self.tasks.insert((id, kind), handle);
        }
    }
}

/// How long ago a time of the runtime's clock is.
fn age(nanoseconds: i64) -> Duration {
    let now = i64::try_from(stdx::clock::now().as_nanosecond()).unwrap_or(i64::MAX);
    Duration::from_nanos(u64::try_from(now.saturating_sub(nanoseconds)).unwrap_or(0))
}

/// One probe of one running container.
struct Task {
    services: Arc<Services>,
    mailbox: Arc<Mailbox>,
    results: Arc<Mutex<Probes>>,
    container_id: String,
    container: String,
    kind: ProbeKind,
}

impl Task {
    async fn run(self, pod: Arc<Object>, address: String, age: Duration) {
        let Some((list, container)) = crate::start::find(Pod::of(&pod), &self.container) else { return };
        let Some((_, probe)) = probes_of(container).find(|(kind, _)| *kind == self.kind) else { return };
        let settings = Settings::of(probe);
        let reference = container_reference(&pod, list, &self.container);
        let mut due = Instant::now() + settings.initial_delay.saturating_sub(age);
        let (mut last, mut run_length) = (None, 0);
        loop {
            tokio::time::sleep_until(due).await;
            due = Instant::now() + settings.period;
            if self.waits_for_startup(container) {
                continue;
            }
            let outcome = self.attempt(container, probe, settings.timeout, &address).await;
            let good = outcome.is_ok();
            run_length = if last == Some(good) { run_length + 1 } else { 1 };
            last = Some(good);
            self.count(&pod, &outcome);
            self.report(&reference, &outcome);
            let threshold = if good { settings.success_threshold } else { settings.failure_threshold };
            if run_length < threshold {
                continue;
            }
            self.set(if good { Probed::Success } else { Probed::Failure });
            let done = match self.kind {
                // Once up, always up; and what has failed is about to be killed.
                ProbeKind::Startup => true,
                ProbeKind::Liveness => !good,
                ProbeKind::Readiness => false,
            };
            if done {
                return;
            }
        }
    }

    /// Liveness and readiness are not asked before the container has come up.
    fn waits_for_startup(&self, container: Container<'_>) -> bool {
        let started = || self.results.lock().get(&self.container_id).and_then(|probes| probes.startup);
        self.kind != ProbeKind::Startup && container.startup_probe().is_some() && started() != Some(Probed::Success)
    }

    async fn attempt(
        &self,
        container: Container<'_>,
        probe: Probe<'_>,
        timeout: Duration,
        address: &str,
    ) -> Result<Outcome, String> {
        let mut result = Err(String::new());
        for _ in 0..ATTEMPTS {
            let runtime = &self.services.runtime;
            result = run(runtime, &self.container_id, container, probe.probe_handler(), timeout, address).await;
            match &result {
                // Only what says nothing about the container is tried again.
                Err(error) if error.starts_with(handlers::INCONCLUSIVE) => {}
                _ => break,
            }
        }
        result
    }

    fn count(&self, pod: &Object, outcome: &Result<Outcome, String>) {
        let kind = match self.kind {
            ProbeKind::Startup => "Startup",
            ProbeKind::Liveness => "Liveness",
            ProbeKind::Readiness => "Readiness",
        };
        let result = if outcome.is_ok() { "successful" } else { "failed" };
        PROBES.with(&[kind, result, &self.container, pod.name(), pod.namespace(), pod.uid()]).increment();
    }

    fn report(&self, reference: &Value, outcome: &Result<Outcome, String>) {
        let kind = match self.kind {
            ProbeKind::Startup => "Startup",
            ProbeKind::Liveness => "Liveness",
            ProbeKind::Readiness => "Readiness",
        };
        let cut = |text: &str| text.get(..OUTPUT_LIMIT_BYTES).unwrap_or(text).to_owned();
        match outcome {
            Ok(Outcome::Success) => {}
            Ok(Outcome::Warning(output)) => {
                let message = format!("{kind} probe warning: {}", cut(output));
                self.services.container_event(reference, EventType::Warning, "ProbeWarning", message);
            }
            Err(output) => {
                let message = format!("{kind} probe failed: {}", cut(output));
                self.services.container_event(reference, EventType::Warning, "Unhealthy", message);
            }
        }
    }

    fn set(&self, found: Probed) {
        let mut results = self.results.lock();
        let slot = slot(results.entry(self.container_id.clone()).or_default(), self.kind);
        if *slot != Some(found) {
            *slot = Some(found);
            drop(results);
            self.mailbox.wake();
        }
    }
}
