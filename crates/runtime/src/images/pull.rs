//! Pulling: a name becomes a digest, a digest a manifest, and layers come several at once.
//!
//! Layers are downloaded to `images/downloads/DIGEST`, where a download that broke off is taken up again, and
//! verified there before they are unpacked. Only then is the store locked; until the image is entered, nothing of it
//! can be seen.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use http_body_util::BodyExt as _;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncSeekExt as _, AsyncWriteExt as _};
use tokio::sync::{OwnedMutexGuard, Semaphore};
use tokio::task::JoinSet;

use super::document::{Descriptor, ImageConfiguration, Manifest};
use super::image_name;
use super::{Image, ImageError, ImageStore, chain_of, digest_of, digest_text};
use crate::registry::{Credentials, PullError, SILENCE_LIMIT, Session};

/// Layers of one image that are downloaded at once.
const DOWNLOADS_MAX: usize = 3;
/// Times that a download which broke off is taken up again.
const RESUMPTIONS_MAX: u32 = 5;
/// Deepest nesting of indexes.
const INDEX_DEPTH_MAX: usize = 4;
/// Times that a pull starts over because a layer that was there has been removed meanwhile.
const RESTARTS_MAX: usize = 3;
/// Progress is told after this many bytes.
const PROGRESS_STEP_BYTES: u64 = 4 << 20;

/// How far a pull is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PullProgress {
    /// The name means this digest now.
    Resolved {
        /// Of the manifest or index.
        digest: String,
    },
    /// A layer is here already.
    Present {
        /// Of the compressed layer.
        digest: String,
    },
    /// A layer comes.
    Downloading {
        /// Of the compressed layer.
        digest: String,
        /// Here so far.
        received_bytes: u64,
        /// In all.
        total_bytes: u64,
    },
    /// A layer is verified and now unpacked.
    Unpacking {
        /// Of the compressed layer.
        digest: String,
    },
}

/// How to pull.
#[derive(Clone, Default)]
pub struct PullOptions {
    /// Who pulls.
    pub credentials: Credentials,
    /// Told of each step, on whichever thread does it.
    pub progress: Option<Arc<dyn Fn(PullProgress) + Send + Sync>>,
}

impl PullOptions {
    fn tell(&self, progress: PullProgress) {
        if let Some(tell) = &self.progress {
            tell(progress);
        }
    }
}

/// Which blobs are being downloaded: one pull at a time has a file.
#[derive(Default)]
pub(super) struct Downloads(Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>);

impl Downloads {
    /// Waits until no other pull downloads these. All pulls take them in the same order, so none waits for itself.
    async fn hold(&self, digests: &BTreeSet<String>) -> Vec<OwnedMutexGuard<()>> {
        let mut held = Vec::new();
        for digest in digests {
            let lock = {
                let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                locks.entry(digest.clone()).or_default().clone()
            };
            held.push(lock.lock_owned().await);
        }
        held
    }

    /// Names of files that somebody writes to or waits for.
    pub(super) fn active(&self) -> BTreeSet<String> {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        locks.retain(|_, lock| Arc::strong_count(lock) > 1);
        locks.keys().map(|digest| digest.trim_start_matches("sha256:").to_owned()).collect()
    }
}

/// What the registry says of an image.
struct Description {
    /// What the name means, and its bytes: an index, or the manifest itself.
    root: (String, Vec<u8>),
    configuration: Vec<u8>,
    /// Compressed layers with the digests of their content and their chains, bottom up.
    layers: Vec<PulledLayer>,
}

struct PulledLayer {
    descriptor: Descriptor,
    diff: String,
    chain: String,
}

/// Pulls an image; what is there already is not fetched again.
pub(super) async fn pull(store: &Arc<ImageStore>, name: &str, options: &PullOptions) -> Result<Image, PullError> {
    let reference = image_name(name)?;
    let session = Session::open(reference.clone(), &store.registries, options.credentials.clone())?;
    let (digest, root) = match session.resolve().await? {
        Some(digest) => (digest, None),
        None => {
            let bytes = session.manifest(session.target()).await?;
            (digest_of(&bytes), Some(bytes))
        }
    };
    if reference.digest.as_ref().is_some_and(|wanted| *wanted != digest) {
        return Err(PullError::content(reference.to_string(), format!("the registry answers with {digest}")));
    }
    options.tell(PullProgress::Resolved { digest: digest.clone() });
    if let Ok(image) = store.find(&reference.with_digest(&digest).to_string()) {
        return blocking(store, move |store| Ok(store.name_pulled(&image.id, &reference)?)).await;
    }
    let description = Arc::new(describe(&session, digest, root).await?);
    for _ in 0..RESTARTS_MAX {
        let wanted = missing(store, &description);
        let digests: BTreeSet<String> = wanted.iter().map(|layer| layer.digest.clone()).collect();
        let _held = store.downloads.hold(&digests).await;
        for layer in description.layers.iter().filter(|layer| !digests.contains(&layer.descriptor.digest)) {
            options.tell(PullProgress::Present { digest: layer.descriptor.digest.clone() });
        }
        download_all(store, &session, missing(store, &description), options).await?;
        let (described, reference, options) = (description.clone(), reference.clone(), options.clone());
        let entered = blocking(store, move |store| enter(store, &described, &reference, &options)).await?;
        if let Some(image) = entered {
            return Ok(image);
        }
    }
    Err(PullError::content(reference.to_string(), "its layers are removed again and again"))
}

async fn blocking<T: Send + 'static>(
    store: &Arc<ImageStore>,
    work: impl FnOnce(&ImageStore) -> Result<T, PullError> + Send + 'static,
) -> Result<T, PullError> {
    let store = store.clone();
    let done = tokio::task::spawn_blocking(move || work(&store)).await;
    done.unwrap_or_else(|error| Err(PullError::content("image", error)))
}

/// Compressed layers whose content is not in the store, each once.
fn missing(store: &ImageStore, description: &Description) -> Vec<Descriptor> {
    let mut seen = BTreeSet::new();
    let absent = description.layers.iter().filter(|layer| !store.has_layer(&layer.chain));
    absent.map(|layer| layer.descriptor.clone()).filter(|layer| seen.insert(layer.digest.clone())).collect()
}

fn verified(bytes: Vec<u8>, digest: &str) -> Result<Vec<u8>, PullError> {
    let actual = digest_of(&bytes);
    match actual == digest {
        true => Ok(bytes),
        false => Err(PullError::content(digest, format!("unexpected digest {actual}, expected {digest}"))),
    }
}

fn parsed<T: serde::de::DeserializeOwned>(bytes: &[u8], digest: &str) -> Result<T, PullError> {
    serde_json::from_slice(bytes).map_err(|error| PullError::content(digest, error))
}

async fn describe(session: &Session, digest: String, root: Option<Vec<u8>>) -> Result<Description, PullError> {
    let root = match root {
        Some(bytes) => bytes,
        None => verified(session.manifest(&digest).await?, &digest)?,
    };
    let (mut at, mut bytes) = (digest.clone(), root.clone());
    let mut depth = 0;
    let manifest = loop {
        let manifest: Manifest = parsed(&bytes, &at)?;
        if manifest.config.is_some() {
            break manifest;
        }
        depth += 1;
        if manifest.manifests.is_empty() || depth > INDEX_DEPTH_MAX {
            return Err(PullError::content(at, "neither an image's manifest nor an index of some"));
        }
        let of_host = |descriptor: &&Descriptor| descriptor.platform.as_ref().is_none_or(|found| found.is_of_host());
        let chosen = manifest.manifests.iter().find(of_host);
        at = chosen.ok_or_else(|| PullError::Platform(digest.clone()))?.digest.clone();
        bytes = verified(session.manifest(&at).await?, &at)?;
    };
    let config = manifest.config.unwrap_or_default();
    let configuration = verified(session.blob_document(&config.digest).await?, &config.digest)?;
    let parsed: ImageConfiguration = parsed(&configuration, &config.digest)?;
    if !parsed.os.is_empty()
        && !(super::document::Platform { architecture: parsed.architecture, os: parsed.os }).is_of_host()
    {
        return Err(PullError::Platform(digest));
    }
    let diffs = parsed.rootfs.diff_ids;
    if diffs.len() != manifest.layers.len() {
        return Err(PullError::content(at, "it names another number of layers than its configuration"));
    }
    let mut layers: Vec<PulledLayer> = Vec::new();
    for (descriptor, diff) in manifest.layers.into_iter().zip(diffs) {
        let chain = chain_of(layers.last().map(|layer| layer.chain.as_str()), &diff);
        layers.push(PulledLayer { descriptor, diff, chain });
    }
    Ok(Description { root: (digest, root), configuration, layers })
}

async fn download_all(
    store: &Arc<ImageStore>,
    session: &Arc<Session>,
    layers: Vec<Descriptor>,
    options: &PullOptions,
) -> Result<(), PullError> {
    let turns = Arc::new(Semaphore::new(DOWNLOADS_MAX));
    let mut downloads = JoinSet::new();
    for layer in layers {
        let path = store.download_path(&layer.digest)?;
        let (turns, session, options) = (turns.clone(), session.clone(), options.clone());
        downloads.spawn(async move {
            let _turn = turns.acquire_owned().await;
            download(&session, &layer, &path, &options).await
        });
    }
    // The first failure ends the others, since the set is dropped.
    while let Some(done) = downloads.join_next().await {
        done.map_err(|error| PullError::content("layer", error))??;
    }
    Ok(())
}

async fn download(session: &Session, layer: &Descriptor, path: &Path, options: &PullOptions) -> Result<(), PullError> {
    let mut resumptions = 0;
    loop {
        match download_rest(session, layer, path, options).await {
            Err(Broken::Off(reason)) if resumptions < RESUMPTIONS_MAX => {
                resumptions += 1;
                tracing::debug!(digest = layer.digest, reason, "a download broke off and is taken up again");
            }
            Err(Broken::Off(reason)) => return Err(PullError::content(&layer.digest, reason)),
            Err(Broken::For(error)) => return Err(error),
            Ok(()) => return Ok(()),
        }
    }
}

/// Why a download ended early.
enum Broken {
    /// The connection broke: the rest can be asked for.
    Off(String),
    /// It makes no sense to go on.
    For(PullError),
}

impl<E: Into<PullError>> From<E> for Broken {
    fn from(error: E) -> Self {
        Self::For(error.into())
    }
}

async fn download_rest(
    session: &Session,
    layer: &Descriptor,
    path: &Path,
    options: &PullOptions,
) -> Result<(), Broken> {
    let digest = &layer.digest;
    let failed = |operation| {
        let path = path.to_owned();
        move |error| Broken::For(ImageError::file(operation, &path)(error).into())
    };
    let (mut hash, mut received) = hash_of(path.to_owned(), layer.size).await.map_err(failed("read"))?;
    let mut file = tokio::fs::File::options().create(true).truncate(false).write(true).open(path).await;
    let file =
        file.as_mut().map_err(|error| io::Error::new(error.kind(), error.to_string())).map_err(failed("create"))?;
    let mut told = None;
    let mut tell = |received: u64| {
        if told.is_none_or(|told| received - told >= PROGRESS_STEP_BYTES) || received == layer.size {
            told = Some(received);
            let (digest, total_bytes) = (digest.clone(), layer.size);
            options.tell(PullProgress::Downloading { digest, received_bytes: received, total_bytes });
        }
    };
    if received < layer.size {
        let (mut body, begins) = session.blob(digest, received).await?;
        if begins != received {
            (hash, received) = (Sha256::new(), 0);
        }
        file.set_len(received).await.map_err(failed("truncate"))?;
        file.seek(io::SeekFrom::Start(received)).await.map_err(failed("seek"))?;
        tell(received);
        while received < layer.size {
            let frame = tokio::time::timeout(SILENCE_LIMIT, body.frame()).await;
            let frame = frame.map_err(|_| Broken::Off("the registry went silent".to_owned()))?;
            let frame = frame.ok_or_else(|| Broken::Off(format!("it ended after {received} bytes")))?;
            let frame = match frame {
                Ok(frame) => frame,
                Err(error) => {
                    // What has come is kept for the next attempt.
                    file.flush().await.map_err(failed("write"))?;
                    return Err(Broken::Off(error.to_string()));
                }
            };
            let Some(data) = frame.data_ref() else { continue };
            received += data.len() as u64;
            hash.update(data);
            file.write_all(data).await.map_err(failed("write"))?;
            tell(received);
        }
        file.flush().await.map_err(failed("write"))?;
    }
    let actual = digest_text(&hash.finalize());
    if received == layer.size && actual == *digest {
        return Ok(());
    }
    let _ = fs::remove_file(path);
    let reason =
        format!("failed commit on ref \"layer-{digest}\": unexpected commit digest {actual}, expected {digest}");
    Err(Broken::For(PullError::content(digest, reason)))
}

/// The digest so far of what an earlier attempt has left; a file that is too long is begun anew.
async fn hash_of(path: PathBuf, size: u64) -> io::Result<(Sha256, u64)> {
    let read = move || {
        let mut hash = Sha256::new();
        let mut file = match File::open(&path) {
            Ok(file) if file.metadata()?.len() <= size => file,
            Ok(_) => return Ok((hash, 0)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((hash, 0)),
            Err(error) => return Err(error),
        };
        let (mut length, mut buffer) = (0, vec![0; 1 << 18]);
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok((hash, length)),
                count => {
                    hash.update(&buffer[..count]);
                    length += count as u64;
                }
            }
        }
    };
    tokio::task::spawn_blocking(read).await.map_err(io::Error::other)?
}

/// Unpacks what was downloaded and enters the image; `None` when a layer that was there has gone meanwhile.
fn enter(
    store: &ImageStore,
    description: &Description,
    reference: &cri_api::ImageName,
    options: &PullOptions,
) -> Result<Option<Image>, PullError> {
    let _changing = store.change();
    let mut parent: Option<&str> = None;
    for layer in &description.layers {
        let digest = &layer.descriptor.digest;
        if !store.has_layer(&layer.chain) {
            let path = store.download_path(digest)?;
            let mut file = match File::open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(ImageError::file("open", &path)(error).into()),
            };
            options.tell(PullProgress::Unpacking { digest: digest.clone() });
            store.add_layer(parent, Some(digest), &layer.diff, &mut file)?;
        }
        parent = Some(&layer.chain);
    }
    let (digest, root) = &description.root;
    store.write_blob(root)?;
    let chains = description.layers.iter().map(|layer| layer.chain.clone()).collect();
    let image = store.add_image(&description.configuration, Some(digest), chains, Some(reference))?;
    let image = store.name_pulled(&image.id, reference)?;
    for layer in &description.layers {
        let _ = fs::remove_file(store.download_path(&layer.descriptor.digest)?);
    }
    Ok(Some(image))
}

#[cfg(test)]
mod tests;
