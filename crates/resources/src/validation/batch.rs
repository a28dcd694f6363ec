//! Jobs and cron jobs.

use apimachinery::{Object, Value, field::FieldError};

use super::{
    Errors, Spot, pod,
    selectors::{label_selector, selects_template},
};

/// Upstream's limits of indexed jobs.
const INDEXED_PARALLELISM_LIMIT: i64 = 100_000;
const FAILED_INDEXES_LIMIT: i64 = 100_000;
const COMPLETIONS_SOFT_LIMIT: i64 = 100_000;
const HIGH_COMPLETIONS_LIMIT: i64 = 10_000;
const FAILURE_RULES_LIMIT: usize = 20;
const EXIT_CODES_LIMIT: usize = 255;
const CONDITIONS_LIMIT: usize = 20;
const SUCCESS_RULES_LIMIT: usize = 20;
/// A job's name leaves room for the suffix of its pods; a cron job's for the time.
const CRON_NAME_LENGTH: usize = 52;

/// A job.
pub(crate) fn job(object: &Object) -> Errors {
    let mut errors = Errors::new();
    let spec = Spot::of(object).get("spec");
    job_spec(&spec, &mut errors);
    selects_template(&spec, "job", &mut errors);
    errors
}

/// A job's specification but its selector.
fn job_spec(spec: &Spot<'_>, errors: &mut Errors) {
    for field in [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
    ] {
        spec.get(field).non_negative(errors);
    }
    let failed = spec.get("maxFailedIndexes");
    failed.non_negative(errors);
    if failed.is_set() && !spec.get("backoffLimitPerIndex").is_set() {
        errors.push(spec.get("backoffLimitPerIndex").required("when maxFailedIndexes is specified"));
    }
    let mode = spec.get("completionMode");
    mode.optional_choice(&["NonIndexed", "Indexed"], errors);
    if mode.text() == "Indexed" {
        indexed(spec, errors);
    } else {
        for field in ["backoffLimitPerIndex", "maxFailedIndexes", "successPolicy"] {
            if spec.get(field).is_set() {
                errors.push(spec.get(field).invalid("requires indexed completion mode"));
            }
        }
    }
    let managed = spec.get("managedBy");
    if managed.is_set() {
        if !managed.text().contains('/') {
            errors.push(managed.invalid("must be a domain-prefixed path (such as \"acme.io/foo\")"));
        }
        if managed.text().len() > 63 {
            errors.push(FieldError::too_long(managed.path(), 63));
        }
    }
    pod::template(&spec.get("template"), errors);
    let policy = spec.get("template").get("spec").get("restartPolicy");
    let failure = spec.get("podFailurePolicy");
    match policy.text() {
        "" | "Always" => errors.push(policy.required("valid values: \"OnFailure\", \"Never\"")),
        "OnFailure" | "Never" => {
            if failure.is_set() && policy.text() != "Never" {
                errors.push(policy.invalid("only \"Never\" is supported when podFailurePolicy is specified"));
            }
        }
        other => errors.push(FieldError::not_supported(policy.path(), other, &["OnFailure", "Never"])),
    }
    failure_policy(spec, &failure, errors);
    success_policy(spec, errors);
    let replacement = spec.get("podReplacementPolicy");
    if failure.is_set() && replacement.is_set() && replacement.text() != "Failed" {
        errors.push(FieldError::not_supported(replacement.path(), replacement.text(), &["Failed"]));
    } else {
        replacement.optional_choice(&["Failed", "TerminatingOrFailed"], errors);
    }
}

fn indexed(spec: &Spot<'_>, errors: &mut Errors) {
    let (completions, parallelism) = (spec.get("completions"), spec.get("parallelism"));
    let Some(count) = completions.number() else {
        errors.push(completions.required("when completion mode is Indexed"));
        return;
    };
    if parallelism.number().is_some_and(|number| number > INDEXED_PARALLELISM_LIMIT) {
        let detail =
            format!("must be less than or equal to {INDEXED_PARALLELISM_LIMIT} when completion mode is Indexed");
        errors.push(parallelism.invalid(detail));
    }
    let failed = spec.get("maxFailedIndexes");
    if failed.number().is_some_and(|number| number > count) {
        errors.push(failed.invalid("must be less than or equal to completions"));
    }
    if failed.number().is_some_and(|number| number > FAILED_INDEXES_LIMIT) {
        errors.push(failed.invalid(format!("must be less than or equal to {FAILED_INDEXES_LIMIT}")));
    }
    if count <= COMPLETIONS_SOFT_LIMIT || !spec.get("backoffLimitPerIndex").is_set() {
        return;
    }
    if !failed.is_set() {
        errors.push(failed.required(&format!("must be specified when completions is above {COMPLETIONS_SOFT_LIMIT}")));
    }
    for field in [&parallelism, &failed] {
        if field.number().is_some_and(|number| number > HIGH_COMPLETIONS_LIMIT) {
            errors.push(field.invalid(format!(
                "must be less than or equal to {HIGH_COMPLETIONS_LIMIT} when completions are above {COMPLETIONS_SOFT_LIMIT} and used with backoff limit per index"
            )));
        }
    }
}

fn failure_policy(spec: &Spot<'_>, policy: &Spot<'_>, errors: &mut Errors) {
    let rules = policy.get("rules");
    if rules.len() > FAILURE_RULES_LIMIT {
        errors.push(FieldError::too_many(rules.path(), rules.len(), FAILURE_RULES_LIMIT));
    }
    let pod = spec.get("template").get("spec");
    let names: Vec<&str> = ["containers", "initContainers"]
        .iter()
        .flat_map(|list| pod.get(list).items())
        .map(|container| container.get("name").text())
        .collect();
    for rule in rules.items() {
        let action = rule.get("action");
        match action.text() {
            "" => errors.push(action.required("valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]")),
            "FailIndex" if !spec.get("backoffLimitPerIndex").is_set() => {
                errors.push(action.invalid("requires the backoffLimitPerIndex to be set"));
            }
            _ => action.optional_choice(&["Count", "FailIndex", "FailJob", "Ignore"], errors),
        }
        let (codes, conditions) = (rule.get("onExitCodes"), rule.get("onPodConditions"));
        match (codes.is_set(), conditions.len() > 0) {
            (true, true) => {
                errors.push(rule.invalid("specifying both OnExitCodes and OnPodConditions is not supported"))
            }
            (false, false) => {
                errors.push(rule.invalid("specifying one of OnExitCodes and OnPodConditions is required"));
            }
            _ => {}
        }
        if codes.is_set() {
            exit_codes(&codes, &names, errors);
        }
        if conditions.len() > CONDITIONS_LIMIT {
            errors.push(FieldError::too_many(conditions.path(), conditions.len(), CONDITIONS_LIMIT));
        }
        for condition in conditions.items() {
            condition.get("type").qualified_name(errors);
            let status = condition.get("status");
            match status.text() {
                "" => errors.push(status.required("valid values: [\"False\" \"True\" \"Unknown\"]")),
                _ => status.optional_choice(&["False", "True", "Unknown"], errors),
            }
        }
    }
}

fn exit_codes(codes: &Spot<'_>, names: &[&str], errors: &mut Errors) {
    let operator = codes.get("operator");
    match operator.text() {
        "" => errors.push(operator.required("valid values: [\"In\" \"NotIn\"]")),
        _ => operator.optional_choice(&["In", "NotIn"], errors),
    }
    let container = codes.get("containerName");
    if container.is_set() && !names.contains(&container.text()) {
        errors.push(container.invalid("must be one of the container or initContainer names in the pod template"));
    }
    let values = codes.get("values");
    if values.len() == 0 {
        errors.push(values.invalid("at least one value is required"));
    } else if values.len() > EXIT_CODES_LIMIT {
        errors.push(FieldError::too_many(values.path(), values.len(), EXIT_CODES_LIMIT));
    }
    let mut seen = Vec::new();
    let mut ordered = true;
    for value in values.items() {
        let Some(code) = value.number() else { continue };
        if code == 0 && operator.text() == "In" {
            errors.push(value.invalid("must not be 0 for the In operator"));
        }
        if seen.contains(&code) {
            errors.push(value.duplicate());
        }
        ordered &= seen.last().is_none_or(|last| *last <= code);
        seen.push(code);
    }
    if !ordered {
        errors.push(values.invalid("must be ordered"));
    }
}

fn success_policy(spec: &Spot<'_>, errors: &mut Errors) {
    let policy = spec.get("successPolicy");
    if !policy.is_set() {
        return;
    }
    let rules = policy.get("rules");
    if rules.len() == 0 {
        errors.push(rules.required("at least one rules must be specified when the successPolicy is specified"));
    } else if rules.len() > SUCCESS_RULES_LIMIT {
        errors.push(FieldError::too_many(rules.path(), rules.len(), SUCCESS_RULES_LIMIT));
    }
    for rule in rules.items() {
        let (count, indexes) = (rule.get("succeededCount"), rule.get("succeededIndexes"));
        if !count.is_set() && !indexes.is_set() {
            errors.push(rule.required("at least one of succeededCount or succeededIndexes must be specified"));
        }
        count.non_negative(errors);
        let all = spec.get("completions").number();
        if let (Some(count_of), Some(all)) = (count.number(), all)
            && count_of > all
        {
            let detail = format!("must be less than or equal to {all} (the number of specified completions)");
            errors.push(count.invalid(detail));
        }
    }
}

/// A change of a job.
pub(crate) fn job_update(object: &Object, old: &Object) -> Errors {
    let mut errors = job(object);
    let (spec, before) = (Spot::of(object).get("spec"), Spot::of(old).get("spec"));
    for field in
        ["selector", "completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"]
    {
        spec.get(field).immutable(&before.get(field), &mut errors);
    }
    let completions = spec.get("completions");
    if !super::same(completions.value(), before.get("completions").value()) {
        if spec.get("completionMode").text() != "Indexed" || !completions.is_set() {
            completions.immutable(&before.get("completions"), &mut errors);
        } else if completions.number() != spec.get("parallelism").number() {
            errors.push(completions.invalid("can only be modified in tandem with spec.parallelism"));
        }
    }
    if !same_template(object, old) {
        let template = spec.get("template");
        errors.push(FieldError::invalid(template.path(), template.value().clone(), super::IMMUTABLE));
    }
    errors
}

/// Whether the template is as it was: of a suspended job that has not started, scheduling directives and
/// resources are free.
fn same_template(object: &Object, old: &Object) -> bool {
    const FREE: [&[&str]; 6] = [
        &["metadata", "annotations"],
        &["metadata", "labels"],
        &["spec", "nodeSelector"],
        &["spec", "affinity"],
        &["spec", "tolerations"],
        &["spec", "schedulingGates"],
    ];
    let template = |object: &Object| object.at(&["spec", "template"]).cloned().unwrap_or_default();
    let (mut new, mut before) = (template(object), template(old));
    let suspended = old.bool_at(&["spec", "suspend"]) == Some(true);
    let started = old.str_at(&["status", "startTime"]).is_some();
    if suspended && !started {
        for template in [&mut new, &mut before] {
            FREE.iter().for_each(|path| drop(template.remove(path)));
            for list in ["containers", "initContainers"] {
                let containers = template.at_mut(&["spec", list]).and_then(Value::as_list_mut);
                containers.into_iter().flatten().for_each(|container| drop(container.remove(&["resources"])));
            }
        }
    }
    new == before
}

/// A cron job.
pub(crate) fn cron_job(object: &Object) -> Errors {
    let mut errors = Errors::new();
    if object.name().len() > CRON_NAME_LENGTH {
        let path = apimachinery::field::Path::new("metadata.name");
        errors.push(FieldError::invalid(&path, object.name(), "must be no more than 52 characters"));
    }
    cron_spec(&Spot::of(object).get("spec"), &mut errors);
    errors
}

/// A change of a cron job.
pub(crate) fn cron_job_update(object: &Object, _: &Object) -> Errors {
    let mut errors = Errors::new();
    cron_spec(&Spot::of(object).get("spec"), &mut errors);
    errors
}

fn cron_spec(spec: &Spot<'_>, errors: &mut Errors) {
    let (schedule, zone) = (spec.get("schedule"), spec.get("timeZone"));
    if schedule.demand(errors) {
        let text = schedule.text();
        let (with_zone, plain) = match text.strip_prefix("TZ=").or_else(|| text.strip_prefix("CRON_TZ=")) {
            Some(rest) => (true, rest.split_once(' ').map_or("", |(_, rest)| rest)),
            None => (text.contains("TZ"), text),
        };
        if let Err(problem) = check_schedule(plain) {
            errors.push(schedule.invalid(problem));
        }
        if with_zone {
            let detail = match zone.is_set() {
                true => "cannot use both timeZone field and TZ or CRON_TZ in schedule",
                false => "cannot use TZ or CRON_TZ in schedule, use timeZone field instead",
            };
            errors.push(schedule.invalid(detail));
        }
    }
    if zone.is_set() {
        if zone.text().is_empty() {
            errors.push(zone.invalid("timeZone must be nil or non-empty string"));
        } else if zone.text().eq_ignore_ascii_case("Local") {
            let detail = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
            errors.push(zone.invalid(detail));
        }
    }
    for field in ["startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"] {
        spec.get(field).non_negative(errors);
    }
    spec.get("concurrencyPolicy").choice(&["Allow", "Forbid", "Replace"], errors);
    let job = spec.get("jobTemplate").get("spec");
    job_spec(&job, errors);
    label_selector(&job.get("selector"), errors);
    if job.get("selector").is_set() {
        errors.push(job.get("selector").invalid("`selector` will be auto-generated"));
    }
    if job.get("manualSelector").flag() {
        errors.push(FieldError::not_supported(job.get("manualSelector").path(), true, &["nil", "false"]));
    }
}

/// A schedule in the form of cron: five fields, or a descriptor.
fn check_schedule(text: &str) -> Result<(), String> {
    const DESCRIPTORS: [&str; 7] = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];
    if let Some(rest) = text.strip_prefix("@every ") {
        return match apimachinery::time::parse_duration_nanoseconds(rest) {
            Some(_) => Ok(()),
            None => Err(format!("failed to parse duration {text}: time: invalid duration {rest:?}")),
        };
    }
    if text.starts_with('@') {
        return match DESCRIPTORS.contains(&text) {
            true => Ok(()),
            false => Err(format!("unrecognized descriptor: {text}")),
        };
    }
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields.len() != 5 {
        return Err(format!("expected exactly 5 fields, found {}: {fields:?}", fields.len()));
    }
    let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
    let bounds: [(i64, i64, &[&str], i64); 5] =
        [(0, 59, &[], 0), (0, 23, &[], 0), (1, 31, &[], 0), (1, 12, &months, 1), (0, 6, &days, 0)];
    for (field, (low, high, names, first)) in fields.iter().zip(bounds) {
        field.split(',').try_for_each(|part| check_part(part, low, high, names, first))?;
    }
    Ok(())
}

fn check_part(part: &str, low: i64, high: i64, names: &[&str], first: i64) -> Result<(), String> {
    let number = |text: &str| -> Result<i64, String> {
        if let Some(index) = names.iter().position(|name| name.eq_ignore_ascii_case(text)) {
            return Ok(index as i64 + first);
        }
        text.parse::<u32>()
            .map(i64::from)
            .map_err(|_| format!("failed to parse int from {text}: strconv.Atoi: parsing {text:?}: invalid syntax"))
    };
    let (range, step) = match part.split_once('/') {
        Some((range, step)) => (range, number(step)?),
        None => (part, 1),
    };
    let (start, end) = match range {
        "*" | "?" => (low, high),
        range => match range.split_once('-') {
            Some((start, end)) => (number(start)?, number(end)?),
            None => {
                let start = number(range)?;
                (start, if part.contains('/') { high } else { start })
            }
        },
    };
    match () {
        () if start < low => Err(format!("beginning of range ({start}) below minimum ({low}): {part}")),
        () if end > high => Err(format!("end of range ({end}) above maximum ({high}): {part}")),
        () if start > end => Err(format!("beginning of range ({start}) beyond end of range ({end}): {part}")),
        () if step == 0 => Err(format!("step of range should be a positive number: {part}")),
        () => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::check_schedule;

    #[test]
    fn schedules_are_those_of_cron() {
        for good in ["* * * * *", "*/5 1-3 1,15 jan-MAR Mon", "0 0 ? * 0", "@daily", "@every 1h30m", "5/10 * * * *"] {
            assert_eq!(check_schedule(good), Ok(()), "{good}");
        }
        for (bad, problem) in [
            ("* * * *", "expected exactly 5 fields, found 4: [\"*\", \"*\", \"*\", \"*\"]"),
            ("60 * * * *", "end of range (60) above maximum (59): 60"),
            ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
            ("* * * * 5-2", "beginning of range (5) beyond end of range (2): 5-2"),
            ("*/0 * * * *", "step of range should be a positive number: */0"),
            ("@never", "unrecognized descriptor: @never"),
            ("a * * * *", "failed to parse int from a: strconv.Atoi: parsing \"a\": invalid syntax"),
        ] {
            assert_eq!(check_schedule(bad), Err(problem.to_owned()), "{bad}");
        }
    }
}
