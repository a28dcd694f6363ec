//! Images: what is present, under which names, in which layers.
//!
//! A layer is unpacked once, into a directory of its own that is never written again; an image is a configuration and
//! a list of layers. Content is verified by digest on its way in: a layer's compressed form against its manifest, its
//! unpacked form against the image's configuration. Compressed layers are not kept. Everything lies under one
//! directory:
//!
//! ```text
//! images/catalog.json      names, digests, layers
//! images/blobs/sha256/…    configurations and manifests
//! images/downloads/DIGEST  compressed layers on their way in
//! images/layers/NUMBER     unpacked layers; short names, since a mount names all of an image's
//! ```

mod archive;
mod build;
pub(crate) mod document;
mod pull;
mod unpack;
mod users;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use cri_api::ImageName;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub use build::{BuildSource, ImageBuild};
use document::ImageConfiguration;
pub use pull::{PullOptions, PullProgress};

use crate::registry::PullError;
use crate::state;

/// Reads the name of an image.
fn image_name(name: &str) -> Result<ImageName, ImageError> {
    ImageName::parse(name).map_err(|source| ImageError::InvalidName { name: name.to_owned(), source })
}

/// Why an image is not there, or does not come in.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// Nothing of that name is present.
    #[error("image {0:?} is not present")]
    NotFound(String),
    /// A container is made of it.
    #[error("image {image:?} is in use by container {container}")]
    InUse {
        /// The image.
        image: String,
        /// One of the containers.
        container: String,
    },
    /// The name is none.
    #[error("{name:?}: {source}")]
    InvalidName {
        /// What was given.
        name: String,
        /// What is wrong with it.
        source: cri_api::image_name::Error,
    },
    /// The content is damaged, unsafe or of no known form.
    #[error("image content {object}: {reason}")]
    InvalidContent {
        /// A blob, an entry of a layer, a file of an archive.
        object: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The disk did not do it.
    #[error("{operation} {}: {source}", path.display())]
    File {
        /// What was tried.
        operation: &'static str,
        /// On which file.
        path: PathBuf,
        /// What came of it.
        source: io::Error,
    },
}

impl ImageError {
    fn invalid(object: impl Into<String>, reason: impl ToString) -> Self {
        Self::InvalidContent { object: object.into(), reason: reason.to_string() }
    }

    fn file(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::File { operation, path, source }
    }
}

/// An image that is present.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Digest of the configuration, `sha256:…`.
    pub id: String,
    /// Full names with tag.
    pub tags: BTreeSet<String>,
    /// Full names with digest of the manifest.
    pub digests: BTreeSet<String>,
    /// Chain digests of the layers, bottom up.
    pub(crate) layers: Vec<String>,
    /// Bytes on disk, all layers counted.
    pub size_bytes: u64,
    /// Names among these under which it came from a registry; under the others it was imported or built here.
    #[serde(default)]
    pub(crate) pulled: BTreeSet<String>,
    /// Whether garbage collection spares it.
    #[serde(default)]
    pub pinned: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Layer {
    number: u64,
    size_bytes: u64,
    inode_count: u64,
}

#[derive(Default, Serialize, Deserialize)]
struct Catalog {
    images: BTreeMap<String, Image>,
    /// By chain digest: a layer together with all below it.
    layers: BTreeMap<String, Layer>,
    next_layer: u64,
    /// Not kept: containers are noted again when they are adopted.
    #[serde(skip)]
    users: users::Users,
}

/// Images on one disk. All methods block on that disk.
pub struct ImageStore {
    directory: PathBuf,
    catalog: Mutex<Catalog>,
    /// Held while content comes in or goes, so that no layer is unpacked twice or collected half-way.
    changing: Mutex<()>,
    downloads: pull::Downloads,
    /// Directories with a `hosts.toml` by registry.
    registries: Vec<PathBuf>,
}

/// What is needed to run an image.
pub(crate) struct RunnableImage {
    pub(crate) image: Image,
    pub(crate) configuration: ImageConfiguration,
    /// Layers, topmost first, relative to [`ImageStore::layers_directory`].
    pub(crate) lower: Vec<String>,
}

impl ImageStore {
    /// Opens or makes the store in `directory`; removes what an interrupted import has left.
    pub fn open(directory: PathBuf) -> Result<Self, ImageError> {
        for part in ["blobs/sha256", "downloads", "layers"] {
            let path = directory.join(part);
            fs::create_dir_all(&path).map_err(ImageError::file("create", &path))?;
        }
        let path = directory.join("catalog.json");
        let catalog: Catalog = state::read(&path).map_err(ImageError::file("read", &path))?.unwrap_or_default();
        let store = Self {
            directory,
            catalog: Mutex::new(catalog),
            changing: Mutex::new(()),
            downloads: Default::default(),
            registries: Vec::new(),
        };
        store.collect()?;
        Ok(store)
    }

    /// Imports a docker-archive or an OCI layout: a directory or a tar file, which may be compressed with gzip or
    /// zstd. Returns the images that it held; `name` is given to a single one that brings none.
    pub fn import(&self, path: &Path, name: Option<&str>) -> Result<Vec<Image>, ImageError> {
        let _changing = self.change();
        archive::import(self, path, name)
    }

    /// The same store, which finds the mirrors of registries in `directories` (containerd's `certs.d` layout).
    pub fn with_registries(mut self, directories: Vec<PathBuf>) -> Self {
        self.registries = directories;
        self
    }

    /// Brings an image from its registry, whatever is here under its name; only what is missing is fetched.
    ///
    /// # Errors
    /// The registry does not have it, refuses it or cannot be reached; the content is not what its digest says.
    pub async fn pull(self: &Arc<Self>, name: &str, options: &PullOptions) -> Result<Image, PullError> {
        pull::pull(self, name, options).await
    }

    /// The image of a name under which it was imported or built here: no registry is asked what that means.
    pub fn find_local(&self, name: &str) -> Option<Image> {
        let image = self.find(name).ok()?;
        let reference = image_name(name).map(|reference| reference.to_string()).unwrap_or_default();
        (!image.pulled.contains(&reference)).then_some(image)
    }

    /// Makes an image from files of the host.
    pub fn build(&self, build: &ImageBuild) -> Result<Image, ImageError> {
        let _changing = self.change();
        build::build(self, build)
    }

    /// All images.
    pub fn list(&self) -> Vec<Image> {
        self.catalog().images.values().cloned().collect()
    }

    /// The image of a name, a digest or an identifier.
    pub fn find(&self, name: &str) -> Result<Image, ImageError> {
        let catalog = self.catalog();
        if let Some(image) = catalog.images.get(name).or_else(|| catalog.images.get(&format!("sha256:{name}"))) {
            return Ok(image.clone());
        }
        let reference = image_name(name)?.to_string();
        let named = |image: &&Image| image.tags.contains(&reference) || image.digests.contains(&reference);
        catalog.images.values().find(named).cloned().ok_or_else(|| ImageError::NotFound(name.to_owned()))
    }

    /// The configuration of an image, as its author wrote it.
    pub(crate) fn configuration(&self, image: &Image) -> Result<ImageConfiguration, ImageError> {
        let bytes = self.read_blob(&image.id)?;
        serde_json::from_slice(&bytes).map_err(|error| ImageError::invalid(&image.id, error))
    }

    /// What a container needs of an image, which stays from now on until the container lets go of it.
    pub(crate) fn runnable(&self, name: &str, container: &str) -> Result<RunnableImage, ImageError> {
        let image = self.find(name)?;
        let mut catalog = self.catalog();
        if !catalog.images.contains_key(&image.id) {
            return Err(ImageError::NotFound(name.to_owned()));
        }
        catalog.users.add(container, &image.id);
        drop(catalog);
        let configuration = self.configuration(&image)?;
        let catalog = self.catalog();
        let number = |chain: &String| catalog.layers.get(chain).map(|layer| layer.number.to_string());
        let lower: Option<Vec<_>> = image.layers.iter().rev().map(number).collect();
        let lower = lower.ok_or_else(|| ImageError::invalid(&image.id, "a layer is missing from the catalog"))?;
        drop(catalog);
        Ok(RunnableImage { image, configuration, lower })
    }

    /// Notes that a container from before this process uses an image.
    pub(crate) fn hold(&self, image_id: &str, container: &str) {
        self.catalog().users.add(container, image_id);
    }

    /// Forgets the images of a container that is gone.
    pub(crate) fn release(&self, container: &str) {
        self.catalog().users.remove(container);
    }

    /// Removes a name, or with an identifier all names; an image without names goes, with the layers that were only
    /// its own. The last name of an image that a container is made of stays.
    pub fn remove(&self, name: &str) -> Result<(), ImageError> {
        let _changing = self.change();
        let image = self.find(name)?;
        let reference = image_name(name).map(|reference| reference.to_string()).unwrap_or_default();
        let mut catalog = self.catalog();
        let Some(entry) = catalog.images.get_mut(&image.id) else { return Ok(()) };
        let by_identifier = name == image.id || image.id.strip_prefix("sha256:") == Some(name);
        if !by_identifier && entry.tags.contains(&reference) && entry.tags.len() > 1 {
            entry.tags.remove(&reference);
            entry.pulled.remove(&reference);
            return self.save(&catalog);
        }
        if let Some(container) = catalog.users.of(&image.id) {
            return Err(ImageError::InUse { image: name.to_owned(), container: container.to_owned() });
        }
        catalog.images.remove(&image.id);
        self.save(&catalog)?;
        drop(catalog);
        self.collect()
    }

    /// Bytes and inodes of all layers.
    pub fn usage(&self) -> (u64, u64) {
        let catalog = self.catalog();
        let sum = |value: fn(&Layer) -> u64| catalog.layers.values().map(value).sum();
        (sum(|layer| layer.size_bytes), sum(|layer| layer.inode_count))
    }

    /// Where the store lies.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    pub(crate) fn layers_directory(&self) -> PathBuf {
        self.directory.join("layers")
    }

    fn catalog(&self) -> MutexGuard<'_, Catalog> {
        self.catalog.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn change(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn save(&self, catalog: &Catalog) -> Result<(), ImageError> {
        let path = self.directory.join("catalog.json");
        state::write(&path, catalog).map_err(ImageError::file("write", &path))
    }

    fn blob_path(&self, digest: &str) -> Result<PathBuf, ImageError> {
        let hexadecimal = digest.strip_prefix("sha256:").filter(|text| {
            text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        });
        let hexadecimal = hexadecimal.ok_or_else(|| ImageError::invalid(digest, "not a sha256 digest"))?;
        Ok(self.directory.join("blobs/sha256").join(hexadecimal))
    }

    fn read_blob(&self, digest: &str) -> Result<Vec<u8>, ImageError> {
        let path = self.blob_path(digest)?;
        fs::read(&path).map_err(ImageError::file("read", &path))
    }

    /// Keeps a small blob; returns its digest.
    fn write_blob(&self, bytes: &[u8]) -> Result<String, ImageError> {
        let digest = digest_of(bytes);
        let path = self.blob_path(&digest)?;
        let temporary = path.with_extension("new");
        fs::write(&temporary, bytes).map_err(ImageError::file("write", &temporary))?;
        fs::rename(&temporary, &path).map_err(ImageError::file("rename", &temporary))?;
        Ok(digest)
    }

    /// Unpacks a layer on top of `parent` unless it is there; returns its chain digest. `expected` is the digest of
    /// the bytes as they come, if they are named by one; `diff` that of the unpacked archive.
    fn add_layer(
        &self,
        parent: Option<&str>,
        expected: Option<&str>,
        diff: &str,
        content: &mut dyn io::Read,
    ) -> Result<String, ImageError> {
        let chain = chain_of(parent, diff);
        let number = {
            let mut catalog = self.catalog();
            if catalog.layers.contains_key(&chain) {
                return Ok(chain);
            }
            catalog.next_layer += 1;
            catalog.next_layer
        };
        let directory = self.layers_directory().join(number.to_string());
        let unpacked = unpack::unpack(content, &directory, expected, diff).inspect_err(|_| {
            let _ = fs::remove_dir_all(&directory);
        })?;
        let layer = Layer { number, size_bytes: unpacked.size_bytes, inode_count: unpacked.inode_count };
        let mut catalog = self.catalog();
        catalog.layers.insert(chain.clone(), layer);
        self.save(&catalog)?;
        Ok(chain)
    }

    /// Enters an image whose layers are all there.
    fn add_image(
        &self,
        configuration: &[u8],
        manifest_digest: Option<&str>,
        layers: Vec<String>,
        name: Option<&ImageName>,
    ) -> Result<Image, ImageError> {
        let id = self.write_blob(configuration)?;
        let mut catalog = self.catalog();
        let size_bytes =
            layers.iter().filter_map(|chain| catalog.layers.get(chain)).map(|layer| layer.size_bytes).sum();
        let tag = name.filter(|name| name.digest.is_none()).map(ImageName::to_string);
        if let Some(tag) = &tag {
            // A tag names one image: the newest that came under it.
            for image in catalog.images.values_mut() {
                image.tags.remove(tag);
                image.pulled.remove(tag);
            }
        }
        let image = catalog.images.entry(id.clone()).or_insert_with(|| Image {
            id,
            tags: BTreeSet::new(),
            digests: BTreeSet::new(),
            layers,
            size_bytes,
            pulled: BTreeSet::new(),
            pinned: false,
        });
        image.tags.extend(tag);
        if let (Some(name), Some(digest)) = (name, manifest_digest) {
            image.digests.insert(name.with_digest(digest).to_string());
        }
        let image = image.clone();
        self.save(&catalog)?;
        Ok(image)
    }

    fn has_layer(&self, chain: &str) -> bool {
        self.catalog().layers.contains_key(chain)
    }

    fn download_path(&self, digest: &str) -> Result<PathBuf, ImageError> {
        let blob = self.blob_path(digest)?;
        Ok(self.directory.join("downloads").join(blob.file_name().unwrap_or_default()))
    }

    /// Notes that a present image came from a registry under a name.
    fn name_pulled(&self, id: &str, name: &ImageName) -> Result<Image, ImageError> {
        let text = name.to_string();
        let mut catalog = self.catalog();
        if name.digest.is_none() {
            for image in catalog.images.values_mut().filter(|image| image.id != id) {
                image.tags.remove(&text);
                image.pulled.remove(&text);
            }
        }
        let image = catalog.images.get_mut(id).ok_or_else(|| ImageError::NotFound(text.clone()))?;
        if name.digest.is_none() {
            image.tags.insert(text.clone());
        }
        image.pulled.insert(text);
        let image = image.clone();
        self.save(&catalog)?;
        Ok(image)
    }

    /// Removes layers and blobs that no image needs.
    fn collect(&self) -> Result<(), ImageError> {
        let mut catalog = self.catalog();
        let needed: BTreeSet<String> = catalog.images.values().flat_map(|image| image.layers.iter().cloned()).collect();
        catalog.layers.retain(|chain, _| needed.contains(chain));
        self.save(&catalog)?;
        let numbers: BTreeSet<String> = catalog.layers.values().map(|layer| layer.number.to_string()).collect();
        let blobs: BTreeSet<String> = catalog.images.values().flat_map(referenced_blobs).collect();
        drop(catalog);
        remove_others(&self.layers_directory(), &numbers)?;
        remove_others(&self.directory.join("downloads"), &self.downloads.active())?;
        remove_others(&self.directory.join("blobs/sha256"), &blobs)
    }
}

fn referenced_blobs(image: &Image) -> Vec<String> {
    let manifests = image.digests.iter().filter_map(|digest| digest.split_once('@')).map(|(_, digest)| digest);
    manifests.chain([image.id.as_str()]).map(|digest| digest.trim_start_matches("sha256:").to_owned()).collect()
}

fn remove_others(directory: &Path, keep: &BTreeSet<String>) -> Result<(), ImageError> {
    let entries = fs::read_dir(directory).map_err(ImageError::file("list", directory))?;
    for entry in entries.flatten().filter(|entry| !keep.contains(&*entry.file_name().to_string_lossy())) {
        let path = entry.path();
        let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.map_err(ImageError::file("remove", &path))?;
    }
    Ok(())
}

/// The digest of a layer together with all below it.
fn chain_of(parent: Option<&str>, diff: &str) -> String {
    match parent {
        Some(parent) => digest_of(format!("{parent} {diff}").as_bytes()),
        None => diff.to_owned(),
    }
}

/// `sha256:` and the digest of bytes.
fn digest_of(bytes: &[u8]) -> String {
    digest_text(&Sha256::digest(bytes))
}

fn digest_text(digest: &[u8]) -> String {
    use std::fmt::Write as _;
    digest.iter().fold("sha256:".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
