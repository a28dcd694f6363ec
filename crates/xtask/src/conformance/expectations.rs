//! What every spec is expected to do: `passing.txt` lists those that must pass, `failing.tsv` those that fail, with
//! the cause.
//!
//! Both are written by `cargo xtask conformance bless` from the ledger, so that nothing is written twice by hand; a
//! cause alone is a person's work, and is kept until its spec passes. Every run holds its results against them.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, bail};

use super::{
    ledger::{Ledger, NOT_RUN},
    results::Outcome,
    specs::{self, Spec},
};

const PASSING: &str = "conformance/passing.txt";
const FAILING: &str = "conformance/failing.tsv";
const PASSING_HEADER: &str = "# The specs that must pass, written by cargo xtask conformance bless.\n";
const FAILING_HEADER: &str = "# The specs that fail, with the cause: cargo xtask conformance bless writes the lines, \
    people the causes.\n";
/// The cause of what nobody has looked into.
const NO_CAUSE: &str = "not looked into";

/// Which specs must pass, and the causes of those that do not.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Expectations {
    passing: BTreeSet<String>,
    failing: BTreeMap<String, String>,
}

impl Expectations {
    /// Those of the working tree; none where there are none.
    pub(super) fn read() -> Expectations {
        let text = |path| std::fs::read_to_string(path).unwrap_or_default();
        Expectations::parse(&text(PASSING), &text(FAILING))
    }

    /// That every spec passes.
    pub(super) fn all_pass() -> Expectations {
        let passing = specs::all().into_iter().map(|spec| spec.name).collect();
        Expectations { passing, failing: BTreeMap::new() }
    }

    fn parse(passing: &str, failing: &str) -> Expectations {
        let lines = |text: &str| -> Vec<String> {
            text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(str::to_owned).collect()
        };
        let cause = |line: String| {
            let (name, cause) = line.split_once('\t').unwrap_or((&line, ""));
            (name.to_owned(), cause.trim().to_owned())
        };
        Expectations {
            passing: lines(passing).into_iter().collect(),
            failing: lines(failing).into_iter().map(cause).collect(),
        }
    }

    /// What the last results say: a spec that passed must pass from now on, the cause of any other is kept.
    fn blessed(&self, specs: &[Spec], ledger: &Ledger) -> Expectations {
        let mut new = Expectations::default();
        for Spec { name, .. } in specs {
            match ledger.result(name).unwrap_or(NOT_RUN) {
                "passed" => drop(new.passing.insert(name.clone())),
                _ => {
                    let cause = self.failing.get(name).filter(|cause| !cause.is_empty()).cloned();
                    new.failing.insert(name.clone(), cause.unwrap_or_else(|| NO_CAUSE.to_owned()));
                }
            }
        }
        new
    }

    fn texts(&self, specs: &[Spec]) -> (String, String) {
        let (mut passing, mut failing) = (PASSING_HEADER.to_owned(), FAILING_HEADER.to_owned());
        for Spec { name, .. } in specs {
            if self.passing.contains(name) {
                passing += &format!("{name}\n");
            }
            if let Some(cause) = self.failing.get(name) {
                failing += &format!("{name}\t{cause}\n");
            }
        }
        (passing, failing)
    }

    /// Specs that did otherwise than expected: those that must pass and did not, and those that should have failed.
    fn surprises<'a>(&self, outcomes: &'a [Outcome]) -> (Vec<&'a str>, Vec<&'a str>) {
        let names = |is_meant: &dyn Fn(&Outcome) -> bool| {
            outcomes.iter().filter(|outcome| is_meant(outcome)).map(|outcome| outcome.name.as_str()).collect()
        };
        let worse = names(&|outcome| outcome.result != "passed" && self.passing.contains(&outcome.name));
        let better = names(&|outcome| outcome.result == "passed" && self.failing.contains_key(&outcome.name));
        (worse, better)
    }

    /// Why a spec is expected to fail, if it is.
    pub(super) fn cause(&self, spec: &str) -> Option<&str> {
        self.failing.get(spec).map(String::as_str)
    }

    /// Holds results against what was expected.
    ///
    /// # Errors
    /// When they differ, with what to do about it.
    pub(super) fn check(&self, outcomes: &[Outcome]) -> anyhow::Result<()> {
        let (worse, better) = self.surprises(outcomes);
        let mut text = String::new();
        if !worse.is_empty() {
            text += &format!("\n{} that must pass did not:\n  {}\n", worse.len(), worse.join("\n  "));
            text += "Mend it; cargo xtask conformance --bisect SPEC shows all of a spec.\n";
        }
        if !better.is_empty() {
            text += &format!("\n{} that {FAILING} lists passed:\n  {}\n", better.len(), better.join("\n  "));
            text += "If they pass again with --repeat 3, take them over: cargo xtask conformance bless, and commit.\n";
        }
        if text.is_empty() { Ok(()) } else { bail!("other results than expected\n{text}") }
    }
}

/// Makes the last results, those of the ledger, the expected ones.
pub(super) fn bless() -> anyhow::Result<()> {
    let (specs, before) = (specs::all(), Expectations::read());
    let new = before.blessed(&specs, &Ledger::read());
    let (passing, failing) = new.texts(&specs);
    std::fs::write(PASSING, passing).with_context(|| format!("cannot write {PASSING}"))?;
    std::fs::write(FAILING, failing).with_context(|| format!("cannot write {FAILING}"))?;
    for name in before.passing.iter().filter(|name| new.failing.contains_key(*name)) {
        println!("fails now: {name}");
    }
    for name in new.passing.iter().filter(|name| !before.passing.contains(*name)) {
        println!("must pass now: {name}");
    }
    let unknown = new.failing.iter().filter(|(_, cause)| *cause == NO_CAUSE).map(|(name, _)| name.as_str());
    let unknown: Vec<&str> = unknown.collect();
    if !unknown.is_empty() {
        println!("write the cause of these into {FAILING}, a test wants it:\n  {}", unknown.join("\n  "));
    }
    println!("{} specs must pass, {} fail", new.passing.len(), new.failing.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(name: &str, result: &str) -> Outcome {
        Outcome { name: name.to_owned(), result: result.to_owned(), seconds: 1.0, message: String::new() }
    }

    #[test]
    fn surprises_fail_a_run_in_both_directions() {
        let expectations = Expectations::parse("# x\na\nb\n", "c\tno webhooks\nd\tno webhooks\n");
        expectations.check(&[outcome("a", "passed"), outcome("c", "failed"), outcome("new", "failed")]).unwrap();
        let error = expectations.check(&[outcome("b", "timedout"), outcome("d", "passed")]).unwrap_err().to_string();
        assert!(error.contains("must pass did not:\n  b\n") && error.contains("lists passed:\n  d\n"), "{error}");
    }

    #[test]
    fn a_cause_lives_until_its_spec_passes() {
        let specs: Vec<Spec> = specs::all().into_iter().take(3).collect();
        let name = |index: usize| specs[index].name.clone();
        let before = Expectations::parse("", &format!("{}\tno webhooks\n{}\tslow\n", name(0), name(1)));
        let mut ledger = Ledger::default();
        ledger.update(&[outcome(&name(0), "failed"), outcome(&name(1), "passed")], "abc");

        let blessed = before.blessed(&specs, &ledger);
        assert_eq!(blessed.failing[&name(0)], "no webhooks");
        assert_eq!(blessed.failing[&name(2)], NO_CAUSE);
        assert_eq!(blessed.passing, BTreeSet::from([name(1)]));
        let (passing, failing) = blessed.texts(&specs);
        assert_eq!(Expectations::parse(&passing, &failing), blessed);
    }

    #[test]
    fn every_spec_is_listed_once_and_every_failure_has_a_cause() {
        let read = |path: &str| std::fs::read_to_string(crate::ci::root().join(path)).unwrap();
        let Expectations { passing, failing } = Expectations::parse(&read(PASSING), &read(FAILING));
        for Spec { name, .. } in specs::all() {
            assert!(
                passing.contains(&name) != failing.contains_key(&name),
                "{name}: run cargo xtask conformance bless"
            );
        }
        assert_eq!(passing.len() + failing.len(), specs::all().len(), "a spec is listed that is none");
        let unknown: Vec<_> = failing.iter().filter(|(_, cause)| cause.is_empty() || *cause == NO_CAUSE).collect();
        assert!(unknown.is_empty(), "write the causes: {unknown:#?}");
    }
}
