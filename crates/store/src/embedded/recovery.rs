//! Opening: the newest snapshot, then the log behind it, then a tail that a crash may have torn.

use std::path::{Path, PathBuf};

use super::{
    OpenError,
    directory::{Directory, Listing, open_error},
    index::{Closed, FIRST_REVISION, Index},
    log::{Log, Sealed, create_segment},
    place::{Place, Segment},
    reader::{Reader, Step},
    record::{
        FILE_HEADER_BYTES, FORMAT_VERSION, FileHeader, LOG_MAGIC, RecordKind, SNAPSHOT_MAGIC, decode_commit,
        decode_items, new_history,
    },
    ring::Ring,
    upgrade,
};
use crate::{Event, EventKind, File, KeyValue, Revision, file_system::write_all_at};

/// What is in a data directory, ready to be gone on with.
pub(super) struct Recovered {
    pub(super) index: Index,
    pub(super) ring: Ring,
    pub(super) log: Log,
    pub(super) snapshot_bytes: u64,
    /// The first segment that the next opening needs; those before it wait for the archive.
    pub(super) needed_from: u64,
    /// The time of the last commit, in milliseconds since the Unix epoch; 0 when there is none.
    pub(super) last_commit_milliseconds: u64,
}

/// How a data directory is read.
pub(super) struct Opening {
    pub(super) watch_ring_limit_bytes: usize,
    pub(super) reserve_bytes: u64,
    pub(super) now_unix_milliseconds: u64,
    /// Whether segments that are no longer needed wait for the archive.
    pub(super) keeps_superseded: bool,
    /// Whether nothing may be changed, so that an older format stays what it is.
    pub(super) is_looking: bool,
}

/// Reads a data directory, whose lock the caller holds, and repairs what a crash left.
pub(super) fn recover(directory: Directory, opening: &Opening) -> Result<Recovered, OpenError> {
    let io = |operation, error| open_error(operation, &directory.path, error);
    let listing = directory.list().map_err(|error| io("list", error))?;
    // A process before this one may have made names that it could not sync: what is written to a file from now on would
    // last no longer than its name.
    directory.sync().map_err(|error| io("sync", error))?;
    // Before files are made, since one under way may get the name of one of these.
    remove(&directory, &listing.unfinished)?;
    let (index, snapshot_bytes) = match listing.snapshots.last() {
        Some(revision) => load_snapshot(&directory, *revision)?,
        None => (Index::new(FIRST_REVISION), 0),
    };
    let ring = Ring::new(opening.watch_ring_limit_bytes, index.revision);
    let mut replay = Replay { directory: &directory, index, ring, opening, last_commit_milliseconds: 0 };
    let mut log = replay.log(&listing)?;
    let Replay { mut index, ring, last_commit_milliseconds, .. } = replay;
    index.make_dense();
    let needed_from = log.sealed.first().map_or(log.sequence, |sealed| sealed.sequence);
    let (segments, snapshots) = superseded(&directory, &listing, needed_from);
    remove(&directory, &snapshots)?;
    if opening.keeps_superseded {
        log.sealed.splice(..0, sealed(&directory, &listing, needed_from));
    } else {
        remove(&directory, &segments)?;
    }
    Ok(Recovered { index, ring, log, snapshot_bytes, needed_from, last_commit_milliseconds })
}

fn load_snapshot(directory: &Directory, revision: Revision) -> Result<(Index, u64), OpenError> {
    let path = directory.snapshot_path(revision);
    let file = directory.file_system.open(&path).map_err(|error| open_error("open", &path, error))?;
    let header = directory.read_header(&*file, &path, SNAPSHOT_MAGIC)?;
    let corrupt = |offset, reason| OpenError::Corrupt { path: path.clone(), offset, reason };
    if header.revision != revision {
        return Err(corrupt(0, "the name of the file and its header differ"));
    }
    let mut index = Index::new(revision);
    let mut reader = Reader::new(&*file, &path)?;
    loop {
        let offset = reader.offset;
        let Step::Record(record, payload) = reader.next()? else {
            return Err(corrupt(offset, "a record of the snapshot is broken or missing"));
        };
        match record.kind {
            RecordKind::Items => {
                let items = decode_items(payload).ok_or_else(|| corrupt(offset, "the items are malformed"))?;
                items.into_iter().for_each(|item| index.load(item));
            }
            RecordKind::End if payload == index.live.to_le_bytes() => return Ok((index, reader.offset)),
            _ => return Err(corrupt(offset, "this record does not belong here")),
        }
    }
}

struct Replay<'a> {
    directory: &'a Directory,
    index: Index,
    ring: Ring,
    opening: &'a Opening,
    last_commit_milliseconds: u64,
}

impl Replay<'_> {
    /// Replays the log and gives its end.
    fn log(&mut self, listing: &Listing) -> Result<Log, OpenError> {
        let directory = self.directory;
        let snapshot = self.index.revision;
        // The segments from the last that begins at or before the snapshot.
        let mut needed: Vec<(FileHeader, PathBuf, Box<dyn File>)> = Vec::new();
        let mut successor = None;
        let mut begins_at = None;
        for sequence in listing.segments.iter().rev() {
            let path = directory.segment_path(*sequence);
            if successor.is_some_and(|successor| successor != sequence + 1) {
                return Err(OpenError::MissingSegment { path: directory.segment_path(sequence + 1) });
            }
            let file = directory.file_system.open(&path).map_err(|error| open_error("open", &path, error))?;
            let header = directory.read_header(&*file, &path, LOG_MAGIC)?;
            if header.sequence != *sequence {
                let reason = "the name of the file and its header differ";
                return Err(OpenError::Corrupt { path, offset: 0, reason });
            }
            needed.push((header, path, file));
            successor = Some(*sequence);
            begins_at = Some(header.revision);
            if header.revision <= snapshot {
                break;
            }
        }
        needed.reverse();
        match begins_at {
            Some(begins_at) if begins_at <= snapshot => {}
            Some(_) => {
                let before = needed[0].0.sequence.saturating_sub(1);
                return Err(OpenError::MissingSegment { path: directory.segment_path(before) });
            }
            None if listing.snapshots.is_empty() => return self.first_segment(),
            None => return Err(OpenError::MissingSegment { path: directory.segment_path(1) }),
        }
        let mut sealed = Vec::new();
        let Some((last, path, mut file)) = needed.pop() else { return self.first_segment() };
        for (header, path, file) in needed {
            let end = self.segment(&*file, &path, header, false)?;
            let (sequence, begins_after) = (header.sequence, header.revision);
            sealed.push(Sealed { sequence, length_bytes: end.offset, begins_after });
            let segment = Segment { path, version: header.version, file: file.into() };
            self.index.close_segment(sequence, Closed::new(segment, end.revision));
        }
        let end = self.segment(&*file, &path, last, true)?;
        settle_tail(&mut *file, &path, &end)?;
        let mut log = Log::new(directory.clone(), file, last, end.offset, self.opening.reserve_bytes);
        log.sealed = sealed;
        if !self.opening.is_looking {
            upgrade::upgrade(&mut log, &mut self.index, last.version, self.opening.now_unix_milliseconds)?;
        }
        Ok(log)
    }

    fn first_segment(&self) -> Result<Log, OpenError> {
        let directory = self.directory.clone();
        let revision = self.index.revision;
        let history = new_history(&directory.path, revision, self.opening.now_unix_milliseconds);
        let header = FileHeader { version: FORMAT_VERSION, history, revision, sequence: 1 };
        let file = create_segment(&directory, header, 0)
            .and_then(|file| directory.sync().map(|()| file))
            .map_err(|error| open_error("create", &directory.segment_path(header.sequence), error))?;
        Ok(Log::new(directory, file, header, FILE_HEADER_BYTES as u64, self.opening.reserve_bytes))
    }

    /// Replays a segment. Only the last one may have a torn tail: the others were durable before their
    /// successor was begun.
    fn segment(
        &mut self,
        file: &dyn File,
        path: &Path,
        header: FileHeader,
        is_last: bool,
    ) -> Result<SegmentEnd, OpenError> {
        let mut reader = Reader::new(file, path)?;
        if self.index.revision < header.revision {
            // The segment before ends too early, at the end of a record, as if it had been cut there.
            let reason = "commits before it are missing";
            return Err(OpenError::Corrupt { path: path.to_owned(), offset: reader.offset, reason });
        }
        let mut revision = header.revision;
        let mut batch_offset = reader.offset;
        let mut torn = false;
        loop {
            let offset = reader.offset;
            let corrupt = |reason| OpenError::Corrupt { path: path.to_owned(), offset, reason };
            let (record, payload) = match reader.next()? {
                Step::Record(record, payload) => (record, payload),
                Step::End => break,
                Step::Broken => {
                    torn = true;
                    break;
                }
            };
            batch_offset = record.durable_offset;
            match record.kind {
                RecordKind::Commit => {
                    revision += 1;
                    if record.revision != revision {
                        return Err(corrupt("the revision does not follow on the one before"));
                    }
                    let commit = decode_commit(payload, header.version);
                    let commit = commit.ok_or_else(|| corrupt("the commit is malformed"))?;
                    if let Some(time) = commit.unix_milliseconds {
                        self.last_commit_milliseconds = time;
                    }
                    if revision > self.index.revision {
                        self.commit(revision, commit.writes, Place::new(header.sequence, offset));
                    }
                }
                RecordKind::Compact => self.compact(record.revision),
                RecordKind::Mark => {}
                RecordKind::Items | RecordKind::End => return Err(corrupt("this record does not belong here")),
            }
        }
        let corrupt = |reason| OpenError::Corrupt { path: path.to_owned(), offset: reader.offset, reason };
        if torn && (!is_last || reader.was_durable(reader.offset)?) {
            return Err(corrupt("a record that was durable is broken"));
        }
        if is_last && revision < self.index.revision {
            // A snapshot is made only behind a segment that begins with it.
            return Err(OpenError::MissingSegment { path: self.directory.segment_path(header.sequence + 1) });
        }
        Ok(SegmentEnd { offset: reader.offset, revision, batch_offset })
    }

    fn commit(&mut self, revision: Revision, writes: Vec<super::record::LoggedWrite>, place: Option<Place>) {
        let event = |write: super::record::LoggedWrite| {
            let previous = self.index.newest(&write.key);
            event_of(revision, write.key, write.value, write.expires_at, previous)
        };
        let events: Vec<Event> = writes.into_iter().map(event).collect();
        events.iter().for_each(|event| self.index.apply(event, place));
        self.index.revision = revision;
        self.ring.publish(events, revision);
    }

    fn compact(&mut self, revision: Revision) {
        if revision > self.index.compacted && revision <= self.index.revision {
            self.index.compacted = revision;
            while self.index.trim(revision) {}
        }
    }
}

/// The event of a write.
pub(super) fn event_of(
    revision: Revision,
    key: bytes::Bytes,
    value: Option<bytes::Bytes>,
    expires_at: Option<u64>,
    previous: Option<KeyValue>,
) -> Event {
    // All versions and events of a key share the bytes of its name.
    let key = previous.as_ref().map_or(key, |previous| previous.key.clone());
    match value {
        Some(value) => {
            let create_revision = previous.as_ref().map_or(revision, |previous| previous.create_revision);
            let kv = KeyValue { key, value, create_revision, mod_revision: revision, expires_at };
            Event { kind: EventKind::Put, kv, previous }
        }
        None => {
            let value = bytes::Bytes::new();
            let kv = KeyValue { key, value, create_revision: 0, mod_revision: revision, expires_at: None };
            Event { kind: EventKind::Delete, kv, previous }
        }
    }
}

/// Where the whole records of a segment end.
struct SegmentEnd {
    offset: u64,
    /// The last one that it has.
    revision: Revision,
    /// Where the last batch of records begins.
    batch_offset: u64,
}

/// Cuts off what is torn and makes sure that the rest is on the disk before anyone reads it.
///
/// The last batch is written once more: when its sync failed, the kernel may hold it as clean pages
/// that never reached the disk, and a sync alone would not write those.
fn settle_tail(file: &mut dyn File, path: &Path, end: &SegmentEnd) -> Result<(), OpenError> {
    let io = |operation, error| open_error(operation, path, error);
    let length_bytes = file.length_bytes().map_err(|error| io("measure", error))?;
    if length_bytes > end.offset {
        tracing::warn!(file = %path.display(), offset = end.offset, bytes = length_bytes - end.offset,
            "cutting off the tail that a crash left of an unfinished commit");
        file.set_length(end.offset).map_err(|error| io("cut", error))?;
        // Before anything is written behind the cut, so that no old bytes can turn up after it.
        file.sync_data().map_err(|error| io("sync", error))?;
    }
    let mut batch = vec![0; (end.offset - end.batch_offset.min(end.offset)) as usize];
    let start = end.offset - batch.len() as u64;
    crate::file_system::read_full_at(file, &mut batch, start).map_err(|error| io("read", error))?;
    write_all_at(file, &batch, start).map_err(|error| io("write", error))?;
    file.sync_data().map_err(|error| io("sync", error))
}

/// What an interrupted snapshot did not get to remove, or what waits for the archive: segments, and snapshots.
fn superseded(directory: &Directory, listing: &Listing, needed_from: u64) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let segments = listing.segments.iter().filter(|sequence| **sequence < needed_from);
    let snapshots = listing.snapshots.iter().rev().skip(1);
    (
        segments.map(|sequence| directory.segment_path(*sequence)).collect(),
        snapshots.map(|revision| directory.snapshot_path(*revision)).collect(),
    )
}

/// The segments that are there only for the archive. What cannot be read of them is left out: it is found again when
/// their place in the archive is missed.
fn sealed(directory: &Directory, listing: &Listing, needed_from: u64) -> Vec<Sealed> {
    let describe = |sequence: &u64| {
        let path = directory.segment_path(*sequence);
        let file = directory.file_system.open(&path).ok()?;
        let header = directory.read_header(&*file, &path, LOG_MAGIC).ok()?;
        Some(Sealed { sequence: *sequence, length_bytes: file.length_bytes().ok()?, begins_after: header.revision })
    };
    listing.segments.iter().filter(|sequence| **sequence < needed_from).filter_map(describe).collect()
}

fn remove(directory: &Directory, paths: &[PathBuf]) -> Result<(), OpenError> {
    for path in paths {
        directory.file_system.remove(path).map_err(|error| open_error("remove", path, error))?;
    }
    if !paths.is_empty() {
        directory.sync().map_err(|error| open_error("sync", &directory.path, error))?;
    }
    Ok(())
}
