//! What Ginkgo says of a run, and what is kept of the specs that failed.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;
use jiff::Timestamp;
use serde::Deserialize;

/// Longest name of a folder that is made of a spec's name.
const FOLDER_NAME_LIMIT: usize = 120;
/// What happened just before a spec may explain it; ends are late too.
const WINDOW_MARGIN: jiff::SignedDuration = jiff::SignedDuration::from_millis(500);

/// How one spec ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Outcome {
    pub(super) name: String,
    /// Ginkgo's word: passed, failed, timedout, panicked, interrupted, skipped.
    pub(super) result: String,
    pub(super) seconds: f64,
    /// The first lines of the failure.
    pub(super) message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Suite {
    spec_reports: Option<Vec<SpecReport>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SpecReport {
    container_hierarchy_texts: Option<Vec<String>>,
    leaf_node_text: String,
    leaf_node_type: String,
    state: String,
    start_time: String,
    end_time: String,
    run_time: f64,
    #[serde(default)]
    failure: Failure,
    #[serde(default)]
    captured_ginkgo_writer_output: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Failure {
    message: String,
    forwarded_panic: String,
    location: Location,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Location {
    file_name: String,
    line_number: i64,
    full_stack_trace: String,
}

impl SpecReport {
    fn name(&self) -> String {
        let texts = self.container_hierarchy_texts.iter().flatten().map(String::as_str);
        texts.chain([self.leaf_node_text.as_str()]).collect::<Vec<_>>().join(" ")
    }

    /// Ginkgo calls unselected specs skipped as well; those that skip themselves say why.
    fn has_run(&self) -> bool {
        let is_skipped = matches!(self.state.as_str(), "skipped" | "pending");
        self.leaf_node_type == "It" && (!is_skipped || !self.failure.message.is_empty())
    }

    fn outcome(&self) -> Outcome {
        let lines = self.failure.message.lines().map(str::trim).filter(|line| !line.is_empty());
        Outcome {
            name: self.name(),
            result: self.state.clone(),
            seconds: (self.run_time / 1e8).round() / 10.0,
            message: lines.take(4).collect::<Vec<_>>().join(" / "),
        }
    }
}

/// Reads Ginkgo's report; keeps a folder below `folder` for each spec that failed, with its part of the logs.
pub(super) fn collect(
    report: &Path,
    folder: &Path,
    logs: &[(String, PathBuf)],
    container_logs: &Path,
) -> anyhow::Result<Vec<Outcome>> {
    let text = std::fs::read(report).with_context(|| format!("Ginkgo left no report in {}", report.display()))?;
    let suites: Vec<Suite> = serde_json::from_slice(&text).context("Ginkgo's report has another form")?;
    let mut outcomes = BTreeMap::new();
    for spec in suites.iter().flat_map(|suite| suite.spec_reports.iter().flatten()).filter(|spec| spec.has_run()) {
        let outcome = spec.outcome();
        if outcome.result != "passed" {
            keep(spec, &folder.join(folder_name(&outcome.name)), logs, container_logs)?;
        }
        outcomes.insert(outcome.name.clone(), outcome);
    }
    Ok(outcomes.into_values().collect())
}

/// A spec's name as the name of a folder.
pub(super) fn folder_name(spec: &str) -> String {
    let mut name = String::new();
    for letter in spec.chars() {
        match letter {
            letter if letter.is_ascii_alphanumeric() || letter == '.' => name.push(letter.to_ascii_lowercase()),
            _ if !name.is_empty() && !name.ends_with('-') => name.push('-'),
            _ => {}
        }
    }
    name.truncate(FOLDER_NAME_LIMIT);
    name.trim_end_matches('-').to_owned()
}

fn keep(spec: &SpecReport, folder: &Path, logs: &[(String, PathBuf)], container_logs: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    let output = &spec.captured_ginkgo_writer_output;
    let mut text = BufWriter::new(File::create(folder.join("output.txt"))?);
    writeln!(
        text,
        "{}\n{} after {:.1} s, {} to {}\n",
        spec.name(),
        spec.state,
        spec.run_time / 1e9,
        spec.start_time,
        spec.end_time
    )?;
    let location = &spec.failure.location;
    writeln!(text, "{}\n{}", spec.failure.message, spec.failure.forwarded_panic)?;
    writeln!(text, "{}:{}\n{}\n\n{output}", location.file_name, location.line_number, location.full_stack_trace)?;
    text.flush()?;
    let (start, end) = (spec.start_time.parse::<Timestamp>()?, spec.end_time.parse::<Timestamp>()?);
    for (name, log) in logs {
        let mut out = BufWriter::new(File::create(folder.join(format!("{name}.log")))?);
        cut(log, start, end, &mut out)?;
        out.flush()?;
    }
    // Folders are called NAMESPACE_POD_UID, and a spec's namespaces stand in its output.
    for pod in std::fs::read_dir(container_logs).into_iter().flatten().flatten() {
        let name = pod.file_name().to_string_lossy().into_owned();
        let namespace = name.split('_').next().unwrap_or_default();
        if namespace.rsplit('-').next().is_some_and(|end| end.parse::<u32>().is_ok()) && output.contains(namespace) {
            copy_files(&pod.path(), &folder.join("containers").join(&name))?;
        }
    }
    Ok(())
}

/// Copies the files of a folder and of those below.
fn copy_files(source: &Path, target: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(target)?;
    for entry in std::fs::read_dir(source)?.flatten() {
        let to = target.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy_files(&entry.path(), &to)?,
            false => drop(std::fs::copy(entry.path(), to)?),
        }
    }
    Ok(())
}

/// When a line of a log was written: Sagong's own form, or one of upstream's components, which leave out the year,
/// name the field or write JSON.
fn time_of(line: &str, year: i16) -> Option<Timestamp> {
    let first = line.split(' ').next()?;
    let quoted = |mark: &str| line.split_once(mark)?.1.split('"').next();
    if let Some(time) =
        [Some(first), quoted("time=\""), quoted("\"ts\":\"")].into_iter().flatten().find_map(|text| text.parse().ok())
    {
        return Some(time);
    }
    let (month, day) = first.get(1..5).filter(|_| first.len() == 5)?.split_at_checked(2)?;
    format!("{year}-{month}-{day}T{}Z", line.split(' ').nth(1)?).parse().ok()
}

/// The lines of a log between two times, with those that belong to them.
fn cut(log: &Path, start: Timestamp, end: Timestamp, out: &mut impl Write) -> anyhow::Result<()> {
    let (start, end) = (start - WINDOW_MARGIN, end + WINDOW_MARGIN);
    let Ok(file) = File::open(log) else { return Ok(()) };
    let year = start.to_zoned(jiff::tz::TimeZone::UTC).year();
    let mut inside = false;
    for line in BufReader::new(file).split(b'\n') {
        let line = line?;
        if let Some(time) = time_of(&String::from_utf8_lossy(&line), year) {
            inside = start <= time && time <= end;
        }
        if inside {
            out.write_all(&line)?;
            out.write_all(b"\n")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = r#"[{"SpecReports": [
      {"ContainerHierarchyTexts": ["[sig-node] Pods"], "LeafNodeText": "should run [Conformance]", "LeafNodeType": "It",
       "State": "failed", "StartTime": "2026-01-01T00:00:01Z", "EndTime": "2026-01-01T01:00:03+01:00", "RunTime": 2040000000,
       "Failure": {"Message": "expected\n\n   true", "Location": {"FileName": "a.go", "LineNumber": 3}},
       "CapturedGinkgoWriterOutput": "in namespace pods-123"},
      {"ContainerHierarchyTexts": ["[sig-node] Pods"], "LeafNodeText": "was not meant", "LeafNodeType": "It",
       "State": "skipped", "StartTime": "0001-01-01T00:00:00Z", "EndTime": "0001-01-01T00:00:00Z", "RunTime": 0},
      {"ContainerHierarchyTexts": null, "LeafNodeText": "", "LeafNodeType": "SynchronizedBeforeSuite",
       "State": "passed", "StartTime": "2026-01-01T00:00:00Z", "EndTime": "2026-01-01T00:00:00Z", "RunTime": 5}]}]"#;

    #[test]
    fn times_of_all_logs_are_understood() {
        let expected = "2026-11-28T18:14:56.041425Z".parse::<Timestamp>().unwrap();
        for line in [
            "2026-11-28T18:14:56.041425Z  INFO client: started",
            "I1128 18:14:56.041425      20 wait.go:53] Waiting",
            "time=\"2026-11-28T18:14:56.041425Z\" level=info msg=\"x\"",
            "{\"level\":\"info\",\"ts\":\"2026-11-28T18:14:56.041425Z\",\"msg\":\"x\"}",
        ] {
            assert_eq!(time_of(line, 2026), Some(expected), "{line}");
        }
        for line in ["", "  more", "goroutine 12 [running]:", "panic"] {
            assert_eq!(time_of(line, 2026), None, "{line}");
        }
    }

    #[test]
    fn a_failed_spec_keeps_its_part_of_the_logs() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("report.json"), REPORT).unwrap();
        let log = "2026-01-01T00:00:00.100Z INFO before\n2026-01-01T00:00:02Z WARN during\n  more\n\
            2026-01-01T00:00:09Z INFO after\n";
        std::fs::write(path("node1.log"), log).unwrap();
        for pod in ["pods-123_a_uid", "other-9_a_uid"] {
            std::fs::create_dir_all(path("kept").join(pod).join("main")).unwrap();
            std::fs::write(path("kept").join(pod).join("main/0.log"), "hello").unwrap();
        }

        let logs = [("node1".to_owned(), path("node1.log"))];
        let outcomes = collect(&path("report.json"), &path("failed"), &logs, &path("kept")).unwrap();
        let expected = Outcome {
            name: "[sig-node] Pods should run [Conformance]".to_owned(),
            result: "failed".to_owned(),
            seconds: 2.0,
            message: "expected / true".to_owned(),
        };
        assert_eq!(outcomes, [expected]);
        let failed = path("failed/sig-node-pods-should-run-conformance");
        let part = std::fs::read_to_string(failed.join("node1.log")).unwrap();
        assert_eq!(part, "2026-01-01T00:00:02Z WARN during\n  more\n");
        assert!(failed.join("containers/pods-123_a_uid/main/0.log").exists());
        assert!(!failed.join("containers/other-9_a_uid").exists());
    }
}
