//! A watch as the body of an answer.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use apimachinery::{Object, Status, Value, json, value};
use bytes::{BufMut, Bytes, BytesMut};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tokio::sync::mpsc;

use super::{
    Accept, Body, Format, View,
    respond::{object_protobuf, partial_metadata},
    table,
};
use crate::{
    Resource,
    handlers::watch::{EventType, Item, Payload, Watch},
    metrics,
};

/// How often a quiet watch is told how far it has come, when it asked to be.
const BOOKMARK_PERIOD: Duration = Duration::from_secs(60);
/// Encoded events that wait for a slow client; behind them the watch waits in the ring.
const FRAMES_LIMIT: usize = 32;
/// Events are put into one frame up to this size.
const FRAME_BYTES: usize = 64 << 10;

/// What a watch answers with.
pub(crate) struct Encoding {
    pub(crate) accept: Accept,
    pub(crate) include_object: String,
    pub(crate) bookmarks: bool,
    pub(crate) timeout: Duration,
}

impl Encoding {
    /// The media type of the stream.
    pub(crate) fn media_type(&self) -> &'static str {
        match self.accept.format {
            Format::Protobuf => "application/vnd.kubernetes.protobuf;stream=watch",
            _ => "application/json",
        }
    }

    fn event(
        &self,
        event: &str,
        object: Option<&Object>,
        json_bytes: Option<Bytes>,
        out: &mut BytesMut,
    ) -> Result<(), Status> {
        if self.accept.format == Format::Protobuf {
            let object = object.ok_or_else(|| Status::internal("an event without an object"))?;
            let raw = object_protobuf(object)
                .ok_or_else(|| Status::not_acceptable(&["application/json", "application/yaml"]))?;
            protobuf_event(event, &raw, out);
            return Ok(());
        }
        out.put_slice(b"{\"type\":\"");
        out.put_slice(event.as_bytes());
        out.put_slice(b"\",\"object\":");
        match (json_bytes, object) {
            (Some(bytes), _) => out.put_slice(&bytes),
            (None, Some(object)) => out.put_slice(&json::to_vec(object)),
            (None, None) => out.put_slice(b"null"),
        }
        out.put_slice(b"}\n");
        Ok(())
    }

    fn payload(
        &self,
        resource: &Resource,
        event: EventType,
        payload: &Payload,
        first: bool,
        out: &mut BytesMut,
    ) -> Result<(), Status> {
        match self.accept.view {
            View::Whole if self.accept.format == Format::Json => {
                self.event(event.as_str(), None, Some(payload.json()?), out)
            }
            View::Whole => {
                if self.accept.format == Format::Protobuf
                    && let Some(raw) = payload.protobuf()?
                {
                    protobuf_event(event.as_str(), &raw, out);
                    return Ok(());
                }
                self.event(event.as_str(), Some(&*payload.object()?), None, out)
            }
            View::PartialMetadata => {
                let partial = Object(partial_metadata(&*payload.object()?));
                self.event(event.as_str(), Some(&partial), None, out)
            }
            View::Table => {
                let table = table::table(resource, &[payload.object()?], &self.include_object, first);
                self.event(event.as_str(), Some(&Object(table)), None, out)
            }
        }
    }

    fn bookmark(
        &self,
        resource: &Resource,
        revision: u64,
        initial_events_end: bool,
        out: &mut BytesMut,
    ) -> Result<(), Status> {
        let mut metadata = value!({"resourceVersion": revision.to_string()});
        if initial_events_end {
            metadata.set(&["annotations"], value!({"k8s.io/initial-events-end": "true"}));
        }
        let object = match self.accept.view {
            View::Whole => {
                let mut whole = value!({});
                let decoded = apimachinery::decode::tree(
                    value!({"metadata": metadata.clone()}),
                    &resource.schema,
                    resource.type_id,
                    apimachinery::decode::Zeros::Fill,
                );
                if let Ok(decoded) = decoded {
                    whole = decoded.value;
                }
                whole.set(&["metadata"], metadata);
                whole.set(&["apiVersion"], resource.kind.api_version());
                whole.set(&["kind"], &resource.kind.kind);
                whole
            }
            View::PartialMetadata => {
                value!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": metadata})
            }
            View::Table => {
                let row = value!({"cells": [], "object": {"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": metadata.clone()}});
                value!({"apiVersion": "meta.k8s.io/v1", "kind": "Table", "metadata": metadata, "columnDefinitions": Value::Null, "rows": [row]})
            }
        };
        self.event("BOOKMARK", Some(&Object(object)), None, out)
    }

    fn error(&self, status: &Status, out: &mut BytesMut) {
        // The Status kind always has a protobuf form, so this cannot fail in turn.
        let _ = self.event("ERROR", Some(&Object(status.to_value())), None, out);
    }
}

/// An event with an enveloped object, with its length before it.
fn protobuf_event(event: &str, raw: &[u8], out: &mut BytesMut) {
    let message = watch_event(event, raw);
    out.put_u32(message.len() as u32);
    out.put_slice(&message);
}

/// `metav1.WatchEvent`: type, and a raw extension with the enveloped object.
fn watch_event(event: &str, raw: &[u8]) -> Vec<u8> {
    let varint = |mut number: usize, out: &mut Vec<u8>| {
        while number >= 0x80 {
            out.push(number as u8 | 0x80);
            number >>= 7;
        }
        out.push(number as u8);
    };
    let mut extension = vec![0x0a];
    varint(raw.len(), &mut extension);
    extension.extend_from_slice(raw);
    let mut message = vec![0x0a];
    varint(event.len(), &mut message);
    message.extend_from_slice(event.as_bytes());
    message.push(0x12);
    varint(extension.len(), &mut message);
    message.extend_from_slice(&extension);
    message
}

struct Frames(mpsc::Receiver<Bytes>);

impl futures::Stream for Frames {
    type Item = Result<Frame<Bytes>, Box<dyn std::error::Error + Send + Sync>>;
    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// The body of a watch. A task moves events from the ring to the client as fast as the client reads.
pub(crate) fn body(watch: Watch, encoding: Encoding) -> Body {
    let (sender, receiver) = mpsc::channel(FRAMES_LIMIT);
    tokio::spawn(pump(watch, encoding, sender));
    StreamBody::new(Frames(receiver)).boxed_unsync()
}

async fn pump(mut watch: Watch, encoding: Encoding, sender: mpsc::Sender<Bytes>) {
    let deadline = tokio::time::sleep(encoding.timeout);
    tokio::pin!(deadline);
    let mut bookmarks = tokio::time::interval_at(tokio::time::Instant::now() + BOOKMARK_PERIOD, BOOKMARK_PERIOD);
    let mut first = true;
    loop {
        let mut out = BytesMut::new();
        let filled = fill(&mut watch, &encoding, &mut first, &mut out);
        if let Err(status) = &filled {
            encoding.error(status, &mut out);
        }
        if !out.is_empty() && sender.send(out.freeze()).await.is_err() {
            return;
        }
        match filled {
            Err(_) => return,
            Ok(More::Yes) => continue,
            Ok(More::No) => {}
        }
        tokio::select! {
            () = watch.moved() => {}
            () = &mut deadline => return,
            () = sender.closed() => return,
            _ = bookmarks.tick(), if encoding.bookmarks => {
                let mut out = BytesMut::new();
                let resource = watch.resource().clone();
                if let Item::Bookmark { revision, .. } = watch.bookmark()
                    && (encoding.bookmark(&resource, revision, false, &mut out).is_err()
                        || sender.send(out.freeze()).await.is_err())
                {
                    return;
                }
            }
        }
    }
}

enum More {
    Yes,
    No,
}

fn fill(watch: &mut Watch, encoding: &Encoding, first: &mut bool, out: &mut BytesMut) -> Result<More, Status> {
    let resource: Arc<Resource> = watch.resource().clone();
    let told = metrics::watch_events(&resource.kind);
    while out.len() < FRAME_BYTES {
        match watch.take()? {
            None => return Ok(More::No),
            Some(Item::Event(event, payload)) => {
                encoding.payload(&resource, event, &payload, *first, out)?;
                told.increment();
                *first = false;
            }
            Some(Item::Bookmark { revision, initial_events_end }) => {
                encoding.bookmark(&resource, revision, initial_events_end, out)?;
            }
        }
    }
    Ok(More::Yes)
}
