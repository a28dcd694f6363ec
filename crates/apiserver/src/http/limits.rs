//! How many requests are answered at once.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use apimachinery::Status;
use component_base::metrics::Gauge;

use crate::{UserInfo, metrics};

/// Requests that change nothing and are answered at once, as upstream.
pub const READ_REQUESTS_LIMIT: usize = 400;
/// Requests that change something and are answered at once, as upstream.
pub const MUTATING_REQUESTS_LIMIT: usize = 200;
/// After this time a refused client may try again, in seconds.
const RETRY_AFTER_SECONDS: u32 = 1;

struct Lane {
    limit: usize,
    used: AtomicUsize,
    gauge: Arc<Gauge>,
}

impl Lane {
    fn new(limit: usize, kind: &'static str) -> Arc<Lane> {
        Arc::new(Lane { limit, used: AtomicUsize::new(0), gauge: metrics::in_flight(kind) })
    }
}

/// The requests under way, without those that run long: watches and connections.
pub struct InFlight {
    reading: Arc<Lane>,
    mutating: Arc<Lane>,
}

/// One request's place; dropping it ends the request.
pub(crate) struct Place(Arc<Lane>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.used.fetch_sub(1, Ordering::AcqRel);
        self.0.gauge.add(-1.0);
    }
}

impl Default for InFlight {
    fn default() -> InFlight {
        InFlight::new(READ_REQUESTS_LIMIT, MUTATING_REQUESTS_LIMIT)
    }
}

impl InFlight {
    /// Room for this many requests of each kind.
    pub fn new(reading: usize, mutating: usize) -> InFlight {
        InFlight { reading: Lane::new(reading, "readOnly"), mutating: Lane::new(mutating, "mutating") }
    }

    /// A place for a request of `user`.
    ///
    /// # Errors
    /// 429 when there is none; members of `system:masters` are never refused.
    pub(crate) fn enter(&self, verb: &str, user: &UserInfo) -> Result<Place, Status> {
        let lane = if matches!(verb, "get" | "list") { &self.reading } else { &self.mutating };
        let used = lane.used.fetch_add(1, Ordering::AcqRel);
        lane.gauge.add(1.0);
        let place = Place(lane.clone());
        if used >= lane.limit && !user.in_group("system:masters") {
            return Err(Status::too_many_requests("Too many requests, please try again later.", RETRY_AFTER_SECONDS));
        }
        Ok(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_given_back() {
        let limits = InFlight::new(1, 1);
        let user = UserInfo::new("u", &[]);
        let place = limits.enter("get", &user).unwrap();
        let status = limits.enter("list", &user).err().unwrap();
        assert_eq!((status.code, status.details.i64_at(&["retryAfterSeconds"])), (429, Some(1)));
        assert!(limits.enter("update", &user).is_ok(), "the other kind has room");
        assert!(limits.enter("get", &UserInfo::new("root", &["system:masters"])).is_ok());
        drop(place);
        assert!(limits.enter("get", &user).is_ok());
    }
}
