//! `emptyDir`: a directory that lives as long as the pod, on disk or in memory.

use std::{fs, os::unix::fs::PermissionsExt};

use api::views::core_v1::{Pod, Volume};
use apimachinery::quantity::Quantity;
use async_trait::async_trait;

use super::{Context, Error, Mounted, Plugin, blocking, ownership};

pub(super) struct EmptyDir;

/// Permissions of the directory: any user of the pod may use it.
const MODE: u32 = 0o777;

#[async_trait]
impl Plugin for EmptyDir {
    fn name(&self) -> &'static str {
        "kubernetes.io/empty-dir"
    }

    fn makes(&self, volume: Volume<'_>) -> bool {
        volume.empty_dir().is_some()
    }

    async fn set_up(&self, context: &Context<'_>, volume: Volume<'_>) -> Result<Mounted, Error> {
        let Some(source) = volume.empty_dir() else { return Err(Error::NoPlugin(volume.name().to_owned())) };
        let in_memory = match source.medium() {
            "" => false,
            "Memory" => true,
            other => return Err(Error::Unsupported(format!("this kubelet has no emptyDir medium {other:?}"))),
        };
        let memory_limit = component_helpers::resources::pod_limits(Pod::of(context.pod).spec());
        let limit = source.size_limit().and_then(|text| Quantity::parse(text).ok()).filter(|limit| !limit.is_zero());
        let limits = [limit, memory_limit.get("memory").copied()];
        let size_bytes = limits.into_iter().flatten().min().and_then(|limit| u64::try_from(limit.value()).ok());
        let (directory, group) = (context.directory.clone(), context.fs_group());
        let mounter = context.volumes.mounter.clone();
        blocking(move || {
            if directory.is_dir() && !in_memory {
                return Ok(Mounted::at(directory));
            }
            fs::create_dir_all(&directory).map_err(Error::at("make", &directory))?;
            if in_memory {
                mounter.tmpfs(&directory, size_bytes).map_err(Error::at("mount a tmpfs on", &directory))?;
            }
            fs::set_permissions(&directory, fs::Permissions::from_mode(MODE))
                .map_err(Error::at("set the permissions of", &directory))?;
            if let Some(group) = group {
                ownership::apply(&directory, group, true).map_err(Error::at("set the group of", &directory))?;
            }
            Ok(Mounted::at(directory))
        })
        .await
    }
}
