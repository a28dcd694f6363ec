//! A metric of an autoscaler, wanted or measured, in both versions.

use apimachinery::{Map, Value};

fn get(value: &Value, path: &[&str]) -> Option<Value> {
    value.at(path).filter(|value| !value.is_null()).cloned()
}

/// A struct of the fields that are there.
fn of<const N: usize>(fields: [(&'static str, Option<Value>); N]) -> Value {
    let present = fields.into_iter().filter_map(|(name, value)| Some((apimachinery::Str::from_static(name), value?)));
    Value::Map(present.collect::<Map>())
}

fn or_zero(value: Option<Value>) -> Option<Value> {
    value.or_else(|| Some("0".into()))
}

/// A metric of `source`'s kind around what `convert` makes of it; other kinds have no source to convert.
fn metric(from: &Value, convert: impl Fn(&str, &Value) -> Value) -> Value {
    let mut to = Map::new();
    to.insert("type", from.get("type").cloned().unwrap_or_default());
    for source in ["object", "pods", "resource", "containerResource", "external"] {
        if let Some(value) = from.get(source).filter(|value| !value.is_null()) {
            to.insert(source, convert(source, value));
        }
    }
    Value::Map(to)
}

pub(super) fn spec_to_v1(spec: &Value) -> Value {
    metric(spec, |source, from| {
        let (name, selector) = (get(from, &["metric", "name"]), get(from, &["metric", "selector"]));
        let target = |field: &str| get(from, &["target", field]);
        match source {
            "object" => of([
                ("target", get(from, &["describedObject"])),
                ("metricName", name),
                ("targetValue", or_zero(target("value"))),
                ("selector", selector),
                ("averageValue", target("averageValue")),
            ]),
            "pods" => of([
                ("metricName", name),
                ("targetAverageValue", or_zero(target("averageValue"))),
                ("selector", selector),
            ]),
            "external" => of([
                ("metricName", name),
                ("metricSelector", selector),
                ("targetValue", target("value")),
                ("targetAverageValue", target("averageValue")),
            ]),
            _ => of([
                ("name", get(from, &["name"])),
                ("container", get(from, &["container"])),
                ("targetAverageUtilization", target("averageUtilization")),
                ("targetAverageValue", target("averageValue")),
            ]),
        }
    })
}

pub(super) fn spec_to_v2(spec: &Value) -> Value {
    metric(spec, |source, from| {
        let own = |field: &str| get(from, &[field]);
        let metric = |selector: &str| Some(of([("name", own("metricName")), ("selector", own(selector))]));
        let target = |target_type: &str, value: Option<Value>, average: Option<Value>| {
            Some(of([("type", Some(target_type.into())), ("value", value), ("averageValue", average)]))
        };
        match source {
            "object" => {
                let average = own("averageValue");
                // The older version cannot leave the value out.
                let value = own("targetValue").filter(|value| average.is_none() || value.as_str() != Some("0"));
                let kind = if average.is_none() { "Value" } else { "AverageValue" };
                of([
                    ("describedObject", own("target")),
                    ("metric", metric("selector")),
                    ("target", target(kind, value, average)),
                ])
            }
            "pods" => of([
                ("metric", metric("selector")),
                ("target", target("AverageValue", None, own("targetAverageValue"))),
            ]),
            "external" => {
                let value = own("targetValue");
                let kind = if value.is_none() { "AverageValue" } else { "Value" };
                of([("metric", metric("metricSelector")), ("target", target(kind, value, own("targetAverageValue")))])
            }
            _ => {
                let utilization = own("targetAverageUtilization");
                let kind = if utilization.is_none() { "AverageValue" } else { "Utilization" };
                let mut target = target(kind, None, own("targetAverageValue")).unwrap_or_default();
                if let Some(utilization) = utilization {
                    target.set(&["averageUtilization"], utilization);
                }
                of([("name", own("name")), ("container", own("container")), ("target", Some(target))])
            }
        }
    })
}

pub(super) fn status_to_v1(status: &Value) -> Value {
    metric(status, |source, from| {
        let (name, selector) = (get(from, &["metric", "name"]), get(from, &["metric", "selector"]));
        let current = |field: &str| get(from, &["current", field]);
        match source {
            "object" => of([
                ("target", get(from, &["describedObject"])),
                ("metricName", name),
                ("currentValue", or_zero(current("value"))),
                ("selector", selector),
                ("averageValue", current("averageValue")),
            ]),
            "pods" => of([
                ("metricName", name),
                ("currentAverageValue", or_zero(current("averageValue"))),
                ("selector", selector),
            ]),
            "external" => of([
                ("metricName", name),
                ("metricSelector", selector),
                ("currentValue", or_zero(current("value"))),
                ("currentAverageValue", current("averageValue")),
            ]),
            _ => of([
                ("name", get(from, &["name"])),
                ("container", get(from, &["container"])),
                ("currentAverageUtilization", current("averageUtilization")),
                ("currentAverageValue", or_zero(current("averageValue"))),
            ]),
        }
    })
}

pub(super) fn status_to_v2(status: &Value) -> Value {
    metric(status, |source, from| {
        let own = |field: &str| get(from, &[field]);
        let metric = |selector: &str| Some(of([("name", own("metricName")), ("selector", own(selector))]));
        let current = |value: Option<Value>, average: Option<Value>, utilization: Option<Value>| {
            Some(of([("value", value), ("averageValue", average), ("averageUtilization", utilization)]))
        };
        match source {
            "object" => of([
                ("describedObject", own("target")),
                ("metric", metric("selector")),
                ("current", current(own("currentValue"), own("averageValue"), None)),
            ]),
            "pods" => {
                of([("metric", metric("selector")), ("current", current(None, own("currentAverageValue"), None))])
            }
            "external" => of([
                ("metric", metric("metricSelector")),
                ("current", current(own("currentValue"), own("currentAverageValue"), None)),
            ]),
            _ => of([
                ("name", own("name")),
                ("container", own("container")),
                ("current", current(None, own("currentAverageValue"), own("currentAverageUtilization"))),
            ]),
        }
    })
}

#[cfg(test)]
mod tests {
    use apimachinery::value;

    use super::*;

    #[test]
    fn a_metric_without_a_source_keeps_its_type() {
        let odd = value!({"type": "Resource"});
        assert_eq!(spec_to_v2(&odd), odd);
    }
}
