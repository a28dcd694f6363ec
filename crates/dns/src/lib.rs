//! The cluster's DNS server, after the Kubernetes DNS specification 1.1.0.
//!
//! Services, EndpointSlices and Namespaces become an index from names to records; an answer is one lookup in
//! it. Names outside of the cluster are asked of the resolvers that the node has, and what they say is kept
//! in a bounded cache. The wire format is read and written here: a DNS message is a header, names and
//! records, and a general DNS library would bring forty crates along for names that are never international.
//!
//! It never answers for the cluster before it knows it: until the first lists have come, SERVFAIL. It
//! executes nothing and reads `resolv.conf` alone. Start reading at [`records`], then [`zone`]. Upstream's
//! counterpart is CoreDNS with its `kubernetes`, `forward`, `cache` and `loop` plugins.

mod cache;
mod driver;
mod feed;
mod forward;
mod index;
pub mod records;
pub mod resolv_conf;
mod server;
pub mod wire;
pub mod zone;

pub use driver::{Config, run};
pub use index::{Contribution, Found, Index};
pub use server::{Error, Handle, Server};
