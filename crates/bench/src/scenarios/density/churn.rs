//! Pods that come and go at a steady rate, and reads beside them.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use anyhow::bail;
use apimachinery::Str;
use client::{Collection, Event, SharedInformers, kinds};

use crate::{
    Bench,
    histogram::Histogram,
    http::{Call, Connection, JSON},
    objects,
};

const NAMESPACE: &str = "churn";
/// How many pods may wait for their start; more are a sign that the cluster does not keep up.
const WAITING_LIMIT: usize = 5_000;
/// How long the last pods may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// What is read meanwhile, and how often: one object, a namespace, the cluster.
const READS: [(&str, Duration); 4] = [
    ("/api/v1/nodes/hollow-0", Duration::from_millis(200)),
    ("/api/v1/namespaces/density-0/pods", Duration::from_secs(5)),
    ("/api/v1/nodes", Duration::from_secs(10)),
    ("/apis/apps/v1/deployments", Duration::from_secs(30)),
];

fn pod(name: &str) -> apimachinery::Value {
    apimachinery::value!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"group": "churn"}},
        "spec": {
            "terminationGracePeriodSeconds": 1,
            "containers": [{
                "name": "pause",
                "image": "registry.k8s.io/pause:3.10.2",
                "resources": {"requests": {"cpu": "10m", "memory": "10M"}}
            }]
        }
    })
}

async fn read(connection: Connection, path: &'static str, period: Duration) -> anyhow::Result<()> {
    let mut ticks = tokio::time::interval(period);
    loop {
        ticks.tick().await;
        let answer = connection.call(&Call::get(path)).await?;
        if !answer.status.is_success() {
            bail!("GET {path}: {}", answer.status);
        }
    }
}

/// Creates so many pods a second and deletes each once it runs; from create to running, as a watcher sees it.
pub(super) async fn run(bench: &Bench, per_second: f64, length: Duration) -> anyhow::Result<Histogram> {
    objects::ensure_namespace(bench, NAMESPACE).await?;
    let informers = SharedInformers::new(bench.target().client()?);
    let (sender, mut running) = tokio::sync::mpsc::unbounded_channel();
    let informer = informers.follow(Collection::all(&kinds::PODS).in_namespace(NAMESPACE));
    informer.add_handler(move |event: &Event| {
        if !matches!(event, Event::Deleted(_)) && event.object().status().str_at("phase") == Some("Running") {
            // Whoever has stopped waiting drops the informers next.
            let _ = sender.send((Str::from(event.object().name()), Instant::now()));
        }
    });
    informer.synced().await;
    let connection = bench.connect().await?;
    let mut tasks = tokio::task::JoinSet::new();
    for (path, period) in READS {
        tasks.spawn(read(connection.clone(), path, period));
    }
    let collection = format!("/api/v1/namespaces/{NAMESPACE}/pods");
    let mut ticks = tokio::time::interval(Duration::from_secs_f64(1.0 / per_second));
    let until = tokio::time::Instant::now() + length;
    let give_up = until + PATIENCE;
    let (mut waiting, mut startups, mut number) = (HashMap::<Str, Instant>::new(), Histogram::default(), 0u64);
    let mut writes = tokio::task::JoinSet::new();
    let write = |writes: &mut tokio::task::JoinSet<anyhow::Result<()>>, call: Call| {
        let connection = connection.clone();
        writes.spawn(async move { connection.fetch(&call).await.map(drop) });
    };
    loop {
        let over = tokio::time::Instant::now() >= until;
        if over && waiting.is_empty() && writes.is_empty() {
            return Ok(startups);
        }
        tokio::select! {
            _ = ticks.tick(), if !over => {
                let name = format!("pod-{number}");
                number += 1;
                if waiting.len() >= WAITING_LIMIT {
                    bail!("{WAITING_LIMIT} pods wait to run");
                }
                waiting.insert(name.as_str().into(), Instant::now());
                write(&mut writes, objects::create(&collection, &pod(&name)));
            }
            Some((name, at)) = running.recv() => {
                if let Some(created) = waiting.remove(&name) {
                    startups.record(at - created);
                    let path = format!("{collection}/{name}");
                    write(&mut writes, Call::send(http::Method::DELETE, path, JSON, &b"{}"[..]));
                }
            }
            Some(written) = writes.join_next() => written??,
            Some(ended) = tasks.join_next() => ended??,
            () = tokio::time::sleep_until(give_up) => bail!("{} pods do not run", waiting.len()),
        }
    }
}
