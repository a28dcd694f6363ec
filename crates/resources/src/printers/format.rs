//! Pieces that tables have in common.

use apimachinery::{Object, Value, labels::Selector, time};

/// How long ago the object was made.
pub(super) fn age(object: &Object) -> Value {
    since(Some(object.creation_timestamp())).into()
}

/// The object's name.
pub(super) fn name(object: &Object) -> Value {
    object.name().into()
}

/// How long ago a time was; `<unknown>` when it is not set.
pub(super) fn since(timestamp: Option<&str>) -> String {
    let Some(then) = timestamp.and_then(time::parse) else { return "<unknown>".to_owned() };
    human_duration(stdx::clock::now().duration_since(then).as_secs())
}

/// The time between two moments, if both are known.
pub(super) fn between(start: Option<&str>, end: Option<&str>) -> Option<String> {
    let (start, end) = (time::parse(start?)?, time::parse(end?)?);
    Some(human_duration(end.duration_since(start).as_secs()))
}

/// A duration in two or three digits, as upstream writes it.
pub(super) fn human_duration(seconds: i64) -> String {
    // A pair of units, the second left out when it is zero.
    let pair = |whole: i64, unit: &str, rest: i64, small: &str| match rest {
        0 => format!("{whole}{unit}"),
        rest => format!("{whole}{unit}{rest}{small}"),
    };
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let (days, years) = (hours / 24, hours / 24 / 365);
    match seconds {
        // Clocks of machines may differ by less than two seconds.
        ..-1 => "<invalid>".to_owned(),
        -1 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        _ if minutes < 10 => pair(minutes, "m", seconds % 60, "s"),
        _ if minutes < 180 => format!("{minutes}m"),
        _ if hours < 8 => pair(hours, "h", minutes % 60, "m"),
        _ if hours < 48 => format!("{hours}h"),
        _ if hours < 24 * 8 => pair(days, "d", hours % 24, "h"),
        _ if hours < 24 * 365 * 2 => format!("{days}d"),
        _ if hours < 24 * 365 * 8 => pair(years, "y", days % 365, "d"),
        _ => format!("{years}y"),
    }
}

/// The text at a path, or empty.
pub(super) fn text<'o>(object: &'o Value, path: &[&str]) -> &'o str {
    object.str_at(path).unwrap_or_default()
}

/// The text at a path, or `other` when there is none or it is empty.
pub(super) fn text_or<'o>(object: &'o Value, path: &[&str], other: &'static str) -> &'o str {
    object.str_at(path).filter(|text| !text.is_empty()).unwrap_or(other)
}

/// The number at a path, or zero.
pub(super) fn number(object: &Value, path: &[&str]) -> i64 {
    object.i64_at(path).unwrap_or_default()
}

/// Whether there is anything at a path.
pub(super) fn is_set(object: &Value, path: &[&str]) -> bool {
    object.at(path).is_some_and(|value| !value.is_null())
}

/// How many items or entries there are at a path.
pub(super) fn count(object: &Value, path: &[&str]) -> i64 {
    match object.at(path) {
        Some(Value::List(list)) => list.len() as i64,
        Some(Value::Map(map)) => map.len() as i64,
        _ => 0,
    }
}

/// An int-or-string as text.
pub(super) fn int_or_text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::Int(number) => Some(number.to_string()),
        Value::String(text) => Some(text.to_string()),
        _ => None,
    }
}

/// The texts of a list.
pub(super) fn texts<'o>(object: &'o Value, path: &[&str]) -> Vec<&'o str> {
    object.list_at(path).iter().filter_map(Value::as_str).collect()
}

/// Names and images of the containers of a pod's specification.
pub(super) fn containers(object: &Value, pod_spec: &[&str]) -> [Value; 2] {
    let containers = object.list_at(&[pod_spec, &["containers"]].concat());
    ["name", "image"].map(|key| {
        let each: Vec<&str> = containers.iter().map(|container| text(container, &[key])).collect();
        each.join(",").into()
    })
}

/// `a=1,b=2`, or `<none>`.
pub(super) fn labels(object: &Value, path: &[&str]) -> Value {
    let entries = object.map_at(path).into_iter().flat_map(|map| map.iter());
    let mut entries: Vec<String> =
        entries.map(|(key, entry)| format!("{key}={}", entry.as_str().unwrap_or_default())).collect();
    entries.sort();
    if entries.is_empty() { "<none>".into() } else { entries.join(",").into() }
}

/// A label selector as text; `<none>` when it is empty.
pub(super) fn selector(object: &Value, path: &[&str]) -> Value {
    match Selector::from_label_selector(object.at(path)) {
        Err(_) => "<error>".into(),
        Ok(selector) => match selector.to_string() {
            empty if empty.is_empty() => "<none>".into(),
            text => text.into(),
        },
    }
}

/// The first few of a list, and how many more there are.
pub(super) fn with_more(shown: &[String], all: usize, none: &str) -> String {
    let joined = shown.join(",");
    match all.saturating_sub(shown.len()) {
        0 if joined.is_empty() => none.to_owned(),
        0 => joined,
        more => format!("{joined} + {more} more..."),
    }
}

/// The condition of a type.
pub(super) fn condition<'o>(object: &'o Value, wanted: &str) -> Option<&'o Value> {
    object.list_at(&["status", "conditions"]).iter().find(|condition| text(condition, &["type"]) == wanted)
}

/// Whether the condition of a type is `True`.
pub(super) fn is_true(object: &Value, wanted: &str) -> bool {
    condition(object, wanted).is_some_and(|condition| text(condition, &["status"]) == "True")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_two_or_three_digits() {
        let day = 24 * 3600;
        for (seconds, expected) in [
            (-2, "<invalid>"),
            (-1, "0s"),
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (125, "2m5s"),
            (600, "10m"),
            (179 * 60, "179m"),
            (180 * 60, "3h"),
            (3 * 3600 + 120, "3h2m"),
            (8 * 3600 + 120, "8h"),
            (47 * 3600, "47h"),
            (48 * 3600, "2d"),
            (49 * 3600, "2d1h"),
            (8 * day, "8d"),
            (729 * day, "729d"),
            (730 * day, "2y"),
            (731 * day, "2y1d"),
            (365 * 8 * day + day, "8y"),
        ] {
            assert_eq!(human_duration(seconds), expected, "{seconds}");
        }
    }
}
