//! The flags of `sagong up` about the store that is built in.

use std::{path::PathBuf, time::Duration};

use anyhow::bail;
use apimachinery::time::parse_duration_nanoseconds;
use store::embedded::{self, LogArchive, SyncMode};

const DEFAULT_SYNC_INTERVAL: Duration = Duration::from_millis(100);
const LONGEST_SYNC_INTERVAL: Duration = Duration::from_secs(60);
const DEFAULT_ARCHIVE_INTERVAL: Duration = Duration::from_secs(300);
const SHORTEST_ARCHIVE_INTERVAL: Duration = Duration::from_secs(1);
const LONGEST_ARCHIVE_INTERVAL: Duration = Duration::from_secs(86_400);

/// When writes are made durable.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Sync {
    /// Before they are acknowledged.
    #[default]
    Always,
    /// At most --store-sync-interval afterwards.
    Interval,
}

/// The flags about the embedded engine.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct EmbeddedOptions {
    /// When writes are made durable: `always`, before they are acknowledged; or `interval`, a moment afterwards.
    ///
    /// interval writes at once and waits for the disk later, which is faster on a slow one. A loss of power or a crash
    /// of the kernel then takes the newest writes, up to --store-sync-interval of them, although clients were told that
    /// they were made and saw them: a controller may have acted on them, and other writes get their resourceVersions.
    /// What is left is whole and in order. The end of sagong alone, kill -9 too, takes nothing. For clusters that can
    /// be made anew; example: `sagong up --store-sync=interval`
    #[arg(long, value_enum, default_value = "always", verbatim_doc_comment)]
    pub(crate) store_sync: Sync,
    /// How long a write may wait for the disk with --store-sync=interval, as in 100ms or 2s; 100ms when not given.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) store_sync_interval: Option<Duration>,
    /// Copy the store's log to this directory, on another disk if it is to outlive this one, so that `sagong store
    /// restore BACKUP --log-archive DIR --to-time TIME` leads to any moment since a backup.
    ///
    /// The directory is for its owner alone, as every secret of the cluster is in it; nothing is ever removed from it.
    /// While it cannot be written the cluster goes on, and up to 1 GiB of the log waits; then the oldest part goes
    /// without it, and `sagong store status` says so. Example: `sagong up --log-archive /mnt/backup/log`
    #[arg(long, value_name = "DIR", verbatim_doc_comment)]
    pub(crate) log_archive: Option<PathBuf>,
    /// How long a write may be missing in --log-archive; 5m when not given.
    #[arg(long, value_name = "DURATION", value_parser = duration, requires = "log_archive")]
    pub(crate) log_archive_interval: Option<Duration>,
}

/// A duration in Go's form, above zero.
fn duration(text: &str) -> Result<Duration, String> {
    let nanoseconds = parse_duration_nanoseconds(text).and_then(|nanoseconds| u64::try_from(nanoseconds).ok());
    match nanoseconds {
        Some(nanoseconds @ 1..) => Ok(Duration::from_nanos(nanoseconds)),
        _ => Err("a duration above zero, as in 100ms or 5m".to_owned()),
    }
}

impl EmbeddedOptions {
    /// A flag that says something, for engines to which it says nothing.
    pub(crate) fn given(&self) -> Option<&'static str> {
        let given = [
            ("--store-sync", self.store_sync != Sync::Always),
            ("--store-sync-interval", self.store_sync_interval.is_some()),
            ("--log-archive", self.log_archive.is_some()),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(flag, _)| flag)
    }

    /// What the engine is opened with.
    pub(crate) fn engine_options(&self) -> anyhow::Result<embedded::Options> {
        let sync = match (self.store_sync, self.store_sync_interval) {
            (Sync::Always, None) => SyncMode::Always,
            (Sync::Always, Some(_)) => bail!("--store-sync-interval: goes with --store-sync=interval alone"),
            (Sync::Interval, Some(interval))
                if !(Duration::from_millis(1)..=LONGEST_SYNC_INTERVAL).contains(&interval) =>
            {
                bail!("--store-sync-interval: {interval:?} is not between 1ms and 1m")
            }
            (Sync::Interval, interval) => SyncMode::Interval(interval.unwrap_or(DEFAULT_SYNC_INTERVAL)),
        };
        let interval = self.log_archive_interval.unwrap_or(DEFAULT_ARCHIVE_INTERVAL);
        if !(SHORTEST_ARCHIVE_INTERVAL..=LONGEST_ARCHIVE_INTERVAL).contains(&interval) {
            bail!("--log-archive-interval: {interval:?} is not between 1s and 24h");
        }
        let log_archive = self.log_archive.clone().map(|directory| LogArchive {
            directory,
            interval,
            backlog_limit_bytes: store::limits::ARCHIVE_BACKLOG_BYTES,
        });
        Ok(embedded::Options { sync, log_archive, ..embedded::Options::default() })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser, Debug)]
    struct Line {
        #[command(flatten)]
        embedded: EmbeddedOptions,
    }

    fn sync(flags: &[&str]) -> Result<SyncMode, String> {
        let line = Line::try_parse_from(std::iter::once(&"sagong").chain(flags)).map_err(|error| error.to_string())?;
        line.embedded.engine_options().map(|options| options.sync).map_err(|error| error.to_string())
    }

    #[test]
    fn an_archive_has_its_interval() {
        let archive = |flags: &[&str]| {
            let line =
                Line::try_parse_from(std::iter::once(&"sagong").chain(flags)).map_err(|error| error.to_string())?;
            line.embedded.engine_options().map(|options| options.log_archive).map_err(|error| error.to_string())
        };
        assert_eq!(archive(&[]), Ok(None));
        assert_eq!(archive(&["--log-archive=/a"]).unwrap().unwrap().interval, Duration::from_secs(300));
        assert!(
            archive(&["--log-archive=/a", "--log-archive-interval=1ms"]).unwrap_err().contains("between 1s and 24h")
        );
        assert!(archive(&["--log-archive-interval=1m"]).unwrap_err().contains("--log-archive <DIR>"));
    }

    #[test]
    fn syncs_always_unless_told_and_an_interval_goes_with_its_mode() {
        assert_eq!(sync(&[]), Ok(SyncMode::Always));
        assert_eq!(sync(&["--store-sync=interval"]), Ok(SyncMode::Interval(Duration::from_millis(100))));
        let interval = sync(&["--store-sync=interval", "--store-sync-interval=2s"]);
        assert_eq!(interval, Ok(SyncMode::Interval(Duration::from_secs(2))));
        for (flags, reason) in [
            (&["--store-sync-interval=1s"][..], "goes with --store-sync=interval alone"),
            (&["--store-sync=interval", "--store-sync-interval=2m"], "not between 1ms and 1m"),
            (&["--store-sync=interval", "--store-sync-interval=0s"], "a duration above zero"),
            (&["--store-sync=never"], "always, interval"),
        ] {
            let refused = sync(flags).unwrap_err();
            assert!(refused.contains(reason), "{refused}");
        }
    }
}
