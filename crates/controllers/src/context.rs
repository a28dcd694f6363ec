//! What a controller is given, and how it is listed.

use std::sync::Arc;

use apimachinery::{Object, Status, Str};
use async_trait::async_trait;
use client::{Client, EventRecorder, ResourceKind, SharedInformers};
use futures::future::BoxFuture;

/// What a controller is given.
#[derive(Clone)]
pub struct Context {
    /// The API under the controller's own identity.
    pub client: Client,
    /// The process's informers.
    pub informers: SharedInformers,
    /// What is the same for all controllers of a cluster.
    pub settings: Arc<Settings>,
}

/// What is the same for all controllers of a cluster.
pub struct Settings {
    /// What the API serves.
    pub discovery: Arc<dyn Discovery>,
    /// The certificates (PEM) by which pods verify the API server.
    pub root_ca: String,
    /// The address ranges from which nodes get theirs, one per family; empty when nodes bring their own.
    pub cluster_cidrs: Vec<String>,
    /// The prefix lengths of a node's ranges for IPv4 and IPv6; upstream's are 24 and 64.
    pub node_cidr_prefix_lengths: (u8, u8),
    /// Signs certificates; without it, requests stay unsigned.
    pub signer: Option<Arc<dyn CertificateSigner>>,
    /// Signs the tokens that stand in secrets; without it, such secrets stay empty.
    pub token_signer: Option<Arc<SecretTokenSigner>>,
    /// Pods that have ended and are kept in the whole cluster; upstream's number is 12,500.
    pub terminated_pods_kept: usize,
    /// How long a node may be silent before it counts as unreachable, in seconds; upstream's number is 50.
    pub node_monitor_grace_seconds: u64,
}

/// Makes the token of a service account (the first) that stands in a secret (the second), or says why not.
pub type SecretTokenSigner = dyn Fn(&Object, &Object) -> Result<String, String> + Send + Sync;

/// A resource that is served, in its preferred version.
#[derive(Clone, Debug, PartialEq)]
pub struct ServedResource {
    /// The resource.
    pub resource: ResourceKind,
    /// What can be done to it: `list`, `watch`, `delete`, `deletecollection`, …
    pub verbs: Vec<Str>,
}

impl ServedResource {
    /// Whether all of `verbs` are served.
    pub fn supports(&self, verbs: &[&str]) -> bool {
        verbs.iter().all(|verb| self.verbs.iter().any(|served| *served == **verb))
    }
}

/// Says what the API serves.
#[async_trait]
pub trait Discovery: Send + Sync + 'static {
    /// Every resource (no subresources) in its preferred version. With a failed part the answer is an error:
    /// who deletes must not overlook anything.
    async fn resources(&self) -> Result<Vec<ServedResource>, Status>;
}

/// Signs certificate requests for upstream's built-in signer names.
#[async_trait]
pub trait CertificateSigner: Send + Sync + 'static {
    /// The certificate chain (PEM) for `request` (a PEM of PKCS#10) under `signer_name` with `usages`, valid for
    /// `duration_seconds` at most. `Err` holds the sentence that goes into the request's `Failed` condition.
    async fn sign(
        &self,
        signer_name: &str,
        request: &[u8],
        usages: &[&str],
        duration_seconds: Option<i64>,
    ) -> Result<String, String>;

    /// What the request asks for, or why it cannot be read.
    fn subject(&self, request: &[u8]) -> Result<RequestedSubject, String>;
}

/// What a certificate request asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestedSubject {
    /// `CN`.
    pub common_name: String,
    /// `O`, each.
    pub organizations: Vec<String>,
    /// DNS names.
    pub dns_names: Vec<String>,
    /// IP addresses in text.
    pub ip_addresses: Vec<String>,
    /// E-mail addresses.
    pub email_addresses: Vec<String>,
    /// URIs.
    pub uris: Vec<String>,
}

impl Context {
    /// A recorder of events that come from `component`.
    pub fn recorder(&self, component: &'static str) -> EventRecorder {
        EventRecorder::new(self.client.clone(), component, "")
    }
}

/// One controller.
pub struct ControllerDescriptor {
    /// Upstream's name, `deployment-controller`.
    pub name: &'static str,
    /// Its service account in `kube-system`; empty when it acts as the controller manager itself.
    pub service_account: &'static str,
    /// Runs it; dropping the future stops it.
    pub start: fn(Context) -> BoxFuture<'static, ()>,
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// A fixed answer.
    pub(crate) struct FixedDiscovery(pub(crate) Vec<ResourceKind>);

    #[async_trait]
    impl Discovery for FixedDiscovery {
        async fn resources(&self) -> Result<Vec<ServedResource>, Status> {
            let verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
            let served = |resource: &ResourceKind| ServedResource {
                resource: resource.clone(),
                verbs: verbs.map(Str::from).to_vec(),
            };
            Ok(self.0.iter().map(served).collect())
        }
    }

    impl Settings {
        /// Settings for a test.
        pub(crate) fn for_tests(resources: &[ResourceKind]) -> Settings {
            Settings {
                discovery: Arc::new(FixedDiscovery(resources.to_vec())),
                root_ca: "PEM".into(),
                cluster_cidrs: vec!["10.244.0.0/16".into()],
                node_cidr_prefix_lengths: (24, 64),
                signer: None,
                token_signer: None,
                terminated_pods_kept: 12_500,
                node_monitor_grace_seconds: 50,
            }
        }
    }

    impl Context {
        /// A context over a fake API.
        pub(crate) fn for_tests(api: &client::testing::FakeApi) -> Context {
            Context::with_settings(api, Settings::for_tests(&[]))
        }

        /// A context over a fake API.
        pub(crate) fn with_settings(api: &client::testing::FakeApi, settings: Settings) -> Context {
            let client = api.client("controllers");
            Context { informers: SharedInformers::new(client.clone()), client, settings: Arc::new(settings) }
        }
    }
}
