//! One event: `audit.k8s.io/v1 Event`, in JSON as upstream writes it, and as a line for people.

use std::{fmt::Write as _, net::IpAddr};

use apimachinery::{Status, Str, Value, json, time};
use bytes::Bytes;
use jiff::Timestamp;

use super::{Level, Stage};
use crate::UserInfo;

/// What every event begins with; in a list, it is left out of the items.
pub(super) const TYPE: &[u8] = b"{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",";

/// What a request is about.
#[derive(Clone, Debug, Default)]
pub struct ObjectReference {
    /// `pods`
    pub resource: Str,
    /// Empty outside of namespaces.
    pub namespace: Str,
    /// Empty for collections.
    pub name: Str,
    /// The identifier that the request names.
    pub uid: Str,
    /// Empty for the core group.
    pub api_group: Str,
    /// `v1`
    pub api_version: Str,
    /// The version that the request names.
    pub resource_version: Str,
    /// Empty for the object itself.
    pub subresource: Str,
}

/// How a request ended.
#[derive(Clone, Debug, Default)]
pub struct ResponseStatus {
    /// `Success`, `Failure`; empty when an object was answered.
    pub status: &'static str,
    /// For people.
    pub message: String,
    /// For example `NotFound`.
    pub reason: Str,
    /// `details`, or null.
    pub details: Value,
    /// The HTTP status.
    pub code: u16,
}

impl From<&Status> for ResponseStatus {
    fn from(status: &Status) -> ResponseStatus {
        ResponseStatus {
            status: if status.code < 400 { "Success" } else { "Failure" },
            message: status.message.clone(),
            reason: status.reason.clone(),
            details: (*status.details).clone(),
            code: status.code,
        }
    }
}

/// What is known of a request at a stage.
#[derive(Clone, Debug)]
pub struct Event {
    /// How much is recorded.
    pub level: Level,
    /// The same at all stages of a request.
    pub audit_id: Str,
    /// How far the request has come.
    pub stage: Stage,
    /// Path and query as they were sent.
    pub request_uri: Str,
    /// `get`, `create` …; for paths outside of the API the method.
    pub verb: Str,
    /// Who asks; empty when that could not be found out.
    pub user: UserInfo,
    /// As whom.
    pub impersonated_user: Option<UserInfo>,
    /// From where, over which proxies.
    pub source_ips: Vec<IpAddr>,
    /// What the client calls itself.
    pub user_agent: Str,
    /// Of what; none for paths outside of the API.
    pub object_ref: Option<ObjectReference>,
    /// How it ended; none as long as it has not.
    pub response_status: Option<ResponseStatus>,
    /// What was sent, in JSON.
    pub request_object: Option<Bytes>,
    /// What was answered, in JSON.
    pub response_object: Option<Bytes>,
    /// When the request came.
    pub request_received: Timestamp,
    /// When it came to this stage.
    pub stage_reached: Timestamp,
    /// What authorization and admission add, by key.
    pub annotations: Vec<(&'static str, Str)>,
}

/// Members of a JSON object.
struct Members<'o> {
    out: &'o mut Vec<u8>,
    first: bool,
}

impl<'o> Members<'o> {
    fn open(out: &'o mut Vec<u8>) -> Members<'o> {
        out.push(b'{');
        Members { out, first: true }
    }

    /// Where the value of `name` is to be written.
    fn value(&mut self, name: &str) -> &mut Vec<u8> {
        if !std::mem::replace(&mut self.first, false) {
            self.out.push(b',');
        }
        json::write_string(name, self.out);
        self.out.push(b':');
        self.out
    }

    fn text(&mut self, name: &str, text: &str) {
        json::write_string(text, self.value(name));
    }

    /// Nothing for an empty text.
    fn some_text(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            self.text(name, text);
        }
    }

    /// Nothing for no texts.
    fn some_texts<T: AsRef<str>>(&mut self, name: &str, texts: &[T]) {
        if texts.is_empty() {
            return;
        }
        let out = self.value(name);
        for (index, text) in texts.iter().enumerate() {
            out.push(if index == 0 { b'[' } else { b',' });
            json::write_string(text.as_ref(), out);
        }
        out.push(b']');
    }

    fn close(self) {
        self.out.push(b'}');
    }
}

fn write_user(user: &UserInfo, out: &mut Vec<u8>) {
    let mut members = Members::open(out);
    members.some_text("username", &user.name);
    members.some_text("uid", &user.uid);
    members.some_texts("groups", &user.groups);
    if !user.extra.is_empty() {
        let mut extra: Vec<&(Str, Vec<Str>)> = user.extra.iter().collect();
        extra.sort_by(|a, b| a.0.cmp(&b.0));
        let mut values = Members::open(members.value("extra"));
        for (key, texts) in extra {
            match texts.is_empty() {
                true => values.value(key).extend_from_slice(b"[]"),
                false => values.some_texts(key, texts),
            }
        }
        values.close();
    }
    members.close();
}

fn write_reference(reference: &ObjectReference, out: &mut Vec<u8>) {
    let mut members = Members::open(out);
    members.some_text("resource", &reference.resource);
    members.some_text("namespace", &reference.namespace);
    members.some_text("name", &reference.name);
    members.some_text("uid", &reference.uid);
    members.some_text("apiGroup", &reference.api_group);
    members.some_text("apiVersion", &reference.api_version);
    members.some_text("resourceVersion", &reference.resource_version);
    members.some_text("subresource", &reference.subresource);
    members.close();
}

fn write_status(status: &ResponseStatus, out: &mut Vec<u8>) {
    let mut members = Members::open(out);
    members.value("metadata").extend_from_slice(b"{}");
    members.some_text("status", status.status);
    members.some_text("message", &status.message);
    members.some_text("reason", &status.reason);
    if !status.details.is_null() {
        json::encode(&status.details, members.value("details"));
    }
    if status.code != 0 {
        let code = status.code.to_string();
        members.value("code").extend_from_slice(code.as_bytes());
    }
    members.close();
}

impl Event {
    /// One JSON object without a line end, fields in upstream's order.
    pub fn to_json(&self) -> Vec<u8> {
        let objects = [&self.request_object, &self.response_object].map(|object| object.as_ref().map_or(0, Bytes::len));
        let mut out = Vec::with_capacity(1024 + objects[0] + objects[1]);
        out.extend_from_slice(&TYPE[..TYPE.len() - 1]);
        // What was written has members already.
        let mut members = Members { out: &mut out, first: false };
        members.text("level", self.level.as_str());
        members.text("auditID", &self.audit_id);
        members.text("stage", self.stage.as_str());
        members.text("requestURI", &self.request_uri);
        members.text("verb", &self.verb);
        write_user(&self.user, members.value("user"));
        if let Some(user) = &self.impersonated_user {
            write_user(user, members.value("impersonatedUser"));
        }
        let addresses: Vec<String> = self.source_ips.iter().map(ToString::to_string).collect();
        members.some_texts("sourceIPs", &addresses);
        members.some_text("userAgent", &self.user_agent);
        if let Some(reference) = &self.object_ref {
            write_reference(reference, members.value("objectRef"));
        }
        if let Some(status) = &self.response_status {
            write_status(status, members.value("responseStatus"));
        }
        for (name, object) in [("requestObject", &self.request_object), ("responseObject", &self.response_object)] {
            if let Some(object) = object {
                members.value(name).extend_from_slice(object);
            }
        }
        members.text("requestReceivedTimestamp", &time::format_micro(self.request_received));
        members.text("stageTimestamp", &time::format_micro(self.stage_reached));
        if !self.annotations.is_empty() {
            let mut annotations: Vec<&(&str, Str)> = self.annotations.iter().collect();
            annotations.sort_by_key(|(key, _)| *key);
            let mut values = Members::open(members.value("annotations"));
            annotations.into_iter().for_each(|(key, value)| values.text(key, value));
            values.close();
        }
        members.close();
        out
    }

    /// One line of text without its end: the format `legacy`.
    pub fn to_legacy(&self) -> String {
        let quoted = |groups: &[Str]| groups.iter().map(|group| format!("{group:?}")).collect::<Vec<_>>().join(",");
        let or = |text: &str, absent: &'static str| if text.is_empty() { absent.to_owned() } else { text.to_owned() };
        let user = &self.user;
        let groups = if user.name.is_empty() { String::new() } else { quoted(&user.groups) };
        let (acting, acting_groups) = match &self.impersonated_user {
            Some(user) => (user.name.to_string(), quoted(&user.groups)),
            None => ("<self>".to_owned(), "<lookup>".to_owned()),
        };
        let namespace = self.object_ref.as_ref().map_or("", |reference| &reference.namespace);
        let address = self.source_ips.first().map_or_else(|| "<unknown>".to_owned(), ToString::to_string);
        let code = self.response_status.as_ref().map_or_else(|| "<deferred>".to_owned(), |s| s.code.to_string());
        let mut line = self.request_received.strftime("%Y-%m-%dT%H:%M:%S%.fZ AUDIT:").to_string();
        for (name, value) in [
            ("id", self.audit_id.to_string()),
            ("stage", self.stage.as_str().to_owned()),
            ("ip", address),
            ("method", self.verb.to_string()),
            ("user", or(&user.name, "<none>")),
            ("groups", or(&groups, "<none>")),
            ("as", acting),
            ("asgroups", acting_groups),
            ("user-agent", self.user_agent.to_string()),
            ("namespace", or(namespace, "<none>")),
            ("uri", self.request_uri.to_string()),
            ("response", code),
        ] {
            // Writing into a string does not fail.
            let _ = write!(line, " {name}={value:?}");
        }
        line
    }
}

#[cfg(test)]
pub(super) mod tests {
    use apimachinery::{decode, value};

    use super::*;

    /// An event with something in every field.
    pub(in crate::audit) fn full() -> Event {
        let mut user = UserInfo::new("tim", &["humans"]);
        user.extra = vec![("z".into(), vec!["1".into()]), ("a".into(), Vec::new())];
        Event {
            level: Level::RequestResponse,
            audit_id: "id-1".into(),
            stage: Stage::ResponseComplete,
            request_uri: "/api/v1/namespaces/a/pods?x=\"y\"".into(),
            verb: "create".into(),
            user,
            impersonated_user: Some(UserInfo { name: "ann".into(), ..UserInfo::default() }),
            source_ips: vec!["10.0.0.1".parse().unwrap(), "::1".parse().unwrap()],
            user_agent: "kubectl".into(),
            object_ref: Some(ObjectReference {
                resource: "pods".into(),
                namespace: "a".into(),
                api_version: "v1".into(),
                ..ObjectReference::default()
            }),
            response_status: Some(ResponseStatus { code: 201, ..ResponseStatus::default() }),
            request_object: Some(Bytes::from_static(b"{\"kind\":\"Pod\"}")),
            response_object: Some(Bytes::from_static(b"{\"kind\":\"Pod\",\"x\":1}")),
            request_received: "2026-11-28T21:00:00.1234567Z".parse().unwrap(),
            stage_reached: "2026-11-28T21:00:01Z".parse().unwrap(),
            annotations: vec![("b", "2".into()), ("a", "".into())],
        }
    }

    #[test]
    fn json_is_upstreams() {
        let expected = concat!(
            r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"RequestResponse","auditID":"id-1","#,
            r#""stage":"ResponseComplete","requestURI":"/api/v1/namespaces/a/pods?x=\"y\"","verb":"create","#,
            r#""user":{"username":"tim","groups":["humans","system:authenticated"],"extra":{"a":[],"z":["1"]}},"#,
            r#""impersonatedUser":{"username":"ann"},"sourceIPs":["10.0.0.1","::1"],"userAgent":"kubectl","#,
            r#""objectRef":{"resource":"pods","namespace":"a","apiVersion":"v1"},"#,
            r#""responseStatus":{"metadata":{},"code":201},"requestObject":{"kind":"Pod"},"#,
            r#""responseObject":{"kind":"Pod","x":1},"requestReceivedTimestamp":"2026-11-28T21:00:00.123456Z","#,
            r#""stageTimestamp":"2026-11-28T21:00:01.000000Z","annotations":{"a":"","b":"2"}}"#
        );
        assert_eq!(String::from_utf8(full().to_json()).unwrap(), expected);
    }

    #[test]
    fn what_is_written_has_the_kinds_schema() {
        let mut event = full();
        event.response_status = Some((&Status::not_found("", "pods", "a")).into());
        let type_id = api::type_of("audit.k8s.io", "v1", "Event").unwrap();
        let decoded = decode::json(&event.to_json(), api::schema(), type_id, decode::Zeros::Leave).unwrap();
        assert_eq!(decoded.strict_errors, Vec::<String>::new());
        let status = decoded.value.at(&["responseStatus"]).unwrap();
        assert_eq!((status.str_at(&["status"]), status.i64_at(&["code"])), (Some("Failure"), Some(404)));
        assert_eq!(status.at(&["details"]), Some(&value!({"name": "a", "kind": "pods"})));
    }

    #[test]
    fn the_legacy_line_is_upstreams() {
        assert_eq!(
            full().to_legacy(),
            "2026-11-28T21:00:00.1234567Z AUDIT: id=\"id-1\" stage=\"ResponseComplete\" ip=\"10.0.0.1\" method=\"create\" \
             user=\"tim\" groups=\"\\\"humans\\\",\\\"system:authenticated\\\"\" as=\"ann\" asgroups=\"\" \
             user-agent=\"kubectl\" namespace=\"a\" uri=\"/api/v1/namespaces/a/pods?x=\\\"y\\\"\" response=\"201\""
        );
    }
}
