//! What a control plane costs that has nothing to do.

use std::time::Duration;

use crate::{Bench, Scenario, scenario::Setup};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "idle",
    summary: "memory and CPU time over a minute of a control plane without load",
    setup: Setup { fresh: true, ..Setup::PLAIN },
    sagong_only: None,
    quick: true,
    run: |bench| Box::pin(run(bench, false)),
};

/// With a node beside it.
pub(super) const WITH_NODE: Scenario = Scenario {
    name: "idle-node",
    summary: "the same with a node in the process, no pods",
    setup: Setup { fresh: true, node: true, ..Setup::PLAIN },
    sagong_only: Some("it takes a kubelet and containerd to have a node, which this harness does not start"),
    quick: true,
    run: |bench| Box::pin(run(bench, true)),
};

async fn run(bench: &mut Bench, node: bool) -> anyhow::Result<()> {
    let (settle, length) = if bench.options.quick { (2, 8) } else { (15, 60) };
    tokio::time::sleep(Duration::from_secs(settle)).await;
    if node {
        bench.count_name_server();
    }
    let meter = bench.target().begin()?;
    tokio::time::sleep(Duration::from_secs(length)).await;
    let figures = bench.target().end(&meter)?;
    let percent = figures.cpu().as_secs_f64() / figures.elapsed.as_secs_f64() * 100.0;
    let memory = figures.whole_memory();
    let mebibytes = |bytes: u64| bytes as f64 / 1_048_576.0;
    let figures = figures
        .with("cpu_percent_of_a_core", percent)
        .with("pss_mebibytes", mebibytes(memory.pss))
        .with("private_mebibytes", mebibytes(memory.private));
    bench.record(format!("over {length} s"), figures);
    Ok(())
}
