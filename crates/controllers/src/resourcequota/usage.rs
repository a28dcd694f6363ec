//! What an object uses of the things that quotas limit.

use std::collections::BTreeMap;

use apimachinery::{
    Map, Object, Str, Value,
    quantity::{Format, Quantity},
    time,
};
use client::ResourceKind;
use jiff::Timestamp;

use crate::pods;

/// Quantities by the name of what is limited.
pub type Usage = BTreeMap<Str, Quantity>;

/// Adds `other` to `usage`.
pub fn add(usage: &mut Usage, other: Usage) {
    for (name, quantity) in other {
        let known = usage.get(&name).copied().unwrap_or(Quantity::ZERO);
        usage.insert(name, known + quantity);
    }
}

fn one() -> Quantity {
    Quantity::from_units(1, Format::Decimal)
}

/// The quantities of a resource list.
pub fn quantities(list: Option<&Map>) -> Usage {
    let entries = list.into_iter().flat_map(Map::iter);
    let parse = |value: &Value| match value {
        Value::String(text) => Quantity::parse(text).ok(),
        Value::Int(number) => Some(Quantity::from_units(*number, Format::Decimal)),
        _ => None,
    };
    entries.filter_map(|(name, value)| Some((name.clone(), parse(value)?))).collect()
}

/// The name under which every resource can be counted: `count/deployments.apps`.
pub fn count_name(resource: &ResourceKind) -> Str {
    if resource.group.is_empty() {
        format!("count/{}", resource.resource).into()
    } else {
        format!("count/{}.{}", resource.resource, resource.group).into()
    }
}

/// What `object` of `resource` uses.
pub fn of(resource: &ResourceKind, object: &Object, now: Timestamp) -> Usage {
    let mut usage = Usage::from([(count_name(resource), one())]);
    if !resource.group.is_empty() {
        return usage;
    }
    match resource.resource.as_str() {
        "pods" => add(&mut usage, of_pod(object, now)),
        "services" => add(&mut usage, of_service(object)),
        "persistentvolumeclaims" => add(&mut usage, of_claim(object)),
        "configmaps" | "secrets" | "replicationcontrollers" | "resourcequotas" => {
            usage.insert(resource.resource.clone(), one());
        }
        _ => {}
    }
    usage
}

fn of_pod(pod: &Object, now: Timestamp) -> Usage {
    let grace = pod.metadata().i64_at("deletionGracePeriodSeconds");
    let overdue = pod.deletion_timestamp().and_then(time::parse).zip(grace);
    // A pod that is stuck on its way out (a lost node) must not keep its successor from coming.
    let stuck = overdue.is_some_and(|(deletion, grace)| now.as_second() > deletion.as_second() + grace);
    if pods::is_finished(pod) || stuck {
        return Usage::new();
    }
    let mut usage = Usage::from([("pods".into(), one())]);
    for (name, quantity) in pod_resources(pod, "requests") {
        match name.as_str() {
            "cpu" | "memory" | "ephemeral-storage" => {
                usage.insert(format!("requests.{name}").into(), quantity);
                usage.insert(name, quantity);
            }
            huge if huge.starts_with("hugepages-") => {
                usage.insert(format!("requests.{name}").into(), quantity);
                usage.insert(name, quantity);
            }
            extended if extended.contains('/') => {
                usage.insert(format!("requests.{name}").into(), quantity);
            }
            _ => {}
        }
    }
    for (name, quantity) in pod_resources(pod, "limits") {
        if matches!(name.as_str(), "cpu" | "memory" | "ephemeral-storage") {
            usage.insert(format!("limits.{name}").into(), quantity);
        }
    }
    usage
}

fn maximum(usage: &mut Usage, other: Usage) {
    for (name, quantity) in other {
        let known = usage.get(&name).copied().unwrap_or(Quantity::ZERO);
        usage.insert(name, known.max(quantity));
    }
}

/// What the pod requests (or is limited to) as a whole: its containers together, or what its start needs if
/// that is more; what the pod says of itself goes before both.
pub fn pod_resources(pod: &Object, kind: &str) -> Usage {
    let of = |container: &Value| quantities(container.map_at(&["resources", kind]));
    let mut total = Usage::new();
    for container in pod.spec().list_at("containers") {
        add(&mut total, of(container));
    }
    let (mut sidecars, mut start) = (Usage::new(), Usage::new());
    for container in pod.spec().list_at("initContainers") {
        let mut own = of(container);
        if container.str_at(&["restartPolicy"]) == Some("Always") {
            add(&mut total, own.clone());
            add(&mut sidecars, own);
            own = sidecars.clone();
        } else {
            add(&mut own, sidecars.clone());
        }
        maximum(&mut start, own);
    }
    maximum(&mut total, start);
    let own = pod.spec().get("resources").and_then(|resources| resources.map_at(&[kind]));
    total.extend(quantities(own));
    let overhead = quantities(pod.spec().get_map("overhead"));
    for (name, quantity) in overhead {
        // An overhead does not make a limit where there is none.
        if kind == "requests" || total.contains_key(&name) {
            add(&mut total, Usage::from([(name, quantity)]));
        }
    }
    total
}

fn of_service(service: &Object) -> Usage {
    let ports = service.spec().list_at("ports").len() as i64;
    let units = |count| Quantity::from_units(count, Format::Decimal);
    let mut usage = Usage::from([("services".into(), one())]);
    match service.spec().str_at("type") {
        Some("NodePort") => {
            usage.insert("services.nodeports".into(), units(ports));
        }
        Some("LoadBalancer") => {
            usage.insert("services.loadbalancers".into(), one());
            let allocates = service.spec().bool_at("allocateLoadBalancerNodePorts") != Some(false);
            let named = service.spec().list_at("ports").iter().filter(|port| port.i64_at(&["nodePort"]).is_some());
            usage.insert("services.nodeports".into(), units(if allocates { ports } else { named.count() as i64 }));
        }
        _ => {}
    }
    usage
}

fn of_claim(claim: &Object) -> Usage {
    let mut usage = Usage::from([("persistentvolumeclaims".into(), one())]);
    let class = claim.spec().str_at("storageClassName").filter(|class| !class.is_empty());
    let requested = quantities(claim.at(&["spec", "resources", "requests"]).and_then(Value::as_map));
    let allocated = quantities(claim.at(&["status", "allocatedResources"]).and_then(Value::as_map));
    let storage = requested.get("storage").copied().max(allocated.get("storage").copied());
    if let Some(storage) = storage {
        usage.insert("requests.storage".into(), storage);
    }
    if let Some(class) = class {
        let of_class = |what: &str| format!("{class}.storageclass.storage.k8s.io/{what}");
        usage.insert(of_class("persistentvolumeclaims").into(), one());
        if let Some(storage) = storage {
            usage.insert(of_class("requests.storage").into(), storage);
        }
    }
    usage
}

/// Whether `quota` is about `object` at all: its scopes select it.
pub fn in_scope(quota: &Object, resource: &ResourceKind, object: &Object) -> bool {
    let plain = quota.spec().list_at("scopes").iter().filter_map(Value::as_str);
    let selector = quota.spec().get("scopeSelector").map(|selector| selector.list_at(&["matchExpressions"]));
    let mut selected = selector.unwrap_or_default().iter();
    let is_pod = resource.group.is_empty() && resource.resource == "pods";
    let mut plain = plain.map(|scope| is_pod && pod_in_scope(object, scope, None));
    plain.all(|matches| matches)
        && selected.all(|expression| {
            is_pod && pod_in_scope(object, expression.str_at(&["scopeName"]).unwrap_or_default(), Some(expression))
        })
}

fn pod_in_scope(pod: &Object, scope: &str, expression: Option<&Value>) -> bool {
    let has_deadline = pod.spec().i64_at("activeDeadlineSeconds").is_some();
    let best_effort = || {
        let compute = |usage: Usage| usage.keys().any(|name| matches!(name.as_str(), "cpu" | "memory"));
        !compute(pod_resources(pod, "requests")) && !compute(pod_resources(pod, "limits"))
    };
    match scope {
        "Terminating" => has_deadline,
        "NotTerminating" => !has_deadline,
        "BestEffort" => best_effort(),
        "NotBestEffort" => !best_effort(),
        "PriorityClass" => {
            let class = pod.spec().str_at("priorityClassName").filter(|class| !class.is_empty());
            let values = expression.map(|one| one.list_at(&["values"])).unwrap_or_default();
            let listed = class.is_some_and(|class| values.iter().any(|value| value.as_str() == Some(class)));
            match expression.and_then(|one| one.str_at(&["operator"])) {
                None | Some("Exists") => class.is_some(),
                Some("DoesNotExist") => class.is_none(),
                Some("In") => listed,
                Some("NotIn") => !listed,
                Some(_) => false,
            }
        }
        "CrossNamespacePodAffinity" => crosses_namespaces(pod),
        _ => false,
    }
}

fn crosses_namespaces(pod: &Object) -> bool {
    let Some(affinity) = pod.spec().get("affinity") else { return false };
    let crosses = |term: &Value| !term.list_at(&["namespaces"]).is_empty() || term.at(&["namespaceSelector"]).is_some();
    ["podAffinity", "podAntiAffinity"].iter().any(|kind| {
        let required = affinity.list_at(&[kind, "requiredDuringSchedulingIgnoredDuringExecution"]).iter();
        let preferred = affinity.list_at(&[kind, "preferredDuringSchedulingIgnoredDuringExecution"]).iter();
        let preferred = preferred.filter_map(|weighted| weighted.at(&["podAffinityTerm"]));
        required.chain(preferred).any(crosses)
    })
}
