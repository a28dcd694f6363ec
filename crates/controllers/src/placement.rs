//! Whether a pod may be on a node: node affinity, node selector, taints.

use apimachinery::{Map, Object, Value, value};

/// Whether the node satisfies the pod's `nodeSelector` and its required node affinity.
pub fn affinity_admits(pod_spec: &Value, node: &Object) -> bool {
    let mut selected = pod_spec.map_at(&["nodeSelector"]).into_iter().flat_map(Map::iter);
    if !selected.all(|(key, value)| node.labels().get(key) == Some(value)) {
        return false;
    }
    let path = ["affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"];
    let Some(required) = pod_spec.at(&path).filter(|required| !required.is_null()) else { return true };
    required.list_at(&["nodeSelectorTerms"]).iter().any(|term| term_matches(term, node))
}

fn term_matches(term: &Value, node: &Object) -> bool {
    let (labels, fields) = (term.list_at(&["matchExpressions"]), term.list_at(&["matchFields"]));
    // A term that says nothing matches nothing.
    (!labels.is_empty() || !fields.is_empty())
        && labels.iter().all(|one| requirement_matches(one, |key| node.label(key)))
        && fields.iter().all(|one| requirement_matches(one, |key| (key == "metadata.name").then(|| node.name())))
}

fn requirement_matches<'v>(requirement: &Value, get: impl Fn(&str) -> Option<&'v str>) -> bool {
    let value = get(requirement.str_at(&["key"]).unwrap_or_default());
    let values = requirement.list_at(&["values"]);
    let listed = |value: &str| values.iter().any(|one| one.as_str() == Some(value));
    let compare = |holds: fn(i64, i64) -> bool| {
        let bound = values.first().and_then(Value::as_str).and_then(|bound| bound.parse().ok());
        value.and_then(|value| value.parse().ok()).zip(bound).is_some_and(|(value, bound)| holds(value, bound))
    };
    match requirement.str_at(&["operator"]).unwrap_or_default() {
        "In" => value.is_some_and(listed),
        "NotIn" => !value.is_some_and(listed),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => compare(|value, bound| value > bound),
        "Lt" => compare(|value, bound| value < bound),
        _ => false,
    }
}

/// Whether `toleration` bears `taint`.
pub fn tolerates(toleration: &Value, taint: &Value) -> bool {
    let text = |value: &Value, key: &str| value.str_at(&[key]).unwrap_or_default().to_owned();
    let (effect, key) = (text(toleration, "effect"), text(toleration, "key"));
    if !effect.is_empty() && effect != text(taint, "effect") || !key.is_empty() && key != text(taint, "key") {
        return false;
    }
    match text(toleration, "operator").as_str() {
        "" | "Equal" => !key.is_empty() && text(toleration, "value") == text(taint, "value"),
        "Exists" => true,
        _ => false,
    }
}

/// The first taint of the node with one of `effects` that none of `tolerations` bears.
pub fn untolerated<'n>(node: &'n Object, tolerations: &[Value], effects: &[&str]) -> Option<&'n Value> {
    node.spec().list_at("taints").iter().find(|taint| {
        effects.contains(&taint.str_at(&["effect"]).unwrap_or_default())
            && !tolerations.iter().any(|toleration| tolerates(toleration, taint))
    })
}

/// The tolerations that every daemon pod has beside its own.
pub fn daemon_tolerations(host_network: bool) -> Vec<Value> {
    let mut rows = vec![
        ("node.kubernetes.io/not-ready", "NoExecute"),
        ("node.kubernetes.io/unreachable", "NoExecute"),
        ("node.kubernetes.io/disk-pressure", "NoSchedule"),
        ("node.kubernetes.io/memory-pressure", "NoSchedule"),
        ("node.kubernetes.io/pid-pressure", "NoSchedule"),
        ("node.kubernetes.io/unschedulable", "NoSchedule"),
    ];
    if host_network {
        rows.push(("node.kubernetes.io/network-unavailable", "NoSchedule"));
    }
    rows.into_iter().map(|(key, effect)| value!({"key": key, "operator": "Exists", "effect": effect})).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn affinity_and_taints() {
        let node = Object(value!({
            "metadata": {"name": "n1", "labels": {"disk": "ssd", "cores": "8"}},
            "spec": {"taints": [{"key": "gpu", "value": "yes", "effect": "NoSchedule"}]}
        }));
        let required = |term: Value| value!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}}});
        let expression = |key: &str, operator: &str, values: Value| {
            required(value!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]}))
        };
        assert!(affinity_admits(&value!({"nodeSelector": {"disk": "ssd"}}), &node));
        assert!(!affinity_admits(&value!({"nodeSelector": {"disk": "hdd"}}), &node));
        assert!(affinity_admits(&expression("cores", "Gt", value!(["4"])), &node));
        assert!(!affinity_admits(&expression("disk", "NotIn", value!(["ssd"])), &node));
        assert!(!affinity_admits(&required(value!({})), &node));
        let tolerate = |toleration: Value| untolerated(&node, &[toleration], &["NoSchedule"]).is_none();
        assert!(tolerate(value!({"operator": "Exists"})));
        assert!(tolerate(value!({"key": "gpu", "value": "yes"})));
        assert!(!tolerate(value!({"key": "gpu", "value": "no"})));
        assert!(!tolerate(value!({"key": "gpu", "operator": "Exists", "effect": "NoExecute"})));
    }
}
