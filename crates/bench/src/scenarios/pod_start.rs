//! How fast a real node starts and ends pods, as a client sees it: from before the request until the watch has told.
//!
//! The image is there. The pod's program obeys SIGTERM, or its end would be its grace period.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::Context;
use apimachinery::{Object, Value, value};
use client::{Api, Options, WatchEvent, WatchStream, kinds};
use futures::StreamExt;

use crate::{Bench, Figures, Scenario, Target, objects, scenario::Setup};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "pod-start",
    summary: "pods on a real node: create to Ready and delete to gone, one by one and 30 at once",
    setup: Setup { node: true, fresh: true, ..Setup::PLAIN },
    sagong_only: Some("it takes a kubelet and containerd to have a node, which this harness does not start"),
    quick: true,
    run: |bench| Box::pin(run(bench)),
};

const NAMESPACE: &str = "pod-start";
/// Of the archive that `cargo xtask` makes of Debian's packages.
const IMAGE: &str = "localhost/busybox:1";
const PROGRAM: &str = "trap 'exit 0' TERM; sleep 1000000 & wait";
const AT_ONCE: usize = 30;
/// Longest that anything may take; nothing depends on it but the time until a failure shows.
const PATIENCE: Duration = Duration::from_secs(180);

async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let node = bench.target().client()?.all(&kinds::NODES);
    let mut events = node.watch(Options::default(), true).await?;
    let is_ready =
        |event: &WatchEvent| matches!(event, WatchEvent::Added(one) | WatchEvent::Modified(one) if is_ready(one));
    told(&mut events, 1, |event| is_ready(event).then(|| "node".to_owned())).await.context("the node is not Ready")?;
    objects::ensure_namespace(bench, NAMESPACE).await?;
    let pods = bench.target().client()?.namespaced(&kinds::PODS, NAMESPACE);
    let mut events = pods.watch(Options::default(), true).await?;
    one_by_one(bench, &pods, &mut events).await?;
    at_once(bench, &pods, &mut events, AT_ONCE).await
}

fn pod(name: &str) -> Object {
    Object(value!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": [{
            "name": "app", "image": IMAGE, "imagePullPolicy": "IfNotPresent", "command": ["sh", "-c", PROGRAM]
        }]}
    }))
}

fn is_ready(object: &Object) -> bool {
    let holds = |one: &Value| one.str_at(&["type"]) == Some("Ready") && one.str_at(&["status"]) == Some("True");
    object.list_at(&["status", "conditions"]).iter().any(holds)
}

fn ready(event: &WatchEvent) -> Option<String> {
    match event {
        WatchEvent::Added(pod) | WatchEvent::Modified(pod) if is_ready(pod) => Some(pod.name().to_owned()),
        _ => None,
    }
}

fn gone(event: &WatchEvent) -> Option<String> {
    match event {
        WatchEvent::Deleted(pod) => Some(pod.name().to_owned()),
        _ => None,
    }
}

/// Reads the watch until it has told of so many objects what `wanted` looks for; when it told of each.
async fn told(
    events: &mut WatchStream,
    count: usize,
    wanted: impl Fn(&WatchEvent) -> Option<String>,
) -> anyhow::Result<BTreeMap<String, Instant>> {
    let read = async {
        let mut seen = BTreeMap::new();
        while seen.len() < count {
            let event = events.next().await.context("the watch ended")??;
            if let Some(name) = wanted(&event) {
                seen.entry(name).or_insert_with(Instant::now);
            }
        }
        Ok(seen)
    };
    tokio::time::timeout(PATIENCE, read).await.context("it takes too long")?
}

/// Creates a pod as soon as it may, and tells when it was seen Running.
pub(super) async fn first_pod(target: &Target) -> anyhow::Result<Instant> {
    let client = target.client()?;
    objects::await_object(&client.namespaced(&kinds::SERVICE_ACCOUNTS, "default"), "default").await?;
    let pods = client.namespaced(&kinds::PODS, "default");
    let mut events = pods.watch(Options::default(), true).await?;
    pods.create(pod("first")).await?;
    let running = |event: &WatchEvent| match event {
        WatchEvent::Added(pod) | WatchEvent::Modified(pod) => pod.str_at(&["status", "phase"]) == Some("Running"),
        _ => false,
    };
    let seen = told(&mut events, 1, |event| running(event).then(|| "first".to_owned())).await?;
    let at = seen["first"];
    // It would outlive the server.
    pods.delete("first", Options::default()).await?;
    told(&mut events, 1, gone).await?;
    Ok(at)
}

async fn one_by_one(bench: &mut Bench, pods: &Api, events: &mut WatchStream) -> anyhow::Result<()> {
    let count = bench.options.size(None, 50, 20);
    let (mut starts, mut ends) = (Figures::default(), Figures::default());
    for number in 0..count {
        let name = format!("one-{number}");
        let (meter, before) = (bench.target().begin()?, Instant::now());
        pods.create(pod(&name)).await?;
        let seen = told(events, 1, |event| ready(event).filter(|told| *told == name)).await?;
        starts.add_one(bench.target().end(&meter)?, seen[&name] - before);
        let (meter, before) = (bench.target().begin()?, Instant::now());
        pods.delete(&name, Options::default()).await?;
        let seen = told(events, 1, |event| gone(event).filter(|told| *told == name)).await?;
        ends.add_one(bench.target().end(&meter)?, seen[&name] - before);
    }
    bench.record(format!("create to Ready, {count} one by one"), starts);
    bench.record(format!("delete to gone, {count} one by one"), ends);
    Ok(())
}

impl Figures {
    /// Adds one operation with what was measured around it.
    pub(super) fn add_one(&mut self, measured: Figures, latency: Duration) {
        self.operations += 1;
        self.latency.record(latency);
        self.elapsed += measured.elapsed;
        self.client_cpu += measured.client_cpu;
        for (name, cpu) in measured.server_cpu {
            *self.server_cpu.entry(name).or_default() += cpu;
        }
        self.memory = measured.memory;
    }
}

async fn at_once(bench: &mut Bench, pods: &Api, events: &mut WatchStream, count: usize) -> anyhow::Result<()> {
    let names: Vec<String> = (0..count).map(|number| format!("many-{number}")).collect();
    let (meter, before) = (bench.target().begin()?, Instant::now());
    let created = futures::future::join_all(names.iter().map(|name| pods.create(pod(name)))).await;
    created.into_iter().collect::<Result<Vec<_>, _>>()?;
    let seen = told(events, count, ready).await?;
    let figures = measured(bench.target().end(&meter)?, before, &seen);
    let shims = shims();
    let each = |bytes: fn(&crate::Memory) -> u64| {
        shims.iter().map(bytes).sum::<u64>() as f64 / 1024.0 / shims.len().max(1) as f64
    };
    let (rss, private) = (each(|shim| shim.rss), each(|shim| shim.private));
    let figures = figures.with("shim_rss_kibibytes", rss).with("shim_private_kibibytes", private);
    bench.record(format!("create to Ready, {count} at once"), figures);
    let (meter, before) = (bench.target().begin()?, Instant::now());
    let deleted = futures::future::join_all(names.iter().map(|name| pods.delete(name, Options::default()))).await;
    deleted.into_iter().collect::<Result<Vec<_>, _>>()?;
    let seen = told(events, count, gone).await?;
    let figures = measured(bench.target().end(&meter)?, before, &seen);
    bench.record(format!("delete to gone, {count} at once"), figures);
    Ok(())
}

fn measured(mut figures: Figures, before: Instant, seen: &BTreeMap<String, Instant>) -> Figures {
    figures.operations = seen.len() as u64;
    for at in seen.values() {
        figures.latency.record(at.duration_since(before));
    }
    let last = figures.latency.longest() as f64 / 1000.0;
    figures.with("last_after_milliseconds", last)
}

/// Memory of each pod's shim.
fn shims() -> Vec<crate::Memory> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pid = |entry: std::fs::DirEntry| -> Option<u32> {
        let line = std::fs::read(entry.path().join("cmdline")).ok()?;
        let pid = entry.file_name().to_str()?.parse().ok()?;
        line.starts_with(b"sagong-shim").then_some(pid)
    };
    processes.filter_map(pid).filter_map(|pid| crate::process::Process { name: "shim", pid }.memory().ok()).collect()
}
