//! `replicaset-controller` and `replicationcontroller-controller`: as many pods as were asked for.

mod plan;
mod ranking;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use apimachinery::{Object, Str, labels::Selector};
use async_trait::async_trait;
use client::{
    Event, Informer, ResourceKind, WorkQueue,
    controller::{self, Outcome, Reconcile},
    kinds::{PODS, REPLICA_SETS, REPLICATION_CONTROLLERS},
};

use self::plan::{Observed, Plan, new_status, next_check_seconds, plan};
use crate::{
    Context, ControllerDescriptor,
    expectations::Expectations,
    ownership::{self, Claimer, controller_key},
    patches,
    pod_control::{PodControl, pod_from_template},
    pods,
};

/// Workers of each of the two controllers.
const WORKERS: usize = 5;

/// The two kinds that this controller serves.
struct Workload {
    controller: &'static str,
    resource: ResourceKind,
    /// Whether the status counts terminating pods.
    terminating_replicas: bool,
    selector: fn(&Object) -> Option<Selector>,
}

static REPLICA_SET: Workload = Workload {
    controller: "replicaset-controller",
    resource: REPLICA_SETS,
    terminating_replicas: true,
    selector: |set| Selector::from_label_selector(set.spec().get("selector")).ok(),
};

static REPLICATION_CONTROLLER: Workload = Workload {
    controller: "replication-controller",
    resource: REPLICATION_CONTROLLERS,
    terminating_replicas: false,
    selector: |set| set.spec().get_map("selector").map(Selector::from_set),
};

/// The controller of replica sets.
pub const DESCRIPTOR: ControllerDescriptor = ControllerDescriptor {
    name: "replicaset-controller",
    service_account: "replicaset-controller",
    start: |context| Box::pin(run(&REPLICA_SET, context)),
};

/// The controller of replication controllers.
pub const REPLICATION_DESCRIPTOR: ControllerDescriptor = ControllerDescriptor {
    name: "replicationcontroller-controller",
    service_account: "replication-controller",
    start: |context| Box::pin(run(&REPLICATION_CONTROLLER, context)),
};

struct ReplicaSets {
    workload: &'static Workload,
    sets: Informer,
    pods: Informer,
    control: PodControl,
    expectations: Arc<Expectations>,
}

async fn run(workload: &'static Workload, context: Context) {
    let (sets, pods) = (context.informers.of(&workload.resource), context.informers.of(&PODS));
    ownership::index_by_controller(&sets);
    ownership::index_by_controller(&pods);
    let queue = WorkQueue::new();
    controller::enqueue_objects(&sets, &queue);
    enqueue_owners(workload, &sets, &pods, &queue);
    let expectations = Arc::new(Expectations::default());
    let control = PodControl {
        client: context.client.clone(),
        events: context.recorder(workload.controller),
        pods: pods.clone(),
        expectations: expectations.clone(),
    };
    let reconciler = ReplicaSets { workload, sets: sets.clone(), pods: pods.clone(), control, expectations };
    controller::run(workload.controller, &[sets, pods], queue, WORKERS, Arc::new(reconciler)).await;
}

/// A pod's event concerns its controller, before and after; an orphan's concerns all who select it.
fn enqueue_owners(workload: &'static Workload, sets: &Informer, pods: &Informer, queue: &WorkQueue<Str>) {
    let sets = sets.clone();
    controller::enqueue_on(pods, queue, move |event: &Event| {
        let pod = event.object();
        let kind = &workload.resource.kind;
        let mut keys: Vec<Str> = controller_key(pod, kind).into_iter().collect();
        if let Some(old) = event.old() {
            keys.extend(controller_key(old, kind).filter(|old| !keys.contains(old)));
        }
        let changed =
            event.old().is_none_or(|old| old.labels() != pod.labels() || old.controller() != pod.controller());
        if pod.controller().is_none() && changed && !matches!(event, Event::Deleted(_)) {
            let selecting = sets.list_namespace(pod.namespace()).into_iter().filter(|set| {
                (workload.selector)(set)
                    .is_some_and(|selector| !selector.is_everything() && selector.matches(pod.labels()))
            });
            keys.extend(selecting.map(|set| set.key()));
        }
        keys
    });
}

#[async_trait]
impl Reconcile for ReplicaSets {
    async fn reconcile(&self, key: &Str) -> Outcome {
        self.expectations.settled(key).await;
        let Some(set) = self.sets.get(key) else { return Ok(None) };
        let Some(selector) = (self.workload.selector)(&set) else { return Ok(None) };
        let all = ownership::owned_and_orphans(&self.pods, &set);
        let (active, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|pod| pods::is_active(pod));
        let claimer = Claimer {
            client: &self.control.client,
            owner_resource: &self.workload.resource,
            owner: &set,
            resource: &PODS,
            selector: &selector,
        };
        let active = claimer.claim(active).await?;
        let terminating =
            rest.iter().filter(|pod| pods::is_terminating(pod) && ownership::is_controlled_by(pod, &set)).count();
        let observed = Observed {
            related: self.related(&set),
            set,
            active,
            terminating: self.workload.terminating_replicas.then_some(terminating),
            now: stdx::clock::now(),
        };
        let managed = match observed.set.deletion_timestamp() {
            Some(_) => Ok(()),
            None => self.execute(key, &observed, plan(&observed)).await,
        };
        let failure = managed.as_ref().err().map(ToString::to_string);
        let status = new_status(&observed, failure.as_deref());
        let resource = &self.workload.resource;
        if let Some(written) = patches::update_status(&self.control.client, resource, &observed.set, status).await? {
            self.expectations.wrote(key, &self.sets, &written);
        }
        managed?;
        Ok(next_check_seconds(&observed).map(Duration::from_secs))
    }
}

impl ReplicaSets {
    /// Active pods of all sets with the same controller: a deployment spreads over several.
    fn related(&self, set: &Object) -> Vec<Arc<Object>> {
        let Some(owner) = set.controller().and_then(|owner| owner.str_at(&["uid"])) else { return Vec::new() };
        let siblings = self.sets.by_index(ownership::BY_CONTROLLER, owner);
        let pods = siblings.iter().flat_map(|sibling| ownership::owned(&self.pods, sibling));
        pods.filter(|pod| pods::is_active(pod)).collect()
    }

    async fn execute(&self, key: &Str, observed: &Observed, plan: Plan) -> Result<(), apimachinery::Status> {
        let (set, resource) = (&*observed.set, &self.workload.resource);
        match plan {
            Plan::Nothing => Ok(()),
            Plan::Create(count) => {
                let template = set.spec().get("template").cloned().unwrap_or_default();
                let make = |_| pod_from_template(&template, resource, set);
                self.control.create_many(key, resource, set, count, make).await.1
            }
            Plan::Delete(pods) => self.control.delete_many(key, resource, set, &pods).await,
        }
    }
}
