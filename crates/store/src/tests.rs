//! Tests of the embedded engine through its public face.

mod archives;
mod backups;
mod clocks;
mod contract;
mod disk_use;
pub(crate) mod driven;
mod faults;
mod formats;
mod history;
mod history_races;
mod hooked;
pub(crate) mod interleavings;
mod model;
mod opening;
mod process;
mod reading;
mod recounted;
mod restarts;
mod salvaging;
mod syncs;
mod watching;
mod zeros;
