//! What an archive of the log makes of a backup: the keys as they were at a later revision.

use std::{collections::BTreeMap, io::Read, path::Path, sync::Arc};

use bytes::Bytes;

use super::{RestoreError, Until};
use crate::{
    FileSystem, KeyValue, Revision,
    backup::{Reader, Summary},
    embedded::{
        archive::ArchiveName,
        directory::{Directory, open_error},
        reader::{self, Step},
        record::{LOG_MAGIC, LoggedCommit, RecordKind, decode_commit},
    },
};

/// A backup and what followed it.
pub(super) struct Replay {
    pub(super) keys: BTreeMap<Bytes, KeyValue>,
    pub(super) backup: Summary,
    /// The last revision that was replayed.
    pub(super) revision: Revision,
    /// When that was made, in milliseconds since the Unix epoch; none when nothing was replayed.
    pub(super) unix_milliseconds: Option<u64>,
    directory: Directory,
    until: Until,
}

impl Replay {
    /// Reads a backup, then the archived log behind it as far as is wanted.
    pub(super) fn read(
        input: impl Read,
        archive: &Path,
        until: Until,
        file_system: Arc<dyn FileSystem>,
    ) -> Result<Replay, RestoreError> {
        let mut reader = Reader::new(input)?;
        let mut keys = BTreeMap::new();
        while let Some(items) = reader.next()? {
            keys.extend(items.into_iter().map(|item| (item.key.clone(), item)));
        }
        let backup = reader.summary();
        check_reachable(&backup, until)?;
        let directory = Directory { path: archive.to_owned(), file_system };
        let revision = backup.revision;
        let mut replay = Replay { keys, backup, revision, unix_milliseconds: None, directory, until };
        if !replay.is_reached() {
            let names = replay.segments()?;
            replay.segments_until(&names)?;
        }
        Ok(replay)
    }

    /// The segments that may follow the backup: the one in which its revision is, and those after it.
    fn segments(&self) -> Result<Vec<ArchiveName>, RestoreError> {
        let Directory { path, file_system } = &self.directory;
        let histories = ArchiveName::list(&**file_system, path).map_err(|error| open_error("list", path, error))?;
        let backup = &self.backup;
        // A segment may begin behind what the backup has only if it begins with what comes next.
        let covers = |name: &ArchiveName| name.first_revision <= backup.revision + 1;
        let mut fitting: Vec<(u32, Vec<ArchiveName>)> = histories
            .iter()
            .filter(|(history, _)| backup.history == 0 || **history == backup.history)
            .filter_map(|(history, names)| {
                let first = names.iter().rposition(covers)?;
                Some((*history, names[first..].to_vec()))
            })
            .collect();
        if fitting.len() > 1 {
            let histories: Vec<String> = fitting.iter().map(|(history, _)| format!("{history:08x}")).collect();
            return Err(RestoreError::Ambiguous { archive: path.clone(), histories: histories.join(", ") });
        }
        if let Some((_, names)) = fitting.pop() {
            return Ok(names);
        }
        let first = histories.get(&backup.history).and_then(|names| names.first());
        let what = match first {
            Some(first) => format!("{} begins only with revision {}", path.display(), first.first_revision),
            None => format!("{} has nothing of the backup's store", path.display()),
        };
        Err(self.gap(what))
    }

    fn gap(&self, what: String) -> RestoreError {
        RestoreError::Gap { what, reachable: self.revision, unix_milliseconds: self.unix_milliseconds }
    }

    fn segments_until(&mut self, names: &[ArchiveName]) -> Result<(), RestoreError> {
        let mut previous: Option<ArchiveName> = None;
        for name in names {
            if self.is_reached() {
                return Ok(());
            }
            let path = self.directory.path.join(name.file_name());
            if let Some(previous) = previous.filter(|previous| previous.sequence + 1 != name.sequence) {
                let count = name.sequence - previous.sequence - 1;
                let (first, last) = (previous.sequence + 1, name.sequence - 1);
                let what = format!(
                    "{count} segment(s) from number {first} to {last}, with revisions {} to {}, are missing in {}",
                    self.revision + 1,
                    name.first_revision.saturating_sub(1),
                    self.directory.path.display()
                );
                return Err(self.gap(what));
            }
            if name.first_revision > self.revision + 1 {
                let (first, last) = (self.revision + 1, name.first_revision - 1);
                return Err(self.gap(format!("revisions {first} to {last} are missing before {}", path.display())));
            }
            if self.segment(name, &path)? {
                return Ok(());
            }
            previous = Some(*name);
        }
        match self.until {
            Until::End => Ok(()),
            Until::Revision(revision) if revision == self.revision => Ok(()),
            Until::Revision(_) | Until::UnixMilliseconds(_) => {
                Err(self.gap(format!("{} ends before", self.directory.path.display())))
            }
        }
    }

    fn is_reached(&self) -> bool {
        matches!(self.until, Until::Revision(revision) if revision == self.revision)
    }

    /// Replays a segment; says whether what is wanted was reached.
    fn segment(&mut self, name: &ArchiveName, path: &Path) -> Result<bool, RestoreError> {
        let damaged = |replay: &Replay, offset: u64, reason: &str| {
            replay.gap(format!("{} is damaged at offset {offset}: {reason}", path.display()))
        };
        let file = self.directory.file_system.open(path).map_err(|error| open_error("open", path, error))?;
        let header = match self.directory.read_header(&*file, path, LOG_MAGIC) {
            Ok(header) if (header.sequence, header.revision + 1) == (name.sequence, name.first_revision) => header,
            Ok(_) => return Err(damaged(self, 0, "its name and its header differ")),
            Err(error @ super::OpenError::Corrupt { .. }) => return Err(self.gap(error.to_string())),
            Err(error) => return Err(error.into()),
        };
        let mut reader = reader::Reader::new(&*file, path)?;
        let mut revision = header.revision;
        loop {
            let offset = reader.offset;
            let (record, payload) = match reader.next()? {
                Step::Record(record, payload) => (record, payload),
                Step::End => return Ok(false),
                Step::Broken => return Err(damaged(self, offset, "a record is broken")),
            };
            if record.kind != RecordKind::Commit {
                continue;
            }
            revision += 1;
            let Some(commit) = decode_commit(payload, header.version).filter(|_| record.revision == revision) else {
                return Err(damaged(self, offset, "a commit is malformed or out of place"));
            };
            if revision <= self.revision {
                continue;
            }
            if let Until::UnixMilliseconds(time) = self.until {
                match commit.unix_milliseconds {
                    Some(made) if made > time => return Ok(true),
                    Some(_) => {}
                    None => return Err(RestoreError::NoTimes { path: path.to_owned() }),
                }
            }
            self.commit(revision, commit);
            if self.is_reached() {
                return Ok(true);
            }
        }
    }

    fn commit(&mut self, revision: Revision, commit: LoggedCommit) {
        for write in commit.writes {
            let Some(value) = write.value else {
                self.keys.remove(&write.key);
                continue;
            };
            let create_revision = self.keys.get(&write.key).map_or(revision, |before| before.create_revision);
            let (key, expires_at) = (write.key, write.expires_at);
            let kv = KeyValue { key: key.clone(), value, create_revision, mod_revision: revision, expires_at };
            self.keys.insert(key, kv);
        }
        self.revision = revision;
        self.unix_milliseconds = commit.unix_milliseconds.or(self.unix_milliseconds);
    }
}

/// A backup leads to nothing that was before it.
fn check_reachable(backup: &Summary, until: Until) -> Result<(), RestoreError> {
    let is_before = match until {
        Until::End => false,
        Until::Revision(revision) => revision < backup.revision,
        Until::UnixMilliseconds(time) => time < backup.created_unix_seconds.saturating_mul(1000),
    };
    if is_before { Err(RestoreError::BackupIsLater(*backup)) } else { Ok(()) }
}
