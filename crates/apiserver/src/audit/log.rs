//! The backend that writes lines into a file or to standard output.
//!
//! A thread of its own writes: no request ever waits inside of a system call, and what came while one line was written
//! is written with one call.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    sync::Arc,
};

use async_trait::async_trait;
use bytes::Bytes;

use super::{
    Event, Mode, Offered, Rotation, Sink, Truncation,
    batch::{Batches, Entry, Queue},
    metrics,
    rotation::LogFile,
};

/// The name of the backend in metrics and logs.
const PLUGIN: &str = "log";
/// The most bytes that are written with one call, unless truncation says otherwise.
const WRITE_BYTES: u64 = 1 << 20;

/// What a line looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The event as JSON.
    Json,
    /// A sentence of a few fields.
    Legacy,
}

/// Where lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Standard output.
    StandardOutput,
    /// A file, made with its folders when it is not there; it grows without end unless it is rotated.
    File(PathBuf, Option<Rotation>),
}

/// How lines are written.
#[derive(Clone, Debug, PartialEq)]
pub struct LogSettings {
    /// Where to.
    pub output: Output,
    /// In which format.
    pub format: Format,
    /// Whether requests wait for it.
    pub mode: Mode,
    /// What becomes of large events; they are written as they are when not given.
    pub truncation: Option<Truncation>,
}

/// The backend.
pub struct LogSink {
    queue: Queue,
    format: Format,
    truncation: Option<Truncation>,
}

impl LogSink {
    /// Makes the file, and starts the thread that writes.
    ///
    /// # Errors
    /// The file cannot be made or written.
    pub fn open(settings: LogSettings) -> io::Result<Arc<LogSink>> {
        let LogSettings { output, format, mode, truncation } = settings;
        let place = match output {
            Output::StandardOutput => Place::StandardOutput,
            Output::File(path, rotation) => Place::File(LogFile::open(path, rotation)?),
        };
        let (queue, batches) = Queue::new(mode, PLUGIN);
        let write_bytes = truncation.map_or(WRITE_BYTES, |truncation| truncation.batch_bytes_limit);
        let writer = Writer { place, write_bytes, buffer: Vec::new() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        std::thread::Builder::new()
            .name("audit-log".to_owned())
            .spawn(move || runtime.block_on(writer.run(batches)))?;
        Ok(Arc::new(LogSink { queue, format, truncation }))
    }

    fn line(&self, event: &Event, json: Option<Vec<u8>>) -> Bytes {
        let mut line = match self.format {
            Format::Json => json.unwrap_or_else(|| event.to_json()),
            Format::Legacy => event.to_legacy().into_bytes(),
        };
        line.push(b'\n');
        line.into()
    }
}

#[async_trait]
impl Sink for LogSink {
    fn offer(&self, event: &Event) -> Offered {
        let line = match &self.truncation {
            None => Some(self.line(event, None)),
            Some(truncation) => truncation.encode(event, |event, json| self.line(event, json)),
        };
        match line {
            Some(line) => self.queue.offer(event, line),
            None => Offered::Settled(true),
        }
    }

    async fn stop(&self) {
        self.queue.stop().await;
    }
}

enum Place {
    StandardOutput,
    File(LogFile),
}

impl Place {
    fn has_room(&self, length: u64) -> bool {
        match self {
            Place::StandardOutput => true,
            Place::File(file) => file.has_room(length),
        }
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Place::StandardOutput => {
                let mut output = io::stdout().lock();
                output.write_all(bytes)?;
                output.flush()
            }
            Place::File(file) => file.append(bytes),
        }
    }

    /// Whether what was written in part is taken back, so that it can be tried again.
    fn takes_back(&self) -> bool {
        matches!(self, Place::File(_))
    }
}

struct Writer {
    place: Place,
    write_bytes: u64,
    /// Lines that are written with one call.
    buffer: Vec<u8>,
}

impl Writer {
    async fn run(mut self, mut batches: Batches) {
        while let Some(batch) = batches.next().await {
            self.write(batch);
        }
    }

    fn write(&mut self, batch: Vec<Entry>) {
        let mut group = Vec::with_capacity(batch.len());
        for entry in batch {
            let length = (self.buffer.len() + entry.bytes.len()) as u64;
            if !group.is_empty() && (length > self.write_bytes || !self.place.has_room(length)) {
                self.flush(std::mem::take(&mut group));
            }
            self.buffer.extend_from_slice(&entry.bytes);
            group.push(entry);
        }
        self.flush(group);
    }

    fn flush(&mut self, group: Vec<Entry>) {
        let written = self.place.append(&self.buffer);
        self.buffer.clear();
        // A large one leaves no large buffer behind.
        self.buffer.shrink_to(WRITE_BYTES as usize);
        let Err(error) = written else { return group.into_iter().for_each(|entry| entry.settle(true)) };
        if group.len() == 1 || !self.place.takes_back() {
            metrics::lost(PLUGIN, &error, group.len());
            return group.into_iter().for_each(|entry| entry.settle(false));
        }
        // Some may fit on a disk that has no room for all.
        let (mut lost, mut last_error) = (0, error);
        for entry in group {
            match self.place.append(&entry.bytes) {
                Ok(()) => entry.settle(true),
                Err(error) => {
                    (lost, last_error) = (lost + 1, error);
                    entry.settle(false);
                }
            }
        }
        if lost > 0 {
            metrics::lost(PLUGIN, &last_error, lost);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::event::tests::full;

    fn settings(path: PathBuf) -> LogSettings {
        LogSettings {
            output: Output::File(path, None),
            format: Format::Json,
            mode: Mode::BlockingStrict,
            truncation: None,
        }
    }

    #[tokio::test]
    async fn a_request_waits_until_its_line_stands_there() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new/audit.log");
        let sink = LogSink::open(settings(path.clone())).unwrap();
        for count in 1..=3 {
            assert!(sink.offer(&full()).kept().await);
            assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), count);
        }
        sink.stop().await;
        assert!(!sink.offer(&full()).kept().await, "it is shut down");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("{\"kind\":\"Event\",") && text.ends_with("}\n"), "{text}");
        let legacy = LogSettings { format: Format::Legacy, ..settings(directory.path().join("legacy.log")) };
        assert!(LogSink::open(legacy).unwrap().offer(&full()).kept().await);
        let text = std::fs::read_to_string(directory.path().join("legacy.log")).unwrap();
        assert!(text.contains(" AUDIT: id=\"id-1\" "), "{text}");
    }

    #[tokio::test]
    async fn what_the_disk_does_not_take_is_said() {
        // Every write to this device fails as on a full disk.
        let sink = LogSink::open(settings("/dev/full".into())).unwrap();
        assert!(!sink.offer(&full()).kept().await);
        let sink = LogSink::open(LogSettings { mode: Mode::Blocking, ..settings("/dev/full".into()) }).unwrap();
        assert!(sink.offer(&full()).kept().await, "the request goes on");
        assert!(LogSink::open(settings("/proc/nothing/audit.log".into())).is_err());
    }

    #[tokio::test]
    async fn batches_are_written_at_the_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("audit.log");
        let wait = std::time::Duration::from_secs(3600);
        let batching = crate::audit::Batching { buffer_length: 10, batch_length: 10, wait, throttling: None };
        let sink = LogSink::open(LogSettings { mode: Mode::Batch(batching), ..settings(path.clone()) }).unwrap();
        for _ in 0..4 {
            assert!(sink.offer(&full()).kept().await);
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "");
        sink.stop().await;
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 4);
    }
}
