//! The core group, but for pods, services and volumes.

use apimachinery::{Object, Value};

use super::{
    AGE, CONTAINERS, Cell, IMAGES, NAME, Printer,
    format::{age, condition, containers, count, labels, name, number, text, text_or},
    integer, text as column,
};

pub(super) const PRINTERS: &[Printer] = &[
    Printer {
        group: "",
        kind: "ComponentStatus",
        columns: &[
            NAME,
            column("Status", "Whether the component is healthy."),
            column("Message", "What the component says."),
            column("Error", "Why the component is not healthy."),
        ],
        cells: component_status,
    },
    Printer {
        group: "",
        kind: "ConfigMap",
        columns: &[NAME, column("Data", "@core.v1.ConfigMap.data"), AGE],
        cells: |object| {
            vec![name(object), (count(object, &["data"]) + count(object, &["binaryData"])).into(), age(object)]
        },
    },
    Printer {
        group: "",
        kind: "Namespace",
        columns: &[NAME, column("Status", "The status of the namespace."), AGE],
        cells: |object| vec![name(object), text(object, &["status", "phase"]).into(), age(object)],
    },
    Printer { group: "", kind: "Node", columns: NODE, cells: node },
    Printer {
        group: "",
        kind: "ReplicationController",
        columns: &[
            NAME,
            integer("Desired", "@core.v1.ReplicationControllerSpec.replicas"),
            integer("Current", "@core.v1.ReplicationControllerStatus.replicas"),
            integer("Ready", "@core.v1.ReplicationControllerStatus.readyReplicas"),
            AGE,
            CONTAINERS,
            IMAGES,
            column("Selector", "@core.v1.ReplicationControllerSpec.selector").wide(),
        ],
        cells: |object| {
            let [names, images] = containers(object, &["spec", "template", "spec"]);
            vec![
                name(object),
                number(object, &["spec", "replicas"]).into(),
                number(object, &["status", "replicas"]).into(),
                number(object, &["status", "readyReplicas"]).into(),
                age(object),
                names,
                images,
                labels(object, &["spec", "selector"]),
            ]
        },
    },
    Printer {
        group: "",
        kind: "ResourceQuota",
        columns: &[
            NAME,
            column("Request", "What is used of what may be requested."),
            column("Limit", "What is used of what limits may add up to."),
            AGE,
        ],
        cells: resource_quota,
    },
    Printer {
        group: "",
        kind: "Secret",
        columns: &[NAME, column("Type", "@core.v1.Secret.type"), column("Data", "@core.v1.Secret.data"), AGE],
        cells: |object| {
            vec![name(object), text(object, &["type"]).into(), count(object, &["data"]).into(), age(object)]
        },
    },
    Printer {
        group: "",
        kind: "ServiceAccount",
        columns: &[NAME, AGE],
        cells: |object| vec![name(object), age(object)],
    },
];

const NODE: &[Cell] = &[
    NAME,
    column("Status", "Whether the node is ready, and takes new pods."),
    column("Roles", "What the node is for, by its labels."),
    AGE,
    column("Version", "@core.v1.NodeSystemInfo.kubeletVersion"),
    column("Internal-IP", "@core.v1.NodeStatus.addresses").wide(),
    column("External-IP", "@core.v1.NodeStatus.addresses").wide(),
    column("OS-Image", "@core.v1.NodeSystemInfo.osImage").wide(),
    column("Kernel-Version", "@core.v1.NodeSystemInfo.kernelVersion").wide(),
    column("Container-Runtime", "@core.v1.NodeSystemInfo.containerRuntimeVersion").wide(),
];

fn node(object: &Object) -> Vec<Value> {
    let mut status = match condition(object, "Ready").map(|condition| text(condition, &["status"])) {
        Some("True") => "Ready".to_owned(),
        Some(_) => "NotReady".to_owned(),
        None => "Unknown".to_owned(),
    };
    if object.bool_at(&["spec", "unschedulable"]) == Some(true) {
        status += ",SchedulingDisabled";
    }
    let info = |field| text_or(object, &["status", "nodeInfo", field], "<unknown>");
    let mut kernel = info("kernelVersion").to_owned();
    let architecture = text(object, &["status", "nodeInfo", "architecture"]);
    if !architecture.is_empty() {
        kernel += &format!(" ({architecture})");
    }
    vec![
        name(object),
        status.into(),
        roles(object).into(),
        age(object),
        text(object, &["status", "nodeInfo", "kubeletVersion"]).into(),
        address(object, "InternalIP").into(),
        address(object, "ExternalIP").into(),
        info("osImage").into(),
        kernel.into(),
        info("containerRuntimeVersion").into(),
    ]
}

/// The roles that labels give a node.
fn roles(object: &Object) -> String {
    let mut roles: Vec<&str> = Vec::new();
    for (key, value) in object.labels().iter() {
        match key.strip_prefix("node-role.kubernetes.io/") {
            Some(role) => roles.push(role),
            None if *key == "kubernetes.io/role" => roles.extend(value.as_str()),
            None => {}
        }
    }
    roles.retain(|role| !role.is_empty());
    roles.sort_unstable();
    roles.dedup();
    if roles.is_empty() { "<none>".to_owned() } else { roles.join(",") }
}

fn address<'o>(object: &'o Object, wanted: &str) -> &'o str {
    let found = object.list_at(&["status", "addresses"]).iter().find(|one| text(one, &["type"]) == wanted);
    found.map_or("<none>", |found| text(found, &["address"]))
}

fn component_status(object: &Object) -> Vec<Value> {
    let healthy = object.list_at(&["conditions"]).iter().find(|condition| text(condition, &["type"]) == "Healthy");
    let Some(condition) = healthy else { return vec![name(object), "Unknown".into(), "".into(), "".into()] };
    let status = if text(condition, &["status"]) == "True" { "Healthy" } else { "Unhealthy" };
    vec![name(object), status.into(), text(condition, &["message"]).into(), text(condition, &["error"]).into()]
}

fn resource_quota(object: &Object) -> Vec<Value> {
    let (mut requests, mut limits) = (Vec::new(), Vec::new());
    for (resource, hard) in object.map_at(&["status", "hard"]).into_iter().flat_map(|map| map.iter()) {
        let used = text_or(object, &["status", "used", resource], "0");
        let line = format!("{resource}: {used}/{}", hard.as_str().unwrap_or("0"));
        if resource.starts_with("limits.") { limits.push(line) } else { requests.push(line) }
    }
    vec![name(object), requests.join(", ").into(), limits.join(", ").into(), age(object)]
}

#[cfg(test)]
mod tests {
    use apimachinery::value;

    use super::*;

    #[test]
    fn nodes_show_roles_and_addresses() {
        let mut object = Object(value!({
            "metadata": {"name": "n", "labels": {"node-role.kubernetes.io/worker": "", "kubernetes.io/role": "edge"}},
            "spec": {"unschedulable": true},
            "status": {
                "conditions": [{"type": "Ready", "status": "True"}],
                "addresses": [{"type": "InternalIP", "address": "10.0.0.1"}],
                "nodeInfo": {"kubeletVersion": "v1", "kernelVersion": "6.1", "architecture": "amd64"}
            }
        }));
        let mut cells = node(&object);
        cells.remove(3);
        let expected = [
            "n",
            "Ready,SchedulingDisabled",
            "edge,worker",
            "v1",
            "10.0.0.1",
            "<none>",
            "<unknown>",
            "6.1 (amd64)",
            "<unknown>",
        ];
        assert_eq!(cells, expected.map(Value::from));
        object.0.remove(&["status"]);
        assert_eq!(node(&object)[1], value!("Unknown,SchedulingDisabled"));
    }

    #[test]
    fn quotas_part_requests_and_limits() {
        let status = value!({"hard": {"limits.cpu": "2", "pods": "10"}, "used": {"pods": "3"}});
        let cells = resource_quota(&Object(value!({"status": status})));
        assert_eq!(cells[1..3], ["pods: 3/10", "limits.cpu: 0/2"].map(Value::from));
    }
}
