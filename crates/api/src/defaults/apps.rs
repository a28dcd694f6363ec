//! Conditional defaults of workloads: what a rolling update may do at once.

use apimachinery::Map;

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
