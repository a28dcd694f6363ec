//! Pods and other objects of the cases, by the facts of upstream's templates.

use apimachinery::{Value, value};

use crate::scenarios::requests::PLACEHOLDER;

/// The priority class of important pods.
pub(super) const HIGH_PRIORITY: &str = "bench-high";
/// The node that gets all pods of a case.
pub(super) const DAEMON_NODE: &str = "scheduler-perf-0";
/// Namespaces whose pods know of each other.
const NAMESPACES: [&str; 2] = ["sched-0", "sched-1"];

fn pod(prefix: &str, labels: Value, resources: Value) -> Value {
    value!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": format!("{prefix}-{PLACEHOLDER}"), "labels": labels},
        "spec": {
            "containers": [{
                "name": "pause",
                "image": "registry.k8s.io/pause:3.10.2",
                "ports": [{"containerPort": 80}],
                "resources": resources
            }]
        }
    })
}

fn amounts(cpu: &str) -> Value {
    value!({
        "limits": {"cpu": cpu, "memory": "500Mi"},
        "requests": {"cpu": cpu, "memory": "500Mi"}
    })
}

/// A tenth of a core, half a gigabyte.
pub(super) fn plain() -> Value {
    pod("pod", value!({}), amounts("100m"))
}

/// Four of them fill a node but for a tenth; they go at once when they must.
pub(super) fn low_priority() -> Value {
    let mut pod = pod("low", value!({}), amounts("900m"));
    pod.set(&["spec", "terminationGracePeriodSeconds"], 0);
    pod
}

/// Takes the room of three of those.
pub(super) fn high_priority() -> Value {
    let mut pod = pod("high", value!({}), amounts("3000m"));
    pod.set(&["spec", "priorityClassName"], HIGH_PRIORITY);
    pod
}

/// Important, and larger than any node.
pub(super) fn too_large() -> Value {
    let mut pod = pod("large", value!({}), value!({"requests": {"cpu": "9", "memory": "500Mi"}}));
    pod.set(&["spec", "priorityClassName"], HIGH_PRIORITY);
    pod
}

fn term(color: &str, topology_key: &str) -> Value {
    let namespaces: Value = NAMESPACES.into_iter().collect();
    value!({
        "labelSelector": {"matchLabels": {"color": color}}, "topologyKey": topology_key, "namespaces": namespaces
    })
}

fn with_affinity(color: &str, kind: &str, strength: &str, terms: Value) -> Value {
    let mut pod = pod(color, value!({"color": color}), amounts("100m"));
    pod.set(&["spec", "affinity", kind, strength], terms);
    pod
}

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";
const ZONE: &str = "topology.kubernetes.io/zone";
const HOSTNAME: &str = "kubernetes.io/hostname";

/// Only in a zone with others of its colour.
pub(super) fn pod_affinity() -> Value {
    with_affinity("blue", "podAffinity", REQUIRED, value!([term("blue", ZONE)]))
}

/// Only on a node without others of its colour.
pub(super) fn pod_anti_affinity() -> Value {
    with_affinity("green", "podAntiAffinity", REQUIRED, value!([term("green", HOSTNAME)]))
}

/// Rather on a node with others of its colour.
pub(super) fn preferred_pod_affinity() -> Value {
    let terms = value!([{"weight": 1, "podAffinityTerm": term("red", HOSTNAME)}]);
    with_affinity("red", "podAffinity", PREFERRED, terms)
}

/// Rather on a node without others of its colour.
pub(super) fn preferred_pod_anti_affinity() -> Value {
    let terms = value!([{"weight": 1, "podAffinityTerm": term("yellow", HOSTNAME)}]);
    with_affinity("yellow", "podAntiAffinity", PREFERRED, terms)
}

fn node_affinity(term: Value) -> Value {
    let mut pod = plain();
    pod.set(&["spec", "affinity", "nodeAffinity", REQUIRED, "nodeSelectorTerms"], value!([term]));
    pod
}

/// Only in the first zone or the second.
pub(super) fn zone_affinity() -> Value {
    node_affinity(value!({
        "matchExpressions": [{"key": ZONE, "operator": "In", "values": ["zone-0", "zone-1"]}]
    }))
}

/// Only on one node, as the DaemonSet controller says it; asks for nothing.
pub(super) fn daemon() -> Value {
    let mut pod = node_affinity(value!({
        "matchFields": [{"key": "metadata.name", "operator": "In", "values": [DAEMON_NODE]}]
    }));
    pod.set(&["spec", "containers"], value!([{"name": "pause", "image": "registry.k8s.io/pause:3.10.2"}]));
    pod
}

fn spreading(when_unsatisfiable: &str) -> Value {
    let mut pod = pod("spread", value!({"color": "blue"}), amounts("100m"));
    let constraint = value!({
        "maxSkew": 5, "topologyKey": ZONE, "whenUnsatisfiable": when_unsatisfiable,
        "labelSelector": {"matchLabels": {"color": "blue"}}
    });
    pod.set(&["spec", "topologySpreadConstraints"], value!([constraint]));
    pod
}

/// Over zones, by five more in one than in another at most.
pub(super) fn topology_spreading() -> Value {
    spreading("DoNotSchedule")
}

/// The same as a wish.
pub(super) fn preferred_topology_spreading() -> Value {
    spreading("ScheduleAnyway")
}

/// A node that nothing fits on.
pub(super) fn churning_node() -> Value {
    value!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": format!("node-churn-{PLACEHOLDER}")},
        "status": {"capacity": {"pods": "0"}, "conditions": [{"type": "Ready", "status": "True"}]}
    })
}

/// A service that selects nothing.
pub(super) fn churning_service() -> Value {
    value!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": format!("service-churn-{PLACEHOLDER}")},
        "spec": {"selector": {"app": "foo"}, "ports": [{"protocol": "TCP", "port": 8080, "targetPort": 8080}]}
    })
}
