//! A file system that is only looked at: what would change it seems to succeed and does nothing.

use std::{
    io::{self, ErrorKind},
    path::Path,
    sync::Arc,
};

use crate::{File, FileSystem, Lock};

/// Shows another file system, and keeps it as it is. Locks are taken for real.
pub(crate) struct LookingFileSystem(pub(crate) Arc<dyn FileSystem>);

struct LookingFile(Box<dyn File>);

impl FileSystem for LookingFileSystem {
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        self.0.list(path).map(drop)
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Lock>> {
        self.0.lock(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        self.0.list(directory)
    }

    fn create(&self, _: &Path) -> io::Result<Box<dyn File>> {
        // Asked for where nothing is, or a file would have to be made that is missing.
        Err(ErrorKind::NotFound.into())
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn File>> {
        Ok(Box::new(LookingFile(self.0.open(path)?)))
    }

    fn rename(&self, _: &Path, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn link(&self, _: &Path, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn remove(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn sync_directory(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}

impl File for LookingFile {
    fn length_bytes(&self) -> io::Result<u64> {
        self.0.length_bytes()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(buffer, offset)
    }

    fn write_at(&mut self, bytes: &[u8], _: u64) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn set_length(&mut self, _: u64) -> io::Result<()> {
        Ok(())
    }

    fn reserve(&mut self, _: u64) -> io::Result<()> {
        Ok(())
    }

    fn sync_data(&mut self) -> io::Result<()> {
        Ok(())
    }
}
