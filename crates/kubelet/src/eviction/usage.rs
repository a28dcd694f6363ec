//! What pods use: memory and processes by the runtime's figures, disk by looking.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::MetadataExt,
    path::Path,
    sync::Arc,
};

use api::views::core_v1::Pod;
use cri_api::v1::ListPodSandboxStatsRequest;

use crate::{kubelet::Inner, volumes::blocking};

/// What one container uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContainerUsage {
    /// Its working set.
    pub memory_bytes: i64,
    /// Its writable layer and its logs.
    pub disk_bytes: i64,
}

/// What a pod uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodUsage {
    /// Its working set.
    pub memory_bytes: i64,
    /// Its processes.
    pub processes: i64,
    /// By container.
    pub containers: BTreeMap<String, ContainerUsage>,
    /// Bytes on disk of its `emptyDir` volumes, by volume.
    pub volumes: BTreeMap<String, i64>,
}

impl PodUsage {
    /// Everything that it has written on local disks.
    pub fn disk_bytes(&self) -> i64 {
        let containers: i64 = self.containers.values().map(|container| container.disk_bytes).sum();
        containers + self.volumes.values().sum::<i64>()
    }
}

/// Bytes on disk below a directory; a file with several names counts once, links are not followed.
fn directory_bytes(directory: &Path) -> i64 {
    let (mut bytes, mut seen) = (0, BTreeSet::new());
    let mut waiting = vec![directory.to_path_buf()];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            if seen.insert(metadata.ino()) {
                bytes += metadata.blocks() * 512;
            }
            if metadata.is_dir() {
                waiting.push(entry.path());
            }
        }
    }
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// What all pods of the node use, by UID; what they have written only if `disk`.
pub(crate) async fn of_pods(kubelet: &Arc<Inner>, disk: bool) -> BTreeMap<String, PodUsage> {
    let listed = kubelet.services.runtime.list_pod_sandbox_stats(ListPodSandboxStatsRequest { filter: None }).await;
    let mut usage: BTreeMap<String, PodUsage> = BTreeMap::new();
    let number = |value: Option<cri_api::v1::UInt64Value>| {
        value.map_or(0, |value| i64::try_from(value.value).unwrap_or(i64::MAX))
    };
    for stats in listed.map(|listed| listed.stats).unwrap_or_default() {
        let uid = stats.attributes.and_then(|attributes| attributes.metadata).unwrap_or_default().uid;
        let linux = stats.linux.unwrap_or_default();
        let pod = usage.entry(uid).or_default();
        pod.memory_bytes += linux.memory.map_or(0, |memory| number(memory.working_set_bytes));
        pod.processes += linux.process.map_or(0, |process| number(process.process_count));
        for container in linux.containers {
            let name = container.attributes.and_then(|attributes| attributes.metadata).unwrap_or_default().name;
            let used = pod.containers.entry(name).or_default();
            used.memory_bytes += container.memory.map_or(0, |memory| number(memory.working_set_bytes));
            used.disk_bytes += container.writable_layer.map_or(0, |layer| number(layer.used_bytes));
        }
    }
    if !disk {
        return usage;
    }
    let (config, pods) = (kubelet.services.config.clone(), kubelet.pods());
    blocking(move || {
        for pod in &pods {
            let (view, used) = (Pod::of(pod), usage.entry(pod.uid().to_owned()).or_default());
            let logs = config.pod_log_directory(view);
            let spec = view.spec();
            for container in spec.containers().iter().chain(spec.init_containers().iter()) {
                let used = used.containers.entry(container.name().to_owned()).or_default();
                used.disk_bytes += directory_bytes(&logs.join(container.name()));
            }
            let on_disk = |volume: &api::views::core_v1::Volume<'_>| {
                volume.empty_dir().is_some_and(|source| source.medium().is_empty())
            };
            for volume in spec.volumes().iter().filter(on_disk) {
                let place = config.pod_directory(pod.uid()).join("volumes/kubernetes.io~empty-dir").join(volume.name());
                used.volumes.insert(volume.name().to_owned(), directory_bytes(&place));
            }
        }
        usage
    })
    .await
}
