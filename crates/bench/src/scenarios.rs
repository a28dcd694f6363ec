//! The scenarios, one file and one line each.

use crate::Scenario;

mod apply;
mod create;
mod delete;
mod density;
mod dns;
mod get;
mod idle;
mod list;
mod memory;
mod patch;
mod pod_start;
mod requests;
mod scheduling;
mod service_programming;
mod startup;
mod store;
mod update;
mod watch;

/// Every scenario, in the order in which they run and are shown.
pub const ALL: &[Scenario] = &[
    startup::SCENARIO,
    startup::FIRST_POD,
    idle::SCENARIO,
    idle::WITH_NODE,
    create::SCENARIO,
    get::SCENARIO,
    update::SCENARIO,
    patch::SCENARIO,
    apply::SCENARIO,
    delete::SCENARIO,
    list::SCENARIO,
    watch::SCENARIO,
    memory::SCENARIO,
    pod_start::SCENARIO,
    service_programming::SCENARIO,
    dns::SCENARIO,
    store::PUTS,
    store::RANGES,
    store::WATCHES,
    store::OPENING,
    scheduling::SCENARIO,
    scheduling::BASIC,
    scheduling::POD_AFFINITY,
    scheduling::POD_ANTI_AFFINITY,
    scheduling::PREFERRED_POD_AFFINITY,
    scheduling::PREFERRED_POD_ANTI_AFFINITY,
    scheduling::NODE_AFFINITY,
    scheduling::TOPOLOGY_SPREADING,
    scheduling::PREFERRED_TOPOLOGY_SPREADING,
    scheduling::PREEMPTION_BASIC,
    scheduling::PREEMPTION_ASYNC,
    scheduling::UNSCHEDULABLE,
    scheduling::MIXED_CHURN,
    scheduling::DAEMON_SET,
    density::SCENARIO,
];
