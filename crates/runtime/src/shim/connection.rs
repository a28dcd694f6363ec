//! One connection to the runtime: frames in, frames out, never blocking.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::protocol::{Envelope, Response};
use crate::descriptors::{DESCRIPTORS_MAX, FRAME_LIMIT_BYTES, decode_frame, encode_frame, receive, send};

/// Most bytes that wait for a reader. Answers are small: who lets this much pile up has stopped reading.
const OUTPUT_LIMIT_BYTES: usize = 256 << 10;

/// See the module.
pub(super) struct Connection {
    socket: OwnedFd,
    received: Vec<u8>,
    descriptors: Vec<OwnedFd>,
    output: VecDeque<u8>,
    closed: bool,
    /// Whether it is told about every container's end.
    pub(super) subscribed: bool,
}

impl Connection {
    /// Takes over a connected socket.
    pub(super) fn new(socket: OwnedFd) -> io::Result<Self> {
        rustix::io::ioctl_fionbio(&socket, true)?;
        Ok(Self {
            socket,
            received: Vec::new(),
            descriptors: Vec::new(),
            output: VecDeque::new(),
            closed: false,
            subscribed: false,
        })
    }

    pub(super) fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    pub(super) fn has_output(&self) -> bool {
        !self.closed && !self.output.is_empty()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Reads what has arrived.
    pub(super) fn read(&mut self, buffer: &mut [u8]) {
        loop {
            match receive(self.socket.as_fd(), buffer, &mut self.descriptors) {
                Ok(0) => break self.closed = true,
                Ok(count) => self.received.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break self.closed = true,
            }
            if self.received.len() > 2 * FRAME_LIMIT_BYTES || self.descriptors.len() > DESCRIPTORS_MAX {
                break self.closed = true;
            }
        }
    }

    /// The next complete request and all descriptors that have come so far: a peer sends one request at a time.
    pub(super) fn next_request(&mut self) -> io::Result<Option<(Envelope, Vec<OwnedFd>)>> {
        match decode_frame(&mut self.received) {
            Ok(Some(envelope)) => {
                self.received.shrink_to(0);
                Ok(Some((envelope, std::mem::take(&mut self.descriptors))))
            }
            Ok(None) => Ok(None),
            Err(error) => {
                self.received = Vec::new();
                self.descriptors.clear();
                Err(error)
            }
        }
    }

    /// Sends a response; what the socket does not take now waits. Descriptors go at once or the connection closes.
    pub(super) fn send(&mut self, response: &Response, descriptors: &[BorrowedFd<'_>]) {
        let Ok(frame) = encode_frame(response) else { return self.closed = true };
        if !descriptors.is_empty() {
            match send(self.socket.as_fd(), &frame, descriptors) {
                Ok(sent) => self.output.extend(&frame[sent..]),
                Err(_) => self.closed = true,
            }
            return;
        }
        self.output.extend(&frame);
        self.flush();
    }

    /// Writes what waits, as far as the socket takes it.
    pub(super) fn flush(&mut self) {
        while !self.output.is_empty() {
            match send(self.socket.as_fd(), self.output.as_slices().0, &[]) {
                Ok(sent) => drop(self.output.drain(..sent)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return self.closed = true,
            }
        }
        if self.output.is_empty() {
            self.output.shrink_to(0);
        } else if self.output.len() > OUTPUT_LIMIT_BYTES {
            self.closed = true;
        }
    }
}
