//! The cluster's DNS server, after the Kubernetes DNS specification 1.1.0.
//!
//! Services, EndpointSlices and Namespaces become an index from names to records; an answer is one lookup in
//! it. Names outside of the cluster are asked of the resolvers that the node has, and what they say is kept
//! in a bounded cache. The wire format is read and written here: a DNS message is a header, names and
//! records, and a general DNS library would bring forty crates along for names that are never international.
//!
//! Answers are given by a process of its own ([`responder`]), which has neither credentials nor a way to the API and
//! outlives who feeds it, so that pods find each other while Sagong restarts.
//!
//! It never answers for the cluster before it knows it: until the first lists have come, SERVFAIL. It
//! executes nothing but itself and reads `resolv.conf` alone. Start reading at [`records`], then [`zone`]. Upstream's
//! counterpart is CoreDNS with its `kubernetes`, `forward`, `cache` and `loop` plugins.

mod cache;
mod driver;
mod feed;
mod forward;
mod index;
mod link;
pub mod records;
pub mod resolv_conf;
mod responder;
mod server;
mod sockets;
pub mod wire;
pub mod zone;

pub use driver::{Config, run};
pub use index::{Contribution, Found, Index};
pub use link::{Responder, end};
pub use responder::dispatch;
pub use server::{Error, Handle, Server, Sharing};
