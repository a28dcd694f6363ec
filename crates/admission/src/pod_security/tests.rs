use apimachinery::{Value, value};

use super::*;

fn check(level: Level, spec: Value, expected: &str) {
    let found = violations(level, &Map::new(), spec.as_map().unwrap());
    assert_eq!(shown(&found), expected);
}

fn with(context: Value) -> Value {
    value!({"containers": [{"name": "a", "securityContext": context}]})
}

#[test]
fn baseline_refuses_what_leads_out_of_the_container() {
    let check = |spec: Value, expected: &str| check(Level::Baseline, spec, expected);
    check(with(value!({})), "");
    check(
        with(value!({"privileged": true})),
        r#"privileged (container "a" must not set securityContext.privileged=true)"#,
    );
    check(
        with(value!({"capabilities": {"add": ["NET_ADMIN", "CHOWN"]}})),
        r#"non-default capabilities (container "a" must not include "NET_ADMIN" in securityContext.capabilities.add)"#,
    );
    check(
        value!({"hostNetwork": true, "hostPID": true, "containers": []}),
        "host namespaces (hostNetwork=true, hostPID=true)",
    );
    check(value!({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}), r#"hostPath volumes (volume "v")"#);
    let ports = value!({"containers": [{"name": "a", "ports": [{"hostPort": 80}, {"hostPort": 0}]}]});
    check(ports, r#"hostPort (container "a" uses hostPort 80)"#);
    let probe = value!({"containers": [{"name": "a", "livenessProbe": {"httpGet": {"host": "1.2.3.4"}}}]});
    check(probe, r#"probe or lifecycle host (container "a" uses probe or lifecycle host "1.2.3.4")"#);
    check(
        with(value!({"procMount": "Unmasked"})),
        r#"procMount (container "a" must not set securityContext.procMount to "Unmasked")"#,
    );
    let options = value!({"securityContext": {"seLinuxOptions": {"type": "x", "user": "y"}}, "containers": []});
    check(
        options,
        r#"seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "x"; user may not be set)"#,
    );
    check(
        value!({"securityContext": {"seccompProfile": {"type": "Unconfined"}}, "containers": []}),
        r#"seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")"#,
    );
    let sysctls = value!({"securityContext": {"sysctls": [{"name": "kernel.msgmax"}, {"name": "net.ipv4.tcp_rmem"}]}});
    check(sysctls, "forbidden sysctls (kernel.msgmax)");
    check(
        with(value!({"windowsOptions": {"hostProcess": true}})),
        r#"hostProcess (container "a" must not set securityContext.windowsOptions.hostProcess=true)"#,
    );
    check(
        with(value!({"appArmorProfile": {"type": "Unconfined"}})),
        r#"forbidden AppArmor profile (container "a" must not set AppArmor profile type to "Unconfined")"#,
    );
}

#[test]
fn restricted_names_what_is_missing() {
    let expected = r#"allowPrivilegeEscalation != false (containers "i", "a" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (containers "i", "a" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or containers "i", "a" must set securityContext.runAsNonRoot=true), seccompProfile (pod or containers "i", "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")"#;
    check(Level::Restricted, value!({"initContainers": [{"name": "i"}], "containers": [{"name": "a"}]}), expected);
}

#[test]
fn a_hardened_pod_is_let_in() {
    let hardened = value!({
        "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{"name": "a", "securityContext": {
            "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}
        }}],
        "volumes": [{"name": "v", "emptyDir": {}}]
    });
    check(Level::Restricted, hardened.clone(), "");
    let mut root = hardened.clone();
    root.set(&["securityContext", "runAsUser"], 0);
    check(Level::Restricted, root, "runAsUser=0 (pod must not set runAsUser=0)");
    let mut disk = hardened;
    disk.set(&["volumes"], value!([{"name": "v", "hostPath": {"path": "/"}}, {"name": "w", "nfs": {}}]));
    let expected = r#"restricted volume types (volumes "v", "w" use restricted volume types "hostPath", "nfs")"#;
    check(Level::Restricted, disk, expected);
    check(Level::Privileged, with(value!({"privileged": true})), "");
}

#[test]
fn labels_choose_levels() {
    let read = |labels: Value| Policy::read(labels.as_map().unwrap());
    let (policy, problems) = read(value!({
        "pod-security.kubernetes.io/enforce": "baseline",
        "pod-security.kubernetes.io/enforce-version": "v1.30",
        "pod-security.kubernetes.io/warn": "restricted"
    }));
    assert_eq!(
        (policy.enforce.shown().as_str(), policy.warn.shown().as_str()),
        ("baseline:v1.30", "restricted:latest")
    );
    assert_eq!(policy.audit.level, Level::Privileged);
    assert!(problems.is_empty());
    let (policy, problems) = read(value!({"pod-security.kubernetes.io/enforce": "strict"}));
    assert_eq!((policy.enforce.level, problems.len()), (Level::Restricted, 1));
}

#[test]
fn a_new_label_does_not_bring_a_running_pod_into_question() {
    let pod = |image: &str, label: &str| {
        Object(value!({"metadata": {"labels": {"a": label}}, "spec": {"containers": [{"name": "a", "image": image}]}}))
    };
    assert!(!is_significant(&pod("x", "1"), &pod("x", "2")));
    assert!(is_significant(&pod("x", "1"), &pod("y", "1")));
}
