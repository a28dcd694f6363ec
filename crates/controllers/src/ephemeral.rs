//! `ephemeral-volume-controller`: the claims of volumes that live as long as their pod.

use std::sync::Arc;

use apimachinery::{Object, Str, Value, value};
use async_trait::async_trait;
use client::{
    Client, EventRecorder, EventType, Informer, WorkQueue,
    controller::{self, Outcome, Reconcile, ReconcileError},
    kinds::{PERSISTENT_VOLUME_CLAIMS, PODS},
};

use crate::{Context, ControllerDescriptor, ownership, pod_control::is_namespace_terminating, pods};

const WORKERS: usize = 5;

/// The controller of ephemeral volumes.
pub const DESCRIPTOR: ControllerDescriptor = ControllerDescriptor {
    name: "ephemeral-volume-controller",
    service_account: "ephemeral-volume-controller",
    start: |context| Box::pin(run(context)),
};

struct Ephemeral {
    client: Client,
    events: EventRecorder,
    pods: Informer,
    claims: Informer,
}

fn ephemeral_volumes(pod: &Object) -> impl Iterator<Item = &Value> {
    pod.spec().list_at("volumes").iter().filter(|volume| volume.at(&["ephemeral"]).is_some())
}

async fn run(context: Context) {
    let (pods, claims) = (context.informers.of(&PODS), context.informers.of(&PERSISTENT_VOLUME_CLAIMS));
    let queue = WorkQueue::new();
    controller::enqueue_on(&pods, &queue, |event| {
        let pod = event.object();
        (pods::is_active(pod) && ephemeral_volumes(pod).next().is_some()).then(|| pod.key())
    });
    controller::enqueue_on(&claims, &queue, |event| ownership::controller_key(event.object(), "Pod"));
    let reconciler = Ephemeral {
        client: context.client.clone(),
        events: context.recorder("ephemeral_volume"),
        pods: pods.clone(),
        claims: claims.clone(),
    };
    controller::run(DESCRIPTOR.name, &[pods, claims], queue, WORKERS, Arc::new(reconciler)).await;
}

/// The claim of one of the pod's volumes.
fn claim(pod: &Object, volume: &Value, name: &str) -> Object {
    let template = volume.at(&["ephemeral", "volumeClaimTemplate"]).cloned().unwrap_or_default();
    let mut claim = value!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": name,
            "namespace": pod.namespace(),
            "ownerReferences": [ownership::controller_reference(&PODS, pod)]
        },
        "spec": template.at(&["spec"]).cloned().unwrap_or_default()
    });
    for key in ["labels", "annotations"] {
        if let Some(copied) = template.at(&["metadata", key]) {
            claim.set(&["metadata", key], copied.clone());
        }
    }
    Object(claim)
}

#[async_trait]
impl Reconcile for Ephemeral {
    async fn reconcile(&self, key: &Str) -> Outcome {
        let Some(pod) = self.pods.get(key).filter(|pod| pods::is_active(pod)) else { return Ok(None) };
        let api = self.client.namespaced(&PERSISTENT_VOLUME_CLAIMS, pod.namespace());
        for volume in ephemeral_volumes(&pod) {
            let name = format!("{}-{}", pod.name(), volume.str_at(&["name"]).unwrap_or_default());
            if let Some(existing) = self.claims.get_namespaced(pod.namespace(), &name) {
                if ownership::is_controlled_by(&existing, &pod) {
                    continue;
                }
                let problem = format!("PVC {} was not created for pod {key} (pod is not owner)", existing.key());
                return Err(ReconcileError::Other(problem));
            }
            match api.create(claim(&pod, volume, &name)).await {
                Ok(_) => {}
                Err(status) if status.is_already_exists() || is_namespace_terminating(&status) => {}
                Err(status) => {
                    let message = format!("ephemeral volume controller could not create PVC {name}: {status}");
                    self.events.event(&PODS, &pod, EventType::Warning, "FailedCreate", message);
                    return Err(status.into());
                }
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use client::testing::{FakeApi, settle};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_pod_gets_the_claims_of_its_ephemeral_volumes() {
        let api = FakeApi::new();
        let _running = tokio::spawn((DESCRIPTOR.start)(Context::for_tests(&api)));
        let template = value!({"metadata": {"labels": {"x": "y"}}, "spec": {"storageClassName": "fast"}});
        let volumes = value!([{"name": "v", "ephemeral": {"volumeClaimTemplate": template}}]);
        api.seed(&PODS, value!({"metadata": {"namespace": "a", "name": "p"}, "spec": {"volumes": volumes}}));
        settle(1).await;
        let claim = api.get(&PERSISTENT_VOLUME_CLAIMS, "a", "p-v").unwrap();
        assert_eq!((claim.label("x"), claim.spec().str_at("storageClassName")), (Some("y"), Some("fast")));
        assert_eq!(ownership::controller_key(&claim, "Pod").as_deref(), Some("a/p"));
    }
}
