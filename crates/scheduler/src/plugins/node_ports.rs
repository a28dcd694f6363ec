//! A port of a node is given to one pod only.

use super::Descriptor;
use crate::{
    cache::{HostPort, NodeInfo, PodInfo},
    framework::{ClusterEvent, Cycle, EventKinds, NodeFilter, Plugin, Prepared, Rejection, Verdict},
};

const REASON: &str = "node(s) didn't have free ports for the requested pod ports";

pub(super) const DESCRIPTOR: Descriptor = Descriptor { name: "NodePorts", weight: 0, make: |_| Box::new(NodePorts) };

struct NodePorts;

struct Ports<'c>(&'c [HostPort]);

fn conflict(wanted: &[HostPort], used: &[HostPort]) -> bool {
    wanted.iter().any(|port| used.iter().any(|used| used.conflicts(port)))
}

impl<'c> NodeFilter<'c> for Ports<'c> {
    fn filter(&self, node: &NodeInfo) -> Verdict {
        if conflict(self.0, &node.used_ports) { Err(Rejection::unschedulable(REASON)) } else { Ok(()) }
    }
}

impl Plugin for NodePorts {
    fn name(&self) -> &'static str {
        DESCRIPTOR.name
    }

    fn events(&self) -> EventKinds {
        EventKinds::POD_DELETED.or(EventKinds::NODE_ADDED)
    }

    fn hint(&self, pod: &PodInfo, event: &ClusterEvent<'_>) -> bool {
        match (event.pod, event.node) {
            (Some(gone), _) => conflict(&pod.host_ports, &gone.host_ports),
            (None, Some(node)) => !conflict(&pod.host_ports, &node.used_ports),
            (None, None) => true,
        }
    }

    fn pre_filter<'c>(&'c self, cycle: Cycle<'c>) -> Result<Prepared<'c>, Rejection> {
        match cycle.pod.host_ports.as_slice() {
            [] => Ok(Prepared::default()),
            ports => Ok(Prepared::filter(Ports(ports))),
        }
    }
}
