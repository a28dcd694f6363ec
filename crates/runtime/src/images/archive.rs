//! Import of docker-archives and OCI layouts, from a directory or a tar file.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::document::{Descriptor, DockerManifest, ImageConfiguration, Manifest};
use super::image_name;
use super::unpack::decompress;
use super::{Image, ImageError, ImageStore, digest_of};

/// Longest JSON document that is read: configurations with long histories take tens of kilobytes.
const DOCUMENT_LIMIT_BYTES: u64 = 8 << 20;

/// Deepest nesting of indexes.
const INDEX_DEPTH_LIMIT: u32 = 4;

/// Annotations under which builders put the image's name.
const NAME_ANNOTATIONS: [&str; 2] = ["io.containerd.image.name", "org.opencontainers.image.ref.name"];

/// Files by name, in a directory or in a tar file.
enum Source {
    Directory(PathBuf),
    Archive { file: File, entries: BTreeMap<String, Entry> },
}

enum Entry {
    File {
        offset: u64,
        length: u64,
    },
    /// Old docker archives hold a layer once and link to it.
    Link(String),
}

impl Source {
    fn open(path: &Path, scratch: &Path) -> Result<Self, ImageError> {
        if path.is_dir() {
            return Ok(Self::Directory(path.to_path_buf()));
        }
        let read = || -> io::Result<Self> {
            let mut file = File::open(path)?;
            let mut magic = [0; 2];
            let _ = file.read(&mut magic)?;
            file.rewind()?;
            if matches!(magic, [0x1f, 0x8b] | [0x28, 0xb5]) {
                file = decompressed(&mut file, scratch)?;
            }
            let mut entries = BTreeMap::new();
            for entry in tar::Archive::new(&file).entries_with_seek()? {
                let entry = entry?;
                let name = clean(&String::from_utf8_lossy(&entry.path_bytes()));
                let kind = entry.header().entry_type();
                if let Some(target) = entry.link_name_bytes().filter(|_| kind.is_symlink() || kind.is_hard_link()) {
                    let target = String::from_utf8_lossy(&target).into_owned();
                    let relative = kind.is_symlink().then(|| Path::new(&name).parent()).flatten();
                    let target =
                        relative.map_or(target.clone(), |parent| parent.join(&target).to_string_lossy().into());
                    entries.insert(name, Entry::Link(clean(&target)));
                } else if kind.is_file() {
                    let (offset, length) = (entry.raw_file_position(), entry.size());
                    entries.insert(name, Entry::File { offset, length });
                }
            }
            Ok(Self::Archive { file, entries })
        };
        read().map_err(ImageError::file("read", path))
    }

    fn open_file(&self, name: &str) -> Result<Box<dyn Read + '_>, ImageError> {
        let name = clean(name);
        let missing = || ImageError::invalid(&name, "the archive has no such file");
        match self {
            Self::Directory(directory) => {
                // Names come from documents: they stay in the directory.
                if name.split('/').any(|part| part == "..") {
                    return Err(missing());
                }
                let path = directory.join(&name);
                Ok(Box::new(File::open(&path).map_err(ImageError::file("open", &path))?))
            }
            Self::Archive { file, entries } => {
                let mut entry = entries.get(&name).ok_or_else(missing)?;
                if let Entry::Link(target) = entry {
                    entry = entries.get(target).ok_or_else(missing)?;
                }
                let Entry::File { offset, length } = entry else { return Err(missing()) };
                let mut file = file;
                file.seek(SeekFrom::Start(*offset)).map_err(ImageError::file("seek", Path::new(&name)))?;
                Ok(Box::new(file.take(*length)))
            }
        }
    }

    fn has(&self, name: &str) -> bool {
        match self {
            Self::Directory(directory) => directory.join(name).exists(),
            Self::Archive { entries, .. } => entries.contains_key(name),
        }
    }

    fn document(&self, name: &str) -> Result<Vec<u8>, ImageError> {
        let mut bytes = Vec::new();
        let file = self.open_file(name)?;
        file.take(DOCUMENT_LIMIT_BYTES).read_to_end(&mut bytes).map_err(ImageError::file("read", Path::new(name)))?;
        Ok(bytes)
    }

    fn blob_document(&self, descriptor: &Descriptor) -> Result<Vec<u8>, ImageError> {
        let bytes = self.document(&blob_name(&descriptor.digest))?;
        let actual = digest_of(&bytes);
        if actual != descriptor.digest {
            return Err(ImageError::invalid(&descriptor.digest, format!("the blob's digest is {actual}")));
        }
        Ok(bytes)
    }
}

/// An unlinked file with what a compressed one holds: its entries are read out of order.
fn decompressed(file: &mut File, scratch: &Path) -> io::Result<File> {
    let mut plain = File::options().read(true).write(true).create(true).truncate(true).open(scratch)?;
    fs::remove_file(scratch)?;
    io::copy(&mut decompress(file)?, &mut plain)?;
    plain.rewind()?;
    Ok(plain)
}

/// A name without `.` and empty parts, and with `..` applied.
fn clean(name: &str) -> String {
    let mut parts = Vec::new();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." if !parts.is_empty() => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn blob_name(digest: &str) -> String {
    format!("blobs/{}", digest.replace(':', "/"))
}

/// Imports every image in `path`.
pub(super) fn import(store: &ImageStore, path: &Path, name: Option<&str>) -> Result<Vec<Image>, ImageError> {
    let source = Source::open(path, &store.directory().join("import.tmp"))?;
    let images = if source.has("manifest.json") {
        import_docker(store, &source, name)?
    } else if source.has("index.json") {
        let mut images = Vec::new();
        let index = parse::<Manifest>("index.json", &source.document("index.json")?)?;
        import_index(store, &source, &index, name, 0, &mut images)?;
        images
    } else {
        let path = path.display().to_string();
        return Err(ImageError::invalid(
            path,
            "neither a docker-archive (manifest.json) nor an OCI layout (index.json)",
        ));
    };
    match images.is_empty() {
        true => Err(ImageError::invalid(path.display().to_string(), "it has no image for this host")),
        false => Ok(images),
    }
}

fn parse<T: serde::de::DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<T, ImageError> {
    serde_json::from_slice(bytes).map_err(|error| ImageError::invalid(name, error))
}

fn import_docker(store: &ImageStore, source: &Source, name: Option<&str>) -> Result<Vec<Image>, ImageError> {
    let manifests: Vec<DockerManifest> = parse("manifest.json", &source.document("manifest.json")?)?;
    let mut images = Vec::new();
    for manifest in &manifests {
        let bytes = source.document(&manifest.config)?;
        let configuration: ImageConfiguration = parse(&manifest.config, &bytes)?;
        let diffs = &configuration.rootfs.diff_ids;
        if diffs.len() != manifest.layers.len() {
            return Err(ImageError::invalid(&manifest.config, "it names another number of layers than the manifest"));
        }
        let mut chains: Vec<String> = Vec::new();
        for (layer, diff) in manifest.layers.iter().zip(diffs) {
            let parent = chains.last().cloned();
            chains.push(store.add_layer(parent.as_deref(), None, diff, &mut source.open_file(layer)?)?);
        }
        let names = match (name, manifest.repo_tags.is_empty()) {
            (Some(name), true) => vec![name.to_owned()],
            _ => manifest.repo_tags.clone(),
        };
        let mut image = store.add_image(&bytes, None, chains.clone(), None)?;
        for name in &names {
            image = store.add_image(&bytes, None, chains.clone(), Some(&image_name(name)?))?;
        }
        images.push(image);
    }
    Ok(images)
}

fn import_index(
    store: &ImageStore,
    source: &Source,
    index: &Manifest,
    name: Option<&str>,
    depth: u32,
    images: &mut Vec<Image>,
) -> Result<(), ImageError> {
    if depth > INDEX_DEPTH_LIMIT {
        return Err(ImageError::invalid("index.json", "its indexes are nested too deeply"));
    }
    for descriptor in &index.manifests {
        if descriptor.platform.as_ref().is_some_and(|platform| !platform.is_of_host()) {
            continue;
        }
        let annotated = NAME_ANNOTATIONS.iter().find_map(|key| descriptor.annotations.get(*key));
        let name = annotated.map(String::as_str).or(name);
        let bytes = source.blob_document(descriptor)?;
        let manifest: Manifest = parse(&descriptor.digest, &bytes)?;
        if manifest.config.is_some() {
            images.push(import_manifest(store, source, &bytes, &manifest, name)?);
        } else {
            import_index(store, source, &manifest, name, depth + 1, images)?;
        }
    }
    Ok(())
}

fn import_manifest(
    store: &ImageStore,
    source: &Source,
    bytes: &[u8],
    manifest: &Manifest,
    name: Option<&str>,
) -> Result<Image, ImageError> {
    let digest = store.write_blob(bytes)?;
    let config = manifest.config.as_ref().ok_or_else(|| ImageError::invalid(&digest, "it has no configuration"))?;
    let config_bytes = source.blob_document(config)?;
    let configuration: ImageConfiguration = parse(&config.digest, &config_bytes)?;
    if configuration.rootfs.diff_ids.len() != manifest.layers.len() {
        return Err(ImageError::invalid(&digest, "it names another number of layers than its configuration"));
    }
    let mut chains: Vec<String> = Vec::new();
    for (layer, diff) in manifest.layers.iter().zip(&configuration.rootfs.diff_ids) {
        let mut content = source.open_file(&blob_name(&layer.digest))?;
        let parent = chains.last().cloned();
        chains.push(store.add_layer(parent.as_deref(), Some(&layer.digest), diff, &mut content)?);
    }
    let name = name.map(image_name).transpose()?;
    store.add_image(&config_bytes, Some(&digest), chains, name.as_ref())
}
