//! What is made of the figures: a line as each is found, a table at the end, JSON.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{Figures, Row, Side};

/// One case of one scenario with all rounds of both sides.
struct Case<'r> {
    scenario: &'static str,
    case: &'r str,
    sides: BTreeMap<Side, Merged>,
}

/// The rounds of one side, taken together.
#[derive(Default)]
struct Merged {
    figures: Figures,
    rounds: usize,
}

fn microseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

impl Merged {
    fn add(&mut self, other: &Figures) {
        let own = &mut self.figures;
        own.operations += other.operations;
        own.elapsed += other.elapsed;
        own.latency.merge(&other.latency);
        own.client_cpu += other.client_cpu;
        own.refused += other.refused;
        own.failed += other.failed;
        for (name, cpu) in &other.server_cpu {
            *own.server_cpu.entry(name).or_default() += *cpu;
        }
        // Of memory and single numbers the last round's count as well as the first's: their mean.
        let before = self.rounds as f64;
        let mean = |old: u64, new: u64| ((old as f64 * before + new as f64) / (before + 1.0)) as u64;
        for (name, memory) in &other.memory {
            let old = own.memory.entry(name).or_default();
            old.rss = mean(old.rss, memory.rss);
            old.pss = mean(old.pss, memory.pss);
            old.private = mean(old.private, memory.private);
        }
        for (name, value) in &other.named {
            let old = own.named.entry(name.clone()).or_default();
            *old = (*old * before + value) / (before + 1.0);
        }
        self.rounds += 1;
    }
}

impl Figures {
    /// Operations in a second.
    fn throughput(&self) -> Option<f64> {
        (self.operations > 0 && !self.elapsed.is_zero()).then(|| self.operations as f64 / self.elapsed.as_secs_f64())
    }

    /// CPU time per operation, in microseconds.
    fn cpu_per_operation(&self, cpu: Duration) -> Option<f64> {
        (self.operations > 0 && !cpu.is_zero()).then(|| microseconds(cpu) / self.operations as f64)
    }
}

/// Three digits, no more.
pub(crate) fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 99.95 => format!("{value:.0}"),
        size if size >= 9.995 => format!("{value:.1}"),
        0.0 => "0".to_owned(),
        _ => format!("{value:.2}"),
    }
}

/// A time of microseconds with its unit.
fn time(value: f64) -> String {
    match value {
        value if value >= 1e6 => format!("{} s", number(value / 1e6)),
        value if value >= 1e3 => format!("{} ms", number(value / 1e3)),
        _ => format!("{} µs", number(value)),
    }
}

fn mebibytes(bytes: u64) -> String {
    number(bytes as f64 / MEBIBYTE)
}

/// What the terminal shows of a row when it is found.
pub(crate) fn line(row: &Row) -> String {
    let figures = &row.figures;
    let mut text = format!("{:<20} {:<28} {:<9}", row.scenario, row.case, row.side.to_string());
    if let Some(throughput) = figures.throughput() {
        let _ = write!(text, " {:>8}/s", number(throughput));
    }
    if figures.latency.count() > 0 {
        let at = |part| time(figures.latency.quantile(part) as f64);
        let _ = write!(text, "  p50 {:>8} p99 {:>8}", at(0.5), at(0.99));
    }
    if let Some(cpu) = figures.cpu_per_operation(figures.cpu()) {
        let _ = write!(text, "  server {:>8}", time(cpu));
    }
    if let Some(cpu) = figures.cpu_per_operation(figures.client_cpu) {
        let _ = write!(text, " client {:>8}", time(cpu));
    }
    if !figures.memory.is_empty() {
        let _ = write!(text, "  {} MiB", mebibytes(figures.whole_memory().rss));
    }
    for (name, value) in &figures.named {
        let _ = write!(text, "  {name} {}", number(*value));
    }
    if figures.refused + figures.failed > 0 {
        let _ = write!(text, "  ({} refused, {} failed)", figures.refused, figures.failed);
    }
    text
}

fn cases(rows: &[Row]) -> Vec<Case<'_>> {
    let mut cases: Vec<Case<'_>> = Vec::new();
    for row in rows {
        let known = cases.iter().position(|case| case.scenario == row.scenario && case.case == row.case);
        let index = known.unwrap_or_else(|| {
            cases.push(Case { scenario: row.scenario, case: &row.case, sides: BTreeMap::new() });
            cases.len() - 1
        });
        cases[index].sides.entry(row.side).or_default().add(&row.figures);
    }
    cases
}

/// How often upstream needs what Sagong needs, where less is better.
fn ratio(case: &Case<'_>, figure: impl Fn(&Figures) -> Option<f64>) -> Option<f64> {
    let of = |side| figure(&case.sides.get(&side)?.figures);
    let (upstream, sagong) = (of(Side::Upstream)?, of(Side::Sagong)?);
    (sagong > 0.0).then(|| upstream / sagong)
}

fn cell(text: Option<String>) -> String {
    text.unwrap_or_else(|| "–".to_owned())
}

fn times(ratio: Option<f64>) -> String {
    cell(ratio.map(|ratio| format!("{}x", number(ratio))))
}

fn latencies(figures: &Figures) -> Option<String> {
    let at = |part| time(figures.latency.quantile(part) as f64);
    (figures.latency.count() > 0).then(|| format!("{} / {} / {}", at(0.5), at(0.9), at(0.99)))
}

/// Both sides' cells of one figure.
fn both(case: &Case<'_>, figure: impl Fn(&Figures) -> Option<String>) -> String {
    let of = |side| cell(case.sides.get(&side).and_then(|merged| figure(&merged.figures)));
    match (of(Side::Sagong), of(Side::Upstream)) {
        (sagong, upstream) if sagong == "–" && upstream == "–" => sagong,
        (sagong, upstream) => format!("{sagong} · {upstream}"),
    }
}

/// The tables in Markdown: a section per scenario, in it what is counted in operations, then single numbers.
pub(crate) fn markdown(rows: &[Row], preamble: &str) -> String {
    let mut text = preamble.to_owned();
    let cases = cases(rows);
    for section in cases.chunk_by(|one, next| one.scenario == next.scenario) {
        let _ = write!(text, "\n## {}\n", section[0].scenario);
        table(&mut text, &HEADINGS, section.iter().filter(|case| case.has_operations()).map(operations));
        table(&mut text, &NUMBER_HEADINGS, section.iter().flat_map(numbers));
    }
    text
}

fn table<const COLUMNS: usize>(
    text: &mut String,
    headings: &[&str; COLUMNS],
    rows: impl Iterator<Item = [String; COLUMNS]>,
) {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return;
    }
    let _ = write!(text, "\n| {} |\n|{}\n", headings.join(" | "), "---|".repeat(COLUMNS));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
}

const HEADINGS: [&str; 7] =
    ["case", "CPU", "throughput", "p50", "per second", "p50 / p90 / p99", "server's CPU per operation"];
const NUMBER_HEADINGS: [&str; 4] = ["case", "ratio", "Sagong", "upstream"];

impl Case<'_> {
    fn has_operations(&self) -> bool {
        self.sides.values().any(|merged| merged.figures.operations > 0)
    }
}

fn operations(case: &Case<'_>) -> [String; HEADINGS.len()] {
    [
        case.case.to_owned(),
        times(ratio(case, |figures| figures.cpu_per_operation(figures.cpu()))),
        times(ratio(case, Figures::throughput).map(f64::recip)),
        times(ratio(case, |figures| (figures.latency.count() > 0).then(|| figures.latency.quantile(0.5) as f64))),
        both(case, |figures| figures.throughput().map(number)),
        both(case, latencies),
        both(case, |figures| figures.cpu_per_operation(figures.cpu()).map(time)),
    ]
}

/// Memory and whatever else a scenario found.
fn numbers(case: &Case<'_>) -> Vec<[String; NUMBER_HEADINGS.len()]> {
    let row = |label: &str, value: &dyn Fn(&Figures) -> Option<f64>| {
        let cell = |side| cell(case.sides.get(&side).and_then(|merged| value(&merged.figures)).map(number));
        let label = format!("{}: {}", case.case, label.replace('_', " "));
        [label, times(ratio(case, value)), cell(Side::Sagong), cell(Side::Upstream)]
    };
    let names: BTreeSet<&String> = case.sides.values().flat_map(|merged| merged.figures.named.keys()).collect();
    let memory = case.sides.values().any(|merged| !merged.figures.memory.is_empty());
    let rss = |figures: &Figures| Some(figures.whole_memory().rss as f64 / MEBIBYTE).filter(|size| *size > 0.0);
    let memory = memory.then(|| row("RSS in mebibytes", &rss));
    let named = names.into_iter().map(|name| row(name, &|figures: &Figures| figures.named.get(name).copied()));
    memory.into_iter().chain(named).collect()
}

const MEBIBYTE: f64 = 1_048_576.0;

fn figures_json(figures: &Figures) -> Value {
    let latency = &figures.latency;
    let cpu: BTreeMap<_, _> = figures.server_cpu.iter().map(|(name, cpu)| (name, microseconds(*cpu))).collect();
    json!({
        "operations": figures.operations,
        "seconds": figures.elapsed.as_secs_f64(),
        "perSecond": figures.throughput(),
        "latencyMicroseconds": (latency.count() > 0).then(|| json!({
            "count": latency.count(), "p50": latency.quantile(0.5), "p90": latency.quantile(0.9),
            "p99": latency.quantile(0.99), "longest": latency.longest(),
        })),
        "serverCpuMicrosecondsPerOperation": figures.cpu_per_operation(figures.cpu()),
        "serverCpuMicroseconds": cpu,
        "clientCpuMicrosecondsPerOperation": figures.cpu_per_operation(figures.client_cpu),
        "memoryBytes": figures.memory,
        "refused": figures.refused,
        "failed": figures.failed,
        "named": figures.named,
    })
}

/// Every row as it was found, beside what it was found on.
pub(crate) fn json(rows: &[Row], machine: &BTreeMap<&'static str, String>) -> Value {
    let rows: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "scenario": row.scenario, "case": row.case, "side": row.side, "figures": figures_json(&row.figures)
            })
        })
        .collect();
    json!({"machine": machine, "rows": rows})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(side: Side, operations: u64, cpu_milliseconds: u64) -> Row {
        let figures = Figures {
            operations,
            elapsed: Duration::from_secs(1),
            server_cpu: [("server", Duration::from_millis(cpu_milliseconds))].into(),
            ..Figures::default()
        };
        Row { scenario: "get", case: "16 clients".to_owned(), side, figures }
    }

    #[test]
    fn rounds_are_taken_together_and_compared() {
        let rows = [
            row(Side::Upstream, 1000, 1000),
            row(Side::Sagong, 9000, 400),
            row(Side::Sagong, 11000, 600),
            row(Side::Upstream, 1000, 1000),
        ];
        let cases = cases(&rows);
        assert_eq!(cases.len(), 1);
        // A millisecond against 50 microseconds.
        assert_eq!(times(ratio(&cases[0], |figures| figures.cpu_per_operation(figures.cpu()))), "20.0x");
        assert_eq!(both(&cases[0], |figures| figures.throughput().map(number)), "10000 · 1000");
    }

    #[test]
    fn a_side_that_was_not_measured_leaves_a_dash() {
        let text = markdown(&[row(Side::Sagong, 100, 100)], "");
        assert!(text.contains("| 16 clients | – | – | – | 100 · – | – | 1.00 ms · – |"), "{text}");
    }

    #[test]
    fn numbers_have_three_digits() {
        assert_eq!([1234.5, 123.45, 12.345, 1.2345, 0.0].map(number), ["1234", "123", "12.3", "1.23", "0"]);
        assert_eq!(time(2_950.0), "2.95 ms");
    }
}
