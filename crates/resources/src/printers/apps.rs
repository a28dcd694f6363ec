//! Deployments and what else keeps pods running.

use apimachinery::{Object, Value, labels::Selector};

use super::{
    AGE, CONTAINERS, IMAGES, NAME, Printer,
    format::{age, containers, labels, name, number, selector, text},
    integer, text as column,
};

const TEMPLATE: &[&str] = &["spec", "template", "spec"];

pub(super) const PRINTERS: &[Printer] = &[
    Printer {
        group: "apps",
        kind: "ControllerRevision",
        columns: &[
            NAME,
            column("Controller", "Whose revision it is."),
            column("Revision", "@apps.v1.ControllerRevision.revision"),
            AGE,
        ],
        cells: |object| {
            vec![name(object), controller(object).into(), number(object, &["revision"]).into(), age(object)]
        },
    },
    Printer {
        group: "apps",
        kind: "DaemonSet",
        columns: &[
            NAME,
            integer("Desired", "@apps.v1.DaemonSetStatus.desiredNumberScheduled"),
            integer("Current", "@apps.v1.DaemonSetStatus.currentNumberScheduled"),
            integer("Ready", "@apps.v1.DaemonSetStatus.numberReady"),
            integer("Up-to-date", "@apps.v1.DaemonSetStatus.updatedNumberScheduled"),
            integer("Available", "@apps.v1.DaemonSetStatus.numberAvailable"),
            column("Node Selector", "@core.v1.PodSpec.nodeSelector"),
            AGE,
            CONTAINERS,
            IMAGES,
            column("Selector", "@apps.v1.DaemonSetSpec.selector").wide(),
        ],
        cells: daemon_set,
    },
    Printer {
        group: "apps",
        kind: "Deployment",
        columns: &[
            NAME,
            column("Ready", "How many pods are ready."),
            column("Up-to-date", "@apps.v1.DeploymentStatus.updatedReplicas"),
            column("Available", "@apps.v1.DeploymentStatus.availableReplicas"),
            AGE,
            CONTAINERS,
            IMAGES,
            column("Selector", "@apps.v1.DeploymentSpec.selector").wide(),
        ],
        cells: deployment,
    },
    Printer {
        group: "apps",
        kind: "ReplicaSet",
        columns: &[
            NAME,
            integer("Desired", "@apps.v1.ReplicaSetSpec.replicas"),
            integer("Current", "@apps.v1.ReplicaSetStatus.replicas"),
            integer("Ready", "@apps.v1.ReplicaSetStatus.readyReplicas"),
            AGE,
            CONTAINERS,
            IMAGES,
            column("Selector", "@apps.v1.ReplicaSetSpec.selector").wide(),
        ],
        cells: |object| {
            let [names, images] = containers(object, TEMPLATE);
            vec![
                name(object),
                number(object, &["spec", "replicas"]).into(),
                number(object, &["status", "replicas"]).into(),
                number(object, &["status", "readyReplicas"]).into(),
                age(object),
                names,
                images,
                selector(object, &["spec", "selector"]),
            ]
        },
    },
    Printer {
        group: "apps",
        kind: "StatefulSet",
        columns: &[NAME, column("Ready", "How many pods are ready."), AGE, CONTAINERS, IMAGES],
        cells: |object| {
            let [names, images] = containers(object, TEMPLATE);
            vec![name(object), ready(object).into(), age(object), names, images]
        },
    },
];

/// `2/3`
fn ready(object: &Object) -> String {
    format!("{}/{}", number(object, &["status", "readyReplicas"]), number(object, &["spec", "replicas"]))
}

fn deployment(object: &Object) -> Vec<Value> {
    let [names, images] = containers(object, TEMPLATE);
    let selected = match Selector::from_label_selector(object.at(&["spec", "selector"])) {
        Ok(selector) => selector.to_string(),
        Err(_) => "<invalid>".to_owned(),
    };
    vec![
        name(object),
        ready(object).into(),
        number(object, &["status", "updatedReplicas"]).into(),
        number(object, &["status", "availableReplicas"]).into(),
        age(object),
        names,
        images,
        selected.into(),
    ]
}

fn daemon_set(object: &Object) -> Vec<Value> {
    let [names, images] = containers(object, TEMPLATE);
    let counts = [
        "desiredNumberScheduled",
        "currentNumberScheduled",
        "numberReady",
        "updatedNumberScheduled",
        "numberAvailable",
    ];
    let mut cells = vec![name(object)];
    cells.extend(counts.map(|field| Value::from(number(object, &["status", field]))));
    let node_selector = labels(object, &["spec", "template", "spec", "nodeSelector"]);
    cells.extend([node_selector, age(object), names, images, selector(object, &["spec", "selector"])]);
    cells
}

/// `statefulset.apps/web`
fn controller(object: &Object) -> String {
    let Some(owner) = object.controller() else { return "<none>".to_owned() };
    let kind = text(owner, &["kind"]).to_lowercase();
    let group = text(owner, &["apiVersion"]).split_once('/').map_or("", |(group, _)| group);
    let separator = if group.is_empty() { "" } else { "." };
    format!("{kind}{separator}{group}/{}", text(owner, &["name"]))
}

#[cfg(test)]
mod tests {
    use apimachinery::value;

    use super::*;

    #[test]
    fn deployments_show_what_is_ready() {
        let template = value!({"spec": {"containers": [{"name": "a", "image": "x"}, {"name": "b", "image": "y"}]}});
        let object = Object(value!({
            "metadata": {"name": "web"},
            "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": template},
            "status": {"readyReplicas": 2, "updatedReplicas": 3, "availableReplicas": 1}
        }));
        let expected = value!(["web", "2/3", 3, 1, "<unknown>", "a,b", "x,y", "app=web"]);
        assert_eq!(Value::from(deployment(&object)), expected);
    }

    #[test]
    fn revisions_name_their_controller() {
        let owner = value!({"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "controller": true});
        let object = Object(value!({"metadata": {"ownerReferences": [owner]}}));
        assert_eq!(controller(&object), "statefulset.apps/db");
    }
}
