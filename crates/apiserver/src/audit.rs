//! Auditing: who did what, and how it ended, written where an administrator wants it.
//!
//! A [`Policy`] says how much of each request is recorded. A [`Record`] gathers what is known of one request on its way
//! through the server, and hands an [`Event`] to every [`Sink`] at each stage. Without an [`Auditor`] a request costs
//! one look at a pointer; at the level `Metadata` no body is decoded, encoded or copied for it.
//!
//! Upstream's counterparts are `k8s.io/apiserver/pkg/audit` and `plugin/pkg/audit`.

mod batch;
mod event;
mod log;
mod metrics;
mod policy;
mod record;
mod rotation;
mod sink;
mod truncate;
mod webhook;

use std::sync::Arc;

pub use batch::{Batching, Mode, Throttling};
pub use event::{Event, ObjectReference, ResponseStatus};
pub use log::{Format, LogSettings, LogSink, Output};
pub(crate) use metrics::{register as register_metrics, rejected};
pub use policy::{Level, Policy, PolicyError, Stage, Stages, Verdict};
pub(crate) use record::{Asked, Record, SplicedUntil, UnderWay};
pub use rotation::Rotation;
pub use sink::{Offered, Sink};
pub use truncate::Truncation;
pub use webhook::{Endpoint, EndpointError, WebhookSettings, WebhookSink};

use crate::{UserInfo, authorization::Action};

/// A policy, and where what it wants recorded goes.
pub struct Auditor {
    policy: Policy,
    sinks: Vec<Arc<dyn Sink>>,
}

impl Auditor {
    /// Records what `policy` says in every one of `sinks`.
    pub fn new(policy: Policy, sinks: Vec<Arc<dyn Sink>>) -> Arc<Auditor> {
        metrics::register();
        Arc::new(Auditor { policy, sinks })
    }

    /// What is recorded of a request; counts it.
    pub(crate) fn judge(&self, user: Option<&UserInfo>, action: &Action<'_>) -> Verdict {
        let verdict = self.policy.judge(user, action);
        metrics::level(verdict.level);
        verdict
    }

    /// Hands an event to all; answers whether all have kept it, or take that upon themselves.
    async fn offer(&self, offered: Vec<Offered>) -> bool {
        let mut kept = true;
        for offered in offered {
            kept &= offered.kept().await;
        }
        kept
    }

    /// Writes what still waits, and takes nothing more.
    pub async fn stop(&self) {
        for sink in &self.sinks {
            sink.stop().await;
        }
    }
}
