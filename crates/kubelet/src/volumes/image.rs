//! `image`: the files of an image, read-only. The runtime mounts them when it makes the container; here is nothing to
//! make, and the image is pulled beside the container's own.

use api::views::core_v1::Volume;
use async_trait::async_trait;

use super::{Context, Error, Mounted, Plugin};

pub(super) struct Image;

#[async_trait]
impl Plugin for Image {
    fn name(&self) -> &'static str {
        "kubernetes.io/image"
    }

    fn makes(&self, volume: Volume<'_>) -> bool {
        volume.image().is_some()
    }

    async fn set_up(&self, context: &Context<'_>, _: Volume<'_>) -> Result<Mounted, Error> {
        Ok(Mounted::at(context.directory.clone()))
    }
}
