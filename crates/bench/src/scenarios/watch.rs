//! What it costs to tell watchers: CPU time of the server per event that reached one.
//!
//! Flat out, the next writes are sent when all watchers have seen those before, so that nobody falls behind on either
//! side; at ten writes a second, every event wakes a reader that sleeps. The writes' own cost is included, shared by
//! the watchers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use http::Method;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::requests::{PLACEHOLDER, Template};
use crate::{
    Bench, Figures, Scenario,
    histogram::Histogram,
    http::{Call, Connection, JSON},
    objects,
    scenario::Setup,
};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "watch",
    summary: "ConfigMaps of 1 KiB are updated under watchers (--watchers), flat out and ten times a second",
    setup: Setup::PLAIN,
    sagong_only: None,
    quick: true,
    run: |bench| Box::pin(run(bench)),
};

const COLLECTION: &str = "/api/v1/namespaces/watch/configmaps";
/// How many writes are on their way at most, flat out.
const OUTSTANDING: u64 = 16;
/// How many watches share a connection, where they do; upstream allows no more.
const SHARED: usize = 100;
/// More watchers than these always share connections: each end may open 20,000 files on ordinary machines.
const CONNECTIONS_MAX: usize = 2_000;
const WRITES_PER_SECOND: u32 = 10;
/// When watchers are given up that see nothing.
const PATIENCE: Duration = Duration::from_secs(30);

/// What watchers and writers share.
struct Shared {
    began: Instant,
    watchers: u64,
    /// Events that reached a watcher.
    delivered: AtomicU64,
    /// When the last write was sent, in nanoseconds since the beginning.
    written_at: AtomicU64,
    measuring: AtomicBool,
    latencies: Mutex<Histogram>,
    /// All watchers have seen a further event.
    seen_by_all: Notify,
    failed: AtomicBool,
}

async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    objects::ensure_namespace(bench, "watch").await?;
    for watchers in bench.options.sizes(&bench.options.watchers, &[1, 100, 1_000, 10_000], &[100, 1_000]) {
        let many = watchers > SHARED;
        if watchers <= CONNECTIONS_MAX {
            case(bench, watchers, 1, true).await?;
            case(bench, watchers, 1, false).await?;
        }
        if many {
            case(bench, watchers, SHARED, true).await?;
            case(bench, watchers, SHARED, false).await?;
        }
    }
    Ok(())
}

async fn case(bench: &mut Bench, watchers: usize, per_connection: usize, flat_out: bool) -> anyhow::Result<()> {
    let pace = if flat_out { "flat out".to_owned() } else { format!("{WRITES_PER_SECOND} writes/s") };
    let sharing = match per_connection {
        1 => "a connection each".to_owned(),
        many => format!("{many} per connection"),
    };
    let case = format!("{watchers} watchers, {sharing}, {pace}");
    let figures = measure(bench, watchers, per_connection, flat_out).await.with_context(|| case.clone())?;
    bench.record(case, figures);
    Ok(())
}

async fn measure(bench: &Bench, watchers: usize, per_connection: usize, flat_out: bool) -> anyhow::Result<Figures> {
    let connection = bench.connect().await?;
    let list = connection.fetch(&Call::get(format!("{COLLECTION}?limit=1"))).await?;
    let list = apimachinery::decode::json_untyped(&list)?;
    let version = list.str_at(&["metadata", "resourceVersion"]).context("the list has no version")?;
    let call = Call::get(format!("{COLLECTION}?watch=true&resourceVersion={version}"));
    let shared = Arc::new(Shared {
        began: Instant::now(),
        watchers: watchers as u64,
        delivered: AtomicU64::new(0),
        written_at: AtomicU64::new(0),
        measuring: AtomicBool::new(false),
        latencies: Mutex::default(),
        seen_by_all: Notify::new(),
        failed: AtomicBool::new(false),
    });
    let connections = bench.connector()?.open_many(watchers.div_ceil(per_connection)).await?;
    let mut readers = Vec::with_capacity(watchers);
    for number in 0..watchers {
        let response = connections[number / per_connection].start(&call).await?;
        if !response.status().is_success() {
            bail!("a watch was answered {}", response.status());
        }
        readers.push(tokio::spawn(read(response.into_body(), shared.clone(), !flat_out)));
    }
    let outstanding = if flat_out { OUTSTANDING } else { 1 };
    let mut writer = Writer::new(connection, watchers, per_connection, flat_out);
    let mut written = writer.write_for(bench.options.warm_up(), &shared, outstanding, 0).await?;
    let meter = bench.target().begin()?;
    let before = shared.delivered.load(Ordering::Relaxed);
    shared.measuring.store(true, Ordering::Release);
    written = writer.write_for(bench.options.length(), &shared, outstanding, written).await?;
    await_delivery(&shared, written * shared.watchers).await?;
    shared.measuring.store(false, Ordering::Release);
    let operations = shared.delivered.load(Ordering::Relaxed) - before;
    let mut figures = bench.target().end(&meter)?;
    figures.operations = operations;
    drop(connections);
    for reader in readers {
        reader.abort();
    }
    figures.latency = shared.latencies.lock().clone();
    Ok(figures)
}

/// Writes to one ConfigMap, paced or as fast as watchers see it.
struct Writer {
    connection: Connection,
    name: String,
    template: Template,
    flat_out: bool,
}

impl Writer {
    fn new(connection: Connection, watchers: usize, per_connection: usize, flat_out: bool) -> Writer {
        let name = format!("of-{watchers}-{per_connection}-{flat_out}");
        let mut object = objects::config_map(&name);
        object.set(&["data", "number"], PLACEHOLDER);
        Writer { connection, template: Template::new(&object), name, flat_out }
    }

    /// Writes until the time is over; `written` events were caused before, the answer is how many are now.
    async fn write_for(
        &mut self,
        time: Duration,
        shared: &Shared,
        outstanding: u64,
        mut written: u64,
    ) -> anyhow::Result<u64> {
        let started = Instant::now();
        let mut next = started;
        while started.elapsed() < time {
            if !self.flat_out {
                tokio::time::sleep_until(next.into()).await;
                next += Duration::from_secs(1) / WRITES_PER_SECOND;
            }
            await_delivery(shared, (written + 1).saturating_sub(outstanding) * shared.watchers).await?;
            let body = self.template.with(&written.to_string());
            let call = match written {
                0 => Call::send(Method::POST, COLLECTION, JSON, body),
                _ => Call::send(Method::PUT, format!("{COLLECTION}/{}", self.name), JSON, body),
            };
            shared.written_at.store(shared.began.elapsed().as_nanos() as u64, Ordering::Release);
            let answer = self.connection.call(&call).await?;
            if !answer.status.is_success() {
                bail!("a write was answered {}", answer.status);
            }
            written += 1;
        }
        Ok(written)
    }
}

async fn await_delivery(shared: &Shared, wanted: u64) -> anyhow::Result<()> {
    let waiting = async {
        loop {
            let seen = shared.seen_by_all.notified();
            if shared.delivered.load(Ordering::Acquire) >= wanted {
                return Ok(());
            }
            if shared.failed.load(Ordering::Acquire) {
                bail!("a watch ended before its time");
            }
            seen.await;
        }
    };
    let seen = || shared.delivered.load(Ordering::Relaxed);
    tokio::time::timeout(PATIENCE, waiting).await.with_context(|| format!("{} of {wanted} events came", seen()))?
}

/// Counts the events of a watch, each of which is a line.
async fn read(mut body: Incoming, shared: Arc<Shared>, with_latency: bool) {
    while let Some(Ok(frame)) = body.frame().await {
        let Some(data) = frame.data_ref() else { continue };
        let events = data.iter().filter(|byte| **byte == b'\n').count() as u64;
        if events == 0 {
            continue;
        }
        if with_latency && shared.measuring.load(Ordering::Relaxed) {
            let written = Duration::from_nanos(shared.written_at.load(Ordering::Acquire));
            shared.latencies.lock().record(shared.began.elapsed().saturating_sub(written));
        }
        let before = shared.delivered.fetch_add(events, Ordering::AcqRel);
        if (before + events) / shared.watchers > before / shared.watchers {
            shared.seen_by_all.notify_waiters();
        }
    }
    shared.failed.store(true, Ordering::Release);
    shared.seen_by_all.notify_waiters();
}
