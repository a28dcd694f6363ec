//! The components beside the API server, in one table.

mod controller_manager;
mod election;
pub(crate) mod join;
mod node;
pub(crate) mod service_proxy;
mod serving_approver;
mod states;

use std::{net::Ipv4Addr, panic::AssertUnwindSafe, path::PathBuf, sync::Arc, time::Duration};

use apimachinery::Str;
use apiserver::{Server, UserInfo, loopback::Loopback};
use auth::tokens::Issuer;
use client::Client;
use futures::{FutureExt, future::BoxFuture};
use tokio::sync::watch;

pub(crate) use node::{Attachments, forget_lost_sandboxes};
pub(crate) use states::States;

use crate::{api_access::ApiAccess, identity::Identity, renewal::Renewals};

/// What components are made of.
#[derive(Clone)]
pub(crate) struct ComponentContext {
    /// The API server of this process.
    pub(crate) server: Arc<Server>,
    /// The cluster's keys.
    pub(crate) identity: Arc<Identity>,
    /// What renews the certificates of this server.
    pub(crate) renewals: Renewals,
    /// Who signs the tokens of service accounts.
    pub(crate) issuer: Arc<Issuer>,
    /// Where others reach the API server: `https://HOST:PORT`.
    pub(crate) server_address: String,
    /// The networks of pods.
    pub(crate) cluster_cidrs: Vec<String>,
    /// The network of services.
    pub(crate) service_network: String,
    /// The address of the cluster's DNS service.
    pub(crate) dns_address: Ipv4Addr,
    /// This machine as a node; `None` for a control plane alone.
    pub(crate) node: Option<NodeSettings>,
    /// Where the node's parts are put when they are there.
    pub(crate) node_parts: NodePlace,
    /// As whom this server stands for election, where others have the same store.
    pub(crate) candidate: Option<Str>,
}

/// What a running node lets others use.
#[derive(Clone)]
pub(crate) struct NodeParts {
    /// Its images.
    pub(crate) images: Arc<runtime::ImageStore>,
    /// Its kubelet.
    pub(crate) kubelet: kubelet::Kubelet,
    /// The files by which a process enters the control group of those that outlive this one.
    pub(crate) outliving_cgroup_procs: Vec<String>,
    /// Where the process that answers names is found.
    pub(crate) dns_socket: PathBuf,
}

/// Where the newest parts of the node are: none before it is there, and others after it failed and began anew.
#[derive(Clone)]
pub(crate) struct NodePlace(watch::Sender<Option<NodeParts>>);

impl NodePlace {
    /// A place where nothing is yet.
    pub(crate) fn new() -> NodePlace {
        NodePlace(watch::Sender::new(None))
    }

    /// Puts a node there, in place of what it replaces.
    pub(crate) fn set(&self, parts: NodeParts) {
        self.0.send_replace(Some(parts));
    }

    /// Waits until something is there.
    pub(crate) async fn wait(&self) -> NodeParts {
        let mut changes = self.0.subscribe();
        loop {
            if let Some(parts) = changes.borrow_and_update().clone() {
                return parts;
            }
            // The sender is in `self`: it does not go away meanwhile.
            let _ = changes.changed().await;
        }
    }
}

/// What the components of a node are made of, whether the API is in this process or not.
#[derive(Clone)]
pub(crate) struct NodeContext {
    /// The way to the API.
    pub(crate) access: ApiAccess,
    /// The networks of pods.
    pub(crate) cluster_cidrs: Vec<String>,
    /// The network of services.
    pub(crate) service_network: String,
    /// The address of the cluster's DNS service.
    pub(crate) dns_address: Ipv4Addr,
    /// This machine as a node.
    pub(crate) node: NodeSettings,
    /// How the kubelet serves its API.
    pub(crate) kubelet_tls: Arc<rustls::ServerConfig>,
    /// Where the node's parts are put when they are there.
    pub(crate) node_parts: NodePlace,
}

impl NodeContext {
    /// A client with a component's identity.
    pub(crate) fn client(&self, user: UserInfo, field_manager: &str) -> Client {
        self.access.client(user, field_manager)
    }
}

/// What this machine's node is told.
#[derive(Clone, Debug)]
pub(crate) struct NodeSettings {
    /// The node's name.
    pub(crate) name: String,
    /// The address by which others reach it.
    pub(crate) address: Ipv4Addr,
    /// The port of the kubelet's API.
    pub(crate) kubelet_port: u16,
    /// The most pods that run there.
    pub(crate) max_pods: u16,
    /// Where manifests of static pods are.
    pub(crate) static_pods: Option<PathBuf>,
    /// Below which of what pods are evicted.
    pub(crate) eviction_hard: Vec<kubelet::eviction::signals::Threshold>,
    /// What survives a reboot: images, volumes, logs.
    pub(crate) directory: PathBuf,
    /// Where mirrors of registries may be described, beside `/etc/containerd/certs.d`.
    pub(crate) registry_directory: PathBuf,
    /// What does not: sockets, records of what runs.
    pub(crate) state_directory: PathBuf,
}

impl ComponentContext {
    /// A client with a component's identity.
    pub(crate) fn client(&self, user: UserInfo, field_manager: &str) -> Client {
        Loopback::client(&self.server, user, field_manager)
    }

    fn node_context(&self) -> anyhow::Result<Option<NodeContext>> {
        let Some(node) = self.node.clone() else { return Ok(None) };
        let kubelet_tls = Arc::new(self.identity.kubelet_server_config(&self.renewals, &node.name, node.address)?);
        Ok(Some(NodeContext {
            access: ApiAccess::Local(self.server.clone()),
            cluster_cidrs: self.cluster_cidrs.clone(),
            service_network: self.service_network.clone(),
            dns_address: self.dns_address,
            node,
            kubelet_tls,
            node_parts: self.node_parts.clone(),
        }))
    }
}

/// A component: its name, and what runs until the process ends.
struct Component<C> {
    name: &'static str,
    /// Whether one does it for all servers that have the same store.
    elected: bool,
    start: fn(C) -> BoxFuture<'static, anyhow::Result<()>>,
}

/// Every component of the control plane, in the order in which they start.
const COMPONENTS: &[Component<ComponentContext>] = &[
    Component { name: "apiextensions", elected: false, start: |context| custom_resources(context).boxed() },
    Component { name: "kube-scheduler", elected: true, start: |context| scheduler(context).boxed() },
    Component {
        name: "kube-controller-manager",
        elected: true,
        start: |context| controller_manager::run(context).boxed(),
    },
    Component { name: "node-join", elected: false, start: |context| join::run(context).boxed() },
];

/// Every component of a node.
const NODE_COMPONENTS: &[Component<NodeContext>] = &[
    Component { name: "kubelet", elected: false, start: |context| node::run(context).boxed() },
    Component { name: "kube-proxy", elected: false, start: |context| service_proxy::run(context).boxed() },
    Component { name: "dns", elected: false, start: |context| service_proxy::dns(context).boxed() },
];

/// Serves custom resources, as a part of the API server.
async fn custom_resources(context: ComponentContext) -> anyhow::Result<()> {
    let client = context.client(UserInfo::new("system:apiserver", &["system:masters"]), "kube-apiserver");
    let informers = client::SharedInformers::new(client.clone());
    apiextensions::controller::run(context.server, client, informers).await;
    Ok(())
}

async fn scheduler(context: ComponentContext) -> anyhow::Result<()> {
    let client = context.client(UserInfo::new("system:kube-scheduler", &[]), "kube-scheduler");
    let informers = client::SharedInformers::new(client.clone());
    scheduler::run(client, informers, scheduler::Configuration::default()).await;
    Ok(())
}

/// A component that failed is started again after this time.
const RESTART_DELAY: Duration = Duration::from_secs(1);

/// Starts every component on the current runtime; answers where their states are kept.
pub(crate) fn start(context: &ComponentContext) -> anyhow::Result<Arc<States>> {
    let states = Arc::new(States::default());
    for component in COMPONENTS {
        let (context, states) = (context.clone(), states.clone());
        match context.candidate.clone().filter(|_| component.elected) {
            Some(identity) => tokio::spawn(election::take_turns(component, context, identity, states)),
            None => tokio::spawn(supervise(component, context, states)),
        };
    }
    if let Some(node) = context.node_context()? {
        start_node(&node, &states);
    }
    Ok(states)
}

/// Starts the components of a node on the current runtime.
pub(crate) fn start_node(context: &NodeContext, states: &Arc<States>) {
    for component in NODE_COMPONENTS {
        tokio::spawn(supervise(component, context.clone(), states.clone()));
    }
}

/// Runs a component, and runs it again when it fails or panics: the others go on meanwhile.
async fn supervise<C: Clone>(component: &'static Component<C>, context: C, states: Arc<States>) {
    loop {
        states.started(component.name);
        match AssertUnwindSafe((component.start)(context.clone())).catch_unwind().await {
            Ok(Ok(())) => return states.finished(component.name),
            Ok(Err(error)) => {
                tracing::error!(component = component.name, "failed: {error:#}");
                states.failed(component.name, format!("{error:#}"));
            }
            Err(_) => {
                tracing::error!(component = component.name, "panicked");
                states.failed(component.name, "it panicked; the log says where".to_owned());
            }
        }
        tokio::time::sleep(RESTART_DELAY).await;
    }
}
