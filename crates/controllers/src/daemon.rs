//! `daemonset-controller`: one pod on every node that admits it.

mod plan;
mod rolling;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use apimachinery::{Object, Str, Value, labels::Selector};
use async_trait::async_trait;
use client::{
    Event, EventType, Informer, WorkQueue,
    controller::{self, Outcome, Reconcile},
    kinds::{CONTROLLER_REVISIONS, DAEMON_SETS, NODES, PODS},
};
use parking_lot::Mutex;
use tokio::time::Instant;

use self::plan::{HASH_LABEL, Observed, Plan, plan};
use crate::{
    Context, ControllerDescriptor,
    expectations::Expectations,
    history::{self, History},
    ownership::{self, Claimer, controller_key},
    patches,
    pod_control::PodControl,
};

const WORKERS: usize = 2;
/// The delay after the first failed pod on a node, in seconds; it doubles.
const FAILED_BASE_SECONDS: u64 = 1;
/// The longest such delay, in seconds.
const FAILED_MAX_SECONDS: u64 = 15 * 60;

/// The controller of daemon sets.
pub const DESCRIPTOR: ControllerDescriptor = ControllerDescriptor {
    name: "daemonset-controller",
    service_account: "daemon-set-controller",
    start: |context| Box::pin(run(context)),
};

struct DaemonSets {
    sets: Informer,
    pods: Informer,
    nodes: Informer,
    revisions: Informer,
    control: PodControl,
    expectations: Arc<Expectations>,
    backoff: Mutex<BTreeMap<(Str, Str), Backoff>>,
}

/// The failures of one set's pods on one node.
struct Backoff {
    delay: Duration,
    since: Instant,
}

async fn run(context: Context) {
    let (sets, pods) = (context.informers.of(&DAEMON_SETS), context.informers.of(&PODS));
    let (nodes, revisions) = (context.informers.of(&NODES), context.informers.of(&CONTROLLER_REVISIONS));
    ownership::index_by_controller(&pods);
    ownership::index_by_controller(&revisions);
    let queue = WorkQueue::new();
    controller::enqueue_objects(&sets, &queue);
    enqueue_owners(&sets, &pods, &queue);
    controller::enqueue_on(&revisions, &queue, |event| controller_key(event.object(), "DaemonSet"));
    enqueue_for_nodes(&sets, &nodes, &queue);
    let expectations = Arc::new(Expectations::default());
    let control = PodControl {
        client: context.client.clone(),
        events: context.recorder("daemonset-controller"),
        pods: pods.clone(),
        expectations: expectations.clone(),
    };
    let reconciler = DaemonSets {
        sets: sets.clone(),
        pods: pods.clone(),
        nodes: nodes.clone(),
        revisions: revisions.clone(),
        control,
        expectations,
        backoff: Mutex::default(),
    };
    let informers = [sets, pods, nodes, revisions];
    controller::run("daemonset-controller", &informers, queue, WORKERS, Arc::new(reconciler)).await;
}

fn selector(set: &Object) -> Option<Selector> {
    Selector::from_label_selector(set.spec().get("selector")).ok().filter(|selector| !selector.is_everything())
}

fn enqueue_owners(sets: &Informer, pods: &Informer, queue: &WorkQueue<Str>) {
    let sets = sets.clone();
    controller::enqueue_on(pods, queue, move |event: &Event| {
        let pod = event.object();
        let mut keys: Vec<Str> = controller_key(pod, "DaemonSet").into_iter().collect();
        if let Some(old) = event.old() {
            keys.extend(controller_key(old, "DaemonSet").filter(|old| !keys.contains(old)));
        }
        if pod.controller().is_none() && !matches!(event, Event::Deleted(_)) {
            let selecting = sets
                .list_namespace(pod.namespace())
                .into_iter()
                .filter(|set| selector(set).is_some_and(|selector| selector.matches(pod.labels())));
            keys.extend(selecting.map(|set| set.key()));
        }
        keys
    });
}

/// Only what placement looks at counts: a node's heartbeat does not.
fn enqueue_for_nodes(sets: &Informer, nodes: &Informer, queue: &WorkQueue<Str>) {
    let sets = sets.clone();
    controller::enqueue_on(nodes, queue, move |event: &Event| {
        let node = event.object();
        let same = event.old().is_some_and(|old| {
            old.labels() == node.labels() && old.spec().list_at("taints") == node.spec().list_at("taints")
        });
        let concerned = if same { Vec::new() } else { sets.list() };
        concerned.into_iter().map(|set| set.key())
    });
}

#[async_trait]
impl Reconcile for DaemonSets {
    async fn reconcile(&self, key: &Str) -> Outcome {
        self.expectations.settled(key).await;
        let Some(set) = self.sets.get(key) else {
            self.backoff.lock().retain(|(of, _), _| of != key);
            return Ok(None);
        };
        let Some(selector) = selector(&set) else {
            let message = "This daemon set is selecting all pods. A non-empty selector is required.";
            self.control.events.event(&DAEMON_SETS, &set, EventType::Warning, "SelectingAll", message);
            return Ok(None);
        };
        if set.deletion_timestamp().is_some() {
            return Ok(None);
        }
        let client = &self.control.client;
        let claimer = Claimer {
            client,
            owner_resource: &DAEMON_SETS,
            owner: &set,
            resource: &CONTROLLER_REVISIONS,
            selector: &selector,
        };
        let mut revisions = claimer.claim(ownership::owned_and_orphans(&self.revisions, &set)).await?;
        let history = self.history();
        let (current, collisions) = history.current(key, &set, &mut revisions).await?;
        let claimer = Claimer { resource: &PODS, ..claimer };
        let pods = claimer.claim(ownership::owned_and_orphans(&self.pods, &set)).await?;
        let observed = Observed {
            hash: current.label(HASH_LABEL).unwrap_or_default().to_owned(),
            backing_off: self.backing_off(key),
            nodes: self.nodes.list(),
            pods,
            set: set.clone(),
            now: stdx::clock::now(),
        };
        let plan = plan(&observed);
        let managed = self.execute(key, &observed, &plan).await;
        let in_use = |revision: &Object| {
            let hash = revision.label(HASH_LABEL);
            revision.uid() == current.uid() || observed.pods.iter().any(|pod| pod.label(HASH_LABEL) == hash)
        };
        history.truncate(key, &set, &revisions, in_use).await?;
        let mut status = plan.status;
        history::set_collisions(&mut status, collisions);
        if let Some(written) = patches::update_status(client, &DAEMON_SETS, &set, status).await? {
            self.expectations.wrote(key, &self.sets, &written);
        }
        managed?;
        Ok(plan.check_after_seconds.map(Duration::from_secs).into_iter().chain(self.next_retry(key)).min())
    }
}

impl DaemonSets {
    fn history(&self) -> History<'_> {
        History {
            client: &self.control.client,
            informer: &self.revisions,
            expectations: &self.expectations,
            resource: DAEMON_SETS,
            hash_label: HASH_LABEL,
        }
    }

    fn backing_off(&self, key: &Str) -> Vec<Str> {
        let backoff = self.backoff.lock();
        let waiting = backoff.iter().filter(|((of, _), backoff)| of == key && backoff.since.elapsed() < backoff.delay);
        waiting.map(|((_, node), _)| node.clone()).collect()
    }

    fn next_retry(&self, key: &Str) -> Option<Duration> {
        let backoff = self.backoff.lock();
        let waits = backoff
            .iter()
            .filter(|((of, _), _)| of == key)
            .filter_map(|(_, backoff)| backoff.delay.checked_sub(backoff.since.elapsed()));
        waits.filter(|wait| !wait.is_zero()).min()
    }

    /// Each failed pod on a node makes the next one wait longer; a node where none failed for twice the longest
    /// delay is forgotten.
    fn note_failure(&self, key: &Str, node: &str) {
        let max = Duration::from_secs(FAILED_MAX_SECONDS);
        let mut backoff = self.backoff.lock();
        backoff.retain(|_, backoff| backoff.since.elapsed() < 2 * max);
        let known = backoff.get(&(key.clone(), node.into())).map(|known| known.delay);
        let delay = known.map_or(Duration::from_secs(FAILED_BASE_SECONDS), |delay| (delay * 2).min(max));
        backoff.insert((key.clone(), node.into()), Backoff { delay, since: Instant::now() });
    }

    async fn execute(&self, key: &Str, observed: &Observed, plan: &Plan) -> Result<(), apimachinery::Status> {
        let set = &observed.set;
        for ended in &plan.ended {
            self.control.events.event(&DAEMON_SETS, set, ended.event_type, ended.reason, ended.message.clone());
            if ended.event_type == EventType::Warning {
                self.note_failure(key, &ended.node);
            }
        }
        let make = |index: usize| plan::daemon_pod(set, &plan.create[index], &observed.hash);
        let (_, created) = self.control.create_many(key, &DAEMON_SETS, set, plan.create.len(), make).await;
        let deleted = self.control.delete_many(key, &DAEMON_SETS, set, &plan.delete).await;
        created.and(deleted)
    }
}

/// The node that a daemon pod is for: the one that it is bound to, or the one that its affinity names.
fn target_node(pod: &Object) -> &str {
    let bound = crate::pods::node_name(pod);
    if !bound.is_empty() {
        return bound;
    }
    let path =
        ["spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"];
    let mut fields = pod.list_at(&path).iter().flat_map(|term| term.list_at(&["matchFields"]));
    let name = fields.find(|field| field.str_at(&["key"]) == Some("metadata.name"));
    name.and_then(|field| field.list_at(&["values"]).first()).and_then(Value::as_str).unwrap_or_default()
}
