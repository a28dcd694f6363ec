//! Routes to the pods of other nodes.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc, time::Duration};

use anyhow::Context;
use apimachinery::{Object, Str, Value};
use client::{Client, WatchEvent, kinds};
use futures::StreamExt;
use network::{NodeNetwork, Peer};

/// A watch that ended is begun again after this time.
const WATCH_DELAY: Duration = Duration::from_secs(1);

/// The node as a peer; `None` while it has no address or no range.
fn peer(node: &Object) -> Option<Peer> {
    let ranges = node.spec().list_at("podCIDRs").iter().filter_map(Value::as_str);
    let pod_ranges: Vec<network::Cidr> = ranges.filter_map(|text| text.parse().ok()).collect();
    let addresses = node.status().list_at("addresses").iter();
    let internal = addresses.filter(|address| address.str_at(&["type"]) == Some("InternalIP"));
    let addresses: Vec<IpAddr> = internal.filter_map(|address| address.str_at(&["address"])?.parse().ok()).collect();
    let complete = !pod_ranges.is_empty() && !addresses.is_empty();
    complete.then(|| Peer { name: node.name().to_owned(), addresses, pod_ranges })
}

/// What is routed, compared to see whether anything changed: a node reports far more often than it moves.
fn identity(peers: &BTreeMap<Str, Peer>) -> Vec<(Str, Vec<IpAddr>, Vec<String>)> {
    let ranges = |peer: &Peer| peer.pod_ranges.iter().map(ToString::to_string).collect();
    peers.iter().map(|(name, peer)| (name.clone(), peer.addresses.clone(), ranges(peer))).collect()
}

/// Keeps routes to the pods of all nodes but `own_name` until the API or the kernel fails.
pub(super) async fn follow(client: &Client, own_name: &str, network: Arc<NodeNetwork>) -> anyhow::Result<()> {
    let mut routed = None;
    loop {
        let mut events = match client.all(&kinds::NODES).watch(client::Options::default(), true).await {
            Ok(events) => events,
            Err(status) => {
                tracing::warn!(error = %status, "nodes cannot be watched");
                tokio::time::sleep(WATCH_DELAY).await;
                continue;
            }
        };
        let mut peers: BTreeMap<Str, Peer> = BTreeMap::new();
        // Before all nodes are known, those not yet seen would lose their routes.
        let mut complete = false;
        while let Some(event) = events.next().await {
            match event {
                Ok(WatchEvent::Added(node) | WatchEvent::Modified(node)) if node.name() != own_name => {
                    match peer(&node) {
                        Some(peer) => peers.insert(node.name().into(), peer),
                        None => peers.remove(node.name()),
                    };
                }
                Ok(WatchEvent::Deleted(node)) => {
                    peers.remove(node.name());
                }
                Ok(WatchEvent::Bookmark { initial_events_end: true, .. }) => complete = true,
                Ok(_) => {}
                // Routes outlive the API: they stay until the nodes are known again.
                Err(status) => {
                    tracing::warn!(error = %status, "the watch of nodes failed");
                    break;
                }
            }
            let wanted = identity(&peers);
            if complete && routed.as_ref() != Some(&wanted) {
                let (network, list) = (network.clone(), peers.values().cloned().collect::<Vec<_>>());
                let set = tokio::task::spawn_blocking(move || network.set_peers(&list)).await?;
                set.context("cannot make the routes to other nodes")?;
                routed = Some(wanted);
            }
        }
        tokio::time::sleep(WATCH_DELAY).await;
    }
}
