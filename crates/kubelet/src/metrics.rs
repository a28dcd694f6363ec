//! The kubelet's own metrics, with upstream's names: `/metrics`, `/metrics/probes`, `/metrics/cadvisor`.

use std::sync::LazyLock;

use apimachinery::Status;
use component_base::metrics::{Collector, Counter, Family, Histogram, Registry, Text};
use cri_api::v1::{
    ContainerStats, ContainerStatusRequest, ListContainersRequest, NetworkInterfaceUsage, PodSandboxMetadata,
    UInt64Value,
};

use crate::{kubelet::Inner, stats};

/// Seconds, as upstream's buckets for the start of pods.
const START_BOUNDS: &[f64] = &[
    0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 20.0, 30.0, 45.0, 60.0, 120.0, 180.0, 240.0, 300.0, 360.0, 480.0,
    600.0, 900.0, 1200.0, 1800.0, 2700.0, 3600.0,
];

/// From the moment when a pod was seen to its first container's start.
pub(crate) static POD_START: Family<Histogram> = Family::histogram(
    "kubelet_pod_start_duration_seconds",
    "[ALPHA] Duration in seconds from kubelet seeing a pod for the first time to the pod starting to run",
    &[],
    START_BOUNDS,
);
pub(crate) static STARTED_PODS: Family<Counter> =
    Family::counter("kubelet_started_pods_total", "[ALPHA] Cumulative number of pods started", &[]);
pub(crate) static STARTED_PODS_ERRORS: Family<Counter> =
    Family::counter("kubelet_started_pods_errors_total", "[ALPHA] Cumulative number of errors when starting pods", &[]);
pub(crate) static STARTED_CONTAINERS: Family<Counter> = Family::counter(
    "kubelet_started_containers_total",
    "[ALPHA] Cumulative number of containers started",
    &["container_type"],
);
pub(crate) static STARTED_CONTAINERS_ERRORS: Family<Counter> = Family::counter(
    "kubelet_started_containers_errors_total",
    "[ALPHA] Cumulative number of errors when starting containers",
    &["code", "container_type"],
);
pub(crate) static EVICTIONS: Family<Counter> = Family::counter(
    "kubelet_evictions",
    "[ALPHA] Cumulative number of pod evictions by eviction signal",
    &["eviction_signal"],
);
pub(crate) static IMAGES_REMOVED: Family<Counter> = Family::counter(
    "kubelet_image_garbage_collected_total",
    "[ALPHA] Total number of images garbage collected by the kubelet, whether through disk usage or image age.",
    &["reason"],
);
/// What probes found.
pub(crate) static PROBES: Family<Counter> = Family::counter(
    "prober_probe_total",
    "[BETA] Cumulative number of a liveness, readiness or startup probe for a container by result.",
    &["probe_type", "result", "container", "pod", "namespace", "pod_uid"],
);

static REGISTRY: LazyLock<Registry> = LazyLock::new(|| {
    let registry = Registry::new();
    registry.add(&POD_START);
    registry.add(&STARTED_PODS);
    registry.add(&STARTED_PODS_ERRORS);
    registry.add(&STARTED_CONTAINERS);
    registry.add(&STARTED_CONTAINERS_ERRORS);
    registry.add(&EVICTIONS);
    registry.add(&IMAGES_REMOVED);
    registry
});

/// What is counted only when somebody asks.
struct Counted {
    node: String,
    pods: usize,
    running: usize,
    exited: usize,
    created: usize,
}

impl Collector for Counted {
    fn collect(&self, text: &mut Text) {
        text.family("kubelet_node_name", "[ALPHA] The node's name. The count is always 1.", "gauge");
        text.sample("kubelet_node_name", "", &[("node", &self.node)], 1.0);
        text.family("kubelet_running_pods", "[BETA] Number of pods that have a running pod sandbox", "gauge");
        text.sample("kubelet_running_pods", "", &[], self.pods as f64);
        let name = "kubelet_running_containers";
        text.family(name, "[BETA] Number of containers currently running", "gauge");
        for (state, count) in [("created", self.created), ("exited", self.exited), ("running", self.running)] {
            text.sample(name, "", &[("container_state", state)], count as f64);
        }
    }
}

/// `/metrics`.
pub(crate) async fn own(kubelet: &Inner) -> Result<String, Status> {
    use cri_api::v1::{ContainerState, ListPodSandboxRequest, PodSandboxState};
    let runtime = &kubelet.services.runtime;
    let failed = |error| Status::internal(format!("ask the runtime: {error}"));
    let sandboxes = runtime.list_pod_sandbox(ListPodSandboxRequest { filter: None }).await.map_err(failed)?.items;
    let containers = runtime.list_containers(ListContainersRequest { filter: None }).await.map_err(failed)?.containers;
    let count = |state: ContainerState| containers.iter().filter(|one| one.state == state as i32).count();
    let counted = Counted {
        node: kubelet.services.config.node_name.clone(),
        pods: sandboxes.iter().filter(|one| one.state == PodSandboxState::SandboxReady as i32).count(),
        running: count(ContainerState::ContainerRunning),
        exited: count(ContainerState::ContainerExited),
        created: count(ContainerState::ContainerCreated),
    };
    Ok(REGISTRY.text_with(&[&counted]))
}

/// `/metrics/probes`.
pub(crate) fn probes() -> String {
    Registry::new().text_with(&[&PROBES])
}

/// One container as cAdvisor labels it.
struct Labels {
    container: String,
    id: String,
    image: String,
    namespace: String,
    pod: String,
}

impl Labels {
    fn with<'a>(&'a self, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let own = [
            ("container", &self.container),
            ("id", &self.id),
            ("image", &self.image),
            ("name", &self.id),
            ("namespace", &self.namespace),
            ("pod", &self.pod),
        ];
        let mut labels: Vec<(&str, &str)> = own.into_iter().map(|(name, value)| (name, value.as_str())).collect();
        labels.extend_from_slice(more);
        labels.sort_unstable();
        labels
    }
}

type Sample = (&'static str, Labels, Vec<(&'static str, String)>, f64);

/// `(name, help, type)` of what cAdvisor says of containers.
const CADVISOR: [(&str, &str, &str); 10] = [
    ("container_cpu_usage_seconds_total", "Cumulative cpu time consumed in seconds.", "counter"),
    ("container_fs_usage_bytes", "Number of bytes that are consumed by the container on this filesystem.", "gauge"),
    ("container_memory_failures_total", "Cumulative count of memory allocation failures.", "counter"),
    ("container_memory_rss", "Size of RSS in bytes.", "gauge"),
    (
        "container_memory_usage_bytes",
        "Current memory usage in bytes, including all memory regardless of when it was accessed",
        "gauge",
    ),
    ("container_memory_working_set_bytes", "Current working set in bytes.", "gauge"),
    ("container_network_receive_bytes_total", "Cumulative count of bytes received", "counter"),
    ("container_network_receive_errors_total", "Cumulative count of errors encountered while receiving", "counter"),
    ("container_network_transmit_bytes_total", "Cumulative count of bytes transmitted", "counter"),
    ("container_network_transmit_errors_total", "Cumulative count of errors encountered while transmitting", "counter"),
];

struct Cadvisor {
    samples: Vec<Sample>,
    cores: f64,
    memory: f64,
}

impl Collector for Cadvisor {
    fn collect(&self, text: &mut Text) {
        text.family("machine_cpu_cores", "Number of logical CPU cores.", "gauge");
        text.sample("machine_cpu_cores", "", &[], self.cores);
        text.family("machine_memory_bytes", "Amount of memory installed on the machine.", "gauge");
        text.sample("machine_memory_bytes", "", &[], self.memory);
        for (name, help, kind) in CADVISOR {
            if self.samples.iter().any(|(sample, ..)| *sample == name) {
                text.family(name, help, kind);
            }
        }
        for (name, labels, more, value) in &self.samples {
            let more: Vec<(&str, &str)> = more.iter().map(|(label, value)| (*label, value.as_str())).collect();
            text.sample(name, "", &labels.with(&more), *value);
        }
    }
}

fn of_container(stats: &ContainerStats, image: &str, pod: &PodSandboxMetadata, samples: &mut Vec<Sample>) {
    let attributes = stats.attributes.clone().unwrap_or_default();
    let labels = || Labels {
        container: attributes.metadata.clone().unwrap_or_default().name,
        id: attributes.id.clone(),
        image: image.to_owned(),
        namespace: pod.namespace.clone(),
        pod: pod.name.clone(),
    };
    let mut push = |name, more, value: Option<UInt64Value>, unit: f64| {
        if let Some(value) = value {
            samples.push((name, labels(), more, value.value as f64 / unit));
        }
    };
    if let Some(cpu) = &stats.cpu {
        let total = vec![("cpu", "total".to_owned())];
        push("container_cpu_usage_seconds_total", total, cpu.usage_core_nano_seconds, 1e9);
    }
    if let Some(memory) = &stats.memory {
        push("container_memory_usage_bytes", vec![], memory.usage_bytes, 1.0);
        push("container_memory_working_set_bytes", vec![], memory.working_set_bytes, 1.0);
        push("container_memory_rss", vec![], memory.rss_bytes, 1.0);
        let failure = |kind: &str| vec![("failure_type", kind.to_owned()), ("scope", "hierarchy".to_owned())];
        push("container_memory_failures_total", failure("pgfault"), memory.page_faults, 1.0);
        push("container_memory_failures_total", failure("pgmajfault"), memory.major_page_faults, 1.0);
    }
    if let Some(layer) = &stats.writable_layer {
        push("container_fs_usage_bytes", vec![], layer.used_bytes, 1.0);
    }
}

fn of_interface(interface: &NetworkInterfaceUsage, id: &str, pod: &PodSandboxMetadata, samples: &mut Vec<Sample>) {
    for (name, value) in [
        ("container_network_receive_bytes_total", &interface.rx_bytes),
        ("container_network_receive_errors_total", &interface.rx_errors),
        ("container_network_transmit_bytes_total", &interface.tx_bytes),
        ("container_network_transmit_errors_total", &interface.tx_errors),
    ] {
        let Some(value) = value else { continue };
        let labels = Labels {
            container: String::new(),
            id: id.to_owned(),
            image: String::new(),
            namespace: pod.namespace.clone(),
            pod: pod.name.clone(),
        };
        samples.push((name, labels, vec![("interface", interface.name.clone())], value.value as f64));
    }
}

/// `/metrics/cadvisor`.
pub(crate) async fn cadvisor(kubelet: &Inner) -> Result<String, Status> {
    let mut samples = Vec::new();
    for pod in stats::all(kubelet).await? {
        let attributes = pod.attributes.unwrap_or_default();
        let (metadata, linux) = (attributes.metadata.unwrap_or_default(), pod.linux.unwrap_or_default());
        for container in &linux.containers {
            let id = container.attributes.clone().unwrap_or_default().id;
            let request = ContainerStatusRequest { container_id: id, verbose: false };
            let status = kubelet.services.runtime.container_status(request).await.ok().and_then(|answer| answer.status);
            let image = status.and_then(|status| status.image).unwrap_or_default().user_specified_image;
            of_container(container, &image, &metadata, &mut samples);
        }
        let network = linux.network.unwrap_or_default();
        for interface in network.default_interface.iter().chain(&network.interfaces) {
            of_interface(interface, &attributes.id, &metadata, &mut samples);
        }
    }
    let capacity = |name: &str| kubelet.services.facts.capacity.get(name).map_or(0.0, |amount| amount.value() as f64);
    let collected = Cadvisor { samples, cores: capacity("cpu"), memory: capacity("memory") };
    Ok(Registry::new().text_with(&[&collected]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cri_api::v1::{ContainerAttributes, ContainerMetadata, CpuUsage, MemoryUsage};

    #[test]
    fn containers_are_shown_as_cadvisor_shows_them() {
        let number = |value| Some(UInt64Value { value });
        let stats = ContainerStats {
            attributes: Some(ContainerAttributes {
                id: "abc".to_owned(),
                metadata: Some(ContainerMetadata { name: "app".to_owned(), attempt: 0 }),
                ..Default::default()
            }),
            cpu: Some(CpuUsage { usage_core_nano_seconds: number(1_500_000_000), ..Default::default() }),
            memory: Some(MemoryUsage { working_set_bytes: number(4096), ..Default::default() }),
            ..Default::default()
        };
        let pod = PodSandboxMetadata { name: "web".to_owned(), namespace: "n".to_owned(), ..Default::default() };
        let mut samples = Vec::new();
        of_container(&stats, "img:1", &pod, &mut samples);
        let interface = NetworkInterfaceUsage { name: "eth0".to_owned(), rx_bytes: number(7), ..Default::default() };
        of_interface(&interface, "sandbox", &pod, &mut samples);
        let text = Registry::new().text_with(&[&Cadvisor { samples, cores: 2.0, memory: 8.0 }]);
        for line in [
            "container_cpu_usage_seconds_total{container=\"app\",cpu=\"total\",id=\"abc\",image=\"img:1\",name=\"abc\",\
             namespace=\"n\",pod=\"web\"} 1.5",
            "container_memory_working_set_bytes{container=\"app\",id=\"abc\",image=\"img:1\",name=\"abc\",\
             namespace=\"n\",pod=\"web\"} 4096",
            "container_network_receive_bytes_total{container=\"\",id=\"sandbox\",image=\"\",interface=\"eth0\",\
             name=\"sandbox\",namespace=\"n\",pod=\"web\"} 7",
            "machine_cpu_cores 2",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}
