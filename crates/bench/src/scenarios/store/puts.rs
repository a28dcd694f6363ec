//! Durable puts of 1 KiB.

use super::{SETUP, Target, measure, open_embedded, own_process, value};
use crate::{Bench, Scenario, Side, scenarios::requests::client_counts};

pub(in crate::scenarios) const SCENARIO: Scenario = Scenario {
    name: "store",
    summary: "durable puts of 1 KiB by 1, 16, 256 and 1,000 clients: the embedded store beside etcd",
    setup: SETUP,
    sagong_only: None,
    quick: true,
    run: |bench| Box::pin(run(bench)),
};

const KEYS_PER_CLIENT: u64 = 100;

async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    match bench.side() {
        Side::Sagong => {
            let (engine, _) = open_embedded(bench)?;
            for clients in client_counts(bench) {
                case(bench, vec![Target::Embedded(engine.clone()); clients], &own_process()).await?;
            }
        }
        Side::Upstream => {
            let etcd = bench.launcher.start_etcd().await?;
            for clients in client_counts(bench) {
                let connections = etcd.connector.open_many(clients).await?;
                case(bench, connections.into_iter().map(Target::Etcd).collect(), &etcd.process).await?;
            }
        }
    }
    Ok(())
}

async fn case(bench: &mut Bench, targets: Vec<Target>, server: &crate::process::Process) -> anyhow::Result<()> {
    let clients = targets.len();
    let put = |(client, target): (usize, Target)| {
        move |count| {
            let (target, key) =
                (target.clone(), format!("/registry/configmaps/default/client-{client}-{}", count % KEYS_PER_CLIENT));
            async move { target.put(key, value(count)).await }
        }
    };
    let name = format!("put, {clients} client{}", if clients == 1 { "" } else { "s" });
    measure(bench, name, server, targets.into_iter().enumerate().map(put).collect()).await
}
