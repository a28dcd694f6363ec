//! The controllers, each with its own service account.

use std::sync::Arc;

use apimachinery::{Object, Status, Str};
use apiserver::{Server, UserInfo, discovery};
use async_trait::async_trait;
use client::SharedInformers;
use controllers::{ALL, Context, Discovery, ServedResource, Settings};
use futures::future::join_all;

use super::ComponentContext;
use crate::signer::ClusterSigner;

/// What the API server of this process serves.
struct OwnResources(Arc<Server>);

#[async_trait]
impl Discovery for OwnResources {
    async fn resources(&self) -> Result<Vec<ServedResource>, Status> {
        let table = self.0.registry().table();
        let mut preferred: Vec<ServedResource> = Vec::new();
        for resource in table.iter() {
            let served = ServedResource { resource: resource.kind.clone(), verbs: resource.verbs.clone() };
            let same = |other: &&mut ServedResource| {
                other.resource.group == served.resource.group && other.resource.resource == served.resource.resource
            };
            match preferred.iter_mut().find(same) {
                None => preferred.push(served),
                Some(other) => {
                    let priority = |kind: &Str| discovery::version_priority(kind);
                    if priority(&served.resource.version) > priority(&other.resource.version) {
                        *other = served;
                    }
                }
            }
        }
        Ok(preferred)
    }
}

/// As whom informers read, and controllers act that have no service account.
const MANAGER: &str = "system:kube-controller-manager";
/// Terminated pods that are kept in the whole cluster, as upstream.
const TERMINATED_PODS_KEPT: usize = 12_500;
/// Seconds of silence after which a node counts as unreachable, as upstream.
const NODE_MONITOR_GRACE_SECONDS: u64 = 50;

/// Runs every controller until the process ends.
pub(super) async fn run(context: ComponentContext) -> anyhow::Result<()> {
    let shared = context.client(UserInfo::new(MANAGER, &[]), "kube-controller-manager");
    let informers = SharedInformers::new(shared);
    let issuer = context.issuer.clone();
    let settings = Arc::new(Settings {
        discovery: Arc::new(OwnResources(context.server.clone())),
        root_ca: context.identity.authority.certificate_pem(),
        cluster_cidrs: context.cluster_cidrs.clone(),
        node_cidr_prefix_lengths: (24, 64),
        signer: Some(Arc::new(ClusterSigner(context.identity.authority.clone()))),
        token_signer: Some(Arc::new(move |account: &Object, secret: &Object| {
            issuer.sign_legacy(account, secret).map_err(|error| error.to_string())
        })),
        terminated_pods_kept: TERMINATED_PODS_KEPT,
        node_monitor_grace_seconds: NODE_MONITOR_GRACE_SECONDS,
    });
    let running = ALL.iter().map(|controller| {
        let user = match controller.service_account {
            "" => UserInfo::new(MANAGER, &[]),
            account => UserInfo::service_account("kube-system", account),
        };
        let client = context.client(user, controller.name);
        let given = Context { client, informers: informers.clone(), settings: settings.clone() };
        // A task each, so that one that panics does not end the others.
        tokio::spawn((controller.start)(given))
    });
    for (ended, controller) in join_all(running).await.into_iter().zip(ALL) {
        if let Err(error) = ended {
            anyhow::bail!("{}: {error}", controller.name);
        }
    }
    Ok(())
}
