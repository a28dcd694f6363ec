//! What the log makes of a snapshot.

use super::{
    super::{
        OpenError,
        directory::Directory,
        index::{Closed, Index},
        log::Sealed,
        place::{Place, Segment},
        reader::{Reader, Step},
        record::{FILE_HEADER_BYTES, LoggedWrite, RecordKind, decode_commit},
        ring::Ring,
    },
    Opening,
    chain::{Chain, Found, load, open},
    cut, event_of,
};
use crate::{Event, File, Revision, limits};

/// The log, replayed.
pub(super) struct Replay {
    pub(super) index: Index,
    pub(super) ring: Ring,
    pub(super) sealed: Vec<Sealed>,
    pub(super) end: SegmentEnd,
    /// The time of the last commit, in milliseconds since the Unix epoch; 0 when there is none.
    pub(super) last_commit_milliseconds: u64,
    memory_limit_bytes: u64,
}

/// Where the whole records of a segment end.
#[derive(Clone, Copy, Default)]
pub(super) struct SegmentEnd {
    pub(super) offset: u64,
    /// The last one that it has.
    revision: Revision,
    /// Where the last batch of records begins.
    pub(super) batch_offset: u64,
    /// Whether something follows that is no whole record, and not only zeros.
    pub(super) is_torn: bool,
}

/// Why a store cannot be opened from somewhere.
pub(super) struct Failure {
    pub(super) error: OpenError,
    /// The segment that is to blame; none: the snapshot is.
    pub(super) segment: Option<u64>,
}

impl Replay {
    /// Replays the log behind a snapshot.
    pub(super) fn of(directory: &Directory, chain: &Chain, opening: &Opening) -> Result<Replay, Failure> {
        let base = chain.base();
        let index = load(directory, base).map_err(|error| Failure { error, segment: None })?;
        let ring = Ring::new(opening.watch_ring_limit_bytes, index.revision);
        let (end, memory_limit_bytes) = (SegmentEnd::default(), opening.history_memory_limit_bytes);
        let mut replay =
            Replay { index, ring, sealed: Vec::new(), end, last_commit_milliseconds: 0, memory_limit_bytes };
        for found in chain.complete().filter(|found| found.header.sequence >= base.first_segment) {
            let (mut file, end) = replay.segment(directory, found, false)?;
            let Found { header, path } = found;
            // Where a crash kept its writer from that.
            cut(&mut *file, path, &end).map_err(|error| Failure { error, segment: Some(header.sequence) })?;
            let sealed = Sealed { sequence: header.sequence, length_bytes: end.offset, begins_after: header.revision };
            replay.sealed.push(sealed);
            let segment = Segment { path: path.clone(), version: header.version, file: file.into() };
            replay.index.close_segment(header.sequence, Closed::new(segment, end.revision));
        }
        let last = chain.last();
        (_, replay.end) = replay.segment(directory, last, true)?;
        if replay.end.revision < replay.index.revision.max(chain.newest) {
            // A snapshot is made only behind a segment that begins with it.
            let error = OpenError::MissingSegment { path: directory.segment_path(last.header.sequence + 1) };
            return Err(Failure { error, segment: Some(last.header.sequence) });
        }
        Ok(replay)
    }

    /// Replays a segment. Only the last one may have a torn tail: the others were durable before their
    /// successor was begun.
    fn segment(
        &mut self,
        directory: &Directory,
        found: &Found,
        is_last: bool,
    ) -> Result<(Box<dyn File>, SegmentEnd), Failure> {
        let sequence = found.header.sequence;
        if self.index.revision < found.header.revision {
            // The segment before ends too early, at the end of a record, as if it had been cut there.
            let (path, reason) = (found.path.clone(), "commits before it are missing");
            let error = OpenError::Corrupt { path, offset: FILE_HEADER_BYTES as u64, reason };
            return Err(Failure { error, segment: Some(sequence - 1) });
        }
        let opened = open(directory, &found.path).and_then(|file| {
            let end = self.records(found, &*file, is_last)?;
            Ok((file, end))
        });
        opened.map_err(|error| Failure { error, segment: Some(sequence) })
    }

    fn records(&mut self, found: &Found, file: &dyn File, is_last: bool) -> Result<SegmentEnd, OpenError> {
        let Found { header, path } = found;
        let mut reader = Reader::new(file, path)?;
        let mut revision = header.revision;
        let mut batch_offset = reader.offset;
        let mut is_torn = false;
        loop {
            let offset = reader.offset;
            let corrupt = |reason| OpenError::Corrupt { path: path.clone(), offset, reason };
            let (record, payload) = match reader.next()? {
                Step::Record(record, payload) => (record, payload),
                Step::End => break,
                Step::Broken => {
                    is_torn = true;
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
        if is_torn && (!is_last || reader.was_durable(reader.offset)?) {
            let reason = "a record that was durable is broken";
            return Err(OpenError::Corrupt { path: path.clone(), offset: reader.offset, reason });
        }
        Ok(SegmentEnd { offset: reader.offset, revision, batch_offset, is_torn })
    }

    fn commit(&mut self, revision: Revision, writes: Vec<LoggedWrite>, place: Option<Place>) {
        let event = |write: LoggedWrite| {
            let previous = self.index.newest(&write.key);
            event_of(revision, write.key, write.value, write.expires_at, previous)
        };
        let events: Vec<Event> = writes.into_iter().map(event).collect();
        events.iter().for_each(|event| self.index.apply(event, place));
        self.index.revision = revision;
        self.index.spill(self.memory_limit_bytes, 2 * events.len() + limits::SPILL_STEP_CHANGES);
        self.ring.publish(events, revision);
    }

    fn compact(&mut self, revision: Revision) {
        if revision > self.index.compacted && revision <= self.index.revision {
            self.index.compacted = revision;
            while self.index.trim(revision) {}
        }
    }
}
