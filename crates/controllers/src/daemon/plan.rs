//! Which nodes lack a pod, which pods are too many, and the status.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use apimachinery::{List, Object, Str, Value, value};
use client::{EventType, kinds::DAEMON_SETS};
use jiff::Timestamp;

use super::{rolling, target_node};
use crate::{patches, placement, pod_control::pod_from_template, pods};

pub(super) const HASH_LABEL: &str = "controller-revision-hash";
const GENERATION_LABEL: &str = "pod-template-generation";
const GENERATION_ANNOTATION: &str = "deprecated.daemonset.template.generation";
/// Pods created or deleted in one reconcile at most.
const BURST: usize = 250;

/// What a reconcile sees.
pub(super) struct Observed {
    pub(super) set: Arc<Object>,
    /// The set's pods.
    pub(super) pods: Vec<Arc<Object>>,
    pub(super) nodes: Vec<Arc<Object>>,
    /// The hash of the present template's revision.
    pub(super) hash: String,
    /// Nodes on which the next failed pod has to wait.
    pub(super) backing_off: Vec<Str>,
    pub(super) now: Timestamp,
}

/// What to do.
pub(super) struct Plan {
    /// Nodes that get a pod.
    pub(super) create: Vec<Str>,
    pub(super) delete: Vec<Arc<Object>>,
    /// What is to be said about pods that ended.
    pub(super) ended: Vec<Ended>,
    pub(super) status: Value,
    /// When the next pod becomes available by the mere passing of time.
    pub(super) check_after_seconds: Option<u64>,
}

/// An event about a pod that ended.
pub(super) struct Ended {
    pub(super) event_type: EventType,
    pub(super) reason: &'static str,
    pub(super) message: String,
    pub(super) node: Str,
}

/// A node with its daemon pods.
pub(super) struct Place<'o> {
    pub(super) node: &'o Arc<Object>,
    pub(super) pods: Vec<Arc<Object>>,
    pub(super) should_run: bool,
    pub(super) should_continue: bool,
}

impl Observed {
    pub(super) fn min_ready_seconds(&self) -> i64 {
        self.set.spec().i64_at("minReadySeconds").unwrap_or_default()
    }

    pub(super) fn is_available(&self, pod: &Object) -> bool {
        pods::is_available(pod, self.min_ready_seconds(), self.now)
    }

    pub(super) fn is_updated(&self, pod: &Object) -> bool {
        pod.label(HASH_LABEL) == Some(self.hash.as_str())
    }

    fn places(&self) -> Vec<Place<'_>> {
        let template_spec = self.set.at(&["spec", "template", "spec"]).cloned().unwrap_or_default();
        let host_network = template_spec.bool_at(&["hostNetwork"]) == Some(true);
        let mut tolerations = template_spec.list_at(&["tolerations"]).to_vec();
        tolerations.extend(placement::daemon_tolerations(host_network));
        let mut by_node: BTreeMap<&str, Vec<Arc<Object>>> = BTreeMap::new();
        for pod in &self.pods {
            by_node.entry(target_node(pod)).or_default().push(pod.clone());
        }
        let wanted_node = template_spec.str_at(&["nodeName"]).unwrap_or_default().to_owned();
        let place = |node| {
            let node: &Arc<Object> = node;
            let fits = (wanted_node.is_empty() || wanted_node == node.name())
                && placement::affinity_admits(&template_spec, node);
            let evicts = placement::untolerated(node, &tolerations, &["NoExecute"]).is_some();
            let repels = placement::untolerated(node, &tolerations, &["NoSchedule", "NoExecute"]).is_some();
            Place {
                node,
                pods: by_node.get(node.name()).cloned().unwrap_or_default(),
                should_run: fits && !repels,
                should_continue: fits && !evicts,
            }
        };
        self.nodes.iter().map(place).collect()
    }
}

/// Oldest first; pods that are bound before those that are not.
fn by_age(a: &Arc<Object>, b: &Arc<Object>) -> Ordering {
    let bound = |pod: &Object| !pods::node_name(pod).is_empty();
    (bound(b).cmp(&bound(a)))
        .then_with(|| a.creation_timestamp().cmp(b.creation_timestamp()))
        .then_with(|| a.name().cmp(b.name()))
}

pub(super) fn plan(observed: &Observed) -> Plan {
    let places = observed.places();
    let mut plan = Plan {
        create: Vec::new(),
        delete: Vec::new(),
        ended: Vec::new(),
        status: status(observed, &places),
        check_after_seconds: check_after_seconds(observed),
    };
    for place in &places {
        manage(observed, place, &mut plan);
    }
    // Pods that wait for a node that is gone would wait for ever.
    let known: BTreeSet<&str> = observed.nodes.iter().map(|node| node.name()).collect();
    let stranded = observed.pods.iter().filter(|pod| {
        pods::node_name(pod).is_empty() && pod.deletion_timestamp().is_none() && !known.contains(target_node(pod))
    });
    plan.delete.extend(stranded.cloned());
    rolling::plan(observed, &places, &mut plan);
    let mut seen = BTreeSet::new();
    plan.delete.retain(|pod| seen.insert(pod.name().to_owned()));
    plan.delete.truncate(BURST);
    plan.create.sort();
    plan.create.dedup();
    plan.create.truncate(BURST);
    plan
}

fn manage(observed: &Observed, place: &Place<'_>, plan: &mut Plan) {
    let node: Str = place.node.name().into();
    if place.should_run && place.pods.is_empty() {
        plan.create.push(node);
        return;
    }
    let mut live: Vec<Arc<Object>> =
        place.pods.iter().filter(|pod| pod.deletion_timestamp().is_none()).cloned().collect();
    if !place.should_continue {
        plan.delete.append(&mut live);
        return;
    }
    let (ended, mut running): (Vec<_>, Vec<_>) = live.into_iter().partition(|pod| pods::is_finished(pod));
    for pod in ended {
        let failed = pods::phase(&pod) == "Failed";
        if failed && observed.backing_off.contains(&node) {
            continue;
        }
        let (event_type, reason, verb) = match failed {
            true => (EventType::Warning, "FailedDaemonPod", ("failed", "kill")),
            false => (EventType::Normal, "SucceededDaemonPod", ("succeeded", "delete")),
        };
        let message = format!("Found {} daemon pod {} on node {node}, will try to {} it", verb.0, pod.key(), verb.1);
        plan.ended.push(Ended { event_type, reason, message, node: node.clone() });
        plan.delete.push(pod);
    }
    running.sort_by(by_age);
    if rolling::max_surge(observed) == 0 {
        plan.delete.extend(running.into_iter().skip(1));
        return;
    }
    if running.is_empty() && place.should_run {
        plan.create.push(node);
        return;
    }
    // With surge, one pod of the new revision may stand beside one of an old one.
    let (mut new, mut old): (Vec<_>, Vec<_>) = running.into_iter().partition(|pod| observed.is_updated(pod));
    if let (Some(newest), Some(oldest)) = (new.first(), old.first())
        && (!pods::is_ready(oldest) || observed.is_available(newest))
    {
        plan.delete.push(oldest.clone());
    }
    plan.delete.extend(new.drain(..).skip(1).chain(old.drain(..).skip(1)));
}

fn status(observed: &Observed, places: &[Place<'_>]) -> Value {
    let (mut desired, mut scheduled, mut misscheduled) = (0, 0, 0);
    let (mut ready, mut available, mut updated) = (0, 0, 0);
    for place in places {
        let mut pods = place.pods.clone();
        pods.sort_by(by_age);
        match (place.should_run, pods.first()) {
            (true, first) => {
                desired += 1;
                let Some(first) = first else { continue };
                scheduled += 1;
                ready += i64::from(pods::is_ready(first));
                available += i64::from(observed.is_available(first));
                updated += i64::from(observed.is_updated(first));
            }
            (false, Some(_)) if !place.should_continue || pods.iter().any(|pod| pod.deletion_timestamp().is_none()) => {
                misscheduled += 1;
            }
            (false, _) => {}
        }
    }
    let mut status = patches::status_of(&observed.set);
    // These four have no `omitempty`.
    for (key, count) in [
        ("currentNumberScheduled", scheduled),
        ("numberMisscheduled", misscheduled),
        ("desiredNumberScheduled", desired),
        ("numberReady", ready),
    ] {
        status.set(&[key], count);
    }
    patches::set_count(&mut status, "numberAvailable", available);
    patches::set_count(&mut status, "numberUnavailable", desired - available);
    patches::set_count(&mut status, "updatedNumberScheduled", updated);
    patches::set_count(&mut status, "observedGeneration", observed.set.generation());
    status
}

fn check_after_seconds(observed: &Observed) -> Option<u64> {
    let seconds = observed.min_ready_seconds();
    let waits = observed.pods.iter().filter_map(|pod| pods::available_in_seconds(pod, seconds, observed.now));
    waits.filter(|wait| *wait > 0).min().and_then(|wait| u64::try_from(wait).ok())
}

/// The set's pod for `node`: it names its node by affinity, so that the scheduler binds it.
pub(super) fn daemon_pod(set: &Object, node: &str, hash: &str) -> Object {
    let template = set.spec().get("template").cloned().unwrap_or_default();
    let mut pod = pod_from_template(&template, &DAEMON_SETS, set);
    pod.metadata_mut().map_at("labels").insert(HASH_LABEL, hash);
    if let Some(generation) = set.annotation(GENERATION_ANNOTATION) {
        pod.metadata_mut().map_at("labels").insert(GENERATION_LABEL, generation);
    }
    let host_network = pod.bool_at(&["spec", "hostNetwork"]) == Some(true);
    let mut tolerations: List = pod.list_at(&["spec", "tolerations"]).iter().cloned().collect();
    for toleration in placement::daemon_tolerations(host_network) {
        if !tolerations.contains(&toleration) {
            tolerations.push(toleration);
        }
    }
    pod.set(&["spec", "tolerations"], tolerations);
    let field = value!([{"key": "metadata.name", "operator": "In", "values": [node]}]);
    let required = ["spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"];
    let mut terms: List =
        pod.at(&required).map(|one| one.list_at(&["nodeSelectorTerms"])).unwrap_or_default().iter().cloned().collect();
    if terms.is_empty() {
        terms.push(value!({}));
    }
    for term in &mut terms {
        term.remove(&["matchExpressions"]);
        term.set(&["matchFields"], field.clone());
    }
    terms.truncate(1);
    pod.set(&required, value!({"nodeSelectorTerms": terms}));
    pod
}
