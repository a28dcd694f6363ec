//! The components beside the API server, in one table.

mod controller_manager;
mod node;
mod service_proxy;
mod states;

use std::{
    net::Ipv4Addr,
    panic::AssertUnwindSafe,
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};

use apiserver::{Server, UserInfo, loopback::Loopback};
use client::Client;
use futures::{FutureExt, future::BoxFuture};

pub(crate) use states::States;

use crate::identity::Identity;

/// What components are made of.
#[derive(Clone)]
pub(crate) struct ComponentContext {
    /// The API server of this process.
    pub(crate) server: Arc<Server>,
    /// The cluster's keys.
    pub(crate) identity: Arc<Identity>,
    /// The networks of pods.
    pub(crate) cluster_cidrs: Vec<String>,
    /// The network of services.
    pub(crate) service_network: String,
    /// The address of the cluster's DNS service.
    pub(crate) dns_address: Ipv4Addr,
    /// This machine as a node; `None` for a control plane alone.
    pub(crate) node: Option<NodeSettings>,
    /// The node's images, once the runtime is there.
    pub(crate) images: Arc<OnceLock<Arc<runtime::ImageStore>>>,
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
}

/// A component: its name, and what runs until the process ends.
pub(crate) struct Component {
    name: &'static str,
    start: fn(ComponentContext) -> BoxFuture<'static, anyhow::Result<()>>,
}

/// Every component, in the order in which they start.
const COMPONENTS: &[Component] = &[
    Component { name: "apiextensions", start: |context| custom_resources(context).boxed() },
    Component { name: "kube-scheduler", start: |context| scheduler(context).boxed() },
    Component { name: "kube-controller-manager", start: |context| controller_manager::run(context).boxed() },
    Component { name: "kubelet", start: |context| node::run(context).boxed() },
    Component { name: "kube-proxy", start: |context| service_proxy::run(context).boxed() },
    Component { name: "dns", start: |context| service_proxy::dns(context).boxed() },
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
pub(crate) fn start(context: &ComponentContext) -> Arc<States> {
    let states = Arc::new(States::default());
    for component in COMPONENTS {
        tokio::spawn(supervise(component, context.clone(), states.clone()));
    }
    states
}

/// Runs a component, and runs it again when it fails or panics: the others go on meanwhile.
async fn supervise(component: &'static Component, context: ComponentContext, states: Arc<States>) {
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
