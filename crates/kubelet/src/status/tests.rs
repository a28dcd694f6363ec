use apimachinery::{Object, value};

use super::*;
use crate::{
    observed::{Container, Sandbox, State},
    plan::{ContainerProbes, Probed},
};

fn pod(spec: Value) -> Object {
    Object(value!({"metadata": {"name": "p", "uid": "u", "generation": 2}, "spec": spec}))
}

fn container(name: &str, attempt: u32, state: State, exit_code: i32) -> Container {
    Container {
        id: format!("{name}{attempt}"),
        name: name.to_owned(),
        sandbox_id: "s".to_owned(),
        restart_count: attempt,
        state,
        exit_code,
        created_at: i64::from(attempt) + 1,
        started_at: 1_700_000_000_000_000_000,
        ..Container::default()
    }
}

fn observed(containers: Vec<Container>) -> Observed {
    let sandbox = Sandbox { id: "s".into(), ready: true, addresses: vec!["10.0.0.5".into()], ..Sandbox::default() };
    Observed { sandboxes: vec![sandbox], containers }
}

fn status(pod: &Object, previous: &Value, observed: &Observed, probes: &Probes, failures: &StartFailures) -> Value {
    let inputs = Inputs {
        observed,
        probes,
        failures,
        hooked: &BTreeSet::new(),
        restarting_all: false,
        terminal: false,
        host_addresses: &["192.0.2.1".to_owned()],
        runtime_name: "sagong",
        now: "2026-11-22T12:00:00Z".parse().unwrap(),
    };
    compute(pod, previous, inputs)
}

fn condition<'v>(status: &'v Value, kind: &str) -> &'v Value {
    status.list_at(&["conditions"]).iter().find(|one| one.str_at(&["type"]) == Some(kind)).unwrap()
}

fn simple(spec: Value, containers: Vec<Container>) -> Value {
    status(&pod(spec), &value!({}), &observed(containers), &Probes::new(), &StartFailures::new())
}

#[test]
fn phases() {
    let spec = |policy: &str| value!({"restartPolicy": policy, "containers": [{"name": "a"}, {"name": "b"}]});
    let exited = |a: i32, b: i32| vec![container("a", 0, State::Exited, a), container("b", 0, State::Exited, b)];
    for (policy, containers, phase) in [
        ("Always", vec![], "Pending"),
        ("Always", vec![container("a", 0, State::Running, 0)], "Pending"),
        ("Always", vec![container("a", 0, State::Running, 0), container("b", 0, State::Exited, 1)], "Running"),
        ("Always", exited(0, 0), "Running"),
        ("OnFailure", exited(0, 0), "Succeeded"),
        ("OnFailure", exited(0, 1), "Running"),
        ("Never", exited(0, 1), "Failed"),
        ("Never", exited(0, 0), "Succeeded"),
    ] {
        assert_eq!(simple(spec(policy), containers.clone()).str_at(&["phase"]), Some(phase), "{policy} {containers:?}");
    }
}

#[test]
fn a_running_pod_is_ready_and_known() {
    let status =
        simple(value!({"containers": [{"name": "a", "image": "i"}]}), vec![container("a", 0, State::Running, 0)]);
    assert_eq!(status.str_at(&["podIP"]), Some("10.0.0.5"));
    assert_eq!(status.str_at(&["hostIP"]), Some("192.0.2.1"));
    assert_eq!(status.str_at(&["qosClass"]), Some("BestEffort"));
    assert_eq!(status.i64_at(&["observedGeneration"]), Some(2));
    // The last is of pods with a rule that restarts everything.
    for kind in OWNED_CONDITIONS.into_iter().filter(|kind| *kind != "AllContainersRestarting") {
        assert_eq!(condition(&status, kind).str_at(&["status"]), Some("True"), "{kind}");
    }
    let container = &status.list_at(&["containerStatuses"])[0];
    assert_eq!(container.str_at(&["containerID"]), Some("sagong://a0"));
    assert_eq!(container.bool_at(&["ready"]), Some(true));
    assert_eq!(container.str_at(&["state", "running", "startedAt"]), Some("2023-11-14T22:13:20Z"));
}

#[test]
fn probes_decide_on_readiness() {
    let spec = value!({"containers": [{"name": "a", "startupProbe": {}, "readinessProbe": {}}]});
    let running = observed(vec![container("a", 0, State::Running, 0)]);
    let check = |probes: ContainerProbes| {
        let probes = Probes::from([("a0".to_owned(), probes)]);
        let status = status(&pod(spec.clone()), &value!({}), &running, &probes, &StartFailures::new());
        let container = &status.list_at(&["containerStatuses"])[0];
        (container.bool_at(&["started"]).unwrap(), container.bool_at(&["ready"]).unwrap())
    };
    let probes = |startup, readiness| ContainerProbes { startup, readiness, liveness: None };
    assert_eq!(check(probes(None, None)), (false, false));
    assert_eq!(check(probes(Some(Probed::Unknown), Some(Probed::Success))), (false, false));
    assert_eq!(check(probes(Some(Probed::Success), Some(Probed::Failure))), (true, false));
    assert_eq!(check(probes(Some(Probed::Success), Some(Probed::Success))), (true, true));
}

#[test]
fn start_failures_are_shown_as_waiting() {
    let spec = value!({"restartPolicy": "Always", "containers": [{"name": "a"}]});
    let crashed = observed(vec![container("a", 1, State::Exited, 2), container("a", 0, State::Exited, 1)]);
    let failures = StartFailures::from([("a".into(), ("CrashLoopBackOff".into(), "back-off 10s".into()))]);
    let status = status(&pod(spec), &value!({}), &crashed, &Probes::new(), &failures);
    let container = &status.list_at(&["containerStatuses"])[0];
    assert_eq!(container.str_at(&["state", "waiting", "reason"]), Some("CrashLoopBackOff"));
    assert_eq!(container.i64_at(&["lastState", "terminated", "exitCode"]), Some(2));
    assert_eq!(container.i64_at(&["restartCount"]), Some(1));
    assert_eq!(status.str_at(&["phase"]), Some("Running"));
    assert_eq!(condition(&status, "Ready").str_at(&["message"]), Some("containers with unready status: [a]"));
}

#[test]
fn a_vanished_container_counts_as_ended() {
    let spec = value!({"restartPolicy": "Always", "containers": [{"name": "a"}]});
    let previous = value!({"phase": "Running", "containerStatuses": [
        {"name": "a", "restartCount": 3, "state": {"running": {}}, "lastState": {}}
    ]});
    let status = status(&pod(spec), &previous, &observed(vec![]), &Probes::new(), &StartFailures::new());
    let container = &status.list_at(&["containerStatuses"])[0];
    assert_eq!(container.i64_at(&["restartCount"]), Some(4));
    assert_eq!(container.str_at(&["lastState", "terminated", "reason"]), Some("ContainerStatusUnknown"));
    assert_eq!(status.str_at(&["phase"]), Some("Running"));
}

#[test]
fn init_containers_hold_back_the_pod() {
    let spec = value!({"initContainers": [{"name": "i"}], "containers": [{"name": "a"}]});
    let status = simple(spec, vec![container("i", 0, State::Running, 0)]);
    assert_eq!(status.str_at(&["phase"]), Some("Pending"));
    let initialized = condition(&status, "Initialized");
    assert_eq!(initialized.str_at(&["reason"]), Some("ContainersNotInitialized"));
    assert_eq!(initialized.str_at(&["message"]), Some("containers with incomplete status: [i]"));
    let waiting = &status.list_at(&["containerStatuses"])[0];
    assert_eq!(waiting.str_at(&["state", "waiting", "reason"]), Some("PodInitializing"));

    let spec = value!({"initContainers": [{"name": "i"}], "containers": [{"name": "a"}]});
    let status = simple(spec, vec![container("i", 0, State::Created, 0)]);
    let waiting = &status.list_at(&["initContainerStatuses"])[0];
    assert_eq!(waiting.str_at(&["state", "waiting", "reason"]), Some("PodInitializing"));
}

#[test]
fn conditions_of_others_are_kept_and_gates_count() {
    let spec =
        value!({"containers": [{"name": "a"}], "readinessGates": [{"conditionType": "x/y"}, {"conditionType": "z"}]});
    let gate = value!({"type": "x/y", "status": "True"});
    let previous = value!({"conditions": [gate.clone(), {"type": "Ready", "status": "True", "lastTransitionTime": "2020-01-01T00:00:00Z"}]});
    let running = observed(vec![container("a", 0, State::Running, 0)]);
    let status = status(&pod(spec), &previous, &running, &Probes::new(), &StartFailures::new());
    assert_eq!(condition(&status, "x/y"), &gate);
    let ready = condition(&status, "Ready");
    assert_eq!(ready.str_at(&["reason"]), Some("ReadinessGatesNotReady"));
    assert_eq!(ready.str_at(&["lastTransitionTime"]), Some("2026-11-22T12:00:00Z"));
}

#[test]
fn patches_say_what_is_gone() {
    let old = value!({"a": 1, "b": {"c": 1, "d": 2}, "l": [1]});
    let new = value!({"a": 1, "b": {"c": 1}, "l": [2], "e": true});
    assert_eq!(merge_patch(&old, &new), Some(value!({"b": {"d": null}, "l": [2], "e": true})));
    assert_eq!(merge_patch(&new, &new), None);
}
