//! The few file operations that the embedded engine needs, as traits, so that a test can tear, fail and
//! forget every one of them.

mod direct;
mod disk;
mod looking;

use std::{io, path::Path};

pub use disk::DiskFileSystem;
pub(crate) use looking::LookingFileSystem;

/// See [`File::write_over_zeros_at`].
pub const ZEROS_END_BYTES: u64 = 4096;

/// Operations on a directory tree.
pub trait FileSystem: Send + Sync + 'static {
    /// Makes sure that the directory exists, with its parents, for its owner alone (mode 0700).
    ///
    /// # Errors
    /// What the kernel says; `PermissionDenied` also when an existing directory is open to others.
    fn create_directory(&self, path: &Path) -> io::Result<()>;

    /// Locks a file (created if absent) for this process alone, until the answer is dropped.
    ///
    /// # Errors
    /// `WouldBlock` when another holds it, else what the kernel says.
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Lock>>;

    /// The names of the files in a directory, in no order.
    ///
    /// # Errors
    /// What the kernel says.
    fn list(&self, directory: &Path) -> io::Result<Vec<String>>;

    /// Creates a file for its owner alone (mode 0600), to read and to write.
    ///
    /// # Errors
    /// What the kernel says; `AlreadyExists` when it exists.
    fn create(&self, path: &Path) -> io::Result<Box<dyn File>>;

    /// Opens an existing file to read and to write.
    ///
    /// # Errors
    /// What the kernel says.
    fn open(&self, path: &Path) -> io::Result<Box<dyn File>>;

    /// Renames a file, replacing what has the new name. Durable after [`FileSystem::sync_directory`].
    ///
    /// # Errors
    /// What the kernel says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Gives a file a second name, which nothing has. Durable after [`FileSystem::sync_directory`].
    ///
    /// # Errors
    /// What the kernel says; `AlreadyExists` when something has that name.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file. Durable after [`FileSystem::sync_directory`].
    ///
    /// # Errors
    /// What the kernel says.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a directory durable.
    ///
    /// # Errors
    /// What the kernel says.
    fn sync_directory(&self, directory: &Path) -> io::Result<()>;
}

/// A lock that is held until it is dropped.
pub trait Lock: Send + Sync {}

/// An open file.
pub trait File: Send + Sync {
    /// Its length in bytes.
    ///
    /// # Errors
    /// What the kernel says.
    fn length_bytes(&self) -> io::Result<u64>;

    /// Reads at an offset; fewer bytes than asked for may come, none at the end of the file.
    ///
    /// # Errors
    /// What the kernel says.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes at an offset; fewer bytes than given may be written.
    ///
    /// # Errors
    /// What the kernel says.
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize>;

    /// As [`File::write_at`] where the file has nothing but zeros from `offset` on, and ends no earlier than at the
    /// multiple of [`ZEROS_END_BYTES`] behind what is written: where the file system can do that,
    /// only the sectors that `bytes` touch go to the disk, and at once, where otherwise whole pages go with the next sync.
    /// Durable after [`File::sync_data`] in any case.
    ///
    /// # Errors
    /// What the kernel says.
    fn write_over_zeros_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.write_at(bytes, offset)
    }

    /// Cuts or extends the file. Durable after [`File::sync_data`].
    ///
    /// # Errors
    /// What the kernel says.
    fn set_length(&mut self, length_bytes: u64) -> io::Result<()>;

    /// Takes space on the disk so that the file can grow to this length; its length stays as it is. Cutting the file
    /// gives the space back.
    ///
    /// # Errors
    /// What the kernel says; `Unsupported` where space cannot be taken in advance.
    fn reserve(&mut self, length_bytes: u64) -> io::Result<()>;

    /// Makes what was written durable, and of the metadata what reading it back needs. After an error
    /// nothing is known about what was written since the last success, and trying again proves nothing.
    ///
    /// # Errors
    /// What the kernel says.
    fn sync_data(&mut self) -> io::Result<()>;
}

/// Writes all of `bytes` at `offset`.
pub(crate) fn write_all_at(file: &mut dyn File, bytes: &[u8], offset: u64) -> io::Result<()> {
    write_all(bytes, offset, |bytes, offset| file.write_at(bytes, offset))
}

/// Writes all of `bytes` at `offset`, from where on there is nothing but zeros; see [`File::write_over_zeros_at`].
pub(crate) fn write_all_over_zeros_at(file: &mut dyn File, bytes: &[u8], offset: u64) -> io::Result<()> {
    write_all(bytes, offset, |bytes, offset| file.write_over_zeros_at(bytes, offset))
}

fn write_all(
    mut bytes: &[u8],
    mut offset: u64,
    mut write: impl FnMut(&[u8], u64) -> io::Result<usize>,
) -> io::Result<()> {
    while !bytes.is_empty() {
        match write(bytes, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                bytes = &bytes[written..];
                offset += written as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads at `offset` until `buffer` is full or the file ends; gives how much was read.
pub(crate) fn read_full_at(file: &dyn File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut read = 0;
    while read < buffer.len() {
        match file.read_at(&mut buffer[read..], offset + read as u64) {
            Ok(0) => break,
            Ok(count) => read += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

/// Whether an error says that the disk, or the owner's share of it, is full.
pub(crate) fn is_no_space(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
