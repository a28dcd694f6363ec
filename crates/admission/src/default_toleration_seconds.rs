//! `DefaultTolerationSeconds`: pods stay five minutes on a node that is not ready or not reached.

use std::sync::Arc;

use apimachinery::{Object, Status, Value, value};
use apiserver::{AdmissionPlugin, Attributes, Operation, Server};
use async_trait::async_trait;
use client::ResourceKind;

use crate::pod::{is_pods, text};

const SECONDS: i64 = 300;
const TAINTS: [&str; 2] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

pub(crate) struct DefaultTolerationSeconds;

fn tolerates(toleration: &Value, taint: &str) -> bool {
    let (key, effect) = (text(toleration, &["key"]), text(toleration, &["effect"]));
    (key == taint || key.is_empty()) && (effect == "NoExecute" || effect.is_empty())
}

fn add_tolerations(pod: &mut Object) {
    let present = pod.list_at(&["spec", "tolerations"]).to_vec();
    let absent = TAINTS.iter().filter(|taint| !present.iter().any(|toleration| tolerates(toleration, taint)));
    let added: Vec<Value> = absent
        .map(|taint| value!({"key": *taint, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": SECONDS}))
        .collect();
    if !added.is_empty() {
        pod.set(&["spec", "tolerations"], present.into_iter().chain(added).collect::<Value>());
    }
}

#[async_trait]
impl AdmissionPlugin for DefaultTolerationSeconds {
    fn name(&self) -> &'static str {
        "DefaultTolerationSeconds"
    }

    fn handles(&self, operation: Operation, resource: &ResourceKind, subresource: &str) -> bool {
        matches!(operation, Operation::Create | Operation::Update) && is_pods(resource) && subresource.is_empty()
    }

    async fn admit(&self, _: &Arc<Server>, attributes: &mut Attributes<'_>) -> Result<(), Status> {
        if let Some(pod) = attributes.object.as_deref_mut() {
            add_tolerations(pod);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_not_tolerated_is_added() {
        let count = |tolerations: Value| {
            let mut pod = Object(value!({"spec": {"tolerations": tolerations}}));
            add_tolerations(&mut pod);
            pod.list_at(&["spec", "tolerations"]).len()
        };
        assert_eq!(count(value!([])), 2);
        assert_eq!(count(value!([{"operator": "Exists"}])), 1);
        assert_eq!(count(value!([{"key": "node.kubernetes.io/not-ready", "effect": "NoExecute"}])), 2);
        assert_eq!(count(value!([{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}])), 3);
    }
}
