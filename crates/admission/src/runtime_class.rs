//! `RuntimeClass`: pods get their runtime class's overhead and the nodes that have it.

use std::sync::Arc;

use apimachinery::{Object, Status, Value};
use apiserver::{AdmissionPlugin, Attributes, Operation, Server};
use async_trait::async_trait;
use client::ResourceKind;

use crate::{forbidden, is_unset, pod::is_pods, quantities::Resources};

pub(crate) struct RuntimeClass;

const MISMATCH: &str = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";

fn class_of(server: &Server, attributes: &Attributes<'_>) -> Result<Option<Arc<Object>>, Status> {
    let pod = attributes.object.as_deref();
    let name = pod.and_then(|pod| pod.str_at(&["spec", "runtimeClassName"]));
    let Some(name) = name else { return Ok(None) };
    let found = server.registry().object("node.k8s.io", "runtimeclasses", "", name)?;
    let problem = || format!("pod rejected: RuntimeClass {name:?} not found");
    found.map(Some).ok_or_else(|| forbidden(attributes, problem()))
}

fn overhead_of(class: Option<&Object>) -> Option<&Value> {
    class?.at(&["overhead", "podFixed"]).filter(|overhead| !is_unset(Some(overhead)))
}

fn set_overhead(pod: &mut Object, class: &Object) -> Result<(), String> {
    let Some(overhead) = overhead_of(Some(class)) else { return Ok(()) };
    let own = pod.at(&["spec", "overhead"]);
    if !is_unset(own) && Resources::read(own) != Resources::read(Some(overhead)) {
        return Err(MISMATCH.to_owned());
    }
    pod.set(&["spec", "overhead"], overhead.clone());
    Ok(())
}

fn set_scheduling(pod: &mut Object, class: &Object) -> Result<(), String> {
    for (key, wanted) in class.map_at(&["scheduling", "nodeSelector"]).into_iter().flat_map(|map| map.iter()) {
        let wanted = wanted.as_str().unwrap_or_default();
        match pod.str_at(&["spec", "nodeSelector", key]) {
            Some(own) if own != wanted => {
                return Err(format!(
                    "conflict: runtimeClass.scheduling.nodeSelector[{key}] = {wanted}; pod.spec.nodeSelector[{key}] = {own}"
                ));
            }
            _ => pod.set(&["spec", "nodeSelector", key], wanted),
        }
    }
    let mut tolerations = pod.list_at(&["spec", "tolerations"]).to_vec();
    let added: Vec<Value> = class
        .list_at(&["scheduling", "tolerations"])
        .iter()
        .filter(|toleration| !tolerations.contains(toleration))
        .cloned()
        .collect();
    if !added.is_empty() {
        tolerations.extend(added);
        pod.set(&["spec", "tolerations"], tolerations);
    }
    Ok(())
}

#[async_trait]
impl AdmissionPlugin for RuntimeClass {
    fn name(&self) -> &'static str {
        "RuntimeClass"
    }

    fn handles(&self, operation: Operation, resource: &ResourceKind, subresource: &str) -> bool {
        operation == Operation::Create && is_pods(resource) && subresource.is_empty()
    }

    async fn admit(&self, server: &Arc<Server>, attributes: &mut Attributes<'_>) -> Result<(), Status> {
        let Some(class) = class_of(server, attributes)? else { return Ok(()) };
        let Some(pod) = attributes.object.as_deref_mut() else { return Ok(()) };
        let set = set_overhead(pod, &class).and_then(|()| set_scheduling(pod, &class));
        set.map_err(|problem| forbidden(attributes, problem))
    }

    async fn validate(&self, server: &Arc<Server>, attributes: &mut Attributes<'_>) -> Result<(), Status> {
        let class = class_of(server, attributes)?;
        let own = attributes.object.as_deref().and_then(|pod| pod.at(&["spec", "overhead"]));
        match overhead_of(class.as_deref()) {
            Some(overhead) if Resources::read(own) != Resources::read(Some(overhead)) => {
                Err(forbidden(attributes, MISMATCH))
            }
            None if !is_unset(own) => {
                let problem = "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead";
                Err(forbidden(attributes, problem))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use apimachinery::value;

    use super::*;

    #[test]
    fn overhead_and_nodes_come_from_the_class() {
        let class = Object(value!({
            "overhead": {"podFixed": {"cpu": "250m"}},
            "scheduling": {"nodeSelector": {"vm": "yes"}, "tolerations": [{"key": "vm"}]}
        }));
        let mut pod = Object(value!({"spec": {"tolerations": [{"key": "x"}]}}));
        set_overhead(&mut pod, &class).and_then(|()| set_scheduling(&mut pod, &class)).unwrap();
        let expected = value!({
            "overhead": {"cpu": "250m"}, "nodeSelector": {"vm": "yes"}, "tolerations": [{"key": "x"}, {"key": "vm"}]
        });
        assert_eq!(pod.get("spec"), Some(&expected));
        let mut same = Object(value!({"spec": {"overhead": {"cpu": "0.25"}}}));
        assert!(set_overhead(&mut same, &class).is_ok());
        let mut other = Object(value!({"spec": {"overhead": {"cpu": "1"}, "nodeSelector": {"vm": "no"}}}));
        assert_eq!(set_overhead(&mut other, &class), Err(MISMATCH.to_owned()));
        assert!(set_scheduling(&mut other, &class).unwrap_err().starts_with("conflict"));
    }
}
