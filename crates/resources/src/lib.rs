//! The behaviour of every built-in resource: one strategy per kind, in one table.
//!
//! What a kind consists of is data in `api`; what happens when one is made, changed or deleted is here.
//! [`RESOURCES`] names each resource of the default API groups and what is special about it; [`install`] gives
//! them to a server.
//!
//! It never speaks HTTP, never stores anything itself, and never runs a control loop. Start reading at
//! [`RESOURCES`]. Upstream's counterpart is `pkg/registry`.

mod allocator;
pub mod bootstrap;
mod connect;
mod install;
mod pods;
mod printers;
mod proxy;
mod services;
mod signing_requests;
mod strategies;
mod table;

pub use install::{Extensions, install};
pub use services::{Ranges, ServiceAllocators};
pub use table::{RESOURCES, Registration};
