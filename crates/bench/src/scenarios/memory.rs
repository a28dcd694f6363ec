//! What many pods weigh, and what is left of a storm of lists a minute after it.

use std::time::Duration;

use crate::{Bench, Scenario, http::Call, load, objects, scenario::Setup};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "memory",
    summary: "memory with --pods pods, and a minute after forty clients listed them all at once",
    setup: Setup { fresh: true, ..Setup::PLAIN },
    sagong_only: None,
    quick: true,
    run: |bench| Box::pin(run(bench)),
};

const COLLECTION: &str = "/api/v1/namespaces/memory/pods";
/// How many lists are read at the same time, and how often.
const STORM: usize = 40;

async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let pods = bench.options.size(bench.options.pods, 50_000, 2_000);
    let settle = Duration::from_secs(if bench.options.quick { 5 } else { 60 });
    record(bench, "without pods".to_owned())?;
    objects::ensure_namespace(bench, "memory").await?;
    let pod = super::requests::Template::new(&objects::pod(super::requests::PLACEHOLDER));
    let create = |number: usize| {
        Call::send(http::Method::POST, COLLECTION, crate::http::JSON, pod.with(&format!("pod-{number:06}")))
    };
    load::send_all(bench, (0..pods).map(create)).await?;
    tokio::time::sleep(settle / 6).await;
    record(bench, format!("{pods} pods"))?;
    let connections = bench.connector()?.open_many(STORM).await?;
    let list = Call::get(COLLECTION);
    let storm = connections.iter().map(|connection| load::patient(connection, &list));
    futures::future::try_join_all(storm).await?;
    record(bench, format!("{pods} pods, at the end of {STORM} lists"))?;
    drop(connections);
    tokio::time::sleep(settle).await;
    record(bench, format!("{pods} pods, {} s after {STORM} lists", settle.as_secs()))
}

fn record(bench: &mut Bench, case: String) -> anyhow::Result<()> {
    let meter = bench.target().begin()?;
    let figures = bench.target().end(&meter)?;
    let memory = figures.whole_memory();
    let figures = figures.with("private_mebibytes", memory.private as f64 / 1_048_576.0);
    bench.record(case, figures);
    Ok(())
}
