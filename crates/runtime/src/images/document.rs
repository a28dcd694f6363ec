//! The JSON documents of images: OCI's, and docker-archive's manifest.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Points to a blob.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Descriptor {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) media_type: String,
    pub(crate) digest: String,
    pub(crate) size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) platform: Option<Platform>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) annotations: BTreeMap<String, String>,
}

/// What an image runs on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Platform {
    pub(crate) architecture: String,
    pub(crate) os: String,
}

impl Platform {
    /// Whether this host runs it.
    pub(crate) fn is_of_host(&self) -> bool {
        self.os == "linux" && self.architecture == host_architecture()
    }
}

/// This host's architecture in the words of images.
pub(crate) fn host_architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// An index of manifests, or a manifest.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Manifest {
    pub(crate) schema_version: u32,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) media_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) config: Option<Descriptor>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) layers: Vec<Descriptor>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) manifests: Vec<Descriptor>,
}

/// An image's configuration.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ImageConfiguration {
    pub(crate) architecture: String,
    pub(crate) os: String,
    pub(crate) config: ProcessDefaults,
    pub(crate) rootfs: LayerList,
}

/// Digests of the unpacked layers, bottom up.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct LayerList {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) diff_ids: Vec<String>,
}

/// What a container of the image does unless told otherwise. Null and absent mean the same.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct ProcessDefaults {
    #[serde(deserialize_with = "null_as_default")]
    pub(crate) user: String,
    #[serde(deserialize_with = "null_as_default")]
    pub(crate) env: Vec<String>,
    #[serde(deserialize_with = "null_as_default")]
    pub(crate) entrypoint: Vec<String>,
    #[serde(deserialize_with = "null_as_default")]
    pub(crate) cmd: Vec<String>,
    #[serde(deserialize_with = "null_as_default")]
    pub(crate) working_dir: String,
    #[serde(deserialize_with = "null_as_default")]
    pub(crate) stop_signal: String,
    #[serde(deserialize_with = "null_as_default")]
    pub(crate) volumes: BTreeMap<String, serde_json::Value>,
}

fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// One image in a docker-archive's `manifest.json`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct DockerManifest {
    pub(crate) config: String,
    #[serde(deserialize_with = "null_as_default")]
    pub(crate) repo_tags: Vec<String>,
    pub(crate) layers: Vec<String>,
}
