//! The engine against real etcd processes: `SAGONG_ETCD` names the program. The gate runs them so
//! (`cargo xtask ci --only etcd`).

mod cluster;
mod compaction;
mod contract;
mod failures;
mod members;
mod security;
