//! Sagong and upstream's control plane, measured beside each other (`bench/README.md`).
//!
//! ```text
//! cargo xtask bench                                # everything; writes bench/RESULTS.md and RESULTS.json
//! cargo xtask bench --quick                        # a look at everything in three minutes; writes nothing
//! cargo xtask bench create get --clients 16,256    # some of it
//! ```
//!
//! The load generator is a program of its own (`crates/bench`), since it has to be optimized; here everything that it
//! needs is built and its flags are passed on.

use std::process::Command;

use ::bench::options::{Against, Options};
use anyhow::{Context, bail};

use crate::{ci, conformance, images, upstream};

/// Flags of `bench`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    options: Options,
}

/// Where a full run leaves its figures.
const RESULTS: [&str; 4] = ["--markdown", "bench/RESULTS.md", "--json", "bench/RESULTS.json"];

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let options = &arguments.options;
    let is_full = options.scenarios.is_empty() && !options.quick && options.against == Against::Both;
    let to_files = !options.list && is_full && options.markdown.is_none() && options.json.is_none();
    let further = if to_files { RESULTS.as_slice() } else { &[] };
    measure(options, further)
}

/// Builds what the options need and runs the load generator with this program's own flags and some more.
pub(crate) fn measure<A: AsRef<std::ffi::OsStr>>(options: &Options, further: &[A]) -> anyhow::Result<()> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), std::path::PathBuf::from);
    let release = target.join(format!("{}-unknown-linux-gnu/release", std::env::consts::ARCH));
    build("bench")?;
    let mut command = Command::new(release.join("bench"));
    command.args(std::env::args_os().skip(2)).args(further).current_dir(ci::root());
    if !options.list {
        if options.sagong.is_none() && options.against != Against::Upstream {
            build("sagong")?;
            command.arg("--sagong").arg(std::path::absolute(release.join("sagong"))?);
        }
        if options.images.is_none() && ::bench::run::needs_node(options) {
            command.arg("--images").arg(images::end_to_end::ensure()?);
        }
        if options.upstream.is_none() && options.against != Against::Sagong {
            command.arg("--upstream").arg(upstream::control_plane()?);
        }
        command.env("SAGONG_COMMIT", conformance::ledger::commit());
    }
    let status = command.status().context("cannot run the load generator")?;
    if status.success() { Ok(()) } else { bail!("the load generator ended with {status}") }
}

/// A release build of a program of ours.
fn build(package: &str) -> anyhow::Result<()> {
    let mut cargo = Command::new(env!("CARGO"));
    let built = cargo.args(["build", "--quiet", "--release", "--package", package]).current_dir(ci::root()).status()?;
    if built.success() { Ok(()) } else { bail!("{package} does not build") }
}
