//! The configuration of a pod's sandbox.

use api::views::core_v1::Pod;
use cri_api::v1::{DnsConfig, LinuxPodSandboxConfig, PodSandboxConfig, PodSandboxMetadata, PortMapping, Protocol};

use crate::{config::Config, container_resources, dns, labels, security};

/// Makes the configuration of the pod's sandbox number `attempt`. Fails, in words, when the pod's names do not fit.
pub fn make(pod: Pod<'_>, attempt: u32, config: &Config, resolver: DnsConfig) -> Result<PodSandboxConfig, String> {
    let (spec, metadata) = (pod.spec(), pod.metadata());
    let hostname = if spec.host_network() && spec.hostname_override().is_none() {
        String::new()
    } else {
        dns::kernel_host_name(pod, &config.cluster_domain)?
    };
    let sysctls = spec.security_context().into_iter().flat_map(|context| context.sysctls().iter());
    let seccomp_root = config.root_directory.join(security::SECCOMP_DIRECTORY);
    Ok(PodSandboxConfig {
        metadata: Some(PodSandboxMetadata {
            name: metadata.name().to_owned(),
            uid: metadata.uid().to_owned(),
            namespace: metadata.namespace().to_owned(),
            attempt,
        }),
        hostname,
        log_directory: config.pod_log_directory(pod).to_string_lossy().into_owned(),
        dns_config: Some(resolver),
        port_mappings: port_mappings(pod),
        labels: labels::of_sandbox(pod),
        annotations: metadata.annotations().iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        linux: Some(LinuxPodSandboxConfig {
            cgroup_parent: container_resources::cgroup_parent(pod, &config.cgroup_root),
            security_context: Some(security::sandbox(spec, &seccomp_root.to_string_lossy())),
            sysctls: sysctls.map(|sysctl| (sysctl.name().to_owned(), sysctl.value().to_owned())).collect(),
            overhead: None,
            resources: Some(container_resources::of_pod(pod)),
        }),
        windows: None,
    })
}

/// Ports of the host that lead to the pod.
fn port_mappings(pod: Pod<'_>) -> Vec<PortMapping> {
    let spec = pod.spec();
    if spec.host_network() {
        return Vec::new();
    }
    let containers = spec.init_containers().iter().chain(spec.containers().iter());
    let ports = containers.flat_map(|container| container.ports().iter());
    let number = |port: i64| i32::try_from(port).unwrap_or(0);
    ports
        .filter(|port| port.host_port() > 0)
        .map(|port| PortMapping {
            protocol: match port.protocol() {
                "UDP" => Protocol::Udp,
                "SCTP" => Protocol::Sctp,
                _ => Protocol::Tcp,
            } as i32,
            container_port: number(port.container_port()),
            host_port: number(port.host_port()),
            host_ip: port.host_ip().to_owned(),
        })
        .collect()
}
