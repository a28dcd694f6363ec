//! A damaged file in pieces: whole records, and what is between them.

use std::path::Path;

use bytes::Bytes;

use super::super::{
    OpenError,
    directory::{Directory, open_error},
    record::{FILE_HEADER_BYTES, RECORD_HEADER_BYTES, RecordHeader, RecordKind},
};
use crate::{Revision, file_system::read_full_at, limits};

const ALIGNMENT_BYTES: usize = 8;

/// A file's contents.
pub(super) struct Contents(pub(super) Vec<u8>);

#[derive(Clone, Copy)]
pub(super) struct Piece {
    pub(super) offset: usize,
    pub(super) end: usize,
    /// The header of a whole record; none: this is broken.
    pub(super) record: Option<RecordHeader>,
}

/// What a broken record seems to have.
pub(super) struct Guesses {
    pub(super) guesses: Vec<Guess>,
    /// Whether it makes sense to its end, so that these are all.
    pub(super) is_whole: bool,
}

/// A write that a broken record seems to have.
pub(super) struct Guess {
    pub(super) key: Bytes,
    pub(super) is_delete: bool,
    /// Of a key in a snapshot.
    pub(super) mod_revision: Option<Revision>,
}

impl Contents {
    pub(super) fn read(directory: &Directory, path: &Path) -> Result<Contents, OpenError> {
        let file = directory.file_system.open(path).map_err(|error| open_error("open", path, error))?;
        let length_bytes = file.length_bytes().map_err(|error| open_error("measure", path, error))?;
        let mut bytes = vec![0; length_bytes as usize];
        let read = read_full_at(&*file, &mut bytes, 0).map_err(|error| open_error("read", path, error))?;
        bytes.truncate(read);
        Ok(Contents(bytes))
    }

    /// The header of a file alone, and the file's length in bytes.
    pub(super) fn read_head(directory: &Directory, path: &Path) -> Result<(Contents, u64), OpenError> {
        let file = directory.file_system.open(path).map_err(|error| open_error("open", path, error))?;
        let length_bytes = file.length_bytes().map_err(|error| open_error("measure", path, error))?;
        let mut bytes = vec![0; FILE_HEADER_BYTES];
        let read = read_full_at(&*file, &mut bytes, 0).map_err(|error| open_error("read", path, error))?;
        bytes.truncate(read);
        Ok((Contents(bytes), length_bytes))
    }

    /// The whole record at an offset.
    fn record(&self, offset: usize) -> Option<RecordHeader> {
        let bytes = self.0.get(offset..)?;
        let header = RecordHeader::decode(bytes)?;
        header.verify(bytes).map(|_| header)
    }

    pub(super) fn pieces(&self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut offset = FILE_HEADER_BYTES.min(self.0.len());
        while offset < self.0.len() {
            let record = self.record(offset);
            if record.is_none() && self.0[offset..].iter().all(|byte| *byte == 0) {
                // Written ahead of what was to come.
                break;
            }
            let end = match &record {
                Some(header) => offset + header.record_bytes(),
                None => self.next_record(offset),
            };
            pieces.push(Piece { offset, end, record });
            offset = end;
        }
        pieces
    }

    /// Where the next whole record begins behind a broken one; the end of the file if there is none.
    fn next_record(&self, broken: usize) -> usize {
        let mut found = broken + ALIGNMENT_BYTES;
        while found < self.0.len() && self.record(found).is_none() {
            found += ALIGNMENT_BYTES;
        }
        let found = found.min(self.0.len());
        let Some(header) = RecordHeader::decode(&self.0[broken..]) else { return found };
        let said = broken + header.record_bytes();
        let is_end = said == self.0.len() || self.0.get(said..).and_then(RecordHeader::decode).is_some();
        // A value may look like records: what is found within is believed only if it follows on the broken one.
        let follows = self.record(found).is_some_and(|next| match next.kind {
            RecordKind::Items | RecordKind::End => next.revision == header.revision,
            _ => next.revision == header.revision + 1,
        });
        if is_end && (said <= found || !follows) { said } else { found }
    }

    pub(super) fn payload(&self, piece: &Piece) -> Option<&[u8]> {
        let header = piece.record.as_ref()?;
        header.verify(&self.0[piece.offset..piece.end])
    }

    /// The revision that a broken record says it has.
    pub(super) fn guess_revision(&self, piece: &Piece) -> Option<Revision> {
        RecordHeader::decode(&self.0[piece.offset..piece.end]).map(|header| header.revision)
    }

    fn broken_payload(&self, piece: &Piece) -> &[u8] {
        self.0[piece.offset..piece.end].get(RECORD_HEADER_BYTES..).unwrap_or_default()
    }

    /// What a broken record of a snapshot seems to have, as far as it makes sense.
    pub(super) fn guess_items(&self, piece: &Piece) -> Guesses {
        let mut rest = self.broken_payload(piece);
        let mut guesses = Vec::new();
        while let Some(key) = take_key(&mut rest) {
            let Some(mod_revision) = rest.get(8..16) else { break };
            let mod_revision = mod_revision.try_into().ok().map(u64::from_le_bytes);
            guesses.push(Guess { key, is_delete: false, mod_revision });
            let Some(behind) = rest.get(24..) else { break };
            rest = behind;
            if take(&mut rest, limits::VALUE_LIMIT_BYTES).is_none() {
                break;
            }
        }
        let is_whole = !guesses.is_empty() && rest.len() < ALIGNMENT_BYTES && rest.iter().all(|byte| *byte == 0);
        Guesses { guesses, is_whole }
    }

    /// What a broken commit of a file of format `version` seems to have, as far as it makes sense.
    pub(super) fn guess_writes(&self, piece: &Piece, version: u32) -> Guesses {
        let payload = self.broken_payload(piece);
        let mut rest = if version == 1 { payload } else { payload.get(8..).unwrap_or_default() };
        let mut guesses = Vec::new();
        while let Some((kind @ 1..=2, mut behind)) = rest.split_first() {
            let Some(key) = take_key(&mut behind) else { break };
            let is_delete = *kind == 2;
            guesses.push(Guess { key, is_delete, mod_revision: None });
            rest = behind;
            if is_delete {
                continue;
            }
            let Some(behind) = rest.get(8..) else { break };
            rest = behind;
            if take(&mut rest, limits::VALUE_LIMIT_BYTES).is_none() {
                break;
            }
        }
        let is_whole = !guesses.is_empty() && rest.len() < ALIGNMENT_BYTES && rest.iter().all(|byte| *byte == 0);
        Guesses { guesses, is_whole }
    }
}

fn take<'a>(rest: &mut &'a [u8], limit_bytes: usize) -> Option<&'a [u8]> {
    let (length_bytes, behind) = rest.split_first_chunk::<4>()?;
    let length_bytes = u32::from_le_bytes(*length_bytes) as usize;
    if length_bytes > limit_bytes {
        return None;
    }
    let (slice, behind) = behind.split_at_checked(length_bytes)?;
    *rest = behind;
    Some(slice)
}

/// A key, if it could be one.
fn take_key(rest: &mut &[u8]) -> Option<Bytes> {
    let key = take(rest, limits::KEY_LIMIT_BYTES)?;
    let text = std::str::from_utf8(key).ok()?;
    (!text.is_empty() && !text.contains(char::is_control)).then(|| Bytes::copy_from_slice(key))
}
