//! `pod-garbage-collector-controller`: removes pods that no kubelet will ever finish.

use std::{sync::Arc, time::Duration};

use apimachinery::{Object, Status, Str, Value};
use async_trait::async_trait;
use client::{
    Client, Event, Informer, Options, PatchType, WorkQueue,
    controller::{self, Outcome, Reconcile},
    kinds::{NODES, PODS},
};

use crate::{Context, ControllerDescriptor, disruption_target, pods};

/// A node may be gone for a moment only; its pods wait this long, in seconds.
const QUARANTINE_SECONDS: u64 = 40;
const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";
const BY_NODE: &str = "nodeName";

/// The collector of pods.
pub const DESCRIPTOR: ControllerDescriptor = ControllerDescriptor {
    name: "pod-garbage-collector-controller",
    service_account: "pod-garbage-collector",
    start: |context| Box::pin(run(context)),
};

/// What a worker looks at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    /// One pod.
    Pod(Str),
    /// The pods of a node that is gone, after the quarantine.
    Node(Str),
    /// How many pods have ended.
    Ended,
}

struct PodCollector {
    client: Client,
    pods: Informer,
    nodes: Informer,
    kept: usize,
}

async fn run(context: Context) {
    let (pods, nodes) = (context.informers.of(&PODS), context.informers.of(&NODES));
    pods.add_index(BY_NODE, |pod| vec![pods::node_name(pod).into()]);
    let queue: WorkQueue<Key> = WorkQueue::new();
    controller::enqueue_on(&pods, &queue, |event: &Event| {
        let pod = event.object();
        let ended = pods::is_finished(pod) && !event.old().is_some_and(|old| pods::is_finished(old));
        let leaving = pod.deletion_timestamp().is_some() && !matches!(event, Event::Deleted(_));
        let one = leaving.then(|| Key::Pod(pod.key()));
        one.into_iter().chain(ended.then_some(Key::Ended))
    });
    // The pods of a node that is not there are looked at when the quarantine is over.
    let (later, known) = (queue.clone(), nodes.clone());
    pods.add_handler(move |event: &Event| {
        let node = pods::node_name(event.object());
        if matches!(event, Event::Added(_)) && !node.is_empty() && known.get(node).is_none() {
            later.add_after(Key::Node(node.into()), Duration::from_secs(QUARANTINE_SECONDS));
        }
    });
    let later = queue.clone();
    nodes.add_handler(move |event: &Event| {
        if matches!(event, Event::Deleted(_)) {
            later.add_after(Key::Node(event.object().name().into()), Duration::from_secs(QUARANTINE_SECONDS));
        }
    });
    let leaving = pods.clone();
    controller::enqueue_on(&nodes, &queue, move |event: &Event| {
        let node = event.object();
        let down = is_out_of_service(node) && !matches!(event, Event::Deleted(_));
        let pods = if down { leaving.by_index(BY_NODE, node.name()) } else { Vec::new() };
        pods.into_iter().filter(|pod| pods::is_terminating(pod)).map(|pod| Key::Pod(pod.key()))
    });
    let reconciler = PodCollector {
        client: context.client,
        pods: pods.clone(),
        nodes: nodes.clone(),
        kept: context.settings.terminated_pods_kept,
    };
    let name = "pod-garbage-collector-controller";
    controller::run(name, &[pods, nodes], queue, 1, Arc::new(reconciler)).await;
}

/// Whether somebody has said that the node is down for good.
fn is_out_of_service(node: &Object) -> bool {
    let tainted = node.spec().list_at("taints").iter().any(|taint| taint.str_at(&["key"]) == Some(OUT_OF_SERVICE));
    tainted && !pods::condition_is_true(node, "Ready")
}

#[async_trait]
impl Reconcile<Key> for PodCollector {
    async fn reconcile(&self, key: &Key) -> Outcome {
        match key {
            Key::Pod(key) => self.collect_leaving(key).await?,
            Key::Node(name) => self.collect_stranded(name).await?,
            Key::Ended => self.collect_ended().await?,
        }
        Ok(None)
    }
}

impl PodCollector {
    async fn collect_leaving(&self, key: &Str) -> Result<(), Status> {
        let Some(pod) = self.pods.get(key).filter(|pod| pod.deletion_timestamp().is_some()) else { return Ok(()) };
        let node = pods::node_name(&pod);
        if node.is_empty() {
            return self.remove(&pod, "PodGC: unscheduled terminating pod").await;
        }
        match self.nodes.get(node) {
            Some(node) if is_out_of_service(&node) => self.remove(&pod, "PodGC: node is out of service").await,
            _ => Ok(()),
        }
    }

    async fn collect_stranded(&self, name: &Str) -> Result<(), Status> {
        let stranded = self.pods.by_index(BY_NODE, name);
        if stranded.is_empty() || self.nodes.get(name).is_some() {
            return Ok(());
        }
        if self.client.all(&NODES).get_optional(name).await?.is_some() {
            return Ok(());
        }
        for pod in &stranded {
            self.remove(pod, "PodGC: node no longer exists").await?;
        }
        Ok(())
    }

    async fn collect_ended(&self) -> Result<(), Status> {
        let mut ended = self.pods.list();
        ended.retain(|pod| pods::is_finished(pod) && pod.deletion_timestamp().is_none());
        ended.sort_by(|a, b| a.creation_timestamp().cmp(b.creation_timestamp()).then_with(|| a.key().cmp(&b.key())));
        let surplus = ended.len().saturating_sub(self.kept);
        for pod in ended.iter().take(surplus) {
            self.remove(pod, "").await?;
        }
        Ok(())
    }

    /// Removes the pod at once; one that has not ended is said to have failed first, so that it is counted.
    async fn remove(&self, pod: &Object, why: &str) -> Result<(), Status> {
        let api = self.client.namespaced(&PODS, pod.namespace());
        if !pods::is_finished(pod) {
            let mut patch = disruption_target::patch(pod, "DeletionByPodGC", why);
            patch.set(&["status", "phase"], Value::from("Failed"));
            match api.patch(pod.name(), "status", PatchType::Merge, patch).await {
                Err(status) if status.is_not_found() => return Ok(()),
                answer => drop(answer?),
            }
        }
        let options =
            Options { grace_period_seconds: Some(0), precondition_uid: pod.uid().to_owned(), ..Options::default() };
        match api.delete(pod.name(), options).await {
            Err(status) if !status.is_not_found() && !status.is_conflict() => Err(status),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use apimachinery::value;
    use client::testing::{FakeApi, settle};

    use super::*;
    use crate::Settings;

    fn pod(api: &FakeApi, name: &str, node: &str, phase: &str, created: &str) {
        let metadata = value!({"namespace": "a", "name": name, "finalizers": ["held"]});
        let spec = value!({"nodeName": node});
        api.seed(&PODS, value!({"metadata": metadata, "spec": spec, "status": {"phase": phase}}));
        api.modify(&PODS, "a", name, |pod| pod.set(&["metadata", "creationTimestamp"], created));
    }

    #[tokio::test(start_paused = true)]
    async fn pods_without_a_node_and_too_many_ended_ones_go() {
        let api = FakeApi::new();
        let settings = Settings { terminated_pods_kept: 1, ..Settings::for_tests(&[]) };
        api.seed(&NODES, value!({"metadata": {"name": "n1"}}));
        pod(&api, "kept", "n1", "Running", "2020-01-01T00:00:00Z");
        pod(&api, "lost", "n9", "Running", "2020-01-01T00:00:00Z");
        pod(&api, "older", "n1", "Succeeded", "2020-01-01T00:00:00Z");
        pod(&api, "newer", "n1", "Succeeded", "2020-01-02T00:00:00Z");
        let _running = tokio::spawn((DESCRIPTOR.start)(Context::with_settings(&api, settings)));
        settle(1).await;
        assert_eq!(api.take_log(), ["Delete pods a/older"]);
        settle(60).await;
        assert_eq!(api.take_log(), ["Patch pods a/lost/status", "Delete pods a/lost"]);
        let lost = api.get(&PODS, "a", "lost").unwrap();
        assert_eq!(pods::condition(&lost, "DisruptionTarget").unwrap().str_at(&["reason"]), Some("DeletionByPodGC"));
        api.remove(&NODES, "", "n1");
        settle(60).await;
        assert!(api.take_log().contains(&"Delete pods a/kept".to_owned()));
    }
}
