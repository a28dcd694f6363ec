//! The one gate: what must hold of every commit.
//!
//! ```text
//! cargo xtask ci                  # everything, as it runs elsewhere
//! cargo xtask ci --only layering  # one step
//! ```

use std::{
    path::PathBuf,
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, bail};

use crate::{conformance, images, layering, tools, upstream};

/// Options of `ci`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Run this step alone.
    #[arg(long, value_name = "STEP")]
    only: Option<String>,
}

type Step = (&'static str, fn() -> anyhow::Result<()>);

/// The steps, quickest first.
const STEPS: &[Step] = &[
    ("format", || cargo(&["fmt", "--all", "--check"])),
    ("layering", layering::check),
    ("deny", deny),
    ("clippy", || cargo(&["clippy", "--workspace", "--all-targets", "--quiet", "--", "--deny", "warnings"])),
    ("test", test),
    ("end-to-end", end_to_end),
    ("robustness", robustness),
    ("conformance", conformance::gate),
    ("etcd", upstream::etcd_step),
];

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if let Some(only) = &arguments.only {
        let names: Vec<_> = STEPS.iter().map(|(name, _)| *name).collect();
        if !names.contains(&only.as_str()) {
            bail!("there is no step {only:?}: choose one of {}", names.join(", "));
        }
    }
    let wanted = |step: &&Step| arguments.only.as_deref().is_none_or(|only| only == step.0);
    let (mut passed, mut failed) = (0, Vec::new());
    for (name, step) in STEPS.iter().filter(wanted) {
        println!("== {name}");
        let started = Instant::now();
        match step() {
            Ok(()) => {
                passed += 1;
                println!("== {name}: ok, {} s", started.elapsed().as_secs());
            }
            Err(error) => {
                println!("== {name}: FAILED, {} s: {error:#}", started.elapsed().as_secs());
                failed.push(*name);
            }
        }
    }
    println!("steps: {passed} passed, {} failed", failed.len());
    if failed.is_empty() { Ok(()) } else { bail!("failed: {}", failed.join(", ")) }
}

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).map_or(manifest.clone(), PathBuf::from)
}

pub(crate) fn cargo(arguments: &[&str]) -> anyhow::Result<()> {
    run_command(Command::new(env!("CARGO")).args(arguments))
}

/// Runs a command in the repository's root with its output shown.
pub(crate) fn run_command(command: &mut Command) -> anyhow::Result<()> {
    let shown = format!("{command:?}");
    let status =
        command.current_dir(root()).stdin(Stdio::null()).status().with_context(|| format!("cannot run {shown}"))?;
    if status.success() { Ok(()) } else { bail!("{shown} ended with {status}") }
}

fn deny() -> anyhow::Result<()> {
    let cargo_deny = tools::cargo_deny()?;
    // It looks at the crates of every platform, also of those that nothing was built for here.
    cargo(&["fetch", "--quiet", "--locked"])?;
    // Advisories live on a host that a build machine need not reach; they are a command of their own.
    run_command(Command::new(cargo_deny).args(["--offline", "check", "licenses", "bans", "sources"]))
}

/// Upstream's wire fixtures are a part of its Go module, which a new machine has not seen yet.
fn test() -> anyhow::Result<()> {
    let fixtures = images::binaries::module_folder("k8s.io/api")?.join("testdata/HEAD");
    run_command(
        Command::new(env!("CARGO"))
            .args(["test", "--workspace", "--no-fail-fast"])
            .env("SAGONG_WIRE_FIXTURES", fixtures),
    )
}

/// Has the program of this tree killed under load.
pub(crate) fn kill(arguments: &[&str]) -> anyhow::Result<()> {
    cargo(&["build", "--quiet", "--package", "sagong"])?;
    run_command(
        Command::new(env!("CARGO"))
            .args(["run", "--quiet", "--package", "robustness", "--", "--program"])
            .arg(conformance::built("debug"))
            .args(arguments)
            .env("SAGONG_ETCD", images::binaries::program("etcd")?),
    )
}

/// A few kills, also on a disk that loses power; two hundred are a command of their own.
fn robustness() -> anyhow::Result<()> {
    kill(&["--kills", "10"])?;
    let needed = ["/dev/fuse", "/dev/loop-control"];
    if let Some(missing) = needed.iter().find(|path| !std::path::Path::new(path).exists()) {
        println!(
            "LEFT OUT: losses of power, since the kernel has no {missing}: `modprobe fuse loop`, and run this again"
        );
        return Ok(());
    }
    kill(&["--power-loss", "--kills", "8"])?;
    // Against it: a server that is allowed to lose something must lose something, or the disk loses nothing.
    kill(&["--power-loss", "--store-sync-interval", "500", "--life-milliseconds", "4000", "--kills", "3"])
}

fn end_to_end() -> anyhow::Result<()> {
    let (kubectl, images) = (tools::kubectl()?, images::end_to_end::ensure()?);
    images::binaries::build(images::binaries::OF_ETCD)?;
    run_command(
        Command::new(env!("CARGO"))
            .args(["test", "--package", "sagong", "--test", "end_to_end", "--", "--ignored", "--test-threads", "1"])
            // A step of their own.
            .args(["--skip", "etcd::"])
            .env("SAGONG_ETCD", images::binaries::program("etcd")?)
            .env("SAGONG_HELM", tools::helm()?)
            .env("SAGONG_IMAGES", images)
            .env("SAGONG_KUBECTL", kubectl),
    )
}
