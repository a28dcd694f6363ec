//! Owners of pods, by whose selectors pods are spread by default, and disruption budgets.

use std::{collections::BTreeMap, sync::Arc};

use api::views::policy_v1::PodDisruptionBudget;
use apimachinery::{Object, Str, Value, labels::Selector};

use super::PodInfo;

/// A disruption budget.
#[derive(Debug)]
pub struct DisruptionBudget {
    selector: Selector,
    /// How many of its pods may go now.
    pub disruptions_allowed: i64,
    /// Pods that are going already and were counted.
    pub disrupted: Vec<Str>,
}

impl DisruptionBudget {
    fn read(object: &Object) -> DisruptionBudget {
        let budget = PodDisruptionBudget::of(&object.0);
        let selector = object.at(&["spec", "selector"]);
        DisruptionBudget {
            selector: Selector::from_label_selector(selector).unwrap_or_else(|_| Selector::nothing()),
            disruptions_allowed: budget.status().disruptions_allowed(),
            disrupted: budget.status().disrupted_pods().keys().map(Str::from).collect(),
        }
    }

    /// Whether it protects the pod. A budget that selects everything protects nothing here, as upstream.
    pub fn covers(&self, pod: &PodInfo) -> bool {
        !self.selector.is_everything() && self.selector.matches(&pod.labels)
    }
}

/// Selectors by namespace, then by kind and name.
#[derive(Debug, Default)]
pub struct Workloads {
    services: BTreeMap<Str, BTreeMap<Str, Selector>>,
    owners: BTreeMap<(&'static str, Str), Selector>,
    budgets: BTreeMap<Str, BTreeMap<Str, Arc<DisruptionBudget>>>,
}

fn put<V>(all: &mut BTreeMap<Str, BTreeMap<Str, V>>, object: &Object, entry: Option<V>) {
    match entry {
        Some(entry) => {
            all.entry(object.namespace().into()).or_default().insert(object.name().into(), entry);
        }
        None => {
            if let Some(named) = all.get_mut(object.namespace()) {
                named.remove(object.name());
                if named.is_empty() {
                    all.remove(object.namespace());
                }
            }
        }
    }
}

impl Workloads {
    /// Notes a service; `gone` when it was deleted.
    pub fn set_service(&mut self, object: &Object, gone: bool) {
        let selector = object.spec().get_map("selector").filter(|selector| !selector.is_empty());
        put(&mut self.services, object, selector.filter(|_| !gone).map(Selector::from_set));
    }

    /// Notes a controller of `kind`; `gone` when it was deleted.
    pub fn set_owner(&mut self, kind: &'static str, object: &Object, gone: bool) {
        let key = (kind, object.key());
        if gone {
            self.owners.remove(&key);
            return;
        }
        let selector = object.spec().get("selector");
        let selector = match kind {
            "ReplicationController" => selector.and_then(Value::as_map).map(Selector::from_set),
            _ => Selector::from_label_selector(selector).ok(),
        };
        self.owners.insert(key, selector.unwrap_or_else(Selector::nothing));
    }

    /// Notes a disruption budget; `gone` when it was deleted.
    pub fn set_budget(&mut self, object: &Object, gone: bool) {
        put(&mut self.budgets, object, (!gone).then(|| Arc::new(DisruptionBudget::read(object))));
    }

    /// The disruption budgets of a namespace.
    pub fn budgets(&self, namespace: &str) -> Vec<Arc<DisruptionBudget>> {
        self.budgets.get(namespace).map(|budgets| budgets.values().cloned().collect()).unwrap_or_default()
    }

    /// The selectors of everything that the pod belongs to: pods that match all of them are its like. Empty when
    /// it belongs to nothing.
    pub fn selectors_of(&self, pod: &PodInfo) -> Vec<&Selector> {
        let services = self.services.get(&pod.namespace).into_iter().flat_map(BTreeMap::values);
        let mut selectors: Vec<&Selector> = services.filter(|selector| selector.matches(&pod.labels)).collect();
        if let Some((kind, name)) = &pod.wishes().owner {
            let kind = ["ReplicaSet", "StatefulSet", "ReplicationController"].into_iter().find(|known| kind == *known);
            let key = kind.map(|kind| (kind, Str::from(format!("{}/{name}", pod.namespace))));
            selectors.extend(key.and_then(|key| self.owners.get(&key)));
        }
        selectors
    }
}
