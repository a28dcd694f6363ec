//! Who asks, and what is to be told beside the answer.

use std::sync::Arc;

use apimachinery::Str;
use parking_lot::Mutex;

use crate::audit::Record;

/// An authenticated identity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserInfo {
    /// For example `system:kube-scheduler`.
    pub name: Str,
    /// A lasting identifier; empty when the authenticator has none.
    pub uid: Str,
    /// For example `system:authenticated`.
    pub groups: Vec<Str>,
    /// What the authenticator adds, for example the credential's identifier.
    pub extra: Vec<(Str, Vec<Str>)>,
}

impl UserInfo {
    /// An identity with groups; `system:authenticated` is added.
    pub fn new(name: impl Into<Str>, groups: &[&str]) -> UserInfo {
        let mut groups: Vec<Str> = groups.iter().map(|group| Str::from(*group)).collect();
        groups.push(Str::from_static("system:authenticated"));
        UserInfo { name: name.into(), uid: Str::EMPTY, groups, extra: Vec::new() }
    }

    /// Whoever showed no credential.
    pub fn anonymous() -> UserInfo {
        UserInfo {
            name: Str::from_static("system:anonymous"),
            groups: vec![Str::from_static("system:unauthenticated")],
            ..UserInfo::default()
        }
    }

    /// The identity of a service account.
    pub fn service_account(namespace: &str, name: &str) -> UserInfo {
        UserInfo::new(
            format!("system:serviceaccount:{namespace}:{name}"),
            &["system:serviceaccounts", &format!("system:serviceaccounts:{namespace}")],
        )
    }

    /// Whether the identity is in `group`.
    pub fn in_group(&self, group: &str) -> bool {
        self.groups.iter().any(|candidate| *candidate == group)
    }
}

/// The most warnings that one answer carries; more would not fit into a header.
const WARNINGS_LIMIT: usize = 32;

/// One request's identity and side channel.
#[derive(Debug, Default)]
pub struct RequestContext {
    /// Who asks.
    pub user: UserInfo,
    /// What the client calls itself; the field manager of last resort.
    pub user_agent: Str,
    warnings: Mutex<Vec<String>>,
    /// What is recorded of the request; none when it is not audited.
    pub(crate) record: Option<Arc<Record>>,
}

impl RequestContext {
    /// A context for `user`.
    pub fn new(user: UserInfo, user_agent: impl Into<Str>) -> RequestContext {
        RequestContext { user, user_agent: user_agent.into(), warnings: Mutex::default(), record: None }
    }

    /// The same, with what is recorded of the request.
    pub(crate) fn recorded(self, record: Option<Arc<Record>>) -> RequestContext {
        RequestContext { record, ..self }
    }

    /// Adds an annotation to the request's audit events, when there are any; the first value of a key counts.
    pub fn annotate(&self, key: &'static str, value: impl FnOnce() -> String) {
        if let Some(record) = &self.record {
            record.annotate(key, value());
        }
    }

    /// Adds a `Warning` header to the answer.
    pub fn warn(&self, warning: impl Into<String>) {
        let warning = warning.into();
        let mut warnings = self.warnings.lock();
        if warnings.len() < WARNINGS_LIMIT && !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }

    /// The warnings so far.
    pub fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut self.warnings.lock())
    }
}
