//! Who may do what: authorizers, token authenticators, the policy that a new cluster starts with, and the
//! reviews by which clients ask.
//!
//! Everything here judges from what the server's caches hold now. The indexes it keeps (bindings by subject,
//! pods by node, verified tokens) follow those caches and are never asked to be newer.
//!
//! This crate never writes an object of its own accord but for [`bootstrap::reconcile`], and never sees a
//! request's body but in a review. Start reading at [`rbac`], [`node`] and [`tokens`]. Upstream's counterparts
//! are `plugin/pkg/auth`, `pkg/serviceaccount` and the `authentication` and `authorization` registries.

pub mod bootstrap;
pub mod discovery;
mod follow;
pub mod node;
pub mod rbac;
pub mod reviews;
pub mod tokens;
