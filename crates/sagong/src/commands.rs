//! The commands, one file each.

mod check;
mod completions;
mod down;
mod image;
mod kubeconfig;
mod status;
mod up;

pub(crate) use up::Options as UpOptions;

use clap::Parser;

/// Kubernetes v1.37 in one binary.
#[derive(Parser)]
#[command(name = "sagong", version, arg_required_else_help = true)]
enum Command {
    /// Start a control plane, and a node on this machine.
    Up(up::Options),
    /// Say whether this machine can run Sagong, and what to do where it cannot.
    Check(check::Options),
    /// Stop the server of a data directory; pods go on running.
    Down(down::Options),
    /// Say how the running server does.
    Status(status::Options),
    /// Print or write the administrator's kubeconfig.
    Kubeconfig(kubeconfig::Options),
    /// Print a shell's completions.
    Completions(completions::Options),
    /// Pull, import, list, build and remove the node's images.
    Image(image::Options),
}

/// Reads the command line and does what it says.
pub(crate) fn run() -> anyhow::Result<()> {
    match crate::config_file::parse::<Command>()? {
        Command::Up(options) => up::run(options),
        Command::Check(options) => check::run(&options),
        Command::Down(options) => down::run(&options),
        Command::Status(options) => status::run(&options),
        Command::Kubeconfig(options) => kubeconfig::run(&options),
        Command::Completions(options) => {
            completions::run(&options);
            Ok(())
        }
        Command::Image(options) => image::run(&options),
    }
}
