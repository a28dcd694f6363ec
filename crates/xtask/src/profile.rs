//! A flame graph of the server under a scenario of `bench`.
//!
//! ```text
//! cargo xtask profile list                       # target/bench/list.svg
//! cargo xtask profile create --against upstream --clients 16
//! ```
//!
//! Needed are root, `perf` (Debian: linux-perf) and a kernel that lets it sample. What is between the samples and the
//! picture is the inferno program, which is built once into the user's cache.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use ::bench::options::{Against, Options};
use anyhow::{Context, bail};

use crate::{bench, tools};

/// Flags of `profile`: those of `bench`, for one scenario and one side, which is Sagong unless said otherwise.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    options: Options,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let [scenario] = arguments.options.scenarios.as_slice() else {
        bail!("name one scenario; `cargo xtask bench --list` shows them");
    };
    let mut options = arguments.options.clone();
    let mut further = vec!["--rounds".to_owned(), "1".to_owned()];
    if options.against == Against::Both {
        options.against = Against::Sagong;
        further.extend(["--against".to_owned(), "sagong".to_owned()]);
    }
    std::fs::create_dir_all(&options.work)?;
    let samples = std::path::absolute(options.work.join(format!("{scenario}.perf")))?;
    further.extend(["--profile".to_owned(), samples.display().to_string()]);
    bench::measure(&options, &further)?;
    let picture = samples.with_extension("svg");
    draw(&samples, &picture).context("the samples cannot be drawn")?;
    println!("{}", picture.display());
    Ok(())
}

fn draw(samples: &Path, picture: &Path) -> anyhow::Result<()> {
    let inferno = |name: &str| -> anyhow::Result<PathBuf> { Ok(tools::inferno()?.join(name)) };
    // Inlined functions are left out: asking for them takes minutes.
    let mut script = Command::new("perf");
    script.args(["script", "--no-inline", "--force", "--input"]).arg(samples).stdout(Stdio::piped());
    let mut script = script.stderr(Stdio::null()).spawn().context("perf script")?;
    let lines = script.stdout.take().context("perf script says nothing")?;
    let folded = samples.with_extension("folded");
    let mut collapse = Command::new(inferno("inferno-collapse-perf")?);
    let collapsed = collapse.stdin(lines).stdout(File::create(&folded)?).stderr(Stdio::null()).status()?;
    if !script.wait()?.success() || !collapsed.success() {
        bail!("perf script or inferno-collapse-perf failed on {}", samples.display());
    }
    let mut flame = Command::new(inferno("inferno-flamegraph")?);
    if !flame.stdin(File::open(&folded)?).stdout(File::create(picture)?).status()?.success() {
        bail!("inferno-flamegraph failed on {}", folded.display());
    }
    Ok(())
}
