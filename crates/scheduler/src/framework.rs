//! Where plugins take part in scheduling.
//!
//! The extension points are upstream's. What upstream keeps in a cycle's untyped state is a value here: `pre_filter`
//! and `pre_score` look at the pod once and answer with an object that judges nodes, or with nothing when the plugin
//! has no say about this pod, so that it costs nothing per node.

mod events;
mod profile;

use std::{borrow::Cow, sync::Arc, time::Duration};

use apimachinery::{Status, Str};
use client::Client;
use futures::future::BoxFuture;

pub use events::{ClusterEvent, EventKinds};
pub use profile::{Arguments, Profile, ProfileConfiguration, ScoringStrategy};

use crate::{
    cache::{Cache, NodeInfo, PodInfo},
    diagnosis::Diagnosis,
};

/// The best score.
pub const MAX_NODE_SCORE: i64 = 100;

/// A reason against a node, in upstream's words.
pub type Reason = Cow<'static, str>;

/// Why a node will not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// Whether driving pods out cannot help.
    pub unresolvable: bool,
    /// The first reason.
    pub reason: Reason,
    /// Further ones.
    pub more: Vec<Reason>,
}

impl Rejection {
    /// Driving pods out may help.
    pub fn unschedulable(reason: impl Into<Reason>) -> Rejection {
        Rejection { unresolvable: false, reason: reason.into(), more: Vec::new() }
    }

    /// Driving pods out cannot help.
    pub fn unresolvable(reason: impl Into<Reason>) -> Rejection {
        Rejection { unresolvable: true, ..Rejection::unschedulable(reason) }
    }
}

/// What a plugin says of a node.
pub type Verdict = Result<(), Rejection>;

/// What a cycle is about.
#[derive(Clone, Copy)]
pub struct Cycle<'c> {
    /// The pod that needs a node.
    pub pod: &'c PodInfo,
    /// The cluster.
    pub cache: &'c Cache,
}

/// Judges nodes for one pod.
pub trait NodeFilter<'c> {
    /// Whether the pod can run there.
    fn filter(&self, node: &NodeInfo) -> Verdict;

    /// A copy for trying changes out; `None` when the filter looks at nothing but the node that it is asked about.
    fn fork(&self) -> Option<Box<dyn NodeFilter<'c> + 'c>> {
        None
    }

    /// `pod` came to `node` in what is tried out.
    fn pod_added(&mut self, _pod: &PodInfo, _node: &NodeInfo) {}

    /// `pod` left `node` in what is tried out.
    fn pod_removed(&mut self, _pod: &PodInfo, _node: &NodeInfo) {}
}

/// What `pre_filter` found.
#[derive(Default)]
pub struct Prepared<'c> {
    /// Judges nodes; `None` when every node will do.
    pub filter: Option<Box<dyn NodeFilter<'c> + 'c>>,
    /// The only nodes worth looking at; `None` for all.
    pub nodes: Option<Vec<Str>>,
}

impl<'c> Prepared<'c> {
    /// Every node is judged by `filter`.
    pub fn filter(filter: impl NodeFilter<'c> + 'c) -> Prepared<'c> {
        Prepared { filter: Some(Box::new(filter)), nodes: None }
    }
}

/// Ranks nodes for one pod.
pub trait NodeScore {
    /// How good the node is; any number when `normalize` brings it between 0 and [`MAX_NODE_SCORE`].
    fn score(&self, node: &NodeInfo) -> i64;

    /// Brings the scores of `nodes` between 0 and [`MAX_NODE_SCORE`].
    fn normalize(&self, _nodes: &[u32], _scores: &mut [i64]) {}
}

/// Upstream's default normalization: the largest score becomes [`MAX_NODE_SCORE`], or 0 with `reverse`.
pub fn default_normalize(scores: &mut [i64], reverse: bool) {
    let most = scores.iter().copied().max().unwrap_or_default();
    for score in scores {
        let scaled = if most == 0 { 0 } else { *score * MAX_NODE_SCORE / most };
        *score = if reverse { MAX_NODE_SCORE - scaled } else { scaled };
    }
}

/// What `post_filter` found for a pod that fits nowhere.
#[derive(Debug, Default)]
pub struct PostFilter {
    /// The node where room is made, with the pods that have to go; `None` when nothing helps.
    pub preemption: Option<(Str, Vec<Arc<PodInfo>>)>,
    /// Whether an earlier nomination is void.
    pub clears_nomination: bool,
    /// What is added to the message; empty for nothing.
    pub message: String,
}

/// What `permit` says of an assignment.
pub enum Permit {
    /// Go on.
    Allow,
    /// Not now.
    Reject(Rejection),
    /// Go on when the future says so, which has this long.
    Wait(Duration, BoxFuture<'static, Verdict>),
}

/// Takes part in scheduling.
pub trait Plugin: Send + Sync + 'static {
    /// Upstream's name.
    fn name(&self) -> &'static str;

    /// QueueSort: what decides which pod comes first; the larger, the sooner. Pods that are equal come by age.
    fn queue_rank(&self, _pod: &PodInfo) -> Option<i64> {
        None
    }

    /// PreEnqueue: whether the pod may be tried at all.
    fn pre_enqueue(&self, _pod: &PodInfo) -> Verdict {
        Ok(())
    }

    /// The events that may make a pod schedulable that this plugin rejected.
    fn events(&self) -> EventKinds {
        EventKinds::NONE
    }

    /// Whether an event of those kinds concerns this pod.
    fn hint(&self, _pod: &PodInfo, _event: &ClusterEvent<'_>) -> bool {
        true
    }

    /// PreFilter and Filter: looks at the pod once.
    fn pre_filter<'c>(&'c self, _cycle: Cycle<'c>) -> Result<Prepared<'c>, Rejection> {
        Ok(Prepared::default())
    }

    /// PostFilter: what can be done for a pod that fits nowhere; `None` when the plugin has no such means.
    fn post_filter<'c>(
        &self,
        _cycle: Cycle<'c>,
        _filters: &Filters<'_, 'c>,
        _diagnosis: &Diagnosis,
    ) -> Option<PostFilter> {
        None
    }

    /// PreScore and Score: looks at the pod and the nodes that fit; `None` when all are equally good.
    fn pre_score<'c>(&'c self, _cycle: Cycle<'c>, _nodes: &[u32]) -> Option<Box<dyn NodeScore + 'c>> {
        None
    }

    /// Reserve: notes what the assignment takes. Undone by [`Plugin::unreserve`].
    fn reserve(&self, _pod: &PodInfo, _node: &NodeInfo) -> Verdict {
        Ok(())
    }

    /// Takes back what [`Plugin::reserve`] noted; also called when another plugin refused.
    fn unreserve(&self, _pod: &PodInfo, _node: &str) {}

    /// Permit: whether the assignment may be carried out.
    fn permit(&self, _pod: &PodInfo, _node: &str) -> Permit {
        Permit::Allow
    }

    /// PreBind: what has to be written before the pod is bound; `None` for nothing.
    fn pre_bind(&self, _client: &Client, _pod: &Arc<PodInfo>) -> Option<BoxFuture<'static, Result<(), Status>>> {
        None
    }

    /// Bind: binds the pod to `pod.node_name`; `None` leaves it to the next plugin.
    fn bind(&self, _client: &Client, _pod: &Arc<PodInfo>) -> Option<BoxFuture<'static, Result<(), Status>>> {
        None
    }

    /// PostBind: the pod is bound.
    fn post_bind(&self, _pod: &PodInfo) {}
}

/// The filters of one cycle, with their plugins' numbers.
pub struct Filters<'p, 'c> {
    /// The profile whose plugins they are.
    pub profile: &'p Profile,
    /// In the profile's order.
    pub filters: Vec<(u8, Box<dyn NodeFilter<'c> + 'c>)>,
}

/// A rejection, and the number of the plugin that made it.
pub type Rejected = (u8, Rejection);

impl<'c> Filters<'_, 'c> {
    /// Whether the pod of `cycle` can run on `node`, also when the pods come for which room is made there.
    pub fn check(&self, cycle: Cycle<'c>, node: &NodeInfo) -> Result<(), Rejected> {
        if !cycle.cache.nominated_to(node.index).is_empty() {
            return Fork::of(self, node).check_both(cycle);
        }
        for (plugin, filter) in &self.filters {
            filter.filter(node).map_err(|rejection| (*plugin, rejection))?;
        }
        Ok(())
    }
}

/// A copy of one node and of the filters that look beyond it, for trying changes out.
pub struct Fork<'f, 'c> {
    filters: &'f Filters<'f, 'c>,
    /// By position in `filters`; `None` where the original serves.
    forked: Vec<Option<Box<dyn NodeFilter<'c> + 'c>>>,
    /// The node with the changes.
    pub node: NodeInfo,
}

impl<'f, 'c> Fork<'f, 'c> {
    /// Copies.
    pub fn of(filters: &'f Filters<'f, 'c>, node: &NodeInfo) -> Fork<'f, 'c> {
        let forked = filters.filters.iter().map(|(_, filter)| filter.fork()).collect();
        Fork { filters, forked, node: node.clone() }
    }

    /// Puts a pod on the node.
    pub fn add_pod(&mut self, pod: &Arc<PodInfo>) {
        self.node.add_pod(pod.clone());
        for filter in self.forked.iter_mut().flatten() {
            filter.pod_added(pod, &self.node);
        }
    }

    /// Takes a pod from the node.
    pub fn remove_pod(&mut self, pod: &Arc<PodInfo>) {
        self.node.remove_pod(&pod.uid);
        for filter in self.forked.iter_mut().flatten() {
            filter.pod_removed(pod, &self.node);
        }
    }

    /// Whether the pod can run there as it stands now.
    pub fn check(&self) -> Result<(), Rejected> {
        for ((plugin, filter), forked) in self.filters.filters.iter().zip(&self.forked) {
            let filter = forked.as_ref().unwrap_or(filter);
            filter.filter(&self.node).map_err(|rejection| (*plugin, rejection))?;
        }
        Ok(())
    }

    /// Whether the pod can run there as it stands now, with and without the nominated pods.
    pub fn check_both(&mut self, cycle: Cycle<'c>) -> Result<(), Rejected> {
        let nominated = cycle.cache.nominated_to(self.node.index);
        let ahead = |pod: &&Arc<PodInfo>| pod.priority >= cycle.pod.priority && pod.uid != cycle.pod.uid;
        let ahead: Vec<Arc<PodInfo>> = nominated.iter().filter(ahead).cloned().collect();
        if !ahead.is_empty() {
            for pod in &ahead {
                self.add_pod(pod);
            }
            let verdict = self.check();
            for pod in &ahead {
                self.remove_pod(pod);
            }
            verdict?;
        }
        self.check()
    }
}
