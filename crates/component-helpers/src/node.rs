//! Which nodes a pod may run on: selectors, affinity, taints.

use api::views::core_v1::{NodeSelectorRequirement, NodeSelectorTerm, PodSpec, Taint, Toleration};
use api::views::{Item, ViewList};
use apimachinery::{Map, Object};

fn requirement_matches(requirement: NodeSelectorRequirement<'_>, value: Option<&str>) -> bool {
    let values = requirement.values();
    let listed = |text: &str| values.iter().any(|value| value == text);
    let number = |text: &str| text.parse::<i64>().ok();
    let compared = |holds: fn(i64, i64) -> bool| {
        let wanted = values.first().and_then(number);
        value.and_then(number).zip(wanted).is_some_and(|(value, wanted)| holds(value, wanted))
    };
    match requirement.operator() {
        "In" => value.is_some_and(listed),
        "NotIn" => !value.is_some_and(listed),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => compared(|value, wanted| value > wanted),
        "Lt" => compared(|value, wanted| value < wanted),
        _ => false,
    }
}

/// Whether a node fulfils every requirement of a term; a term without requirements matches nothing.
pub fn term_matches(term: NodeSelectorTerm<'_>, node: &Object) -> bool {
    let (expressions, fields) = (term.match_expressions(), term.match_fields());
    if expressions.is_empty() && fields.is_empty() {
        return false;
    }
    let field = |name: &str| (name == "metadata.name").then(|| node.name());
    expressions.iter().all(|requirement| requirement_matches(requirement, node.label(requirement.key())))
        && fields.iter().all(|requirement| requirement_matches(requirement, field(requirement.key())))
}

fn labels_match(selector: Option<&Map>, node: &Object) -> bool {
    selector.is_none_or(|selector| selector.iter().all(|(key, value)| node.label(key) == value.as_str()))
}

/// Whether a node fulfils the pod's `nodeSelector` and required node affinity.
pub fn affinity_matches(spec: PodSpec<'_>, node: &Object) -> bool {
    let required = spec
        .affinity()
        .and_then(|affinity| affinity.node_affinity())
        .and_then(|affinity| affinity.required_during_scheduling_ignored_during_execution());
    labels_match(spec.node_selector().as_map(), node)
        && required.is_none_or(|selector| selector.node_selector_terms().iter().any(|term| term_matches(term, node)))
}

/// Whether a toleration covers a taint.
pub fn tolerates(toleration: Toleration<'_>, taint: Taint<'_>) -> bool {
    let key = toleration.key();
    let value = || toleration.value() == taint.value();
    let number = |text: &str| text.parse::<i64>().ok();
    (toleration.effect().is_empty() || toleration.effect() == taint.effect())
        && (key.is_empty() || key == taint.key())
        && match toleration.operator() {
            "" | "Equal" => value(),
            "Exists" => true,
            "Lt" => number(taint.value()).zip(number(toleration.value())).is_some_and(|(taint, bound)| taint < bound),
            "Gt" => number(taint.value()).zip(number(toleration.value())).is_some_and(|(taint, bound)| taint > bound),
            _ => false,
        }
}

/// The first of the node's taints with one of `effects` that the pod does not tolerate.
pub fn untolerated_taint<'n>(spec: PodSpec<'_>, node: &'n Object, effects: &[&str]) -> Option<Taint<'n>> {
    let taints: ViewList<'n, Taint<'n>> = node.at(&["spec", "taints"]).map(ViewList::item)?;
    taints
        .iter()
        .filter(|taint| effects.contains(&taint.effect()))
        .find(|taint| !spec.tolerations().iter().any(|toleration| tolerates(toleration, *taint)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use apimachinery::{Value, value};

    fn node() -> Object {
        Object(value!({
            "metadata": {"name": "n1", "labels": {"disk": "ssd", "cores": "8"}},
            "spec": {"taints": [{"key": "gpu", "value": "yes", "effect": "NoExecute"}]}
        }))
    }

    fn required(expression: Value) -> bool {
        let spec = value!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchExpressions": [expression]}]
        }}}});
        affinity_matches(PodSpec::of(&spec), &node())
    }

    #[test]
    fn affinity() {
        assert!(required(value!({"key": "disk", "operator": "In", "values": ["ssd", "nvme"]})));
        assert!(!required(value!({"key": "disk", "operator": "NotIn", "values": ["ssd"]})));
        assert!(required(value!({"key": "zone", "operator": "NotIn", "values": ["a"]})));
        assert!(required(value!({"key": "cores", "operator": "Gt", "values": ["4"]})));
        assert!(!required(value!({"key": "zone", "operator": "Exists"})));
        assert!(!affinity_matches(PodSpec::of(&value!({"nodeSelector": {"disk": "hdd"}})), &node()));
    }

    #[test]
    fn taints() {
        let untolerated = |tolerations: Value| {
            let spec = value!({"tolerations": tolerations});
            untolerated_taint(PodSpec::of(&spec), &node(), &["NoExecute"]).is_some()
        };
        assert!(untolerated(value!([])));
        assert!(untolerated(value!([{"key": "gpu", "value": "no"}])));
        assert!(!untolerated(value!([{"key": "gpu", "value": "yes"}])));
        assert!(!untolerated(value!([{"operator": "Exists"}])));
        assert!(untolerated(value!([{"operator": "Exists", "effect": "NoSchedule"}])));
    }
}
