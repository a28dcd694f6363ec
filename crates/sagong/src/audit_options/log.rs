//! The flags of the backend that writes a log.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, bail, ensure};
use apiserver::audit::{Batching, Format, LogSettings, Output, Rotation};

use super::backend::{BatchFlags, TruncateFlags, check_version, given};

const PLUGIN: &str = "log";
const MEGABYTE: u64 = 1 << 20;
const FORMATS: &str = "legacy,json";
/// Upstream's defaults; batches serve no purpose for a file.
pub(super) const BATCHING: Batching =
    Batching { buffer_length: 10_000, batch_length: 1, wait: Duration::ZERO, throttling: None };

/// The flags about the audit log.
#[derive(clap::Args, Clone, Debug, Default)]
pub(super) struct LogOptions {
    /// All requests that the policy names are logged to this file; '-' means standard out.
    #[arg(long, value_name = "FILE")]
    audit_log_path: Option<PathBuf>,
    /// The most days that old audit log files are kept, by the time in their names; 0 for no limit [default: 366].
    #[arg(long, value_name = "DAYS", allow_negative_numbers = true)]
    audit_log_maxage: Option<i64>,
    /// The most old audit log files that are kept; 0 for no limit [default: 100].
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true)]
    audit_log_maxbackup: Option<i64>,
    /// The most megabytes of the audit log file before it is rotated; 0 for no rotation [default: 100].
    #[arg(long, value_name = "MEGABYTES", allow_negative_numbers = true)]
    audit_log_maxsize: Option<i64>,
    /// Compress old audit log files with gzip [default: false].
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    audit_log_compress: Option<bool>,
    /// The form of audit log lines: legacy for one line of text for each event, json for structured JSON
    /// [default: json].
    #[arg(long, value_name = "FORMAT")]
    audit_log_format: Option<String>,
    /// The API group and version of audit log lines [default: audit.k8s.io/v1].
    #[arg(long, value_name = "GROUP/VERSION")]
    audit_log_version: Option<String>,
    /// Whether requests wait for their events to be logged: batch, blocking or blocking-strict [default: blocking].
    #[arg(long, value_name = "MODE")]
    audit_log_mode: Option<String>,
    /// Events that wait to be logged at most; only in batch mode [default: 10000].
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true)]
    audit_log_batch_buffer_size: Option<i64>,
    /// The most events of a batch; only in batch mode [default: 1].
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true)]
    audit_log_batch_max_size: Option<i64>,
    /// How long a batch waits to be full, for example 30s; only in batch mode [default: 0s].
    #[arg(long, value_name = "DURATION")]
    audit_log_batch_max_wait: Option<String>,
    /// Limit how often batches are logged; only in batch mode [default: false].
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    audit_log_batch_throttle_enable: Option<bool>,
    /// The most batches a second on average; only in batch mode, with throttling.
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    audit_log_batch_throttle_qps: Option<f64>,
    /// The most batches at once after a pause; only in batch mode, with throttling.
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true)]
    audit_log_batch_throttle_burst: Option<i64>,
    /// Log events that are too large without their objects, or not at all [default: false].
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    audit_log_truncate_enabled: Option<bool>,
    /// The most bytes that are logged at once; only when truncating [default: 10485760].
    #[arg(long, value_name = "BYTES", allow_negative_numbers = true)]
    audit_log_truncate_max_batch_size: Option<i64>,
    /// The most bytes of an event; only when truncating [default: 102400].
    #[arg(long, value_name = "BYTES", allow_negative_numbers = true)]
    audit_log_truncate_max_event_size: Option<i64>,
}

fn not_negative(flag: &str, value: Option<i64>, default: u32) -> anyhow::Result<u32> {
    let Some(value) = value else { return Ok(default) };
    ensure!(value >= 0, "{flag} {value} can't be a negative number");
    u32::try_from(value).with_context(|| format!("{flag} {value} is too large"))
}

impl LogOptions {
    /// How events are logged; `None` when they are not.
    pub(super) fn settings(&self) -> anyhow::Result<Option<LogSettings>> {
        let Some(path) = self.audit_log_path.as_ref().filter(|path| !path.as_os_str().is_empty()) else {
            if let Some(flag) = self.first_given() {
                bail!("{flag} needs --audit-log-path, which says where events go");
            }
            return Ok(None);
        };
        check_version("--audit-log-version", self.audit_log_version.as_deref())?;
        let format = match self.audit_log_format.as_deref() {
            None | Some("json") => Format::Json,
            Some("legacy") => Format::Legacy,
            Some(other) => {
                bail!("--audit-log-format: invalid audit log format {other}, allowed formats are {FORMATS:?}")
            }
        };
        let output = match path.as_os_str() == "-" {
            true => self.unrotated(Output::StandardOutput)?,
            false => self.rotated(path.clone())?,
        };
        let (mode, truncation) = (self.batch_flags().mode()?, self.truncate_flags().truncation()?);
        Ok(Some(LogSettings { output, format, mode, truncation }))
    }

    fn first_given(&self) -> Option<&'static str> {
        let own = [
            ("--audit-log-maxage", self.audit_log_maxage.is_some()),
            ("--audit-log-maxbackup", self.audit_log_maxbackup.is_some()),
            ("--audit-log-maxsize", self.audit_log_maxsize.is_some()),
            ("--audit-log-compress", self.audit_log_compress.is_some()),
            ("--audit-log-format", self.audit_log_format.is_some()),
            ("--audit-log-version", self.audit_log_version.is_some()),
            ("--audit-log-mode", self.audit_log_mode.is_some()),
            ("--audit-log-truncate-enabled", self.audit_log_truncate_enabled.is_some()),
            ("--audit-log-truncate-max-batch-size", self.audit_log_truncate_max_batch_size.is_some()),
            ("--audit-log-truncate-max-event-size", self.audit_log_truncate_max_event_size.is_some()),
        ];
        given(&own).or(given(&self.batch_flags().given))
    }

    fn batch_flags(&self) -> BatchFlags<'_> {
        BatchFlags {
            plugin: PLUGIN,
            given: [
                ("--audit-log-batch-buffer-size", self.audit_log_batch_buffer_size.is_some()),
                ("--audit-log-batch-max-size", self.audit_log_batch_max_size.is_some()),
                ("--audit-log-batch-max-wait", self.audit_log_batch_max_wait.is_some()),
                ("--audit-log-batch-throttle-enable", self.audit_log_batch_throttle_enable.is_some()),
                ("--audit-log-batch-throttle-qps", self.audit_log_batch_throttle_qps.is_some()),
                ("--audit-log-batch-throttle-burst", self.audit_log_batch_throttle_burst.is_some()),
            ],
            mode: self.audit_log_mode.as_deref(),
            default_mode: "blocking",
            buffer_size: self.audit_log_batch_buffer_size,
            max_size: self.audit_log_batch_max_size,
            max_wait: self.audit_log_batch_max_wait.as_deref(),
            throttle_enable: self.audit_log_batch_throttle_enable,
            throttle_qps: self.audit_log_batch_throttle_qps,
            throttle_burst: self.audit_log_batch_throttle_burst,
            defaults: BATCHING,
        }
    }

    fn truncate_flags(&self) -> TruncateFlags {
        TruncateFlags {
            plugin: PLUGIN,
            enabled: self.audit_log_truncate_enabled,
            max_batch_size: self.audit_log_truncate_max_batch_size,
            max_event_size: self.audit_log_truncate_max_event_size,
        }
    }

    /// An output that has no old files.
    fn unrotated(&self, output: Output) -> anyhow::Result<Output> {
        let file = matches!(output, Output::File(..));
        let of_old = [
            ("--audit-log-maxage", self.audit_log_maxage.is_some()),
            ("--audit-log-maxbackup", self.audit_log_maxbackup.is_some()),
            ("--audit-log-compress", self.audit_log_compress == Some(true)),
            ("--audit-log-maxsize", self.audit_log_maxsize.is_some() && !file),
        ];
        match given(&of_old) {
            None => Ok(output),
            Some(flag) if file => bail!("{flag} means nothing when --audit-log-maxsize 0 disables rotation"),
            Some(flag) => bail!("{flag} means nothing for standard output, which --audit-log-path names"),
        }
    }

    fn rotated(&self, path: PathBuf) -> anyhow::Result<Output> {
        let megabytes = not_negative("--audit-log-maxsize", self.audit_log_maxsize, 100)?;
        let age_days_limit = not_negative("--audit-log-maxage", self.audit_log_maxage, 366)?;
        let backups_limit = not_negative("--audit-log-maxbackup", self.audit_log_maxbackup, 100)? as usize;
        if megabytes == 0 {
            return self.unrotated(Output::File(path, None));
        }
        let rotation = Rotation {
            file_bytes_limit: u64::from(megabytes) * MEGABYTE,
            age_days_limit,
            backups_limit,
            compress: self.audit_log_compress.unwrap_or_default(),
        };
        Ok(Output::File(path, Some(rotation)))
    }
}
