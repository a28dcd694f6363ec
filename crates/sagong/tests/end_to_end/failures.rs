//! Pods that cannot start, or end as they should not: what is told of them, and what becomes of them.

use std::path::PathBuf;

use crate::cluster::{Cluster, kill};

/// Waits until a field of a pod has a value.
fn wait(cluster: &Cluster, pod: &str, path: &str, value: &str) {
    let condition = format!("--for=jsonpath={{.status.{path}}}={value}");
    cluster.kubectl(&["wait", &format!("pod/{pod}"), &condition, "--timeout=60s"]);
}

fn field(cluster: &Cluster, pod: &str, path: &str) -> String {
    cluster.kubectl(&["get", "pod", pod, "-o", &format!("jsonpath={{.status.{path}}}")])
}

/// Waits until the events of a pod have said all this: they are written one after the other, after what they tell of.
fn wait_told(cluster: &Cluster, pod: &str, texts: &[&str]) {
    let selector = format!("--field-selector=involvedObject.name={pod}");
    let mut events = cluster.kubectl_running(&["get", "events", "--watch", &selector, "--request-timeout=60s"]);
    events.lines_with(texts);
}

#[test]
#[ignore = "needs kubectl and root; run by cargo xtask ci"]
fn what_is_told_of_pods_that_fail() {
    let cluster = Cluster::with_node();
    cluster.import_images();
    cluster.apply(include_str!("failing_pods.yaml"));
    let waiting = "containerStatuses[0].state.waiting.reason";
    let ended = "containerStatuses[0].state.terminated";

    wait(&cluster, "missing-image", waiting, "ErrImagePull");
    wait(&cluster, "missing-image", waiting, "ImagePullBackOff");
    let told = [
        "Pulling image \"127.0.0.1:1/nobody/nothing:1\"",
        "Failed to pull image \"127.0.0.1:1/nobody/nothing:1\"",
        "Error: ErrImagePull",
        "Back-off pulling image \"127.0.0.1:1/nobody/nothing:1\"",
        "Error: ImagePullBackOff",
    ];
    wait_told(&cluster, "missing-image", &told);
    wait(&cluster, "never-pulled", waiting, "ErrImageNeverPull");
    let message = field(&cluster, "never-pulled", "containerStatuses[0].state.waiting.message");
    assert_eq!(message, "Container image \"localhost/nothing:1\" is not present with pull policy of Never");
    wait(&cluster, "bad-name", waiting, "InvalidImageName");

    wait(&cluster, "no-command", "phase", "Failed");
    assert_eq!(field(&cluster, "no-command", &format!("{ended}.reason")), "StartError");
    assert_eq!(field(&cluster, "no-command", &format!("{ended}.exitCode")), "128");
    let message = field(&cluster, "no-command", &format!("{ended}.message"));
    assert!(message.contains("exec: \"nothing-of-this-name\": executable file not found in $PATH"), "{message}");

    wait(&cluster, "crashing", waiting, "CrashLoopBackOff");
    assert_eq!(field(&cluster, "crashing", "containerStatuses[0].lastState.terminated.exitCode"), "3");
    let message = field(&cluster, "crashing", "containerStatuses[0].state.waiting.message");
    assert!(message.contains("back-off 10s restarting failed container=main pod=crashing_default("), "{message}");
    assert_eq!(cluster.kubectl(&["logs", "crashing", "--previous"]), "this is the end\n");
    wait_told(&cluster, "crashing", &["Back-off restarting failed container main in pod crashing_default("]);

    wait(&cluster, "greedy", "phase", "Failed");
    assert_eq!(field(&cluster, "greedy", &format!("{ended}.reason")), "OOMKilled");
    assert_eq!(field(&cluster, "greedy", &format!("{ended}.exitCode")), "137");
}

/// The process that holds a pod: the log of the pod's container is open in it, in a folder that has the pod's uid.
fn shim(cluster: &Cluster, pod: &str) -> PathBuf {
    let identifier = cluster.kubectl(&["get", "pod", pod, "-o", "jsonpath={.metadata.uid}"]);
    let holds = |process: &PathBuf| {
        let mut files = std::fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
        files.any(|file| std::fs::read_link(file.path()).is_ok_and(|path| path.to_string_lossy().contains(&identifier)))
    };
    cluster.processes("sagong-shim").into_iter().find(holds).expect("a shim")
}

#[test]
#[ignore = "needs kubectl and root; run by cargo xtask ci"]
fn a_pod_whose_shim_is_killed_is_made_again() {
    let cluster = Cluster::with_node();
    cluster.import_images();
    cluster.kubectl(&["run", "steady", "--image=localhost/busybox:1", "--", "sleep", "100000"]);
    cluster.kubectl(&["wait", "pod/steady", "--for=condition=Ready", "--timeout=30s"]);
    let before = field(&cluster, "steady", "containerStatuses[0].containerID");
    kill(&shim(&cluster, "steady"));
    wait(&cluster, "steady", "containerStatuses[0].restartCount", "1");
    cluster.kubectl(&["wait", "pod/steady", "--for=condition=Ready", "--timeout=30s"]);
    assert_ne!(field(&cluster, "steady", "containerStatuses[0].containerID"), before);
    assert_eq!(cluster.kubectl(&["exec", "steady", "--", "echo", "here"]), "here\n");
}

#[test]
#[ignore = "needs kubectl and root; run by cargo xtask ci"]
fn a_node_carries_two_hundred_pods_at_once_and_no_more_than_it_may() {
    let cluster = Cluster::with_node_and(&["--max-pods", "200"]);
    cluster.import_images();
    cluster.kubectl(&[
        "create",
        "deployment",
        "many",
        "--image=localhost/busybox:1",
        "--replicas=201",
        "--",
        "sleep",
        "100000",
    ]);
    let all_but_one = "--for=jsonpath={.status.availableReplicas}=200";
    cluster.kubectl(&["wait", "deployment/many", all_but_one, "--timeout=180s"]);
    let waiting = cluster.kubectl(&["get", "pods", "--field-selector=status.phase=Pending", "-o", "name"]);
    assert_eq!(waiting.lines().count(), 1, "{waiting}");
    let pod = waiting.trim().trim_start_matches("pod/");
    wait_told(&cluster, pod, &["0/1 nodes are available: 1 Too many pods."]);
    cluster.kubectl(&["delete", "deployment/many"]);
    cluster.kubectl(&["wait", "pod", "--all", "--for=delete", "--timeout=180s"]);
}
