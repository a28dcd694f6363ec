//! What watchers read: the last events of the whole store in one ring, bounded in bytes.
//!
//! A watch is a place in the ring, not a queue. A watch without anything to read is woken only by an
//! event in its own range, and then remembers the batch of that event; the batches between, which do
//! not concern it, may leave the ring unread. A watch falls off when the batch it remembers has left.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;

use crate::{Event, ProgressRequester, Revision, StoreError, WatchBatch, WatchStream, limits, sync::Mutex};

struct Batch {
    events: Vec<Event>,
    last_revision: Revision,
    cost_bytes: usize,
}

struct Subscription {
    start: Bytes,
    end: Bytes,
    /// The first batch to look at; none: nothing in the ring concerns this watch.
    next: Option<u64>,
    progress_wanted: BTreeSet<Revision>,
    waker: Option<Waker>,
}

impl Subscription {
    fn covers(&self, key: &[u8]) -> bool {
        key >= self.start.as_ref() && (self.end.is_empty() || key < self.end.as_ref())
    }
}

pub(super) struct Ring {
    batches: VecDeque<Arc<Batch>>,
    /// The sequence number of the first batch in the ring.
    first: u64,
    cost_bytes: usize,
    limit_bytes: usize,
    /// Events after this revision are in the ring.
    floor: Revision,
    /// Events up to this revision went through the ring.
    head: Revision,
    subscriptions: BTreeMap<u64, Subscription>,
    next_subscription: u64,
    closed: bool,
}

/// Batches for a watch, and the revision to which they lead.
type Taken = (Vec<Arc<Batch>>, Revision);

/// Bookkeeping of an event in bytes, added to its keys and values.
const EVENT_COST_BYTES: usize = size_of::<Event>() + 64;

fn cost_bytes(events: &[Event]) -> usize {
    let cost = |event: &Event| {
        let previous = event.previous.as_ref().map_or(0, |previous| previous.value.len());
        event.kv.key.len() + event.kv.value.len() + previous + EVENT_COST_BYTES
    };
    events.iter().map(cost).sum()
}

impl Ring {
    pub(super) fn new(limit_bytes: usize, revision: Revision) -> Ring {
        Ring {
            batches: VecDeque::new(),
            first: 0,
            cost_bytes: 0,
            limit_bytes,
            floor: revision,
            head: revision,
            subscriptions: BTreeMap::new(),
            next_subscription: 0,
            closed: false,
        }
    }

    fn end(&self) -> u64 {
        self.first + self.batches.len() as u64
    }

    /// Puts in the events of whole commits, the last of which has `revision`. Gives the watches to
    /// wake, which the caller does after it let go of the lock.
    pub(super) fn publish(&mut self, events: Vec<Event>, revision: Revision) -> Vec<Waker> {
        let sequence = self.end();
        self.head = revision;
        let mut keys: Vec<&[u8]> = events.iter().map(|event| event.kv.key.as_ref()).collect();
        keys.sort_unstable();
        let mut wakers = Vec::new();
        for subscription in self.subscriptions.values_mut() {
            let mut wake = subscription.progress_wanted.first().is_some_and(|wanted| *wanted <= revision);
            if subscription.next.is_none() {
                let from = keys.partition_point(|key| *key < subscription.start.as_ref());
                if keys.get(from).is_some_and(|key| subscription.covers(key)) {
                    subscription.next = Some(sequence);
                    wake = true;
                }
            }
            if wake {
                wakers.extend(subscription.waker.take());
            }
        }
        let cost_bytes = cost_bytes(&events);
        self.cost_bytes += cost_bytes;
        self.batches.push_back(Arc::new(Batch { events, last_revision: revision, cost_bytes }));
        while self.cost_bytes > self.limit_bytes && self.batches.len() > 1 {
            let dropped = self.batches.pop_front().expect("more than one batch was counted");
            self.first += 1;
            self.cost_bytes -= dropped.cost_bytes;
            self.floor = dropped.last_revision;
        }
        wakers
    }

    /// Refuses further watches and ends the others when they have read what there is.
    pub(super) fn close(&mut self) -> Vec<Waker> {
        self.closed = true;
        self.subscriptions.values_mut().filter_map(|subscription| subscription.waker.take()).collect()
    }

    fn subscribe(&mut self, start: Bytes, end: Bytes, after: Revision, compacted: Revision) -> Result<u64, StoreError> {
        if self.closed {
            return Err(StoreError::Closed);
        }
        let oldest = self.floor.max(compacted);
        if after < oldest {
            return Err(StoreError::Compacted { compacted: oldest, current: self.head });
        }
        if after > self.head {
            return Err(StoreError::FutureRevision { requested: after, current: self.head });
        }
        let id = self.subscribe_behind(start, end);
        self.go_on_after(id, after);
        Ok(id)
    }

    /// A watch that reads nothing here before [`Ring::go_on_after`].
    fn subscribe_behind(&mut self, start: Bytes, end: Bytes) -> u64 {
        let id = self.next_subscription;
        self.next_subscription += 1;
        let subscription = Subscription { start, end, next: None, progress_wanted: BTreeSet::new(), waker: None };
        self.subscriptions.insert(id, subscription);
        id
    }

    /// Lets a watch read what comes after a revision. False: that is no longer here.
    fn go_on_after(&mut self, id: u64, after: Revision) -> bool {
        if after < self.floor {
            return false;
        }
        let seen = self.batches.partition_point(|batch| batch.last_revision <= after);
        let next = Some(self.first + seen as u64).filter(|next| *next < self.end());
        self.subscriptions.get_mut(&id).expect("a subscription lives as long as its watch").next = next;
        true
    }

    /// The next batches for a watch, and the revision to which they lead.
    fn take(&mut self, id: u64, context: &Context<'_>) -> Poll<Result<Taken, StoreError>> {
        let end = self.end();
        let subscription = self.subscriptions.get_mut(&id).expect("a subscription lives as long as its watch");
        if let Some(next) = subscription.next {
            let Some(skip) = next.checked_sub(self.first) else {
                return Poll::Ready(Err(StoreError::Compacted { compacted: self.floor, current: self.head }));
            };
            let mut batches = Vec::new();
            let mut count = 0;
            for batch in self.batches.range(skip as usize..) {
                count += batch.events.len();
                batches.push(batch.clone());
                if count >= limits::WATCH_STEP_EVENTS {
                    break;
                }
            }
            let next = next + batches.len() as u64;
            subscription.next = Some(next).filter(|next| *next < end);
            let revision = batches.last().map_or(self.head, |batch| batch.last_revision);
            return Poll::Ready(Ok((batches, revision)));
        }
        if subscription.progress_wanted.first().is_some_and(|wanted| *wanted <= self.head) {
            return Poll::Ready(Ok((Vec::new(), self.head)));
        }
        if self.closed {
            return Poll::Ready(Err(StoreError::Closed));
        }
        match &mut subscription.waker {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }
}

/// A watch of the embedded engine.
pub(super) struct RingWatch {
    ring: Arc<Mutex<Ring>>,
    id: u64,
    start: Bytes,
    end: Bytes,
    after: Revision,
    failed: Option<StoreError>,
}

impl RingWatch {
    /// `compacted` is the oldest revision after which may be watched, whatever the ring still has.
    pub(super) fn new(
        ring: &Arc<Mutex<Ring>>,
        start: Bytes,
        end: Bytes,
        after: Revision,
        compacted: Revision,
    ) -> Result<RingWatch, StoreError> {
        let id = ring.lock().subscribe(start.clone(), end.clone(), after, compacted)?;
        Ok(RingWatch { ring: ring.clone(), id, start, end, after, failed: None })
    }

    /// A watch from before what the ring has, which reads nothing here before [`RingWatch::go_on_after`]; requests for
    /// progress are kept.
    pub(super) fn behind(ring: &Arc<Mutex<Ring>>, start: Bytes, end: Bytes) -> RingWatch {
        let id = ring.lock().subscribe_behind(start.clone(), end.clone());
        RingWatch { ring: ring.clone(), id, start, end, after: 0, failed: None }
    }

    /// Goes on after a revision that is durable. False: that is no longer in the ring.
    pub(super) fn go_on_after(&mut self, after: Revision) -> bool {
        self.after = after;
        self.ring.lock().go_on_after(self.id, after)
    }

    fn concerns(&self, event: &Event) -> bool {
        let key = &event.kv.key;
        event.kv.mod_revision > self.after && *key >= self.start && (self.end.is_empty() || *key < self.end)
    }

    /// Ends the requests for progress that a batch at `revision` answers; says whether there were any.
    pub(super) fn answer_progress(&self, revision: Revision) -> bool {
        let mut ring = self.ring.lock();
        let Some(subscription) = ring.subscriptions.get_mut(&self.id) else { return false };
        let later = subscription.progress_wanted.split_off(&(revision + 1));
        !std::mem::replace(&mut subscription.progress_wanted, later).is_empty()
    }
}

impl WatchStream for RingWatch {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Result<WatchBatch, StoreError>> {
        if let Some(error) = &self.failed {
            return Poll::Ready(Err(error.clone()));
        }
        // Bound first, so that the lock is not held while events are looked at.
        let taken = self.ring.lock().take(self.id, context);
        let (batches, revision) = match taken {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Ok(taken)) => taken,
            Poll::Ready(Err(error)) => {
                self.failed = Some(error.clone());
                return Poll::Ready(Err(error));
            }
        };
        let all = batches.iter().flat_map(|batch| &batch.events);
        let events: Vec<Event> = all.filter(|event| self.concerns(event)).cloned().collect();
        if self.answer_progress(revision) || !events.is_empty() {
            return Poll::Ready(Ok(WatchBatch { events, revision }));
        }
        // A long stretch of the ring may concern others only: let them have their turn in between.
        context.waker().wake_by_ref();
        Poll::Pending
    }

    fn progress_requester(&self) -> ProgressRequester {
        let (ring, id) = (Arc::downgrade(&self.ring), self.id);
        ProgressRequester::new(Arc::new(move |revision| {
            let Some(ring) = ring.upgrade() else { return };
            let mut ring = ring.lock();
            let Some(subscription) = ring.subscriptions.get_mut(&id) else { return };
            subscription.progress_wanted.insert(revision);
            let waker = subscription.waker.take();
            drop(ring);
            waker.into_iter().for_each(Waker::wake);
        }))
    }
}

impl Drop for RingWatch {
    fn drop(&mut self) {
        self.ring.lock().subscriptions.remove(&self.id);
    }
}
