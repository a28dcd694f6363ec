//! Hollow nodes from the command line; the library's page says what they are.

use std::{path::PathBuf, sync::Arc, time::Duration};

use clap::Parser;
use sim::{Access, Fleet, FleetOptions, Pool};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Run hollow nodes against an API server: kubelets that register, keep their leases and statuses, and play the lives
/// of the pods that are bound to them, without running anything.
///
/// Example: `cargo run --release -p sim -- --kubeconfig admin.kubeconfig --nodes 1000`
#[derive(Parser)]
struct Arguments {
    /// How to reach the server; its current context.
    #[arg(long, value_name = "FILE", env = "KUBECONFIG")]
    kubeconfig: PathBuf,
    /// How often what was done is printed, in seconds.
    #[arg(long, default_value_t = 10)]
    print_seconds: u64,
    /// Delete the nodes when interrupted.
    #[arg(long)]
    remove: bool,
    #[command(flatten)]
    fleet: FleetOptions,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_env_filter(tracing_subscriber::EnvFilter::from_default_env()).init();
    let arguments = Arguments::parse();
    let pool = Pool::new(Access::read(&arguments.kubeconfig)?, "kubelet/v1.37.0 (hollow)")?;
    let fleet = Fleet::start(pool.clone(), arguments.fleet);
    fleet.ready().await?;
    println!("{} nodes are registered", fleet.figures().nodes);
    let mut print = tokio::time::interval(Duration::from_secs(arguments.print_seconds.max(1)));
    loop {
        tokio::select! {
            _ = print.tick() => show(&fleet, &pool),
            interrupted = tokio::signal::ctrl_c() => {
                interrupted?;
                break;
            }
        }
    }
    if arguments.remove {
        fleet.remove().await?;
    }
    Ok(())
}

fn show(fleet: &Fleet, pool: &Arc<Pool>) {
    let figures = fleet.figures();
    println!(
        "pods {}, started {}, ended {}, gone {}; leases renewed {}, latest {:.1} s late; node statuses {}; \
         failures {}; connections {}",
        figures.pods,
        figures.pods_started,
        figures.pods_ended,
        figures.pods_gone,
        figures.leases,
        figures.lease_lateness_longest.as_secs_f64(),
        figures.node_statuses,
        figures.failures,
        pool.watch_connections(),
    );
}
