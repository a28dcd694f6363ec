//! The last result of every spec, as a table that is committed.

use std::{collections::BTreeMap, path::Path, process::Command};

use anyhow::Context;

use super::{results::Outcome, specs};

/// Where it is, in the repository.
pub(super) const PATH: &str = "conformance/ledger.tsv";
const HEADER: &str = "# The last result of each conformance spec, written by cargo xtask conformance: \
    spec, result, seconds, commit.\n";
/// The result of a spec that was never run.
pub(super) const NOT_RUN: &str = "not run";

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) result: String,
    pub(super) seconds: f64,
    pub(super) commit: String,
}

/// Every spec that was ever run, by name.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Ledger(pub(super) BTreeMap<String, Entry>);

impl Ledger {
    /// The ledger of the working tree; an empty one where there is none.
    pub(super) fn read() -> Ledger {
        Ledger::parse(&std::fs::read_to_string(PATH).unwrap_or_default())
    }

    /// The ledger of the last commit.
    pub(super) fn committed() -> Ledger {
        let shown = Command::new("git").args(["show", &format!("HEAD:{PATH}")]).output();
        Ledger::parse(&shown.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default())
    }

    fn parse(text: &str) -> Ledger {
        let line = |line: &str| {
            let fields: Vec<&str> = line.split('\t').collect();
            let [name, result, seconds, commit] = fields[..] else { return None };
            let seconds = seconds.parse().unwrap_or_default();
            Some((name.to_owned(), Entry { result: result.to_owned(), seconds, commit: commit.to_owned() }))
        };
        Ledger(
            text.lines()
                .filter(|line| !line.starts_with('#'))
                .filter_map(line)
                .filter(|(_, entry)| entry.result != NOT_RUN)
                .collect(),
        )
    }

    /// The last result of a spec.
    pub(super) fn result(&self, spec: &str) -> Option<&str> {
        self.0.get(spec).map(|entry| entry.result.as_str())
    }

    /// Puts what was just run.
    pub(super) fn update(&mut self, outcomes: &[Outcome], commit: &str) {
        for outcome in outcomes {
            let entry = Entry { result: outcome.result.clone(), seconds: outcome.seconds, commit: commit.to_owned() };
            self.0.insert(outcome.name.clone(), entry);
        }
    }

    /// The text: a line for every spec that there is.
    fn text(&self) -> String {
        let mut text = HEADER.to_owned();
        for spec in specs::all() {
            match self.0.get(&spec.name) {
                Some(entry) => {
                    text += &format!("{}\t{}\t{:.1}\t{}\n", spec.name, entry.result, entry.seconds, entry.commit);
                }
                None => text += &format!("{}\t{NOT_RUN}\t\t\n", spec.name),
            }
        }
        text
    }

    pub(super) fn write(&self) -> anyhow::Result<()> {
        std::fs::write(Path::new(PATH), self.text()).with_context(|| format!("cannot write {PATH}"))
    }
}

/// The commit that is checked out, marked when the sources differ from it; `unknown` where there is no git.
pub(crate) fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let changes = git(&["status", "--porcelain", "--", "crates", "Cargo.toml", "Cargo.lock"]);
    match (git(&["rev-parse", "--short=10", "HEAD"]), changes.as_deref()) {
        (Some(commit), Some("")) => commit,
        (Some(commit), _) => commit + "+",
        (None, _) => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let names: Vec<String> = specs::all().into_iter().take(2).map(|spec| spec.name).collect();
        let mut ledger = Ledger::default();
        let outcome = |name: &String, result: &str| Outcome {
            name: name.clone(),
            result: result.to_owned(),
            seconds: 1.5,
            message: String::new(),
        };
        ledger.update(&[outcome(&names[0], "passed"), outcome(&names[1], "failed")], "abc");
        ledger.update(&[outcome(&names[1], "passed")], "def");
        assert_eq!(Ledger::parse(&ledger.text()), ledger);
        assert_eq!(ledger.0[&names[1]].commit, "def");
        assert_eq!(ledger.text().lines().filter(|line| line.contains(NOT_RUN)).count(), 460);
    }
}
