//! ConfigMaps, secrets and bundles of trust anchors that pods refer to.

use std::sync::Arc;

use api::views::core_v1::Pod;
use apimachinery::{Object, Status, Value, base64_decode};
use client::{Client, Collection, Options, ResourceKind, kinds};

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

    /// The bundle of trust anchors of some name, or `None` when there is none.
    pub async fn trust_bundle(&self, name: &str) -> Result<Option<Arc<Object>>, Status> {
        self.client.all(&kinds::CLUSTER_TRUST_BUNDLES).get_optional(name).await
    }

    /// The bundles of trust anchors of a signer.
    pub async fn trust_bundles(&self, signer: &str) -> Result<Vec<Arc<Object>>, Status> {
        let options = Options { field_selector: of_signer(signer), ..Options::default() };
        self.client.all(&kinds::CLUSTER_TRUST_BUNDLES).list(options).await
    }
}

fn of_signer(signer: &str) -> String {
    format!("spec.signerName={signer}")
}

fn named(name: &str) -> String {
    format!("metadata.name={name}")
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

/// What a pod's volumes show whose changes must reach the running pod.
pub fn of_volumes(pod: &Object) -> Vec<Collection> {
    let of = |source: Source, name: &str| {
        Collection::all(&source.resource()).in_namespace(pod.namespace()).fields(named(name))
    };
    let bundles = || Collection::all(&kinds::CLUSTER_TRUST_BUNDLES);
    let mut found = Vec::new();
    for volume in Pod::of(pod).spec().volumes().iter() {
        found.extend(volume.config_map().map(|source| of(Source::ConfigMap, source.name())));
        found.extend(volume.secret().map(|source| of(Source::Secret, source.secret_name())));
        for source in volume.projected().into_iter().flat_map(|projected| projected.sources().iter()) {
            found.extend(source.config_map().map(|source| of(Source::ConfigMap, source.name())));
            found.extend(source.secret().map(|source| of(Source::Secret, source.name())));
            let bundle = source.cluster_trust_bundle();
            found.extend(bundle.and_then(|bundle| bundle.name()).map(|name| bundles().fields(named(name))));
            found.extend(bundle.and_then(|bundle| bundle.signer_name()).map(|name| bundles().fields(of_signer(name))));
        }
    }
    found.sort();
    found.dedup();
    found
}
