//! What the store thread is asked to do, in the order in which it was asked.

#[cfg(test)]
mod tests;

use std::{
    sync::Arc,
    task::{Context, Poll, Waker},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::{archive::ArchiveOutcome, release::ReleaseOutcome};
use crate::{Committed, Priority, Revision, StoreError, Write, limits, sync::Mutex};

/// Where the answer to a commit goes.
pub(super) type CommitAnswer = oneshot::Sender<Result<Committed, StoreError>>;

pub(super) enum Request {
    Commit {
        writes: Vec<Write>,
        priority: Priority,
        /// The longest record that it makes, in bytes.
        record_limit_bytes: u64,
        answer: CommitAnswer,
        /// Room in the queue, until the commit is done.
        room: OwnedSemaphorePermit,
    },
    Compact {
        revision: Revision,
        answer: oneshot::Sender<Result<(), StoreError>>,
    },
    /// A snapshot has ended: its length in bytes, or what went wrong.
    SnapshotEnded(Result<u64, String>),
    /// Work on the archive of the log has ended.
    ArchiveEnded(ArchiveOutcome),
    /// Work on history has ended.
    ReleaseEnded(ReleaseOutcome),
    /// Finish what was asked before, then end.
    Close,
}

struct State {
    requests: Vec<Request>,
    sleeper: Option<Waker>,
    closed: bool,
}

/// The queue. Its room is counted in units of [`limits::QUEUE_UNIT_BYTES`]; who finds none waits.
pub(super) struct Queue {
    state: Mutex<State>,
    room: Arc<Semaphore>,
}

impl Queue {
    pub(super) fn new() -> Queue {
        let units = limits::QUEUE_LIMIT_BYTES / limits::QUEUE_UNIT_BYTES;
        let state = State { requests: Vec::new(), sleeper: None, closed: false };
        Queue { state: Mutex::new(state), room: Arc::new(Semaphore::new(units)) }
    }

    /// Waits for room for a commit of `size_bytes`.
    pub(super) async fn reserve(&self, size_bytes: usize) -> Result<OwnedSemaphorePermit, StoreError> {
        let units = size_bytes / limits::QUEUE_UNIT_BYTES + 1;
        let units = u32::try_from(units).expect("a commit is limited to far less than 4 GiB");
        self.room.clone().acquire_many_owned(units).await.map_err(|_| StoreError::Closed)
    }

    /// Asks; gives the request back when nobody will do it any more.
    pub(super) fn push(&self, request: Request) -> Result<(), Request> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(request);
        }
        state.closed = matches!(request, Request::Close);
        state.requests.push(request);
        let sleeper = state.sleeper.take();
        drop(state);
        sleeper.into_iter().for_each(Waker::wake);
        Ok(())
    }

    /// Whether something was asked; otherwise the context is woken when it is.
    pub(super) fn poll_ready(&self, context: &Context<'_>) -> Poll<()> {
        let mut state = self.state.lock();
        if state.requests.is_empty() {
            state.sleeper = Some(context.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    /// How much was asked and not taken.
    pub(super) fn length(&self) -> usize {
        self.state.lock().requests.len()
    }

    /// Takes all that was asked; `into` is empty and lends its memory to the queue.
    pub(super) fn take(&self, into: &mut Vec<Request>) {
        std::mem::swap(&mut self.state.lock().requests, into);
    }

    /// Lets nobody wait for room any more.
    pub(super) fn close(&self) {
        self.state.lock().closed = true;
        self.room.close();
    }
}
