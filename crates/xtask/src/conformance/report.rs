//! `cargo xtask conformance report`: where we stand.

use std::collections::BTreeMap;

use super::{
    ledger::{Ledger, NOT_RUN},
    specs::{self, Spec},
};

/// A spec that takes this much longer than with upstream waits for us.
const SLOW_FACTOR: f64 = 2.0;
const SLOW_MARGIN_SECONDS: f64 = 3.0;

/// Prints a table by special interest group, what changed since the last commit, and what is slower than upstream.
pub(super) fn print() {
    let (now, before) = (Ledger::read(), Ledger::committed());
    let specs = specs::all();
    print!("{}{}{}", table(&specs, &now), changes(&specs, &before, &now), slow(&specs, &now));
}

fn table(specs: &[Spec], ledger: &Ledger) -> String {
    #[derive(Default)]
    struct Row {
        passed: usize,
        failed: usize,
        not_run: usize,
        seconds: f64,
        upstream_seconds: f64,
    }
    let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
    for spec in specs {
        for key in [spec.sig(), "~"] {
            let row = rows.entry(key).or_default();
            match ledger.0.get(&spec.name) {
                Some(entry) if entry.result == "passed" => {
                    row.passed += 1;
                    row.seconds += entry.seconds;
                    row.upstream_seconds += spec.upstream_seconds;
                }
                Some(_) => row.failed += 1,
                None => row.not_run += 1,
            }
        }
    }
    let mut text = format!(
        "{:<16} {:>7} {:>7} {:>7} {:>7} {:>9} {:>10}\n",
        "SIG", "PASSED", "FAILED", "NOT RUN", "OF", "SECONDS", "UPSTREAM'S"
    );
    for (name, row) in rows {
        let name = if name == "~" { "all" } else { name };
        let of = row.passed + row.failed + row.not_run;
        text += &format!(
            "{name:<16} {:>7} {:>7} {:>7} {of:>7} {:>9.0} {:>10.0}\n",
            row.passed, row.failed, row.not_run, row.seconds, row.upstream_seconds
        );
    }
    text + "Seconds are those of the specs that passed.\n"
}

fn changes(specs: &[Spec], before: &Ledger, now: &Ledger) -> String {
    let mut text = String::new();
    for spec in specs {
        let result = |ledger: &Ledger| ledger.result(&spec.name).unwrap_or(NOT_RUN).to_owned();
        let (before, now) = (result(before), result(now));
        if before != now {
            text += &format!("  {before} -> {now}  {}\n", spec.name);
        }
    }
    if text.is_empty() { String::new() } else { format!("\nChanged since the last commit:\n{text}") }
}

fn slow(specs: &[Spec], ledger: &Ledger) -> String {
    let mut slow: Vec<(f64, &Spec)> = Vec::new();
    for spec in specs {
        let Some(entry) = ledger.0.get(&spec.name).filter(|entry| entry.result == "passed") else { continue };
        if entry.seconds > spec.upstream_seconds * SLOW_FACTOR + SLOW_MARGIN_SECONDS {
            slow.push((entry.seconds, spec));
        }
    }
    slow.sort_by(|one, other| other.0.total_cmp(&one.0));
    if slow.is_empty() {
        return String::new();
    }
    let mut text = "\nSlower than with upstream (seconds, upstream's):\n".to_owned();
    for (seconds, spec) in slow {
        text += &format!("{seconds:>7.1} {:>7.1}  {}\n", spec.upstream_seconds, spec.name);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::results::Outcome;

    #[test]
    fn the_report_counts_compares_and_finds_the_slow() {
        let specs = specs::all();
        let outcome = |index: usize, result: &str, seconds: f64| Outcome {
            name: specs[index].name.clone(),
            result: result.to_owned(),
            seconds,
            message: String::new(),
        };
        let (mut before, mut now) = (Ledger::default(), Ledger::default());
        before.update(&[outcome(0, "failed", 1.0)], "a");
        now.update(&[outcome(0, "passed", 60.0), outcome(1, "failed", 2.0)], "b");
        let table = table(&specs, &now);
        let all: Vec<&str> = table.lines().find(|line| line.starts_with("all")).unwrap().split_whitespace().collect();
        assert_eq!(all[1..5], ["1", "1", "460", "462"]);
        assert!(changes(&specs, &before, &now).contains(&format!("failed -> passed  {}", specs[0].name)));
        assert_eq!(changes(&specs, &now, &now), "");
        assert!(slow(&specs, &now).contains(&specs[0].name));
        assert_eq!(slow(&specs, &before), "");
    }
}
