//! The configuration of a container.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use api::views::core_v1::{Container, Pod, VolumeMount};
use cri_api::v1::{
    ContainerConfig, ContainerMetadata, ImageSpec, KeyValue, LinuxContainerConfig, Mount, MountPropagation, Signal,
};

use crate::{config::Config, container_resources, expansion::expand, labels, security};

/// What a configuration is made of beside the pod.
pub struct Inputs<'a> {
    /// The kubelet's configuration.
    pub config: &'a Config,
    /// The container.
    pub container: Container<'a>,
    /// How often it was restarted before.
    pub restart_count: u32,
    /// The image as the runtime knows it.
    pub image: ImageSpec,
    /// Its environment.
    pub environment: Vec<(String, Vec<u8>)>,
    /// What its volume mounts show, in their order.
    pub mounts: Vec<MountSource>,
    /// The pod's `/etc/hosts`.
    pub hosts_file: &'a Path,
    /// The file for its termination message.
    pub termination_file: &'a Path,
    /// The container whose processes it sees, for an ephemeral one.
    pub target: Option<&'a str>,
    /// The node's memory.
    pub memory_capacity_bytes: i64,
}

/// What a volume mount shows.
#[derive(Clone, Debug, PartialEq)]
pub enum MountSource {
    /// A file or directory of the host.
    Path(PathBuf),
    /// An image, or what stands at a path in it.
    Image {
        /// The image.
        image: ImageSpec,
        /// The path; empty for all.
        sub_path: String,
    },
}

/// Makes the configuration.
pub fn make(pod: Pod<'_>, inputs: Inputs<'_>) -> ContainerConfig {
    let container = inputs.container;
    let variables: BTreeMap<String, String> = inputs
        .environment
        .iter()
        .map(|(name, value)| (name.clone(), String::from_utf8_lossy(value).into_owned()))
        .collect();
    let expanded = |text: &str| expand(text, |name| variables.get(name).cloned());
    let seccomp_root = inputs.config.root_directory.join(security::SECCOMP_DIRECTORY);
    let security = security::container(pod.spec(), container, inputs.target, &seccomp_root.to_string_lossy());
    let resources = container_resources::of_container(pod, container, inputs.memory_capacity_bytes);
    ContainerConfig {
        metadata: Some(ContainerMetadata { name: container.name().to_owned(), attempt: inputs.restart_count }),
        image: Some(inputs.image.clone()),
        command: container.command().iter().map(expanded).collect(),
        args: container.args().iter().map(expanded).collect(),
        working_dir: container.working_dir().to_owned(),
        mounts: mounts(container, &inputs),
        envs: inputs.environment.into_iter().map(|(key, value)| KeyValue { key, value }).collect(),
        labels: labels::of_container(pod, container.name()),
        annotations: annotations(pod, container, inputs.restart_count),
        log_path: format!("{}/{}.log", container.name(), inputs.restart_count),
        stdin: container.stdin(),
        stdin_once: container.stdin_once(),
        tty: container.tty(),
        linux: Some(LinuxContainerConfig { resources: Some(resources), security_context: Some(security) }),
        stop_signal: container.lifecycle().and_then(|lifecycle| lifecycle.stop_signal()).map_or(0, stop_signal),
        ..Default::default()
    }
}

/// `SIGUSR1` in the runtime's enumeration; 0 is the image's own.
fn stop_signal(name: &str) -> i32 {
    Signal::from_str_name(&format!("SIGNAL_{name}").replace('+', "PLUS").replace('-', "MINUS"))
        .unwrap_or(Signal::RuntimeDefault) as i32
}

fn annotations(pod: Pod<'_>, container: Container<'_>, restart_count: u32) -> BTreeMap<String, String> {
    let mut annotations = BTreeMap::from([
        (labels::CONTAINER_HASH.to_owned(), labels::container_hash(container)),
        (labels::CONTAINER_RESTART_COUNT.to_owned(), restart_count.to_string()),
        (labels::TERMINATION_MESSAGE_PATH.to_owned(), termination_path(container).to_owned()),
        (labels::TERMINATION_MESSAGE_POLICY.to_owned(), container.termination_message_policy().to_owned()),
    ]);
    if let Some(seconds) = pod.spec().termination_grace_period_seconds() {
        annotations.insert(labels::POD_TERMINATION_GRACE_PERIOD.to_owned(), seconds.to_string());
    }
    annotations
}

/// Where the container writes its termination message.
pub fn termination_path(container: Container<'_>) -> &str {
    match container.termination_message_path() {
        "" => "/dev/termination-log",
        path => path,
    }
}

fn mounts(container: Container<'_>, inputs: &Inputs<'_>) -> Vec<Mount> {
    let file = |container_path: &str, host_path: &Path| Mount {
        container_path: container_path.to_owned(),
        host_path: host_path.to_string_lossy().into_owned(),
        ..Default::default()
    };
    let mut mounts: Vec<Mount> =
        container.volume_mounts().iter().zip(&inputs.mounts).map(|(mount, source)| volume(mount, source)).collect();
    if !mounts.iter().any(|mount| mount.container_path == "/etc/hosts") {
        mounts.push(file("/etc/hosts", inputs.hosts_file));
    }
    mounts.push(file(termination_path(container), inputs.termination_file));
    mounts
}

fn volume(mount: VolumeMount<'_>, source: &MountSource) -> Mount {
    let propagation = match mount.mount_propagation() {
        Some("HostToContainer") => MountPropagation::PropagationHostToContainer,
        Some("Bidirectional") => MountPropagation::PropagationBidirectional,
        _ => MountPropagation::PropagationPrivate,
    };
    let path = mount.mount_path();
    let (host_path, image, image_sub_path) = match source {
        MountSource::Path(path) => (path.to_string_lossy().into_owned(), None, String::new()),
        MountSource::Image { image, sub_path } => (String::new(), Some(image.clone()), sub_path.clone()),
    };
    Mount {
        container_path: if path.starts_with('/') { path.to_owned() } else { format!("/{path}") },
        host_path,
        image,
        image_sub_path,
        mount_options: mount.bind_mount_options().iter().map(str::to_owned).collect(),
        readonly: mount.read_only(),
        propagation: propagation as i32,
        recursive_read_only: matches!(mount.recursive_read_only(), Some("Enabled" | "IfPossible")) && mount.read_only(),
        ..Default::default()
    }
}
