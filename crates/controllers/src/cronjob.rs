//! `cronjob-controller`: starts jobs by the clock.

mod plan;
pub mod schedule;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use apimachinery::{List, Object, Status, Str, Value, time};
use async_trait::async_trait;
use client::{
    Client, DeletePropagation, EventRecorder, EventType, Informer, Options, WorkQueue,
    controller::{self, Outcome, Reconcile},
    kinds::{CRON_JOBS, JOBS},
};

use self::plan::{Observed, Operation, job_reference, plan};
use crate::{
    Context, ControllerDescriptor,
    expectations::Expectations,
    ownership::{self, controller_key},
    patches,
    pod_control::is_namespace_terminating,
};

const WORKERS: usize = 5;

/// The controller of cron jobs.
pub const DESCRIPTOR: ControllerDescriptor = ControllerDescriptor {
    name: "cronjob-controller",
    service_account: "cronjob-controller",
    start: |context| Box::pin(run(context)),
};

struct CronJobs {
    client: Client,
    events: EventRecorder,
    crons: Informer,
    jobs: Informer,
    expectations: Expectations,
}

async fn run(context: Context) {
    let (crons, jobs) = (context.informers.of(&CRON_JOBS), context.informers.of(&JOBS));
    ownership::index_by_controller(&jobs);
    let queue = WorkQueue::new();
    controller::enqueue_objects(&crons, &queue);
    controller::enqueue_on(&jobs, &queue, |event| {
        let before = event.old().and_then(|old| controller_key(old, "CronJob"));
        controller_key(event.object(), "CronJob").into_iter().chain(before)
    });
    let reconciler = CronJobs {
        client: context.client.clone(),
        events: context.recorder("cronjob-controller"),
        crons: crons.clone(),
        jobs: jobs.clone(),
        expectations: Expectations::default(),
    };
    controller::run("cronjob-controller", &[crons, jobs], queue, WORKERS, Arc::new(reconciler)).await;
}

#[async_trait]
impl Reconcile for CronJobs {
    async fn reconcile(&self, key: &Str) -> Outcome {
        self.expectations.settled(key).await;
        let Some(cron) = self.crons.get(key) else { return Ok(None) };
        let jobs = ownership::owned(&self.jobs, &cron);
        let plan = plan(&Observed { cron: cron.clone(), jobs, now: stdx::clock::now() });
        let mut status = plan.status;
        let done = self.execute(key, &cron, plan.operations, &mut status).await;
        if let Some(written) = patches::update_status(&self.client, &CRON_JOBS, &cron, status).await? {
            self.expectations.wrote(key, &self.crons, &written);
        }
        done?;
        Ok(plan.check_after_milliseconds.map(Duration::from_millis))
    }
}

impl CronJobs {
    async fn execute(
        &self,
        key: &Str,
        cron: &Object,
        operations: Vec<Operation>,
        status: &mut Value,
    ) -> Result<(), Status> {
        for operation in operations {
            match operation {
                Operation::Tell { event_type, reason, message } => {
                    self.events.event(&CRON_JOBS, cron, event_type, reason, message);
                }
                Operation::Forget(job) => self.delete(key, cron, &job).await?,
                Operation::Replace(job) => {
                    self.delete(key, cron, &job).await?;
                    if let Some(active) = status.at_mut(&["active"]).and_then(Value::as_list_mut) {
                        active.retain(|reference| reference.str_at(&["uid"]) != Some(job.uid()));
                    }
                }
                Operation::Start { job, scheduled } => {
                    if let Some(started) = self.start(key, cron, job).await? {
                        let mut active: List = status.list_at(&["active"]).iter().cloned().collect();
                        active.push(job_reference(&started));
                        status.set(&["active"], active);
                        status.set(&["lastScheduleTime"], time::format_seconds(scheduled));
                    }
                }
            }
        }
        Ok(())
    }

    async fn delete(&self, key: &Str, cron: &Object, job: &Object) -> Result<(), Status> {
        let options = Options {
            propagation: Some(DeletePropagation::Background),
            precondition_uid: job.uid().to_owned(),
            ..Options::default()
        };
        match self.client.namespaced(&JOBS, job.namespace()).delete(job.name(), options).await {
            Ok(_) => {
                let message = format!("Deleted job {}", job.name());
                self.events.event(&CRON_JOBS, cron, EventType::Normal, "SuccessfulDelete", message);
            }
            Err(status) if status.is_not_found() || status.is_conflict() => {}
            Err(status) => {
                let message = format!("Deleted job: {status}");
                self.events.event(&CRON_JOBS, cron, EventType::Warning, "FailedDelete", message);
                return Err(status);
            }
        }
        self.expectations.deleted(key, &self.jobs, job);
        Ok(())
    }

    /// Starts `job`; `None` when its namespace goes or another has the name.
    async fn start(&self, key: &Str, cron: &Object, job: Object) -> Result<Option<Arc<Object>>, Status> {
        let api = self.client.namespaced(&JOBS, cron.namespace());
        let name = job.name().to_owned();
        match api.create(job).await {
            Ok(started) => {
                self.expectations.wrote(key, &self.jobs, &started);
                let message = format!("Created job {name}");
                self.events.event(&CRON_JOBS, cron, EventType::Normal, "SuccessfulCreate", message);
                Ok(Some(started))
            }
            Err(status) if status.is_already_exists() => {
                let existing = api.get(&name).await?;
                self.expectations.wrote(key, &self.jobs, &existing);
                let ours = ownership::is_controlled_by(&existing, cron);
                Ok(ours.then_some(existing))
            }
            Err(status) if is_namespace_terminating(&status) => Ok(None),
            Err(status) => {
                let message = format!("Error creating job: {status}");
                self.events.event(&CRON_JOBS, cron, EventType::Warning, "FailedCreate", message);
                Err(status)
            }
        }
    }
}
