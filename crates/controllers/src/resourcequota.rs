//! `resourcequota-controller`: what a namespace uses of its quotas.
//!
//! Admission raises the numbers when objects come; here they are counted anew when a quota changes and when
//! objects go.

pub mod usage;

use std::{collections::BTreeMap, sync::Arc};

use apimachinery::{Map, Object, Str, Value, quantity::Quantity};
use async_trait::async_trait;
use client::{
    Client, Event, Informer, ResourceKind, SharedInformers, WorkQueue,
    controller::{self, Outcome, Reconcile, ReconcileError},
    kinds::{CONFIG_MAPS, PERSISTENT_VOLUME_CLAIMS, PODS, REPLICATION_CONTROLLERS, RESOURCE_QUOTAS, SECRETS, SERVICES},
};
use parking_lot::Mutex;

use self::usage::{Usage, add, in_scope};
use crate::{Context, ControllerDescriptor, Discovery, expectations::Expectations, patches};

const WORKERS: usize = 5;

/// The controller of quotas.
pub const DESCRIPTOR: ControllerDescriptor = ControllerDescriptor {
    name: "resourcequota-controller",
    service_account: "resourcequota-controller",
    start: |context| Box::pin(run(context)),
};

struct Quotas {
    client: Client,
    informers: SharedInformers,
    discovery: Arc<dyn Discovery>,
    quotas: Informer,
    queue: WorkQueue<Str>,
    expectations: Expectations,
    /// Resources that are counted because some quota limits them.
    followed: Mutex<BTreeMap<ResourceKind, Informer>>,
}

async fn run(context: Context) {
    let quotas = context.informers.of(&RESOURCE_QUOTAS);
    let queue = WorkQueue::new();
    controller::enqueue_on(&quotas, &queue, |event: &Event| {
        let quota = event.object();
        let hard = |quota: &Object| quota.spec().get("hard").cloned();
        let differs = quota.at(&["status", "hard"]).cloned() != hard(quota);
        (event.old().is_none_or(|old| hard(old) != hard(quota)) || differs).then(|| quota.key())
    });
    let reconciler = Quotas {
        client: context.client,
        informers: context.informers,
        discovery: context.settings.discovery.clone(),
        quotas: quotas.clone(),
        queue: queue.clone(),
        expectations: Expectations::default(),
        followed: Mutex::default(),
    };
    controller::run("resourcequota-controller", &[quotas], queue, WORKERS, Arc::new(reconciler)).await;
}

/// The built-in resource whose objects count towards `name`.
fn builtin(name: &str) -> Option<ResourceKind> {
    Some(match name {
        "services" | "services.nodeports" | "services.loadbalancers" => SERVICES,
        "configmaps" => CONFIG_MAPS,
        "secrets" => SECRETS,
        "replicationcontrollers" => REPLICATION_CONTROLLERS,
        "resourcequotas" => RESOURCE_QUOTAS,
        "persistentvolumeclaims" | "requests.storage" => PERSISTENT_VOLUME_CLAIMS,
        name if name.contains(".storageclass.storage.k8s.io/") => PERSISTENT_VOLUME_CLAIMS,
        name if name.starts_with("count/") => return None,
        // Everything else is something that pods use.
        _ => PODS,
    })
}

#[async_trait]
impl Reconcile for Quotas {
    async fn reconcile(&self, key: &Str) -> Outcome {
        self.expectations.settled(key).await;
        let Some(quota) = self.quotas.get(key).filter(|quota| quota.deletion_timestamp().is_none()) else {
            return Ok(None);
        };
        let hard = quota.spec().get_map("hard").cloned().unwrap_or(Map::EMPTY);
        let (resources, unknown) = self.resources(&hard).await?;
        let now = stdx::clock::now();
        let mut total = Usage::new();
        for resource in &resources {
            let informer = self.follow(resource).await;
            for object in informer.list_namespace(quota.namespace()) {
                if in_scope(&quota, resource, &object) {
                    add(&mut total, usage::of(resource, &object, now));
                }
            }
        }
        let used: Map = hard
            .keys()
            .filter(|name| !unknown.contains(name))
            .map(|name| (name.clone(), Value::from(total.get(name).unwrap_or(&Quantity::ZERO).to_string())))
            .collect();
        let mut status = patches::status_of(&quota);
        status.set(&["hard"], hard);
        status.set(&["used"], used);
        if quota.at(&["status"]) != Some(&status) {
            let mut counted = (*quota).clone();
            counted.set(&["status"], status);
            // What admission has charged since the count must not be overwritten: a conflict counts anew.
            let api = self.client.namespaced(&RESOURCE_QUOTAS, quota.namespace());
            match api.update_subresource("status", counted).await {
                Err(gone) if gone.is_not_found() => return Ok(None),
                written => {
                    let written = written?;
                    self.expectations.wrote(key, &self.quotas, &written);
                }
            }
        }
        match unknown.first() {
            Some(name) => Err(ReconcileError::Other(format!("quota {key} limits {name}, which is not served"))),
            None => Ok(None),
        }
    }
}

impl Quotas {
    /// The resources whose objects count towards `hard`, and the names for which there is none.
    async fn resources(&self, hard: &Map) -> Result<(Vec<ResourceKind>, Vec<Str>), ReconcileError> {
        let mut resources: Vec<ResourceKind> = hard.keys().filter_map(|name| builtin(name)).collect();
        let mut unknown = Vec::new();
        if hard.keys().any(|name| name.starts_with("count/")) {
            let served = self.discovery.resources().await?;
            for name in hard.keys().filter(|name| name.starts_with("count/")) {
                match served.iter().find(|one| usage::count_name(&one.resource) == *name) {
                    Some(one) => resources.push(one.resource.clone()),
                    None => unknown.push(name.clone()),
                }
            }
        }
        resources.sort();
        resources.dedup();
        Ok((resources, unknown))
    }

    /// The synced informer of `resource`; what goes from it makes the quotas of its namespace count anew.
    async fn follow(&self, resource: &ResourceKind) -> Informer {
        let known = self.followed.lock().get(resource).cloned();
        if let Some(informer) = known {
            informer.synced().await;
            return informer;
        }
        let informer = self.informers.of(resource);
        if self.followed.lock().insert(resource.clone(), informer.clone()).is_none() {
            let (quotas, counted) = (self.quotas.clone(), resource.clone());
            controller::enqueue_on(&informer, &self.queue, move |event: &Event| {
                let freed = match event {
                    Event::Deleted(_) => true,
                    Event::Added(_) => false,
                    Event::Updated { old, new } => frees(&counted, old, new),
                };
                let quotas = if freed { quotas.list_namespace(event.object().namespace()) } else { Vec::new() };
                quotas.into_iter().map(|quota| quota.key())
            });
        }
        informer.synced().await;
        informer
    }
}

/// Whether a change may have changed what the object uses, or of which quotas. Other changes must not count anew:
/// an object that is admitted and not seen here yet would be forgotten.
fn frees(resource: &ResourceKind, old: &Object, new: &Object) -> bool {
    let now = stdx::clock::now();
    let deadline = |object: &Object| object.i64_at(&["spec", "activeDeadlineSeconds"]);
    usage::of(resource, old, now) != usage::of(resource, new, now) || deadline(old) != deadline(new)
}

#[cfg(test)]
mod tests {
    use apimachinery::value;
    use client::testing::{FakeApi, settle};
    use expect_test::expect;

    use super::*;
    use crate::Settings;

    #[test]
    fn pods_use_what_their_containers_or_their_start_need() {
        let pod = Object(value!({
            "spec": {
                "overhead": {"cpu": "10m"},
                "containers": [
                    {"resources": {"requests": {"cpu": "100m", "memory": "1Gi", "example.com/gpu": 1}, "limits": {"cpu": "1"}}},
                    {"resources": {"requests": {"cpu": "200m"}}}
                ],
                "initContainers": [
                    {"restartPolicy": "Always", "resources": {"requests": {"cpu": "50m"}}},
                    {"resources": {"requests": {"cpu": "1"}}}
                ]
            }
        }));
        let used = usage::of(&PODS, &pod, "2026-01-01T00:00:00Z".parse().unwrap());
        let lines: Vec<String> = used.iter().map(|(name, quantity)| format!("{name}: {quantity}")).collect();
        expect![[r#"
            count/pods: 1
            cpu: 1060m
            limits.cpu: 1010m
            memory: 1Gi
            pods: 1
            requests.cpu: 1060m
            requests.example.com/gpu: 1
            requests.memory: 1Gi"#]]
        .assert_eq(&lines.join("\n"));
        let scoped = |scope: &str| Object(value!({"spec": {"scopes": [scope]}}));
        assert!(in_scope(&scoped("NotBestEffort"), &PODS, &pod) && !in_scope(&scoped("BestEffort"), &PODS, &pod));
        assert!(!in_scope(&scoped("NotBestEffort"), &SERVICES, &pod));
    }

    #[test]
    fn only_a_changed_use_counts_anew() {
        let pod = |spec: Value, phase: &str| Object(value!({"spec": spec, "status": {"phase": phase}}));
        let asks = |cpu: &str| value!({"containers": [{"resources": {"requests": {"cpu": cpu}}}]});
        let mut bound = asks("1");
        bound.set(&["nodeName"], "n");
        assert!(!frees(&PODS, &pod(asks("1"), "Pending"), &pod(bound.clone(), "Running")));
        assert!(frees(&PODS, &pod(asks("1"), "Running"), &pod(asks("2"), "Running")));
        assert!(frees(&PODS, &pod(bound.clone(), "Running"), &pod(bound, "Succeeded")));
    }

    #[tokio::test(start_paused = true)]
    async fn a_quota_counts_when_it_comes_and_when_objects_go() {
        let api = FakeApi::new();
        let settings = Settings::for_tests(&[CONFIG_MAPS]);
        let _running = tokio::spawn((DESCRIPTOR.start)(Context::with_settings(&api, settings)));
        for name in ["x", "y"] {
            api.seed(
                &PODS,
                value!({"metadata": {"namespace": "a", "name": name}, "spec": {}, "status": {"phase": "Running"}}),
            );
            api.seed(
                &SERVICES,
                value!({"metadata": {"namespace": "a", "name": name}, "spec": {"type": "NodePort", "ports": [{}, {}]}}),
            );
            api.seed(&CONFIG_MAPS, value!({"metadata": {"namespace": "b", "name": name}}));
        }
        let hard = value!({"pods": "5", "services.nodeports": "9", "count/configmaps": "3"});
        api.seed(&RESOURCE_QUOTAS, value!({"metadata": {"namespace": "a", "name": "q"}, "spec": {"hard": hard}}));
        settle(1).await;
        let used = || format!("{:?}", api.get(&RESOURCE_QUOTAS, "a", "q").unwrap().status().get("used").unwrap());
        assert_eq!(used(), r#"{"count/configmaps": "0", "pods": "2", "services.nodeports": "4"}"#);
        api.modify(&PODS, "a", "x", |pod| pod.set(&["status", "phase"], "Failed"));
        api.remove(&SERVICES, "a", "y");
        settle(1).await;
        assert_eq!(used(), r#"{"count/configmaps": "0", "pods": "1", "services.nodeports": "2"}"#);
    }
}
