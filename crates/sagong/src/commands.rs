//! The commands, one file each.

mod agent;
mod check;
mod completions;
mod demo;
mod demo_app;
mod down;
mod image;
mod kubeconfig;
mod runtime;
mod status;
mod store;
mod token;
mod up;

pub(crate) use agent::Options as AgentOptions;
pub(crate) use up::Options as UpOptions;

use clap::Parser;

/// Kubernetes v1.37 in one binary.
#[derive(Parser)]
#[command(name = "sagong", version, arg_required_else_help = true)]
enum Command {
    /// Start a control plane, and a node on this machine.
    Up(up::Options),
    /// Start a cluster in the foreground and run a small app of two tiers in it.
    Demo(demo::Options),
    /// One tier of the demo's app.
    #[command(hide = true)]
    DemoApp(demo_app::Options),
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
    /// Make this machine a node of another machine's cluster.
    Agent(agent::Options),
    /// Run the container runtime alone, for clients that speak CRI.
    Runtime(runtime::Options),
    /// Create, list and delete the tokens by which nodes and further servers join.
    Token(token::Options),
    /// Look after the store: status, compaction, backups, restoring.
    Store(store::Options),
}

/// Reads the command line and does what it says.
pub(crate) fn run() -> anyhow::Result<()> {
    let command = crate::config_file::parse::<Command>()?;
    if !matches!(
        command,
        Command::Up(_) | Command::Demo(_) | Command::DemoApp(_) | Command::Agent(_) | Command::Runtime(_)
    ) {
        stdx::signals::end_when_nobody_reads();
    }
    match command {
        Command::Up(options) => up::run(options),
        Command::Demo(options) => demo::run(options),
        Command::DemoApp(options) => demo_app::run(options),
        Command::Check(options) => check::run(&options),
        Command::Down(options) => down::run(&options),
        Command::Status(options) => status::run(&options),
        Command::Kubeconfig(options) => kubeconfig::run(&options),
        Command::Completions(options) => {
            completions::run(&options);
            Ok(())
        }
        Command::Image(options) => image::run(&options),
        Command::Agent(options) => agent::run(options),
        Command::Runtime(options) => runtime::run(&options),
        Command::Token(options) => token::run(&options),
        Command::Store(options) => store::run(&options),
    }
}
