//! What can be read of a damaged store: everything that proves itself, whatever is broken beside it.
//!
//! Of each key the newest version is taken that any snapshot or any part of the log has. What is broken is named, as
//! far as a broken record can still be read.

mod pieces;
mod repair;
mod report;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use bytes::Bytes;

use self::pieces::{Contents, Guess, Guesses, Piece};
pub use self::{
    repair::{Repaired, repair},
    report::{Damage, DamagedObject, Outcome, Report, Unnamed},
};
use super::{
    OpenError, Options,
    directory::{Directory, open_error},
    index::FIRST_REVISION,
    lock_store,
    record::{
        FILE_HEADER_BYTES, FORMAT_VERSION, FileHeader, HeaderError, LOG_MAGIC, RecordKind, SNAPSHOT_MAGIC,
        decode_commit, decode_items, newest_version,
    },
    restore::REVISION_BUMP,
};
use crate::{KeyValue, Revision};

/// Reads what can be read of the store in the directory `path`, and changes nothing.
///
/// # Errors
/// See [`OpenError`]; none for damage, `Locked` when a server has it open.
pub fn inspect(path: impl AsRef<Path>, options: &Options) -> Result<Report, OpenError> {
    let directory = Directory { path: path.as_ref().to_owned(), file_system: options.file_system.clone() };
    let _lock = lock_store(&directory)?;
    Ok(Salvage::read(&directory)?.report)
}

/// The last that is known of a key.
struct Known {
    /// When it was last changed, or was seen to be gone.
    touched: Revision,
    /// None: it is deleted.
    kv: Option<KeyValue>,
}

/// What was read.
struct Salvage {
    known: BTreeMap<Bytes, Known>,
    /// What is known goes up to this revision.
    revision: Revision,
    /// What broken records seem to say: the key, the revision, whether it is a delete.
    guesses: Vec<(Bytes, Option<Revision>, bool)>,
    /// Broken commits behind the last whole one: those whose names are known to the last, and all.
    named_commits: u64,
    broken_commits: u64,
    report: Report,
    segments: Vec<u64>,
    snapshots: Vec<Revision>,
}

/// A snapshot, as far as it can be read.
struct Snapshot {
    revision: Revision,
    items: BTreeMap<Bytes, KeyValue>,
    /// Keys between these may be missing; none: no bound.
    holes: Vec<(Option<Bytes>, Option<Bytes>)>,
}

/// A segment of the log, as far as its header and length tell.
struct Segment {
    sequence: u64,
    path: PathBuf,
    /// None: it is broken.
    header: Option<FileHeader>,
    is_empty: bool,
}

impl Segment {
    /// Whether this is what a repair that was interrupted made behind another.
    fn is_of_a_repair_after(&self, before: &Segment) -> bool {
        let begins_anew = |(header, before): (FileHeader, FileHeader)| {
            header.history != before.history && header.revision >= before.revision + REVISION_BUMP
        };
        self.is_empty && self.header.zip(before.header).is_some_and(begins_anew)
    }
}

impl Salvage {
    fn read(directory: &Directory) -> Result<Salvage, OpenError> {
        let listing = directory.list().map_err(|error| open_error("list", &directory.path, error))?;
        let mut salvage = Salvage {
            known: BTreeMap::new(),
            revision: FIRST_REVISION,
            guesses: Vec::new(),
            named_commits: 0,
            broken_commits: 0,
            report: Report::default(),
            segments: listing.segments,
            snapshots: listing.snapshots,
        };
        let mut snapshots = Vec::new();
        for revision in salvage.snapshots.clone() {
            snapshots.push(salvage.read_snapshot(directory, revision)?);
        }
        snapshots.reverse();
        salvage.log(directory, &mut snapshots)?;
        while let Some(snapshot) = snapshots.pop() {
            salvage.apply_snapshot(snapshot);
        }
        salvage.conclude();
        Ok(salvage)
    }

    fn damage(&mut self, path: &Path, offset: usize, end: usize, reason: &'static str) {
        let (path, offset, length_bytes) = (path.to_owned(), offset as u64, (end - offset) as u64);
        self.report.damages.push(Damage { path, offset, length_bytes, reason });
    }

    /// The header of a file; one that is broken is reported, and what the name says taken for it.
    fn header(
        &mut self,
        contents: &Contents,
        path: &Path,
        magic: [u8; 8],
        named: FileHeader,
    ) -> Result<Option<FileHeader>, OpenError> {
        let reason = match FileHeader::decode(&contents.0[..contents.0.len().min(FILE_HEADER_BYTES)], magic) {
            Ok(header) => return Ok(Some(header)),
            Err(HeaderError::Newer(found)) if found <= FORMAT_VERSION + 8 => {
                return Err(OpenError::NewerFormat { path: path.to_owned(), found, supported: newest_version(magic) });
            }
            Err(HeaderError::Newer(_)) => "the version of the format is none",
            Err(HeaderError::Corrupt(reason)) => reason,
        };
        self.damage(path, 0, contents.0.len().min(FILE_HEADER_BYTES), reason);
        self.report.revision = self.report.revision.max(named.revision);
        Ok(None)
    }

    fn read_snapshot(&mut self, directory: &Directory, revision: Revision) -> Result<Snapshot, OpenError> {
        let path = directory.snapshot_path(revision);
        let contents = Contents::read(directory, &path)?;
        let named = FileHeader { version: FORMAT_VERSION, history: 0, revision, sequence: 0 };
        self.header(&contents, &path, SNAPSHOT_MAGIC, named)?;
        let mut snapshot = Snapshot { revision, items: BTreeMap::new(), holes: Vec::new() };
        let (mut last, mut hole_after, mut has_end): (Option<Bytes>, Option<Option<Bytes>>, bool) = (None, None, false);
        let mut named = BTreeSet::new();
        for piece in contents.pieces() {
            let payload = contents.payload(&piece).zip(piece.record.map(|record| record.kind));
            match payload {
                Some((payload, RecordKind::Items)) if let Some(items) = decode_items(payload) => {
                    for item in items {
                        if let Some(after) = hole_after.take() {
                            snapshot.holes.push((after, Some(item.key.clone())));
                        }
                        last = Some(item.key.clone());
                        snapshot.items.insert(item.key.clone(), item);
                    }
                }
                Some((_, RecordKind::End)) => has_end = true,
                _ => {
                    self.damage(&path, piece.offset, piece.end, "a record of the snapshot is broken");
                    let Guesses { guesses, is_whole } = contents.guess_items(&piece);
                    for guess in guesses {
                        if is_whole {
                            named.insert(guess.key.clone());
                        }
                        let mod_revision = guess.mod_revision.filter(|at| *at <= revision);
                        self.guesses.push((guess.key, mod_revision, guess.is_delete));
                    }
                    hole_after.get_or_insert_with(|| last.clone());
                }
            }
        }
        if !has_end {
            let length = contents.0.len();
            self.damage(&path, length, length, "the end of the snapshot is missing");
            hole_after.get_or_insert_with(|| last.clone());
        }
        if let Some(after) = hole_after {
            snapshot.holes.push((after, None));
        }
        for hole in &snapshot.holes {
            // Without an end nobody knows what followed.
            let is_open = !has_end && hole.1.is_none();
            if is_open || !named.iter().any(|key| is_within(key, hole)) {
                let (after, before) = hole.clone();
                self.report.unnamed.push(Unnamed::Keys { path: path.clone(), after, before });
            }
        }
        Ok(snapshot)
    }

    /// Takes in a snapshot, after the log up to it.
    fn apply_snapshot(&mut self, snapshot: Snapshot) {
        let Snapshot { revision, items, holes } = snapshot;
        for (key, known) in &mut self.known {
            if known.kv.is_some() && !items.contains_key(key) && !holes.iter().any(|hole| is_within(key, hole)) {
                *known = Known { touched: revision, kv: None };
            }
        }
        for (key, kv) in items {
            self.known.insert(key, Known { touched: kv.mod_revision, kv: Some(kv) });
        }
        self.revision = self.revision.max(revision);
    }

    fn log(&mut self, directory: &Directory, snapshots: &mut Vec<Snapshot>) -> Result<(), OpenError> {
        let mut segments = Vec::new();
        for sequence in self.segments.clone() {
            segments.push(self.look_at_segment(directory, sequence)?);
        }
        let version = segments.iter().find_map(|segment| Some(segment.header?.version)).unwrap_or(FORMAT_VERSION);
        for (index, segment) in segments.iter().enumerate() {
            let before = index.checked_sub(1).map(|before| &segments[before]);
            if before.is_some_and(|before| before.sequence + 1 != segment.sequence) {
                let missing = directory.segment_path(segment.sequence - 1);
                self.damage(&missing, 0, 0, "the segment is missing, or several up to it");
            }
            let is_last = segments[index + 1..].iter().all(|later| later.is_of_a_repair_after(segment));
            if let Some(header) = segment.header {
                self.report.revision = self.report.revision.max(header.revision);
                if !before.is_some_and(|before| segment.is_of_a_repair_after(before)) {
                    self.catch_up(header.revision, snapshots);
                }
            }
            let contents = Contents::read(directory, &segment.path)?;
            let version = segment.header.map_or(version, |header| header.version);
            self.segment(&segment.path, &contents, version, is_last, snapshots);
            if is_last && contents.0.len() < FILE_HEADER_BYTES {
                // How much there was behind is not known from anything else.
                self.report.unnamed.push(Unnamed::Revisions { first: self.revision + 1, last: None });
            }
        }
        if let (true, Some(newest)) = (segments.is_empty(), self.snapshots.last().copied()) {
            self.damage(&directory.segment_path(1), 0, 0, "the log is missing");
            self.report.unnamed.push(Unnamed::Revisions { first: newest + 1, last: None });
        }
        Ok(())
    }

    fn look_at_segment(&mut self, directory: &Directory, sequence: u64) -> Result<Segment, OpenError> {
        let path = directory.segment_path(sequence);
        let (head, length_bytes) = Contents::read_head(directory, &path)?;
        let named = FileHeader { version: FORMAT_VERSION, history: 0, revision: 0, sequence };
        let header = self.header(&head, &path, LOG_MAGIC, named)?;
        Ok(Segment { sequence, path, header, is_empty: length_bytes <= FILE_HEADER_BYTES as u64 })
    }

    /// Everything up to `revision` should be known by now, with the snapshots up to there.
    fn catch_up(&mut self, revision: Revision, snapshots: &mut Vec<Snapshot>) {
        while snapshots.last().is_some_and(|snapshot| snapshot.revision <= revision) {
            let Some(snapshot) = snapshots.pop() else { break };
            self.apply_snapshot(snapshot);
        }
        if self.revision < revision {
            // A snapshot that follows has what is missing.
            if snapshots.is_empty() && revision - self.revision > self.named_commits {
                self.report.unnamed.push(Unnamed::Revisions { first: self.revision + 1, last: Some(revision) });
            }
            self.revision = revision;
            (self.named_commits, self.broken_commits) = (0, 0);
        }
    }

    fn segment(
        &mut self,
        path: &Path,
        contents: &Contents,
        version: u32,
        is_last: bool,
        snapshots: &mut Vec<Snapshot>,
    ) {
        let pieces = contents.pieces();
        let mut guessed: Vec<(Guess, Option<Revision>)> = Vec::new();
        for (index, piece) in pieces.iter().enumerate() {
            let Some((record, payload)) = piece.record.zip(contents.payload(piece)) else {
                if is_last && !says_durable(&pieces[index + 1..], piece) {
                    // A crash tore it: nobody was told of it, nor of what stands behind it.
                    break;
                }
                self.damage(path, piece.offset, piece.end, "a record of the log is broken");
                let revision = contents.guess_revision(piece);
                let Guesses { guesses, is_whole } = contents.guess_writes(piece, version);
                self.named_commits += u64::from(is_whole);
                self.broken_commits += 1;
                guessed.extend(guesses.into_iter().map(|write| (write, revision)));
                continue;
            };
            self.report.revision = self.report.revision.max(record.revision);
            if record.kind != RecordKind::Commit {
                continue;
            }
            let Some(commit) = decode_commit(payload, version) else {
                self.damage(path, piece.offset, piece.end, "a commit is malformed");
                continue;
            };
            self.name(&mut guessed, Some(record.revision), snapshots);
            if record.revision <= self.revision {
                // A snapshot that was taken in before has it.
                continue;
            }
            for write in commit.writes {
                let create_revision = match self.known.get(&write.key).and_then(|known| known.kv.as_ref()) {
                    Some(before) => before.create_revision,
                    None => record.revision,
                };
                let (key, mod_revision, expires_at) = (write.key.clone(), record.revision, write.expires_at);
                let kv = write.value.map(|value| KeyValue { key, value, create_revision, mod_revision, expires_at });
                self.known.insert(write.key, Known { touched: record.revision, kv });
            }
            self.revision = record.revision;
        }
        self.name(&mut guessed, None, snapshots);
        if is_last && self.broken_commits > self.named_commits {
            self.report.unnamed.push(Unnamed::Revisions { first: self.revision + 1, last: None });
        }
    }

    /// Takes in what the broken records before a whole commit (none: before the end) seem to have had, and tells what
    /// is missing without a name.
    fn name(
        &mut self,
        guessed: &mut Vec<(Guess, Option<Revision>)>,
        next: Option<Revision>,
        snapshots: &mut Vec<Snapshot>,
    ) {
        let before = self.revision;
        if let Some(next) = next {
            while snapshots.last().is_some_and(|snapshot| snapshot.revision < next) {
                let Some(snapshot) = snapshots.pop() else { break };
                self.apply_snapshot(snapshot);
            }
        }
        let missing = next.map(|next| (self.revision + 1, next.saturating_sub(1)));
        for (guess, revision) in guessed.drain(..) {
            let is_plausible = |at: &Revision| *at > before && next.is_none_or(|next| *at < next);
            let revision = revision
                .filter(is_plausible)
                .or_else(|| missing.filter(|(first, last)| first == last).map(|(first, _)| first));
            if let Some(revision) = revision {
                self.report.revision = self.report.revision.max(revision);
            }
            self.guesses.push((guess.key, revision, guess.is_delete));
        }
        if let Some((first, last)) =
            missing.filter(|(first, last)| first <= last && last - first + 1 > self.named_commits)
        {
            self.report.unnamed.push(Unnamed::Revisions { first, last: Some(last) });
        }
        if next.is_some() {
            (self.named_commits, self.broken_commits) = (0, 0);
        }
    }

    /// Says what becomes of what is broken.
    fn conclude(&mut self) {
        let mut objects: BTreeMap<Bytes, (Option<Revision>, bool)> = BTreeMap::new();
        for (key, revision, is_delete) in self.guesses.drain(..) {
            let newest = objects.entry(key).or_insert((revision, is_delete));
            if newest.0 < revision {
                *newest = (revision, is_delete);
            }
        }
        let known = &self.known;
        let objects = objects.into_iter().map(|(key, (revision, is_delete))| {
            let outcome = outcome(known.get(&key), revision, is_delete);
            DamagedObject { key, revision, is_delete, outcome }
        });
        self.report.objects = objects.collect();
        self.report.keys = known.values().filter(|known| known.kv.is_some()).count() as u64;
        self.report.revision = self.report.revision.max(self.revision);
    }
}

fn outcome(known: Option<&Known>, revision: Option<Revision>, is_delete: bool) -> Outcome {
    let Some(known) = known else {
        return match (is_delete, revision) {
            (true, Some(revision)) => Outcome::Whole(revision),
            _ => Outcome::Lost,
        };
    };
    let is_whole = revision.is_some_and(|revision| known.touched >= revision);
    match &known.kv {
        _ if is_whole => Outcome::Whole(known.touched),
        Some(kv) if is_delete => Outcome::Returns(kv.mod_revision),
        Some(kv) => Outcome::Older(kv.mod_revision),
        None if is_delete => Outcome::Whole(known.touched),
        None => Outcome::Lost,
    }
}

/// Whether a record behind a broken one says that all up to there was durable.
fn says_durable(behind: &[Piece], broken: &Piece) -> bool {
    behind.iter().any(|piece| piece.record.is_some_and(|record| record.durable_offset > broken.offset as u64))
}

fn is_within(key: &Bytes, (after, before): &(Option<Bytes>, Option<Bytes>)) -> bool {
    after.as_ref().is_none_or(|after| key > after) && before.as_ref().is_none_or(|before| key < before)
}
