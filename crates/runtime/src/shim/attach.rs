//! Those who are attached to a container's streams.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::container::Stream;

/// One connection's copies of a container's streams.
pub(super) struct Attached {
    /// The conversation that it belongs to; it ends with it.
    pub(super) connection: u64,
    /// What it types, until its end.
    pub(super) stdin: Option<OwnedFd>,
    /// Where its copy of standard output goes.
    pub(super) stdout: Option<OwnedFd>,
    /// Where its copy of standard error goes.
    pub(super) stderr: Option<OwnedFd>,
}

impl Attached {
    /// Copies output. Somebody who reads too slowly is cut off: neither the container nor its log waits.
    pub(super) fn copy(&mut self, stream: Stream, bytes: &[u8]) {
        let output = match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        };
        if let Some(descriptor) = output
            && write_now(descriptor.as_fd(), bytes).is_err()
        {
            *output = None;
        }
    }
}

/// Writes everything at once, or fails.
fn write_now(descriptor: BorrowedFd<'_>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(descriptor, bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
