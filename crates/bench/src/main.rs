//! The load generator; `cargo xtask bench` builds it, builds what it measures, and runs it.

use bench::options::Options;
use clap::Parser;

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    if !options.inside && !options.list && bench::namespaces::possible() {
        return bench::namespaces::run_inside(&options.work);
    }
    raise_files_limit()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ran = runtime.block_on(async {
        tokio::select! {
            ran = bench::run::run(options) => ran,
            _ = tokio::signal::ctrl_c() => anyhow::bail!("interrupted"),
        }
    });
    runtime.shutdown_background();
    ran
}

/// Thousands of connections are thousands of files; servers inherit the limit.
fn raise_files_limit() -> anyhow::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    Ok(setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?)
}
