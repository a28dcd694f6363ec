//! `autoscaling/v1` HorizontalPodAutoscaler and `autoscaling/v2`. The older version knows one metric, the
//! share of the requested CPU; everything else that the newer one says stands in annotations.

use apimachinery::{Map, Str, Value, decode, json, value};

mod metrics;

const METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";
const CURRENT_METRICS: &str = "autoscaling.alpha.kubernetes.io/current-metrics";
const CONDITIONS: &str = "autoscaling.alpha.kubernetes.io/conditions";
const BEHAVIOR: &str = "autoscaling.alpha.kubernetes.io/behavior";
/// The annotations that only stand for fields.
const ANNOTATIONS: [&str; 6] = [
    METRICS,
    CURRENT_METRICS,
    CONDITIONS,
    BEHAVIOR,
    "autoscaling.alpha.kubernetes.io/scale-down-tolerance",
    "autoscaling.alpha.kubernetes.io/scale-up-tolerance",
];
/// The share of the requested CPU that an autoscaler without metrics aims at.
const DEFAULT_UTILIZATION: i32 = 80;

/// The number of a metric of the CPU by utilization, in `target` or `current`.
fn cpu_utilization<'v>(metric: &'v Value, side: &str) -> Option<&'v Value> {
    let is_cpu = metric.str_at(&["type"]) == Some("Resource") && metric.str_at(&["resource", "name"]) == Some("cpu");
    metric.at(&["resource", side, "averageUtilization"]).filter(|number| is_cpu && !number.is_null())
}

fn part(root: &mut Map, name: &'static str) -> Map {
    match root.remove(name) {
        Some(Value::Map(map)) => map,
        _ => Map::new(),
    }
}

fn items(value: Option<Value>) -> Vec<Value> {
    match value {
        Some(Value::List(list)) => list.into_iter().collect(),
        _ => Vec::new(),
    }
}

fn drop_annotations(root: &mut Map) {
    let Some(metadata) = root.get_mut("metadata").and_then(Value::as_map_mut) else { return };
    let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_map_mut) else { return };
    annotations.retain(|key, _| !ANNOTATIONS.contains(&key.as_str()));
    if annotations.is_empty() {
        metadata.remove("annotations");
    }
}

pub(super) fn to_v1(mut root: Map) -> Map {
    drop_annotations(&mut root);
    let (mut spec, mut status) = (part(&mut root, "spec"), part(&mut root, "status"));
    let metrics = items(spec.remove("metrics"));
    if let Some(number) = metrics.iter().find_map(|metric| cpu_utilization(metric, "target")) {
        spec.insert("targetCPUUtilizationPercentage", number.clone());
    }
    let others = metrics.iter().filter(|metric| cpu_utilization(metric, "target").is_none());
    let others: Value = others.map(metrics::spec_to_v1).collect();
    let current = items(status.remove("currentMetrics"));
    if let Some(number) = current.iter().rev().find_map(|metric| cpu_utilization(metric, "current")) {
        status.insert("currentCPUUtilizationPercentage", number.clone());
    }
    let current: Value = current.iter().map(metrics::status_to_v1).collect();
    let conditions = Value::from(items(status.remove("conditions")));
    let behavior = spec.remove("behavior").filter(|behavior| !behavior.is_null());
    let mut annotate = |key: &'static str, value: Value| {
        if value.as_list().is_some_and(|list| list.is_empty()) {
            return;
        }
        let text = String::from_utf8_lossy(&json::to_vec(&value)).into_owned();
        root.map_at("metadata").map_at("annotations").insert(key, text);
    };
    annotate(METRICS, others);
    annotate(CURRENT_METRICS, current);
    annotate(CONDITIONS, conditions);
    if let Some(behavior) = behavior {
        annotate(BEHAVIOR, behavior_to_v1(&behavior));
    }
    root.insert("spec", spec);
    root.insert("status", status);
    root
}

pub(super) fn to_v2(mut root: Map) -> Map {
    let annotations = root.get_map("metadata").and_then(|metadata| metadata.get_map("annotations"));
    let read = |key: &str| decode::json_untyped(annotations?.str_at(key)?.as_bytes()).ok();
    let (others, current, conditions, behavior) =
        (read(METRICS), read(CURRENT_METRICS), read(CONDITIONS), read(BEHAVIOR));
    drop_annotations(&mut root);
    let (mut spec, mut status) = (part(&mut root, "spec"), part(&mut root, "status"));
    let mut listed: Vec<Value> = items(others).iter().map(metrics::spec_to_v2).collect();
    let wanted = spec.remove("targetCPUUtilizationPercentage").filter(|number| !number.is_null());
    // An autoscaler without metrics has this one, which its other version spells out.
    let wanted = wanted.or_else(|| listed.is_empty().then(|| DEFAULT_UTILIZATION.into()));
    listed.extend(wanted.map(|number| {
        let target = value!({"type": "Utilization", "averageUtilization": number});
        value!({"type": "Resource", "resource": {"name": "cpu", "target": target}})
    }));
    spec.insert("metrics", listed);
    if let Some(behavior) = behavior.map(|behavior| behavior_to_v2(&behavior)).filter(|behavior| !behavior.is_empty()) {
        spec.insert("behavior", behavior);
    }
    let own = status.remove("currentCPUUtilizationPercentage").filter(|number| !number.is_null());
    let current = match (current, own) {
        (Some(Value::List(list)), _) => Some(list.iter().map(metrics::status_to_v2).collect()),
        (_, Some(number)) => Some(value!([
            {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": number}}}
        ])),
        _ => None,
    };
    if let Some(current) = current {
        status.insert("currentMetrics", current);
    }
    if let Some(conditions) = conditions {
        status.insert("conditions", conditions);
    }
    root.insert("spec", spec);
    root.insert("status", status);
    root
}

/// Upstream writes this annotation from a type whose fields have Go's names.
fn behavior_to_v1(behavior: &Value) -> Value {
    let rules = |direction: &str| {
        let Some(rules) = behavior.get(direction).filter(|rules| !rules.is_null()) else { return Value::Null };
        let own = |field: &str| rules.get(field).cloned().unwrap_or_default();
        let policies = rules.get("policies").and_then(Value::as_list).map(|policies| {
            let policy = |policy: &Value| {
                let own = |field: &str| policy.get(field).cloned().unwrap_or_default();
                value!({"Type": own("type"), "Value": own("value"), "PeriodSeconds": own("periodSeconds")})
            };
            policies.iter().map(policy).collect::<Value>()
        });
        value!({
            "StabilizationWindowSeconds": own("stabilizationWindowSeconds"),
            "SelectPolicy": own("selectPolicy"),
            "Policies": policies.unwrap_or_default(),
            "Tolerance": own("tolerance")
        })
    };
    value!({"ScaleUp": rules("scaleUp"), "ScaleDown": rules("scaleDown")})
}

fn behavior_to_v2(behavior: &Value) -> Map {
    match lowered(behavior) {
        Value::Map(map) => map,
        _ => Map::new(),
    }
}

/// The names of fields as the API spells them, without those that are null.
fn lowered(value: &Value) -> Value {
    match value {
        Value::Map(map) => {
            let entries = map.iter().filter(|(_, value)| !value.is_null()).map(|(key, value)| {
                let mut characters = key.chars();
                let first = characters.next().map(|first| first.to_ascii_lowercase());
                (Str::from(first.into_iter().chain(characters).collect::<String>()), lowered(value))
            });
            Value::Map(entries.collect())
        }
        Value::List(list) => list.iter().map(lowered).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(v2: Value) -> Value {
        let v1 = to_v1(v2.as_map().unwrap().clone());
        Value::Map(to_v2(v1))
    }

    #[test]
    fn what_the_older_version_cannot_say_stands_in_annotations() {
        let v2 = value!({
            "metadata": {"name": "web", "annotations": {"own": "kept"}},
            "spec": {
                "maxReplicas": 5,
                "behavior": {"scaleUp": {"selectPolicy": "Max", "policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}]}},
                "metrics": [
                    {"type": "Pods", "pods": {"metric": {"name": "hits"}, "target": {"type": "AverageValue", "averageValue": "10"}}},
                    {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 55}}}
                ]
            },
            "status": {
                "currentMetrics": [{"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 3, "averageValue": "1m"}}}],
                "conditions": [{"type": "AbleToScale", "status": "True"}]
            }
        });
        let v1 = Value::Map(to_v1(v2.as_map().unwrap().clone()));
        assert_eq!(v1.i64_at(&["spec", "targetCPUUtilizationPercentage"]), Some(55));
        assert_eq!(v1.i64_at(&["status", "currentCPUUtilizationPercentage"]), Some(3));
        assert!(v1.at(&["spec", "metrics"]).is_none() && v1.at(&["spec", "behavior"]).is_none());
        let annotation = |key: &str| v1.str_at(&["metadata", "annotations", key]).unwrap_or_default();
        assert_eq!(annotation(METRICS), r#"[{"pods":{"metricName":"hits","targetAverageValue":"10"},"type":"Pods"}]"#);
        assert!(
            annotation(BEHAVIOR).contains(r#""ScaleUp":{"Policies":[{"PeriodSeconds":15,"Type":"Pods","Value":4}]"#)
        );
        assert!(annotation(CONDITIONS).contains("AbleToScale"));
        assert_eq!(annotation("own"), "kept");
        assert_eq!(round(v2.clone()), v2);
    }

    #[test]
    fn every_metric_comes_back() {
        let selector = value!({"matchLabels": {"a": "b"}});
        let v2 = value!({
            "metadata": {},
            "spec": {"metrics": [
                {"type": "Object", "object": {
                    "describedObject": {"kind": "Ingress", "name": "i", "apiVersion": "networking.k8s.io/v1"},
                    "metric": {"name": "m", "selector": selector.clone()},
                    "target": {"type": "Value", "value": "3"}
                }},
                {"type": "Object", "object": {
                    "describedObject": {"kind": "Ingress", "name": "i"},
                    "metric": {"name": "m"}, "target": {"type": "AverageValue", "averageValue": "3"}
                }},
                {"type": "Resource", "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Gi"}}},
                {"type": "ContainerResource", "containerResource": {
                    "name": "cpu", "container": "c", "target": {"type": "Utilization", "averageUtilization": 40}
                }},
                {"type": "External", "external": {"metric": {"name": "e", "selector": selector}, "target": {"type": "Value", "value": "7"}}},
                {"type": "External", "external": {"metric": {"name": "e"}, "target": {"type": "AverageValue", "averageValue": "7"}}}
            ]},
            "status": {"currentMetrics": [
                {"type": "Object", "object": {
                    "describedObject": {"kind": "Ingress", "name": "i"}, "metric": {"name": "m"}, "current": {"value": "3"}
                }},
                {"type": "Pods", "pods": {"metric": {"name": "m"}, "current": {"averageValue": "3"}}},
                {"type": "ContainerResource", "containerResource": {
                    "name": "cpu", "container": "c", "current": {"averageUtilization": 4, "averageValue": "5m"}
                }},
                {"type": "External", "external": {"metric": {"name": "m"}, "current": {"value": "3", "averageValue": "1"}}}
            ]}
        });
        assert_eq!(round(v2.clone()), v2);
    }

    #[test]
    fn without_metrics_the_cpu_counts() {
        let v1 = value!({"metadata": {}, "spec": {"maxReplicas": 3}});
        let v2 = Value::Map(to_v2(v1.as_map().unwrap().clone()));
        assert_eq!(v2.i64_at(&["spec", "metrics"]), None);
        let metric = &v2.list_at(&["spec", "metrics"])[0];
        assert_eq!(metric.i64_at(&["resource", "target", "averageUtilization"]), Some(80));
    }
}
