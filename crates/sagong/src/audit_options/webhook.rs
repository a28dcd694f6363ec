//! The flags of the backend that posts events to a server.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, bail};
use apiserver::audit::{Batching, Endpoint, Throttling, WebhookSettings};

use super::backend::{BatchFlags, TruncateFlags, check_version, duration, given};

const PLUGIN: &str = "webhook";
/// Upstream's defaults.
const INITIAL_BACKOFF: Duration = Duration::from_secs(10);
pub(super) const BATCHING: Batching = Batching {
    buffer_length: 10_000,
    batch_length: 400,
    wait: Duration::from_secs(30),
    throttling: Some(Throttling { per_second: 10.0, burst: 15 }),
};

/// The flags about the audit webhook.
#[derive(clap::Args, Clone, Debug, Default)]
pub(super) struct WebhookOptions {
    /// Path to a kubeconfig formatted file that defines the audit webhook configuration.
    #[arg(long, value_name = "FILE")]
    audit_webhook_config_file: Option<PathBuf>,
    /// The amount of time to wait before retrying the first failed request [default: 10s].
    #[arg(long, value_name = "DURATION")]
    audit_webhook_initial_backoff: Option<String>,
    /// The API group and version of audit events that are sent [default: audit.k8s.io/v1].
    #[arg(long, value_name = "GROUP/VERSION")]
    audit_webhook_version: Option<String>,
    /// Whether requests wait for their events to be sent: batch, blocking or blocking-strict [default: batch].
    #[arg(long, value_name = "MODE")]
    audit_webhook_mode: Option<String>,
    /// Events that wait to be sent at most; only in batch mode [default: 10000].
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true)]
    audit_webhook_batch_buffer_size: Option<i64>,
    /// The most events of a batch; only in batch mode [default: 400].
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true)]
    audit_webhook_batch_max_size: Option<i64>,
    /// How long a batch waits to be full; only in batch mode [default: 30s].
    #[arg(long, value_name = "DURATION")]
    audit_webhook_batch_max_wait: Option<String>,
    /// Limit how often batches are sent; only in batch mode [default: true].
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    audit_webhook_batch_throttle_enable: Option<bool>,
    /// The most batches a second on average; only in batch mode [default: 10].
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    audit_webhook_batch_throttle_qps: Option<f64>,
    /// The most batches at once after a pause; only in batch mode [default: 15].
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true)]
    audit_webhook_batch_throttle_burst: Option<i64>,
    /// Send events that are too large without their objects, or not at all [default: false].
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    audit_webhook_truncate_enabled: Option<bool>,
    /// The most bytes that are sent at once, give or take some hundred; only when truncating [default: 10485760].
    #[arg(long, value_name = "BYTES", allow_negative_numbers = true)]
    audit_webhook_truncate_max_batch_size: Option<i64>,
    /// The most bytes of an event; only when truncating [default: 102400].
    #[arg(long, value_name = "BYTES", allow_negative_numbers = true)]
    audit_webhook_truncate_max_event_size: Option<i64>,
}

impl WebhookOptions {
    /// How events are sent; `None` when they are not.
    pub(super) fn settings(&self) -> anyhow::Result<Option<WebhookSettings>> {
        let Some(file) = &self.audit_webhook_config_file else {
            if let Some(flag) = self.first_given() {
                bail!("{flag} needs --audit-webhook-config-file, which says where events go");
            }
            return Ok(None);
        };
        check_version("--audit-webhook-version", self.audit_webhook_version.as_deref())?;
        let initial_backoff = match self.audit_webhook_initial_backoff.as_deref() {
            None => INITIAL_BACKOFF,
            Some(text) => duration("--audit-webhook-initial-backoff", text)?,
        };
        let (mode, truncation) = (self.batch_flags().mode()?, self.truncate_flags().truncation()?);
        let endpoint = Endpoint::load(file).context("--audit-webhook-config-file")?;
        Ok(Some(WebhookSettings { endpoint, initial_backoff, mode, truncation }))
    }

    fn first_given(&self) -> Option<&'static str> {
        let own = [
            ("--audit-webhook-initial-backoff", self.audit_webhook_initial_backoff.is_some()),
            ("--audit-webhook-version", self.audit_webhook_version.is_some()),
            ("--audit-webhook-mode", self.audit_webhook_mode.is_some()),
            ("--audit-webhook-truncate-enabled", self.audit_webhook_truncate_enabled.is_some()),
            ("--audit-webhook-truncate-max-batch-size", self.audit_webhook_truncate_max_batch_size.is_some()),
            ("--audit-webhook-truncate-max-event-size", self.audit_webhook_truncate_max_event_size.is_some()),
        ];
        given(&own).or(given(&self.batch_flags().given))
    }

    pub(super) fn batch_flags(&self) -> BatchFlags<'_> {
        BatchFlags {
            plugin: PLUGIN,
            given: [
                ("--audit-webhook-batch-buffer-size", self.audit_webhook_batch_buffer_size.is_some()),
                ("--audit-webhook-batch-max-size", self.audit_webhook_batch_max_size.is_some()),
                ("--audit-webhook-batch-max-wait", self.audit_webhook_batch_max_wait.is_some()),
                ("--audit-webhook-batch-throttle-enable", self.audit_webhook_batch_throttle_enable.is_some()),
                ("--audit-webhook-batch-throttle-qps", self.audit_webhook_batch_throttle_qps.is_some()),
                ("--audit-webhook-batch-throttle-burst", self.audit_webhook_batch_throttle_burst.is_some()),
            ],
            mode: self.audit_webhook_mode.as_deref(),
            default_mode: "batch",
            buffer_size: self.audit_webhook_batch_buffer_size,
            max_size: self.audit_webhook_batch_max_size,
            max_wait: self.audit_webhook_batch_max_wait.as_deref(),
            throttle_enable: self.audit_webhook_batch_throttle_enable,
            throttle_qps: self.audit_webhook_batch_throttle_qps,
            throttle_burst: self.audit_webhook_batch_throttle_burst,
            defaults: BATCHING,
        }
    }

    fn truncate_flags(&self) -> TruncateFlags {
        TruncateFlags {
            plugin: PLUGIN,
            enabled: self.audit_webhook_truncate_enabled,
            max_batch_size: self.audit_webhook_truncate_max_batch_size,
            max_event_size: self.audit_webhook_truncate_max_event_size,
        }
    }
}
