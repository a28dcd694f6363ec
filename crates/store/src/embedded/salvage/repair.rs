//! A damaged store is made anew from what can be read of it.
//!
//! In an order in which a crash leaves the damaged store, which is refused as before, or the new one: the old files get
//! a second name in a folder of their own; then the new segment is made, which nothing leads to; then the new snapshot,
//! which makes the old files superfluous; then they go.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{
    super::{
        OpenError, Options,
        directory::{Directory, open_error},
        lock_store,
        log::create_segment,
        record::{FORMAT_VERSION, FileHeader, SNAPSHOT_MAGIC, new_history},
        restore::REVISION_BUMP,
        snapshot::Writer,
    },
    Report, Salvage,
};
use crate::{File, Revision};

/// What a repair did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repaired {
    /// What was wrong.
    pub report: Report,
    /// Where the files are that were there before.
    pub aside: PathBuf,
    /// The revision at which the new store begins.
    pub revision: Revision,
}

/// Makes the store in the directory `path` anew from what can be read of it. Its files are kept in the folder `aside`
/// of the directory. The new store begins at a revision far after the old one, so that whoever watches lists anew.
///
/// # Errors
/// See [`OpenError`]; `Locked` when a server has it open.
pub fn repair(path: impl AsRef<Path>, aside: &str, options: &Options) -> Result<Repaired, OpenError> {
    let directory = Directory { path: path.as_ref().to_owned(), file_system: options.file_system.clone() };
    let _lock = lock_store(&directory)?;
    let salvage = Salvage::read(&directory)?;
    let old = old_files(&directory, &salvage);
    let aside = keep_aside(&directory, aside, &old)?;

    let revision = salvage.report.revision + REVISION_BUMP;
    let history = new_history(&directory.path, revision, options.clock.now_unix_milliseconds());
    let sequence = salvage.segments.last().map_or(1, |last| last + 1);
    let header = FileHeader { version: FORMAT_VERSION, history, revision, sequence };
    let segment = directory.segment_path(sequence);
    create_segment(&directory, header, 0).map_err(|error| open_error("create", &segment, error))?;
    sync(&directory)?;

    let snapshot = directory.snapshot_path(revision);
    let fill = |file: &mut dyn File| -> io::Result<()> {
        let mut writer = Writer::new(file, revision);
        for kv in salvage.known.values().filter_map(|known| known.kv.as_ref()) {
            writer.add(kv)?;
        }
        writer.finish().map(drop)
    };
    let header = FileHeader { sequence: 0, ..header }.encode(SNAPSHOT_MAGIC);
    directory.create_whole(&snapshot, &header, fill).map_err(|error| open_error("write", &snapshot, error))?;
    sync(&directory)?;
    for path in &old {
        directory.file_system.remove(path).map_err(|error| open_error("remove", path, error))?;
    }
    sync(&directory)?;
    Ok(Repaired { report: salvage.report, aside, revision })
}

fn sync(directory: &Directory) -> Result<(), OpenError> {
    directory.sync().map_err(|error| open_error("sync", &directory.path, error))
}

fn old_files(directory: &Directory, salvage: &Salvage) -> Vec<PathBuf> {
    let segments = salvage.segments.iter().map(|sequence| directory.segment_path(*sequence));
    let snapshots = salvage.snapshots.iter().map(|revision| directory.snapshot_path(*revision));
    segments.chain(snapshots).collect()
}

fn keep_aside(directory: &Directory, name: &str, files: &[PathBuf]) -> Result<PathBuf, OpenError> {
    let path = directory.path.join(name);
    let aside = Directory { path: path.clone(), file_system: directory.file_system.clone() };
    aside.file_system.create_directory(&path).map_err(|error| open_error("create", &path, error))?;
    for file in files {
        let Some(name) = file.file_name() else { continue };
        let kept = path.join(name);
        aside.file_system.link(file, &kept).map_err(|error| open_error("keep aside a file as", &kept, error))?;
    }
    sync(&aside)?;
    Ok(path)
}
