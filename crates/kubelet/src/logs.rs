//! Containers' logs: the format of CRI, cleaning up, and (below) reading and rotating.
//!
//! A line of a log file is `TIME STREAM TAG TEXT`, where the tag is `F` for a full line and `P` for a part of one.

pub mod read;
pub(crate) mod rotate;

use std::{
    io::{Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

use api::views::core_v1::Pod;
use apimachinery::Object;

use crate::{config::Config, observed::Observed, start::log_link_name, volumes::blocking};

/// How much of the end of a log is looked at, at least, for its last lines.
const TAIL_WINDOW_BYTES: u64 = 64 * 1024;

/// A line of a log file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// RFC 3339 with nanoseconds.
    pub time: &'a str,
    /// `stdout` or `stderr`.
    pub stream: &'a str,
    /// Whether the container's line goes on in the next one.
    pub partial: bool,
    /// What the container wrote, without the newline.
    pub text: &'a [u8],
}

/// Reads one line of a log file, without its newline; `None` when it is malformed.
pub fn parse_line(line: &[u8]) -> Option<Line<'_>> {
    let mut parts = line.splitn(4, |byte| *byte == b' ');
    let time = std::str::from_utf8(parts.next()?).ok()?;
    let stream = std::str::from_utf8(parts.next()?).ok()?;
    let tag = parts.next()?;
    let partial = tag.split(|byte| *byte == b':').next() == Some(b"P");
    Some(Line { time, stream, partial, text: parts.next().unwrap_or_default() })
}

/// The last lines that a container wrote, at most `lines` and `limit_bytes`.
pub(crate) fn tail(path: &Path, lines: usize, limit_bytes: u64) -> String {
    let Ok(mut file) = std::fs::File::open(path) else { return String::new() };
    let length = file.metadata().map(|metadata| metadata.len()).unwrap_or(0);
    // Each line carries its time and stream: read more than is shown.
    let window = (limit_bytes * 4).max(TAIL_WINDOW_BYTES);
    let start = length.saturating_sub(window);
    let mut bytes = Vec::new();
    if file.seek(SeekFrom::Start(start)).is_err() || file.take(window).read_to_end(&mut bytes).is_err() {
        return String::new();
    }
    let mut text = Vec::new();
    for line in bytes.split(|byte| *byte == b'\n').filter_map(parse_line) {
        text.extend_from_slice(line.text);
        if !line.partial {
            text.push(b'\n');
        }
    }
    let text = String::from_utf8_lossy(&text).into_owned();
    let kept: Vec<&str> = text.split_inclusive('\n').collect();
    let kept = kept[kept.len().saturating_sub(lines)..].concat();
    let cut = kept.len().saturating_sub(usize::try_from(limit_bytes).unwrap_or(usize::MAX));
    kept[kept.ceil_char_boundary(cut)..].to_owned()
}

/// Removes a container's log and what was rotated out of it.
pub(crate) async fn remove(path: &str) {
    let path = PathBuf::from(path);
    blocking(move || {
        for file in rotated(&path).into_iter().chain([path]) {
            if let Err(error) = std::fs::remove_file(&file)
                && error.kind() != std::io::ErrorKind::NotFound
            {
                tracing::warn!(%error, file = %file.display(), "an old log could not be removed");
            }
        }
    })
    .await;
}

/// The files that were rotated out of a log, oldest first.
pub(crate) fn rotated(path: &Path) -> Vec<PathBuf> {
    let Some((directory, name)) = path.parent().zip(path.file_name()) else { return Vec::new() };
    let prefix = format!("{}.", name.to_string_lossy());
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_rotated = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix));
    let mut files: Vec<PathBuf> = entries.filter(is_rotated).collect();
    // The suffix is the time of the rotation.
    files.sort();
    files
}

/// Removes all logs of a pod, and the links to them.
pub(crate) async fn remove_pod(config: &Config, pod: &Object, observed: &Observed) {
    let directory = config.pod_log_directory(Pod::of(pod));
    let links: Vec<PathBuf> = config
        .container_logs_directory
        .iter()
        .flat_map(|links| {
            let link = |name: &str, id: &str| links.join(log_link_name(pod, name, id));
            observed.containers.iter().map(move |container| link(&container.name, &container.id))
        })
        .collect();
    blocking(move || {
        for link in links {
            // A link that was never made is gone, too.
            let _ = std::fs::remove_file(link);
        }
        if let Err(error) = std::fs::remove_dir_all(&directory)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, directory = %directory.display(), "the logs of a pod could not be removed");
        }
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let line = parse_line(b"2026-11-22T12:00:00.5Z stderr P some text").unwrap();
        assert_eq!((line.stream, line.partial, line.text), ("stderr", true, &b"some text"[..]));
        assert_eq!(parse_line(b"2026 stdout F").map(|line| line.text), Some(&b""[..]));
        assert_eq!(parse_line(b"nonsense"), None);
    }

    #[test]
    fn the_end_of_a_log() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("0.log");
        let text: String = (0..100).map(|n| format!("t stdout P line \nt stdout F {n}\n")).collect();
        std::fs::write(&path, text).unwrap();
        assert_eq!(tail(&path, 2, 2048), "line 98\nline 99\n");
        assert_eq!(tail(&path, 80, 10), "8\nline 99\n");
    }
}
