//! Updates: ConfigMaps of 1 KiB, each client its own, with another content each time.

use http::Method;

use super::requests::{PLACEHOLDER, Template, client_counts, measure};
use crate::{
    Bench, Scenario,
    http::{Call, JSON},
    load, objects,
    scenario::Setup,
};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "update",
    summary: "ConfigMaps of 1 KiB are replaced (PUT), each client its own",
    setup: Setup::PLAIN,
    sagong_only: None,
    quick: true,
    run: |bench| Box::pin(run(bench)),
};

const COLLECTION: &str = "/api/v1/namespaces/update/configmaps";

async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    objects::ensure_namespace(bench, "update").await?;
    let counts = client_counts(bench);
    let most = counts.iter().copied().max().unwrap_or(0);
    let creates = (0..most).map(|client| objects::create(COLLECTION, &objects::config_map(&format!("of-{client}"))));
    load::send_all(bench, creates).await?;
    for clients in counts {
        let script = |client| -> load::Script {
            let name = format!("of-{client}");
            let mut object = objects::config_map(&name);
            object.set(&["data", "number"], PLACEHOLDER);
            let template = Template::new(&object);
            let (path, mut number) = (format!("{COLLECTION}/{name}"), 0);
            Box::new(move || {
                number += 1;
                Some(Call::send(Method::PUT, path.clone(), JSON, template.with(&format!("{clients}-{number}"))))
            })
        };
        measure(bench, "ConfigMap", clients, script).await?;
    }
    Ok(())
}
