//! The built-in resources over real connections to a server with a real store.

mod audit;
mod eviction;
mod limits;
mod lists;
mod metrics;
mod outside;
mod scale;
mod services;
mod validation;
mod versions;
mod wire;
