//! One pod's worker: it looks, plans, lets tasks carry out the plan, and reports.
//!
//! The worker itself never waits for anything but news: pulls, hooks and grace periods run on tasks beside it, so
//! that a probe's result or a deletion is acted upon at once. At most one task starts containers, one after the
//! other as upstream does; each container that is stopped on its own has a task; the end of a pod has one.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use api::views::core_v1::Pod;
use apimachinery::{Object, time};
use client::{EventType, Options, kinds};
use parking_lot::Mutex;
use tokio::{sync::watch, task::JoinSet, time::Instant};

use crate::{
    backoff::Backoff,
    kill::{self, KillContainer},
    labels,
    logs::rotate::Rotation,
    mailbox::{Mail, Mailbox, MirrorNews},
    observed::{self, Observed, State},
    plan::{self, Plan, ProbeKind},
    prober::Probers,
    services::{Services, pod_title},
    start::{Started, Starter, find},
    status::StartFailures,
    termination,
};

mod report;

/// When the runtime or the API did not answer, it is asked again after this.
const RETRY: Duration = Duration::from_secs(1);
/// When a mirror pod could not be made, it is tried again after this.
const MIRROR_RETRY: Duration = Duration::from_secs(5);
/// How many containers of one name are kept: the newest, and the one before it for its logs.
const KEPT_CONTAINERS: usize = 2;

/// What a task has done.
enum Done {
    Started(Started),
    Killed(String),
    Terminated,
    Hastened,
    Refreshed(Result<Option<Instant>, String>),
    Reset,
}

/// The worker of one pod.
pub(crate) struct Worker {
    services: Arc<Services>,
    mailbox: Arc<Mailbox>,
    uid: String,
    /// When the pod was seen first.
    began: Instant,
    /// The pod as the API has it, as far as known: what status patches are made against.
    written: Arc<Object>,
    failures: Arc<Mutex<StartFailures>>,
    /// Containers whose postStart hook has not ended.
    hooked: Arc<Mutex<BTreeSet<String>>>,
    restarts: BTreeMap<String, Backoff>,
    /// Containers that could not be started, and when they are tried again.
    failed: BTreeMap<String, Instant>,
    messages: termination::Messages,
    probers: Probers,
    rotation: Rotation,
    tasks: JoinSet<Done>,
    starting: bool,
    refreshing: bool,
    /// Whether everything is being stopped to start anew.
    resetting: bool,
    /// Volumes may show something that has changed since they were made.
    stale: bool,
    /// The pod as it was in the last round.
    seen: Option<Arc<Object>>,
    killing: BTreeSet<String>,
    /// Containers that are stopped to be started anew. As upstream's kubelet, whose round does both, we say nothing of
    /// the moment between.
    replacing: BTreeSet<String>,
    /// The grace period with which the pod is being ended, while it is.
    ending: Option<i64>,
    stop: watch::Sender<bool>,
    /// Phase, reason and message that the node itself has decided on.
    verdict: Option<(&'static str, String, String)>,
    torn_down: bool,
    retry_at: Option<Instant>,
    /// When the first of the containers that are held back may start.
    held_until: Option<Instant>,
    refresh_at: Option<Instant>,
}

/// Whether the worker goes on.
enum Next {
    Wait(Option<Instant>),
    Finished,
}

impl Worker {
    pub(crate) fn new(services: Arc<Services>, mailbox: Arc<Mailbox>) -> Worker {
        let pod = mailbox.pod();
        let probers = Probers::new(services.clone(), mailbox.clone());
        let rotation = Rotation::new(services.clone());
        Worker {
            rotation,
            uid: pod.uid().to_owned(),
            began: Instant::now(),
            written: pod,
            services,
            failures: Arc::default(),
            hooked: Arc::default(),
            restarts: BTreeMap::new(),
            failed: BTreeMap::new(),
            messages: termination::Messages::default(),
            probers,
            mailbox,
            tasks: JoinSet::new(),
            starting: false,
            refreshing: false,
            resetting: false,
            stale: false,
            seen: None,
            killing: BTreeSet::new(),
            replacing: BTreeSet::new(),
            ending: None,
            stop: watch::Sender::new(false),
            verdict: None,
            torn_down: false,
            retry_at: None,
            held_until: None,
            refresh_at: None,
        }
    }

    /// Works until the pod and everything of it is gone.
    pub(crate) async fn run(mut self) {
        self.services.watches.follow(&self.mailbox.pod(), &self.mailbox);
        loop {
            let deadline = match self.sync().await {
                Next::Wait(deadline) => deadline,
                Next::Finished => break,
            };
            // Far in the future stands for never.
            let deadline = deadline.unwrap_or_else(|| Instant::now() + Duration::from_secs(86_400 * 365));
            tokio::select! {
                () = self.mailbox.changed() => {}
                () = tokio::time::sleep_until(deadline) => {}
                Some(done) = self.tasks.join_next() => self.done(done),
            }
            while let Some(done) = self.tasks.try_join_next() {
                self.done(done);
            }
        }
        self.services.watches.release(&self.uid);
        self.services.images.forget(&self.uid);
    }

    fn done(&mut self, done: Result<Done, tokio::task::JoinError>) {
        match done {
            Ok(Done::Started(started)) => {
                self.starting = false;
                self.retry_at = started.retry_at;
                self.failed = started.failed;
                self.refresh_at = started.refresh_at.or(self.refresh_at);
            }
            Ok(Done::Killed(id)) => {
                self.killing.remove(&id);
            }
            Ok(Done::Terminated) => self.ending = None,
            Ok(Done::Hastened) => {}
            Ok(Done::Reset) => {
                self.resetting = false;
                self.restarts.clear();
            }
            Ok(Done::Refreshed(refreshed)) => {
                self.refreshing = false;
                match refreshed {
                    Ok(refresh_at) => self.refresh_at = refresh_at,
                    Err(error) => {
                        self.services.event(&self.mailbox.pod(), EventType::Warning, "FailedMount", error);
                        self.refresh_at = Some(Instant::now() + Duration::from_secs(10));
                    }
                }
            }
            Err(error) => {
                // A panic ends one task, not the pod: the next round plans again from what is there.
                tracing::error!(%error, uid = self.uid, "a task of a pod panicked");
                self.starting = false;
                self.refreshing = false;
                self.resetting = false;
                self.killing.clear();
                self.ending = None;
                self.retry_at = Some(Instant::now() + RETRY);
            }
        }
    }

    async fn sync(&mut self) -> Next {
        let mail = self.mailbox.take();
        match &mail.mirror {
            Some(MirrorNews::Is(mirror)) if newer(mirror, &self.written) => self.written = mirror.clone(),
            Some(MirrorNews::Gone(uid)) if uid == self.written.uid() => self.written = mail.pod.clone(),
            _ => {}
        }
        if newer(&mail.pod, &self.written) {
            self.written = mail.pod.clone();
        }
        let pod = mail.pod.clone();
        let mut observed = match observed::observe(&self.services.runtime, &self.uid).await {
            Ok(observed) => observed,
            Err(error) => {
                tracing::warn!(%error, uid = self.uid, "the runtime does not say what it has of a pod");
                return Next::Wait(Some(Instant::now() + RETRY));
            }
        };
        self.messages.fill(&self.services, &mut observed).await;
        self.judge(&pod, &mail);
        let deleted = mail.removed || pod.deletion_timestamp().is_some();
        let phase = self.written.status().str_at("phase").unwrap_or_default();
        let mut terminating = deleted || self.verdict.is_some() || matches!(phase, "Succeeded" | "Failed");
        let mut plan = Plan::default();
        let probes = self.probers.results();
        if !terminating {
            plan = plan::plan(Pod::of(&pod), &observed, &probes);
            terminating = plan.kill_pod && plan.create_sandbox.is_none();
        }
        self.probers.follow(&pod, &observed, terminating || mail.halted);
        self.rotation.follow(&observed);
        let settled = terminating && self.settled(&observed);
        if is_static(&pod) && !mail.removed && !self.mirrored().await {
            self.retry_at = Some(Instant::now() + MIRROR_RETRY);
        } else if !mail.removed && (terminating || !self.is_between(&observed, &plan)) {
            self.report(&pod, &observed, terminating, settled && deleted).await;
        }
        if terminating {
            return self.terminate(&pod, &mail, &observed, settled, deleted).await;
        }
        if mail.halted {
            return self.halt(&pod, &observed);
        }
        self.replacing.extend(plan.kill.iter().map(|kill| kill.id.clone()));
        self.carry_out(&pod, &observed, plan);
        if !self.replacing.is_empty() && self.killing.is_empty() && !self.starting {
            // What was to be started is held back: that is worth a word.
            self.replacing.clear();
            self.mailbox.wake();
        }
        // Files may show the pod's own labels and annotations.
        let relabelled = self
            .seen
            .replace(pod.clone())
            .is_some_and(|seen| seen.labels() != pod.labels() || seen.annotations() != pod.annotations());
        let due = self.refresh_at.is_some_and(|at| at <= Instant::now());
        self.stale |= mail.refresh_volumes || relabelled || due;
        if self.stale {
            self.refresh(&pod, &observed);
        }
        self.collect_garbage(&observed);
        let wait = [
            self.retry_at,
            self.held_until,
            self.refresh_at.filter(|_| !self.refreshing && !self.stale),
            self.deadline(&pod),
        ];
        Next::Wait(wait.into_iter().flatten().min())
    }

    /// Whether a container that was stopped to be started anew has ended, and is about to be.
    fn is_between(&mut self, observed: &Observed, plan: &Plan) -> bool {
        if self.killing.is_empty() && !self.starting && plan.start.is_empty() {
            self.replacing.clear();
        }
        let ended = |id: &String| {
            observed.containers.iter().any(|container| container.id == *id && container.state == State::Exited)
        };
        self.replacing.iter().any(ended)
    }

    /// Decides whether the node itself ends the pod.
    fn judge(&mut self, pod: &Object, mail: &Mail) {
        if self.verdict.is_some() {
            return;
        }
        if let Some(eviction) = &mail.eviction {
            self.verdict = Some(("Failed", eviction.reason.clone(), eviction.message.clone()));
        } else if self.deadline(pod).is_some_and(|deadline| deadline <= Instant::now()) {
            let message = "Pod was active on the node longer than the specified deadline".to_owned();
            self.services.event(pod, EventType::Normal, "DeadlineExceeded", message.clone());
            self.verdict = Some(("Failed", "DeadlineExceeded".to_owned(), message));
        }
    }

    /// When `activeDeadlineSeconds` is over.
    fn deadline(&self, pod: &Object) -> Option<Instant> {
        let seconds = Pod::of(pod).spec().active_deadline_seconds()?;
        let started = self.written.status().str_at("startTime").and_then(time::parse)?;
        let left = started.as_second() + seconds - stdx::clock::now().as_second();
        Some(Instant::now() + Duration::from_secs(u64::try_from(left).unwrap_or(0)))
    }

    /// Whether nothing of the pod runs or is about to.
    fn settled(&self, observed: &Observed) -> bool {
        let dead = observed.alive().next().is_none() && !observed.sandboxes.iter().any(|sandbox| sandbox.ready);
        dead && !self.starting && self.ending.is_none() && self.killing.is_empty()
    }

    fn carry_out(&mut self, pod: &Arc<Object>, observed: &Observed, mut plan: Plan) {
        for kill in plan.kill.drain(..) {
            if self.killing.insert(kill.id.clone()) {
                let grace_period_seconds = kill_grace_seconds(pod, &kill);
                let request =
                    KillContainer { id: kill.id, name: kill.name, message: Some(kill.message), grace_period_seconds };
                let (services, pod) = (self.services.clone(), pod.clone());
                self.tasks.spawn(async move {
                    kill::container(&services, &pod, &request).await;
                    Done::Killed(request.id)
                });
            }
        }
        if self.starting || self.resetting {
            return;
        }
        if !plan.reset.is_empty() {
            self.reset(pod, plan.reset);
            return;
        }
        self.retry_at = self.retry_at.filter(|at| *at > Instant::now());
        self.held_until = None;
        if self.retry_at.is_some() {
            return;
        }
        let now = Instant::now();
        self.failed.retain(|_, at| *at > now);
        plan.start.retain(|start| {
            let failed = self.failed.get(&start.name).copied();
            let Some(until) = failed.or_else(|| self.hold_back(pod, observed, &start.name)) else { return true };
            self.held_until = Some(self.held_until.map_or(until, |at| at.min(until)));
            false
        });
        if plan.create_sandbox.is_none() && plan.start.is_empty() {
            return;
        }
        self.starting = true;
        let starter = Starter {
            services: self.services.clone(),
            pod: pod.clone(),
            observed: observed.clone(),
            failures: self.failures.clone(),
            hooked: self.hooked.clone(),
            stop: self.stop.subscribe(),
        };
        self.tasks.spawn(async move { Done::Started(starter.run(plan).await) });
    }

    /// Stops and forgets containers one after the other; the logs stay.
    fn reset(&mut self, pod: &Arc<Object>, reset: Vec<plan::Reset>) {
        self.resetting = true;
        let (services, pod) = (self.services.clone(), pod.clone());
        self.tasks.spawn(async move {
            for plan::Reset { id, name, kill } in reset {
                if kill {
                    let message = Some(format!("Container {name} is restarted with all containers of its pod"));
                    let request = KillContainer { id: id.clone(), name, message, grace_period_seconds: 0 };
                    kill::container(&services, &pod, &request).await;
                }
                if let Err(error) = kill::remove_container(&services, &id).await {
                    tracing::warn!(%error, id, "a container could not be removed before its pod starts anew");
                    break;
                }
            }
            Done::Reset
        });
    }

    /// Until when a container must not be started: it is being stopped, or it ended too often.
    fn hold_back(&mut self, pod: &Arc<Object>, observed: &Observed, name: &str) -> Option<Instant> {
        let latest = observed.latest(name)?;
        if self.killing.contains(&latest.id) {
            // The end of the task wakes the worker.
            return Some(Instant::now() + Duration::from_secs(3600));
        }
        if latest.state != State::Exited {
            return None;
        }
        let now = stdx::clock::now();
        let ago = i64::try_from(now.as_nanosecond()).unwrap_or(i64::MAX) - latest.finished_at;
        let event = Instant::now().checked_sub(Duration::from_nanos(u64::try_from(ago).unwrap_or(0)));
        let event = event.unwrap_or_else(Instant::now);
        let backoff =
            self.restarts.entry(name.to_owned()).or_insert_with(|| Backoff::new(self.services.config.restart_backoff));
        let Some(until) = backoff.until_since(event) else {
            backoff.next(event);
            return None;
        };
        let delay = time::format_duration(i64::try_from(backoff.delay().as_nanos()).unwrap_or(i64::MAX));
        let title = pod_title(pod);
        let message = format!("back-off {delay} restarting failed container={name} pod={title}");
        let shown = ("CrashLoopBackOff".to_owned(), message);
        if self.failures.lock().insert(name.to_owned(), shown.clone()) != Some(shown) {
            if let Some((kind, _)) = find(Pod::of(pod), name) {
                let reference = crate::services::container_reference(pod, kind, name);
                let message = format!("Back-off restarting failed container {name} in pod {title}");
                self.services.container_event(&reference, EventType::Warning, "BackOff", message);
            }
            // The status shows it.
            self.mailbox.wake();
        }
        Some(until)
    }

    /// Makes the volumes anew; while something else makes them, the wish stays for when that is done.
    fn refresh(&mut self, pod: &Arc<Object>, observed: &Observed) {
        if self.refreshing || self.starting || observed.ready_sandbox().is_none() {
            return;
        }
        self.refreshing = true;
        self.stale = false;
        let addresses = crate::downward::Addresses {
            host: self.services.config.host_addresses(),
            pod: observed.ready_sandbox().map(|sandbox| sandbox.addresses.clone()).unwrap_or_default(),
        };
        let (services, pod) = (self.services.clone(), pod.clone());
        self.tasks.spawn(async move {
            let made = services.volumes.set_up(&pod, &addresses, &services.facts.allocatable).await;
            let earliest = made.map(|volumes| volumes.values().filter_map(|mounted| mounted.refresh_at).min());
            Done::Refreshed(earliest.map_err(|error| error.to_string()))
        });
    }

    /// Removes containers that ended before the last that ended, and sandboxes that nothing is left in.
    fn collect_garbage(&mut self, observed: &Observed) {
        for sandbox in observed.sandboxes.iter().skip(1).filter(|sandbox| !sandbox.ready) {
            let empty = !observed.containers.iter().any(|container| container.sandbox_id == sandbox.id);
            if empty && !self.starting && self.killing.insert(sandbox.id.clone()) {
                let (services, id) = (self.services.clone(), sandbox.id.clone());
                self.tasks.spawn(async move {
                    if let Err(error) = kill::remove_sandbox(&services, &id).await {
                        tracing::warn!(%error, id, "an old sandbox could not be removed");
                    }
                    Done::Killed(id)
                });
            }
        }
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for container in &observed.containers {
            let count = seen.entry(&container.name).or_default();
            *count += 1;
            let dead = matches!(container.state, State::Exited | State::Created);
            if *count > KEPT_CONTAINERS && dead && self.killing.insert(container.id.clone()) {
                let (services, id) = (self.services.clone(), container.id.clone());
                let log = container.log_path.clone();
                self.tasks.spawn(async move {
                    if let Err(error) = kill::remove_container(&services, &id).await {
                        tracing::warn!(%error, id, "an old container could not be removed");
                    }
                    crate::logs::remove(&log).await;
                    Done::Killed(id)
                });
            }
        }
    }

    /// Ends the pod, step by step as what runs comes to its end.
    async fn terminate(
        &mut self,
        pod: &Arc<Object>,
        mail: &Mail,
        observed: &Observed,
        settled: bool,
        deleted: bool,
    ) -> Next {
        self.stop.send_replace(true);
        if settled {
            return self.finish(pod, mail, observed, deleted).await;
        }
        if self.starting || !self.killing.is_empty() {
            return Next::Wait(None);
        }
        let grace = mail.eviction.as_ref().filter(|_| !deleted).map(|eviction| eviction.grace_period_seconds);
        self.end(pod, observed, grace.unwrap_or_else(|| kill::grace_period_seconds(pod)));
        Next::Wait(None)
    }

    /// Ends the pod's containers because the node goes out of service; a later kubelet starts them again, as after
    /// a reboot.
    fn halt(&mut self, pod: &Arc<Object>, observed: &Observed) -> Next {
        self.stop.send_replace(true);
        if self.settled(observed) {
            return Next::Finished;
        }
        if !self.starting && self.killing.is_empty() {
            self.end(pod, observed, kill::grace_period_seconds(pod));
        }
        Next::Wait(None)
    }

    /// Begins to stop all that runs, or leaves it less time than before.
    fn end(&mut self, pod: &Arc<Object>, observed: &Observed, grace: i64) {
        match self.ending {
            None => {
                self.ending = Some(grace);
                let killed = kill::pod(self.services.clone(), pod.clone(), observed.clone(), Some(grace));
                self.tasks.spawn(async move {
                    killed.await;
                    Done::Terminated
                });
            }
            Some(before) if grace < before => {
                self.ending = Some(grace);
                let hastened = kill::hasten(self.services.clone(), observed.clone(), grace);
                self.tasks.spawn(async move {
                    hastened.await;
                    Done::Hastened
                });
            }
            Some(_) => {}
        }
    }

    /// Clears away what is left of a pod that has ended.
    async fn finish(&mut self, pod: &Arc<Object>, mail: &Mail, observed: &Observed, deleted: bool) -> Next {
        if !self.torn_down {
            if let Err(error) = self.services.volumes.tear_down(&self.uid, deleted).await {
                tracing::warn!(%error, pod = %pod.key(), "the volumes of a pod could not be removed");
                return Next::Wait(Some(Instant::now() + RETRY));
            }
            self.torn_down = !deleted;
        }
        if !deleted {
            // Its containers are kept for their logs until somebody deletes the pod.
            return if mail.halted { Next::Finished } else { Next::Wait(None) };
        }
        if !mail.removed && !is_static(pod) {
            let options =
                Options { grace_period_seconds: Some(0), precondition_uid: pod.uid().to_owned(), ..Options::default() };
            match self.services.client.namespaced(&kinds::PODS, pod.namespace()).delete(pod.name(), options).await {
                Err(error) if !error.is_not_found() && !error.is_conflict() => {
                    tracing::warn!(%error, pod = %pod.key(), "a pod that has ended could not be deleted");
                    return Next::Wait(Some(Instant::now() + RETRY));
                }
                _ => {}
            }
        }
        if let Err(error) = kill::remove(&self.services, observed).await {
            tracing::warn!(%error, pod = %pod.key(), "what the runtime has of a pod could not be removed");
            return Next::Wait(Some(Instant::now() + RETRY));
        }
        crate::logs::remove_pod(&self.services.config, pod, observed).await;
        Next::Finished
    }
}

/// Whether a pod comes from a file of this node.
pub(crate) fn is_static(pod: &Object) -> bool {
    pod.annotation(labels::CONFIG_SOURCE) == Some("file")
}

/// Whether `a` is a later version of the same object than `b`.
fn newer(a: &Object, b: &Object) -> bool {
    let version = |object: &Object| object.resource_version().parse::<u64>().unwrap_or(0);
    a.uid() == b.uid() && version(a) > version(b)
}

/// The grace period of a container that is stopped on its own: a probe may have one of its own.
fn kill_grace_seconds(pod: &Object, kill: &plan::Kill) -> i64 {
    let container = find(Pod::of(pod), &kill.name).map(|(_, container)| container);
    let probe = container.and_then(|container| match kill.by_probe? {
        ProbeKind::Startup => container.startup_probe(),
        ProbeKind::Liveness => container.liveness_probe(),
        ProbeKind::Readiness => None,
    });
    probe.and_then(|probe| probe.termination_grace_period_seconds()).unwrap_or_else(|| kill::grace_period_seconds(pod))
}
