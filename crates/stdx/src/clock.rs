//! Wall-clock time, through one door.
//!
//! Everything that decides by time asks here, so that a simulation can put its own clock underneath. Waiting
//! is done with tokio's timers, which a simulation pauses.

use std::cell::Cell;

use jiff::Timestamp;

thread_local! {
    static OVERRIDE: Cell<Option<fn() -> Timestamp>> = const { Cell::new(None) };
}

/// The time now.
#[allow(clippy::disallowed_methods, reason = "this is the one door")]
pub fn now() -> Timestamp {
    OVERRIDE.get().map_or_else(Timestamp::now, |clock| clock())
}

/// Replaces the clock of this thread; a simulation runs on one thread.
pub fn set_for_thread(clock: Option<fn() -> Timestamp>) {
    OVERRIDE.set(clock);
}
