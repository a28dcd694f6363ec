//! Images made from files of the host: what tests, and programs that ship inside the binary, run from.

use std::fs::{self, File};
use std::io::{self, Seek};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::document::{Descriptor, ImageConfiguration, LayerList, Manifest, ProcessDefaults, host_architecture};
use super::image_name;
use super::{Image, ImageError, ImageStore, digest_text};

/// Something to put into the image.
#[derive(Clone, Debug)]
pub enum BuildSource {
    /// A file, with its mode.
    File {
        /// On the host.
        source: PathBuf,
        /// In the image.
        destination: PathBuf,
    },
    /// A directory with everything below it.
    Directory {
        /// On the host.
        source: PathBuf,
        /// In the image.
        destination: PathBuf,
    },
    /// A file of these bytes.
    Bytes {
        /// The content.
        bytes: Vec<u8>,
        /// In the image.
        destination: PathBuf,
        /// Permission bits.
        mode: u32,
    },
}

/// An image to make, of one layer. Everything in it belongs to root and is dated 1970: the same files give the same
/// image.
#[derive(Clone, Debug, Default)]
pub struct ImageBuild {
    /// The name, with a tag.
    pub name: String,
    /// Its content, later ones over earlier ones.
    pub sources: Vec<BuildSource>,
    /// The program with its fixed arguments.
    pub entrypoint: Vec<String>,
    /// Arguments that a container may replace.
    pub command: Vec<String>,
    /// `NAME=value`.
    pub environment: Vec<String>,
    /// Where the program starts.
    pub working_directory: String,
    /// `user[:group]`.
    pub user: String,
}

pub(super) fn build(store: &ImageStore, build: &ImageBuild) -> Result<Image, ImageError> {
    let name = image_name(&build.name)?;
    let scratch = store.directory().join("build.tmp");
    let mut layer = write_layer(&scratch, &build.sources).map_err(ImageError::file("write", &scratch))?;
    let size = layer.stream_position().map_err(ImageError::file("measure", &scratch))?;
    let diff = digest_of_file(&mut layer).map_err(ImageError::file("read", &scratch))?;
    let chain = store.add_layer(None, Some(&diff), &diff, &mut layer)?;
    let configuration = ImageConfiguration {
        architecture: host_architecture().to_owned(),
        os: "linux".to_owned(),
        config: ProcessDefaults {
            user: build.user.clone(),
            env: build.environment.clone(),
            entrypoint: build.entrypoint.clone(),
            cmd: build.command.clone(),
            working_dir: build.working_directory.clone(),
            ..ProcessDefaults::default()
        },
        rootfs: LayerList { kind: "layers".to_owned(), diff_ids: vec![diff.clone()] },
    };
    let encode =
        |value: Result<Vec<u8>, serde_json::Error>| value.map_err(|error| ImageError::invalid(&build.name, error));
    let configuration = encode(serde_json::to_vec(&configuration))?;
    let blob = |media_type: &str, digest: String, size: u64| Descriptor {
        media_type: format!("application/vnd.oci.image.{media_type}"),
        digest,
        size,
        ..Descriptor::default()
    };
    let manifest = Manifest {
        schema_version: 2,
        media_type: "application/vnd.oci.image.manifest.v1+json".to_owned(),
        config: Some(blob("config.v1+json", super::digest_of(&configuration), configuration.len() as u64)),
        layers: vec![blob("layer.v1.tar", diff, size)],
        manifests: Vec::new(),
    };
    let digest = store.write_blob(&encode(serde_json::to_vec(&manifest))?)?;
    store.add_image(&configuration, Some(&digest), vec![chain], Some(&name))
}

/// Writes the layer to an unlinked file, positioned at its end.
fn write_layer(scratch: &Path, sources: &[BuildSource]) -> io::Result<File> {
    let file = File::options().read(true).write(true).create(true).truncate(true).open(scratch)?;
    fs::remove_file(scratch)?;
    let mut archive = tar::Builder::new(file);
    archive.mode(tar::HeaderMode::Deterministic);
    archive.follow_symlinks(false);
    for source in sources {
        match source {
            BuildSource::File { source, destination } => {
                archive.append_path_with_name(source, relative(destination))?
            }
            BuildSource::Directory { source, destination } => {
                append_directory(&mut archive, source, relative(destination))?
            }
            BuildSource::Bytes { bytes, destination, mode } => {
                let mut header = tar::Header::new_gnu();
                header.set_size(bytes.len() as u64);
                header.set_mode(*mode);
                header.set_uid(0);
                header.set_gid(0);
                header.set_mtime(0);
                archive.append_data(&mut header, relative(destination), bytes.as_slice())?;
            }
        }
    }
    archive.into_inner()
}

/// Appends a directory in the order of names, which is the same everywhere.
fn append_directory(archive: &mut tar::Builder<File>, source: &Path, destination: &Path) -> io::Result<()> {
    if !destination.as_os_str().is_empty() {
        archive.append_dir(destination, source)?;
    }
    let mut entries = fs::read_dir(source)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, name) = (entry.path(), destination.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            append_directory(archive, &path, &name)?;
        } else {
            archive.append_path_with_name(&path, &name)?;
        }
    }
    Ok(())
}

fn relative(path: &Path) -> &Path {
    path.strip_prefix("/").unwrap_or(path)
}

fn digest_of_file(file: &mut File) -> io::Result<String> {
    file.rewind()?;
    let mut hash = Sha256::new();
    io::copy(file, &mut hash)?;
    file.rewind()?;
    Ok(digest_text(&hash.finalize()))
}
