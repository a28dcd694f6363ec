//! ConfigMaps and secrets that pods refer to.

use std::sync::Arc;

use api::views::core_v1::Pod;
use apimachinery::{Object, Status, Value, base64_decode};
use client::{Client, ResourceKind, kinds};

/// A ConfigMap or a secret of some name in a pod's namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// A ConfigMap.
    ConfigMap,
    /// A secret.
    Secret,
}

impl Source {
    /// The resource.
    pub fn resource(self) -> ResourceKind {
        match self {
            Source::ConfigMap => kinds::CONFIG_MAPS,
            Source::Secret => kinds::SECRETS,
        }
    }

    /// The kind as messages name it.
    pub fn kind(self) -> &'static str {
        match self {
            Source::ConfigMap => "ConfigMap",
            Source::Secret => "Secret",
        }
    }
}

/// Reads the objects that a pod refers to, always as they are now: a container that starts after a change sees it.
#[derive(Clone)]
pub struct Objects {
    client: Client,
}

impl Objects {
    /// Reads as `client`.
    pub fn new(client: Client) -> Objects {
        Objects { client }
    }

    /// The object, or `None` when there is none. Other failures are upstream's text.
    pub async fn get(&self, source: Source, namespace: &str, name: &str) -> Result<Option<Arc<Object>>, Status> {
        self.client.namespaced(&source.resource(), namespace).get_optional(name).await
    }
}

/// The words of a missing object.
pub fn missing(source: Source, name: &str) -> String {
    format!("{} {name:?} not found", source.kind().to_lowercase())
}

/// The data of a ConfigMap or secret in key order.
pub fn data(source: Source, object: &Object) -> Vec<(String, Vec<u8>)> {
    let text = |key: &str| object.map_at(&[key]).into_iter().flat_map(|map| map.iter());
    let bytes = |value: &Value| base64_decode(value.as_str().unwrap_or_default()).unwrap_or_default();
    let mut data: Vec<(String, Vec<u8>)> = match source {
        Source::Secret => text("data").map(|(key, value)| (key.to_string(), bytes(value))).collect(),
        Source::ConfigMap => text("data")
            .map(|(key, value)| (key.to_string(), value.as_str().unwrap_or_default().into()))
            .chain(text("binaryData").map(|(key, value)| (key.to_string(), bytes(value))))
            .collect(),
    };
    data.sort();
    data
}

/// The ConfigMaps and secrets that a pod's volumes show, whose changes must reach the running pod.
pub fn of_volumes(pod: Pod<'_>) -> Vec<(Source, String)> {
    let mut found = Vec::new();
    for volume in pod.spec().volumes().iter() {
        found.extend(volume.config_map().map(|source| (Source::ConfigMap, source.name().to_owned())));
        found.extend(volume.secret().map(|source| (Source::Secret, source.secret_name().to_owned())));
        for source in volume.projected().into_iter().flat_map(|projected| projected.sources().iter()) {
            found.extend(source.config_map().map(|source| (Source::ConfigMap, source.name().to_owned())));
            found.extend(source.secret().map(|source| (Source::Secret, source.name().to_owned())));
        }
    }
    found.sort();
    found.dedup();
    found
}
