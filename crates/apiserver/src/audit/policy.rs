//! What of a request is recorded: `audit.k8s.io/v1 Policy`.
//!
//! Pure: rules in, a verdict out. Upstream's counterpart is `k8s.io/apiserver/pkg/audit/policy`.

mod read;

use apimachinery::Str;

pub use read::PolicyError;

use crate::{UserInfo, authorization::Action};

/// How much of a request is recorded; the later, the more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing.
    None,
    /// Who did what to what, and how it ended.
    Metadata,
    /// The same, and what was sent.
    Request,
    /// The same, and what was answered.
    RequestResponse,
}

impl Level {
    const ALL: [Level; 4] = [Level::None, Level::Metadata, Level::Request, Level::RequestResponse];

    /// Upstream's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::None => "None",
            Level::Metadata => "Metadata",
            Level::Request => "Request",
            Level::RequestResponse => "RequestResponse",
        }
    }
}

/// How far a request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It is known who asks for what, and nothing was done yet.
    RequestReceived,
    /// The headers of a long answer are ready: only of requests that run long.
    ResponseStarted,
    /// There is nothing more to be sent.
    ResponseComplete,
    /// The server failed at it.
    Panic,
}

impl Stage {
    const ALL: [Stage; 4] = [Stage::RequestReceived, Stage::ResponseStarted, Stage::ResponseComplete, Stage::Panic];

    /// Upstream's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::RequestReceived => "RequestReceived",
            Stage::ResponseStarted => "ResponseStarted",
            Stage::ResponseComplete => "ResponseComplete",
            Stage::Panic => "Panic",
        }
    }
}

/// A set of stages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stages(u8);

impl Stages {
    /// These.
    pub fn of(stages: &[Stage]) -> Stages {
        Stages(stages.iter().fold(0, |set, stage| set | 1 << *stage as u8))
    }

    /// What is in either.
    pub fn union(self, other: Stages) -> Stages {
        Stages(self.0 | other.0)
    }

    /// Whether `stage` is among them.
    pub fn contains(self, stage: Stage) -> bool {
        self.0 & 1 << stage as u8 != 0
    }
}

/// Some resources of an API group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct GroupResources {
    /// Empty for the core group, `*` for every group.
    group: Str,
    /// `pods`, `pods/log`, `pods/*`, `*/status`, `*`; none for all of the group.
    resources: Vec<Str>,
    /// None for all.
    resource_names: Vec<Str>,
}

/// What is recorded of requests that all of these fit.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    level: Level,
    users: Vec<Str>,
    user_groups: Vec<Str>,
    verbs: Vec<Str>,
    resources: Vec<GroupResources>,
    namespaces: Vec<Str>,
    non_resource_urls: Vec<Str>,
    /// With those of the policy.
    omit_stages: Stages,
    omit_managed_fields: Option<bool>,
}

/// The rules, of which the first that fits a request counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    rules: Vec<Rule>,
    omit_stages: Stages,
    omit_managed_fields: bool,
}

/// What a policy says of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How much is recorded.
    pub level: Level,
    /// At which stages nothing is.
    pub omit_stages: Stages,
    /// Whether objects are recorded without their managed fields.
    pub omit_managed_fields: bool,
}

fn has(list: &[Str], text: &str) -> bool {
    list.iter().any(|one| *one == text)
}

impl Policy {
    /// What is recorded of `user` (`None` when it is not known who asks) doing `action`. Nothing when no rule fits.
    pub fn judge(&self, user: Option<&UserInfo>, action: &Action<'_>) -> Verdict {
        match self.rules.iter().find(|rule| rule.fits(user, action)) {
            Some(rule) => Verdict {
                level: rule.level,
                omit_stages: rule.omit_stages,
                omit_managed_fields: rule.omit_managed_fields.unwrap_or(self.omit_managed_fields),
            },
            None => Verdict {
                level: Level::None,
                omit_stages: self.omit_stages,
                omit_managed_fields: self.omit_managed_fields,
            },
        }
    }
}

impl Rule {
    fn fits(&self, user: Option<&UserInfo>, action: &Action<'_>) -> bool {
        if !self.users.is_empty() && !user.is_some_and(|user| has(&self.users, &user.name)) {
            return false;
        }
        let in_group = |user: &UserInfo| user.groups.iter().any(|group| has(&self.user_groups, group));
        if !self.user_groups.is_empty() && !user.is_some_and(in_group) {
            return false;
        }
        if !self.verbs.is_empty() && !has(&self.verbs, action.verb) {
            return false;
        }
        if !self.namespaces.is_empty() || !self.resources.is_empty() {
            return self.fits_resource(action);
        }
        self.non_resource_urls.is_empty() || self.fits_path(action)
    }

    fn fits_path(&self, action: &Action<'_>) -> bool {
        let fits = |url: &Str| match url.strip_suffix('*') {
            Some(_) => action.path.starts_with(url.trim_end_matches('*')),
            None => *url == action.path,
        };
        action.resource.is_empty() && self.non_resource_urls.iter().any(fits)
    }

    fn fits_resource(&self, action: &Action<'_>) -> bool {
        if action.resource.is_empty() {
            return false;
        }
        // What is in no namespace has the empty one.
        if !self.namespaces.is_empty() && !has(&self.namespaces, action.namespace) {
            return false;
        }
        self.resources.is_empty() || self.resources.iter().any(|resources| resources.fit(action))
    }
}

impl GroupResources {
    fn fit(&self, action: &Action<'_>) -> bool {
        if self.group != action.group && self.group != "*" {
            return false;
        }
        if self.resources.is_empty() {
            return true;
        }
        let named = self.resource_names.is_empty() || has(&self.resource_names, action.name);
        named && self.resources.iter().any(|pattern| fits_resource(pattern, action.resource, action.subresource))
    }
}

fn fits_resource(pattern: &str, resource: &str, subresource: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    match pattern.split_once('/') {
        None => subresource.is_empty() && pattern == resource,
        Some((of, "*")) => of == resource,
        Some((of, part)) => !subresource.is_empty() && part == subresource && (of == "*" || of == resource),
    }
}

#[cfg(test)]
mod tests;
