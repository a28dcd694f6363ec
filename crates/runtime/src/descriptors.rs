//! Messages with file descriptors over Unix sockets.
//!
//! A frame is a length of four bytes (little endian) and that many bytes of JSON; descriptors travel with its first
//! byte. The same framing is used by the shim, which never blocks, and by its asynchronous client.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Most descriptors in one message: a specification and three standard streams.
pub(crate) const DESCRIPTORS_MAX: usize = 8;

/// Longest frame that either side accepts. Specifications travel as files, so frames are small.
pub(crate) const FRAME_LIMIT_BYTES: usize = 1 << 20;

const LENGTH_BYTES: usize = 4;

/// Sends bytes, with descriptors attached to the first of them; returns how many bytes the socket took.
pub(crate) fn send(socket: BorrowedFd<'_>, bytes: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !control.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "too many descriptors in one message"));
    }
    Ok(rustix::net::sendmsg(socket, &[IoSlice::new(bytes)], &mut control, SendFlags::NOSIGNAL)?)
}

/// Receives bytes and appends the descriptors that came with them; 0 bytes mean the end.
pub(crate) fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8], descriptors: &mut Vec<OwnedFd>) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let message = rustix::net::recvmsg(socket, &mut [IoSliceMut::new(buffer)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    for ancillary in control.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = ancillary {
            descriptors.extend(received);
        }
    }
    Ok(message.bytes)
}

/// A value as one frame.
pub(crate) fn encode_frame(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut frame = vec![0; LENGTH_BYTES];
    serde_json::to_writer(&mut frame, value)?;
    let length = frame.len() - LENGTH_BYTES;
    if length > FRAME_LIMIT_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("a frame of {length} bytes is too long")));
    }
    frame[..LENGTH_BYTES].copy_from_slice(&(length as u32).to_le_bytes());
    Ok(frame)
}

/// Takes the first complete frame out of `buffer`; `None` when more bytes are needed.
pub(crate) fn decode_frame<T: DeserializeOwned>(buffer: &mut Vec<u8>) -> io::Result<Option<T>> {
    let Some(header) = buffer.first_chunk::<LENGTH_BYTES>() else { return Ok(None) };
    let length = u32::from_le_bytes(*header) as usize;
    if length > FRAME_LIMIT_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("a frame of {length} bytes is too long")));
    }
    let end = LENGTH_BYTES + length;
    if buffer.len() < end {
        return Ok(None);
    }
    let value = serde_json::from_slice(&buffer[LENGTH_BYTES..end])?;
    buffer.drain(..end);
    Ok(Some(value))
}

/// Borrows a list of owned descriptors.
pub(crate) fn borrow_all(descriptors: &[OwnedFd]) -> Vec<BorrowedFd<'_>> {
    descriptors.iter().map(AsFd::as_fd).collect()
}

/// Another path to the same socket, short enough for its address, and the directory that must stay open meanwhile.
pub(crate) fn short_socket_path(path: &Path) -> io::Result<(PathBuf, OwnedFd)> {
    let invalid = || io::Error::new(io::ErrorKind::InvalidInput, "the socket has no name");
    let (directory, name) = (path.parent().ok_or_else(invalid)?, path.file_name().ok_or_else(invalid)?);
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = rustix::fs::open(directory, flags, Mode::empty())?;
    Ok((PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd())).join(name), directory))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_taken_only_when_complete() {
        let mut frame = encode_frame(&vec!["a", "b"]).unwrap();
        let last = frame.pop().unwrap();
        assert!(decode_frame::<Vec<String>>(&mut frame).unwrap().is_none());
        frame.extend([last, 1, 0]);
        assert_eq!(decode_frame::<Vec<String>>(&mut frame).unwrap().unwrap(), ["a", "b"]);
        assert_eq!(frame, [1, 0], "the beginning of the next frame stays");
    }

    #[test]
    fn a_length_beyond_the_limit_is_refused() {
        let mut frame = vec![0xff; 8];
        assert!(decode_frame::<String>(&mut frame).is_err());
    }
}
