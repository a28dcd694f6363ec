//! A file system of one file, which is the medium: just as much of FUSE's protocol as a loop device needs of it.
//!
//! Its root is the file itself, mounted over another file, so that there are no names. The kernel keeps nothing back: a
//! write is answered when the medium has it, and a flush of the loop device comes as an fsync.

use std::{
    ffi::CString,
    fs::File,
    io::{self, Read, Write},
    os::fd::AsRawFd,
    path::Path,
};

use rustix::{
    io::Errno,
    mount::{MountFlags, mount},
};

use super::medium::Medium;

const PROTOCOL_MAJOR: u32 = 7;
/// Of 2019; a newer kernel speaks it too.
const PROTOCOL_MINOR: u32 = 31;
/// More than a page in one write, and more than 32 pages.
const BIG_WRITES: u32 = 1 << 5;
const MAX_PAGES: u32 = 1 << 22;

const REQUEST_HEADER_BYTES: usize = 40;
const ANSWER_HEADER_BYTES: usize = 16;
/// What comes before the bytes of a write.
const WRITE_HEADER_BYTES: usize = 40;
const WRITE_LIMIT_BYTES: usize = 128 << 10;
const PAGE_BYTES: usize = 4096;
/// For how long the kernel may believe the file's attributes, in seconds: nobody else changes them.
const ATTRIBUTES_SECONDS: u64 = 3600;

/// Procedures of the protocol.
mod procedure {
    pub(super) const FORGET: u32 = 2;
    pub(super) const GETATTR: u32 = 3;
    pub(super) const SETATTR: u32 = 4;
    pub(super) const OPEN: u32 = 14;
    pub(super) const READ: u32 = 15;
    pub(super) const WRITE: u32 = 16;
    pub(super) const RELEASE: u32 = 18;
    pub(super) const FSYNC: u32 = 20;
    pub(super) const FLUSH: u32 = 25;
    pub(super) const INIT: u32 = 26;
    pub(super) const INTERRUPT: u32 = 36;
    pub(super) const DESTROY: u32 = 38;
    pub(super) const BATCH_FORGET: u32 = 42;
}

/// A mounted file system that is to be served.
pub(super) struct Served {
    kernel: File,
    medium: Medium,
}

/// A request of the kernel's.
struct Request<'a> {
    procedure: u32,
    unique: u64,
    node: u64,
    body: &'a [u8],
}

fn number32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn number64(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_ne_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

impl Request<'_> {
    fn read(bytes: &[u8]) -> Option<Request<'_>> {
        Some(Request {
            procedure: number32(bytes, 4)?,
            unique: number64(bytes, 8)?,
            node: number64(bytes, 16)?,
            body: bytes.get(REQUEST_HEADER_BYTES..)?,
        })
    }
}

impl Served {
    /// Mounts the medium at an existing file.
    pub(super) fn mount(at: &Path, medium: Medium) -> io::Result<Served> {
        let kernel = File::options().read(true).write(true).open("/dev/fuse")?;
        // The mode of the root is that of a file.
        let options = format!("fd={},rootmode=100600,user_id=0,group_id=0", kernel.as_raw_fd());
        let options = CString::new(options).expect("numbers have no zero byte");
        mount("sagong-robustness", at, "fuse", MountFlags::NOSUID | MountFlags::NODEV, options.as_c_str())?;
        Ok(Served { kernel, medium })
    }

    /// Answers until it is unmounted.
    pub(super) fn run(mut self) -> io::Result<()> {
        let mut buffer = vec![0; WRITE_LIMIT_BYTES + PAGE_BYTES];
        loop {
            let length = match self.kernel.read(&mut buffer) {
                Ok(length) => length,
                Err(error) => match Errno::from_io_error(&error) {
                    // Unmounted.
                    Some(Errno::NODEV) => return Ok(()),
                    // Who asked gave up before it was read.
                    Some(Errno::NOENT | Errno::INTR | Errno::AGAIN) => continue,
                    _ => return Err(error),
                },
            };
            let request = Request::read(&buffer[..length]).ok_or(io::ErrorKind::InvalidData)?;
            if let Some(answer) = self.perform(&request) {
                self.answer(request.unique, answer)?;
            }
        }
    }

    /// Does what is asked; none where no answer is due.
    fn perform(&self, request: &Request<'_>) -> Option<io::Result<Vec<u8>>> {
        let malformed = || io::Error::from(Errno::INVAL);
        Some(match request.procedure {
            procedure::FORGET | procedure::BATCH_FORGET | procedure::INTERRUPT => return None,
            procedure::INIT => Ok(init(request.body)),
            procedure::GETATTR | procedure::SETATTR => Ok(self.attributes(request.node)),
            procedure::OPEN => Ok(vec![0; 16]),
            procedure::RELEASE | procedure::FLUSH | procedure::DESTROY => Ok(Vec::new()),
            procedure::READ => self.read(request.body).ok_or_else(malformed).and_then(|read| read),
            procedure::WRITE => self.write(request.body).ok_or_else(malformed).and_then(|written| written),
            procedure::FSYNC => self.medium.flush().map(|()| Vec::new()),
            _ => Err(Errno::NOSYS.into()),
        })
    }

    fn read(&self, body: &[u8]) -> Option<io::Result<Vec<u8>>> {
        let (offset, length) = (number64(body, 8)?, number32(body, 16)?);
        Some(self.medium.read(offset, length as usize))
    }

    fn write(&self, body: &[u8]) -> Option<io::Result<Vec<u8>>> {
        let (offset, length) = (number64(body, 8)?, number32(body, 16)?);
        let bytes = body.get(WRITE_HEADER_BYTES..WRITE_HEADER_BYTES + length as usize)?;
        let mut answer = length.to_ne_bytes().to_vec();
        answer.extend([0; 4]);
        Some(self.medium.write(offset, bytes).map(|()| answer))
    }

    /// `struct fuse_attr_out`.
    fn attributes(&self, node: u64) -> Vec<u8> {
        const BLOCK_BYTES: u64 = 512;
        let size = self.medium.size_bytes();
        let mut answer = Vec::with_capacity(104);
        for number in [ATTRIBUTES_SECONDS, 0, node, size, size / BLOCK_BYTES, 0, 0, 0] {
            answer.extend(number.to_ne_bytes());
        }
        // Parts of seconds, then the mode, one link, root's, no device, the block size, no flags.
        for number in [0, 0, 0, 0o100_600, 1, 0, 0, 0, PAGE_BYTES as u32, 0] {
            answer.extend(u32::to_ne_bytes(number));
        }
        answer
    }

    fn answer(&mut self, unique: u64, answer: io::Result<Vec<u8>>) -> io::Result<()> {
        let (error, body) = match answer {
            Ok(body) => (0, body),
            Err(error) => (-error.raw_os_error().unwrap_or(Errno::IO.raw_os_error()), Vec::new()),
        };
        let mut bytes = Vec::with_capacity(ANSWER_HEADER_BYTES + body.len());
        bytes.extend(((ANSWER_HEADER_BYTES + body.len()) as u32).to_ne_bytes());
        bytes.extend(error.to_ne_bytes());
        bytes.extend(unique.to_ne_bytes());
        bytes.extend(body);
        match self.kernel.write(&bytes).map_err(|error| (Errno::from_io_error(&error), error)) {
            // Who asked gave up, or it was unmounted meanwhile.
            Ok(_) | Err((Some(Errno::NOENT | Errno::NODEV), _)) => Ok(()),
            Err((_, error)) => Err(error),
        }
    }
}

/// `struct fuse_init_out`.
fn init(body: &[u8]) -> Vec<u8> {
    let read_ahead = number32(body, 8).unwrap_or(0);
    let mut answer = Vec::with_capacity(64);
    for number in [PROTOCOL_MAJOR, PROTOCOL_MINOR, read_ahead, BIG_WRITES | MAX_PAGES] {
        answer.extend(number.to_ne_bytes());
    }
    // Requests in the background, and from when on there are many.
    answer.extend([16_u16, 12].into_iter().flat_map(u16::to_ne_bytes));
    // The longest write, and times are whole seconds.
    answer.extend([WRITE_LIMIT_BYTES as u32, 1_000_000_000].into_iter().flat_map(u32::to_ne_bytes));
    answer.extend([(WRITE_LIMIT_BYTES / PAGE_BYTES) as u16, 0].into_iter().flat_map(u16::to_ne_bytes));
    answer.resize(64, 0);
    answer
}
