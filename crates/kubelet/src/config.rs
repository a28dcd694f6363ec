//! What a kubelet is told when it starts.

use std::{net::IpAddr, path::PathBuf, time::Duration};

use api::views::core_v1::Pod;
use apimachinery::{Value, time, value};

use crate::eviction::signals::Threshold;

/// The configuration of a kubelet. Defaults are upstream's.
#[derive(Clone, Debug)]
pub struct Config {
    /// The name of the node.
    pub node_name: String,
    /// The node's addresses, the primary one first.
    pub node_addresses: Vec<IpAddr>,
    /// The port of the kubelet's API.
    pub port: u16,
    /// Labels of the node beside those that describe it.
    pub node_labels: Vec<(String, String)>,
    /// Taints to register with: key, value, effect.
    pub register_with_taints: Vec<(String, String, String)>,
    /// Where pods' volumes and files are kept.
    pub root_directory: PathBuf,
    /// Where containers' logs are written.
    pub pod_logs_directory: PathBuf,
    /// Where a link to each container's log stands; `None` for no links.
    pub container_logs_directory: Option<PathBuf>,
    /// Where manifests of static pods are read from; `None` for no static pods.
    pub static_pod_directory: Option<PathBuf>,
    /// The cluster's DNS servers.
    pub cluster_dns: Vec<IpAddr>,
    /// The cluster's domain.
    pub cluster_domain: String,
    /// The resolver configuration that pods with the node's DNS inherit.
    pub resolver_configuration: PathBuf,
    /// The most pods that may run here.
    pub max_pods: i64,
    /// CPU kept from pods, in thousandths of a core.
    pub reserved_cpu_milli: i64,
    /// Memory kept from pods.
    pub reserved_memory_bytes: i64,
    /// The cgroup under which pods' cgroups are; must be one of our own.
    pub cgroup_root: String,
    /// How often the node's status is reported though it did not change.
    pub node_status_report_period: Duration,
    /// How long the node's lease is valid; it is renewed four times as often.
    pub node_lease_duration: Duration,
    /// The size at which a container's log is rotated.
    pub container_log_max_bytes: u64,
    /// How many files a container's log has at most, the current one included.
    pub container_log_max_files: usize,
    /// Whether images are pulled one after the other.
    pub serialize_image_pulls: bool,
    /// The first and the longest delay before a container that ended is started again.
    pub restart_backoff: (Duration, Duration),
    /// The first and the longest delay before a failed pull is tried again.
    pub image_backoff: (Duration, Duration),
    /// Below which of what pods are evicted.
    pub eviction_hard: Vec<Threshold>,
    /// How long a condition of the node outlasts its cause.
    pub eviction_pressure_transition_period: Duration,
    /// At which percentage of the disk unused images are removed, and down to which.
    pub image_gc_thresholds: (u8, u8),
    /// How old an image must be to be removed.
    pub image_minimum_gc_age: Duration,
    /// The version that the node reports.
    pub kubelet_version: String,
    /// Whether the node makes itself known to the API; without, its pods run and nothing is said about the node.
    pub register_node: bool,
}

impl Config {
    /// The defaults for a node.
    pub fn new(node_name: impl Into<String>, root_directory: impl Into<PathBuf>) -> Config {
        Config {
            node_name: node_name.into(),
            node_addresses: Vec::new(),
            port: 10250,
            node_labels: Vec::new(),
            register_with_taints: Vec::new(),
            root_directory: root_directory.into(),
            pod_logs_directory: "/var/log/pods".into(),
            container_logs_directory: Some("/var/log/containers".into()),
            static_pod_directory: None,
            cluster_dns: Vec::new(),
            cluster_domain: "cluster.local".to_owned(),
            resolver_configuration: "/etc/resolv.conf".into(),
            max_pods: 110,
            reserved_cpu_milli: 0,
            reserved_memory_bytes: 0,
            cgroup_root: "/kubepods".to_owned(),
            node_status_report_period: Duration::from_secs(300),
            node_lease_duration: Duration::from_secs(40),
            container_log_max_bytes: 10 << 20,
            container_log_max_files: 5,
            serialize_image_pulls: true,
            restart_backoff: (Duration::from_secs(10), Duration::from_secs(300)),
            image_backoff: (Duration::from_secs(10), Duration::from_secs(300)),
            eviction_hard: crate::eviction::signals::defaults(),
            eviction_pressure_transition_period: Duration::from_secs(300),
            image_gc_thresholds: (85, 80),
            image_minimum_gc_age: Duration::from_secs(120),
            kubelet_version: "v1.37.0".to_owned(),
            register_node: true,
        }
    }

    /// The configuration as `/configz` shows it: upstream's form, with what is configurable here.
    pub fn to_api(&self) -> Value {
        let duration =
            |duration: Duration| time::format_duration(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX));
        let thresholds: Vec<(&str, String)> =
            self.eviction_hard.iter().map(|threshold| (threshold.signal.name(), threshold.limit.to_string())).collect();
        let dns: Value = self.cluster_dns.iter().map(|address| Value::from(address.to_string())).collect();
        let static_pods = self.static_pod_directory.as_ref().map(|path| path.to_string_lossy().into_owned());
        let eviction_hard = Value::Map(thresholds.into_iter().collect());
        value!({"kubeletconfig": {
            "staticPodPath": static_pods.unwrap_or_default(),
            "port": self.port,
            "authentication": {"anonymous": {"enabled": false}, "webhook": {"enabled": true}},
            "authorization": {"mode": "Webhook"},
            "clusterDomain": self.cluster_domain.as_str(),
            "clusterDNS": dns,
            "nodeStatusReportFrequency": duration(self.node_status_report_period),
            "nodeLeaseDurationSeconds": i64::try_from(self.node_lease_duration.as_secs()).unwrap_or(i64::MAX),
            "imageMinimumGCAge": duration(self.image_minimum_gc_age),
            "imageGCHighThresholdPercent": i64::from(self.image_gc_thresholds.0),
            "imageGCLowThresholdPercent": i64::from(self.image_gc_thresholds.1),
            "cgroupRoot": self.cgroup_root.as_str(),
            "cgroupDriver": "cgroupfs",
            "maxPods": self.max_pods,
            "resolvConf": self.resolver_configuration.to_string_lossy().into_owned(),
            "serializeImagePulls": self.serialize_image_pulls,
            "evictionHard": eviction_hard,
            "evictionPressureTransitionPeriod": duration(self.eviction_pressure_transition_period),
            "containerLogMaxSize": self.container_log_max_bytes.to_string(),
            "containerLogMaxFiles": i64::try_from(self.container_log_max_files).unwrap_or(i64::MAX),
            "podLogsDir": self.pod_logs_directory.to_string_lossy().into_owned(),
            "registerNode": self.register_node
        }})
    }

    /// Where everything of one pod is kept.
    pub fn pod_directory(&self, uid: &str) -> PathBuf {
        self.root_directory.join("pods").join(uid)
    }

    /// Where the logs of one pod are written.
    pub fn pod_log_directory(&self, pod: Pod<'_>) -> PathBuf {
        let metadata = pod.metadata();
        self.pod_logs_directory.join(format!("{}_{}_{}", metadata.namespace(), metadata.name(), metadata.uid()))
    }

    /// The node's addresses as text.
    pub fn host_addresses(&self) -> Vec<String> {
        self.node_addresses.iter().map(ToString::to_string).collect()
    }
}
