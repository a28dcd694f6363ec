//! How long a control plane takes from the start of its first process to `/readyz`, on an empty data directory, and
//! how long one with a node takes to its first pod.
//!
//! Readiness is asked each two milliseconds over connections of its own. Keys and certificates that upstream's
//! installer would make beforehand are there; of Sagong's, the authority's alone.

use crate::{Bench, Figures, Scenario, scenario::Setup};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "startup",
    summary: "from the start of an empty control plane until /readyz answers 200",
    setup: Setup { starts_itself: true, ..Setup::PLAIN },
    sagong_only: None,
    quick: true,
    run: |bench| Box::pin(run(bench)),
};

async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let starts = if bench.options.quick { 1 } else { 3 };
    let mut figures = Figures::default();
    for _ in 0..starts {
        let target = bench.launcher.start(Setup::PLAIN).await?;
        figures.latency.record(target.ready_after);
        for (name, cpu) in target.cpu()? {
            *figures.server_cpu.entry(name).or_default() += cpu;
        }
        figures.memory = target.memory()?;
        figures.operations += 1;
        target.stop().await?;
    }
    bench.record("to /readyz", figures);
    Ok(())
}

pub(super) const FIRST_POD: Scenario = Scenario {
    name: "first-pod",
    summary: "from the start of an empty control plane with a node, image present, until the first pod is Running",
    setup: Setup { starts_itself: true, node: true, ..Setup::PLAIN },
    sagong_only: Some("it takes a kubelet and containerd to have a node, which this harness does not start"),
    quick: true,
    run: |bench| Box::pin(first_pod(bench)),
};

async fn first_pod(bench: &mut Bench) -> anyhow::Result<()> {
    let setup = Setup { node: true, ..Setup::PLAIN };
    let mut target = bench.launcher.start(setup).await?;
    let mut figures = Figures::default();
    for _ in 0..if bench.options.quick { 1 } else { 3 } {
        target = bench.launcher.start_anew(target, setup).await?;
        let running = super::pod_start::first_pod(&target).await?;
        figures.latency.record(running - target.started);
        figures.operations += 1;
        figures.memory = target.memory()?;
    }
    target.stop().await?;
    bench.record("to the first pod Running", figures);
    Ok(())
}
