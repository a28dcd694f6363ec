//! The statuses of containers.

use api::views::core_v1::{Container as Spec, ContainerStatus, Pod};
use apimachinery::{Value, value};
use component_helpers::resources::is_sidecar;

use super::{Inputs, stamp};
use crate::{
    observed::{Container, State},
    plan::{ContainerKind, Probed, should_start},
};

/// The exit code of a container of which nobody knows how it ended.
const LOST_EXIT_CODE: i64 = 137;
/// The reason of a container that was removed because all of its pod start anew.
pub(super) const RESTARTING_ALL: &str = "RestartingAllContainers";

/// The statuses of one list of containers, in the order of the specification for init containers and by name
/// otherwise.
pub(super) fn statuses(pod: Pod<'_>, kind: ContainerKind, previous: &Value, inputs: Inputs<'_>) -> Vec<Value> {
    let (list, key) = match kind {
        ContainerKind::Init => (pod.spec().init_containers().values(), "initContainerStatuses"),
        ContainerKind::Regular => (pod.spec().containers().values(), "containerStatuses"),
        ContainerKind::Ephemeral => (pod.spec().ephemeral_containers().values(), "ephemeralContainerStatuses"),
    };
    let before = previous.list_at(&[key]);
    let mut statuses: Vec<Value> = list
        .iter()
        .map(|container| {
            let container = Spec::of(container);
            let before = before.iter().find(|status| status.str_at(&["name"]) == Some(container.name()));
            status(pod, kind, container, before, inputs)
        })
        .collect();
    if kind != ContainerKind::Init {
        statuses.sort_by(|a, b| a.str_at(&["name"]).cmp(&b.str_at(&["name"])));
    }
    statuses
}

fn status(pod: Pod<'_>, kind: ContainerKind, container: Spec<'_>, before: Option<&Value>, inputs: Inputs<'_>) -> Value {
    let mut newest = inputs.observed.containers.iter().filter(|status| status.name == container.name());
    let mut status = match newest.next() {
        Some(current) => {
            let mut status = of_container(container, current, default_waiting(pod, kind), before, inputs);
            if let Some(last) = newest.next() {
                status.set(&["lastState"], state(last, "", None, inputs));
            } else if let Some(last) = before.and_then(|before| before.at(&["lastState", "terminated"])) {
                status.set(&["lastState", "terminated"], last.clone());
            }
            status
        }
        None => without_container(pod, kind, container, before, inputs),
    };
    if let Some((reason, message)) = inputs.failures.get(container.name())
        && should_start(pod, container, inputs.observed)
    {
        if let Some(terminated) = status.remove(&["state", "terminated"]) {
            status.set(&["lastState"], value!({"terminated": terminated}));
        }
        status.set(&["state"], waiting(reason, message));
    }
    readiness(kind, container, &mut status, inputs);
    status
}

fn waiting(reason: &str, message: &str) -> Value {
    let mut waiting = value!({"reason": reason});
    if !message.is_empty() {
        waiting.set(&["message"], message);
    }
    value!({"waiting": waiting})
}

fn default_waiting(pod: Pod<'_>, kind: ContainerKind) -> &'static str {
    match kind {
        ContainerKind::Regular if !pod.spec().init_containers().is_empty() => "PodInitializing",
        ContainerKind::Init => "PodInitializing",
        _ => "ContainerCreating",
    }
}

/// A container that the runtime does not have: it waits, unless it is known to have ended.
fn without_container(
    pod: Pod<'_>,
    kind: ContainerKind,
    container: Spec<'_>,
    before: Option<&Value>,
    inputs: Inputs<'_>,
) -> Value {
    if let Some(before) = before.filter(|_| !inputs.restarting_all)
        && before.at(&["state", "terminated"]).is_some()
    {
        return before.clone();
    }
    let initialized = crate::plan::has_started_regular(pod.spec(), inputs.observed);
    let mut status = value!({
        "name": container.name(),
        "image": container.image(),
        "imageID": "",
        "restartCount": 0,
        "lastState": {},
        "state": waiting(default_waiting(pod, kind), "")
    });
    mounts(container, &mut status);
    let Some(before) = before else {
        if kind == ContainerKind::Init && initialized && !is_sidecar(container) {
            status.set(&["state"], value!({"terminated": {
                "reason": "Completed",
                "exitCode": 0,
                "message": "Unable to get init container status from container runtime and pod has been initialized, treat it as exited normally"
            }}));
        }
        return status;
    };
    let view = ContainerStatus::of(before);
    status.set(&["restartCount"], view.restart_count());
    status.set(&["lastState"], before.get("lastState").cloned().unwrap_or_else(|| value!({})));
    if inputs.restarting_all && before.at(&["state", "waiting"]).is_none() {
        // The runtime was told to forget it, so that all containers of the pod start anew.
        let message = "The container is removed because RestartAllContainers in place";
        status.set(&["state"], waiting(RESTARTING_ALL, message));
        let mut ended = lost(message);
        ended.set(&["reason"], RESTARTING_ALL);
        status.set(&["lastState"], value!({"terminated": ended}));
        status.set(&["restartCount"], view.restart_count() + 1);
        return status;
    }
    if view.state().running().is_some() && view.last_state().terminated().is_none() {
        status.set(
            &["lastState", "terminated"],
            lost("The container could not be located when the pod was deleted.  The container used to be Running"),
        );
        if pod.metadata().deletion_timestamp().is_none() {
            status.set(&["restartCount"], view.restart_count() + 1);
        }
    }
    status
}

fn lost(message: &str) -> Value {
    value!({"reason": "ContainerStatusUnknown", "message": message, "exitCode": LOST_EXIT_CODE, "startedAt": null, "finishedAt": null})
}

fn identifier(container: &Container, inputs: Inputs<'_>) -> String {
    format!("{}://{}", inputs.runtime_name, container.id)
}

/// The state of a container that the runtime has; `reason` says why one that has not started waits.
fn state(container: &Container, reason: &str, before: Option<&Value>, inputs: Inputs<'_>) -> Value {
    match container.state {
        State::Running => match stamp(container.started_at) {
            Some(started) => value!({"running": {"startedAt": started}}),
            None => value!({"running": {}}),
        },
        State::Exited => {
            let reason = match (container.reason.as_str(), container.exit_code) {
                ("", 0) => "Completed",
                ("", _) => "Error",
                (reason, _) => reason,
            };
            let mut ended = value!({
                "reason": reason, "exitCode": container.exit_code, "containerID": identifier(container, inputs),
                "startedAt": null, "finishedAt": null
            });
            for (key, time) in [("startedAt", container.started_at), ("finishedAt", container.finished_at)] {
                // One that was never started has the time that is none in Go's clock of seconds.
                let time = stamp(time).unwrap_or_else(|| "1970-01-01T00:00:00Z".into());
                ended.set(&[key], time);
            }
            if !container.message.is_empty() {
                ended.set(&["message"], container.message.as_str());
            }
            value!({"terminated": ended})
        }
        State::Unknown if before.is_some_and(|before| before.at(&["state", "running"]).is_some()) => {
            value!({"terminated": lost("The container could not be located when the pod was terminated")})
        }
        State::Created | State::Unknown => waiting(reason, ""),
    }
}

fn of_container(
    spec: Spec<'_>,
    container: &Container,
    reason: &str,
    before: Option<&Value>,
    inputs: Inputs<'_>,
) -> Value {
    let mut status = value!({
        "name": container.name.as_str(),
        "image": container.image.as_str(),
        "imageID": container.image_ref.as_str(),
        "containerID": identifier(container, inputs),
        "restartCount": container.restart_count,
        "lastState": {},
        "state": state(container, reason, before, inputs)
    });
    let resources = spec.resources();
    if let Some(requests) = resources.requests().as_map() {
        status.set(&["allocatedResources"], requests.clone());
    }
    if !resources.0.is_empty() || before.is_none_or(|before| before.get("resources").is_some()) {
        status.set(&["resources"], resources.0.clone());
    }
    if let Some((uid, gid, groups)) = &container.user {
        let groups: Value = groups.iter().copied().collect();
        status.set(&["user"], value!({"linux": {"uid": *uid, "gid": *gid, "supplementalGroups": groups}}));
    }
    mounts(spec, &mut status);
    status
}

fn mounts(container: Spec<'_>, status: &mut Value) {
    let mounts: Vec<Value> = container
        .volume_mounts()
        .iter()
        .map(|mount| {
            let mut shown = value!({"name": mount.name(), "mountPath": mount.mount_path()});
            if mount.read_only() {
                shown.set(&["readOnly"], true);
                let recursive = if mount.recursive_read_only() == Some("Enabled") { "Enabled" } else { "Disabled" };
                shown.set(&["recursiveReadOnly"], recursive);
            }
            shown
        })
        .collect();
    if !mounts.is_empty() {
        status.set(&["volumeMounts"], mounts);
    }
}

/// Sets `started` and `ready` from the probes.
fn readiness(kind: ContainerKind, spec: Spec<'_>, status: &mut Value, inputs: Inputs<'_>) {
    let running = status.at(&["state", "running"]).is_some();
    let container = inputs.observed.latest(spec.name());
    let probes = container.and_then(|container| inputs.probes.get(&container.id)).copied().unwrap_or_default();
    // A probe that has not been set up yet has not succeeded either.
    let passed = |probed: Option<Probed>, wanted: bool| !wanted || probed == Some(Probed::Success);
    let hooked = container.is_some_and(|container| inputs.hooked.contains(&container.id));
    let started = running && !hooked && passed(probes.startup, spec.startup_probe().is_some());
    let ready = match kind {
        ContainerKind::Ephemeral => false,
        ContainerKind::Init if !is_sidecar(spec) => status.i64_at(&["state", "terminated", "exitCode"]) == Some(0),
        _ => started && passed(probes.readiness, spec.readiness_probe().is_some()),
    };
    if kind != ContainerKind::Ephemeral {
        status.set(&["started"], started);
    }
    status.set(&["ready"], ready);
}
