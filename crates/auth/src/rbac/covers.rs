//! Does what somebody holds cover what they are about to grant?

use std::collections::BTreeMap;

use apimachinery::Str;

use super::Rule;

/// The parts of `wanted` (one verb, one resource, one name each) that no rule of `held` covers.
pub fn missing(held: &[Rule], wanted: &[Rule]) -> Vec<Rule> {
    let parts = wanted.iter().flat_map(break_down);
    parts.filter(|part| !held.iter().any(|rule| rule.covers(part))).collect()
}

fn break_down(rule: &Rule) -> Vec<Rule> {
    let mut parts = Vec::new();
    let one = |item: &Str| vec![item.clone()];
    for group in &rule.groups {
        for resource in &rule.resources {
            for verb in &rule.verbs {
                let part = Rule { verbs: one(verb), groups: one(group), resources: one(resource), ..Rule::default() };
                if rule.names.is_empty() {
                    parts.push(part);
                } else {
                    parts.extend(rule.names.iter().map(|name| Rule { names: one(name), ..part.clone() }));
                }
            }
        }
    }
    for url in &rule.urls {
        parts.extend(rule.verbs.iter().map(|verb| Rule { verbs: one(verb), urls: one(url), ..Rule::default() }));
    }
    parts
}

/// Joins parts that differ by their verb alone, and describes each as upstream does, in order.
pub fn compact(parts: &[Rule]) -> Vec<String> {
    let mut verbs: BTreeMap<Rule, Vec<Str>> = BTreeMap::new();
    let mut descriptions = Vec::new();
    for part in parts {
        if part.urls.is_empty() {
            let without_verb = Rule { verbs: Vec::new(), ..part.clone() };
            verbs.entry(without_verb).or_default().extend(part.verbs.iter().cloned());
        } else {
            descriptions.push(describe(part));
        }
    }
    descriptions.extend(verbs.into_iter().map(|(rule, verbs)| describe(&Rule { verbs, ..rule })));
    descriptions.sort();
    descriptions.dedup();
    descriptions
}

/// `{APIGroups:[""], Resources:["pods"], Verbs:["get"]}`
fn describe(rule: &Rule) -> String {
    let fields = [
        ("APIGroups", &rule.groups),
        ("Resources", &rule.resources),
        ("NonResourceURLs", &rule.urls),
        ("ResourceNames", &rule.names),
        ("Verbs", &rule.verbs),
    ];
    let shown: Vec<String> = fields
        .into_iter()
        .filter(|(_, list)| !list.is_empty())
        .map(|(name, list)| {
            let items: Vec<String> = list.iter().map(|item| format!("{item:?}")).collect();
            format!("{name}:[{}]", items.join(" "))
        })
        .collect();
    format!("{{{}}}", shown.join(", "))
}
