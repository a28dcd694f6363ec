//! Pods outlive the process that made them.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use cri_api::RuntimeService;
use cri_api::v1::*;
use rustix::process::{Pid, Signal as KillSignal, kill_process};

use crate::harness::{Host, Pod, Test, await_event};

pub(crate) const TESTS: &[Test] = &[
    ("pods_outlive_their_maker", |host| Box::pin(pods_outlive_their_maker(host))),
    ("a_pod_without_its_shim_is_over", |host| Box::pin(a_pod_without_its_shim_is_over(host))),
    ("nothing_is_left_of_a_maker_that_is_killed", |host| Box::pin(nothing_is_left_of_a_maker_that_is_killed(host))),
    ("a_half_made_pod_is_cleared_away", |host| Box::pin(a_half_made_pod_is_cleared_away(host))),
];

/// How often a maker is killed, each time a little later in what it does.
const ROUNDS: u64 = 24;
const LOOPER: &str = "make-pods-for-ever";
const MAKER: &str = "make-pods-and-wait";

/// Becomes the process that makes pods and is killed, if this process was started for that.
pub(crate) fn dispatch() {
    let mut arguments = std::env::args().skip(1);
    let mode = arguments.next();
    if mode.as_deref() == Some(LOOPER) {
        return make_for_ever(arguments);
    }
    if mode.as_deref() != Some(MAKER) {
        return;
    }
    let host = Host { directory: arguments.next().unwrap().into(), cgroup: arguments.next().unwrap() };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let runtime = host.runtime().await;
        let pod = Pod::run(&host, &runtime).await;
        let goes_on = pod.start(&["wait"], |_| {}).await;
        let ends = pod.start(&["cat"], |config| (config.stdin, config.stdin_once) = (true, true)).await;
        let created = pod.create(&["say", "late", "", "0"], |_| {}).await.unwrap();
        println!("{} {goes_on} {ends} {created}", pod.id);
        std::future::pending::<()>().await;
    });
}

/// Makes pods, runs containers in them and removes them again, until somebody puts an end to it.
fn make_for_ever(mut arguments: impl Iterator<Item = String>) {
    let host = Host { directory: arguments.next().unwrap().into(), cgroup: arguments.next().unwrap() };
    let parent = format!("{}/kubepods/poduid", host.cgroup);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let runtime = host.runtime().await;
        println!("begin");
        loop {
            let pod = Pod::run_with(&host, &runtime, |config| {
                let linux = config.linux.as_mut().unwrap();
                linux.cgroup_parent.clone_from(&parent);
                let namespaces = linux.security_context.as_mut().unwrap().namespace_options.as_mut().unwrap();
                namespaces.pid = NamespaceMode::Pod.into();
            });
            let pod = pod.await;
            for _ in 0..2 {
                pod.start(&["wait"], |_| {}).await;
            }
            pod.remove().await;
        }
    });
}

/// Whatever a runtime is doing when it is killed, the next one finds all of it and can remove it.
async fn nothing_is_left_of_a_maker_that_is_killed(host: Host) {
    drop(host.runtime().await);
    let (mut most, state) = (0, host.directory.join("state/pods"));
    for round in 0..ROUNDS {
        let mut maker = Command::new(std::env::current_exe().unwrap())
            .args([LOOPER, host.directory.to_str().unwrap(), &host.cgroup])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(maker.stdout.take().unwrap()).read_line(&mut line).unwrap();
        // The rounds spread over what one pod takes; this is no wait for anything.
        tokio::time::sleep(std::time::Duration::from_millis(1 + round * 7)).await;
        maker.kill().unwrap();
        maker.wait().unwrap();
        let runtime = host.runtime().await;
        let sandboxes = runtime.list_pod_sandbox(Default::default()).await.unwrap().items;
        let containers = runtime.list_containers(Default::default()).await.unwrap().containers;
        most = most.max(sandboxes.len() + containers.len());
        for sandbox in sandboxes {
            let request = RemovePodSandboxRequest { pod_sandbox_id: sandbox.id };
            runtime.remove_pod_sandbox(request).await.unwrap();
        }
        let names = |path: &std::path::Path| -> Vec<String> {
            let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
            entries.map(|entry| entry.file_name().into_string().unwrap()).collect()
        };
        assert_eq!(names(&state), Vec::<String>::new(), "round {round}: sandboxes");
        assert_eq!(names(&host.directory.join("root/containers")), Vec::<String>::new(), "round {round}: layers");
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
        assert!(!mounts.contains(host.directory.to_str().unwrap()), "round {round}: {mounts}");
        for group in host.cgroups() {
            assert!(!group.join("kubepods/poduid").exists(), "round {round}: {}", group.display());
            // Shims that were told to end are on their way out.
            let procs = group.join("shims/cgroup.procs");
            for pid in std::fs::read_to_string(&procs).unwrap().lines().filter_map(|line| line.parse().ok()) {
                let Ok(process) =
                    rustix::process::pidfd_open(Pid::from_raw(pid).unwrap(), rustix::process::PidfdFlags::empty())
                else {
                    continue;
                };
                let mut polled = [rustix::event::PollFd::new(&process, rustix::event::PollFlags::IN)];
                let limit = rustix::time::Timespec { tv_sec: 10, tv_nsec: 0 };
                let ended = rustix::event::poll(&mut polled, Some(&limit)).unwrap();
                assert_eq!(ended, 1, "round {round}: shim {pid}");
            }
        }
    }
    assert!(most > 1, "the maker was never killed in the middle of anything");
}

/// Runs a maker until it has made everything, and kills it.
fn make_and_kill(host: &Host) -> Vec<String> {
    let mut maker = Command::new(std::env::current_exe().unwrap())
        .args([MAKER, host.directory.to_str().unwrap(), &host.cgroup])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(maker.stdout.take().unwrap()).read_line(&mut line).unwrap();
    maker.kill().unwrap();
    maker.wait().unwrap();
    line.split_whitespace().map(str::to_owned).collect()
}

async fn container_status(runtime: &runtime::Runtime, id: &str) -> ContainerStatus {
    let request = ContainerStatusRequest { container_id: id.to_owned(), verbose: true };
    runtime.container_status(request).await.unwrap().status.unwrap()
}

async fn process_id(runtime: &runtime::Runtime, id: &str) -> Pid {
    let request = ContainerStatusRequest { container_id: id.to_owned(), verbose: true };
    let info = runtime.container_status(request).await.unwrap().info;
    Pid::from_raw(info["pid"].parse().unwrap()).unwrap()
}

async fn pods_outlive_their_maker(host: Host) {
    let made = make_and_kill(&host);
    let [pod, goes_on, ends, created] = made.as_slice() else { panic!("{made:?}") };
    // While nobody is there, one of the containers ends.
    let state = host.directory.join("state/pods").join(pod).join("containers").join(ends);
    let record = std::fs::read_to_string(state.join("container.json")).unwrap();
    let process: serde_json::Value = serde_json::from_str(&record).unwrap();
    let process = Pid::from_raw(process["process_id"].as_i64().unwrap() as i32).unwrap();
    let watched = rustix::process::pidfd_open(process, rustix::process::PidfdFlags::empty()).unwrap();
    kill_process(process, KillSignal::KILL).unwrap();
    rustix::event::poll(&mut [rustix::event::PollFd::new(&watched, rustix::event::PollFlags::IN)], None).unwrap();
    let runtime = host.runtime().await;
    let mut events = runtime.get_container_events(Default::default()).await.unwrap();
    assert_eq!(container_status(&runtime, goes_on).await.state(), ContainerState::ContainerRunning);
    if container_status(&runtime, ends).await.state() != ContainerState::ContainerExited {
        await_event(&mut events, ends, ContainerEventType::ContainerStoppedEvent).await;
    }
    assert_eq!(container_status(&runtime, ends).await.exit_code, 137);
    // The pod is as good as new: containers start, commands run, ends are heard of.
    runtime.start_container(StartContainerRequest { container_id: created.clone() }).await.unwrap();
    await_event(&mut events, created, ContainerEventType::ContainerStoppedEvent).await;
    assert_eq!(container_status(&runtime, created).await.reason, "Completed");
    let cmd = ["/helper", "say", "hello", "", "0"].map(str::to_owned).to_vec();
    let response = runtime.exec_sync(ExecSyncRequest { container_id: goes_on.clone(), cmd, timeout: 0 }).await.unwrap();
    assert_eq!(response.stdout, b"hello\n");
    runtime.remove_pod_sandbox(RemovePodSandboxRequest { pod_sandbox_id: pod.clone() }).await.unwrap();
    assert!(runtime.list_pod_sandbox(Default::default()).await.unwrap().items.is_empty());
}

async fn a_pod_without_its_shim_is_over(host: Host) {
    let runtime = host.runtime().await;
    let pod = Pod::run(&host, &runtime).await;
    let container = pod.start(&["wait"], |_| {}).await;
    let mut events = runtime.get_container_events(Default::default()).await.unwrap();
    let init = process_id(&runtime, &container).await;
    let status = std::fs::read_to_string(format!("/proc/{}/status", init.as_raw_pid())).unwrap();
    let parent = status.lines().find_map(|line| line.strip_prefix("PPid:")).unwrap().trim().parse().unwrap();
    kill_process(Pid::from_raw(parent).unwrap(), KillSignal::KILL).unwrap();
    await_event(&mut events, &pod.id, ContainerEventType::ContainerStoppedEvent).await;
    let status = container_status(&runtime, &container).await;
    assert_eq!((status.state(), status.exit_code), (ContainerState::ContainerExited, 255));
    assert_eq!(status.reason, "Unknown");
    let request = PodSandboxStatusRequest { pod_sandbox_id: pod.id.clone(), verbose: false };
    let status = runtime.pod_sandbox_status(request).await.unwrap().status.unwrap();
    assert_eq!(status.state(), PodSandboxState::SandboxNotready);
    pod.remove().await;
}

async fn a_half_made_pod_is_cleared_away(host: Host) {
    let made = make_and_kill(&host);
    let directory = host.directory.join("state/pods").join(&made[0]);
    // As if its maker had been killed before the record was written.
    std::fs::remove_file(directory.join("sandbox.json")).unwrap();
    let runtime = host.runtime().await;
    assert!(runtime.list_pod_sandbox(Default::default()).await.unwrap().items.is_empty());
    assert!(!directory.exists());
}
