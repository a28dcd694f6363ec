//! Tries important pods first.

use super::Descriptor;
use crate::{cache::PodInfo, framework::Plugin};

pub(super) const DESCRIPTOR: Descriptor =
    Descriptor { name: "PrioritySort", weight: 0, make: |_| Box::new(PrioritySort) };

struct PrioritySort;

impl Plugin for PrioritySort {
    fn name(&self) -> &'static str {
        DESCRIPTOR.name
    }

    fn queue_rank(&self, pod: &PodInfo) -> Option<i64> {
        Some(pod.priority)
    }
}
