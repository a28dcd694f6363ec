//! x
#![allow(missing_docs)]
pub mod config;
pub mod container_config;
pub mod container_resources;
pub mod dns;
pub mod downward;
pub mod environment;
pub mod expansion;
pub mod labels;
pub mod objects;
pub mod observed;
pub mod plan;
pub mod sandbox_config;
pub mod security;
pub mod status;
pub mod volumes;
