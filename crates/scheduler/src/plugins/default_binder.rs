//! Binds a pod to its node through the subresource `binding`.

use std::sync::Arc;

use apimachinery::{Status, value};
use client::{Client, kinds};
use futures::{FutureExt, future::BoxFuture};

use super::Descriptor;
use crate::{cache::PodInfo, framework::Plugin};

pub(super) const DESCRIPTOR: Descriptor =
    Descriptor { name: "DefaultBinder", weight: 0, make: |_| Box::new(DefaultBinder) };

struct DefaultBinder;

impl Plugin for DefaultBinder {
    fn name(&self) -> &'static str {
        DESCRIPTOR.name
    }

    fn bind(&self, client: &Client, pod: &Arc<PodInfo>) -> Option<BoxFuture<'static, Result<(), Status>>> {
        let pods = client.namespaced(&kinds::PODS, pod.namespace.clone());
        let pod = pod.clone();
        let bind = async move {
            let binding = value!({
                "apiVersion": "v1",
                "kind": "Binding",
                "metadata": {"namespace": &pod.namespace, "name": &pod.name, "uid": &pod.uid},
                "target": {"apiVersion": "v1", "kind": "Node", "name": &pod.node_name}
            });
            pods.create_subresource(&pod.name, "binding", binding).await.map(drop)
        };
        Some(bind.boxed())
    }
}
