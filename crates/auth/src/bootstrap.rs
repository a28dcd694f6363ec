//! The roles and bindings that every cluster has, and how they are kept.
//!
//! `bootstrap/policy.txt` has one object per unindented line:
//!
//! ```text
//! ClusterRole NAME [LABEL=VALUE …]
//! Role NAMESPACE/NAME
//!   aggregates LABEL=VALUE
//!   paths PATHS VERBS
//!   GROUPS RESOURCES VERBS [NAMES]
//! ClusterRoleBinding NAME ROLEKIND:ROLE [SUBJECTKIND:SUBJECT …]
//! RoleBinding NAMESPACE/NAME ROLEKIND:ROLE [SUBJECTKIND:SUBJECT …]
//! ```
//!
//! Lists are joined by commas, and the core group is `core`.

mod reconcile;

use apimachinery::{Map, Object, Str, Value, value};

pub use reconcile::reconcile;

use crate::rbac::{GROUP, Rule};

const POLICY: &str = include_str!("bootstrap/policy.txt");
/// An object with this annotation set to `false` is left alone.
const AUTO_UPDATE: &str = "rbac.authorization.kubernetes.io/autoupdate";

/// Every default role and binding.
pub fn policy() -> Vec<Object> {
    let mut objects: Vec<Object> = Vec::new();
    for line in POLICY.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.strip_prefix("  ") {
            None => objects.push(begin(line)),
            Some(rest) => {
                if let Some(role) = objects.last_mut() {
                    add_to_role(role, rest);
                }
            }
        }
    }
    objects
}

/// The rules of a default cluster role; none when there is no such role.
pub fn rules_of_cluster_role(name: &str) -> Vec<Rule> {
    let role = policy().into_iter().find(|object| object.kind() == "ClusterRole" && object.name() == name);
    role.map(|role| role.list_at(&["rules"]).iter().map(Rule::from_value).collect()).unwrap_or_default()
}

fn begin(line: &str) -> Object {
    let mut words = line.split(' ');
    let (kind, name) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (namespace, name) = match kind {
        "Role" | "RoleBinding" => name.split_once('/').unwrap_or_default(),
        _ => ("", name),
    };
    let mut labels: Map = [("kubernetes.io/bootstrapping", "rbac-defaults")].into_iter().collect();
    let mut object = Object(value!({"apiVersion": format!("{GROUP}/v1"), "kind": kind}));
    if kind.ends_with("Binding") {
        let (role_kind, role) = words.next().and_then(|word| word.split_once(':')).unwrap_or_default();
        object.set(&["roleRef"], value!({"apiGroup": GROUP, "kind": role_kind, "name": role}));
        let subjects: Vec<Value> = words.filter_map(|word| word.split_once(':')).map(subject).collect();
        if !subjects.is_empty() {
            object.set(&["subjects"], subjects);
        }
    } else {
        labels.extend_from(words.filter_map(|word| word.split_once('=')));
    }
    object.set_meta("name", name);
    object.set_meta("namespace", namespace);
    let metadata = object.metadata_mut();
    metadata.insert(Str::from_static("labels"), labels);
    metadata.insert(Str::from_static("annotations"), value!({AUTO_UPDATE: "true"}));
    object
}

trait ExtendFrom<'w> {
    fn extend_from(&mut self, pairs: impl Iterator<Item = (&'w str, &'w str)>);
}

impl<'w> ExtendFrom<'w> for Map {
    fn extend_from(&mut self, pairs: impl Iterator<Item = (&'w str, &'w str)>) {
        for (key, value) in pairs {
            self.insert(key, value);
        }
    }
}

fn subject((kind, name): (&str, &str)) -> Value {
    match (kind, name.split_once('/')) {
        ("ServiceAccount", Some((namespace, name))) => {
            value!({"kind": kind, "namespace": namespace, "name": name})
        }
        _ => value!({"apiGroup": GROUP, "kind": kind, "name": name}),
    }
}

fn add_to_role(role: &mut Object, line: &str) {
    let words: Vec<&str> = line.split(' ').collect();
    let list = |word: &str| -> Vec<Str> {
        word.split(',').map(|item| if item == "core" { Str::EMPTY } else { item.into() }).collect()
    };
    let rule = match words.as_slice() {
        ["aggregates", label] => {
            let (key, wanted) = label.split_once('=').unwrap_or_default();
            let selector = value!({"matchLabels": {key: wanted}});
            let rule = role.make_map().map_at("aggregationRule");
            rule.get_or_insert_with("clusterRoleSelectors", Value::default).make_list().push(selector);
            return;
        }
        ["paths", paths, verbs] => Rule { urls: list(paths), verbs: list(verbs), ..Rule::default() },
        [groups, resources, verbs, names @ ..] => Rule {
            groups: list(groups),
            resources: list(resources),
            verbs: list(verbs),
            names: names.iter().flat_map(|names| list(names)).collect(),
            urls: Vec::new(),
        },
        _ => return,
    };
    role.make_map().get_or_insert_with("rules", Value::default).make_list().push(rule.to_value());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_policy_says_something() {
        let objects = policy();
        let count = |kind: &str| objects.iter().filter(|object| object.kind() == kind).count();
        assert_eq!(objects.len(), 142);
        assert_eq!(count("ClusterRole") + count("Role") + count("ClusterRoleBinding") + count("RoleBinding"), 142);
        for object in &objects {
            assert!(!object.name().is_empty());
            let namespaced = matches!(object.kind(), "Role" | "RoleBinding");
            assert_eq!(namespaced, !object.namespace().is_empty(), "{}", object.name());
            for rule in object.list_at(&["rules"]).iter().map(Rule::from_value) {
                assert!(!rule.verbs.is_empty(), "{}", object.name());
                assert_eq!(rule.urls.is_empty(), !rule.groups.is_empty() && !rule.resources.is_empty());
            }
        }
        // Every binding's role is there.
        for binding in objects.iter().filter(|object| object.kind().ends_with("Binding")) {
            let reference = |field| binding.str_at(&["roleRef", field]).unwrap_or_default();
            let found = objects.iter().any(|role| {
                role.kind() == reference("kind")
                    && role.name() == reference("name")
                    && (role.namespace().is_empty() || role.namespace() == binding.namespace())
            });
            assert!(found, "{}", binding.name());
        }
    }

    #[test]
    fn roles_read_as_upstream_writes_them() {
        let objects = policy();
        let find = |name: &str| objects.iter().find(|object| object.name() == name).unwrap();
        let edit = find("edit");
        assert_eq!(edit.label("rbac.authorization.k8s.io/aggregate-to-admin"), Some("true"));
        let selectors = edit.list_at(&["aggregationRule", "clusterRoleSelectors"]);
        let expected = value!({"matchLabels": {"rbac.authorization.k8s.io/aggregate-to-edit": "true"}});
        assert_eq!(selectors, [expected]);
        let all = value!([
            {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
            {"nonResourceURLs": ["*"], "verbs": ["*"]}
        ]);
        assert_eq!(find("cluster-admin").get("rules"), Some(&all));
    }
}
