//! News of files, from the kernel's inotify.

use std::{io, path::Path};

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use tokio::net::unix::pipe;

/// Hears of changes in one directory.
pub(crate) struct DirectoryWatch {
    /// An inotify descriptor is read like a pipe: it becomes readable, and gives bytes.
    events: pipe::Receiver,
}

impl DirectoryWatch {
    /// Watches `directory`: files that are made, written, moved or removed in it.
    pub(crate) fn new(directory: &Path) -> io::Result<DirectoryWatch> {
        let descriptor = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        let flags = WatchFlags::CREATE
            | WatchFlags::MODIFY
            | WatchFlags::MOVED_TO
            | WatchFlags::MOVED_FROM
            | WatchFlags::DELETE
            | WatchFlags::CLOSE_WRITE;
        inotify::add_watch(&descriptor, directory, flags)?;
        Ok(DirectoryWatch { events: pipe::Receiver::from_owned_fd_unchecked(descriptor)? })
    }

    /// Waits until something has changed since the last call; several changes may count as one.
    pub(crate) async fn changed(&mut self) -> io::Result<()> {
        let mut heard = false;
        loop {
            if !heard {
                self.events.readable().await?;
            }
            let mut buffer = [0; 4096];
            match self.events.try_read(&mut buffer) {
                Ok(_) => heard = true,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && heard => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
}
