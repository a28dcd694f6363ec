//! Upstream's suite for container runtimes against ours, in namespaces of this machine.
//!
//! ```text
//! cargo xtask critest                        # our runtime
//! cargo xtask critest --against containerd   # the reference
//! cargo xtask critest --focus 'PodSandbox'
//! ```
//!
//! `conformance/critest.tsv` has the last results of both; a spec that it says passes, and that fails, fails the run.

use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use testkit::{Cluster, Setup, command::output};

use super::{
    REGISTRY_PORT, build,
    interrupts::Interrupts,
    new_folder,
    results::{self, Outcome},
};
use crate::{
    containerd::{self, Programs},
    images::{self, binaries, reference},
};

const TABLE: &str = "conformance/critest.tsv";
const HEADER: &str =
    "# The last result of each spec of critest, written by cargo xtask critest: spec, Sagong, containerd.\n";
const NOT_RUN: &str = "not run";
/// It pulls an image by a digest that only the published image has.
const IMPOSSIBLE: &str = "public image with digest should be pulled and removed";
/// Where Sagong's runtime takes calls, in the node.
const SOCKET: &str = "/run/cri.sock";
/// The addresses of pods.
const PODS: &str = "10.244.1.0/24";
/// How long a runtime may take to be there.
const START_LIMIT: Duration = Duration::from_secs(30);

/// Which runtime.
#[derive(Clone, Copy, Debug, PartialEq, clap::ValueEnum)]
enum Runtime {
    /// Ours.
    Sagong,
    /// The reference.
    Containerd,
}

/// Options of `critest`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Which runtime to judge.
    #[arg(long, value_enum, default_value = "sagong")]
    against: Runtime,
    /// Run specs whose name matches this regular expression.
    #[arg(long, value_name = "REGEX")]
    focus: Option<String>,
    /// Leave out specs whose name matches this regular expression.
    #[arg(long, value_name = "REGEX")]
    skip: Option<String>,
    /// Use this program instead of building one.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// How much Sagong logs.
    #[arg(long, default_value = "info")]
    log: String,
    /// Do not write the table of results.
    #[arg(long)]
    no_table: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    ensure!(rustix::process::geteuid().is_root(), "containers need root: run it as root");
    binaries::build(binaries::OF_CRITEST)?;
    let layout = images::critest::ensure()?;
    let binary = match arguments.against {
        Runtime::Sagong => std::fs::canonicalize(arguments.binary.clone().map_or_else(build, Ok)?)?,
        Runtime::Containerd => {
            binaries::build(binaries::OF_CONTAINERD)?;
            PathBuf::new()
        }
    };
    let interrupts = Interrupts::note()?;
    let folder = new_folder()?;
    let mut laboratory = vec![std::env::current_exe()?.into_os_string()];
    let registry = format!("0.0.0.0:{REGISTRY_PORT}");
    laboratory.extend(["images", "serve", &registry, "--name-server", "0.0.0.0", "--layout"].map(Into::into));
    laboratory.push(layout.into_os_string());
    let cluster = Cluster::prepare(&Setup {
        work: &folder.join("cluster"),
        binary: &binary,
        images: None,
        nodes: 1,
        log: &arguments.log,
        laboratory,
        registry_port: Some(REGISTRY_PORT),
    })?;
    let forward = "echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet";
    output(cluster.program_in_node(0, "sh").args(["-c", forward]))?;
    let (mut runtime, socket) = start(arguments, &cluster, &binary, &folder)?;
    let judged = judge(arguments, &cluster, socket, &folder, &interrupts);
    let _ = runtime.kill();
    let _ = runtime.wait();
    let outcomes = judged?;
    if interrupts.have_come() {
        bail!("interrupted");
    }
    let mut table = Table::read();
    let worse = table.put(arguments.against, &outcomes);
    if !arguments.no_table {
        table.write()?;
    }
    summarize(&outcomes, &folder);
    ensure!(worse.is_empty(), "{} that passed before did not:\n  {}", worse.len(), worse.join("\n  "));
    Ok(())
}

/// Starts the runtime in the node; its socket there.
fn start(
    arguments: &Arguments,
    cluster: &Cluster,
    binary: &Path,
    folder: &Path,
) -> anyhow::Result<(Child, &'static str)> {
    let (mut command, socket) = match arguments.against {
        Runtime::Sagong => {
            containerd::write_mirror(&cluster.node_root(0).join("opt/runtime/certs.d"), REGISTRY_PORT)?;
            let mut command = cluster.daemon(0, binary);
            command.args(["runtime", "--listen", SOCKET, "--data-dir", "/opt/runtime", "--pod-cidr", PODS]);
            command.args(["--log", &arguments.log]).env("NO_COLOR", "1");
            (command, SOCKET)
        }
        Runtime::Containerd => {
            let programs = Programs::new(reference::ensure()?)?;
            (programs.containerd(cluster, 0, PODS, Some(REGISTRY_PORT))?, containerd::SOCKET)
        }
    };
    let log = folder.join("runtime.log");
    let file = File::create(&log)?;
    let mut runtime = command.stdout(file.try_clone()?).stderr(file).spawn().context("cannot start the runtime")?;
    let end = Instant::now() + START_LIMIT;
    while output(cluster.program_in_node(0, "test").args(["-S", socket])).is_err() {
        if let Some(status) = runtime.try_wait()? {
            bail!("the runtime ended with {status}: {}", std::fs::read_to_string(&log).unwrap_or_default());
        }
        ensure!(Instant::now() < end, "the runtime is not there after {} s", START_LIMIT.as_secs());
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok((runtime, socket))
}

/// Runs the suite in the node.
fn judge(
    arguments: &Arguments,
    cluster: &Cluster,
    socket: &str,
    folder: &Path,
    interrupts: &Interrupts,
) -> anyhow::Result<Vec<Outcome>> {
    let report = folder.join("report.json");
    let mut critest: Command = cluster.program_in_node(0, &binaries::program("critest")?.to_string_lossy());
    critest.arg(format!("--runtime-endpoint=unix://{socket}"));
    critest.args(["--ginkgo.no-color", "--ginkgo.v"]).arg(format!("--ginkgo.json-report={}", report.display()));
    critest.arg(format!("--ginkgo.skip={IMPOSSIBLE}"));
    println!("left out, since the published image alone has its digest: {IMPOSSIBLE}");
    if let Some(focus) = &arguments.focus {
        critest.arg(format!("--ginkgo.focus={focus}"));
    }
    if let Some(skip) = &arguments.skip {
        critest.arg(format!("--ginkgo.skip={skip}"));
    }
    std::os::unix::process::CommandExt::process_group(&mut critest, 0);
    let log = File::create(folder.join("critest.log"))?;
    let mut child = critest.stdout(log.try_clone()?).stderr(Stdio::from(log)).spawn().context("critest")?;
    println!("critest runs; its output: {}", folder.join("critest.log").display());
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if interrupts.have_come() {
            let _ = output(Command::new("kill").args(["-KILL", "--", &format!("-{}", child.id())]));
            child.wait()?;
            return Ok(Vec::new());
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    ensure!(report.exists(), "critest ended with {status} and left no report: see {}/critest.log", folder.display());
    let logs = [("runtime".to_owned(), folder.join("runtime.log"))];
    results::collect(&report, &folder.join("failed"), &logs, &folder.join("no-container-logs"))
}

fn summarize(outcomes: &[Outcome], folder: &Path) {
    let count = |result: &str| outcomes.iter().filter(|outcome| outcome.result == result).count();
    for outcome in outcomes.iter().filter(|outcome| outcome.result != "passed") {
        println!("  {} ({}, {} s)\n      {}", outcome.name, outcome.result, outcome.seconds, outcome.message);
    }
    let (passed, skipped) = (count("passed"), count("skipped"));
    let failed = outcomes.len() - passed - skipped;
    let seconds: f64 = outcomes.iter().map(|outcome| outcome.seconds).sum();
    println!(
        "{passed} specs passed in {seconds:.0} s, {failed} failed, {skipped} skipped themselves; logs: {}",
        folder.join("failed").display()
    );
}

/// The results of both runtimes, by spec.
#[derive(Debug, Default, PartialEq)]
struct Table(BTreeMap<String, [String; 2]>);

impl Table {
    fn read() -> Table {
        Table::parse(&std::fs::read_to_string(TABLE).unwrap_or_default())
    }

    fn parse(text: &str) -> Table {
        let line = |line: &str| {
            let [name, sagong, containerd] = line.split('\t').collect::<Vec<_>>()[..] else { return None };
            Some((name.to_owned(), [sagong.to_owned(), containerd.to_owned()]))
        };
        Table(text.lines().filter(|line| !line.starts_with('#')).filter_map(line).collect())
    }

    /// Puts what was just run; the specs that passed before and did not now.
    fn put(&mut self, runtime: Runtime, outcomes: &[Outcome]) -> Vec<String> {
        let column = if runtime == Runtime::Sagong { 0 } else { 1 };
        let mut worse = Vec::new();
        for Outcome { name, result, .. } in outcomes {
            let row = self.0.entry(name.clone()).or_insert_with(|| [NOT_RUN, NOT_RUN].map(str::to_owned));
            if row[column] == "passed" && result != "passed" {
                worse.push(name.clone());
            }
            row[column].clone_from(result);
        }
        worse
    }

    fn text(&self) -> String {
        let line = |(name, [sagong, containerd]): (&String, &[String; 2])| format!("{name}\t{sagong}\t{containerd}\n");
        HEADER.to_owned() + &self.0.iter().map(line).collect::<String>()
    }

    fn write(&self) -> anyhow::Result<()> {
        std::fs::write(TABLE, self.text()).with_context(|| format!("cannot write {TABLE}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_keeps_both_runtimes_and_tells_what_broke() {
        let outcome = |name: &str, result: &str| Outcome {
            name: name.to_owned(),
            result: result.to_owned(),
            seconds: 1.0,
            message: String::new(),
        };
        let mut table = Table::default();
        assert!(table.put(Runtime::Sagong, &[outcome("a", "passed"), outcome("b", "failed")]).is_empty());
        assert!(table.put(Runtime::Containerd, &[outcome("a", "passed")]).is_empty());
        assert_eq!(Table::parse(&table.text()), table);
        assert_eq!(table.put(Runtime::Sagong, &[outcome("a", "failed"), outcome("b", "passed")]), ["a"]);
        assert_eq!(table.0["a"], ["failed", "passed"].map(str::to_owned));
        assert_eq!(table.0["b"], ["passed", NOT_RUN].map(str::to_owned));
    }
}
