//! `statefulset-controller`: pods with names and volumes of their own, one after the other.

mod claims;
mod identity;
mod plan;
#[cfg(test)]
mod tests;
mod update;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use apimachinery::{Object, Status, Str, labels::Selector};
use async_trait::async_trait;
use client::{
    Event, EventType, Informer, WorkQueue,
    controller::{self, Outcome, Reconcile},
    kinds::{CONTROLLER_REVISIONS, PERSISTENT_VOLUME_CLAIMS, PODS, STATEFUL_SETS},
};

use self::{
    identity::{HASH_LABEL, parent_and_ordinal},
    plan::{Observed, Operation, plan},
};
use crate::{
    Context, ControllerDescriptor,
    expectations::Expectations,
    history::{self, History},
    ownership::{self, Claimer, controller_key},
    patches,
    pod_control::{PodControl, in_flight, is_namespace_terminating},
};

const WORKERS: usize = 5;

/// The controller of stateful sets.
pub const DESCRIPTOR: ControllerDescriptor = ControllerDescriptor {
    name: "statefulset-controller",
    service_account: "statefulset-controller",
    start: |context| Box::pin(run(context)),
};

struct StatefulSets {
    sets: Informer,
    pods: Informer,
    claims: Informer,
    revisions: Informer,
    control: PodControl,
    expectations: Arc<Expectations>,
}

async fn run(context: Context) {
    let (sets, pods) = (context.informers.of(&STATEFUL_SETS), context.informers.of(&PODS));
    let claims = context.informers.of(&PERSISTENT_VOLUME_CLAIMS);
    let revisions = context.informers.of(&CONTROLLER_REVISIONS);
    ownership::index_by_controller(&pods);
    ownership::index_by_controller(&revisions);
    let queue = WorkQueue::new();
    controller::enqueue_objects(&sets, &queue);
    enqueue_owners(&sets, &pods, &queue);
    let expectations = Arc::new(Expectations::default());
    let control = PodControl {
        client: context.client.clone(),
        events: context.recorder("statefulset-controller"),
        pods: pods.clone(),
        expectations: expectations.clone(),
    };
    let reconciler = StatefulSets {
        sets: sets.clone(),
        pods: pods.clone(),
        claims: claims.clone(),
        revisions: revisions.clone(),
        control,
        expectations,
    };
    let informers = [sets, pods, claims, revisions];
    controller::run("statefulset-controller", &informers, queue, WORKERS, Arc::new(reconciler)).await;
}

fn selector(set: &Object) -> Option<Selector> {
    Selector::from_label_selector(set.spec().get("selector")).ok().filter(|selector| !selector.is_everything())
}

fn enqueue_owners(sets: &Informer, pods: &Informer, queue: &WorkQueue<Str>) {
    let sets = sets.clone();
    controller::enqueue_on(pods, queue, move |event: &Event| {
        let pod = event.object();
        let mut keys: Vec<Str> = controller_key(pod, "StatefulSet").into_iter().collect();
        if let Some(old) = event.old() {
            keys.extend(controller_key(old, "StatefulSet").filter(|old| !keys.contains(old)));
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

#[async_trait]
impl Reconcile for StatefulSets {
    async fn reconcile(&self, key: &Str) -> Outcome {
        self.expectations.settled(key).await;
        let Some(set) = self.sets.get(key) else { return Ok(None) };
        let Some(selector) = selector(&set) else { return Ok(None) };
        let client = &self.control.client;
        let claimer = Claimer {
            client,
            owner_resource: &STATEFUL_SETS,
            owner: &set,
            resource: &CONTROLLER_REVISIONS,
            selector: &selector,
        };
        let mut revisions = claimer.claim(ownership::owned_and_orphans(&self.revisions, &set)).await?;
        let claimer = Claimer { resource: &PODS, ..claimer };
        let mut candidates = ownership::owned_and_orphans(&self.pods, &set);
        candidates.retain(|pod| parent_and_ordinal(pod.name()).is_some_and(|(parent, _)| parent == set.name()));
        let pods = claimer.claim(candidates).await?;
        let history = History {
            client,
            informer: &self.revisions,
            expectations: &self.expectations,
            resource: STATEFUL_SETS,
            hash_label: "controller.kubernetes.io/hash",
        };
        let (update, collisions) = history.current(key, &set, &mut revisions).await?;
        let shown = set.status().str_at("currentRevision").unwrap_or_default();
        let current = revisions.iter().find(|revision| revision.name() == shown).unwrap_or(&update).clone();
        let claims = self.claims.list_namespace(set.namespace());
        let observed = Observed {
            claims: claims.into_iter().map(|claim| (claim.name().into(), claim)).collect::<BTreeMap<_, _>>(),
            set: set.clone(),
            pods,
            current: current.clone(),
            update: update.clone(),
            now: stdx::clock::now(),
        };
        let plan = plan(&observed);
        let done = self.execute(key, &set, plan.operations).await;
        let mut status = plan.status;
        history::set_collisions(&mut status, collisions);
        if let Some(written) = patches::update_status(client, &STATEFUL_SETS, &set, status).await? {
            self.expectations.wrote(key, &self.sets, &written);
        }
        let live = |revision: &Object| {
            revision.uid() == current.uid()
                || revision.uid() == update.uid()
                || observed.pods.iter().any(|pod| pod.label(HASH_LABEL) == Some(revision.name()))
        };
        history.truncate(key, &set, &revisions, live).await?;
        match done {
            Err(status) if is_namespace_terminating(&status) => Ok(None),
            done => {
                done?;
                Ok(plan.check_after_seconds.map(Duration::from_secs))
            }
        }
    }
}

impl StatefulSets {
    /// The plan has put into one list only what may happen at once.
    async fn execute(&self, key: &Str, set: &Object, operations: Vec<Operation>) -> Result<(), Status> {
        let requests: Vec<_> = operations.into_iter().map(|operation| self.execute_one(key, set, operation)).collect();
        in_flight(requests).await.into_iter().collect()
    }

    async fn execute_one(&self, key: &Str, set: &Object, operation: Operation) -> Result<(), Status> {
        let namespace = set.namespace();
        let client = &self.control.client;
        match operation {
            Operation::Create { pod, claims } => {
                self.create_claims(key, set, pod.name(), claims).await?;
                let name = pod.name().to_owned();
                let written = client.namespaced(&PODS, namespace).create(pod).await;
                self.tell(set, "create", "SuccessfulCreate", "FailedCreate", &name, written.as_ref().err());
                self.expectations.wrote(key, &self.pods, &*written?);
            }
            Operation::CreateClaims { pod, claims } => self.create_claims(key, set, &pod, claims).await?,
            Operation::Delete(pod) => {
                let options = client::Options { precondition_uid: pod.uid().to_owned(), ..client::Options::default() };
                match client.namespaced(&PODS, namespace).delete(pod.name(), options).await {
                    Err(status) if status.is_not_found() || status.is_conflict() => {}
                    answer => {
                        let failure = answer.as_ref().err();
                        self.tell(set, "delete", "SuccessfulDelete", "FailedDelete", pod.name(), failure);
                        answer?;
                    }
                }
                self.expectations.deleted(key, &self.pods, &pod);
            }
            Operation::UpdatePod(pod) => {
                let name = pod.name().to_owned();
                let written = client.namespaced(&PODS, namespace).update(pod).await;
                self.tell(set, "update", "SuccessfulUpdate", "FailedUpdate", &name, written.as_ref().err());
                self.expectations.wrote(key, &self.pods, &*written?);
            }
            Operation::UpdateClaim(claim) => {
                let written = client.namespaced(&PERSISTENT_VOLUME_CLAIMS, namespace).update(claim).await?;
                self.expectations.wrote(key, &self.claims, &written);
            }
        }
        Ok(())
    }

    async fn create_claims(&self, key: &Str, set: &Object, pod: &str, claims: Vec<Object>) -> Result<(), Status> {
        let api = self.control.client.namespaced(&PERSISTENT_VOLUME_CLAIMS, set.namespace());
        for claim in claims {
            let name = claim.name().to_owned();
            let (event_type, reason, outcome) = match api.create(claim).await {
                Ok(written) => {
                    self.expectations.wrote(key, &self.claims, &written);
                    (EventType::Normal, "SuccessfulCreate", Ok(()))
                }
                Err(status) if status.is_already_exists() => continue,
                Err(status) => (EventType::Warning, "FailedCreate", Err(status)),
            };
            let message = match &outcome {
                Ok(()) => format!("create Claim {name} Pod {pod} in StatefulSet {} success", set.name()),
                Err(status) => {
                    format!("create Claim {name} for Pod {pod} in StatefulSet {} failed error: {status}", set.name())
                }
            };
            self.control.events.event(&STATEFUL_SETS, set, event_type, reason, message);
            outcome?;
        }
        Ok(())
    }

    fn tell(
        &self,
        set: &Object,
        verb: &str,
        success: &'static str,
        failure: &'static str,
        pod: &str,
        error: Option<&Status>,
    ) {
        let (event_type, reason, message) = match error {
            None => (EventType::Normal, success, format!("{verb} Pod {pod} in StatefulSet {} successful", set.name())),
            Some(error) if is_namespace_terminating(error) => return,
            Some(error) => {
                let message = format!("{verb} Pod {pod} in StatefulSet {} failed error: {error}", set.name());
                (EventType::Warning, failure, message)
            }
        };
        self.control.events.event(&STATEFUL_SETS, set, event_type, reason, message);
    }
}
