//! The locks and the parking of the engine: parking_lot's and the standard library's. In tests they are such that
//! `shuttle` decides, in what it explores, who goes on at each of them (`tests::interleavings`).

#[cfg(test)]
mod explored;

#[cfg(test)]
pub(crate) use self::explored::{Mutex, RwLock, Thread, current, park};
#[cfg(not(test))]
pub(crate) use self::plain::*;

#[cfg(not(test))]
mod plain {
    pub(crate) use std::thread::{Thread, current, park};

    pub(crate) use parking_lot::{Mutex, RwLock};
}
