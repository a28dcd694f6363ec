//! What an object takes from quotas.

use std::collections::BTreeMap;

use apimachinery::{
    Object, Str, Value,
    quantity::{Format, Quantity},
};
use apiserver::Operation;
use client::ResourceKind;

use crate::{
    is_unset,
    pod::text,
    quantities::{Resources, of_pod},
};

/// How objects of one resource are measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Evaluator {
    kind: Kind,
    /// `count/deployments.apps`
    count: String,
    /// The old name of the count, for the kinds that have one.
    legacy: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Pods,
    Services,
    Claims,
    Other,
}

/// Kinds whose objects are counted under their plain name, too.
const LEGACY: [&str; 4] = ["configmaps", "resourcequotas", "replicationcontrollers", "secrets"];

/// Resources of containers that quotas know, beside extended and huge page ones.
const COMPUTE: [&str; 11] = [
    "pods",
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "count/pods",
];

/// Of these a container must say how much it wants when a quota limits them.
const REQUIRED: [&str; 6] = ["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];

fn one() -> Quantity {
    number(1)
}

fn number(count: i64) -> Quantity {
    Quantity::from_units(count, Format::Decimal)
}

impl Evaluator {
    pub(super) fn of(resource: &ResourceKind) -> Evaluator {
        let name = resource.resource.as_str();
        let core = resource.group.is_empty();
        let count = if core { format!("count/{name}") } else { format!("count/{name}.{}", resource.group) };
        let kind = match name {
            "pods" if core => Kind::Pods,
            "services" if core => Kind::Services,
            "persistentvolumeclaims" if core => Kind::Claims,
            _ => Kind::Other,
        };
        let legacy = LEGACY.iter().copied().find(|legacy| core && *legacy == name);
        Evaluator { kind, count, legacy }
    }

    /// Whether a change of an object can change what it takes.
    pub(super) fn changes_with_updates(&self) -> bool {
        self.kind != Kind::Other
    }

    pub(super) fn is_pods(&self) -> bool {
        self.kind == Kind::Pods
    }

    /// Whether this write is measured at all.
    pub(super) fn is_affected(
        &self,
        operation: Operation,
        subresource: &str,
        object: &Object,
        old: Option<&Object>,
    ) -> bool {
        // Of a pod, only resources (by resizing) and the deadline can change.
        let deadline_came =
            || old.is_some_and(|old| super::scope::is_terminating(old) != super::scope::is_terminating(object));
        match (self.kind, operation, subresource) {
            (_, Operation::Create, "") => true,
            (Kind::Pods, Operation::Update, "resize") => true,
            (Kind::Pods, Operation::Update, "") => deadline_came(),
            (Kind::Services | Kind::Claims, Operation::Update, "") => true,
            _ => false,
        }
    }

    /// Whether a quota's resource is about this kind.
    pub(super) fn measures(&self, resource: &str) -> bool {
        if resource == self.count || self.legacy == Some(resource) {
            return true;
        }
        match self.kind {
            Kind::Pods => {
                let extended = resource.strip_prefix("requests.").is_some_and(|name| name.contains('/'));
                COMPUTE.contains(&resource)
                    || extended
                    || resource.starts_with("hugepages-")
                    || resource.starts_with("requests.hugepages-")
            }
            Kind::Services => matches!(resource, "services" | "services.nodeports" | "services.loadbalancers"),
            Kind::Claims => {
                matches!(resource, "persistentvolumeclaims" | "requests.storage")
                    || resource.contains(".storageclass.storage.k8s.io/")
            }
            Kind::Other => false,
        }
    }

    pub(super) fn usage(&self, object: &Object) -> Resources {
        let mut usage = Resources::default();
        usage.set(self.count.as_str(), one());
        if let Some(legacy) = self.legacy {
            usage.set(legacy, one());
        }
        match self.kind {
            Kind::Pods => pod_usage(object, &mut usage),
            Kind::Services => service_usage(object, &mut usage),
            Kind::Claims => claim_usage(object, &mut usage),
            Kind::Other => {}
        }
        usage
    }

    /// Whether every container says what the quotas' resources need it to say.
    pub(super) fn check_constraints(&self, interesting: &[&str], object: &Object) -> Result<(), String> {
        let own = object.at(&["spec", "resources"]);
        let says_itself = ["requests", "limits"].iter().any(|part| own.is_some_and(|own| !is_unset(own.get(part))));
        if self.kind != Kind::Pods || says_itself {
            return Ok(());
        }
        let mut missing: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for container in ["containers", "initContainers"].iter().flat_map(|list| object.spec().list_at(list)) {
            for resource in interesting.iter().filter(|resource| REQUIRED.contains(resource)) {
                let (part, name) = match resource.split_once('.') {
                    Some((part, name)) => (part, name),
                    None => ("requests", *resource),
                };
                if container.at(&["resources", part, name]).is_none() {
                    missing.entry(resource).or_default().push(text(container, &["name"]));
                }
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let parts = missing.into_iter().map(|(resource, mut names)| {
            names.sort_unstable();
            names.dedup();
            format!("{resource} for: {}", names.join(","))
        });
        Err(format!("must specify {}", parts.collect::<Vec<_>>().join("; ")))
    }
}

/// A pod that has ended takes nothing but its place in the store.
fn is_live(pod: &Object) -> bool {
    if matches!(text(pod, &["status", "phase"]), "Failed" | "Succeeded") {
        return false;
    }
    let deleted = pod.deletion_timestamp().and_then(apimachinery::time::parse);
    deleted.is_none_or(|deleted| stdx::clock::now() <= deleted)
}

fn pod_usage(pod: &Object, usage: &mut Resources) {
    if !is_live(pod) {
        return;
    }
    usage.set("pods", one());
    let overhead = Resources::read(pod.at(&["spec", "overhead"]));
    let mut requests = of_pod(pod.spec(), "requests");
    requests.add(&overhead);
    let mut limits = of_pod(pod.spec(), "limits");
    // Overhead counts on top of limits that are there, not in place of those that are not.
    let mut extra = overhead;
    extra.0.retain(|name, _| limits.get(name).is_some());
    limits.add(&extra);
    for (name, quantity) in requests.0 {
        match name.as_str() {
            "cpu" | "memory" | "ephemeral-storage" => {
                usage.set(format!("requests.{name}"), quantity);
                usage.set(name, quantity);
            }
            huge if huge.starts_with("hugepages-") => {
                usage.set(format!("requests.{huge}"), quantity);
                usage.set(name, quantity);
            }
            extended if extended.contains('/') => usage.set(format!("requests.{extended}"), quantity),
            _ => {}
        }
    }
    for (name, quantity) in limits.0 {
        if matches!(name.as_str(), "cpu" | "memory" | "ephemeral-storage") {
            usage.set(format!("limits.{name}"), quantity);
        }
    }
}

fn service_usage(service: &Object, usage: &mut Resources) {
    let ports = service.list_at(&["spec", "ports"]);
    let explicit = || ports.iter().filter(|port| port.i64_at(&["nodePort"]).unwrap_or_default() != 0).count();
    let (balancers, node_ports) = match text(service, &["spec", "type"]) {
        "NodePort" => (0, ports.len()),
        "LoadBalancer" if service.bool_at(&["spec", "allocateLoadBalancerNodePorts"]) == Some(false) => (1, explicit()),
        "LoadBalancer" => (1, ports.len()),
        _ => (0, 0),
    };
    usage.set("services", one());
    usage.set("services.loadbalancers", number(balancers));
    usage.set("services.nodeports", number(node_ports as i64));
}

fn claim_usage(claim: &Object, usage: &mut Resources) {
    usage.set("persistentvolumeclaims", one());
    let annotated = claim.annotation("volume.beta.kubernetes.io/storage-class");
    let class: Str = annotated.unwrap_or(text(claim, &["spec", "storageClassName"])).into();
    let requested = claim.at(&["spec", "resources", "requests"]);
    let storage = Resources::read(requested).get("storage");
    let allocated: Option<&Value> = claim.at(&["status", "allocatedResources"]);
    // While a volume grows, the greater of what is wanted and what is promised counts.
    let storage = storage.into_iter().chain(Resources::read(allocated).get("storage")).max();
    if !class.is_empty() {
        usage.set(format!("{class}.storageclass.storage.k8s.io/persistentvolumeclaims"), one());
    }
    if let Some(storage) = storage {
        usage.set("requests.storage", storage);
        if !class.is_empty() {
            usage.set(format!("{class}.storageclass.storage.k8s.io/requests.storage"), storage);
        }
    }
}
