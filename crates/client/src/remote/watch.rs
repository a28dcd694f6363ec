//! A watch's body: one JSON event a line.

use std::sync::Arc;

use apimachinery::{Object, Status, Value, decode};
use bytes::{Buf, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Bytes};

use super::typed;
use crate::{ResourceKind, WatchEvent, WatchStream};

/// The longest event: an object has 3 MiB at most, and JSON escapes may make it longer.
const EVENT_BYTES_LIMIT: usize = 32 << 20;
const INITIAL_EVENTS_END: &str = "k8s.io/initial-events-end";

struct Frames<B> {
    kind: ResourceKind,
    body: B,
    buffer: BytesMut,
    /// How much of the buffer is known to hold no line's end.
    searched: usize,
}

/// The events in `body`; the first error is the last item.
pub(super) fn events<B>(kind: ResourceKind, body: B) -> WatchStream
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: std::fmt::Display,
{
    let frames = Frames { kind, body, buffer: BytesMut::new(), searched: 0 };
    Box::pin(futures::stream::unfold(Some(frames), |frames| async move {
        let mut frames = frames?;
        match frames.next().await {
            Some(Ok(event)) => Some((Ok(event), Some(frames))),
            Some(Err(status)) => Some((Err(status), None)),
            None => None,
        }
    }))
}

impl<B> Frames<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    async fn next(&mut self) -> Option<Result<WatchEvent, Status>> {
        loop {
            if let Some(line) = self.line() {
                if line.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                return Some(self.event(&line));
            }
            if self.buffer.len() > EVENT_BYTES_LIMIT {
                let message = format!("an event of the watch is longer than {EVENT_BYTES_LIMIT} bytes");
                return Some(Err(Status::request_entity_too_large(message)));
            }
            match self.body.frame().await {
                Some(Ok(frame)) => {
                    if let Some(data) = frame.data_ref() {
                        self.buffer.extend_from_slice(data);
                    }
                }
                Some(Err(error)) => {
                    let message = format!("the watch of {} was interrupted: {error}", self.kind.resource);
                    return Some(Err(Status::service_unavailable(message)));
                }
                // The last line may lack its end.
                None if self.buffer.iter().all(u8::is_ascii_whitespace) => return None,
                None => self.buffer.extend_from_slice(b"\n"),
            }
        }
    }

    fn line(&mut self) -> Option<BytesMut> {
        match self.buffer[self.searched..].iter().position(|byte| *byte == b'\n') {
            Some(place) => {
                let line = self.buffer.split_to(self.searched + place);
                self.buffer.advance(1);
                self.searched = 0;
                Some(line)
            }
            None => {
                self.searched = self.buffer.len();
                None
            }
        }
    }

    fn event(&self, line: &[u8]) -> Result<WatchEvent, Status> {
        let broken = |problem: &dyn std::fmt::Display| {
            Status::internal(format!("an event of the watch of {}: {problem}", self.kind.resource))
        };
        let mut event = decode::json_untyped(line).map_err(|error| broken(&error))?;
        let value = event.remove(&["object"]).unwrap_or_default();
        let object = |object: Value| -> Arc<Object> { typed(&self.kind, object) };
        match event.str_at(&["type"]).unwrap_or_default() {
            "ADDED" => Ok(WatchEvent::Added(object(value))),
            "MODIFIED" => Ok(WatchEvent::Modified(object(value))),
            "DELETED" => Ok(WatchEvent::Deleted(object(value))),
            "BOOKMARK" => {
                let end = value.str_at(&["metadata", "annotations", INITIAL_EVENTS_END]);
                Ok(WatchEvent::Bookmark {
                    resource_version: value.str_at(&["metadata", "resourceVersion"]).unwrap_or_default().into(),
                    initial_events_end: end == Some("true"),
                })
            }
            "ERROR" => Err(Status::from_value(&value, 500)),
            other => Err(broken(&format_args!("its type {other:?} is unknown"))),
        }
    }
}
