//! The plugins, one file each.

mod balanced_allocation;
mod default_binder;
mod default_preemption;
mod image_locality;
mod inter_pod_affinity;
mod node_affinity;
mod node_name;
mod node_ports;
mod node_resources_fit;
mod node_unschedulable;
mod pod_topology_spread;
mod priority_sort;
mod scheduling_gates;
mod taint_toleration;

use crate::framework::{Arguments, Plugin};

/// A plugin as it is listed.
pub struct Descriptor {
    /// Upstream's name.
    pub name: &'static str,
    /// The weight of its scores by default.
    pub weight: i64,
    /// Makes it for a profile.
    pub make: fn(&Arguments) -> Box<dyn Plugin>,
}

/// Every plugin, in the order in which they take part.
pub const IN_TREE: &[Descriptor] = &[
    scheduling_gates::DESCRIPTOR,
    priority_sort::DESCRIPTOR,
    node_name::DESCRIPTOR,
    node_unschedulable::DESCRIPTOR,
    taint_toleration::DESCRIPTOR,
    node_affinity::DESCRIPTOR,
    node_ports::DESCRIPTOR,
    node_resources_fit::DESCRIPTOR,
    pod_topology_spread::DESCRIPTOR,
    inter_pod_affinity::DESCRIPTOR,
    default_preemption::DESCRIPTOR,
    balanced_allocation::DESCRIPTOR,
    image_locality::DESCRIPTOR,
    default_binder::DESCRIPTOR,
];

#[cfg(test)]
mod tests;
