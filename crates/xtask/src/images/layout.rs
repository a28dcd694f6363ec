//! An OCI image layout on disk.

use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
};

use anyhow::Context;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::layer::Layer;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// The annotation that carries an image's full name.
pub(super) const NAME: &str = "io.containerd.image.name";

/// What an image says about the programs in it.
#[derive(Clone, Copy, Default)]
pub(super) struct Configuration<'a> {
    pub(super) entrypoint: &'a [&'a str],
    pub(super) command: &'a [&'a str],
    pub(super) user: &'a str,
    /// By what the image is told from others of the same content; its name when empty.
    pub(super) identity: &'a str,
}

/// A layer that the layout has.
#[derive(Clone)]
pub(super) struct StoredLayer {
    descriptor: Value,
    difference: String,
}

/// A layout being written.
pub(super) struct Layout {
    root: PathBuf,
    manifests: Vec<Value>,
}

impl Layout {
    pub(super) fn create(root: &Path) -> anyhow::Result<Layout> {
        let _ = std::fs::remove_dir_all(root);
        std::fs::create_dir_all(root.join("blobs/sha256"))?;
        std::fs::write(root.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#)?;
        Ok(Layout { root: root.to_owned(), manifests: Vec::new() })
    }

    fn blob(&self, content: &[u8], media_type: &str) -> anyhow::Result<Value> {
        let digest = hex::encode(Sha256::digest(content));
        std::fs::write(self.root.join("blobs/sha256").join(&digest), content)?;
        Ok(json!({"mediaType": media_type, "digest": format!("sha256:{digest}"), "size": content.len()}))
    }

    /// Puts a layer, for any number of images.
    pub(super) fn layer(&self, layer: &Layer) -> anyhow::Result<StoredLayer> {
        let mut plain = Vec::new();
        layer.write(&mut plain)?;
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
        std::io::Write::write_all(&mut packer, &plain)?;
        let descriptor = self.blob(&packer.finish()?, LAYER)?;
        Ok(StoredLayer { descriptor, difference: format!("sha256:{}", hex::encode(Sha256::digest(&plain))) })
    }

    /// Puts an image.
    pub(super) fn image(&mut self, name: &str, layers: &[StoredLayer], of: &Configuration<'_>) -> anyhow::Result<()> {
        let mut config = BTreeMap::from([
            // Images with equal content must not share an identifier: a runtime would report the other's name.
            ("Labels", json!({"conformance.reference": if of.identity.is_empty() { name } else { of.identity }})),
            ("Env", json!(["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"])),
        ]);
        for (key, words) in [("Entrypoint", of.entrypoint), ("Cmd", of.command)] {
            if !words.is_empty() {
                config.insert(key, json!(words));
            }
        }
        if !of.user.is_empty() {
            config.insert("User", json!(of.user));
        }
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        let configuration = json!({
            "architecture": architecture, "os": "linux", "created": "1970-01-01T00:00:00Z", "config": config,
            "rootfs": {"type": "layers", "diff_ids": layers.iter().map(|layer| &layer.difference).collect::<Vec<_>>()},
        });
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": self.blob(&serde_json::to_vec(&configuration)?, CONFIG)?,
            "layers": layers.iter().map(|layer| &layer.descriptor).collect::<Vec<_>>(),
        });
        let mut entry = self.blob(&serde_json::to_vec(&manifest)?, MANIFEST)?;
        entry["platform"] = json!({"os": "linux", "architecture": architecture});
        entry["annotations"] = json!({NAME: name, "org.opencontainers.image.ref.name": name});
        self.manifests.push(entry);
        let size: u64 = layers.iter().filter_map(|layer| layer.descriptor["size"].as_u64()).sum();
        println!("  {name:58} {:>7.1} MB in {} layers", size as f64 / 1e6, layers.len());
        Ok(())
    }

    /// Writes the index, and the layout as one archive.
    pub(super) fn close(self, archive: &Path) -> anyhow::Result<()> {
        let index = json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": self.manifests
        });
        std::fs::write(self.root.join("index.json"), serde_json::to_vec_pretty(&index)?)?;
        let partial = archive.with_extension("partial");
        let mut out = tar::Builder::new(File::create(&partial)?);
        out.mode(tar::HeaderMode::Deterministic);
        let mut names = vec!["oci-layout".to_owned(), "index.json".to_owned()];
        let mut blobs = std::fs::read_dir(self.root.join("blobs/sha256"))?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<std::io::Result<Vec<_>>>()?;
        blobs.sort();
        names.extend(blobs.into_iter().map(|name| format!("blobs/sha256/{name}")));
        for name in names {
            out.append_path_with_name(self.root.join(&name), &name)?;
        }
        out.into_inner()?.sync_all()?;
        std::fs::rename(&partial, archive).with_context(|| format!("cannot write {}", archive.display()))
    }
}
