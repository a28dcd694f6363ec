//! Watchers of one prefix. The next puts are made when all watchers have seen those before, so that nobody falls behind.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use anyhow::Context;
use bytes::Bytes;
use store::Engine;
use tokio::{sync::Notify, task::JoinSet};

use super::{SETUP, key, open_embedded, own_process, value, write};
use crate::{Bench, Figures, Scenario, Side, process};

pub(in crate::scenarios) const SCENARIO: Scenario = Scenario {
    name: "store-watch",
    summary: "puts of 1 KiB under 1,000 watchers (--watchers) of one prefix: the embedded store beside etcd",
    setup: SETUP,
    sagong_only: None,
    quick: true,
    run: |bench| Box::pin(run(bench)),
};

/// Puts of one round.
const PUTS: usize = 16;

async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    for watchers in bench.options.sizes(&bench.options.watchers, &[1_000], &[1_000]) {
        match bench.side() {
            Side::Sagong => {
                let (engine, _) = open_embedded(bench)?;
                case(bench, engine, watchers, &own_process()).await?;
            }
            Side::Upstream => {
                let started = bench.launcher.start_etcd().await?;
                let access = etcd::Access {
                    endpoints: vec![etcd::Endpoint::parse(&format!("https://{}", started.authority))?],
                    tls: Some(started.tls.clone()),
                    credentials: None,
                };
                let engine = etcd::open(access, etcd::Options::default()).await?;
                case(bench, engine, watchers, &started.process).await?;
            }
        }
    }
    Ok(())
}

async fn case(
    bench: &mut Bench,
    engine: Arc<dyn Engine>,
    watchers: usize,
    server: &process::Process,
) -> anyhow::Result<()> {
    let (delivered, seen) = (Arc::new(AtomicU64::new(0)), Arc::new(Notify::new()));
    let mut readers = JoinSet::new();
    let revision = engine.current_revision();
    for _ in 0..watchers {
        let mut watch = engine.watch(Bytes::from_static(b"/registry/"), Bytes::from_static(b"/registry0"), revision)?;
        let (delivered, seen) = (delivered.clone(), seen.clone());
        readers.spawn(async move {
            loop {
                let count = watch.next().await?.events.len() as u64;
                let before = delivered.fetch_add(count, Ordering::AcqRel);
                // Whoever completes a round wakes the writer.
                let round = (watchers * PUTS) as u64;
                if before / round != (before + count) / round {
                    seen.notify_one();
                }
            }
        });
    }
    let mut rounds = 0;
    let mut write_until = async |end: tokio::time::Instant| -> anyhow::Result<()> {
        while tokio::time::Instant::now() < end {
            let puts = (0..PUTS).map(|number| engine.commit(vec![write(key(number), value(rounds))]));
            futures::future::try_join_all(puts).await?;
            rounds += 1;
            while delivered.load(Ordering::Acquire) < rounds * (watchers * PUTS) as u64 {
                tokio::select! {
                    () = seen.notified() => {}
                    ended = readers.join_next() => {
                        let ended: Result<anyhow::Result<()>, _> = ended.context("there are no watchers")?;
                        ended??;
                    }
                }
            }
        }
        Ok(())
    };
    let now = tokio::time::Instant::now;
    write_until(now() + bench.options.warm_up()).await?;
    let (started, cpu, own) = (now(), server.cpu()?, process::own_cpu()?);
    let before = delivered.load(Ordering::Acquire);
    write_until(started + bench.options.length()).await?;
    let figures = Figures {
        elapsed: started.elapsed(),
        client_cpu: process::own_cpu()? - own,
        server_cpu: [(server.name, server.cpu()? - cpu)].into(),
        operations: delivered.load(Ordering::Acquire) - before,
        memory: [(server.name, server.memory()?)].into(),
        ..Figures::default()
    };
    bench.record(format!("{watchers} watchers, events delivered"), figures);
    Ok(())
}
