//! Why a pod fits nowhere, in upstream's words.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use crate::framework::{Profile, Reason, Rejected, Rejection};

/// What was found out about a pod that fits nowhere.
#[derive(Clone, Debug, Default)]
pub struct Diagnosis {
    /// How many nodes there are.
    pub nodes_total: usize,
    /// The plugins that rejected the pod, as a set of bits.
    pub plugins: u32,
    /// The nodes where driving pods out may help.
    pub resolvable: Vec<u32>,
    /// How many nodes were judged.
    pub judged: usize,
    reasons: BTreeMap<Reason, usize>,
    /// Why no node was judged at all; empty otherwise.
    pub pre_filter_message: String,
    /// What `post_filter` said; empty for nothing.
    pub post_filter_message: String,
}

impl Diagnosis {
    /// Nothing yet.
    pub fn new(nodes_total: usize) -> Diagnosis {
        Diagnosis { nodes_total, ..Diagnosis::default() }
    }

    /// Notes why a node will not do.
    pub fn note(&mut self, node: u32, (plugin, rejection): Rejected) {
        self.plugins |= 1 << plugin;
        self.judged += 1;
        if !rejection.unresolvable {
            self.resolvable.push(node);
        }
        self.count(rejection, 1);
    }

    /// Notes that `nodes` nodes will not do for the same reason.
    pub fn count(&mut self, rejection: Rejection, nodes: usize) {
        if nodes == 0 {
            return;
        }
        for reason in rejection.more {
            *self.reasons.entry(reason).or_default() += nodes;
        }
        *self.reasons.entry(rejection.reason).or_default() += nodes;
    }

    /// The plugins that rejected the pod, by name.
    pub fn plugin_names<'p>(&self, profile: &'p Profile) -> BTreeSet<&'p str> {
        let rejected = profile.plugins().filter(|(number, ..)| self.plugins & (1 << number) != 0);
        rejected.map(|(.., plugin)| plugin.name()).collect()
    }

    /// The sentence for people.
    pub fn message(&self) -> String {
        let mut message = format!("0/{} nodes are available:", self.nodes_total);
        if self.pre_filter_message.is_empty() {
            let mut reasons: Vec<String> =
                self.reasons.iter().map(|(reason, nodes)| format!("{nodes} {reason}")).collect();
            reasons.sort();
            if !reasons.is_empty() {
                let _ = write!(message, " {}.", reasons.join(", "));
            }
        } else {
            let _ = write!(message, " {}.", self.pre_filter_message);
        }
        if !self.post_filter_message.is_empty() {
            let _ = write!(message, " {}", self.post_filter_message);
        }
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_is_upstreams() {
        let mut diagnosis = Diagnosis::new(3);
        diagnosis.note(0, (1, Rejection::unschedulable("Insufficient cpu")));
        for node in [1, 2] {
            diagnosis.note(node, (0, Rejection::unresolvable("node(s) had untolerated taint(s)")));
        }
        diagnosis.post_filter_message =
            "preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.".into();
        assert_eq!(
            diagnosis.message(),
            "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint(s). \
             preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
        );
        assert_eq!((diagnosis.plugins, diagnosis.resolvable), (0b11, vec![0]));
    }
}
