//! What a worker tells the API: the pod's status, and that a static pod has a mirror.

use std::sync::Arc;

use apimachinery::{Object, Value, time, value};
use client::{Options, PatchType, kinds};
use tokio::time::Instant;

use super::{RETRY, Worker};
use crate::{labels, observed::Observed, static_pods, status};

impl Worker {
    /// Makes sure that the mirror pod of a static pod is there; its status is what is written.
    pub(super) async fn mirrored(&mut self) -> bool {
        let pod = self.mailbox.pod();
        if self.written.annotation(labels::CONFIG_MIRROR).is_some() {
            if self.written.deletion_timestamp().is_none() {
                return true;
            }
            // Somebody deletes it: it goes, and another one comes, since the pod itself goes on.
            let options = Options {
                grace_period_seconds: Some(0),
                precondition_uid: self.written.uid().to_owned(),
                ..Options::default()
            };
            let pods = self.services.client.namespaced(&kinds::PODS, pod.namespace());
            if let Err(error) = pods.delete(pod.name(), options).await
                && !error.is_not_found()
                && !error.is_conflict()
            {
                tracing::warn!(%error, pod = %pod.key(), "a mirror pod that is deleted could not be removed");
                return false;
            }
        }
        let node = self.services.node.get(&self.services.config.node_name);
        let mirror = static_pods::mirror(&pod, node.as_deref());
        let pods = self.services.client.namespaced(&kinds::PODS, pod.namespace());
        let made = match pods.create(mirror).await {
            Err(error) if error.is_already_exists() => pods.get(pod.name()).await,
            made => made,
        };
        match made {
            Ok(found) if found.annotation(labels::CONFIG_MIRROR) == Some(pod.uid()) => {
                self.written = found;
                true
            }
            Ok(stale) => {
                // It shows an earlier manifest.
                let options = Options {
                    grace_period_seconds: Some(0),
                    precondition_uid: stale.uid().to_owned(),
                    ..Options::default()
                };
                if let Err(error) = pods.delete(stale.name(), options).await {
                    tracing::warn!(%error, pod = %pod.key(), "an outdated mirror pod could not be removed");
                }
                false
            }
            Err(error) => {
                tracing::warn!(%error, pod = %pod.key(), "a mirror pod could not be made");
                false
            }
        }
    }

    /// Writes the status if it has changed.
    pub(super) async fn report(&mut self, pod: &Arc<Object>, observed: &Observed, terminal: bool, last: bool) {
        let phase = self.written.status().str_at("phase").unwrap_or_default();
        let ended = matches!(phase, "Succeeded" | "Failed");
        // One that was refused never had anything here, and a worker that comes later has nothing to add either.
        let nothing = observed.sandboxes.is_empty() && observed.containers.is_empty();
        if ended && (self.torn_down || nothing) {
            return;
        }
        let probes = self.probers.results();
        let failures = self.failures.lock().clone();
        let hooked = self.hooked.lock().clone();
        for _ in 0..3 {
            let previous = self.written.at(&["status"]).cloned().unwrap_or_default();
            let inputs = status::Inputs {
                observed,
                probes: &probes,
                failures: &failures,
                hooked: &hooked,
                terminal,
                restarting_all: false,
                host_addresses: &self.services.config.host_addresses(),
                runtime_name: &self.services.facts.runtime_name,
                now: stdx::clock::now(),
            };
            let mut new = status::compute(pod, &previous, inputs);
            if let Some((phase, reason, message)) = &self.verdict {
                new.set(&["phase"], *phase);
                new.set(&["reason"], reason.as_str());
                new.set(&["message"], message.as_str());
                if reason == crate::eviction::REASON {
                    disrupted(&mut new, message);
                }
            }
            if last && !matches!(new.str_at(&["phase"]), Some("Succeeded" | "Failed")) {
                new.set(&["phase"], "Failed");
            }
            match self.write(&previous, &new).await {
                Written::Conflict => {}
                Written::Done => {
                    let phases = (previous.str_at(&["phase"]), new.str_at(&["phase"]));
                    if let (Some("Pending") | None, Some("Running")) = phases {
                        crate::metrics::POD_START.with(&[]).observe(self.began.elapsed().as_secs_f64());
                    }
                    return;
                }
                Written::Failed => {
                    self.retry_at = Some(Instant::now() + RETRY);
                    return;
                }
            }
        }
        // Somebody writes faster than we read; the watch brings the newest.
        self.retry_at = Some(Instant::now() + RETRY);
    }

    async fn write(&mut self, previous: &Value, new: &Value) -> Written {
        let (previous, new) = (normalized(previous), normalized(new));
        let Some(change) = status::merge_patch(&previous, &new) else { return Written::Done };
        let written = self.written.clone();
        let patch = value!({
            "metadata": {"uid": written.uid(), "resourceVersion": written.resource_version()}, "status": change
        });
        let pods = self.services.client.namespaced(&kinds::PODS, written.namespace());
        match pods.patch(written.name(), "status", PatchType::Merge, patch).await {
            Ok(object) => {
                self.written = object;
                Written::Done
            }
            Err(error) if error.is_conflict() => match pods.get_optional(written.name()).await {
                Ok(Some(object)) if object.uid() == written.uid() => {
                    self.written = object;
                    Written::Conflict
                }
                // Another pod has its name now: the watch says that this one is gone.
                Ok(_) => Written::Done,
                Err(_) => Written::Failed,
            },
            Err(error) if error.is_not_found() => Written::Done,
            Err(error) => {
                tracing::warn!(%error, pod = %written.key(), "the status of a pod could not be written");
                Written::Failed
            }
        }
    }
}

/// Says that the node has ended the pod, which is none of its own failures.
fn disrupted(status: &mut Value, message: &str) {
    let mut conditions = status.list_at(&["conditions"]).to_vec();
    if conditions.iter().any(|condition| condition.str_at(&["type"]) == Some("DisruptionTarget")) {
        return;
    }
    conditions.push(value!({
        "type": "DisruptionTarget", "status": "True", "reason": "TerminationByKubelet", "message": message,
        "lastProbeTime": null, "lastTransitionTime": time::format_seconds(stdx::clock::now())
    }));
    status.set(&["conditions"], conditions);
}

/// How writing a status ended.
enum Written {
    Done,
    Conflict,
    Failed,
}

/// What is nothing to an API client, and may or may not be there: nulls, empty text, empty maps and lists.
fn normalized(value: &Value) -> Value {
    match value {
        Value::Map(map) => {
            let kept = map.iter().map(|(key, value)| (key.clone(), normalized(value)));
            Value::Map(kept.filter(|(_, value)| !is_nothing(value)).collect())
        }
        Value::List(list) => Value::List(list.iter().map(normalized).collect()),
        other => other.clone(),
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Map(map) => map.is_empty(),
        Value::List(list) => list.is_empty(),
        _ => false,
    }
}
