//! Follows a collection, and keeps a store of the caller's true to it.
//!
//! It is filled by a watch with initial events, resumed from the last resource version when the stream ends, and given
//! a new list when the server no longer has that version.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use apimachinery::{Object, Status, Str};
use async_trait::async_trait;
use futures::StreamExt;
use tokio::{task::JoinHandle, time::Instant};

use crate::{Client, Collection, WatchEvent, WatchStream};

/// The first delay after a failed watch, in milliseconds; jitter at most doubles it.
const BACKOFF_BASE_MILLISECONDS: u64 = 100;
/// The longest delay between two tries to watch, in milliseconds.
const BACKOFF_MAX_MILLISECONDS: u64 = 30_000;
/// A stream that lived this long was healthy: the delays start anew, in seconds.
const HEALTHY_AFTER_SECONDS: u64 = 10;
/// Events handled between two chances for other tasks.
const EVENTS_PER_YIELD: usize = 64;

/// What is kept true to a collection. It is told one thing after the other. Upstream's counterpart is the interface
/// of the same name.
#[async_trait]
pub trait ReflectorStore: Send + Sync + 'static {
    /// What is kept of a list while it comes: an object of it is let go of as soon as it was gathered.
    type List: Default + Send;

    /// Keeps an object of a list that is coming.
    fn gather(&self, list: &mut Self::List, object: Arc<Object>);

    /// Takes an object out of it that went before the list had ended.
    fn leave_out(&self, list: &mut Self::List, last: &Object);

    /// A list has ended: this is everything that there is.
    async fn replace(&self, list: Self::List);

    /// An object came or changed. After a stream that broke it may be one that is known.
    fn put(&self, object: Arc<Object>);

    /// An object went; its last state.
    fn remove(&self, last: Arc<Object>);

    /// Everything up to a resource version has been told.
    fn advance(&self, _resource_version: &str) {}
}

/// A collection that is followed until this is dropped.
pub struct Reflecting(JoinHandle<()>);

impl Reflecting {
    /// Ends it; afterwards its store is not told anything.
    pub async fn stop(mut self) {
        self.0.abort();
        // It ends as cancelled, or has ended by itself.
        let _ = (&mut self.0).await;
    }
}

impl Drop for Reflecting {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Follows `collection` as `client`, on the current tokio runtime.
pub(crate) fn spawn<S: ReflectorStore>(client: Client, collection: Collection, store: &Arc<S>) -> Reflecting {
    let reflector = Reflector { client, store: Arc::downgrade(store), collection, resource_version: Str::EMPTY };
    Reflecting(tokio::spawn(reflector.run()))
}

/// Lets other tasks run now and then in a long loop.
pub async fn breathe(count: usize) {
    if count % EVENTS_PER_YIELD == EVENTS_PER_YIELD - 1 {
        tokio::task::yield_now().await;
    }
}

struct Reflector<S> {
    client: Client,
    store: Weak<S>,
    collection: Collection,
    /// From where the next watch resumes; empty for a new list.
    resource_version: Str,
}

impl<S: ReflectorStore> Reflector<S> {
    /// Follows the collection until the store is gone.
    async fn run(mut self) {
        let mut delay_milliseconds = BACKOFF_BASE_MILLISECONDS;
        loop {
            let started = Instant::now();
            let end = self.follow().await;
            if self.store.strong_count() == 0 {
                return;
            }
            if started.elapsed() >= Duration::from_secs(HEALTHY_AFTER_SECONDS) {
                delay_milliseconds = BACKOFF_BASE_MILLISECONDS;
            }
            match end {
                Ok(()) => tracing::debug!(collection = %self.collection, "the watch ended"),
                Err(status) if status.is_expired() => {
                    tracing::info!(collection = %self.collection, "the resource version is too old, listing anew");
                    self.resource_version = Str::EMPTY;
                }
                Err(status) => {
                    tracing::warn!(collection = %self.collection, error = %status, "the watch failed");
                }
            }
            let jitter = stdx::random::below(delay_milliseconds);
            tokio::time::sleep(Duration::from_millis(delay_milliseconds + jitter)).await;
            delay_milliseconds = (delay_milliseconds * 2).min(BACKOFF_MAX_MILLISECONDS);
        }
    }

    async fn follow(&mut self) -> Result<(), Status> {
        let anew = self.resource_version.is_empty();
        let request = self.collection.request(&self.resource_version);
        let stream = self.client.transport().watch(request, anew).await?;
        if anew { self.initial_events(stream).await } else { self.events(stream).await }
    }

    /// Gathers the initial events, which replace what was known, and goes on with the stream.
    async fn initial_events(&mut self, mut stream: WatchStream) -> Result<(), Status> {
        let mut list = S::List::default();
        while let Some(event) = stream.next().await {
            let event = event?;
            let Some(store) = self.store.upgrade() else { return Ok(()) };
            match event {
                WatchEvent::Added(object) | WatchEvent::Modified(object) => store.gather(&mut list, object),
                WatchEvent::Deleted(last) => store.leave_out(&mut list, &last),
                WatchEvent::Bookmark { resource_version, initial_events_end: true } => {
                    store.replace(list).await;
                    store.advance(&resource_version);
                    drop(store);
                    self.resource_version = resource_version;
                    return self.events(stream).await;
                }
                WatchEvent::Bookmark { .. } => {}
            }
        }
        Ok(())
    }

    async fn events(&mut self, mut stream: WatchStream) -> Result<(), Status> {
        let mut count = 0;
        while let Some(event) = stream.next().await {
            let event = event?;
            let Some(store) = self.store.upgrade() else { return Ok(()) };
            match event {
                WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                    self.resource_version = object.resource_version().into();
                    store.put(object);
                }
                WatchEvent::Deleted(object) => {
                    self.resource_version = object.resource_version().into();
                    store.remove(object);
                }
                WatchEvent::Bookmark { resource_version, .. } => self.resource_version = resource_version,
            }
            store.advance(&self.resource_version);
            drop(store);
            breathe(count).await;
            count += 1;
        }
        Ok(())
    }
}
