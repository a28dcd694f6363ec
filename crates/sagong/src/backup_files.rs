//! Backups as files: their names, how the oldest are removed, and how a server writes one of its own store.

use std::{
    fs::{File, OpenOptions},
    io::{BufWriter, IntoInnerError, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::Context;
use apimachinery::time;
use store::{
    Engine,
    backup::{self, Summary},
};

const PREFIX: &str = "sagong-";
const SUFFIX: &str = ".backup";

/// Writes every key of the store to `output` as a backup, which takes long: not on a thread that others wait for.
/// `written` is called now and then with the output.
///
/// # Errors
/// Those of the engine and of the output.
pub(crate) fn write<W: Write>(
    engine: &dyn Engine,
    output: W,
    mut written: impl FnMut(&mut W) -> anyhow::Result<()>,
) -> anyhow::Result<(W, Summary)> {
    let runtime = tokio::runtime::Handle::current();
    let mut export = runtime.block_on(engine.export())?;
    let created = u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or_default();
    let mut writer = backup::Writer::of_history(output, export.revision, export.history, created)?;
    loop {
        let items = runtime.block_on(export.next())?;
        if items.is_empty() {
            break;
        }
        for item in &items {
            writer.add(item)?;
        }
        written(writer.output_mut())?;
    }
    Ok(writer.finish()?)
}

/// Makes a backup of the store in `folder`, named after the time, reads it once to prove it, and removes all but the
/// `keep` newest. Takes long, as [`write`].
///
/// # Errors
/// Those of the engine and of the files; nothing that looks like a backup is left of one that failed.
pub(crate) fn make_in(engine: &dyn Engine, folder: &Path, keep: usize) -> anyhow::Result<(PathBuf, Summary)> {
    let place = folder.join(name(jiff::Timestamp::now()));
    let unfinished = PathBuf::from(format!("{}.unfinished", place.display()));
    let context = || format!("cannot write {}", unfinished.display());
    let made = (|| {
        let file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&unfinished);
        let (output, _) = write(engine, BufWriter::new(file.with_context(context)?), |_| Ok(()))?;
        let file = output.into_inner().map_err(IntoInnerError::into_error).with_context(context)?;
        file.sync_all().with_context(context)?;
        let written = File::open(&unfinished).with_context(context)?;
        let summary =
            backup::verify(std::io::BufReader::new(written)).context("what was written is no whole backup")?;
        std::fs::rename(&unfinished, &place).with_context(|| format!("cannot make {}", place.display()))?;
        sync_folder(&place)?;
        anyhow::Ok(summary)
    })();
    let summary = made.inspect_err(|_| drop(std::fs::remove_file(&unfinished)))?;
    remove_oldest(folder, keep)?;
    Ok((place, summary))
}

/// A name that sorts by time.
pub(crate) fn name(at: jiff::Timestamp) -> String {
    format!("{PREFIX}{}{SUFFIX}", time::format_seconds(at).replace(':', ""))
}

pub(crate) fn sync_folder(file: &Path) -> anyhow::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.with_context(|| format!("cannot make the name in {} durable", folder.display()))
}

/// Removes all backups of a folder but the `keep` newest; answers how many.
pub(crate) fn remove_oldest(folder: &Path, keep: usize) -> anyhow::Result<usize> {
    let context = || format!("cannot look for old backups in {}", folder.display());
    let mut backups = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(context)? {
        let entry = entry.with_context(context)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(PREFIX) && name.ends_with(SUFFIX) {
            backups.push(entry.path());
        }
    }
    backups.sort_unstable();
    let old = backups.len().saturating_sub(keep);
    for path in &backups[..old] {
        std::fs::remove_file(path).with_context(|| format!("cannot remove the old backup {}", path.display()))?;
    }
    Ok(old)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_stay_and_other_files_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..5 {
            std::fs::write(
                folder.path().join(name(jiff::Timestamp::from_second(1_700_000_000 + number * 86_400).unwrap())),
                "x",
            )
            .unwrap();
        }
        std::fs::write(folder.path().join("sagong-notes.txt"), "x").unwrap();
        assert_eq!(remove_oldest(folder.path(), 2).unwrap(), 3);
        let mut left: Vec<String> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, ["sagong-2023-11-17T221320Z.backup", "sagong-2023-11-18T221320Z.backup", "sagong-notes.txt"]);
    }
}
