//! Many nodes full of pods, held for a while under churn, and judged by the official service level objectives as
//! ClusterLoader2 computes them.
//!
//! Deployments of thirty replicas with a service each fill the hollow nodes; then single pods come and go at a steady
//! rate while a client reads as people and controllers do. What is demanded: 99 of 100 calls that change something or
//! read one object answer within 1 s, lists of a namespace within 5 s, lists of the cluster within 30 s, by the server's
//! own `apiserver_request_sli_duration_seconds`; 99 of 100 pods run 5 s after they were created, as a watcher sees it.

mod churn;
mod fill;
mod objectives;

use std::time::Duration;

use anyhow::Context;
use sim::{Fleet, FleetOptions, Pool};

use crate::{Bench, Figures, Scenario};
use objectives::Calls;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "density",
    summary: "5,000 nodes with 150,000 pods held for ten minutes within the official SLOs",
    setup: super::scheduling::MANY_NODES,
    sagong_only: None,
    quick: true,
    run: |bench| Box::pin(run(bench)),
};

/// Pods on each node when it is full.
const PODS_PER_NODE: usize = 30;
/// Pods that are created and deleted each second meanwhile.
const CHURN_PER_SECOND: f64 = 10.0;
/// The filling is given up when for so long no pod begins to run.
const PATIENCE: Duration = Duration::from_secs(180);

async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    for nodes in bench.options.sizes(&bench.options.nodes, &[5_000], &[100]) {
        let pods = bench.options.pods.unwrap_or(nodes * PODS_PER_NODE);
        let fleet = start(bench, nodes).await?;
        let case = format!("{nodes}Nodes_{pods}Pods");
        let figures = fill(bench, &fleet, nodes, pods).await.with_context(|| format!("{case}, filling"))?;
        bench.record(format!("{case}, filling"), figures);
        let figures = hold(bench, &fleet).await?;
        bench.record(format!("{case}, held"), figures);
        fill::clear(bench, &fleet).await?;
        fleet.remove().await?;
    }
    Ok(())
}

async fn start(bench: &Bench, nodes: usize) -> anyhow::Result<Fleet> {
    let options = FleetOptions { nodes: u32::try_from(nodes)?, ..FleetOptions::default() };
    let fleet = Fleet::start(Pool::new(bench.target().access()?, "kubelet")?, options);
    fleet.ready().await?;
    Ok(fleet)
}

async fn fill(bench: &Bench, fleet: &Fleet, nodes: usize, pods: usize) -> anyhow::Result<Figures> {
    let meter = bench.target().begin()?;
    let before = Calls::read(bench).await?;
    fill::create(bench, nodes, pods).await?;
    let (started, mut seen) = (std::time::Instant::now(), 0);
    let wanted = pods as u64;
    while seen < wanted {
        let next = (seen + 1).max(wanted.min(seen + wanted / 20));
        let further = tokio::time::timeout(PATIENCE, fleet.until(|figures| figures.pods_started >= next)).await;
        seen = fleet.figures().pods_started;
        further.with_context(|| format!("{seen} of {wanted} pods run and no more"))?;
        println!("  {seen} pods run after {:.0} s", started.elapsed().as_secs_f64());
    }
    let mut figures = bench.target().end(&meter)?;
    figures.operations = wanted;
    Ok(Calls::read(bench).await?.since(&before).judge(figures))
}

async fn hold(bench: &Bench, fleet: &Fleet) -> anyhow::Result<Figures> {
    let seconds = bench.options.seconds.unwrap_or(if bench.options.quick { 20.0 } else { 600.0 });
    let before = Calls::read(bench).await?;
    let leases = fleet.figures();
    let meter = bench.target().begin()?;
    let startups = churn::run(bench, CHURN_PER_SECOND, Duration::from_secs_f64(seconds)).await?;
    let mut figures = bench.target().end(&meter)?;
    let after = fleet.figures();
    figures.operations = startups.count();
    figures.latency = startups;
    let cpu_percent = figures.cpu().as_secs_f64() / figures.elapsed.as_secs_f64() * 100.0;
    let startup_p99 = figures.latency.quantile(0.99) as f64 / 1e3;
    let figures = figures
        .with("cpu_percent_of_a_core", cpu_percent)
        .with("pod_startup_p99_milliseconds", startup_p99)
        .with("pod_startup_slo_met", f64::from(u8::from(startup_p99 <= objectives::POD_STARTUP_MILLISECONDS)))
        .with("leases_per_second", (after.leases - leases.leases) as f64 / seconds)
        .with("lease_lateness_longest_milliseconds", after.lease_lateness_longest.as_secs_f64() * 1e3)
        .with("hollow_failures", (after.failures - leases.failures) as f64);
    Ok(Calls::read(bench).await?.since(&before).judge(figures))
}
