//! The generic API server: it serves any kind that is given to it as a [`Resource`], and knows none.
//!
//! A request runs: TLS → authentication → authorization → the verb's handler (decode, default, mutate,
//! validate, admit, encode, commit) → watch cache → answer. The loopback that components in this process use
//! enters at authorization and goes the same way. Reads and watches are answered from one watch cache per
//! resource, which follows the store.
//!
//! What an administrator's policy wants recorded of all this is recorded on the way ([`audit`]).
//!
//! It never knows the behaviour of a particular kind (that is `resources`), never decides a policy (that is
//! `admission`), and is the only crate that opens the store. Start reading at [`server`], then
//! [`handlers`] and [`cache`]. Upstream's counterpart is `k8s.io/apiserver`.

pub mod admission;
pub mod audit;
pub mod authentication;
pub mod authorization;
pub mod cache;
pub mod context;
pub mod discovery;
pub mod encoded;
pub mod handlers;
pub mod health;
pub mod http;
pub mod loopback;
mod metrics;
pub mod openapi;
pub mod patch;
pub mod registry;
pub mod resource;
pub mod server;
mod stored;

pub use admission::{AdmissionPlugin, Attributes, Operation};
pub use context::{RequestContext, UserInfo};
pub use registry::Registry;
pub use resource::{
    Column, Connector, Conversion, Creator, DefaultTable, Guard, Reader, Resource, SchemaHandle, Strategy, Subresource,
    SubresourceHandler, TableConvertor,
};
pub use server::Server;
