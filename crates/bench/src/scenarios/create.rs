//! Creates: ConfigMaps of 1 KiB, and pods.

use http::Method;

use super::requests::{PLACEHOLDER, SOME_CLIENTS, Template, client_counts, measure};
use crate::{
    Bench, Scenario,
    http::{Call, JSON},
    load::Script,
    objects,
    scenario::Setup,
};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "create",
    summary: "ConfigMaps of 1 KiB and pods are created",
    setup: Setup::PLAIN,
    sagong_only: None,
    quick: true,
    run: |bench| Box::pin(run(bench)),
};

/// Names of no two cases meet.
fn script(collection: String, template: Template, prefix: String) -> Script {
    let mut number = 0;
    Box::new(move || {
        number += 1;
        Some(Call::send(Method::POST, collection.clone(), JSON, template.with(&format!("{prefix}-{number}"))))
    })
}

async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    objects::ensure_namespace(bench, "create").await?;
    let config_map = Template::new(&objects::config_map(PLACEHOLDER));
    for clients in client_counts(bench) {
        let script = |client| {
            let collection = "/api/v1/namespaces/create/configmaps".to_owned();
            script(collection, config_map.clone(), format!("of-{clients}-{client}"))
        };
        measure(bench, "ConfigMap", clients, script).await?;
    }
    let pod = Template::new(&objects::pod(PLACEHOLDER));
    let script = |client| script("/api/v1/namespaces/create/pods".to_owned(), pod.clone(), format!("of-pods-{client}"));
    measure(bench, "Pod", SOME_CLIENTS, script).await
}
