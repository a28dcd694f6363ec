//! Running, logging, executing, stopping.

use cri_api::RuntimeService;
use cri_api::v1::*;

use crate::harness::{Host, Pod, Test};

pub const TESTS: &[Test] = &[
    ("a_container_runs_logs_and_ends", |host| Box::pin(a_container_runs_logs_and_ends(host))),
    ("a_command_runs_in_a_container", |host| Box::pin(a_command_runs_in_a_container(host))),
];

async fn a_container_runs_logs_and_ends(host: Host) {
    let runtime = host.runtime().await;
    let pod = Pod::run(&host, &runtime).await;
    let (status, log) = pod.finish(&["say", "hello", "world", "3"], |_| {}).await;
    assert_eq!((status.exit_code, status.reason.as_str()), (3, "Error"));
    assert_eq!(status.state(), ContainerState::ContainerExited);
    let mut lines: Vec<_> = log.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["stderr F world", "stdout F hello"]);
    let (status, _) = pod.finish(&["say", "", "", "0"], |_| {}).await;
    assert_eq!((status.exit_code, status.reason.as_str()), (0, "Completed"));
    pod.remove().await;
    assert!(runtime.list_containers(Default::default()).await.unwrap().containers.is_empty());
}

async fn a_command_runs_in_a_container(host: Host) {
    let runtime = host.runtime().await;
    let pod = Pod::run(&host, &runtime).await;
    let container = pod.start(&["wait"], |_| {}).await;
    assert_eq!(pod.exec(&container, &["say", "out", "error", "7"]).await, (7, "out\n".into(), "error\n".into()));
    pod.remove().await;
}
