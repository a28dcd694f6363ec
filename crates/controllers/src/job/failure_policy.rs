//! What a job's failure policy says about a failed pod.

use apimachinery::{Object, Value};

/// What follows from a failed pod.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verdict {
    /// It counts towards the backoff limit.
    Count,
    /// It does not count.
    Ignore,
    /// Its index has failed.
    FailIndex,
    /// The job has failed, for this reason.
    FailJob(String),
}

/// The verdict of the first rule that matches; without one, the pod counts.
pub(super) fn verdict(job: &Object, pod: &Object) -> Verdict {
    let rules = job.at(&["spec", "podFailurePolicy"]).map(|policy| policy.list_at(&["rules"])).unwrap_or_default();
    for (index, rule) in rules.iter().enumerate() {
        let action = rule.str_at(&["action"]).unwrap_or_default();
        let message = match rule.at(&["onExitCodes"]) {
            Some(requirement) => failed_container(pod, requirement).map(|(container, code)| {
                format!("Container {container} for pod {} failed with exit code {code} matching {action} rule at index {index}", pod.key())
            }),
            None => matching_condition(pod, rule.list_at(&["onPodConditions"])).map(|condition| {
                format!("Pod {} has condition {condition} matching {action} rule at index {index}", pod.key())
            }),
        };
        let Some(message) = message else { continue };
        match action {
            "Ignore" => return Verdict::Ignore,
            "FailIndex" => return Verdict::FailIndex,
            "FailJob" => return Verdict::FailJob(message),
            "Count" => return Verdict::Count,
            _ => {}
        }
    }
    Verdict::Count
}

fn failed_container<'p>(pod: &'p Object, requirement: &Value) -> Option<(&'p str, i64)> {
    let lists = ["containerStatuses", "initContainerStatuses"].map(|key| pod.status().list_at(key));
    let matching = |status: &'p Value| {
        let name = status.str_at(&["name"]).unwrap_or_default();
        let code = status.i64_at(&["state", "terminated", "exitCode"])?;
        let concerned = requirement.str_at(&["containerName"]).is_none_or(|wanted| wanted == name);
        let listed = requirement.list_at(&["values"]).contains(&Value::Int(code));
        let matches = match requirement.str_at(&["operator"]) {
            Some("In") => listed,
            Some("NotIn") => !listed,
            _ => false,
        };
        (concerned && code != 0 && matches).then_some((name, code))
    };
    lists.into_iter().flatten().find_map(matching)
}

fn matching_condition<'p>(pod: &'p Object, patterns: &[Value]) -> Option<&'p str> {
    let conditions = pod.status().list_at("conditions").iter();
    let mut matching = conditions.filter(|condition| {
        patterns
            .iter()
            .any(|pattern| ["type", "status"].iter().all(|key| pattern.str_at(&[key]) == condition.str_at(&[key])))
    });
    matching.next()?.str_at(&["type"])
}
