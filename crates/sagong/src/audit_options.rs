//! What is recorded of requests, and where: the flags of `sagong up` that are about auditing. Names, defaults and
//! wording are those of upstream's kube-apiserver.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, bail, ensure};
use apiserver::audit::{
    Auditor, Batching, Format, LogSettings, LogSink, Mode, Output, Policy, Rotation, Sink, Throttling, Truncation,
};

const LOG: &str = "log";
/// The one form of events that there is.
const VERSION: &str = "audit.k8s.io/v1";
const MEGABYTE: u64 = 1 << 20;
const MODES: &str = "batch,blocking,blocking-strict";
const FORMATS: &str = "legacy,json";
/// Upstream's defaults of what is used in the mode `batch` alone; batching serves no purpose for a file.
const LOG_BATCHING: Batching =
    Batching { buffer_length: 10_000, batch_length: 1, wait: Duration::ZERO, throttling: None };
/// Upstream's defaults of truncation: 10 MB and 100 KB.
const TRUNCATION: Truncation = Truncation { batch_bytes_limit: 10 << 20, event_bytes_limit: 100 << 10 };
/// More events than this cannot be held in any case.
const BATCH_BUFFER_LIMIT: i64 = 10_000_000;

/// The flags about auditing.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Auditing")]
pub(crate) struct AuditOptions {
    /// Path to the file that defines the audit policy configuration.
    #[arg(long, value_name = "FILE")]
    audit_policy_file: Option<PathBuf>,
    #[command(flatten)]
    log: LogOptions,
}

/// The flags about the audit log.
#[derive(clap::Args, Clone, Debug, Default)]
struct LogOptions {
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
    /// The form of audit log lines: "legacy" for one line of text for each event, "json" for structured JSON
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

impl AuditOptions {
    /// What records requests; `None` when the flags want nothing recorded.
    ///
    /// # Errors
    /// The policy is none, a flag is wrong or means nothing beside the others, the log cannot be made.
    pub(crate) fn open(&self) -> anyhow::Result<Option<Arc<Auditor>>> {
        let settings = self.log.settings()?;
        let (policy, settings) = match (&self.audit_policy_file, settings) {
            (None, None) => return Ok(None),
            (Some(file), Some(settings)) => (Policy::load(file).context("--audit-policy-file")?, settings),
            (None, Some(_)) => {
                bail!("--audit-log-path needs --audit-policy-file: without a policy no event is recorded")
            }
            (Some(_), None) => bail!("--audit-policy-file needs --audit-log-path, which says where events go"),
        };
        let place = match &settings.output {
            Output::StandardOutput => "standard output".to_owned(),
            Output::File(path, _) => path.display().to_string(),
        };
        let log = LogSink::open(settings).with_context(|| format!("--audit-log-path: cannot write {place}"))?;
        Ok(Some(Auditor::new(policy, vec![log as Arc<dyn Sink>])))
    }
}

/// The flags of `flags` that are given.
fn given<const N: usize>(flags: [(&'static str, bool); N]) -> Option<&'static str> {
    flags.into_iter().find(|(_, given)| *given).map(|(name, _)| name)
}

fn positive(what: &str, value: Option<i64>, default: u64) -> anyhow::Result<u64> {
    let Some(value) = value else { return Ok(default) };
    u64::try_from(value)
        .ok()
        .filter(|value| *value > 0)
        .with_context(|| format!("invalid audit {what} {value}, must be a positive number"))
}

fn not_negative(flag: &str, value: Option<i64>, default: u32) -> anyhow::Result<u32> {
    let Some(value) = value else { return Ok(default) };
    ensure!(value >= 0, "{flag} {value} can't be a negative number");
    u32::try_from(value).with_context(|| format!("{flag} {value} is too large"))
}

impl LogOptions {
    /// `None` when nothing is logged.
    fn settings(&self) -> anyhow::Result<Option<LogSettings>> {
        let Some(path) = self.audit_log_path.as_ref().filter(|path| !path.as_os_str().is_empty()) else {
            if let Some(flag) = self.first_given() {
                bail!("{flag} needs --audit-log-path, which says where events go");
            }
            return Ok(None);
        };
        let version = self.audit_log_version.as_deref().unwrap_or(VERSION);
        ensure!(version == VERSION, "--audit-log-version: invalid group version, allowed versions are {VERSION:?}");
        let format = match self.audit_log_format.as_deref() {
            None | Some("json") => Format::Json,
            Some("legacy") => Format::Legacy,
            Some(other) => {
                bail!("--audit-log-format: invalid audit log format {other}, allowed formats are {FORMATS:?}")
            }
        };
        let output = match path.as_os_str() == "-" {
            true => Output::StandardOutput,
            false => Output::File(path.clone(), None),
        };
        let output = self.rotated(output)?;
        Ok(Some(LogSettings { output, format, mode: self.mode()?, truncation: self.truncation()? }))
    }

    fn first_given(&self) -> Option<&'static str> {
        let others = [
            ("--audit-log-maxage", self.audit_log_maxage.is_some()),
            ("--audit-log-maxbackup", self.audit_log_maxbackup.is_some()),
            ("--audit-log-maxsize", self.audit_log_maxsize.is_some()),
            ("--audit-log-compress", self.audit_log_compress.is_some()),
            ("--audit-log-format", self.audit_log_format.is_some()),
            ("--audit-log-version", self.audit_log_version.is_some()),
            ("--audit-log-mode", self.audit_log_mode.is_some()),
            ("--audit-log-truncate-enabled", self.audit_log_truncate_enabled.is_some()),
        ];
        given(others).or(self.batch_flag()).or(self.truncate_flag())
    }

    fn batch_flag(&self) -> Option<&'static str> {
        given([
            ("--audit-log-batch-buffer-size", self.audit_log_batch_buffer_size.is_some()),
            ("--audit-log-batch-max-size", self.audit_log_batch_max_size.is_some()),
            ("--audit-log-batch-max-wait", self.audit_log_batch_max_wait.is_some()),
            ("--audit-log-batch-throttle-enable", self.audit_log_batch_throttle_enable.is_some()),
            ("--audit-log-batch-throttle-qps", self.audit_log_batch_throttle_qps.is_some()),
            ("--audit-log-batch-throttle-burst", self.audit_log_batch_throttle_burst.is_some()),
        ])
    }

    fn truncate_flag(&self) -> Option<&'static str> {
        given([
            ("--audit-log-truncate-max-batch-size", self.audit_log_truncate_max_batch_size.is_some()),
            ("--audit-log-truncate-max-event-size", self.audit_log_truncate_max_event_size.is_some()),
        ])
    }

    fn rotated(&self, output: Output) -> anyhow::Result<Output> {
        let megabytes = not_negative("--audit-log-maxsize", self.audit_log_maxsize, 100)?;
        let age_days_limit = not_negative("--audit-log-maxage", self.audit_log_maxage, 366)?;
        let backups_limit = not_negative("--audit-log-maxbackup", self.audit_log_maxbackup, 100)? as usize;
        let of_old = [
            ("--audit-log-maxage", self.audit_log_maxage.is_some()),
            ("--audit-log-maxbackup", self.audit_log_maxbackup.is_some()),
            ("--audit-log-compress", self.audit_log_compress == Some(true)),
        ];
        let Output::File(path, _) = output else {
            let flag = given(of_old).or(given([("--audit-log-maxsize", self.audit_log_maxsize.is_some())]));
            if let Some(flag) = flag {
                bail!("{flag} means nothing for standard output, which --audit-log-path names");
            }
            return Ok(output);
        };
        if megabytes == 0 {
            if let Some(flag) = given(of_old) {
                bail!("{flag} means nothing when --audit-log-maxsize 0 disables rotation");
            }
            return Ok(Output::File(path, None));
        }
        let rotation = Rotation {
            file_bytes_limit: u64::from(megabytes) * MEGABYTE,
            age_days_limit,
            backups_limit,
            compress: self.audit_log_compress.unwrap_or_default(),
        };
        Ok(Output::File(path, Some(rotation)))
    }

    fn mode(&self) -> anyhow::Result<Mode> {
        let mode = match self.audit_log_mode.as_deref() {
            None | Some("blocking") => Mode::Blocking,
            Some("blocking-strict") => Mode::BlockingStrict,
            Some("batch") => return Ok(Mode::Batch(self.batching()?)),
            Some(other) => {
                bail!("--audit-log-mode: invalid audit {LOG} mode {other}, allowed modes are {MODES:?}")
            }
        };
        if let Some(flag) = self.batch_flag() {
            bail!("{flag} is only used in batch mode: give --audit-log-mode batch");
        }
        Ok(mode)
    }

    fn batching(&self) -> anyhow::Result<Batching> {
        let buffer = self.audit_log_batch_buffer_size;
        if let Some(size) = buffer.filter(|size| *size > BATCH_BUFFER_LIMIT) {
            bail!("--audit-log-batch-buffer-size {size} is more than {BATCH_BUFFER_LIMIT}");
        }
        let buffer_length = positive("batch log buffer size", buffer, LOG_BATCHING.buffer_length as u64)?;
        let batch_length =
            positive("batch log max batch size", self.audit_log_batch_max_size, LOG_BATCHING.batch_length as u64)?;
        let wait = match self.audit_log_batch_max_wait.as_deref() {
            None => LOG_BATCHING.wait,
            Some(text) => apimachinery::time::parse_duration_nanoseconds(text)
                .and_then(|nanoseconds| u64::try_from(nanoseconds).ok())
                .map(Duration::from_nanos)
                .with_context(|| format!("--audit-log-batch-max-wait {text:?} is no duration: give one as 30s"))?,
        };
        Ok(Batching {
            buffer_length: buffer_length as usize,
            batch_length: batch_length as usize,
            wait,
            throttling: self.throttling()?,
        })
    }

    fn throttling(&self) -> anyhow::Result<Option<Throttling>> {
        let (per_second, burst) = (self.audit_log_batch_throttle_qps, self.audit_log_batch_throttle_burst);
        if !self.audit_log_batch_throttle_enable.unwrap_or_default() {
            let flags = [
                ("--audit-log-batch-throttle-qps", per_second.is_some()),
                ("--audit-log-batch-throttle-burst", burst.is_some()),
            ];
            if let Some(flag) = given(flags) {
                bail!("{flag} needs --audit-log-batch-throttle-enable");
            }
            return Ok(None);
        }
        // As upstream, the log has no default that would do.
        let per_second = per_second.unwrap_or_default();
        ensure!(
            per_second > 0.0 && per_second.is_finite(),
            "--audit-log-batch-throttle-qps: invalid audit batch {LOG} throttle QPS {per_second}, must be a positive number"
        );
        let burst = positive("batch log throttle burst", Some(burst.unwrap_or_default()), 0)?;
        let burst = u32::try_from(burst).context("--audit-log-batch-throttle-burst is too large")?;
        Ok(Some(Throttling { per_second, burst }))
    }

    fn truncation(&self) -> anyhow::Result<Option<Truncation>> {
        if !self.audit_log_truncate_enabled.unwrap_or_default() {
            if let Some(flag) = self.truncate_flag() {
                bail!("{flag} needs --audit-log-truncate-enabled");
            }
            return Ok(None);
        }
        let event_bytes_limit = positive(
            "truncate log max event size",
            self.audit_log_truncate_max_event_size,
            TRUNCATION.event_bytes_limit,
        )?;
        let batch_bytes_limit = positive(
            "truncate log max batch size",
            self.audit_log_truncate_max_batch_size,
            TRUNCATION.batch_bytes_limit,
        )?;
        ensure!(
            batch_bytes_limit >= event_bytes_limit,
            "invalid audit truncate {LOG} max batch size {batch_bytes_limit}, must be greater than max event size \
             ({event_bytes_limit})"
        );
        Ok(Some(Truncation { event_bytes_limit, batch_bytes_limit }))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        audit: AuditOptions,
    }

    fn options(line: &str) -> AuditOptions {
        Line::try_parse_from(std::iter::once("up").chain(line.split_whitespace())).unwrap().audit
    }

    fn settings(line: &str) -> LogSettings {
        options(&format!("--audit-log-path /x/audit.log {line}")).log.settings().unwrap().unwrap()
    }

    fn refusal(line: &str) -> String {
        format!("{:#}", options(line).open().err().unwrap())
    }

    #[test]
    fn defaults_are_upstreams() {
        assert!(options("").open().unwrap().is_none());
        let rotation =
            Rotation { file_bytes_limit: 100 << 20, age_days_limit: 366, backups_limit: 100, compress: false };
        let expected = LogSettings {
            output: Output::File("/x/audit.log".into(), Some(rotation)),
            format: Format::Json,
            mode: Mode::Blocking,
            truncation: None,
        };
        assert_eq!(settings(""), expected);
        assert_eq!(settings("--audit-log-mode batch").mode, Mode::Batch(LOG_BATCHING));
        assert_eq!(settings("--audit-log-truncate-enabled").truncation, Some(TRUNCATION));
        assert_eq!(settings("--audit-log-truncate-enabled=false").truncation, None);
        assert_eq!(settings("--audit-log-maxsize 0").output, Output::File("/x/audit.log".into(), None));
        let batch = "--audit-log-mode batch --audit-log-batch-max-size 5 --audit-log-batch-max-wait 1m \
            --audit-log-batch-throttle-enable=true --audit-log-batch-throttle-qps 0.5 --audit-log-batch-throttle-burst 3";
        let throttling = Some(Throttling { per_second: 0.5, burst: 3 });
        let batching = Batching { batch_length: 5, wait: Duration::from_secs(60), throttling, ..LOG_BATCHING };
        assert_eq!(settings(batch).mode, Mode::Batch(batching));
    }

    #[test]
    fn what_means_nothing_is_refused() {
        let log = "--audit-log-path /x/audit.log";
        for (line, expected) in [
            ("--audit-policy-file /p", "--audit-policy-file needs --audit-log-path"),
            (log, "--audit-log-path needs --audit-policy-file"),
            ("--audit-log-mode batch", "--audit-log-mode needs --audit-log-path"),
            ("--audit-log-path - --audit-log-maxsize 5", "--audit-log-maxsize means nothing for standard output"),
            (&format!("{log} --audit-log-mode x"), "invalid audit log mode x, allowed modes are"),
            (
                &format!("{log} --audit-log-format xml"),
                "invalid audit log format xml, allowed formats are \"legacy,json\"",
            ),
            (&format!("{log} --audit-log-version audit.k8s.io/v1beta1"), "invalid group version, allowed versions are"),
            (&format!("{log} --audit-log-maxage -1"), "--audit-log-maxage -1 can't be a negative number"),
            (&format!("{log} --audit-log-maxsize 0 --audit-log-compress"), "--audit-log-compress means nothing when"),
            (&format!("{log} --audit-log-batch-max-size 5"), "--audit-log-batch-max-size is only used in batch mode"),
            (
                &format!("{log} --audit-log-mode batch --audit-log-batch-buffer-size 0"),
                "invalid audit batch log buffer size 0, must be a positive number",
            ),
            (
                &format!("{log} --audit-log-mode batch --audit-log-batch-throttle-enable"),
                "invalid audit batch log throttle QPS 0, must be a positive number",
            ),
            (
                &format!("{log} --audit-log-mode batch --audit-log-batch-throttle-qps 3"),
                "--audit-log-batch-throttle-qps needs --audit-log-batch-throttle-enable",
            ),
            (&format!("{log} --audit-log-truncate-max-event-size 9"), "needs --audit-log-truncate-enabled"),
            (
                &format!("{log} --audit-log-truncate-enabled --audit-log-truncate-max-batch-size 9"),
                "invalid audit truncate log max batch size 9, must be greater than max event size (102400)",
            ),
        ] {
            let said = refusal(line);
            assert!(said.contains(expected), "{line}: {said}");
        }
    }

    #[test]
    fn a_bad_policy_is_told_with_file_and_field() {
        let directory = tempfile::tempdir().unwrap();
        let (policy, log) = (directory.path().join("policy.yaml"), directory.path().join("logs/audit.log"));
        let line = format!("--audit-policy-file {} --audit-log-path {}", policy.display(), log.display());
        std::fs::write(&policy, "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Meta\n").unwrap();
        let said = refusal(&line);
        assert!(said.contains("rules[0].level: Unsupported value: \"Meta\""), "{said}");
        assert!(said.ends_with(&format!(": from file {}", policy.display())), "{said}");
        assert!(!log.exists());
        std::fs::write(&policy, "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Metadata\n").unwrap();
        assert!(options(&line).open().unwrap().is_some() && log.exists());
    }
}
