//! The revisioned key-value store under the API server: atomic commits with preconditions, reads at a
//! revision, watches in revision order, compaction, keys that expire.
//!
//! Every commit gets one [`Revision`]. It exists twice: *ordered*, when its preconditions were checked
//! and its revision assigned, and *durable*, when it is on the disk. Only durable revisions are ever
//! read, watched or answered from.
//!
//! It never looks into a value, never knows a kind or a namespace, never polls, and never holds a lock
//! over I/O. Start reading at [`Engine`], the interface; then [`embedded`], the engine that needs
//! nothing but a directory. Upstream's counterpart is etcd, as kube-apiserver uses it.

pub mod backup;
mod clock;
pub mod embedded;
mod engine;
mod error;
mod export;
mod file_system;
pub mod limits;
mod sync;
mod watch;

#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;

pub use clock::{Clock, SystemClock};
pub use engine::{
    BoxFuture, Committed, Engine, Event, EventKind, Expect, KeyValue, Priority, Range, RangeRequest, Revision, Status,
    Write,
};
pub use error::StoreError;
pub use export::{Export, ExportSteps};
pub use file_system::{DiskFileSystem, File, FileSystem, Lock, ZEROS_END_BYTES};
pub use watch::{ProgressRequester, Watch, WatchBatch, WatchStream};
