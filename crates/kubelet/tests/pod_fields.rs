//! `docs/pod-fields.md` speaks of every field of a pod that the schema has, and of no other.

use std::collections::{BTreeMap, BTreeSet};

const PAGE: &str = include_str!("../../../docs/pod-fields.md");
const SCHEMA: &str = include_str!("../../api/schema/core_v1.txt");

/// The types that must have a section: whatever a node finds in a pod's specification.
const TYPES: [&str; 28] = [
    "PodSpec",
    "PodSecurityContext",
    "SecurityContext",
    "Container",
    "EphemeralContainer",
    "ContainerPort",
    "EnvVarSource",
    "FileKeySelector",
    "ResourceRequirements",
    "ContainerRestartRule",
    "Probe",
    "ProbeHandler",
    "HTTPGetAction",
    "TCPSocketAction",
    "GRPCAction",
    "Lifecycle",
    "LifecycleHandler",
    "VolumeMount",
    "VolumeSource",
    "HostPathVolumeSource",
    "EmptyDirVolumeSource",
    "ImageVolumeSource",
    "SecretVolumeSource",
    "ConfigMapVolumeSource",
    "DownwardAPIVolumeSource",
    "DownwardAPIVolumeFile",
    "KeyToPath",
    "ProjectedVolumeSource",
];

type Fields = BTreeMap<&'static str, BTreeSet<&'static str>>;

/// Fields by type, without those that a type takes over from another.
fn schema() -> Fields {
    let mut types = Fields::new();
    let mut current = "";
    for line in SCHEMA.lines() {
        match line.strip_prefix("type ") {
            Some(rest) => current = rest.split(' ').next().unwrap_or_default(),
            None => {
                let name = line.trim_start().split(' ').next().unwrap_or_default();
                if line.starts_with("  ") && name != "+" {
                    types.entry(current).or_default().insert(name);
                }
            }
        }
    }
    types
}

/// Words between backticks that begin like a field, by section; values beside a field do not count.
fn page() -> Fields {
    let mut sections = Fields::new();
    for section in PAGE.split("\n## ").skip(1) {
        let (name, text) = section.split_once('\n').unwrap();
        let words = text.split('`').skip(1).step_by(2).map(|word| word.split(':').next().unwrap_or_default());
        let fields = words.filter(|word| word.starts_with(|first: char| first.is_ascii_lowercase()));
        sections.insert(name, fields.collect());
    }
    sections
}

#[test]
fn every_field_is_spoken_of() {
    let (schema, page) = (schema(), page());
    for name in TYPES.into_iter().chain(["VolumeProjection", "ServiceAccountTokenProjection"]) {
        let (known, told) = (&schema[name], page.get(name).unwrap_or_else(|| panic!("no section {name}")));
        let forgotten: Vec<_> = known.difference(told).collect();
        let invented: Vec<_> = told.difference(known).collect();
        assert!(forgotten.is_empty() && invented.is_empty(), "{name}: not told {forgotten:?}, invented {invented:?}");
    }
}
