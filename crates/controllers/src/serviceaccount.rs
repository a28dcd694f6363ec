//! `serviceaccount-controller`: every namespace has the service account `default`.

use std::sync::Arc;

use apimachinery::{Object, Str, value};
use async_trait::async_trait;
use client::{
    Client, Collection, Informer, WorkQueue,
    controller::{self, Outcome, Reconcile},
    kinds::{NAMESPACES, SERVICE_ACCOUNTS},
};

use crate::{Context, ControllerDescriptor, pod_control::is_namespace_terminating};

const NAME: &str = "default";

/// The controller of default service accounts.
pub const DESCRIPTOR: ControllerDescriptor = ControllerDescriptor {
    name: "serviceaccount-controller",
    service_account: "service-account-controller",
    start: |context| Box::pin(run(context)),
};

struct ServiceAccounts {
    client: Client,
    namespaces: Informer,
    accounts: Informer,
}

/// Whether things can be made in `namespace`.
pub(crate) fn is_active(namespace: &Object) -> bool {
    namespace.deletion_timestamp().is_none() && namespace.status().str_at("phase") != Some("Terminating")
}

async fn run(context: Context) {
    let namespaces = context.informers.of(&NAMESPACES);
    let only = Collection::all(&SERVICE_ACCOUNTS).fields(format!("metadata.name={NAME}"));
    let accounts = context.informers.follow(only);
    let queue = WorkQueue::new();
    controller::enqueue_objects(&namespaces, &queue);
    controller::enqueue_on(&accounts, &queue, |event| [event.object().namespace().into()]);
    let reconciler =
        ServiceAccounts { client: context.client, namespaces: namespaces.clone(), accounts: accounts.clone() };
    controller::run("serviceaccount-controller", &[namespaces, accounts], queue, 1, Arc::new(reconciler)).await;
}

#[async_trait]
impl Reconcile for ServiceAccounts {
    async fn reconcile(&self, key: &Str) -> Outcome {
        let active = self.namespaces.get(key).is_some_and(|namespace| is_active(&namespace));
        if !active || self.accounts.get_namespaced(key, NAME).is_some() {
            return Ok(None);
        }
        let account = value!({
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": NAME, "namespace": key}
        });
        match self.client.namespaced(&SERVICE_ACCOUNTS, key).create(account).await {
            Err(status) if status.is_already_exists() || is_namespace_terminating(&status) => Ok(None),
            answer => Ok(answer.map(|_| None)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use client::testing::{FakeApi, settle};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_namespace_has_an_account_and_gets_it_back() {
        let api = FakeApi::new();
        let _running = tokio::spawn((DESCRIPTOR.start)(Context::for_tests(&api)));
        api.seed(&NAMESPACES, value!({"metadata": {"name": "a"}, "status": {"phase": "Active"}}));
        api.seed(&NAMESPACES, value!({"metadata": {"name": "b"}, "status": {"phase": "Terminating"}}));
        settle(1).await;
        assert!(api.get(&SERVICE_ACCOUNTS, "a", NAME).is_some());
        assert!(api.get(&SERVICE_ACCOUNTS, "b", NAME).is_none());
        api.remove(&SERVICE_ACCOUNTS, "a", NAME);
        settle(1).await;
        assert!(api.get(&SERVICE_ACCOUNTS, "a", NAME).is_some());
    }
}
