//! The behaviour of every built-in resource: one strategy per kind, in one table.
//!
//! What a kind consists of is data in `api`; what happens when one is made, changed or deleted is here.
//! [`RESOURCES`] names each resource of the default API groups and what is special about it; [`install`] gives
//! them to a server.
//!
//! It never speaks HTTP, never stores anything itself, and runs no control loop but the [`repair`] of what it
//! allocates. Start reading at [`RESOURCES`]. Upstream's counterpart is `pkg/registry`.

mod allocator;
pub mod bootstrap;
mod connect;
mod conversion;
mod daemon_sets;
mod events;
mod install;
pub mod metrics;
mod pods;
mod printers;
mod proxy;
mod services;
mod signing_requests;
mod strategies;
mod table;
mod validation;

pub use install::{Extensions, install};
pub use services::{Ranges, ServiceAllocators, repair};
pub use table::{RESOURCES, Registration};
