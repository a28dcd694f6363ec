//! A store made of a backup, and of what followed it in an archive of the log.
//!
//! It begins at a revision far after that of the backup: clients may have seen later ones before it was needed, and
//! must not take what is written now for something that they know. All before counts as compacted, so that whoever
//! goes on with a watch from then is told to list again.

mod replay;

use std::{
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use self::replay::Replay;
use super::{
    OpenError,
    directory::{Directory, open_error},
    log::create_segment,
    record::{FORMAT_VERSION, FileHeader, SNAPSHOT_MAGIC, new_history},
    snapshot::Writer,
};
use crate::{
    Clock, FileSystem, Revision, SystemClock,
    backup::{BackupError, Reader, Summary},
};

/// How far after the backup's revision a restored store begins: as much as a store that commits ten thousand times a
/// second does in a day, and what upstream advises for etcd.
pub const REVISION_BUMP: Revision = 1_000_000_000;

/// Why a backup was not restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The backup cannot be read. Nothing was made.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// There is a store already. Nothing was changed.
    #[error("{} is there already: restore to a new place, or move it away", .0.display())]
    Exists(PathBuf),
    /// The new store cannot be written, or the archive not be read.
    #[error(transparent)]
    Write(#[from] OpenError),
    /// The backup shows a later time than is wanted. Nothing was made.
    #[error("the backup is of revision {} and later than that: take an earlier one", .0.revision)]
    BackupIsLater(Summary),
    /// What is wanted is not in the archive. Nothing was made.
    #[error("{what}: revision {reachable} is the last that can be reached")]
    Gap {
        /// What is missing.
        what: String,
        /// The last revision before that.
        reachable: Revision,
        /// When that was made, in milliseconds since the Unix epoch, if it is known.
        unix_milliseconds: Option<u64>,
    },
    /// The backup does not say of which store it is, and the archive has several that it may be of.
    #[error("{} has the logs of several stores that the backup may be of ({histories}): move those of the others away",
        .archive.display())]
    Ambiguous {
        /// The archive.
        archive: PathBuf,
        /// How the names of their files begin.
        histories: String,
    },
    /// A part of the log is from a release that wrote no times.
    #[error("{} has no times of commits, since an older release wrote it: name a revision instead", .path.display())]
    NoTimes {
        /// The file.
        path: PathBuf,
    },
}

/// How far an archive is replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// To its end.
    End,
    /// To this revision.
    Revision(Revision),
    /// To the last commit that was made no later than this, in milliseconds since the Unix epoch.
    UnixMilliseconds(u64),
}

/// What was restored with an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restored {
    /// The backup.
    pub backup: Summary,
    /// The revision that the store shows.
    pub revision: Revision,
    /// When that was made, in milliseconds since the Unix epoch; none when it is the backup's own, or an older release
    /// made it.
    pub unix_milliseconds: Option<u64>,
    /// How many keys it has.
    pub keys: u64,
}

/// Makes a store at `path`, where nothing may be, of a backup. It gets its name when it is whole and durable.
///
/// # Errors
/// See [`RestoreError`].
pub fn restore(
    backup: impl Read,
    path: impl AsRef<Path>,
    file_system: Arc<dyn FileSystem>,
) -> Result<Summary, RestoreError> {
    let directory = empty_place(path.as_ref(), file_system)?;
    let mut reader = Reader::new(backup)?;
    let mut copied = Ok(());
    let made = make_store(&directory, reader.summary().revision, |writer| {
        copied = copy(&mut reader, writer)?;
        if copied.is_err() { Err(io::Error::other("the backup cannot be read")) } else { Ok(()) }
    });
    copied?;
    made?;
    Ok(reader.summary())
}

/// Makes a store at `path`, where nothing may be, of a backup and of the log behind it that is in `archive`.
///
/// # Errors
/// See [`RestoreError`].
pub fn restore_until(
    backup: impl Read,
    archive: impl AsRef<Path>,
    until: Until,
    path: impl AsRef<Path>,
    file_system: Arc<dyn FileSystem>,
) -> Result<Restored, RestoreError> {
    let directory = empty_place(path.as_ref(), file_system.clone())?;
    let replay = Replay::read(backup, archive.as_ref(), until, file_system)?;
    make_store(&directory, replay.revision, |mut writer| {
        replay.keys.values().try_for_each(|item| writer.add(item))?;
        writer.finish().map(drop)
    })?;
    let Replay { keys, backup, revision, unix_milliseconds, .. } = replay;
    Ok(Restored { backup, revision, unix_milliseconds, keys: keys.len() as u64 })
}

fn empty_place(path: &Path, file_system: Arc<dyn FileSystem>) -> Result<Directory, RestoreError> {
    if file_system.list(path).is_ok_and(|names| !names.is_empty()) {
        return Err(RestoreError::Exists(path.to_owned()));
    }
    Ok(Directory { path: path.to_owned(), file_system })
}

/// Makes a store that shows `shown`, of a history of its own. `fill` writes the snapshot.
fn make_store(
    directory: &Directory,
    shown: Revision,
    fill: impl FnOnce(Writer<'_>) -> io::Result<()>,
) -> Result<(), OpenError> {
    let path = &directory.path;
    let fail = |operation, path: &Path| {
        let path = path.to_owned();
        move |error: io::Error| open_error(operation, &path, error)
    };
    let revision = shown + REVISION_BUMP;
    directory.file_system.create_directory(path).map_err(fail("create", path))?;
    let snapshot = directory.snapshot_path(revision);
    let history = new_history(path, revision, SystemClock.now_unix_milliseconds());
    let header = FileHeader { version: FORMAT_VERSION, history, revision, sequence: 0 };
    let made =
        directory.create_whole(&snapshot, &header.encode(SNAPSHOT_MAGIC), |file| fill(Writer::new(file, revision)));
    made.map_err(fail("write", &snapshot))?;
    // A store without its log is refused: so this comes last.
    let header = FileHeader { sequence: 1, ..header };
    create_segment(directory, header, 0).map_err(fail("create", &directory.segment_path(1)))?;
    directory.sync().map_err(fail("sync", path))
}

/// Copies all keys. The outer error is one of writing, the inner one of reading.
fn copy(reader: &mut Reader<impl Read>, mut writer: Writer<'_>) -> io::Result<Result<(), BackupError>> {
    loop {
        let items = match reader.next() {
            Ok(Some(items)) => items,
            Ok(None) => return writer.finish().map(|_| Ok(())),
            Err(error) => return Ok(Err(error)),
        };
        for item in items {
            writer.add(&item)?;
        }
    }
}
