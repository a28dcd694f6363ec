//! What containers and pods use, from their cgroups and writable layers.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use cri_api::Result;
use cri_api::v1::*;

use crate::cgroups::Usage;
use crate::error::blocking;
use crate::records::{Phase, labels_match};
use crate::runtime::{Inner, lock, now_nanoseconds, path_text};
use crate::sandbox::Sandbox;

fn number(value: Option<u64>) -> Option<UInt64Value> {
    value.map(|value| UInt64Value { value })
}

fn cpu(usage: &Usage, timestamp: i64) -> CpuUsage {
    CpuUsage { timestamp, usage_core_nano_seconds: number(usage.cpu_nanoseconds), ..CpuUsage::default() }
}

fn memory(usage: &Usage, timestamp: i64) -> MemoryUsage {
    let available = match (usage.memory_limit_bytes, usage.working_set_bytes) {
        (Some(limit), Some(working_set)) => Some(limit.saturating_sub(working_set)),
        _ => None,
    };
    MemoryUsage {
        timestamp,
        working_set_bytes: number(usage.working_set_bytes),
        available_bytes: number(available),
        usage_bytes: number(usage.memory_bytes),
        rss_bytes: number(usage.anonymous_bytes),
        page_faults: number(usage.page_faults),
        major_page_faults: number(usage.major_page_faults),
        psi: None,
    }
}

fn blocking_of_container(inner: &Inner, container: &crate::container::Container) -> ContainerStats {
    let record = lock(&container.record).clone();
    let timestamp = now_nanoseconds();
    let usage = inner.cgroups.usage(&record.cgroup);
    let (used_bytes, inodes_used) = directory_usage(&inner.writable_layer(&container.id).join("upper"));
    ContainerStats {
        attributes: Some(ContainerAttributes {
            id: record.id,
            metadata: record.config.metadata,
            labels: record.config.labels,
            annotations: record.config.annotations,
        }),
        cpu: Some(cpu(&usage, timestamp)),
        memory: Some(memory(&usage, timestamp)),
        writable_layer: Some(FilesystemUsage {
            timestamp,
            fs_id: Some(FilesystemIdentifier { mountpoint: path_text(&inner.config.root_directory) }),
            used_bytes: number(Some(used_bytes)),
            inodes_used: number(Some(inodes_used)),
        }),
        ..ContainerStats::default()
    }
}

/// Bytes on disk and inodes below a directory; a file with several names counts once.
pub(crate) fn directory_usage(directory: &Path) -> (u64, u64) {
    let (mut bytes, mut inodes) = (0, BTreeSet::new());
    let mut waiting = vec![directory.to_path_buf()];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            if inodes.insert(metadata.ino()) {
                bytes += metadata.blocks() * 512;
            }
            if metadata.is_dir() {
                waiting.push(entry.path());
            }
        }
    }
    (bytes, inodes.len() as u64)
}

pub(crate) async fn of_container(
    inner: &Arc<Inner>,
    container: Arc<crate::container::Container>,
) -> Result<ContainerStats> {
    let inner = inner.clone();
    blocking(move || Ok(blocking_of_container(&inner, &container))).await
}

/// Statistics of the running containers that match.
pub(crate) async fn of_containers(inner: &Arc<Inner>, filter: ContainerStatsFilter) -> Result<Vec<ContainerStats>> {
    let inner = inner.clone();
    blocking(move || {
        let mut all = Vec::new();
        for container in inner.all_containers() {
            let matches = container.phase() == Phase::Running
                && container.id.starts_with(&filter.id)
                && container.sandbox.id.starts_with(&filter.pod_sandbox_id)
                && labels_match(&lock(&container.record).config.labels, &filter.label_selector);
            if matches {
                all.push(blocking_of_container(&inner, &container));
            }
        }
        Ok(all)
    })
    .await
}

fn blocking_of_sandbox(inner: &Inner, sandbox: &Sandbox) -> PodSandboxStats {
    let record = lock(&sandbox.record).clone();
    let timestamp = now_nanoseconds();
    let usage = inner.cgroups.usage(&record.cgroup_parent);
    let containers = inner.containers_of(&sandbox.id);
    let running = containers.iter().filter(|container| container.phase() == Phase::Running);
    PodSandboxStats {
        attributes: Some(PodSandboxAttributes {
            id: record.id,
            metadata: record.config.metadata,
            labels: record.config.labels,
            annotations: record.config.annotations,
        }),
        linux: Some(LinuxPodSandboxStats {
            cpu: Some(cpu(&usage, timestamp)),
            memory: Some(memory(&usage, timestamp)),
            network: network(inner, sandbox, timestamp),
            process: Some(ProcessUsage { timestamp, process_count: number(usage.process_count) }),
            containers: running.map(|container| blocking_of_container(inner, container)).collect(),
            io: None,
        }),
        windows: None,
    }
}

/// Counters of the pod's interfaces, read through a process in its network; a pod without one has none to tell.
fn network(inner: &Inner, sandbox: &Sandbox, timestamp: i64) -> Option<NetworkUsage> {
    let containers = inner.containers_of(&sandbox.id);
    let running = containers.iter().find(|container| container.phase() == Phase::Running)?;
    let process_id = lock(&running.record).process_id;
    let text = fs::read_to_string(format!("/proc/{process_id}/net/dev")).ok()?;
    let mut interfaces = text.lines().skip(2).filter_map(interface).filter(|interface| interface.name != "lo");
    let default_interface = interfaces.next();
    Some(NetworkUsage { timestamp, default_interface, interfaces: interfaces.collect() })
}

/// One line of `/proc/net/dev`.
fn interface(line: &str) -> Option<NetworkInterfaceUsage> {
    let (name, counters) = line.split_once(':')?;
    let counters = counters.split_whitespace().map(|counter| counter.parse().ok()).collect::<Option<Vec<u64>>>()?;
    let counter = |index: usize| number(counters.get(index).copied());
    Some(NetworkInterfaceUsage {
        name: name.trim().to_owned(),
        rx_bytes: counter(0),
        rx_errors: counter(2),
        tx_bytes: counter(8),
        tx_errors: counter(10),
    })
}

pub(crate) async fn of_sandbox(inner: &Arc<Inner>, sandbox: Arc<Sandbox>) -> Result<PodSandboxStats> {
    let inner = inner.clone();
    blocking(move || Ok(blocking_of_sandbox(&inner, &sandbox))).await
}

/// Statistics of the ready sandboxes that match.
pub(crate) async fn of_sandboxes(inner: &Arc<Inner>, filter: PodSandboxStatsFilter) -> Result<Vec<PodSandboxStats>> {
    let inner = inner.clone();
    blocking(move || {
        let mut all = Vec::new();
        for sandbox in inner.all_sandboxes() {
            let matches = {
                let record = lock(&sandbox.record);
                record.ready
                    && record.id.starts_with(&filter.id)
                    && labels_match(&record.config.labels, &filter.label_selector)
            };
            if matches {
                all.push(blocking_of_sandbox(&inner, &sandbox));
            }
        }
        Ok(all)
    })
    .await
}
