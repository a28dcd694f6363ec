//! What is done beside commits when history becomes less: versions are dropped, values that are still needed leave the
//! segments that compaction has passed, and snapshots and segments that nothing needs are removed.

use std::{
    io::ErrorKind,
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
};

use bytes::Bytes;

use super::{
    OpenError, Shared,
    directory::Directory,
    place::Segment,
    reader::{Reader, Step},
    record::{RecordKind, decode_commit},
};
use crate::{Revision, limits};

/// Work on history.
pub(super) struct ReleaseJob {
    pub(super) shared: Arc<Shared>,
    pub(super) directory: Directory,
    /// Whether there are versions to drop.
    pub(super) trims: bool,
    /// Segments that compaction has passed, and that have values which are still needed.
    pub(super) bring_back: Vec<u64>,
    /// What nothing needs.
    pub(super) remove: Superfluous,
}

/// Files that nothing needs.
#[derive(Debug, Default)]
pub(super) struct Superfluous {
    pub(super) snapshots: Vec<Revision>,
    /// By their sequence.
    pub(super) segments: Vec<u64>,
}

/// What became of a [`ReleaseJob`].
#[derive(Debug, Default)]
pub(super) struct ReleaseOutcome {
    pub(super) removed: Superfluous,
    /// Why it ended before its time.
    pub(super) error: Option<String>,
}

impl ReleaseOutcome {
    pub(super) fn failed(error: String) -> ReleaseOutcome {
        ReleaseOutcome { error: Some(error), ..ReleaseOutcome::default() }
    }
}

impl ReleaseJob {
    pub(super) fn run(&self) -> ReleaseOutcome {
        while self.trims && !self.is_closing() && self.shared.trim() {}
        self.bring_back.iter().for_each(|sequence| self.bring_back(*sequence));
        self.remove.remove(&self.directory)
    }

    fn is_closing(&self) -> bool {
        self.shared.closing.load(Ordering::Relaxed)
    }

    fn bring_back(&self, sequence: u64) {
        let Some(segment) = self.shared.index.read().spilled_segment(sequence) else { return };
        let problem = match self.bring_back_all(sequence, &segment) {
            Ok(()) => "a record that values are in is broken".to_owned(),
            Err(error) => error.to_string(),
        };
        let mut index = self.shared.index.write();
        if !self.is_closing() && index.spilled_segment(sequence).is_some() {
            index.note_damage(sequence);
            tracing::error!(file = %segment.path.display(), problem, "some old revisions can no longer be read");
        }
    }

    /// Takes all values of a segment into memory that are nowhere else, as far as it is whole.
    fn bring_back_all(&self, sequence: u64, segment: &Segment) -> Result<(), OpenError> {
        let mut reader = Reader::new(&*segment.file, &segment.path)?;
        let mut values: Vec<(Bytes, Revision, Bytes)> = Vec::new();
        let mut values_bytes = 0;
        loop {
            let is_end = match reader.next()? {
                Step::Record(record, payload) if record.kind == RecordKind::Commit => {
                    let writes = decode_commit(payload, segment.version).map_or(Vec::new(), |commit| commit.writes);
                    for write in writes {
                        let Some(value) = write.value else { continue };
                        values_bytes += value.len();
                        values.push((write.key, record.revision, value));
                    }
                    false
                }
                Step::Record(..) => false,
                Step::End | Step::Broken => true,
            };
            let is_step =
                values.len() >= limits::COMPACT_STEP_VERSIONS || values_bytes >= limits::SNAPSHOT_RECORD_BYTES;
            if is_step || is_end {
                values_bytes = 0;
                let mut index = self.shared.index.write();
                for (key, revision, value) in values.drain(..) {
                    index.bring_back(sequence, &key, revision, value);
                }
                if is_end || self.is_closing() || index.spilled_segment(sequence).is_none() {
                    return Ok(());
                }
            }
        }
    }
}

impl Superfluous {
    pub(super) fn is_empty(&self) -> bool {
        self.snapshots.is_empty() && self.segments.is_empty()
    }

    /// Removes all; what is not there counts as removed. Whatever of it a crash leaves does no harm: a snapshot that
    /// lacks its log is not opened from.
    pub(super) fn remove(&self, directory: &Directory) -> ReleaseOutcome {
        let mut outcome = ReleaseOutcome::default();
        outcome.error = self.remove_all(directory, &mut outcome.removed).err();
        outcome
    }

    fn remove_all(&self, directory: &Directory, removed: &mut Superfluous) -> Result<(), String> {
        let remove = |path: PathBuf| match directory.file_system.remove(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(format!("cannot remove {}: {error}", path.display()))
            }
            _ => Ok(()),
        };
        for revision in &self.snapshots {
            remove(directory.snapshot_path(*revision))?;
            removed.snapshots.push(*revision);
        }
        for sequence in &self.segments {
            remove(directory.segment_path(*sequence))?;
            removed.segments.push(*sequence);
        }
        match self.is_empty() {
            true => Ok(()),
            false => directory.sync().map_err(|error| format!("cannot sync {}: {error}", directory.path.display())),
        }
    }
}
