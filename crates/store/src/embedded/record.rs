//! The form of what stands on the disk.
//!
//! A file starts with a header of [`FILE_HEADER_BYTES`]; records follow, each padded to eight bytes. A
//! commit is one record, so that it is whole or not there. All numbers are little-endian.
//!
//! ```text
//! file    magic [8] · format version u32 · history u32 · revision u64 · sequence u64 · checksum u64
//! record  checksum u64 (of all that follows) · magic [3] · kind u8 · payload length u32
//!         · revision u64 · durable offset u64 · payload · padding
//! ```
//!
//! Format 1 had no history (zero stood there), no time in commits, and many keys in one record of a snapshot.
//!
//! The *history* is a number that a store gets when it begins, and anew when it begins from a backup or a repair: two
//! stores that have one revision in common may differ in what came of it.
//!
//! The *durable offset* of a record is the offset in its file up to which everything was durable before
//! the record was written. With it a reader can tell a tail that a crash tore (cut it) from damage to
//! what was durable (refuse it): it is damage if any whole record further on says that the offset of
//! the broken one was durable.

use std::path::Path;

use bytes::{Buf, Bytes};
use xxhash_rust::xxh3::xxh3_64;

use crate::{Event, EventKind, KeyValue, Revision};

/// The format that is written. Each file names its own; older files are read as what they are.
pub(crate) const FORMAT_VERSION: u32 = 2;
/// The format of backups, which changes by itself: a backup that is made before an upgrade must be readable by the
/// release that one goes back to.
pub(crate) const BACKUP_FORMAT_VERSION: u32 = 1;
/// The first format whose commits have a time.
const TIMED_FORMAT_VERSION: u32 = 2;
pub(crate) const FILE_HEADER_BYTES: usize = 40;
pub(crate) const RECORD_HEADER_BYTES: usize = 32;
pub(crate) const LOG_MAGIC: [u8; 8] = *b"SAGONGLG";
pub(crate) const SNAPSHOT_MAGIC: [u8; 8] = *b"SAGONGSN";
pub(crate) const BACKUP_MAGIC: [u8; 8] = *b"SAGONGBK";
const RECORD_MAGIC: [u8; 3] = *b"SgR";
const ALIGNMENT_BYTES: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecordKind {
    /// A commit.
    Commit = 1,
    /// `revision` became the oldest that can be read.
    Compact = 2,
    /// Nothing: it tells by its durable offset that all before it was durable.
    Mark = 3,
    /// Keys of a snapshot: one, so that damage to it is damage to one object; many in a backup and in format 1.
    Items = 4,
    /// The end of a snapshot; the payload is the count of its keys.
    End = 5,
}

impl RecordKind {
    fn from_byte(byte: u8) -> Option<RecordKind> {
        use RecordKind::{Commit, Compact, End, Items, Mark};
        [Commit, Compact, Mark, Items, End].into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// What a file says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileHeader {
    pub(crate) version: u32,
    /// Tells stores apart; 0 when none is known.
    pub(crate) history: u32,
    /// Of a log segment: what is in it comes after this. Of a snapshot or backup: what it is one of.
    pub(crate) revision: Revision,
    /// Counts the segments; 0 for a snapshot; of a backup, when it was made, in seconds since the Unix epoch.
    pub(crate) sequence: u64,
}

pub(crate) enum HeaderError {
    Newer(u32),
    Corrupt(&'static str),
}

impl FileHeader {
    pub(crate) fn encode(self, magic: [u8; 8]) -> [u8; FILE_HEADER_BYTES] {
        let mut bytes = [0; FILE_HEADER_BYTES];
        bytes[..8].copy_from_slice(&magic);
        bytes[8..12].copy_from_slice(&self.version.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.history.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.revision.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.sequence.to_le_bytes());
        let checksum = xxh3_64(&bytes[..32]);
        bytes[32..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    pub(crate) fn decode(mut bytes: &[u8], magic: [u8; 8]) -> Result<FileHeader, HeaderError> {
        if bytes.len() < FILE_HEADER_BYTES {
            return Err(HeaderError::Corrupt("the file ends within its header"));
        }
        if bytes[..8] != magic {
            return Err(HeaderError::Corrupt("this is no file of the store"));
        }
        let checksum = xxh3_64(&bytes[..32]);
        bytes.advance(8);
        let version = bytes.get_u32_le();
        // Before the checksum, which a newer format may place elsewhere.
        if version > newest_version(magic) {
            return Err(HeaderError::Newer(version));
        }
        let history = bytes.get_u32_le();
        let header = FileHeader { version, history, revision: bytes.get_u64_le(), sequence: bytes.get_u64_le() };
        if bytes.get_u64_le() != checksum || version == 0 {
            return Err(HeaderError::Corrupt("the checksum of the header is wrong"));
        }
        Ok(header)
    }
}

/// The newest version of a kind of file that is read.
pub(crate) fn newest_version(magic: [u8; 8]) -> u32 {
    if magic == BACKUP_MAGIC { BACKUP_FORMAT_VERSION } else { FORMAT_VERSION }
}

/// A history for a store that begins now at `revision`.
pub(crate) fn new_history(path: &Path, revision: Revision, now_unix_milliseconds: u64) -> u32 {
    let mut bytes = path.as_os_str().as_encoded_bytes().to_vec();
    bytes.extend_from_slice(&revision.to_le_bytes());
    bytes.extend_from_slice(&now_unix_milliseconds.to_le_bytes());
    // 0 stands for none.
    (xxh3_64(&bytes) as u32).max(1)
}

/// A record's header, not yet checked against its payload.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecordHeader {
    checksum: u64,
    pub(crate) kind: RecordKind,
    pub(crate) payload_bytes: usize,
    pub(crate) revision: Revision,
    pub(crate) durable_offset: u64,
}

impl RecordHeader {
    /// None when this is no header.
    pub(crate) fn decode(mut bytes: &[u8]) -> Option<RecordHeader> {
        if bytes.len() < RECORD_HEADER_BYTES || bytes[8..11] != RECORD_MAGIC {
            return None;
        }
        let checksum = bytes.get_u64_le();
        bytes.advance(RECORD_MAGIC.len());
        Some(RecordHeader {
            checksum,
            kind: RecordKind::from_byte(bytes.get_u8())?,
            payload_bytes: bytes.get_u32_le() as usize,
            revision: bytes.get_u64_le(),
            durable_offset: bytes.get_u64_le(),
        })
    }

    /// The length of the whole record in the file.
    pub(crate) fn record_bytes(&self) -> usize {
        (RECORD_HEADER_BYTES + self.payload_bytes).next_multiple_of(ALIGNMENT_BYTES)
    }

    /// Whether `record`, which begins with this header, is whole; gives its payload.
    pub(crate) fn verify<'a>(&self, record: &'a [u8]) -> Option<&'a [u8]> {
        let bytes = record.get(..self.record_bytes())?;
        if xxh3_64(&bytes[8..]) != self.checksum {
            return None;
        }
        Some(&bytes[RECORD_HEADER_BYTES..RECORD_HEADER_BYTES + self.payload_bytes])
    }
}

/// How long the record of a commit can become that has so many writes with so many bytes of keys and values.
pub(crate) fn commit_limit_bytes(writes: usize, content_bytes: usize) -> u64 {
    // The time; of each write: its kind, two lengths, the expiry.
    let payload_bytes = 8 + content_bytes + writes * (1 + 4 + 4 + 8);
    (RECORD_HEADER_BYTES + payload_bytes).next_multiple_of(ALIGNMENT_BYTES) as u64
}

/// Appends a record whose payload `fill` writes.
pub(crate) fn append_record(
    buffer: &mut Vec<u8>,
    kind: RecordKind,
    revision: Revision,
    durable_offset: u64,
    fill: impl FnOnce(&mut Vec<u8>),
) {
    let start = buffer.len();
    buffer.extend_from_slice(&[0; 8]);
    buffer.extend_from_slice(&RECORD_MAGIC);
    buffer.push(kind as u8);
    buffer.extend_from_slice(&[0; 4]);
    buffer.extend_from_slice(&revision.to_le_bytes());
    buffer.extend_from_slice(&durable_offset.to_le_bytes());
    let payload = buffer.len();
    fill(buffer);
    let payload_bytes = u32::try_from(buffer.len() - payload).expect("commits are limited to far less than 4 GiB");
    buffer[start + 12..start + 16].copy_from_slice(&payload_bytes.to_le_bytes());
    buffer.resize(start + (buffer.len() - start).next_multiple_of(ALIGNMENT_BYTES), 0);
    let checksum = xxh3_64(&buffer[start + 8..]);
    buffer[start..start + 8].copy_from_slice(&checksum.to_le_bytes());
}

const PUT: u8 = 1;
const DELETE: u8 = 2;

fn append_slice(buffer: &mut Vec<u8>, bytes: &[u8]) {
    buffer.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    buffer.extend_from_slice(bytes);
}

/// Appends the changes of one commit. What came before a change is not in the log: it is what the
/// index holds when the log is read.
pub(crate) fn append_commit(
    buffer: &mut Vec<u8>,
    revision: Revision,
    durable_offset: u64,
    unix_milliseconds: u64,
    events: &[Event],
) {
    append_record(buffer, RecordKind::Commit, revision, durable_offset, |buffer| {
        buffer.extend_from_slice(&unix_milliseconds.to_le_bytes());
        for event in events {
            match event.kind {
                EventKind::Put => {
                    buffer.push(PUT);
                    append_slice(buffer, &event.kv.key);
                    buffer.extend_from_slice(&event.kv.expires_at.unwrap_or(0).to_le_bytes());
                    append_slice(buffer, &event.kv.value);
                }
                EventKind::Delete => {
                    buffer.push(DELETE);
                    append_slice(buffer, &event.kv.key);
                }
            }
        }
    });
}

/// One write of a commit, as the log has it.
pub(crate) struct LoggedWrite {
    pub(crate) key: Bytes,
    /// None: a delete.
    pub(crate) value: Option<Bytes>,
    pub(crate) expires_at: Option<u64>,
}

/// A commit, as the log has it.
pub(crate) struct LoggedCommit {
    /// When it was made, in milliseconds since the Unix epoch, and never before an earlier one; none where the format
    /// is from before that was written.
    pub(crate) unix_milliseconds: Option<u64>,
    pub(crate) writes: Vec<LoggedWrite>,
}

/// Reads the payload of a commit in a file of format `version`; none when it is malformed.
pub(crate) fn decode_commit(mut payload: &[u8], version: u32) -> Option<LoggedCommit> {
    let unix_milliseconds = match version {
        TIMED_FORMAT_VERSION.. => Some(u64::from_le_bytes(take_number(&mut payload)?)),
        _ => None,
    };
    let mut writes = Vec::new();
    while !payload.is_empty() {
        let kind = take_number::<1>(&mut payload)?[0];
        let key = take_slice(&mut payload)?;
        writes.push(match kind {
            PUT => {
                let expires_at = u64::from_le_bytes(take_number(&mut payload)?);
                let value = Some(take_slice(&mut payload)?);
                LoggedWrite { key, value, expires_at: Some(expires_at).filter(|at| *at != 0) }
            }
            DELETE => LoggedWrite { key, value: None, expires_at: None },
            _ => return None,
        });
    }
    Some(LoggedCommit { unix_milliseconds, writes })
}

/// Appends a key of a snapshot to the payload of a record of items.
pub(crate) fn append_item(buffer: &mut Vec<u8>, item: &KeyValue) {
    append_slice(buffer, &item.key);
    for number in [item.create_revision, item.mod_revision, item.expires_at.unwrap_or(0)] {
        buffer.extend_from_slice(&number.to_le_bytes());
    }
    append_slice(buffer, &item.value);
}

/// Reads the payload of a record of items; none when it is malformed.
pub(crate) fn decode_items(mut payload: &[u8]) -> Option<Vec<KeyValue>> {
    let mut items = Vec::new();
    while !payload.is_empty() {
        let key = take_slice(&mut payload)?;
        let create_revision = u64::from_le_bytes(take_number(&mut payload)?);
        let mod_revision = u64::from_le_bytes(take_number(&mut payload)?);
        let expires_at = Some(u64::from_le_bytes(take_number(&mut payload)?)).filter(|at| *at != 0);
        let value = take_slice(&mut payload)?;
        items.push(KeyValue { key, value, create_revision, mod_revision, expires_at });
    }
    Some(items)
}

/// How many keys the payload of a record of items has; none when it is malformed.
pub(crate) fn count_items(mut payload: &[u8]) -> Option<u64> {
    let mut count = 0;
    while !payload.is_empty() {
        split_slice(&mut payload)?;
        take_number::<24>(&mut payload)?;
        split_slice(&mut payload)?;
        count += 1;
    }
    Some(count)
}

fn take_number<const N: usize>(payload: &mut &[u8]) -> Option<[u8; N]> {
    let (number, rest) = payload.split_first_chunk::<N>()?;
    *payload = rest;
    Some(*number)
}

/// Copied, so that a value that lives long keeps only itself in memory.
fn take_slice(payload: &mut &[u8]) -> Option<Bytes> {
    split_slice(payload).map(Bytes::copy_from_slice)
}

fn split_slice<'a>(payload: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length_bytes = u32::from_le_bytes(take_number(payload)?) as usize;
    let (slice, rest) = payload.split_at_checked(length_bytes)?;
    *payload = rest;
    Some(slice)
}
