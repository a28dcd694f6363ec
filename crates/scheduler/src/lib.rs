//! Decides on which node each pod runs.
//!
//! [`run`] watches pods, nodes and what else scheduling depends on, keeps them in a compact cache, and takes waiting
//! pods one at a time through a cycle: filter the nodes, rank those that fit, pick one, *assume* the pod there, and
//! bind it in the background while the next cycle goes on. What fits nowhere waits for an event that may help it, or
//! drives less important pods out.
//!
//! It never looks at containers, never writes more than bindings, pod conditions and events, and deletes pods only to
//! make room. Start reading at `scheduler.rs` for the loop, then `algorithm.rs` for a cycle, `framework.rs` for the
//! extension points and [`plugins::IN_TREE`] for the plugins. Upstream's counterpart is
//! `k8s.io/kubernetes/pkg/scheduler`.

pub mod algorithm;
mod binding;
pub mod cache;
mod configuration;
pub mod diagnosis;
mod failure;
pub mod framework;
mod handlers;
mod metrics;
pub mod plugins;
pub mod queue;
mod scheduler;

pub use configuration::Configuration;
pub use framework::{Arguments, Plugin, ProfileConfiguration, ScoringStrategy};
pub use scheduler::run;

#[cfg(test)]
mod testing;
