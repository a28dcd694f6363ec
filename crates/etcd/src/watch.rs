//! Watches: each is one stream to one member at a time, which is begun again where it was when it breaks.
//!
//! **Invariant.** What was told up to a revision is remembered when it is handed over, and a stream is begun at that
//! very revision and what was told is dropped: so etcd refuses the stream exactly when something after it was
//! compacted, and there is never a gap nor a repetition. Events of one revision come in one answer, which etcd may send
//! in fragments; they are put together before anybody sees them.

use std::{
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures::{SinkExt, StreamExt, channel::mpsc as request_channel};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use store::{Event, ProgressRequester, Revision, StoreError, Watch, WatchBatch, WatchStream};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, MissedTickBehavior, timeout},
};

use crate::{
    backoff::Backoff,
    client::{number_of, revision_of},
    connection::Connection,
    convert::{bounds, event},
    engine::Shared,
    failure::Failure,
    frame::{self, Messages},
    messages::{WatchCommand, WatchCreateRequest, WatchProgressRequest, WatchRequest, WatchResponse, procedure},
};

/// Batches that wait for a slow reader; what follows waits in etcd.
const BATCHES_LIMIT: usize = 16;
/// Requests that wait for a slow member.
const REQUESTS_LIMIT: usize = 4;
/// etcd answers a request for progress only while a watch is not catching up, and drops it otherwise: it is asked again
/// after this time, as upstream does.
const PROGRESS_PERIOD: Duration = Duration::from_millis(100);
/// A member that answers neither this nor with events for this long is given up.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(10);

/// A watch from the reader's side.
struct Stream {
    batches: mpsc::Receiver<Result<WatchBatch, StoreError>>,
    requester: ProgressRequester,
    /// The error that ended it.
    ended: Option<StoreError>,
}

impl WatchStream for Stream {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Result<WatchBatch, StoreError>> {
        if let Some(error) = &self.ended {
            return Poll::Ready(Err(error.clone()));
        }
        let next = match std::task::ready!(self.batches.poll_recv(context)) {
            Some(next) => next,
            // What kept it going has failed, or its runtime is gone.
            None => Err(StoreError::Closed),
        };
        self.ended = next.as_ref().err().cloned();
        Poll::Ready(next)
    }

    fn progress_requester(&self) -> ProgressRequester {
        self.requester.clone()
    }
}

/// Watches a range for changes after a revision.
pub(crate) fn begin(shared: &Arc<Shared>, start: Bytes, end: Bytes, after: Revision) -> Watch {
    let (batches, received) = mpsc::channel(BATCHES_LIMIT);
    let (wanted, asked) = watch::channel(0);
    let requester = ProgressRequester::new(Arc::new(move |revision| {
        wanted.send_modify(|wanted: &mut Revision| *wanted = revision.max(*wanted));
    }));
    let driver = Driver {
        shared: shared.clone(),
        start,
        end,
        told: after,
        batches,
        asked,
        asked_open: true,
        token: None,
        stale_token: None,
    };
    shared.runtime.spawn(driver.run());
    Watch::new(Box::new(Stream { batches: received, requester, ended: None }))
}

/// How a stream ended.
enum Ended {
    /// Nobody reads any more.
    ReaderGone,
    /// The watch is over.
    Told(StoreError),
    /// Another stream may go on.
    Broken(Failure),
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Ended {
        Ended::Broken(failure)
    }
}

/// What keeps a watch going.
struct Driver {
    shared: Arc<Shared>,
    start: Bytes,
    end: Bytes,
    /// Everything up to this revision was handed over.
    told: Revision,
    batches: mpsc::Sender<Result<WatchBatch, StoreError>>,
    /// The greatest revision that somebody waits for.
    asked: watch::Receiver<Revision>,
    /// Whether anybody can still ask.
    asked_open: bool,
    /// Which token the stream was begun with.
    token: Option<u64>,
    /// Which one etcd no longer takes.
    stale_token: Option<u64>,
}

/// A stream to a member.
struct Open {
    connection: Arc<Connection>,
    messages: Messages,
    requests: request_channel::Sender<WatchRequest>,
}

impl Driver {
    async fn run(mut self) {
        let mut backoff = Backoff::short();
        loop {
            let begun = self.told;
            match self.follow().await {
                Ended::ReaderGone => return,
                Ended::Told(error) => {
                    let _ = self.batches.send(Err(error)).await;
                    return;
                }
                Ended::Broken(failure) => {
                    tracing::debug!(error = %failure, told = self.told, "a watch goes on elsewhere");
                    self.stale_token = self.token.filter(|_| failure.is_stale_token());
                    if self.told > begun {
                        backoff = Backoff::short();
                    }
                    tokio::select! {
                        () = tokio::time::sleep(backoff.next_wait()) => {}
                        () = self.batches.closed() => return,
                    }
                }
            }
        }
    }

    /// Follows one stream to its end.
    async fn follow(&mut self) -> Ended {
        let (shared, batches) = (self.shared.clone(), self.batches.clone());
        let opened = tokio::select! {
            opened = self.open(&shared) => opened,
            () = batches.closed() => return Ended::ReaderGone,
        };
        let mut open = match opened {
            Ok(open) => open,
            Err(failure) => return self.judge(failure),
        };
        let ended = match self.created(&mut open).await {
            Ok(()) => self.receive(&mut open).await,
            Err(ended) => ended,
        };
        match ended {
            Ended::Broken(failure) => {
                self.shared.client.consider(&open.connection, &failure);
                self.judge(failure)
            }
            ended => ended,
        }
    }

    /// Whether a failure ends the watch, or only the stream.
    fn judge(&self, failure: Failure) -> Ended {
        match failure.is_of_member() || failure.is_stale_token() || failure.is_overload() {
            true => Ended::Broken(failure),
            false => Ended::Told(failure.into_store_error("etcd: watch", self.told, self.shared.client.known())),
        }
    }

    async fn open(&mut self, shared: &Shared) -> Result<Open, Failure> {
        let (key, range_end) = bounds(&self.start, &self.end);
        // 0 would mean from now on.
        let start_revision = number_of(self.told.max(1));
        let create = WatchCreateRequest { key, range_end, start_revision, prev_kv: true, fragment: true };
        let (mut requests, frames) = request_channel::channel(REQUESTS_LIMIT);
        // It goes first: a member answers nothing, not even headers, before it has something to do.
        let first = WatchRequest { command: Some(WatchCommand::Create(create)) };
        requests.try_send(first).map_err(|error| Failure::transport(error, false))?;
        let frames = frames.map(|request: WatchRequest| Ok(Frame::data(frame::encode(&request))));
        let body = BodyExt::boxed(StreamBody::new(frames));
        let opened = shared.client.stream(procedure::WATCH, body, self.stale_token, &mut self.token).await;
        let (connection, messages) = opened?;
        Ok(Open { connection, messages, requests })
    }

    /// Waits until the member has the watch.
    async fn created(&mut self, open: &mut Open) -> Result<(), Ended> {
        let created = timeout(SILENCE_TIMEOUT, next(open)).await.unwrap_or_else(|_| Err(Failure::timed_out()))?;
        let revision = self.shared.client.learn(created.header.as_ref());
        if created.canceled {
            return Err(self.canceled(&created));
        }
        if !created.created {
            return Err(Failure::malformed("a watch was not created").into());
        }
        if revision < self.told {
            // The member may be behind; only a quorum knows whether the revision has come.
            let current = self.shared.quorum_revision().await.map_err(|_| Failure::timed_out())?;
            if current < self.told {
                return Err(Ended::Told(StoreError::FutureRevision { requested: self.told, current }));
            }
        }
        Ok(())
    }

    fn canceled(&self, answer: &WatchResponse) -> Ended {
        if answer.compact_revision > 0 {
            let compacted = revision_of(answer.compact_revision);
            self.shared.client.learn_compacted(compacted);
            return Ended::Told(StoreError::Compacted { compacted, current: self.shared.client.known().current });
        }
        // No code comes with it: what it means stands in the words.
        let reason = answer.cancel_reason.clone();
        let code = match reason.as_str() {
            "etcdserver: permission denied" => 7,
            _ => crate::failure::code::UNAVAILABLE,
        };
        self.judge(Failure::answered(code, reason))
    }

    async fn receive(&mut self, open: &mut Open) -> Ended {
        let mut gathered: Vec<Event> = Vec::new();
        let mut ticks = tokio::time::interval(PROGRESS_PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Instant::now();
        let connection = open.connection.clone();
        loop {
            let waiting = *self.asked.borrow() > self.told;
            if !waiting {
                heard = Instant::now();
            }
            let answer = tokio::select! {
                answer = next(open) => match answer {
                    Ok(answer) => answer,
                    Err(failure) => return Ended::Broken(failure),
                },
                () = connection.ended() => return Ended::Broken(Failure::transport("the member was left", true)),
                () = self.batches.closed() => return Ended::ReaderGone,
                changed = self.asked.changed(), if self.asked_open => {
                    self.asked_open = changed.is_ok();
                    if *self.asked.borrow_and_update() <= self.told {
                        if self.hand_over(Vec::new(), self.told).await.is_err() {
                            return Ended::ReaderGone;
                        }
                    } else {
                        ticks.reset_immediately();
                    }
                    continue;
                }
                _ = ticks.tick(), if waiting => {
                    if heard.elapsed() > SILENCE_TIMEOUT {
                        return Ended::Broken(Failure::timed_out());
                    }
                    if let Err(failure) = send(open, WatchCommand::Progress(WatchProgressRequest {})).await {
                        return Ended::Broken(failure);
                    }
                    continue;
                }
            };
            heard = Instant::now();
            let revision = self.shared.client.learn(answer.header.as_ref());
            if answer.canceled {
                return self.canceled(&answer);
            }
            let is_progress = answer.events.is_empty() && gathered.is_empty() && !answer.fragment;
            for change in answer.events {
                let at = change.kv.as_ref().map_or(0, |kv| revision_of(kv.mod_revision));
                if at <= self.told {
                    continue;
                }
                match event(change, &self.shared.leases) {
                    Some(event) => gathered.push(event),
                    // What it replaced was compacted before this was sent.
                    None => {
                        let current = self.shared.client.known().current;
                        return Ended::Told(StoreError::Compacted { compacted: at, current });
                    }
                }
            }
            if answer.fragment {
                continue;
            }
            let events = std::mem::take(&mut gathered);
            let handed = match events.last() {
                Some(last) => {
                    let revision = last.kv.mod_revision;
                    self.hand_over(events, revision).await
                }
                // A revision at which nothing more is on its way.
                None if is_progress && revision > self.told => self.hand_over(events, revision).await,
                None => Ok(()),
            };
            if handed.is_err() {
                return Ended::ReaderGone;
            }
        }
    }

    async fn hand_over(&mut self, events: Vec<Event>, revision: Revision) -> Result<(), ()> {
        self.batches.send(Ok(WatchBatch { events, revision })).await.map_err(|_| ())?;
        self.told = revision;
        Ok(())
    }
}

async fn send(open: &mut Open, command: WatchCommand) -> Result<(), Failure> {
    let sent = open.requests.send(WatchRequest { command: Some(command) }).await;
    sent.map_err(|_| Failure::transport("the watch's stream ended", true))
}

async fn next(open: &mut Open) -> Result<WatchResponse, Failure> {
    let next = open.messages.next().await?;
    next.ok_or_else(|| Failure::transport("the member ended the watch's stream", true))
}
