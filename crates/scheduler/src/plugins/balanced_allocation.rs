//! Prefers nodes where CPU and memory stay in proportion.

use super::Descriptor;
use crate::{
    cache::{NodeInfo, Resources},
    framework::{Cycle, MAX_NODE_SCORE, NodeScore, Plugin},
};

pub(super) const DESCRIPTOR: Descriptor =
    Descriptor { name: "NodeResourcesBalancedAllocation", weight: 1, make: |_| Box::new(BalancedAllocation) };

struct BalancedAllocation;

struct Balance<'c>(&'c Resources);

/// How far two used shares are from each other, as a score.
fn balance(milli_cpu: i64, memory_bytes: i64, allocatable: &Resources) -> i64 {
    let share = |used: i64, all: i64| (used as f64 / all as f64).min(1.0);
    if allocatable.milli_cpu == 0 || allocatable.memory_bytes == 0 {
        return MAX_NODE_SCORE;
    }
    let (cpu, memory) = (share(milli_cpu, allocatable.milli_cpu), share(memory_bytes, allocatable.memory_bytes));
    let deviation = ((cpu - memory) / 2.0).abs();
    ((1.0 - deviation) * MAX_NODE_SCORE as f64) as i64
}

impl NodeScore for Balance<'_> {
    fn score(&self, node: &NodeInfo) -> i64 {
        let (used, all) = (&node.requested, &node.allocatable);
        let with = balance(used.milli_cpu + self.0.milli_cpu, used.memory_bytes + self.0.memory_bytes, all);
        let without = balance(used.milli_cpu, used.memory_bytes, all);
        MAX_NODE_SCORE / 2 + (MAX_NODE_SCORE / 2 + with - without) / 2
    }
}

impl Plugin for BalancedAllocation {
    fn name(&self) -> &'static str {
        DESCRIPTOR.name
    }

    fn pre_score<'c>(&'c self, cycle: Cycle<'c>, _nodes: &[u32]) -> Option<Box<dyn NodeScore + 'c>> {
        let requests = &cycle.pod.requests.total;
        let any = requests.milli_cpu > 0 || requests.memory_bytes > 0;
        any.then(|| Box::new(Balance(requests)) as Box<dyn NodeScore>)
    }
}
