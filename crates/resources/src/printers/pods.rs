//! Pods, whose one word of status is put together from everything that their containers say.

use apimachinery::{Object, Value, value};

use super::{
    AGE, Cell, NAME, Printer,
    format::{age, containers, count, is_set, is_true, labels, name, number, since, text, text_or},
    text as column,
};

pub(super) const PRINTERS: &[Printer] = &[
    Printer { group: "", kind: "Pod", columns: POD, cells: pod },
    Printer {
        group: "",
        kind: "PodTemplate",
        columns: &[
            NAME,
            column("Containers", "The containers of the template, by name."),
            column("Images", "The images of the template's containers."),
            column("Pod Labels", "The labels that pods get."),
        ],
        cells: |object| {
            let [names, images] = containers(object, &["template", "spec"]);
            vec![name(object), names, images, labels(object, &["template", "metadata", "labels"])]
        },
    },
];

const POD: &[Cell] = &[
    NAME,
    column("Ready", "How many of the containers are ready."),
    column("Status", "What state the containers are in, in one word."),
    column("Restarts", "How often containers were restarted, and when the last one was."),
    AGE,
    column("IP", "@core.v1.PodStatus.podIP").wide(),
    column("Node", "@core.v1.PodSpec.nodeName").wide(),
    column("Nominated Node", "@core.v1.PodStatus.nominatedNodeName").wide(),
    column("Readiness Gates", "@core.v1.PodSpec.readinessGates").wide(),
];

/// What is gathered from container statuses.
#[derive(Default)]
struct Summary {
    reason: String,
    ready: usize,
    restarts: i64,
    /// When the last container ended that was then started again; empty for never.
    last_restart: String,
}

impl Summary {
    fn count_restarts(&mut self, status: &Value) {
        self.restarts += number(status, &["restartCount"]);
        // Times in the tree have one form, in which text order is the order of time.
        let ended = text(status, &["lastState", "terminated", "finishedAt"]);
        if *ended > *self.last_restart {
            self.last_restart = ended.to_owned();
        }
    }
}

/// Whether an init container runs beside the others (a sidecar).
fn is_restartable(object: &Object, container: &str) -> bool {
    let found =
        object.list_at(&["spec", "initContainers"]).iter().find(|candidate| text(candidate, &["name"]) == container);
    found.is_some_and(|container| text(container, &["restartPolicy"]) == "Always")
}

fn pod(object: &Object) -> Vec<Value> {
    let phase = text(object, &["status", "phase"]);
    let mut summary = Summary { reason: text_or(object, &["status", "reason"], "").to_owned(), ..Summary::default() };
    if summary.reason.is_empty() {
        summary.reason = phase.to_owned();
    }
    let gated = |condition: &Value| {
        text(condition, &["type"]) == "PodScheduled" && text(condition, &["reason"]) == "SchedulingGated"
    };
    if object.list_at(&["status", "conditions"]).iter().any(gated) {
        summary.reason = "SchedulingGated".to_owned();
    }
    let sidecars = object.list_at(&["spec", "initContainers"]);
    let sidecars = sidecars.iter().filter(|container| text(container, &["restartPolicy"]) == "Always").count();
    let total = count(object, &["spec", "containers"]) as usize + sidecars;

    let (initializing, of_sidecars) = init_containers(object, &mut summary);
    if !initializing || is_true(object, "Initialized") {
        summary.restarts = of_sidecars.restarts;
        summary.last_restart = of_sidecars.last_restart;
        main_containers(object, &mut summary);
    }
    if object.deletion_timestamp().is_some() {
        if text(object, &["status", "reason"]) == "NodeLost" {
            summary.reason = "Unknown".to_owned();
        } else if !matches!(phase, "Succeeded" | "Failed") {
            summary.reason = "Terminating".to_owned();
        }
    }
    let restarts = match (summary.restarts, summary.last_restart.as_str()) {
        (0, _) | (_, "") => summary.restarts.to_string(),
        (restarts, last) => format!("{restarts} ({} ago)", since(Some(last))),
    };
    let address = object.list_at(&["status", "podIPs"]).first().map(|first| text_or(first, &["ip"], "<none>"));
    vec![
        name(object),
        format!("{}/{total}", summary.ready).into(),
        summary.reason.into(),
        restarts.into(),
        age(object),
        address.unwrap_or("<none>").into(),
        text_or(object, &["spec", "nodeName"], "<none>").into(),
        text_or(object, &["status", "nominatedNodeName"], "<none>").into(),
        readiness_gates(object).into(),
    ]
}

/// How an ended container ended: its reason, else the signal or exit code.
fn ending(terminated: &Value) -> String {
    match (text(terminated, &["reason"]), number(terminated, &["signal"])) {
        ("", 0) => format!("ExitCode:{}", number(terminated, &["exitCode"])),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

/// Goes through the init containers up to the first that is not done. Answers whether there is one, and the
/// restarts of those that run on.
fn init_containers(object: &Object, summary: &mut Summary) -> (bool, Summary) {
    let mut of_sidecars = Summary::default();
    for (index, status) in object.list_at(&["status", "initContainerStatuses"]).iter().enumerate() {
        summary.count_restarts(status);
        let restartable = is_restartable(object, text(status, &["name"]));
        if restartable {
            of_sidecars.count_restarts(status);
        }
        let terminated = status.at(&["state", "terminated"]).filter(|state| !state.is_null());
        if terminated.is_some_and(|terminated| number(terminated, &["exitCode"]) == 0) {
            continue;
        }
        if restartable && status.bool_at(&["started"]) == Some(true) {
            summary.ready += usize::from(status.bool_at(&["ready"]) == Some(true));
            continue;
        }
        let waiting = text(status, &["state", "waiting", "reason"]);
        summary.reason = match terminated {
            Some(terminated) => format!("Init:{}", ending(terminated)),
            None if !matches!(waiting, "" | "PodInitializing") => format!("Init:{waiting}"),
            None => format!("Init:{index}/{}", count(object, &["spec", "initContainers"])),
        };
        return (true, of_sidecars);
    }
    (false, of_sidecars)
}

fn main_containers(object: &Object, summary: &mut Summary) {
    let mut has_running = false;
    let mut error = String::new();
    for status in object.list_at(&["status", "containerStatuses"]).iter().rev() {
        summary.count_restarts(status);
        let waiting = text(status, &["state", "waiting", "reason"]);
        let terminated = status.at(&["state", "terminated"]).filter(|state| !state.is_null());
        if !waiting.is_empty() {
            summary.reason = waiting.to_owned();
        } else if let Some(terminated) = terminated {
            summary.reason = ending(terminated);
            if number(terminated, &["exitCode"]) != 0 {
                error.clone_from(&summary.reason);
            }
        } else if status.bool_at(&["ready"]) == Some(true) && is_set(status, &["state", "running"]) {
            has_running = true;
            summary.ready += 1;
        }
    }
    // One container is done; what counts is whether others still run.
    if summary.reason == "Completed" {
        if has_running && is_true(object, "Ready") {
            summary.reason = "Running".to_owned();
        } else if !error.is_empty() {
            summary.reason = error;
        } else if has_running {
            summary.reason = "NotReady".to_owned();
        }
    }
}

fn readiness_gates(object: &Object) -> String {
    let gates = object.list_at(&["spec", "readinessGates"]);
    if gates.is_empty() {
        return "<none>".to_owned();
    }
    let met = gates.iter().filter(|gate| is_true(object, text(gate, &["conditionType"]))).count();
    format!("{met}/{}", gates.len())
}

/// What is said of the row: that the pod is done.
pub(super) fn conditions(object: &Object) -> Value {
    let (reason, message) = match text(object, &["status", "phase"]) {
        "Succeeded" => ("Succeeded", "All containers ended well."),
        "Failed" => ("Failed", "A container ended badly."),
        _ => return Value::Null,
    };
    value!([{"type": "Completed", "status": "True", "reason": reason, "message": message}])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ready, status and restarts of a pod.
    fn check(pod: Value, expected: [&str; 3]) {
        let mut pod = pod;
        pod.set(&["metadata", "name"], "web");
        let cells = super::pod(&Object(pod));
        let found: Vec<&str> = cells[1..4].iter().filter_map(Value::as_str).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn containers_say_how_the_pod_is() {
        let spec = value!({"containers": [{"name": "a"}, {"name": "b"}]});
        check(
            value!({"spec": spec.clone(), "status": {"phase": "Pending", "containerStatuses": null}}),
            ["0/2", "Pending", "0"],
        );
        let running = value!({"name": "a", "ready": true, "state": {"running": {}}});
        let crashing = value!({"name": "b", "restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff"}}});
        let completed = value!({"name": "b", "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}});
        let killed = value!({"name": "b", "state": {"terminated": {"exitCode": 137, "signal": 9}}});
        let ready = value!([{"type": "Ready", "status": "True"}]);
        let with = |other: &Value, conditions: Value| {
            let statuses = value!([running.clone(), other.clone()]);
            value!({"spec": spec.clone(), "status": {"phase": "Running", "containerStatuses": statuses, "conditions": conditions}})
        };
        check(with(&crashing, value!([])), ["1/2", "CrashLoopBackOff", "3"]);
        check(with(&completed, ready), ["1/2", "Running", "0"]);
        check(with(&completed, Value::Null), ["1/2", "NotReady", "0"]);
        check(with(&killed, Value::Null), ["1/2", "Signal:9", "0"]);
        let mut leaving = with(&crashing, Value::Null);
        leaving.set(&["metadata", "deletionTimestamp"], "2026-01-01T00:00:00Z");
        check(leaving, ["1/2", "Terminating", "3"]);
    }

    #[test]
    fn init_containers_come_first() {
        let spec = value!({"containers": [{"name": "a"}], "initContainers": [{"name": "i"}, {"name": "s", "restartPolicy": "Always"}]});
        let with = |statuses: Value| value!({"spec": spec.clone(), "status": {"phase": "Pending", "initContainerStatuses": statuses}});
        let done = value!({"name": "i", "restartCount": 1, "state": {"terminated": {"exitCode": 0}}});
        let sidecar = value!({"name": "s", "started": true, "ready": true, "state": {"running": {}}});
        check(
            with(value!([{"name": "i", "state": {"waiting": {"reason": "PodInitializing"}}}])),
            ["0/2", "Init:0/2", "0"],
        );
        check(
            with(value!([{"name": "i", "state": {"waiting": {"reason": "ErrImagePull"}}}])),
            ["0/2", "Init:ErrImagePull", "0"],
        );
        check(with(value!([{"name": "i", "state": {"terminated": {"exitCode": 2}}}])), ["0/2", "Init:ExitCode:2", "0"]);
        // Restarts of an init container that is done no longer count; a sidecar's would.
        check(with(value!([done, sidecar])), ["1/2", "Pending", "0"]);
    }

    #[test]
    fn the_last_restart_is_told() {
        let statuses = value!([{"name": "a", "restartCount": 2, "lastState": {"terminated": {"finishedAt": "2001-01-01T00:00:00Z"}}}]);
        let pod = value!({"spec": {"containers": [{"name": "a"}]}, "status": {"containerStatuses": statuses}});
        let cells = super::pod(&Object(pod));
        let restarts = cells[3].as_str().unwrap_or_default();
        assert!(restarts.starts_with("2 (") && restarts.ends_with("y ago)"), "{restarts}");
    }

    #[test]
    fn gates_are_counted() {
        let gates = value!([{"conditionType": "x"}, {"conditionType": "y"}]);
        let conditions = value!([{"type": "x", "status": "True"}]);
        let pod = Object(value!({"spec": {"readinessGates": gates}, "status": {"conditions": conditions}}));
        assert_eq!(super::pod(&pod)[8], value!("1/2"));
    }
}
