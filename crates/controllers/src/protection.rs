//! `persistentvolumeclaim-protection-controller`, `persistentvolume-protection-controller` and
//! `volumeattributesclass-protection-controller`: what is in use is not removed.

use std::sync::Arc;

use apimachinery::{Object, Status, Str, Value};
use async_trait::async_trait;
use client::{
    Client, Event, Informer, ResourceKind, WorkQueue,
    controller::{self, Outcome, Reconcile},
    kinds::{PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS, VOLUME_ATTRIBUTES_CLASSES},
};

use crate::{Context, ControllerDescriptor, pods};

const CLAIM_FINALIZER: &str = "kubernetes.io/pvc-protection";
const VOLUME_FINALIZER: &str = "kubernetes.io/pv-protection";
const CLASS_FINALIZER: &str = "kubernetes.io/vac-protection";
/// The index of claims and volumes by the classes of attributes that they name.
const BY_CLASS: &str = "volumeAttributesClass";
/// The index of pods by the keys of the claims that they use.
const BY_CLAIM: &str = "persistentVolumeClaim";

/// Keeps claims that pods use.
pub const CLAIM_DESCRIPTOR: ControllerDescriptor = ControllerDescriptor {
    name: "persistentvolumeclaim-protection-controller",
    service_account: "pvc-protection-controller",
    start: |context| Box::pin(run_claims(context)),
};

/// Keeps volumes that claims are bound to.
pub const VOLUME_DESCRIPTOR: ControllerDescriptor = ControllerDescriptor {
    name: "persistentvolume-protection-controller",
    service_account: "pv-protection-controller",
    start: |context| Box::pin(run_volumes(context)),
};

/// Keeps classes of attributes that claims or volumes have.
pub const CLASS_DESCRIPTOR: ControllerDescriptor = ControllerDescriptor {
    name: "volumeattributesclass-protection-controller",
    service_account: "volumeattributesclass-protection-controller",
    start: |context| Box::pin(run_classes(context)),
};

/// One of the kinds that are protected.
struct Protection {
    client: Client,
    resource: ResourceKind,
    finalizer: &'static str,
    objects: Informer,
    users: Users,
}

/// Where the users of an object are seen.
enum Users {
    /// Pods use claims.
    Pods(Informer),
    /// A volume says itself whether it is bound.
    Own,
    /// Claims and volumes name classes.
    Storage([Informer; 2]),
}

/// The classes of attributes that a claim or a volume names, has or is to get.
fn classes_of(object: &Object) -> Vec<Str> {
    let (spec, status) = (object.spec(), object.status());
    let target =
        status.get("modifyVolumeStatus").and_then(|modify| modify.str_at(&["targetVolumeAttributesClassName"]));
    let named = [spec.str_at("volumeAttributesClassName"), status.str_at("currentVolumeAttributesClassName"), target];
    named.into_iter().flatten().filter(|name| !name.is_empty()).map(Str::from).collect()
}

async fn run_classes(context: Context) {
    let classes = context.informers.of(&VOLUME_ATTRIBUTES_CLASSES);
    let storage = [&PERSISTENT_VOLUME_CLAIMS, &PERSISTENT_VOLUMES].map(|kind| context.informers.of(kind));
    let queue = WorkQueue::new();
    controller::enqueue_objects(&classes, &queue);
    for informer in &storage {
        informer.add_index(BY_CLASS, classes_of);
        let leaving = classes.clone();
        controller::enqueue_on(informer, &queue, move |event: &Event| {
            // A class may be left by an object that goes, and by one that changes.
            let before = if matches!(event, Event::Deleted(_)) { Some(event.object()) } else { event.old() };
            let leaving = leaving.clone();
            let is_leaving =
                move |key: &Str| leaving.get(key).is_some_and(|class| class.deletion_timestamp().is_some());
            before.map(|before| classes_of(before)).unwrap_or_default().into_iter().filter(is_leaving)
        });
    }
    let protection = Protection {
        client: context.client,
        resource: VOLUME_ATTRIBUTES_CLASSES,
        finalizer: CLASS_FINALIZER,
        objects: classes.clone(),
        users: Users::Storage(storage.clone()),
    };
    let [claims, volumes] = storage;
    controller::run(CLASS_DESCRIPTOR.name, &[classes, claims, volumes], queue, 1, Arc::new(protection)).await;
}

/// The keys of the claims that a pod uses, those of its ephemeral volumes included.
fn claims_of(pod: &Object) -> Vec<Str> {
    let volumes = pod.spec().list_at("volumes").iter();
    let names = volumes.filter_map(|volume| match volume.str_at(&["persistentVolumeClaim", "claimName"]) {
        Some(name) => Some(name.to_owned()),
        None => volume
            .at(&["ephemeral"])
            .map(|_| format!("{}-{}", pod.name(), volume.str_at(&["name"]).unwrap_or_default())),
    });
    names.map(|name| format!("{}/{name}", pod.namespace()).into()).collect()
}

async fn run_claims(context: Context) {
    let claims = context.informers.of(&PERSISTENT_VOLUME_CLAIMS);
    let pods = context.informers.of(&PODS);
    pods.add_index(BY_CLAIM, claims_of);
    let queue = WorkQueue::new();
    controller::enqueue_objects(&claims, &queue);
    let leaving = claims.clone();
    controller::enqueue_on(&pods, &queue, move |event: &Event| {
        let pod = event.object();
        let gone = matches!(event, Event::Deleted(_)) || pods::is_finished(pod);
        let claims = if gone { claims_of(pod) } else { Vec::new() };
        let leaving = leaving.clone();
        claims.into_iter().filter(move |key| leaving.get(key).is_some_and(|claim| claim.deletion_timestamp().is_some()))
    });
    let protection = Protection {
        client: context.client,
        resource: PERSISTENT_VOLUME_CLAIMS,
        finalizer: CLAIM_FINALIZER,
        objects: claims.clone(),
        users: Users::Pods(pods.clone()),
    };
    controller::run(CLAIM_DESCRIPTOR.name, &[claims, pods], queue, 1, Arc::new(protection)).await;
}

async fn run_volumes(context: Context) {
    let volumes = context.informers.of(&PERSISTENT_VOLUMES);
    let queue = WorkQueue::new();
    controller::enqueue_objects(&volumes, &queue);
    let protection = Protection {
        client: context.client,
        resource: PERSISTENT_VOLUMES,
        finalizer: VOLUME_FINALIZER,
        objects: volumes.clone(),
        users: Users::Own,
    };
    controller::run(VOLUME_DESCRIPTOR.name, &[volumes], queue, 1, Arc::new(protection)).await;
}

#[async_trait]
impl Reconcile for Protection {
    async fn reconcile(&self, key: &Str) -> Outcome {
        let Some(object) = self.objects.get(key) else { return Ok(None) };
        let mut finalizers = object.finalizers().to_vec();
        let protected = finalizers.iter().any(|finalizer| finalizer.as_str() == Some(self.finalizer));
        match (object.deletion_timestamp().is_some(), protected) {
            (false, false) => finalizers.push(self.finalizer.into()),
            (true, true) if !self.is_used(key, &object).await? => {
                finalizers.retain(|finalizer| finalizer.as_str() != Some(self.finalizer));
            }
            _ => return Ok(None),
        }
        let mut changed = (*object).clone();
        changed.metadata_mut().insert("finalizers", Value::from(finalizers));
        match self.client.namespaced(&self.resource, object.namespace()).update(changed).await {
            Err(status) if status.is_not_found() => Ok(None),
            answer => Ok(answer.map(|_| None)?),
        }
    }
}

impl Protection {
    async fn is_used(&self, key: &Str, object: &Object) -> Result<bool, Status> {
        let pods = match &self.users {
            Users::Pods(pods) => pods,
            Users::Own => return Ok(object.status().str_at("phase") == Some("Bound")),
            Users::Storage(storage) => {
                if storage.iter().any(|informer| !informer.by_index(BY_CLASS, key).is_empty()) {
                    return Ok(true);
                }
                for kind in [&PERSISTENT_VOLUME_CLAIMS, &PERSISTENT_VOLUMES] {
                    let live = self.client.all(kind).list(client::Options::default()).await?;
                    if live.iter().any(|user| classes_of(user).contains(key)) {
                        return Ok(true);
                    }
                }
                return Ok(false);
            }
        };
        let uses = |pod: &Object| !pods::node_name(pod).is_empty() && !pods::is_finished(pod);
        if pods.by_index(BY_CLAIM, key).iter().any(|pod| uses(pod)) {
            return Ok(true);
        }
        // The cache may not know of a pod that was just bound: this cannot be taken back.
        let live = self.client.namespaced(&PODS, object.namespace()).list(client::Options::default()).await?;
        Ok(live.iter().any(|pod| uses(pod) && claims_of(pod).contains(key)))
    }
}

#[cfg(test)]
mod tests {
    use apimachinery::value;
    use client::kinds::VOLUME_ATTRIBUTES_CLASSES as CLASSES;
    use client::{
        Options,
        testing::{FakeApi, settle},
    };

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_claim_goes_after_the_pod_that_uses_it() {
        let api = FakeApi::new();
        let _running = tokio::spawn((CLAIM_DESCRIPTOR.start)(Context::for_tests(&api)));
        api.seed(&PERSISTENT_VOLUME_CLAIMS, value!({"metadata": {"namespace": "a", "name": "data"}}));
        let volumes = value!([{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]);
        api.seed(
            &PODS,
            value!({
                "metadata": {"namespace": "a", "name": "p"}, "spec": {"nodeName": "n1", "volumes": volumes}
            }),
        );
        settle(1).await;
        let claims = api.client("test").namespaced(&PERSISTENT_VOLUME_CLAIMS, "a");
        claims.delete("data", Options::default()).await.unwrap();
        settle(1).await;
        assert!(api.get(&PERSISTENT_VOLUME_CLAIMS, "a", "data").is_some());
        api.remove(&PODS, "a", "p");
        settle(1).await;
        assert!(api.get(&PERSISTENT_VOLUME_CLAIMS, "a", "data").is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_class_goes_after_the_claim_that_has_it() {
        let api = FakeApi::new();
        let _running = tokio::spawn((CLASS_DESCRIPTOR.start)(Context::for_tests(&api)));
        api.seed(&CLASSES, value!({"metadata": {"name": "fast"}}));
        api.seed(&CLASSES, value!({"metadata": {"name": "unused"}}));
        let spec = value!({"volumeAttributesClassName": "fast"});
        api.seed(&PERSISTENT_VOLUME_CLAIMS, value!({"metadata": {"namespace": "a", "name": "c"}, "spec": spec}));
        settle(1).await;
        let classes = api.client("test").all(&CLASSES);
        for name in ["fast", "unused"] {
            classes.delete(name, Options::default()).await.unwrap();
        }
        settle(1).await;
        assert!(api.get(&CLASSES, "", "fast").is_some());
        assert!(api.get(&CLASSES, "", "unused").is_none());
        api.remove(&PERSISTENT_VOLUME_CLAIMS, "a", "c");
        settle(1).await;
        assert!(api.get(&CLASSES, "", "fast").is_none());
    }
}
