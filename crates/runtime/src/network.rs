//! How a sandbox gets its network: the runtime makes and pins the namespace, somebody else configures it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use async_trait::async_trait;
use cri_api::v1::PortMapping;

/// A sandbox whose network is to be configured or released.
#[derive(Clone, Debug)]
pub struct PodNetworkRequest {
    /// The sandbox.
    pub sandbox_id: String,
    /// The pod's namespace.
    pub pod_namespace: String,
    /// The pod's name.
    pub pod_name: String,
    /// The pod's unique identifier.
    pub pod_uid: String,
    /// The network namespace, pinned here from before the setup until after the teardown.
    pub network_namespace: PathBuf,
    /// Ports of the host that lead to the pod.
    pub port_mappings: Vec<PortMapping>,
    /// Annotations of the sandbox, where bandwidth limits and the like stand.
    pub annotations: BTreeMap<String, String>,
}

/// Configures networks of sandboxes. The loopback interface is up already.
#[async_trait]
pub trait PodNetwork: Send + Sync {
    /// Gives the sandbox its interfaces; returns its addresses, the primary one first.
    async fn setup(&self, request: &PodNetworkRequest) -> Result<Vec<IpAddr>, String>;

    /// Releases what [`PodNetwork::setup`] took; called again after a failure, and for what was never set up.
    async fn teardown(&self, request: &PodNetworkRequest) -> Result<(), String>;

    /// Why no network can be set up now, if so: the node is not ready then.
    fn not_ready_reason(&self) -> Option<String> {
        None
    }
}
