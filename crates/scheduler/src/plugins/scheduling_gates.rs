//! Holds pods back that have scheduling gates.

use super::Descriptor;
use crate::{
    cache::PodInfo,
    framework::{EventKinds, Plugin, Rejection, Verdict},
};

pub(super) const DESCRIPTOR: Descriptor =
    Descriptor { name: "SchedulingGates", weight: 0, make: |_| Box::new(SchedulingGates) };

struct SchedulingGates;

impl Plugin for SchedulingGates {
    fn name(&self) -> &'static str {
        DESCRIPTOR.name
    }

    fn pre_enqueue(&self, pod: &PodInfo) -> Verdict {
        match pod.wishes().gates.as_slice() {
            [] => Ok(()),
            gates => Err(Rejection::unresolvable(format!("waiting for scheduling gates: [{}]", gates.join(" ")))),
        }
    }

    fn events(&self) -> EventKinds {
        EventKinds::OWN_GATES
    }
}
