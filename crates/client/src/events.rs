//! Events about objects, as `kubectl describe` shows them.
//!
//! [`EventRecorder::event`] never waits: it puts the event into a bounded queue and drops it, counted, when the
//! queue is full. One task correlates what comes (repeats raise a count, floods are combined, a talkative object
//! is cut off) and writes it.

mod correlator;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use apimachinery::{Object, Status, Str, Value, time, value};
use tokio::sync::mpsc;

use self::correlator::{Correlated, Correlator};
use crate::{Client, PatchType, ResourceKind, kinds};

/// Events that wait to be written; more are dropped.
const QUEUE_EVENTS: usize = 1000;
/// Tries to write one event while the API cannot be reached.
const WRITE_TRIES: u32 = 5;
/// The longest message that the API accepts, in bytes.
const MESSAGE_LIMIT_BYTES: usize = 1024;

/// The weight of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventType {
    /// Nothing to worry about.
    Normal,
    /// Something may go wrong.
    Warning,
}

impl EventType {
    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            EventType::Normal => "Normal",
            EventType::Warning => "Warning",
        }
    }
}

/// An event on its way to the correlator.
#[derive(Clone, Debug)]
pub(crate) struct NewEvent {
    reference: Value,
    event_type: EventType,
    reason: Str,
    message: String,
    time: jiff::Timestamp,
}

/// Records events of one component; clones share its queue.
#[derive(Clone)]
pub struct EventRecorder {
    sender: mpsc::Sender<NewEvent>,
    dropped: Arc<AtomicU64>,
}

/// The reference to `object` that events and owner references start from.
pub fn object_reference(resource: &ResourceKind, object: &Object) -> Value {
    let mut reference = value!({"apiVersion": resource.api_version(), "kind": &resource.kind, "name": object.name()});
    let optional =
        [("namespace", object.namespace()), ("uid", object.uid()), ("resourceVersion", object.resource_version())];
    for (key, text) in optional.into_iter().filter(|(_, text)| !text.is_empty()) {
        reference.set(&[key], text);
    }
    reference
}

impl EventRecorder {
    /// Starts the task that writes events as `client` on the current tokio runtime. `component` and `host` say
    /// where they come from; `host` may be empty. The task ends with the last clone.
    pub fn new(client: Client, component: impl Into<Str>, host: impl Into<Str>) -> EventRecorder {
        let (sender, receiver) = mpsc::channel(QUEUE_EVENTS);
        let correlator = Correlator::new(component.into(), host.into());
        tokio::spawn(write_events(client, correlator, receiver));
        EventRecorder { sender, dropped: Arc::default() }
    }

    /// Records an event about `object`.
    pub fn event(
        &self,
        resource: &ResourceKind,
        object: &Object,
        event_type: EventType,
        reason: &'static str,
        message: impl Into<String>,
    ) {
        self.event_about(object_reference(resource, object), event_type, reason, message);
    }

    /// Records an event about what `reference` (an `ObjectReference`) names: a part of an object, for example.
    pub fn event_about(
        &self,
        reference: Value,
        event_type: EventType,
        reason: impl Into<Str>,
        message: impl Into<String>,
    ) {
        let mut message = message.into();
        if message.len() > MESSAGE_LIMIT_BYTES {
            message.truncate(message.floor_char_boundary(MESSAGE_LIMIT_BYTES));
        }
        let event = NewEvent { reference, event_type, reason: reason.into(), message, time: stdx::clock::now() };
        if self.sender.try_send(event).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many events were dropped because the queue was full.
    pub fn dropped_total(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

async fn write_events(client: Client, mut correlator: Correlator, mut receiver: mpsc::Receiver<NewEvent>) {
    while let Some(event) = receiver.recv().await {
        let Some(mut correlated) = correlator.correlate(&event) else { continue };
        let mut delay = Duration::from_millis(100);
        for _ in 0..WRITE_TRIES {
            match write(&client, &correlated).await {
                Ok(written) => {
                    correlator.written(&correlated, written);
                    break;
                }
                // The event was deleted meanwhile: it starts anew.
                Err(status) if status.is_not_found() && correlated.existing => correlated.start_anew(),
                Err(status) if status.code < 500 && status.code != 429 => {
                    tracing::debug!(error = %status, "an event was refused");
                    break;
                }
                Err(status) => {
                    tracing::debug!(error = %status, "an event could not be written");
                    tokio::time::sleep(delay).await;
                    delay *= 2;
                }
            }
        }
    }
}

async fn write(client: &Client, event: &Correlated) -> Result<Str, Status> {
    let events = client.namespaced(&kinds::EVENTS, event.namespace.clone());
    let written = if event.existing {
        let patch = value!({
            "count": event.count,
            "lastTimestamp": time::format_seconds(event.last),
            "message": event.message.as_str()
        });
        events.patch(&event.name, "", PatchType::Merge, patch).await?
    } else {
        events.create(event.to_object()).await?
    };
    Ok(written.name().into())
}
