//! Carries an assignment out: permit, pre-bind, bind.

use std::sync::Arc;

use apimachinery::Status;
use client::EventType;

use crate::{
    cache::PodInfo,
    framework::{Permit, Rejection},
    metrics::Attempt,
    queue::Failure,
    scheduler::Scheduler,
};

/// Why an assignment was not carried out.
enum Refusal {
    /// A plugin refused it.
    Rejected(u8, Rejection),
    /// The API refused it.
    Api(Status),
}

impl Scheduler {
    /// Binds a pod to the node where it is assumed.
    pub(crate) async fn bind(self, pod: Arc<PodInfo>, profile: usize, attempt: Attempt) {
        match self.try_bind(&pod, profile).await {
            Ok(()) => {
                // The pod stays assumed until its watch event confirms it.
                self.shared.state.lock().queue.done(&pod);
                attempt.scheduled(&self.shared.profiles[profile].scheduler_name);
                let message = format!("Successfully assigned {} to {}", pod.key, pod.node_name);
                self.shared.recorders[profile].event_about(pod.reference(), EventType::Normal, "Scheduled", message);
                self.shared.profiles[profile].plugins().for_each(|(.., plugin)| plugin.post_bind(&pod));
            }
            Err(refusal) => {
                let error = matches!(refusal, Refusal::Api(_));
                attempt.failed(&self.shared.profiles[profile].scheduler_name, error);
                self.refused(&pod, profile, refusal).await;
            }
        }
    }

    async fn try_bind(&self, pod: &Arc<PodInfo>, profile: usize) -> Result<(), Refusal> {
        let plugins = &self.shared.profiles[profile];
        for (number, _, plugin) in plugins.plugins() {
            let verdict = match plugin.permit(pod, &pod.node_name) {
                Permit::Allow => Ok(()),
                Permit::Reject(rejection) => Err(rejection),
                Permit::Wait(limit, decision) => tokio::time::timeout(limit, decision).await.unwrap_or_else(|_| {
                    let reason = format!("rejected due to timeout after waiting {limit:?} at plugin {}", plugin.name());
                    Err(Rejection::unschedulable(reason))
                }),
            };
            verdict.map_err(|rejection| Refusal::Rejected(number, rejection))?;
        }
        let client = &self.shared.client;
        for (.., plugin) in plugins.plugins() {
            if let Some(write) = plugin.pre_bind(client, pod) {
                write.await.map_err(Refusal::Api)?;
            }
        }
        match plugins.plugins().find_map(|(.., plugin)| plugin.bind(client, pod)) {
            Some(bind) => bind.await.map_err(Refusal::Api),
            None => Err(Refusal::Api(Status::internal("the scheduler's profile has no plugin that binds pods"))),
        }
    }

    async fn refused(&self, pod: &Arc<PodInfo>, profile: usize, refusal: Refusal) {
        match refusal {
            Refusal::Rejected(plugin, rejection) => {
                self.forget(pod, profile, Failure::Rejected(1 << plugin));
                self.write_failure(pod, profile, "Unschedulable", &rejection.reason, None).await;
            }
            Refusal::Api(status) if status.is_not_found() => {
                // The pod is gone, or its node; the informers will say which.
                tracing::debug!(pod = %pod.key, node = %pod.node_name, error = %status, "nothing to bind any more");
                self.forget(pod, profile, Failure::Error);
            }
            Refusal::Api(status) => {
                tracing::warn!(pod = %pod.key, node = %pod.node_name, error = %status, "binding failed");
                self.forget(pod, profile, Failure::Error);
                let message = format!("binding rejected: {status}");
                self.write_failure(pod, profile, "SchedulerError", &message, None).await;
            }
        }
    }
}
