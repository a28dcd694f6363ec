//! `downwardAPI`: fields and resources of the pod as files.

use api::views::ViewList;
use api::views::core_v1::{DownwardAPIVolumeFile, Pod, Volume};
use async_trait::async_trait;

use super::{
    Context, Error, Mounted, Plugin,
    atomic_writer::Payload,
    config_map::{Defaults, write},
};
use crate::downward;

pub(super) struct DownwardApi;

/// Adds the files to `payload`.
pub(super) fn project(
    context: &Context<'_>,
    items: ViewList<'_, DownwardAPIVolumeFile<'_>>,
    defaults: Defaults,
    payload: &mut Payload,
) -> Result<(), Error> {
    for item in items.iter() {
        let text = if let Some(field) = item.field_ref() {
            downward::field(context.pod, field.field_path(), context.addresses)?
        } else if let Some(resource) = item.resource_field_ref() {
            downward::resource(Pod::of(context.pod), None, resource, context.allocatable)?
        } else {
            continue;
        };
        payload.insert(item.path().to_owned(), defaults.file(text.into_bytes(), item.mode(), item.user()));
    }
    Ok(())
}

#[async_trait]
impl Plugin for DownwardApi {
    fn name(&self) -> &'static str {
        "kubernetes.io/downward-api"
    }

    fn makes(&self, volume: Volume<'_>) -> bool {
        volume.downward_api().is_some()
    }

    async fn set_up(&self, context: &Context<'_>, volume: Volume<'_>) -> Result<Mounted, Error> {
        let Some(source) = volume.downward_api() else { return Err(Error::NoPlugin(volume.name().to_owned())) };
        let mut payload = Payload::new();
        let defaults = Defaults::new(source.default_mode(), source.default_user());
        project(context, source.items(), defaults, &mut payload)?;
        write(context, payload, true).await
    }
}
