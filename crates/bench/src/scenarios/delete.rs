//! Deletes: ConfigMaps of 1 KiB, out of a stock that was made before, until it is used up.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use anyhow::Context;

use super::requests::client_counts;
use crate::{
    Bench, Scenario,
    load::{self, Times},
    objects,
    scenario::Setup,
};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "delete",
    summary: "ConfigMaps of 1 KiB are deleted until none is left",
    setup: Setup::PLAIN,
    sagong_only: None,
    quick: true,
    run: |bench| Box::pin(run(bench)),
};

const COLLECTION: &str = "/api/v1/namespaces/delete/configmaps";

async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    objects::ensure_namespace(bench, "delete").await?;
    let stock = bench.options.size(None, 10_000, 2_000);
    for clients in client_counts(bench) {
        // One client alone takes its time.
        let stock = if clients == 1 { stock / 5 } else { stock };
        let name = move |number: usize| format!("of-{clients}-{number}");
        let creates = (0..stock).map(|number| objects::create(COLLECTION, &objects::config_map(&name(number))));
        load::send_all(bench, creates).await?;
        let next = Arc::new(AtomicUsize::new(0));
        let script = |_| -> load::Script {
            let next = next.clone();
            Box::new(move || {
                let number = next.fetch_add(1, Ordering::Relaxed);
                (number < stock).then(|| objects::delete(format!("{COLLECTION}/{}", name(number))))
            })
        };
        let case = format!("ConfigMap, {clients} client{}", if clients == 1 { "" } else { "s" });
        let figures = load::closed_loop(bench, Times::TO_THE_END, (0..clients).map(script).collect()).await;
        bench.record(&case, figures.with_context(|| case.clone())?);
    }
    Ok(())
}
