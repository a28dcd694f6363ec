//! Backups that the server makes by itself: `sagong up --backup-to`.

use std::{
    path::PathBuf,
    sync::{Arc, Once},
};

use anyhow::{Context, bail};
use component_base::metrics::{Counter, Family, Gauge, of_process};
use controllers::cronjob::schedule::Schedule;
use jiff::{Timestamp, tz::TimeZone};
use store::Engine;

use crate::backup_files;

static LAST: Family<Gauge> = Family::gauge(
    "sagong_store_last_backup_timestamp_seconds",
    "When the last scheduled backup of the store was proved to be whole, in seconds since the Unix epoch; 0 when there was none since the start.",
    &[],
);
static FAILURES: Family<Counter> =
    Family::counter("sagong_store_backup_failures_total", "Scheduled backups of the store that failed.", &[]);

/// When the server backs its store up by itself, and where to.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct BackupFlags {
    /// Back the store up to this folder, which must be there; better one on another disk. Without it no backups are
    /// made.
    #[arg(long, value_name = "DIR")]
    backup_to: Option<PathBuf>,
    /// When, as a CronJob says it, in UTC.
    #[arg(long, value_name = "CRON", default_value = "0 3 * * *", requires = "backup_to")]
    backup_schedule: String,
    /// How many backups stay in the folder, the newest ones.
    #[arg(long, value_name = "COUNT", default_value_t = 7, requires = "backup_to")]
    backup_keep: usize,
}

/// A plan of backups.
pub(crate) struct BackupPlan {
    folder: PathBuf,
    schedule: Schedule,
    keep: usize,
}

impl BackupFlags {
    /// What the flags say; none when no backups are made.
    pub(crate) fn plan(&self) -> anyhow::Result<Option<BackupPlan>> {
        let Some(folder) = self.backup_to.clone() else { return Ok(None) };
        if !folder.is_dir() {
            bail!("--backup-to: {} is no folder", folder.display());
        }
        if self.backup_keep == 0 {
            bail!("--backup-keep: 0 would leave no backup at all");
        }
        let schedule = Schedule::parse(&self.backup_schedule)
            .with_context(|| format!("--backup-schedule {:?} is no schedule", self.backup_schedule))?;
        if schedule.next(Timestamp::now(), &TimeZone::UTC).is_none() {
            bail!("--backup-schedule {:?} never comes", self.backup_schedule);
        }
        Ok(Some(BackupPlan { folder, schedule, keep: self.backup_keep }))
    }
}

impl BackupPlan {
    /// Makes backups as planned, for ever. One that fails is told of in the log and counted, and the next is tried.
    pub(crate) async fn follow(self, engine: Arc<dyn Engine>) {
        let plan = Arc::new(self);
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            of_process().add(&LAST);
            of_process().add(&FAILURES);
        });
        LAST.with(&[]).set(0.0);
        let mut last = Timestamp::now();
        while let Some(next) = plan.schedule.next(last, &TimeZone::UTC) {
            stdx::clock::sleep_until(next).await;
            // What the clock jumped over is not made up for.
            last = Timestamp::now().max(next);
            let (made, engine) = (plan.clone(), engine.clone());
            let made =
                tokio::task::spawn_blocking(move || backup_files::make_in(&*engine, &made.folder, made.keep)).await;
            match made.map_err(anyhow::Error::from).flatten() {
                Ok((file, summary)) => {
                    LAST.with(&[]).set(Timestamp::now().as_second() as f64);
                    tracing::info!(file = %file.display(), revision = summary.revision, "the store was backed up");
                }
                Err(error) => {
                    FAILURES.with(&[]).increment();
                    tracing::error!(error = format!("{error:#}"), "the store was not backed up");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        flags: BackupFlags,
    }

    fn planned(arguments: &[&str]) -> anyhow::Result<Option<BackupPlan>> {
        Program::try_parse_from([&["x"], arguments].concat())?.flags.plan()
    }

    fn refused(arguments: &[&str]) -> String {
        planned(arguments).err().map(|error| format!("{error:#}")).unwrap_or_default()
    }

    #[test]
    fn flags_that_mean_nothing_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().to_str().unwrap();
        assert!(planned(&[]).unwrap().is_none());
        assert_eq!(planned(&["--backup-to", folder]).unwrap().unwrap().keep, 7);
        assert!(refused(&["--backup-to", "/nowhere"]).contains("--backup-to: /nowhere is no folder"));
        assert!(refused(&["--backup-keep", "3"]).contains("--backup-to"));
        assert!(refused(&["--backup-to", folder, "--backup-keep", "0"]).contains("no backup at all"));
        let refused = |schedule| refused(&["--backup-to", folder, "--backup-schedule", schedule]);
        assert!(refused("0 3 * *").contains("expected exactly 5 fields"), "{}", refused("0 3 * *"));
        assert!(refused("0 0 30 2 *").contains("never comes"));
    }

    #[tokio::test]
    async fn backups_are_made_and_the_oldest_removed() {
        let (data, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let engine = store::embedded::open(data.path().join("store"), Default::default()).unwrap();
        let arguments = ["--backup-to", folder.path().to_str().unwrap(), "--backup-schedule", "@every 1s"];
        let plan = planned(&[&arguments[..], &["--backup-keep", "1"]].concat()).unwrap().unwrap();
        let following = tokio::spawn(plan.follow(engine));
        let failures = FAILURES.with(&[]).get();
        let mut seen = std::collections::BTreeSet::new();
        while seen.len() < 2 {
            tokio::task::yield_now().await;
            let names = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
            seen.extend(names.map(|name| name.into_string().unwrap()).filter(|name| name.ends_with(".backup")));
        }
        following.abort();
        let _ = following.await;
        let whole = |name: &String| std::fs::File::open(folder.path().join(name)).map(store::backup::verify);
        assert!(seen.iter().filter_map(|name| whole(name).ok()).all(|verified| verified.is_ok()));
        assert_eq!(FAILURES.with(&[]).get(), failures);
    }
}
