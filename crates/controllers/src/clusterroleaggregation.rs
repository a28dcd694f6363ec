//! `clusterrole-aggregation-controller`: gives aggregated cluster roles the rules of those that they select.

use std::sync::Arc;

use apimachinery::{List, Object, Str, labels::Selector, value};
use async_trait::async_trait;
use client::{
    Client, Informer, PatchType, WorkQueue,
    controller::{self, Outcome, Reconcile},
    kinds::CLUSTER_ROLES,
};

use crate::{Context, ControllerDescriptor};

const WORKERS: usize = 5;

/// The controller of aggregated cluster roles.
pub const DESCRIPTOR: ControllerDescriptor = ControllerDescriptor {
    name: "clusterrole-aggregation-controller",
    service_account: "clusterrole-aggregation-controller",
    start: |context| Box::pin(run(context)),
};

struct Aggregation {
    client: Client,
    roles: Informer,
}

fn is_aggregated(role: &Object) -> bool {
    role.at(&["aggregationRule"]).is_some_and(|rule| !rule.is_null())
}

async fn run(context: Context) {
    let roles = context.informers.of(&CLUSTER_ROLES);
    let queue = WorkQueue::new();
    let all = roles.clone();
    controller::enqueue_on(&roles, &queue, move |_| {
        all.list().into_iter().filter(|role| is_aggregated(role)).map(|role| role.key())
    });
    let reconciler = Aggregation { client: context.client, roles: roles.clone() };
    let name = "clusterrole-aggregation-controller";
    controller::run(name, &[roles], queue, WORKERS, Arc::new(reconciler)).await;
}

/// The rules of all roles that `role` selects, in the order of names, each once.
fn aggregated(role: &Object, roles: &[Arc<Object>]) -> List {
    let mut rules = List::new();
    for selector in role.list_at(&["aggregationRule", "clusterRoleSelectors"]) {
        let Ok(selector) = Selector::from_label_selector(Some(selector)) else { continue };
        let selected = roles.iter().filter(|other| other.name() != role.name() && selector.matches(other.labels()));
        for rule in selected.flat_map(|other| other.list_at(&["rules"])) {
            if !rules.contains(rule) {
                rules.push(rule.clone());
            }
        }
    }
    rules
}

#[async_trait]
impl Reconcile for Aggregation {
    async fn reconcile(&self, key: &Str) -> Outcome {
        let Some(role) = self.roles.get(key).filter(|role| is_aggregated(role)) else { return Ok(None) };
        let rules = aggregated(&role, &self.roles.list());
        if rules.as_slice() == role.list_at(&["rules"]) {
            return Ok(None);
        }
        let patch = value!({"metadata": {"uid": role.uid()}, "rules": rules});
        match self.client.all(&CLUSTER_ROLES).patch(key, "", PatchType::Merge, patch).await {
            Err(status) if status.is_not_found() => Ok(None),
            answer => Ok(answer.map(|_| None)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use client::testing::{FakeApi, settle};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn rules_follow_labels() {
        let api = FakeApi::new();
        let _running = tokio::spawn((DESCRIPTOR.start)(Context::for_tests(&api)));
        let selector = value!([{"matchLabels": {"to": "admin"}}]);
        api.seed(
            &CLUSTER_ROLES,
            value!({
                "metadata": {"name": "admin"},
                "aggregationRule": {"clusterRoleSelectors": selector},
                "rules": [{"verbs": ["stale"]}]
            }),
        );
        for name in ["a", "b"] {
            let rules = value!([{"verbs": ["get"]}, {"verbs": [name]}]);
            api.seed(&CLUSTER_ROLES, value!({"metadata": {"name": name, "labels": {"to": "admin"}}, "rules": rules}));
        }
        settle(1).await;
        let verbs = || {
            let role = api.get(&CLUSTER_ROLES, "", "admin").unwrap();
            let rules = role.list_at(&["rules"]).iter();
            rules.map(|rule| rule.list_at(&["verbs"])[0].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(verbs(), ["get", "a", "b"]);
        api.remove(&CLUSTER_ROLES, "", "a");
        settle(1).await;
        assert_eq!(verbs(), ["get", "b"]);
    }
}
