//! Webhooks and policies of admission.

use apimachinery::{Object, Value, labels::Selector};

use super::{
    AGE, Cell, NAME, Printer,
    format::{age, count, name, text},
    integer, text as column,
};

const GROUP: &str = "admissionregistration.k8s.io";

const WEBHOOKS: &[Cell] = &[NAME, integer("Webhooks", "How many webhooks there are."), AGE];

const BINDING: &[Cell] = &[
    NAME,
    column("PolicyName", "The policy that is bound."),
    column("ParamRef", "The object with the policy's parameters."),
    AGE,
];

const PARAMETER_KIND: Cell = column("ParamKind", "The kind of object that has the policy's parameters.");

pub(super) const PRINTERS: &[Printer] = &[
    Printer {
        group: GROUP,
        kind: "MutatingAdmissionPolicy",
        columns: &[NAME, integer("Mutations", "How many mutations there are."), PARAMETER_KIND, AGE],
        cells: |object| policy(object, "mutations"),
    },
    Printer { group: GROUP, kind: "MutatingAdmissionPolicyBinding", columns: BINDING, cells: binding },
    Printer { group: GROUP, kind: "MutatingWebhookConfiguration", columns: WEBHOOKS, cells: webhooks },
    Printer {
        group: GROUP,
        kind: "ValidatingAdmissionPolicy",
        columns: &[NAME, integer("Validations", "How many validations there are."), PARAMETER_KIND, AGE],
        cells: |object| policy(object, "validations"),
    },
    Printer { group: GROUP, kind: "ValidatingAdmissionPolicyBinding", columns: BINDING, cells: binding },
    Printer { group: GROUP, kind: "ValidatingWebhookConfiguration", columns: WEBHOOKS, cells: webhooks },
];

fn webhooks(object: &Object) -> Vec<Value> {
    vec![name(object), count(object, &["webhooks"]).into(), age(object)]
}

fn policy(object: &Object, rules: &str) -> Vec<Value> {
    let kind = match object.at(&["spec", "paramKind"]).filter(|kind| !kind.is_null()) {
        Some(kind) => format!("{}/{}", text(kind, &["apiVersion"]), text(kind, &["kind"])),
        None => "<unset>".to_owned(),
    };
    vec![name(object), count(object, &["spec", rules]).into(), kind.into(), age(object)]
}

fn binding(object: &Object) -> Vec<Value> {
    let reference = ["name", "namespace"].map(|field| text(object, &["spec", "paramRef", field]));
    let selector = object.at(&["spec", "paramRef", "selector"]).filter(|selector| !selector.is_null());
    let parameters = match (reference, selector) {
        (["", _], Some(selector)) => Selector::from_label_selector(Some(selector))
            .map_or_else(|_| "<error>".to_owned(), |selector| selector.to_string()),
        (["", _], None) => "<unset>".to_owned(),
        // Whether a parameter lives in a namespace is not known here.
        ([name, ""], _) => format!("*/{name}"),
        ([name, namespace], _) => format!("{namespace}/{name}"),
    };
    vec![name(object), text(object, &["spec", "policyName"]).into(), parameters.into(), age(object)]
}

#[cfg(test)]
mod tests {
    use apimachinery::value;

    use super::*;

    #[test]
    fn bindings_name_their_parameters() {
        let of = |reference: Value| {
            binding(&Object(value!({"spec": {"policyName": "p", "paramRef": reference}})))[2].clone()
        };
        assert_eq!(of(Value::Null), value!("<unset>"));
        assert_eq!(of(value!({"name": "a"})), value!("*/a"));
        assert_eq!(of(value!({"name": "a", "namespace": "b"})), value!("b/a"));
    }
}
