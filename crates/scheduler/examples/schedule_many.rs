//! Schedules 10,000 pods on 1,000 nodes against an API in memory, and prints pods per second and CPU time per pod.
//!
//! The API does as little as it can, so that what is measured is the scheduler and the client under it. The first
//! argument chooses the pods: `plain` (the default) or `spread` (pods of one service, spread by default over hosts
//! and zones).

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Instant,
};

use apimachinery::{Object, Status, Str, Value, value};
use async_trait::async_trait;
use client::{Body, Client, Request, Response, SharedInformers, Transport, Verb, WatchEvent, WatchStream};
use futures::{StreamExt, channel::mpsc, stream};
use parking_lot::Mutex;
use tokio::sync::Notify;

const NODES: usize = 1_000;
const PODS: usize = 10_000;
/// Kernel clock ticks per second, as `/proc` counts them.
const TICKS_PER_SECOND: f64 = 100.0;

#[derive(Default)]
struct Server {
    objects: Mutex<HashMap<Str, Vec<Arc<Object>>>>,
    pods: Mutex<HashMap<Str, Arc<Object>>>,
    watchers: Mutex<Vec<mpsc::UnboundedSender<Result<WatchEvent, Status>>>>,
    revision: AtomicU64,
    bound: AtomicUsize,
    done: Notify,
}

impl Server {
    fn versioned(&self, mut object: Object) -> Arc<Object> {
        let revision = self.revision.fetch_add(1, Ordering::Relaxed) + 1;
        object.set_meta("resourceVersion", &revision.to_string());
        object.set_meta("uid", &format!("uid-{revision}"));
        Arc::new(object)
    }

    fn publish(&self, event: &WatchEvent) {
        self.watchers.lock().retain(|watcher| watcher.unbounded_send(Ok(event.clone())).is_ok());
    }

    fn create_pod(&self, pod: Value) {
        let pod = self.versioned(Object(pod));
        self.pods.lock().insert(pod.key(), pod.clone());
        self.publish(&WatchEvent::Added(pod));
    }

    fn bind(&self, key: &str, node: &str) -> Result<Response, Status> {
        let mut pods = self.pods.lock();
        let pod = pods.get_mut(key).ok_or_else(|| Status::not_found("", "pods", key))?;
        let mut bound = (**pod).clone();
        bound.set(&["spec", "nodeName"], node);
        let revision = self.revision.fetch_add(1, Ordering::Relaxed) + 1;
        bound.set_meta("resourceVersion", &revision.to_string());
        *pod = Arc::new(bound);
        self.publish(&WatchEvent::Modified(pod.clone()));
        if self.bound.fetch_add(1, Ordering::Relaxed) + 1 == PODS {
            self.done.notify_one();
        }
        Ok(Response::Success(Status::success("", "pods", "", "")))
    }
}

#[derive(Clone)]
struct Loopback(Arc<Server>);

#[async_trait]
impl Transport for Loopback {
    async fn call(&self, request: Request) -> Result<Response, Status> {
        match (request.verb, &request.body, request.subresource.as_str()) {
            (Verb::Create, Body::Object(binding), "binding") => {
                let node = binding.str_at(&["target", "name"]).unwrap_or_default();
                self.0.bind(&format!("{}/{}", request.namespace, request.name), node)
            }
            (Verb::Create, Body::Object(object), _) => Ok(Response::Object(object.clone())),
            _ => Err(Status::bad_request(format!("unexpected: {:?} {}", request.verb, request.resource.resource))),
        }
    }

    async fn watch(&self, request: Request, _initial_events: bool) -> Result<WatchStream, Status> {
        let (sender, receiver) = mpsc::unbounded();
        let present = self.0.objects.lock().get(&request.resource.resource).cloned().unwrap_or_default();
        let mut first: Vec<_> = present.into_iter().map(|object| Ok(WatchEvent::Added(object))).collect();
        first.push(Ok(WatchEvent::Bookmark { resource_version: "1".into(), initial_events_end: true }));
        if request.resource.resource == "pods" {
            self.0.watchers.lock().push(sender);
            return Ok(stream::iter(first).chain(receiver).boxed());
        }
        Ok(stream::iter(first).chain(stream::pending()).boxed())
    }
}

fn node(index: usize) -> Value {
    let name = format!("node-{index}");
    value!({
        "metadata": {"name": name.as_str(), "labels": {
            "kubernetes.io/hostname": name.as_str(), "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
            "topology.kubernetes.io/zone": format!("zone-{}", index % 3)
        }},
        "status": {"allocatable": {"cpu": "4", "memory": "32Gi", "pods": "110", "ephemeral-storage": "100Gi"}}
    })
}

fn pod(index: usize) -> Value {
    value!({
        "metadata": {
            "namespace": "default", "name": format!("pod-{index}"), "labels": {"app": "web", "pod-template-hash": "x"}
        },
        "spec": {
            "schedulerName": "default-scheduler", "priority": 0, "restartPolicy": "Always",
            "containers": [{
                "name": "c", "image": "registry.k8s.io/pause:3.10",
                "resources": {"requests": {"cpu": "100m", "memory": "500Mi"}}
            }],
            "tolerations": [
                {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"},
                {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute"}
            ]
        }
    })
}

/// CPU time of this process in seconds.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux has it");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields[index].parse::<f64>().expect("a number");
    (ticks(11) + ticks(12)) / TICKS_PER_SECOND
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let kind = std::env::args().nth(1).unwrap_or_else(|| "plain".to_owned());
    let server = Arc::new(Server::default());
    let nodes = (0..NODES).map(|index| server.versioned(Object(node(index)))).collect();
    server.objects.lock().insert("nodes".into(), nodes);
    if kind == "spread" {
        let service =
            value!({"metadata": {"namespace": "default", "name": "web"}, "spec": {"selector": {"app": "web"}}});
        let service = server.versioned(Object(service));
        server.objects.lock().insert("services".into(), vec![service]);
    }
    let client = Client::new(Arc::new(Loopback(server.clone())), "kube-scheduler");
    let informers = SharedInformers::new(client.clone());
    tokio::spawn(scheduler::run(client, informers, scheduler::Configuration::default()));
    while server.watchers.lock().is_empty() {
        tokio::task::yield_now().await;
    }
    let pods: Vec<Value> = (0..PODS).map(pod).collect();
    let (start, cpu) = (Instant::now(), cpu_seconds());
    for (index, pod) in pods.into_iter().enumerate() {
        server.create_pod(pod);
        if index % 64 == 0 {
            tokio::task::yield_now().await;
        }
    }
    server.done.notified().await;
    let (wall, cpu) = (start.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    let mut per_node: HashMap<String, usize> = HashMap::new();
    for pod in server.pods.lock().values() {
        *per_node.entry(pod.spec().str_at("nodeName").unwrap_or_default().to_owned()).or_default() += 1;
    }
    println!(
        "{kind}: {PODS} pods on {NODES} nodes: {:.0} pods/s, {:.0} CPU-us per pod; {} to {} pods per node",
        PODS as f64 / wall,
        cpu * 1e6 / PODS as f64,
        per_node.values().min().copied().unwrap_or_default(),
        per_node.values().max().copied().unwrap_or_default(),
    );
}
