//! Conditional defaults of autoscalers.

use apimachinery::{Map, Value, value};

use super::set_if_absent;

pub(super) fn horizontal_pod_autoscaler_spec(spec: &mut Map) {
    if spec.list_at("metrics").is_empty() {
        let target = value!({"type": "Utilization", "averageUtilization": 80});
        spec.insert("metrics", value!([{"type": "Resource", "resource": {"name": "cpu", "target": target}}]));
    }
    if let Some(behavior) = spec.get_mut("behavior").and_then(Value::as_map_mut) {
        let up = value!([
            {"type": "Pods", "value": 4, "periodSeconds": 15},
            {"type": "Percent", "value": 100, "periodSeconds": 15}
        ]);
        let rules = rules(behavior, "scaleUp", up);
        set_if_absent(rules, "stabilizationWindowSeconds", 0);
        // How long a scale-down waits is a flag of the controller where the object does not say.
        self::rules(behavior, "scaleDown", value!([{"type": "Percent", "value": 100, "periodSeconds": 15}]));
    }
}

fn rules<'a>(behavior: &'a mut Map, direction: &'static str, policies: Value) -> &'a mut Map {
    let rules = behavior.map_at(direction);
    set_if_absent(rules, "selectPolicy", "Max");
    set_if_absent(rules, "policies", policies);
    rules
}
