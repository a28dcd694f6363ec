//! The kubelet: runs the pods that are bound to its node, and says how they fare.
//!
//! It talks to the API only through [`client::Client`] and to the container runtime only through the traits of
//! [`cri_api`]; networks of pods are the runtime's affair, as CRI has it, and their addresses are read from it. What
//! is to be done for a pod is a pure function of its specification and of what the runtime has ([`plan`]); what its
//! status is, is another ([`status`]). A worker per pod observes, plans, lets tasks carry out the plan, and reports;
//! it is woken by events and deadlines, and restarts adopt what runs.
//!
//! It never opens the store, never executes a program of the host, and stops no pod because it stops itself.
//! Device plugins, resize in place, CSI and user namespaces are not there yet: pods that need them are refused by
//! [`admission`] or wait with an event.
//!
//! Start reading at [`Kubelet`], then `worker`. Upstream's counterpart is `pkg/kubelet`.

pub mod admission;
pub mod backoff;
pub mod config;
pub mod container_config;
pub mod container_resources;
pub mod dns;
pub mod downward;
pub mod env_file;
pub mod environment;
pub mod eviction;
pub mod expansion;
mod file_watch;
mod garbage;
pub mod http_get;
pub mod images;
mod kill;
mod kubelet;
pub mod labels;
pub mod lifecycle;
pub mod logs;
mod mailbox;
mod metrics;
pub mod node;
pub mod objects;
pub mod observed;
pub mod plan;
pub mod prober;
pub mod sandbox_config;
pub mod security;
pub mod server;
mod services;
mod start;
mod static_pods;
mod stats;
pub mod status;
mod termination;
mod traced;
pub mod volumes;
mod watches;
mod worker;

pub use config::Config;
#[cfg(test)]
mod fake_runtime;
#[cfg(test)]
mod tests;

pub use kubelet::{Dependencies, Kubelet};
pub use mailbox::Eviction;
pub use services::NodeFacts;
