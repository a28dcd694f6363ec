//! Which objects a quota is about.

use apimachinery::{Object, Value};

use super::{item_text, usage::Evaluator};
use crate::{
    is_unset,
    pod::{containers, text},
};

/// Whether a quota with its scopes is about the object.
pub(super) fn matches(quota: &Object, evaluator: &Evaluator, object: &Object) -> bool {
    let plain = quota.list_at(&["spec", "scopes"]).iter().filter_map(Value::as_str);
    let selected = quota.list_at(&["spec", "scopeSelector", "matchExpressions"]);
    let scoped = !selected.is_empty() || plain.clone().next().is_some();
    if scoped && !evaluator.is_pods() {
        // Every other kind has no scopes but for the classes of claims.
        let class = |expression: &Value| item_text(expression, "scopeName") == "VolumeAttributesClass";
        let claims = evaluator.measures("persistentvolumeclaims") && plain.clone().next().is_none();
        return claims && selected.iter().all(|expression| class(expression) && matches_class(object, expression));
    }
    plain.clone().all(|scope| pod_matches(object, scope, None))
        && selected.iter().all(|expression| pod_matches(object, item_text(expression, "scopeName"), Some(expression)))
}

fn pod_matches(pod: &Object, scope: &str, expression: Option<&Value>) -> bool {
    match scope {
        "Terminating" => is_terminating(pod),
        "NotTerminating" => !is_terminating(pod),
        "BestEffort" => is_best_effort(pod),
        "NotBestEffort" => !is_best_effort(pod),
        "PriorityClass" => {
            let class = text(pod, &["spec", "priorityClassName"]);
            expression.map_or(!class.is_empty(), |expression| selects(expression, class))
        }
        "CrossNamespacePodAffinity" => crosses_namespaces(pod),
        _ => false,
    }
}

fn matches_class(claim: &Object, expression: &Value) -> bool {
    let fields = [
        &["spec", "volumeAttributesClassName"][..],
        &["status", "currentVolumeAttributesClassName"],
        &["status", "modifyVolumeStatus", "targetVolumeAttributesClassName"],
    ];
    let classes: Vec<&str> = fields.iter().map(|path| text(claim, path)).filter(|class| !class.is_empty()).collect();
    match classes.as_slice() {
        [] => selects(expression, ""),
        classes => classes.iter().any(|class| selects(expression, class)),
    }
}

/// Whether an expression selects a class; no class is an absent label.
fn selects(expression: &Value, class: &str) -> bool {
    let listed = expression.list_at(&["values"]).iter().any(|value| value.as_str() == Some(class));
    match item_text(expression, "operator") {
        "In" => !class.is_empty() && listed,
        "NotIn" => class.is_empty() || !listed,
        "Exists" => !class.is_empty(),
        "DoesNotExist" => class.is_empty(),
        _ => false,
    }
}

/// Whether the pod ends by itself.
pub(super) fn is_terminating(pod: &Object) -> bool {
    pod.i64_at(&["spec", "activeDeadlineSeconds"]).is_some_and(|seconds| seconds >= 0)
}

fn is_best_effort(pod: &Object) -> bool {
    let wants = |value: &Value, path: &[&str]| {
        let list = value.map_at(path);
        list.is_some_and(|list| {
            ["cpu", "memory"]
                .iter()
                .any(|resource| list.get(resource).is_some_and(|quantity| quantity.as_str() != Some("0")))
        })
    };
    let container =
        |container: &Value| wants(container, &["resources", "requests"]) || wants(container, &["resources", "limits"]);
    let own = wants(pod, &["spec", "resources", "requests"]) || wants(pod, &["spec", "resources", "limits"]);
    !own && !containers(pod.spec()).any(container)
}

fn crosses_namespaces(pod: &Object) -> bool {
    let term = |term: &Value| {
        !term.list_at(&["namespaces"]).is_empty()
            || term.get("namespaceSelector").is_some_and(|selector| !selector.is_null())
    };
    ["podAffinity", "podAntiAffinity"].iter().any(|kind| {
        let list = |name| pod.list_at(&["spec", "affinity", kind, name]);
        list("requiredDuringSchedulingIgnoredDuringExecution").iter().any(term)
            || list("preferredDuringSchedulingIgnoredDuringExecution").iter().any(|weighted| {
                let inner = weighted.get("podAffinityTerm");
                !is_unset(inner) && inner.is_some_and(term)
            })
    })
}
