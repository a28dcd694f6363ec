//! Growing waits with jitter.

use std::time::Duration;

/// How long to wait before each attempt after a failed one.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    milliseconds: u64,
    limit_milliseconds: u64,
}

impl Default for Backoff {
    /// Between rounds over all endpoints: from 100 ms to 2 s.
    fn default() -> Backoff {
        Backoff { milliseconds: 100, limit_milliseconds: 2_000 }
    }
}

impl Backoff {
    /// Between attempts of one call: from 25 ms, as upstream's client, to 1 s.
    pub(crate) fn short() -> Backoff {
        Backoff { milliseconds: 25, limit_milliseconds: 1_000 }
    }

    /// The next wait: the present one and up to half of it more.
    pub(crate) fn next_wait(&mut self) -> Duration {
        let wait = self.milliseconds + stdx::random::below(self.milliseconds / 2 + 1);
        self.milliseconds = (self.milliseconds * 2).min(self.limit_milliseconds);
        Duration::from_millis(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_limit_and_differ() {
        let mut backoff = Backoff::short();
        let waits: Vec<u128> = (0..10).map(|_| backoff.next_wait().as_millis()).collect();
        assert!((25..=38).contains(&waits[0]), "{waits:?}");
        assert!(waits[9] >= 1_000 && waits.iter().all(|wait| *wait <= 1_500), "{waits:?}");
        let waits: std::collections::BTreeSet<_> = (0..50).map(|_| backoff.next_wait()).collect();
        assert!(waits.len() > 10, "{waits:?}");
    }
}
