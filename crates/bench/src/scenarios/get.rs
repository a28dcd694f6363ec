//! Reads of single objects: ConfigMaps of 1 KiB.

use super::requests::{client_counts, measure};
use crate::{Bench, Scenario, http::Call, load, objects, scenario::Setup};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "get",
    summary: "ConfigMaps of 1 KiB are read, each client its own",
    setup: Setup::PLAIN,
    sagong_only: None,
    quick: true,
    run: |bench| Box::pin(run(bench)),
};

const COLLECTION: &str = "/api/v1/namespaces/get/configmaps";

async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    objects::ensure_namespace(bench, "get").await?;
    let counts = client_counts(bench);
    let most = counts.iter().copied().max().unwrap_or(0);
    let creates = (0..most).map(|client| objects::create(COLLECTION, &objects::config_map(&format!("of-{client}"))));
    load::send_all(bench, creates).await?;
    for clients in counts {
        let script = |client| -> load::Script {
            let call = Call::get(format!("{COLLECTION}/of-{client}"));
            Box::new(move || Some(call.clone()))
        };
        measure(bench, "ConfigMap", clients, script).await?;
    }
    Ok(())
}
