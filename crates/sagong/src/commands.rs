//! The commands, one file each.

mod agent;
mod demo;
mod demo_app;
mod down;
mod image;
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
    /// Stop the server of a data directory; pods go on running.
    Down(down::Options),
    /// Import, list, build and remove the node's images.
    Image(image::Options),
    /// Make this machine a node of another machine's cluster.
    Agent(agent::Options),
    /// Create, list and delete the tokens by which nodes join.
    Token(token::Options),
}

/// Reads the command line and does what it says.
pub(crate) fn run() -> anyhow::Result<()> {
    match Command::parse() {
        Command::Up(options) => up::run(options),
        Command::Demo(options) => demo::run(options),
        Command::DemoApp(options) => demo_app::run(options),
        Command::Down(options) => down::run(&options),
        Command::Image(options) => image::run(&options),
        Command::Agent(options) => agent::run(options),
        Command::Token(options) => token::run(&options),
    }
}
