//! A connection and its streams: one task reads and writes, and each stream is a pair of queues.

use std::{collections::HashMap, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    sync::{mpsc, oneshot},
};

use super::{
    Error, Headers, Reset,
    frame::{DATA_PIECE_BYTES, Frame, FrameEncoder, FrameReader},
};

/// Streams that may be open at once; with [`QUEUE_PIECES`] it bounds what a connection may keep.
const STREAM_LIMIT: usize = 512;
/// Pieces of data that wait for the consumer of a stream.
const QUEUE_PIECES: usize = 8;
/// Frames that wait to be written.
const QUEUE_FRAMES: usize = 16;
/// Frames are gathered up to this size before they are written.
const BATCH_BYTES: usize = 64 * 1024;
/// How long the last words may take.
const FAREWELL: Duration = Duration::from_secs(5);

/// What the reader of frames knows of a stream.
struct Entry {
    /// `None` once the other side is done.
    incoming: Option<mpsc::Sender<Bytes>>,
    reset: oneshot::Sender<()>,
    /// Whether our side is done.
    finished: bool,
}

type Table = Arc<Mutex<HashMap<u32, Entry>>>;

/// The connection has ended.
#[derive(Debug, thiserror::Error)]
#[error("the SPDY connection has ended")]
pub struct Closed;

/// A stream that the other side has opened. It waits for [`StreamWriter::reply`] or [`StreamWriter::reset`].
pub struct Stream {
    /// What it was opened with.
    pub headers: Headers,
    /// What the other side sends.
    pub reader: StreamReader,
    /// What we send.
    pub writer: StreamWriter,
    /// Says `Ok` when the other side gives the stream up.
    pub reset: oneshot::Receiver<()>,
}

/// The reading half of a stream.
pub struct StreamReader {
    id: u32,
    incoming: mpsc::Receiver<Bytes>,
    frames: mpsc::Sender<Frame>,
}

impl StreamReader {
    /// The next piece of data; `None` when the other side is done or has given up.
    pub async fn next(&mut self) -> Option<Bytes> {
        let data = self.incoming.recv().await?;
        // Without a connection there is no window either.
        let _ = self.frames.send(Frame::WindowUpdate { id: self.id, delta: data.len() as u32 }).await;
        Some(data)
    }
}

/// The writing half of a stream.
pub struct StreamWriter {
    id: u32,
    frames: mpsc::Sender<Frame>,
    table: Table,
}

impl StreamWriter {
    async fn send(&self, frame: Frame) -> Result<(), Closed> {
        self.frames.send(frame).await.map_err(|_| Closed)
    }

    /// Accepts the stream.
    ///
    /// # Errors
    /// When the connection has ended.
    pub async fn reply(&self) -> Result<(), Closed> {
        self.send(Frame::SynReply { id: self.id, headers: Headers::default(), fin: false }).await
    }

    /// Sends data, once there is room for it.
    ///
    /// # Errors
    /// When the connection has ended.
    pub async fn write(&self, mut data: Bytes) -> Result<(), Closed> {
        while !data.is_empty() {
            let piece = data.split_to(data.len().min(DATA_PIECE_BYTES));
            self.send(Frame::Data { id: self.id, data: piece, fin: false }).await?;
        }
        Ok(())
    }

    /// Says that nothing more is sent; the other side may go on.
    ///
    /// # Errors
    /// When the connection has ended.
    pub async fn finish(self) -> Result<(), Closed> {
        self.send(Frame::Data { id: self.id, data: Bytes::new(), fin: true }).await?;
        let mut table = self.table.lock();
        if let Some(entry) = table.get_mut(&self.id) {
            entry.finished = true;
            if entry.incoming.is_none() {
                table.remove(&self.id);
            }
        }
        Ok(())
    }

    /// Ends the stream in both directions.
    ///
    /// # Errors
    /// When the connection has ended.
    pub async fn reset(self, reason: Reset) -> Result<(), Closed> {
        self.table.lock().remove(&self.id);
        self.send(Frame::RstStream { id: self.id, status: reason as u32 }).await
    }
}

/// Serves a connection until either side ends it; streams that the client opens go to `accept`.
///
/// # Errors
/// When the connection breaks or what comes is malformed; the other side has been told then.
pub async fn serve<S>(stream: S, accept: mpsc::Sender<Stream>) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite,
{
    let (read, write) = tokio::io::split(stream);
    let (frames, queue) = mpsc::channel(QUEUE_FRAMES);
    let mut receiver =
        Receiver { table: Table::default(), frames: frames.clone(), accept, last_id: 0, going_away: false };
    let encoder = FrameEncoder::new()?;
    let writing = send(write, encoder, queue);
    tokio::pin!(writing);
    let outcome = tokio::select! {
        written = &mut writing => return written,
        received = receiver.run(FrameReader::new(read)) => received,
    };
    let status = u32::from(outcome.is_err());
    let farewell = Frame::GoAway { last_id: receiver.last_id, status };
    // Who does not listen any more need not hear it.
    let _ = tokio::time::timeout(FAREWELL, async { tokio::join!(frames.send(farewell), writing) }).await;
    outcome
}

/// Writes what is queued, up to and including GOAWAY.
async fn send<W: AsyncWrite + Unpin>(
    mut write: W,
    mut encoder: FrameEncoder,
    mut queue: mpsc::Receiver<Frame>,
) -> Result<(), Error> {
    let mut buffer = BytesMut::new();
    while let Some(first) = queue.recv().await {
        let mut next = Some(first);
        let mut last = false;
        while let Some(frame) = next {
            encoder.encode(&frame, &mut buffer)?;
            last = matches!(frame, Frame::GoAway { .. });
            next = if last || buffer.len() >= BATCH_BYTES { None } else { queue.try_recv().ok() };
        }
        write.write_all(&buffer).await.map_err(Error::Write)?;
        write.flush().await.map_err(Error::Write)?;
        buffer.clear();
        if last {
            break;
        }
    }
    write.shutdown().await.map_err(Error::Write)
}

struct Receiver {
    table: Table,
    frames: mpsc::Sender<Frame>,
    accept: mpsc::Sender<Stream>,
    last_id: u32,
    going_away: bool,
}

impl Receiver {
    async fn run<R: AsyncRead + Unpin>(&mut self, mut reader: FrameReader<R>) -> Result<(), Error> {
        while let Some(frame) = reader.next().await? {
            match frame {
                Frame::SynStream { id, headers, fin, unidirectional } => {
                    self.open(id, headers, fin, unidirectional).await?;
                }
                Frame::Data { id, data, fin } => self.data(id, data, fin).await?,
                Frame::Headers { id, fin: true, .. } => self.finished(id),
                Frame::RstStream { id, .. } => {
                    if let Some(entry) = self.table.lock().remove(&id) {
                        // A stream whose work is done does not listen.
                        let _ = entry.reset.send(());
                    }
                }
                // An even number would be an answer to ours, and we ask nothing.
                Frame::Ping(number) if number % 2 == 1 => self.send(Frame::Ping(number)).await,
                Frame::GoAway { .. } => self.going_away = true,
                Frame::SynReply { .. } => return Err(Error::Malformed("a reply to a stream that was never opened")),
                Frame::Headers { .. } | Frame::Ping(_) | Frame::Settings | Frame::WindowUpdate { .. } => {}
            }
            if self.going_away && self.table.lock().is_empty() {
                break;
            }
        }
        Ok(())
    }

    async fn send(&self, frame: Frame) {
        // The writing side says itself why it has ended.
        let _ = self.frames.send(frame).await;
    }

    async fn open(&mut self, id: u32, headers: Headers, fin: bool, unidirectional: bool) -> Result<(), Error> {
        if id.is_multiple_of(2) || id <= self.last_id {
            return Err(Error::Malformed("the number of a new stream is not the client's next"));
        }
        self.last_id = id;
        if unidirectional || self.going_away || self.table.lock().len() >= STREAM_LIMIT {
            self.send(Frame::RstStream { id, status: Reset::Refused as u32 }).await;
            return Ok(());
        }
        let (incoming, receiver) = mpsc::channel(QUEUE_PIECES);
        let (reset, on_reset) = oneshot::channel();
        let entry = Entry { incoming: (!fin).then_some(incoming), reset, finished: false };
        self.table.lock().insert(id, entry);
        let stream = Stream {
            headers,
            reader: StreamReader { id, incoming: receiver, frames: self.frames.clone() },
            writer: StreamWriter { id, frames: self.frames.clone(), table: self.table.clone() },
            reset: on_reset,
        };
        if self.accept.send(stream).await.is_err() {
            self.table.lock().remove(&id);
            self.send(Frame::RstStream { id, status: Reset::Refused as u32 }).await;
        }
        Ok(())
    }

    async fn data(&mut self, id: u32, data: Bytes, fin: bool) -> Result<(), Error> {
        if id > self.last_id || id.is_multiple_of(2) {
            return Err(Error::Malformed("data of a stream that was never opened"));
        }
        // Data of streams that have ended may still have been under way.
        let incoming = self.table.lock().get(&id).and_then(|entry| entry.incoming.clone());
        if let (Some(incoming), false) = (incoming, data.is_empty()) {
            // A consumer that has gone wants no more; the rest is for nobody.
            let _ = incoming.send(data).await;
        }
        if fin {
            self.finished(id);
        }
        Ok(())
    }

    /// The other side is done with a stream.
    fn finished(&self, id: u32) {
        let mut table = self.table.lock();
        if let Some(entry) = table.get_mut(&id) {
            entry.incoming = None;
            if entry.finished {
                table.remove(&id);
            }
        }
    }
}
