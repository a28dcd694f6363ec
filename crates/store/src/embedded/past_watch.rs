//! A watch from before what is kept for watchers: it reads what the index still knows of the past, step by step, until
//! it is where the ring begins.

use std::{
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
};

use bytes::Bytes;

use super::{Shared, index::PastStep, ring::RingWatch};
use crate::{BoxFuture, ProgressRequester, Revision, StoreError, WatchBatch, WatchStream};

/// What a watch still has to read of the past.
struct Past {
    shared: Arc<Shared>,
    start: Bytes,
    end: Bytes,
    /// Everything up to here was given.
    given: Revision,
    /// What is being read.
    step: Option<BoxFuture<'static, Result<PastStep, StoreError>>>,
}

impl Past {
    /// Reads what comes next. What compaction takes away meanwhile is not missed: values are held that are to be read.
    fn next(&self) -> BoxFuture<'static, Result<PastStep, StoreError>> {
        let (shared, given) = (self.shared.clone(), self.given);
        let (start, end) = (self.start.clone(), self.end.clone());
        Box::pin(async move {
            // What is durable went through the ring, which has what follows.
            let until = shared.durable.load(Ordering::Acquire);
            let mut step = shared.index.read().past(&start, &end, given, until)?;
            let values = shared.values.read(step.take_wanted()).await?;
            step.fill(values);
            Ok(step)
        })
    }
}

/// A watch that begins in the past.
pub(super) struct PastWatch {
    ring: RingWatch,
    /// None: the ring has gone on from there.
    past: Option<Past>,
    failed: Option<StoreError>,
}

impl PastWatch {
    /// A watch of what happens after the revision `after`.
    pub(super) fn new(shared: &Arc<Shared>, start: Bytes, end: Bytes, after: Revision) -> PastWatch {
        let ring = RingWatch::behind(&shared.ring, start.clone(), end.clone());
        let past = Past { shared: shared.clone(), start, end, given: after, step: None };
        PastWatch { ring, past: Some(past), failed: None }
    }
}

impl WatchStream for PastWatch {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Result<WatchBatch, StoreError>> {
        if let Some(error) = &self.failed {
            return Poll::Ready(Err(error.clone()));
        }
        let Some(past) = &mut self.past else { return self.ring.poll_next(context) };
        if past.step.is_none() {
            if self.ring.go_on_after(past.given) {
                self.past = None;
                return self.ring.poll_next(context);
            }
            past.step = Some(past.next());
        }
        let polled = past.step.as_mut().map_or(Poll::Pending, |step| step.as_mut().poll(context));
        let Poll::Ready(result) = polled else { return Poll::Pending };
        past.step = None;
        match result {
            Ok(PastStep { events, revision, .. }) => {
                past.given = revision;
                if self.ring.answer_progress(revision) || !events.is_empty() {
                    return Poll::Ready(Ok(WatchBatch { events, revision }));
                }
                // A long stretch of the past may concern others only: let them have their turn in between.
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Err(error) => {
                self.failed = Some(error.clone());
                Poll::Ready(Err(error))
            }
        }
    }

    fn progress_requester(&self) -> ProgressRequester {
        self.ring.progress_requester()
    }
}
