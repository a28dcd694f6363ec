//! Closed loops: so and so many clients, each of which sends its next request when it has the last one's answer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::bail;
use http::{Method, StatusCode};
use parking_lot::Mutex;

use crate::{
    Bench, Figures,
    histogram::Histogram,
    http::{Call, Connection},
};

/// What a client sends next; `None` when it has nothing more to send, which ends the measurement.
pub type Script = Box<dyn FnMut() -> Option<Call> + Send>;

// The phases of a measurement; 0, the first, is the warming up.
const MEASURING: u8 = 1;
const OVER: u8 = 2;
/// How long a client waits that was refused without being told when to come again.
const REFUSED_DELAY: Duration = Duration::from_secs(1);
/// A measurement in which more of the operations fail is none.
const FAILURES_PART: f64 = 0.01;

/// What clients and whoever measures share.
#[derive(Default)]
struct Shared {
    phase: AtomicU8,
    operations: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    first_failure: Mutex<Option<String>>,
    exhausted: AtomicBool,
    ended: tokio::sync::Notify,
}

/// How long is loaded.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// Before anything is measured.
    pub warm_up: Duration,
    /// What is measured, unless a script ends before.
    pub length: Duration,
}

impl Times {
    /// What the options say.
    pub fn usual(bench: &Bench) -> Times {
        Times { warm_up: bench.options.warm_up(), length: bench.options.length() }
    }

    /// Until a script ends.
    pub const TO_THE_END: Times = Times { warm_up: Duration::ZERO, length: Duration::from_secs(600) };
}

/// Runs a script per client and measures: throughput, latency, CPU time of both ends, memory.
///
/// Connections are open before anything is measured.
/// An operation counts when its answer came within the measured time; its latency, when it also began within.
///
/// # Errors
/// A connection ends; more than a hundredth of the operations fail; there was not one.
pub async fn closed_loop(bench: &Bench, times: Times, scripts: Vec<Script>) -> anyhow::Result<Figures> {
    let per_connection = bench.options.clients_per_connection.max(1);
    let connections = bench.connector()?.open_many(scripts.len().div_ceil(per_connection)).await?;
    let shared = Arc::new(Shared::default());
    let clients: Vec<_> = scripts
        .into_iter()
        .enumerate()
        .map(|(number, script)| {
            tokio::spawn(client(connections[number / per_connection].clone(), script, shared.clone()))
        })
        .collect();
    if !times.warm_up.is_zero() {
        wait(&shared, times.warm_up).await;
    }
    let meter = bench.target().begin()?;
    shared.operations.store(0, Ordering::Relaxed);
    shared.refused.store(0, Ordering::Relaxed);
    shared.phase.store(MEASURING, Ordering::Release);
    wait(&shared, times.length).await;
    let operations = shared.operations.load(Ordering::Relaxed);
    let mut figures = bench.target().end(&meter)?;
    shared.phase.store(OVER, Ordering::Release);
    for client in clients {
        figures.latency.merge(&client.await??);
    }
    figures.operations = operations;
    figures.refused = shared.refused.load(Ordering::Relaxed);
    figures.failed = shared.failed.load(Ordering::Relaxed);
    if operations == 0 || figures.failed as f64 > operations as f64 * FAILURES_PART {
        let first = shared.first_failure.lock().take().unwrap_or_default();
        bail!("{} operations succeeded, {} failed; the first failure: {first}", operations, figures.failed);
    }
    Ok(figures)
}

/// Until the time is over or a script is.
async fn wait(shared: &Shared, time: Duration) {
    if !shared.exhausted.load(Ordering::Acquire) {
        let _ = tokio::time::timeout(time, shared.ended.notified()).await;
    }
}

async fn client(connection: Connection, mut script: Script, shared: Arc<Shared>) -> anyhow::Result<Histogram> {
    let mut latencies = Histogram::default();
    loop {
        let before = shared.phase.load(Ordering::Acquire);
        if before == OVER {
            return Ok(latencies);
        }
        let Some(call) = script() else {
            shared.exhausted.store(true, Ordering::Release);
            shared.ended.notify_one();
            return Ok(latencies);
        };
        let started = Instant::now();
        loop {
            let answer = connection.call(&call).await?;
            if answer.status == StatusCode::TOO_MANY_REQUESTS {
                shared.refused.fetch_add(1, Ordering::Relaxed);
                if shared.phase.load(Ordering::Acquire) == OVER {
                    return Ok(latencies);
                }
                tokio::time::sleep(answer.retry_after.unwrap_or(REFUSED_DELAY)).await;
                continue;
            }
            if answer.status.is_success() {
                shared.operations.fetch_add(1, Ordering::Relaxed);
                if before == MEASURING && shared.phase.load(Ordering::Acquire) == MEASURING {
                    latencies.record(started.elapsed());
                }
            } else {
                shared.failed.fetch_add(1, Ordering::Relaxed);
                let said = || format!("{} {}: {}", call.method, call.path, answer.status);
                shared.first_failure.lock().get_or_insert_with(said);
            }
            break;
        }
    }
}

/// Sends a request until the server, which may be too busy for it, has done it. One that took the server too long may be
/// done all the same: the next try finds the object there, or gone.
///
/// # Errors
/// The server's refusal for another reason.
pub async fn patient(connection: &Connection, call: &Call) -> anyhow::Result<()> {
    let mut may_be_done = false;
    loop {
        let answer = connection.call(call).await?;
        match (answer.status, &call.method) {
            (status @ (StatusCode::TOO_MANY_REQUESTS | StatusCode::GATEWAY_TIMEOUT), _) => {
                may_be_done |= status == StatusCode::GATEWAY_TIMEOUT;
                tokio::time::sleep(answer.retry_after.unwrap_or(REFUSED_DELAY)).await;
            }
            (status, _) if status.is_success() => return Ok(()),
            (StatusCode::CONFLICT, &Method::POST) | (StatusCode::NOT_FOUND, &Method::DELETE) if may_be_done => {
                return Ok(());
            }
            // Said again in words.
            _ => return connection.fetch(call).await.map(drop),
        }
    }
}

/// Sends many requests as fast as the server takes them, for setting things up and for tidying.
///
/// # Errors
/// One of them fails.
pub async fn send_all(bench: &Bench, calls: impl IntoIterator<Item = Call>) -> anyhow::Result<()> {
    use futures::{StreamExt, TryStreamExt};
    let connections = bench.connector()?.open_many(SETUP_CONNECTIONS).await?;
    let connections = &connections;
    futures::stream::iter(calls.into_iter().enumerate())
        .map(|(number, call)| async move { patient(&connections[number % connections.len()], &call).await })
        .buffer_unordered(SETUP_CONCURRENCY)
        .try_collect::<()>()
        .await
}

const SETUP_CONNECTIONS: usize = 8;
const SETUP_CONCURRENCY: usize = 128;
