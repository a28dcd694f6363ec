use std::{
    fmt,
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll},
};

use crate::{Event, Revision, StoreError};

/// The next changes of a watched range, in revision order; those of one commit are never parted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchBatch {
    /// The changes; empty when this only tells progress.
    pub events: Vec<Event>,
    /// Everything that happened in the range up to this revision has now been given.
    pub revision: Revision,
}

/// A watched range. Dropping it ends the watch.
pub struct Watch {
    stream: Box<dyn WatchStream>,
}

/// What an engine implements to provide a [`Watch`].
pub trait WatchStream: Send {
    /// As [`Watch::poll_next`].
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Result<WatchBatch, StoreError>>;

    /// As [`Watch::progress_requester`].
    fn progress_requester(&self) -> ProgressRequester;
}

impl Watch {
    /// A watch over an engine's stream.
    pub fn new(stream: Box<dyn WatchStream>) -> Watch {
        Watch { stream }
    }

    /// Waits for the next changes or, after a request, for progress. Dropping the future loses nothing.
    ///
    /// # Errors
    /// `Compacted` when the reader was too slow and events were dropped: list again and watch anew.
    /// `Closed` when the store is closed and every event has been given. An error ends the watch.
    pub async fn next(&mut self) -> Result<WatchBatch, StoreError> {
        poll_fn(|context| self.poll_next(context)).await
    }

    /// [`Watch::next`] as a poll, for those who write futures by hand.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Result<WatchBatch, StoreError>> {
        self.stream.poll_next(context)
    }

    /// A handle by which others than the reader ask for progress.
    pub fn progress_requester(&self) -> ProgressRequester {
        self.stream.progress_requester()
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Watch")
    }
}

/// Asks a watch to tell how far it has come, for example because a read must not be older than a
/// revision and the range may have been quiet since.
#[derive(Clone)]
pub struct ProgressRequester(Arc<dyn Fn(Revision) + Send + Sync>);

impl ProgressRequester {
    /// A requester that calls `request`.
    pub fn new(request: Arc<dyn Fn(Revision) + Send + Sync>) -> ProgressRequester {
        ProgressRequester(request)
    }

    /// Makes the watch yield a batch whose revision is at least `revision`, without events if there
    /// are none, as soon as that revision is durable. Several requests may be answered by one batch.
    pub fn request(&self, revision: Revision) {
        (self.0)(revision);
    }
}

impl fmt::Debug for ProgressRequester {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ProgressRequester")
    }
}
