//! `secret`: the data of a secret as files in memory.

use api::views::core_v1::Volume;
use async_trait::async_trait;

use super::{
    Context, Error, Mounted, Plugin,
    atomic_writer::Payload,
    config_map::{Defaults, Selection, project, write},
};
use crate::objects::Source;

pub(super) struct Secret;

#[async_trait]
impl Plugin for Secret {
    fn name(&self) -> &'static str {
        "kubernetes.io/secret"
    }

    fn makes(&self, volume: Volume<'_>) -> bool {
        volume.secret().is_some()
    }

    async fn set_up(&self, context: &Context<'_>, volume: Volume<'_>) -> Result<Mounted, Error> {
        let Some(source) = volume.secret() else { return Err(Error::NoPlugin(volume.name().to_owned())) };
        let mut payload = Payload::new();
        let selection = Selection {
            source: Source::Secret,
            name: source.secret_name(),
            items: source.items(),
            defaults: Defaults::new(source.default_mode(), source.default_user()),
            optional: source.optional() == Some(true),
        };
        project(context, selection, &mut payload).await?;
        write(context, payload, true).await
    }
}
