//! Tests of the embedded engine through its public face.

mod backups;
mod contract;
mod driven;
mod faults;
mod model;
mod opening;
mod process;
mod reading;
mod watching;
