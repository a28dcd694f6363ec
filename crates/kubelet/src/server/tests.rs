use std::sync::Arc;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use super::*;
use crate::fake_runtime::FakeRuntime;

/// A client's frame, masked with zeros.
fn frame(payload: &[u8]) -> Vec<u8> {
    [&[0x82, 0x80 | payload.len() as u8, 0, 0, 0, 0], payload].concat()
}

/// The server's next message; `None` is its close.
async fn message(client: &mut DuplexStream) -> Option<Bytes> {
    let mut head = [0; 2];
    client.read_exact(&mut head).await.unwrap();
    let length = match head[1] {
        126 => usize::from(client.read_u16().await.unwrap()),
        length => usize::from(length),
    };
    let mut payload = vec![0; length];
    client.read_exact(&mut payload).await.unwrap();
    (head[0] & 0x0f == 2).then(|| payload.into())
}

async fn messages(client: &mut DuplexStream) -> Vec<(u8, String)> {
    let mut all = Vec::new();
    while let Some(message) = message(client).await {
        if message.len() > 1 {
            all.push((message[0], String::from_utf8_lossy(&message[1..]).into_owned()));
        }
    }
    all
}

fn exec(command: &str, runtime: &FakeRuntime, wanted: Wanted) -> DuplexStream {
    exec_over("v5.channel.k8s.io", command, runtime, wanted)
}

fn exec_over(protocol: &'static str, command: &str, runtime: &FakeRuntime, wanted: Wanted) -> DuplexStream {
    let (client, server) = tokio::io::duplex(1 << 16);
    let options = ExecOptions { container_id: "c".into(), command: vec![command.to_owned()], tty: false };
    let streaming = Arc::new(runtime.clone());
    tokio::spawn(channels::serve(server, protocol, Action::Exec(options), wanted, streaming));
    client
}

#[tokio::test]
async fn exec_carries_streams_and_the_exit_code() {
    let runtime = FakeRuntime::new();
    runtime.set_exec("cat", 3);
    let mut client = exec("cat", &runtime, Wanted { stdin: true, stdout: true, ..Wanted::default() });
    client.write_all(&frame(b"\0hello")).await.unwrap();
    client.write_all(&frame(&[255, 0])).await.unwrap();
    let all = messages(&mut client).await;
    let output: String = all.iter().filter(|(channel, _)| *channel == 1).map(|(_, text)| text.as_str()).collect();
    assert_eq!(output, "ran cat\nhello");
    let (_, ending) = all.iter().find(|(channel, _)| *channel == 3).unwrap();
    assert!(ending.contains("\"reason\":\"NonZeroExitCode\"") && ending.contains("\"message\":\"3\""), "{ending}");
}

#[tokio::test]
async fn success_is_said_too() {
    let mut client = exec("true", &FakeRuntime::new(), Wanted { stdout: true, ..Wanted::default() });
    let all = messages(&mut client).await;
    assert!(all.last().unwrap().1.contains("\"status\":\"Success\""), "{all:?}");
}

#[tokio::test]
async fn the_oldest_protocol_tells_failure_as_text() {
    let runtime = FakeRuntime::new();
    runtime.set_exec("false", 1);
    let wanted = Wanted { stdout: true, ..Wanted::default() };
    let mut client = exec_over("channel.k8s.io", "false", &runtime, wanted);
    assert_eq!(messages(&mut client).await.last().unwrap().1, "command terminated with exit code 1");
    let mut client = exec_over("channel.k8s.io", "true", &runtime, wanted);
    assert!(messages(&mut client).await.iter().all(|(channel, _)| *channel == 1));
}

#[tokio::test]
async fn ports_are_forwarded() {
    let (mut client, server) = tokio::io::duplex(1 << 16);
    tokio::spawn(channels::forward(server, "s".into(), vec![8080], Arc::new(FakeRuntime::new())));
    assert_eq!(message(&mut client).await.unwrap(), [&[0][..], &8080u16.to_le_bytes()].concat());
    assert_eq!(message(&mut client).await.unwrap(), [&[1][..], &8080u16.to_le_bytes()].concat());
    assert_eq!(message(&mut client).await.unwrap(), &b"\0port 8080:"[..]);
    client.write_all(&frame(b"\0ping")).await.unwrap();
    assert_eq!(message(&mut client).await.unwrap(), &b"\0ping"[..]);
}

#[test]
fn paths_belong_to_parts_of_the_node() {
    for (path, expected) in [
        ("/stats/summary", &["stats"][..]),
        ("/metrics/resource", &["metrics"]),
        ("/healthz", &["healthz", "proxy"]),
        ("/pods", &["pods", "proxy"]),
        ("/exec/a/b/c", &["proxy"]),
        ("/statsx", &["proxy"]),
    ] {
        assert_eq!(subresources(path), expected, "{path}");
    }
}
