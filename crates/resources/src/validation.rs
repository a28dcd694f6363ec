//! What the built-in kinds may say: upstream's `pkg/apis/*/validation`, one file per group of kinds.
//!
//! Every check takes a [`Spot`], a value with its path, and adds what is wrong to a list. Names, labels and
//! other metadata are checked by the server for every kind.

pub(crate) mod autoscaling;
pub(crate) mod batch;
pub(crate) mod certificates;
pub(crate) mod containers;
pub(crate) mod core;
pub(crate) mod environment;
pub(crate) mod networking;
pub(crate) mod placement;
pub(crate) mod pod;
pub(crate) mod policies;
pub(crate) mod probes;
pub(crate) mod quotas;
pub(crate) mod resources;
pub(crate) mod security;
pub(crate) mod selectors;
pub(crate) mod services;
mod spot;
pub(crate) mod storage;
pub(crate) mod volumes;
pub(crate) mod workloads;

pub(crate) use spot::{Errors, Spot, same};

/// What changed although it may not.
pub(crate) const IMMUTABLE: &str = "field is immutable";
