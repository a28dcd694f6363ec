//! Reading a container's log: from where, how much, and whether to go on as it grows.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use futures::future::BoxFuture;
use tokio::sync::mpsc;

use super::parse_line;
use crate::{file_watch::DirectoryWatch, volumes::blocking};

/// Bytes read at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// What is wanted of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Go on as the log grows.
    pub follow: bool,
    /// Only so many lines from the end.
    pub tail_lines: Option<u64>,
    /// Only lines since then.
    pub since: Option<jiff::Timestamp>,
    /// Each line begins with its time.
    pub timestamps: bool,
    /// Stop after so many bytes.
    pub limit_bytes: Option<u64>,
    /// `stdout` or `stderr` alone.
    pub stream: Option<String>,
}

/// Where the last `lines` lines of a file begin.
fn tail_offset(file: &mut File, lines: u64) -> io::Result<u64> {
    let length = file.seek(SeekFrom::End(0))?;
    if lines == 0 {
        return Ok(length);
    }
    let (mut end, mut found) = (length, 0);
    let mut block = vec![0; CHUNK_BYTES];
    while end > 0 {
        let start = end.saturating_sub(CHUNK_BYTES as u64);
        let size = usize::try_from(end - start).unwrap_or(CHUNK_BYTES);
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut block[..size])?;
        for (index, _) in block[..size].iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n') {
            let next = start + index as u64 + 1;
            if next == length {
                continue;
            }
            found += 1;
            if found == lines {
                return Ok(next);
            }
        }
        end = start;
    }
    Ok(0)
}

/// A log that is being read.
struct Reader {
    path: PathBuf,
    file: File,
    options: Options,
    /// The start of a line whose end is not there yet.
    rest: Vec<u8>,
    left_bytes: Option<u64>,
    /// Whether the last line that was shown goes on.
    continued: bool,
}

impl Reader {
    fn open(path: &Path, options: Options) -> io::Result<Reader> {
        let mut file = File::open(path)?;
        let start = match options.tail_lines {
            Some(lines) => tail_offset(&mut file, lines)?,
            None => 0,
        };
        file.seek(SeekFrom::Start(start))?;
        let left_bytes = options.limit_bytes;
        Ok(Reader { path: path.to_owned(), file, options, rest: Vec::new(), left_bytes, continued: false })
    }

    fn done(&self) -> bool {
        self.left_bytes == Some(0)
    }

    /// What there is to show; `None` at the end of what is written so far.
    fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut out = Vec::new();
        while out.is_empty() {
            if self.done() {
                return Ok(None);
            }
            let mut chunk = vec![0; CHUNK_BYTES];
            let size = self.file.read(&mut chunk)?;
            if size == 0 {
                return if self.reopen()? { Ok(Some(out)) } else { Ok(None) };
            }
            self.rest.extend_from_slice(&chunk[..size]);
            let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') else { continue };
            let whole: Vec<u8> = self.rest.drain(..=end).collect();
            for line in whole.split(|byte| *byte == b'\n') {
                self.show(line, &mut out);
            }
        }
        Ok(Some(out))
    }

    /// Goes on with the new file after a rotation.
    fn reopen(&mut self) -> io::Result<bool> {
        if !self.options.follow {
            return Ok(false);
        }
        let Ok(current) = std::fs::metadata(&self.path) else { return Ok(false) };
        if current.ino() == self.file.metadata()?.ino() {
            return Ok(false);
        }
        self.file = File::open(&self.path)?;
        Ok(true)
    }

    fn show(&mut self, line: &[u8], out: &mut Vec<u8>) {
        let Some(parsed) = parse_line(line) else { return };
        if self.options.stream.as_deref().is_some_and(|stream| stream != parsed.stream) {
            return;
        }
        let since = self.options.since;
        if since.is_some_and(|since| parsed.time.parse::<jiff::Timestamp>().is_ok_and(|time| time < since)) {
            return;
        }
        let mut text = Vec::with_capacity(line.len());
        if self.options.timestamps && !self.continued {
            text.extend_from_slice(parsed.time.as_bytes());
            text.push(b' ');
        }
        text.extend_from_slice(parsed.text);
        if !parsed.partial {
            text.push(b'\n');
        }
        self.continued = parsed.partial;
        if let Some(left) = &mut self.left_bytes {
            text.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
            *left -= text.len() as u64;
        }
        out.extend_from_slice(&text);
    }
}

/// Sends a log to `sender`. With `follow` it goes on until `ended` says that the container has ended, or nobody
/// listens any more; `wake` resolves when that may have changed.
pub async fn read(
    path: &Path,
    options: Options,
    sender: mpsc::Sender<Bytes>,
    ended: impl Fn() -> BoxFuture<'static, bool> + Send,
    mut wake: mpsc::Receiver<()>,
) -> io::Result<()> {
    let follow = options.follow;
    let directory = path.parent().unwrap_or(path);
    // Before the first read, so that nothing that is written meanwhile is missed.
    let mut changes = if follow { Some(DirectoryWatch::new(directory)?) } else { None };
    let path = path.to_owned();
    let mut reader = blocking(move || Reader::open(&path, options)).await?;
    loop {
        let over = !follow || ended().await;
        loop {
            let (next, back) = blocking(move || (reader.next(), reader)).await;
            reader = back;
            match next? {
                Some(bytes) if bytes.is_empty() => {}
                Some(bytes) => {
                    if sender.send(bytes.into()).await.is_err() {
                        return Ok(());
                    }
                }
                None => break,
            }
        }
        let Some(changes) = changes.as_mut().filter(|_| !over && !reader.done()) else { return Ok(()) };
        tokio::select! {
            changed = changes.changed() => changed?,
            woken = wake.recv() => if woken.is_none() { return Ok(()) },
            () = sender.closed() => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn log(directory: &Path) -> PathBuf {
        let path = directory.join("0.log");
        let lines = "2026-01-01T00:00:01Z stdout F one\n2026-01-01T00:00:02Z stderr F two\n\
            2026-01-01T00:00:03Z stdout P thr\n2026-01-01T00:00:03Z stdout F ee\n2026-01-01T00:00:04Z stdout F four\n";
        std::fs::write(&path, lines).unwrap();
        path
    }

    async fn shown(path: &Path, options: Options) -> String {
        let ((sender, mut receiver), (_wake, woken)) = (mpsc::channel(64), mpsc::channel(1));
        read(path, options, sender, || Box::pin(std::future::ready(true)), woken).await.unwrap();
        let mut text = Vec::new();
        while let Some(bytes) = receiver.recv().await {
            text.extend_from_slice(&bytes);
        }
        String::from_utf8(text).unwrap()
    }

    #[tokio::test]
    async fn options_choose() {
        let directory = tempfile::tempdir().unwrap();
        let path = log(directory.path());
        let all = Options::default();
        assert_eq!(shown(&path, all.clone()).await, "one\ntwo\nthree\nfour\n");
        assert_eq!(shown(&path, Options { tail_lines: Some(1), ..all.clone() }).await, "four\n");
        assert_eq!(shown(&path, Options { tail_lines: Some(0), ..all.clone() }).await, "");
        assert_eq!(shown(&path, Options { tail_lines: Some(99), ..all.clone() }).await.lines().count(), 4);
        assert_eq!(shown(&path, Options { limit_bytes: Some(5), ..all.clone() }).await, "one\nt");
        assert_eq!(shown(&path, Options { stream: Some("stderr".into()), ..all.clone() }).await, "two\n");
        let since = Some("2026-01-01T00:00:04Z".parse().unwrap());
        assert_eq!(shown(&path, Options { since, timestamps: true, ..all }).await, "2026-01-01T00:00:04Z four\n");
    }

    #[tokio::test]
    async fn following_survives_rotation_and_ends_with_the_container() {
        let directory = tempfile::tempdir().unwrap();
        let path = log(directory.path());
        let ((sender, mut receiver), (wake, woken)) = (mpsc::channel(64), mpsc::channel(1));
        let over = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let reading = tokio::spawn({
            let (path, over) = (path.clone(), over.clone());
            let options = Options { follow: true, tail_lines: Some(1), ..Options::default() };
            async move {
                let ended = move || -> BoxFuture<'static, bool> {
                    Box::pin(std::future::ready(over.load(std::sync::atomic::Ordering::SeqCst)))
                };
                read(&path, options, sender, ended, woken).await
            }
        });
        assert_eq!(receiver.recv().await.unwrap(), "four\n");
        std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"t stdout F five\n").unwrap();
        assert_eq!(receiver.recv().await.unwrap(), "five\n");
        std::fs::rename(&path, directory.path().join("0.log.1")).unwrap();
        std::fs::write(&path, "t stdout F six\n").unwrap();
        assert_eq!(receiver.recv().await.unwrap(), "six\n");
        over.store(true, std::sync::atomic::Ordering::SeqCst);
        wake.send(()).await.unwrap();
        reading.await.unwrap().unwrap();
        assert!(receiver.recv().await.is_none());
    }
}
