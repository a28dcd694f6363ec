//! The loop: one pod after the other, bindings in the background.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use apimachinery::Str;
use client::{Client, EventRecorder, SharedInformers};
use parking_lot::Mutex;
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use crate::{
    algorithm::{Algorithm, Outcome},
    cache::{Cache, PodInfo},
    configuration::Configuration,
    diagnosis::Diagnosis,
    framework::{PostFilter, Profile},
    handlers,
    metrics::{self, Attempt},
    queue::{Backoff, Failure, QueuedPod, SchedulingQueue},
};

/// Bindings, status writes and preemptions that are under way at once; cycles wait while there are more.
const WRITES_AT_ONCE: usize = 256;

/// What the loop and the event handlers share.
pub(crate) struct State {
    pub(crate) cache: Cache,
    pub(crate) queue: SchedulingQueue,
    algorithm: Algorithm,
    /// Pods that are held back and whose condition does not say so yet.
    pub(crate) gated: Vec<Arc<PodInfo>>,
}

/// A scheduler at work; clones share it.
#[derive(Clone)]
pub(crate) struct Scheduler {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) client: Client,
    pub(crate) recorders: Vec<EventRecorder>,
    pub(crate) profiles: Arc<[Profile]>,
    pub(crate) state: Mutex<State>,
    /// The queue may have something to do.
    pub(crate) changed: Notify,
    percentage_of_nodes_to_score: usize,
}

/// What a cycle decided; carried out without the lock.
enum Decision {
    Bind(Arc<PodInfo>, usize, Attempt),
    Fail(Box<Unplaced>),
}

/// A pod that got no node.
pub(crate) struct Unplaced {
    pub(crate) queued: QueuedPod,
    pub(crate) diagnosis: Diagnosis,
    pub(crate) post: PostFilter,
    /// Set when something went wrong, and no node was judged.
    pub(crate) error: Option<String>,
}

/// Schedules the pods of the configured profiles until the future is dropped.
///
/// `client` must act as `system:kube-scheduler`; `informers` are the process's.
pub async fn run(client: Client, informers: SharedInformers, configuration: Configuration) {
    let scheduler = Scheduler::new(client, &configuration);
    handlers::follow(&scheduler, &informers).await;
    tracing::info!(profiles = scheduler.shared.profiles.len(), "the scheduler has started");
    let writes = Arc::new(Semaphore::new(WRITES_AT_ONCE));
    // Ends the writes with the loop.
    let mut tasks = tokio::task::JoinSet::new();
    loop {
        let permit = writes.clone().acquire_owned().await.expect("the semaphore is never closed");
        while tasks.try_join_next().is_some() {}
        match scheduler.next().await {
            Work::Pod(queued) => match scheduler.cycle(queued) {
                Decision::Bind(pod, profile, attempt) => {
                    scheduler.spawn(&mut tasks, permit, |this| this.bind(pod, profile, attempt));
                }
                Decision::Fail(unplaced) => scheduler.spawn(&mut tasks, permit, |this| this.report(unplaced)),
            },
            Work::Gated(pods) => scheduler.spawn(&mut tasks, permit, |this| this.report_gated(pods)),
        }
        // A cycle never waits; others must get their turn.
        tokio::task::yield_now().await;
    }
}

enum Work {
    Pod(Box<QueuedPod>),
    Gated(Vec<Arc<PodInfo>>),
}

impl Scheduler {
    pub(crate) fn new(client: Client, configuration: &Configuration) -> Scheduler {
        let profiles: Arc<[Profile]> = configuration.profiles.iter().map(Profile::new).collect();
        let recorder = |profile: &Profile| EventRecorder::new(client.clone(), profile.scheduler_name.clone(), "");
        let recorders = profiles.iter().map(recorder).collect();
        let backoff = Backoff { initial: configuration.pod_initial_backoff, max: configuration.pod_max_backoff };
        let state = State {
            cache: Cache::default(),
            queue: SchedulingQueue::new(profiles.clone(), backoff),
            algorithm: Algorithm::default(),
            gated: Vec::new(),
        };
        let shared = Shared {
            client,
            recorders,
            profiles,
            state: Mutex::new(state),
            changed: Notify::new(),
            percentage_of_nodes_to_score: configuration.percentage_of_nodes_to_score,
        };
        let shared = Arc::new(shared);
        metrics::measure(Arc::downgrade(&shared));
        Scheduler { shared }
    }

    /// The profile for pods that name `scheduler_name`; such pods are ours.
    pub(crate) fn profile_of(&self, scheduler_name: &str) -> Option<usize> {
        self.shared.profiles.iter().position(|profile| profile.scheduler_name == scheduler_name)
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(
        &self,
        tasks: &mut tokio::task::JoinSet<()>,
        permit: OwnedSemaphorePermit,
        work: impl FnOnce(Scheduler) -> F,
    ) {
        let work = work(self.clone());
        tasks.spawn(async move {
            work.await;
            drop(permit);
        });
    }

    /// Waits for something to do. One future waits for events and for the queue's next deadline.
    async fn next(&self) -> Work {
        loop {
            let changed = self.shared.changed.notified();
            let deadline = {
                let mut state = self.shared.state.lock();
                if !state.gated.is_empty() {
                    return Work::Gated(std::mem::take(&mut state.gated));
                }
                if let Some(queued) = state.queue.pop(Instant::now()) {
                    return Work::Pod(Box::new(queued));
                }
                state.queue.deadline()
            };
            match deadline {
                Some(deadline) => {
                    tokio::select! {
                        () = changed => {}
                        () = tokio::time::sleep_until(deadline) => {}
                    }
                }
                None => changed.await,
            }
        }
    }

    /// Runs a cycle. A panic in it fails this pod and nothing else.
    fn cycle(&self, queued: Box<QueuedPod>) -> Decision {
        let attempt = Attempt::new(&queued);
        let decided = catch_unwind(AssertUnwindSafe(|| self.decide(&queued)));
        let (diagnosis, post, error) = match decided {
            Ok(Ok(pod)) => return Decision::Bind(pod, queued.profile, attempt),
            Ok(Err((diagnosis, post))) => (*diagnosis, post, None),
            Err(_) => {
                tracing::error!(pod = %queued.pod.key, "the scheduling cycle panicked");
                let error = "the scheduler failed while it looked for a node; it will try again".to_owned();
                (Diagnosis::default(), PostFilter::default(), Some(error))
            }
        };
        attempt.failed(&self.shared.profiles[queued.profile].scheduler_name, error.is_some());
        Decision::Fail(Box::new(Unplaced { queued: *queued, diagnosis, post, error }))
    }

    fn decide(&self, queued: &QueuedPod) -> Result<Arc<PodInfo>, (Box<Diagnosis>, PostFilter)> {
        let profile = &self.shared.profiles[queued.profile];
        let mut state = self.shared.state.lock();
        let State { cache, algorithm, .. } = &mut *state;
        cache.order();
        let percent = self.shared.percentage_of_nodes_to_score;
        let began = Instant::now();
        let outcome = algorithm.schedule(profile, percent, cache, &queued.pod);
        metrics::searched(began);
        let index = match outcome {
            Outcome::Node(index) => index,
            Outcome::Unschedulable(diagnosis, post) => {
                // Room is kept from now on, not only once the victims are gone.
                if let Some((node, _)) = &post.preemption {
                    cache.nominate(&queued.pod, node);
                } else if post.clears_nomination {
                    cache.forget_nomination(&queued.pod.key);
                }
                return Err((diagnosis, post));
            }
        };
        let node = cache.node(index);
        let name: Str = node.name.clone();
        for (number, _, plugin) in profile.plugins() {
            if let Err(rejection) = plugin.reserve(&queued.pod, node) {
                profile.plugins().for_each(|(.., plugin)| plugin.unreserve(&queued.pod, &name));
                let mut diagnosis = Box::new(Diagnosis::new(cache.nodes_total()));
                diagnosis.note(index, (number, rejection));
                return Err((diagnosis, PostFilter::default()));
            }
        }
        let placed = Arc::new(queued.pod.placed(&name));
        cache.add_pod(placed.clone(), true);
        Ok(placed)
    }

    /// Takes back that a pod was assumed on its node, and lets it be tried again.
    pub(crate) fn forget(&self, pod: &PodInfo, profile: usize, failure: Failure) {
        let profile = &self.shared.profiles[profile];
        profile.plugins().for_each(|(.., plugin)| plugin.unreserve(pod, &pod.node_name));
        let mut state = self.shared.state.lock();
        // First back into the queue: the event below is none that it missed.
        state.queue.failed(pod, failure, Instant::now());
        if state.cache.is_assumed(&pod.key, &pod.uid) {
            state.cache.remove_pod(&pod.key);
            handlers::placed_pod_gone(&mut state, pod);
        }
        drop(state);
        self.shared.changed.notify_one();
    }
}

#[cfg(test)]
mod tests;
