//! What is there to open from: segments of the log that follow on one another, and snapshots in reach of them.

use std::path::{Path, PathBuf};

use super::super::{
    OpenError,
    bases::{Base, Bases},
    directory::{Directory, Listing, open_error},
    index::{FIRST_REVISION, Index},
    reader::{Reader, Step},
    record::{FileHeader, LOG_MAGIC, RecordKind, SNAPSHOT_MAGIC, count_items, decode_items},
};
use super::replay::Failure;
use crate::{File, Revision};

/// A segment of the log that is there. It is not held open: those that wait for an archive may be many.
pub(super) struct Found {
    pub(super) header: FileHeader,
    pub(super) path: PathBuf,
}

impl Found {
    fn look(directory: &Directory, sequence: u64) -> Result<Found, OpenError> {
        let path = directory.segment_path(sequence);
        let file = open(directory, &path)?;
        let header = directory.read_header(&*file, &path, LOG_MAGIC)?;
        if header.sequence != sequence {
            let reason = "the name of the file and its header differ";
            return Err(OpenError::Corrupt { path, offset: 0, reason });
        }
        Ok(Found { header, path })
    }
}

pub(super) struct Chain {
    /// Ascending, without a gap, at least one.
    segments: Vec<Found>,
    /// Ascending, at least one. The last is what opening needs, the others are for history.
    bases: Vec<Base>,
    /// The revision of the newest snapshot that is there, which the log must reach.
    pub(super) newest: Revision,
    /// What cannot be used, though nothing is lost with it that is not old.
    problems: Vec<String>,
}

impl Chain {
    /// Looks at what is there; none: nothing.
    pub(super) fn of(directory: &Directory, listing: &Listing) -> Result<Option<Chain>, OpenError> {
        let newest = listing.snapshots.last().copied().unwrap_or(FIRST_REVISION);
        let mut segments: Vec<Found> = Vec::new();
        let mut problems = Vec::new();
        for sequence in listing.segments.iter().rev() {
            let later = segments.last().map(|found| &found.header);
            let is_needed = later.is_none_or(|later| later.revision > newest);
            let found = match later {
                Some(later) if later.sequence != sequence + 1 => {
                    Err(OpenError::MissingSegment { path: directory.segment_path(sequence + 1) })
                }
                _ => Found::look(directory, *sequence),
            };
            match found {
                Ok(found) => segments.push(found),
                Err(error) if is_needed => return Err(error),
                // It waited for the archive alone, or a snapshot will miss it.
                Err(OpenError::MissingSegment { .. }) => break,
                Err(error) => {
                    problems.push(error.to_string());
                    break;
                }
            }
        }
        segments.reverse();
        let Some(first) = segments.first().map(|found| found.header) else {
            let is_empty = listing.snapshots.is_empty();
            return if is_empty {
                Ok(None)
            } else {
                Err(OpenError::MissingSegment { path: directory.segment_path(1) })
            };
        };
        if first.revision > newest {
            let path = directory.segment_path(first.sequence.saturating_sub(1));
            return Err(OpenError::MissingSegment { path });
        }
        let mut chain = Chain { segments, bases: Vec::new(), newest, problems };
        chain.find_bases(directory, listing)?;
        Ok(Some(chain))
    }

    fn find_bases(&mut self, directory: &Directory, listing: &Listing) -> Result<(), OpenError> {
        let first_segment = |revision: Revision| {
            let found = self.segments.iter().rfind(|found| found.header.revision <= revision);
            found.map(|found| found.header.sequence)
        };
        if !listing.snapshots.contains(&FIRST_REVISION)
            && let Some(first_segment) = first_segment(FIRST_REVISION)
        {
            self.bases.push(Base { revision: FIRST_REVISION, first_segment, snapshot_bytes: None });
        }
        let mut failure = None;
        for revision in listing.snapshots.iter().copied() {
            let Some(first_segment) = first_segment(revision) else {
                let path = directory.snapshot_path(revision);
                self.problems.push(format!("{} is there, and the log behind it is not", path.display()));
                continue;
            };
            match snapshot_bytes(directory, revision) {
                Ok(bytes) => self.bases.push(Base { revision, first_segment, snapshot_bytes: Some(bytes) }),
                Err(error) => {
                    self.problems.push(error.to_string());
                    failure = Some(error);
                }
            }
        }
        if self.bases.is_empty() { failure.map_or(Ok(()), Err) } else { Ok(()) }
    }

    /// The segment in which the log ends.
    pub(super) fn last(&self) -> &Found {
        self.segments.last().expect("a chain has segments")
    }

    /// The segments before that, ascending.
    pub(super) fn complete(&self) -> impl Iterator<Item = &Found> {
        self.segments[..self.segments.len() - 1].iter()
    }

    /// From where opening is tried next.
    pub(super) fn base(&self) -> Base {
        self.bases[0]
    }

    /// Gives up what was tried, and whatever else cannot be opened for what is wrong with the log up to the segment.
    ///
    /// # Errors
    /// When nothing else is left.
    pub(super) fn give_up(&mut self, Failure { error, segment }: Failure) -> Result<(), OpenError> {
        let last = self.bases.len() - 1;
        if last == 0 {
            return Err(error);
        }
        self.problems.push(error.to_string());
        let is_broken = |base: &&Base| segment.is_some_and(|segment| base.first_segment <= segment);
        let broken = 1 + self.bases[1..].iter().take_while(is_broken).count();
        self.bases.drain(..broken.min(last));
        Ok(())
    }

    /// The revision of the newest snapshot, if opening begins from another one.
    pub(super) fn newest_behind_the_first(&self) -> Option<Revision> {
        self.bases[1..].last().map(|base| base.revision)
    }

    /// Takes in whether a snapshot is whole. Where it is not, the next older one that is becomes the newest.
    pub(super) fn note_proof(&mut self, directory: &Directory, mut proof: Option<Proof>) {
        while let Some(Proof { revision, result: Err(error) }) = proof {
            if self.newest_behind_the_first() != Some(revision) {
                // It was opened from meanwhile.
                return;
            }
            self.problems.push(error.to_string());
            self.bases.retain(|base| base.revision != revision);
            proof = self.newest_behind_the_first().map(|revision| Proof::of(directory, revision));
        }
    }

    /// Reads all snapshots but the one from which the store was opened and the newest, which was read.
    pub(super) fn prove_all(&mut self, directory: &Directory) {
        for position in (1..self.bases.len().saturating_sub(1)).rev() {
            let Proof { result, .. } = Proof::of(directory, self.bases[position].revision);
            if let Err(error) = result {
                self.problems.push(error.to_string());
                self.bases.remove(position);
            }
        }
    }

    /// From where the store can be opened, and what is wrong with the rest.
    pub(super) fn into_parts(mut self) -> (Bases, Vec<String>) {
        let newest = self.bases.pop().expect("one of them was opened from");
        (Bases::new(newest, self.bases), self.problems)
    }
}

/// Whether a snapshot is whole.
pub(super) struct Proof {
    revision: Revision,
    result: Result<(), OpenError>,
}

impl Proof {
    /// Reads a snapshot to its end.
    pub(super) fn of(directory: &Directory, revision: Revision) -> Proof {
        Proof { revision, result: read_snapshot(directory, revision, count_items) }
    }
}

pub(super) fn open(directory: &Directory, path: &Path) -> Result<Box<dyn File>, OpenError> {
    directory.file_system.open(path).map_err(|error| open_error("open", path, error))
}

fn snapshot_bytes(directory: &Directory, revision: Revision) -> Result<u64, OpenError> {
    let path = directory.snapshot_path(revision);
    open(directory, &path)?.length_bytes().map_err(|error| open_error("measure", &path, error))
}

/// The keys from which the log goes on.
pub(super) fn load(directory: &Directory, base: Base) -> Result<Index, OpenError> {
    let mut index = Index::new(base.revision);
    if base.snapshot_bytes.is_some() {
        read_snapshot(directory, base.revision, |payload| {
            let items = decode_items(payload)?;
            let count = items.len() as u64;
            items.into_iter().for_each(|item| index.load(item));
            Some(count)
        })?;
    }
    Ok(index)
}

/// Reads a snapshot to its end, which counts its keys. `take` gets the payloads of its items, and counts them; none: they
/// are malformed.
fn read_snapshot(
    directory: &Directory,
    revision: Revision,
    mut take: impl FnMut(&[u8]) -> Option<u64>,
) -> Result<(), OpenError> {
    let path = directory.snapshot_path(revision);
    let file = open(directory, &path)?;
    let header = directory.read_header(&*file, &path, SNAPSHOT_MAGIC)?;
    let corrupt = |offset, reason| OpenError::Corrupt { path: path.clone(), offset, reason };
    if header.revision != revision {
        return Err(corrupt(0, "the name of the file and its header differ"));
    }
    let mut reader = Reader::new(&*file, &path)?;
    let mut keys: u64 = 0;
    loop {
        let offset = reader.offset;
        let Step::Record(record, payload) = reader.next()? else {
            return Err(corrupt(offset, "a record of the snapshot is broken or missing"));
        };
        match record.kind {
            RecordKind::Items => {
                keys += take(payload).ok_or_else(|| corrupt(offset, "the items are malformed"))?;
            }
            RecordKind::End if payload == keys.to_le_bytes() => return Ok(()),
            _ => return Err(corrupt(offset, "this record does not belong here")),
        }
    }
}
