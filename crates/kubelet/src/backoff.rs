//! Delays that double with every failure and are forgotten after a good time.

use std::time::Duration;

use tokio::time::Instant;

/// One thing's delay.
#[derive(Clone, Debug)]
pub struct Backoff {
    initial: Duration,
    longest: Duration,
    /// The current delay and what it counts from.
    current: Option<(Duration, Instant)>,
    /// When the delay last grew.
    updated: Instant,
}

impl Backoff {
    /// No delay yet; then the first, doubling up to the longest.
    pub fn new((initial, longest): (Duration, Duration)) -> Backoff {
        Backoff { initial, longest, current: None, updated: Instant::now() }
    }

    fn expired(&self, event: Instant) -> bool {
        event.saturating_duration_since(self.updated) > self.longest * 2
    }

    /// Until when to wait after what failed at `event`; `None` when it may be tried now.
    pub fn until_since(&self, event: Instant) -> Option<Instant> {
        let (delay, _) = self.current.filter(|_| !self.expired(event))?;
        Some(event + delay).filter(|until| *until > Instant::now())
    }

    /// Until when to wait; `None` when it may be tried now.
    pub fn until(&self) -> Option<Instant> {
        self.until_since(self.current?.1)
    }

    /// Something failed at `event` and is tried once more: the delay after the next failure is longer.
    pub fn next(&mut self, event: Instant) {
        let delay = match self.current {
            Some((delay, _)) if !self.expired(event) => (delay * 2).min(self.longest),
            _ => self.initial,
        };
        self.current = Some((delay, event));
        self.updated = Instant::now();
    }

    /// The current delay.
    pub fn delay(&self) -> Duration {
        self.current.map_or(Duration::ZERO, |(delay, _)| delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn delays_double_and_are_forgotten() {
        let mut backoff = Backoff::new((Duration::from_secs(10), Duration::from_secs(35)));
        assert_eq!(backoff.until_since(Instant::now()), None, "the first restart is immediate");
        let mut delays = Vec::new();
        for _ in 0..4 {
            backoff.next(Instant::now());
            delays.push(backoff.delay().as_secs());
            assert_eq!(backoff.until_since(Instant::now()), Some(Instant::now() + backoff.delay()));
            tokio::time::sleep(backoff.delay()).await;
            assert_eq!(backoff.until(), None);
        }
        assert_eq!(delays, [10, 20, 35, 35]);
        tokio::time::sleep(Duration::from_secs(71)).await;
        backoff.next(Instant::now());
        assert_eq!(backoff.delay().as_secs(), 10);
    }
}
