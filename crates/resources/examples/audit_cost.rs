//! Measures what auditing costs a request: `cargo run --release -p resources --example audit_cost [REQUESTS]`.
//!
//! One client asks one server for a config map of 1 KiB, and patches it, over one connection in memory, one request
//! after the other: the worst case for a log that requests wait for, since nobody shares its writes. Times are CPU times
//! of the whole process, client included; what counts is the difference to the line without auditing.

use std::sync::Arc;

use apimachinery::{json, value};
use apiserver::{
    Server, UserInfo,
    audit::{Auditor, Batching, Format, LogSettings, LogSink, Mode, Output, Policy, Sink},
    authorization::PrivilegedGroup,
    http::{Connection, serve_connection},
    server::Parts,
};
use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use resources::{Extensions, Ranges, ServiceAllocators, install};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";
const BATCHING: Batching =
    Batching { buffer_length: 1_000_000, batch_length: 400, wait: std::time::Duration::from_secs(1), throttling: None };

fn cpu_microseconds() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    now.tv_sec as f64 * 1e6 + now.tv_nsec as f64 / 1e3
}

async fn send(client: &mut SendRequest<Full<Bytes>>, method: &str, path: &str, media_type: &str, body: Bytes) {
    let request = Request::builder().method(method).uri(path).header(header::HOST, "test");
    let request = request.header(header::CONTENT_TYPE, media_type).header(header::USER_AGENT, "audit_cost");
    let response = client.send_request(request.body(Full::new(body)).expect("a request")).await.expect("an answer");
    assert!(response.status().is_success(), "{}", response.status());
    response.into_body().collect().await.expect("a body");
}

/// CPU microseconds of a GET and of a PATCH.
async fn measure(requests: usize, rule: Option<(&str, Mode)>) -> [f64; 2] {
    let directory = tempfile::tempdir().expect("a folder");
    let engine = store::embedded::open(directory.path().join("store"), store::embedded::Options::default());
    let engine = engine.expect("a store");
    let allocators = ServiceAllocators::new(Ranges::default(), engine.clone());
    let server = Server::new(Parts {
        engine,
        admission: Vec::new(),
        authorizers: vec![Arc::new(PrivilegedGroup)],
        authenticators: Vec::new(),
    });
    tokio::spawn(server.registry().clone().follow());
    install(&server, &Extensions::default(), &allocators).await.expect("resources");
    let mut sinks: Vec<Arc<dyn Sink>> = Vec::new();
    if let Some((rule, mode)) = rule {
        let output = Output::File(directory.path().join("audit.log"), None);
        let settings = LogSettings { output, format: Format::Json, mode, truncation: None };
        sinks.push(LogSink::open(settings).expect("a log"));
        let policy = format!("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- {{{rule}}}\n");
        server.set_auditor(Auditor::new(Policy::parse(&policy.into()).expect("a policy"), sinks.clone()));
    }
    let (near, far) = tokio::io::duplex(1 << 20);
    let user = Some(UserInfo::new("admin", &["system:masters"]));
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    let connection = Connection { user, ..Connection::default() };
    tokio::spawn(serve_connection(server, TokioIo::new(far), connection, stopped));
    let (mut client, driver) = http1::handshake(TokioIo::new(near)).await.expect("a connection");
    tokio::spawn(driver);
    let json = |value| Bytes::from(json::to_vec(&value));
    let namespace = json(value!({"metadata": {"name": "default"}}));
    send(&mut client, "POST", "/api/v1/namespaces", "application/json", namespace).await;
    let data = value!({"content": "0123456789abcdef".repeat(64)});
    let object = json(value!({"metadata": {"name": "a"}, "data": data}));
    send(&mut client, "POST", CONFIG_MAPS, "application/json", object).await;
    let path = format!("{CONFIG_MAPS}/a");
    let mut took = [0.0; 2];
    for (took, method) in took.iter_mut().zip(["GET", "PATCH"]) {
        let started = cpu_microseconds();
        for number in 0..requests {
            let body = match method {
                "GET" => Bytes::new(),
                _ => json(value!({"data": {"number": number.to_string()}})),
            };
            send(&mut client, method, &path, "application/merge-patch+json", body).await;
        }
        *took = (cpu_microseconds() - started) / requests as f64;
    }
    for sink in sinks {
        sink.stop().await;
    }
    took
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let requests = std::env::args().nth(1).map_or(20_000, |text| text.parse().expect("a number of requests"));
    let metadata = "level: Metadata, omitStages: [RequestReceived]";
    println!("| CPU-µs a request | GET | PATCH |\n|---|---|---|");
    for (name, rule) in [
        ("no policy", None),
        ("level None", Some(("level: None", Mode::Blocking))),
        ("Metadata, one event, batch", Some((metadata, Mode::Batch(BATCHING)))),
        ("Metadata, one event", Some((metadata, Mode::Blocking))),
        ("Metadata", Some(("level: Metadata", Mode::Blocking))),
        ("RequestResponse", Some(("level: RequestResponse", Mode::Blocking))),
        (
            "RequestResponse, no managed fields",
            Some(("level: RequestResponse, omitManagedFields: true", Mode::Blocking)),
        ),
    ] {
        let [get, patch] = measure(requests, rule).await;
        println!("| {name} | {get:.1} | {patch:.1} |");
    }
}
