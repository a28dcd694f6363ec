//! Images that nobody uses, removed when the disk gets full.
//!
//! Every [`PERIOD`] the node looks which images are there and which containers use them; at the high threshold it
//! removes unused ones, those first that were used longest ago, until the low threshold is reached. An image that has
//! only just come is spared: its container is about to be made. The runtime refuses to remove what it uses.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use apimachinery::value;
use client::EventType;
use cri_api::v1::{ImageSpec, ListContainersRequest, ListImagesRequest, RemoveImageRequest};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::{eviction::signals::usable_bytes, kubelet::Inner, services::Services};

/// How often images are looked at.
const PERIOD: Duration = Duration::from_secs(300);

/// What is known of an image.
#[derive(Clone, Copy, Debug)]
struct Known {
    first_seen: Instant,
    last_used: Option<Instant>,
    size_bytes: u64,
}

/// The images of the node, as last looked at.
#[derive(Debug, Default)]
pub(crate) struct ImageGarbage(Mutex<BTreeMap<String, Known>>);

/// How full the disk with the images is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Disk {
    capacity_bytes: u64,
    available_bytes: u64,
}

impl Disk {
    fn used_percent(self) -> u64 {
        100 - (self.available_bytes.min(self.capacity_bytes) * 100 / self.capacity_bytes.max(1))
    }

    /// How much must be freed; `None` below the high threshold.
    fn excess_bytes(self, (high, low): (u8, u8)) -> Option<u64> {
        (self.used_percent() >= u64::from(high)).then(|| {
            let wanted = self.capacity_bytes / 100 * u64::from(100 - low.min(100));
            wanted.saturating_sub(self.available_bytes)
        })
    }
}

/// Looks for ever.
pub(crate) async fn keep(kubelet: Arc<Inner>) {
    let services = &kubelet.services;
    loop {
        services.garbage.look(services).await;
        let disk = match services.images.directory().await {
            Some(directory) => disk(directory).await,
            None => None,
        };
        let excess = disk.and_then(|disk| Some((disk, disk.excess_bytes(services.config.image_gc_thresholds)?)));
        if let Some((disk, excess)) = excess {
            let freed = services.garbage.free(services, excess, services.config.image_minimum_gc_age).await;
            if freed < excess {
                let message = format!(
                    "Insufficient free disk space on the node's image filesystem ({}% of {} used). Failed to free \
                     sufficient space by deleting unused images (freed {freed} bytes). Investigate disk usage, as it \
                     could be used by active images, logs, volumes, or other data.",
                    disk.used_percent(),
                    crate::eviction::signals::Signal::ImageFs.quantity(disk.capacity_bytes)
                );
                let name = services.config.node_name.as_str();
                let reference = value!({"kind": "Node", "apiVersion": "v1", "name": name, "uid": name});
                services.recorder.event_about(reference, EventType::Warning, "FreeDiskSpaceFailed", message);
            }
        }
        tokio::time::sleep(PERIOD).await;
    }
}

async fn disk(directory: PathBuf) -> Option<Disk> {
    let stat = crate::volumes::blocking(move || rustix::fs::statvfs(&directory)).await.ok()?;
    Some(Disk { capacity_bytes: usable_bytes(&stat), available_bytes: stat.f_bavail * stat.f_frsize })
}

impl ImageGarbage {
    /// Takes note of what is there and what is used.
    async fn look(&self, services: &Services) {
        let images = services.images.service().list_images(ListImagesRequest { filter: None }).await;
        let containers = services.runtime.list_containers(ListContainersRequest { filter: None }).await;
        // Without a whole picture nothing may be called unused.
        let (Ok(images), Ok(containers)) = (images, containers) else { return };
        let used: Vec<&str> = containers.containers.iter().map(|container| container.image_id.as_str()).collect();
        let (mut known, now) = (self.0.lock(), Instant::now());
        known.retain(|id, _| images.images.iter().any(|image| image.id == *id));
        for image in images.images.iter().filter(|image| !image.pinned) {
            let fresh = Known { first_seen: now, last_used: None, size_bytes: image.size };
            let entry = known.entry(image.id.clone()).or_insert(fresh);
            if used.contains(&image.id.as_str()) {
                entry.last_used = Some(now);
            }
        }
        for image in images.images.iter().filter(|image| image.pinned) {
            known.remove(&image.id);
        }
    }

    /// Removes unused images until so many bytes are free; how many were freed.
    async fn free(&self, services: &Services, wanted_bytes: u64, minimum_age: Duration) -> u64 {
        let mut freed = 0;
        let unused = candidates(&self.0.lock(), Instant::now(), minimum_age);
        for (id, size_bytes) in unused {
            if freed >= wanted_bytes {
                break;
            }
            let request = RemoveImageRequest { image: Some(ImageSpec { image: id.clone(), ..Default::default() }) };
            match services.images.service().remove_image(request).await {
                Ok(_) => {
                    tracing::info!(image = id, size_bytes, "an unused image was removed to free disk space");
                    crate::metrics::IMAGES_REMOVED.with(&["space"]).increment();
                    freed += size_bytes;
                    self.0.lock().remove(&id);
                }
                Err(error) => tracing::warn!(%error, image = id, "an unused image could not be removed"),
            }
        }
        freed
    }

    /// Removes every image that is not in use, however young: the node has no room at all.
    pub(crate) async fn free_all(&self, services: &Services) {
        self.look(services).await;
        self.free(services, u64::MAX, Duration::ZERO).await;
    }
}

/// What may be removed, in order: used longest ago first, and of those never used the oldest.
fn candidates(known: &BTreeMap<String, Known>, now: Instant, minimum_age: Duration) -> Vec<(String, u64)> {
    let unused = |known: &Known| known.last_used != Some(now) && known.last_used.is_none_or(|used| used < now);
    let newest_use = known.values().filter_map(|known| known.last_used).max();
    let mut found: Vec<(&String, &Known)> = known
        .iter()
        // Whatever was in use at the last look is in use.
        .filter(|(_, known)| known.last_used.is_none() || known.last_used != newest_use)
        .filter(|(_, known)| unused(known) && now.duration_since(known.first_seen) >= minimum_age)
        .collect();
    found.sort_by_key(|(_, known)| (known.last_used, known.first_seen));
    found.into_iter().map(|(id, known)| (id.clone(), known.size_bytes)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds() {
        let disk = |available_bytes| Disk { capacity_bytes: 1000, available_bytes };
        assert_eq!(disk(160).excess_bytes((85, 80)), None);
        assert_eq!(disk(150).excess_bytes((85, 80)), Some(50));
        assert_eq!(disk(0).excess_bytes((85, 80)), Some(200));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_unused_longest_goes_first_and_what_is_new_or_in_use_stays() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let image = |first, last: Option<u64>| Known { first_seen: at(first), last_used: last.map(at), size_bytes: 1 };
        let known = BTreeMap::from([
            ("in use".to_owned(), image(0, Some(600))),
            ("long ago".to_owned(), image(0, Some(60))),
            ("lately".to_owned(), image(0, Some(300))),
            ("never".to_owned(), image(10, None)),
            ("new".to_owned(), image(550, None)),
        ]);
        let names = |age| candidates(&known, at(610), Duration::from_secs(age)).into_iter().map(|(id, _)| id);
        assert_eq!(names(120).collect::<Vec<_>>(), ["never", "long ago", "lately"]);
        assert_eq!(names(0).collect::<Vec<_>>(), ["never", "new", "long ago", "lately"]);
    }
}
