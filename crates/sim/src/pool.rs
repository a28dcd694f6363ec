//! Several connections used as one: a server allows a hundred streams or so on each.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use apimachinery::Status;
use async_trait::async_trait;
use client::{Request, Response, Transport, WatchStream, remote::Remote};
use futures::StreamExt;
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use crate::{Access, AccessError};

/// Watches on one connection; upstream's API server allows 100 streams.
const WATCHES_PER_CONNECTION: usize = 90;
/// Connections for everything that is no watch,
const CALL_CONNECTIONS: usize = 4;
/// and how many calls are under way on all of them.
const CALLS_AT_ONCE: usize = CALL_CONNECTIONS * 64;

/// A connection, with the number of its watches.
type Counted = (Arc<Remote>, Arc<AtomicUsize>);

/// A transport over as many connections as its watches need.
pub struct Pool {
    access: Access,
    user_agent: String,
    calls: Vec<Arc<Remote>>,
    next_call: AtomicUsize,
    under_way: Semaphore,
    watches: Mutex<Vec<Counted>>,
}

impl Pool {
    /// No connections yet.
    ///
    /// # Errors
    /// As [`Access::connection`].
    pub fn new(access: Access, user_agent: &str) -> Result<Arc<Pool>, AccessError> {
        let calls = (0..CALL_CONNECTIONS).map(|_| access.connection(user_agent)).collect::<Result<_, _>>()?;
        Ok(Arc::new(Pool {
            access,
            user_agent: user_agent.to_owned(),
            calls,
            next_call: AtomicUsize::new(0),
            under_way: Semaphore::new(CALLS_AT_ONCE),
            watches: Mutex::default(),
        }))
    }

    /// How many connections have watches.
    pub fn watch_connections(&self) -> usize {
        self.watches.lock().iter().filter(|(_, count)| count.load(Ordering::Relaxed) > 0).count()
    }

    /// A connection with room for one more watch, which is counted.
    fn with_room(&self) -> Result<Counted, Status> {
        let mut watches = self.watches.lock();
        let free = watches.iter().find(|(_, count)| count.load(Ordering::Relaxed) < WATCHES_PER_CONNECTION).cloned();
        let found = match free {
            Some(found) => found,
            None => {
                let made = self.access.connection(&self.user_agent);
                let made = made.map_err(|error| Status::internal(error.to_string()))?;
                watches.push((made, Arc::default()));
                watches[watches.len() - 1].clone()
            }
        };
        found.1.fetch_add(1, Ordering::Relaxed);
        Ok(found)
    }
}

/// One watch less when it is dropped.
struct Counting(Arc<AtomicUsize>);

impl Drop for Counting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[async_trait]
impl Transport for Pool {
    async fn call(&self, request: Request) -> Result<Response, Status> {
        let _permit = self.under_way.acquire().await.expect("the semaphore is never closed");
        let turn = self.next_call.fetch_add(1, Ordering::Relaxed);
        self.calls[turn % self.calls.len()].call(request).await
    }

    async fn watch(&self, request: Request, initial_events: bool) -> Result<WatchStream, Status> {
        let (remote, count) = self.with_room()?;
        let counting = Counting(count);
        let stream = remote.watch(request, initial_events).await?;
        Ok(stream.inspect(move |_| _ = &counting).boxed())
    }
}
