//! Selectors of labels, in their two forms.

use apimachinery::{field::FieldError, names};

use super::{Errors, Spot};

/// A `LabelSelector`; absent ones are no error here.
pub(crate) fn label_selector(selector: &Spot<'_>, errors: &mut Errors) {
    selector.get("matchLabels").labels(errors);
    for requirement in selector.get("matchExpressions").items() {
        let (key, operator, values) = (requirement.get("key"), requirement.get("operator"), requirement.get("values"));
        match operator.text() {
            "In" | "NotIn" if values.len() == 0 => {
                errors.push(values.required("must be specified when `operator` is 'In' or 'NotIn'"));
            }
            "In" | "NotIn" => {}
            "Exists" | "DoesNotExist" if values.len() > 0 => {
                errors.push(values.forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
            }
            "Exists" | "DoesNotExist" => {}
            _ => errors.push(operator.invalid("not a valid selector operator")),
        }
        key.qualified_name(errors);
        for value in values.items() {
            value.all(names::label_value(value.text()), errors);
        }
    }
}

/// Whether a `LabelSelector` selects everything.
pub(crate) fn is_empty(selector: &Spot<'_>) -> bool {
    selector.get("matchLabels").len() == 0 && selector.get("matchExpressions").len() == 0
}

/// A `LabelSelector` that must select something, and the labels of the template that it must select.
pub(crate) fn selects_template(spec: &Spot<'_>, kind: &str, errors: &mut Errors) {
    let selector = spec.get("selector");
    if !selector.is_set() {
        errors.push(selector.required(""));
        return;
    }
    let before = errors.len();
    label_selector(&selector, errors);
    if is_empty(&selector) {
        errors.push(selector.invalid(format!("empty selector is invalid for {kind}")));
    }
    if errors.len() > before {
        return;
    }
    let labels = spec.get("template").get("metadata").get("labels");
    let own = labels.value().as_map().cloned().unwrap_or_default();
    let parsed = apimachinery::labels::Selector::from_label_selector(Some(selector.value()));
    if !parsed.is_ok_and(|selector| selector.matches(&own)) {
        let detail = "`selector` does not match template `labels`";
        errors.push(FieldError::invalid(labels.path(), own, detail));
    }
}
