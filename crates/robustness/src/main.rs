//! Kills a server under load, and says whether it kept its promises: the program of [`robustness`].
//!
//! With `--several-on-etcd` they are three servers on three members of etcd, and clients go from one to the next
//! ([`several`]).

mod machines;
mod several;
mod trial;

use std::{
    os::unix::process::CommandExt,
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use clap::Parser;
use robustness::{
    history::{History, Outcome},
    judge::judge,
    load::Size,
    prefix::judge_rest,
    truth::Violation,
};

use crate::trial::Trial;

/// How many violations are printed.
const SHOWN_VIOLATIONS: usize = 20;

/// What keeps the objects.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Store {
    /// The server's own files.
    Embedded,
    /// An etcd member, which is killed as well.
    Etcd,
}

/// Kill a server again and again while clients write, and judge what they were told.
///
/// Example: `cargo run -p robustness -- --program target/x86_64-unknown-linux-gnu/release/sagong --kills 200`
#[derive(Parser, Debug)]
pub(crate) struct Arguments {
    /// The program whose `up` is tried.
    #[arg(long, value_name = "FILE")]
    pub(crate) program: PathBuf,
    /// What keeps the objects.
    #[arg(long, value_enum, default_value = "embedded")]
    pub(crate) store: Store,
    /// The program of etcd, for `--store etcd`.
    #[arg(long, value_name = "FILE", env = "SAGONG_ETCD", required_if_eq("store", "etcd"))]
    pub(crate) etcd: Option<PathBuf>,
    /// How often it, or etcd, or both are killed.
    #[arg(long, default_value_t = 200)]
    pub(crate) kills: u32,
    /// How many clients write at once, each on a connection of its own.
    #[arg(long, default_value_t = 64)]
    pub(crate) clients: u32,
    /// On how many objects.
    #[arg(long, default_value_t = 32)]
    pub(crate) objects: u32,
    /// How many clients watch.
    #[arg(long, default_value_t = 4)]
    pub(crate) watchers: u32,
    /// The longest time between a start and the next kill, in milliseconds; it is drawn at random each time.
    #[arg(long, default_value_t = 600)]
    pub(crate) life_milliseconds: u64,
    /// Keep all files on a disk that loses power with each kill, and with it any part of what was not flushed. Needs root,
    /// FUSE and loop devices.
    #[arg(long)]
    pub(crate) power_loss: bool,
    /// Let the server acknowledge writes this long before they are on the disk, in milliseconds: what the power takes must
    /// then be the newest of them and no older than that; and it must take some, or else the disk loses nothing.
    #[arg(long, value_name = "MILLISECONDS", requires = "power_loss")]
    pub(crate) store_sync_interval: Option<u64>,
    /// A further flag of `sagong up`; once for each.
    #[arg(long = "up-flag", value_name = "FLAG", allow_hyphen_values = true)]
    pub(crate) up_flags: Vec<String>,
    /// Try three servers on three members of etcd, each on a machine of its own, in place of one server; this is the
    /// program of etcd. `--kills` counts the faults then: any one is killed, any two are parted. Needs root.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["life_milliseconds", "power_loss", "store"])]
    pub(crate) several_on_etcd: Option<PathBuf>,
    /// Keep the server's files in this folder; without it they are removed.
    #[arg(long, value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,
}

/// Set in the process that has mounts of its own.
const HAS_OWN_MOUNTS: &str = "SAGONG_ROBUSTNESS_HAS_OWN_MOUNTS";
/// What a sync may take on a busy machine.
const SYNC_LIMIT: Duration = Duration::from_secs(2);

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if arguments.power_loss && std::env::var_os(HAS_OWN_MOUNTS).is_none() {
        // So that no mount and no loop device is left, however this ends.
        let program = std::env::current_exe()?;
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private"]).arg(program).args(std::env::args_os().skip(1));
        return Err(command.env(HAS_OWN_MOUNTS, "").exec()).context("cannot run unshare");
    }
    if arguments.several_on_etcd.is_some() {
        machines::enclose()?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let temporary = tempfile::tempdir()?;
    let directory = arguments.directory.as_deref().unwrap_or(temporary.path());
    std::fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    if let Some(etcd) = &arguments.several_on_etcd {
        let (history, of_pods) = runtime.block_on(several::run(&arguments, etcd, directory))?;
        return report(&arguments, &history, of_pods);
    }
    let trial = Trial::start(&arguments, directory)?;
    match arguments.store_sync_interval {
        None => report(&arguments, &runtime.block_on(run(&arguments, trial))?, Vec::new()),
        Some(interval) => runtime.block_on(lose(&arguments, trial, Duration::from_millis(interval))),
    }
}

/// Says what was found, beside what was found already.
fn report(arguments: &Arguments, history: &History, mut violations: Vec<Violation>) -> anyhow::Result<()> {
    violations.extend(judge(history));
    let refused = violations.len();
    for violation in violations.iter().take(SHOWN_VIOLATIONS) {
        println!("VIOLATION: {violation}");
    }
    let unknown = history.operations.iter().filter(|operation| operation.outcome == Outcome::Unknown).count();
    let events: usize = history.stretches.iter().map(|stretch| stretch.seen.len()).sum();
    println!(
        "{} kills, {} operations ({unknown} without an answer), {} lists, {events} events in {} stretches of watches: \
         {refused} violations",
        arguments.kills,
        history.operations.len(),
        history.listings.len(),
        history.stretches.len(),
    );
    if refused > 0 { bail!("the server broke its promises {refused} times") } else { Ok(()) }
}

impl Arguments {
    fn size(&self) -> Size {
        Size { clients: self.clients, objects: self.objects, watchers: self.watchers }
    }

    /// Lets the server live for a while.
    async fn live(&self) {
        let life = stdx::random::below(self.life_milliseconds.max(1));
        // Not to wait for something: how long it lives is what is tried.
        tokio::time::sleep(Duration::from_millis(life)).await;
    }
}

/// Loads and kills the server; answers what everybody was told.
async fn run(arguments: &Arguments, mut trial: Trial) -> anyhow::Result<History> {
    let load = trial.load(arguments.size()).await?;
    let began = Instant::now();
    let mut longest = Duration::ZERO;
    for kill in 0..arguments.kills {
        arguments.live().await;
        let killed = Instant::now();
        trial.kill(kill, &load).await?;
        trial.start_again()?;
        load.servers_are(trial.accesses()?);
        load.list().await?;
        longest = longest.max(killed.elapsed());
        if (kill + 1) % 20 == 0 {
            println!("{} kills, {} s, {} operations", kill + 1, began.elapsed().as_secs(), load.operations());
        }
    }
    println!("served again after {} ms at the longest", longest.as_millis());
    if let Some(lost) = trial.lost() {
        println!("the disk lost {} sectors and kept {} that were not flushed", lost.lost_sectors, lost.kept_sectors);
    }
    load.finish().await
}

/// Loads a server that acknowledges what is not on the disk yet, takes its power, and judges each time what is left.
async fn lose(arguments: &Arguments, mut trial: Trial, interval: Duration) -> anyhow::Result<()> {
    let mut all_gone = 0;
    let mut load = trial.load(arguments.size()).await?;
    for kill in 0..arguments.kills {
        arguments.live().await;
        let end = load.now();
        trial.kill(kill, &load).await?;
        let history = load.abandon().await?;
        trial.start_again()?;
        load = trial.load(arguments.size()).await?;
        let gone = judge_rest(&history, end, load.first_listing());
        let gone = gone.map_err(|violation| anyhow::anyhow!("VIOLATION: {violation}"))?;
        let age = Duration::from_nanos(gone.age_nanoseconds);
        println!("{} acknowledged writes are gone, the oldest of {} ms before", gone.writes, age.as_millis());
        if age > interval + SYNC_LIMIT {
            bail!(
                "VIOLATION: a write of {age:?} before is gone, which should have been on the disk after {interval:?}"
            );
        }
        all_gone += gone.writes;
    }
    if all_gone == 0 {
        bail!("nothing was lost: this disk loses nothing, so that what stays on it proves nothing");
    }
    println!("{} kills: {all_gone} acknowledged writes gone, always the newest", arguments.kills);
    Ok(())
}
