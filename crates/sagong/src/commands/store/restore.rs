//! Stores that begin from a backup, and from the log that followed it.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use apimachinery::{Value, time};
use store::embedded::{
    self,
    restore::{self as engine, RestoreError, Until},
};

use super::backup;
use crate::directories::Directories;

#[derive(clap::Args, Clone, Debug)]
pub(super) struct RestoreOptions {
    /// The backup.
    file: PathBuf,
    /// Replay the log in this directory, which `sagong up --log-archive` filled, behind the backup; to its end, unless
    /// a revision or time is given.
    #[arg(long, value_name = "DIR")]
    log_archive: Option<PathBuf>,
    /// Make the store as it was at this revision.
    #[arg(long, value_name = "REVISION", requires = "log_archive", conflicts_with = "to_time")]
    to_revision: Option<u64>,
    /// Make the store as it was at this time, as in 2026-11-28T12:34:00Z: the last write that is not later counts.
    #[arg(long, value_name = "TIME", requires = "log_archive", value_parser = unix_milliseconds)]
    to_time: Option<u64>,
}

/// A time as RFC 3339 writes it.
fn unix_milliseconds(text: &str) -> Result<u64, String> {
    let time = time::parse(text).and_then(|time| u64::try_from(time.as_millisecond()).ok());
    time.ok_or_else(|| "a time of RFC 3339, as in 2026-11-28T12:34:00Z".to_owned())
}

fn show_time(unix_milliseconds: u64) -> String {
    let milliseconds = i64::try_from(unix_milliseconds).ok();
    let time = milliseconds.and_then(|milliseconds| jiff::Timestamp::from_millisecond(milliseconds).ok());
    time.map(|time| format!("{time:.3}")).unwrap_or_default()
}

/// Makes a store of a backup.
pub(super) fn restore(data_directory: &Path, options: &RestoreOptions) -> anyhow::Result<Value> {
    let input = backup::open(&options.file)?;
    let directories = Directories::open(data_directory)?;
    super::refuse_etcd(&directories, "restored with etcd's own `etcdutl snapshot restore`")?;
    let place = directories.store();
    let file_system = embedded::Options::default().file_system;
    let context = || format!("{} was not restored", options.file.display());
    let mut answer = match &options.log_archive {
        None => {
            let summary = engine::restore(input, &place, file_system).with_context(context)?;
            backup::summary_value(&options.file, &summary)
        }
        Some(archive) => {
            let until = match (options.to_revision, options.to_time) {
                (Some(revision), _) => Until::Revision(revision),
                (None, Some(time)) => Until::UnixMilliseconds(time),
                (None, None) => Until::End,
            };
            let restored = engine::restore_until(input, archive, until, &place, file_system);
            let restored = restored.map_err(advised).with_context(context)?;
            let mut answer = backup::summary_value(&options.file, &restored.backup);
            answer.set(&["keys"], Value::from(restored.keys as i64));
            answer.remove(&["contentBytes"]);
            answer.set(&["restoredRevision"], Value::from(restored.revision as i64));
            if let Some(time) = restored.unix_milliseconds {
                answer.set(&["restoredTime"], Value::from(show_time(time)));
            }
            answer
        }
    };
    answer.set(&["store"], Value::from(place.display().to_string()));
    let has_keys = std::fs::read_dir(directories.pki()).is_ok_and(|mut files| files.next().is_some());
    if !has_keys {
        let advice = format!(
            "{} is empty: copy the old data directory's there, or `sagong up` makes new keys and nodes have to join anew",
            directories.pki().display()
        );
        answer.set(&["advice"], Value::from(advice));
    }
    Ok(answer)
}

/// The error, with what can be asked for instead.
fn advised(error: RestoreError) -> anyhow::Error {
    let RestoreError::Gap { reachable, unix_milliseconds, .. } = &error else { return error.into() };
    let made = unix_milliseconds.map(|time| format!(" (made {})", show_time(time))).unwrap_or_default();
    let advice = format!("to get that far: --to-revision {reachable}{made}");
    anyhow!("{error}; {advice}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_shown() {
        assert_eq!(
            unix_milliseconds("2026-11-28T12:34:00.5+01:00").map(show_time),
            Ok("2026-11-28T11:34:00.500Z".into())
        );
        assert!(unix_milliseconds("yesterday").is_err());
        let gap = RestoreError::Gap { what: "x ends before".into(), reachable: 7, unix_milliseconds: Some(1_500) };
        let text = advised(gap).to_string();
        assert!(text.ends_with("to get that far: --to-revision 7 (made 1970-01-01T00:00:01.500Z)"), "{text}");
    }
}
