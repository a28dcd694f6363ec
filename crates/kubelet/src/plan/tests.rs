use apimachinery::{Value, value};

use super::*;
use crate::observed::{Container, Sandbox};

/// A pod of `a` and `b`, init containers `i` and the sidecar `s`, as `shape` names them.
fn pod(restart_policy: &str, init: &[&str], regular: &[&str]) -> Value {
    let container = |name: &&str| {
        let mut container = value!({"name": *name, "image": "busybox"});
        if name.starts_with('s') {
            container.set(&["restartPolicy"], "Always");
        }
        container
    };
    let init: Value = init.iter().map(container).collect();
    let regular: Value = regular.iter().map(container).collect();
    value!({
        "metadata": {"name": "p", "uid": "u"},
        "spec": {"restartPolicy": restart_policy, "initContainers": init, "containers": regular}
    })
}

fn sandbox(attempt: u32, ready: bool) -> Sandbox {
    Sandbox {
        id: format!("sandbox-{attempt}"),
        attempt,
        ready,
        addresses: vec!["10.0.0.1".to_owned()],
        created_at: i64::from(attempt),
        ..Sandbox::default()
    }
}

/// `a` running, `a=0` exited with 0, `a?` unknown, `a-` created.
fn observed(sandboxes: &[(u32, bool)], containers: &str) -> Observed {
    let sandboxes = sandboxes.iter().rev().map(|(attempt, ready)| sandbox(*attempt, *ready)).collect();
    let mut observed = Observed { sandboxes, containers: Vec::new() };
    for word in containers.split_whitespace() {
        let (name, state, exit_code) = match word.split_once('=') {
            Some((name, code)) => (name, State::Exited, code.parse().unwrap()),
            None if word.ends_with('?') => (&word[..word.len() - 1], State::Unknown, 0),
            None if word.ends_with('-') => (&word[..word.len() - 1], State::Created, 0),
            None => (word, State::Running, 0),
        };
        let spec = value!({"name": name, "image": "busybox"});
        observed.containers.push(Container {
            id: format!("id-{name}"),
            name: name.to_owned(),
            state,
            exit_code,
            sandbox_id: observed.sandboxes.first().map(|sandbox| sandbox.id.clone()).unwrap_or_default(),
            hash: container_hash(Spec::of(&spec)),
            ..Container::default()
        });
    }
    observed
}

fn shown(plan: &Plan) -> String {
    let mut words = Vec::new();
    if plan.kill_pod {
        words.push("kill-pod".to_owned());
    }
    words.extend(plan.kill.iter().map(|kill| format!("kill:{}", kill.name)));
    words.extend(plan.create_sandbox.map(|attempt| format!("sandbox:{attempt}")));
    words.extend(plan.start.iter().map(|start| start.name.clone()));
    words.join(" ")
}

fn check(pod: &Value, observed: &Observed, probes: &Probes, expected: &str) {
    let plan = plan(Pod::of(pod), observed, probes);
    assert_eq!(shown(&plan), expected, "pod {pod:?} with {observed:?}");
}

#[test]
fn a_rule_restarts_all_containers() {
    let pod = value!({"metadata": {}, "spec": {
        "restartPolicy": "Never",
        "initContainers": [{"name": "i"}],
        "containers": [
            {"name": "a", "restartPolicyRules": [
                {"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [42]}},
                {"action": "Restart", "exitCodes": {"operator": "In", "values": [43]}}
            ]},
            {"name": "b"}
        ]
    }});
    let container = |name: &str, state: State, exit_code: i32| Container {
        id: format!("{name}1"),
        name: name.to_owned(),
        sandbox_id: "s".to_owned(),
        state,
        exit_code,
        hash: container_hash(find(Pod::of(&pod), name)),
        ..Container::default()
    };
    let observed = |code: i32| Observed {
        sandboxes: vec![Sandbox { id: "s".to_owned(), ready: true, addresses: vec!["1".into()], ..Sandbox::default() }],
        containers: vec![
            container("a", State::Exited, code),
            container("b", State::Running, 0),
            container("i", State::Exited, 0),
        ],
    };
    let reset = |code: i32| plan(Pod::of(&pod), &observed(code), &Probes::new());
    let order: Vec<(String, bool)> = reset(42).reset.into_iter().map(|reset| (reset.id, reset.kill)).collect();
    assert_eq!(order, [("b1".to_owned(), true), ("i1".to_owned(), false), ("a1".to_owned(), false)]);
    assert!(reset(42).start.is_empty());
    assert_eq!(reset(43).start.iter().map(|start| start.name.as_str()).collect::<Vec<_>>(), ["a"]);
    assert!(reset(1).reset.is_empty() && reset(1).start.is_empty());
    assert!(could_restart_all(Pod::of(&pod).spec()));
}

fn find<'a>(pod: Pod<'a>, name: &str) -> Spec<'a> {
    let spec = pod.spec();
    let all = spec.init_containers().values().iter().chain(spec.containers().values());
    all.map(Spec::of).find(|container| container.name() == name).unwrap()
}

#[test]
fn sandboxes() {
    let none = Probes::new();
    for (policy, sandboxes, containers, expected) in [
        ("Always", &[][..], "", "sandbox:0 a b"),
        ("Always", &[(0, true)], "", "a b"),
        ("Always", &[(0, false)], "a=0 b=1", "kill-pod sandbox:1 a b"),
        ("OnFailure", &[(0, false)], "a=0 b=1", "kill-pod sandbox:1 b"),
        ("OnFailure", &[(0, false)], "a=0 b=0", "kill-pod"),
        ("Never", &[(0, false)], "a=0", "kill-pod"),
        ("Never", &[(0, false)], "", "kill-pod sandbox:1 a b"),
        ("Always", &[(0, true), (1, true)], "a b", "kill-pod sandbox:2 a b"),
    ] {
        check(&pod(policy, &[], &["a", "b"]), &observed(sandboxes, containers), &none, expected);
    }
    let mut without_address = observed(&[(0, true)], "");
    without_address.sandboxes[0].addresses.clear();
    check(&pod("Always", &[], &["a"]), &without_address, &none, "kill-pod sandbox:1 a");
}

#[test]
fn restart_policies_and_exit_codes() {
    let none = Probes::new();
    for (policy, containers, expected) in [
        ("Always", "a b", ""),
        ("Always", "a=0 b", "a"),
        ("Always", "a=0 b=1", "a b"),
        ("Always", "a- b", "a"),
        ("Always", "a? b", "kill:a a"),
        ("OnFailure", "a=0 b", ""),
        ("OnFailure", "a=1 b", "a"),
        ("OnFailure", "a=0 b=0", "kill-pod"),
        ("Never", "a=1 b", ""),
        ("Never", "a=1 b=0", "kill-pod"),
        ("Never", "a", "b"),
    ] {
        check(&pod(policy, &[], &["a", "b"]), &observed(&[(0, true)], containers), &none, expected);
    }
    let mut rules = pod("Never", &[], &["a"]);
    let rule = value!({"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}});
    rules.at_mut(&["spec", "containers"]).unwrap().make_list()[0].set(&["restartPolicyRules"], value!([rule]));
    check(&rules, &observed(&[(0, true)], "a=42"), &none, "a");
    check(&rules, &observed(&[(0, true)], "a=1"), &none, "kill-pod");
}

#[test]
fn init_containers_run_in_order() {
    let none = Probes::new();
    let init = |policy| pod(policy, &["i1", "i2"], &["a"]);
    for (policy, containers, expected) in [
        ("Always", "", "i1"),
        ("Always", "i1", ""),
        ("Always", "i1-", "i1"),
        ("Always", "i1=0", "i2"),
        ("Always", "i1=1", "i1"),
        ("OnFailure", "i1=1", "i1"),
        ("Never", "i1=1", "kill-pod"),
        ("Never", "i1?", "kill-pod"),
        ("Always", "i1?", "kill:i1 i1"),
        ("Always", "i2=0 i1=0", "a"),
        ("Always", "i2=0", "a"),
        ("Always", "a", ""),
        ("Always", "a=1", "a"),
    ] {
        check(&init(policy), &observed(&[(0, true)], containers), &none, expected);
    }
    check(&init("Always"), &observed(&[(0, false)], "i1=0 i2=0 a=1"), &none, "kill-pod sandbox:1 i1");
}

#[test]
fn sidecars_stay_beside_what_follows() {
    let none = Probes::new();
    let sidecars = |policy| pod(policy, &["s1", "i", "s2"], &["a"]);
    for (policy, containers, expected) in [
        ("Always", "", "s1"),
        ("Always", "s1", "i"),
        ("Always", "s1 i", ""),
        ("Always", "s1=1 i", "s1"),
        ("Always", "s1 i=0", "s2"),
        ("Always", "s1 i=0 s2", "a"),
        ("Always", "s1=0 i=0 s2 a", "s1"),
        ("Always", "i=0 a", "s1 s2"),
        ("Never", "s1=137 i=0 s2 a", "s1"),
        ("Never", "s1 i=0 s2 a=0", "kill-pod"),
        ("OnFailure", "s1=1 i=0 s2 a=0", "kill-pod"),
    ] {
        check(&sidecars(policy), &observed(&[(0, true)], containers), &none, expected);
    }
    let probes = |startup, liveness| {
        let probes = ContainerProbes { startup: Some(startup), liveness: Some(liveness), readiness: None };
        Probes::from([("id-s1".to_owned(), probes)])
    };
    let running = observed(&[(0, true)], "s1");
    check(&sidecars("Always"), &running, &probes(Probed::Unknown, Probed::Unknown), "");
    check(&sidecars("Always"), &running, &probes(Probed::Success, Probed::Unknown), "i");
    check(&sidecars("Always"), &running, &probes(Probed::Failure, Probed::Unknown), "kill:s1 s1");
    let all = observed(&[(0, true)], "s1 i=0 s2 a");
    check(&sidecars("Never"), &all, &probes(Probed::Success, Probed::Failure), "kill:s1 s1");
}

#[test]
fn probes_kill() {
    let failing = |startup, liveness| {
        Probes::from([("id-a".to_owned(), ContainerProbes { startup, liveness, readiness: Some(Probed::Failure) })])
    };
    let running = observed(&[(0, true)], "a b");
    for (policy, probes, expected) in [
        ("Always", failing(None, Some(Probed::Failure)), "kill:a a"),
        ("Always", failing(Some(Probed::Failure), None), "kill:a a"),
        ("Always", failing(Some(Probed::Success), Some(Probed::Unknown)), ""),
        ("Never", failing(None, Some(Probed::Failure)), "kill:a"),
    ] {
        check(&pod(policy, &[], &["a", "b"]), &running, &probes, expected);
    }
}

#[test]
fn changed_definitions_and_ephemeral_containers() {
    let none = Probes::new();
    let mut changed = pod("Never", &[], &["a"]);
    changed.at_mut(&["spec", "containers"]).unwrap().make_list()[0].set(&["image"], "other");
    check(&changed, &observed(&[(0, true)], "a"), &none, "kill:a a");
    let mut debugged = pod("Always", &["i"], &["a"]);
    debugged.set(&["spec", "ephemeralContainers"], value!([{"name": "debug", "image": "busybox"}]));
    check(&debugged, &observed(&[(0, true)], "i"), &none, "debug");
    check(&debugged, &observed(&[(0, true)], "i debug=1"), &none, "");
}
