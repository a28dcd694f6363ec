//! Leases: how keys expire. Keys that expire at about the same time share one, as upstream's lease manager has it.

use std::{
    collections::VecDeque,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use parking_lot::RwLock;
use tokio::{sync::Mutex, time::Instant};

use crate::{
    client::{Client, Repeat},
    failure::Failure,
    messages::{LeaseGrantRequest, LeaseGrantResponse, procedure},
};

/// A key may live longer than it asked for by this part of its time,
const REUSE_PART: u64 = 20;
/// and by so many seconds at most.
const REUSE_LIMIT_SECONDS: u64 = 60;
/// The most keys of one lease: etcd writes one delete for each when it ends.
const KEYS_LIMIT: u32 = 1000;
/// The deadlines of so many leases are remembered, to say when keys expire.
const REMEMBERED_LIMIT: usize = 1024;

struct Lease {
    id: i64,
    ends: Instant,
    keys: u32,
}

/// The leases that this process made.
#[derive(Default)]
pub(crate) struct Leases {
    /// The last one; held while another is granted.
    last: Mutex<Option<Lease>>,
    /// Leases and when they end, in seconds since the Unix epoch; the oldest first.
    remembered: RwLock<VecDeque<(i64, u64)>>,
}

/// Seconds, rounded up.
fn seconds(time_to_live: Duration) -> u64 {
    (time_to_live.as_secs() + u64::from(time_to_live.subsec_nanos() > 0)).max(1)
}

/// By how many seconds a key may outlive its time.
fn reuse_seconds(seconds: u64) -> u64 {
    (seconds / REUSE_PART).min(REUSE_LIMIT_SECONDS)
}

impl Lease {
    /// Whether a further key that lives so many seconds may use it.
    fn suits(&self, now: Instant, seconds: u64) -> bool {
        let wanted = now + Duration::from_secs(seconds);
        self.keys < KEYS_LIMIT
            && wanted <= self.ends
            && self.ends <= wanted + Duration::from_secs(reuse_seconds(seconds))
    }
}

impl Leases {
    /// A lease for a key that lives so long.
    ///
    /// # Errors
    /// Those of the grant.
    pub(crate) async fn get(&self, client: &Client, time_to_live: Duration) -> Result<i64, Failure> {
        let wanted = seconds(time_to_live);
        let mut last = self.last.lock().await;
        if let Some(lease) = last.as_mut().filter(|lease| lease.suits(Instant::now(), wanted)) {
            lease.keys += 1;
            return Ok(lease.id);
        }
        let granted_seconds = wanted + reuse_seconds(wanted);
        let time_to_live = i64::try_from(granted_seconds).unwrap_or(i64::MAX);
        let request = LeaseGrantRequest { time_to_live, id: 0 };
        // A grant whose answer was lost is a lease without keys that ends by itself.
        let answer: LeaseGrantResponse = client.call(procedure::LEASE_GRANT, &request, Repeat::Always).await?;
        client.learn(answer.header.as_ref());
        if !answer.error.is_empty() {
            return Err(Failure::malformed(answer.error));
        }
        // The server may give more than was asked for.
        let lives = Duration::from_secs(u64::try_from(answer.time_to_live).unwrap_or(granted_seconds));
        *last = Some(Lease { id: answer.id, ends: Instant::now() + lives, keys: 1 });
        let mut remembered = self.remembered.write();
        if remembered.len() == REMEMBERED_LIMIT {
            remembered.pop_front();
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        remembered.push_back((answer.id, (now + lives).as_secs()));
        Ok(answer.id)
    }

    /// Uses a lease no longer, since etcd does not know it.
    pub(crate) async fn forget(&self, ids: &[i64]) {
        let mut last = self.last.lock().await;
        if last.as_ref().is_some_and(|lease| ids.contains(&lease.id)) {
            *last = None;
        }
    }

    /// When a lease ends, in seconds since the Unix epoch, if this process made it lately.
    pub(crate) fn ends_at(&self, id: i64) -> Option<u64> {
        if id == 0 {
            return None;
        }
        self.remembered.read().iter().rev().find(|(known, _)| *known == id).map(|(_, ends)| *ends)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_shared_by_keys_that_expire_at_about_its_end() {
        let now = Instant::now();
        let lease = |keys| Lease { id: 1, ends: now + Duration::from_secs(3660), keys };
        assert!(lease(1).suits(now, 3600));
        assert!(lease(1).suits(now + Duration::from_secs(60), 3600));
        assert!(!lease(1).suits(now + Duration::from_secs(61), 3600), "it would end too early");
        assert!(!lease(1).suits(now, 3000), "it would end too late");
        assert!(!lease(KEYS_LIMIT).suits(now, 3600));
    }

    #[test]
    fn times_are_whole_seconds() {
        assert_eq!([1, 999, 1000, 1001].map(|milliseconds| seconds(Duration::from_millis(milliseconds))), [1, 1, 1, 2]);
        assert_eq!([10, 100, 3600].map(reuse_seconds), [0, 5, 60]);
    }
}
