//! Runs upstream's suite and tells how it goes.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};

use super::specs::{Spec, expression};
use testkit::Cluster;

use crate::{images::binaries, tools};

/// How often logs of containers that may go away are looked for, and Sagong is looked after.
const LOOK_PERIOD: Duration = Duration::from_millis(500);

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

/// Runs the specs; the report is in the folder afterwards. `interrupted` says that the user has had enough.
pub(super) fn run(run: &Run<'_>, cluster: &mut Cluster, interrupted: &Arc<AtomicBool>) -> anyhow::Result<PathBuf> {
    std::fs::create_dir_all(run.folder)?;
    let report = run.folder.join("report.json");
    let mut ginkgo = cluster.in_laboratory(&binaries::program("ginkgo")?);
    ginkgo.args(["--no-color", "-v", "--keep-going", "--json-report=report.json"]);
    ginkgo.arg(format!("--procs={}", run.processes)).arg(format!("--timeout={}", run.timeout));
    ginkgo.arg(format!("--focus={}", expression(run.specs)));
    ginkgo.arg(format!("--output-dir={}", run.folder.display())).arg(binaries::program("e2e.test")?).arg("--");
    ginkgo.arg(format!("--kubeconfig={}", cluster.kubeconfig().display()));
    ginkgo.arg(format!("--kubectl-path={}", tools::kubectl()?.display()));
    ginkgo.arg(format!("--num-nodes={}", run.nodes));
    ginkgo.args(["--provider=skeleton", "--disable-log-dump", "--dump-logs-on-failure=true"]);
    ginkgo.current_dir(run.folder).env("KUBECONFIG", cluster.kubeconfig());
    ginkgo.stdout(Stdio::piped()).stderr(std::fs::File::create(run.folder.join("ginkgo.err"))?);
    let mut child = ginkgo.spawn().context("cannot start ginkgo")?;
    let output = child.stdout.take().context("ginkgo has no output")?;
    let (log, total) = (run.folder.join("ginkgo.log"), run.specs.len());
    let progress = std::thread::spawn(move || follow(output, &log, total));
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        // Ginkgo is interrupted by the terminal as well, and reports what it has.
        if !interrupted.load(Ordering::Relaxed) {
            cluster.revive()?;
        }
        keep_container_logs(&cluster.container_logs(), run.container_logs);
        std::thread::sleep(LOOK_PERIOD);
    };
    let _ = progress.join();
    explain(status, &report, run.folder)?;
    Ok(report)
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
fn follow(output: impl std::io::Read, log: &Path, total: usize) {
    let Ok(mut file) = std::fs::File::create(log) else { return };
    let started = Instant::now();
    let (mut ended, mut failed) = (0, 0);
    let mut current: Option<(&str, String)> = None;
    for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
        let _ = file.write_all(&line).and_then(|()| file.write_all(b"\n"));
        let line = String::from_utf8_lossy(&line);
        if let Some((result, seconds)) = current.take() {
            ended += 1;
            failed += usize::from(result == "FAILED");
            let minutes = started.elapsed().as_secs() / 60;
            let name = line.trim().split(" [Conformance]").next().unwrap_or_default();
            println!("[{ended}/{total}, {failed} failed, {minutes} min] {result} {seconds:>6} s  {name}");
        } else {
            current = ending(&line).map(|(result, seconds)| (result, seconds.to_owned()));
        }
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
}
