//! One rule of a role, and what it allows.

use apimachinery::{Str, Value};
use apiserver::authorization::Action;

/// Upstream's `rbacv1.PolicyRule`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rule {
    /// `get`, `*` …
    pub verbs: Vec<Str>,
    /// API groups; `*` for all.
    pub groups: Vec<Str>,
    /// `pods`, `pods/log`, `*/scale`, `*`.
    pub resources: Vec<Str>,
    /// Names; empty for all.
    pub names: Vec<Str>,
    /// Paths outside of the API; a trailing `*` stands for any rest.
    pub urls: Vec<Str>,
}

/// `pods/log`, or the resource alone.
pub(crate) fn combined(resource: &str, subresource: &str) -> Str {
    if subresource.is_empty() { resource.into() } else { format!("{resource}/{subresource}").into() }
}

fn has(list: &[Str], wanted: &str) -> bool {
    list.iter().any(|item| *item == wanted)
}

fn has_or_all(list: &[Str], wanted: &str) -> bool {
    list.iter().any(|item| *item == "*" || *item == wanted)
}

/// Whether `pattern` names `path`: itself, or a prefix before its trailing `*`.
pub(crate) fn url_covers(pattern: &str, path: &str) -> bool {
    pattern == path || (pattern.ends_with('*') && path.starts_with(pattern.trim_end_matches('*')))
}

impl Rule {
    /// Reads one item of a role's `rules`.
    pub fn from_value(value: &Value) -> Rule {
        let list = |key| value.list_at(&[key]).iter().filter_map(Value::as_str).map(Str::from).collect();
        Rule {
            verbs: list("verbs"),
            groups: list("apiGroups"),
            resources: list("resources"),
            names: list("resourceNames"),
            urls: list("nonResourceURLs"),
        }
    }

    /// The item of a role's `rules`.
    pub fn to_value(&self) -> Value {
        let mut value = apimachinery::value!({});
        let fields = [
            ("apiGroups", &self.groups),
            ("nonResourceURLs", &self.urls),
            ("resourceNames", &self.names),
            ("resources", &self.resources),
        ];
        for (key, list) in fields {
            if !list.is_empty() {
                value.set(&[key], list.iter().collect::<Value>());
            }
        }
        value.set(&["verbs"], self.verbs.iter().collect::<Value>());
        value
    }

    /// Whether it allows `action`, whose resource and subresource together are `combined`.
    pub(crate) fn allows(&self, action: &Action<'_>, combined: &str) -> bool {
        if !has_or_all(&self.verbs, action.verb) {
            return false;
        }
        if action.resource.is_empty() {
            return self.urls.iter().any(|pattern| url_covers(pattern, action.path));
        }
        has_or_all(&self.groups, action.group)
            && self.resources.iter().any(|resource| resource_matches(resource, combined, action.subresource))
            && (self.names.is_empty() || has(&self.names, action.name))
    }

    /// Whether everything that `part` (one verb, one group, one resource, one name) grants is granted.
    pub(crate) fn covers(&self, part: &Rule) -> bool {
        let all = |own: &[Str], wanted: &[Str]| has(own, "*") || wanted.iter().all(|item| has(own, item));
        let names = match part.names.as_slice() {
            [] => self.names.is_empty(),
            names => self.names.is_empty() || names.iter().all(|name| has(&self.names, name)),
        };
        let resource = |wanted: &Str| {
            has_or_all(&self.resources, wanted)
                || wanted.split_once('/').is_some_and(|(_, part)| has(&self.resources, &format!("*/{part}")))
        };
        all(&self.verbs, &part.verbs)
            && all(&self.groups, &part.groups)
            && part.resources.iter().all(resource)
            && part.urls.iter().all(|path| self.urls.iter().any(|pattern| url_covers(pattern, path)))
            && names
    }
}

fn resource_matches(pattern: &str, combined: &str, subresource: &str) -> bool {
    pattern == "*"
        || pattern == combined
        || (!subresource.is_empty() && pattern.strip_prefix("*/").is_some_and(|part| part == subresource))
}
