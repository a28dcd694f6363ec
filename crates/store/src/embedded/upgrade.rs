//! From one format on the disk to the next, when a store of an older release is opened.
//!
//! Each file says its own version and is read as what it is, so that an upgrade writes little: what the next format
//! needs, and last of all the segment whose version older releases refuse. A crash before that leaves the old store, a
//! crash after it the new one. Before the first step a backup is made beside the store, in the form that the older
//! release can restore.

use std::{
    io::{self, Read, Write},
    path::PathBuf,
};

use super::{
    OpenError,
    directory::{Directory, open_error},
    index::{Index, Scan},
    log::{Log, LogError},
    record::{FORMAT_VERSION, new_history},
};
use crate::{File, backup, file_system::write_all_at};

struct Upgrade {
    /// It leads from this version to the next.
    from: u32,
    /// What that has more.
    gives: &'static str,
    apply: fn(&mut Log, &mut Index, now_unix_milliseconds: u64) -> Result<(), LogError>,
}

/// Ascending and without a gap.
const UPGRADES: [Upgrade; FORMAT_VERSION as usize - 1] =
    [Upgrade { from: 1, gives: "commits have their time, and the store its history", apply: begin_history }];

/// Makes a store of version `from` one of [`FORMAT_VERSION`].
pub(super) fn upgrade(
    log: &mut Log,
    index: &mut Index,
    from: u32,
    now_unix_milliseconds: u64,
) -> Result<(), OpenError> {
    if from >= FORMAT_VERSION {
        return Ok(());
    }
    let backup = back_up(&log.directory, index, now_unix_milliseconds / 1000)?;
    tracing::info!(from, to = FORMAT_VERSION, backup = %backup.display(), "the store gets the format of this release");
    for step in UPGRADES.iter().filter(|step| step.from >= from) {
        (step.apply)(log, index, now_unix_milliseconds).map_err(|error| match error {
            LogError::NoSpace(path) => OpenError::NoSpace { path },
            LogError::Failed(reason) => {
                let (operation, path) = ("upgrade the format of", log.directory.path.clone());
                OpenError::Io { operation, path, source: io::Error::other(reason) }
            }
        })?;
        tracing::info!(version = step.from + 1, gives = step.gives, "upgraded");
    }
    Ok(())
}

fn begin_history(log: &mut Log, index: &mut Index, now_unix_milliseconds: u64) -> Result<(), LogError> {
    log.history = new_history(&log.directory.path, index.revision, now_unix_milliseconds);
    let (sequence, closed) = log.rotate(index.revision)?;
    index.close_segment(sequence, closed);
    Ok(())
}

/// Copies everything into a backup beside the store, and reads the copy once to prove it.
fn back_up(store: &Directory, index: &Index, created_unix_seconds: u64) -> Result<PathBuf, OpenError> {
    let parent = store.path.parent().unwrap_or(&store.path).to_owned();
    let directory = Directory { path: parent, file_system: store.file_system.clone() };
    let path = directory.path.join(format!("sagong-before-format-{FORMAT_VERSION}.backup"));
    let fill = |file: &mut dyn File| {
        let output = FileStream { file, offset: 0 };
        let mut writer = backup::Writer::new(output, index.revision, created_unix_seconds)?;
        let mut scan = Scan::everything();
        loop {
            let more = index.scan(&mut scan, index.revision);
            // Of the newest revision all values are in memory.
            for item in scan.items.drain(..) {
                writer.add(&item)?;
            }
            if !more {
                break;
            }
        }
        let (stream, _) = writer.finish()?;
        backup::verify(FileStream { file: stream.file, offset: 0 }).map_err(io::Error::other)?;
        Ok(())
    };
    directory
        .create_file(&path, fill)
        .map_err(|error| open_error("make the backup before an upgrade,", &path, error))?;
    directory.sync().map_err(|error| open_error("sync", &directory.path, error))?;
    Ok(path)
}

/// A file as what is written or read from its beginning on.
struct FileStream<'a> {
    file: &'a mut dyn File,
    offset: u64,
}

impl Write for FileStream<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        write_all_at(self.file, bytes, self.offset)?;
        self.offset += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for FileStream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.offset)?;
        self.offset += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_older_version_has_its_step() {
        let steps: Vec<u32> = UPGRADES.iter().map(|step| step.from).collect();
        assert_eq!(steps, (1..FORMAT_VERSION).collect::<Vec<_>>());
    }
}
