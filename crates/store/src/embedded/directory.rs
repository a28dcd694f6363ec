//! The data directory: its files, their names, and what goes wrong with them.

use std::{
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    OpenError,
    record::{FILE_HEADER_BYTES, FileHeader, HeaderError, newest_version},
};
use crate::{
    File, FileSystem, Revision,
    file_system::{is_no_space, read_full_at, write_all_at},
};

const LOCK_NAME: &str = "lock";
const LOG_SUFFIX: &str = ".log";
const SNAPSHOT_SUFFIX: &str = ".snapshot";
/// A file that is being made. It gets its name when it is whole, so that a file of another name
/// always has a whole header.
const UNFINISHED_SUFFIX: &str = ".unfinished";

#[derive(Clone)]
pub(super) struct Directory {
    pub(super) path: PathBuf,
    pub(super) file_system: Arc<dyn FileSystem>,
}

/// What is in a data directory.
#[derive(Default)]
pub(super) struct Listing {
    /// Ascending.
    pub(super) segments: Vec<u64>,
    /// Ascending.
    pub(super) snapshots: Vec<Revision>,
    pub(super) unfinished: Vec<PathBuf>,
}

impl Directory {
    pub(super) fn segment_path(&self, sequence: u64) -> PathBuf {
        self.path.join(format!("{sequence:020}{LOG_SUFFIX}"))
    }

    pub(super) fn snapshot_path(&self, revision: Revision) -> PathBuf {
        self.path.join(format!("{revision:020}{SNAPSHOT_SUFFIX}"))
    }

    pub(super) fn lock_path(&self) -> PathBuf {
        self.path.join(LOCK_NAME)
    }

    pub(super) fn list(&self) -> io::Result<Listing> {
        let mut listing = Listing::default();
        for name in self.file_system.list(&self.path)? {
            if name.ends_with(UNFINISHED_SUFFIX) {
                listing.unfinished.push(self.path.join(name));
            } else if let Some(sequence) = name.strip_suffix(LOG_SUFFIX).and_then(|number| number.parse().ok()) {
                listing.segments.push(sequence);
            } else if let Some(revision) = name.strip_suffix(SNAPSHOT_SUFFIX).and_then(|number| number.parse().ok()) {
                listing.snapshots.push(revision);
            }
        }
        listing.segments.sort_unstable();
        listing.snapshots.sort_unstable();
        Ok(listing)
    }

    /// Makes a file of a header and what `fill` adds behind it, as [`Directory::create_file`] does.
    pub(super) fn create_whole(
        &self,
        path: &Path,
        header: &[u8; FILE_HEADER_BYTES],
        fill: impl FnOnce(&mut dyn File) -> io::Result<()>,
    ) -> io::Result<Box<dyn File>> {
        self.create_file(path, |file| {
            write_all_at(file, header, 0)?;
            fill(file)
        })
    }

    /// Makes a file of what `fill` writes. It gets its name only when its contents are durable; the name is durable
    /// after [`Directory::sync`]. On an error nothing of it is left, if that can be helped.
    pub(super) fn create_file(
        &self,
        path: &Path,
        fill: impl FnOnce(&mut dyn File) -> io::Result<()>,
    ) -> io::Result<Box<dyn File>> {
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(UNFINISHED_SUFFIX);
        let unfinished = PathBuf::from(unfinished);
        let made = (|| {
            let mut file = match self.file_system.create(&unfinished) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    // The rest of an attempt that failed and could not be cleared away.
                    self.file_system.remove(&unfinished)?;
                    self.file_system.create(&unfinished)?
                }
                other => other?,
            };
            fill(&mut *file)?;
            file.sync_data()?;
            self.file_system.rename(&unfinished, path)?;
            Ok(file)
        })();
        if made.is_err() {
            // Best effort: what stays behind is removed when the store is next opened.
            let _ = self.file_system.remove(&unfinished);
        }
        made
    }

    /// Makes the names of the files durable.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file_system.sync_directory(&self.path)
    }

    /// Reads and judges the header of a file.
    pub(super) fn read_header(&self, file: &dyn File, path: &Path, magic: [u8; 8]) -> Result<FileHeader, OpenError> {
        let mut bytes = [0; FILE_HEADER_BYTES];
        let read = read_full_at(file, &mut bytes, 0).map_err(|error| open_error("read", path, error))?;
        FileHeader::decode(&bytes[..read], magic).map_err(|error| match error {
            HeaderError::Newer(found) => {
                OpenError::NewerFormat { path: path.to_owned(), found, supported: newest_version(magic) }
            }
            HeaderError::Corrupt(reason) => OpenError::Corrupt { path: path.to_owned(), offset: 0, reason },
        })
    }
}

/// What an error of the file system means to who opens a store.
pub(super) fn open_error(operation: &'static str, path: &Path, source: io::Error) -> OpenError {
    let path = path.to_owned();
    match source.kind() {
        _ if is_no_space(&source) => OpenError::NoSpace { path },
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => OpenError::NotWritable { path, source },
        _ => OpenError::Io { operation, path, source },
    }
}
