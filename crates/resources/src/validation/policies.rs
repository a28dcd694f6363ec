//! Priority classes, runtime classes, leases, roles and bindings.

use apimachinery::{Object, field::FieldError};

use super::{Errors, Spot, placement, resources, selectors::label_selector};

/// The highest priority that a user may define.
const PRIORITY_LIMIT: i64 = 1_000_000_000;
const RBAC: &str = "rbac.authorization.k8s.io";
/// The classes of the system itself, with their priorities.
const SYSTEM_CLASSES: [(&str, i64); 2] =
    [("system-node-critical", 2_000_001_000), ("system-cluster-critical", 2_000_000_000)];

/// A priority class.
pub(crate) fn priority_class(object: &Object) -> Errors {
    let mut errors = Errors::new();
    let root = Spot::of(object);
    let value = root.get("value");
    if object.name().starts_with("system-") {
        let known = SYSTEM_CLASSES.iter().find(|(name, _)| *name == object.name());
        let problem = match known {
            Some((_, number)) if value.number() == Some(*number) && !root.get("globalDefault").flag() => None,
            Some((_, number)) if value.number() != Some(*number) => {
                Some(format!("value of {} PriorityClass must be {number}", object.name()))
            }
            Some(_) => Some(format!("globalDefault of {} PriorityClass must be false", object.name())),
            None => Some(format!("{} is not a known system priority class", object.name())),
        };
        if let Some(problem) = problem {
            let path = apimachinery::field::Path::new("metadata.name");
            let detail = format!(
                "priority class names with 'system-' prefix are reserved for system use only. error: {problem}"
            );
            errors.push(FieldError::forbidden(&path, detail));
        }
    } else if value.number().is_some_and(|number| number > PRIORITY_LIMIT) {
        let detail = format!("maximum allowed value of a user defined priority is {PRIORITY_LIMIT}");
        errors.push(value.forbidden(detail));
    }
    if root.get("preemptionPolicy").is_set() {
        root.get("preemptionPolicy").choice(&["Never", "PreemptLowerPriority"], &mut errors);
    }
    errors
}

/// A change of a priority class.
pub(crate) fn priority_class_update(object: &Object, old: &Object) -> Errors {
    let mut errors = Errors::new();
    let (root, before) = (Spot::of(object), Spot::of(old));
    if root.get("value").number() != before.get("value").number() {
        errors.push(root.get("value").forbidden("may not be changed in an update."));
    }
    root.get("preemptionPolicy").immutable(&before.get("preemptionPolicy"), &mut errors);
    errors
}

/// A runtime class.
pub(crate) fn runtime_class(object: &Object) -> Errors {
    let mut errors = Errors::new();
    let root = Spot::of(object);
    let handler = root.get("handler");
    if handler.demand(&mut errors) {
        handler.dns_label(&mut errors);
    }
    for (name, amount) in root.get("overhead").get("podFixed").entries() {
        resources::container_resource_name(name, &amount, &mut errors);
        resources::quantity(name, &amount, &mut errors);
    }
    let scheduling = root.get("scheduling");
    scheduling.get("nodeSelector").labels(&mut errors);
    placement::tolerations(&scheduling.get("tolerations"), &mut errors);
    errors
}

/// A change of a runtime class.
pub(crate) fn runtime_class_update(object: &Object, old: &Object) -> Errors {
    let mut errors = runtime_class(object);
    Spot::of(object).get("handler").immutable(&Spot::of(old).get("handler"), &mut errors);
    errors
}

/// A lease.
pub(crate) fn lease(object: &Object) -> Errors {
    let mut errors = Errors::new();
    let spec = Spot::of(object).get("spec");
    spec.get("leaseDurationSeconds").positive(&mut errors);
    spec.get("leaseTransitions").non_negative(&mut errors);
    let (strategy, preferred) = (spec.get("strategy"), spec.get("preferredHolder"));
    if !preferred.text().is_empty() && strategy.text().is_empty() {
        errors.push(preferred.forbidden("may only be specified if `strategy` is defined"));
    }
    if strategy.is_set() && !strategy.text().contains('/') && strategy.text() != "OldestEmulationVersion" {
        errors.push(FieldError::not_supported(strategy.path(), strategy.text(), &["OldestEmulationVersion"]));
    }
    errors
}

fn rules(object: &Object, errors: &mut Errors) {
    let namespaced = object.kind() == "Role";
    for rule in Spot::of(object).get("rules").items() {
        let (verbs, urls) = (rule.get("verbs"), rule.get("nonResourceURLs"));
        if verbs.len() == 0 {
            errors.push(verbs.required("verbs must contain at least one value"));
        }
        let (groups, resources) = (rule.get("apiGroups"), rule.get("resources"));
        if urls.len() > 0 {
            if namespaced {
                errors.push(urls.invalid("namespaced rules cannot apply to non-resource URLs"));
            }
            if groups.len() > 0 || resources.len() > 0 || rule.get("resourceNames").len() > 0 {
                errors.push(urls.invalid("rules cannot apply to both regular resources and non-resource URLs"));
            }
            continue;
        }
        if groups.len() == 0 {
            errors.push(groups.required("resource rules must supply at least one api group"));
        }
        if resources.len() == 0 {
            errors.push(resources.required("resource rules must supply at least one resource"));
        }
    }
}

/// A role, of a namespace or of the cluster.
pub(crate) fn role(object: &Object) -> Errors {
    let mut errors = Errors::new();
    rules(object, &mut errors);
    let aggregation = Spot::of(object).get("aggregationRule");
    if aggregation.is_set() {
        let selectors = aggregation.get("clusterRoleSelectors");
        if selectors.len() == 0 {
            let detail = "at least one clusterRoleSelector required if aggregationRule is non-nil";
            errors.push(selectors.required(detail));
        }
        selectors.items().for_each(|selector| label_selector(&selector, &mut errors));
    }
    errors
}

/// A binding, of a namespace or of the cluster.
pub(crate) fn binding(object: &Object) -> Errors {
    let mut errors = Errors::new();
    let namespaced = object.kind() == "RoleBinding";
    let role = Spot::of(object).get("roleRef");
    let (group, kind, name) = (role.get("apiGroup"), role.get("kind"), role.get("name"));
    if group.text() != RBAC {
        errors.push(FieldError::not_supported(group.path(), group.text(), &[RBAC]));
    }
    let kinds: &[&str] = if namespaced { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
    if !kinds.contains(&kind.text()) {
        errors.push(FieldError::not_supported(kind.path(), kind.text(), kinds));
    }
    if name.demand(&mut errors) {
        name.all(apimachinery::names::path_segment(name.text()), &mut errors);
    }
    for subject in Spot::of(object).get("subjects").items() {
        let (group, name, namespace) = (subject.get("apiGroup"), subject.get("name"), subject.get("namespace"));
        name.demand(&mut errors);
        let wanted = match subject.get("kind").text() {
            "ServiceAccount" => {
                if !name.text().is_empty() {
                    name.dns_subdomain(&mut errors);
                }
                if namespace.text().is_empty() {
                    errors.push(namespace.required(""));
                }
                ""
            }
            "User" | "Group" => RBAC,
            other => {
                let known = ["Group", "ServiceAccount", "User"];
                errors.push(FieldError::not_supported(subject.get("kind").path(), other, &known));
                continue;
            }
        };
        if group.text() != wanted {
            errors.push(FieldError::not_supported(group.path(), group.text(), &[wanted]));
        }
    }
    errors
}

/// A change of a binding: its role is final.
pub(crate) fn binding_update(object: &Object, old: &Object) -> Errors {
    let mut errors = binding(object);
    let (role, before) = (Spot::of(object).get("roleRef"), Spot::of(old).get("roleRef"));
    if role.value() != before.value() {
        errors.push(role.invalid("cannot change roleRef"));
    }
    errors
}
