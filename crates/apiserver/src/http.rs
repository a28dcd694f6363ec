//! HTTP over the handlers: connections, routes, content negotiation, answers.

mod accept;
mod audited;
mod body;
mod call;
mod dispatch;
pub(crate) mod held;
mod identity;
mod idle;
mod limits;
mod node;
mod parameters;
mod path;
mod proxy;
mod respond;
mod rewrite;
mod route;
mod serve;
mod stored;
mod stream;
mod table;
mod yaml;

pub(crate) use accept::accepts_gzip;
pub use accept::{Accept, Format, View};
pub use limits::{InFlight, MUTATING_REQUESTS_LIMIT, READ_REQUESTS_LIMIT, WAITING_REQUESTS_LIMIT};
pub use node::{NodeDialer, NodeStream, get_from_node, proxy_to_node};
pub use parameters::Parameters;
pub use path::PathHandler;
pub use proxy::{ProxyTarget, proxy_to_address};
pub(crate) use respond::bytes_response;
pub use respond::{Body, HttpResponse, full, json_response, status_response};
pub use route::{ResourceRoute, Route};
pub use serve::{Connection, serve_connection, serve_tls};
pub(crate) use yaml::parse as parse_yaml;

/// A request as hyper hands it over.
pub type HttpRequest = http::Request<hyper::body::Incoming>;

/// The largest body of a request, as upstream.
pub const REQUEST_BODY_BYTES_LIMIT: usize = 3 << 20;
