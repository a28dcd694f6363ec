//! How long a control plane takes from the start of its first process to `/readyz`, on an empty data directory.
//!
//! Readiness is asked each two milliseconds over connections of its own. Keys and certificates that upstream's
//! installer would make beforehand are there; Sagong makes its own within the measured time.

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
