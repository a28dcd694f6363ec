//! Hollow nodes: thousands of kubelets without machines, in one process, for measurements of a control plane.
//!
//! A [`Fleet`] registers its nodes through the ordinary API, renews their leases, reports their statuses and plays
//! the life of every pod that is bound to them: waiting, running and ready after a while, ended or deleted with its
//! grace. The server cannot tell it from kubelets by what it reads and writes; only nothing runs. It works against
//! Sagong and upstream alike.
//!
//! One task owns all state and one timer wheel; a node costs an entry in a table and, by default, one watch of its
//! pods, since that is what a kubelet costs the server. Times and chance come from `stdx`.
//!
//! It never runs a container, answers no kubelet API, and never looks into the server. Start reading at [`Fleet`],
//! then `pod.rs` for a pod's life. Upstream's counterpart is kubemark's hollow kubelet.

mod access;
mod fleet;
mod node;
mod options;
mod pod;
mod pool;
mod watch;

pub use access::{Access, AccessError, client_tls};
pub use fleet::{Figures, Fleet};
pub use options::{FleetOptions, PodLife, WatchMode};
pub use pool::Pool;
