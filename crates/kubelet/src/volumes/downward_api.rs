//! `downwardAPI`: fields and resources of the pod as files.

use api::views::ViewList;
use api::views::core_v1::{DownwardAPIVolumeFile, Pod, Volume};
use async_trait::async_trait;

use super::{
    Context, Error, Mounted, Plugin,
    atomic_writer::{File, Payload},
    config_map::{DEFAULT_MODE, bits, write},
};
use crate::downward;

pub(super) struct DownwardApi;

/// Adds the files to `payload`.
pub(super) fn project(
    context: &Context<'_>,
    items: ViewList<'_, DownwardAPIVolumeFile<'_>>,
    mode: i64,
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
        let mode = bits(item.mode().unwrap_or(mode));
        payload.insert(item.path().to_owned(), File { data: text.into_bytes(), mode, owner: None });
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
        project(context, source.items(), source.default_mode().unwrap_or(DEFAULT_MODE), &mut payload)?;
        write(context, payload, true).await
    }
}
