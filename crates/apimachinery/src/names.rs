//! What names, labels and keys may look like: upstream's `k8s.io/apimachinery/pkg/util/validation`.
//!
//! Each function returns every problem, in upstream's words; no problem means valid.

const DNS1123_LABEL_LENGTH: usize = 63;
const DNS1123_SUBDOMAIN_LENGTH: usize = 253;
const LABEL_MESSAGE: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
const LABEL_PATTERN: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN_MESSAGE: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
const SUBDOMAIN_PATTERN: &str = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const DNS1035_MESSAGE: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
const DNS1035_PATTERN: &str = "[a-z]([-a-z0-9]*[a-z0-9])?";
const QUALIFIED_MESSAGE: &str =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const QUALIFIED_PATTERN: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const LABEL_VALUE_MESSAGE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const LABEL_VALUE_PATTERN: &str = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?";

fn too_long(limit: usize) -> String {
    format!("must be no more than {limit} bytes")
}

fn pattern_error(message: &str, pattern: &str, examples: &[&str]) -> String {
    let examples: Vec<String> = examples.iter().map(|example| format!("'{example}'")).collect();
    format!("{message} (e.g. {}, regex used for validation is '{pattern}')", examples.join(",  or "))
}

fn is_label(text: &str) -> bool {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    match text.as_bytes() {
        [] => false,
        bytes => {
            bytes.iter().all(|byte| alphanumeric(*byte) || *byte == b'-')
                && alphanumeric(bytes[0])
                && alphanumeric(bytes[bytes.len() - 1])
        }
    }
}

fn is_qualified_part(text: &str) -> bool {
    match text.as_bytes() {
        [] => false,
        bytes => {
            bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
                && bytes[0].is_ascii_alphanumeric()
                && bytes[bytes.len() - 1].is_ascii_alphanumeric()
        }
    }
}

/// A DNS label: namespaces, container names, volumes.
pub fn dns1123_label(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if text.len() > DNS1123_LABEL_LENGTH {
        problems.push(too_long(DNS1123_LABEL_LENGTH));
    }
    if !is_label(text) {
        problems.push(pattern_error(LABEL_MESSAGE, LABEL_PATTERN, &["my-name", "123-abc"]));
    }
    problems
}

/// A DNS name: most objects' names.
pub fn dns1123_subdomain(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if text.len() > DNS1123_SUBDOMAIN_LENGTH {
        problems.push(too_long(DNS1123_SUBDOMAIN_LENGTH));
    }
    if !text.split('.').all(is_label) {
        problems.push(pattern_error(SUBDOMAIN_MESSAGE, SUBDOMAIN_PATTERN, &["example.com"]));
    }
    problems
}

/// A DNS label that starts with a letter: service names.
pub fn dns1035_label(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if text.len() > DNS1123_LABEL_LENGTH {
        problems.push(too_long(DNS1123_LABEL_LENGTH));
    }
    if !is_label(text) || !text.starts_with(|first: char| first.is_ascii_lowercase()) {
        problems.push(pattern_error(DNS1035_MESSAGE, DNS1035_PATTERN, &["my-name", "abc-123"]));
    }
    problems
}

/// A name that may stand as a path segment: RBAC objects.
pub fn path_segment(text: &str) -> Vec<String> {
    if text == "." || text == ".." {
        return vec![format!("may not be '{text}'")];
    }
    ["/", "%"].iter().filter(|bad| text.contains(**bad)).map(|bad| format!("may not contain '{bad}'")).collect()
}

/// A label key, annotation key or finalizer: `prefix/name`.
pub fn qualified_name(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let (prefix, name) = match text.split_once('/') {
        None => (None, text),
        Some((prefix, name)) if !name.contains('/') => (Some(prefix), name),
        Some(_) => {
            let examples = ["MyName", "my.name", "123-abc"];
            let error = pattern_error(QUALIFIED_MESSAGE, QUALIFIED_PATTERN, &examples);
            return vec![format!(
                "a qualified name {error} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            )];
        }
    };
    if let Some(prefix) = prefix {
        if prefix.is_empty() {
            problems.push("prefix part must be non-empty".to_owned());
        } else {
            problems.extend(dns1123_subdomain(prefix).into_iter().map(|problem| format!("prefix part {problem}")));
        }
    }
    if name.is_empty() {
        problems.push("name part must be non-empty".to_owned());
    } else if name.len() > DNS1123_LABEL_LENGTH {
        problems.push(format!("name part {}", too_long(DNS1123_LABEL_LENGTH)));
    }
    if !is_qualified_part(name) {
        let error = pattern_error(QUALIFIED_MESSAGE, QUALIFIED_PATTERN, &["MyName", "my.name", "123-abc"]);
        problems.push(format!("name part {error}"));
    }
    problems
}

/// A label value.
pub fn label_value(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if text.len() > DNS1123_LABEL_LENGTH {
        problems.push(too_long(DNS1123_LABEL_LENGTH));
    }
    if !text.is_empty() && !is_qualified_part(text) {
        problems.push(pattern_error(LABEL_VALUE_MESSAGE, LABEL_VALUE_PATTERN, &["MyValue", "my_value", "12345"]));
    }
    problems
}

/// A key of a ConfigMap or Secret.
pub fn config_map_key(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if text.len() > DNS1123_SUBDOMAIN_LENGTH {
        problems.push(too_long(DNS1123_SUBDOMAIN_LENGTH));
    }
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if text.is_empty() || !text.bytes().all(valid) {
        let message = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
        problems.push(pattern_error(message, "[-._a-zA-Z0-9]+", &["key.name", "KEY_NAME", "key-name"]));
    }
    match text {
        "." => problems.push("must not be '.'".to_owned()),
        ".." => problems.push("must not be '..'".to_owned()),
        _ if text.starts_with("..") => problems.push("must not start with '..'".to_owned()),
        _ => {}
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert!(dns1123_label("a-1").is_empty());
        assert!(!dns1123_label("A").is_empty() && !dns1123_label("-a").is_empty() && !dns1123_label("").is_empty());
        assert!(dns1123_subdomain("a.b-c.d").is_empty() && !dns1123_subdomain("a..b").is_empty());
        assert!(dns1035_label("a1").is_empty() && !dns1035_label("1a").is_empty());
        assert!(qualified_name("example.com/My_Name").is_empty());
        assert!(!qualified_name("a/b/c").is_empty() && !qualified_name("/b").is_empty());
        assert!(label_value("").is_empty() && !label_value("-a").is_empty());
        assert!(!path_segment("a/b").is_empty() && path_segment("system:node").is_empty());
    }
}
