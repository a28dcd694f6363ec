//! A node as the API sees it: the object, its heartbeat, its lease.

use apimachinery::{Value, time, value};

use crate::FleetOptions;

/// The version that hollow kubelets say they have.
const KUBELET_VERSION: &str = "v1.37.0";
/// Of every node of a fleet, with the fleet's prefix.
pub(crate) const FLEET_LABEL: &str = "sim.sagong.dev/fleet";
/// Where leases of nodes stand.
pub(crate) const LEASE_NAMESPACE: &str = "kube-node-lease";
/// As a kubelet's.
const LEASE_DURATION_SECONDS: i64 = 40;
const REGION: &str = "region-1";

/// What a healthy kubelet says of its node: type, status, reason and message.
const CONDITIONS: [(&str, &str, &str, &str); 4] = [
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
];

/// The address of a node, in the network that is set aside for benchmarks.
pub(crate) fn address(index: u32) -> String {
    let [_, high, middle, low] = (index + 1).to_be_bytes();
    format!("198.{}.{middle}.{low}", 18 + (high & 1))
}

/// The address of a pod: a network of 256 for each node out of 100.64.0.0/10.
pub(crate) fn pod_address(node: u32, slot: u8) -> String {
    let [_, _, high, low] = node.to_be_bytes();
    format!("100.{}.{low}.{slot}", 64 + (high & 63))
}

fn labels(options: &FleetOptions, index: u32) -> Value {
    let name = options.node_name(index);
    let mut labels = value!({
        "kubernetes.io/hostname": name.as_str(),
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "beta.kubernetes.io/arch": "amd64"
    });
    labels.set(&[FLEET_LABEL], options.prefix.as_str());
    if options.zones > 0 {
        labels.set(&["topology.kubernetes.io/region"], REGION);
        labels.set(&["topology.kubernetes.io/zone"], format!("zone-{}", index % options.zones));
    }
    for (key, text) in &options.label {
        labels.set(&[key.as_str()], text.as_str());
    }
    labels
}

fn conditions(now: &str, since: Option<&str>) -> Vec<Value> {
    let condition = |(kind, status, reason, message): (&str, &str, &str, &str)| {
        let mut condition = value!({
            "type": kind, "status": status, "reason": reason, "message": message, "lastHeartbeatTime": now
        });
        if let Some(since) = since {
            condition.set(&["lastTransitionTime"], since);
        }
        condition
    };
    CONDITIONS.map(condition).into()
}

/// The status of a node that has just started.
pub(crate) fn status(options: &FleetOptions, index: u32) -> Value {
    let now = time::format_seconds(stdx::clock::now());
    let name = options.node_name(index);
    let amounts = value!({
        "cpu": options.cpu.as_str(),
        "memory": options.memory.as_str(),
        "ephemeral-storage": "100Gi",
        "pods": options.max_pods.to_string()
    });
    let identifier = format!("{index:032x}");
    value!({
        "addresses": [
            {"type": "InternalIP", "address": address(index)}, {"type": "Hostname", "address": name.as_str()}
        ],
        "capacity": amounts.clone(),
        "allocatable": amounts,
        "conditions": conditions(&now, Some(&now)),
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": {
            "machineID": identifier.as_str(),
            "systemUUID": identifier.as_str(),
            "bootID": identifier.as_str(),
            "kernelVersion": "6.12.0",
            "osImage": "Hollow Linux",
            "containerRuntimeVersion": "hollow://1.0.0",
            "kubeletVersion": KUBELET_VERSION,
            "kubeProxyVersion": "",
            "operatingSystem": "linux",
            "architecture": "amd64"
        }
    })
}

/// The node as it registers itself.
pub(crate) fn object(options: &FleetOptions, index: u32) -> Value {
    value!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": options.node_name(index),
            "labels": labels(options, index),
            "annotations": {"volumes.kubernetes.io/controller-managed-attach-detach": "true"}
        },
        "spec": {},
        "status": status(options, index)
    })
}

/// What a kubelet writes while nothing changes; a strategic merge patch.
pub(crate) fn heartbeat() -> Value {
    let now = time::format_seconds(stdx::clock::now());
    value!({"status": {"conditions": conditions(&now, None)}})
}

/// A node's lease as of now; `resource_version` is empty for a new one.
pub(crate) fn lease(name: &str, node_uid: &str, resource_version: &str) -> Value {
    let mut lease = value!({
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {
            "name": name,
            "namespace": LEASE_NAMESPACE,
            "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": name, "uid": node_uid}]
        },
        "spec": {
            "holderIdentity": name,
            "leaseDurationSeconds": LEASE_DURATION_SECONDS,
            "renewTime": time::format_micro(stdx::clock::now())
        }
    });
    if !resource_version.is_empty() {
        lease.set(&["metadata", "resourceVersion"], resource_version);
    }
    lease
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_distinct_and_in_their_networks() {
        assert_eq!(address(0), "198.18.0.1");
        assert_eq!(address(65_535), "198.19.0.0");
        assert_eq!(pod_address(0, 1), "100.64.0.1");
        assert_eq!(pod_address(5000, 254), "100.83.136.254");
    }

    #[test]
    fn a_node_has_what_was_asked_for() {
        let options = FleetOptions { label: vec![("tier".into(), "hot".into())], ..FleetOptions::default() };
        let node = object(&options, 4);
        assert_eq!(node.str_at(&["metadata", "labels", "topology.kubernetes.io/zone"]), Some("zone-1"));
        assert_eq!(node.str_at(&["metadata", "labels", "tier"]), Some("hot"));
        assert_eq!(node.str_at(&["status", "allocatable", "memory"]), Some("32Gi"));
        let options = FleetOptions { zones: 0, ..options };
        assert_eq!(object(&options, 4).str_at(&["metadata", "labels", "topology.kubernetes.io/zone"]), None);
    }
}
