//! A store made of a backup.
//!
//! It begins at a revision far after that of the backup: clients may have seen later ones before it was needed, and
//! must not take what is written now for something that they know. All before counts as compacted, so that whoever
//! goes on with a watch from then is told to list again.

use std::{
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    OpenError,
    directory::{Directory, open_error},
    log::create_segment,
    record::{FORMAT_VERSION, FileHeader, RecordKind, SNAPSHOT_MAGIC},
    snapshot::Writer,
};
use crate::{
    FileSystem, Revision,
    backup::{BackupError, Reader, Summary},
    embedded::record::append_item,
    limits,
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
    /// The new store cannot be written.
    #[error(transparent)]
    Write(#[from] OpenError),
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
    let path = path.as_ref();
    if file_system.list(path).is_ok_and(|names| !names.is_empty()) {
        return Err(RestoreError::Exists(path.to_owned()));
    }
    let mut reader = Reader::new(backup)?;
    let revision = reader.summary().revision + REVISION_BUMP;
    let directory = Directory { path: path.to_owned(), file_system };
    let fail = |operation, path: &Path| {
        let path = path.to_owned();
        move |error: io::Error| open_error(operation, &path, error)
    };
    directory.file_system.create_directory(path).map_err(fail("create", path))?;
    let snapshot = directory.snapshot_path(revision);
    let header = FileHeader { version: FORMAT_VERSION, revision, sequence: 0 };
    let mut copied = Ok(());
    let made = directory.create_whole(&snapshot, &header.encode(SNAPSHOT_MAGIC), |file| {
        copied = copy(&mut reader, &mut Writer::new(file, revision))?;
        if copied.is_err() { Err(io::Error::other("the backup cannot be read")) } else { Ok(()) }
    });
    copied?;
    made.map_err(fail("write", &snapshot))?;
    // A store without its log is refused: so this comes last.
    create_segment(&directory, 1, revision, 0).map_err(fail("create", &directory.segment_path(1)))?;
    directory.sync().map_err(fail("sync", path))?;
    Ok(reader.summary())
}

/// Copies all keys. The outer error is one of writing, the inner one of reading.
fn copy(reader: &mut Reader<impl Read>, writer: &mut Writer<'_>) -> io::Result<Result<(), BackupError>> {
    let mut payload = Vec::new();
    loop {
        let items = match reader.next() {
            Ok(Some(items)) => items,
            Ok(None) => break,
            Err(error) => return Ok(Err(error)),
        };
        for item in items {
            append_item(&mut payload, &item);
            if payload.len() >= limits::SNAPSHOT_RECORD_BYTES {
                writer.write(RecordKind::Items, &payload)?;
                payload.clear();
            }
        }
    }
    if !payload.is_empty() {
        writer.write(RecordKind::Items, &payload)?;
    }
    writer.write(RecordKind::End, &reader.summary().keys.to_le_bytes()).map(Ok)
}
