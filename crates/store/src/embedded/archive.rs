//! The log in an archive: each segment, when it is complete, is copied to another directory before the local one may
//! go, so that a backup and what followed it lead to any revision since ([`super::restore`]).

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use super::{
    directory::Directory,
    log::Sealed,
    reader::{Reader, Step},
    record::LOG_MAGIC,
};
use crate::{
    File, FileSystem, Revision,
    file_system::{read_full_at, write_all_at},
    limits,
};

const SUFFIX: &str = ".log";

/// Where the log is archived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogArchive {
    /// The directory, for its owner alone; made if absent.
    pub directory: PathBuf,
    /// A segment is complete at the latest so long after its first record.
    pub interval: Duration,
    /// Segments that wait for an archive that fails, and are needed for nothing else, have at most so many bytes; then
    /// the oldest go without it.
    pub backlog_limit_bytes: u64,
}

/// What the name of an archived segment says. Its order is that of time within a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ArchiveName {
    pub(super) history: u32,
    pub(super) sequence: u64,
    /// The first revision that it may have.
    pub(super) first_revision: Revision,
}

impl ArchiveName {
    pub(super) fn of(history: u32, sealed: &Sealed) -> ArchiveName {
        ArchiveName { history, sequence: sealed.sequence, first_revision: sealed.begins_after + 1 }
    }

    pub(super) fn file_name(&self) -> String {
        format!("{:08x}-{:020}-{:020}{SUFFIX}", self.history, self.sequence, self.first_revision)
    }

    fn parse(name: &str) -> Option<ArchiveName> {
        let mut parts = name.strip_suffix(SUFFIX)?.split('-');
        let history = u32::from_str_radix(parts.next()?, 16).ok()?;
        let sequence = parts.next()?.parse().ok()?;
        let first_revision = parts.next()?.parse().ok()?;
        let parsed = ArchiveName { history, sequence, first_revision };
        (parsed.file_name() == name).then_some(parsed)
    }

    /// What an archive has, by history.
    pub(super) fn list(file_system: &dyn FileSystem, directory: &Path) -> io::Result<BTreeMap<u32, Vec<ArchiveName>>> {
        let mut names: Vec<ArchiveName> =
            file_system.list(directory)?.iter().filter_map(|name| ArchiveName::parse(name)).collect();
        names.sort_unstable();
        let mut histories: BTreeMap<u32, Vec<ArchiveName>> = BTreeMap::new();
        for name in names {
            histories.entry(name.history).or_default().push(name);
        }
        Ok(histories)
    }
}

/// Segments to be archived.
pub(super) struct ArchiveJob {
    pub(super) store: Directory,
    pub(super) archive: PathBuf,
    pub(super) history: u32,
    /// To be copied, ascending.
    pub(super) copy: Vec<Sealed>,
}

/// What became of an [`ArchiveJob`].
#[derive(Debug, Default)]
pub(super) struct ArchiveOutcome {
    /// The last segment that is archived by it.
    pub(super) archived: Option<Sealed>,
    /// Why it ended before its time.
    pub(super) error: Option<String>,
}

impl ArchiveJob {
    pub(super) fn run(&self) -> ArchiveOutcome {
        let mut outcome = ArchiveOutcome::default();
        outcome.error = self.work(&mut outcome).err();
        outcome
    }

    fn work(&self, outcome: &mut ArchiveOutcome) -> Result<(), String> {
        let archive = Directory { path: self.archive.clone(), file_system: self.store.file_system.clone() };
        let describe = |error: io::Error| format!("cannot write to {}: {error}", self.archive.display());
        archive.file_system.create_directory(&archive.path).map_err(describe)?;
        for sealed in &self.copy {
            self.copy(&archive, sealed)?;
            archive.sync().map_err(describe)?;
            outcome.archived = Some(*sealed);
        }
        Ok(())
    }

    /// Copies a segment, unless that was done before.
    fn copy(&self, archive: &Directory, sealed: &Sealed) -> Result<(), String> {
        let from = self.store.segment_path(sealed.sequence);
        let to = archive.path.join(ArchiveName::of(self.history, sealed).file_name());
        if let Ok(present) = archive.file_system.open(&to) {
            return match self.prove(archive, &*present, &to, sealed) {
                Ok(()) => Ok(()),
                Err(error) => Err(format!("{} is there already, and is not this segment: {error}", to.display())),
            };
        }
        let source = self.store.file_system.open(&from).map_err(|error| format!("{}: {error}", from.display()))?;
        let fill = |file: &mut dyn File| {
            let mut buffer = vec![0; limits::ARCHIVE_STEP_BYTES];
            let mut offset = 0;
            while offset < sealed.length_bytes {
                let count = buffer.len().min((sealed.length_bytes - offset) as usize);
                let read = read_full_at(&*source, &mut buffer[..count], offset)?;
                if read < count {
                    return Err(io::Error::other(format!("{} is shorter than it was", from.display())));
                }
                write_all_at(file, &buffer[..count], offset)?;
                offset += count as u64;
            }
            self.prove(archive, file, &from, sealed).map_err(io::Error::other)
        };
        let made = archive.create_file(&to, fill);
        made.map(drop).map_err(|error| format!("cannot copy {} to {}: {error}", from.display(), to.display()))
    }

    /// Reads a copy, so that what is damaged is not kept for good.
    fn prove(&self, archive: &Directory, file: &dyn File, path: &Path, sealed: &Sealed) -> Result<(), String> {
        let describe = |error: super::OpenError| error.to_string();
        let header = archive.read_header(file, path, LOG_MAGIC).map_err(describe)?;
        let mut reader = Reader::new(file, path).map_err(describe)?;
        while let Step::Record(..) = reader.next().map_err(describe)? {}
        let is_it = (header.sequence, header.revision) == (sealed.sequence, sealed.begins_after);
        if !is_it || reader.offset != sealed.length_bytes {
            return Err(format!("{} is damaged at offset {}", path.display(), reader.offset));
        }
        Ok(())
    }
}

/// How an archive of the log does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArchiveStatus {
    /// Where it is.
    pub directory: PathBuf,
    /// Everything up to this revision is there, as far as this process knows.
    pub archived_revision: Revision,
    /// Complete segments that wait for it, in bytes.
    pub waiting_bytes: u64,
    /// Why the last attempt failed; none when it did not.
    pub error: Option<String>,
    /// Revisions that are not in it and never will be, first and last: a backup must be made that is newer.
    pub gap: Option<(Revision, Revision)>,
}

/// What is archived of a log.
pub(super) struct Archiving {
    pub(super) options: Arc<LogArchive>,
    /// Segments up to this one are archived, or were given up.
    pub(super) through: u64,
    pub(super) status: ArchiveStatus,
    /// When to try again after a failure, in milliseconds since the Unix epoch.
    pub(super) retry_at: Option<u64>,
}

impl Archiving {
    pub(super) fn new(options: LogArchive) -> Archiving {
        let status = ArchiveStatus { directory: options.directory.clone(), ..ArchiveStatus::default() };
        Archiving { options: Arc::new(options), through: 0, status, retry_at: None }
    }

    /// Takes in what a job did. `end_revision` gives the last revision of a segment.
    pub(super) fn note(
        &mut self,
        outcome: &ArchiveOutcome,
        end_revision: impl Fn(&Sealed) -> Revision,
        now_unix_milliseconds: u64,
    ) {
        if let Some(archived) = &outcome.archived {
            self.through = self.through.max(archived.sequence);
            self.status.archived_revision = self.status.archived_revision.max(end_revision(archived));
        }
        self.retry_at = outcome.error.as_ref().map(|_| now_unix_milliseconds + limits::ARCHIVE_RETRY_MILLISECONDS);
        self.status.error.clone_from(&outcome.error);
    }

    /// Gives up the oldest of the segments that wait and are needed for nothing else, while they are too many.
    pub(super) fn bound_backlog(
        &mut self,
        sealed: &[Sealed],
        needed_from: u64,
        end_revision: impl Fn(&Sealed) -> Revision,
    ) {
        let waits = |segment: &&Sealed| segment.sequence > self.through && segment.sequence < needed_from;
        let waiting: Vec<Sealed> = sealed.iter().filter(waits).copied().collect();
        let mut bytes: u64 = waiting.iter().map(|segment| segment.length_bytes).sum();
        for segment in waiting {
            if bytes <= self.options.backlog_limit_bytes {
                break;
            }
            bytes -= segment.length_bytes;
            self.through = segment.sequence;
            let first = self.status.gap.map_or(segment.begins_after + 1, |(first, _)| first);
            self.status.gap = Some((first, end_revision(&segment)));
            tracing::error!(
                sequence = segment.sequence,
                archive = %self.options.directory.display(),
                "a segment of the log goes without being archived: too many wait"
            );
        }
    }
}
