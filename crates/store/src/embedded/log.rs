//! The end of the log, where commits are appended.

use std::{io, path::PathBuf};

use super::{
    directory::Directory,
    index::Closed,
    place::Segment,
    record::{FILE_HEADER_BYTES, FORMAT_VERSION, FileHeader, LOG_MAGIC},
};
use crate::{
    File, Revision,
    file_system::{ZEROS_END_BYTES, is_no_space, write_all_at, write_all_over_zeros_at},
    limits,
};

pub(super) struct Log {
    pub(super) directory: Directory,
    pub(super) file: Box<dyn File>,
    pub(super) sequence: u64,
    /// The format of this segment.
    version: u32,
    /// See [`FileHeader`].
    pub(super) history: u32,
    /// The revision after which this segment begins.
    pub(super) begins_after: Revision,
    /// Where the next record goes.
    pub(super) length_bytes: u64,
    /// All before this is durable.
    pub(super) synced_bytes: u64,
    /// The segments before this one.
    pub(super) sealed: Vec<Sealed>,
    /// The length up to which the file has space on the disk, as far as it was asked for.
    reserved_bytes: u64,
    /// How much of that is for urgent commits.
    reserve_bytes: u64,
    /// How far zeros are written ahead of small commits.
    zero_ahead_bytes: u64,
    /// The length of the file where zeros were written ahead: there is nothing but zeros behind the last record.
    zeroed_bytes: u64,
}

/// What the log keeps free on its disk, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ahead {
    /// See [`super::Options::reserve_bytes`].
    pub(super) reserve_bytes: u64,
    /// See [`super::Options::zero_ahead_bytes`].
    pub(super) zero_bytes: u64,
}

/// What there is space for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// Everything.
    Ample,
    /// Urgent commits.
    Reserve,
}

/// A segment that is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sealed {
    pub(super) sequence: u64,
    pub(super) length_bytes: u64,
    /// The revision after which it begins.
    pub(super) begins_after: Revision,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum LogError {
    /// Nothing was written and the log is as before.
    #[error("no space left on the device of {}", .0.display())]
    NoSpace(PathBuf),
    /// Nobody knows what was written.
    #[error("{0}")]
    Failed(String),
}

impl Log {
    /// The log that ends in `file`, which has `length_bytes`, all of them durable.
    pub(super) fn new(
        directory: Directory,
        file: Box<dyn File>,
        header: FileHeader,
        length_bytes: u64,
        ahead: Ahead,
    ) -> Log {
        Log {
            directory,
            file,
            sequence: header.sequence,
            version: header.version,
            history: header.history,
            begins_after: header.revision,
            length_bytes,
            synced_bytes: length_bytes,
            sealed: Vec::new(),
            reserved_bytes: 0,
            reserve_bytes: ahead.reserve_bytes,
            zero_ahead_bytes: ahead.zero_bytes,
            zeroed_bytes: length_bytes,
        }
    }

    /// Takes space for `needed_bytes` more, and for the reserve behind them.
    pub(super) fn make_room(&mut self, needed_bytes: u64) -> Room {
        let wanted = self.length_bytes + needed_bytes + self.reserve_bytes;
        if self.reserve_bytes == 0 || wanted <= self.reserved_bytes {
            return Room::Ample;
        }
        // In steps, so that few commits have to ask; where a step is too much, what is needed is enough.
        for length_bytes in [wanted.next_multiple_of(limits::RESERVE_STEP_BYTES), wanted] {
            match self.file.reserve(length_bytes) {
                Ok(()) => {
                    self.reserved_bytes = length_bytes;
                    return Room::Ample;
                }
                Err(error) if is_no_space(&error) => {}
                Err(error) => {
                    // Without a reserve a full disk is found when it is written to.
                    tracing::warn!(%error, file = %self.path().display(), "no space can be reserved for the log");
                    self.reserve_bytes = 0;
                    return Room::Ample;
                }
            }
        }
        Room::Reserve
    }

    pub(super) fn path(&self) -> PathBuf {
        self.directory.segment_path(self.sequence)
    }

    /// Appends whole records and makes them durable, with all before.
    pub(super) fn append(&mut self, records: &[u8]) -> Result<(), LogError> {
        let is_small = records.len() <= limits::ZERO_AHEAD_COMMIT_BYTES;
        let end = self.length_bytes + records.len() as u64;
        if end.next_multiple_of(ZEROS_END_BYTES) <= self.zeroed_bytes {
            let written = write_all_over_zeros_at(&mut *self.file, records, self.length_bytes);
            self.note_written(records, written)?;
        } else {
            self.write(records)?;
        }
        if is_small {
            self.zero_ahead()?;
        }
        self.sync()
    }

    /// Appends whole records, which are durable after [`Log::sync`].
    pub(super) fn write(&mut self, records: &[u8]) -> Result<(), LogError> {
        let written = write_all_at(&mut *self.file, records, self.length_bytes);
        self.note_written(records, written)
    }

    fn note_written(&mut self, records: &[u8], written: io::Result<()>) -> Result<(), LogError> {
        written.map_err(|error| self.undo(error))?;
        self.length_bytes += records.len() as u64;
        Ok(())
    }

    /// Writes zeros where the next small commits will be. A sync of what the file has already is one write to the disk;
    /// of what makes it grow, or is only reserved, it is several, since the file's metadata go with it. Where many
    /// commits share a sync that costs less than to write the zeros.
    fn zero_ahead(&mut self) -> Result<(), LogError> {
        if self.length_bytes < self.zeroed_bytes {
            return Ok(());
        }
        // No further than there is space for in any case.
        let end = (self.length_bytes + self.zero_ahead_bytes).min(self.reserved_bytes);
        if end <= self.length_bytes {
            return Ok(());
        }
        let zeros = vec![0; (end - self.length_bytes) as usize];
        match write_all_at(&mut *self.file, &zeros, self.length_bytes) {
            Err(error) if !is_no_space(&error) => return Err(self.failed("write to", &error)),
            // Fewer zeros than wanted do no harm.
            _ => self.zeroed_bytes = end,
        }
        Ok(())
    }

    /// Makes everything durable that was written.
    pub(super) fn sync(&mut self) -> Result<(), LogError> {
        if self.synced_bytes < self.length_bytes {
            self.file.sync_data().map_err(|error| self.failed("sync", &error))?;
            self.synced_bytes = self.length_bytes;
        }
        Ok(())
    }

    /// A full disk is no reason to stop for good, if what did get written can be taken back surely.
    fn undo(&mut self, error: io::Error) -> LogError {
        if !is_no_space(&error) {
            return self.failed("write to", &error);
        }
        match self.cut() {
            Ok(()) => {
                self.synced_bytes = self.length_bytes;
                LogError::NoSpace(self.path())
            }
            Err(error) => error,
        }
    }

    /// Ends the file behind its last record, durably. This gives back what was reserved, too.
    fn cut(&mut self) -> Result<(), LogError> {
        self.reserved_bytes = 0;
        self.zeroed_bytes = self.length_bytes;
        let cut = self.file.set_length(self.length_bytes).and_then(|()| self.file.sync_data());
        cut.map_err(|error| self.failed("cut back", &error))
    }

    /// Ends the file behind its last record, if zeros were written there.
    pub(super) fn cut_zeros(&mut self) -> Result<(), LogError> {
        if self.zeroed_bytes > self.length_bytes { self.cut() } else { Ok(()) }
    }

    fn failed(&self, operation: &str, error: &io::Error) -> LogError {
        LogError::Failed(format!("cannot {operation} {}: {error}", self.path().display()))
    }

    /// The whole log in bytes.
    pub(super) fn total_bytes(&self) -> u64 {
        self.bytes_from(0)
    }

    /// The log from a segment on, in bytes.
    pub(super) fn bytes_from(&self, sequence: u64) -> u64 {
        let sealed = self.sealed.iter().filter(|sealed| sealed.sequence >= sequence);
        self.length_bytes + sealed.map(|sealed| sealed.length_bytes).sum::<u64>()
    }

    /// Begins the next segment, for what comes after `revision`, and gives the one that is complete with its sequence.
    /// Without space for it, this one goes on.
    pub(super) fn rotate(&mut self, revision: Revision) -> Result<(u64, Closed), LogError> {
        // Only the last segment may end in what is not durable.
        self.sync()?;
        let sequence = self.sequence + 1;
        let path = self.directory.segment_path(sequence);
        let failed = |error| LogError::Failed(format!("cannot create {}: {error}", path.display()));
        let header = FileHeader { version: FORMAT_VERSION, history: self.history, revision, sequence };
        let file = match create_segment(&self.directory, header, self.reserve_bytes) {
            Err(error) if is_no_space(&error) => return Err(LogError::NoSpace(path)),
            made => made.map_err(failed)?,
        };
        // Once the name is there, this segment must not go on: a reader would take it for complete.
        self.directory.sync().map_err(failed)?;
        // A segment that is complete has no zeros when it is copied to an archive.
        self.cut_zeros()?;
        if self.reserve_bytes > 0 {
            // What stays behind is given back when the segment is removed.
            let _ = self.file.set_length(self.length_bytes);
        }
        let Log { sequence: sealed, length_bytes, begins_after, .. } = *self;
        self.sealed.push(Sealed { sequence: sealed, length_bytes, begins_after });
        let (path, file) = (self.path(), std::mem::replace(&mut self.file, file));
        let segment =
            Segment { path, version: std::mem::replace(&mut self.version, FORMAT_VERSION), file: file.into() };
        self.begins_after = revision;
        self.reserved_bytes = 0;
        self.sequence = sequence;
        self.length_bytes = FILE_HEADER_BYTES as u64;
        self.synced_bytes = self.length_bytes;
        self.zeroed_bytes = self.length_bytes;
        Ok((sealed, Closed::new(segment, revision)))
    }
}

/// Makes an empty segment with space for `reserve_bytes`, whose name is not durable yet.
pub(super) fn create_segment(
    directory: &Directory,
    header: FileHeader,
    reserve_bytes: u64,
) -> io::Result<Box<dyn File>> {
    let path = directory.segment_path(header.sequence);
    directory.create_whole(&path, &header.encode(LOG_MAGIC), |file| match reserve_bytes {
        0 => Ok(()),
        _ => match file.reserve(FILE_HEADER_BYTES as u64 + reserve_bytes) {
            Err(error) if is_no_space(&error) => Err(error),
            // Where space cannot be reserved, [`Log::make_room`] finds out.
            _ => Ok(()),
        },
    })
}
