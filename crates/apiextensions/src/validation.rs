//! Values against OpenAPI v3, in the words of upstream's validator.

use apimachinery::{
    Map, Value,
    field::{ErrorType, FieldError, Path},
    json,
};
use regex::Regex;

/// Everything wrong with `value` under `schema`.
pub fn validate(value: &Value, schema: &Value, path: &Path) -> Vec<FieldError> {
    let mut errors = Vec::new();
    check(value, schema, path, &mut errors);
    errors
}

fn body_error(path: &Path, value: &Value, detail: String) -> FieldError {
    FieldError::invalid(path, value.clone(), format!("{path} in body {detail}"))
}

fn type_matches(value: &Value, wanted: &str) -> bool {
    match (wanted, value) {
        ("object", Value::Map(_)) | ("array", Value::List(_)) | ("string", Value::String(_)) => true,
        ("boolean", Value::Bool(_)) | ("integer", Value::Int(_)) | ("number", Value::Int(_) | Value::Float(_)) => true,
        ("integer", Value::Float(number)) => number.fract() == 0.0,
        _ => false,
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Int(_) => "integer",
        Value::Float(_) => "number",
        Value::String(_) => "string",
        Value::List(_) => "array",
        Value::Map(_) => "object",
    }
}

fn flag(schema: &Value, name: &str) -> bool {
    schema.bool_at(&[name]) == Some(true)
}

fn check(value: &Value, schema: &Value, path: &Path, errors: &mut Vec<FieldError>) {
    if value.is_null() && flag(schema, "nullable") {
        return;
    }
    if flag(schema, "x-kubernetes-int-or-string") {
        if !matches!(value, Value::Int(_) | Value::String(_)) {
            let found = type_of(value);
            errors.push(FieldError {
                error_type: ErrorType::TypeInvalid,
                field: path.to_string(),
                body: format!("Invalid value: {found:?}: {path} in body must be of type integer,string: {found:?}"),
            });
        }
        return;
    }
    let wanted = schema.str_at(&["type"]).unwrap_or_default();
    if !wanted.is_empty() && !type_matches(value, wanted) {
        let found = type_of(value);
        errors.push(FieldError {
            error_type: ErrorType::TypeInvalid,
            field: path.to_string(),
            body: format!("Invalid value: {found:?}: {path} in body must be of type {wanted}: {found:?}"),
        });
        return;
    }
    check_enumeration(value, schema, path, errors);
    match value {
        Value::Int(_) | Value::Float(_) => check_number(value, schema, path, errors),
        Value::String(text) => check_text(text, value, schema, path, errors),
        Value::List(list) => check_list(list, value, schema, path, errors),
        Value::Map(map) => check_map(map, value, schema, path, errors),
        _ => {}
    }
    check_combinations(value, schema, path, errors);
}

fn check_enumeration(value: &Value, schema: &Value, path: &Path, errors: &mut Vec<FieldError>) {
    let allowed = schema.list_at(&["enum"]);
    if !allowed.is_empty() && !allowed.contains(value) {
        let shown: Vec<String> = allowed
            .iter()
            .map(|value| {
                value.as_str().map_or_else(|| String::from_utf8_lossy(&json::to_vec(value)).into_owned(), str::to_owned)
            })
            .collect();
        let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
        errors.push(FieldError::not_supported(path, value.clone(), &shown));
    }
}

fn check_number(value: &Value, schema: &Value, path: &Path, errors: &mut Vec<FieldError>) {
    let number = value.as_f64().unwrap_or_default();
    let bound = |name: &str| schema.at(&[name]).and_then(Value::as_f64);
    if let Some(limit) = bound("maximum") {
        let exclusive = flag(schema, "exclusiveMaximum");
        if number > limit || (exclusive && number == limit) {
            let or_equal = if exclusive { "less than" } else { "less than or equal to" };
            errors.push(body_error(path, value, format!("should be {or_equal} {limit}")));
        }
    }
    if let Some(limit) = bound("minimum") {
        let exclusive = flag(schema, "exclusiveMinimum");
        if number < limit || (exclusive && number == limit) {
            let or_equal = if exclusive { "greater than" } else { "greater than or equal to" };
            errors.push(body_error(path, value, format!("should be {or_equal} {limit}")));
        }
    }
    if let Some(factor) = bound("multipleOf").filter(|factor| *factor > 0.0)
        && (number / factor).fract() != 0.0
    {
        errors.push(body_error(path, value, format!("should be a multiple of {factor}")));
    }
}

fn count_at(schema: &Value, name: &str) -> Option<usize> {
    schema.i64_at(&[name]).and_then(|count| usize::try_from(count).ok())
}

fn check_text(text: &str, value: &Value, schema: &Value, path: &Path, errors: &mut Vec<FieldError>) {
    let length = text.chars().count();
    if let Some(limit) = count_at(schema, "maxLength").filter(|limit| length > *limit) {
        errors.push(FieldError {
            error_type: ErrorType::TooLong,
            field: path.to_string(),
            body: format!("Too long: may not be more than {limit} bytes"),
        });
    }
    if let Some(limit) = count_at(schema, "minLength").filter(|limit| length < *limit) {
        errors.push(body_error(path, value, format!("should be at least {limit} chars long")));
    }
    if let Some(pattern) = schema.str_at(&["pattern"]) {
        // Patterns are compiled when the definition is written; one that does not compile never gets here.
        if Regex::new(pattern).is_ok_and(|regex| !regex.is_match(text)) {
            errors.push(body_error(path, value, format!("should match '{pattern}'")));
        }
    }
    if let Some(format) = schema.str_at(&["format"])
        && !has_format(text, format)
    {
        errors.push(body_error(path, value, format!("must be of type {format}: {text:?}")));
    }
}

fn has_format(text: &str, format: &str) -> bool {
    match format {
        "date-time" => apimachinery::time::parse(text).is_some(),
        "ipv4" => text.parse::<std::net::Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<std::net::Ipv6Addr>().is_ok(),
        "duration" => apimachinery::time::parse_duration_nanoseconds(text).is_some(),
        "byte" => apimachinery::base64_decode(text).is_some(),
        // Upstream ignores formats that it does not know, too.
        _ => true,
    }
}

fn check_list(list: &[Value], value: &Value, schema: &Value, path: &Path, errors: &mut Vec<FieldError>) {
    if let Some(limit) = count_at(schema, "maxItems").filter(|limit| list.len() > *limit) {
        errors.push(FieldError::too_many(path, list.len(), limit));
    }
    if let Some(limit) = count_at(schema, "minItems").filter(|limit| list.len() < *limit) {
        errors.push(body_error(path, value, format!("should have at least {limit} items")));
    }
    let item = schema.at(&["items"]);
    for (index, value) in list.iter().enumerate() {
        if let Some(item) = item {
            check(value, item, &path.index(index), errors);
        }
    }
    check_unique(list, schema, path, errors);
}

/// Lists that merge by set or by key hold no item twice.
fn check_unique(list: &[Value], schema: &Value, path: &Path, errors: &mut Vec<FieldError>) {
    let keys: Vec<&str> = schema.list_at(&["x-kubernetes-list-map-keys"]).iter().filter_map(Value::as_str).collect();
    let identity = |item: &Value| -> Option<Value> {
        match schema.str_at(&["x-kubernetes-list-type"]) {
            Some("set") => Some(item.clone()),
            Some("map") => {
                let key = keys.iter().filter_map(|key| Some((*key, item.at(&[key])?.clone())));
                Some(Value::Map(key.collect::<Map>()))
            }
            _ => None,
        }
    };
    let mut seen: Vec<Value> = Vec::new();
    for (index, item) in list.iter().enumerate() {
        let Some(identity) = identity(item) else { return };
        if seen.contains(&identity) {
            errors.push(FieldError::duplicate(&path.index(index), identity));
        } else {
            seen.push(identity);
        }
    }
}

fn check_map(map: &Map, value: &Value, schema: &Value, path: &Path, errors: &mut Vec<FieldError>) {
    if let Some(limit) = count_at(schema, "maxProperties").filter(|limit| map.len() > *limit) {
        errors.push(FieldError::too_many(path, map.len(), limit));
    }
    if let Some(limit) = count_at(schema, "minProperties").filter(|limit| map.len() < *limit) {
        errors.push(body_error(path, value, format!("should have at least {limit} properties")));
    }
    for name in schema.list_at(&["required"]).iter().filter_map(Value::as_str) {
        if !map.contains_key(name) {
            errors.push(FieldError::required(&path.child(name), ""));
        }
    }
    let properties = schema.map_at(&["properties"]);
    for (name, value) in map.iter() {
        match properties.and_then(|properties| properties.get(name)) {
            Some(inner) => check(value, inner, &path.child(name), errors),
            None => {
                if let Some(item @ Value::Map(_)) = schema.at(&["additionalProperties"]) {
                    check(value, item, &path.child(name), errors);
                }
            }
        }
    }
}

fn check_combinations(value: &Value, schema: &Value, path: &Path, errors: &mut Vec<FieldError>) {
    let valid = |inner: &Value| validate(value, inner, path).is_empty();
    for inner in schema.list_at(&["allOf"]) {
        check(value, inner, path, errors);
    }
    let any = schema.list_at(&["anyOf"]);
    if !any.is_empty() && !any.iter().any(valid) {
        errors.push(body_error(path, value, "must validate at least one schema (anyOf)".to_owned()));
    }
    let one = schema.list_at(&["oneOf"]);
    if !one.is_empty() && one.iter().filter(|inner| valid(inner)).count() != 1 {
        let detail = "must validate one and only one schema (oneOf)";
        errors.push(body_error(path, value, detail.to_owned()));
    }
    if let Some(inner) = schema.at(&["not"])
        && valid(inner)
    {
        errors.push(body_error(path, value, "must not validate the schema (not)".to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use apimachinery::value;

    use super::*;

    fn check_words(value: Value, schema: Value, expected: &[&str]) {
        let errors = validate(&value, &schema, &Path::new("spec"));
        let shown: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn errors_are_in_upstreams_words() {
        check_words(
            value!("x"),
            value!({"type": "integer"}),
            &[r#"spec: Invalid value: "string": spec in body must be of type integer: "string""#],
        );
        check_words(
            value!({"n": 7}),
            value!({"type": "object", "required": ["m"], "properties": {"n": {"type": "integer", "maximum": 5}}}),
            &["spec.m: Required value", "spec.n: Invalid value: 7: spec.n in body should be less than or equal to 5"],
        );
        check_words(
            value!("c"),
            value!({"type": "string", "enum": ["a", "b"]}),
            &[r#"spec: Unsupported value: "c": supported values: "a", "b""#],
        );
        check_words(
            value!("c"),
            value!({"type": "string", "pattern": "^[ab]$"}),
            &[r#"spec: Invalid value: "c": spec in body should match '^[ab]$'"#],
        );
        check_words(
            value!(["a", "a"]),
            value!({"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"}),
            &[r#"spec[1]: Duplicate value: "a""#],
        );
        check_words(value!(1), value!({"oneOf": [{"type": "integer"}, {"type": "string"}]}), &[]);
        check_words(value!(5), value!({"x-kubernetes-int-or-string": true}), &[]);
    }
}
