//! `Priority`: pods get the number of their priority class, and there is one default class.

use std::sync::Arc;

use apimachinery::{Object, Status, Value};
use apiserver::{AdmissionPlugin, Attributes, Operation, Server};
use async_trait::async_trait;
use client::ResourceKind;

use crate::{forbidden, is_unset, pod::is_pods};

const GROUP: &str = "scheduling.k8s.io";

pub(crate) struct Priority;

fn is_classes(resource: &ResourceKind) -> bool {
    resource.group == GROUP && resource.resource == "priorityclasses"
}

/// The default class; of several, that of the lowest value.
fn default_class(server: &Server) -> Result<Option<Arc<Object>>, Status> {
    let classes = server.registry().objects(GROUP, "priorityclasses", "")?;
    let defaults = classes.into_iter().filter(|class| class.bool_at(&["globalDefault"]) == Some(true));
    Ok(defaults.min_by_key(|class| class.i64_at(&["value"]).unwrap_or_default()))
}

/// The class that a pod names, or the default one.
fn class_of(server: &Server, attributes: &Attributes<'_>, name: &str) -> Result<Option<Arc<Object>>, Status> {
    if name.is_empty() {
        return default_class(server);
    }
    let found = server.registry().object(GROUP, "priorityclasses", "", name)?;
    found.map(Some).ok_or_else(|| forbidden(attributes, format!("no PriorityClass with name {name} was found")))
}

/// Sets what follows from the class, unless the pod says otherwise itself.
fn set_priority(pod: &mut Object, class: Option<&Object>) -> Result<(), String> {
    let priority = class.and_then(|class| class.i64_at(&["value"])).unwrap_or_default();
    if let Some(own) = pod.i64_at(&["spec", "priority"]).filter(|own| *own != priority) {
        return Err(format!(
            "the integer value of priority ({own}) must not be provided in pod spec; priority admission controller computed {priority} from the given PriorityClass name"
        ));
    }
    pod.set(&["spec", "priority"], priority);
    let Some(class) = class else { return Ok(()) };
    pod.set(&["spec", "priorityClassName"], class.name());
    let policy = class.str_at(&["preemptionPolicy"]).unwrap_or("PreemptLowerPriority");
    let own = pod.str_at(&["spec", "preemptionPolicy"]).unwrap_or_default();
    if !own.is_empty() && own != policy {
        return Err(format!(
            "the string value of PreemptionPolicy ({own}) must not be provided in pod spec; priority admission controller computed {policy} from the given PriorityClass name"
        ));
    }
    pod.set(&["spec", "preemptionPolicy"], policy);
    Ok(())
}

#[async_trait]
impl AdmissionPlugin for Priority {
    fn name(&self) -> &'static str {
        "Priority"
    }

    fn handles(&self, operation: Operation, resource: &ResourceKind, subresource: &str) -> bool {
        matches!(operation, Operation::Create | Operation::Update)
            && subresource.is_empty()
            && (is_pods(resource) || is_classes(resource))
    }

    async fn admit(&self, server: &Arc<Server>, attributes: &mut Attributes<'_>) -> Result<(), Status> {
        if !is_pods(attributes.resource) {
            return Ok(());
        }
        let Some(pod) = attributes.object.as_deref_mut() else { return Ok(()) };
        if let Some(old) = attributes.old_object {
            // What was set at creation stays, also when a client leaves it out.
            for field in ["priority", "preemptionPolicy"] {
                let kept = old.at(&["spec", field]).cloned().unwrap_or(Value::Null);
                if is_unset(pod.at(&["spec", field])) && !kept.is_null() {
                    pod.set(&["spec", field], kept);
                }
            }
            return Ok(());
        }
        let name = pod.str_at(&["spec", "priorityClassName"]).unwrap_or_default().to_owned();
        let class = class_of(server, attributes, &name)?;
        let Some(pod) = attributes.object.as_deref_mut() else { return Ok(()) };
        set_priority(pod, class.as_deref()).map_err(|problem| forbidden(attributes, problem))
    }

    async fn validate(&self, server: &Arc<Server>, attributes: &mut Attributes<'_>) -> Result<(), Status> {
        let Some(object) = attributes.object.as_deref() else { return Ok(()) };
        if !is_classes(attributes.resource) || object.bool_at(&["globalDefault"]) != Some(true) {
            return Ok(());
        }
        match default_class(server)? {
            Some(other) if attributes.operation == Operation::Create || other.name() != object.name() => {
                let name = other.name();
                let problem = format!("PriorityClass {name} is already marked as default. Only one default can exist");
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
    fn the_class_decides() {
        let class = Object(value!({"metadata": {"name": "high"}, "value": 9, "preemptionPolicy": "Never"}));
        let set = |spec: Value, class: Option<&Object>| {
            let mut pod = Object(value!({"spec": spec}));
            set_priority(&mut pod, class).map(|()| pod.get("spec").cloned().unwrap())
        };
        let expected = value!({"priority": 9, "priorityClassName": "high", "preemptionPolicy": "Never"});
        assert_eq!(set(value!({}), Some(&class)), Ok(expected.clone()));
        assert_eq!(set(expected, Some(&class)).unwrap().i64_at(&["priority"]), Some(9));
        assert_eq!(set(value!({}), None), Ok(value!({"priority": 0})));
        assert!(set(value!({"priority": 8}), Some(&class)).unwrap_err().contains("computed 9"));
        let policy = value!({"preemptionPolicy": "PreemptLowerPriority"});
        assert!(set(policy, Some(&class)).unwrap_err().contains("computed Never"));
    }
}
