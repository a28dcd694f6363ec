//! The end of the log, where commits are appended.

use std::{io, path::PathBuf};

use super::{
    directory::Directory,
    record::{FILE_HEADER_BYTES, FORMAT_VERSION, FileHeader, LOG_MAGIC},
};
use crate::{
    File, Revision,
    file_system::{is_no_space, write_all_at},
};

pub(super) struct Log {
    pub(super) directory: Directory,
    pub(super) file: Box<dyn File>,
    pub(super) sequence: u64,
    /// Where the next record goes: all before is durable.
    pub(super) length_bytes: u64,
    /// The segments before this one.
    pub(super) sealed: Vec<Sealed>,
}

/// A segment that is complete.
pub(super) struct Sealed {
    pub(super) sequence: u64,
    pub(super) length_bytes: u64,
}

#[derive(Debug)]
pub(super) enum LogError {
    /// Nothing was written and the log is as before.
    NoSpace(PathBuf),
    /// Nobody knows what was written.
    Failed(String),
}

impl Log {
    pub(super) fn path(&self) -> PathBuf {
        self.directory.segment_path(self.sequence)
    }

    /// Appends whole records and makes them durable.
    pub(super) fn append(&mut self, records: &[u8]) -> Result<(), LogError> {
        if let Err(error) = write_all_at(&mut *self.file, records, self.length_bytes) {
            return Err(self.undo(error));
        }
        self.file.sync_data().map_err(|error| self.failed("sync", &error))?;
        self.length_bytes += records.len() as u64;
        Ok(())
    }

    /// A full disk is no reason to stop for good, if what did get written can be taken back surely.
    fn undo(&mut self, error: io::Error) -> LogError {
        if !is_no_space(&error) {
            return self.failed("write to", &error);
        }
        let undone = self.file.set_length(self.length_bytes).and_then(|()| self.file.sync_data());
        match undone {
            Ok(()) => LogError::NoSpace(self.path()),
            Err(error) => self.failed("cut back", &error),
        }
    }

    fn failed(&self, operation: &str, error: &io::Error) -> LogError {
        LogError::Failed(format!("cannot {operation} {}: {error}", self.path().display()))
    }

    /// The whole log in bytes.
    pub(super) fn total_bytes(&self) -> u64 {
        self.length_bytes + self.sealed.iter().map(|sealed| sealed.length_bytes).sum::<u64>()
    }

    /// Begins the next segment, for what comes after `revision`. Without space for it, this one goes on.
    pub(super) fn rotate(&mut self, revision: Revision) -> Result<(), LogError> {
        let sequence = self.sequence + 1;
        let path = self.directory.segment_path(sequence);
        let failed = |error| LogError::Failed(format!("cannot create {}: {error}", path.display()));
        let file = match create_segment(&self.directory, sequence, revision) {
            Err(error) if is_no_space(&error) => return Err(LogError::NoSpace(path)),
            made => made.map_err(failed)?,
        };
        // Once the name is there, this segment must not go on: a reader would take it for complete.
        self.directory.sync().map_err(failed)?;
        self.sealed.push(Sealed { sequence: self.sequence, length_bytes: self.length_bytes });
        self.file = file;
        self.sequence = sequence;
        self.length_bytes = FILE_HEADER_BYTES as u64;
        Ok(())
    }
}

/// Makes an empty segment, whose name is not durable yet.
pub(super) fn create_segment(directory: &Directory, sequence: u64, revision: Revision) -> io::Result<Box<dyn File>> {
    let header = FileHeader { version: FORMAT_VERSION, revision, sequence }.encode(LOG_MAGIC);
    directory.create_whole(&directory.segment_path(sequence), &header, |_| Ok(()))
}
