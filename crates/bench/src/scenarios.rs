//! The scenarios, one file and one line each.

use crate::Scenario;

mod apply;
mod create;
mod delete;
mod dns;
mod get;
mod idle;
mod list;
mod memory;
mod patch;
mod pod_start;
mod requests;
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
    store::SCENARIO,
];
