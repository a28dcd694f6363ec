use std::time::{SystemTime, UNIX_EPOCH};

/// Wall-clock time, as far as the store needs it: to tell when a key expires.
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since the Unix epoch.
    fn now_unix_milliseconds(&self) -> u64;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_unix_milliseconds(&self) -> u64 {
        // A clock before 1970 counts as 1970: nothing expires until it is set.
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
    }
}
