//! Opening what a crash left. etcd is killed and started again, until it says that it is ready. The embedded store is in
//! our process: what a crash would leave, its files as they are while it is open, is copied and opened. All files are in
//! the page cache on both sides.

use std::{fs, path::Path, time::Instant};

use store::{Engine, embedded};

use super::{FILLERS, SETUP, Target, fill, open_embedded, own_process};
use crate::{Bench, Figures, Scenario, Side, process};

pub(in crate::scenarios) const SCENARIO: Scenario = Scenario {
    name: "store-open",
    summary: "1,000,000 keys (--objects) of 1 KiB are opened after a crash: the embedded store beside etcd",
    setup: SETUP,
    sagong_only: None,
    quick: false,
    run: |bench| Box::pin(run(bench)),
};

async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let keys = bench.options.size(bench.options.objects, 1_000_000, 20_000);
    let case = format!("{keys} keys");
    match bench.side() {
        Side::Sagong => {
            let (engine, folder) = open_embedded(bench)?;
            fill(vec![Target::Embedded(engine.clone()); FILLERS], keys).await?;
            let crashed = bench.options.work.join("store-crashed");
            let _ = fs::remove_dir_all(&crashed);
            copy(&folder, &crashed)?;
            drop(engine);
            let (started, cpu) = (Instant::now(), process::own_cpu()?);
            let opened = embedded::open(&crashed, embedded::Options::default())?;
            let figures = opening(started, process::own_cpu()? - cpu, &own_process())?;
            let found = opened.status().keys;
            anyhow::ensure!(found == keys as u64, "{found} keys of {keys} were there");
            bench.record(case, figures);
        }
        Side::Upstream => {
            let etcd = bench.launcher.start_etcd().await?;
            let connections = etcd.connector.open_many(FILLERS).await?;
            fill(connections.into_iter().map(Target::Etcd).collect(), keys).await?;
            let etcd = bench.launcher.kill_and_start_etcd(etcd).await?;
            let started = Instant::now() - etcd.ready_after;
            let figures = opening(started, etcd.process.cpu()?, &etcd.process)?;
            bench.record(case, figures);
        }
    }
    Ok(())
}

fn opening(started: Instant, cpu: std::time::Duration, server: &process::Process) -> anyhow::Result<Figures> {
    let elapsed = started.elapsed();
    let mut figures = Figures {
        operations: 1,
        elapsed,
        server_cpu: [(server.name, cpu)].into(),
        memory: [(server.name, server.memory()?)].into(),
        ..Figures::default()
    };
    figures.latency.record(elapsed);
    Ok(figures)
}

/// Copies the files of a folder.
fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().mode(0o700).create(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}
