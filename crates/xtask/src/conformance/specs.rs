//! Which specs there are, and which of them are meant.

use anyhow::{Context, bail};
use regex::Regex;

use super::areas;

/// All specs with upstream's seconds.
const UPSTREAM: &str = include_str!("../../../../conformance/upstream.tsv");
/// The specs that the gate runs.
const SUBSET: &str = include_str!("../../../../conformance/subset.txt");

/// One conformance spec.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spec {
    /// Its containers' texts and its own, joined by blanks.
    pub(super) name: String,
    /// How long it takes with upstream's components.
    pub(super) upstream_seconds: f64,
}

impl Spec {
    /// The special interest group that it belongs to, as `node`.
    pub(super) fn sig(&self) -> &str {
        self.name.strip_prefix("[sig-").and_then(|rest| rest.split(']').next()).unwrap_or("?")
    }

    /// Whether nothing else may run beside it.
    pub(super) fn is_serial(&self) -> bool {
        self.name.contains("[Serial]")
    }
}

/// What a user may say of the specs that he means.
#[derive(clap::Args, Default)]
pub(super) struct Selection {
    /// Run specs whose name matches this regular expression.
    #[arg(long, value_name = "REGEX")]
    pub(super) focus: Option<String>,
    /// Leave out specs whose name matches this regular expression.
    #[arg(long, value_name = "REGEX")]
    pub(super) skip: Option<String>,
    /// Run the specs of one special interest group, for example node.
    #[arg(long, value_name = "NAME")]
    pub(super) sig: Option<String>,
    /// Run the specs of one area, for example storage.
    #[arg(long, value_name = "NAME")]
    pub(super) area: Option<String>,
    /// Run the specs whose last result, in the ledger, is this: failed, passed.
    #[arg(long, value_name = "RESULT")]
    pub(super) last: Option<String>,
    /// Leave out the specs that must run alone.
    #[arg(long)]
    pub(super) no_serial: bool,
    /// Run only the specs that must run alone.
    #[arg(long, conflicts_with = "no_serial")]
    pub(super) serial: bool,
    /// Run only the specs that the gate runs, those of conformance/subset.txt.
    #[arg(long)]
    pub(super) subset: bool,
}

/// All conformance specs, by name.
pub(super) fn all() -> Vec<Spec> {
    let line = |line: &str| {
        let (name, seconds) = line.split_once('\t')?;
        Some(Spec { name: name.to_owned(), upstream_seconds: seconds.parse().ok()? })
    };
    let lines = UPSTREAM.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(line).collect()
}

/// The names of the specs that the gate runs.
fn subset() -> Vec<&'static str> {
    SUBSET.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect()
}

/// The one spec that a name means: the whole of it or a part that no other has.
pub(super) fn one(name: &str) -> anyhow::Result<Spec> {
    let specs = all();
    if let Some(spec) = specs.iter().find(|spec| spec.name == name) {
        return Ok(spec.clone());
    }
    let found: Vec<&Spec> = specs.iter().filter(|spec| spec.name.contains(name)).collect();
    match found.as_slice() {
        [] => bail!("no conformance spec has {name:?} in its name: see conformance/upstream.tsv"),
        [spec] => Ok((*spec).clone()),
        several => {
            let names: Vec<&str> = several.iter().map(|spec| spec.name.as_str()).collect();
            bail!("{} specs have {name:?} in their names:\n  {}", several.len(), names.join("\n  "))
        }
    }
}

impl Selection {
    /// The specs that are meant; `last_result` tells a spec's last result.
    pub(super) fn select<'a>(&self, last_result: impl Fn(&str) -> Option<&'a str>) -> anyhow::Result<Vec<Spec>> {
        let compile = |text: &Option<String>| {
            let compiled = text.as_deref().map(Regex::new).transpose();
            compiled.context("that is no regular expression")
        };
        let (focus, skip) = (compile(&self.focus).context("--focus")?, compile(&self.skip).context("--skip")?);
        let mut specs = all();
        if let Some(sig) = &self.sig
            && !specs.iter().any(|spec| spec.sig() == sig)
        {
            let mut names: Vec<&str> = specs.iter().map(Spec::sig).collect();
            names.dedup();
            bail!("there is no sig {sig:?}: choose one of {}", names.join(", "));
        }
        if let Some(area) = &self.area
            && !areas::names().contains(&area.as_str())
        {
            bail!("there is no area {area:?}: choose one of {}", areas::names().join(", "));
        }
        let subset = subset();
        specs.retain(|spec| {
            focus.as_ref().is_none_or(|focus| focus.is_match(&spec.name))
                && !skip.as_ref().is_some_and(|skip| skip.is_match(&spec.name))
                && self.sig.as_ref().is_none_or(|sig| spec.sig() == sig)
                && self.last.as_ref().is_none_or(|last| last_result(&spec.name) == Some(last))
                && self.area.as_ref().is_none_or(|area| areas::of(spec) == area)
                && !(self.no_serial && spec.is_serial())
                && (!self.serial || spec.is_serial())
                && (!self.subset || subset.contains(&spec.name.as_str()))
        });
        if specs.is_empty() {
            bail!("no conformance spec is meant: see conformance/upstream.tsv for the names");
        }
        Ok(specs)
    }
}

/// The regular expression, in Go's dialect too, that matches exactly these specs.
pub(super) fn expression(specs: &[Spec]) -> String {
    let names: Vec<String> = specs.iter().map(|spec| regex::escape(&spec.name)).collect();
    names.join("|")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the gate may spend on specs, on a machine as busy as one that builds.
    const SUBSET_SECONDS_LIMIT: f64 = 300.0;
    const SUBSET_PROCESSES: f64 = 8.0;

    #[test]
    fn all_specs_are_known() {
        let specs = all();
        assert_eq!(specs.len(), 462);
        assert_eq!(specs.iter().filter(|spec| spec.is_serial()).count(), 29);
    }

    #[test]
    fn a_selection_is_an_intersection() {
        let selection = Selection {
            sig: Some("node".to_owned()),
            focus: Some("(?i)probing".to_owned()),
            skip: Some("GRPC".to_owned()),
            ..Selection::default()
        };
        let specs = selection.select(|_| None).unwrap();
        assert!(specs.iter().all(|spec| spec.sig() == "node" && !spec.name.contains("GRPC")));
        assert!(specs.iter().any(|spec| spec.name.contains("Probing container should *not* be restarted")));
        let wrong = Selection { sig: Some("none".to_owned()), ..Selection::default() };
        assert!(wrong.select(|_| None).unwrap_err().to_string().contains("choose one of"));
    }

    #[test]
    fn serial_specs_and_areas_can_be_chosen() {
        let chosen = |selection: Selection| selection.select(|_| None).unwrap();
        assert_eq!(chosen(Selection { serial: true, ..Selection::default() }).len(), 29);
        let storage = chosen(Selection { area: Some("storage".to_owned()), ..Selection::default() });
        assert!(storage.iter().all(|spec| spec.sig() == "storage"));
    }

    #[test]
    fn the_subset_touches_every_area_and_fits_the_gate() {
        let subset = subset();
        let specs: Vec<Spec> = all().into_iter().filter(|spec| subset.contains(&spec.name.as_str())).collect();
        assert_eq!(specs.len(), subset.len(), "a name in conformance/subset.txt is wrong or doubled");
        for area in areas::names() {
            assert!(specs.iter().any(|spec| areas::of(spec) == area), "no spec of {area} in conformance/subset.txt");
        }
        let seconds: f64 = specs.iter().map(|spec| spec.upstream_seconds).sum();
        assert!(seconds / SUBSET_PROCESSES < SUBSET_SECONDS_LIMIT, "{seconds} s are too many");
    }

    #[test]
    fn a_part_of_a_name_means_one_spec_or_none() {
        assert!(
            one("should be able to change the type from NodePort to ExternalName")
                .unwrap()
                .name
                .contains("sig-network")
        );
        assert!(one("Probing").unwrap_err().to_string().contains("specs have"));
        assert!(one("no such thing").is_err());
    }

    #[test]
    fn the_expression_matches_what_it_was_made_of() {
        let specs: Vec<Spec> = all().into_iter().filter(|spec| spec.sig() == "storage").collect();
        let expression = Regex::new(&expression(&specs)).unwrap();
        let matched: Vec<Spec> = all().into_iter().filter(|spec| expression.is_match(&spec.name)).collect();
        assert_eq!(matched, specs);
    }
}
