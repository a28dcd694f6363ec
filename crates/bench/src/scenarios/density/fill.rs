//! Deployments that fill the nodes.

use apimachinery::{Value, value};
use client::{Options, kinds};
use sim::Fleet;

use crate::{
    Bench,
    load::send_all,
    objects::{self, delete, ensure_namespace},
};

/// Nodes per namespace, as ClusterLoader2 has them.
const NODES_PER_NAMESPACE: usize = 100;
/// Pods of a Deployment.
const REPLICAS: usize = 30;

fn namespaces(nodes: usize) -> Vec<String> {
    (0..nodes.div_ceil(NODES_PER_NAMESPACE)).map(|number| format!("density-{number}")).collect()
}

fn deployment(name: &str, replicas: usize) -> Value {
    value!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": {"group": "density"}},
        "spec": {
            "replicas": i64::try_from(replicas).unwrap_or(i64::MAX),
            "selector": {"matchLabels": {"name": name}},
            "template": {
                "metadata": {"labels": {"name": name, "group": "density"}},
                "spec": {
                    "terminationGracePeriodSeconds": 1,
                    "containers": [{
                        "name": "pause",
                        "image": "registry.k8s.io/pause:3.10.2",
                        "ports": [{"containerPort": 80}],
                        "resources": {"requests": {"cpu": "10m", "memory": "10M"}}
                    }]
                }
            }
        }
    })
}

fn service(name: &str) -> Value {
    value!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"name": name}, "ports": [{"port": 80, "targetPort": 80}]}
    })
}

/// Creates Deployments of `pods` pods with a service each, over namespaces.
pub(super) async fn create(bench: &Bench, nodes: usize, pods: usize) -> anyhow::Result<()> {
    let namespaces = namespaces(nodes);
    for namespace in &namespaces {
        ensure_namespace(bench, namespace).await?;
    }
    let count = pods.div_ceil(REPLICAS);
    let calls = (0..count).flat_map(|number| {
        let namespace = &namespaces[number % namespaces.len()];
        let name = format!("group-{number}");
        let replicas = REPLICAS.min(pods - number * REPLICAS);
        [
            objects::create(&format!("/api/v1/namespaces/{namespace}/services"), &service(&name)),
            objects::create(&format!("/apis/apps/v1/namespaces/{namespace}/deployments"), &deployment(&name, replicas)),
        ]
    });
    send_all(bench, calls.collect::<Vec<_>>()).await
}

/// Deletes everything and waits until the nodes have let every pod go.
pub(super) async fn clear(bench: &Bench, fleet: &Fleet) -> anyhow::Result<()> {
    let client = bench.target().client()?;
    let listed = client.all(&kinds::DEPLOYMENTS).list(Options::default()).await?;
    let calls = listed.iter().flat_map(|deployment| {
        let (namespace, name) = (deployment.namespace(), deployment.name());
        [
            delete(format!("/apis/apps/v1/namespaces/{namespace}/deployments/{name}")),
            delete(format!("/api/v1/namespaces/{namespace}/services/{name}")),
        ]
    });
    send_all(bench, calls.collect::<Vec<_>>()).await?;
    fleet.until(|figures| figures.pods == 0).await;
    Ok(())
}
