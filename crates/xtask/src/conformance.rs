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
    time::Instant,
};

use anyhow::{Context, bail};

mod areas;
pub(crate) mod critest;
mod expectations;
mod ginkgo;
mod interrupts;
pub(crate) mod ledger;
mod report;
mod results;
mod specs;
mod subject;
mod upstream;

use expectations::Expectations;
use interrupts::Interrupts;
use ledger::Ledger;
use results::Outcome;
use specs::{Selection, Spec};
use subject::Subject;
use upstream::Upstream;

use testkit::{Cluster, Setup};

use crate::{ci, images};

/// Where the suite's images are served, a mirror of all registries.
const REGISTRY_PORT: u16 = 5000;
/// What a bisected spec's cluster logs: everything of Sagong, less of what only carries bytes.
const TRACE: &str = "trace,h2=info,hyper=info,hyper_util=info,rustls=info,tokio_util=info,tower=info,mio=info";
/// How many nodes a cluster has and how many specs run at once, when nobody says.
const NODES: usize = 2;
const PROCESSES: usize = 8;
/// When the gate gives up.
const GATE_TIMEOUT: &str = "15m";
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
    /// Make the last results the expected ones: passing.txt and failing.tsv, which every run is held against.
    Bless,
    /// Start a cluster alone, for trying things by hand; it stays until Enter is pressed.
    Cluster(ClusterOptions),
}

/// Whose components run in the cluster.
#[derive(Clone, Copy, Debug, PartialEq, clap::ValueEnum)]
enum Against {
    /// The program under test.
    Sagong,
    /// Upstream's own, to prove the harness and to compare.
    Upstream,
}

/// What the cluster is made of.
#[derive(clap::Args)]
struct ClusterOptions {
    /// Whose components run in it.
    #[arg(long, value_enum, default_value = "sagong")]
    against: Against,
    /// How many nodes the cluster has.
    #[arg(long, default_value_t = NODES)]
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
    #[arg(long, default_value_t = PROCESSES)]
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
    /// Rerun one spec, named by a part of its name, with everything traced and kept.
    #[arg(long, value_name = "SPEC", conflicts_with_all = ["Selection", "repeat", "log"])]
    bisect: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    match &arguments.action {
        Some(Action::Report) => report::print(),
        Some(Action::Bless) => expectations::bless()?,
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
        if self.against == Against::Upstream {
            return Ok((PathBuf::new(), std::fs::canonicalize(images)?));
        }
        let binary = self.binary.clone().map_or_else(build, Ok)?;
        let absolute =
            |path: &Path| std::fs::canonicalize(path).with_context(|| format!("cannot find {}", path.display()));
        Ok((absolute(&binary)?, absolute(&images)?))
    }

    fn start(
        &self,
        folder: &Path,
        (binary, images): &(PathBuf, PathBuf),
        log: &str,
    ) -> anyhow::Result<Box<dyn Subject>> {
        let started = Instant::now();
        let mut laboratory = vec![std::env::current_exe()?.into_os_string()];
        let registry = format!("0.0.0.0:{REGISTRY_PORT}");
        laboratory.extend(["images", "serve", &registry, "--name-server", "0.0.0.0"].map(Into::into));
        let setup = Setup {
            work: &folder.join("cluster"),
            binary,
            images: Some(images),
            nodes: self.nodes,
            log,
            laboratory,
            registry_port: Some(REGISTRY_PORT),
        };
        let cluster: Box<dyn Subject> = match self.against {
            Against::Sagong => Box::new(Cluster::start(&setup)?),
            Against::Upstream => Box::new(Upstream::start(&setup, images)?),
        };
        println!("a cluster of {} nodes is there after {:.1} s", self.nodes, started.elapsed().as_secs_f64());
        Ok(cluster)
    }
}

fn run_cluster(options: &ClusterOptions) -> anyhow::Result<()> {
    let parts = options.parts()?;
    let interrupts = Interrupts::note()?;
    let cluster = options.start(&new_folder()?, &parts, &options.log)?;
    wait_for_enter(&*cluster, &interrupts);
    Ok(())
}

fn wait_for_enter(subject: &dyn Subject, interrupts: &Interrupts) {
    println!("the cluster stays until Enter is pressed:\n{}", subject.cluster().entrances());
    interrupts.wait_for_enter();
}

/// The release build of Sagong.
fn build() -> anyhow::Result<PathBuf> {
    ci::cargo(&["build", "--quiet", "--release", "--package", "sagong"])?;
    Ok(built("release"))
}

/// Where cargo leaves the program.
pub(crate) fn built(profile: &str) -> PathBuf {
    let host = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    target.join(host).join(profile).join("sagong")
}

/// The gate's part of the suite, against the program that its other tests have built.
pub(crate) fn gate() -> anyhow::Result<()> {
    ci::cargo(&["build", "--quiet", "--package", "sagong"])?;
    let against = Against::Sagong;
    let cluster =
        ClusterOptions { against, nodes: NODES, log: "info".to_owned(), binary: Some(built("debug")), images: None };
    run_suite(&Options {
        selection: Selection { subset: true, ..Selection::default() },
        cluster,
        procs: PROCESSES,
        repeat: 1,
        timeout: GATE_TIMEOUT.to_owned(),
        keep: false,
        no_ledger: true,
        bisect: None,
    })
}

fn run_suite(options: &Options) -> anyhow::Result<()> {
    let ledger = Ledger::read();
    let specs = match &options.bisect {
        Some(name) => vec![specs::one(name)?],
        None => options.selection.select(|name| ledger.result(name))?,
    };
    images::binaries::build(images::binaries::OF_SUITE)?;
    let parts = options.cluster.parts()?;
    let commit = ledger::commit();
    let interrupts = Interrupts::note()?;
    let folder = new_folder()?;
    let mut all = Vec::new();
    for round in 1..=options.repeat {
        if options.repeat > 1 {
            println!("round {round} of {}", options.repeat);
        }
        let folder = folder.join(if options.repeat > 1 { format!("round-{round}") } else { String::new() });
        let outcomes = run_round(options, &specs, &folder, &parts, &interrupts)?;
        all.push(outcomes);
        if interrupts.have_come() {
            break;
        }
    }
    let outcomes = worst(all);
    let is_ours = options.cluster.against == Against::Sagong;
    if is_ours && !options.no_ledger {
        // Read anew: another run may have written it meanwhile.
        let mut ledger = Ledger::read();
        ledger.update(&outcomes, &commit);
        ledger.write()?;
    }
    // With upstream's components every spec must pass.
    let expectations = if is_ours { Expectations::read() } else { Expectations::all_pass() };
    summarize(&specs, &outcomes, &folder, &expectations);
    if options.bisect.is_some() {
        explain_traces(&folder);
    }
    if interrupts.have_come() {
        bail!("interrupted");
    }
    expectations.check(&outcomes)
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
    interrupts: &Interrupts,
) -> anyhow::Result<Vec<Outcome>> {
    let log = options.bisect.as_ref().map_or(options.cluster.log.as_str(), |_| TRACE);
    let mut cluster = options.cluster.start(folder, parts, log)?;
    let (serial, parallel): (Vec<Spec>, Vec<Spec>) = specs.iter().cloned().partition(Spec::is_serial);
    let container_logs = folder.join("container-logs");
    let mut outcomes = Vec::new();
    for (name, specs, processes) in [("parallel", parallel, options.procs), ("serial", serial, 1)] {
        if specs.is_empty() || interrupts.have_come() {
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
        let report = match ginkgo::run(&run, &mut *cluster, interrupts) {
            Err(_) if interrupts.have_come() => break,
            report => report?,
        };
        let collected = results::collect(&report, &folder.join("failed"), &cluster.logs(), &container_logs)?;
        // What the user broke off says nothing of the spec.
        outcomes.extend(collected.into_iter().filter(|outcome| outcome.result != "interrupted"));
    }
    if cluster.crashes() > 0 {
        println!("Sagong ended by itself {} times", cluster.crashes());
    }
    if options.bisect.is_none() {
        let _ = std::fs::remove_dir_all(&container_logs);
    }
    for (name, log) in cluster.logs() {
        std::fs::copy(log, folder.join(format!("{name}.log")))?;
    }
    if options.keep {
        wait_for_enter(&*cluster, interrupts);
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

/// Says where everything of a bisected spec lies.
fn explain_traces(folder: &Path) {
    println!("\nthe spec's own output:   {}/*/ginkgo.log", folder.display());
    println!("each node's trace:       {}/node*.log", folder.display());
    println!("requests to the API:     grep -E 'apiserver::(http|loopback).* request ' {}/node1.log", folder.display());
    println!("logs of its containers:  {}/container-logs", folder.display());
}

fn summarize(specs: &[Spec], outcomes: &[Outcome], folder: &Path, expectations: &Expectations) {
    let failed: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.result != "passed").collect();
    let (known, new): (Vec<&Outcome>, Vec<&Outcome>) =
        failed.iter().copied().partition(|outcome| expectations.cause(&outcome.name).is_some());
    if !new.is_empty() {
        println!("\nfailed:");
    }
    for outcome in &new {
        println!("  {} ({}, {} s)\n      {}", outcome.name, outcome.result, outcome.seconds, outcome.message);
    }
    let mut by_cause = std::collections::BTreeMap::<&str, usize>::new();
    for cause in known.iter().filter_map(|outcome| expectations.cause(&outcome.name)) {
        *by_cause.entry(cause).or_default() += 1;
    }
    if !by_cause.is_empty() {
        println!("\nfailed as expected:");
    }
    for (cause, count) in by_cause {
        println!("{count:>5}  {cause}");
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
