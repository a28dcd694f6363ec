//! An API with bindings, and small builders, for tests.

use std::sync::Arc;

use apimachinery::{Object, Status, Value, value};
use async_trait::async_trait;
use client::{
    Body, Client, PatchType, Request, Response, SharedInformers, Transport, WatchStream, kinds, testing::FakeApi,
};

use crate::{
    Configuration,
    cache::{Cache, NodeFacts, PodInfo},
};

/// The fake API, which also binds pods and merges conditions by type.
#[derive(Clone, Default)]
pub(crate) struct Api {
    pub(crate) fake: FakeApi,
    /// Bindings are refused with these, one each.
    pub(crate) bindings_refused: Arc<parking_lot::Mutex<Vec<Status>>>,
}

fn merge_conditions(old: &[Value], new: &[Value]) -> Value {
    let mut merged = old.to_vec();
    for condition in new {
        let kind = condition.str_at(&["type"]);
        merged.retain(|known| known.str_at(&["type"]) != kind);
        merged.push(condition.clone());
    }
    Value::from(merged)
}

#[async_trait]
impl Transport for Api {
    async fn call(&self, mut request: Request) -> Result<Response, Status> {
        let (namespace, name) = (request.namespace.clone(), request.name.clone());
        match (&mut request.body, request.subresource.as_str()) {
            (Body::Object(binding), "binding") => {
                if let Some(status) = self.bindings_refused.lock().pop() {
                    return Err(status);
                }
                let Some(pod) = self.fake.get(&kinds::PODS, &namespace, &name) else {
                    return Err(Status::not_found("", "pods", &name));
                };
                if pod.spec().str_at("nodeName").is_some_and(|node| !node.is_empty()) {
                    return Err(Status::conflict("", "pods", &name, "the pod has a node already"));
                }
                let node = binding.str_at(&["target", "name"]).unwrap_or_default().to_owned();
                self.fake.modify(&kinds::PODS, &namespace, &name, |pod| pod.set(&["spec", "nodeName"], node));
                Ok(Response::Success(Status::success("", "pods", &name, "")))
            }
            (Body::Patch(patch_type @ PatchType::Strategic, patch), "status") => {
                *patch_type = PatchType::Merge;
                if let Some(pod) = self.fake.get(&kinds::PODS, &namespace, &name)
                    && let Some(new) = patch.at(&["status", "conditions"]).and_then(Value::as_list).cloned()
                {
                    let old = pod.list_at(&["status", "conditions"]);
                    patch.set(&["status", "conditions"], merge_conditions(old, &new));
                }
                self.fake.call(request).await
            }
            _ => self.fake.call(request).await,
        }
    }

    async fn watch(&self, request: Request, initial_events: bool) -> Result<WatchStream, Status> {
        self.fake.watch(request, initial_events).await
    }
}

impl Api {
    pub(crate) fn client(&self) -> Client {
        Client::new(Arc::new(self.clone()), "kube-scheduler")
    }

    /// Starts a scheduler.
    pub(crate) fn start(&self) -> tokio::task::JoinHandle<()> {
        let informers = SharedInformers::new(self.client());
        tokio::spawn(crate::run(self.client(), informers, Configuration::default()))
    }

    pub(crate) fn node_of(&self, name: &str) -> String {
        let pod = self.fake.get(&kinds::PODS, "default", name).expect("the pod is there");
        pod.spec().str_at("nodeName").unwrap_or_default().to_owned()
    }

    /// Reason and message of the condition `PodScheduled`.
    pub(crate) fn condition(&self, name: &str) -> (String, String) {
        let pod = self.fake.get(&kinds::PODS, "default", name).expect("the pod is there");
        let mut conditions = pod.list_at(&["status", "conditions"]).iter();
        let condition = conditions.find(|condition| condition.str_at(&["type"]) == Some("PodScheduled"));
        let text = |key| condition.and_then(|condition| condition.str_at(&[key])).unwrap_or_default().to_owned();
        (text("reason"), text("message"))
    }

    pub(crate) fn pod(&self, pod: Value) {
        self.fake.seed(&kinds::PODS, pod);
    }

    pub(crate) fn node(&self, node: Value) {
        self.fake.seed(&kinds::NODES, node);
    }

    /// Reasons of the events so far.
    pub(crate) fn events(&self) -> Vec<(String, String)> {
        let text = |event: &Object, key: &str| event.str_at(&[key]).unwrap_or_default().to_owned();
        self.fake.list(&kinds::EVENTS).iter().map(|event| (text(event, "reason"), text(event, "message"))).collect()
    }
}

/// A node with so much CPU and 32 GiB of memory for 110 pods.
pub(crate) fn node(name: &str, cpu: &str) -> Value {
    value!({
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
        "status": {"allocatable": {"cpu": cpu, "memory": "32Gi", "pods": "110"}}
    })
}

/// A pod that asks for so much CPU.
pub(crate) fn pod(name: &str, cpu: &str) -> Value {
    value!({
        "metadata": {"namespace": "default", "name": name, "uid": format!("uid-of-{name}")},
        "spec": {
            "schedulerName": "default-scheduler",
            "containers": [{"name": "c", "image": "app", "resources": {"requests": {"cpu": cpu, "memory": "1Mi"}}}]
        }
    })
}

/// `value` with another value at a path of keys with dots between; keys of labels and annotations stand whole.
pub(crate) fn with(mut value: Value, path: &[&str], new: Value) -> Value {
    value.set(path, new);
    value
}

pub(crate) fn pod_info(pod: Value) -> PodInfo {
    PodInfo::read(&Object(pod))
}

/// A cluster of nodes and placed pods.
pub(crate) fn cache(nodes: &[Value], placed: &[(&str, Value)]) -> Cache {
    let mut cache = Cache::default();
    for node in nodes {
        let node = Object(node.clone());
        cache.set_node(&node.name().into(), NodeFacts::read(&node));
    }
    for (node, pod) in placed {
        let pod = with(pod.clone(), &["spec", "nodeName"], Value::from(*node));
        cache.add_pod(Arc::new(pod_info(pod)), false);
    }
    cache.order();
    cache
}
