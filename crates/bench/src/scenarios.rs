//! The scenarios, one file and one line each.

use crate::Scenario;

mod apply;
mod create;
mod delete;
mod get;
mod idle;
mod list;
mod patch;
mod requests;
mod startup;
mod update;

/// Every scenario, in the order in which they run and are shown.
pub const ALL: &[Scenario] = &[
    startup::SCENARIO,
    idle::SCENARIO,
    idle::WITH_NODE,
    create::SCENARIO,
    get::SCENARIO,
    update::SCENARIO,
    patch::SCENARIO,
    apply::SCENARIO,
    delete::SCENARIO,
    list::SCENARIO,
];
