//! `ttl-after-finished-controller`: removes jobs some time after their end.

use std::{sync::Arc, time::Duration};

use apimachinery::{Object, Str, time};
use async_trait::async_trait;
use client::{
    Client, DeletePropagation, Informer, Options, WorkQueue,
    controller::{self, Outcome, Reconcile},
    kinds::JOBS,
};
use jiff::Timestamp;

use crate::{Context, ControllerDescriptor, pods};

const WORKERS: usize = 5;

/// The controller of finished jobs' time to live.
pub const DESCRIPTOR: ControllerDescriptor = ControllerDescriptor {
    name: "ttl-after-finished-controller",
    service_account: "ttl-after-finished-controller",
    start: |context| Box::pin(run(context)),
};

struct FinishedJobs {
    client: Client,
    jobs: Informer,
}

async fn run(context: Context) {
    let jobs = context.informers.of(&JOBS);
    let queue = WorkQueue::new();
    controller::enqueue_on(&jobs, &queue, |event| {
        let job = event.object();
        expires(job).map(|_| job.key())
    });
    let reconciler = FinishedJobs { client: context.client, jobs: jobs.clone() };
    controller::run("ttl-after-finished-controller", &[jobs], queue, WORKERS, Arc::new(reconciler)).await;
}

/// When the job is to go, if it has ended and is to go at all.
fn expires(job: &Object) -> Option<Timestamp> {
    let seconds = job.spec().i64_at("ttlSecondsAfterFinished")?;
    let end = ["Complete", "Failed"].into_iter().find(|kind| pods::condition_is_true(job, kind))?;
    let finished = time::parse(pods::condition(job, end)?.str_at(&["lastTransitionTime"])?)?;
    Timestamp::from_second(finished.as_second() + seconds).ok().filter(|_| job.deletion_timestamp().is_none())
}

#[async_trait]
impl Reconcile for FinishedJobs {
    async fn reconcile(&self, key: &Str) -> Outcome {
        let Some(cached) = self.jobs.get(key) else { return Ok(None) };
        let Some(expiry) = expires(&cached) else { return Ok(None) };
        let left = expiry.as_millisecond() - stdx::clock::now().as_millisecond();
        if left > 0 {
            return Ok(Some(Duration::from_millis(left.unsigned_abs())));
        }
        // The time to live may have been raised a moment ago.
        let api = self.client.namespaced(&JOBS, cached.namespace());
        let Some(fresh) = api.get_optional(cached.name()).await? else { return Ok(None) };
        if fresh.uid() != cached.uid() || expires(&fresh).is_none_or(|fresh| fresh > expiry) {
            return Ok(None);
        }
        let options = Options {
            propagation: Some(DeletePropagation::Foreground),
            precondition_uid: fresh.uid().to_owned(),
            ..Options::default()
        };
        match api.delete(fresh.name(), options).await {
            Err(status) if status.is_not_found() || status.is_conflict() => Ok(None),
            answer => Ok(answer.map(|_| None)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use apimachinery::value;
    use client::testing::{FakeApi, settle};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn finished_jobs_go_when_their_time_is_up() {
        let api = FakeApi::new();
        let _running = tokio::spawn((DESCRIPTOR.start)(Context::for_tests(&api)));
        let end = time::format_seconds(stdx::clock::now());
        for (name, seconds) in [("now", 0), ("later", 3600)] {
            api.seed(&JOBS, value!({
                "metadata": {"namespace": "a", "name": name},
                "spec": {"ttlSecondsAfterFinished": seconds},
                "status": {"conditions": [{"type": "Complete", "status": "True", "lastTransitionTime": end.as_str()}]}
            }));
        }
        settle(1).await;
        assert_eq!(api.take_log(), ["Delete jobs a/now"]);
    }
}
