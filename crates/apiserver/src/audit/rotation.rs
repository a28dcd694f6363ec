//! A log file that begins anew when it is full, named as upstream's library (lumberjack) does it: `audit.log` becomes
//! `audit-2026-11-28T21-00-00.000.log`, and later `….log.gz`.

use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::mpsc::{self, SyncSender},
};

use flate2::{Compression, write::GzEncoder};
use jiff::{SignedDuration, Timestamp};

/// When a file is full, and what becomes of the old ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The most bytes of a file.
    pub file_bytes_limit: u64,
    /// Old files go after so many days of 24 hours; 0 for never.
    pub age_days_limit: u32,
    /// So many old files are kept; 0 for all.
    pub backups_limit: usize,
    /// Whether old files are compressed.
    pub compress: bool,
}

const OWNER_ONLY: u32 = 0o600;
const OWNER_ONLY_FOLDER: u32 = 0o700;
const COMPRESSED: &str = ".gz";

/// The file.
pub(super) struct LogFile {
    path: PathBuf,
    rotation: Option<Rotation>,
    /// None after a failure, and when the file has to be opened again.
    file: Option<File>,
    length: u64,
    /// Wakes the thread that looks after old files.
    sweeper: Option<SyncSender<()>>,
}

impl LogFile {
    /// Opens the file; makes it, for its owner alone, when it is not there.
    ///
    /// # Errors
    /// It or its folder cannot be made or opened.
    pub(super) fn open(path: PathBuf, rotation: Option<Rotation>) -> io::Result<LogFile> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            use std::os::unix::fs::DirBuilderExt as _;
            fs::DirBuilder::new().recursive(true).mode(OWNER_ONLY_FOLDER).create(folder)?;
        }
        let mut file = LogFile { path, rotation, file: None, length: 0, sweeper: None };
        file.reopen()?;
        if let Some(rotation) = rotation {
            let (sweeper, wakes) = mpsc::sync_channel(1);
            let path = file.path.clone();
            // Compressing takes seconds, for which no request can wait.
            std::thread::Builder::new().name("audit-log-sweep".to_owned()).spawn(move || {
                for () in wakes {
                    if let Err(error) = sweep(&path, &rotation, stdx::clock::now()) {
                        tracing::warn!(%error, path = %path.display(), "old audit logs could not be tidied up");
                    }
                }
            })?;
            file.sweeper = Some(sweeper);
            file.wake_sweeper();
        }
        Ok(file)
    }

    fn reopen(&mut self) -> io::Result<()> {
        let file = OpenOptions::new().append(true).create(true).mode(OWNER_ONLY).open(&self.path)?;
        self.length = file.metadata()?.len();
        self.file = Some(file);
        Ok(())
    }

    fn wake_sweeper(&self) {
        if let Some(sweeper) = &self.sweeper {
            // One that is awake already looks again.
            let _ = sweeper.try_send(());
        }
    }

    /// Whether so many bytes can be written before another file begins.
    pub(super) fn has_room(&self, length: u64) -> bool {
        self.rotation.is_none_or(|rotation| self.length + length <= rotation.file_bytes_limit)
    }

    /// Writes whole lines, into a new file when they do not fit into this one. What could be written only in part is
    /// taken back.
    ///
    /// # Errors
    /// As the system says; the lines are longer than any file may be.
    pub(super) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let length = lines.len() as u64;
        if let Some(rotation) = self.rotation
            && length > rotation.file_bytes_limit
        {
            let limit = rotation.file_bytes_limit;
            return Err(io::Error::other(format!("write length {length} exceeds maximum file size {limit}")));
        }
        if self.file.is_none() {
            self.reopen()?;
        }
        if !self.has_room(length) {
            self.rotate()?;
        }
        let Some(file) = &mut self.file else { return Err(io::Error::other("the file is not open")) };
        match file.write_all(lines) {
            Ok(()) => {
                self.length += length;
                Ok(())
            }
            Err(error) => {
                // What is no plain file keeps what it has got.
                let _ = file.set_len(self.length);
                Err(error)
            }
        }
    }

    fn rotate(&mut self) -> io::Result<()> {
        self.file = None;
        let old = fs::metadata(&self.path);
        if let Ok(old) = &old {
            fs::rename(&self.path, self.backup_path())?;
            let file = OpenOptions::new().append(true).create(true).mode(OWNER_ONLY).open(&self.path)?;
            take_over(&file, old)?;
        }
        self.reopen()?;
        self.wake_sweeper();
        Ok(())
    }

    /// A name that no file has: two in one millisecond must not be one.
    fn backup_path(&self) -> PathBuf {
        let mut now = stdx::clock::now();
        loop {
            let path = backup_path(&self.path, now);
            let compressed = PathBuf::from(format!("{}{COMPRESSED}", path.display()));
            if !path.exists() && !compressed.exists() {
                return path;
            }
            now += SignedDuration::from_millis(1);
        }
    }
}

/// The new file belongs to whom the old one did.
fn take_over(file: &File, old: &fs::Metadata) -> io::Result<()> {
    file.set_permissions(fs::Permissions::from_mode(old.mode() & 0o7777))?;
    let own = file.metadata()?;
    if (own.uid(), own.gid()) != (old.uid(), old.gid()) {
        std::os::unix::fs::fchown(file, Some(old.uid()), Some(old.gid()))?;
    }
    Ok(())
}

/// What stands before the time in the names of old files, and what behind it.
fn name_parts(path: &Path) -> (String, String) {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    match name.rfind('.') {
        Some(dot) => (format!("{}-", &name[..dot]), name[dot..].to_owned()),
        None => (format!("{name}-"), String::new()),
    }
}

fn backup_path(path: &Path, time: Timestamp) -> PathBuf {
    let (prefix, suffix) = name_parts(path);
    path.with_file_name(format!("{prefix}{}{suffix}", time.strftime("%Y-%m-%dT%H-%M-%S.%3f")))
}

/// Reads `2026-11-28T21-00-00.000`.
fn backup_time(text: &str) -> Option<Timestamp> {
    let (day, time) = text.split_once('T')?;
    (text.len() == 23).then_some(())?;
    format!("{day}T{}Z", time.replace('-', ":")).parse().ok()
}

/// An old file.
struct Backup {
    path: PathBuf,
    /// Without the ending of compressed ones.
    name: String,
    time: Timestamp,
    compressed: bool,
}

fn backups(path: &Path) -> io::Result<Vec<Backup>> {
    let (prefix, suffix) = name_parts(path);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut backups = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(full_name) = entry.file_name().into_string() else { continue };
        let name = full_name.strip_suffix(COMPRESSED).unwrap_or(&full_name);
        let time = name.strip_prefix(&prefix).and_then(|rest| rest.strip_suffix(&suffix)).and_then(backup_time);
        let Some(time) = time.filter(|_| entry.file_type().is_ok_and(|kind| kind.is_file())) else { continue };
        let compressed = name.len() < full_name.len();
        backups.push(Backup { path: entry.path(), name: name.to_owned(), time, compressed });
    }
    backups.sort_by_key(|backup| std::cmp::Reverse(backup.time));
    Ok(backups)
}

/// Removes what is too old or too much, compresses the rest.
fn sweep(path: &Path, rotation: &Rotation, now: Timestamp) -> io::Result<()> {
    let oldest = now - SignedDuration::from_hours(24 * i64::from(rotation.age_days_limit));
    let mut kept = BTreeSet::new();
    let mut first_error = None;
    for backup in backups(path)? {
        kept.insert(backup.name.clone());
        let too_many = rotation.backups_limit > 0 && kept.len() > rotation.backups_limit;
        let too_old = rotation.age_days_limit > 0 && backup.time < oldest;
        let done = match too_many || too_old {
            true => fs::remove_file(&backup.path),
            false if rotation.compress && !backup.compressed => compress(&backup.path),
            false => Ok(()),
        };
        first_error = first_error.or(done.err());
    }
    first_error.map_or(Ok(()), Err)
}

fn compress(path: &Path) -> io::Result<()> {
    let target = PathBuf::from(format!("{}{COMPRESSED}", path.display()));
    let compressed = (|| {
        let mut source = File::open(path)?;
        // One that is there is what an earlier end of the process left of it.
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(OWNER_ONLY).open(&target)?;
        take_over(&file, &source.metadata()?)?;
        let mut encoder = GzEncoder::new(file, Compression::default());
        io::copy(&mut source, &mut encoder)?;
        encoder.finish()?.sync_all()
    })();
    match compressed {
        Ok(()) => fs::remove_file(path),
        Err(error) => {
            // What is left is taken up again the next time.
            let _ = fs::remove_file(&target);
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    const ROTATION: Rotation = Rotation { file_bytes_limit: 20, age_days_limit: 0, backups_limit: 0, compress: false };

    fn names(directory: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_full_file_is_put_aside() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("audit.log");
        let mut log = LogFile::open(path.clone(), Some(ROTATION)).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        for line in ["first line\n", "second\n", "third line\n", "fourth line\n"] {
            log.append(line.as_bytes()).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "fourth line\n");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o640, "as the one before");
        let old: Vec<String> = names(directory.path()).iter().filter(|name| *name != "audit.log").cloned().collect();
        assert_eq!(old.len(), 2, "{old:?}");
        assert!(old.iter().all(|name| name.starts_with("audit-20") && name.ends_with(".log")), "{old:?}");
        assert_eq!(fs::read_to_string(directory.path().join(&old[0])).unwrap(), "first line\nsecond\n");
        let refused = log.append(&[b'x'; 21]).unwrap_err().to_string();
        assert_eq!(refused, "write length 21 exceeds maximum file size 20");
        drop(log);
        // What was there when it is opened counts.
        let mut log = LogFile::open(path.clone(), Some(ROTATION)).unwrap();
        log.append(b"fifth line\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "fifth line\n");
        let mut endless = LogFile::open(path.clone(), None).unwrap();
        endless.append(&[b'x'; 100]).unwrap();
        assert!(endless.has_room(u64::MAX / 2) && fs::metadata(&path).unwrap().len() == 111);
    }

    #[test]
    fn old_files_are_removed_and_compressed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("audit.log");
        let now: Timestamp = "2026-11-28T12:00:00Z".parse().unwrap();
        let backup = |days: i64| backup_path(&path, now - SignedDuration::from_hours(24 * days));
        let prepare = || {
            for days in 1..=4 {
                fs::write(backup(days), format!("{days}\n")).unwrap();
            }
        };
        fs::write(&path, "now\n").unwrap();
        fs::write(directory.path().join("audit-other.log"), "not ours").unwrap();
        prepare();
        sweep(&path, &Rotation { backups_limit: 2, ..ROTATION }, now).unwrap();
        let left =
            ["audit-2026-11-26T12-00-00.000.log", "audit-2026-11-27T12-00-00.000.log", "audit-other.log", "audit.log"];
        assert_eq!(names(directory.path()), left);
        prepare();
        sweep(&path, &Rotation { age_days_limit: 3, compress: true, ..ROTATION }, now).unwrap();
        let left = [
            "audit-2026-11-25T12-00-00.000.log.gz",
            "audit-2026-11-26T12-00-00.000.log.gz",
            "audit-2026-11-27T12-00-00.000.log.gz",
            "audit-other.log",
            "audit.log",
        ];
        assert_eq!(names(directory.path()), left);
        let mut text = String::new();
        let compressed = File::open(directory.path().join(left[2])).unwrap();
        flate2::read::GzDecoder::new(compressed).read_to_string(&mut text).unwrap();
        assert_eq!(text, "1\n");
        // Compressed ones count as the files that they were.
        sweep(&path, &Rotation { backups_limit: 1, ..ROTATION }, now).unwrap();
        assert_eq!(names(directory.path()), left[2..]);
    }
}
