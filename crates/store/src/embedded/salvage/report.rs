use std::path::PathBuf;

use bytes::Bytes;

use crate::Revision;

/// What is wrong with a store, and what a repair would make of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The newest revision that any file speaks of.
    pub revision: Revision,
    /// How many keys a repair keeps.
    pub keys: u64,
    /// Where the files are damaged, or what is missing of them.
    pub damages: Vec<Damage>,
    /// The objects whose records are damaged, in the order of their keys.
    pub objects: Vec<DamagedObject>,
    /// What is gone without a name.
    pub unnamed: Vec<Unnamed>,
}

/// A place in a file that cannot be read, or a file that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The file.
    pub path: PathBuf,
    /// Where in it, in bytes.
    pub offset: u64,
    /// How long it is, in bytes; 0 for a file that is missing or too short.
    pub length_bytes: u64,
    /// What is wrong there.
    pub reason: &'static str,
}

/// An object of which a record is damaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedObject {
    /// The key, as the damaged record has it.
    pub key: Bytes,
    /// The revision of the damaged record; none when it cannot be read.
    pub revision: Option<Revision>,
    /// Whether the record deleted the object.
    pub is_delete: bool,
    /// What a repair makes of it.
    pub outcome: Outcome,
}

/// What a repair makes of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing of it is lost: another record has the same or a later change, of this revision.
    Whole(Revision),
    /// It goes back to an older version, of this revision.
    Older(Revision),
    /// It was deleted, and comes back with its last version, of this revision.
    Returns(Revision),
    /// No version of it can be read: it is gone.
    Lost,
}

/// What is gone, as far as that can be told without names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unnamed {
    /// Changes whose records are missing, or cannot be read at all.
    Revisions {
        /// The first.
        first: Revision,
        /// The last; none when nobody can tell.
        last: Option<Revision>,
    },
    /// Keys of a snapshot, between two others.
    Keys {
        /// The snapshot.
        path: PathBuf,
        /// The key before them; none: they are the first.
        after: Option<Bytes>,
        /// The key behind them; none: they are the last.
        before: Option<Bytes>,
    },
}
