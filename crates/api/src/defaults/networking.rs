//! Conditional defaults of network policies.

use apimachinery::{List, Map, Value};

/// A policy without types is one for ingress, and for egress if it has rules for that.
pub(super) fn network_policy_spec(spec: &mut Map) {
    if !spec.list_at("policyTypes").is_empty() {
        return;
    }
    let mut types = List::from_iter([Value::from("Ingress")]);
    if !spec.list_at("egress").is_empty() {
        types.push(Value::from("Egress"));
    }
    spec.insert("policyTypes", types);
}
