//! The fleet: one task that owns every node and pod, and the requests it makes.

mod figures;
mod requests;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use apimachinery::{Object, Status, Str};
use client::{Client, Options, Transport, kinds};
use futures::StreamExt;
use tokio::{
    sync::{mpsc, watch},
    task::{AbortHandle, JoinSet},
    time::Instant,
};
use tokio_util::time::{DelayQueue, delay_queue::Key};

pub use figures::Figures;

use crate::{
    FleetOptions, PodLife, WatchMode, node,
    pod::{Pod, Stage, Step},
    watch::{Follower, Heard, others},
};
use figures::Counters;

/// After a request that failed, before it is tried again: so long, and up to twice.
const RETRY_MILLISECONDS: u64 = 1000;
/// How many messages are taken before timers get their turn.
const MESSAGES_AT_ONCE: usize = 256;

/// Nodes at work; they stop when it is dropped.
pub struct Fleet {
    options: Arc<FleetOptions>,
    client: Client,
    counters: Arc<Counters>,
    state: watch::Receiver<Progress>,
    task: AbortHandle,
}

/// How far the start has come.
#[derive(Clone, Debug)]
enum Progress {
    /// So many nodes are registered, and so many hear of their pods.
    Starting,
    Ready,
    Failed(Status),
}

/// What a request came to.
enum Done {
    Registered(u32, Result<Str, Status>),
    /// With the lease's new version.
    Renewed(u32, Result<Str, Status>),
    Reported(u32, Result<(), Status>),
    Wrote(Str, Stage, Result<(), Status>),
}

/// What the wheel brings up.
enum Due {
    Register(u32),
    Lease(u32),
    Report(u32),
    /// The pod enters this stage, or is looked at once more.
    Pod(Str, Option<Stage>),
}

/// A node; small, since there are many.
struct Hollow {
    uid: Str,
    lease_version: Str,
    lease_due: Instant,
    /// Whether it has heard of its pods once.
    synced: bool,
    /// Which of its pod addresses are in use, bit by bit.
    slots: [u64; 4],
}

struct Played {
    pod: Pod,
    /// A request about it is under way.
    busy: bool,
    timer: Option<Key>,
}

impl Fleet {
    /// Starts `options.nodes` nodes, without waiting for them.
    pub fn start(transport: Arc<dyn Transport>, options: FleetOptions) -> Fleet {
        let client = Client::new(transport, "kubelet");
        let options = Arc::new(options);
        let counters = Arc::new(Counters::default());
        let (progress, state) = watch::channel(Progress::Starting);
        let actor = Actor::new(client.clone(), options.clone(), counters.clone(), progress);
        let task = tokio::spawn(actor.run()).abort_handle();
        Fleet { options, client, counters, state, task }
    }

    /// Waits until every node is registered and hears of its pods.
    ///
    /// # Errors
    /// The server's refusal of a node.
    pub async fn ready(&self) -> Result<(), Status> {
        let mut state = self.state.clone();
        let reached = state.wait_for(|progress| !matches!(progress, Progress::Starting)).await;
        match reached.as_deref() {
            Ok(Progress::Failed(status)) => Err(status.clone()),
            Ok(_) => Ok(()),
            Err(_) => Err(Status::internal("the fleet has stopped")),
        }
    }

    /// What it has done so far.
    pub fn figures(&self) -> Figures {
        self.counters.read()
    }

    /// Waits until `done` says so of the figures; it is asked now and whenever a pod has come further.
    pub async fn until(&self, done: impl Fn(&Figures) -> bool) {
        self.counters.until(done).await;
    }

    /// Stops, and deletes the nodes.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn remove(self) -> Result<(), Status> {
        self.task.abort();
        let label_selector = format!("{}={}", node::FLEET_LABEL, self.options.prefix);
        self.client.all(&kinds::NODES).delete_collection(Options { label_selector, ..Options::default() }).await
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Actor {
    client: Client,
    options: Arc<FleetOptions>,
    counters: Arc<Counters>,
    progress: watch::Sender<Progress>,
    nodes: Vec<Hollow>,
    registered: u32,
    synced: u32,
    /// By UID.
    pods: HashMap<Str, Played>,
    wheel: DelayQueue<Due>,
    /// Requests and watches; they end with the actor.
    tasks: JoinSet<()>,
    done: (mpsc::UnboundedSender<Done>, mpsc::UnboundedReceiver<Done>),
    heard: (mpsc::UnboundedSender<Heard>, mpsc::UnboundedReceiver<Heard>),
}

impl Actor {
    fn new(
        client: Client,
        options: Arc<FleetOptions>,
        counters: Arc<Counters>,
        progress: watch::Sender<Progress>,
    ) -> Actor {
        let hollow = |_| Hollow {
            uid: Str::EMPTY,
            lease_version: Str::EMPTY,
            lease_due: Instant::now(),
            synced: false,
            slots: [1, 0, 0, 0],
        };
        Actor {
            nodes: (0..options.nodes).map(hollow).collect(),
            client,
            options,
            counters,
            progress,
            registered: 0,
            synced: 0,
            pods: HashMap::new(),
            wheel: DelayQueue::new(),
            tasks: JoinSet::new(),
            done: mpsc::unbounded_channel(),
            heard: mpsc::unbounded_channel(),
        }
    }

    async fn run(mut self) {
        if self.options.pods == PodLife::Play && self.options.watch == WatchMode::Shared {
            self.follow_pods(None, "spec.nodeName!=".to_owned());
        }
        for node in 0..self.options.nodes {
            self.register(node);
        }
        self.note_progress();
        let (mut done, mut heard) = (Vec::new(), Vec::new());
        loop {
            tokio::select! {
                _ = self.done.1.recv_many(&mut done, MESSAGES_AT_ONCE) => {
                    done.drain(..).for_each(|done| self.on_done(done));
                }
                _ = self.heard.1.recv_many(&mut heard, MESSAGES_AT_ONCE) => {
                    heard.drain(..).for_each(|heard| self.on_heard(heard));
                }
                Some(due) = self.wheel.next(), if !self.wheel.is_empty() => self.on_due(due.into_inner()),
            }
            while self.tasks.try_join_next().is_some() {}
            tokio::task::yield_now().await;
        }
    }

    fn request(&mut self, request: impl Future<Output = Done> + Send + 'static) {
        let done = self.done.0.clone();
        self.tasks.spawn(async move {
            // Nobody waits for it when the fleet has stopped.
            let _ = done.send(request.await);
        });
    }

    fn later(&mut self, due: Due) {
        let wait = RETRY_MILLISECONDS + stdx::random::below(RETRY_MILLISECONDS);
        self.wheel.insert(due, Duration::from_millis(wait));
    }

    fn failed(&self, what: &str, status: &Status) {
        self.counters.failed();
        tracing::warn!(error = %status, "{what}");
    }

    fn register(&mut self, node: u32) {
        let request = requests::register(self.client.clone(), self.options.clone(), node);
        self.request(async move { Done::Registered(node, request.await) });
    }

    fn follow_pods(&mut self, node: Option<u32>, field_selector: String) {
        let follower = Follower {
            client: self.client.clone(),
            resource: kinds::PODS.clone(),
            field_selector,
            node,
            heard: Some(self.heard.0.clone()),
        };
        self.tasks.spawn(follower.run());
    }

    fn note_progress(&mut self) {
        let all = self.options.nodes;
        let synced = match (self.options.pods, self.options.watch) {
            (PodLife::Ignore, _) => true,
            (PodLife::Play, WatchMode::Shared) => self.synced > 0,
            (PodLife::Play, _) => self.synced == all,
        };
        if self.registered == all && synced && matches!(*self.progress.borrow(), Progress::Starting) {
            self.progress.send_replace(Progress::Ready);
        }
    }

    fn on_registered(&mut self, node: u32, uid: Str) {
        let options = self.options.clone();
        let hollow = &mut self.nodes[node as usize];
        let first = hollow.uid.is_empty();
        hollow.uid = uid;
        hollow.lease_version = Str::EMPTY;
        if !first {
            return;
        }
        // The first lease at once, the following ones spread over the period by the node's number.
        let share = f64::from(node) / f64::from(options.nodes);
        let part = |seconds: u64| Duration::from_secs(seconds).mul_f64(share);
        hollow.lease_due = Instant::now() + part(options.lease_period_seconds);
        self.registered += 1;
        self.counters.registered();
        self.renew(node);
        self.wheel.insert(
            Due::Report(node),
            Duration::from_secs(options.status_period_seconds / 2) + part(options.status_period_seconds),
        );
        if options.pods == PodLife::Play {
            let name = options.node_name(node);
            if options.watch != WatchMode::Shared {
                self.follow_pods(Some(node), format!("spec.nodeName={name}"));
            }
            if options.watch == WatchMode::Kubelet {
                for follower in others(&self.client, &name) {
                    self.tasks.spawn(follower.run());
                }
            }
        }
        self.note_progress();
    }

    fn renew(&mut self, node: u32) {
        let hollow = &self.nodes[node as usize];
        let (name, uid, version) = (self.options.node_name(node), hollow.uid.clone(), hollow.lease_version.clone());
        let client = self.client.clone();
        self.request(async move { Done::Renewed(node, requests::renew(client, &name, &uid, &version).await) });
    }

    fn on_renewed(&mut self, node: u32, outcome: Result<Str, Status>) {
        let period = Duration::from_secs(self.options.lease_period_seconds);
        let hollow = &mut self.nodes[node as usize];
        match outcome {
            Ok(version) => {
                hollow.lease_version = version;
                self.counters.renewed(hollow.lease_due.elapsed());
                // What was missed is not made up for.
                while hollow.lease_due <= Instant::now() {
                    hollow.lease_due += period;
                }
                let due = hollow.lease_due;
                self.wheel.insert_at(Due::Lease(node), due);
            }
            Err(status) => {
                hollow.lease_version = Str::EMPTY;
                self.failed("a lease could not be renewed", &status);
                self.later(Due::Lease(node));
            }
        }
    }

    fn report(&mut self, node: u32) {
        let (client, name) = (self.client.clone(), self.options.node_name(node));
        self.request(async move { Done::Reported(node, requests::report(client, &name).await) });
    }

    fn on_done(&mut self, done: Done) {
        match done {
            Done::Registered(node, Ok(uid)) => self.on_registered(node, uid),
            Done::Registered(node, Err(status)) if status.code >= 500 || status.code == 429 => {
                self.failed("a node could not be registered", &status);
                self.later(Due::Register(node));
            }
            Done::Registered(_, Err(status)) => _ = self.progress.send_replace(Progress::Failed(status)),
            Done::Renewed(node, outcome) => self.on_renewed(node, outcome),
            Done::Reported(node, Ok(())) => {
                self.counters.reported();
                self.wheel.insert(Due::Report(node), Duration::from_secs(self.options.status_period_seconds));
            }
            Done::Reported(node, Err(status)) => {
                self.failed("a node's status could not be written", &status);
                self.later(Due::Report(node));
                if status.is_not_found() {
                    // Somebody removed the node while it runs: it comes back.
                    self.register(node);
                }
            }
            Done::Wrote(uid, stage, outcome) => self.on_wrote(&uid, stage, outcome),
        }
    }

    fn on_due(&mut self, due: Due) {
        match due {
            Due::Register(node) => self.register(node),
            Due::Lease(node) => self.renew(node),
            Due::Report(node) => self.report(node),
            Due::Pod(uid, stage) => {
                let Some(played) = self.pods.get_mut(&uid) else { return };
                played.timer = None;
                match stage {
                    Some(stage) => self.write(&uid, stage),
                    None => self.advance(&uid),
                }
            }
        }
    }

    fn on_heard(&mut self, heard: Heard) {
        match heard {
            Heard::Pod(object) => self.on_pod(&object),
            Heard::Gone(object) => self.forget(object.uid()),
            Heard::All(node, uids) => self.on_all(node, &uids),
        }
    }

    fn on_all(&mut self, node: Option<u32>, uids: &BTreeSet<Str>) {
        let of_these = |pod: &Pod| node.is_none_or(|node| pod.node == node);
        let vanished = self.pods.iter().filter(|(uid, played)| of_these(&played.pod) && !uids.contains(*uid));
        let vanished: Vec<Str> = vanished.map(|(uid, _)| uid.clone()).collect();
        vanished.iter().for_each(|uid| self.forget(uid));
        match node {
            Some(node) => self.synced += u32::from(!std::mem::replace(&mut self.nodes[node as usize].synced, true)),
            None => self.synced = 1,
        }
        self.note_progress();
    }

    fn node_of(&self, object: &Object) -> Option<u32> {
        let number = object.spec().str_at("nodeName")?.strip_prefix(&*self.options.prefix)?.strip_prefix('-')?;
        number.parse().ok().filter(|number| *number < self.options.nodes)
    }

    fn on_pod(&mut self, object: &Object) {
        if let Some(played) = self.pods.get_mut(object.uid()) {
            let was_deleted = played.pod.is_deleted();
            played.pod.update(object);
            if !was_deleted && played.pod.is_deleted() {
                self.advance(object.uid());
            }
            return;
        }
        let Some(node) = self.node_of(object) else { return };
        let slot = take_slot(&mut self.nodes[node as usize].slots);
        let uid = Str::from(object.uid());
        let pod = Pod::read(object, node, slot, &self.options);
        self.pods.insert(uid.clone(), Played { pod, busy: false, timer: None });
        self.counters.set_pods(self.pods.len());
        self.advance(&uid);
    }

    fn forget(&mut self, uid: &str) {
        let Some(played) = self.pods.remove(uid) else { return };
        if let Some(timer) = played.timer {
            self.wheel.remove(&timer);
        }
        let (word, bit) = (usize::from(played.pod.slot / 64), played.pod.slot % 64);
        self.nodes[played.pod.node as usize].slots[word] &= !(1 << bit);
        self.counters.set_pods(self.pods.len());
    }

    /// Does what comes next for a pod.
    fn advance(&mut self, uid: &str) {
        let Some(played) = self.pods.get_mut(uid).filter(|played| !played.busy) else { return };
        if let Some(timer) = played.timer.take() {
            self.wheel.remove(&timer);
        }
        let uid = Str::from(uid);
        match played.pod.next(&self.options, stdx::random::fraction()) {
            Step::Nothing => {}
            Step::After(wait, stage) => played.timer = Some(self.wheel.insert(Due::Pod(uid, Some(stage)), wait)),
            Step::Write(stage) => self.write(&uid, stage),
            Step::Delete => self.write(&uid, Stage::Gone),
        }
    }

    /// Tells the API that a pod is now at `stage`.
    fn write(&mut self, uid: &Str, stage: Stage) {
        let Some(played) = self.pods.get_mut(uid) else { return };
        played.busy = true;
        let (uid, namespace, name) = (uid.clone(), played.pod.namespace.clone(), played.pod.name.clone());
        let patch = (stage != Stage::Gone).then(|| played.pod.status(stage, &uid));
        let pods = self.client.namespaced(&kinds::PODS, namespace);
        self.request(async move {
            let outcome = match patch {
                Some(patch) => requests::pod_status(pods, &name, patch).await,
                None => requests::let_go(pods, &name, &uid).await,
            };
            Done::Wrote(uid, stage, outcome)
        });
    }

    fn on_wrote(&mut self, uid: &Str, stage: Stage, outcome: Result<(), Status>) {
        let Some(played) = self.pods.get_mut(uid) else { return };
        played.busy = false;
        match outcome {
            Ok(()) => {
                played.pod.stage = stage;
                self.counters.entered(stage);
                self.advance(uid);
            }
            // It is gone already, or is another of the same name; the watch says so.
            Err(status) if status.is_not_found() || status.is_conflict() => played.pod.stage = Stage::Gone,
            Err(status) => {
                self.failed("a pod could not be written", &status);
                let wait = Duration::from_millis(RETRY_MILLISECONDS + stdx::random::below(RETRY_MILLISECONDS));
                let timer = self.wheel.insert(Due::Pod(uid.clone(), None), wait);
                if let Some(played) = self.pods.get_mut(uid) {
                    played.timer = Some(timer);
                }
            }
        }
    }
}

/// The lowest free address of a node; the last when none is free.
fn take_slot(slots: &mut [u64; 4]) -> u8 {
    let free = slots.iter().enumerate().find(|(_, word)| **word != u64::MAX);
    let Some((word, bits)) = free.map(|(word, bits)| (word, bits.trailing_ones())) else { return u8::MAX };
    slots[word] |= 1 << bits;
    u8::try_from(word * 64 + bits as usize).unwrap_or(u8::MAX)
}
