//! `deployment-controller`: rolls pod templates out through replica sets.

mod plan;
mod progress;
mod rollback;
mod rollout;
mod sets;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use apimachinery::{Object, Status, Str, Value, labels::Selector, value};
use async_trait::async_trait;
use client::{
    Client, Event, EventRecorder, EventType, Informer, Options, PatchType, WorkQueue,
    controller::{self, Outcome, Reconcile},
    kinds::{DEPLOYMENTS, PODS, REPLICA_SETS},
};

use self::plan::{Observed, Operation, Plan, plan};
use crate::{
    Context, ControllerDescriptor, conditions,
    expectations::Expectations,
    ownership::{self, Claimer, controller_key},
    patches,
    pod_control::is_namespace_terminating,
    pods,
};

const WORKERS: usize = 5;

/// The controller of deployments.
pub const DESCRIPTOR: ControllerDescriptor = ControllerDescriptor {
    name: "deployment-controller",
    service_account: "deployment-controller",
    start: |context| Box::pin(run(context)),
};

struct Deployments {
    client: Client,
    events: EventRecorder,
    deployments: Informer,
    sets: Informer,
    pods: Informer,
    expectations: Expectations,
}

async fn run(context: Context) {
    let deployments = context.informers.of(&DEPLOYMENTS);
    let sets = context.informers.of(&REPLICA_SETS);
    let pods = context.informers.of(&PODS);
    ownership::index_by_controller(&sets);
    ownership::index_by_controller(&pods);
    let queue = WorkQueue::new();
    controller::enqueue_objects(&deployments, &queue);
    enqueue_owners(&deployments, &sets, &queue);
    enqueue_when_the_last_pod_is_gone(&deployments, &sets, &pods, &queue);
    let reconciler = Deployments {
        client: context.client.clone(),
        events: context.recorder("deployment-controller"),
        deployments: deployments.clone(),
        sets: sets.clone(),
        pods: pods.clone(),
        expectations: Expectations::default(),
    };
    controller::run("deployment-controller", &[deployments, sets, pods], queue, WORKERS, Arc::new(reconciler)).await;
}

fn enqueue_owners(deployments: &Informer, sets: &Informer, queue: &WorkQueue<Str>) {
    let deployments = deployments.clone();
    controller::enqueue_on(sets, queue, move |event: &Event| {
        let set = event.object();
        let mut keys: Vec<Str> = controller_key(set, "Deployment").into_iter().collect();
        if let Some(old) = event.old() {
            keys.extend(controller_key(old, "Deployment").filter(|old| !keys.contains(old)));
        }
        if set.controller().is_none() && !matches!(event, Event::Deleted(_)) {
            let selecting = deployments.list_namespace(set.namespace()).into_iter().filter(|deployment| {
                Selector::from_label_selector(deployment.spec().get("selector"))
                    .is_ok_and(|selector| !selector.is_everything() && selector.matches(set.labels()))
            });
            keys.extend(selecting.map(|deployment| deployment.key()));
        }
        keys
    });
}

/// A deployment that recreates goes on when its old pods are gone, which no replica set's status says.
fn enqueue_when_the_last_pod_is_gone(deployments: &Informer, sets: &Informer, pods: &Informer, queue: &WorkQueue<Str>) {
    let (deployments, sets, of_sets) = (deployments.clone(), sets.clone(), pods.clone());
    controller::enqueue_on(pods, queue, move |event: &Event| {
        let pod = event.object();
        let ended = matches!(event, Event::Deleted(_))
            || event.old().is_some_and(|old| pods::is_finished(pod) && !pods::is_finished(old));
        if !ended {
            return None;
        }
        let set = sets.get(&controller_key(pod, "ReplicaSet")?)?;
        let deployment = deployments.get(&controller_key(&set, "Deployment")?)?;
        if deployment.str_at(&["spec", "strategy", "type"]) != Some("Recreate") {
            return None;
        }
        let mut left =
            ownership::owned(&sets, &deployment).into_iter().flat_map(|set| ownership::owned(&of_sets, &set));
        left.all(|pod| pods::is_finished(&pod)).then(|| deployment.key())
    });
}

#[async_trait]
impl Reconcile for Deployments {
    async fn reconcile(&self, key: &Str) -> Outcome {
        self.expectations.settled(key).await;
        let Some(deployment) = self.deployments.get(key) else { return Ok(None) };
        let Ok(selector) = Selector::from_label_selector(deployment.spec().get("selector")) else { return Ok(None) };
        if selector.is_everything() {
            self.refuse_to_select_all(&deployment).await?;
            return Ok(None);
        }
        let claimer = Claimer {
            client: &self.client,
            owner_resource: &DEPLOYMENTS,
            owner: &deployment,
            resource: &REPLICA_SETS,
            selector: &selector,
        };
        let sets = claimer.claim(ownership::owned_and_orphans(&self.sets, &deployment)).await?;
        let sets_with_pods = sets
            .iter()
            .filter(|set| ownership::owned(&self.pods, set).iter().any(|pod| !pods::is_finished(pod)))
            .map(|set| set.uid().into())
            .collect::<BTreeSet<Str>>();
        let observed = Observed { deployment, sets, sets_with_pods, now: stdx::clock::now() };
        let Plan { operations, status, check_after_seconds } = plan(&observed)?;
        self.execute(key, &observed.deployment, operations, status).await?;
        Ok(check_after_seconds.map(Duration::from_secs))
    }
}

impl Deployments {
    async fn refuse_to_select_all(&self, deployment: &Object) -> Result<(), Status> {
        let message = "This deployment is selecting all pods. A non-empty selector is required.";
        self.events.event(&DEPLOYMENTS, deployment, EventType::Warning, "SelectingAll", message);
        let mut status = patches::status_of(deployment);
        status.set(&["observedGeneration"], deployment.generation());
        patches::update_status(&self.client, &DEPLOYMENTS, deployment, status).await.map(drop)
    }

    async fn execute(
        &self,
        key: &Str,
        deployment: &Arc<Object>,
        operations: Vec<Operation>,
        status: Value,
    ) -> Result<(), Status> {
        let mut current = deployment.clone();
        let mut status = status;
        for operation in operations {
            if let Some(written) = self.execute_one(key, &current, operation, &mut status).await? {
                current = written;
            }
        }
        if let Some(written) = patches::update_status(&self.client, &DEPLOYMENTS, &current, status).await? {
            self.expectations.wrote(key, &self.deployments, &written);
        }
        Ok(())
    }

    /// Does one thing; returns the deployment when that was changed.
    async fn execute_one(
        &self,
        key: &Str,
        deployment: &Arc<Object>,
        operation: Operation,
        status: &mut Value,
    ) -> Result<Option<Arc<Object>>, Status> {
        let sets = self.client.namespaced(&REPLICA_SETS, deployment.namespace());
        match operation {
            Operation::Create(set) => self.create(key, deployment, set, status).await?,
            Operation::Adjust { set, change } => {
                let written = sets.patch(set.name(), "", PatchType::Merge, for_uid(&set, change)).await?;
                self.expectations.wrote(key, &self.sets, &written);
            }
            Operation::Scale { set, replicas, change } => {
                let written = sets.patch(set.name(), "", PatchType::Merge, for_uid(&set, change)).await?;
                self.expectations.wrote(key, &self.sets, &written);
                let before = sets::replicas(&set);
                if before != replicas {
                    let direction = if before < replicas { "up" } else { "down" };
                    let message = format!("Scaled {direction} replica set {} from {before} to {replicas}", set.name());
                    self.events.event(&DEPLOYMENTS, deployment, EventType::Normal, "ScalingReplicaSet", message);
                }
            }
            Operation::Delete(set) => {
                let options = Options { precondition_uid: set.uid().to_owned(), ..Options::default() };
                match sets.delete(set.name(), options).await {
                    Ok(_) => self.expectations.deleted(key, &self.sets, &set),
                    Err(status) if status.is_not_found() => {}
                    Err(status) => return Err(status),
                }
            }
            Operation::Update(changed) => {
                let written = self.client.namespaced(&DEPLOYMENTS, deployment.namespace()).update(changed).await?;
                self.expectations.wrote(key, &self.deployments, &written);
                return Ok(Some(written));
            }
            Operation::Tell { event_type, reason, message } => {
                self.events.event(&DEPLOYMENTS, deployment, event_type, reason, message);
            }
        }
        Ok(None)
    }

    async fn create(&self, key: &Str, deployment: &Object, set: Object, status: &mut Value) -> Result<(), Status> {
        let api = self.client.namespaced(&REPLICA_SETS, deployment.namespace());
        let (name, replicas) = (set.name().to_owned(), sets::replicas(&set));
        let template = set.spec().get("template").cloned().unwrap_or_default();
        let failure = match api.create(set).await {
            Ok(created) => {
                self.expectations.wrote(key, &self.sets, &created);
                if replicas > 0 {
                    let message = format!("Scaled up replica set {name} from 0 to {replicas}");
                    self.events.event(&DEPLOYMENTS, deployment, EventType::Normal, "ScalingReplicaSet", message);
                }
                return Ok(());
            }
            Err(failure) => failure,
        };
        if failure.is_already_exists() {
            let existing = api.get(&name).await?;
            if ownership::is_controlled_by(&existing, deployment)
                && sets::same_template(existing.spec().get("template"), Some(&template))
            {
                self.expectations.wrote(key, &self.sets, &existing);
                return Ok(());
            }
            // Another template has the hash: the next try hashes another collision count along.
            let collisions = status.i64_at(&["collisionCount"]).unwrap_or_default();
            let mut bumped = patches::status_of(deployment);
            bumped.set(&["collisionCount"], collisions + 1);
            if let Some(written) = patches::update_status(&self.client, &DEPLOYMENTS, deployment, bumped).await? {
                self.expectations.wrote(key, &self.deployments, &written);
            }
            return Err(failure);
        }
        if !is_namespace_terminating(&failure) {
            let message = format!("Failed to create new replica set {name:?}: {failure}");
            if progress::deadline_seconds(deployment).is_some() {
                let mut failed = patches::status_of(deployment);
                let now = stdx::clock::now();
                let condition = progress::condition("Progressing", "False", "ReplicaSetCreateError", &message, now);
                conditions::set(&mut failed, condition);
                patches::update_status(&self.client, &DEPLOYMENTS, deployment, failed).await?;
            }
            self.events.event(&DEPLOYMENTS, deployment, EventType::Warning, "ReplicaSetCreateError", message);
        }
        Err(failure)
    }
}

/// `change`, refused when the set was replaced by another of its name.
fn for_uid(set: &Object, mut change: Value) -> Value {
    if change.at(&["metadata"]).is_none() {
        change.set(&["metadata"], value!({}));
    }
    change.set(&["metadata", "uid"], set.uid());
    change
}
