//! Jobs and autoscalers.

use apimachinery::{Object, Value};

use super::{
    AGE, CONTAINERS, Cell, IMAGES, NAME, Printer, boolean,
    format::{age, between, containers, count, is_true, name, number, selector, since, text, text_or},
    integer, text as column,
};

pub(super) const PRINTERS: &[Printer] = &[
    Printer {
        group: "batch",
        kind: "CronJob",
        columns: &[
            NAME,
            column("Schedule", "@batch.v1.CronJobSpec.schedule"),
            column("Timezone", "@batch.v1.CronJobSpec.timeZone"),
            boolean("Suspend", "@batch.v1.CronJobSpec.suspend"),
            integer("Active", "@batch.v1.CronJobStatus.active"),
            column("Last Schedule", "@batch.v1.CronJobStatus.lastScheduleTime"),
            AGE,
            CONTAINERS,
            IMAGES,
            column("Selector", "@batch.v1.JobSpec.selector").wide(),
        ],
        cells: cron_job,
    },
    Printer {
        group: "batch",
        kind: "Job",
        columns: &[
            NAME,
            column("Status", "How far the job is."),
            column("Completions", "@batch.v1.JobStatus.succeeded"),
            column("Duration", "How long the job took, or has taken until now."),
            AGE,
            CONTAINERS,
            IMAGES,
            column("Selector", "@batch.v1.JobSpec.selector").wide(),
        ],
        cells: job,
    },
    Printer { group: "autoscaling", kind: "HorizontalPodAutoscaler", columns: AUTOSCALER, cells: autoscaler },
];

fn job(object: &Object) -> Vec<Value> {
    let succeeded = number(object, &["status", "succeeded"]);
    let parallelism = number(object, &["spec", "parallelism"]);
    let completions = match object.i64_at(&["spec", "completions"]) {
        Some(wanted) => format!("{succeeded}/{wanted}"),
        None if parallelism > 1 => format!("{succeeded}/1 of {parallelism}"),
        None => format!("{succeeded}/1"),
    };
    let start = object.str_at(&["status", "startTime"]);
    let end = object.str_at(&["status", "completionTime"]);
    let duration = between(start, end).or_else(|| start.map(|start| since(Some(start)))).unwrap_or_default();
    let by_condition = |types: &[&'static str]| types.iter().find(|one| is_true(object, one)).copied();
    let status = by_condition(&["Complete", "Failed"])
        .or_else(|| object.deletion_timestamp().map(|_| "Terminating"))
        .or_else(|| by_condition(&["Suspended", "FailureTarget", "SuccessCriteriaMet"]))
        .unwrap_or("Running");
    let [names, images] = containers(object, &["spec", "template", "spec"]);
    let selected = selector(object, &["spec", "selector"]);
    vec![name(object), status.into(), completions.into(), duration.into(), age(object), names, images, selected]
}

fn cron_job(object: &Object) -> Vec<Value> {
    let last = object.str_at(&["status", "lastScheduleTime"]);
    let suspend = match object.bool_at(&["spec", "suspend"]) {
        Some(true) => "True",
        Some(false) => "False",
        None => "<unset>",
    };
    let [names, images] = containers(object, &["spec", "jobTemplate", "spec", "template", "spec"]);
    vec![
        name(object),
        text(object, &["spec", "schedule"]).into(),
        object.str_at(&["spec", "timeZone"]).unwrap_or("<none>").into(),
        suspend.into(),
        count(object, &["status", "active"]).into(),
        last.map_or_else(|| "<none>".to_owned(), |last| since(Some(last))).into(),
        age(object),
        names,
        images,
        selector(object, &["spec", "jobTemplate", "spec", "selector"]),
    ]
}

const AUTOSCALER: &[Cell] = &[
    NAME,
    column("Reference", "@autoscaling.v2.HorizontalPodAutoscalerSpec.scaleTargetRef"),
    column("Targets", "@autoscaling.v2.HorizontalPodAutoscalerSpec.metrics"),
    column("MinPods", "@autoscaling.v2.HorizontalPodAutoscalerSpec.minReplicas"),
    column("MaxPods", "@autoscaling.v2.HorizontalPodAutoscalerSpec.maxReplicas"),
    column("Replicas", "@autoscaling.v2.HorizontalPodAutoscalerStatus.currentReplicas"),
    AGE,
];

/// How many metrics are shown.
const METRICS_SHOWN: usize = 2;

fn autoscaler(object: &Object) -> Vec<Value> {
    let target = &["spec", "scaleTargetRef"];
    let reference =
        format!("{}/{}", text(object, &[target[0], target[1], "kind"]), text(object, &[target[0], target[1], "name"]));
    let minimum = object.i64_at(&["spec", "minReplicas"]);
    vec![
        name(object),
        reference.into(),
        metrics(object).into(),
        minimum.map_or_else(|| "<unset>".to_owned(), |minimum| minimum.to_string()).into(),
        number(object, &["spec", "maxReplicas"]).into(),
        number(object, &["status", "currentReplicas"]).into(),
        age(object),
    ]
}

fn metrics(object: &Object) -> String {
    let specs = object.list_at(&["spec", "metrics"]);
    let current = object.list_at(&["status", "currentMetrics"]);
    let mut shown: Vec<String> =
        specs.iter().enumerate().map(|(index, spec)| metric(spec, current.get(index))).collect();
    // The first version of the API has one metric, with fields of its own.
    if let Some(wanted) = object.i64_at(&["spec", "targetCPUUtilizationPercentage"]) {
        let current = object.i64_at(&["status", "currentCPUUtilizationPercentage"]);
        shown.push(format!("cpu: {}/{wanted}%", percent(current, "<unknown>")));
    }
    let all = shown.len();
    shown.truncate(METRICS_SHOWN);
    match all.saturating_sub(METRICS_SHOWN) {
        0 if all == 0 => "<none>".to_owned(),
        0 => shown.join(", "),
        more => format!("{} + {more} more...", shown.join(", ")),
    }
}

fn percent(value: Option<i64>, none: &str) -> String {
    value.map_or_else(|| none.to_owned(), |value| format!("{value}%"))
}

fn metric(spec: &Value, status: Option<&Value>) -> String {
    let source = match text(spec, &["type"]) {
        "External" => "external",
        "Pods" => "pods",
        "Object" => "object",
        "Resource" => "resource",
        "ContainerResource" => "containerResource",
        _ => return "<unknown type>".to_owned(),
    };
    let target = |field| spec.str_at(&[source, "target", field]);
    let now = status.and_then(|status| status.get(source)).filter(|value| !value.is_null());
    // A source that is reported without the value shows zero, one that is not reported is unknown.
    let quantity = |field| now.map_or("<unknown>", |now| text_or(now, &["current", field], "0"));
    let of_resource = matches!(source, "resource" | "containerResource");
    let prefix = if of_resource { format!("{}: ", text(spec, &[source, "name"])) } else { String::new() };
    match (target("averageValue"), of_resource, source) {
        (Some(wanted), true, _) | (Some(wanted), _, "pods") => format!("{prefix}{}/{wanted}", quantity("averageValue")),
        (Some(wanted), false, _) => {
            let current = now.and_then(|now| now.str_at(&["current", "averageValue"])).unwrap_or("<unknown>");
            format!("{current}/{wanted} (avg)")
        }
        (None, true, _) => {
            let current = now.and_then(|now| now.i64_at(&["current", "averageUtilization"]));
            let wanted = spec.i64_at(&[source, "target", "averageUtilization"]);
            format!("{prefix}{}/{}", percent(current, "<unknown>"), percent(wanted, "<auto>"))
        }
        (None, false, _) => format!("{}/{}", quantity("value"), target("value").unwrap_or("0")),
    }
}

#[cfg(test)]
mod tests {
    use apimachinery::value;

    use super::*;

    #[test]
    fn jobs_show_how_far_they_are() {
        let check = |spec: Value, status: Value, expected: Value| {
            let cells = job(&Object(value!({"metadata": {"name": "j"}, "spec": spec, "status": status})));
            assert_eq!(Value::from(cells[1..4].to_vec()), expected);
        };
        let times = value!({"startTime": "2026-01-01T00:00:00Z", "completionTime": "2026-01-01T00:03:05Z", "succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]});
        check(value!({"completions": 1}), times, value!(["Complete", "1/1", "3m5s"]));
        check(value!({"parallelism": 3}), value!({}), value!(["Running", "0/1 of 3", ""]));
        let suspended =
            value!({"conditions": [{"type": "Suspended", "status": "True"}, {"type": "Failed", "status": "False"}]});
        check(value!({}), suspended, value!(["Suspended", "0/1", ""]));
    }

    #[test]
    fn autoscalers_show_two_metrics() {
        let cpu = value!({"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 80}}});
        let queue = value!({"type": "External", "external": {"target": {"value": "10"}}});
        let pods = value!({"type": "Pods", "pods": {"target": {"averageValue": "5"}}});
        let now = value!([{"type": "Resource", "resource": {"current": {"averageUtilization": 20}}}]);
        let object =
            |specs: Value| Object(value!({"spec": {"metrics": specs}, "status": {"currentMetrics": now.clone()}}));
        assert_eq!(metrics(&object(value!([cpu.clone(), queue.clone()]))), "cpu: 20%/80%, <unknown>/10");
        assert_eq!(metrics(&object(value!([cpu, queue, pods]))), "cpu: 20%/80%, <unknown>/10 + 1 more...");
        assert_eq!(metrics(&object(Value::Null)), "<none>");
    }
}
