//! `job-controller`: pods that run to their end, counted once each.
//!
//! A pod of a job holds the finalizer `batch.kubernetes.io/job-tracking`. It is counted in three steps that
//! survive a crash between any two: its UID goes into `status.uncountedTerminatedPods`, the finalizer goes, the
//! count goes up and the UID out.

mod failure_policy;
mod indexes;
mod manage;
mod new_pods;
mod outcome;
mod plan;
#[cfg(test)]
mod tests;
mod tracking;

use std::{sync::Arc, time::Duration};

use apimachinery::{Object, Status, Str, Value, labels::Selector, value};
use async_trait::async_trait;
use client::{
    Event, Informer, PatchType, WorkQueue,
    controller::{self, Outcome, Reconcile},
    kinds::{JOBS, PODS},
};

use self::{
    new_pods::job_pod,
    plan::{Observed, Plan, plan},
    tracking::FINALIZER,
};
use crate::{
    Context, ControllerDescriptor, conditions,
    expectations::Expectations,
    ownership::{self, Claimer, controller_key},
    patches,
    pod_control::{PodControl, in_flight},
};

const WORKERS: usize = 5;
/// The index of tracked pods by the key of their job, whether that exists or not.
const BY_JOB: &str = "trackedByJob";

/// The controller of jobs.
pub const DESCRIPTOR: ControllerDescriptor = ControllerDescriptor {
    name: "job-controller",
    service_account: "job-controller",
    start: |context| Box::pin(run(context)),
};

/// What a worker looks at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    /// A job and its pods.
    Job(Str),
    /// A tracked pod that no job controls any more.
    Orphan(Str),
}

struct Jobs {
    jobs: Informer,
    pods: Informer,
    control: PodControl,
    expectations: Arc<Expectations>,
}

fn is_tracked(pod: &Object) -> bool {
    pod.finalizers().iter().any(|finalizer| finalizer.as_str() == Some(FINALIZER))
}

async fn run(context: Context) {
    let (jobs, pods) = (context.informers.of(&JOBS), context.informers.of(&PODS));
    ownership::index_by_controller(&pods);
    pods.add_index(BY_JOB, |pod| controller_key(pod, "Job").filter(|_| is_tracked(pod)).into_iter().collect());
    let queue = WorkQueue::new();
    controller::enqueue_on(&jobs, &queue, |event| [Key::Job(event.object().key())]);
    enqueue_owners(&jobs, &pods, &queue);
    let expectations = Arc::new(Expectations::default());
    let control = PodControl {
        client: context.client.clone(),
        events: context.recorder("job-controller"),
        pods: pods.clone(),
        expectations: expectations.clone(),
    };
    let reconciler = Jobs { jobs: jobs.clone(), pods: pods.clone(), control, expectations };
    controller::run("job-controller", &[jobs, pods], queue, WORKERS, Arc::new(reconciler)).await;
}

fn selector(job: &Object) -> Option<Selector> {
    Selector::from_label_selector(job.spec().get("selector")).ok().filter(|selector| !selector.is_everything())
}

fn enqueue_owners(jobs: &Informer, pods: &Informer, queue: &WorkQueue<Key>) {
    let jobs = jobs.clone();
    controller::enqueue_on(pods, queue, move |event: &Event| {
        let pod = event.object();
        let mut keys: Vec<Key> = controller_key(pod, "Job").map(Key::Job).into_iter().collect();
        if let Some(old) = event.old() {
            keys.extend(controller_key(old, "Job").map(Key::Job).filter(|old| !keys.contains(old)));
        }
        if pod.controller().is_none() && !matches!(event, Event::Deleted(_)) {
            if is_tracked(pod) {
                keys.push(Key::Orphan(pod.key()));
            }
            let selecting = jobs
                .list_namespace(pod.namespace())
                .into_iter()
                .filter(|job| selector(job).is_some_and(|selector| selector.matches(pod.labels())));
            keys.extend(selecting.map(|job| Key::Job(job.key())));
        }
        keys
    });
}

#[async_trait]
impl Reconcile<Key> for Jobs {
    async fn reconcile(&self, key: &Key) -> Outcome {
        match key {
            Key::Job(key) => self.reconcile_job(key).await,
            Key::Orphan(key) => {
                if let Some(pod) = self.pods.get(key).filter(|pod| pod.controller().is_none() && is_tracked(pod)) {
                    self.remove_finalizer(key, &pod).await?;
                }
                Ok(None)
            }
        }
    }
}

impl Jobs {
    async fn reconcile_job(&self, key: &Str) -> Outcome {
        self.expectations.settled(key).await;
        let job = self.jobs.get(key);
        self.free_pods_of_others(key, job.as_deref()).await?;
        let Some(job) = job else { return Ok(None) };
        let managed_by = job.spec().str_at("managedBy").unwrap_or("kubernetes.io/job-controller");
        if managed_by != "kubernetes.io/job-controller" || outcome::is_finished(&job) {
            return Ok(None);
        }
        let Some(selector) = selector(&job) else { return Ok(None) };
        let claimer = Claimer {
            client: &self.control.client,
            owner_resource: &JOBS,
            owner: &job,
            resource: &PODS,
            selector: &selector,
        };
        let pods = claimer.claim(ownership::owned_and_orphans(&self.pods, &job)).await?;
        let observed = Observed::new(job.clone(), pods, stdx::clock::now());
        let plan = plan(&observed);
        let finished = plan.events.iter().any(|event| event.ends);
        let written = patches::update_status(&self.control.client, &JOBS, &job, plan.status.clone()).await?;
        if let Some(written) = written {
            self.expectations.wrote(key, &self.jobs, &written);
        }
        for event in &plan.events {
            self.control.events.event_about(
                client::events::object_reference(&JOBS, &job),
                event.event_type,
                event.reason.clone(),
                event.message.clone(),
            );
        }
        // What is counted is freed first, so that its deletion ends it at once.
        self.remove_finalizers(key, &plan.remove_finalizers).await?;
        self.manage(key, &observed, &plan).await?;
        Ok(plan.check_after_seconds.filter(|_| !finished).map(Duration::from_secs))
    }

    /// Pods of an earlier job of this name, or of one that is done, need not be counted any more.
    async fn free_pods_of_others(&self, key: &Str, job: Option<&Object>) -> Result<(), Status> {
        let mut tracked = self.pods.by_index(BY_JOB, key);
        tracked.retain(|pod| job.is_none_or(|job| !ownership::is_controlled_by(pod, job) || outcome::is_finished(job)));
        if tracked.is_empty() {
            return Ok(());
        }
        if job.is_none() {
            // The cache of jobs may lag behind that of pods.
            let (namespace, name) = key.split_once('/').unwrap_or_default();
            let live = self.control.client.namespaced(&JOBS, namespace).get_optional(name).await?;
            if let Some(live) = live {
                self.expectations.wrote(key, &self.jobs, &live);
                tracked.retain(|pod| !ownership::is_controlled_by(pod, &live));
            }
        }
        self.remove_finalizers(key, &tracked).await
    }

    async fn manage(&self, key: &Str, observed: &Observed, plan: &Plan) -> Result<(), Status> {
        // Pods that are too many go uncounted: first the finalizer, then the pod.
        self.remove_finalizers(key, &plan.discard).await?;
        let job = &observed.job;
        self.control.delete_many(key, &JOBS, job, &plan.discard).await?;
        self.control.delete_many(key, &JOBS, job, &plan.delete).await?;
        let make = |index: usize| job_pod(job, &plan.create[index]);
        self.control.create_many(key, &JOBS, job, plan.create.len(), make).await.1
    }

    async fn remove_finalizers(&self, key: &Str, pods: &[Arc<Object>]) -> Result<(), Status> {
        let requests: Vec<_> = pods.iter().map(|pod| self.remove_finalizer(key, pod)).collect();
        in_flight(requests).await.into_iter().collect()
    }

    async fn remove_finalizer(&self, key: &Str, pod: &Object) -> Result<(), Status> {
        if !is_tracked(pod) {
            return Ok(());
        }
        let mut left: Vec<Value> = pod.finalizers().to_vec();
        left.retain(|finalizer| finalizer.as_str() != Some(FINALIZER));
        let left = if left.is_empty() { Value::Null } else { Value::from(left) };
        let patch = value!({"metadata": {
            "uid": pod.uid(),
            "resourceVersion": pod.resource_version(),
            "finalizers": left
        }});
        let api = self.control.client.namespaced(&PODS, pod.namespace());
        match api.patch(pod.name(), "", PatchType::Merge, patch).await {
            Ok(written) => {
                self.expectations.wrote(key, &self.pods, &written);
                Ok(())
            }
            Err(status) if status.is_not_found() => Ok(()),
            Err(status) => Err(status),
        }
    }
}

/// A condition of a job, with the time at which it was looked at.
fn condition(kind: &str, status: &str, reason: &str, message: &str, now: jiff::Timestamp) -> Value {
    let mut condition = conditions::new(kind, status, reason, message, now);
    condition.set(&["lastProbeTime"], apimachinery::time::format_seconds(now));
    condition
}
