//! A disk on which a test says what is wrong.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::driven::Machine;
use crate::{File, FileSystem, Lock, embedded::record::FILE_HEADER_BYTES};

/// A disk with hooks.
pub(super) struct Hooked {
    pub(super) disk: Arc<dyn FileSystem>,
    /// Whether a sync of this file or directory is done, and not only said to be.
    pub(super) is_done: Arc<dyn Fn(&Path) -> bool + Send + Sync>,
    /// Whether what is written to a file has a wrong bit.
    pub(super) is_spoiled: fn(&Path) -> bool,
}

impl Hooked {
    /// The disk of a machine, on which nothing is wrong.
    pub(super) fn of(machine: &Machine) -> Hooked {
        Hooked { disk: machine.options.file_system.clone(), is_done: Arc::new(|_| true), is_spoiled: |_| false }
    }

    fn file(&self, path: &Path, opened: io::Result<Box<dyn File>>) -> io::Result<Box<dyn File>> {
        let is_spoiled = (self.is_spoiled)(path);
        let (path, is_done) = (path.to_owned(), self.is_done.clone());
        Ok(Box::new(HookedFile { file: opened?, path, is_done, is_spoiled }))
    }
}

impl FileSystem for Hooked {
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        self.disk.create_directory(path)
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Lock>> {
        self.disk.lock(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        self.disk.list(directory)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn File>> {
        self.file(path, self.disk.create(path))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn File>> {
        self.file(path, self.disk.open(path))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.link(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        if (self.is_done)(directory) { self.disk.sync_directory(directory) } else { Ok(()) }
    }
}

struct HookedFile {
    file: Box<dyn File>,
    /// The name under which it was opened.
    path: PathBuf,
    is_done: Arc<dyn Fn(&Path) -> bool + Send + Sync>,
    is_spoiled: bool,
}

impl File for HookedFile {
    fn length_bytes(&self) -> io::Result<u64> {
        self.file.length_bytes()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }

    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let mut bytes = bytes.to_vec();
        if self.is_spoiled && offset >= FILE_HEADER_BYTES as u64 {
            bytes[0] ^= 1;
        }
        self.file.write_at(&bytes, offset)
    }

    fn set_length(&mut self, length_bytes: u64) -> io::Result<()> {
        self.file.set_length(length_bytes)
    }

    fn reserve(&mut self, length_bytes: u64) -> io::Result<()> {
        self.file.reserve(length_bytes)
    }

    fn sync_data(&mut self) -> io::Result<()> {
        if (self.is_done)(&self.path) { self.file.sync_data() } else { Ok(()) }
    }
}
