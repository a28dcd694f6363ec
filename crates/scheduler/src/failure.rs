//! Tells the world that a pod got no node, and makes room for it.

use std::sync::Arc;

use apimachinery::{Status, Str, Value, time, value};
use client::{EventType, Options, PatchType, kinds};
use tokio::time::Instant;

use crate::{
    cache::PodInfo,
    metrics,
    queue::Failure,
    scheduler::{Scheduler, Unplaced},
};

fn condition(kind: &str, status: &str, reason: &str, message: &str) -> Value {
    value!({
        "type": kind,
        "status": status,
        "lastProbeTime": null,
        "lastTransitionTime": time::format_seconds(stdx::clock::now()),
        "reason": reason,
        "message": message
    })
}

impl Scheduler {
    /// Writes why a pod got no node, drives its victims out, and puts it back into the queue.
    pub(crate) async fn report(self, unplaced: Box<Unplaced>) {
        let Unplaced { queued, diagnosis, post, error } = *unplaced;
        let (pod, profile) = (&queued.pod, queued.profile);
        let (failure, reason) = match &error {
            None => (Failure::Rejected(diagnosis.plugins), "Unschedulable"),
            Some(_) => (Failure::Error, "SchedulerError"),
        };
        let message = match error {
            Some(error) => error,
            None if diagnosis.nodes_total == 0 => "no nodes available to schedule pods".to_owned(),
            None => diagnosis.message(),
        };
        if let Some((node, victims)) = &post.preemption {
            metrics::preempts(victims.len());
            self.preempt(pod, profile, node, victims).await;
        }
        let nomination = match &post.preemption {
            Some((node, _)) => Some(node.clone()),
            None if post.clears_nomination && !pod.wishes().nominated_node.is_empty() => Some(Str::EMPTY),
            None => None,
        };
        // Back into the queue first: what the write brings about must find it there.
        self.shared.state.lock().queue.failed(pod, failure, Instant::now());
        self.shared.changed.notify_one();
        self.write_failure(pod, profile, reason, &message, nomination).await;
    }

    /// Writes the condition `PodScheduled`, if it says something else, and an event.
    pub(crate) async fn write_failure(
        &self,
        pod: &PodInfo,
        profile: usize,
        reason: &str,
        message: &str,
        nomination: Option<Str>,
    ) {
        let recorder = &self.shared.recorders[profile];
        recorder.event_about(pod.reference(), EventType::Warning, "FailedScheduling", message);
        let known = self.shared.state.lock().queue.get(&pod.key).map(|queued| queued.pod.clone());
        let Some(known) = known.filter(|known| known.uid == pod.uid) else { return };
        let wishes = known.wishes();
        let told = wishes.condition.as_ref().is_some_and(|(was, text)| *was == reason && *text == message);
        let nominated = nomination.as_ref().is_none_or(|node| *node == wishes.nominated_node);
        if told && nominated {
            return;
        }
        let mut status = value!({"conditions": [condition("PodScheduled", "False", reason, message)]});
        if let Some(node) = nomination {
            status.set(&["nominatedNodeName"], if node.is_empty() { Value::Null } else { Value::from(node) });
        }
        if let Err(error) = self.patch_status(pod, status).await {
            tracing::debug!(pod = %pod.key, %error, "the pod's status could not be written");
        }
    }

    async fn patch_status(&self, pod: &PodInfo, status: Value) -> Result<(), Status> {
        // Another pod of the same name must not get it.
        let patch = value!({"metadata": {"uid": &pod.uid}, "status": status});
        let pods = self.shared.client.namespaced(&kinds::PODS, pod.namespace.clone());
        pods.patch(&pod.name, "status", PatchType::Strategic, patch).await.map(drop)
    }

    /// Writes that pods are held back by their gates.
    pub(crate) async fn report_gated(self, pods: Vec<Arc<PodInfo>>) {
        const MESSAGE: &str = "Scheduling is blocked due to non-empty scheduling gates";
        for pod in pods {
            let status = value!({"conditions": [condition("PodScheduled", "False", "SchedulingGated", MESSAGE)]});
            if let Err(error) = self.patch_status(&pod, status).await {
                tracing::debug!(pod = %pod.key, %error, "the pod's status could not be written");
            }
        }
    }

    /// Drives `victims` out of `node` for `pod`. Pods that waited for the same room lose their claim and are tried
    /// again.
    async fn preempt(&self, pod: &PodInfo, profile: usize, node: &Str, victims: &[Arc<PodInfo>]) {
        let writes = victims.iter().map(|victim| self.drive_out(pod, profile, victim));
        for (victim, result) in victims.iter().zip(futures::future::join_all(writes).await) {
            match result {
                Ok(()) => {}
                Err(status) if status.is_not_found() => {}
                Err(error) => {
                    tracing::warn!(pod = %pod.key, victim = %victim.key, %error, "a pod could not be driven out");
                }
            }
        }
        let overtaken: Vec<Arc<PodInfo>> = {
            let mut state = self.shared.state.lock();
            let index = state.cache.node_named(node).map(|node| node.index);
            let nominated = index.map(|index| state.cache.nominated_to(index).to_vec()).unwrap_or_default();
            let overtaken: Vec<_> = nominated.into_iter().filter(|other| other.priority < pod.priority).collect();
            for other in &overtaken {
                state.cache.forget_nomination(&other.key);
                state.queue.hurry(&other.key);
            }
            overtaken
        };
        for other in overtaken {
            if let Err(error) = self.patch_status(&other, value!({"nominatedNodeName": null})).await {
                tracing::debug!(pod = %other.key, %error, "the pod's nomination could not be cleared");
            }
        }
    }

    async fn drive_out(&self, pod: &PodInfo, profile: usize, victim: &PodInfo) -> Result<(), Status> {
        if !victim.terminating {
            let scheduler = &self.shared.profiles[profile].scheduler_name;
            let message = format!("{scheduler}: preempting to accommodate a higher priority pod");
            let condition = condition("DisruptionTarget", "True", "PreemptionByScheduler", &message);
            self.patch_status(victim, value!({"conditions": [condition]})).await?;
            let pods = self.shared.client.namespaced(&kinds::PODS, victim.namespace.clone());
            let options = Options { precondition_uid: victim.uid.to_string(), ..Options::default() };
            pods.delete(&victim.name, options).await?;
        }
        let message = format!("Preempted by pod {} on node {}", pod.uid, victim.node_name);
        self.shared.recorders[profile].event_about(victim.reference(), EventType::Normal, "Preempted", message);
        Ok(())
    }
}
