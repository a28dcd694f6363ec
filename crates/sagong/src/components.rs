//! The components beside the API server, in one table.

mod controller_manager;

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use apiserver::{Server, UserInfo, loopback::Loopback};
use client::Client;
use futures::{FutureExt, future::BoxFuture};

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

/// Starts every component on the current runtime.
pub(crate) fn start(context: &ComponentContext) {
    for component in COMPONENTS {
        tokio::spawn(supervise(component, context.clone()));
    }
}

/// Runs a component, and runs it again when it fails or panics: the others go on meanwhile.
async fn supervise(component: &'static Component, context: ComponentContext) {
    loop {
        match AssertUnwindSafe((component.start)(context.clone())).catch_unwind().await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => tracing::error!(component = component.name, "failed: {error:#}"),
            Err(_) => tracing::error!(component = component.name, "panicked"),
        }
        tokio::time::sleep(RESTART_DELAY).await;
    }
}
