//! Reads the records of a file one after the other.

use std::path::Path;

use super::{
    OpenError,
    directory::open_error,
    record::{FILE_HEADER_BYTES, RECORD_HEADER_BYTES, RecordHeader},
};
use crate::{File, file_system::read_full_at};

const WINDOW_BYTES: usize = 1 << 20;
/// Zeros behind the last record are looked at in steps of this size.
const ZEROS_STEP_BYTES: usize = 16 << 10;

pub(super) struct Reader<'a> {
    file: &'a dyn File,
    path: &'a Path,
    length_bytes: u64,
    /// Where the next record begins.
    pub(super) offset: u64,
    window: Vec<u8>,
    window_offset: u64,
}

pub(super) enum Step<'a> {
    /// A whole record and its payload; the reader stands behind it.
    Record(RecordHeader, &'a [u8]),
    /// The file ends where a record would begin, or has nothing but zeros from there on, as they are written ahead.
    End,
    /// What stands here is no whole record; the reader stays before it.
    Broken,
}

impl<'a> Reader<'a> {
    /// Reads the records behind the header of `file`.
    pub(super) fn new(file: &'a dyn File, path: &'a Path) -> Result<Reader<'a>, OpenError> {
        let length_bytes = file.length_bytes().map_err(|error| open_error("measure", path, error))?;
        let offset = FILE_HEADER_BYTES as u64;
        Ok(Reader { file, path, length_bytes, offset, window: Vec::new(), window_offset: offset })
    }

    pub(super) fn next(&mut self) -> Result<Step<'_>, OpenError> {
        if self.offset >= self.length_bytes {
            return Ok(Step::End);
        }
        let Some(header) = RecordHeader::decode(self.bytes(RECORD_HEADER_BYTES)?) else {
            return Ok(if self.is_zero_to_the_end()? { Step::End } else { Step::Broken });
        };
        let record_bytes = header.record_bytes();
        if record_bytes as u64 > self.length_bytes - self.offset {
            return Ok(Step::Broken);
        }
        // Asked twice, since an answer of `None` must not hold on to the window.
        if header.verify(self.bytes(record_bytes)?).is_none() {
            return Ok(Step::Broken);
        }
        let start = (self.offset - self.window_offset) as usize;
        self.offset += record_bytes as u64;
        let payload = start + RECORD_HEADER_BYTES;
        Ok(Step::Record(header, &self.window[payload..payload + header.payload_bytes]))
    }

    /// Whether a whole record behind `offset` says that what is there was durable.
    pub(super) fn was_durable(&self, offset: u64) -> Result<bool, OpenError> {
        let mut tail = vec![0; self.length_bytes.saturating_sub(offset) as usize];
        let read = read_full_at(self.file, &mut tail, offset).map_err(|error| open_error("read", self.path, error))?;
        tail.truncate(read);
        // Records begin at multiples of eight.
        for position in (0..tail.len()).step_by(8) {
            let Some(header) = RecordHeader::decode(&tail[position..]) else { continue };
            if header.durable_offset > offset && header.verify(&tail[position..]).is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn is_zero_to_the_end(&self) -> Result<bool, OpenError> {
        let mut bytes = vec![0; ZEROS_STEP_BYTES];
        let mut offset = self.offset;
        loop {
            let read = read_full_at(self.file, &mut bytes, offset);
            let read = read.map_err(|error| open_error("read", self.path, error))?;
            if bytes[..read].iter().any(|byte| *byte != 0) {
                return Ok(false);
            }
            if read < bytes.len() {
                return Ok(true);
            }
            offset += read as u64;
        }
    }

    /// The bytes from the offset, as many as asked for or as the file has.
    fn bytes(&mut self, count: usize) -> Result<&[u8], OpenError> {
        let start = (self.offset - self.window_offset) as usize;
        if start + count > self.window.len() {
            let left = (self.length_bytes - self.offset) as usize;
            self.window.resize(count.max(WINDOW_BYTES).min(left), 0);
            let read = read_full_at(self.file, &mut self.window, self.offset)
                .map_err(|error| open_error("read", self.path, error))?;
            self.window.truncate(read);
            self.window_offset = self.offset;
        }
        let start = (self.offset - self.window_offset) as usize;
        Ok(&self.window[start..self.window.len().min(start + count)])
    }
}
