//! What is known of one request: gathered on its way, told at each stage.

use std::{
    fmt,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use apimachinery::{Map, Object, Status, Str, Value, decode, json};
use bytes::Bytes;
use jiff::Timestamp;
use parking_lot::Mutex;

use super::{Auditor, Event, Level, ObjectReference, ResponseStatus, Stage, Verdict, metrics};
use crate::{Resource, UserInfo, authorization::Action, http::Format};

/// A longer name of a client is cut, in bytes, as upstream.
const USER_AGENT_LENGTH_LIMIT: usize = 1024;

/// What is known of a request when it comes.
pub(crate) struct Asked<'a> {
    /// What is to be done.
    pub(crate) action: &'a Action<'a>,
    /// Path and query.
    pub(crate) request_uri: Str,
    /// Of the request, as the client or the server named it.
    pub(crate) audit_id: Str,
    /// Where it comes from.
    pub(crate) source_ips: Vec<IpAddr>,
    /// What the client calls itself.
    pub(crate) user_agent: &'a str,
    /// When it came.
    pub(crate) received: Timestamp,
}

/// In the extensions of an answer that hands the connection over to others: ends when they have done.
#[derive(Clone)]
pub(crate) struct SplicedUntil(pub(crate) tokio::sync::watch::Receiver<()>);

/// One request that is recorded.
pub(crate) struct Record {
    auditor: Arc<Auditor>,
    verdict: Verdict,
    event: Mutex<Event>,
    /// Whether the last stage was told.
    ended: AtomicBool,
}

impl fmt::Debug for Record {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Record").field("audit_id", &self.event.lock().audit_id).finish_non_exhaustive()
    }
}

fn user_agent(text: &str) -> Str {
    if text.len() <= USER_AGENT_LENGTH_LIMIT {
        return text.into();
    }
    // Headers that are no ASCII do not come here; the name of a component may be anything.
    let cut = (0..=USER_AGENT_LENGTH_LIMIT).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    format!("{}...TRUNCATED", &text[..cut]).into()
}

impl Record {
    /// Begins to record; `user` is who asks, if that is known.
    pub(crate) fn begin(
        auditor: &Arc<Auditor>,
        verdict: Verdict,
        user: Option<&UserInfo>,
        asked: Asked<'_>,
    ) -> Arc<Record> {
        let action = asked.action;
        let object_ref = (!action.resource.is_empty()).then(|| ObjectReference {
            resource: action.resource.into(),
            namespace: action.namespace.into(),
            name: action.name.into(),
            api_group: action.group.into(),
            api_version: action.version.into(),
            subresource: action.subresource.into(),
            ..ObjectReference::default()
        });
        let event = Event {
            level: verdict.level,
            audit_id: asked.audit_id,
            stage: Stage::RequestReceived,
            request_uri: asked.request_uri,
            verb: action.verb.into(),
            user: user.cloned().unwrap_or_default(),
            impersonated_user: None,
            source_ips: asked.source_ips,
            user_agent: user_agent(asked.user_agent),
            object_ref,
            response_status: None,
            request_object: None,
            response_object: None,
            request_received: asked.received,
            stage_reached: asked.received,
            annotations: Vec::new(),
        };
        Arc::new(Record { auditor: auditor.clone(), verdict, event: Mutex::new(event), ended: AtomicBool::new(false) })
    }

    /// The request has come to `stage`. Answers whether it may go on. The event is on its way when this first waits.
    pub(crate) async fn reach(&self, stage: Stage) -> bool {
        if matches!(stage, Stage::ResponseComplete | Stage::Panic) {
            self.ended.store(true, Ordering::Relaxed);
        }
        if self.verdict.omit_stages.contains(stage) {
            return true;
        }
        let offered = {
            let mut event = self.event.lock();
            event.stage = stage;
            if stage != Stage::RequestReceived {
                event.stage_reached = stdx::clock::now();
            }
            metrics::event();
            self.auditor.sinks.iter().map(|sink| sink.offer(&event)).collect()
        };
        self.auditor.offer(offered).await
    }

    /// Whether the last stage was told.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    /// Whether what is sent is recorded.
    pub(crate) fn wants_request(&self) -> bool {
        self.verdict.level >= Level::Request
    }

    /// Whether what is answered is recorded.
    pub(crate) fn wants_response(&self) -> bool {
        self.verdict.level >= Level::RequestResponse && self.event.lock().object_ref.is_some()
    }

    /// Adds what a part of the server has to say; the first word on a key counts, as upstream.
    pub(crate) fn annotate(&self, key: &'static str, value: impl Into<Str>) {
        let (mut event, value) = (self.event.lock(), value.into());
        match event.annotations.iter().find(|(known, _)| *known == key) {
            None => event.annotations.push((key, value)),
            Some((_, known)) if *known == value => {}
            Some(_) => tracing::warn!(key, audit_id = %event.audit_id, "an audit annotation was said already"),
        }
    }

    /// The client acts as somebody else.
    pub(crate) fn impersonates(&self, user: &UserInfo) {
        self.event.lock().impersonated_user = Some(user.clone());
    }

    /// What was sent, as bytes and as a tree, which costs a copy only where the bytes cannot stand in an event.
    pub(crate) fn sent(&self, bytes: &Bytes, format: Format, value: &Value) {
        self.names(value);
        if !self.wants_request() {
            return;
        }
        match as_sent(bytes).filter(|_| format == Format::Json && !self.verdict.omit_managed_fields) {
            Some(bytes) => self.event.lock().request_object = Some(bytes),
            None => self.sent_value(value),
        }
    }

    /// A patch that was sent; `transcoded` when its bytes are no JSON.
    pub(crate) fn sent_patch(&self, bytes: &Bytes, transcoded: bool, patch: &Value) {
        if !self.wants_request() {
            return;
        }
        match as_sent(bytes).filter(|_| !transcoded) {
            Some(bytes) => self.event.lock().request_object = Some(bytes),
            // A patch about managed fields is that patch, whatever is left out of objects.
            None => self.event.lock().request_object = Some(json::to_vec(patch).into()),
        }
    }

    /// What a component sends, in JSON.
    pub(crate) fn sent_json(&self, json: Bytes) {
        let json = if self.verdict.omit_managed_fields { self.without_managed_fields(&json) } else { Some(json) };
        self.event.lock().request_object = json;
    }

    fn sent_value(&self, value: &Value) {
        let encoded = self.encode(value);
        self.event.lock().request_object = Some(encoded);
    }

    /// What the object of a request says of which one it is; what the path says comes first.
    pub(crate) fn names(&self, object: &Value) {
        let Some(metadata) = object.map_at(&["metadata"]) else { return };
        if let Some(reference) = &mut self.event.lock().object_ref {
            fill(&mut reference.name, metadata, "name");
            fill(&mut reference.namespace, metadata, "namespace");
            fill(&mut reference.uid, metadata, "uid");
            fill(&mut reference.resource_version, metadata, "resourceVersion");
        }
    }

    /// The name of what was made, which may be one that the server found.
    pub(crate) fn made(&self, object: &Object) {
        if let Some(reference) = &mut self.event.lock().object_ref {
            fill(&mut reference.name, object.metadata(), "name");
        }
    }

    /// The request ends with a `Status`.
    pub(crate) fn ends_with(&self, status: &Status) {
        self.event.lock().response_status = Some(status.into());
    }

    /// The request ends with this HTTP status.
    pub(crate) fn ends_with_code(&self, code: u16) {
        self.event.lock().response_status.get_or_insert_default().code = code;
    }

    /// Nobody waits for the answer any more. In upstream's words, which are odd ones.
    pub(crate) fn ends_early(&self) {
        self.event.lock().response_status.get_or_insert_with(|| ResponseStatus {
            status: "Success",
            message: "Connection closed early".to_owned(),
            code: 200,
            ..ResponseStatus::default()
        });
    }

    /// What was answered, in JSON.
    pub(crate) fn answered(&self, json: Bytes) {
        let json = if self.verdict.omit_managed_fields { self.without_managed_fields(&json) } else { Some(json) };
        self.event.lock().response_object = json;
    }

    fn without_managed_fields(&self, json: &[u8]) -> Option<Bytes> {
        match decode::json_untyped(json) {
            Ok(value) => Some(self.encode(&value)),
            Err(error) => {
                tracing::error!(%error, "an object that is no JSON is not recorded");
                None
            }
        }
    }

    /// An object that was answered.
    pub(crate) fn answered_value(&self, value: &Value) {
        if self.wants_response() {
            let encoded = self.encode(value);
            self.event.lock().response_object = Some(encoded);
        }
    }

    /// A list that was answered to a component.
    pub(crate) fn answered_list(&self, resource: &Resource, items: &[Arc<Object>], resource_version: &str) {
        if !self.wants_response() {
            return;
        }
        let mut out = Vec::new();
        let (kind, api_version) = (resource.list_kind(), resource.kind.api_version());
        for (name, text) in [
            ("{\"kind\":", kind.as_str()),
            (",\"apiVersion\":", &api_version),
            (",\"metadata\":{\"resourceVersion\":", resource_version),
        ] {
            out.extend_from_slice(name.as_bytes());
            json::write_string(text, &mut out);
        }
        out.extend_from_slice(b"},\"items\":[");
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.extend_from_slice(&self.encode(item));
        }
        out.extend_from_slice(b"]}");
        self.event.lock().response_object = Some(out.into());
    }

    fn encode(&self, value: &Value) -> Bytes {
        if !self.verdict.omit_managed_fields {
            return json::to_vec(value).into();
        }
        let mut value = value.clone();
        remove_managed_fields(&mut value);
        json::to_vec(&value).into()
    }
}

fn fill(field: &mut Str, metadata: &Map, name: &str) {
    if field.is_empty()
        && let Some(text) = metadata.str_at(name)
    {
        *field = text.into();
    }
}

/// The bytes of a body of JSON that was decoded, as they can stand in an event of one line; `None` when they cannot.
/// Nothing is copied.
fn as_sent(bytes: &Bytes) -> Option<Bytes> {
    let length = bytes.trim_ascii_end().len();
    let sent = bytes.slice(..length);
    let one_line = !sent.iter().any(|byte| matches!(byte, b'\n' | b'\r'));
    // What the decoder skips it does not read as text.
    (one_line && !sent.is_empty() && std::str::from_utf8(&sent).is_ok()).then_some(sent)
}

/// Takes them out of an object, the items of a list, the rows of a table.
fn remove_managed_fields(value: &mut Value) {
    value.remove(&["metadata", "managedFields"]);
    for item in value.at_mut(&["items"]).and_then(Value::as_list_mut).into_iter().flatten() {
        item.remove(&["metadata", "managedFields"]);
    }
    for row in value.at_mut(&["rows"]).and_then(Value::as_list_mut).into_iter().flatten() {
        row.remove(&["object", "metadata", "managedFields"]);
    }
}

/// A request under way: when it is dropped before its end, as when the client has gone, that is told.
pub(crate) struct UnderWay(pub(crate) Arc<Record>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        if self.0.has_ended() {
            return;
        }
        let record = self.0.clone();
        record.ends_early();
        // Outside of a runtime nobody could write it: the process ends.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { record.reach(Stage::ResponseComplete).await });
        }
    }
}

#[cfg(test)]
mod tests {
    use apimachinery::value;

    use super::*;

    #[test]
    fn bodies_of_one_line_are_shared() {
        let body = Bytes::from_static(b"{\"a\":1}\n");
        let sent = as_sent(&body).unwrap();
        assert_eq!((&sent[..], sent.as_ptr()), (&b"{\"a\":1}"[..], body.as_ptr()));
        for body in [&b"{\n\"a\":1}"[..], b"{\"a\":1,\r\"b\":2}", b"{\"a\":\"\xff\"}", b" "] {
            assert_eq!(as_sent(&Bytes::from_static(body)), None);
        }
    }

    #[test]
    fn managed_fields_go_wherever_they_are() {
        let object = || value!({"metadata": {"name": "a", "managedFields": [{"manager": "x"}]}});
        let mut all = object();
        all.set(&["items"], Value::from_iter([object()]));
        all.set(&["rows"], Value::from_iter([value!({"object": object()})]));
        remove_managed_fields(&mut all);
        let text = String::from_utf8(json::to_vec(&all)).unwrap();
        assert!(!text.contains("managedFields") && text.matches("\"a\"").count() == 3, "{text}");
    }

    #[test]
    fn long_names_of_clients_are_cut() {
        assert_eq!(user_agent("kubectl"), "kubectl");
        let cut = user_agent(&"ä".repeat(1000));
        assert_eq!(cut.len(), 1024 + "...TRUNCATED".len());
    }
}
