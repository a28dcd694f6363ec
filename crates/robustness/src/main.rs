//! Whether the real server keeps its promises when it is killed while many clients write.
//!
//! Clients create, replace, remove and read a few objects over TLS, watchers follow them, and the server is killed
//! with SIGKILL and started again. What everybody was told is then judged: each object's history must be linearizable
//! ([`linearizable`]), and everything must fit the one order that revisions tell ([`truth`]).
//!
//! With `--several-on-etcd` they are three servers on three members of etcd, and clients go from one to the next
//! ([`several`]).
//!
//! It stands beside the store's own simulation (`store`: `tests/model.rs`), which crashes between any two steps of the
//! disk, and takes the whole way: TLS, handlers, watch cache, store, file system.

mod history;
mod linearizable;
mod load;
mod machines;
mod server;
mod several;
mod truth;
mod watcher;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use clap::Parser;

use crate::{
    history::{History, Key, Operation, Outcome},
    load::Load,
    server::Server,
    truth::Truth,
};

/// How many violations are printed.
const SHOWN_VIOLATIONS: usize = 20;

/// Kill a server again and again while clients write, and judge what they were told.
///
/// Example: `cargo run -p robustness -- --program target/x86_64-unknown-linux-gnu/release/sagong --kills 200`
#[derive(Parser, Debug)]
struct Arguments {
    /// The program whose `up` is tried.
    #[arg(long, value_name = "FILE")]
    program: PathBuf,
    /// How often it is killed.
    #[arg(long, default_value_t = 200)]
    kills: u32,
    /// How many clients write at once, each on a connection of its own.
    #[arg(long, default_value_t = 64)]
    clients: u32,
    /// On how many objects.
    #[arg(long, default_value_t = 32)]
    objects: u32,
    /// How many clients watch.
    #[arg(long, default_value_t = 4)]
    watchers: u32,
    /// The longest time between a start and the next kill, in milliseconds; it is drawn at random each time.
    #[arg(long, default_value_t = 600)]
    life_milliseconds: u64,
    /// A further flag of `sagong up`; once for each.
    #[arg(long = "up-flag", value_name = "FLAG", allow_hyphen_values = true)]
    up_flags: Vec<String>,
    /// Try three servers on three members of etcd, each on a machine of its own, in place of one server; this is the
    /// program of etcd. `--kills` counts the faults then: any one is killed, any two are parted. Needs root.
    #[arg(long, value_name = "FILE", conflicts_with = "life_milliseconds")]
    several_on_etcd: Option<PathBuf>,
    /// Keep the server's files in this folder; without it they are removed.
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if arguments.several_on_etcd.is_some() {
        machines::enclose()?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let history = runtime.block_on(run(&arguments))?;
    let violations = judge(&history);
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

/// Loads and kills the server; answers what everybody was told.
async fn run(arguments: &Arguments) -> anyhow::Result<History> {
    let temporary = tempfile::tempdir()?;
    let directory = arguments.directory.as_deref().unwrap_or(temporary.path());
    std::fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    if let Some(etcd) = &arguments.several_on_etcd {
        return several::run(arguments, etcd, directory).await;
    }
    let mut server = Server::start(&arguments.program, directory, &arguments.up_flags)?;
    let load = Load::start(&server, arguments.clients, arguments.objects, arguments.watchers).await?;
    let began = Instant::now();
    for kill in 0..arguments.kills {
        load.list().await;
        let life = stdx::random::below(arguments.life_milliseconds.max(1));
        // Not to wait for something: how long it lives is what is tried.
        tokio::time::sleep(Duration::from_millis(life)).await;
        server.kill()?;
        load.server_is_away();
        server.start_again()?;
        load.server_is_there(&server)?;
        if (kill + 1) % 20 == 0 {
            println!("{} kills, {} s, {} operations", kill + 1, began.elapsed().as_secs(), load.operations());
        }
    }
    load.finish().await
}

/// Everything that must not be.
fn judge(history: &History) -> Vec<String> {
    let mut violations = Vec::new();
    let truth = Truth::new(history, &mut violations);
    truth.check_operations(&history.operations, &mut violations);
    for stretch in &history.stretches {
        truth.check_stretch(stretch, &mut violations);
    }
    truth.check_listings(history, &mut violations);
    let mut by_key: BTreeMap<Key, Vec<Operation>> = BTreeMap::new();
    for operation in truth.resolve(&history.operations) {
        by_key.entry(operation.key).or_default().push(operation);
    }
    for (key, operations) in by_key {
        if let Err(operation) = linearizable::check(&operations) {
            violations.push(format!("object {key} is not linearizable: nothing explains {operation:?}"));
        }
    }
    violations
}
