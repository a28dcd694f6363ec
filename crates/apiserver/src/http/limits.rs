//! How many requests are answered at once, and how many wait for their turn.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use apimachinery::Status;
use component_base::metrics::Gauge;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{UserInfo, metrics};

/// Requests that change nothing and are answered at once, as upstream.
pub const READ_REQUESTS_LIMIT: usize = 400;
/// Requests that change something and are answered at once, as upstream.
pub const MUTATING_REQUESTS_LIMIT: usize = 200;
/// Requests of each kind that wait until one of these is answered, in the order in which they came.
pub const WAITING_REQUESTS_LIMIT: usize = 6_400;
/// How long they wait at most: a quarter of the time that a request may take, as upstream.
const WAITING_TIMEOUT: Duration = Duration::from_secs(15);
/// After this time a refused client may try again, in seconds.
const RETRY_AFTER_SECONDS: u32 = 1;

struct Lane {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    waiting_limit: usize,
    gauge: Arc<Gauge>,
}

impl Lane {
    fn new(limit: usize, waiting_limit: usize, kind: &'static str) -> Arc<Lane> {
        let places = Arc::new(Semaphore::new(limit));
        Arc::new(Lane { places, waiting: AtomicUsize::new(0), waiting_limit, gauge: metrics::in_flight(kind) })
    }

    fn begin(self: &Arc<Lane>, permit: Option<OwnedSemaphorePermit>) -> Place {
        self.gauge.add(1.0);
        Place { lane: self.clone(), _permit: permit }
    }
}

/// The requests under way, without those that run long: watches and connections.
pub struct InFlight {
    reading: Arc<Lane>,
    mutating: Arc<Lane>,
}

/// One request's place; dropping it ends the request.
pub(crate) struct Place {
    lane: Arc<Lane>,
    /// None for those who are let in whether there is room or not.
    _permit: Option<OwnedSemaphorePermit>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.lane.gauge.add(-1.0);
    }
}

/// One request that waits; dropping it ends the waiting, also when the client has hung up.
struct Waiting<'l>(&'l Lane);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Default for InFlight {
    fn default() -> InFlight {
        InFlight::new(READ_REQUESTS_LIMIT, MUTATING_REQUESTS_LIMIT, WAITING_REQUESTS_LIMIT)
    }
}

impl InFlight {
    /// Room for this many requests of each kind, and for so many that wait.
    pub fn new(reading: usize, mutating: usize, waiting: usize) -> InFlight {
        InFlight {
            reading: Lane::new(reading, waiting, "readOnly"),
            mutating: Lane::new(mutating, waiting, "mutating"),
        }
    }

    /// A place for a request of `user`, as soon as there is one.
    ///
    /// # Errors
    /// 429 when too many wait, or for too long; members of `system:masters` neither wait nor are refused.
    pub(crate) async fn enter(&self, verb: &str, user: &UserInfo) -> Result<Place, Status> {
        let lane = if matches!(verb, "get" | "list") { &self.reading } else { &self.mutating };
        if let Ok(permit) = lane.places.clone().try_acquire_owned() {
            return Ok(lane.begin(Some(permit)));
        }
        if user.in_group("system:masters") {
            return Ok(lane.begin(None));
        }
        let refused = || Status::too_many_requests("Too many requests, please try again later.", RETRY_AFTER_SECONDS);
        let before = lane.waiting.fetch_add(1, Ordering::AcqRel);
        let _waiting = Waiting(lane);
        if before >= lane.waiting_limit {
            return Err(refused());
        }
        match tokio::time::timeout(WAITING_TIMEOUT, lane.places.clone().acquire_owned()).await {
            Ok(Ok(permit)) => Ok(lane.begin(Some(permit))),
            Ok(Err(_)) | Err(_) => Err(refused()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn places_are_given_back_and_waited_for() {
        let limits = InFlight::new(1, 1, 1);
        let user = UserInfo::new("u", &[]);
        let place = limits.enter("get", &user).await.unwrap();
        assert!(limits.enter("update", &user).await.is_ok(), "the other kind has room");
        assert!(limits.enter("get", &UserInfo::new("root", &["system:masters"])).await.is_ok());
        let mut waits = Box::pin(limits.enter("list", &user));
        assert!(futures::poll!(&mut waits).is_pending());
        let status = limits.enter("list", &user).await.err().unwrap();
        assert_eq!((status.code, status.details.i64_at(&["retryAfterSeconds"])), (429, Some(1)), "one waits already");
        drop(place);
        assert!(waits.await.is_ok());
        assert_eq!(limits.reading.waiting.load(Ordering::Relaxed), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_ever() {
        let limits = InFlight::new(1, 1, 1);
        let user = UserInfo::new("u", &[]);
        let _place = limits.enter("get", &user).await.unwrap();
        assert_eq!(limits.enter("get", &user).await.err().unwrap().code, 429);
        assert_eq!(limits.reading.waiting.load(Ordering::Relaxed), 0);
    }
}
