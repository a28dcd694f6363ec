//! Port-forward: each connection to a port is two streams of one request, one for data and one for an error.

use std::{collections::HashMap, io, sync::Arc, time::Duration};

use bytes::Bytes;
use cri_api::Streaming;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::{mpsc, oneshot},
    task::JoinSet,
};

use super::{
    Headers, Reset,
    connection::{self, Stream, StreamReader, StreamWriter},
};

/// The protocol's name.
pub const PROTOCOL: &str = "portforward.k8s.io";
/// How long the first stream of a pair waits for the second.
const PAIRING: Duration = Duration::from_secs(30);
const CHUNK_BYTES: usize = 16 * 1024;

/// What a stream is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Data,
    Error,
}

/// What the headers of a stream say; `None` when it is none of port-forward.
struct Purpose {
    kind: Kind,
    port: u16,
    request_id: String,
}

impl Purpose {
    fn of(headers: &Headers) -> Option<Purpose> {
        let kind = match headers.get("streamType")? {
            "data" => Kind::Data,
            "error" => Kind::Error,
            _ => return None,
        };
        let port = headers.get("port")?.parse().ok().filter(|port| *port > 0)?;
        Some(Purpose { kind, port, request_id: headers.get("requestID")?.to_owned() })
    }
}

/// The first stream of a pair, while it waits.
struct Waiting {
    kind: Kind,
    second: oneshot::Sender<Stream>,
}

/// Serves port-forward on an upgraded connection, for any ports of the sandbox that the client names.
///
/// # Errors
/// When the connection breaks or the client does not keep to the protocol.
pub async fn serve<S>(stream: S, sandbox_id: String, streaming: Arc<dyn Streaming>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Send,
{
    let (accept, mut streams) = mpsc::channel(1);
    let serving = connection::serve(stream, accept);
    tokio::pin!(serving);
    let mut waiting: HashMap<String, Waiting> = HashMap::new();
    // The tasks end with the connection.
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            ended = &mut serving => return ended.map_err(io::Error::from),
            Some(stream) = streams.recv() => {
                waiting.retain(|_, first| !first.second.is_closed());
                let Some(Purpose { kind, port, request_id }) = Purpose::of(&stream.headers) else {
                    tasks.spawn(reject(stream));
                    continue;
                };
                match waiting.remove(&request_id) {
                    Some(first) if first.kind != kind => {
                        if let Err(stream) = first.second.send(stream) {
                            tasks.spawn(reject(stream));
                        }
                    }
                    Some(first) => {
                        waiting.insert(request_id, first);
                        tasks.spawn(reject(stream));
                    }
                    None => {
                        let (second, partner) = oneshot::channel();
                        waiting.insert(request_id, Waiting { kind, second });
                        let (streaming, sandbox_id) = (streaming.clone(), sandbox_id.clone());
                        tasks.spawn(async move { pair(stream, kind, partner, port, &sandbox_id, &*streaming).await });
                    }
                }
            }
            Some(_) = tasks.join_next(), if !tasks.is_empty() => {}
        }
    }
}

async fn reject(stream: Stream) {
    // A connection that has ended needs no answer.
    let _ = stream.writer.reset(Reset::Protocol).await;
}

/// Waits for the second stream and then serves both.
async fn pair(
    first: Stream,
    kind: Kind,
    partner: oneshot::Receiver<Stream>,
    port: u16,
    sandbox_id: &str,
    streaming: &dyn Streaming,
) {
    if first.writer.reply().await.is_err() {
        return;
    }
    let Ok(Ok(second)) = tokio::time::timeout(PAIRING, partner).await else {
        if kind == Kind::Error {
            let _ = first.writer.write(Bytes::from_static(b"error: timed out waiting for the data stream")).await;
            let _ = first.writer.finish().await;
        } else {
            let _ = first.writer.reset(Reset::Cancel).await;
        }
        return;
    };
    if second.writer.reply().await.is_err() {
        return;
    }
    let (data, error) = if kind == Kind::Data { (first, second) } else { (second, first) };
    let Stream { reader, writer, mut reset, .. } = data;
    let failure = tokio::select! {
        failure = join(port, sandbox_id, reader, writer, streaming) => failure,
        // The client has given the connection up: so does the pod's side when `join` is dropped.
        Ok(()) = &mut reset => None,
    };
    if let Some(failure) = failure {
        tracing::debug!(%failure, sandbox_id, "a port could not be forwarded");
        let _ = error.writer.write(failure.into()).await;
    }
    let _ = error.writer.finish().await;
}

/// Joins the data stream with the port until both directions are done; answers why that failed.
async fn join(
    port: u16,
    sandbox_id: &str,
    mut reader: StreamReader,
    writer: StreamWriter,
    streaming: &dyn Streaming,
) -> Option<String> {
    let failure = |error: &dyn std::fmt::Display| format!("error forwarding port {port} to pod {sandbox_id}: {error}");
    let connection = match streaming.port_forward(sandbox_id, port).await {
        Ok(connection) => connection,
        Err(error) => {
            let _ = writer.finish().await;
            return Some(failure(&error));
        }
    };
    let (mut from, mut to) = tokio::io::split(connection);
    let sending = async {
        while let Some(data) = reader.next().await {
            if to.write_all(&data).await.is_err() {
                // The pod reads no more; what it still says is delivered, and the rest of the client's is dropped.
                return;
            }
        }
        let _ = to.shutdown().await;
    };
    let receiving = async {
        let mut buffer = vec![0; CHUNK_BYTES];
        let outcome = loop {
            match from.read(&mut buffer).await {
                Ok(0) => break None,
                Ok(size) => {
                    if writer.write(Bytes::copy_from_slice(&buffer[..size])).await.is_err() {
                        return None;
                    }
                }
                // To the client that is the end of what the pod says, as on any connection.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => break None,
                Err(error) => break Some(failure(&error)),
            }
        };
        let _ = writer.finish().await;
        outcome
    };
    let ((), outcome) = tokio::join!(sending, receiving);
    outcome
}

#[cfg(test)]
mod tests;
