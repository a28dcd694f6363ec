//! The container runtime: images, sandboxes and containers, with nothing executed on the host but this very binary.
//!
//! [`Runtime`] implements CRI v1 ([`cri_api`]) in process. It prepares and decides: it imports images, makes cgroups,
//! writes specifications and keeps records. What must be single-threaded, enter namespaces or outlive the process is
//! done by a shim per pod ([`shim_main`]) and by the inits that it clones ([`init_main`]); both are this program's
//! own binary under another name, so its `main` must call [`dispatch`] before anything else.
//!
//! It never runs runc, containerd, a shell or a mount helper; it never enters a namespace on one of its own threads;
//! and it never learns of an exit by asking again and again: shims tell, kernels wake.
//!
//! Start reading at [`runtime::Runtime`], then [`shim`], then [`init`]. Upstream's counterparts are containerd and runc.

mod capabilities;
mod cgroups;
mod config;
mod confinement;
mod container;
mod create;
mod descriptors;
mod device_filter;
mod error;
mod events;
mod executable;
mod identifiers;
mod image_service;
pub mod images;
pub mod init;
mod lost;
mod network;
mod records;
mod registry;
pub mod runtime;
mod runtime_service;
mod sandbox;
mod seccomp;
pub mod shim;
mod shim_client;
mod signals;
mod spec;
mod state;
mod stats;
mod streaming;
mod sys;

use std::ffi::OsString;

pub use config::Config;
pub use images::{BuildSource, Image, ImageBuild, ImageError, ImageStore, PullOptions, PullProgress};
pub use init::init_main;
pub use network::{PodNetwork, PodNetworkRequest};
pub use registry::{Credentials, PullError};
pub use runtime::Runtime;
pub use shim::shim_main;

/// Runs this process as a shim or an init if that is what it was started as; returns otherwise.
///
/// A program that uses this crate calls it first in `main`, before a thread, an allocator's setting or a log exists.
pub fn dispatch(arguments: impl IntoIterator<Item = OsString>) {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let Some(name) = arguments.first() else { return };
    if name == shim::SHIM_NAME {
        shim_main(arguments);
    }
    if name.as_encoded_bytes() == init::INIT_NAME.to_bytes() {
        init_main(arguments);
    }
}
