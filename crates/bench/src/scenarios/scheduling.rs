//! Scheduling: how many pods a second get nodes, how long each waits, what it costs.
//!
//! `scheduling` binds plain pods on growing clusters. The others are cases of upstream's own scheduler benchmark
//! (`test/integration/scheduler_perf`) under its names, with its counts of nodes and pods; where upstream runs the
//! scheduler beside an API server in one process, here everything is what a cluster has, controllers included.

mod cases;
mod fleets;
mod pods;
mod templates;

use crate::{Bench, Scenario, scenario::Setup};
use cases::Case;

/// Room for 16,384 nodes with 256 addresses each.
pub(super) const MANY_NODES: Setup =
    Setup { fresh: true, cluster_cidr: "100.64.0.0/10", scheduler_qps: 5000, ..Setup::PLAIN };

/// A line of the table for one case.
macro_rules! scenario {
    ($constant:ident, $case:expr, $name:literal, $quick:literal, $summary:literal) => {
        pub(super) const $constant: Scenario = Scenario {
            name: $name,
            summary: $summary,
            setup: MANY_NODES,
            sagong_only: None,
            quick: $quick,
            run: |bench| Box::pin(run(bench, &$case)),
        };
    };
}

scenario!(SCENARIO, cases::PLAIN, "scheduling", true, "10,000 pods get nodes in clusters of 100, 1,000 and 5,000");
scenario!(BASIC, cases::BASIC, "SchedulingBasic", false, "plain pods");
scenario!(POD_AFFINITY, cases::POD_AFFINITY, "SchedulingPodAffinity", false, "pods that must share a zone");
scenario!(
    POD_ANTI_AFFINITY,
    cases::POD_ANTI_AFFINITY,
    "SchedulingPodAntiAffinity",
    false,
    "pods that must not share a node"
);
scenario!(
    PREFERRED_POD_AFFINITY,
    cases::PREFERRED_POD_AFFINITY,
    "SchedulingPreferredPodAffinity",
    false,
    "pods that like to share a node"
);
scenario!(
    PREFERRED_POD_ANTI_AFFINITY,
    cases::PREFERRED_POD_ANTI_AFFINITY,
    "SchedulingPreferredPodAntiAffinity",
    false,
    "pods that like not to share a node"
);
scenario!(NODE_AFFINITY, cases::NODE_AFFINITY, "SchedulingNodeAffinity", false, "pods that must be in a zone");
scenario!(
    TOPOLOGY_SPREADING,
    cases::TOPOLOGY_SPREADING,
    "TopologySpreading",
    false,
    "pods that must be spread over zones"
);
scenario!(
    PREFERRED_TOPOLOGY_SPREADING,
    cases::PREFERRED_TOPOLOGY_SPREADING,
    "PreferredTopologySpreading",
    false,
    "pods that like to be spread over zones"
);
scenario!(
    PREEMPTION_BASIC,
    cases::PREEMPTION_BASIC,
    "PreemptionBasic",
    false,
    "pods that fit only where less important ones make room"
);
scenario!(
    PREEMPTION_ASYNC,
    cases::PREEMPTION_ASYNC,
    "PreemptionAsync",
    false,
    "plain pods, while five important ones a second drive others out"
);
scenario!(
    UNSCHEDULABLE,
    cases::UNSCHEDULABLE,
    "Unschedulable",
    false,
    "plain pods, while five a second come that fit nowhere"
);
scenario!(
    MIXED_CHURN,
    cases::MIXED_CHURN,
    "SchedulingWithMixedChurn",
    false,
    "plain pods, while a node, a service and a pod that fits nowhere come and go"
);
scenario!(DAEMON_SET, cases::DAEMON_SET, "SchedulingDaemonset", false, "pods that name their node in an affinity");

async fn run(bench: &mut Bench, case: &Case) -> anyhow::Result<()> {
    let mut workloads = case.workloads(&bench.options).into_iter().peekable();
    while let Some(workload) = workloads.next() {
        let mut stage = fleets::Stage::new(bench)?;
        let figures = cases::run(bench, &mut stage, (case.steps)(workload.sizes)).await?;
        bench.record(workload.name, figures);
        if workloads.peek().is_some() {
            stage.clear(bench).await?;
        }
    }
    Ok(())
}
