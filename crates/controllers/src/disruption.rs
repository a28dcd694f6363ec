//! `disruption-controller`: how many pods of a budget may be disrupted now.

mod plan;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use apimachinery::{Object, Status, Str, Value, labels::Selector, value};
use async_trait::async_trait;
use client::{
    Client, Event, EventRecorder, EventType, Informer, PatchType, ResourceKind, WorkQueue,
    controller::{self, Outcome, Reconcile, ReconcileError},
    kinds::{DEPLOYMENTS, POD_DISRUPTION_BUDGETS, PODS, REPLICA_SETS, REPLICATION_CONTROLLERS, STATEFUL_SETS},
};

use self::plan::{Observed, Scale, plan};
use crate::{Context, ControllerDescriptor, Discovery, expectations::Expectations, patches, pods};

const WORKERS: usize = 2;
/// A pod that said that it would be disrupted, and was not after this time, takes that back, in seconds.
const STALE_DISRUPTION_SECONDS: i64 = 120;

/// The controller of disruption budgets.
pub const DESCRIPTOR: ControllerDescriptor = ControllerDescriptor {
    name: "disruption-controller",
    service_account: "disruption-controller",
    start: |context| Box::pin(run(context)),
};

/// What a worker looks at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Budget(Str),
    /// A pod that may have to take its `DisruptionTarget` back.
    Pod(Str),
}

struct Disruption {
    client: Client,
    events: EventRecorder,
    discovery: Arc<dyn Discovery>,
    budgets: Informer,
    pods: Informer,
    /// Informers of the kinds whose scale is known from their spec.
    workloads: Vec<(ResourceKind, Informer)>,
    expectations: Expectations,
}

fn selector(budget: &Object) -> Selector {
    Selector::from_label_selector(budget.spec().get("selector")).unwrap_or_else(|_| Selector::nothing())
}

async fn run(context: Context) {
    let (budgets, pods) = (context.informers.of(&POD_DISRUPTION_BUDGETS), context.informers.of(&PODS));
    let kinds = [DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS, REPLICATION_CONTROLLERS];
    let workloads: Vec<_> = kinds.into_iter().map(|kind| (kind.clone(), context.informers.of(&kind))).collect();
    let queue = WorkQueue::new();
    controller::enqueue_on(&budgets, &queue, |event| [Key::Budget(event.object().key())]);
    let of_pod = budgets.clone();
    controller::enqueue_on(&pods, &queue, move |event: &Event| {
        let pod = event.object();
        let concerned = |budget: &Object| {
            let selector = selector(budget);
            selector.matches(pod.labels()) || event.old().is_some_and(|old| selector.matches(old.labels()))
        };
        let budgets = of_pod.list_namespace(pod.namespace()).into_iter();
        let mut keys: Vec<Key> =
            budgets.filter(|budget| concerned(budget)).map(|budget| Key::Budget(budget.key())).collect();
        if pods::condition_is_true(pod, "DisruptionTarget") && !matches!(event, Event::Deleted(_)) {
            keys.push(Key::Pod(pod.key()));
        }
        keys
    });
    for (_, informer) in &workloads {
        let of_workload = budgets.clone();
        controller::enqueue_on(informer, &queue, move |event: &Event| {
            let workload = event.object();
            let scaled = event.old().is_none_or(|old| old.spec().get("replicas") != workload.spec().get("replicas"));
            let budgets = if scaled { of_workload.list_namespace(workload.namespace()) } else { Vec::new() };
            budgets.into_iter().map(|budget| Key::Budget(budget.key()))
        });
    }
    let mut informers = vec![budgets.clone(), pods.clone()];
    informers.extend(workloads.iter().map(|(_, informer)| informer.clone()));
    let reconciler = Disruption {
        client: context.client.clone(),
        events: context.recorder("controllermanager"),
        discovery: context.settings.discovery.clone(),
        budgets,
        pods,
        workloads,
        expectations: Expectations::default(),
    };
    controller::run("disruption-controller", &informers, queue, WORKERS, Arc::new(reconciler)).await;
}

#[async_trait]
impl Reconcile<Key> for Disruption {
    async fn reconcile(&self, key: &Key) -> Outcome {
        match key {
            Key::Budget(key) => self.reconcile_budget(key).await,
            Key::Pod(key) => self.reconcile_pod(key).await,
        }
    }
}

impl Disruption {
    async fn reconcile_budget(&self, key: &Str) -> Outcome {
        self.expectations.settled(key).await;
        let Some(budget) = self.budgets.get(key) else { return Ok(None) };
        let selector = selector(&budget);
        let mut pods = self.pods.list_namespace(budget.namespace());
        pods.retain(|pod| selector.matches(pod.labels()) && !pods::is_finished(pod));
        if pods.is_empty() {
            let message = "No matching pods found";
            self.events.event(&POD_DISRUPTION_BUDGETS, &budget, EventType::Normal, "NoPods", message);
        }
        let needs_scale = plan::needs_scale(&budget);
        let scale = match needs_scale {
            false => Ok(Scale::default()),
            true => self.scale(&pods).await,
        };
        let observed = Observed { budget: budget.clone(), pods, now: stdx::clock::now() };
        let (scale, failure) = match scale {
            Ok(scale) => (scale, None),
            Err(error) => (Scale::default(), Some(error.to_string())),
        };
        if scale.unmanaged > 0 {
            let message = "Pods selected by this PodDisruptionBudget were found to be unmanaged. As a result, the \
                status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account \
                for these pods please set \".spec.minAvailable\" field of the PDB to an integer value.";
            self.events.event(&POD_DISRUPTION_BUDGETS, &budget, EventType::Warning, "UnmanagedPods", message);
        }
        let plan = plan(&observed, &scale, failure.as_deref());
        let written = patches::update_status(&self.client, &POD_DISRUPTION_BUDGETS, &budget, plan.status).await?;
        if let Some(written) = written {
            self.expectations.wrote(key, &self.budgets, &written);
        }
        if let Some(failure) = failure {
            let message = format!("Failed to calculate the number of expected pods: {failure}");
            let reason = "CalculateExpectedPodCountFailed";
            self.events.event(&POD_DISRUPTION_BUDGETS, &budget, EventType::Warning, reason, message);
            return Err(ReconcileError::Other(failure));
        }
        Ok(plan.check_after_seconds.map(Duration::from_secs))
    }

    /// How many pods the controllers of `pods` want altogether.
    async fn scale(&self, pods: &[Arc<Object>]) -> Result<Scale, ReconcileError> {
        let mut scale = Scale::default();
        for pod in pods {
            let Some(owner) = pod.controller() else {
                scale.unmanaged += 1;
                continue;
            };
            if scale.by_controller.contains_key(owner.str_at(&["uid"]).unwrap_or_default()) {
                continue;
            }
            let (uid, replicas) = self.scale_of(pod, owner).await?;
            // The set of a deployment stands for the deployment.
            scale.by_controller.insert(owner.str_at(&["uid"]).unwrap_or_default().into(), 0);
            scale.by_controller.insert(uid, replicas);
        }
        Ok(scale)
    }

    async fn scale_of(&self, pod: &Object, owner: &Value) -> Result<(Str, i64), ReconcileError> {
        let (kind, name) = (text(owner, "kind"), text(owner, "name"));
        let found = self.workload(pod.namespace(), owner);
        if let Some(workload) = found {
            if let Some(parent) = workload.controller().and_then(|parent| self.workload(pod.namespace(), parent)) {
                return Ok((parent.uid().into(), replicas(&parent)));
            }
            return Ok((workload.uid().into(), replicas(&workload)));
        }
        let (group, _) = text(owner, "apiVersion").split_once('/').unwrap_or_default();
        let served = self.discovery.resources().await?;
        let resource = served.into_iter().find(|one| one.resource.group == group && one.resource.kind == kind);
        let Some(resource) = resource.map(|one| one.resource) else {
            return Err(ReconcileError::Other(format!("found no controllers for pod {:?}", pod.name())));
        };
        let request = client::Request {
            verb: client::Verb::Get,
            resource,
            namespace: pod.namespace().into(),
            name: name.into(),
            subresource: "scale".into(),
            body: client::Body::None,
            options: client::Options::default(),
        };
        match self.client.transport().call(request).await {
            Ok(client::Response::Object(scale)) => Ok((text(owner, "uid").into(), replicas(&scale))),
            Ok(_) => Err(ReconcileError::Other(format!("{kind} {name} has no scale"))),
            Err(status) if status.is_not_found() => {
                Err(ReconcileError::Other(format!("{kind} {name} does not implement the scale subresource")))
            }
            Err(status) => Err(status.into()),
        }
    }

    fn workload(&self, namespace: &str, owner: &Value) -> Option<Arc<Object>> {
        let (_, informer) = self
            .workloads
            .iter()
            .find(|(kind, _)| kind.kind == text(owner, "kind") && kind.api_version() == text(owner, "apiVersion"))?;
        let found = informer.get_namespaced(namespace, text(owner, "name"))?;
        (found.uid() == text(owner, "uid")).then_some(found)
    }

    async fn reconcile_pod(&self, key: &Str) -> Outcome {
        let Some(pod) = self.pods.get(key) else { return Ok(None) };
        let target = pods::condition(&pod, "DisruptionTarget");
        let stale = target.filter(|target| target.str_at(&["status"]) == Some("True"));
        let Some(target) = stale.filter(|_| pods::is_active(&pod)) else { return Ok(None) };
        let since = target.str_at(&["lastTransitionTime"]).and_then(apimachinery::time::parse);
        let now = stdx::clock::now();
        let left = since.map_or(0, |since| since.as_second() + STALE_DISRUPTION_SECONDS - now.as_second());
        if let Some(left) = u64::try_from(left).ok().filter(|left| *left > 0) {
            return Ok(Some(Duration::from_secs(left)));
        }
        self.take_back(&pod, target).await?;
        Ok(None)
    }

    async fn take_back(&self, pod: &Object, target: &Value) -> Result<(), Status> {
        let mut cleared = target.clone();
        cleared.set(&["status"], "False");
        cleared.remove(&["reason"]);
        cleared.remove(&["message"]);
        cleared.set(&["lastTransitionTime"], apimachinery::time::format_seconds(stdx::clock::now()));
        let conditions = pod.status().list_at("conditions").iter();
        let conditions: Value =
            conditions.map(|one| if one == target { cleared.clone() } else { one.clone() }).collect();
        let patch = value!({
            "metadata": {"uid": pod.uid(), "resourceVersion": pod.resource_version()},
            "status": {"conditions": conditions}
        });
        let api = self.client.namespaced(&PODS, pod.namespace());
        match api.patch(pod.name(), "status", PatchType::Merge, patch).await {
            Err(status) if !status.is_not_found() => Err(status),
            _ => Ok(()),
        }
    }
}

fn text<'v>(owner: &'v Value, key: &str) -> &'v str {
    owner.str_at(&[key]).unwrap_or_default()
}

fn replicas(workload: &Object) -> i64 {
    workload.spec().i64_at("replicas").unwrap_or(1)
}
