//! The service proxy: services' addresses and ports become nf_tables elements on every node.
//!
//! A service has no chain and no rule of its own. What a packet's destination is looked up in are maps: from
//! `address . protocol . port` to a chain that is shared by all services with as many endpoints, and from
//! `address . protocol . port . random number` to an endpoint. A new endpoint is a few elements, whatever
//! the number of services; nothing is ever rebuilt for it.
//!
//! [`plan`](plan::plan) is a pure function from a service and its endpoints to elements; [`ServiceProxy`]
//! keeps what is installed and carries differences to the kernel in one transaction. It never reads or
//! writes tables other than its own (`sagong-proxy`), and executes nothing. Topology hints and traffic
//! distribution are not followed: all ready endpoints are used. Start reading at [`chains`]. Upstream's
//! counterpart is `pkg/proxy/nftables`.

pub mod chains;
mod driver;
mod endpoints;
mod feed;
mod health;
pub mod plan;
mod proxy;
mod rules;
mod service;

pub use driver::run;
pub use endpoints::{Backend, EndpointSlice};
pub use health::{HealthCheck, HealthServer};
pub use plan::{Notice, ServicePlan};
pub use proxy::{Config, Error, ServiceProxy, Summary};
pub use service::{Service, ServicePort};
