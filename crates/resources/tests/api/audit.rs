//! What is recorded of requests over real connections, and of the calls of components.

use std::sync::{Arc, Mutex};

use apimachinery::{Object, Value, decode, value};
use apiserver::{
    UserInfo,
    audit::{Auditor, Event, Offered, Policy, Sink, Stage},
    http::{Connection, HttpRequest, HttpResponse, PathHandler},
    loopback::Loopback,
};
use async_trait::async_trait;
use client::{Options, kinds::CONFIG_MAPS as CONFIG_MAPS_KIND};
use futures::StreamExt;
use http_body_util::BodyExt;
use tokio::sync::Notify;

use crate::wire::Api;

/// Keeps events; refuses those of one stage.
#[derive(Default)]
struct Kept {
    events: Mutex<Vec<Value>>,
    came: Notify,
    refused: Option<Stage>,
}

#[async_trait]
impl Sink for Kept {
    fn offer(&self, event: &Event) -> Offered {
        self.events.lock().unwrap().push(decode::json_untyped(&event.to_json()).unwrap());
        self.came.notify_one();
        Offered::Settled(self.refused != Some(event.stage))
    }

    async fn stop(&self) {}
}

impl Kept {
    /// The events so far, which begin anew.
    fn take(&self) -> Vec<Value> {
        std::mem::take(&mut self.events.lock().unwrap())
    }

    /// Waits for an event of a stage; answers all so far.
    async fn until(&self, stage: &str) -> Vec<Value> {
        loop {
            if self.events.lock().unwrap().iter().any(|event| event.str_at(&["stage"]) == Some(stage)) {
                return self.take();
            }
            let came = tokio::time::timeout(std::time::Duration::from_secs(30), self.came.notified()).await;
            assert!(came.is_ok(), "no {stage}: {:?}", self.take());
        }
    }

    /// The last stage of the one request so far.
    #[track_caller]
    fn last(&self) -> Value {
        let events = self.take();
        let stages: Vec<&str> = events.iter().filter_map(|event| event.str_at(&["stage"])).collect();
        assert_eq!(stages, ["RequestReceived", "ResponseComplete"], "{events:?}");
        events.into_iter().next_back().unwrap()
    }
}

const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";

async fn start(rules: &str) -> (Api, Arc<Kept>) {
    start_with(rules, Kept::default()).await
}

async fn start_with(rules: &str, kept: Kept) -> (Api, Arc<Kept>) {
    let api = Api::start().await;
    let policy = format!("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n{rules}");
    let kept = Arc::new(kept);
    api.server.set_auditor(Auditor::new(Policy::parse(&policy.into()).unwrap(), vec![kept.clone()]));
    (api, kept)
}

fn text<'v>(event: &'v Value, path: &str) -> &'v str {
    event.str_at(&path.split('.').collect::<Vec<_>>()).unwrap_or_default()
}

fn config_map(name: &str) -> Value {
    value!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"key": "content"}})
}

#[tokio::test]
async fn metadata_is_recorded_without_what_is_sent_and_answered() {
    let (api, kept) = start("- level: Metadata\n").await;
    let headers = [
        ("content-type", "application/json"),
        ("user-agent", "tester/1"),
        ("audit-id", "mine"),
        ("x-forwarded-for", "192.0.2.7"),
    ];
    let body = apimachinery::json::to_vec(&config_map("a"));
    let address = Some("127.0.0.9".parse().unwrap());
    let connection =
        Connection { user: Some(UserInfo::new("admin", &["system:masters"])), address, ..Connection::default() };
    let path = format!("{CONFIG_MAPS}?fieldManager=x");
    let answer = api.call_on(api.connect_as(connection), "POST", &path, &headers, body).await;
    assert_eq!((answer.code, &answer.headers["audit-id"]), (201, &"mine".parse().unwrap()));
    let events = kept.take();
    assert_eq!(events.len(), 2);
    let (first, last) = (&events[0], &events[1]);
    assert_eq!(first.at(&["responseStatus"]), None);
    assert_eq!(text(first, "stageTimestamp"), text(first, "requestReceivedTimestamp"));
    assert_eq!(text(first, "objectRef.name"), "", "nothing was read yet");
    for (field, expected) in [
        ("kind", "Event"),
        ("level", "Metadata"),
        ("auditID", "mine"),
        ("requestURI", "/api/v1/namespaces/default/configmaps?fieldManager=x"),
        ("verb", "create"),
        ("user.username", "admin"),
        ("userAgent", "tester/1"),
        ("objectRef.resource", "configmaps"),
        ("objectRef.namespace", "default"),
        ("objectRef.apiVersion", "v1"),
        ("objectRef.name", "a"),
        ("responseStatus.status", ""),
    ] {
        assert_eq!(text(last, field), expected, "{field}");
    }
    assert_eq!(last.i64_at(&["responseStatus", "code"]), Some(201));
    assert_eq!(last.at(&["sourceIPs"]), Some(&value!(["192.0.2.7", "127.0.0.9"])));
    let annotations = value!({"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": ""});
    assert_eq!(last.at(&["annotations"]), Some(&annotations));
    let written = String::from_utf8(apimachinery::json::to_vec(last)).unwrap();
    assert!(!written.contains("content") && !written.contains("Object\":"), "{written}");
}

#[tokio::test]
async fn a_name_that_the_server_finds_is_recorded() {
    let (api, kept) = start("- level: Metadata\n").await;
    let made = api.post(CONFIG_MAPS, value!({"metadata": {"generateName": "gen-"}})).await.ok();
    assert_eq!(text(&kept.last(), "objectRef.name"), text(&made, "metadata.name"));
}

#[tokio::test]
async fn objects_are_recorded_at_their_levels() {
    let (api, kept) = start("- {level: Request, verbs: [update]}\n- {level: RequestResponse}\n").await;
    let made = api.post(CONFIG_MAPS, config_map("a")).await.ok();
    let event = kept.last();
    assert_eq!(event.at(&["requestObject"]), Some(&config_map("a")));
    assert_eq!(event.at(&["responseObject"]), Some(&made));
    let path = format!("{CONFIG_MAPS}/a");
    let headers = [("content-type", "application/json")];
    // A body of several lines becomes one.
    let body = format!(
        "{{\"metadata\":{{\"name\":\"a\",\n\"uid\":{:?},\"resourceVersion\":{:?}}}}}",
        text(&made, "metadata.uid"),
        text(&made, "metadata.resourceVersion")
    );
    api.call("PUT", &path, &headers, body).await.ok();
    let event = kept.last();
    assert_eq!((text(&event, "level"), event.at(&["responseObject"])), ("Request", None));
    assert_eq!(text(&event, "requestObject.metadata.name"), "a");
    assert_eq!(text(&event, "objectRef.uid"), text(&made, "metadata.uid"));
    assert_eq!(text(&event, "objectRef.resourceVersion"), text(&made, "metadata.resourceVersion"));
    api.patch(&path, value!({"data": {"x": "y"}})).await.ok();
    assert_eq!(kept.last().at(&["requestObject"]), Some(&value!({"data": {"x": "y"}})));
    api.apply(&format!("{CONFIG_MAPS}/b"), "m", config_map("b")).await.ok();
    assert_eq!(kept.last().at(&["requestObject"]), Some(&config_map("b")));
    // Whatever form the client takes, it is JSON that is recorded.
    for accept in ["application/vnd.kubernetes.protobuf", "application/yaml", "application/json"] {
        let answer = api.call("GET", &path, &[("accept", accept)], "").await;
        assert_eq!(answer.headers["content-type"], accept);
        let event = kept.last();
        assert_eq!(text(&event, "responseObject.kind"), "ConfigMap", "{accept}");
        assert_eq!(text(&event, "responseObject.data.x"), "y", "{accept}");
    }
    let headers = [("accept", "application/json;as=Table;v=v1;g=meta.k8s.io")];
    api.call("GET", CONFIG_MAPS, &headers, "").await.ok();
    assert_eq!(text(&kept.last(), "responseObject.kind"), "Table");
    let deletion = value!({"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"});
    let headers = [("content-type", "application/json")];
    api.call("DELETE", &path, &headers, apimachinery::json::to_vec(&deletion)).await.ok();
    let event = kept.last();
    assert_eq!(event.at(&["requestObject"]), Some(&deletion));
    assert_eq!((text(&event, "responseStatus.status"), text(&event, "responseStatus.details.name")), ("Success", "a"));
    assert_eq!(text(&event, "responseObject.kind"), "Status");
    let answer = api.get("/version").await;
    assert_eq!((answer.code, kept.last().at(&["responseObject"])), (200, None), "it is no resource");
}

#[tokio::test]
async fn large_lists_are_recorded_whole() {
    let (api, kept) = start("- {level: RequestResponse, verbs: [list]}\n").await;
    let content = "0123456789".repeat(10_000);
    for name in ["a", "b", "c"] {
        api.post(CONFIG_MAPS, value!({"metadata": {"name": name}, "data": {"content": content.as_str()}})).await.ok();
    }
    let answer = api.call("GET", CONFIG_MAPS, &[("accept-encoding", "gzip")], "").await;
    assert_eq!(answer.headers["content-encoding"], "gzip");
    assert_eq!(kept.last().list_at(&["responseObject", "items"]).len(), 3);
}

#[tokio::test]
async fn managed_fields_are_left_out_when_asked() {
    for (omits, managers) in [(true, 0), (false, 1)] {
        let (api, kept) = start(&format!("- {{level: RequestResponse, omitManagedFields: {omits}}}\n")).await;
        let made = api.post(CONFIG_MAPS, config_map("a")).await.ok();
        let event = kept.last();
        assert_eq!(event.list_at(&["responseObject", "metadata", "managedFields"]).len(), managers);
        let headers = [("content-type", "application/json")];
        api.call("PUT", &format!("{CONFIG_MAPS}/a"), &headers, apimachinery::json::to_vec(&made)).await.ok();
        let event = kept.last();
        assert_eq!(event.list_at(&["requestObject", "metadata", "managedFields"]).len(), managers);
        assert_eq!(text(&event, "requestObject.data.key"), "content");
    }
}

#[tokio::test]
async fn refusals_are_recorded_with_their_status() {
    let (api, kept) = start("- level: RequestResponse\n").await;
    let reader = || api.connect_as(Connection { user: Some(UserInfo::new("reader", &[])), ..Connection::default() });
    let json = [("content-type", "application/json")];
    let answer = api.call_on(reader(), "POST", CONFIG_MAPS, &json, "{}").await;
    let event = kept.last();
    let annotations = value!({"authorization.k8s.io/decision": "forbid", "authorization.k8s.io/reason": ""});
    assert_eq!(event.at(&["annotations"]), Some(&annotations));
    assert_eq!(text(&event, "responseStatus.reason"), "Forbidden");
    assert_eq!(event.i64_at(&["responseStatus", "code"]), Some(403));
    assert_eq!(event.at(&["responseObject"]), Some(&answer.json()));
    assert_eq!(event.at(&["requestObject"]), None, "it was not read");
    // Who it is stays unknown.
    let strange = [("authorization", "Bearer nonsense")];
    let answer = api.call_on(api.connect_as(Connection::default()), "GET", CONFIG_MAPS, &strange, "").await;
    assert_eq!(answer.code, 401);
    let events = kept.take();
    assert_eq!(events.len(), 1);
    assert_eq!(text(&events[0], "stage"), "ResponseStarted");
    assert_eq!(events[0].at(&["user"]), Some(&value!({})));
    assert_eq!(text(&events[0], "responseStatus.message"), "Unauthorized");
    assert_eq!(events[0].at(&["responseObject"]), Some(&answer.json()));
    assert_eq!(answer.headers["audit-id"], text(&events[0], "auditID"));
    // A failure behind authorization.
    api.get(&format!("{CONFIG_MAPS}/absent")).await;
    assert_eq!(text(&kept.last(), "responseStatus.reason"), "NotFound");
}

#[tokio::test]
async fn whoever_acts_as_another_is_recorded_with_both_names() {
    let (api, kept) = start("- {level: Metadata, users: [admin]}\n").await;
    let as_reader = [("impersonate-user", "reader")];
    let answer = api.call("DELETE", &format!("{CONFIG_MAPS}/a"), &as_reader, "").await;
    assert_eq!(answer.code, 403);
    let event = kept.last();
    assert_eq!((text(&event, "user.username"), text(&event, "impersonatedUser.username")), ("admin", "reader"));
    assert_eq!(event.at(&["impersonatedUser", "groups"]), Some(&value!(["system:authenticated"])));
    assert_eq!(event.map_at(&["annotations"]).unwrap().str_at("authorization.k8s.io/decision"), Some("forbid"));

    let whole = [as_reader[0], ("impersonate-uid", "42"), ("impersonate-extra-example.com%2fscope", "view")];
    api.call("DELETE", &format!("{CONFIG_MAPS}/a"), &whole, "").await;
    let event = kept.last();
    assert_eq!(text(&event, "impersonatedUser.uid"), "42");
    assert_eq!(event.at(&["impersonatedUser", "extra"]), Some(&value!({"example.com/scope": ["view"]})));
    // They are said of a user.
    let alone = api.call("DELETE", &format!("{CONFIG_MAPS}/a"), &whole[1..], "").await;
    assert_eq!(alone.code, 500);
}

#[tokio::test]
async fn a_watch_has_started_long_before_it_ends() {
    let (api, kept) = start("- {level: RequestResponse, verbs: [watch]}\n").await;
    let path = format!("{CONFIG_MAPS}?watch=1");
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(hyper_util::rt::TokioIo::new(api.connect())).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::get(path).header("host", "test").body(String::new()).unwrap();
    let mut response = sender.send_request(request).await.unwrap();
    let events = kept.take();
    let stages: Vec<&str> = events.iter().map(|event| text(event, "stage")).collect();
    assert_eq!(stages, ["RequestReceived", "ResponseStarted"]);
    assert_eq!(events[1].i64_at(&["responseStatus", "code"]), Some(200));
    api.post(CONFIG_MAPS, config_map("a")).await.ok();
    assert!(response.body_mut().frame().await.is_some());
    assert_eq!(kept.take().len(), 0);
    drop((response, sender));
    let events = kept.until("ResponseComplete").await;
    assert_eq!((events.len(), events[0].at(&["responseObject"])), (1, None));
}

/// A path at which the server fails, and one at which it never answers.
struct Failing;

#[async_trait]
impl PathHandler for Failing {
    async fn answer(&self, request: HttpRequest) -> Result<HttpResponse, apimachinery::Status> {
        match request.uri().path() {
            "/fail" => panic!("as it should"),
            _ => std::future::pending().await,
        }
    }
}

#[tokio::test]
async fn requests_that_come_to_no_good_end_are_recorded() {
    let (api, kept) = start("- {level: Metadata}\n").await;
    api.server.serve_path("/fail", Arc::new(Failing));
    api.server.serve_path("/hang", Arc::new(Failing));
    let send = |path: &str| {
        let (stream, path) = (api.connect(), path.to_owned());
        async move {
            let io = hyper_util::rt::TokioIo::new(stream);
            let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
            let connection = tokio::spawn(connection);
            let request = http::Request::get(path).header("host", "test").body(String::new()).unwrap();
            let sent = tokio::spawn(async move { sender.send_request(request).await.is_err() });
            (connection, sent)
        }
    };
    let (_connection, sent) = send("/fail").await;
    assert!(sent.await.unwrap());
    let events = kept.until("Panic").await;
    assert_eq!(events.len(), 2, "and nothing after it: {events:?}");
    assert_eq!(text(&events[1], "responseStatus.message"), "APIServer panic'd: as it should");
    assert_eq!(events[1].i64_at(&["responseStatus", "code"]), Some(500));
    let (connection, sent) = send("/hang").await;
    kept.until("RequestReceived").await;
    sent.abort();
    connection.abort();
    let events = kept.until("ResponseComplete").await;
    assert_eq!(text(&events[0], "responseStatus.message"), "Connection closed early");
}

#[tokio::test]
async fn nothing_is_done_that_could_not_be_recorded() {
    let refuses = |stage| Kept { refused: Some(stage), ..Kept::default() };
    let (api, kept) = start_with("- level: Metadata\n", refuses(Stage::RequestReceived)).await;
    let answer = api.post(CONFIG_MAPS, config_map("a")).await;
    assert_eq!(answer.failure(), "500 Internal error occurred: failed to store audit event");
    assert_eq!(kept.take().len(), 1, "and it has no further stage");
    let client = Loopback::client(&api.server, UserInfo::new("c", &["system:masters"]), "c");
    assert!(
        client.namespaced(&CONFIG_MAPS_KIND, "default").get("a").await.unwrap_err().message.contains("failed to store")
    );
    // A failure of another stage comes too late.
    let (api, _) = start_with("- level: Metadata\n", refuses(Stage::ResponseComplete)).await;
    api.post(CONFIG_MAPS, config_map("a")).await.ok();
    let text = api.get("/metrics").await.text();
    let value = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name}: {text}"));
        line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()
    };
    assert!(value("apiserver_audit_requests_rejected_total") >= 2);
    assert!(value("apiserver_audit_event_total") >= 4);
    assert!(value("apiserver_audit_level_total{level=\"Metadata\"}") >= 3);
}

#[tokio::test]
async fn stages_and_requests_that_nobody_wants_are_left_out() {
    let rules = "- {level: None, verbs: [get]}\n- {level: Metadata, omitStages: [RequestReceived]}\n";
    let (api, kept) = start(rules).await;
    let answer = api.get(&format!("{CONFIG_MAPS}/absent")).await;
    assert_eq!((answer.code, kept.take().len()), (404, 0));
    assert!(!answer.headers["audit-id"].is_empty());
    api.post(CONFIG_MAPS, config_map("a")).await.ok();
    let events = kept.take();
    assert_eq!((events.len(), text(&events[0], "stage")), (1, "ResponseComplete"));
}

#[tokio::test]
async fn components_are_recorded_as_everybody_else() {
    let (api, kept) = start("- {level: RequestResponse, omitManagedFields: true}\n").await;
    let user = UserInfo::new("system:kube-scheduler", &["system:masters"]);
    let configs = Loopback::client(&api.server, user, "kube-scheduler").namespaced(&CONFIG_MAPS_KIND, "default");
    let made = configs.create(Object(config_map("a"))).await.unwrap();
    let event = kept.last();
    for (field, expected) in [
        ("verb", "create"),
        ("user.username", "system:kube-scheduler"),
        ("userAgent", "kube-scheduler"),
        ("objectRef.name", "a"),
        ("requestObject.data.key", "content"),
        ("responseObject.metadata.uid", made.uid()),
    ] {
        assert_eq!(text(&event, field), expected, "{field}");
    }
    assert_eq!(event.at(&["responseObject", "metadata", "managedFields"]), None);
    assert_eq!(event.i64_at(&["responseStatus", "code"]), Some(201));
    assert!(text(&event, "requestURI").starts_with("/api/v1/namespaces/default/configmaps?"));
    assert!(configs.get("absent").await.is_err());
    assert_eq!(text(&kept.last(), "responseStatus.reason"), "NotFound");
    configs.list(Options::default()).await.unwrap();
    let event = kept.last();
    assert_eq!(
        (text(&event, "responseObject.kind"), event.list_at(&["responseObject", "items"]).len()),
        ("ConfigMapList", 1)
    );
    let mut watch = configs.watch(Options::default(), true).await.unwrap();
    assert!(watch.next().await.is_some());
    let stages: Vec<String> = kept.take().iter().map(|event| text(event, "stage").to_owned()).collect();
    assert_eq!(stages, ["RequestReceived", "ResponseStarted"]);
    drop(watch);
    kept.until("ResponseComplete").await;
}
