use bytes::BytesMut;
use cri_api::{ExecOptions, Streams};
use tokio::io::DuplexStream;

use super::{
    super::{
        frame::Frame,
        test_peer::{Peer, reply},
        tunnel,
    },
    *,
};
use crate::fake_runtime::FakeRuntime;

fn connect(streaming: impl Streaming + 'static) -> Peer<DuplexStream> {
    let (client, server) = tokio::io::duplex(1 << 16);
    tokio::spawn(serve(server, "s".into(), Arc::new(streaming)));
    Peer::new(client)
}

/// Asks for port 80 as kubectl does, says `ping`, and expects it back.
async fn exchange<S: AsyncRead + AsyncWrite>(peer: &mut Peer<S>) {
    peer.open(1, "error", "80", "0").await;
    assert_eq!(peer.next().await, Some(reply(1)));
    peer.data(1, b"", true).await;
    peer.open(3, "data", "80", "0").await;
    assert_eq!(peer.next().await, Some(reply(3)));
    peer.data(3, b"ping", false).await;
    peer.data(3, b"", true).await;
    let said = peer.until_ended(&[1, 3]).await;
    assert_eq!((said[&1].as_str(), said[&3].as_str()), ("", "port 80:ping"));
}

#[tokio::test]
async fn a_port_is_forwarded_and_both_streams_end() {
    let mut peer = connect(FakeRuntime::new());
    exchange(&mut peer).await;
    peer.send(Frame::Ping(1)).await;
    assert_eq!(peer.next().await, Some(Frame::Ping(1)));
    // All streams have ended, so the connection does too.
    peer.send(Frame::GoAway { last_id: 0, status: 0 }).await;
    assert_eq!(peer.next().await, Some(Frame::GoAway { last_id: 3, status: 0 }));
    assert_eq!(peer.next().await, None);
}

#[tokio::test]
async fn several_connections_share_one() {
    let mut peer = connect(FakeRuntime::new());
    for (id, port, request_id) in [(1, "80", "0"), (5, "81", "1")] {
        peer.open(id, "error", port, request_id).await;
        peer.open(id + 2, "data", port, request_id).await;
    }
    peer.data(7, b"b", true).await;
    peer.data(3, b"a", true).await;
    let said = peer.until_ended(&[1, 3, 5, 7]).await;
    assert_eq!((said[&3].as_str(), said[&7].as_str()), ("port 80:a", "port 81:b"));
}

#[tokio::test]
async fn a_tunnel_carries_the_same() {
    let (client, server) = tokio::io::duplex(1 << 16);
    let streaming = Arc::new(FakeRuntime::new());
    let served = tokio::spawn(tunnel::serve(server, |inner| serve(inner, "s".into(), streaming)));
    // The client's side of the WebSocket: each write is a masked message, of any size.
    let (near, far) = tokio::io::duplex(100);
    let (mut from, mut to) = tokio::io::split(far);
    let (mut messages, mut frames) = tokio::io::split(client);
    tokio::spawn(async move {
        let mut buffer = [0; 100];
        while let Ok(size @ 1..) = from.read(&mut buffer).await {
            let masked: Vec<u8> = buffer[..size].iter().map(|byte| byte ^ 0x5a).collect();
            frames
                .write_all(&[&[0x82, 0x80 | size as u8, 0x5a, 0x5a, 0x5a, 0x5a], &masked[..]].concat())
                .await
                .unwrap();
        }
        frames.write_all(&[0x88, 0x80, 0, 0, 0, 0]).await.unwrap();
    });
    let unwrapping = tokio::spawn(async move {
        loop {
            let (first, second) = (messages.read_u8().await.unwrap(), messages.read_u8().await.unwrap());
            let length = if second == 126 { usize::from(messages.read_u16().await.unwrap()) } else { second.into() };
            let mut payload = vec![0; length];
            messages.read_exact(&mut payload).await.unwrap();
            if first == 0x88 {
                return payload;
            }
            assert_eq!(first, 0x82);
            // The client may have gone already.
            let _ = to.write_all(&payload).await;
        }
    });
    let mut peer = Peer::new(near);
    exchange(&mut peer).await;
    peer.writer.shutdown().await.unwrap();
    served.await.unwrap().unwrap();
    assert_eq!(unwrapping.await.unwrap(), 1000u16.to_be_bytes());
}

/// A runtime whose pods listen nowhere, or of whom the test holds the other end.
struct Pods(parking_lot::Mutex<Option<DuplexStream>>);

#[async_trait::async_trait]
impl Streaming for Pods {
    async fn exec(&self, _: ExecOptions, _: Streams) -> cri_api::Result<i32> {
        unreachable!("nothing is run")
    }

    async fn attach(&self, _: &str, _: Streams) -> cri_api::Result<()> {
        unreachable!("nothing is attached to")
    }

    async fn port_forward(&self, _: &str, _: u16) -> cri_api::Result<Box<dyn cri_api::ByteStream>> {
        let refused = || cri_api::Error::internal("connection refused");
        Ok(Box::new(self.0.lock().take().ok_or_else(refused)?))
    }
}

#[tokio::test]
async fn a_failure_is_said_on_the_error_stream() {
    let mut peer = connect(Pods(None.into()));
    peer.open(1, "error", "80", "0").await;
    peer.open(3, "data", "80", "0").await;
    let said = peer.until_ended(&[1, 3]).await;
    assert!(said[&1].contains("error forwarding port 80") && said[&1].contains("connection refused"), "{said:?}");
}

#[tokio::test]
async fn either_side_may_end_first() {
    let (mut pod, theirs) = tokio::io::duplex(64);
    let mut peer = connect(Pods(Some(theirs).into()));
    peer.open(1, "error", "80", "0").await;
    peer.open(3, "data", "80", "0").await;
    pod.write_all(b"bye").await.unwrap();
    pod.shutdown().await.unwrap();
    assert_eq!(peer.until_ended(&[3]).await[&3], "bye");
    // The pod has only stopped to speak.
    peer.data(3, b"still here", true).await;
    let mut heard = String::new();
    pod.read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, "still here");
    peer.until_ended(&[1]).await;
}

#[tokio::test]
async fn a_reset_drops_the_connection_to_the_pod() {
    let (mut pod, theirs) = tokio::io::duplex(64);
    let mut peer = connect(Pods(Some(theirs).into()));
    peer.open(1, "error", "80", "0").await;
    peer.open(3, "data", "80", "0").await;
    pod.write_all(b"x").await.unwrap();
    while !matches!(peer.next().await, Some(Frame::Data { id: 3, .. })) {}
    peer.send(Frame::RstStream { id: 3, status: Reset::Cancel as u32 }).await;
    assert_eq!(peer.until_ended(&[1]).await[&1], "");
    assert_eq!(pod.read(&mut [0; 8]).await.unwrap(), 0);
}

#[tokio::test]
async fn streams_of_another_kind_are_reset() {
    let mut peer = connect(FakeRuntime::new());
    let refused = |id| Some(Frame::RstStream { id, status: Reset::Protocol as u32 });
    peer.open(1, "stdin", "80", "0").await;
    assert_eq!(peer.next().await, refused(1));
    peer.open(3, "data", "0", "0").await;
    assert_eq!(peer.next().await, refused(3));
    peer.open(5, "data", "80", "0").await;
    assert_eq!(peer.next().await, Some(reply(5)));
    peer.open(7, "data", "80", "0").await;
    assert_eq!(peer.next().await, refused(7));
}

#[tokio::test]
async fn malformed_input_ends_the_connection() {
    let data = Frame::Data { id: 1, data: Bytes::new(), fin: false };
    let even = Frame::SynStream { id: 2, headers: Headers::default(), fin: false, unidirectional: false };
    for frame in [data, even, reply(1)] {
        let mut peer = connect(FakeRuntime::new());
        peer.send(frame).await;
        assert_eq!(peer.next().await, Some(Frame::GoAway { last_id: 0, status: 1 }));
        assert_eq!(peer.next().await, None);
    }
}

#[tokio::test]
async fn streams_are_bounded() {
    let mut peer = connect(FakeRuntime::new());
    let mut id = 1;
    loop {
        peer.open(id, "error", "80", &id.to_string()).await;
        match peer.next().await {
            Some(Frame::SynReply { .. }) => id += 2,
            frame => {
                assert_eq!(frame, Some(Frame::RstStream { id, status: Reset::Refused as u32 }));
                break;
            }
        }
        assert!(id < 10_000, "there is no bound");
    }
}

#[tokio::test]
async fn more_than_any_buffer_arrives_whole_both_ways() {
    let (pod, theirs) = tokio::io::duplex(1000);
    let mut peer = connect(Pods(Some(theirs).into()));
    peer.open(1, "error", "80", "0").await;
    peer.open(3, "data", "80", "0").await;
    // The pod says back what it hears.
    tokio::spawn(async move {
        let (mut from, mut to) = tokio::io::split(pod);
        tokio::io::copy(&mut from, &mut to).await.unwrap();
        to.shutdown().await.unwrap();
    });
    let sent: Bytes = (0..2_000_000u32).map(|index| (index % 251) as u8).collect();
    let Peer { mut reader, mut writer, mut encoder } = peer;
    let mut rest = sent.clone();
    let sending = async {
        while !rest.is_empty() {
            let data = rest.split_to(rest.len().min(100_000));
            let (mut bytes, fin) = (BytesMut::new(), rest.is_empty());
            encoder.encode(&Frame::Data { id: 3, data, fin }, &mut bytes).unwrap();
            writer.write_all(&bytes).await.unwrap();
        }
    };
    let receiving = async {
        let (mut received, mut window_bytes) = (Vec::new(), 0);
        loop {
            match reader.next().await.unwrap().unwrap() {
                Frame::WindowUpdate { id: 3, delta } => window_bytes += delta as usize,
                Frame::Data { id: 3, data, fin } => {
                    received.extend_from_slice(&data);
                    if fin {
                        return (received, window_bytes);
                    }
                }
                _ => {}
            }
        }
    };
    let ((), (received, window_bytes)) = tokio::join!(sending, receiving);
    assert!(received == sent, "{} bytes arrived", received.len());
    assert_eq!(window_bytes, sent.len());
}
