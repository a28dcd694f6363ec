//! A policy from its file: decoded strictly, and validated in upstream's words.

use std::path::Path as FilePath;

use apimachinery::{
    Str, Value, decode,
    decode::Zeros,
    field::{FieldError, Path},
    names,
};
use bytes::Bytes;

use super::{GroupResources, Level, Policy, Rule, Stage, Stages};
use crate::http::parse_yaml;

/// A policy larger than this is none, in bytes: as the most that the store keeps of one object.
const POLICY_BYTES_LIMIT: u64 = 3 << 20;

/// Why a file holds no policy.
#[derive(Debug, thiserror::Error)]
#[error("loading audit policy file: {problem}: from file {file}")]
pub struct PolicyError {
    /// The file.
    pub file: String,
    /// What is wrong, with the field and, where it is known, the line.
    pub problem: String,
}

impl Policy {
    /// Reads a file, YAML or JSON.
    ///
    /// # Errors
    /// It cannot be read, has a field that no policy has, or is no valid policy.
    pub fn load(file: &FilePath) -> Result<Policy, PolicyError> {
        let failed = |problem| PolicyError { file: file.display().to_string(), problem };
        let unreadable = |error: std::io::Error| failed(format!("failed to read file path: {error}"));
        let size = std::fs::metadata(file).map_err(unreadable)?.len();
        if size > POLICY_BYTES_LIMIT {
            return Err(failed(format!("it has {size} bytes, more than {POLICY_BYTES_LIMIT}")));
        }
        let bytes = std::fs::read(file).map_err(unreadable)?;
        Policy::parse(&bytes.into()).map_err(failed)
    }

    /// Reads YAML or JSON.
    ///
    /// # Errors
    /// As [`Policy::load`].
    pub fn parse(bytes: &Bytes) -> Result<Policy, String> {
        let parsed = parse_yaml(bytes).map_err(|status| format!("failed decoding: {}", status.message))?;
        let text = |name: &str| parsed.value.str_at(&[name]).unwrap_or_default().to_owned();
        let (api_version, kind) = (text("apiVersion"), text("kind"));
        for (name, value) in [("Kind", &kind), ("apiVersion", &api_version)] {
            if value.is_empty() {
                return Err(format!("failed decoding: Object '{name}' is missing"));
            }
        }
        if (api_version.as_str(), kind.as_str()) != ("audit.k8s.io/v1", "Policy") {
            return Err(format!("unknown group version field {api_version}, Kind={kind} in policy"));
        }
        let type_id = api::type_of("audit.k8s.io", "v1", "Policy").ok_or("Policy has no schema")?;
        let decoded = decode::tree(parsed.value, api::schema(), type_id, Zeros::Leave)
            .map_err(|error| format!("failed decoding: {error}"))?;
        // Upstream goes on without the fields that it does not know. A rule whose `namespaces` are misspelled would
        // then fit everything.
        let strict_errors = [parsed.strict_errors, decoded.strict_errors].concat();
        if !strict_errors.is_empty() {
            return Err(format!("failed decoding: strict decoding error: {}", strict_errors.join(", ")));
        }
        let policy = decoded.value;
        let errors = validate(&policy);
        match errors.as_slice() {
            [] => {}
            [only] => return Err(only.to_string()),
            several => {
                let shown: Vec<String> = several.iter().map(ToString::to_string).collect();
                return Err(format!("[{}]", shown.join(", ")));
            }
        }
        if policy.list_at(&["rules"]).is_empty() {
            return Err("loaded illegal policy with 0 rules".to_owned());
        }
        Ok(of_valid(&policy))
    }
}

fn texts(value: &Value, name: &str) -> Vec<Str> {
    value.list_at(&[name]).iter().filter_map(Value::as_str).map(Str::from).collect()
}

fn stages(value: &Value) -> Stages {
    let texts = value.list_at(&["omitStages"]).iter().filter_map(Value::as_str);
    let known = texts.filter_map(|text| Stage::ALL.into_iter().find(|stage| stage.as_str() == text));
    Stages::of(&known.collect::<Vec<_>>())
}

fn level(rule: &Value) -> Option<Level> {
    let text = rule.str_at(&["level"]).unwrap_or_default();
    Level::ALL.into_iter().find(|level| level.as_str() == text)
}

/// What a policy in which nothing is wrong says.
fn of_valid(policy: &Value) -> Policy {
    let omit_stages = stages(policy);
    let rule = |rule: &Value| Rule {
        level: level(rule).unwrap_or(Level::None),
        users: texts(rule, "users"),
        user_groups: texts(rule, "userGroups"),
        verbs: texts(rule, "verbs"),
        resources: rule
            .list_at(&["resources"])
            .iter()
            .map(|resources| GroupResources {
                group: resources.str_at(&["group"]).unwrap_or_default().into(),
                resources: texts(resources, "resources"),
                resource_names: texts(resources, "resourceNames"),
            })
            .collect(),
        namespaces: texts(rule, "namespaces"),
        non_resource_urls: texts(rule, "nonResourceURLs"),
        omit_stages: omit_stages.union(stages(rule)),
        omit_managed_fields: rule.bool_at(&["omitManagedFields"]),
    };
    Policy {
        rules: policy.list_at(&["rules"]).iter().map(rule).collect(),
        omit_stages,
        omit_managed_fields: policy.bool_at(&["omitManagedFields"]).unwrap_or_default(),
    }
}

fn validate(policy: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    check_stages(policy, &Path::new("omitStages"), &mut errors);
    for (index, rule) in policy.list_at(&["rules"]).iter().enumerate() {
        check_rule(rule, &Path::new("rules").index(index), &mut errors);
    }
    errors
}

fn check_rule(rule: &Value, path: &Path, errors: &mut Vec<FieldError>) {
    let own = path.child("level");
    match rule.str_at(&["level"]).unwrap_or_default() {
        "" => errors.push(FieldError::required(&own, "")),
        text if level(rule).is_none() => {
            errors.push(FieldError::not_supported(&own, text, &Level::ALL.map(Level::as_str)));
        }
        _ => {}
    }
    let urls = path.child("nonResourceURLs");
    for (index, url) in texts(rule, "nonResourceURLs").iter().enumerate() {
        check_url(url, &urls.index(index), errors);
    }
    check_resources(rule, &path.child("resources"), errors);
    check_stages(rule, &path.child("omitStages"), errors);
    let both = !rule.list_at(&["resources"]).is_empty() || !rule.list_at(&["namespaces"]).is_empty();
    if both && !rule.list_at(&["nonResourceURLs"]).is_empty() {
        let value = rule.get("nonResourceURLs").cloned().unwrap_or_default();
        let detail = "rules cannot apply to both regular resources and non-resource URLs";
        errors.push(FieldError::invalid(&urls, value, detail));
    }
}

fn check_url(url: &str, path: &Path, errors: &mut Vec<FieldError>) {
    if url == "*" {
        return;
    }
    if !url.starts_with('/') {
        errors.push(FieldError::invalid(path, url, "non-resource URL rules must begin with a '/' character"));
    }
    if url.strip_suffix('*').unwrap_or(url).contains('*') {
        let detail = "non-resource URL wildcards '*' must be the final character of the rule";
        errors.push(FieldError::invalid(path, url, detail));
    }
}

/// Upstream's paths leave out which of the groups it is.
fn check_resources(rule: &Value, path: &Path, errors: &mut Vec<FieldError>) {
    for resources in rule.list_at(&["resources"]) {
        let group = resources.str_at(&["group"]).unwrap_or_default();
        if !group.is_empty() && group != "*" {
            let problems = names::dns1123_subdomain(group);
            if !problems.is_empty() {
                errors.push(FieldError::invalid(&path.child("group"), group, problems.join(",")));
            }
        }
        if !resources.list_at(&["resourceNames"]).is_empty() && resources.list_at(&["resources"]).is_empty() {
            let value = resources.get("resourceNames").cloned().unwrap_or_default();
            let detail = "using resourceNames requires at least one resource";
            errors.push(FieldError::invalid(&path.child("resourceNames"), value, detail));
        }
    }
}

fn check_stages(value: &Value, path: &Path, errors: &mut Vec<FieldError>) {
    for (index, stage) in texts(value, "omitStages").iter().enumerate() {
        if !Stage::ALL.iter().any(|known| *stage == known.as_str()) {
            let detail = format!("allowed stages are {}", Stage::ALL.map(Stage::as_str).join(","));
            errors.push(FieldError::invalid(&path.index(index), stage, detail));
        }
    }
}
