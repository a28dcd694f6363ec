//! Approves the serving certificates of nodes.
//!
//! Upstream approves client certificates of nodes alone and leaves serving certificates to the platform, since
//! it cannot know which names a machine may have. Here the node's own object says so: a node gets a certificate
//! for its name and the addresses in its status, asked for with its own credential, and for nothing else. A
//! request that names more stays undecided, for a person to look at; it is looked at again when the node changes.

use std::sync::Arc;

use apimachinery::{List, Object, Str, Value, base64_decode, time, value};
use async_trait::async_trait;
use client::{
    Client, Informer, SharedInformers, WorkQueue,
    controller::{self, Outcome, Reconcile, ReconcileError},
    kinds::{CERTIFICATE_SIGNING_REQUESTS, NODES},
};
use controllers::{CertificateSigner, RequestedSubject};

use crate::signer::ClusterSigner;

const SIGNER: &str = "kubernetes.io/kubelet-serving";
const NAME: &str = "kubelet-serving-approver";
const USER_PREFIX: &str = "system:node:";

struct Approving {
    client: Client,
    signer: ClusterSigner,
    requests: Informer,
    nodes: Informer,
}

/// Approves until it is dropped.
pub(super) async fn run(client: Client, signer: ClusterSigner) {
    let informers = SharedInformers::new(client.clone());
    let (requests, nodes) = (informers.of(&CERTIFICATE_SIGNING_REQUESTS), informers.of(&NODES));
    let queue = WorkQueue::new();
    controller::enqueue_objects(&requests, &queue);
    let pending = requests.clone();
    controller::enqueue_on(&nodes, &queue, move |event| {
        let user = format!("{USER_PREFIX}{}", event.object().name());
        let all = pending.list();
        let own = all.iter().filter(|request| request.spec().str_at("username") == Some(user.as_str()));
        own.map(|request| request.key()).collect::<Vec<_>>()
    });
    let reconciler = Approving { client, signer, requests: requests.clone(), nodes: nodes.clone() };
    controller::run(NAME, &[requests, nodes], queue, 1, Arc::new(reconciler)).await;
}

/// Whether the one who asks is the node, and asks for its own name and addresses alone.
fn is_own(request: &Object, subject: &RequestedSubject, node: &Object) -> bool {
    let addresses = node.status().list_at("addresses");
    let has = |kinds: &[&str], text: &str| {
        addresses.iter().any(|address| {
            address.str_at(&["type"]).is_some_and(|kind| kinds.contains(&kind))
                && address.str_at(&["address"]) == Some(text)
        })
    };
    request.spec().str_at("username") == Some(subject.common_name.as_str())
        && subject.common_name.strip_prefix(USER_PREFIX) == Some(node.name())
        && request.spec().list_at("groups").iter().any(|group| group.as_str() == Some("system:nodes"))
        && subject.email_addresses.is_empty()
        && subject.uris.is_empty()
        && subject
            .dns_names
            .iter()
            .all(|name| name == node.name() || has(&["Hostname", "InternalDNS", "ExternalDNS"], name))
        && subject.ip_addresses.iter().all(|address| has(&["InternalIP", "ExternalIP"], address))
}

#[async_trait]
impl Reconcile for Approving {
    async fn reconcile(&self, key: &Str) -> Outcome {
        let Some(request) = self.requests.get(key) else { return Ok(None) };
        if request.spec().str_at("signerName") != Some(SIGNER)
            || !request.status().list_at("conditions").is_empty()
            || request.status().str_at("certificate").is_some()
        {
            return Ok(None);
        }
        let pem = request.spec().str_at("request").and_then(base64_decode).unwrap_or_default();
        let subject = self
            .signer
            .subject(&pem)
            .map_err(|problem| ReconcileError::Other(format!("unable to parse csr {key:?}: {problem}")))?;
        let node = subject.common_name.strip_prefix(USER_PREFIX).and_then(|name| self.nodes.get(name));
        if !node.is_some_and(|node| is_own(&request, &subject, &node)) {
            return Ok(None);
        }
        let mut approved = Object::clone(&request);
        approved.set(&["status", "conditions"], List::from_iter([approval()]));
        self.client.all(&CERTIFICATE_SIGNING_REQUESTS).update_subresource("approval", approved).await?;
        Ok(None)
    }
}

fn approval() -> Value {
    let now = time::format_seconds(stdx::clock::now());
    value!({
        "type": "Approved",
        "status": "True",
        "reason": "AutoApproved",
        "message": "The node asks for its own name and addresses.",
        "lastUpdateTime": now.as_str(),
        "lastTransitionTime": now.as_str()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_gets_its_own_names_and_no_others() {
        let node = Object(value!({
            "metadata": {"name": "n1"},
            "status": {"addresses": [
                {"type": "InternalIP", "address": "192.0.2.1"}, {"type": "Hostname", "address": "n1"}
            ]}
        }));
        let request = |user: &str| Object(value!({"spec": {"username": user, "groups": ["system:nodes"]}}));
        let subject = |name: &str, dns_name: &str, address: &str| RequestedSubject {
            common_name: name.to_owned(),
            organizations: vec!["system:nodes".to_owned()],
            dns_names: vec![dns_name.to_owned()],
            ip_addresses: vec![address.to_owned()],
            ..RequestedSubject::default()
        };
        let own = request("system:node:n1");
        assert!(is_own(&own, &subject("system:node:n1", "n1", "192.0.2.1"), &node));
        assert!(!is_own(&own, &subject("system:node:n1", "n2", "192.0.2.1"), &node));
        assert!(!is_own(&own, &subject("system:node:n1", "n1", "192.0.2.2"), &node));
        assert!(!is_own(&own, &subject("system:node:n2", "n1", "192.0.2.1"), &node));
        assert!(!is_own(&request("system:node:n2"), &subject("system:node:n1", "n1", "192.0.2.1"), &node));
    }
}
