//! A container's log in CRI's format: `<time> stdout|stderr F|P <text>`, one line each.
//!
//! A line longer than [`LINE_LIMIT_BYTES`], and the last one when it does not end in a newline, is tagged `P` for
//! partial: whoever reads the log joins it with what follows.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use super::container::Stream;

/// Longest text in one line of a log; containerd's limit as well.
const LINE_LIMIT_BYTES: usize = 16 << 10;

/// See the module.
pub(super) struct Log {
    path: PathBuf,
    file: File,
    /// An unfinished line per output stream.
    unfinished: [Vec<u8>; 2],
    /// Finished lines that go to the file in one write.
    batch: Vec<u8>,
}

impl Log {
    /// Opens the file for appending; creates it and its directory.
    pub(super) fn open(path: PathBuf) -> io::Result<Self> {
        let file = open(&path)?;
        Ok(Self { path, file, unfinished: [Vec::new(), Vec::new()], batch: Vec::new() })
    }

    /// Opens the path anew; until that succeeds the old file goes on.
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        self.file = open(&self.path)?;
        Ok(())
    }

    /// Appends output that was read from a stream.
    pub(super) fn write(&mut self, stream: Stream, mut bytes: &[u8]) {
        let time = timestamp(super::now_nanoseconds());
        while !bytes.is_empty() {
            let unfinished = &mut self.unfinished[stream.index()];
            let room = LINE_LIMIT_BYTES - unfinished.len();
            let newline = bytes.iter().take(room + 1).position(|byte| *byte == b'\n');
            let (text, rest, tag) = match newline {
                Some(end) => (&bytes[..end], &bytes[end + 1..], b'F'),
                None if bytes.len() >= room => (&bytes[..room], &bytes[room..], b'P'),
                None => {
                    unfinished.extend_from_slice(bytes);
                    break;
                }
            };
            append_line(&mut self.batch, &time, stream, tag, &[unfinished, text]);
            unfinished.clear();
            bytes = rest;
        }
        self.write_batch();
    }

    /// Writes what is left of a stream that has ended.
    pub(super) fn finish(&mut self, stream: Stream) {
        let unfinished = std::mem::take(&mut self.unfinished[stream.index()]);
        if !unfinished.is_empty() {
            append_line(&mut self.batch, &timestamp(super::now_nanoseconds()), stream, b'P', &[&unfinished]);
            self.write_batch();
        }
    }

    fn write_batch(&mut self) {
        // A full disk must not stop the container: what cannot be written is lost, as with every other runtime.
        let _ = self.file.write_all(&self.batch);
        self.batch.clear();
        self.batch.shrink_to(0);
        for unfinished in &mut self.unfinished {
            if unfinished.is_empty() {
                unfinished.shrink_to(0);
            }
        }
    }
}

fn open(path: &std::path::Path) -> io::Result<File> {
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory)?;
    }
    OpenOptions::new().append(true).create(true).mode(0o640).open(path)
}

fn append_line(batch: &mut Vec<u8>, time: &str, stream: Stream, tag: u8, parts: &[&[u8]]) {
    batch.extend_from_slice(time.as_bytes());
    batch.push(b' ');
    batch.extend_from_slice(stream.name().as_bytes());
    batch.extend_from_slice(&[b' ', tag, b' ']);
    for part in parts {
        batch.extend_from_slice(part);
    }
    batch.push(b'\n');
}

/// RFC 3339 in UTC with nanoseconds.
fn timestamp(nanoseconds: i64) -> String {
    let seconds = nanoseconds.div_euclid(1_000_000_000);
    let (days, second_of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil_date(days);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:09}Z",
        second_of_day / 3600,
        second_of_day / 60 % 60,
        second_of_day % 60,
        nanoseconds.rem_euclid(1_000_000_000)
    )
}

/// Days since 1970 as year, month and day: years begin in March here, so that the leap day is a year's last.
fn civil_date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(write: impl FnOnce(&mut Log)) -> Vec<(String, String)> {
        let directory = std::env::temp_dir().join(format!("sagong-log-test-{:?}", std::thread::current().id()));
        let mut log = Log::open(directory.join("0.log")).unwrap();
        write(&mut log);
        let text = std::fs::read_to_string(directory.join("0.log")).unwrap();
        std::fs::remove_dir_all(directory).unwrap();
        let line = |line: &str| {
            let (head, text) = line.split_at(38);
            assert_eq!(&head[29..31], "Z ", "{line}");
            (head[31..].to_owned(), text.to_owned())
        };
        text.lines()
            .map(|text| line(text.trim_end_matches('\n')))
            .map(|(h, t)| (h + &t[..2], t[2..].to_owned()))
            .collect()
    }

    #[test]
    fn lines_are_full_and_what_remains_is_partial() {
        let lines = lines_of(|log| {
            log.write(Stream::Stdout, b"one\ntw");
            log.write(Stream::Stderr, b"other\n");
            log.write(Stream::Stdout, b"o\n\nrest");
            log.finish(Stream::Stdout);
        });
        let line = |head: &str, text: &str| (head.to_owned(), text.to_owned());
        assert_eq!(
            lines,
            [
                line("stdout F ", "one"),
                line("stderr F ", "other"),
                line("stdout F ", "two"),
                line("stdout F ", ""),
                line("stdout P ", "rest")
            ]
        );
    }

    #[test]
    fn long_lines_are_cut() {
        let lines = lines_of(|log| {
            log.write(Stream::Stdout, &vec![b'x'; LINE_LIMIT_BYTES + 5]);
            log.write(Stream::Stdout, b"\n");
        });
        assert_eq!(lines[0].0, "stdout P ");
        assert_eq!(lines[0].1.len(), LINE_LIMIT_BYTES);
        assert_eq!(lines[1], ("stdout F ".to_owned(), "xxxxx".to_owned()));
    }

    #[test]
    fn times_are_those_of_the_calendar() {
        assert_eq!(timestamp(0), "1970-01-01T00:00:00.000000000Z");
        assert_eq!(timestamp(951_782_400_000_000_001), "2000-02-29T00:00:00.000000001Z");
        assert_eq!(timestamp(1_794_000_000_123_456_789), "2026-11-06T21:20:00.123456789Z");
    }
}
