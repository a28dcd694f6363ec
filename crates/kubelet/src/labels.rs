//! What the kubelet writes on sandboxes and containers to know them again: upstream's names, so that either can
//! adopt what the other has started.

use std::collections::BTreeMap;

use crate::kill::DEFAULT_GRACE_PERIOD_SECONDS;
use api::views::core_v1::{Container, Pod};

/// The pod's name.
pub const POD_NAME: &str = "io.kubernetes.pod.name";
/// The pod's namespace.
pub const POD_NAMESPACE: &str = "io.kubernetes.pod.namespace";
/// The pod's UID.
pub const POD_UID: &str = "io.kubernetes.pod.uid";
/// The container's name.
pub const CONTAINER_NAME: &str = "io.kubernetes.container.name";
/// A hash of what a running container cannot change.
pub const CONTAINER_HASH: &str = "io.kubernetes.container.hash";
/// How often the container was restarted before.
pub const CONTAINER_RESTART_COUNT: &str = "io.kubernetes.container.restartCount";
/// Where the container writes why it ended.
pub const TERMINATION_MESSAGE_PATH: &str = "io.kubernetes.container.terminationMessagePath";
/// Whether its log stands in for that.
pub const TERMINATION_MESSAGE_POLICY: &str = "io.kubernetes.container.terminationMessagePolicy";
/// The grace period of the pod's specification.
pub const POD_TERMINATION_GRACE_PERIOD: &str = "io.kubernetes.pod.terminationGracePeriod";
/// Where an annotation of the API pod says whence it comes: `file` for static pods.
pub const CONFIG_SOURCE: &str = "kubernetes.io/config.source";
/// On a mirror pod, and on its static pod, the hash of the static pod.
pub const CONFIG_MIRROR: &str = "kubernetes.io/config.mirror";
/// On a static pod the hash of its manifest.
pub const CONFIG_HASH: &str = "kubernetes.io/config.hash";

/// The labels of a pod's sandbox: the pod's own and what identifies it.
pub fn of_sandbox(pod: Pod<'_>) -> BTreeMap<String, String> {
    let own = pod.metadata().labels().iter().map(|(key, value)| (key.to_owned(), value.to_owned()));
    own.chain(identity(pod)).collect()
}

fn identity(pod: Pod<'_>) -> [(String, String); 3] {
    let metadata = pod.metadata();
    [
        (POD_NAME.to_owned(), metadata.name().to_owned()),
        (POD_NAMESPACE.to_owned(), metadata.namespace().to_owned()),
        (POD_UID.to_owned(), metadata.uid().to_owned()),
    ]
}

/// The labels of a container.
pub fn of_container(pod: Pod<'_>, container: &str) -> BTreeMap<String, String> {
    identity(pod).into_iter().chain([(CONTAINER_NAME.to_owned(), container.to_owned())]).collect()
}

/// The grace period that a container's annotations tell; upstream's default when they do not.
pub fn termination_grace_period_seconds(annotations: &BTreeMap<String, String>) -> i64 {
    let told = annotations.get(POD_TERMINATION_GRACE_PERIOD).and_then(|text| text.parse().ok());
    told.unwrap_or(DEFAULT_GRACE_PERIOD_SECONDS)
}

/// A hash (FNV-1a) of the fields that cannot change while a container runs: name and image.
pub fn container_hash(container: Container<'_>) -> String {
    let picked = container.name().bytes().chain([0]).chain(container.image().bytes());
    let hash = picked.fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{hash:x}")
}
