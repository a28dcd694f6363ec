//! The store's engine on an etcd cluster, 3.5.13 or newer: what upstream's API server keeps its objects in, so that both
//! can serve from the same one.
//!
//! It speaks etcd's v3 API over gRPC with the messages that it needs ([`messages`]), and keeps nothing itself: a commit is
//! one transaction, a read asks a quorum, a watch is a stream that is begun again where it broke off. A write is never
//! sent twice unless it certainly had no effect; one whose answer was lost is looked for, and otherwise answered with
//! etcd's own `request timed out`, which says that it may still come.
//!
//! Start reading at [`engine`], then [`client`] for what happens when members fail, and [`watch`] for why there is never
//! a gap. Upstream's counterpart is k8s.io/apiserver/pkg/storage/etcd3 on go.etcd.io/etcd/client/v3.

mod backoff;
mod client;
mod commit;
mod compactor;
mod connection;
mod convert;
mod endpoint;
mod engine;
mod failure;
mod frame;
mod lease;
mod members;
mod messages;
mod range;
mod token;
mod version;
mod watch;

#[cfg(test)]
mod tests;

pub use client::Access;
pub use endpoint::{Endpoint, EndpointError};
pub use engine::{EtcdEngine, Options, open};
pub use members::{Member, MemberStatus, Members, MembersError, Snapshot};
pub use messages::KeyValue;
pub use token::Credentials;
