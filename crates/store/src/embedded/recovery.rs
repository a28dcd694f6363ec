//! Opening: a snapshot, then the log behind it, then a tail that a crash may have torn.
//!
//! It begins from the oldest snapshot that is there, since that is one which history needs; where it is damaged, or
//! the log behind it, from the next one. What is older than that counts as compacted. Only what the newest snapshot
//! does not have must be whole.

mod chain;
mod replay;

use std::{
    panic::resume_unwind,
    path::{Path, PathBuf},
    thread,
};

use self::{
    chain::{Chain, Proof},
    replay::{Replay, SegmentEnd},
};
use super::{
    OpenError,
    bases::{Base, Bases},
    directory::{Directory, Listing, open_error},
    index::{FIRST_REVISION, Index},
    log::{Ahead, Log, Sealed, create_segment},
    record::{FILE_HEADER_BYTES, FORMAT_VERSION, FileHeader, LOG_MAGIC, new_history},
    ring::Ring,
    upgrade,
};
use crate::{Event, EventKind, File, KeyValue, Revision, file_system::write_all_at};

/// What is in a data directory, ready to be gone on with.
pub(super) struct Recovered {
    pub(super) index: Index,
    pub(super) ring: Ring,
    pub(super) log: Log,
    pub(super) bases: Bases,
    /// The time of the last commit, in milliseconds since the Unix epoch; 0 when there is none.
    pub(super) last_commit_milliseconds: u64,
    /// What is damaged or missing, and needed for old revisions alone.
    pub(super) problems: Vec<String>,
}

/// How a data directory is read.
pub(super) struct Opening {
    pub(super) watch_ring_limit_bytes: usize,
    pub(super) history_memory_limit_bytes: u64,
    pub(super) ahead: Ahead,
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
    let Some(mut chain) = Chain::of(&directory, &listing)? else { return begin(directory, opening) };
    let (replay, proof) = replay_and_prove(&directory, &mut chain, opening);
    let replay = replay?;
    chain.note_proof(&directory, proof);
    if opening.is_looking {
        chain.prove_all(&directory);
    }
    let Replay { mut index, ring, sealed, end, last_commit_milliseconds, .. } = replay;
    let mut log = go_on(&directory, &chain, &end, opening)?;
    log.sealed = sealed;
    if !opening.is_looking {
        let version = chain.last().header.version;
        upgrade::upgrade(&mut log, &mut index, version, opening.now_unix_milliseconds)?;
    }
    index.make_dense();
    let (bases, problems) = chain.into_parts();
    for problem in &problems {
        let revision = bases.oldest().revision;
        tracing::error!(problem, revision, "only revisions from before this one are lost with it");
    }
    let (segments, snapshots) = superseded(&directory, &listing, &bases);
    remove(&directory, &snapshots)?;
    if opening.keeps_superseded {
        log.sealed.splice(..0, waiting(&directory, &listing, bases.oldest().first_segment));
    } else {
        remove(&directory, &segments)?;
    }
    Ok(Recovered { index, ring, log, bases, last_commit_milliseconds, problems })
}

/// Replays the log; and meanwhile reads the newest snapshot, which will be needed when the one has gone from which that
/// begins.
fn replay_and_prove(
    directory: &Directory,
    chain: &mut Chain,
    opening: &Opening,
) -> (Result<Replay, OpenError>, Option<Proof>) {
    let Some(newest) = chain.newest_behind_the_first() else { return (replay(directory, chain, opening), None) };
    thread::scope(|scope| {
        let prove = || Proof::of(directory, newest);
        let proving = thread::Builder::new().name("store-proof".to_owned()).spawn_scoped(scope, prove);
        let replay = replay(directory, chain, opening);
        let proof = match proving {
            Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            // Without another thread it takes longer.
            Err(_) => prove(),
        };
        (replay, Some(proof))
    })
}

/// Replays the log from as far back as that can be done.
fn replay(directory: &Directory, chain: &mut Chain, opening: &Opening) -> Result<Replay, OpenError> {
    loop {
        match Replay::of(directory, chain, opening) {
            Ok(replay) => return Ok(replay),
            Err(failure) => chain.give_up(failure)?,
        }
    }
}

/// A store to which nothing was ever written.
fn begin(directory: Directory, opening: &Opening) -> Result<Recovered, OpenError> {
    let index = Index::new(FIRST_REVISION);
    let history = new_history(&directory.path, index.revision, opening.now_unix_milliseconds);
    let header = FileHeader { version: FORMAT_VERSION, history, revision: index.revision, sequence: 1 };
    let file = create_segment(&directory, header, 0)
        .and_then(|file| directory.sync().map(|()| file))
        .map_err(|error| open_error("create", &directory.segment_path(header.sequence), error))?;
    let log = Log::new(directory, file, header, FILE_HEADER_BYTES as u64, opening.ahead);
    let ring = Ring::new(opening.watch_ring_limit_bytes, index.revision);
    let base = Base { revision: index.revision, first_segment: header.sequence, snapshot_bytes: None };
    let bases = Bases::new(base, Vec::new());
    Ok(Recovered { index, ring, log, bases, last_commit_milliseconds: 0, problems: Vec::new() })
}

/// The log, where it is to be gone on with.
fn go_on(directory: &Directory, chain: &Chain, end: &SegmentEnd, opening: &Opening) -> Result<Log, OpenError> {
    let last = chain.last();
    let mut file = chain::open(directory, &last.path)?;
    settle_tail(&mut *file, &last.path, end)?;
    Ok(Log::new(directory.clone(), file, last.header, end.offset, opening.ahead))
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

/// Ends a segment behind its last whole record: what follows is torn, or zeros that were written ahead.
fn cut(file: &mut dyn File, path: &Path, end: &SegmentEnd) -> Result<(), OpenError> {
    let io = |operation, error| open_error(operation, path, error);
    let length_bytes = file.length_bytes().map_err(|error| io("measure", error))?;
    if length_bytes > end.offset {
        if end.is_torn {
            tracing::warn!(file = %path.display(), offset = end.offset, bytes = length_bytes - end.offset,
                "cutting off the tail that a crash left of an unfinished commit");
        }
        file.set_length(end.offset).map_err(|error| io("cut", error))?;
        // Before anything is written behind the cut, so that no old bytes can turn up after it.
        file.sync_data().map_err(|error| io("sync", error))?;
    }
    Ok(())
}

/// Cuts off what is torn and makes sure that the rest is on the disk before anyone reads it.
///
/// The last batch is written once more: when its sync failed, the kernel may hold it as clean pages
/// that never reached the disk, and a sync alone would not write those.
fn settle_tail(file: &mut dyn File, path: &Path, end: &SegmentEnd) -> Result<(), OpenError> {
    let io = |operation, error| open_error(operation, path, error);
    cut(file, path, end)?;
    let mut batch = vec![0; (end.offset - end.batch_offset.min(end.offset)) as usize];
    let start = end.offset - batch.len() as u64;
    crate::file_system::read_full_at(file, &mut batch, start).map_err(|error| io("read", error))?;
    write_all_at(file, &batch, start).map_err(|error| io("write", error))?;
    file.sync_data().map_err(|error| io("sync", error))
}

/// What an interrupted snapshot or compaction did not get to remove, or what waits for the archive: segments, and
/// snapshots. One that is newer than what is opened from is damaged, and stays to be looked at.
fn superseded(directory: &Directory, listing: &Listing, bases: &Bases) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let segments = listing.segments.iter().filter(|sequence| **sequence < bases.oldest().first_segment);
    let is_superseded = |revision: &&Revision| bases.is_superseded(**revision);
    let snapshots = listing.snapshots.iter().filter(is_superseded);
    (
        segments.map(|sequence| directory.segment_path(*sequence)).collect(),
        snapshots.map(|revision| directory.snapshot_path(*revision)).collect(),
    )
}

/// The segments that are there only for the archive. What cannot be read of them is left out: it is found again when
/// their place in the archive is missed.
fn waiting(directory: &Directory, listing: &Listing, history_from: u64) -> Vec<Sealed> {
    let describe = |sequence: &u64| {
        let path = directory.segment_path(*sequence);
        let file = directory.file_system.open(&path).ok()?;
        let header = directory.read_header(&*file, &path, LOG_MAGIC).ok()?;
        Some(Sealed { sequence: *sequence, length_bytes: file.length_bytes().ok()?, begins_after: header.revision })
    };
    listing.segments.iter().filter(|sequence| **sequence < history_from).filter_map(describe).collect()
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
