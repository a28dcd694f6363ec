//! `namespace-controller`: removes everything in a namespace that is being deleted, then the namespace.

mod conditions;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use apimachinery::{Object, Status, Str};
use async_trait::async_trait;
use client::{
    Client, Event, Informer, Options, ResourceKind, SharedInformers, WorkQueue,
    controller::{self, Outcome, Reconcile, ReconcileError},
    kinds::{NAMESPACES, PODS},
};
use parking_lot::Mutex;

use crate::{Context, ControllerDescriptor, ServedResource, Settings, patches};

const WORKERS: usize = 10;
const FINALIZER: &str = "kubernetes";

/// The controller of namespaces.
pub const DESCRIPTOR: ControllerDescriptor = ControllerDescriptor {
    name: "namespace-controller",
    service_account: "namespace-controller",
    start: |context| Box::pin(run(context)),
};

/// What is left in a namespace after its content was told to go.
#[derive(Debug, Default)]
struct Remains {
    /// How many objects are left, by resource (`pods.`, `deployments.apps`).
    objects: BTreeMap<String, usize>,
    /// How many of them wait for a finalizer.
    finalizers: BTreeMap<String, usize>,
    discovery_failure: Option<String>,
    deletion_failures: Vec<String>,
}

impl Remains {
    fn is_clean(&self) -> bool {
        self.objects.is_empty() && self.discovery_failure.is_none() && self.deletion_failures.is_empty()
    }
}

struct Namespaces {
    client: Client,
    informers: SharedInformers,
    settings: Arc<Settings>,
    namespaces: Informer,
    queue: WorkQueue<Str>,
    /// Resources whose deletions wake us.
    followed: Mutex<BTreeSet<ResourceKind>>,
}

async fn run(context: Context) {
    let namespaces = context.informers.of(&NAMESPACES);
    let queue = WorkQueue::new();
    controller::enqueue_on(&namespaces, &queue, |event| {
        let namespace = event.object();
        namespace.deletion_timestamp().is_some().then(|| namespace.key())
    });
    let reconciler = Namespaces {
        client: context.client,
        informers: context.informers,
        settings: context.settings,
        namespaces: namespaces.clone(),
        queue: queue.clone(),
        followed: Mutex::default(),
    };
    controller::run("namespace-controller", &[namespaces], queue, WORKERS, Arc::new(reconciler)).await;
}

fn has_finalizer(namespace: &Object) -> bool {
    namespace.spec().list_at("finalizers").iter().any(|finalizer| finalizer.as_str() == Some(FINALIZER))
}

/// Upstream's name of a resource in these messages.
fn qualified(resource: &ResourceKind) -> String {
    format!("{}.{}", resource.resource, resource.group)
}

#[async_trait]
impl Reconcile for Namespaces {
    async fn reconcile(&self, key: &Str) -> Outcome {
        let Some(cached) = self.namespaces.get(key) else { return Ok(None) };
        if cached.deletion_timestamp().is_none() {
            return Ok(None);
        }
        let all = self.client.all(&NAMESPACES);
        let Some(namespace) = all.get_optional(key).await? else { return Ok(None) };
        if namespace.uid() != cached.uid() || !has_finalizer(&namespace) {
            return Ok(None);
        }
        let mut remains = self.delete_content(key).await;
        if remains.is_clean() {
            // Once more from the top: what was being created while we deleted is caught.
            remains = self.delete_content(key).await;
        }
        let mut status = patches::status_of(&namespace);
        status.set(&["phase"], "Terminating");
        conditions::report(&mut status, &remains, stdx::clock::now());
        let written = patches::update_status(&self.client, &NAMESPACES, &namespace, status).await;
        let written = match written {
            Err(status) if status.is_not_found() => return Ok(None),
            written => written?.unwrap_or(namespace),
        };
        if remains.is_clean() {
            let mut finalized = (*written).clone();
            if let Some(list) = finalized.at_mut(&["spec", "finalizers"]).and_then(|list| list.as_list_mut()) {
                list.retain(|finalizer| finalizer.as_str() != Some(FINALIZER));
            }
            return match all.update_subresource("finalize", finalized).await {
                Err(status) if !status.is_not_found() => Err(status.into()),
                _ => Ok(None),
            };
        }
        match remains.discovery_failure.or(remains.deletion_failures.into_iter().next()) {
            Some(failure) => Err(ReconcileError::Other(failure)),
            // What is left is on its way; its end wakes us.
            None => Ok(None),
        }
    }
}

impl Namespaces {
    /// Pods go first and alone: what they use (network policies, secrets) stays until they are gone.
    async fn delete_content(&self, namespace: &Str) -> Remains {
        let mut remains = Remains::default();
        let resources = match self.settings.discovery.resources().await {
            Ok(resources) => resources,
            Err(status) => {
                remains.discovery_failure = Some(status.to_string());
                return remains;
            }
        };
        let (pods, others): (Vec<_>, Vec<_>) = resources
            .into_iter()
            .filter(|served| served.resource.namespaced && served.supports(&["delete", "list"]))
            .partition(|served| served.resource == PODS);
        for group in [pods, others] {
            for served in &group {
                if let Err(status) = self.delete_resource(namespace, served, &mut remains).await {
                    remains.deletion_failures.push(format!("{}: {status}", qualified(&served.resource)));
                }
            }
            if !remains.is_clean() {
                break;
            }
        }
        remains
    }

    async fn delete_resource(
        &self,
        namespace: &Str,
        served: &ServedResource,
        remains: &mut Remains,
    ) -> Result<(), Status> {
        let api = self.client.namespaced(&served.resource, namespace);
        let present = match api.list(Options::default()).await {
            Ok(present) => present,
            // Served by discovery but not any more, or never listed: nothing to delete.
            Err(status) if status.is_not_found() || status.code == 405 => return Ok(()),
            Err(status) => return Err(status),
        };
        if present.is_empty() {
            return Ok(());
        }
        if served.supports(&["watch"]) {
            self.follow(&served.resource).await;
        } else {
            remains.deletion_failures.push(format!("{} cannot be watched", qualified(&served.resource)));
        }
        let background = || Options { propagation: Some(client::DeletePropagation::Background), ..Options::default() };
        if served.supports(&["deletecollection"]) {
            api.delete_collection(background()).await?;
        } else {
            for object in present {
                match api.delete(object.name(), background()).await {
                    Err(status) if !status.is_not_found() => return Err(status),
                    _ => {}
                }
            }
        }
        let left = api.list(Options::default()).await?;
        if !left.is_empty() {
            remains.objects.insert(qualified(&served.resource), left.len());
        }
        for finalizer in left.iter().flat_map(|object| object.finalizers()) {
            *remains.finalizers.entry(finalizer.as_str().unwrap_or_default().to_owned()).or_default() += 1;
        }
        Ok(())
    }

    /// Wakes the namespace when something of `resource` goes or loses a finalizer in it. It waits until that
    /// is heard of, so that what is deleted from now on is.
    async fn follow(&self, resource: &ResourceKind) {
        let informer = self.informers.of(resource);
        if self.followed.lock().insert(resource.clone()) {
            let namespaces = self.namespaces.clone();
            controller::enqueue_on(&informer, &self.queue, move |event: &Event| {
                let object = event.object();
                let lost = event.old().is_some_and(|old| old.finalizers() != object.finalizers());
                if !lost && !matches!(event, Event::Deleted(_)) {
                    return None;
                }
                let namespace = namespaces.get(object.namespace())?;
                namespace.deletion_timestamp().is_some().then(|| namespace.key())
            });
        }
        informer.synced().await;
    }
}

#[cfg(test)]
mod tests {
    use apimachinery::value;
    use client::{
        kinds::{CONFIG_MAPS, SECRETS},
        testing::{FakeApi, settle},
    };

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn pods_go_first_and_the_namespace_last() {
        let api = FakeApi::new();
        let settings = Settings::for_tests(&[CONFIG_MAPS, PODS, SECRETS]);
        let _running = tokio::spawn((DESCRIPTOR.start)(Context::with_settings(&api, settings)));
        api.seed(&NAMESPACES, value!({"metadata": {"name": "a"}, "spec": {"finalizers": ["kubernetes"]}}));
        let held = value!({"namespace": "a", "name": "p", "finalizers": ["example.com/held"]});
        api.seed(&PODS, value!({"metadata": held}));
        for name in ["x", "y"] {
            api.seed(&CONFIG_MAPS, value!({"metadata": {"namespace": "a", "name": name}}));
            api.seed(&CONFIG_MAPS, value!({"metadata": {"namespace": "b", "name": name}}));
        }
        settle(1).await;
        api.client("test").all(&NAMESPACES).delete("a", Options::default()).await.unwrap();
        settle(1).await;
        let status = api.get(&NAMESPACES, "", "a").unwrap();
        let condition = crate::pods::condition(&status, "NamespaceContentRemaining").unwrap();
        assert_eq!(
            condition.str_at(&["message"]),
            Some("Some resources are remaining: pods. has 1 resource instances")
        );
        assert_eq!(api.list(&CONFIG_MAPS).len(), 4, "the rest waits for the pod");
        api.remove(&PODS, "a", "p");
        settle(1).await;
        assert!(api.get(&NAMESPACES, "", "a").is_none());
        assert!(api.list(&CONFIG_MAPS).iter().all(|map| map.namespace() == "b"));
    }
}
