//! CRI's `ImageService`.

use async_trait::async_trait;
use cri_api::v1::*;
use cri_api::{Error, ImageService, Result};

use crate::error::blocking;
use crate::images::{Image, ImageError, ImageStore, PullOptions};
use crate::runtime::{Runtime, now_nanoseconds, path_text};
use crate::stats::directory_usage;

fn message(store: &ImageStore, image: &Image) -> cri_api::v1::Image {
    let user = store.configuration(image).map(|configuration| configuration.config.user).unwrap_or_default();
    let user = user.split(':').next().unwrap_or_default();
    let uid = user.parse::<i64>().ok();
    cri_api::v1::Image {
        id: image.id.clone(),
        repo_tags: image.tags.iter().cloned().collect(),
        repo_digests: image.digests.iter().cloned().collect(),
        size: image.size_bytes,
        uid: uid.map(|value| Int64Value { value }),
        username: if uid.is_some() { String::new() } else { user.to_owned() },
        spec: Some(ImageSpec { image: image.id.clone(), ..ImageSpec::default() }),
        // What came from no registry could not be brought back.
        pinned: image.pinned || image.pulled.is_empty(),
    }
}

fn name_of(spec: Option<ImageSpec>) -> Result<String> {
    match spec {
        Some(spec) if !spec.image.is_empty() => Ok(spec.image),
        _ => Err(Error::invalid_argument("the request names no image")),
    }
}

#[async_trait]
impl ImageService for Runtime {
    async fn list_images(&self, request: ListImagesRequest) -> Result<ListImagesResponse> {
        let store = self.images();
        let wanted = request.filter.and_then(|filter| filter.image).map(|spec| spec.image).unwrap_or_default();
        blocking(move || {
            let images = match wanted.as_str() {
                "" => store.list(),
                name => store.find(name).into_iter().collect(),
            };
            Ok(ListImagesResponse { images: images.iter().map(|image| message(&store, image)).collect() })
        })
        .await
    }

    async fn image_status(&self, request: ImageStatusRequest) -> Result<ImageStatusResponse> {
        let (store, name) = (self.images(), name_of(request.image)?);
        blocking(move || match store.find(&name) {
            Ok(image) => Ok(ImageStatusResponse { image: Some(message(&store, &image)), ..Default::default() }),
            Err(ImageError::NotFound(_)) => Ok(ImageStatusResponse::default()),
            Err(error) => Err(error.into()),
        })
        .await
    }

    async fn pull_image(&self, request: PullImageRequest) -> Result<PullImageResponse> {
        let (store, name) = (self.images(), name_of(request.image)?);
        // What was imported or built under the name is what the name means here.
        let (asked, local_name) = (store.clone(), name.clone());
        let image = match blocking(move || Ok(asked.find_local(&local_name))).await? {
            Some(image) => image,
            None => {
                let credentials = request.auth.map(Into::into).unwrap_or_default();
                store.pull(&name, &PullOptions { credentials, progress: None }).await?
            }
        };
        // The same value as everywhere else that an image is referred to.
        Ok(PullImageResponse { image_ref: image.id })
    }

    async fn remove_image(&self, request: RemoveImageRequest) -> Result<RemoveImageResponse> {
        let (store, name) = (self.images(), name_of(request.image)?);
        blocking(move || match store.remove(&name) {
            Ok(()) | Err(ImageError::NotFound(_)) => Ok(RemoveImageResponse {}),
            Err(error) => Err(error.into()),
        })
        .await
    }

    async fn image_fs_info(&self, _request: ImageFsInfoRequest) -> Result<ImageFsInfoResponse> {
        let (store, root) = (self.images(), self.inner.config.root_directory.clone());
        blocking(move || {
            let usage = |(bytes, inodes): (u64, u64), directory: &std::path::Path| FilesystemUsage {
                timestamp: now_nanoseconds(),
                fs_id: Some(FilesystemIdentifier { mountpoint: path_text(directory) }),
                used_bytes: Some(UInt64Value { value: bytes }),
                inodes_used: Some(UInt64Value { value: inodes }),
            };
            let containers = root.join("containers");
            Ok(ImageFsInfoResponse {
                image_filesystems: vec![usage(store.usage(), store.directory())],
                container_filesystems: vec![usage(directory_usage(&containers), &containers)],
            })
        })
        .await
    }
}
