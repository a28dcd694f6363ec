//! What is written and read: objects as they occur, encoded once.

use anyhow::bail;
use apimachinery::{Object, Value, value};
use bytes::Bytes;
use client::Api;
use futures::StreamExt;
use http::Method;

use crate::{
    Bench,
    http::{Call, JSON},
};

/// A namespace of this name; that it exists already is no error.
///
/// # Errors
/// The server's refusal.
pub async fn ensure_namespace(bench: &Bench, name: &str) -> anyhow::Result<()> {
    let client = bench.target().client()?;
    let namespace = value!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    match client.all(&client::kinds::NAMESPACES).create(Object(namespace)).await {
        Err(error) if !error.is_already_exists() => return Err(error.into()),
        _ => {}
    }
    // Pods are refused until their account is there, and watchers of ConfigMaps shall see none but their writers'.
    await_object(&client.namespaced(&client::kinds::SERVICE_ACCOUNTS, name), "default").await?;
    await_object(&client.namespaced(&client::kinds::CONFIG_MAPS, name), "kube-root-ca.crt").await
}

/// Waits until an object is there.
///
/// # Errors
/// The watch ends before.
pub async fn await_object(objects: &Api, name: &str) -> anyhow::Result<()> {
    let mut events = objects.watch(client::Options::default(), true).await?;
    while let Some(event) = events.next().await {
        if let client::WatchEvent::Added(object) = event?
            && object.name() == name
        {
            return Ok(());
        }
    }
    bail!("nobody made {name}")
}

/// JSON of a tree.
pub fn json(value: &Value) -> Bytes {
    Bytes::from(apimachinery::json::to_vec(value))
}

/// A ConfigMap whose data is 1 KiB.
pub fn config_map(name: &str) -> Value {
    value!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "labels": {"app": "bench"}},
        "data": {"payload": "x".repeat(1024)}
    })
}

/// A pod as deployments make them: two containers with ports, probes, resources, environment and mounts.
pub fn pod(name: &str) -> Value {
    let container = |name: &str, port: i64| {
        value!({
            "name": name,
            "image": "registry.example/app:1.2.3",
            "ports": [{"name": "http", "containerPort": port}],
            "env": [
                {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                {"name": "LEVEL", "value": "info"},
                {"name": "ENDPOINT", "value": "http://backend.default.svc.cluster.local:8080/api"}
            ],
            "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
            "readinessProbe": {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 5i64},
            "volumeMounts": [{"name": "config", "mountPath": "/etc/app"}]
        })
    };
    value!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name,
            "labels": {"app": "bench", "tier": "backend", "pod-template-hash": "5d4f8c7b9"},
            "annotations": {"example.com/checksum": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}
        },
        "spec": {
            "containers": [container("app", 8080), container("sidecar", 9090)],
            // No scheduler looks at it.
            "schedulerName": "nobody",
            "volumes": [{"name": "config", "configMap": {"name": "app-config", "optional": true}}]
        }
    })
}

/// A Deployment of that pod.
pub fn deployment(name: &str) -> Value {
    let mut template = pod("unused");
    template.remove(&["apiVersion"]);
    template.remove(&["kind"]);
    template.remove(&["metadata", "name"]);
    template.remove(&["metadata", "labels", "pod-template-hash"]);
    value!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "labels": {"app": "bench"}},
        "spec": {
            // What is measured is the write, not the pods that it would make.
            "replicas": 0i64,
            "selector": {"matchLabels": {"app": "bench"}},
            "template": template
        }
    })
}

/// Creates an object of a collection.
pub fn create(collection: &str, object: &Value) -> Call {
    Call::send(Method::POST, collection, JSON, json(object))
}

/// Deletes what stands at a path, at once.
pub fn delete(path: impl Into<String>) -> Call {
    Call::send(Method::DELETE, path, JSON, Bytes::from_static(DELETE_AT_ONCE))
}

const DELETE_AT_ONCE: &[u8] = br#"{"apiVersion":"v1","kind":"DeleteOptions","gracePeriodSeconds":0}"#;
