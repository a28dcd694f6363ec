//! The commands, one file each.

mod up;

pub(crate) use up::Options as UpOptions;

use clap::Parser;

/// Kubernetes v1.37 in one binary.
#[derive(Parser)]
#[command(name = "sagong", version, arg_required_else_help = true)]
enum Command {
    /// Start a control plane, and a node on this machine.
    Up(up::Options),
}

/// Reads the command line and does what it says.
pub(crate) fn run() -> anyhow::Result<()> {
    match Command::parse() {
        Command::Up(options) => up::run(options),
    }
}
