//! The backend that posts events to a server: an `EventList` of `audit.k8s.io/v1` for each batch, in JSON.
//!
//! A thread of its own sends, several batches at once, so that one which is tried again does not hold up others. What
//! cannot be sent after some tries is lost, which is counted.

mod connection;
mod endpoint;

use std::{io, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::Semaphore;

pub use endpoint::{Endpoint, EndpointError};

use self::connection::Connections;
use super::{
    Event, Mode, Offered, Sink, Truncation,
    batch::{Batches, Entry, Queue},
    event::TYPE,
    metrics,
};

/// The name of the backend in metrics and logs.
const PLUGIN: &str = "webhook";
/// Batches that are sent at once.
const SENDING_LIMIT: u32 = 16;
/// How often a batch is tried, as upstream,
const TRIES: u32 = 5;
/// by how much longer each wait is than the one before,
const BACKOFF_FACTOR: f64 = 1.5;
/// and how much of it is added by chance at most.
const BACKOFF_JITTER: f64 = 0.2;

const LIST_HEAD: &[u8] = b"{\"kind\":\"EventList\",\"apiVersion\":\"audit.k8s.io/v1\",\"metadata\":{},\"items\":[";
const LIST_TAIL: &[u8] = b"]}";

/// How events are posted.
pub struct WebhookSettings {
    /// Where to.
    pub endpoint: Endpoint,
    /// How long the first wait is after a failure.
    pub initial_backoff: Duration,
    /// Whether requests wait for it.
    pub mode: Mode,
    /// What becomes of large events; they are sent as they are when not given.
    pub truncation: Option<Truncation>,
}

/// The backend.
pub struct WebhookSink {
    queue: Queue,
    truncation: Option<Truncation>,
}

impl WebhookSink {
    /// Starts the thread that sends; nothing is sent before the first event.
    ///
    /// # Errors
    /// There can be no further thread.
    pub fn start(settings: WebhookSettings) -> io::Result<Arc<WebhookSink>> {
        let (queue, batches) = Queue::new(settings.mode, PLUGIN);
        let truncation = settings.truncation;
        let sender = Arc::new(Sender {
            connections: Connections::new(settings.endpoint),
            initial_backoff: settings.initial_backoff,
            body_bytes_limit: truncation.map_or(u64::MAX, |truncation| truncation.batch_bytes_limit),
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new()
            .name("audit-webhook".to_owned())
            .spawn(move || runtime.block_on(send_all(sender, batches)))?;
        Ok(Arc::new(WebhookSink { queue, truncation }))
    }
}

#[async_trait]
impl Sink for WebhookSink {
    fn offer(&self, event: &Event) -> Offered {
        let encoded = match &self.truncation {
            None => Some(event.to_json().into()),
            Some(truncation) => truncation.encode(event, |event, json| json.unwrap_or_else(|| event.to_json()).into()),
        };
        match encoded {
            Some(bytes) => self.queue.offer(event, bytes),
            None => Offered::Settled(true),
        }
    }

    async fn stop(&self) {
        self.queue.stop().await;
    }
}

async fn send_all(sender: Arc<Sender>, mut batches: Batches) {
    let places = Arc::new(Semaphore::new(SENDING_LIMIT as usize));
    while let Some(batch) = batches.next().await {
        // It is never closed.
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let sender = sender.clone();
        tokio::spawn(async move {
            let _place = place;
            for part in parts(batch, sender.body_bytes_limit) {
                sender.send(part).await;
            }
        });
    }
    let _ = places.acquire_many(SENDING_LIMIT).await;
    // Whoever waits for the end is told only now.
    drop(batches);
}

/// A batch in pieces that are no larger than a batch may be.
fn parts(batch: Vec<Entry>, bytes_limit: u64) -> Vec<Vec<Entry>> {
    let mut parts: Vec<Vec<Entry>> = Vec::new();
    let mut size = 0;
    for entry in batch {
        let length = entry.bytes.len() as u64;
        match parts.last_mut().filter(|_| size + length <= bytes_limit) {
            Some(part) => {
                size += length;
                part.push(entry);
            }
            None => {
                size = length;
                parts.push(vec![entry]);
            }
        }
    }
    parts
}

fn body_of(events: &[Entry]) -> Bytes {
    let length: usize = events.iter().map(|event| event.bytes.len()).sum();
    let mut body = Vec::with_capacity(LIST_HEAD.len() + length + LIST_TAIL.len());
    body.extend_from_slice(LIST_HEAD);
    for (index, event) in events.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        // The items of a typed list do not say their kind.
        body.push(b'{');
        body.extend_from_slice(&event.bytes[TYPE.len()..]);
    }
    body.extend_from_slice(LIST_TAIL);
    body.into()
}

struct Sender {
    connections: Connections,
    initial_backoff: Duration,
    body_bytes_limit: u64,
}

impl Sender {
    /// Sends events, if need be several times.
    async fn send(&self, events: Vec<Entry>) {
        let body = body_of(&events);
        let mut wait = self.initial_backoff;
        let mut tries = 1;
        let sent = loop {
            match self.connections.post(body.clone()).await {
                Ok(()) => break true,
                Err(problem) if tries == TRIES => {
                    metrics::lost(PLUGIN, &problem, events.len());
                    break false;
                }
                // Upstream tries again whatever the answer was: the server may come to its senses.
                Err(problem) => tracing::debug!(problem, tries, "audit events could not be sent; trying again"),
            }
            tokio::time::sleep(wait.mul_f64(1.0 + BACKOFF_JITTER * stdx::random::fraction())).await;
            wait = wait.mul_f64(BACKOFF_FACTOR);
            tries += 1;
        };
        events.into_iter().for_each(|event| event.settle(sent));
    }
}

#[cfg(test)]
mod tests;
