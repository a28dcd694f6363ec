//! The pod network of a node, and the kernel interfaces beneath it: netlink, nf_tables, conntrack.
//!
//! Everything is asked of the kernel directly; no program is executed. This crate never reads the API: who
//! the other nodes are and which ports a pod wants is told to it. It touches links, routes and tables of its
//! own alone. Start reading at [`NodeNetwork`]; [`nftables`] is what the service proxy is built on.
//! Upstream's counterpart are the CNI plugins (ptp, host-local, portmap) and an overlay such as flannel.

pub mod address;
pub mod allocator;
pub mod conntrack;
pub mod firewall;
pub mod namespace;
pub mod netlink;
pub mod nftables;
mod node;
mod overlay;
mod pod;
mod removals;
pub mod rtnetlink;
pub mod sysctl;

pub use address::Cidr;
pub use namespace::NetworkNamespace;
pub use node::{Config, NodeNetwork, OpenError};
pub use overlay::{Overlay, Peer};
pub use pod::{
    Attachment, Error as PodError, GATEWAY_V4, GATEWAY_V6, HostPort, Transport, node_link_name, sctp_supported,
    set_local_address,
};
