//! What every part of Sagong shares and nothing of Kubernetes: the string type, and (as they are
//! needed) the clock, seeded randomness, names of hosts, backoff and bounded queues.
//!
//! It never knows an API type. Start reading at [`Str`]. Upstream's counterpart is `k8s.io/utils`.

pub mod clock;
pub mod memory;
pub mod open_files;
pub mod random;
pub mod resolver;
pub mod signals;
mod string;

pub use string::Str;
