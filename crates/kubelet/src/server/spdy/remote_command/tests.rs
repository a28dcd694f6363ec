use cri_api::ExecOptions;
use tokio::io::DuplexStream;

use super::{
    super::{
        frame::Frame,
        test_peer::{Peer, reply},
    },
    *,
};
use crate::fake_runtime::FakeRuntime;

fn exec(runtime: &FakeRuntime, wanted: Wanted) -> Peer<DuplexStream> {
    let (client, server) = tokio::io::duplex(1 << 16);
    let options = ExecOptions { container_id: "c".into(), command: vec!["cat".into()], tty: wanted.tty };
    tokio::spawn(serve(server, Action::Exec(options), wanted, Arc::new(runtime.clone())));
    Peer::new(client)
}

#[tokio::test]
async fn exec_carries_streams_and_the_exit_code() {
    let runtime = FakeRuntime::new();
    runtime.set_exec("cat", 3);
    let mut peer = exec(&runtime, Wanted { stdin: true, stdout: true, ..Wanted::default() });
    for (id, kind) in [(1, "error"), (3, "stdin"), (5, "stdout")] {
        peer.open(id, kind, "", "").await;
        assert_eq!(peer.next().await, Some(reply(id)));
    }
    peer.data(3, b"hello", false).await;
    peer.data(3, b"", true).await;
    let said = peer.until_ended(&[1, 5]).await;
    assert_eq!(said[&5], "ran cat\nhello");
    assert!(said[&1].contains("\"reason\":\"NonZeroExitCode\"") && said[&1].contains("\"message\":\"3\""), "{said:?}");
}

#[tokio::test]
async fn streams_that_were_not_announced_are_reset() {
    let mut peer = exec(&FakeRuntime::new(), Wanted { stdout: true, ..Wanted::default() });
    peer.open(1, "stdin", "", "").await;
    assert_eq!(peer.next().await, Some(Frame::RstStream { id: 1, status: Reset::Protocol as u32 }));
    peer.open(3, "error", "", "").await;
    peer.open(5, "stdout", "", "").await;
    assert!(peer.until_ended(&[3, 5]).await[&3].contains("\"status\":\"Success\""));
}
