//! Running, logging, executing, stopping.

use cri_api::v1::*;
use cri_api::{Code, RuntimeService, Streaming, Streams, TerminalSize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

use crate::harness::{Host, Pod, Test, await_event, log_text};

pub(crate) const TESTS: &[Test] = &[
    ("a_container_runs_logs_and_ends", |host| Box::pin(a_container_runs_logs_and_ends(host))),
    ("a_command_runs_in_a_container", |host| Box::pin(a_command_runs_in_a_container(host))),
    ("a_command_reads_its_input", |host| Box::pin(a_command_reads_its_input(host))),
    ("a_command_beyond_its_time_is_killed", |host| Box::pin(a_command_beyond_its_time_is_killed(host))),
    ("a_terminal_takes_sizes", |host| Box::pin(a_terminal_takes_sizes(host))),
    ("who_attaches_types_and_sees", |host| Box::pin(who_attaches_types_and_sees(host))),
    ("a_missing_program_is_named", |host| Box::pin(a_missing_program_is_named(host))),
    ("memory_beyond_the_limit_is_reported", |host| Box::pin(memory_beyond_the_limit_is_reported(host))),
    ("who_does_not_stop_is_killed", |host| Box::pin(who_does_not_stop_is_killed(host))),
    ("a_rotated_log_goes_on_in_a_new_file", |host| Box::pin(a_rotated_log_goes_on_in_a_new_file(host))),
    ("a_port_of_the_pod_is_reached", |host| Box::pin(a_port_of_the_pod_is_reached(host))),
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
    let id = pod.id.clone();
    pod.remove().await;
    assert!(runtime.list_containers(Default::default()).await.unwrap().containers.is_empty());
    let request = PodSandboxStatusRequest { pod_sandbox_id: id, verbose: false };
    assert!(runtime.pod_sandbox_status(request).await.unwrap_err().is_not_found());
    let left: Vec<_> = std::fs::read_dir(host.directory.join("state/pods")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

async fn a_command_runs_in_a_container(host: Host) {
    let runtime = host.runtime().await;
    let pod = Pod::run(&host, &runtime).await;
    let container = pod.start(&["wait"], |_| {}).await;
    assert_eq!(pod.exec(&container, &["say", "out", "error", "7"]).await, (7, "out\n".into(), "error\n".into()));
    let (_, environment, _) = pod.exec(&container, &["environment"]).await;
    assert!(environment.contains("HOSTNAME=pod-host\n") && environment.contains("FROM_IMAGE=yes\n"), "{environment}");
    let command = vec!["nothing".to_owned()];
    let request = ExecSyncRequest { container_id: container, cmd: command, timeout: 0 };
    let error = runtime.exec_sync(request).await.unwrap_err();
    assert!(error.message.ends_with(r#"exec: "nothing": executable file not found in $PATH"#), "{error}");
}

async fn a_command_reads_its_input(host: Host) {
    let runtime = host.runtime().await;
    let pod = Pod::run(&host, &runtime).await;
    let container = pod.start(&["wait"], |_| {}).await;
    // More than any pipe on the way holds.
    let input: Vec<u8> = (0..3_000_000_u32).map(|number| number as u8).collect();
    let (mut near, far) = tokio::io::duplex(4096);
    let streams = Streams {
        stdin: Some(Box::new(std::io::Cursor::new(input.clone()))),
        stdout: Some(Box::new(far)),
        ..Streams::default()
    };
    let mut output = Vec::new();
    let (code, read) = tokio::join!(pod.exec_with(&container, &["cat"], false, streams), near.read_to_end(&mut output));
    read.unwrap();
    assert_eq!(code, 0);
    assert!(output == input, "{} bytes came back of {}", output.len(), input.len());
}

async fn a_command_beyond_its_time_is_killed(host: Host) {
    let runtime = host.runtime().await;
    let pod = Pod::run(&host, &runtime).await;
    let container = pod.start(&["wait"], |_| {}).await;
    let cmd = vec!["/helper".to_owned(), "wait".to_owned()];
    let request = ExecSyncRequest { container_id: container.clone(), cmd, timeout: 1 };
    assert_eq!(runtime.exec_sync(request).await.unwrap_err().code, Code::DeadlineExceeded);
    // The container itself goes on, and killing it as a whole leaves nothing.
    assert_eq!(pod.status(&container).await.state(), ContainerState::ContainerRunning);
    pod.remove().await;
}

async fn a_terminal_takes_sizes(host: Host) {
    let runtime = host.runtime().await;
    let pod = Pod::run(&host, &runtime).await;
    let container = pod.start(&["wait"], |_| {}).await;
    let (near, far) = tokio::io::duplex(4096);
    let (mut typing, typed) = tokio::io::duplex(64);
    let (sizes, resize) = tokio::sync::mpsc::channel(1);
    let streams =
        Streams { stdin: Some(Box::new(typed)), stdout: Some(Box::new(far)), stderr: None, resize: Some(resize) };
    let dialogue = async {
        let mut lines = BufReader::new(near).lines();
        let mut heard = Vec::new();
        while let Some(line) = lines.next_line().await.unwrap() {
            match line.as_str() {
                "ready" => {
                    // The channel has room for one: the second is taken only after the first was applied.
                    sizes.send(TerminalSize { width: 1, height: 1 }).await.unwrap();
                    sizes.send(TerminalSize { width: 101, height: 37 }).await.unwrap();
                    sizes.send(TerminalSize { width: 101, height: 37 }).await.unwrap();
                    typing.write_all(b"go\n").await.unwrap();
                }
                "101x37" => {
                    heard.push(line);
                    // What a keyboard sends at the end of input.
                    typing.write_all(&[4]).await.unwrap();
                }
                _ => heard.push(line),
            }
        }
        heard
    };
    let (code, heard) = tokio::join!(pod.exec_with(&container, &["sizes"], true, streams), dialogue);
    assert_eq!((code, heard), (0, vec!["go".to_owned(), "101x37".to_owned()]));
}

async fn who_attaches_types_and_sees(host: Host) {
    let runtime = host.runtime().await;
    let pod = Pod::run(&host, &runtime).await;
    let mut events = runtime.get_container_events(Default::default()).await.unwrap();
    let container = pod.start(&["cat"], |config| (config.stdin, config.stdin_once) = (true, true)).await;
    let (mut near, far) = tokio::io::duplex(4096);
    let streams = Streams { stdin: Some(Box::new(&b"typed\n"[..])), stdout: Some(Box::new(far)), ..Streams::default() };
    let mut seen = String::new();
    let (attached, read) = tokio::join!(runtime.attach(&container, streams), near.read_to_string(&mut seen));
    attached.unwrap();
    read.unwrap();
    assert_eq!(seen, "typed\n");
    await_event(&mut events, &container, ContainerEventType::ContainerStoppedEvent).await;
    let status = pod.status(&container).await;
    assert_eq!((status.exit_code, log_text(&status).as_str()), (0, "stdout F typed\n"));
}

async fn a_missing_program_is_named(host: Host) {
    let runtime = host.runtime().await;
    let pod = Pod::run(&host, &runtime).await;
    for (program, expected) in [
        ("nothing", r#"exec: "nothing": executable file not found in $PATH"#),
        ("/nothing", r#"exec: "/nothing": stat /nothing: no such file or directory"#),
        ("/etc/plain", r#"exec: "/etc/plain": permission denied"#),
        ("/etc", r#"exec: "/etc": is a directory"#),
    ] {
        let container = pod.create(&[], |config| config.command = vec![program.to_owned()]).await.unwrap();
        let request = StartContainerRequest { container_id: container.clone() };
        let error = runtime.start_container(request).await.unwrap_err();
        assert!(error.message.ends_with(expected), "{error}");
        let status = pod.status(&container).await;
        assert_eq!((status.exit_code, status.reason.as_str()), (128, "StartError"));
        assert_eq!(status.message, error.message);
    }
}

async fn memory_beyond_the_limit_is_reported(host: Host) {
    let runtime = host.runtime().await;
    let pod = Pod::run(&host, &runtime).await;
    let limit = |config: &mut ContainerConfig| {
        let resources = LinuxContainerResources { memory_limit_in_bytes: 32 << 20, ..Default::default() };
        config.linux.as_mut().unwrap().resources = Some(resources);
    };
    let (status, _) = pod.finish(&["devour"], limit).await;
    assert_eq!((status.exit_code, status.reason.as_str()), (137, "OOMKilled"));
}

async fn who_does_not_stop_is_killed(host: Host) {
    let runtime = host.runtime().await;
    let pod = Pod::run(&host, &runtime).await;
    // As the init of its process namespace, a program without a handler does not feel SIGTERM.
    let stubborn = pod.start(&["wait"], |_| {}).await;
    runtime.stop_container(StopContainerRequest { container_id: stubborn.clone(), timeout: 1 }).await.unwrap();
    let status = pod.status(&stubborn).await;
    assert_eq!((status.exit_code, status.reason.as_str()), (137, "Error"));
    assert!(status.finished_at - status.started_at >= 1_000_000_000, "it got its time");
    // SIGKILL as the stop signal needs no timeout.
    let willing = pod.start(&["wait"], |config| config.stop_signal = Signal::Sigkill.into()).await;
    runtime.stop_container(StopContainerRequest { container_id: willing.clone(), timeout: 600 }).await.unwrap();
    assert_eq!(pod.status(&willing).await.exit_code, 137);
    // Stopping what has stopped is done.
    runtime.stop_container(StopContainerRequest { container_id: willing, timeout: 600 }).await.unwrap();
}

async fn a_rotated_log_goes_on_in_a_new_file(host: Host) {
    let runtime = host.runtime().await;
    let pod = Pod::run(&host, &runtime).await;
    let mut events = runtime.get_container_events(Default::default()).await.unwrap();
    let container = pod.start(&["cat"], |config| (config.stdin, config.stdin_once) = (true, true)).await;
    let status = pod.status(&container).await;
    std::fs::rename(&status.log_path, format!("{}.old", status.log_path)).unwrap();
    runtime.reopen_container_log(ReopenContainerLogRequest { container_id: container.clone() }).await.unwrap();
    let streams = Streams { stdin: Some(Box::new(&b"late\n"[..])), ..Streams::default() };
    runtime.attach(&container, streams).await.unwrap();
    await_event(&mut events, &container, ContainerEventType::ContainerStoppedEvent).await;
    assert_eq!(log_text(&pod.status(&container).await), "stdout F late\n");
}

async fn a_port_of_the_pod_is_reached(host: Host) {
    let runtime = host.runtime().await;
    let pod = Pod::run(&host, &runtime).await;
    let container = pod.start(&["serve", "8080"], |config| config.stdin = true).await;
    let (near, far) = tokio::io::duplex(64);
    let streams = Streams { stdin: Some(Box::new(&b"go\n"[..])), stdout: Some(Box::new(far)), ..Streams::default() };
    let attach = runtime.attach(&container, streams);
    let forward = async {
        assert_eq!(BufReader::new(near).lines().next_line().await.unwrap().as_deref(), Some("serving"));
        let mut connection = runtime.port_forward(&pod.id, 8080).await.unwrap();
        connection.write_all(b"hello").await.unwrap();
        let mut echo = String::new();
        connection.read_to_string(&mut echo).await.unwrap();
        assert_eq!(echo, "hello");
        let Err(error) = runtime.port_forward(&pod.id, 9).await else { panic!("nobody listens there") };
        assert!(error.message.contains("failed to connect to localhost:9"), "{error}");
        runtime.stop_container(StopContainerRequest { container_id: container.clone(), timeout: 0 }).await.unwrap();
    };
    tokio::join!(attach, forward).0.unwrap();
}
