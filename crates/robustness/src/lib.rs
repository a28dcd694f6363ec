//! Whether a real server keeps its promises while it, or what it stands on, is made to fail under load.
//!
//! Clients create, replace, remove and read a few objects over TLS and watchers follow them ([`load`]), while a server
//! ([`server`]), or the etcd on which it stands ([`member`]), is killed with SIGKILL and started again. What everybody
//! was told is a [`history::History`], and [`judge::judge`] says what of it must not be: each object's history must be
//! linearizable ([`linearizable`]), and everything must fit the one order that revisions tell ([`truth`]). Its disk can
//! lose power at the same moment ([`device`]).
//!
//! Several servers have pods to schedule and to make besides ([`workload`]), of which [`bindings`] says whether one
//! scheduler, and one controller, could have done it.
//!
//! It stands beside the store's own simulation (`store`: `tests/model.rs`), which crashes between any two steps of the
//! disk, and takes the whole way: TLS, handlers, watch cache, store, file system. Upstream's counterpart is etcd's
//! `tests/robustness`.

mod any_server;
pub mod bindings;
pub mod device;
pub mod history;
pub mod judge;
pub mod linearizable;
pub mod load;
pub mod member;
pub mod prefix;
pub mod server;
pub mod truth;
mod watcher;
pub mod workload;
