//! `emptyDir`: a directory that lives as long as the pod, on disk, in memory or in huge pages.

use std::{fs, os::unix::fs::PermissionsExt};

use api::views::core_v1::{Pod, Volume};
use apimachinery::quantity::Quantity;
use async_trait::async_trait;
use component_helpers::resources::parse;

use super::{Context, Error, Mounted, Plugin, blocking, ownership};

pub(super) struct EmptyDir;

/// Permissions of the directory when nothing is said: any user of the pod may use it.
const MODE: u32 = 0o777;
/// The bits that `mode` may have: permissions and the sticky bit.
const MODE_BITS: i64 = 0o1777;
const HUGE_PAGES: &str = "HugePages";

/// What the directory stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Medium {
    Disk,
    Memory,
    /// Pages of so many bytes.
    HugePages(u64),
}

impl Medium {
    fn of(name: &str, pod: Pod<'_>) -> Result<Medium, Error> {
        match name {
            "" => Ok(Medium::Disk),
            "Memory" => Ok(Medium::Memory),
            HUGE_PAGES => page_bytes(name, None, pod),
            other => match other.strip_prefix("HugePages-").map(Quantity::parse) {
                Some(Ok(size)) => page_bytes(name, Some(size), pod),
                _ => Err(Error::Unsupported(format!("unknown storage medium {other:?}"))),
            },
        }
    }
}

/// The size of the pages: it must be one that the pod requests, and without a name the only one.
fn page_bytes(medium: &str, wanted: Option<Quantity>, pod: Pod<'_>) -> Result<Medium, Error> {
    let spec = pod.spec();
    let containers = spec.containers().iter().chain(spec.init_containers().iter());
    let mut lists: Vec<_> = containers.map(|container| parse(container.resources().requests())).collect();
    lists.extend(spec.resources().map(|resources| parse(resources.requests())));
    let names = lists.iter().flat_map(|list| list.keys());
    let requested = names.filter_map(|name| Quantity::parse(name.strip_prefix("hugepages-")?).ok());
    let mut sizes: Vec<Quantity> = requested.filter(|size| wanted.is_none_or(|wanted| *size == wanted)).collect();
    sizes.sort();
    sizes.dedup();
    let refused = |why: &str| Err(Error::Unsupported(format!("medium {medium}: {why}")));
    match sizes.as_slice() {
        [] => refused("hugePages storage requested, but there is no resource request for huge pages"),
        [size] => Ok(Medium::HugePages(u64::try_from(size.value()).unwrap_or(0))),
        _ => refused("can't be used if container requests multiple huge page sizes"),
    }
}

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
        let medium = Medium::of(source.medium(), Pod::of(context.pod))?;
        let mode = source.mode().map_or(MODE, |mode| u32::try_from(mode & MODE_BITS).unwrap_or(MODE));
        let memory_limit = component_helpers::resources::pod_limits(Pod::of(context.pod).spec());
        let limit = source.size_limit().and_then(|text| Quantity::parse(text).ok()).filter(|limit| !limit.is_zero());
        let limits = [limit, memory_limit.get("memory").copied()];
        let size_bytes = limits.into_iter().flatten().min().and_then(|limit| u64::try_from(limit.value()).ok());
        let (directory, group) = (context.directory.clone(), context.fs_group());
        let mounter = context.volumes.mounter.clone();
        blocking(move || {
            // What the pod did to its directory stays.
            if directory.is_dir() && (medium == Medium::Disk || mounter.is_mounted(&directory)) {
                return Ok(Mounted::at(directory));
            }
            fs::create_dir_all(&directory).map_err(Error::at("make", &directory))?;
            match medium {
                Medium::Disk => {}
                Medium::Memory => {
                    mounter.tmpfs(&directory, size_bytes).map_err(Error::at("mount a tmpfs on", &directory))?;
                }
                Medium::HugePages(page_bytes) => {
                    mounter.huge_pages(&directory, page_bytes).map_err(Error::at("mount huge pages on", &directory))?
                }
            }
            fs::set_permissions(&directory, fs::Permissions::from_mode(mode))
                .map_err(Error::at("set the permissions of", &directory))?;
            if let Some(group) = group {
                ownership::apply(&directory, group, true).map_err(Error::at("set the group of", &directory))?;
            }
            Ok(Mounted::at(directory))
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use apimachinery::value;

    #[test]
    fn media() {
        let two = value!({"requests": {"hugepages-2Mi": "4Mi", "memory": "1Gi"}});
        let pod = value!({"spec": {"containers": [{"resources": two}]}});
        let medium = |name: &str| Medium::of(name, Pod::of(&pod)).map_err(|error| error.to_string());
        assert_eq!(medium(""), Ok(Medium::Disk));
        assert_eq!(medium("Memory"), Ok(Medium::Memory));
        assert_eq!(medium("HugePages"), Ok(Medium::HugePages(2 << 20)));
        assert_eq!(medium("HugePages-2Mi"), Ok(Medium::HugePages(2 << 20)));
        assert_eq!(
            medium("HugePages-1Gi").unwrap_err(),
            "medium HugePages-1Gi: hugePages storage requested, but there is no resource request for huge pages"
        );
        assert_eq!(medium("Tape").unwrap_err(), "unknown storage medium \"Tape\"");
        let both = value!({"requests": {"hugepages-2Mi": "4Mi", "hugepages-1Gi": "1Gi"}});
        let pod = value!({"spec": {"containers": [{"resources": both}]}});
        assert!(Medium::of("HugePages", Pod::of(&pod)).is_err());
        assert_eq!(Medium::of("HugePages-1Gi", Pod::of(&pod)).unwrap(), Medium::HugePages(1 << 30));
    }
}
