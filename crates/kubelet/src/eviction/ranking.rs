//! Which pod goes first, and what it is told.

use std::cmp::Ordering;

use api::views::core_v1::Pod;
use component_helpers::resources::parse;

use super::{
    requested,
    signals::{Condition, Met, Signal},
    usage::PodUsage,
};

/// A pod that might be ended.
#[derive(Clone, Debug)]
pub struct Candidate<'a> {
    /// Its UID.
    pub uid: &'a str,
    pod: Pod<'a>,
    usage: Option<&'a PodUsage>,
    priority: i64,
    /// What it uses, and what it asked for, of the resource that is short.
    used: i64,
    requested: i64,
}

impl<'a> Candidate<'a> {
    /// A pod with what it uses, when `signal` is short.
    pub fn new(pod: Pod<'a>, usage: Option<&'a PodUsage>, signal: Signal) -> Candidate<'a> {
        let nothing = (0, 0);
        let (used, requested) = usage.map_or(nothing, |usage| match signal.condition() {
            Condition::Memory => (usage.memory_bytes, requested(pod, "memory")),
            Condition::Disk => (usage.disk_bytes(), requested(pod, "ephemeral-storage")),
            Condition::Pid => (usage.processes, 0),
        });
        let priority = pod.spec().priority().unwrap_or(0);
        Candidate { uid: pod.metadata().uid(), pod, usage, priority, used, requested }
    }
}

/// Those that use more than they asked for come first, then the less important, then who is furthest above.
pub fn order(a: &Candidate<'_>, b: &Candidate<'_>) -> Ordering {
    let exceeds = |candidate: &Candidate<'_>| candidate.used > candidate.requested;
    let above = |candidate: &Candidate<'_>| candidate.used - candidate.requested;
    exceeds(b).cmp(&exceeds(a)).then(a.priority.cmp(&b.priority)).then(above(b).cmp(&above(a)))
}

/// The message of the eviction.
pub fn message(chosen: &Candidate<'_>, met: &Met) -> String {
    let resource = met.signal.resource();
    let mut message = format!("The node was low on resource: {resource}. {met}");
    let Some(usage) = chosen.usage else { return message };
    let spec = chosen.pod.spec();
    for container in spec.containers().iter().chain(spec.init_containers().iter()) {
        let Some(used) = usage.containers.get(container.name()) else { continue };
        let used = match met.signal {
            Signal::Memory => used.memory_bytes,
            Signal::NodeFs | Signal::ImageFs => used.disk_bytes,
            _ => continue,
        };
        let request = parse(container.resources().requests()).get(resource).copied();
        if used > request.map_or(0, |request| request.value()) {
            let request = request.map_or("0".to_owned(), |request| request.to_string());
            message += &format!(
                "Container {} was using {}Ki, request is {request}, has larger consumption of {resource}. ",
                container.name(),
                used / 1024
            );
        }
    }
    message
}
