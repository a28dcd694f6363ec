use std::{io, path::PathBuf, sync::Arc};

use crate::{KeyValue, Revision};

/// Why an operation of an engine failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// A precondition did not hold; nothing of the commit was written.
    #[error("write {index} of the commit: the key is not as expected (it is at revision {})",
        .current.as_ref().map_or(0, |current| current.mod_revision))]
    Conflict {
        /// Which write of the commit, from 0.
        index: usize,
        /// What the key holds now; none when it does not exist.
        current: Option<KeyValue>,
    },
    /// The revision, or events after it, are no longer kept: list again and go on from there.
    #[error("revision is compacted: the oldest that is kept is {compacted}, the current is {current}")]
    Compacted {
        /// The oldest revision that can be read, or after which can be watched.
        compacted: Revision,
        /// The durable revision.
        current: Revision,
    },
    /// The revision has not happened yet.
    #[error("revision {requested} is in the future: the current one is {current}")]
    FutureRevision {
        /// What was asked for.
        requested: Revision,
        /// The durable revision.
        current: Revision,
    },
    /// The disk is full. Nothing was written and the store goes on: free space and try again.
    #[error("no space left on the device of {}", .path.display())]
    NoSpace {
        /// The file that could not grow.
        path: PathBuf,
    },
    /// What the disk has of an old revision is damaged. Newer revisions, and the keys as they are now, are not concerned.
    #[error("an old revision cannot be read: {} is damaged at offset {offset}: {reason}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where in it, in bytes.
        offset: u64,
        /// What is wrong there.
        reason: &'static str,
    },
    /// The store stopped writing until it is opened again, since it cannot know what is on the disk;
    /// reads and watches go on. A commit that gets this answer may or may not exist afterwards.
    #[error("store is read-only: {reason}")]
    ReadOnly {
        /// What failed: operation, file and the kernel's error.
        reason: Arc<str>,
    },
    /// A bound of [`crate::limits`] was exceeded.
    #[error("{what} of {size} exceeds the limit of {limit}")]
    TooLarge {
        /// What is too large, with its unit.
        what: &'static str,
        /// How large it is.
        size: usize,
        /// How large it may be.
        limit: usize,
    },
    /// The request makes no sense: an empty key, or one key twice in a commit.
    #[error("write {index} of the commit is invalid: {reason}")]
    Invalid {
        /// Which write of the commit, from 0.
        index: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The engine is out of reach or has too much to do, for the moment. Nothing was written: try again.
    #[error("{reason}")]
    Unavailable {
        /// What it said, or why it is not reached.
        reason: Arc<str>,
    },
    /// The store is closed.
    #[error("store is closed")]
    Closed,
    /// The engine could not be reached or answered wrongly. A commit that gets this answer may or may not exist
    /// afterwards.
    #[error("{operation}: {source}")]
    Io {
        /// What was being done, and to what.
        operation: String,
        /// The error beneath.
        source: Arc<io::Error>,
    },
}
