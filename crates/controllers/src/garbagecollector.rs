//! `garbage-collector-controller`: removes what nobody owns any more.
//!
//! One graph holds every object of every resource that can be listed, watched and deleted, built-in or not. An
//! owner counts as absent only when the API itself says so: a cache that lags must not cost anybody's pods.

mod graph;
mod monitor;
mod plan;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use apimachinery::{Status, Str, Value, value};
use async_trait::async_trait;
use client::{
    Client, Collection, DeletePropagation, EventRecorder, EventType, Options, PatchType, Reflecting, ResourceKind,
    SharedInformers, WorkQueue,
    controller::{self, Outcome, Reconcile, ReconcileError},
    kinds::{API_SERVICES, CUSTOM_RESOURCE_DEFINITIONS},
};
use parking_lot::Mutex;

use self::{
    graph::{FOREGROUND, Graph, Node, owner_uid},
    monitor::Monitor,
    plan::{Decision, Owner, decide, unblocked, without_owner},
};
use crate::{Context, ControllerDescriptor, Settings};

const WORKERS: usize = 20;
/// How long a resource that is served may take to be listed before the collector works without it, in seconds.
const SYNC_TIMEOUT_SECONDS: u64 = 30;

/// The garbage collector.
pub const DESCRIPTOR: ControllerDescriptor = ControllerDescriptor {
    name: "garbage-collector-controller",
    service_account: "generic-garbage-collector",
    start: |context| Box::pin(run(context)),
};

struct Collector {
    client: Client,
    events: EventRecorder,
    graph: Arc<Mutex<Graph>>,
    queue: WorkQueue<Str>,
    /// Served resources by group and kind.
    kinds: Arc<Mutex<BTreeMap<(Str, Str), ResourceKind>>>,
}

async fn run(context: Context) {
    let mut monitors = Monitors::new(&context);
    let collector = monitors.collector.clone();
    let queue = collector.queue.clone();
    monitors.refresh().await;
    collector.graph.lock().make_dense();
    let monitoring = monitors.run();
    let working = controller::run("garbage-collector-controller", &[], queue, WORKERS, collector);
    tokio::select! {
        () = monitoring => {}
        () = working => {}
    }
}

/// Follows every resource, and notices when others come to be served.
struct Monitors {
    informers: SharedInformers,
    settings: Arc<Settings>,
    collector: Arc<Collector>,
    followed: BTreeMap<ResourceKind, Followed>,
}

/// A resource that is followed as long as this lives.
struct Followed {
    monitor: Arc<Monitor>,
    reflecting: Reflecting,
}

impl Monitors {
    /// None yet, and the collector that they tell.
    fn new(context: &Context) -> Monitors {
        let collector = Arc::new(Collector {
            client: context.client.clone(),
            events: context.recorder("garbage-collector-controller"),
            graph: Arc::default(),
            queue: WorkQueue::new(),
            kinds: Arc::default(),
        });
        Monitors {
            informers: context.informers.clone(),
            settings: context.settings.clone(),
            collector,
            followed: BTreeMap::new(),
        }
    }

    async fn run(mut self) {
        let changed: WorkQueue<()> = WorkQueue::new();
        for resource in [&CUSTOM_RESOURCE_DEFINITIONS, &API_SERVICES] {
            controller::enqueue_on(&self.informers.of(resource), &changed, |_| [()]);
        }
        while let Some(_working) = changed.next().await {
            if self.refresh().await {
                changed.forget(&());
            } else {
                changed.add_rate_limited(());
            }
        }
    }

    /// Asks what is served; the answer is whether that was answered in full.
    async fn refresh(&mut self) -> bool {
        let served = match self.settings.discovery.resources().await {
            Ok(served) => served,
            Err(status) => {
                tracing::warn!(error = %status, "discovery failed, the garbage collector keeps what it follows");
                return false;
            }
        };
        let by_kind =
            served.iter().map(|one| ((one.resource.group.clone(), one.resource.kind.clone()), one.resource.clone()));
        *self.collector.kinds.lock() = by_kind.collect();
        let wanted: BTreeSet<ResourceKind> = served
            .into_iter()
            .filter(|one| one.supports(&["delete", "list", "watch"]) && one.resource.resource != "events")
            .map(|one| one.resource)
            .collect();
        let gone = self.followed.extract_if(.., |resource, _| !wanted.contains(resource));
        for (_, Followed { monitor, reflecting }) in gone.collect::<Vec<_>>() {
            reflecting.stop().await;
            monitor.forget().await;
        }
        let new: Vec<_> = wanted.into_iter().filter(|resource| !self.followed.contains_key(resource)).collect();
        let monitors: Vec<_> = new.into_iter().map(|resource| self.follow(resource)).collect();
        wait_for(&monitors).await
    }

    fn follow(&mut self, resource: ResourceKind) -> Arc<Monitor> {
        let monitor = Arc::new(Monitor::new(&resource, &self.collector.graph, &self.collector.queue));
        let reflecting = self.informers.reflect(Collection::all(&resource), &monitor);
        self.followed.insert(resource, Followed { monitor: monitor.clone(), reflecting });
        monitor
    }
}

/// One resource that cannot be listed must not stop the collection of all others: absent owners are asked for one by
/// one anyway.
async fn wait_for(monitors: &[Arc<Monitor>]) -> bool {
    let all = async {
        for monitor in monitors {
            monitor.synced().await;
        }
    };
    let synced = tokio::time::timeout(Duration::from_secs(SYNC_TIMEOUT_SECONDS), all).await;
    if synced.is_err() {
        tracing::warn!("not every resource could be listed, the garbage collector works with the others");
    }
    true
}

#[async_trait]
impl Reconcile for Collector {
    async fn reconcile(&self, key: &Str) -> Outcome {
        let (node, dependents) = {
            let graph = self.graph.lock();
            let Some(node) = graph.get(key) else { return Ok(None) };
            (node, graph.dependents(key))
        };
        let mut owners = Vec::new();
        if !node.is_deleting() {
            for reference in node.owner_references() {
                owners.push(self.look_up(&node, reference).await?);
            }
        }
        let decision = decide(&node, &owners, &dependents);
        if decision != Decision::Nothing {
            let Node { namespace, name, resource, .. } = &node;
            tracing::debug!(%namespace, %name, resource = %resource.resource, ?decision, "collecting");
        }
        let done = self.execute(&node, &dependents, decision).await;
        match done {
            // Somebody was faster; the watch will tell.
            Err(ReconcileError::Api(status)) if status.is_not_found() => Ok(None),
            done => done.map(|()| None),
        }
    }
}

impl Collector {
    /// What `reference` of `node` points to.
    async fn look_up(&self, node: &Node, reference: &Value) -> Result<Owner, ReconcileError> {
        let uid = owner_uid(reference);
        let known = {
            let graph = self.graph.lock();
            if graph.is_gone(uid) {
                return Ok(Owner::Absent);
            }
            graph.get(uid)
        };
        let name = reference.str_at(&["name"]).unwrap_or_default();
        if let Some(owner) = known {
            let fits = owner.name == *name
                && reference.str_at(&["kind"]) == Some(owner.resource.kind.as_str())
                && (!owner.resource.namespaced || owner.namespace == node.namespace);
            if fits {
                return Ok(state(owner.is_deleting(), owner.finalizers()));
            }
            if owner.resource.namespaced && owner.namespace != node.namespace {
                self.tell_of_foreign_owner(node, reference);
            }
        }
        let resource = self.resource_of(reference)?;
        let namespace = if resource.namespaced { node.namespace.as_str() } else { "" };
        if resource.namespaced && namespace.is_empty() {
            // An object of the cluster cannot be owned from within a namespace.
            self.tell_of_foreign_owner(node, reference);
            return Ok(Owner::Solid);
        }
        let live = self.client.namespaced(&resource, namespace).get_optional(name).await?;
        Ok(match live {
            Some(owner) if owner.uid() == uid => state(owner.deletion_timestamp().is_some(), owner.finalizers()),
            _ => {
                self.graph.lock().note_gone(uid);
                Owner::Absent
            }
        })
    }

    fn resource_of(&self, reference: &Value) -> Result<ResourceKind, ReconcileError> {
        let api_version = reference.str_at(&["apiVersion"]).unwrap_or_default();
        let kind = reference.str_at(&["kind"]).unwrap_or_default();
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let known = self.kinds.lock().get(&(group.into(), kind.into())).cloned();
        let mut resource = known
            .ok_or_else(|| ReconcileError::Other(format!("no matches for kind {kind:?} in version {api_version:?}")))?;
        resource.version = version.into();
        Ok(resource)
    }

    fn tell_of_foreign_owner(&self, node: &Node, reference: &Value) {
        let text = |key| reference.str_at(&[key]).unwrap_or_default();
        let message = format!(
            "ownerRef [{}/{}, namespace: {}, name: {}, uid: {}] does not exist in namespace {:?}",
            text("apiVersion"),
            text("kind"),
            node.namespace,
            text("name"),
            text("uid"),
            node.namespace
        );
        self.events.event(&node.resource, &node.outline(), EventType::Warning, "OwnerRefInvalidNamespace", message);
    }

    async fn execute(&self, node: &Node, dependents: &[Node], decision: Decision) -> Result<(), ReconcileError> {
        match decision {
            Decision::Nothing => {}
            Decision::RemoveFinalizer(finalizer) => self.remove_finalizer(node, finalizer).await?,
            Decision::KeepOwners(owners) => self.write_owners(node, owners).await?,
            Decision::DeleteDependents => {
                for dependent in dependents.iter().filter(|dependent| !dependent.is_deleting()) {
                    self.queue.add(dependent.uid.clone());
                }
            }
            Decision::OrphanDependents => {
                for dependent in dependents {
                    match self.write_owners(dependent, without_owner(dependent, &node.uid)).await {
                        Err(status) if !status.is_not_found() => return Err(status.into()),
                        _ => {}
                    }
                }
                self.remove_finalizer(node, graph::ORPHAN).await?;
            }
            Decision::Delete(propagation) => {
                let circle =
                    propagation == DeletePropagation::Foreground && dependents.iter().any(Node::waits_for_dependents);
                if circle {
                    self.write_owners(node, unblocked(node)).await?;
                }
                let options = Options {
                    propagation: Some(propagation),
                    precondition_uid: node.uid.to_string(),
                    precondition_resource_version: match circle {
                        true => String::new(),
                        // What changed since may have got an owner that stays.
                        false => node.resource_version.to_string(),
                    },
                    ..Options::default()
                };
                let api = self.client.namespaced(&node.resource, &node.namespace);
                api.delete(&node.name, options).await?;
            }
        }
        Ok(())
    }

    async fn patch_metadata(&self, node: &Node, key: &'static str, list: Vec<Value>) -> Result<(), Status> {
        let list = if list.is_empty() { Value::Null } else { Value::from(list) };
        let patch = value!({"metadata": {
            "uid": &node.uid,
            "resourceVersion": &node.resource_version,
            key: list
        }});
        let api = self.client.namespaced(&node.resource, &node.namespace);
        api.patch(&node.name, "", PatchType::Merge, patch).await.map(drop)
    }

    async fn write_owners(&self, node: &Node, owners: Vec<Value>) -> Result<(), Status> {
        self.patch_metadata(node, "ownerReferences", owners).await
    }

    async fn remove_finalizer(&self, node: &Node, finalizer: &'static str) -> Result<(), Status> {
        let mut finalizers = node.finalizers().to_vec();
        finalizers.retain(|present| present.as_str() != Some(finalizer));
        self.patch_metadata(node, "finalizers", finalizers).await
    }
}

fn state(is_deleting: bool, finalizers: &[Value]) -> Owner {
    let waits = is_deleting && finalizers.iter().any(|finalizer| finalizer.as_str() == Some(FOREGROUND));
    if waits { Owner::Waiting } else { Owner::Solid }
}
