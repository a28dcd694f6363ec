//! Server-side apply: ConfigMaps of 1 KiB whose content changes, and a Deployment that is applied again as it is.

use http::Method;

use super::requests::{PLACEHOLDER, SOME_CLIENTS, Template, client_counts, measure};
use crate::{
    Bench, Scenario,
    http::{APPLY_PATCH, Call},
    load, objects,
    scenario::Setup,
};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "apply",
    summary: "ConfigMaps of 1 KiB that changed and Deployments that did not are applied, each client's own",
    setup: Setup::PLAIN,
    sagong_only: None,
    quick: true,
    run: |bench| Box::pin(run(bench)),
};

async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    objects::ensure_namespace(bench, "apply").await?;
    for clients in client_counts(bench) {
        let script = |client| -> load::Script {
            let name = format!("of-{client}");
            let mut object = objects::config_map(&name);
            object.set(&["data", "number"], PLACEHOLDER);
            let template = Template::new(&object);
            let path = format!("/api/v1/namespaces/apply/configmaps/{name}?fieldManager=bench&force=true");
            let mut number = 0;
            Box::new(move || {
                number += 1;
                let body = template.with(&format!("{clients}-{number}"));
                Some(Call::send(Method::PATCH, path.clone(), APPLY_PATCH, body))
            })
        };
        measure(bench, "ConfigMap", clients, script).await?;
    }
    let script = |client| -> load::Script {
        let name = format!("of-{client}");
        let path = format!("/apis/apps/v1/namespaces/apply/deployments/{name}?fieldManager=bench&force=true");
        let call = Call::send(Method::PATCH, path, APPLY_PATCH, objects::json(&objects::deployment(&name)));
        Box::new(move || Some(call.clone()))
    };
    measure(bench, "Deployment again", SOME_CLIENTS, script).await
}
