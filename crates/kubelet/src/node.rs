//! The node: what it is and has, its `Node` object, its lease.
//!
//! The status is written when it has changed, and every five minutes so that its heartbeat is seen to be new; the
//! lease is renewed every ten seconds. Both are deadlines, nothing is polled.

use std::{sync::Arc, time::Duration};

use api::views::core_v1::NodeStatus;
use apimachinery::{Object, Status, Value, quantity::Format, quantity::Quantity, time, value};
use client::{Client, EventType, PatchType, kinds};
use component_helpers::resources::{self, Resources};
use cri_api::{
    RuntimeService,
    v1::{ListImagesRequest, StatusRequest, VersionRequest},
};
use tokio::{sync::Notify, time::Instant};

use crate::{
    config::Config,
    eviction::signals::Condition,
    services::{NodeFacts, Services},
    status::merge_patch,
};

/// How many images a node reports, as upstream.
const IMAGES_LIMIT: usize = 50;
const LEASE_NAMESPACE: &str = "kube-node-lease";
/// While the node is not ready, the runtime is asked this often: it has no event for it.
const NOT_READY_PERIOD: Duration = Duration::from_secs(5);
const RETRY_FIRST: Duration = Duration::from_millis(200);
const RETRY_LONGEST: Duration = Duration::from_secs(7);

/// Facts of the machine that do not change while it runs.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    /// Cores.
    pub cores: i64,
    /// Bytes.
    pub memory_bytes: i64,
    /// Bytes of the file system with the kubelet's directory.
    pub storage_bytes: i64,
    /// Resources by page size, `hugepages-2Mi`, in bytes.
    pub hugepages: Vec<(String, i64)>,
    /// `/etc/machine-id`
    pub machine_id: String,
    /// The firmware's identifier.
    pub system_uuid: String,
    /// Changes with every boot.
    pub boot_id: String,
    /// `uname -r`
    pub kernel_version: String,
    /// `PRETTY_NAME` of the distribution.
    pub os_image: String,
    /// Whether the kernel enforces AppArmor profiles.
    pub app_armor: bool,
    /// Whether swap is on, and how much.
    pub swap_bytes: i64,
}

fn first_line(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default().lines().next().unwrap_or_default().trim().to_owned()
}

impl Machine {
    /// Asks the kernel. What a system does not have (a machine id in a container, say) stays empty.
    pub fn read(root_directory: &std::path::Path) -> Machine {
        let meminfo = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let kibibytes = |key: &str| {
            let line = meminfo.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
            line.and_then(|line| line.split_whitespace().next()?.parse::<i64>().ok()).unwrap_or(0)
        };
        let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
        let pretty = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
        let storage = rustix::fs::statvfs(root_directory).map_or(0, |stat| stat.f_blocks.saturating_mul(stat.f_frsize));
        Machine {
            cores: std::thread::available_parallelism().map_or(1, |cores| i64::try_from(cores.get()).unwrap_or(1)),
            memory_bytes: kibibytes("MemTotal") * 1024,
            storage_bytes: i64::try_from(storage).unwrap_or(i64::MAX),
            hugepages: hugepages(),
            machine_id: first_line("/etc/machine-id"),
            system_uuid: match first_line("/sys/class/dmi/id/product_uuid").to_lowercase() {
                uuid if uuid.is_empty() => first_line("/etc/machine-id"),
                uuid => uuid,
            },
            boot_id: first_line("/proc/sys/kernel/random/boot_id"),
            kernel_version: first_line("/proc/sys/kernel/osrelease"),
            os_image: pretty.unwrap_or("Linux").trim_matches('"').to_owned(),
            app_armor: first_line("/sys/module/apparmor/parameters/enabled") == "Y",
            swap_bytes: kibibytes("SwapTotal") * 1024,
        }
    }

    /// Everything that the node has, and what pods may use of it.
    pub fn facts(&self, config: &Config) -> NodeFacts {
        let whole = |amount: i64, format: Format| Quantity::from_units(amount, format);
        let mut capacity = Resources::from([
            ("cpu".to_owned(), whole(self.cores, Format::Decimal)),
            ("memory".to_owned(), whole(self.memory_bytes, Format::Binary)),
            ("ephemeral-storage".to_owned(), whole(self.storage_bytes, Format::Binary)),
            ("pods".to_owned(), whole(config.max_pods, Format::Decimal)),
        ]);
        for (name, bytes) in &self.hugepages {
            capacity.insert(name.clone(), whole(*bytes, Format::Binary));
        }
        let mut allocatable = capacity.clone();
        let left = Quantity::from_milli((self.cores * 1000 - config.reserved_cpu_milli).max(0));
        allocatable.insert("cpu".to_owned(), left);
        let hugepages: i64 = self.hugepages.iter().map(|(_, bytes)| bytes).sum();
        let memory = (self.memory_bytes - config.reserved_memory_bytes - hugepages).max(0);
        allocatable.insert("memory".to_owned(), whole(memory, Format::Binary));
        NodeFacts { capacity, allocatable, app_armor: self.app_armor, ..NodeFacts::default() }
    }
}

fn hugepages() -> Vec<(String, i64)> {
    let entries = std::fs::read_dir("/sys/kernel/mm/hugepages").into_iter().flatten().flatten();
    let read = |entry: std::fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        let kibibytes: i64 = name.strip_prefix("hugepages-")?.strip_suffix("kB")?.parse().ok()?;
        let count: i64 = first_line(entry.path().join("nr_hugepages").to_str()?).parse().ok()?;
        let size = Quantity::from_units(kibibytes * 1024, Format::Binary);
        Some((format!("hugepages-{size}"), kibibytes * 1024 * count))
    };
    let mut found: Vec<(String, i64)> = entries.filter_map(read).collect();
    found.sort();
    found
}

/// The labels that say what the node is.
fn labels(config: &Config) -> Value {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let mut labels = value!({
        "kubernetes.io/hostname": config.node_name.as_str(),
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": architecture,
        "beta.kubernetes.io/os": "linux",
        "beta.kubernetes.io/arch": architecture
    });
    for (key, label) in &config.node_labels {
        labels.set(&[key.as_str()], label.as_str());
    }
    labels
}

/// The resources that others count on this node: the kubelet keeps what it does not know.
fn extended(status: &Value) -> Resources {
    let mut capacity = resources::parse(NodeStatus::of(status).capacity());
    capacity.retain(|name, _| name.split_once('/').is_some_and(|(domain, _)| !domain.ends_with("kubernetes.io")));
    capacity
}

fn amounts(resources: &Resources) -> Value {
    Value::Map(resources.iter().map(|(name, amount)| (name.as_str(), amount.to_string())).collect())
}

/// Whether the runtime can run pods; else why not.
async fn readiness(runtime: &Arc<dyn RuntimeService>) -> Result<(), String> {
    let answer = runtime.status(StatusRequest { verbose: false }).await;
    let status = answer.map_err(|error| format!("container runtime is down: {error}"))?.status.unwrap_or_default();
    let broken: Vec<String> = status
        .conditions
        .iter()
        .filter(|condition| !condition.status)
        .map(|condition| match condition.r#type.as_str() {
            "NetworkReady" => format!(
                "container runtime network not ready: NetworkReady=false reason:{} message:{}",
                condition.reason, condition.message
            ),
            other => format!(
                "container runtime not ready: {other}=false reason:{} message:{}",
                condition.reason, condition.message
            ),
        })
        .collect();
    if broken.is_empty() { Ok(()) } else { Err(broken.join(", ")) }
}

/// The node's part in the API.
pub(crate) struct Node {
    services: Arc<Services>,
    machine: Machine,
    client: Client,
    /// Woken when images or the runtime's readiness may have changed.
    pub(crate) changed: Arc<Notify>,
}

impl Node {
    pub(crate) fn new(services: Arc<Services>, machine: Machine) -> Node {
        let client = services.client.clone();
        Node { services, machine, client, changed: Arc::default() }
    }

    /// The node in API form, without status.
    fn object(&self) -> Object {
        let config = &self.services.config;
        let mut node = value!({
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {
                "name": config.node_name.as_str(),
                "labels": labels(config),
                "annotations": {"volumes.kubernetes.io/controller-managed-attach-detach": "true"}
            },
            "spec": {}
        });
        let taints: Vec<Value> = config
            .register_with_taints
            .iter()
            .map(|(key, value, effect)| value!({"key": key.as_str(), "value": value.as_str(), "effect": effect.as_str()}))
            .collect();
        if !taints.is_empty() {
            node.set(&["spec", "taints"], taints);
        }
        Object(node)
    }

    /// Makes the node known, until the API takes it.
    pub(crate) async fn register(&self) -> Arc<Object> {
        let mut delay = RETRY_FIRST;
        loop {
            match self.try_register().await {
                Ok(node) => return node,
                Err(error) => {
                    tracing::warn!(%error, "the node could not be registered");
                    tokio::time::sleep(delay).await;
                    delay = (delay * 2).min(RETRY_LONGEST);
                }
            }
        }
    }

    async fn try_register(&self) -> Result<Arc<Object>, Status> {
        let nodes = self.client.all(&kinds::NODES);
        let name = &self.services.config.node_name;
        match nodes.create(self.object()).await {
            Ok(node) => Ok(node),
            Err(status) if status.is_already_exists() => {
                let known = nodes.get(name).await?;
                let mut patch = value!({"metadata": {"labels": {}}});
                for (key, label) in labels(&self.services.config).as_map().into_iter().flat_map(|map| map.iter()) {
                    if known.label(key) != label.as_str() {
                        patch.set(&["metadata", "labels", key.as_str()], label.clone());
                    }
                }
                if patch.map_at(&["metadata", "labels"]).is_some_and(|labels| labels.is_empty()) {
                    return Ok(known);
                }
                nodes.patch(name, "", PatchType::Merge, patch).await
            }
            Err(status) => Err(status),
        }
    }

    async fn images(&self) -> Value {
        let listed = self.services.images.service().list_images(ListImagesRequest { filter: None }).await;
        let mut images = listed.map(|listed| listed.images).unwrap_or_default();
        images.sort_by_key(|image| std::cmp::Reverse(image.size));
        images
            .into_iter()
            .filter(|image| !(image.repo_tags.is_empty() && image.repo_digests.is_empty()))
            .take(IMAGES_LIMIT)
            .map(|image| {
                let names: Value = image.repo_digests.iter().chain(&image.repo_tags).map(String::as_str).collect();
                value!({"names": names, "sizeBytes": i64::try_from(image.size).unwrap_or(i64::MAX)})
            })
            .collect()
    }

    /// The status as it is now, on top of `previous`; conditions of others are kept.
    async fn status(&self, previous: &Value, ready: &Result<(), String>) -> Value {
        let (config, facts) = (&self.services.config, &self.services.facts);
        let now = time::format_seconds(stdx::clock::now());
        let mut addresses: Vec<Value> = config
            .host_addresses()
            .iter()
            .map(|address| value!({"type": "InternalIP", "address": address.as_str()}))
            .collect();
        addresses.push(value!({"type": "Hostname", "address": config.node_name.as_str()}));
        let holding = self.services.pressure.lock().conditions();
        let pressure = Condition::ALL.map(|condition| {
            let holds = holding.contains(&condition);
            let (reason, message) = condition.words(holds);
            (condition.name(), if holds { "True" } else { "False" }, reason, message)
        });
        let ready = match ready {
            Ok(()) => ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
            Err(problem) => ("Ready", "False", "KubeletNotReady", problem.as_str()),
        };
        let own: Vec<(&str, &str, &str, &str)> = pressure.into_iter().chain([ready]).collect();
        let before = previous.list_at(&["conditions"]);
        let is_own = |condition: &Value| own.iter().any(|(kind, ..)| condition.str_at(&["type"]) == Some(kind));
        let mut conditions: Vec<Value> = before.iter().filter(|condition| !is_own(condition)).cloned().collect();
        for (kind, status, reason, message) in &own {
            let known = before.iter().find(|condition| condition.str_at(&["type"]) == Some(kind));
            let since = known
                .filter(|condition| condition.str_at(&["status"]) == Some(status))
                .and_then(|condition| condition.str_at(&["lastTransitionTime"]));
            conditions.push(value!({
                "type": *kind, "status": *status, "reason": *reason, "message": *message,
                "lastHeartbeatTime": now.as_str(), "lastTransitionTime": since.unwrap_or(&now)
            }));
        }
        let mut status = previous.clone();
        status.set(&["addresses"], addresses);
        let extended = extended(previous);
        let with_extended = |own: &Resources| {
            let mut all = own.clone();
            all.extend(extended.clone());
            amounts(&all)
        };
        status.set(&["capacity"], with_extended(&facts.capacity));
        status.set(&["allocatable"], with_extended(&facts.allocatable));
        status.set(&["conditions"], conditions);
        status.set(&["images"], self.images().await);
        status.set(&["daemonEndpoints", "kubeletEndpoint", "Port"], config.port);
        status.set(&["nodeInfo"], self.info());
        status
    }

    fn info(&self) -> Value {
        let (machine, facts) = (&self.machine, &self.services.facts);
        let architecture = labels(&self.services.config).str_at(&["kubernetes.io/arch"]).unwrap_or_default().to_owned();
        let mut info = value!({
            "machineID": machine.machine_id.as_str(),
            "systemUUID": machine.system_uuid.as_str(),
            "bootID": machine.boot_id.as_str(),
            "kernelVersion": machine.kernel_version.as_str(),
            "osImage": machine.os_image.as_str(),
            "containerRuntimeVersion": format!("{}://{}", facts.runtime_name, facts.runtime_version),
            "kubeletVersion": self.services.config.kubelet_version.as_str(),
            "kubeProxyVersion": "",
            "operatingSystem": "linux",
            "architecture": architecture
        });
        if machine.swap_bytes > 0 {
            info.set(&["swap"], value!({"capacity": machine.swap_bytes}));
        }
        info
    }

    /// Keeps the status in the API what it is.
    pub(crate) async fn keep_status(&self, mut node: Arc<Object>) {
        let period = self.services.config.node_status_report_period;
        let mut reported: Option<Instant> = None;
        let mut retry = RETRY_FIRST;
        loop {
            let ready = readiness(&self.services.runtime).await;
            let previous = node.at(&["status"]).cloned().unwrap_or_default();
            let status = self.status(&previous, &ready).await;
            let due = reported.is_none_or(|at| at.elapsed() >= period);
            let mut next = reported.map_or(Instant::now(), |at| at) + period;
            if due || without_heartbeats(&previous) != without_heartbeats(&status) {
                match self.write(&node, &previous, &status).await {
                    Ok(written) => {
                        self.announce(&node, &written);
                        node = written;
                        reported = Some(Instant::now());
                        next = Instant::now() + period;
                        retry = RETRY_FIRST;
                    }
                    Err(error) => {
                        if error.is_conflict() {
                            tracing::debug!(%error, "somebody else wrote the node at the same time");
                        } else {
                            tracing::warn!(%error, "the node's status could not be written");
                        }
                        node = match self.client.all(&kinds::NODES).get_optional(&self.services.config.node_name).await
                        {
                            Ok(Some(current)) => current,
                            // Somebody removed the node while it runs: it comes back.
                            Ok(None) => self.register().await,
                            Err(_) => node,
                        };
                        next = Instant::now() + retry;
                        retry = (retry * 2).min(RETRY_LONGEST);
                    }
                }
            }
            if ready.is_err() {
                next = next.min(Instant::now() + NOT_READY_PERIOD);
            }
            tokio::select! {
                () = tokio::time::sleep_until(next) => {}
                () = self.changed.notified() => {}
            }
        }
    }

    async fn write(&self, node: &Object, previous: &Value, status: &Value) -> Result<Arc<Object>, Status> {
        let Some(change) = merge_patch(previous, status) else { return Ok(Arc::new(node.clone())) };
        let patch = value!({"metadata": {"resourceVersion": node.resource_version()}, "status": change});
        self.client.all(&kinds::NODES).patch(node.name(), "status", PatchType::Merge, patch).await
    }

    /// Says in an event when readiness changes.
    fn announce(&self, before: &Object, after: &Object) {
        let ready = |node: &Object| {
            let conditions = node.list_at(&["status", "conditions"]).iter();
            conditions
                .filter(|one| one.str_at(&["type"]) == Some("Ready"))
                .any(|one| one.str_at(&["status"]) == Some("True"))
        };
        let (reason, word) = match (ready(before), ready(after)) {
            (false, true) => ("NodeReady", "NodeReady"),
            (true, false) => ("NodeNotReady", "NodeNotReady"),
            _ => return,
        };
        let name = after.name();
        let reference = value!({"kind": "Node", "apiVersion": "v1", "name": name, "uid": name});
        self.services.recorder.event_about(
            reference,
            EventType::Normal,
            reason,
            format!("Node {name} status is now: {word}"),
        );
    }

    /// Renews the node's lease for ever.
    pub(crate) async fn keep_lease(&self, node: Arc<Object>) {
        let duration = self.services.config.node_lease_duration;
        let leases = self.client.namespaced(&kinds::LEASES, LEASE_NAMESPACE);
        let name = self.services.config.node_name.as_str();
        let mut lease: Option<Arc<Object>> = None;
        let mut retry = RETRY_FIRST;
        loop {
            let now = time::format_micro(stdx::clock::now());
            let seconds = i64::try_from(duration.as_secs()).unwrap_or(40);
            let renewed = match &lease {
                Some(lease) => {
                    let patch = value!({
                        "metadata": {"uid": lease.uid()}, "spec": {"renewTime": now.as_str(), "holderIdentity": name}
                    });
                    leases.patch(name, "", PatchType::Merge, patch).await
                }
                None => {
                    let owner = value!({"apiVersion": "v1", "kind": "Node", "name": name, "uid": node.uid()});
                    let new = value!({
                        "apiVersion": "coordination.k8s.io/v1",
                        "kind": "Lease",
                        "metadata": {"name": name, "namespace": LEASE_NAMESPACE, "ownerReferences": [owner]},
                        "spec": {"holderIdentity": name, "leaseDurationSeconds": seconds, "renewTime": now.as_str()}
                    });
                    match leases.create(new).await {
                        Err(error) if error.is_already_exists() => leases.get(name).await,
                        made => made,
                    }
                }
            };
            let wait = match renewed {
                Ok(current) => {
                    // One that was there already has not been renewed yet.
                    let fresh = current.str_at(&["spec", "renewTime"]) == Some(&now);
                    lease = Some(current);
                    retry = RETRY_FIRST;
                    if fresh { duration / 4 } else { Duration::ZERO }
                }
                Err(error) => {
                    if error.is_not_found() || error.is_conflict() {
                        lease = None;
                    }
                    tracing::warn!(%error, "the node's lease could not be renewed");
                    let wait = retry;
                    retry = (retry * 2).min(RETRY_LONGEST);
                    wait
                }
            };
            tokio::time::sleep(wait).await;
        }
    }
}

/// A status without what changes though nothing has happened.
fn without_heartbeats(status: &Value) -> Value {
    let mut status = status.clone();
    let conditions = status.at_mut(&["conditions"]).and_then(Value::as_list_mut);
    for condition in conditions.into_iter().flat_map(|list| list.iter_mut()) {
        condition.remove(&["lastHeartbeatTime"]);
    }
    status
}

/// Asks the runtime for its name and version.
pub(crate) async fn runtime_version(runtime: &Arc<dyn RuntimeService>) -> cri_api::Result<(String, String)> {
    let answer = runtime.version(VersionRequest { version: "v1".to_owned() }).await?;
    Ok((answer.runtime_name, answer.runtime_version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_count_on_a_node_is_kept() {
        let status = value!({"capacity": {"cpu": "2", "example.com/gpu": "4", "kubernetes.io/own": "1"}});
        let kept = Resources::from([("example.com/gpu".to_owned(), Quantity::parse("4").unwrap())]);
        assert_eq!(extended(&status), kept);
    }
}
