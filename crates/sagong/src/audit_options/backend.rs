//! What the flags of both backends have in common.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use apiserver::audit::{Batching, Mode, Throttling, Truncation};

/// The one form of events that there is.
pub(super) const VERSION: &str = "audit.k8s.io/v1";
const MODES: &str = "batch,blocking,blocking-strict";
/// Upstream's defaults of truncation: 10 MB and 100 KB.
pub(super) const TRUNCATION: Truncation = Truncation { batch_bytes_limit: 10 << 20, event_bytes_limit: 100 << 10 };
/// More events than this cannot be held in any case.
const BATCH_BUFFER_LIMIT: i64 = 10_000_000;

/// The first of `flags` that is given.
pub(super) fn given(flags: &[(&'static str, bool)]) -> Option<&'static str> {
    flags.iter().find(|(_, given)| *given).map(|(flag, _)| *flag)
}

/// Reads Go's text of a duration.
pub(super) fn duration(flag: &str, text: &str) -> anyhow::Result<Duration> {
    apimachinery::time::parse_duration_nanoseconds(text)
        .and_then(|nanoseconds| u64::try_from(nanoseconds).ok())
        .map(Duration::from_nanos)
        .with_context(|| format!("{flag} {text:?} is no duration: give one as 30s"))
}

pub(super) fn check_version(flag: &str, version: Option<&str>) -> anyhow::Result<()> {
    let version = version.unwrap_or(VERSION);
    ensure!(version == VERSION, "{flag}: invalid group version {version:?}, allowed versions are {VERSION:?}");
    Ok(())
}

fn positive(what: &str, value: Option<i64>, default: u64) -> anyhow::Result<u64> {
    let Some(value) = value else { return Ok(default) };
    let valid = u64::try_from(value).ok().filter(|value| *value > 0);
    valid.with_context(|| format!("invalid audit {what} {value}, must be a positive number"))
}

/// The flags about batches.
pub(super) struct BatchFlags<'f> {
    /// `log` or `webhook`.
    pub(super) plugin: &'static str,
    /// The flags about batches that are given.
    pub(super) given: [(&'static str, bool); 6],
    pub(super) mode: Option<&'f str>,
    pub(super) default_mode: &'static str,
    pub(super) buffer_size: Option<i64>,
    pub(super) max_size: Option<i64>,
    pub(super) max_wait: Option<&'f str>,
    pub(super) throttle_enable: Option<bool>,
    pub(super) throttle_qps: Option<f64>,
    pub(super) throttle_burst: Option<i64>,
    /// What holds in batch mode for flags that are not given.
    pub(super) defaults: Batching,
}

impl BatchFlags<'_> {
    /// Upstream's way to say which flag it is.
    fn flag(&self, rest: &str) -> String {
        format!("--audit-{}-{rest}", self.plugin)
    }

    pub(super) fn mode(&self) -> anyhow::Result<Mode> {
        let mode = match self.mode.unwrap_or(self.default_mode) {
            "blocking" => Mode::Blocking,
            "blocking-strict" => Mode::BlockingStrict,
            "batch" => return Ok(Mode::Batch(self.batching()?)),
            other => {
                bail!("{}: invalid audit {} mode {other}, allowed modes are {MODES:?}", self.flag("mode"), self.plugin)
            }
        };
        if let Some(flag) = given(&self.given) {
            bail!("{flag} is only used in batch mode: give {} batch", self.flag("mode"));
        }
        Ok(mode)
    }

    fn batching(&self) -> anyhow::Result<Batching> {
        let (plugin, defaults) = (self.plugin, &self.defaults);
        if let Some(size) = self.buffer_size.filter(|size| *size > BATCH_BUFFER_LIMIT) {
            bail!("{} {size} is more than {BATCH_BUFFER_LIMIT}", self.flag("batch-buffer-size"));
        }
        let buffer = format!("batch {plugin} buffer size");
        let buffer_length = positive(&buffer, self.buffer_size, defaults.buffer_length as u64)?;
        let size = format!("batch {plugin} max batch size");
        let batch_length = positive(&size, self.max_size, defaults.batch_length as u64)?;
        let wait = match self.max_wait {
            None => defaults.wait,
            Some(text) => duration(&self.flag("batch-max-wait"), text)?,
        };
        Ok(Batching {
            buffer_length: buffer_length as usize,
            batch_length: batch_length as usize,
            wait,
            throttling: self.throttling()?,
        })
    }

    fn throttling(&self) -> anyhow::Result<Option<Throttling>> {
        let (plugin, defaults) = (self.plugin, self.defaults.throttling);
        if !self.throttle_enable.unwrap_or(defaults.is_some()) {
            if self.throttle_qps.is_some() || self.throttle_burst.is_some() {
                let which = if self.throttle_qps.is_some() { "qps" } else { "burst" };
                let flag = self.flag(&format!("batch-throttle-{which}"));
                bail!("{flag} needs {}", self.flag("batch-throttle-enable"));
            }
            return Ok(None);
        }
        // The log has no defaults that would do, as upstream.
        let per_second = self.throttle_qps.or(defaults.map(|defaults| defaults.per_second)).unwrap_or_default();
        ensure!(
            per_second > 0.0 && per_second.is_finite(),
            "{}: invalid audit batch {plugin} throttle QPS {per_second}, must be a positive number",
            self.flag("batch-throttle-qps")
        );
        let burst = self.throttle_burst.or(defaults.map(|defaults| defaults.burst.into())).unwrap_or_default();
        let burst = positive(&format!("batch {plugin} throttle burst"), Some(burst), 0)?;
        let burst =
            u32::try_from(burst).with_context(|| format!("{} is too large", self.flag("batch-throttle-burst")))?;
        Ok(Some(Throttling { per_second, burst }))
    }
}

/// The flags about events that are too large.
pub(super) struct TruncateFlags {
    /// `log` or `webhook`.
    pub(super) plugin: &'static str,
    pub(super) enabled: Option<bool>,
    pub(super) max_batch_size: Option<i64>,
    pub(super) max_event_size: Option<i64>,
}

impl TruncateFlags {
    pub(super) fn truncation(&self) -> anyhow::Result<Option<Truncation>> {
        let plugin = self.plugin;
        if !self.enabled.unwrap_or_default() {
            if self.max_batch_size.is_some() || self.max_event_size.is_some() {
                let which = if self.max_batch_size.is_some() { "batch" } else { "event" };
                bail!("--audit-{plugin}-truncate-max-{which}-size needs --audit-{plugin}-truncate-enabled");
            }
            return Ok(None);
        }
        let event = format!("truncate {plugin} max event size");
        let event_bytes_limit = positive(&event, self.max_event_size, TRUNCATION.event_bytes_limit)?;
        let batch = format!("truncate {plugin} max batch size");
        let batch_bytes_limit = positive(&batch, self.max_batch_size, TRUNCATION.batch_bytes_limit)?;
        ensure!(
            batch_bytes_limit >= event_bytes_limit,
            "invalid audit {batch} {batch_bytes_limit}, must be greater than max event size ({event_bytes_limit})"
        );
        Ok(Some(Truncation { event_bytes_limit, batch_bytes_limit }))
    }
}
