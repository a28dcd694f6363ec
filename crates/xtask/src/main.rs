//! The house's own tools, run as `cargo xtask COMMAND`: one file per command.
//!
//! Nothing that ships depends on this crate. Start reading at the command that you want to run; each
//! file opens with what it does and an example.

use clap::{Parser, Subcommand};

mod bench;
mod check_api;
mod check_openapi;
mod ci;
mod conformance;
mod containerd;
mod generate_api;
mod images;
mod layering;
mod profile;
mod tools;
mod upstream;

/// Tools for working on this repository.
#[derive(Parser)]
#[command(name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run everything that must hold of a commit.
    Ci(ci::Arguments),
    /// Write crates/api/schema and crates/api/src/views from upstream's Go sources.
    GenerateApi(generate_api::Arguments),
    /// Compare crates/api with what upstream publishes as OpenAPI and discovery.
    CheckApi(check_api::Arguments),
    /// Build the images that upstream's conformance suite needs, or serve them.
    Images(images::Arguments),
    /// Run upstream's conformance suite against a fresh cluster of two nodes.
    Conformance(Box<conformance::Arguments>),
    /// Serve from one etcd with upstream's API server, and compare what both say.
    BesideUpstream,
    /// Measure Sagong and upstream's control plane beside each other.
    Bench(Box<bench::Arguments>),
    /// Draw a flame graph of the server under a scenario of `bench`.
    Profile(Box<profile::Arguments>),
    /// Run upstream's suite for container runtimes against ours.
    Critest(conformance::critest::Arguments),
    /// Compare the OpenAPI documents that a server of ours serves with those that upstream records.
    CheckOpenapi(check_openapi::Arguments),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Ci(arguments) => ci::run(&arguments),
        Command::GenerateApi(arguments) => generate_api::run(&arguments),
        Command::CheckApi(arguments) => check_api::run(&arguments),
        Command::Images(arguments) => images::run(&arguments),
        Command::Conformance(arguments) => conformance::run(&arguments),
        Command::BesideUpstream => upstream::beside(),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Profile(arguments) => profile::run(&arguments),
        Command::Critest(arguments) => conformance::critest::run(&arguments),
        Command::CheckOpenapi(arguments) => check_openapi::run(&arguments),
    }
}
