//! Values that old versions have in the log alone: where they are, and how they are read.

use std::{io, num::NonZeroU32, path::PathBuf, sync::Arc};

use bytes::Bytes;

use super::record::{LoggedWrite, RecordHeader, RecordKind, decode_commit};
use crate::{File, Revision, StoreError, file_system::read_full_at};

/// Where the record of a commit is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// The segment; they are counted from 1.
    pub(super) sequence: NonZeroU32,
    /// Where the record begins, in bytes.
    pub(super) offset: u32,
}

impl Place {
    /// None where numbers would not fit: then the value stays in memory.
    pub(super) fn new(sequence: u64, offset: u64) -> Option<Place> {
        let sequence = NonZeroU32::new(u32::try_from(sequence).ok()?)?;
        Some(Place { sequence, offset: u32::try_from(offset).ok()? })
    }
}

/// A complete segment of the log. Who holds it can read it, though the file may have been removed since.
pub(super) struct Segment {
    pub(super) path: PathBuf,
    /// The format of its records.
    pub(super) version: u32,
    pub(super) file: Arc<dyn File>,
}

/// A value that is to be read from the log.
pub(super) struct Wanted {
    pub(super) segment: Arc<Segment>,
    pub(super) place: Place,
    pub(super) key: Bytes,
    pub(super) revision: Revision,
}

/// Reads values; gives them in the order in which they are wanted.
///
/// # Errors
/// `Damaged`, `Io`.
pub(super) fn read_values(wanted: &[Wanted]) -> Result<Vec<Bytes>, StoreError> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    // In the order of the disk; and many may be of one commit, which is then read once.
    order.sort_unstable_by_key(|position| wanted[*position].place);
    let mut values = vec![Bytes::new(); wanted.len()];
    let mut commit: Option<(Place, Vec<LoggedWrite>)> = None;
    for position in order {
        let wanted = &wanted[position];
        let writes = match commit.take().filter(|(place, _)| *place == wanted.place) {
            Some((_, writes)) => writes,
            None => read_commit(wanted)?,
        };
        let value = writes.iter().find(|write| write.key == wanted.key).and_then(|write| write.value.clone());
        values[position] = value.ok_or_else(|| damaged(wanted, "the commit does not have the key"))?;
        commit = Some((wanted.place, writes));
    }
    Ok(values)
}

/// Most records are read with their header at once.
const FIRST_READ_BYTES: usize = 4 << 10;

fn read_commit(wanted: &Wanted) -> Result<Vec<LoggedWrite>, StoreError> {
    let Segment { file, version, .. } = &*wanted.segment;
    let offset = u64::from(wanted.place.offset);
    let mut record = vec![0; FIRST_READ_BYTES];
    let read = read_full_at(&**file, &mut record, offset).map_err(|error| failed(wanted, error))?;
    record.truncate(read);
    let header = RecordHeader::decode(&record).ok_or_else(|| damaged(wanted, "no record begins there"))?;
    let missing_bytes = header.record_bytes().saturating_sub(read);
    if missing_bytes > 0 {
        // Asked first, since a length that is damaged may be any.
        let length_bytes = file.length_bytes().map_err(|error| failed(wanted, error))?;
        if offset + header.record_bytes() as u64 > length_bytes {
            return Err(damaged(wanted, "the record goes beyond the end of the file"));
        }
        record.resize(header.record_bytes(), 0);
        let rest = read_full_at(&**file, &mut record[read..], offset + read as u64);
        rest.map_err(|error| failed(wanted, error))?;
    }
    let payload = header.verify(&record).ok_or_else(|| damaged(wanted, "the checksum of the record is wrong"))?;
    if (header.kind, header.revision) != (RecordKind::Commit, wanted.revision) {
        return Err(damaged(wanted, "the record is another one"));
    }
    let commit = decode_commit(payload, *version).ok_or_else(|| damaged(wanted, "the commit is malformed"))?;
    Ok(commit.writes)
}

fn damaged(wanted: &Wanted, reason: &'static str) -> StoreError {
    StoreError::Damaged { path: wanted.segment.path.clone(), offset: wanted.place.offset.into(), reason }
}

fn failed(wanted: &Wanted, source: io::Error) -> StoreError {
    let operation =
        format!("read an old value from {} at offset {}", wanted.segment.path.display(), wanted.place.offset);
    StoreError::Io { operation, source: Arc::new(source) }
}
