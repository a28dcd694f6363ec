//! What is to be done for a pod: a pure function from its specification and what the runtime has of it.
//!
//! The rules are upstream's `computePodActions`: init containers run one after the other, sidecars (init containers
//! that restart always) stay beside what follows, regular containers run together, and who ends is started again as
//! the restart policy says. Nothing here waits or knows about back-off; the worker delays what is planned.

use std::collections::BTreeMap;

use api::views::core_v1::{Container as Spec, ContainerRestartRule, Pod, PodSpec};
use component_helpers::resources::is_sidecar;

use crate::{
    labels::container_hash,
    observed::{Observed, State},
};

/// What a probe found last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probed {
    /// It has not run often enough to say.
    Unknown,
    /// It succeeds.
    Success,
    /// It fails.
    Failure,
}

/// The probes of one running container; `None` where it has no such probe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContainerProbes {
    /// Whether it has come up.
    pub startup: Option<Probed>,
    /// Whether it should go on.
    pub liveness: Option<Probed>,
    /// Whether it should get traffic.
    pub readiness: Option<Probed>,
}

/// Probes by container identifier.
pub type Probes = BTreeMap<String, ContainerProbes>;

/// Which list of the specification a container stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerKind {
    /// `initContainers`, sidecars included.
    Init,
    /// `containers`
    Regular,
    /// `ephemeralContainers`
    Ephemeral,
}

impl ContainerKind {
    /// As metrics name it.
    pub fn word(self) -> &'static str {
        match self {
            ContainerKind::Init => "init_container",
            ContainerKind::Regular => "container",
            ContainerKind::Ephemeral => "ephemeral_container",
        }
    }
}

/// A container to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// Its list.
    pub kind: ContainerKind,
    /// Its name.
    pub name: String,
}

/// A container to stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kill {
    /// The runtime's identifier.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Why, for the event.
    pub message: String,
    /// Whether a probe asked for it, which has a grace period of its own.
    pub by_probe: Option<ProbeKind>,
}

/// A container to forget, so that the pod starts anew in its sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reset {
    /// The runtime's identifier.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it has to be stopped first.
    pub kill: bool,
}

/// The kinds of probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProbeKind {
    /// `startupProbe`
    Startup,
    /// `livenessProbe`
    Liveness,
    /// `readinessProbe`
    Readiness,
}

/// What is to be done now, in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Stop everything that is left of the pod, sandboxes included.
    pub kill_pod: bool,
    /// Containers to stop at once and to forget, in this order: a rule restarts all of the pod's containers.
    pub reset: Vec<Reset>,
    /// Containers to stop.
    pub kill: Vec<Kill>,
    /// Make a sandbox, the pod's how-many-eth it is.
    pub create_sandbox: Option<u32>,
    /// Containers to start, one after the other.
    pub start: Vec<Start>,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        *self == Plan::default()
    }
}

/// Whether the pod's newest sandbox cannot serve, and which attempt a new one would be.
pub fn sandbox_needed(pod: Pod<'_>, observed: &Observed) -> Option<u32> {
    let host_network = pod.spec().host_network();
    let Some(newest) = observed.sandboxes.first() else { return Some(0) };
    let ready = observed.sandboxes.iter().filter(|sandbox| sandbox.ready).count();
    let usable = ready == 1
        && newest.ready
        && newest.host_network == host_network
        && (host_network || !newest.addresses.is_empty());
    (!usable).then_some(newest.attempt + 1)
}

/// The action of the rule that is about a container's end with `exit_code`.
fn rule_action<'a>(container: Spec<'a>, exit_code: i32) -> Option<&'a str> {
    let matches = |rule: &ContainerRestartRule<'a>| {
        rule.exit_codes().is_some_and(|codes| {
            let listed = codes.values().iter().any(|code| code == i64::from(exit_code));
            listed == (codes.operator() == "In")
        })
    };
    container.restart_policy_rules().iter().find(matches).map(|rule| rule.action())
}

/// Whether a container that ended with `exit_code` makes all containers of its pod start anew.
pub fn restarts_all(container: Spec<'_>, exit_code: i32) -> bool {
    rule_action(container, exit_code) == Some("RestartAllContainers")
}

/// Whether some end of some container would make all containers of the pod start anew.
pub fn could_restart_all(spec: PodSpec<'_>) -> bool {
    let containers = spec.init_containers().iter().chain(spec.containers().iter());
    let mut rules = containers.flat_map(|container| container.restart_policy_rules().iter());
    rules.any(|rule| rule.action() == "RestartAllContainers")
}

/// Whether a container has ended by which all containers of the pod start anew.
pub fn restarting_all(spec: PodSpec<'_>, observed: &Observed) -> bool {
    let mut containers = spec.init_containers().iter().chain(spec.containers().iter());
    containers.any(|container| {
        let latest = observed.latest(container.name());
        latest.is_some_and(|latest| latest.state == State::Exited && restarts_all(container, latest.exit_code))
    })
}

/// Everything that has to go before all containers start anew: those that asked for it last, since they are what says
/// that it is under way.
fn plan_reset(spec: PodSpec<'_>, observed: &Observed) -> Vec<Reset> {
    let mut order = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
    for (offset, list) in [(1, spec.init_containers()), (0, spec.containers())] {
        for container in list.iter() {
            for found in observed.containers.iter().filter(|found| found.name == container.name()) {
                let ended = found.state == State::Exited;
                let source = ended && restarts_all(container, found.exit_code);
                let place = offset + if source { 2 } else { 0 };
                order[place].push(Reset { id: found.id.clone(), name: found.name.clone(), kill: !ended });
            }
        }
    }
    order.into_iter().flatten().collect()
}

/// Whether a container that ended with `exit_code` is to run again.
pub fn restarts_after(spec: PodSpec<'_>, container: Spec<'_>, exit_code: i32) -> bool {
    if rule_action(container, exit_code).is_some() {
        return true;
    }
    match container.restart_policy().unwrap_or(spec.restart_policy()) {
        "Never" => false,
        "OnFailure" => exit_code != 0,
        _ => true,
    }
}

/// Whether a container is to be started (again) when it does not run.
pub fn should_start(pod: Pod<'_>, container: Spec<'_>, observed: &Observed) -> bool {
    if pod.metadata().deletion_timestamp().is_some() {
        return false;
    }
    match observed.latest(container.name()) {
        None => true,
        Some(status) => match status.state {
            State::Running => false,
            State::Unknown | State::Created => true,
            State::Exited => restarts_after(pod.spec(), container, status.exit_code),
        },
    }
}

/// Whether a container may run again after its end at all.
fn may_restart(spec: PodSpec<'_>, container: Spec<'_>) -> bool {
    container.restart_policy().unwrap_or(spec.restart_policy()) != "Never"
}

/// Whether a regular container has ever been started in the current sandbox: then initialization is over.
pub fn has_started_regular(spec: PodSpec<'_>, observed: &Observed) -> bool {
    let started = |state: State| matches!(state, State::Running | State::Exited);
    spec.containers().iter().any(|spec| observed.active(spec.name()).is_some_and(|status| started(status.state)))
}

fn has_created_regular(spec: PodSpec<'_>, observed: &Observed) -> bool {
    spec.containers().iter().any(|spec| observed.latest(spec.name()).is_some())
}

/// What is to be done for `pod`, which is neither deleted nor finished.
pub fn plan(pod: Pod<'_>, observed: &Observed, probes: &Probes) -> Plan {
    if restarting_all(pod.spec(), observed) {
        return Plan { reset: plan_reset(pod.spec(), observed), ..Plan::default() };
    }
    match sandbox_needed(pod, observed) {
        Some(attempt) => plan_sandbox(pod, observed, attempt),
        None => plan_containers(pod, observed, probes),
    }
}

fn plan_sandbox(pod: Pod<'_>, observed: &Observed, attempt: u32) -> Plan {
    let spec = pod.spec();
    let kill_pod = !observed.sandboxes.is_empty();
    if spec.restart_policy() == "Never" && attempt != 0 && !observed.containers.is_empty() {
        // Its containers are gone, and none may run again.
        return Plan { kill_pod, ..Plan::default() };
    }
    let once = |container: Spec<'_>| container.restart_policy().unwrap_or(spec.restart_policy()) == "OnFailure";
    let succeeded = |container: Spec<'_>| {
        observed.latest(container.name()).is_some_and(|status| status.state == State::Exited && status.exit_code == 0)
    };
    let start: Vec<Start> = spec
        .containers()
        .iter()
        .filter(|container| !(once(*container) && succeeded(*container)))
        .map(|container| Start { kind: ContainerKind::Regular, name: container.name().to_owned() })
        .collect();
    if start.is_empty() && has_created_regular(spec, observed) {
        return Plan { kill_pod, ..Plan::default() };
    }
    let start = match spec.init_containers().first() {
        Some(first) => vec![Start { kind: ContainerKind::Init, name: first.name().to_owned() }],
        None => start,
    };
    Plan { kill_pod, create_sandbox: Some(attempt), start, ..Plan::default() }
}

fn plan_containers(pod: Pod<'_>, observed: &Observed, probes: &Probes) -> Plan {
    let spec = pod.spec();
    let mut plan = Plan::default();
    for ephemeral in spec.ephemeral_containers().iter() {
        if observed.latest(ephemeral.name()).is_none() {
            plan.start.push(Start { kind: ContainerKind::Ephemeral, name: ephemeral.name().to_owned() });
        }
    }
    match plan_init(pod, observed, probes, &mut plan) {
        Initialization::Failed => return Plan { kill_pod: true, ..Plan::default() },
        Initialization::Pending => return plan,
        Initialization::Done => {}
    }
    let (sidecars, mut kept) = (plan.start.len(), 0);
    for container in spec.containers().iter() {
        kept += usize::from(plan_regular(pod, container, observed, probes, &mut plan));
    }
    if kept == 0 && plan.start.len() == sidecars {
        // Nothing runs and nothing will: sidecars do not keep a pod alive.
        return Plan { kill_pod: true, ..Plan::default() };
    }
    plan
}

/// Plans one regular container; whether it runs and is kept.
fn plan_regular(pod: Pod<'_>, container: Spec<'_>, observed: &Observed, probes: &Probes, plan: &mut Plan) -> bool {
    let start = Start { kind: ContainerKind::Regular, name: container.name().to_owned() };
    let status = match observed.latest(container.name()) {
        Some(status) if status.state == State::Running => status,
        status => {
            if should_start(pod, container, observed) {
                if let Some(lost) = status.filter(|status| status.state == State::Unknown) {
                    plan.kill.push(kill_lost(&lost.id, container.name(), "Container"));
                }
                plan.start.push(start);
            }
            return false;
        }
    };
    let probed = probes.get(&status.id).copied().unwrap_or_default();
    let (message, by_probe, restart) = if status.hash != container_hash(container) {
        (format!("Container {} definition changed", container.name()), None, true)
    } else if probed.liveness == Some(Probed::Failure) {
        let message = format!("Container {} failed liveness probe", container.name());
        (message, Some(ProbeKind::Liveness), may_restart(pod.spec(), container))
    } else if probed.startup == Some(Probed::Failure) {
        let message = format!("Container {} failed startup probe", container.name());
        (message, Some(ProbeKind::Startup), may_restart(pod.spec(), container))
    } else {
        return true;
    };
    let message = if restart { format!("{message}, will be restarted") } else { message };
    plan.kill.push(Kill { id: status.id.clone(), name: container.name().to_owned(), message, by_probe });
    if restart {
        plan.start.push(start);
    }
    // Until it is dead it counts as running: its end decides what follows.
    true
}

fn kill_lost(id: &str, name: &str, what: &str) -> Kill {
    let message = format!("{what} is in \"unknown\" state, try killing it before restart");
    Kill { id: id.to_owned(), name: name.to_owned(), message, by_probe: None }
}

enum Initialization {
    Done,
    Pending,
    Failed,
}

/// Goes through the init containers from the last to the first: the newest that has run says where initialization
/// stands, since the runtime may have forgotten earlier ones; sidecars before it are kept running.
fn plan_init(pod: Pod<'_>, observed: &Observed, probes: &Probes, plan: &mut Plan) -> Initialization {
    let spec = pod.spec();
    let init = spec.init_containers();
    if init.is_empty() {
        return Initialization::Done;
    }
    let mut done = has_started_regular(spec, observed);
    let mut passed = done;
    let mut start = Vec::new();
    for (index, container) in init.iter().enumerate().rev() {
        let sidecar = is_sidecar(container);
        let Some(status) = observed.active(container.name()) else {
            if passed && sidecar {
                start.push(index);
            }
            continue;
        };
        if passed && !sidecar {
            continue;
        }
        let last = index + 1 == init.len();
        match status.state {
            State::Created => start.push(index),
            State::Running if !sidecar => {}
            State::Running => {
                let probed = probes.get(&status.id).copied().unwrap_or_default();
                let up = matches!(probed.startup, None | Some(Probed::Success));
                if up && last {
                    done = true;
                } else if up && !passed {
                    start.push(index + 1);
                }
                if let Some(kill) = kill_sidecar(container, status.id.as_str(), &status.hash, probed, up) {
                    plan.kill.push(kill);
                    start.push(index);
                }
            }
            State::Exited if sidecar => start.push(index),
            State::Exited if status.exit_code != 0 => {
                if !restarts_after(spec, container, status.exit_code) {
                    return Initialization::Failed;
                }
                start.push(index);
            }
            State::Exited if last => done = true,
            State::Exited => start.push(index + 1),
            State::Unknown => {
                if !sidecar && !may_restart(spec, container) {
                    return Initialization::Failed;
                }
                plan.kill.push(kill_lost(&status.id, container.name(), "Init container"));
                start.push(index);
            }
        }
        passed = true;
    }
    if !passed {
        start.push(0);
    }
    let names = start.into_iter().rev().filter_map(|index| init.get(index));
    plan.start.extend(names.map(|container| Start { kind: ContainerKind::Init, name: container.name().to_owned() }));
    if done { Initialization::Done } else { Initialization::Pending }
}

fn kill_sidecar(container: Spec<'_>, id: &str, hash: &str, probed: ContainerProbes, up: bool) -> Option<Kill> {
    let name = container.name();
    let (message, by_probe) = if probed.startup == Some(Probed::Failure) {
        (format!("Init container {name} failed startup probe"), Some(ProbeKind::Startup))
    } else if !up {
        return None;
    } else if hash != container_hash(container) {
        (format!("Init container {name} definition changed"), None)
    } else if probed.liveness == Some(Probed::Failure) {
        (format!("Init container {name} failed liveness probe"), Some(ProbeKind::Liveness))
    } else {
        return None;
    };
    Some(Kill { id: id.to_owned(), name: name.to_owned(), message, by_probe })
}

#[cfg(test)]
mod tests;
