//! Where pods may go: affinity, tolerations, spreading, selectors of nodes.

use apimachinery::{field::FieldError, names};

use super::{Errors, Spot, selectors::label_selector};

/// A `NodeSelector`.
pub(crate) fn node_selector(selector: &Spot<'_>, errors: &mut Errors) {
    let terms = selector.get("nodeSelectorTerms");
    if terms.len() == 0 {
        errors.push(terms.required("must have at least one node selector term"));
    }
    terms.items().for_each(|term| node_selector_term(&term, errors));
}

fn node_selector_term(term: &Spot<'_>, errors: &mut Errors) {
    for requirement in term.get("matchExpressions").items() {
        let (operator, values) = (requirement.get("operator"), requirement.get("values"));
        match operator.text() {
            "In" | "NotIn" if values.len() == 0 => {
                errors.push(values.required("must be specified when `operator` is 'In' or 'NotIn'"));
            }
            "Exists" | "DoesNotExist" if values.len() > 0 => {
                errors.push(values.forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
            }
            "Lt" | "Gt" if values.len() != 1 => {
                errors.push(values.required("must be specified single value when `operator` is 'Lt' or 'Gt'"));
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" | "Lt" | "Gt" => {}
            _ => errors.push(operator.invalid("not a valid selector operator")),
        }
        requirement.get("key").qualified_name(errors);
        for value in values.items() {
            value.all(names::label_value(value.text()), errors);
        }
    }
    for requirement in term.get("matchFields").items() {
        let (operator, values, key) = (requirement.get("operator"), requirement.get("values"), requirement.get("key"));
        match operator.text() {
            "In" | "NotIn" if values.len() != 1 => {
                let detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
                errors.push(values.required(detail));
            }
            "In" | "NotIn" => {}
            _ => errors.push(operator.invalid("not a valid selector operator")),
        }
        if key.text() != "metadata.name" {
            errors.push(key.invalid("not a valid field selector key"));
            continue;
        }
        values.items().for_each(|value| value.dns_subdomain(errors));
    }
}

fn weight(term: &Spot<'_>, errors: &mut Errors) {
    let weight = term.get("weight");
    if !(1..=100).contains(&weight.number().unwrap_or_default()) {
        errors.push(FieldError::invalid(
            weight.path(),
            weight.number().unwrap_or_default(),
            "must be in the range 1-100",
        ));
    }
}

fn pod_term(term: &Spot<'_>, errors: &mut Errors) {
    label_selector(&term.get("labelSelector"), errors);
    label_selector(&term.get("namespaceSelector"), errors);
    for namespace in term.get("namespaces").items() {
        namespace.dns_label(errors);
    }
    label_keys(term, errors);
    let key = term.get("topologyKey");
    if key.text().is_empty() {
        errors.push(key.required("can not be empty"));
    }
    key.qualified_name(errors);
}

/// `matchLabelKeys` and `mismatchLabelKeys`: they need a selector, and are in one list only.
fn label_keys(term: &Spot<'_>, errors: &mut Errors) {
    let (wanted, unwanted) = (term.get("matchLabelKeys"), term.get("mismatchLabelKeys"));
    for list in [&wanted, &unwanted] {
        if list.len() > 0 && !term.get("labelSelector").is_set() {
            errors.push(list.forbidden("must not be specified when labelSelector is not set"));
        }
        list.items().for_each(|key| key.qualified_name(errors));
    }
    for key in wanted.items().filter(|key| unwanted.items().any(|other| other.text() == key.text())) {
        errors.push(key.invalid("exists in both matchLabelKeys and mismatchLabelKeys"));
    }
}

/// `affinity`.
pub(crate) fn affinity(affinity: &Spot<'_>, errors: &mut Errors) {
    let (required, preferred) =
        ("requiredDuringSchedulingIgnoredDuringExecution", "preferredDuringSchedulingIgnoredDuringExecution");
    let nodes = affinity.get("nodeAffinity");
    if nodes.get(required).is_set() {
        node_selector(&nodes.get(required), errors);
    }
    for term in nodes.get(preferred).items() {
        weight(&term, errors);
        node_selector_term(&term.get("preference"), errors);
    }
    for kind in ["podAffinity", "podAntiAffinity"] {
        let pods = affinity.get(kind);
        pods.get(required).items().for_each(|term| pod_term(&term, errors));
        for term in pods.get(preferred).items() {
            weight(&term, errors);
            pod_term(&term.get("podAffinityTerm"), errors);
        }
    }
}

/// `tolerations`.
pub(crate) fn tolerations(list: &Spot<'_>, errors: &mut Errors) {
    for toleration in list.items() {
        let (key, operator, value) = (toleration.get("key"), toleration.get("operator"), toleration.get("value"));
        let effect = toleration.get("effect");
        if !key.text().is_empty() {
            key.qualified_name(errors);
        } else if operator.text() != "Exists" {
            let detail = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
            errors.push(operator.invalid(detail));
        }
        if toleration.get("tolerationSeconds").is_set() && effect.text() != "NoExecute" {
            errors.push(effect.invalid("effect must be 'NoExecute' when `tolerationSeconds` is set"));
        }
        match operator.text() {
            "" | "Equal" => {
                let problems = names::label_value(value.text());
                if !problems.is_empty() {
                    errors.push(FieldError::invalid(operator.path(), value.text(), problems.join(";")));
                }
            }
            "Exists" if !value.text().is_empty() => {
                let detail = "value must be empty when `operator` is 'Exists'";
                errors.push(FieldError::invalid(operator.path(), value.text(), detail));
            }
            "Exists" => {}
            "Lt" | "Gt" if value.text().parse::<i64>().is_err() => {
                errors.push(value.invalid("must be a valid integer"));
            }
            "Lt" | "Gt" => {}
            other => errors.push(FieldError::not_supported(operator.path(), other, &["Equal", "Exists", "Gt", "Lt"])),
        }
        effect.optional_choice(&["NoSchedule", "PreferNoSchedule", "NoExecute"], errors);
    }
}

/// `topologySpreadConstraints`.
pub(crate) fn spread(list: &Spot<'_>, errors: &mut Errors) {
    let mut seen = Vec::new();
    for constraint in list.items() {
        let (skew, key, action) =
            (constraint.get("maxSkew"), constraint.get("topologyKey"), constraint.get("whenUnsatisfiable"));
        if skew.number().unwrap_or_default() <= 0 {
            errors.push(FieldError::invalid(skew.path(), skew.number().unwrap_or_default(), "must be greater than 0"));
        }
        if key.text().is_empty() {
            errors.push(key.required("can not be empty"));
        } else {
            key.qualified_name(errors);
        }
        if !["DoNotSchedule", "ScheduleAnyway"].contains(&action.text()) {
            errors.push(FieldError::not_supported(action.path(), action.text(), &["DoNotSchedule", "ScheduleAnyway"]));
        }
        let own = (key.text(), action.text());
        if seen.contains(&own) {
            let at = constraint.path().child("{topologyKey, whenUnsatisfiable}");
            errors.push(FieldError::duplicate(&at, format!("{{{}, {}}}", own.0, own.1)));
        }
        seen.push(own);
        let domains = constraint.get("minDomains");
        domains.positive(errors);
        if domains.is_set() && action.text() != "DoNotSchedule" {
            let detail = format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {}", action.text());
            errors.push(domains.invalid(detail));
        }
        for policy in ["nodeAffinityPolicy", "nodeTaintsPolicy"] {
            constraint.get(policy).optional_choice(&["Ignore", "Honor"], errors);
        }
        let selector = constraint.get("labelSelector");
        label_selector(&selector, errors);
        let keys = constraint.get("matchLabelKeys");
        if keys.len() > 0 && !selector.is_set() {
            errors.push(keys.forbidden("must not be specified when labelSelector is not set"));
        }
        for label in keys.items() {
            label.qualified_name(errors);
            let chosen = selector.get("matchExpressions").items().any(|one| one.get("key").text() == label.text())
                || selector.get("matchLabels").entries().any(|(key, _)| key == label.text());
            // A selector that the server filled in from the key itself says so by `In`.
            let own = selector
                .get("matchExpressions")
                .items()
                .any(|one| one.get("key").text() == label.text() && one.get("operator").text() == "In");
            if chosen && !own {
                errors.push(label.invalid("exists in both matchLabelKeys and labelSelector"));
            }
        }
    }
}

/// `taints` of a node.
pub(crate) fn taints(list: &Spot<'_>, errors: &mut Errors) {
    let mut seen = Vec::new();
    for taint in list.items() {
        let (key, value, effect) = (taint.get("key"), taint.get("value"), taint.get("effect"));
        key.qualified_name(errors);
        let problems = names::label_value(value.text());
        if !problems.is_empty() {
            errors.push(value.invalid(problems.join(";")));
        }
        effect.choice(&["NoSchedule", "PreferNoSchedule", "NoExecute"], errors);
        let own = (key.text(), effect.text());
        if seen.contains(&own) {
            let mut error = taint.duplicate();
            error.body.push_str(": taints must be unique by key and effect pair");
            errors.push(error);
        }
        seen.push(own);
    }
}
