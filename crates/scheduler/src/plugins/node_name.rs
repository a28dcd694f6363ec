//! A pod that names its node runs nowhere else.
//!
//! Pods with `spec.nodeName` are never in the queue; the plugin is there for profiles and messages.

use super::Descriptor;
use crate::{
    cache::NodeInfo,
    framework::{Cycle, EventKinds, NodeFilter, Plugin, Prepared, Rejection, Verdict},
};

const REASON: &str = "node(s) didn't match the requested node name";

pub(super) const DESCRIPTOR: Descriptor = Descriptor { name: "NodeName", weight: 0, make: |_| Box::new(NodeName) };

struct NodeName;

struct Named<'c>(&'c str);

impl<'c> NodeFilter<'c> for Named<'c> {
    fn filter(&self, node: &NodeInfo) -> Verdict {
        if node.name == self.0 { Ok(()) } else { Err(Rejection::unresolvable(REASON)) }
    }
}

impl Plugin for NodeName {
    fn name(&self) -> &'static str {
        DESCRIPTOR.name
    }

    fn events(&self) -> EventKinds {
        EventKinds::NODE_ADDED
    }

    fn pre_filter<'c>(&'c self, cycle: Cycle<'c>) -> Result<Prepared<'c>, Rejection> {
        if cycle.pod.node_name.is_empty() {
            return Ok(Prepared::default());
        }
        Ok(Prepared::filter(Named(&cycle.pod.node_name)))
    }
}
