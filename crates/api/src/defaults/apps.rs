//! Conditional defaults of workloads: what a rolling update may do at once.

use apimachinery::{Map, Value};

use super::{set_if_absent, text};

pub(super) fn deployment_strategy(strategy: &mut Map) {
    if text(strategy, "type") == "RollingUpdate" {
        let rolling_update = strategy.map_at("rollingUpdate");
        set_if_absent(rolling_update, "maxUnavailable", "25%");
        set_if_absent(rolling_update, "maxSurge", "25%");
    }
}

pub(super) fn daemon_set_update_strategy(strategy: &mut Map) {
    if text(strategy, "type") == "RollingUpdate" {
        let rolling_update = strategy.map_at("rollingUpdate");
        set_if_absent(rolling_update, "maxUnavailable", 1);
        set_if_absent(rolling_update, "maxSurge", 0);
    }
}

/// Upstream's conversion says of each claim what it is, whatever its author says (pkg/apis/apps/v1/conversion.go).
pub(super) fn stateful_set_spec(spec: &mut Map) {
    let claims = spec.get_mut("volumeClaimTemplates").and_then(Value::as_list_mut);
    for claim in claims.into_iter().flatten().filter_map(Value::as_map_mut) {
        claim.insert("apiVersion", "v1");
        claim.insert("kind", "PersistentVolumeClaim");
    }
}

/// An explicit `RollingUpdate` without parameters stays without them.
pub(super) fn stateful_set_update_strategy(strategy: &mut Map) {
    if text(strategy, "type").is_empty() {
        strategy.insert("type", "RollingUpdate");
        set_if_absent(strategy, "rollingUpdate", Map::new());
    }
    if text(strategy, "type") == "RollingUpdate" && strategy.get_map("rollingUpdate").is_some() {
        let rolling_update = strategy.map_at("rollingUpdate");
        set_if_absent(rolling_update, "partition", 0);
        set_if_absent(rolling_update, "maxUnavailable", 1);
    }
}
