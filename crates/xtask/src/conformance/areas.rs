//! The areas of work that specs belong to: special interest groups, cut where one is too wide to be of use.

use super::specs::Spec;

/// An area, and how the names of its specs begin after the special interest group; "" takes what is left of it.
type Area = (&'static str, &'static [(&'static str, &'static str)]);

/// In this order: a spec belongs to the first area that takes it.
const AREAS: &[Area] = &[
    (
        "extensions",
        &[
            ("api-machinery", "AdmissionWebhook"),
            ("api-machinery", "Aggregator"),
            ("api-machinery", "CustomResource"),
            ("api-machinery", "MutatingAdmissionPolicy"),
            ("api-machinery", "StorageVersionMigration"),
            ("api-machinery", "ValidatingAdmissionPolicy"),
        ],
    ),
    ("api", &[("api-machinery", ""), ("architecture", ""), ("instrumentation", "")]),
    ("apps", &[("apps", "")]),
    ("auth", &[("auth", "")]),
    ("cli", &[("cli", "")]),
    ("dns", &[("network", "DNS")]),
    ("network", &[("network", "")]),
    ("node", &[("node", "")]),
    ("scheduling", &[("scheduling", "")]),
    ("storage", &[("storage", "")]),
];

/// The area of a spec.
pub(super) fn of(spec: &Spec) -> &'static str {
    let rest = spec.name.split_once("] ").map_or("", |(_, rest)| rest);
    let takes = |(sig, start): &(&str, &str)| *sig == spec.sig() && rest.starts_with(start);
    AREAS.iter().find(|(_, rules)| rules.iter().any(takes)).map_or("other", |(name, _)| name)
}

/// All areas.
pub(super) fn names() -> Vec<&'static str> {
    AREAS.iter().map(|(name, _)| *name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::specs;

    #[test]
    fn every_spec_has_an_area_and_every_area_specs() {
        let specs = specs::all();
        for spec in &specs {
            assert_ne!(of(spec), "other", "{}", spec.name);
        }
        for name in names() {
            assert!(specs.iter().any(|spec| of(spec) == name), "{name}");
        }
    }
}
