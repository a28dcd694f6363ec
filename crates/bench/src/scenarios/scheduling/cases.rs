//! The cases as data: how many nodes and pods, in which order.

use std::time::Duration;

use anyhow::Context;
use apimachinery::Value;

use super::{fleets::Stage, pods::Batch, templates};
use crate::{Bench, Figures, options::Options};

/// How large a case is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sizes {
    /// Nodes.
    nodes: usize,
    /// Pods that are there before anything is measured.
    init: usize,
    /// Pods that are measured.
    measure: usize,
}

const fn sizes(nodes: usize, init: usize, measure: usize) -> Sizes {
    Sizes { nodes, init, measure }
}

/// A case with sizes.
pub(super) struct Workload {
    /// As upstream names it: `5000Nodes`.
    pub(super) name: String,
    pub(super) sizes: Sizes,
}

/// One of upstream's cases, or a like one.
pub(super) struct Case {
    /// In full runs.
    full: &'static [Sizes],
    /// In quick runs.
    quick: &'static [Sizes],
    /// What is done, in order.
    pub(super) steps: fn(Sizes) -> Vec<Step>,
}

/// One thing that is done.
pub(super) enum Step {
    /// Hollow nodes come, with names of this prefix, over so many zones, with room for so many pods each.
    Nodes { prefix: &'static str, count: usize, zones: u32, max_pods: u32 },
    /// Pods come, and get nodes.
    Pods(Batch),
    /// Objects are made all the time until the end of the case, one each interval in turn; if they `replace` each
    /// other, each is deleted when its turn comes again.
    Churn { make: &'static [fn() -> Value], interval: Duration, replace: bool },
}

const MAX_PODS: u32 = 110;

fn nodes(count: usize, zones: u32) -> Step {
    Step::Nodes { prefix: "hollow", count, zones, max_pods: MAX_PODS }
}

fn init(namespace: &'static str, count: usize, template: fn() -> Value) -> Step {
    Step::Pods(Batch { namespace, count, template, measured: false })
}

fn measure(namespace: &'static str, count: usize, template: fn() -> Value) -> Step {
    Step::Pods(Batch { namespace, count, template, measured: true })
}

/// Plain pods on plain nodes.
pub(super) const PLAIN: Case = Case {
    full: &[sizes(100, 0, 3_000), sizes(1_000, 0, 10_000), sizes(5_000, 0, 10_000)],
    quick: &[sizes(100, 0, 1_000)],
    steps: |sizes| vec![nodes(sizes.nodes, 3), measure("sched-1", sizes.measure, templates::plain)],
};

pub(super) const BASIC: Case = Case {
    full: &[sizes(5_000, 1_000, 10_000)],
    quick: &[sizes(500, 500, 1_000)],
    steps: |sizes| {
        vec![
            nodes(sizes.nodes, 0),
            init("sched-0", sizes.init, templates::plain),
            measure("sched-1", sizes.measure, templates::plain),
        ]
    },
};

pub(super) const POD_AFFINITY: Case = Case {
    full: &[sizes(5_000, 5_000, 5_000)],
    quick: &[sizes(500, 500, 1_000)],
    steps: |sizes| {
        vec![
            nodes(sizes.nodes, 1),
            init("sched-0", sizes.init, templates::pod_affinity),
            measure("sched-1", sizes.measure, templates::pod_affinity),
        ]
    },
};

pub(super) const POD_ANTI_AFFINITY: Case = Case {
    full: &[sizes(5_000, 1_000, 2_000)],
    quick: &[sizes(500, 100, 400)],
    steps: |sizes| {
        vec![
            nodes(sizes.nodes, 0),
            init("sched-0", sizes.init, templates::pod_anti_affinity),
            measure("sched-1", sizes.measure, templates::pod_anti_affinity),
        ]
    },
};

pub(super) const PREFERRED_POD_AFFINITY: Case = Case {
    full: &[sizes(5_000, 5_000, 5_000)],
    quick: &[sizes(500, 500, 1_000)],
    steps: |sizes| {
        vec![
            nodes(sizes.nodes, 0),
            init("sched-0", sizes.init, templates::preferred_pod_affinity),
            measure("sched-1", sizes.measure, templates::preferred_pod_affinity),
        ]
    },
};

pub(super) const PREFERRED_POD_ANTI_AFFINITY: Case = Case {
    full: &[sizes(5_000, 5_000, 5_000)],
    quick: &[sizes(500, 500, 1_000)],
    steps: |sizes| {
        vec![
            nodes(sizes.nodes, 0),
            init("sched-0", sizes.init, templates::preferred_pod_anti_affinity),
            measure("sched-1", sizes.measure, templates::preferred_pod_anti_affinity),
        ]
    },
};

pub(super) const NODE_AFFINITY: Case = Case {
    full: &[sizes(5_000, 5_000, 10_000)],
    quick: &[sizes(500, 500, 1_000)],
    steps: |sizes| {
        vec![
            nodes(sizes.nodes, 1),
            init("sched-0", sizes.init, templates::zone_affinity),
            measure("sched-1", sizes.measure, templates::zone_affinity),
        ]
    },
};

pub(super) const TOPOLOGY_SPREADING: Case = Case {
    full: &[sizes(5_000, 5_000, 5_000)],
    quick: &[sizes(500, 1_000, 1_000)],
    steps: |sizes| {
        vec![
            nodes(sizes.nodes, 3),
            init("sched-0", sizes.init, templates::plain),
            measure("sched-1", sizes.measure, templates::topology_spreading),
        ]
    },
};

pub(super) const PREFERRED_TOPOLOGY_SPREADING: Case = Case {
    full: &[sizes(5_000, 5_000, 5_000)],
    quick: &[sizes(500, 1_000, 1_000)],
    steps: |sizes| {
        vec![
            nodes(sizes.nodes, 3),
            init("sched-0", sizes.init, templates::plain),
            measure("sched-1", sizes.measure, templates::preferred_topology_spreading),
        ]
    },
};

pub(super) const PREEMPTION_BASIC: Case = Case {
    full: &[sizes(1_000, 4_000, 1_000)],
    quick: &[sizes(200, 800, 200)],
    steps: |sizes| {
        vec![
            nodes(sizes.nodes, 0),
            init("sched-0", sizes.init, templates::low_priority),
            measure("sched-1", sizes.measure, templates::high_priority),
        ]
    },
};

pub(super) const PREEMPTION_ASYNC: Case = Case {
    full: &[sizes(5_000, 20_000, 5_000)],
    quick: &[sizes(500, 2_000, 500)],
    steps: |sizes| {
        vec![
            nodes(sizes.nodes, 0),
            init("sched-0", sizes.init, templates::low_priority),
            Step::Churn { make: &[templates::high_priority], interval: Duration::from_millis(200), replace: false },
            measure("sched-1", sizes.measure, templates::plain),
        ]
    },
};

pub(super) const UNSCHEDULABLE: Case = Case {
    full: &[sizes(5_000, 20_000, 10_000)],
    quick: &[sizes(500, 10, 1_000)],
    steps: |sizes| {
        vec![
            nodes(sizes.nodes, 0),
            init("sched-0", sizes.init, templates::plain),
            Step::Churn { make: &[templates::too_large], interval: Duration::from_millis(200), replace: false },
            measure("sched-1", sizes.measure, templates::plain),
        ]
    },
};

pub(super) const MIXED_CHURN: Case = Case {
    full: &[sizes(5_000, 0, 10_000)],
    quick: &[sizes(1_000, 0, 1_000)],
    steps: |sizes| {
        vec![
            nodes(sizes.nodes, 0),
            Step::Churn {
                make: &[templates::churning_node, templates::too_large, templates::churning_service],
                interval: Duration::from_secs(1),
                replace: true,
            },
            measure("sched-1", sizes.measure, templates::plain),
        ]
    },
};

pub(super) const DAEMON_SET: Case = Case {
    full: &[sizes(5_000, 0, 10_000)],
    quick: &[sizes(500, 0, 1_000)],
    steps: |sizes| {
        vec![
            Step::Nodes { prefix: "scheduler-perf", count: 1, zones: 0, max_pods: 90_000 },
            nodes(sizes.nodes, 0),
            measure("sched-1", sizes.measure, templates::daemon),
        ]
    },
};

impl Case {
    /// What is run: the case's own sizes, or those of the command.
    pub(super) fn workloads(&self, options: &Options) -> Vec<Workload> {
        let usual = if options.quick { self.quick } else { self.full };
        let scaled = |nodes: usize| {
            let like = usual.iter().find(|sizes| sizes.nodes >= nodes).unwrap_or(&usual[usual.len() - 1]);
            let scale = |pods: usize| (pods * nodes).div_ceil(like.nodes);
            Sizes { nodes, init: scale(like.init), measure: scale(like.measure) }
        };
        let chosen: Vec<Sizes> = match options.nodes.as_slice() {
            [] => usual.to_vec(),
            given => given.iter().copied().map(scaled).collect(),
        };
        let workload = |mut sizes: Sizes| {
            sizes.measure = options.pods.unwrap_or(sizes.measure);
            let mut name = format!("{}Nodes", sizes.nodes);
            if sizes.init > 0 {
                name.push_str(&format!("_{}Init", sizes.init));
            }
            Workload { name: format!("{name}_{}Pods", sizes.measure), sizes }
        };
        chosen.into_iter().map(workload).collect()
    }
}

/// Does the steps; what the measured one showed.
pub(super) async fn run(bench: &Bench, stage: &mut Stage, steps: Vec<Step>) -> anyhow::Result<Figures> {
    let mut figures = None;
    for step in steps {
        match step {
            Step::Nodes { prefix, count, zones, max_pods } => {
                stage.nodes(bench, prefix, count, zones, max_pods).await?;
            }
            Step::Pods(batch) => {
                let measured = batch.measured;
                let found = stage.pods(bench, batch).await?;
                if measured {
                    figures = Some(found);
                }
            }
            Step::Churn { make, interval, replace } => stage.churn(bench, make, interval, replace).await?,
        }
    }
    figures.context("the case measures nothing")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn sizes_follow_the_flags() {
        let names = |case: &Case, flags: &[&str]| -> Vec<String> {
            let options = Options::parse_from([&["bench"], flags].concat());
            case.workloads(&options).into_iter().map(|workload| workload.name).collect()
        };
        assert_eq!(names(&BASIC, &[]), ["5000Nodes_1000Init_10000Pods"]);
        assert_eq!(names(&BASIC, &["--quick"]), ["500Nodes_500Init_1000Pods"]);
        assert_eq!(names(&BASIC, &["--nodes", "50,500"]), ["50Nodes_10Init_100Pods", "500Nodes_100Init_1000Pods"]);
        assert_eq!(names(&PLAIN, &["--nodes", "100", "--pods", "7"]), ["100Nodes_7Pods"]);
    }
}
