//! `projected`: several sources in one directory, the service account's token among them.

use api::views::core_v1::{Pod, Volume};
use async_trait::async_trait;
use tokio::time::Instant;

use super::{
    Context, Error, Mounted, Plugin,
    atomic_writer::{File, Payload},
    config_map::{self, Defaults, Selection, bits, write},
    downward_api, trust_bundle,
};
use crate::objects::Source;

pub(super) struct Projected;

/// The user that all containers run as, if it is the same for all: it owns the token.
fn common_user(pod: Pod<'_>) -> Option<u32> {
    let spec = pod.spec();
    let all = spec.init_containers().iter().chain(spec.containers().iter());
    let mut users = all.map(|container| crate::security::Effective::new(spec, container).run_as_user());
    let first = users.next()??;
    users.all(|user| user == Some(first)).then(|| u32::try_from(first).ok())?
}

#[async_trait]
impl Plugin for Projected {
    fn name(&self) -> &'static str {
        "kubernetes.io/projected"
    }

    fn makes(&self, volume: Volume<'_>) -> bool {
        volume.projected().is_some()
    }

    async fn set_up(&self, context: &Context<'_>, volume: Volume<'_>) -> Result<Mounted, Error> {
        let Some(projected) = volume.projected() else { return Err(Error::NoPlugin(volume.name().to_owned())) };
        let defaults = Defaults::new(projected.default_mode(), projected.default_user());
        let mut payload = Payload::new();
        let mut refresh_at: Option<Instant> = None;
        for source in projected.sources().iter() {
            if let Some(secret) = source.secret() {
                let (name, items) = (secret.name(), secret.items());
                let optional = secret.optional() == Some(true);
                let selection = Selection { source: Source::Secret, name, items, defaults, optional };
                config_map::project(context, selection, &mut payload).await?;
            } else if let Some(map) = source.config_map() {
                let (name, items, optional) = (map.name(), map.items(), map.optional() == Some(true));
                let selection = Selection { source: Source::ConfigMap, name, items, defaults, optional };
                config_map::project(context, selection, &mut payload).await?;
            } else if let Some(downward) = source.downward_api() {
                downward_api::project(context, downward.items(), defaults, &mut payload)?;
            } else if let Some(token) = source.service_account_token() {
                let audience = token.audience();
                let issued = context.volumes.tokens.get(context.pod, audience, token.expiration_seconds()).await?;
                // Who is named owns the token; else the one user that all containers run as.
                let named = token.user().or(defaults.user).and_then(|user| u32::try_from(user).ok());
                let user = named.or_else(|| common_user(Pod::of(context.pod)));
                let mode = if user.is_some() || context.fs_group().is_some() { 0o600 } else { bits(defaults.mode) };
                payload.insert(token.path().to_owned(), File { data: issued.token.into_bytes(), mode, owner: user });
                refresh_at = Some(refresh_at.map_or(issued.renew_at, |earlier| earlier.min(issued.renew_at)));
            } else if let Some(bundle) = source.cluster_trust_bundle() {
                let data = trust_bundle::read(context, bundle).await?.into_bytes();
                let user = bundle.user().or(defaults.user).and_then(|user| u32::try_from(user).ok());
                let mode = if user.is_some() || context.fs_group().is_some() { 0o600 } else { bits(defaults.mode) };
                payload.insert(bundle.path().to_owned(), File { data, mode, owner: user });
            } else {
                let kind = source.0.keys().next().map_or("nothing", |key| key.as_str());
                return Err(Error::Unsupported(format!("this kubelet cannot project {kind}")));
            }
        }
        let mounted = write(context, payload, true).await?;
        Ok(Mounted { refresh_at, ..mounted })
    }
}
