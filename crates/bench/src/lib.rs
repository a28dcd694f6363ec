//! Measures Sagong and upstream's control plane beside each other: same machine, same client, one run.
//!
//! A [`Scenario`] is a file of `scenarios` and one line of [`scenarios::ALL`]. It gets a [`Bench`]: a running control
//! plane to load ([`Target`]) and a place for what it found ([`Figures`]). Which side runs when, fresh or shared, is
//! decided in `run`; how a side is started, in `sides`; what is made of the figures, in `report`.
//!
//! Nothing that ships depends on this crate, and it calls no code of the server: what it measures is another process.
//! Start reading at [`scenario`]; `bench/README.md` says how each figure is taken. Upstream's counterparts are
//! `test/integration/scheduler_perf`, perf-tests and etcd's `benchmark`.

pub mod figures;
pub mod histogram;
pub mod http;
pub mod load;
pub mod namespaces;
pub mod objects;
pub mod options;
pub mod process;
mod profile;
mod report;
pub mod run;
pub mod scenario;
pub mod scenarios;
pub mod sides;
pub mod target;

pub use figures::{Figures, Memory, Row};
pub use scenario::{Bench, Scenario};
pub use target::{Side, Target};
