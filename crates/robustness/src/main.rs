//! Kills a server under load, and says whether it kept its promises: the program of [`robustness`].

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use clap::Parser;
use robustness::{
    history::{History, Outcome},
    judge::judge,
    load::{Load, Size},
    member::Member,
    server::Server,
};

/// How many violations are printed.
const SHOWN_VIOLATIONS: usize = 20;

/// What keeps the objects.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Store {
    /// The server's own files.
    Embedded,
    /// An etcd member, which is killed as well.
    Etcd,
}

/// Kill a server again and again while clients write, and judge what they were told.
///
/// Example: `cargo run -p robustness -- --program target/x86_64-unknown-linux-gnu/release/sagong --kills 200`
#[derive(Parser, Debug)]
struct Arguments {
    /// The program whose `up` is tried.
    #[arg(long, value_name = "FILE")]
    program: PathBuf,
    /// What keeps the objects.
    #[arg(long, value_enum, default_value = "embedded")]
    store: Store,
    /// The program of etcd, for `--store etcd`.
    #[arg(long, value_name = "FILE", env = "SAGONG_ETCD", required_if_eq("store", "etcd"))]
    etcd: Option<PathBuf>,
    /// How often it, or etcd, or both are killed.
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
    /// Keep the server's files in this folder; without it they are removed.
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
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
    let mut member = match arguments.etcd.as_deref().filter(|_| arguments.store == Store::Etcd) {
        Some(program) => Some(Member::start(program, directory)?),
        None => None,
    };
    let mut flags = arguments.up_flags.clone();
    if let Some(member) = &member {
        flags.extend(["--store=etcd".to_owned(), format!("--etcd-servers={}", member.url())]);
    }
    let mut server = Server::start(&arguments.program, directory, &flags)?;
    let size = Size { clients: arguments.clients, objects: arguments.objects, watchers: arguments.watchers };
    let load = Load::start(&server.kubeconfig(), size).await?;
    let began = Instant::now();
    let mut longest = Duration::ZERO;
    for kill in 0..arguments.kills {
        let life = stdx::random::below(arguments.life_milliseconds.max(1));
        // Not to wait for something: how long it lives is what is tried.
        tokio::time::sleep(Duration::from_millis(life)).await;
        let killed = Instant::now();
        let (of_member, of_server) = match (&member, kill % 3) {
            (None, _) | (_, 0) => (false, true),
            (_, 1) => (true, false),
            _ => (true, true),
        };
        if of_server {
            load.server_is_away();
            server.kill()?;
        }
        if let Some(member) = member.as_mut().filter(|_| of_member) {
            member.kill()?;
            member.start_again()?;
        }
        if of_server {
            server.start_again()?;
            load.server_is_there(&server.kubeconfig())?;
        }
        load.list().await?;
        longest = longest.max(killed.elapsed());
        if (kill + 1) % 20 == 0 {
            println!("{} kills, {} s, {} operations", kill + 1, began.elapsed().as_secs(), load.operations());
        }
    }
    println!("served again after {} ms at the longest", longest.as_millis());
    load.finish().await
}
