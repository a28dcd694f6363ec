//! What several components compute alike: what a pod asks for, its quality of service, which nodes it may run on.
//!
//! Everything here is a pure function of objects; it never does I/O and never looks at a clock. Start reading at
//! [`resources`]. Upstream's counterparts are `k8s.io/component-helpers` and the helpers in `pkg/apis/core/v1`.

pub mod node;
pub mod qos;
pub mod resources;
