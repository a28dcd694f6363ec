//! The resources that an API server of this version serves by default, as upstream's discovery lists them.
//!
//! `schema/resources.txt` has, per group version, a line `group GROUP VERSION` and then a line per resource
//! or subresource (`pods/status`), in upstream's order:
//!
//! ```text
//! NAME SINGULAR KIND namespaced|cluster VERBS [gv=GROUP/VERSION] [short=…] [categories=…]
//!      [hash=HASH storage=GROUP/VERSION]
//! ```
//!
//! `gv` names the group and version of a subresource's kind where it is not the resource's own. None of
//! them depends on a feature gate in this version: those that do are in versions that are off by default.

use std::sync::LazyLock;

const TEXT: &str = include_str!("../schema/resources.txt");

static RESOURCES: LazyLock<Vec<ResourceFacts>> = LazyLock::new(read);

/// A group and a version; the core group is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupVersion {
    /// The API group.
    pub group: &'static str,
    /// The version.
    pub version: &'static str,
}

/// A resource in one of its served versions.
#[derive(Clone, Debug)]
pub struct ResourceFacts {
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The served version.
    pub version: &'static str,
    /// The name in paths: `pods`.
    pub plural: &'static str,
    /// `pod`.
    pub singular: &'static str,
    /// `Pod`.
    pub kind: &'static str,
    /// Whether objects live in namespaces.
    pub namespaced: bool,
    /// What discovery offers, in its order.
    pub verbs: Vec<&'static str>,
    /// `po`.
    pub short_names: Vec<&'static str>,
    /// `all`.
    pub categories: Vec<&'static str>,
    /// A hash of the storage version, as discovery shows it; empty for resources that are not stored.
    pub storage_version_hash: &'static str,
    /// The version that is stored; `None` for resources that are not stored.
    pub storage_version: Option<GroupVersion>,
    /// `pods/status`, `pods/log`, …
    pub subresources: Vec<SubresourceFacts>,
}

/// A subresource of a resource.
#[derive(Clone, Debug)]
pub struct SubresourceFacts {
    /// The name behind the slash: `status`.
    pub name: &'static str,
    /// The group of its kind.
    pub group: &'static str,
    /// The version of its kind.
    pub version: &'static str,
    /// The kind that it takes and answers with.
    pub kind: &'static str,
    /// What discovery offers, in its order.
    pub verbs: Vec<&'static str>,
    /// Short names (`scale` has none; discovery allows them).
    pub short_names: Vec<&'static str>,
    /// Categories, where upstream lists them.
    pub categories: Vec<&'static str>,
}

/// All resources, by group version, in the order of upstream's discovery within each.
pub fn resources() -> &'static [ResourceFacts] {
    &RESOURCES
}

/// The optional words of a line.
#[derive(Default)]
struct Options {
    group_version: Option<GroupVersion>,
    short_names: Vec<&'static str>,
    categories: Vec<&'static str>,
    hash: &'static str,
    storage: Option<GroupVersion>,
}

fn read() -> Vec<ResourceFacts> {
    let mut resources: Vec<ResourceFacts> = Vec::with_capacity(128);
    let mut own = GroupVersion { group: "", version: "" };
    for line in TEXT.lines().filter(|line| !line.is_empty()) {
        let mut words = line.split(' ');
        let mut next = || words.next().unwrap_or_default();
        let name = next();
        if name == "group" {
            own = GroupVersion { group: next().trim_start_matches('-'), version: next() };
            continue;
        }
        let (singular, kind, scope, verbs) = (next().trim_start_matches('-'), next(), next(), list(next()));
        let options = options(words);
        let Some((resource, subresource)) = name.split_once('/') else {
            resources.push(ResourceFacts {
                group: own.group,
                version: own.version,
                plural: name,
                singular,
                kind,
                namespaced: scope == "namespaced",
                verbs,
                short_names: options.short_names,
                categories: options.categories,
                storage_version_hash: options.hash,
                storage_version: options.storage,
                subresources: Vec::new(),
            });
            continue;
        };
        let group_version = options.group_version.unwrap_or(own);
        let parent = resources.iter_mut().rev().find(|parent| parent.plural == resource);
        let parent = parent.expect("the tool that writes resources.txt lists a resource before its subresources");
        parent.subresources.push(SubresourceFacts {
            name: subresource,
            group: group_version.group,
            version: group_version.version,
            kind,
            verbs,
            short_names: options.short_names,
            categories: options.categories,
        });
    }
    resources
}

fn options(words: impl Iterator<Item = &'static str>) -> Options {
    let mut options = Options::default();
    for word in words {
        match word.split_once('=') {
            Some(("gv", value)) => options.group_version = group_version(value),
            Some(("short", value)) => options.short_names = list(value),
            Some(("categories", value)) => options.categories = list(value),
            Some(("hash", _)) => options.hash = &word["hash=".len()..],
            Some(("storage", value)) => options.storage = group_version(value),
            _ => panic!("resources.txt, which this program carries, is malformed at {word:?}"),
        }
    }
    options
}

fn group_version(text: &'static str) -> Option<GroupVersion> {
    text.split_once('/').map(|(group, version)| GroupVersion { group, version })
}

fn list(text: &'static str) -> Vec<&'static str> {
    text.split(',').filter(|item| !item.is_empty()).collect()
}
