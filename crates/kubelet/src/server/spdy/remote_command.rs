//! Exec and attach: each of the standard streams, the terminal's size and how it ended are a stream of their own.

use std::{collections::HashMap, io, sync::Arc, time::Duration};

use apimachinery::json;
use bytes::Bytes;
use cri_api::{Streaming, Streams, TerminalSize};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
};

use super::{
    super::channels::{self, Action, QueueReader, Wanted},
    Reset,
    connection::{self, Stream, StreamReader},
};

/// The protocol's name.
pub const PROTOCOL: &str = "v4.channel.k8s.io";
/// How long the client may take to open its streams, and to hang up when all is said.
const PATIENCE: Duration = Duration::from_secs(30);
const QUEUE_MESSAGES: usize = 16;
/// The longest size of a terminal.
const RESIZE_LIMIT_BYTES: usize = 1024;

/// Serves exec or attach on an upgraded connection until the process or the client ends it.
///
/// # Errors
/// When the connection breaks, or the client does not keep to the protocol or opens its streams too late.
pub async fn serve<S>(stream: S, action: Action, wanted: Wanted, streaming: Arc<dyn Streaming>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Send,
{
    let (accept, mut incoming) = mpsc::channel(1);
    let serving = connection::serve(stream, accept);
    tokio::pin!(serving);
    let working = async {
        let late = |_| io::Error::new(io::ErrorKind::TimedOut, "timed out waiting for client to create streams");
        let streams = tokio::time::timeout(PATIENCE, collect(&mut incoming, wanted)).await.map_err(late)?;
        // Any further stream is refused.
        incoming.close();
        run(streams, action, &*streaming).await;
        Ok::<(), io::Error>(())
    };
    tokio::select! {
        // Dropping the call kills the command, as the contract of the runtime says.
        ended = &mut serving => return ended.map_err(io::Error::from),
        worked = working => worked?,
    }
    // What is queued is still delivered; then the client hangs up.
    tokio::time::timeout(PATIENCE, serving).await.unwrap_or(Ok(())).map_err(io::Error::from)
}

/// Waits for the streams that the client has announced, by their type.
async fn collect(incoming: &mut mpsc::Receiver<Stream>, wanted: Wanted) -> HashMap<&'static str, Stream> {
    let announced = [
        ("error", true),
        ("stdin", wanted.stdin),
        ("stdout", wanted.stdout),
        ("stderr", wanted.stderr && !wanted.tty),
        ("resize", wanted.tty),
    ];
    let mut missing: Vec<&'static str> = announced.iter().filter(|(_, is)| *is).map(|(name, _)| *name).collect();
    let mut streams = HashMap::new();
    while !missing.is_empty() {
        let Some(stream) = incoming.recv().await else { break };
        let place = missing.iter().position(|name| stream.headers.get("streamType") == Some(name));
        // A connection that has ended shows elsewhere.
        let _ = match place {
            Some(index) => {
                let replied = stream.writer.reply().await;
                streams.insert(missing.swap_remove(index), stream);
                replied
            }
            None => stream.writer.reset(Reset::Protocol).await,
        };
    }
    streams
}

async fn run(mut opened: HashMap<&'static str, Stream>, action: Action, streaming: &dyn Streaming) {
    let mut streams = Streams::default();
    let (input, receiver) = mpsc::channel(QUEUE_MESSAGES);
    let stdin = opened.remove("stdin");
    if stdin.is_some() {
        streams.stdin = Some(Box::new(QueueReader::new(receiver)));
    }
    let (sizes, resize) = mpsc::channel(QUEUE_MESSAGES);
    let resizes = opened.remove("resize");
    if resizes.is_some() {
        streams.resize = Some(resize);
    }
    let (frames, mut queue) = mpsc::channel(QUEUE_MESSAGES);
    let (stdout, stderr) = (opened.remove("stdout"), opened.remove("stderr"));
    if stdout.is_some() {
        streams.stdout = Some(channels::output(channels::STDOUT, frames.clone()).0);
    }
    if stderr.is_some() {
        streams.stderr = Some(channels::output(channels::STDERR, frames.clone()).0);
    }
    drop(frames);
    let process = async {
        match action {
            Action::Exec(options) => streaming.exec(options, streams).await,
            Action::Attach(id) => streaming.attach(&id, streams).await.map(|()| 0),
        }
    };
    let copying = async {
        while let Some((channel, data)) = queue.recv().await {
            if let Some(stream) = if channel == channels::STDOUT { &stdout } else { &stderr } {
                // A connection that has ended ends the process with it.
                let _ = stream.writer.write(data).await;
            }
        }
    };
    let hearing = async {
        tokio::join!(feed(stdin, input), terminal_sizes(resizes, sizes));
        std::future::pending::<()>().await;
    };
    let result = tokio::select! {
        (result, ()) = async { tokio::join!(process, copying) } => result,
        () = hearing => return,
    };
    let status = channels::ending(result.map_err(|error| error.message));
    let Some(error) = opened.remove("error") else { return };
    let _ = error.writer.write(json::to_vec(&status).into()).await;
    for stream in [Some(error), stdout, stderr].into_iter().flatten() {
        let _ = stream.writer.finish().await;
    }
}

/// Passes the client's input on, and its end.
async fn feed(stdin: Option<Stream>, input: mpsc::Sender<Bytes>) {
    let Some(mut stream) = stdin else { return };
    while let Some(data) = stream.reader.next().await {
        if input.send(data).await.is_err() {
            return;
        }
    }
    // Our side of it says nothing.
    let _ = stream.writer.finish().await;
}

/// Reads sizes of the terminal, each a line of JSON.
async fn terminal_sizes(resizes: Option<Stream>, sizes: mpsc::Sender<TerminalSize>) {
    let Some(Stream { reader, writer, .. }) = resizes else { return };
    read_sizes(reader, sizes).await;
    let _ = writer.finish().await;
}

async fn read_sizes(mut reader: StreamReader, sizes: mpsc::Sender<TerminalSize>) {
    let mut text = Vec::new();
    while let Some(data) = reader.next().await {
        for byte in data {
            if byte != b'\n' && text.len() < RESIZE_LIMIT_BYTES {
                text.push(byte);
            } else {
                if let Some(size) = channels::terminal_size(&text) {
                    // A size that finds no reader is of no use.
                    let _ = sizes.send(size).await;
                }
                text.clear();
            }
        }
    }
}

#[cfg(test)]
mod tests;
