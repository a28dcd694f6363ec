//! What a simulation puts in the place of the machine: a clock that it moves, seeded randomness, and a
//! file system that tears, fails and forgets.

pub mod contract;
mod memory;

use std::{
    pin::pin,
    sync::atomic::{AtomicU64, Ordering},
    task::Poll,
};

pub use memory::{Fault, MemoryFileSystem};

use crate::Clock;

/// A clock that stands still until it is moved.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicU64);

impl ManualClock {
    /// A clock that stands at this many milliseconds since the Unix epoch.
    pub fn new(unix_milliseconds: u64) -> ManualClock {
        ManualClock(AtomicU64::new(unix_milliseconds))
    }

    /// Moves it forward.
    pub fn advance_milliseconds(&self, milliseconds: u64) {
        self.0.fetch_add(milliseconds, Ordering::Relaxed);
    }

    /// Sets it back, as an administrator may.
    pub fn set_back_milliseconds(&self, milliseconds: u64) {
        self.0.fetch_sub(milliseconds, Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now_unix_milliseconds(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Runs futures side by side within one task; gives what they answer, in their order.
pub async fn join_all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    pin!(std::future::poll_fn(|context| {
        for (future, answer) in running.iter_mut().filter(|(_, answer)| answer.is_none()) {
            if let Poll::Ready(given) = future.as_mut().poll(context) {
                *answer = Some(given);
            }
        }
        let done = running.iter().all(|(_, answer)| answer.is_some());
        if done { Poll::Ready(()) } else { Poll::Pending }
    }))
    .await;
    running.into_iter().filter_map(|(_, answer)| answer).collect()
}

/// Random numbers that are the same for the same seed (SplitMix64).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Numbers from a seed.
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, which is not 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.number() % limit
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}
