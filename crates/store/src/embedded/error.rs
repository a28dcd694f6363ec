use std::{io, path::PathBuf};

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("store {} is in use by another process", .path.display())]
    Locked {
        /// The data directory.
        path: PathBuf,
    },
    /// The directory or a file in it may not be written by this process.
    #[error("store needs to write {}: {source}", .path.display())]
    NotWritable {
        /// The directory or file.
        path: PathBuf,
        /// The kernel's error.
        source: io::Error,
    },
    /// The disk is full.
    #[error("no space left on the device of {}", .path.display())]
    NoSpace {
        /// The directory or file.
        path: PathBuf,
    },
    /// A newer release wrote it.
    #[error("{} has format version {found}; this release reads versions up to {supported}", .path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The newest version that this release reads.
        supported: u32,
    },
    /// What was durable is damaged: restore a backup.
    #[error("{} is corrupt at offset {offset}: {reason}", .path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Where in it, in bytes.
        offset: u64,
        /// What is wrong there.
        reason: &'static str,
    },
    /// A part of the log is not there: restore a backup.
    #[error("{} is missing, or a segment before it: later parts of the log or a snapshot need it", .path.display())]
    MissingSegment {
        /// The file.
        path: PathBuf,
    },
    /// Another error of the file system.
    #[error("cannot {operation} {}: {source}", .path.display())]
    Io {
        /// What was being done.
        operation: &'static str,
        /// To what.
        path: PathBuf,
        /// The kernel's error.
        source: io::Error,
    },
}

impl OpenError {
    /// Whether files are damaged or missing, so that [`super::salvage`] tells more.
    pub fn is_damage(&self) -> bool {
        matches!(self, OpenError::Corrupt { .. } | OpenError::MissingSegment { .. })
    }
}
