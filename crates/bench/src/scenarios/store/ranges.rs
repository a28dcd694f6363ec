//! Reads of a whole range. What is read is thrown away: etcd's answers are not decoded, and the embedded store's are
//! handles on what it has in memory, as they are to the API server.

use std::sync::Arc;

use bytes::Bytes;
use store::{Engine, RangeRequest};

use super::{FILLERS, SETUP, Target, fill, measure, open_embedded, own_process, pair_request};
use crate::{Bench, Scenario, Side};

pub(in crate::scenarios) const SCENARIO: Scenario = Scenario {
    name: "store-range",
    summary: "one client reads 10,000 keys (--objects) of 1 KiB at once: the embedded store beside etcd",
    setup: SETUP,
    sagong_only: None,
    quick: true,
    run: |bench| Box::pin(run(bench)),
};

const START: &str = "/registry/configmaps/";
const END: &str = "/registry/configmaps0";

async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let keys = bench.options.size(bench.options.objects, 10_000, 10_000);
    let case = format!("{keys} keys");
    match bench.side() {
        Side::Sagong => {
            let (engine, _) = open_embedded(bench)?;
            fill(vec![Target::Embedded(engine.clone()); FILLERS], keys).await?;
            let engine: Arc<dyn Engine> = engine;
            let read = move |_| {
                let engine = engine.clone();
                let request = RangeRequest {
                    start: Bytes::from_static(START.as_bytes()),
                    end: Bytes::from_static(END.as_bytes()),
                    ..RangeRequest::default()
                };
                async move {
                    let found = engine.range(request).await?.items.len();
                    anyhow::ensure!(found == keys, "{found} keys of {keys} were read");
                    Ok(())
                }
            };
            measure(bench, case, &own_process(), vec![read]).await
        }
        Side::Upstream => {
            let etcd = bench.launcher.start_etcd().await?;
            let connections = etcd.connector.open_many(FILLERS).await?;
            fill(connections.into_iter().map(Target::Etcd).collect(), keys).await?;
            let connection = etcd.connector.open().await?;
            let read = move |_| {
                let connection = connection.clone();
                async move { connection.unary("/etcdserverpb.KV/Range", pair_request(START, END.as_bytes())).await }
            };
            measure(bench, case, &etcd.process, vec![read]).await
        }
    }
}
