//! Patches: a value of ConfigMaps of 1 KiB by merge patch, and a label of pods by strategic merge patch.

use bytes::Bytes;
use http::Method;

use super::requests::{SOME_CLIENTS, client_counts, measure};
use crate::{
    Bench, Scenario,
    http::{Call, MERGE_PATCH, STRATEGIC_PATCH},
    load, objects,
    scenario::Setup,
};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "patch",
    summary: "a value of ConfigMaps of 1 KiB and a label of pods are patched, each client's own",
    setup: Setup::PLAIN,
    sagong_only: None,
    quick: true,
    run: |bench| Box::pin(run(bench)),
};

const CONFIG_MAPS: &str = "/api/v1/namespaces/patch/configmaps";
const PODS: &str = "/api/v1/namespaces/patch/pods";

async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    objects::ensure_namespace(bench, "patch").await?;
    let counts = client_counts(bench);
    let most = counts.iter().copied().max().unwrap_or(0);
    let creates = (0..most).map(|client| objects::create(CONFIG_MAPS, &objects::config_map(&format!("of-{client}"))));
    load::send_all(bench, creates).await?;
    let creates = (0..SOME_CLIENTS).map(|client| objects::create(PODS, &objects::pod(&format!("of-{client}"))));
    load::send_all(bench, creates).await?;
    for clients in counts {
        let script = |client| -> load::Script {
            let (path, mut number) = (format!("{CONFIG_MAPS}/of-{client}"), 0);
            Box::new(move || {
                number += 1;
                let patch = Bytes::from(format!(r#"{{"data":{{"number":"{clients}-{number}"}}}}"#));
                Some(Call::send(Method::PATCH, path.clone(), MERGE_PATCH, patch))
            })
        };
        measure(bench, "ConfigMap", clients, script).await?;
    }
    let script = |client| -> load::Script {
        let (path, mut number) = (format!("{PODS}/of-{client}"), 0);
        Box::new(move || {
            number += 1;
            let patch = Bytes::from(format!(r#"{{"metadata":{{"labels":{{"number":"{number}"}}}}}}"#));
            Some(Call::send(Method::PATCH, path.clone(), STRATEGIC_PATCH, patch))
        })
    };
    measure(bench, "Pod label", SOME_CLIENTS, script).await
}
