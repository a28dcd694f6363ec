//! What the node and its pods use: `/stats/summary` and `/metrics/resource`.

use std::fmt::Write as _;

use apimachinery::{Status, Value, time, value};
use cri_api::v1::{ContainerStats, CpuUsage, ListPodSandboxStatsRequest, MemoryUsage, PodSandboxStats, UInt64Value};
use jiff::Timestamp;

use crate::kubelet::Inner;

fn number(value: Option<UInt64Value>) -> Option<i64> {
    value.map(|value| i64::try_from(value.value).unwrap_or(i64::MAX))
}

fn at(nanoseconds: i64) -> String {
    Timestamp::from_nanosecond(i128::from(nanoseconds)).map(time::format_seconds).unwrap_or_default()
}

fn filled(time: i64, numbers: &[(&'static str, Option<i64>)]) -> Value {
    let mut stats = value!({"time": at(time)});
    for (key, number) in numbers {
        if let Some(number) = number {
            stats.set(&[key], *number);
        }
    }
    stats
}

fn cpu(usage: &CpuUsage) -> Value {
    let nano_cores = number(usage.usage_nano_cores);
    filled(
        usage.timestamp,
        &[("usageNanoCores", nano_cores), ("usageCoreNanoSeconds", number(usage.usage_core_nano_seconds))],
    )
}

fn memory(usage: &MemoryUsage) -> Value {
    filled(
        usage.timestamp,
        &[
            ("availableBytes", number(usage.available_bytes)),
            ("usageBytes", number(usage.usage_bytes)),
            ("workingSetBytes", number(usage.working_set_bytes)),
            ("rssBytes", number(usage.rss_bytes)),
            ("pageFaults", number(usage.page_faults)),
            ("majorPageFaults", number(usage.major_page_faults)),
        ],
    )
}

fn container(stats: &ContainerStats) -> Value {
    let name = stats.attributes.clone().unwrap_or_default().metadata.unwrap_or_default().name;
    let mut shown = value!({"name": name});
    if let Some(usage) = &stats.cpu {
        shown.set(&["cpu"], cpu(usage));
    }
    if let Some(usage) = &stats.memory {
        shown.set(&["memory"], memory(usage));
    }
    if let Some(usage) = &stats.writable_layer {
        let numbers = [("usedBytes", number(usage.used_bytes)), ("inodesUsed", number(usage.inodes_used))];
        shown.set(&["rootfs"], filled(usage.timestamp, &numbers));
    }
    shown
}

fn pod(stats: &PodSandboxStats) -> Value {
    let metadata = stats.attributes.clone().unwrap_or_default().metadata.unwrap_or_default();
    let linux = stats.linux.clone().unwrap_or_default();
    let containers: Value = linux.containers.iter().map(container).collect();
    let mut shown = value!({
        "podRef": {"name": metadata.name, "namespace": metadata.namespace, "uid": metadata.uid},
        "containers": containers
    });
    if let Some(usage) = &linux.cpu {
        shown.set(&["cpu"], cpu(usage));
    }
    if let Some(usage) = &linux.memory {
        shown.set(&["memory"], memory(usage));
    }
    if let Some(interface) = linux.network.as_ref().and_then(|network| network.default_interface.as_ref()) {
        let numbers = [
            ("rxBytes", number(interface.rx_bytes)),
            ("rxErrors", number(interface.rx_errors)),
            ("txBytes", number(interface.tx_bytes)),
            ("txErrors", number(interface.tx_errors)),
        ];
        let time = linux.network.as_ref().map_or(0, |network| network.timestamp);
        let mut network = filled(time, &numbers);
        network.set(&["name"], interface.name.as_str());
        shown.set(&["network"], network);
    }
    if let Some(count) = linux.process.as_ref().and_then(|process| number(process.process_count)) {
        shown.set(&["process_stats", "process_count"], count);
    }
    shown
}

/// Nanoseconds of CPU that the machine has used since its start, and the bytes of memory in use.
fn machine() -> (i64, i64) {
    let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let ticks: Vec<i64> = stat
        .lines()
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(1)
        .filter_map(|word| word.parse().ok())
        .collect();
    // user nice system idle iowait irq softirq steal, in hundredths of a second
    let busy: i64 = ticks.iter().take(8).enumerate().filter(|(index, _)| !matches!(index, 3 | 4)).map(|(_, n)| n).sum();
    let meminfo = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let bytes = |key: &str| {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
        line.and_then(|line| line.split_whitespace().next()?.parse::<i64>().ok()).unwrap_or(0) * 1024
    };
    (busy * 10_000_000, bytes("MemTotal") - bytes("MemAvailable"))
}

pub(crate) async fn all(kubelet: &Inner) -> Result<Vec<PodSandboxStats>, Status> {
    let request = ListPodSandboxStatsRequest { filter: None };
    let listed = kubelet.services.runtime.list_pod_sandbox_stats(request).await;
    listed.map(|listed| listed.stats).map_err(|error| Status::internal(format!("list the pods' statistics: {error}")))
}

/// The summary.
pub(crate) async fn summary(kubelet: &Inner) -> Result<Value, Status> {
    let pods: Value = all(kubelet).await?.iter().map(pod).collect();
    let (cpu, memory) = machine();
    let now = time::format_seconds(stdx::clock::now());
    Ok(value!({
        "node": {
            "nodeName": kubelet.services.config.node_name.as_str(),
            "cpu": {"time": now.as_str(), "usageCoreNanoSeconds": cpu},
            "memory": {"time": now.as_str(), "workingSetBytes": memory, "usageBytes": memory}
        },
        "pods": pods
    }))
}

/// The metrics that the metrics server reads.
pub(crate) async fn resource_metrics(kubelet: &Inner) -> Result<String, Status> {
    let pods = all(kubelet).await?;
    let (cpu, memory) = machine();
    let mut text = String::new();
    let mut family = |name: &str, kind: &str, help: &str, lines: &[String]| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "# HELP {name} [STABLE] {help}\n# TYPE {name} {kind}");
        lines.iter().for_each(|line| {
            let _ = writeln!(text, "{name}{line}");
        });
    };
    let seconds = |nanoseconds: i64| nanoseconds as f64 / 1e9;
    let (mut container_cpu, mut container_memory, mut pod_cpu, mut pod_memory) = (vec![], vec![], vec![], vec![]);
    for pod in &pods {
        let metadata = pod.attributes.clone().unwrap_or_default().metadata.unwrap_or_default();
        let labels = format!("namespace={:?},pod={:?}", metadata.namespace, metadata.name);
        let linux = pod.linux.clone().unwrap_or_default();
        if let Some(usage) = linux.cpu.and_then(|usage| Some((number(usage.usage_core_nano_seconds)?, usage.timestamp)))
        {
            pod_cpu.push(format!("{{{labels}}} {} {}", seconds(usage.0), usage.1 / 1_000_000));
        }
        if let Some(usage) = linux.memory.and_then(|usage| Some((number(usage.working_set_bytes)?, usage.timestamp))) {
            pod_memory.push(format!("{{{labels}}} {} {}", usage.0, usage.1 / 1_000_000));
        }
        for container in &linux.containers {
            let name = container.attributes.clone().unwrap_or_default().metadata.unwrap_or_default().name;
            let labels = format!("container={name:?},{labels}");
            if let Some(usage) =
                container.cpu.and_then(|usage| Some((number(usage.usage_core_nano_seconds)?, usage.timestamp)))
            {
                container_cpu.push(format!("{{{labels}}} {} {}", seconds(usage.0), usage.1 / 1_000_000));
            }
            if let Some(usage) =
                container.memory.and_then(|usage| Some((number(usage.working_set_bytes)?, usage.timestamp)))
            {
                container_memory.push(format!("{{{labels}}} {} {}", usage.0, usage.1 / 1_000_000));
            }
        }
    }
    family(
        "container_cpu_usage_seconds_total",
        "counter",
        "Cumulative cpu time consumed by the container in core-seconds",
        &container_cpu,
    );
    family(
        "container_memory_working_set_bytes",
        "gauge",
        "Current working set of the container in bytes",
        &container_memory,
    );
    family(
        "node_cpu_usage_seconds_total",
        "counter",
        "Cumulative cpu time consumed by the node in core-seconds",
        &[format!(" {}", seconds(cpu))],
    );
    family(
        "node_memory_working_set_bytes",
        "gauge",
        "Current working set of the node in bytes",
        &[format!(" {memory}")],
    );
    family(
        "pod_cpu_usage_seconds_total",
        "counter",
        "Cumulative cpu time consumed by the pod in core-seconds",
        &pod_cpu,
    );
    family("pod_memory_working_set_bytes", "gauge", "Current working set of the pod in bytes", &pod_memory);
    family(
        "resource_scrape_error",
        "gauge",
        "1 if there was an error while getting container metrics, 0 otherwise",
        &[" 0".to_owned()],
    );
    Ok(text)
}
