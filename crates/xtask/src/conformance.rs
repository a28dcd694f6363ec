//! Upstream's conformance suite against Sagong, on a fresh cluster in namespaces of this machine.
//!
//! ```text
//! cargo xtask conformance                          # everything
//! cargo xtask conformance --sig node --no-serial   # one special interest group
//! cargo xtask conformance --focus 'Probing' --repeat 5
//! cargo xtask conformance report                   # where we stand
//! ```
//!
//! `conformance/README.md` tells what is needed and how results are read. Start reading at `run_suite`.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use anyhow::{Context, bail};

mod ginkgo;
pub(crate) mod ledger;
mod report;
mod results;
mod specs;

use ledger::Ledger;
use results::Outcome;
use specs::{Selection, Spec};

use testkit::{Cluster, Setup};

use crate::images;

/// Where the suite's images are served, a mirror of all registries.
const REGISTRY_PORT: u16 = 5000;
/// Where runs leave what they found.
const RUNS: &str = "target/conformance";

/// Options of `conformance`.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    options: Options,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Print a table by special interest group, and what changed since the last commit.
    Report,
    /// Start a cluster alone, for trying things by hand; it stays until Enter is pressed.
    Cluster(ClusterOptions),
}

/// What the cluster is made of.
#[derive(clap::Args)]
struct ClusterOptions {
    /// How many nodes the cluster has.
    #[arg(long, default_value_t = 2)]
    nodes: usize,
    /// How much Sagong logs.
    #[arg(long, default_value = "info")]
    log: String,
    /// Use this program instead of building one.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Import this archive instead of the suite's images.
    #[arg(long, value_name = "FILE")]
    images: Option<PathBuf>,
}

#[derive(clap::Args)]
struct Options {
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    cluster: ClusterOptions,
    /// How many specs run at once; those that must run alone do.
    #[arg(long, default_value_t = 8)]
    procs: usize,
    /// How often to run each spec; one that does not always pass counts as failed.
    #[arg(long, default_value_t = 1)]
    repeat: u32,
    /// When to give up.
    #[arg(long, default_value = "3h")]
    timeout: String,
    /// Leave the cluster up after the specs until Enter is pressed.
    #[arg(long)]
    keep: bool,
    /// Do not write the ledger.
    #[arg(long)]
    no_ledger: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    match &arguments.action {
        Some(Action::Report) => report::print(),
        Some(Action::Cluster(options)) => run_cluster(options)?,
        None => run_suite(&arguments.options)?,
    }
    Ok(())
}

impl ClusterOptions {
    /// The program and the archive of images, built where none is given.
    fn parts(&self) -> anyhow::Result<(PathBuf, PathBuf)> {
        if !rustix::process::geteuid().is_root() {
            bail!("nodes need root: run it as root");
        }
        let images = self.images.clone().map_or_else(images::ensure, Ok)?;
        let binary = self.binary.clone().map_or_else(build, Ok)?;
        let absolute =
            |path: &Path| std::fs::canonicalize(path).with_context(|| format!("cannot find {}", path.display()));
        Ok((absolute(&binary)?, absolute(&images)?))
    }

    fn start(&self, folder: &Path, (binary, images): &(PathBuf, PathBuf)) -> anyhow::Result<Cluster> {
        let started = Instant::now();
        let mut laboratory = vec![std::env::current_exe()?.into_os_string()];
        let registry = format!("0.0.0.0:{REGISTRY_PORT}");
        laboratory.extend(["images", "serve", &registry, "--name-server", "0.0.0.0"].map(Into::into));
        let cluster = Cluster::start(&Setup {
            work: &folder.join("cluster"),
            binary,
            images: Some(images),
            nodes: self.nodes,
            log: &self.log,
            laboratory,
            registry_port: Some(REGISTRY_PORT),
        })?;
        println!("a cluster of {} nodes is there after {:.1} s", self.nodes, started.elapsed().as_secs_f64());
        Ok(cluster)
    }
}

fn run_cluster(options: &ClusterOptions) -> anyhow::Result<()> {
    let parts = options.parts()?;
    let _interrupted = note_interrupts()?;
    let cluster = options.start(&new_folder()?, &parts)?;
    wait_for_enter(&cluster)
}

fn wait_for_enter(cluster: &Cluster) -> anyhow::Result<()> {
    println!("the cluster stays until Enter is pressed:\n{}", cluster.entrances());
    std::io::stdin().read_line(&mut String::new())?;
    Ok(())
}

/// The release build of Sagong.
fn build() -> anyhow::Result<PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    let status = cargo.args(["build", "--quiet", "--release", "--package", "sagong"]).status()?;
    if !status.success() {
        bail!("sagong does not build");
    }
    let host = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    Ok(target.join(host).join("release/sagong"))
}

/// Takes note of Ctrl-C instead of dying of it, so that results are written and the cluster is taken down.
fn note_interrupts() -> anyhow::Result<Arc<AtomicBool>> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let noted = interrupted.clone();
    std::thread::spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        while runtime.block_on(tokio::signal::ctrl_c()).is_ok() {
            noted.store(true, Ordering::Relaxed);
        }
    });
    Ok(interrupted)
}

fn run_suite(options: &Options) -> anyhow::Result<()> {
    let mut ledger = Ledger::read();
    let specs = options.selection.select(|name| ledger.result(name))?;
    images::binaries::build(images::binaries::OF_SUITE)?;
    let parts = options.cluster.parts()?;
    let commit = ledger::commit()?;
    let interrupted = note_interrupts()?;
    let folder = new_folder()?;
    let mut all = Vec::new();
    for round in 1..=options.repeat {
        if options.repeat > 1 {
            println!("round {round} of {}", options.repeat);
        }
        let folder = folder.join(if options.repeat > 1 { format!("round-{round}") } else { String::new() });
        let outcomes = run_round(options, &specs, &folder, &parts, &interrupted)?;
        all.push(outcomes);
        if interrupted.load(Ordering::Relaxed) {
            break;
        }
    }
    let outcomes = worst(all);
    if !options.no_ledger {
        ledger.update(&outcomes, &commit);
        ledger.write()?;
    }
    summarize(&specs, &outcomes, &folder);
    Ok(())
}

/// A folder for this run, which `latest` points to.
fn new_folder() -> anyhow::Result<PathBuf> {
    let name = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%S").to_string();
    let folder = std::path::absolute(Path::new(RUNS).join(&name))?;
    std::fs::create_dir_all(&folder)?;
    let latest = Path::new(RUNS).join("latest");
    let _ = std::fs::remove_file(&latest);
    std::os::unix::fs::symlink(&name, latest)?;
    Ok(folder)
}

/// Runs the specs once on a cluster of their own.
fn run_round(
    options: &Options,
    specs: &[Spec],
    folder: &Path,
    parts: &(PathBuf, PathBuf),
    interrupted: &Arc<AtomicBool>,
) -> anyhow::Result<Vec<Outcome>> {
    let mut cluster = options.cluster.start(folder, parts)?;
    let (serial, parallel): (Vec<Spec>, Vec<Spec>) = specs.iter().cloned().partition(Spec::is_serial);
    let container_logs = folder.join("container-logs");
    let mut outcomes = Vec::new();
    for (name, specs, processes) in [("parallel", parallel, options.procs), ("serial", serial, 1)] {
        if specs.is_empty() || interrupted.load(Ordering::Relaxed) {
            continue;
        }
        println!("{} specs, {processes} at once", specs.len());
        let run = ginkgo::Run {
            specs: &specs,
            processes: processes.min(specs.len()),
            nodes: options.cluster.nodes,
            timeout: &options.timeout,
            folder: &folder.join(name),
            container_logs: &container_logs,
        };
        let report = ginkgo::run(&run, &mut cluster, interrupted)?;
        outcomes.extend(results::collect(&report, &folder.join("failed"), &cluster.logs(), &container_logs)?);
    }
    if cluster.crashes > 0 {
        println!("Sagong ended by itself {} times", cluster.crashes);
    }
    let _ = std::fs::remove_dir_all(&container_logs);
    for (name, log) in cluster.logs() {
        std::fs::copy(log, folder.join(format!("{name}.log")))?;
    }
    if options.keep {
        wait_for_enter(&cluster)?;
    }
    Ok(outcomes)
}

/// Of several runs of a spec the one that counts: the first that did not pass.
fn worst(rounds: Vec<Vec<Outcome>>) -> Vec<Outcome> {
    let mut by_name = std::collections::BTreeMap::<String, Outcome>::new();
    for outcome in rounds.into_iter().flatten() {
        match by_name.get(&outcome.name) {
            Some(have) if have.result != "passed" || outcome.result == "passed" => {}
            _ => drop(by_name.insert(outcome.name.clone(), outcome)),
        }
    }
    by_name.into_values().collect()
}

fn summarize(specs: &[Spec], outcomes: &[Outcome], folder: &Path) {
    let failed: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.result != "passed").collect();
    if !failed.is_empty() {
        println!("\nfailed:");
    }
    for outcome in &failed {
        println!("  {} ({}, {} s)\n      {}", outcome.name, outcome.result, outcome.seconds, outcome.message);
    }
    println!(
        "\n{} of {} specs passed, {} failed, {} did not run; logs: {}",
        outcomes.len() - failed.len(),
        specs.len(),
        failed.len(),
        specs.len().saturating_sub(outcomes.len()),
        folder.join("failed").display()
    );
}
