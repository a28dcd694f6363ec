//! The tunnel: a byte stream inside the binary messages of a WebSocket.

use std::io;

use bytes::BytesMut;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream},
    sync::mpsc,
};

use super::super::websocket::{self, Message, MessageReader};

const BUFFER_BYTES: usize = 64 * 1024;

/// Serves `inner` with the bytes that the messages of the WebSocket on `stream` carry.
///
/// # Errors
/// When `inner` fails or the WebSocket breaks.
pub async fn serve<S, F>(stream: S, inner: impl FnOnce(DuplexStream) -> F) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite,
    F: Future<Output = io::Result<()>>,
{
    let (near, far) = tokio::io::duplex(BUFFER_BYTES);
    let (read, mut write) = tokio::io::split(stream);
    let (mut from, to) = tokio::io::split(far);
    let (pongs, mut pong) = mpsc::channel(1);
    let receiving = receive(MessageReader::new(read), to, pongs);
    let sending = async {
        let mut buffer = BytesMut::with_capacity(BUFFER_BYTES);
        loop {
            tokio::select! {
                size = from.read_buf(&mut buffer) => {
                    if size? == 0 {
                        break;
                    }
                    websocket::write(&mut write, 2, &[&buffer]).await?;
                    buffer.clear();
                }
                Some(data) = pong.recv() => websocket::write(&mut write, 10, &[&data[..]]).await?,
            }
        }
        websocket::write(&mut write, 8, &[&1000u16.to_be_bytes()]).await?;
        write.shutdown().await
    };
    tokio::pin!(receiving, sending);
    let serving = inner(near);
    tokio::pin!(serving);
    // A WebSocket that breaks shows as the end of the stream inside, which then ends of itself.
    let outcome = tokio::select! {
        outcome = &mut serving => outcome,
        failed = failure(&mut receiving) => return Err(failed),
        sent = &mut sending => return sent,
    };
    // `inner` has dropped its end by now, so this delivers what it wrote and then closes.
    sending.await?;
    outcome
}

/// Waits for ever unless `receiving` fails.
async fn failure(receiving: &mut (impl Future<Output = io::Result<()>> + Unpin)) -> io::Error {
    match receiving.await {
        Err(error) => error,
        Ok(()) => std::future::pending().await,
    }
}

async fn receive<R: AsyncRead + Unpin>(
    mut reader: MessageReader<R>,
    mut to: impl AsyncWrite + Unpin,
    pongs: mpsc::Sender<bytes::Bytes>,
) -> io::Result<()> {
    while let Some(message) = reader.next().await? {
        match message {
            Message::Data(data) => to.write_all(&data).await?,
            Message::Ping(data) => {
                // One that waits already answers for this one too.
                let _ = pongs.try_send(data);
            }
            Message::Close => break,
        }
    }
    to.shutdown().await
}
