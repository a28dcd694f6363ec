//! What is recorded of requests, and where: the flags of `sagong up` that are about auditing. Names, defaults and
//! wording are those of upstream's kube-apiserver. What would be without effect beside the other flags is refused.

mod backend;
mod log;
mod webhook;

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context, bail};
use apiserver::audit::{Auditor, LogSink, Output, Policy, Sink, WebhookSink};

/// The flags about auditing.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Auditing")]
pub(crate) struct AuditOptions {
    /// Path to the file that defines the audit policy configuration.
    #[arg(long, value_name = "FILE")]
    audit_policy_file: Option<PathBuf>,
    #[command(flatten)]
    log: log::LogOptions,
    #[command(flatten)]
    webhook: webhook::WebhookOptions,
}

impl AuditOptions {
    /// What records requests; `None` when the flags want nothing recorded.
    ///
    /// # Errors
    /// The policy is none, a flag is wrong or means nothing beside the others, the log cannot be made.
    pub(crate) fn open(&self) -> anyhow::Result<Option<Arc<Auditor>>> {
        let (log, webhook) = (self.log.settings()?, self.webhook.settings()?);
        let Some(file) = &self.audit_policy_file else {
            let flag = if log.is_some() { "--audit-log-path" } else { "--audit-webhook-config-file" };
            if log.is_some() || webhook.is_some() {
                bail!("{flag} needs --audit-policy-file: without a policy no event is recorded");
            }
            return Ok(None);
        };
        if log.is_none() && webhook.is_none() {
            bail!(
                "--audit-policy-file needs --audit-log-path or --audit-webhook-config-file, which say where events go"
            );
        }
        let policy = Policy::load(file).context("--audit-policy-file")?;
        let mut sinks: Vec<Arc<dyn Sink>> = Vec::new();
        if let Some(settings) = log {
            let place = match &settings.output {
                Output::StandardOutput => "standard output".to_owned(),
                Output::File(path, _) => path.display().to_string(),
            };
            let log = LogSink::open(settings).with_context(|| format!("--audit-log-path: cannot write {place}"))?;
            sinks.push(log);
        }
        if let Some(settings) = webhook {
            sinks.push(WebhookSink::start(settings).context("--audit-webhook-config-file")?);
        }
        Ok(Some(Auditor::new(policy, sinks)))
    }
}

#[cfg(test)]
mod tests;
