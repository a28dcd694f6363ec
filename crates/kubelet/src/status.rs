//! The status of a pod: a pure function from its specification, its last status and what the runtime has of it.
//!
//! Phases, conditions and container states follow upstream's `generateAPIPodStatus` with its reasons and messages.
//! Conditions that others own are kept as they are.

use std::collections::{BTreeMap, BTreeSet};

use api::views::core_v1::Pod;
use apimachinery::{Object, Value, time, value};
use component_helpers::qos;
use jiff::Timestamp;

mod conditions;
mod containers;
mod phase;

pub use conditions::OWNED_CONDITIONS;

use crate::{
    observed::Observed,
    plan::{self, Probes},
};

/// Why a container could not be started: reason and message, by container name.
pub type StartFailures = BTreeMap<String, (String, String)>;

/// What a pod's status depends on beside its specification.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// What the runtime has.
    pub observed: &'a Observed,
    /// What probes found.
    pub probes: &'a Probes,
    /// Why containers wait.
    pub failures: &'a StartFailures,
    /// Containers (by identifier) whose postStart hook has not ended: they have not started yet.
    pub hooked: &'a BTreeSet<String>,
    /// Whether the pod ends: containers are not started again, whatever the restart policy.
    pub terminal: bool,
    /// Whether all containers are being stopped to start anew; [`compute`] finds out.
    pub restarting_all: bool,
    /// The node's addresses, the primary one first.
    pub host_addresses: &'a [String],
    /// The runtime's name, the scheme of container identifiers.
    pub runtime_name: &'a str,
    /// The time now.
    pub now: Timestamp,
}

/// Computes the status of `pod` on top of `previous`, the status that was last computed or read.
pub fn compute(pod: &Object, previous: &Value, inputs: Inputs<'_>) -> Value {
    let view = Pod::of(pod);
    let mut status = value!({});
    // Until the last container is gone, it is the status before that says so.
    let said = previous.list_at(&["conditions"]).iter().any(|condition| {
        condition.str_at(&["type"]) == Some("AllContainersRestarting") && condition.str_at(&["status"]) == Some("True")
    });
    let inputs = Inputs { restarting_all: said || plan::restarting_all(view.spec(), inputs.observed), ..inputs };
    let init = containers::statuses(view, plan::ContainerKind::Init, previous, inputs);
    let regular = containers::statuses(view, plan::ContainerKind::Regular, previous, inputs);
    let ephemeral = containers::statuses(view, plan::ContainerKind::Ephemeral, previous, inputs);
    let initialized = plan::has_started_regular(view.spec(), inputs.observed);
    let phase = phase::phase(view.spec(), &init, &regular, inputs.terminal, initialized);
    let phase = match previous.str_at(&["phase"]) {
        // A pod that has ended stays so.
        Some(ended @ ("Failed" | "Succeeded")) => ended,
        _ => phase,
    };
    status.set(&["phase"], phase);
    if previous.str_at(&["phase"]) == Some(phase) {
        for key in ["reason", "message"] {
            copy(&mut status, previous, key);
        }
    }
    let started = previous.str_at(&["startTime"]).map(str::to_owned);
    status.set(&["startTime"], started.unwrap_or_else(|| time::format_seconds(inputs.now)));
    status.set(&["qosClass"], qos::of_pod(view).as_str());
    if pod.generation() > 0 {
        status.set(&["observedGeneration"], pod.generation());
    }
    for key in ["nominatedNodeName", "resourceClaimStatuses", "extendedResourceClaimStatus", "resize"] {
        copy(&mut status, previous, key);
    }
    addresses(&mut status, view, previous, inputs);
    let all: Vec<&Value> = init.iter().chain(&regular).collect();
    let conditions = conditions::conditions(pod, previous, &all, phase, inputs);
    status.set(&["conditions"], conditions);
    for (key, list) in
        [("initContainerStatuses", init), ("containerStatuses", regular), ("ephemeralContainerStatuses", ephemeral)]
    {
        if !list.is_empty() {
            status.set(&[key], list);
        }
    }
    status
}

fn copy(status: &mut Value, previous: &Value, key: &'static str) {
    if let Some(value) = previous.get(key).filter(|value| !value.is_null()) {
        status.set(&[key], value.clone());
    }
}

fn addresses(status: &mut Value, pod: Pod<'_>, previous: &Value, inputs: Inputs<'_>) {
    let listed = |addresses: &[String]| addresses.iter().map(|ip| value!({"ip": ip.as_str()})).collect::<Value>();
    if let Some(host) = inputs.host_addresses.first() {
        status.set(&["hostIP"], host.as_str());
        status.set(&["hostIPs"], listed(inputs.host_addresses));
    }
    let sandbox = inputs.observed.ready_sandbox();
    let own = match sandbox {
        _ if pod.spec().host_network() => inputs.host_addresses,
        Some(sandbox) => sandbox.addresses.as_slice(),
        None => &[],
    };
    match own.first() {
        Some(first) => {
            status.set(&["podIP"], first.as_str());
            status.set(&["podIPs"], listed(own));
        }
        // The address of a pod that has ended stays, so that people can find what it was.
        None => {
            for key in ["podIP", "podIPs"] {
                copy(status, previous, key);
            }
        }
    }
}

/// The time of a runtime's clock in the API's form; `None` for what never happened.
fn stamp(nanoseconds: i64) -> Option<String> {
    let timestamp = Timestamp::from_nanosecond(i128::from(nanoseconds)).ok()?;
    (nanoseconds > 0).then(|| time::format_seconds(timestamp))
}

/// A merge patch that turns `old` into `new`: lists are replaced, what is gone is nulled. `None` when they are equal.
pub fn merge_patch(old: &Value, new: &Value) -> Option<Value> {
    if old == new {
        return None;
    }
    let (Some(old), Some(new)) = (old.as_map(), new.as_map()) else { return Some(new.clone()) };
    let mut patch = value!({});
    for (key, value) in new.iter() {
        let change = match old.get(key) {
            Some(before) => merge_patch(before, value),
            None => Some(value.clone()),
        };
        if let Some(change) = change {
            patch.make_map().insert(key, change);
        }
    }
    for key in old.keys().filter(|key| !new.contains_key(key)) {
        patch.make_map().insert(key, Value::Null);
    }
    Some(patch)
}

#[cfg(test)]
mod tests;
