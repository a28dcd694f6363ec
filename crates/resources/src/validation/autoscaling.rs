//! Horizontal pod autoscalers, as `autoscaling/v2`.

use apimachinery::{Object, field::FieldError, names};

use super::{Errors, Spot, selectors::label_selector};

/// The longest period of a policy and the longest window, in seconds.
const PERIOD_SECONDS_LIMIT: i64 = 1800;
const WINDOW_SECONDS_LIMIT: i64 = 3600;

/// An autoscaler.
pub(crate) fn autoscaler(object: &Object) -> Errors {
    let mut errors = Errors::new();
    let spec = Spot::of(object).get("spec");
    let (least, most) = (spec.get("minReplicas"), spec.get("maxReplicas"));
    if least.number().is_some_and(|number| number < 1) {
        errors.push(least.invalid("must be greater than or equal to 1"));
    }
    match most.number().unwrap_or_default() {
        0 => errors.push(most.required("must be set and greater than 0")),
        number if number < 1 => errors.push(most.invalid("must be greater than or equal to 1")),
        number if least.number().is_some_and(|least| number < least) => {
            errors.push(most.invalid("must be greater than or equal to `minReplicas`"));
        }
        _ => {}
    }
    target(&spec.get("scaleTargetRef"), &mut errors);
    spec.get("metrics").items().for_each(|one| metric(&one, &mut errors));
    for direction in ["scaleUp", "scaleDown"] {
        let rules = spec.get("behavior").get(direction);
        if rules.is_set() {
            scaling_rules(&rules, &mut errors);
        }
    }
    errors
}

fn target(reference: &Spot<'_>, errors: &mut Errors) {
    for field in ["kind", "name"] {
        let part = reference.get(field);
        if part.demand(errors) {
            part.all(names::path_segment(part.text()), errors);
        }
    }
}

fn scaling_rules(rules: &Spot<'_>, errors: &mut Errors) {
    let window = rules.get("stabilizationWindowSeconds");
    if window.number().is_some_and(|seconds| seconds < 0) {
        errors.push(window.invalid("must be greater than or equal to zero"));
    }
    if window.number().is_some_and(|seconds| seconds > WINDOW_SECONDS_LIMIT) {
        errors.push(window.invalid(format!("must be less than or equal to {WINDOW_SECONDS_LIMIT}")));
    }
    rules.get("selectPolicy").optional_choice(&["Disabled", "Max", "Min"], errors);
    let policies = rules.get("policies");
    if policies.len() == 0 {
        errors.push(policies.required("must specify at least one Policy"));
    }
    for policy in policies.items() {
        let (kind, value, period) = (policy.get("type"), policy.get("value"), policy.get("periodSeconds"));
        if !["Percent", "Pods"].contains(&kind.text()) {
            errors.push(FieldError::not_supported(kind.path(), kind.text(), &["Percent", "Pods"]));
        }
        for number in [&value, &period] {
            if number.number().unwrap_or_default() <= 0 {
                let shown = number.number().unwrap_or_default();
                errors.push(FieldError::invalid(number.path(), shown, "must be greater than zero"));
            }
        }
        if period.number().is_some_and(|seconds| seconds > PERIOD_SECONDS_LIMIT) {
            errors.push(period.invalid(format!("must be less than or equal to {PERIOD_SECONDS_LIMIT}")));
        }
    }
    if rules.get("tolerance").quantity().is_some_and(|quantity| quantity.is_negative()) {
        errors.push(rules.get("tolerance").invalid("must be greater than or equal to 0"));
    }
}

const SOURCES: [(&str, &str); 5] = [
    ("ContainerResource", "containerResource"),
    ("External", "external"),
    ("Object", "object"),
    ("Pods", "pods"),
    ("Resource", "resource"),
];

fn metric(metric: &Spot<'_>, errors: &mut Errors) {
    let kind = metric.get("type");
    if kind.text().is_empty() {
        errors.push(kind.required("must specify a metric source type"));
    }
    let Some((_, own)) = SOURCES.iter().find(|(name, _)| *name == kind.text()) else {
        let known = SOURCES.map(|(name, _)| name);
        errors.push(FieldError::not_supported(kind.path(), kind.text(), &known));
        return;
    };
    for (_, field) in SOURCES {
        let source = metric.get(field);
        if field == *own && !source.is_set() {
            errors.push(source.required("must populate information for the given metric source"));
        } else if field != *own && source.is_set() {
            errors.push(source.forbidden("must populate the given metric source only"));
        }
    }
    let source = metric.get(own);
    if source.is_set() {
        metric_source(own, &source, errors);
    }
}

fn metric_source(kind: &str, source: &Spot<'_>, errors: &mut Errors) {
    let wanted = source.get("target");
    let (value, average, utilization) =
        (wanted.get("value"), wanted.get("averageValue"), wanted.get("averageUtilization"));
    match kind {
        "resource" | "containerResource" => {
            if source.get("name").text().is_empty() {
                errors.push(source.get("name").required("must specify a resource name"));
            }
            if kind == "containerResource" && source.get("container").text().is_empty() {
                errors.push(source.get("container").required("must specify a container"));
            }
            if !utilization.is_set() && !average.is_set() {
                errors.push(utilization.required("must set either a target raw value or a target utilization"));
            }
            if utilization.is_set() && average.is_set() {
                errors.push(average.forbidden("may not set both a target raw value and a target utilization"));
            }
        }
        _ => {
            let name = source.get("metric").get("name");
            match name.text() {
                "" => errors.push(name.required("must specify a metric name")),
                text => name.all(names::path_segment(text), errors),
            }
            label_selector(&source.get("metric").get("selector"), errors);
        }
    }
    match kind {
        "object" => {
            target(&source.get("describedObject"), errors);
            if !value.is_set() && !average.is_set() {
                errors.push(average.required("must set either a target value or averageValue"));
            }
        }
        "external" if !value.is_set() && !average.is_set() => {
            errors.push(average.required("must set either a target value for metric or a per-pod target"));
        }
        "external" if value.is_set() && average.is_set() => {
            errors.push(value.forbidden("may not set both a target value for metric and a per-pod target"));
        }
        "pods" if !average.is_set() => {
            errors.push(average.required("must specify a positive target averageValue"));
        }
        _ => {}
    }
    let kind = wanted.get("type");
    match kind.text() {
        "" => errors.push(kind.required("must specify a metric target type")),
        "Utilization" | "Value" | "AverageValue" => {}
        _ => errors.push(kind.invalid("must be either Utilization, Value, or AverageValue")),
    }
    for quantity in [&value, &average] {
        if quantity.quantity().is_some_and(|amount| amount.is_negative() || amount.is_zero()) {
            errors.push(quantity.invalid("must be positive"));
        }
    }
    if utilization.number().is_some_and(|number| number < 1) {
        errors.push(utilization.invalid("must be greater than 0"));
    }
}

/// The counts in an autoscaler's status.
pub(crate) fn status(object: &Object) -> Errors {
    let mut errors = Errors::new();
    let status = Spot::of(object).get("status");
    for field in ["currentReplicas", "desiredReplicas"] {
        status.get(field).non_negative(&mut errors);
    }
    errors
}
