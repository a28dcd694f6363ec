//! Pods for the schedulers and controllers of several servers: nodes that are nearly full, pods that come and go all the
//! time through whichever server answers, and a Deployment that is scaled. A watcher at each server says what became of
//! them, and [`Bindings::judge`] whether it may be so.
//!
//! The nodes are hollow, and nothing runs on them: pods go at once when they are deleted. All that is wanted at once just
//! fits on the nodes, so that two schedulers at work at once overcommit one soon.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use apimachinery::{Object, Status, Value, value};
use client::{Api, Client, Options, PatchType, WatchEvent, kinds};
use futures::{StreamExt, future::join_all};
use parking_lot::Mutex;
use sim::{Access, Fleet, FleetOptions, PodLife};
use tokio::{sync::watch, task::JoinSet};

use crate::{
    any_server::AnyServer,
    bindings::Bindings,
    history::{Moment, Revision},
    load::revision_of,
    truth::Violation,
};

const NAMESPACE: &str = "scheduling";
const DEPLOYMENT: &str = "scaled";
const USER_AGENT: &str = "sagong-robustness-pods";
const NODES: u32 = 5;
const PODS_PER_NODE: u32 = 4;
/// The Deployment has at least, and at most, so many replicas;
const REPLICAS: std::ops::RangeInclusive<usize> = 2..=6;
/// the other pods have all other places.
const SINGLE_PODS: usize = (NODES * PODS_PER_NODE) as usize - *REPLICAS.end();
/// So many of them are replaced at once,
const PODS_AT_ONCE: usize = 4;
/// and so often.
const TURN: Duration = Duration::from_millis(400);
/// What no server answers is tried again after this time.
const RETRY_DELAY: Duration = Duration::from_millis(100);
/// How long the first pod may take until it is bound, and a Deployment until it is as wanted.
const REST_LIMIT: Duration = Duration::from_secs(30);
/// The time between two looks at whether it is.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);

/// What all tasks share.
struct Shared {
    began: Instant,
    bindings: Mutex<Bindings>,
    /// When the server was asked for each pod, by name.
    asked: Mutex<HashMap<String, Moment>>,
    /// When it was asked for the one that was asked for last of those that are bound.
    bound: watch::Sender<Moment>,
}

impl Shared {
    fn now(&self) -> Moment {
        self.began.elapsed().as_nanos() as Moment
    }

    fn tell(&self, pod: &Object, is_gone: bool) {
        self.bindings.lock().tell(pod, is_gone, self.now());
        if pod.spec().str_at("nodeName").is_some_and(|node| !node.is_empty())
            && let Some(asked) = self.asked.lock().get(pod.name()).copied()
        {
            self.bound.send_if_modified(|newest| std::mem::replace(newest, asked.max(*newest)) < asked);
        }
    }
}

/// Everything that runs.
pub struct Workload {
    shared: Arc<Shared>,
    client: Client,
    replicas: Mutex<usize>,
    /// They end with this value.
    _tasks: JoinSet<()>,
    _nodes: Fleet,
}

impl Workload {
    /// Starts nodes, pods, and a watcher at each of the servers; waits until pods are bound.
    ///
    /// # Errors
    /// The servers refuse nodes or the Deployment, or nothing is bound for half a minute.
    pub async fn start(accesses: &[Access]) -> anyhow::Result<Workload> {
        let client = Client::new(AnyServer::new(accesses, USER_AGENT)?, USER_AGENT);
        let namespace = value!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
        create(&client.all(&kinds::NAMESPACES), namespace).await;
        let options =
            FleetOptions { nodes: NODES, max_pods: PODS_PER_NODE, pods: PodLife::Ignore, ..FleetOptions::default() };
        let nodes = Fleet::start(AnyServer::new(accesses, USER_AGENT)?, options);
        nodes.ready().await.context("the nodes are refused")?;
        let shared = Arc::new(Shared {
            began: Instant::now(),
            bindings: Mutex::default(),
            asked: Mutex::default(),
            bound: watch::channel(0).0,
        });
        let mut tasks = JoinSet::new();
        for access in accesses {
            let pods = Client::new(access.connection(USER_AGENT)?, USER_AGENT).all(&kinds::PODS);
            tasks.spawn(follow(shared.clone(), pods));
        }
        tasks.spawn(replace_pods(shared.clone(), client.clone()));
        let replicas = *REPLICAS.start();
        shared.bindings.lock().limit_replicas(replicas);
        create(&client.namespaced(&kinds::DEPLOYMENTS, NAMESPACE), deployment(replicas)).await;
        let workload = Workload { shared, client, replicas: Mutex::new(replicas), _tasks: tasks, _nodes: nodes };
        if tokio::time::timeout(REST_LIMIT, workload.bound_after(0)).await.is_err() {
            bail!("VIOLATION: no pod was bound within {REST_LIMIT:?}");
        }
        workload.rest().await?;
        Ok(workload)
    }

    /// The time by which everything is told.
    pub fn now(&self) -> Moment {
        self.shared.now()
    }

    /// Waits until a pod is bound that was asked for later than `begun`.
    pub async fn bound_after(&self, begun: Moment) {
        let mut bound = self.shared.bound.subscribe();
        // The sender lives as long as this value.
        let _ = bound.wait_for(|newest| *newest > begun).await;
    }

    /// How many pods were bound so far, and the newest revision of a pod.
    pub fn progress(&self) -> (usize, Revision) {
        let bindings = self.shared.bindings.lock();
        (bindings.bound(), bindings.newest())
    }

    /// Scales the Deployment to some other number of replicas.
    pub async fn scale(&self) {
        let before = *self.replicas.lock();
        let others: Vec<usize> = REPLICAS.filter(|replicas| *replicas != before).collect();
        let wanted = others[stdx::random::below(others.len() as u64) as usize];
        // Until it is at rest again, what was wanted before may still be made.
        self.shared.bindings.lock().limit_replicas(before.max(wanted));
        *self.replicas.lock() = wanted;
        let patch = value!({"spec": {"replicas": wanted as i64}});
        let deployments = self.client.namespaced(&kinds::DEPLOYMENTS, NAMESPACE);
        while deployments.patch(DEPLOYMENT, "", PatchType::Merge, patch.clone()).await.is_err() {
            tokio::time::sleep(RETRY_DELAY).await;
        }
    }

    /// Waits until the Deployment has as many pods as are wanted; more must not come from then on.
    ///
    /// # Errors
    /// It has not within half a minute.
    pub async fn rest(&self) -> anyhow::Result<()> {
        let wanted = *self.replicas.lock();
        let deployments = self.client.namespaced(&kinds::DEPLOYMENTS, NAMESPACE);
        let mut last = String::new();
        let rested = async {
            loop {
                let pods = {
                    let bindings = self.shared.bindings.lock();
                    bindings.present().filter(|pod| !pod.last.1.controller.is_empty()).count()
                };
                let found = deployments.get(DEPLOYMENT).await;
                let said = found.as_ref().ok().map(|found| {
                    let status = |field| found.status().i64_at(field).unwrap_or_default();
                    (status("observedGeneration") == found.generation(), status("replicas"))
                });
                if pods == wanted && said == Some((true, wanted as i64)) {
                    return;
                }
                last = format!("it has {pods} pods, and its status (observed, replicas) says {said:?}");
                tokio::time::sleep(LOOK_INTERVAL).await;
            }
        };
        if tokio::time::timeout(REST_LIMIT, rested).await.is_err() {
            bail!("VIOLATION: the Deployment of {wanted} replicas is not at rest after {REST_LIMIT:?}: {last}");
        }
        self.shared.bindings.lock().limit_replicas(wanted);
        Ok(())
    }

    /// Ends everything, and says what must not have been; no pod waited longer than `wait_limit`.
    pub fn finish(self, wait_limit: Duration) -> Vec<Violation> {
        let end = self.shared.now();
        self.shared.bindings.lock().judge(PODS_PER_NODE as usize, wait_limit, end)
    }
}

/// A pod's, or a template's; it goes at once when it is deleted.
fn spec() -> Value {
    value!({"terminationGracePeriodSeconds": 0, "containers": [{"name": "main", "image": "hollow"}]})
}

fn deployment(replicas: usize) -> Value {
    value!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": DEPLOYMENT, "namespace": NAMESPACE},
        "spec": {
            "replicas": replicas as i64,
            "selector": {"matchLabels": {"app": DEPLOYMENT}},
            "template": {"metadata": {"labels": {"app": DEPLOYMENT}}, "spec": spec()}
        }
    })
}

/// Makes an object, by asking until somebody has.
async fn create(api: &Api, object: Value) {
    while let Err(status) = api.create(Object(object.clone())).await {
        if status.is_already_exists() {
            return;
        }
        tokio::time::sleep(RETRY_DELAY).await;
    }
}

/// Removes a pod, by asking until somebody has.
async fn delete(pods: &Api, name: &str, uid: &str) {
    let options = Options { precondition_uid: uid.to_owned(), ..Options::default() };
    let is_gone = |status: &Status| status.is_not_found() || status.is_conflict();
    while pods.delete(name, options.clone()).await.is_err_and(|status| !is_gone(&status)) {
        tokio::time::sleep(RETRY_DELAY).await;
    }
}

/// Replaces a few pods in each turn: those that are bound longest go, and others come.
async fn replace_pods(shared: Arc<Shared>, client: Client) {
    let pods = client.namespaced(&kinds::PODS, NAMESPACE);
    let (mut number, mut deleted) = (0_u64, HashSet::new());
    // What is created and of which nobody was told yet.
    let mut untold: HashSet<String> = HashSet::new();
    let mut turns = tokio::time::interval(TURN);
    loop {
        turns.tick().await;
        let (present, victims) = {
            let bindings = shared.bindings.lock();
            untold.retain(|name| !bindings.was_told_of(name));
            let single = bindings.present().map(|pod| (&pod.last.1, pod.bound_at));
            let single: Vec<_> =
                single.filter(|(pod, _)| pod.controller.is_empty() && !deleted.contains(&pod.uid)).collect();
            let mut bound: Vec<_> = single.iter().filter_map(|(pod, bound_at)| Some(((*bound_at)?, *pod))).collect();
            bound.sort_unstable_by_key(|(bound_at, _)| *bound_at);
            bound.truncate(PODS_AT_ONCE);
            (single.len(), bound.into_iter().map(|(_, pod)| pod.clone()).collect::<Vec<_>>())
        };
        join_all(victims.iter().map(|victim| delete(&pods, &victim.name, &victim.uid))).await;
        let there = (present + untold.len()).saturating_sub(victims.len());
        deleted.extend(victims.into_iter().map(|victim| victim.uid));
        let names: Vec<String> =
            (there..SINGLE_PODS).map(|place| format!("single-{}", number + place as u64)).collect();
        number += SINGLE_PODS as u64;
        let created = names.iter().map(|name| {
            shared.asked.lock().insert(name.clone(), shared.now());
            let metadata = value!({"name": name.as_str(), "namespace": NAMESPACE});
            create(&pods, value!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec()}))
        });
        join_all(created).await;
        untold.extend(names);
    }
}

/// Tells of all pods what one server says, and goes on when it is there again.
async fn follow(shared: Arc<Shared>, pods: Api) {
    let mut after: Option<Revision> = None;
    loop {
        let resource_version = after.map(|after| after.to_string()).unwrap_or_default();
        let options = Options { resource_version, ..Options::default() };
        let ended = match pods.watch(options, after.is_none()).await {
            Err(status) => Some(status),
            Ok(mut events) => loop {
                let (pod, is_gone) = match events.next().await {
                    Some(Ok(WatchEvent::Added(pod) | WatchEvent::Modified(pod))) => (pod, false),
                    Some(Ok(WatchEvent::Deleted(pod))) => (pod, true),
                    Some(Ok(WatchEvent::Bookmark { resource_version, initial_events_end })) => {
                        // The first events come in any order.
                        if initial_events_end || after.is_some() {
                            after = resource_version.parse().ok().or(after);
                        }
                        continue;
                    }
                    Some(Err(status)) => break Some(status),
                    None => break None,
                };
                shared.tell(&pod, is_gone);
                if after.is_some() {
                    after = revision_of(&pod).or(after);
                }
            },
        };
        if ended.is_some_and(|status| status.is_expired()) {
            after = None;
        }
        tokio::time::sleep(RETRY_DELAY).await;
    }
}
