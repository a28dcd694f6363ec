//! Custom resources: from a definition to a served resource.
//!
//! A custom resource is a kind like any other: its schema is compiled from the definition's OpenAPI
//! ([`compile`]), its values are checked by [`validation`], its strategy is the default one with those two
//! ([`strategy`]). [`controller`] watches definitions, gives them their conditions, serves what is
//! established, and takes it away again.
//!
//! It never converts between versions by itself (strategy `None` alone is served) and never evaluates CEL:
//! definitions that need either are refused when they are written. Start reading at [`controller`]. Upstream's
//! counterpart is `k8s.io/apiextensions-apiserver`.

pub mod compile;
pub mod controller;
pub mod definition;
pub mod strategy;
mod table;
pub mod validation;

pub use definition::Definitions;
