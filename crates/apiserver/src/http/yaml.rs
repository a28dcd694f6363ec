//! Bodies in YAML.

use apimachinery::{Status, Value};
use serde_saphyr::{DuplicateKeyPolicy, Error};

use super::body::parse_json;

/// YAML nested deeper than this is refused: its parser needs more stack for a level than that of JSON.
const YAML_DEPTH_LIMIT: usize = 64;

/// A document, and what strict field validation has against it.
pub(crate) struct Parsed {
    pub(crate) value: Value,
    /// In the words of the YAML library that upstream uses, since clients look for them.
    pub(crate) strict_errors: Vec<String>,
}

/// Reads YAML (and so JSON) without a schema. Of a key that comes twice the last one counts, as upstream.
///
/// # Errors
/// 400.
pub(crate) fn parse(bytes: &bytes::Bytes) -> Result<Parsed, Status> {
    if bytes.first() == Some(&b'{') {
        return Ok(Parsed { value: parse_json(bytes)?, strict_errors: Vec::new() });
    }
    match read(bytes, DuplicateKeyPolicy::Error) {
        Ok(value) => Ok(Parsed { value, strict_errors: Vec::new() }),
        Err(error) => match error.without_snippet() {
            Error::DuplicateMappingKey { key, location } => {
                let (line, key) = (location.line(), key.as_deref().unwrap_or_default());
                let doubled = format!("yaml: unmarshal errors:\n  line {line}: key {key:?} already set in map");
                let value = read(bytes, DuplicateKeyPolicy::LastWins).map_err(|error| refusal(&error))?;
                Ok(Parsed { value, strict_errors: vec![doubled] })
            }
            _ => Err(refusal(&error)),
        },
    }
}

fn read(bytes: &bytes::Bytes, duplicate_keys: DuplicateKeyPolicy) -> Result<Value, Error> {
    let budget = serde_saphyr::budget! { max_depth: YAML_DEPTH_LIMIT };
    let options = serde_saphyr::options! { legacy_octal_numbers: true, duplicate_keys: duplicate_keys, budget: budget };
    serde_saphyr::from_slice_with_options(bytes, options)
}

fn refusal(error: &Error) -> Status {
    Status::bad_request(format!("error decoding YAML: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_doubled_key_the_last_counts_and_its_line_is_told() {
        let text = "kind: A\nspec:\n  foo: 1\n  bar: x\n  foo: 2\n";
        let parsed = parse(&bytes::Bytes::from_static(text.as_bytes())).unwrap();
        assert_eq!(parsed.value.i64_at(&["spec", "foo"]), Some(2));
        assert_eq!(parsed.strict_errors, ["yaml: unmarshal errors:\n  line 5: key \"foo\" already set in map"]);
        let plain = parse(&bytes::Bytes::from_static(b"a: 0644\n")).unwrap();
        assert_eq!((plain.value.i64_at(&["a"]), plain.strict_errors.len()), (Some(0o644), 0));
        assert!(parse(&bytes::Bytes::from_static(b"a: [\n")).is_err());
    }
}
