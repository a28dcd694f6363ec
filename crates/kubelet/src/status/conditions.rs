//! The conditions that a kubelet owns.

use api::views::core_v1::{ContainerStatus, Pod};
use apimachinery::{Object, Value, time, value};
use component_helpers::resources::is_sidecar;

use super::Inputs;
use crate::plan;

/// Types of conditions that only the kubelet writes.
pub const OWNED_CONDITIONS: [&str; 6] =
    ["PodScheduled", "Ready", "Initialized", "ContainersReady", "PodReadyToStartContainers", "AllContainersRestarting"];

/// Status, reason and message.
type Verdict = (bool, &'static str, String);

const TRUE: Verdict = (true, "", String::new());

fn find<'a>(statuses: &[&'a Value], name: &str) -> Option<ContainerStatus<'a>> {
    statuses.iter().map(|status| ContainerStatus::of(status)).find(|status| status.name() == name)
}

fn listed(what: &str, names: &[&str]) -> Option<String> {
    (!names.is_empty()).then(|| format!("containers with {what} status: [{}]", names.join(" ")))
}

fn joined(parts: [Option<String>; 2]) -> String {
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn containers_ready(pod: Pod<'_>, statuses: &[&Value], phase: &str) -> Verdict {
    let sidecars = pod.spec().init_containers().iter().filter(|container| is_sidecar(*container));
    let (mut unknown, mut unready) = (Vec::new(), Vec::new());
    for container in sidecars.chain(pod.spec().containers().iter()) {
        match find(statuses, container.name()) {
            None => unknown.push(container.name()),
            Some(status) if !status.ready() => unready.push(container.name()),
            Some(_) => {}
        }
    }
    match phase {
        "Succeeded" if unknown.is_empty() => return (false, "PodCompleted", String::new()),
        "Failed" => return (false, "PodFailed", String::new()),
        _ => {}
    }
    let message = joined([listed("unknown", &unknown), listed("unready", &unready)]);
    if message.is_empty() { TRUE } else { (false, "ContainersNotReady", message) }
}

fn ready(pod: Pod<'_>, containers_ready: &Verdict, conditions: &[Value]) -> Verdict {
    if !containers_ready.0 {
        return containers_ready.clone();
    }
    let missing = |gate: &str| {
        let condition = conditions.iter().find(|condition| condition.str_at(&["type"]) == Some(gate));
        match condition.map(|condition| condition.str_at(&["status"]).unwrap_or_default()) {
            None => Some(format!("corresponding condition of pod readiness gate {gate:?} does not exist.")),
            Some("True") => None,
            Some(other) => Some(format!("the status of pod readiness gate {gate:?} is not \"True\", but {other}")),
        }
    };
    let messages: Vec<String> =
        pod.spec().readiness_gates().iter().filter_map(|gate| missing(gate.condition_type())).collect();
    if messages.is_empty() { TRUE } else { (false, "ReadinessGatesNotReady", messages.join(", ")) }
}

fn initialized(pod: Pod<'_>, statuses: &[&Value], phase: &str, started: bool) -> Verdict {
    let (mut unknown, mut incomplete) = (Vec::new(), Vec::new());
    for container in pod.spec().init_containers().iter() {
        match find(statuses, container.name()) {
            None => unknown.push(container.name()),
            Some(status) => {
                let done = if is_sidecar(container) { status.started() == Some(true) } else { status.ready() };
                if !done {
                    incomplete.push(container.name());
                }
            }
        }
    }
    if phase == "Succeeded" && unknown.is_empty() {
        return (true, "PodCompleted", String::new());
    }
    let message = joined([listed("unknown", &unknown), listed("incomplete", &incomplete)]);
    if started || message.is_empty() { TRUE } else { (false, "ContainersNotInitialized", message) }
}

/// Whether all containers are being stopped to start anew, as a rule of one of them wants.
fn restarting(pod: Pod<'_>, phase: &str, inputs: Inputs<'_>) -> Verdict {
    match phase {
        "Succeeded" => (false, "PodCompleted", String::new()),
        "Failed" => (false, "PodFailed", String::new()),
        _ if plan::restarting_all(pod.spec(), inputs.observed) => {
            (true, "RestartAllContainersStarted", "container exited with restart policy rule".to_owned())
        }
        _ => (false, "", String::new()),
    }
}

fn condition(kind: &str, verdict: &Verdict, generation: i64) -> Value {
    let mut condition = value!({
        "type": kind, "status": if verdict.0 { "True" } else { "False" }, "lastProbeTime": null
    });
    if !verdict.1.is_empty() {
        condition.set(&["reason"], verdict.1);
    }
    if !verdict.2.is_empty() {
        condition.set(&["message"], verdict.2.as_str());
    }
    if generation > 0 {
        condition.set(&["observedGeneration"], generation);
    }
    condition
}

/// All conditions: those of others as they are, then the kubelet's, with the time of their last change.
pub(super) fn conditions(
    pod: &Object,
    previous: &Value,
    statuses: &[&Value],
    phase: &str,
    inputs: Inputs<'_>,
) -> Value {
    let view = Pod::of(pod);
    let owned = |condition: &Value| condition.str_at(&["type"]).is_some_and(|kind| OWNED_CONDITIONS.contains(&kind));
    let mut all: Vec<Value> =
        previous.list_at(&["conditions"]).iter().filter(|condition| !owned(condition)).cloned().collect();
    let sandbox = (plan::sandbox_needed(view, inputs.observed).is_none(), "", String::new());
    let started = plan::has_started_regular(view.spec(), inputs.observed);
    // Once initialized, always so: also while all containers start anew.
    let was_initialized = previous.list_at(&["conditions"]).iter().any(|condition| {
        condition.str_at(&["type"]) == Some("Initialized") && condition.str_at(&["status"]) == Some("True")
    });
    let containers_ready = containers_ready(view, statuses, phase);
    let verdicts = [
        ("PodReadyToStartContainers", sandbox),
        ("Initialized", initialized(view, statuses, phase, started || was_initialized)),
        ("Ready", ready(view, &containers_ready, &all)),
        ("ContainersReady", containers_ready),
        ("PodScheduled", TRUE),
    ];
    let restarts =
        plan::could_restart_all(view.spec()).then(|| ("AllContainersRestarting", restarting(view, phase, inputs)));
    for (kind, verdict) in verdicts.into_iter().chain(restarts) {
        let mut condition = condition(kind, &verdict, pod.generation());
        let before = previous.list_at(&["conditions"]).iter().find(|before| before.str_at(&["type"]) == Some(kind));
        let since = before
            .filter(|before| before.str_at(&["status"]) == condition.str_at(&["status"]))
            .and_then(|before| before.str_at(&["lastTransitionTime"]))
            .map(str::to_owned);
        condition.set(&["lastTransitionTime"], since.unwrap_or_else(|| time::format_seconds(inputs.now)));
        all.push(condition);
    }
    all.into()
}
