//! Pods in the scheduler's own form, read once per event.

use std::sync::{Arc, LazyLock};

use api::views::core_v1::{Pod, PodSpec};
use apimachinery::{Map, Object, Str, Value, value};

use super::{
    resources::{Requests, pod_requests},
    selectors::{NodeTerm, PodAffinity, RequiredNodes, SpreadConstraint, Toleration},
};

/// A port that a pod takes on its node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// The address; `0.0.0.0` for all.
    pub ip: Str,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: Str,
    /// The port.
    pub port: i64,
}

impl HostPort {
    /// Whether both cannot be taken on one node.
    pub fn conflicts(&self, other: &HostPort) -> bool {
        self.port == other.port
            && self.protocol == other.protocol
            && (self.ip == other.ip || self.ip == "0.0.0.0" || other.ip == "0.0.0.0")
    }
}

/// What matters only until a pod has a node.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// Where it may run.
    pub nodes: RequiredNodes,
    /// Where it would like to run, with weights.
    pub preferred_nodes: Vec<(i64, NodeTerm)>,
    /// The taints that it puts up with.
    pub tolerations: Vec<Toleration>,
    /// How it is spread; without any, the profile's defaults count.
    pub spread: Vec<SpreadConstraint>,
    /// The images of its containers and volumes, normalized; how many containers and volumes they belong to.
    pub images: Vec<Str>,
    /// What has to be taken away before it is scheduled.
    pub gates: Vec<Str>,
    /// The node where room is being made for it.
    pub nominated_node: Str,
    /// Whether it may drive others out.
    pub preempts: bool,
    /// Reason and message of the condition `PodScheduled` when that is `False`.
    pub condition: Option<(Str, Str)>,
    /// Kind and name of the controller that owns it.
    pub owner: Option<(Str, Str)>,
}

static NO_WISHES: LazyLock<Wishes> = LazyLock::new(Wishes::default);

/// A pod.
#[derive(Clone, Debug, Default)]
pub struct PodInfo {
    /// `namespace/name`
    pub key: Str,
    /// Its namespace.
    pub namespace: Str,
    /// Its name.
    pub name: Str,
    /// Which of all pods that ever had this name.
    pub uid: Str,
    /// The version that was read.
    pub resource_version: Str,
    /// Where it runs; empty while it has no node.
    pub node_name: Str,
    /// Who schedules it.
    pub scheduler_name: Str,
    /// The more, the more important.
    pub priority: i64,
    /// Its labels.
    pub labels: Map,
    /// What it asks for.
    pub requests: Requests,
    /// The ports that it takes on its node.
    pub host_ports: Vec<HostPort>,
    /// What it wishes of other pods.
    pub affinity: Option<Arc<PodAffinity>>,
    /// Whether its deletion has begun.
    pub terminating: bool,
    /// Whether it ended because the scheduler needed its room.
    pub preempted: bool,
    /// When it was started, as text that sorts by time; empty while it was not.
    pub start_time: Str,
    wishes: Option<Box<Wishes>>,
}

/// The name under which a node lists an image.
fn normalized_image(name: &str) -> Str {
    let tag = name.rfind(':').map_or(-1, |index| index as i64);
    let slash = name.rfind('/').map_or(-1, |index| index as i64);
    if tag <= slash { format!("{name}:latest").into() } else { name.into() }
}

fn images(spec: PodSpec<'_>) -> Vec<Str> {
    let containers = spec.init_containers().iter().chain(spec.containers().iter()).map(|container| container.image());
    let volumes = spec.volumes().iter().filter_map(|volume| volume.image()).map(|image| image.reference());
    containers.chain(volumes).map(normalized_image).collect()
}

fn host_ports(spec: PodSpec<'_>) -> Vec<HostPort> {
    let sidecars = spec.init_containers().iter().filter(|container| container.restart_policy() == Some("Always"));
    let ports = spec.containers().iter().chain(sidecars).flat_map(|container| container.ports().iter());
    let or = |text: &str, default: &'static str| match text {
        "" => Str::from_static(default),
        text => text.into(),
    };
    let read = |port: api::views::core_v1::ContainerPort<'_>| HostPort {
        ip: or(port.host_ip(), "0.0.0.0"),
        protocol: or(port.protocol(), "TCP"),
        port: port.host_port(),
    };
    ports.filter(|port| port.host_port() > 0).map(read).collect()
}

fn wishes(object: &Object, pod: Pod<'_>) -> Wishes {
    let (spec, status) = (pod.spec(), pod.status());
    let preferred = spec
        .affinity()
        .and_then(|affinity| affinity.node_affinity())
        .map(|affinity| affinity.preferred_during_scheduling_ignored_during_execution());
    let preferred = preferred.into_iter().flat_map(|terms| terms.iter());
    let condition = status.conditions().iter().find(|condition| condition.type_() == "PodScheduled");
    let condition = condition.filter(|condition| condition.status() == "False");
    let owner = object.controller();
    Wishes {
        nodes: RequiredNodes::read(spec),
        preferred_nodes: preferred.map(|term| (term.weight(), NodeTerm::read(term.preference()))).collect(),
        tolerations: Toleration::read(spec.tolerations()),
        spread: SpreadConstraint::read(spec, object.labels()),
        images: images(spec),
        gates: spec.scheduling_gates().iter().map(|gate| gate.name().into()).collect(),
        nominated_node: status.nominated_node_name().into(),
        preempts: spec.preemption_policy() != Some("Never"),
        condition: condition.map(|condition| (condition.reason().into(), condition.message().into())),
        owner: owner.map(|owner| {
            let text = |key| owner.str_at(&[key]).unwrap_or_default().into();
            (text("kind"), text("name"))
        }),
    }
}

/// Whether a pod has ended for good and takes no room.
pub fn has_ended(object: &Object) -> bool {
    matches!(object.status().str_at("phase"), Some("Succeeded" | "Failed"))
}

impl PodInfo {
    /// Reads a pod.
    pub fn read(object: &Object) -> PodInfo {
        let pod = Pod::of(&object.0);
        let spec = pod.spec();
        let preempted = pod.status().conditions().iter().any(|condition| {
            condition.type_() == "DisruptionTarget"
                && condition.status() == "True"
                && condition.reason() == "PreemptionByScheduler"
        });
        PodInfo {
            key: object.key(),
            namespace: object.namespace().into(),
            name: object.name().into(),
            uid: object.uid().into(),
            resource_version: object.resource_version().into(),
            node_name: spec.node_name().into(),
            scheduler_name: spec.scheduler_name().into(),
            priority: spec.priority().unwrap_or_default(),
            labels: object.labels().clone(),
            requests: pod_requests(pod),
            host_ports: host_ports(spec),
            affinity: PodAffinity::read(spec, object.namespace(), object.labels()).map(Arc::new),
            terminating: object.deletion_timestamp().is_some(),
            preempted,
            start_time: pod.status().start_time().unwrap_or_default().into(),
            wishes: spec.node_name().is_empty().then(|| Box::new(wishes(object, pod))),
        }
    }

    /// What matters until it has a node; nothing afterwards.
    pub fn wishes(&self) -> &Wishes {
        self.wishes.as_deref().unwrap_or(&NO_WISHES)
    }

    /// The pod as it will be on `node`.
    pub fn placed(&self, node: &Str) -> PodInfo {
        let mut placed = PodInfo { wishes: None, ..self.clone() };
        placed.node_name = node.clone();
        placed
    }

    /// What events about it refer to.
    pub fn reference(&self) -> Value {
        value!({
            "apiVersion": "v1",
            "kind": "Pod",
            "namespace": &self.namespace,
            "name": &self.name,
            "uid": &self.uid,
            "resourceVersion": &self.resource_version
        })
    }
}

/// Whether two versions of a pod are the same to the scheduler, the node aside.
pub fn same_but_node(old: &Object, new: &Object) -> bool {
    let spec_same = |key: &str| old.spec().get(key) == new.spec().get(key);
    let status_same = |key: &str| old.status().get(key) == new.status().get(key);
    old.uid() == new.uid()
        && old.labels() == new.labels()
        && old.deletion_timestamp().is_some() == new.deletion_timestamp().is_some()
        && ["containers", "initContainers", "resources", "priority", "affinity", "overhead"].into_iter().all(spec_same)
        && ["resources", "allocatedResources"].into_iter().all(status_same)
}
