//! Exec, attach and port-forward over WebSocket: several channels in one connection.
//!
//! Of exec and attach, the first byte of a message is the channel: 0 standard input, 1 output, 2 error, 3 how it
//! ended, 4 the terminal's size; since v5 a message on 255 closes the channel that it names. Of port-forward, each
//! port has two channels, data and errors, which begin with the port's number.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use apimachinery::{Status, Value, decode, json, value};
use bytes::Bytes;
use cri_api::{Streaming, Streams, TerminalSize};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    sync::mpsc,
};

use super::websocket::{self, Message, MessageReader};

/// The protocols of port-forward, best first.
pub const PROTOCOLS: [&str; 2] = ["v5.channel.k8s.io", "v4.channel.k8s.io"];
/// The oldest protocol of exec and attach: success is not told, and failure as text.
const OLDEST: &str = "channel.k8s.io";
/// The protocols of exec and attach, best first.
pub const COMMAND_PROTOCOLS: [&str; 3] = [PROTOCOLS[0], PROTOCOLS[1], OLDEST];

const STDIN: u8 = 0;
pub(super) const STDOUT: u8 = 1;
pub(super) const STDERR: u8 = 2;
const ERROR: u8 = 3;
const RESIZE: u8 = 4;
const CLOSE: u8 = 255;
/// Messages that wait for the process to read its input, or for the client to read its output.
const QUEUE_MESSAGES: usize = 16;
const CHUNK_BYTES: usize = 32 * 1024;

/// What to do with a container.
pub enum Action {
    /// Run a command.
    Exec(cri_api::ExecOptions),
    /// Connect to the main process.
    Attach(String),
}

/// Which streams are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// Standard input.
    pub stdin: bool,
    /// Standard output.
    pub stdout: bool,
    /// Standard error.
    pub stderr: bool,
    /// A terminal.
    pub tty: bool,
}

/// A queue of bytes, read as a stream.
pub(super) struct QueueReader {
    receiver: mpsc::Receiver<Bytes>,
    rest: Bytes,
}

impl QueueReader {
    pub(super) fn new(receiver: mpsc::Receiver<Bytes>) -> QueueReader {
        QueueReader { receiver, rest: Bytes::new() }
    }
}

impl AsyncRead for QueueReader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.rest.is_empty() {
            match self.receiver.poll_recv(context) {
                Poll::Ready(Some(bytes)) => self.rest = bytes,
                Poll::Ready(None) => return Poll::Ready(Ok(())),
                Poll::Pending => return Poll::Pending,
            }
        }
        let size = self.rest.len().min(buffer.remaining());
        let part = self.rest.split_to(size);
        buffer.put_slice(&part);
        Poll::Ready(Ok(()))
    }
}

/// Copies what a process writes into messages of a channel.
pub(super) fn output(
    channel: u8,
    frames: mpsc::Sender<(u8, Bytes)>,
) -> (cri_api::OutputStream, tokio::task::JoinHandle<()>) {
    let (ours, mut theirs) = tokio::io::duplex(CHUNK_BYTES);
    let copying = tokio::spawn(async move {
        let mut buffer = vec![0; CHUNK_BYTES];
        while let Ok(size @ 1..) = theirs.read(&mut buffer).await {
            if frames.send((channel, Bytes::copy_from_slice(&buffer[..size]))).await.is_err() {
                return;
            }
        }
    });
    (Box::new(ours), copying)
}

/// How a command ended, as clients read it.
pub fn ending(result: Result<i32, String>) -> Value {
    match result {
        Ok(0) => value!({"metadata": {}, "status": "Success"}),
        Ok(code) => value!({
            "metadata": {},
            "status": "Failure",
            "message": format!("command terminated with non-zero exit code: command terminated with exit code {code}"),
            "reason": "NonZeroExitCode",
            "details": {"causes": [{"reason": "ExitCode", "message": code.to_string()}]}
        }),
        Err(message) => {
            let mut status = Status::internal(message).to_value();
            status.remove(&["kind"]);
            status.remove(&["apiVersion"]);
            status
        }
    }
}

/// What is told of a command's end in a protocol.
fn told(protocol: &str, result: Result<i32, String>) -> Option<Bytes> {
    match (protocol == OLDEST, result) {
        (false, result) => Some(json::to_vec(&ending(result)).into()),
        (true, Ok(0)) => None,
        (true, Ok(code)) => Some(format!("command terminated with exit code {code}").into()),
        (true, Err(message)) => Some(message.into()),
    }
}

/// Serves exec or attach on an upgraded connection until the process or the client ends it.
pub async fn serve<S>(
    stream: S,
    protocol: &'static str,
    action: Action,
    wanted: Wanted,
    streaming: Arc<dyn Streaming>,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let (read, mut write) = tokio::io::split(stream);
    let mut reader = MessageReader::new(read);
    let (frames, mut outgoing) = mpsc::channel::<(u8, Bytes)>(QUEUE_MESSAGES);
    let (input, receiver) = mpsc::channel(QUEUE_MESSAGES);
    let (resizes, resize) = mpsc::channel(QUEUE_MESSAGES);
    let mut streams = Streams::default();
    let mut copying = Vec::new();
    if wanted.stdin {
        streams.stdin = Some(Box::new(QueueReader::new(receiver)));
    }
    for (channel, is_wanted) in [(STDOUT, wanted.stdout), (STDERR, wanted.stderr && !wanted.tty)] {
        if is_wanted {
            let (stream, task) = output(channel, frames.clone());
            *(if channel == STDOUT { &mut streams.stdout } else { &mut streams.stderr }) = Some(stream);
            copying.push(task);
        }
    }
    if wanted.tty {
        streams.resize = Some(resize);
    }
    // An empty message on the first channel that the client reads tells it that the connection stands.
    let first = match (wanted.stdout, wanted.stderr && !wanted.tty) {
        (true, _) => STDOUT,
        (false, true) => STDERR,
        (false, false) => ERROR,
    };
    websocket::write(&mut write, 2, &[&[first]]).await?;
    let process = tokio::spawn(async move {
        let result = match action {
            Action::Exec(options) => streaming.exec(options, streams).await,
            Action::Attach(id) => streaming.attach(&id, streams).await.map(|()| 0),
        };
        for task in copying {
            // A copy that panicked has nothing more to say.
            let _ = task.await;
        }
        if let Some(told) = told(protocol, result.map_err(|error| error.message)) {
            // Without a reader there is nobody to tell.
            let _ = frames.send((ERROR, told)).await;
        }
    });
    let (pongs, mut pong) = mpsc::channel::<Bytes>(1);
    let receiving = async move {
        let mut input = Some(input);
        while let Some(message) = reader.next().await? {
            match message {
                Message::Data(data) => match data.first() {
                    Some(&STDIN) => {
                        if let Some(sender) = &input
                            && sender.send(data.slice(1..)).await.is_err()
                        {
                            input = None;
                        }
                    }
                    Some(&RESIZE) => {
                        if let Some(size) = terminal_size(&data[1..]) {
                            // A size that finds no reader is of no use.
                            let _ = resizes.send(size).await;
                        }
                    }
                    Some(&CLOSE) if data.get(1) == Some(&STDIN) => input = None,
                    _ => {}
                },
                Message::Ping(data) => {
                    let _ = pongs.try_send(data);
                }
                Message::Close => break,
            }
        }
        Ok::<(), io::Error>(())
    };
    tokio::pin!(receiving);
    let outcome = loop {
        tokio::select! {
            frame = outgoing.recv() => match frame {
                Some((channel, data)) => websocket::write(&mut write, 2, &[&[channel], &data]).await?,
                None => break Ok(()),
            },
            Some(data) = pong.recv() => websocket::write(&mut write, 10, &[&data]).await?,
            ended = &mut receiving => break ended,
        }
    };
    // Dropping the call kills the command, as the contract of the runtime says.
    process.abort();
    websocket::write(&mut write, 8, &[&1000u16.to_be_bytes()]).await?;
    write.shutdown().await?;
    outcome
}

pub(super) fn terminal_size(data: &[u8]) -> Option<TerminalSize> {
    let size = decode::json_untyped(data).ok()?;
    let part = |key: &str| u16::try_from(size.i64_at(&[key])?).ok();
    Some(TerminalSize { width: part("Width")?, height: part("Height")? })
}

/// Serves port-forward on an upgraded connection: two channels for each of `ports`.
pub async fn forward<S>(stream: S, sandbox_id: String, ports: Vec<u16>, streaming: Arc<dyn Streaming>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let (read, mut write) = tokio::io::split(stream);
    let mut reader = MessageReader::new(read);
    let (frames, mut outgoing) = mpsc::channel::<(u8, Bytes)>(QUEUE_MESSAGES);
    let mut inputs = Vec::new();
    for (index, port) in ports.iter().copied().enumerate() {
        let channel = u8::try_from(index * 2).map_err(|_| io::Error::other("too many ports"))?;
        for channel in [channel, channel + 1] {
            websocket::write(&mut write, 2, &[&[channel], &port.to_le_bytes()]).await?;
        }
        let (input, mut receiver) = mpsc::channel::<Bytes>(QUEUE_MESSAGES);
        inputs.push(Some(input));
        let (frames, streaming, sandbox_id) = (frames.clone(), streaming.clone(), sandbox_id.clone());
        tokio::spawn(async move {
            let connection = match streaming.port_forward(&sandbox_id, port).await {
                Ok(connection) => connection,
                Err(error) => {
                    let message = format!("error forwarding port {port} to pod: {error}");
                    let _ = frames.send((channel + 1, message.into())).await;
                    return;
                }
            };
            let (mut from, mut to) = tokio::io::split(connection);
            let sending = async {
                while let Some(data) = receiver.recv().await {
                    to.write_all(&data).await?;
                }
                to.shutdown().await
            };
            let receiving = async {
                let mut buffer = vec![0; CHUNK_BYTES];
                while let Ok(size @ 1..) = from.read(&mut buffer).await {
                    if frames.send((channel, Bytes::copy_from_slice(&buffer[..size]))).await.is_err() {
                        break;
                    }
                }
            };
            // Either side may end first; what is left of the other is still delivered.
            let _ = tokio::join!(sending, receiving);
        });
    }
    drop(frames);
    let receiving = async move {
        while let Some(message) = reader.next().await? {
            match message {
                Message::Data(data) => {
                    let Some((channel, _)) = data.split_first() else { continue };
                    if let Some(Some(input)) = inputs.get(usize::from(channel / 2))
                        && channel % 2 == 0
                        && input.send(data.slice(1..)).await.is_err()
                    {
                        inputs[usize::from(channel / 2)] = None;
                    }
                }
                Message::Ping(_) => {}
                Message::Close => break,
            }
        }
        Ok::<(), io::Error>(())
    };
    tokio::pin!(receiving);
    loop {
        tokio::select! {
            frame = outgoing.recv() => match frame {
                Some((channel, data)) => websocket::write(&mut write, 2, &[&[channel], &data]).await?,
                None => break,
            },
            ended = &mut receiving => { ended?; break }
        }
    }
    websocket::write(&mut write, 8, &[&1000u16.to_be_bytes()]).await?;
    write.shutdown().await
}
