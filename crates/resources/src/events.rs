//! Events: what happened, for an hour.

use std::time::Duration;

use apimachinery::{
    Map, Object, Value,
    field::{FieldError, Path},
    names, time,
};
use apiserver::Strategy;

use crate::install::text_at;

/// Events vanish after an hour unless they are renewed.
const TIME_TO_LIVE: Duration = Duration::from_secs(3600);
/// The longest reporting instance, action and reason, in bytes.
const WORD_LENGTH_LIMIT: usize = 128;
/// The longest message, in bytes.
const MESSAGE_LENGTH_LIMIT: usize = 1024;

/// Events of one of the two groups through which they can be written; both are kept as `v1`.
pub(crate) struct Events {
    /// Written through `events.k8s.io`, which asks for more.
    strict: bool,
}

impl Events {
    /// `v1`
    pub(crate) const CORE: Events = Events { strict: false };
    /// `events.k8s.io/v1`
    pub(crate) const OWN: Events = Events { strict: true };

    fn legacy(&self, event: &Object) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let at = Path::new;
        let (own, other) = (event.namespace(), text_at(event, &["involvedObject", "namespace"]));
        let timed = is_set(event, "eventTime");
        let fits = match (timed, other) {
            (false, "") => matches!(own, "" | "default"),
            (false, other) => own == other,
            (true, "") => matches!(own, "default" | "kube-system"),
            (true, _) => true,
        };
        if !fits {
            errors.push(FieldError::invalid(&at("involvedObject.namespace"), other, "does not match event.namespace"));
        }
        if !timed {
            return errors;
        }
        let controller_field = at(if self.strict { "reportingController" } else { "reportingComponent" });
        let controller = text_at(event, &["reportingComponent"]);
        if controller.is_empty() {
            errors.push(FieldError::required(&controller_field, ""));
        }
        let problems = names::qualified_name(controller);
        errors.extend(problems.iter().map(|problem| FieldError::invalid(&controller_field, controller, problem)));
        for field in ["reportingInstance", "action", "reason"] {
            if text_at(event, &[field]).is_empty() {
                errors.push(FieldError::required(&at(field), ""));
            }
            check_length(event, field, WORD_LENGTH_LIMIT, &mut errors);
        }
        check_length(event, "message", MESSAGE_LENGTH_LIMIT, &mut errors);
        errors
    }
}

fn check_length(event: &Object, field: &'static str, limit: usize, errors: &mut Vec<FieldError>) {
    if text_at(event, &[field]).len() > limit {
        let detail = format!("can have at most {limit} characters");
        errors.push(FieldError::invalid(&Path::new(field), "", detail));
    }
}

fn is_set(event: &Object, field: &str) -> bool {
    event.at(&[field]).is_some_and(|value| !value.is_null())
}

fn validate_series(event: &Object, errors: &mut Vec<FieldError>) {
    if !is_set(event, "series") {
        return;
    }
    if event.i64_at(&["series", "count"]).unwrap_or_default() < 2 {
        errors.push(FieldError::invalid(&Path::new("series.count"), "", "should be at least 2"));
    }
    if event.str_at(&["series", "lastObservedTime"]).is_none() {
        errors.push(FieldError::required(&Path::new("series.lastObservedTime"), ""));
    }
}

/// The fields that may not change through `events.k8s.io`, in upstream's order and with its names for them.
const FINAL: [(&str, &str); 13] = [
    ("involvedObject", "involvedObject"),
    ("reason", "reason"),
    ("message", "message"),
    ("source", "source"),
    ("firstTimestamp", "firstTimestamp"),
    ("lastTimestamp", "lastTimestamp"),
    ("count", "count"),
    ("type", "type"),
    ("eventTime", "eventTime"),
    ("action", "action"),
    ("related", "related"),
    ("reportingComponent", "reportingController"),
    ("reportingInstance", "reportingInstance"),
];

/// Whether a field is the same; times to the microsecond.
fn same(field: &str, new: &Value, old: &Value) -> bool {
    let instant = |value: &Value| value.as_str().and_then(time::parse).map(|time| time.as_microsecond());
    match field {
        "eventTime" => instant(new) == instant(old),
        // Go writes what is empty in one place and not in another.
        _ => new == old || (is_nothing(new) && is_nothing(old)),
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Int(number) => *number == 0,
        Value::Map(map) => map.is_empty(),
        _ => false,
    }
}

impl Strategy for Events {
    fn has_status(&self) -> bool {
        false
    }

    fn has_generation(&self) -> bool {
        false
    }

    fn allow_create_on_update(&self) -> bool {
        true
    }

    fn validate(&self, event: &Object) -> Vec<FieldError> {
        let mut errors = self.legacy(event);
        if !self.strict {
            return errors;
        }
        validate_series(event, &mut errors);
        if !is_set(event, "eventTime") {
            errors.push(FieldError::required(&Path::new("eventTime"), ""));
        }
        let event_type = text_at(event, &["type"]);
        if !matches!(event_type, "Normal" | "Warning") {
            errors.push(FieldError::invalid(&Path::new("type"), "", format!("has invalid value: {event_type}")));
        }
        let source = event.map_at(&["source"]).is_some_and(|source| !Map::is_empty(source));
        let counted = event.i64_at(&["count"]).unwrap_or_default() != 0;
        for (field, present) in [
            ("firstTimestamp", is_set(event, "firstTimestamp")),
            ("lastTimestamp", is_set(event, "lastTimestamp")),
            ("count", counted),
            ("source", source),
        ] {
            if present {
                errors.push(FieldError::invalid(&Path::new(field), "", "needs to be unset"));
            }
        }
        errors
    }

    fn validate_update(&self, _: &str, event: &Object, old: &Object) -> Vec<FieldError> {
        let mut errors = self.legacy(event);
        if !self.strict {
            return errors;
        }
        if event.at(&["series"]) != old.at(&["series"]) {
            validate_series(event, &mut errors);
        }
        let none = Value::Null;
        for (field, shown) in FINAL {
            let (new, before) = (event.at(&[field]).unwrap_or(&none), old.at(&[field]).unwrap_or(&none));
            if !same(field, new, before) {
                errors.push(FieldError::invalid(&Path::new(shown), new.clone(), "field is immutable"));
            }
        }
        errors
    }

    fn time_to_live(&self, _: &Object) -> Option<Duration> {
        Some(TIME_TO_LIVE)
    }

    fn selectable_field<'o>(&self, object: &'o Object, field: &str) -> Option<&'o str> {
        let involved = if self.strict { "regarding." } else { "involvedObject." };
        if let Some(part) = field.strip_prefix(involved) {
            let known =
                ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"].contains(&part);
            return known.then(|| text_at(object, &["involvedObject", part]));
        }
        let component = text_at(object, &["reportingComponent"]);
        match (field, self.strict) {
            ("reason" | "type", _) => Some(text_at(object, &[field])),
            ("reportingComponent", false) | ("reportingController", true) => Some(component),
            ("source", false) => Some(match text_at(object, &["source", "component"]) {
                "" => component,
                source => source,
            }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use apimachinery::value;

    use super::*;

    fn shown(errors: &[FieldError]) -> String {
        errors.iter().map(|error| format!("{error}\n")).collect()
    }

    fn newer() -> Object {
        Object(value!({
            "metadata": {"name": "e", "namespace": "default"},
            "involvedObject": {"kind": "Pod", "name": "p", "namespace": "default"},
            "eventTime": "2026-01-01T00:00:00.000000Z",
            "reportingComponent": "example.com/c", "reportingInstance": "i", "action": "Run", "reason": "Ran",
            "type": "Normal", "message": "it ran"
        }))
    }

    #[test]
    fn the_newer_group_asks_for_more() {
        assert_eq!(shown(&Events::OWN.validate(&newer())), "");
        let mut old = newer();
        old.set(&["eventTime"], Value::Null);
        old.set(&["type"], "Odd");
        old.set(&["count"], 3);
        old.set(&["source"], value!({"component": "c"}));
        assert_eq!(shown(&Events::CORE.validate(&old)), "");
        assert_eq!(
            shown(&Events::OWN.validate(&old)),
            "eventTime: Required value\ntype: Invalid value: \"\": has invalid value: Odd\n\
             count: Invalid value: \"\": needs to be unset\nsource: Invalid value: \"\": needs to be unset\n"
        );
        let mut bare = newer();
        bare.set(&["reportingComponent"], "");
        bare.set(&["message"], "x".repeat(1025));
        bare.set(&["series"], value!({"count": 1}));
        assert_eq!(
            shown(&Events::OWN.validate(&bare)).lines().map(|line| line.split(':').next().unwrap()).collect::<Vec<_>>(),
            [
                "reportingController",
                "reportingController",
                "reportingController",
                "message",
                "series.count",
                "series.lastObservedTime"
            ]
        );
    }

    #[test]
    fn an_event_is_of_the_namespace_of_its_object() {
        let mut event = newer();
        event.set(&["eventTime"], Value::Null);
        event.set(&["involvedObject", "namespace"], "other");
        assert_eq!(
            shown(&Events::CORE.validate(&event)),
            "involvedObject.namespace: Invalid value: \"other\": does not match event.namespace\n"
        );
    }

    #[test]
    fn only_the_series_of_a_newer_event_changes() {
        let old = newer();
        let mut event = old.clone();
        event.set(&["series"], value!({"count": 2, "lastObservedTime": "2026-01-01T00:00:01.000000Z"}));
        assert_eq!(shown(&Events::OWN.validate_update("", &event, &old)), "");
        event.set(&["message"], "other");
        event.set(&["eventTime"], "2026-01-01T00:00:00.000000100Z");
        assert_eq!(
            shown(&Events::OWN.validate_update("", &event, &old)),
            "message: Invalid value: \"other\": field is immutable\n"
        );
        assert_eq!(shown(&Events::CORE.validate_update("", &event, &old)), "");
    }

    #[test]
    fn each_group_selects_by_its_own_names() {
        let event = newer();
        assert_eq!(Events::CORE.selectable_field(&event, "involvedObject.name"), Some("p"));
        assert_eq!(Events::CORE.selectable_field(&event, "source"), Some("example.com/c"));
        assert_eq!(Events::CORE.selectable_field(&event, "regarding.name"), None);
        assert_eq!(Events::OWN.selectable_field(&event, "regarding.name"), Some("p"));
        assert_eq!(Events::OWN.selectable_field(&event, "source"), None);
        assert_eq!(Events::OWN.selectable_field(&event, "regarding.color"), None);
    }
}
