//! Clusters of several nodes on one machine, for tests and harnesses.
//!
//! A [`Cluster`] runs the real program in a set of namespaces per node, joined as its user would join machines, and
//! takes everything away again. It knows how to start, stop, cut off and revive nodes; what is done with them is its
//! caller's. Nothing that ships depends on this crate. It calls `ip`, `nsenter`, `unshare`, `setpriv` and needs root.
//!
//! Start reading at [`Cluster::start`]; upstream's counterpart is kind, without containers.

mod cluster;
pub mod command;
pub mod enclosure;
mod ports;

pub use cluster::{Cluster, EVICTION_HARD, LABORATORY, Setup};
pub use ports::free_ports;
