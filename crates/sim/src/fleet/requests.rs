//! The requests that a kubelet makes.

use std::sync::Arc;

use apimachinery::{Status, Str, Value, value};
use client::{Api, Client, Options, PatchType, kinds};

use crate::{FleetOptions, node};

/// Makes a node known, or takes over one that is known; its UID.
pub(super) async fn register(client: Client, options: Arc<FleetOptions>, index: u32) -> Result<Str, Status> {
    let (nodes, name) = (client.all(&kinds::NODES), options.node_name(index));
    let node = match nodes.create(node::object(&options, index)).await {
        Err(status) if status.is_already_exists() => nodes.get(&name).await?,
        made => made?,
    };
    // It may be there from before, or the server may keep statuses for those who write statuses.
    let is_ready = node
        .list_at(&["status", "conditions"])
        .iter()
        .any(|condition| condition.str_at(&["type"]) == Some("Ready") && condition.str_at(&["status"]) == Some("True"));
    if !is_ready {
        let patch = value!({"status": node::status(&options, index)});
        nodes.patch(&name, "status", PatchType::Strategic, patch).await?;
    }
    Ok(node.uid().into())
}

/// Renews a lease of which `version` is known, or makes it if that is empty; its new version.
pub(super) async fn renew(client: Client, name: &str, node_uid: &str, version: &str) -> Result<Str, Status> {
    let leases = client.namespaced(&kinds::LEASES, node::LEASE_NAMESPACE);
    let lease = match version {
        "" => match leases.create(node::lease(name, node_uid, "")).await {
            Err(status) if status.is_already_exists() => {
                let known = leases.get(name).await?;
                leases.update(node::lease(name, node_uid, known.resource_version())).await?
            }
            made => made?,
        },
        version => leases.update(node::lease(name, node_uid, version)).await?,
    };
    Ok(lease.resource_version().into())
}

/// Writes that a node is well.
pub(super) async fn report(client: Client, name: &str) -> Result<(), Status> {
    client.all(&kinds::NODES).patch(name, "status", PatchType::Strategic, node::heartbeat()).await.map(drop)
}

/// Writes a pod's status.
pub(super) async fn pod_status(pods: Api, name: &str, patch: Value) -> Result<(), Status> {
    pods.patch(name, "status", PatchType::Strategic, patch).await.map(drop)
}

/// Lets the API remove a deleted pod.
pub(super) async fn let_go(pods: Api, name: &str, uid: &str) -> Result<(), Status> {
    let options = Options { grace_period_seconds: Some(0), precondition_uid: uid.to_owned(), ..Options::default() };
    pods.delete(name, options).await.map(drop)
}
