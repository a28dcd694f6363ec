//! What the server measures of its requests and its store, under upstream's names.

use std::{
    sync::{Arc, Once},
    time::Instant,
};

use client::ResourceKind;
use component_base::metrics::{self, Collector, Counter, Family, Gauge, Histogram, Text};

use crate::{
    Server,
    http::{Body, held},
};

const COMPONENT: &str = "apiserver";
const LATENCY_BUCKETS: &[f64] = &[
    0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 20.0, 30.0,
    45.0, 60.0,
];

static REQUESTS: Family<Counter> = Family::counter(
    "apiserver_request_total",
    "Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.",
    &["verb", "dry_run", "group", "version", "resource", "subresource", "scope", "component", "code"],
);
static DURATIONS: Family<Histogram> = Family::histogram(
    "apiserver_request_duration_seconds",
    "Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, scope and component.",
    &["verb", "dry_run", "group", "version", "resource", "subresource", "scope", "component"],
    LATENCY_BUCKETS,
);
/// What the service level objectives are computed from. Nothing is taken off: no webhook is called and no request
/// waits in a queue yet.
static SLI_DURATIONS: Family<Histogram> = Family::histogram(
    "apiserver_request_sli_duration_seconds",
    "Response latency distribution (not counting webhook duration and priority & fairness queue wait times) in seconds for each verb, group, version, resource, subresource, scope and component.",
    &["verb", "group", "version", "resource", "subresource", "scope", "component"],
    LATENCY_BUCKETS.split_at(2).1,
);
static RESPONSE_SIZES: Family<Histogram> = Family::histogram(
    "apiserver_response_sizes",
    "Response size distribution in bytes for each group, version, verb, resource, subresource, scope and component.",
    &["verb", "group", "version", "resource", "subresource", "scope", "component"],
    &[1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9],
);
static LONG_RUNNING: Family<Gauge> = Family::gauge(
    "apiserver_longrunning_requests",
    "Gauge of all active long-running apiserver requests broken out by verb, group, version, resource, scope and component. Not all requests are tracked this way.",
    &["verb", "group", "version", "resource", "subresource", "scope", "component"],
);
static IN_FLIGHT: Family<Gauge> = Family::gauge(
    "apiserver_current_inflight_requests",
    "Number of currently used inflight request limit of this apiserver per request kind.",
    &["request_kind"],
);
static TERMINATIONS: Family<Counter> = Family::counter(
    "apiserver_request_terminations_total",
    "Number of requests which apiserver terminated in self-defense.",
    &["verb", "group", "version", "resource", "subresource", "scope", "component", "code"],
);
static WATCH_EVENTS: Family<Counter> = Family::counter(
    "apiserver_watch_events_total",
    "Number of events sent in watch clients",
    &["group", "version", "resource"],
);
static HANDSHAKE_ERRORS: Family<Counter> = Family::counter(
    "apiserver_tls_handshake_errors_total",
    "Number of requests dropped with 'TLS handshake error from' error",
    &[],
);
static STORE_DURATIONS: Family<Histogram> = Family::histogram(
    "etcd_request_duration_seconds",
    "Etcd request latency in seconds for each operation and object type.",
    &["operation", "group", "resource"],
    LATENCY_BUCKETS,
);
static STORE_REQUESTS: Family<Counter> = Family::counter(
    "etcd_requests_total",
    "Etcd request counts for each operation and object type.",
    &["operation", "group", "resource"],
);
static STORE_ERRORS: Family<Counter> = Family::counter(
    "etcd_request_errors_total",
    "Etcd failed request counts for each operation and object type.",
    &["operation", "group", "resource"],
);

fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let registry = metrics::of_process();
        registry.add(&REQUESTS);
        registry.add(&DURATIONS);
        registry.add(&SLI_DURATIONS);
        registry.add(&RESPONSE_SIZES);
        registry.add(&LONG_RUNNING);
        registry.add(&IN_FLIGHT);
        registry.add(&TERMINATIONS);
        registry.add(&WATCH_EVENTS);
        registry.add(&HANDSHAKE_ERRORS);
        registry.add(&STORE_DURATIONS);
        registry.add(&STORE_REQUESTS);
        registry.add(&STORE_ERRORS);
        crate::audit::register_metrics();
    });
}

/// What is counted when somebody asks.
struct OfServer<'s>(&'s Server);

impl Collector for OfServer<'_> {
    fn collect(&self, text: &mut Text) {
        let (objects, old_objects) = ("apiserver_resource_objects", "apiserver_storage_objects");
        let help = "Number of stored objects at the time of last check split by kind. In case of a fetching error, the value will be -1.";
        text.family(objects, help, "gauge");
        let old_help = format!("[DEPRECATED, consider using apiserver_resource_objects instead] {help}");
        text.family(old_objects, &old_help, "gauge");
        let mut counted: Vec<(&str, &str)> = Vec::new();
        let table = self.0.registry().table();
        for resource in table.iter() {
            let Some(cache) = &resource.cache else { continue };
            let own = (resource.kind.group.as_str(), resource.kind.resource.as_str());
            // Versions of one resource share their objects.
            if resource.conversion.is_some() || counted.contains(&own) {
                continue;
            }
            counted.push(own);
            let count = cache.len() as f64;
            text.sample(objects, "", &[("group", own.0), ("resource", own.1)], count);
            let full = if own.0.is_empty() { own.1.to_owned() } else { format!("{}.{}", own.1, own.0) };
            text.sample(old_objects, "", &[("resource", &full)], count);
        }
        let status = self.0.registry().engine().status();
        let size = "apiserver_storage_size_bytes";
        text.family(size, "Size of the storage database file physically allocated in bytes.", "gauge");
        let bytes = (status.log_bytes + status.snapshot_bytes) as f64;
        text.sample(size, "", &[("storage_cluster_id", "embedded")], bytes);
        let info = "kubernetes_build_info";
        let help = "A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree state, build date, Go version, and compiler from which Kubernetes was built, and platform on which it is running.";
        text.family(info, help, "gauge");
        let version = crate::discovery::version();
        let of_version = |field: &str| version.str_at(&[field]).unwrap_or_default();
        let labels = [
            ("build_date", of_version("buildDate")),
            ("compiler", of_version("compiler")),
            ("git_commit", of_version("gitCommit")),
            ("git_tree_state", of_version("gitTreeState")),
            ("git_version", of_version("gitVersion")),
            ("go_version", of_version("goVersion")),
            ("major", of_version("major")),
            ("minor", of_version("minor")),
            ("platform", of_version("platform")),
        ];
        text.sample(info, "", &labels, 1.0);
    }
}

/// What `/metrics` answers.
pub(crate) fn text(server: &Server) -> String {
    register();
    metrics::of_process().text_with(&[&OfServer(server)])
}

/// One request under way.
pub(crate) struct Request {
    started: Instant,
    verb: &'static str,
    dry_run: &'static str,
    kind: ResourceKind,
    subresource: String,
    scope: &'static str,
}

/// The verb as the metrics spell it.
pub(crate) fn verb(verb: &str, applies: bool) -> &'static str {
    match verb {
        "get" => "GET",
        "list" => "LIST",
        "watch" => "WATCH",
        "create" => "POST",
        "update" => "PUT",
        "patch" if applies => "APPLY",
        "patch" => "PATCH",
        "delete" => "DELETE",
        "deletecollection" => "DELETECOLLECTION",
        _ => "CONNECT",
    }
}

impl Request {
    /// A request to a resource begins.
    pub(crate) fn begin(
        verb: &'static str,
        dry_run: bool,
        kind: ResourceKind,
        subresource: &str,
        namespace: &str,
        name: &str,
    ) -> Request {
        register();
        let scope = match (name, namespace) {
            _ if verb == "POST" => "resource",
            ("", "") => "cluster",
            ("", _) => "namespace",
            _ => "resource",
        };
        let dry_run = if dry_run { "All" } else { "" };
        Request { started: Instant::now(), verb, dry_run, kind, subresource: subresource.to_owned(), scope }
    }

    /// A request to a path outside of the API begins; `path` is one of a few.
    pub(crate) fn begin_path(path: &'static str) -> Request {
        let kind = ResourceKind::new("", "", "", "", false);
        Request { scope: "", ..Request::begin("GET", false, kind, path, "", "") }
    }

    fn labels(&self) -> [&str; 7] {
        let kind = &self.kind;
        [self.verb, &kind.group, &kind.version, &kind.resource, &self.subresource, self.scope, self.component()]
    }

    fn component(&self) -> &'static str {
        if self.kind.resource.is_empty() { "" } else { COMPONENT }
    }

    /// The request was refused to protect the server.
    pub(crate) fn terminated(&self, code: u16) {
        let [verb, group, version, resource, subresource, scope, component] = self.labels();
        let code = code.to_string();
        TERMINATIONS.with(&[verb, group, version, resource, subresource, scope, component, &code]).increment();
    }

    /// The request ends.
    pub(crate) fn finish(&self, code: u16, size: Option<u64>) {
        let [verb, group, version, resource, subresource, scope, component] = self.labels();
        let code = code.to_string();
        let dry_run = self.dry_run;
        REQUESTS.with(&[verb, dry_run, group, version, resource, subresource, scope, component, &code]).increment();
        let seconds = self.started.elapsed().as_secs_f64();
        DURATIONS.with(&[verb, dry_run, group, version, resource, subresource, scope, component]).observe(seconds);
        SLI_DURATIONS.with(&self.labels()).observe(seconds);
        if let (Some(size), "GET" | "LIST") = (size, verb) {
            RESPONSE_SIZES.with(&self.labels()).observe(size as f64);
        }
    }

    /// The request ends when `body` does, or nobody wants it any more.
    pub(crate) fn follow(self, body: Body, code: u16) -> Body {
        let gauge = LONG_RUNNING.with(&self.labels());
        gauge.add(1.0);
        held::until_the_end_of(body, LongRunning { request: self, code, gauge })
    }
}

/// A request that is being answered for long.
struct LongRunning {
    request: Request,
    code: u16,
    gauge: Arc<Gauge>,
}

impl Drop for LongRunning {
    fn drop(&mut self) {
        self.gauge.add(-1.0);
        self.request.finish(self.code, None);
    }
}

/// The gauge of requests of a kind that are being answered.
pub(crate) fn in_flight(kind: &'static str) -> Arc<Gauge> {
    IN_FLIGHT.with(&[kind])
}

/// The counter of events told to watchers of a resource.
pub(crate) fn watch_events(kind: &ResourceKind) -> Arc<Counter> {
    WATCH_EVENTS.with(&[&kind.group, &kind.version, &kind.resource])
}

/// A client did not get through the handshake.
pub(crate) fn handshake_failed() {
    HANDSHAKE_ERRORS.with(&[]).increment();
}

/// Measures a request to the store.
pub(crate) async fn stored<T, E>(
    operation: &'static str,
    kind: &ResourceKind,
    request: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let started = Instant::now();
    let answer = request.await;
    let labels = [operation, kind.group.as_str(), kind.resource.as_str()];
    STORE_DURATIONS.with(&labels).observe(started.elapsed().as_secs_f64());
    STORE_REQUESTS.with(&labels).increment();
    if answer.is_err() {
        STORE_ERRORS.with(&labels).increment();
    }
    answer
}
