//! Limits on what a pod writes: of its `emptyDir` volumes, of each container, of the pod as a whole.

use api::views::core_v1::Pod;
use apimachinery::quantity::Quantity;
use component_helpers::resources::{self, parse};

use super::usage::PodUsage;

const EPHEMERAL_STORAGE: &str = "ephemeral-storage";

fn limited_volumes<'a>(pod: Pod<'a>) -> impl Iterator<Item = (&'a str, Quantity)> {
    pod.spec().volumes().iter().filter_map(|volume| {
        // In memory the kernel keeps the limit.
        let source = volume.empty_dir().filter(|source| source.medium().is_empty())?;
        let limit = Quantity::parse(source.size_limit()?).ok().filter(|limit| !limit.is_zero())?;
        Some((volume.name(), limit))
    })
}

/// Whether there is anything to keep: measuring what a pod has written is work.
pub fn has_any(pod: Pod<'_>) -> bool {
    limited_volumes(pod).next().is_some() || resources::pod_limits(pod.spec()).contains_key(EPHEMERAL_STORAGE)
}

/// The message of the first limit that is exceeded.
pub fn exceeded(pod: Pod<'_>, used: &PodUsage) -> Option<String> {
    for (name, limit) in limited_volumes(pod) {
        if used.volumes.get(name).is_some_and(|bytes| *bytes > limit.value()) {
            return Some(format!("Usage of EmptyDir volume {name:?} exceeds the limit \"{limit}\". "));
        }
    }
    let spec = pod.spec();
    let limit = resources::pod_limits(spec).get(EPHEMERAL_STORAGE).copied();
    if let Some(limit) = limit.filter(|limit| used.disk_bytes() > limit.value()) {
        let everywhere = spec.containers().iter().all(|one| one.resources().limits().contains_key(EPHEMERAL_STORAGE));
        if everywhere {
            return Some(format!("Pod ephemeral local storage usage exceeds the total limit of containers {limit}. "));
        }
    }
    for container in spec.containers().iter() {
        let Some(limit) = parse(container.resources().limits()).get(EPHEMERAL_STORAGE).copied() else { continue };
        if used.containers.get(container.name()).is_some_and(|used| used.disk_bytes > limit.value()) {
            return Some(format!(
                "Container {} exceeded its local ephemeral storage limit \"{limit}\". ",
                container.name()
            ));
        }
    }
    None
}
