//! What is counted of auditing, under upstream's names.

use std::sync::Once;

use component_base::metrics::{self, Counter, Family};

use super::{Event, Level};

static EVENTS: Family<Counter> = Family::counter(
    "apiserver_audit_event_total",
    "Counter of audit events generated and sent to the audit backend.",
    &[],
);
static ERRORS: Family<Counter> = Family::counter(
    "apiserver_audit_error_total",
    "Counter of audit events that failed to be audited properly. Plugin identifies the plugin affected by the error.",
    &["plugin"],
);
static LEVELS: Family<Counter> = Family::counter(
    "apiserver_audit_level_total",
    "Counter of policy levels for audit events (1 per request).",
    &["level"],
);
static REJECTED: Family<Counter> = Family::counter(
    "apiserver_audit_requests_rejected_total",
    "Counter of apiserver requests rejected due to an error in audit logging backend.",
    &[],
);

/// Shows them from now on, whether there is a policy or not, as upstream.
pub(crate) fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let registry = metrics::of_process();
        registry.add(&EVENTS);
        registry.add(&ERRORS);
        registry.add(&LEVELS);
        registry.add(&REJECTED);
        // Those without labels are there from the start, as upstream.
        EVENTS.with(&[]).add(0);
        REJECTED.with(&[]).add(0);
    });
}

/// A request is recorded at `level`.
pub(super) fn level(level: Level) {
    LEVELS.with(&[level.as_str()]).increment();
}

/// An event goes to the backends.
pub(super) fn event() {
    EVENTS.with(&[]).increment();
}

/// A request was refused since its first event could not be kept.
pub(crate) fn rejected() {
    REJECTED.with(&[]).increment();
}

/// Events were lost in `plugin`: counted, and said.
pub(super) fn lost(plugin: &'static str, problem: &dyn std::fmt::Display, count: usize) {
    ERRORS.with(&[plugin]).add(count as u64);
    tracing::error!(events = count, "Error in audit plugin '{plugin}' affecting {count} audit events: {problem}");
}

/// One event was lost in `plugin`.
pub(super) fn lost_event(plugin: &'static str, problem: &dyn std::fmt::Display, event: &Event) {
    lost(plugin, problem, 1);
    tracing::debug!("Impacted event: {}", event.to_legacy());
}
