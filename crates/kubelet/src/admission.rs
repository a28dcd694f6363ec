//! Whether a pod that was bound to this node may run here, with upstream's reasons.

use std::{collections::BTreeMap, sync::Arc};

use api::views::core_v1::{Container, Node, Pod, PodSpec};
use apimachinery::{Object, quantity::Quantity};
use component_helpers::{
    node,
    resources::{self, Resources},
};

use crate::{
    eviction::{self, signals::Condition},
    security::Effective,
};

/// Why a pod is refused: `status.reason` and `status.message`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// For example `OutOfcpu`.
    pub reason: String,
    /// For people.
    pub message: String,
}

/// What a pod is checked against.
#[derive(Clone, Copy)]
pub struct Site<'a> {
    /// The node, if it is known.
    pub node: Option<&'a Object>,
    /// The pods that run there already.
    pub others: &'a [Arc<Object>],
    /// What pods may use of the node.
    pub allocatable: &'a Resources,
    /// The most pods that may run there.
    pub max_pods: i64,
    /// Whether the kernel enforces AppArmor profiles.
    pub app_armor: bool,
    /// What the node is short of.
    pub pressure: &'a [Condition],
}

/// Checks `pod` against the node and the pods that run there already. `is_static` pods ignore taints.
pub fn admit(pod: &Object, site: Site<'_>, is_static: bool) -> Result<(), Refusal> {
    let Site { node, others, allocatable, max_pods, app_armor, pressure } = site;
    let spec = Pod::of(pod).spec();
    if let Err(message) = eviction::admit(Pod::of(pod), pressure) {
        return Err(refusal(eviction::REASON, &message));
    }
    if let Err(problem) = check_app_armor(spec, app_armor) {
        return Err(refusal("AppArmor", &format!("Cannot enforce AppArmor: {problem}")));
    }
    if !spec.resource_claims().is_empty() {
        return Err(refusal(
            "UnexpectedAdmissionError",
            "Allocate failed due to this kubelet having no dynamic resources, which is unexpected: remove spec.resourceClaims",
        ));
    }
    if spec.host_users() == Some(false) {
        return Err(refusal(
            "UnsupportedUserNamespaces",
            "this kubelet cannot run pods with hostUsers: false; remove the field",
        ));
    }
    if let Some(os) = spec.os().filter(|os| !matches!(os.name(), "linux" | "")) {
        return Err(refusal(
            "PodOSNotSupported",
            &format!("Failed to admit pod as the OS field doesn't match node OS: {}", os.name()),
        ));
    }
    let running: Vec<Pod<'_>> = others.iter().map(|other| Pod::of(other)).filter(|other| runs(*other)).collect();
    let count = i64::try_from(running.len()).unwrap_or(i64::MAX);
    let mut used = Resources::new();
    for other in &running {
        for (name, amount) in resources::pod_requests(other.spec()) {
            used.entry(name).and_modify(|sum: &mut Quantity| *sum = *sum + amount).or_insert(amount);
        }
    }
    let wanted = resources::pod_requests(spec);
    let mut short = Vec::new();
    if count + 1 > max_pods {
        short.push(("pods".to_owned(), 1, count, max_pods));
    }
    // Who wrote an extended resource into the node's status counts it; one that the node does not have is none of
    // the kubelet's concern: it guards something outside of the node.
    let advertised = node.map(|node| resources::parse(Node::of(node).status().allocatable())).unwrap_or_default();
    for (name, amount) in &wanted {
        let total = allocatable.get(name).or_else(|| advertised.get(name).filter(|_| name.contains('/')));
        let (Some(total), false) = (total, amount.is_zero()) else { continue };
        let used = used.get(name).copied().unwrap_or(Quantity::ZERO);
        if used + *amount > *total {
            let unit = |quantity: Quantity| if name == "cpu" { quantity.milli_value() } else { quantity.value() };
            short.push((name.clone(), unit(*amount), unit(used), unit(*total)));
        }
    }
    if let Some((name, requested, used, capacity)) = short.first() {
        return Err(Refusal {
            reason: format!("OutOf{name}"),
            message: format!(
                "Node didn't have enough resource: {name}, requested: {requested}, used: {used}, capacity: {capacity}"
            ),
        });
    }
    let Some(node) = node else { return Ok(()) };
    if !node::affinity_matches(spec, node) {
        return Err(refusal(
            "NodeAffinity",
            "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
        ));
    }
    if !is_static && node::untolerated_taint(spec, node, &["NoExecute"]).is_some() {
        return Err(refusal(
            "TaintToleration",
            "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate",
        ));
    }
    host_ports(spec_ports(Pod::of(pod)), &running)
}

/// Whether the AppArmor profiles that a pod asks for can be enforced.
fn check_app_armor(spec: PodSpec<'_>, enabled: bool) -> Result<(), String> {
    let kinds = [spec.containers().values(), spec.init_containers().values(), spec.ephemeral_containers().values()];
    for container in kinds.into_iter().flatten().map(Container::of) {
        let Some(profile) = Effective::new(spec, container).app_armor() else { continue };
        match profile.type_() {
            "Unconfined" => {}
            _ if !enabled => return Err("AppArmor is not enabled on the host".to_owned()),
            "Localhost" if profile.localhost_profile().unwrap_or_default().trim().is_empty() => {
                return Err("invalid empty AppArmor profile name".to_owned());
            }
            _ => {}
        }
    }
    Ok(())
}

fn refusal(reason: &str, message: &str) -> Refusal {
    Refusal { reason: reason.to_owned(), message: message.to_owned() }
}

fn runs(pod: Pod<'_>) -> bool {
    !matches!(pod.status().phase(), "Succeeded" | "Failed")
}

/// Host ports by protocol and number, with the address they are taken on.
fn spec_ports(pod: Pod<'_>) -> BTreeMap<(String, i64), String> {
    let containers = pod.spec().init_containers().iter().filter(|container| resources::is_sidecar(*container));
    let ports = containers.chain(pod.spec().containers().iter()).flat_map(|container| container.ports().iter());
    ports
        .filter(|port| port.host_port() > 0)
        .map(|port| {
            let protocol = if port.protocol().is_empty() { "TCP" } else { port.protocol() };
            ((protocol.to_owned(), port.host_port()), port.host_ip().to_owned())
        })
        .collect()
}

fn host_ports(wanted: BTreeMap<(String, i64), String>, running: &[Pod<'_>]) -> Result<(), Refusal> {
    let any = |address: &str| matches!(address, "" | "0.0.0.0" | "::");
    for other in running {
        for (port, address) in spec_ports(*other) {
            if let Some(own) = wanted.get(&port)
                && (any(own) || any(&address) || *own == address)
            {
                return Err(refusal(
                    "NodePorts",
                    "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
                ));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use apimachinery::{Value, value};

    fn pod(spec: Value) -> Object {
        Object(value!({"metadata": {"name": "p"}, "spec": spec}))
    }

    fn reason(spec: Value, max_pods: i64, is_static: bool) -> String {
        let node = Object(value!({
            "metadata": {"name": "n", "labels": {"disk": "ssd"}},
            "status": {"allocatable": {"example.com/gpu": "1"}},
            "spec": {"taints": [{"key": "k", "effect": "NoExecute"}, {"key": "l", "effect": "NoSchedule"}]}
        }));
        let other = pod(value!({"containers": [
            {"resources": {"requests": {"cpu": "1500m"}}, "ports": [{"hostPort": 80}]}
        ]}));
        let allocatable = Resources::from([("cpu".to_owned(), Quantity::parse("2").unwrap())]);
        let mut spec = spec;
        if !is_static {
            spec.set(&["tolerations"], value!([{"key": "k", "operator": "Exists"}]));
        }
        let others = [Arc::new(other)];
        let site = Site {
            node: Some(&node),
            others: &others,
            allocatable: &allocatable,
            max_pods,
            app_armor: false,
            pressure: &[],
        };
        let verdict = admit(&pod(spec), site, is_static);
        verdict.err().map(|refusal| refusal.reason).unwrap_or_default()
    }

    #[test]
    fn reasons() {
        let cpu = |amount: &str| value!({"containers": [{"resources": {"requests": {"cpu": amount}}}]});
        assert_eq!(reason(cpu("500m"), 10, false), "");
        assert_eq!(reason(cpu("501m"), 10, false), "OutOfcpu");
        assert_eq!(reason(cpu("1m"), 1, false), "OutOfpods");
        assert_eq!(reason(value!({"nodeSelector": {"disk": "hdd"}}), 10, false), "NodeAffinity");
        assert_eq!(reason(value!({"containers": [{"ports": [{"hostPort": 80}]}]}), 10, false), "NodePorts");
        assert_eq!(reason(value!({"hostUsers": false}), 10, false), "UnsupportedUserNamespaces");
        assert_eq!(reason(value!({}), 10, true), "", "static pods ignore taints");
        let extended = |name: &str, amount: &str| {
            let mut requests = Value::default();
            requests.set(&[name], amount);
            value!({"containers": [{"resources": {"requests": requests}}]})
        };
        assert_eq!(reason(extended("example.com/gpu", "1"), 10, false), "");
        assert_eq!(reason(extended("example.com/gpu", "2"), 10, false), "OutOfexample.com/gpu");
        assert_eq!(reason(extended("example.com/license", "2"), 10, false), "", "nothing of this node");
        let profile = |kind: &str| value!({"containers": [{"securityContext": {"appArmorProfile": {"type": kind}}}]});
        assert_eq!(reason(profile("RuntimeDefault"), 10, false), "AppArmor");
        assert_eq!(reason(profile("Unconfined"), 10, false), "");
        let claims = value!({"resourceClaims": [{"name": "gpu"}], "containers": [{}]});
        assert_eq!(reason(claims, 10, false), "UnexpectedAdmissionError");
    }

    #[test]
    fn taints_without_toleration() {
        let node =
            Object(value!({"metadata": {"name": "n"}, "spec": {"taints": [{"key": "k", "effect": "NoExecute"}]}}));
        let resources = Resources::new();
        let site = Site {
            node: Some(&node),
            others: &[],
            allocatable: &resources,
            max_pods: 10,
            app_armor: false,
            pressure: &[],
        };
        let verdict = admit(&pod(value!({})), site, false);
        assert_eq!(verdict.unwrap_err().reason, "TaintToleration");
    }
}
