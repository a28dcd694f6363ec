use std::{sync::Arc, time::Duration};

use apimachinery::{Object, Str, time};
use async_trait::async_trait;
use client::{
    Client, Event, Informer, Options, WorkQueue,
    controller::{self, Outcome, Reconcile},
    kinds::CERTIFICATE_SIGNING_REQUESTS,
};
use jiff::Timestamp;

use super::is_issued;
use crate::{Context, pods};

/// How long a request is kept that is done with, in seconds.
const DONE_SECONDS: i64 = 3600;
/// How long one is kept that waits, in seconds.
const PENDING_SECONDS: i64 = 24 * 3600;

struct Cleaner {
    client: Client,
    requests: Informer,
}

pub(super) async fn run(context: Context) {
    let requests = context.informers.of(&CERTIFICATE_SIGNING_REQUESTS);
    let queue = WorkQueue::new();
    controller::enqueue_on(&requests, &queue, |event| {
        let gone = matches!(event, Event::Deleted(_));
        (!gone).then(|| event.object().key())
    });
    let reconciler = Cleaner { client: context.client, requests: requests.clone() };
    let name = "certificatesigningrequest-cleaner-controller";
    controller::run(name, &[requests], queue, 1, Arc::new(reconciler)).await;
}

/// When the request may go. That its certificate has expired before that is no reason to hurry.
pub(super) fn expires(request: &Object) -> Option<Timestamp> {
    let since = |kind| {
        let condition = pods::condition(request, kind)?;
        time::parse(condition.str_at(&["lastUpdateTime"]).or(condition.str_at(&["lastTransitionTime"]))?)
    };
    let after = |time: Timestamp, seconds| Timestamp::from_second(time.as_second() + seconds).ok();
    let approved = if is_issued(request) { DONE_SECONDS } else { PENDING_SECONDS };
    let by_condition = [("Denied", DONE_SECONDS), ("Failed", DONE_SECONDS), ("Approved", approved)];
    let times = by_condition.iter().filter_map(|(kind, seconds)| after(since(kind)?, *seconds));
    match request.status().list_at("conditions").is_empty() {
        true => after(pods::created(request)?, PENDING_SECONDS),
        false => times.min(),
    }
}

#[async_trait]
impl Reconcile for Cleaner {
    async fn reconcile(&self, key: &Str) -> Outcome {
        let Some(request) = self.requests.get(key) else { return Ok(None) };
        let Some(expiry) = expires(&request) else { return Ok(None) };
        let left = expiry.as_millisecond() - stdx::clock::now().as_millisecond();
        if left > 0 {
            return Ok(Some(Duration::from_millis(left.unsigned_abs())));
        }
        let options = Options { precondition_uid: request.uid().to_owned(), ..Options::default() };
        match self.client.all(&CERTIFICATE_SIGNING_REQUESTS).delete(key, options).await {
            Err(status) if status.is_not_found() || status.is_conflict() => Ok(None),
            answer => Ok(answer.map(|_| None)?),
        }
    }
}
