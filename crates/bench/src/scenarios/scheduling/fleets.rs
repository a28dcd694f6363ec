//! What stands around the pods of a case: nodes, namespaces, churn; and how it is cleared away.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use anyhow::Context;
use apimachinery::{Object, Value, value};
use client::{Client, Options, ResourceKind, WatchEvent, kinds};
use futures::StreamExt;
use http::Method;
use sim::{Fleet, FleetOptions, PodLife, Pool};
use tokio::task::AbortHandle;

use super::{
    pods::{self, Batch},
    templates,
};
use crate::{
    Bench, Figures,
    http::{Call, JSON},
    objects,
    scenarios::requests::{PLACEHOLDER, Template},
};

/// When nodes are given up that do not get ready for pods.
const NODES_PATIENCE: Duration = Duration::from_secs(600);
/// Where objects of churn stand.
const CHURN_NAMESPACE: &str = "churn";
const PRIORITY_CLASSES: ResourceKind =
    ResourceKind::new("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", false);

/// The surroundings of one workload.
pub(super) struct Stage {
    client: Client,
    fleets: Vec<Fleet>,
    namespaces: BTreeSet<&'static str>,
    churn: Vec<AbortHandle>,
}

impl Stage {
    pub(super) fn new(bench: &Bench) -> anyhow::Result<Stage> {
        let client = bench.target().client()?;
        Ok(Stage { client, fleets: Vec::new(), namespaces: BTreeSet::new(), churn: Vec::new() })
    }

    async fn namespace(&mut self, bench: &Bench, name: &'static str) -> anyhow::Result<()> {
        if self.namespaces.insert(name) {
            objects::ensure_namespace(bench, name).await?;
        }
        Ok(())
    }

    /// Starts hollow nodes that keep their leases and let pods be, and waits until pods may go there.
    pub(super) async fn nodes(
        &mut self,
        bench: &Bench,
        prefix: &str,
        count: usize,
        zones: u32,
        max_pods: u32,
    ) -> anyhow::Result<()> {
        let options = FleetOptions {
            nodes: u32::try_from(count)?,
            prefix: prefix.to_owned(),
            zones,
            max_pods,
            pods: PodLife::Ignore,
            ..FleetOptions::default()
        };
        let pool = Pool::new(bench.target().access()?, "kubelet")?;
        let fleet = Fleet::start(pool, options);
        let ready = async {
            fleet.ready().await?;
            self.untainted(prefix, count).await
        };
        tokio::time::timeout(NODES_PATIENCE, ready).await.context("the nodes do not get ready")??;
        self.fleets.push(fleet);
        Ok(())
    }

    /// Waits until nothing keeps pods off these nodes: controllers have seen that they are ready.
    async fn untainted(&self, prefix: &str, count: usize) -> anyhow::Result<()> {
        let options = Options { label_selector: format!("sim.sagong.dev/fleet={prefix}"), ..Options::default() };
        let mut events = self.client.all(&kinds::NODES).watch(options, true).await?;
        let mut free = BTreeSet::new();
        while free.len() < count {
            match events.next().await.context("the watch of nodes ended")?? {
                WatchEvent::Added(node) | WatchEvent::Modified(node) => {
                    match node.spec().list_at("taints").is_empty() {
                        true => _ = free.insert(node.name().to_owned()),
                        false => _ = free.remove(node.name()),
                    }
                }
                WatchEvent::Deleted(_) | WatchEvent::Bookmark { .. } => {}
            }
        }
        Ok(())
    }

    async fn high_priority(&self) -> anyhow::Result<()> {
        let class = value!({
            "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass",
            "metadata": {"name": templates::HIGH_PRIORITY}, "value": 10
        });
        match self.client.all(&PRIORITY_CLASSES).create(Object(class)).await {
            Err(error) if !error.is_already_exists() => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Creates pods and waits for their nodes.
    pub(super) async fn pods(&mut self, bench: &Bench, batch: Batch) -> anyhow::Result<Figures> {
        self.high_priority().await?;
        self.namespace(bench, batch.namespace).await?;
        pods::create_and_wait(bench, &batch).await
    }

    /// Makes objects until the stage is cleared.
    pub(super) async fn churn(
        &mut self,
        bench: &Bench,
        make: &'static [fn() -> Value],
        interval: Duration,
        replace: bool,
    ) -> anyhow::Result<()> {
        self.high_priority().await?;
        self.namespace(bench, CHURN_NAMESPACE).await?;
        let connection = bench.connect().await?;
        let kinds: Vec<(String, Template, String)> = make
            .iter()
            .map(|make| {
                let object = Object(make());
                let path = match object.kind() {
                    "Node" => "/api/v1/nodes".to_owned(),
                    "Service" => format!("/api/v1/namespaces/{CHURN_NAMESPACE}/services"),
                    _ => format!("/api/v1/namespaces/{CHURN_NAMESPACE}/pods"),
                };
                (path, Template::new(&object), object.name().to_owned())
            })
            .collect();
        let task = tokio::spawn(async move {
            let mut made: BTreeMap<usize, String> = BTreeMap::new();
            let mut ticks = tokio::time::interval(interval);
            for turn in 0usize.. {
                ticks.tick().await;
                let index = turn % kinds.len();
                let (path, template, name) = &kinds[index];
                let number = turn.to_string();
                if replace && let Some(path) = made.remove(&index) {
                    let _ = connection.call(&objects::delete(path)).await;
                }
                // A refusal is not worth ending the case for; the connection's end ends the case anyway.
                let _ = connection.call(&Call::send(Method::POST, path.clone(), JSON, template.with(&number))).await;
                made.insert(index, format!("{path}/{}", name.replace(PLACEHOLDER, &number)));
            }
        });
        self.churn.push(task.abort_handle());
        Ok(())
    }

    /// Clears everything away, for the next workload on the same control plane.
    pub(super) async fn clear(mut self, bench: &Bench) -> anyhow::Result<()> {
        self.churn.iter().for_each(AbortHandle::abort);
        let mut calls = Vec::new();
        for namespace in self.namespaces.iter().chain([&CHURN_NAMESPACE]) {
            let pods = self.client.namespaced(&kinds::PODS, *namespace);
            for pod in pods.list(Options::default()).await? {
                calls.push(objects::delete(format!("/api/v1/namespaces/{namespace}/pods/{}", pod.name())));
            }
        }
        crate::load::send_all(bench, calls).await?;
        for fleet in self.fleets.drain(..) {
            fleet.remove().await?;
        }
        Ok(())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.churn.iter().for_each(AbortHandle::abort);
    }
}
