//! `root-ca-certificate-publisher-controller`: every namespace has the certificates by which pods verify the
//! API server, in the config map `kube-root-ca.crt`.

use std::sync::Arc;

use apimachinery::{Str, value};
use async_trait::async_trait;
use client::{
    Client, Collection, Informer, WorkQueue,
    controller::{self, Outcome, Reconcile},
    kinds::{CONFIG_MAPS, NAMESPACES},
};

use crate::{Context, ControllerDescriptor, pod_control::is_namespace_terminating, serviceaccount::is_active};

const NAME: &str = "kube-root-ca.crt";
const DESCRIPTION_KEY: &str = "kubernetes.io/description";
const DESCRIPTION: &str = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal \
endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across \
distributions of Kubernetes clusters.";

/// The publisher of the root certificates.
pub const DESCRIPTOR: ControllerDescriptor = ControllerDescriptor {
    name: "root-ca-certificate-publisher-controller",
    service_account: "root-ca-cert-publisher",
    start: |context| Box::pin(run(context)),
};

struct Publisher {
    client: Client,
    root_ca: String,
    namespaces: Informer,
    maps: Informer,
}

async fn run(context: Context) {
    let namespaces = context.informers.of(&NAMESPACES);
    let maps = context.informers.follow(Collection::all(&CONFIG_MAPS).fields(format!("metadata.name={NAME}")));
    let queue = WorkQueue::new();
    controller::enqueue_objects(&namespaces, &queue);
    controller::enqueue_on(&maps, &queue, |event| [event.object().namespace().into()]);
    let publisher = Publisher {
        client: context.client,
        root_ca: context.settings.root_ca.clone(),
        namespaces: namespaces.clone(),
        maps: maps.clone(),
    };
    let name = "root-ca-certificate-publisher-controller";
    controller::run(name, &[namespaces, maps], queue, 1, Arc::new(publisher)).await;
}

#[async_trait]
impl Reconcile for Publisher {
    async fn reconcile(&self, key: &Str) -> Outcome {
        if !self.namespaces.get(key).is_some_and(|namespace| is_active(&namespace)) {
            return Ok(None);
        }
        let api = self.client.namespaced(&CONFIG_MAPS, key);
        let data = value!({"ca.crt": self.root_ca.as_str()});
        let answer = match self.maps.get_namespaced(key, NAME) {
            None => {
                let map = value!({
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": {
                        "name": NAME,
                        "namespace": key,
                        "annotations": {DESCRIPTION_KEY: DESCRIPTION}
                    },
                    "data": data
                });
                api.create(map).await
            }
            Some(map) if map.at(&["data"]) == Some(&data) && map.annotation(DESCRIPTION_KEY).is_some() => {
                return Ok(None);
            }
            Some(map) => {
                let mut changed = (*map).clone();
                changed.set(&["data"], data);
                changed.metadata_mut().map_at("annotations").insert(DESCRIPTION_KEY, DESCRIPTION);
                api.update(changed).await
            }
        };
        match answer {
            Err(status) if status.is_already_exists() || is_namespace_terminating(&status) => Ok(None),
            answer => Ok(answer.map(|_| None)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use client::testing::{FakeApi, settle};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_was_changed_is_put_right() {
        let api = FakeApi::new();
        let _running = tokio::spawn((DESCRIPTOR.start)(Context::for_tests(&api)));
        api.seed(&NAMESPACES, value!({"metadata": {"name": "a"}}));
        settle(1).await;
        api.modify(&CONFIG_MAPS, "a", NAME, |map| map.set(&["data"], value!({"ca.crt": "forged"})));
        settle(1).await;
        let map = api.get(&CONFIG_MAPS, "a", NAME).unwrap();
        assert_eq!(map.str_at(&["data", "ca.crt"]), Some("PEM"));
        assert_eq!(map.annotation(DESCRIPTION_KEY), Some(DESCRIPTION));
    }
}
