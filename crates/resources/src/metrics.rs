//! `metrics.k8s.io/v1beta1`: what nodes and pods use, as metrics-server would say it.
//!
//! The kubelets know how much CPU time was used since a container's start; a rate needs two such samples. They
//! are taken when somebody asks: one that was taken within the last minute is the first of the two, so that
//! whoever asks regularly sees the time between the questions. After a pause two are taken, a moment apart. When
//! nobody asks, nothing happens.

mod sample;
mod usage;

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use apimachinery::{Object, Status, Str, Value, time, value};
use apiserver::{
    Column, Guard, Reader, Resource, SchemaHandle, Server, Strategy, TableConvertor, http::get_from_node,
    resource::DefaultStrategy,
};
use async_trait::async_trait;
use client::ResourceKind;
use futures::future::join_all;
use parking_lot::Mutex;

use sample::Sample;
use usage::Window;

const GROUP: &str = "metrics.k8s.io";
const VERSION: &str = "v1beta1";
/// Where kubelets tell what is used, as they tell metrics-server.
const KUBELET_PATH: &str = "/metrics/resource";
/// How long a kubelet may take to answer.
const SCRAPE_TIMEOUT: Duration = Duration::from_secs(10);
/// A question within this time of the last sample is answered from what is known.
const FRESH: Duration = Duration::from_secs(5);
/// A sample older than this is no beginning of a window.
const LONGEST_WINDOW: Duration = Duration::from_secs(60);
/// The window that is measured when there is no earlier sample.
const SHORTEST_WINDOW: Duration = Duration::from_secs(1);

/// What is known of a node.
#[derive(Default)]
struct Known {
    last: Option<(Instant, Arc<Sample>)>,
    window: Option<Arc<Window>>,
}

type Shared = Arc<tokio::sync::Mutex<Known>>;

/// The samples of all nodes; those of nodes that are gone are dropped when all nodes are asked.
#[derive(Default)]
struct Samples {
    nodes: Mutex<HashMap<String, Shared>>,
}

async fn scrape(server: &Arc<Server>, node: &str) -> Option<Arc<Sample>> {
    let answer = tokio::time::timeout(SCRAPE_TIMEOUT, get_from_node(server, node, KUBELET_PATH)).await;
    match answer {
        Ok(Ok(bytes)) => Some(Arc::new(Sample::parse(&String::from_utf8_lossy(&bytes), stdx::clock::now()))),
        Ok(Err(error)) => {
            tracing::debug!(node, error, "a node did not say what it uses");
            None
        }
        Err(_) => {
            tracing::debug!(node, "a node took too long to say what it uses");
            None
        }
    }
}

impl Samples {
    /// The latest window of a node; `None` when the node does not answer.
    async fn window(&self, server: &Arc<Server>, node: &str) -> Option<Arc<Window>> {
        let shared = self.nodes.lock().entry(node.to_owned()).or_default().clone();
        // Questions that come together share one answer.
        let mut known = shared.lock().await;
        let age = known.last.as_ref().map(|(taken, _)| taken.elapsed());
        match age {
            Some(age) if age < FRESH && known.window.is_some() => return known.window.clone(),
            Some(age) if age < LONGEST_WINDOW => {}
            _ => known.last = Some((Instant::now(), scrape(server, node).await?)),
        }
        let (taken, first) = known.last.clone()?;
        // A window that is too short says nothing.
        tokio::time::sleep(SHORTEST_WINDOW.saturating_sub(taken.elapsed())).await;
        let second = scrape(server, node).await?;
        let window = Arc::new(Window::between(&first, &second));
        *known = Known { last: Some((Instant::now(), second)), window: Some(window.clone()) };
        Some(window)
    }

    /// The latest windows of all nodes that answer.
    async fn windows(&self, server: &Arc<Server>) -> Result<Vec<(Arc<Object>, Arc<Window>)>, Status> {
        let nodes = server.registry().objects("", "nodes", "")?;
        self.nodes.lock().retain(|name, _| nodes.iter().any(|node| node.name() == name));
        let asked = nodes.iter().map(|node| async { Some((node.clone(), self.window(server, node.name()).await?)) });
        Ok(join_all(asked).await.into_iter().flatten().collect())
    }
}

/// An object about `subject` over `window`.
fn metrics(kind: &str, subject: &Object, window: &Window) -> Object {
    let mut object = Object(value!({
        "apiVersion": format!("{GROUP}/{VERSION}"),
        "kind": kind,
        "metadata": {"name": subject.name(), "creationTimestamp": time::format_seconds(stdx::clock::now())},
        "timestamp": time::format_seconds(window.end()),
        "window": time::format_duration(window.nanoseconds())
    }));
    object.set_meta("namespace", subject.namespace());
    if !subject.labels().is_empty() {
        object.metadata_mut().insert("labels", subject.labels().clone());
    }
    object
}

fn of_node(node: &Object, window: &Window) -> Option<Object> {
    let mut object = metrics("NodeMetrics", node, window);
    object.set(&["usage"], window.node()?.to_value());
    Some(object)
}

/// A pod is told of when all of its running containers are known.
fn of_pod(pod: &Object, window: &Window) -> Option<Object> {
    let statuses = ["containerStatuses", "initContainerStatuses"];
    let statuses = statuses.iter().flat_map(|list| pod.list_at(&["status", list]));
    let running = statuses.filter(|status| status.at(&["state", "running"]).is_some_and(|state| !state.is_null()));
    let containers: Option<Vec<Value>> = running
        .map(|status| {
            let name = status.str_at(&["name"]).unwrap_or_default();
            let usage = window.container(pod.namespace(), pod.name(), name)?;
            Some(value!({"name": name, "usage": usage.to_value()}))
        })
        .collect();
    let containers = containers.filter(|containers| !containers.is_empty())?;
    let mut object = metrics("PodMetrics", pod, window);
    object.set(&["containers"], containers);
    Some(object)
}

struct Nodes(Arc<Samples>);

#[async_trait]
impl Reader for Nodes {
    async fn get(&self, server: &Arc<Server>, _: &str, name: &str) -> Result<Option<Object>, Status> {
        let Some(node) = server.registry().object("", "nodes", "", name)? else { return Ok(None) };
        let window = self.0.window(server, name).await;
        Ok(window.and_then(|window| of_node(&node, &window)))
    }

    async fn list(&self, server: &Arc<Server>, _: &str) -> Result<Vec<Object>, Status> {
        let windows = self.0.windows(server).await?;
        Ok(windows.iter().filter_map(|(node, window)| of_node(node, window)).collect())
    }
}

struct Pods(Arc<Samples>);

#[async_trait]
impl Reader for Pods {
    async fn get(&self, server: &Arc<Server>, namespace: &str, name: &str) -> Result<Option<Object>, Status> {
        let Some(pod) = server.registry().object("", "pods", namespace, name)? else { return Ok(None) };
        let node = pod.str_at(&["spec", "nodeName"]).unwrap_or_default();
        if node.is_empty() {
            return Ok(None);
        }
        let window = self.0.window(server, node).await;
        Ok(window.and_then(|window| of_pod(&pod, &window)))
    }

    async fn list(&self, server: &Arc<Server>, namespace: &str) -> Result<Vec<Object>, Status> {
        let windows = self.0.windows(server).await?;
        let pods = server.registry().objects("", "pods", namespace)?;
        let of = |pod: &Arc<Object>| {
            let node = pod.str_at(&["spec", "nodeName"])?;
            let (_, window) = windows.iter().find(|(known, _)| known.name() == node)?;
            of_pod(pod, window)
        };
        Ok(pods.iter().filter_map(of).collect())
    }
}

/// The table that metrics-server shows.
struct UsageTable;

impl TableConvertor for UsageTable {
    fn columns(&self) -> Vec<Column> {
        let column = |name: &'static str| Column::new(name, "string", 0);
        vec![column("Name"), column("cpu"), column("memory"), column("Window")]
    }

    fn cells(&self, object: &Object) -> Vec<Value> {
        let usages = object.list_at(&["containers"]).iter().filter_map(|container| container.get("usage"));
        let total = usage::sum(usages.chain(object.at(&["usage"])));
        vec![
            object.name().into(),
            total.cpu().into(),
            total.memory().into(),
            object.str_at(&["window"]).unwrap_or_default().into(),
        ]
    }
}

/// Serves the group, unless another server is asked for it.
pub fn install(server: &Arc<Server>) {
    let samples = Arc::new(Samples::default());
    let nodes = ResourceKind::new(GROUP, VERSION, "nodes", "NodeMetrics", false);
    let pods = ResourceKind::new(GROUP, VERSION, "pods", "PodMetrics", true);
    let readers: [(ResourceKind, Arc<dyn Reader>); 2] =
        [(nodes, Arc::new(Nodes(samples.clone()))), (pods, Arc::new(Pods(samples)))];
    for (kind, reader) in readers {
        let Some(type_id) = api::type_of(GROUP, VERSION, &kind.kind) else { continue };
        let strategy: Arc<dyn Strategy> = Arc::new(DefaultStrategy);
        server.registry().insert(Resource {
            kind,
            singular: Str::EMPTY,
            short_names: Vec::new(),
            categories: Vec::new(),
            verbs: ["get", "list"].map(Str::from_static).to_vec(),
            storage_version_hash: Str::EMPTY,
            schema: SchemaHandle::Static(api::schema()),
            type_id,
            strategy,
            table: Arc::new(UsageTable),
            subresources: Vec::new(),
            conversion: None,
            versions: None,
            guard: Guard::default(),
            cache: None,
            creator: None,
            reader: Some(reader),
        });
    }
}
