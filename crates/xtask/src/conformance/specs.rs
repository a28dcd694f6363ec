//! Which specs there are, and which of them are meant.

use anyhow::{Context, bail};
use regex::Regex;

/// All specs with upstream's seconds.
const UPSTREAM: &str = include_str!("../../../../conformance/upstream.tsv");

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
    /// Run the specs whose last result, in the ledger, is this: failed, passed.
    #[arg(long, value_name = "RESULT")]
    pub(super) last: Option<String>,
    /// Leave out the specs that must run alone.
    #[arg(long)]
    pub(super) no_serial: bool,
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
        specs.retain(|spec| {
            focus.as_ref().is_none_or(|focus| focus.is_match(&spec.name))
                && !skip.as_ref().is_some_and(|skip| skip.is_match(&spec.name))
                && self.sig.as_ref().is_none_or(|sig| spec.sig() == sig)
                && self.last.as_ref().is_none_or(|last| last_result(&spec.name) == Some(last))
                && !(self.no_serial && spec.is_serial())
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
    fn the_expression_matches_what_it_was_made_of() {
        let specs: Vec<Spec> = all().into_iter().filter(|spec| spec.sig() == "storage").collect();
        let expression = Regex::new(&expression(&specs)).unwrap();
        let matched: Vec<Spec> = all().into_iter().filter(|spec| expression.is_match(&spec.name)).collect();
        assert_eq!(matched, specs);
    }
}
