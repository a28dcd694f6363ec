//! Runs upstream's suite and tells how it goes.

use std::{
    io::{BufRead, BufReader, Write},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};

use super::{
    interrupts::Interrupts,
    specs::{Spec, expression},
    subject::Subject,
};

use crate::{images::binaries, tools};

/// How often logs of containers that may go away are looked for, and Sagong is looked after.
const LOOK_PERIOD: Duration = Duration::from_millis(500);
/// What Ginkgo gets once it is to end: one interrupt ends specs, the second one what they tidy up, the third all.
const INTERRUPT_PERIOD: Duration = Duration::from_secs(4);
const INTERRUPTS: u32 = 3;

/// One call of Ginkgo.
pub(super) struct Run<'a> {
    pub(super) specs: &'a [Spec],
    pub(super) processes: usize,
    pub(super) nodes: usize,
    pub(super) timeout: &'a str,
    /// Where its output and report go.
    pub(super) folder: &'a Path,
    /// Where logs of containers are kept.
    pub(super) container_logs: &'a Path,
}

/// Runs the specs; the report is in the folder afterwards.
pub(super) fn run(run: &Run<'_>, subject: &mut dyn Subject, interrupts: &Interrupts) -> anyhow::Result<PathBuf> {
    std::fs::create_dir_all(run.folder)?;
    let report = run.folder.join("report.json");
    let mut ginkgo = subject.cluster().in_laboratory(&binaries::program("ginkgo")?);
    ginkgo.args(["--no-color", "-v", "--keep-going", "--json-report=report.json"]);
    ginkgo.arg(format!("--procs={}", run.processes)).arg(format!("--timeout={}", run.timeout));
    ginkgo.arg(format!("--focus={}", expression(run.specs)));
    ginkgo.arg(format!("--output-dir={}", run.folder.display())).arg(binaries::program("e2e.test")?).arg("--");
    ginkgo.arg(format!("--kubeconfig={}", subject.cluster().kubeconfig().display()));
    ginkgo.arg(format!("--kubectl-path={}", tools::kubectl()?.display()));
    ginkgo.arg(format!("--num-nodes={}", run.nodes));
    ginkgo.args(["--provider=skeleton", "--disable-log-dump", "--dump-logs-on-failure=true"]);
    ginkgo.current_dir(run.folder).env("KUBECONFIG", subject.cluster().kubeconfig());
    ginkgo.stdout(Stdio::piped()).stderr(std::fs::File::create(run.folder.join("ginkgo.err"))?);
    // Not the terminal's but this harness's signals reach it, which come by other ways too.
    let mut child = ginkgo.process_group(0).spawn().context("cannot start ginkgo")?;
    let output = child.stdout.take().context("ginkgo has no output")?;
    let (log, total) = (run.folder.join("ginkgo.log"), run.specs.len());
    let is_serial = run.processes == 1;
    let progress = std::thread::spawn(move || follow(output, &log, total, is_serial));
    let mut stopping = Stopping::default();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if interrupts.have_come() {
            stopping.go_on(&child)?;
        } else {
            subject.revive()?;
        }
        keep_container_logs(&subject.container_logs(), run.container_logs);
        std::thread::sleep(LOOK_PERIOD);
    };
    let _ = progress.join();
    explain(status, &report, run.folder)?;
    Ok(report)
}

/// How far Ginkgo was asked to end.
#[derive(Default)]
struct Stopping {
    asked: u32,
    last: Option<Instant>,
}

impl Stopping {
    /// Asks once more when it had its time; in the end it is killed.
    fn go_on(&mut self, ginkgo: &Child) -> anyhow::Result<()> {
        if self.last.is_some_and(|last| last.elapsed() < INTERRUPT_PERIOD) {
            return Ok(());
        }
        let signal = if self.asked < INTERRUPTS { "-INT" } else { "-KILL" };
        (self.asked, self.last) = (self.asked + 1, Some(Instant::now()));
        testkit::command::output(std::process::Command::new("kill").args([signal, "--", &format!("-{}", ginkgo.id())]))
            .map(drop)
    }
}

/// Ginkgo ends with an error when a spec fails: only a missing report is one of ours.
fn explain(status: ExitStatus, report: &Path, folder: &Path) -> anyhow::Result<()> {
    let last = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
    ensure!(
        report.exists(),
        "ginkgo ended with {status} and left no report: {}",
        last("ginkgo.err").lines().chain(last("ginkgo.log").lines().rev().take(20)).collect::<Vec<_>>().join("\n")
    );
    Ok(())
}

/// What one line of the output says of the end of a spec: its result and seconds.
fn ending(line: &str) -> Option<(&'static str, &str)> {
    let rest = line.strip_prefix("• ").or_else(|| line.strip_prefix("S "))?;
    let known =
        [("[FAILED] ", "FAILED"), ("[PANICKED] ", "FAILED"), ("[TIMEDOUT] ", "FAILED"), ("[SKIPPED] ", "skipped")];
    let (result, rest) = known
        .iter()
        .find_map(|(mark, result)| rest.strip_prefix(mark).map(|rest| (*result, rest)))
        .unwrap_or(("passed", rest));
    rest.strip_prefix('[')?.split(" seconds]").next().map(|seconds| (result, seconds))
}

/// Copies Ginkgo's output to a file, and prints a line for each spec that ends.
///
/// With several processes a spec's name follows the line of its end; with one it stands before.
fn follow(output: impl std::io::Read, log: &Path, total: usize, is_serial: bool) {
    let Ok(mut file) = std::fs::File::create(log) else { return };
    let started = Instant::now();
    let (mut ended, mut failed) = (0, 0);
    let mut names = Names { is_serial, ..Names::default() };
    for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
        let _ = file.write_all(&line).and_then(|()| file.write_all(b"\n"));
        if let Some((result, seconds, name)) = names.next(&String::from_utf8_lossy(&line)) {
            ended += 1;
            failed += usize::from(result == "FAILED");
            let minutes = started.elapsed().as_secs() / 60;
            println!("[{ended}/{total}, {failed} failed, {minutes} min] {result} {seconds:>6} s  {name}");
        }
    }
}

/// Finds the names of the specs that end.
#[derive(Default)]
struct Names {
    is_serial: bool,
    /// The spec that runs, with one process.
    running: String,
    /// The spec whose name must follow.
    ended: Option<(&'static str, String)>,
}

impl Names {
    /// Result, seconds and name of the spec whose end is complete with this line.
    fn next(&mut self, line: &str) -> Option<(&'static str, String, String)> {
        let name = || line.trim().split(" [Conformance]").next().unwrap_or_default().to_owned();
        if let Some((result, seconds)) = self.ended.take() {
            return Some((result, seconds, name()));
        }
        if let Some((result, seconds)) = ending(line) {
            if self.is_serial {
                return Some((result, seconds.to_owned(), self.running.clone()));
            }
            self.ended = Some((result, seconds.to_owned()));
        } else if line.starts_with("[sig-") {
            self.running = name();
        }
        None
    }
}

/// Links the logs of containers elsewhere, so that they outlive their pods.
fn keep_container_logs(sources: &[PathBuf], target: &Path) {
    for pod in sources.iter().flat_map(|source| std::fs::read_dir(source).into_iter().flatten().flatten()) {
        for container in std::fs::read_dir(pod.path()).into_iter().flatten().flatten() {
            let folder = target.join(pod.file_name()).join(container.file_name());
            for log in std::fs::read_dir(container.path()).into_iter().flatten().flatten() {
                let kept = folder.join(log.file_name());
                if !kept.exists() && std::fs::create_dir_all(&folder).is_ok() {
                    let _ = std::fs::hard_link(log.path(), kept);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_specs_are_recognized() {
        assert_eq!(ending("• [4.053 seconds]"), Some(("passed", "4.053")));
        assert_eq!(ending("• [FAILED] [60.010 seconds]"), Some(("FAILED", "60.010")));
        assert_eq!(ending("S [SKIPPED] [0.002 seconds]"), Some(("skipped", "0.002")));
        assert_eq!(ending("  • a list"), None);
        assert_eq!(ending("STEP: x"), None);
    }

    #[test]
    fn names_come_after_the_end_with_several_processes_and_before_with_one() {
        let names = |is_serial: bool, text: &str| -> Vec<(&'static str, String, String)> {
            let mut names = Names { is_serial, ..Names::default() };
            text.lines().filter_map(|line| names.next(line)).collect()
        };
        let expected = [("passed", "1.5".to_owned(), "[sig-node] Pods should run".to_owned())];
        assert_eq!(
            names(false, "--\n• [1.5 seconds]\n[sig-node] Pods should run [Conformance]\nfile.go:1\n"),
            expected
        );
        assert_eq!(
            names(true, "--\n[sig-node] Pods should run [Conformance]\nfile.go:1\n• [1.5 seconds]\n--\n"),
            expected
        );
    }
}
