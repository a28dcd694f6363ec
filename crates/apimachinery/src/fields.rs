//! Field selectors: `status.phase=Running,spec.nodeName!=a`.

use stdx::Str;

use crate::labels::SelectorError;

/// A conjunction of equalities and inequalities over a kind's selectable fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selector {
    requirements: Vec<Requirement>,
}

/// One term.
#[derive(Clone, Debug, PartialEq)]
pub struct Requirement {
    /// The field's path, for example `spec.nodeName`.
    pub field: Str,
    /// What it must, or must not, be.
    pub value: Str,
    /// Whether it must be so.
    pub equal: bool,
}

impl Selector {
    /// Selects everything.
    pub fn everything() -> Selector {
        Selector::default()
    }

    /// One equality.
    pub fn equal(field: &str, value: &str) -> Selector {
        Selector { requirements: vec![Requirement { field: field.into(), value: value.into(), equal: true }] }
    }

    /// Whether it selects everything.
    pub fn is_everything(&self) -> bool {
        self.requirements.is_empty()
    }

    /// The terms.
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// The value that `field` must have, if the selector says so.
    pub fn required_value(&self, field: &str) -> Option<&str> {
        self.requirements.iter().find(|term| term.equal && term.field == field).map(|term| term.value.as_str())
    }

    /// Reads upstream's syntax; `\`, `,` and `=` in values are escaped by `\`.
    pub fn parse(text: &str) -> Result<Selector, SelectorError> {
        let mut requirements = Vec::new();
        for term in split_terms(text).into_iter().filter(|term| !term.is_empty()) {
            let invalid = || SelectorError(format!("invalid selector: '{text}'; can't understand '{term}'"));
            let position = term.find(['=', '!']).ok_or_else(invalid)?;
            let (field, rest) = term.split_at(position);
            let (equal, value) = if let Some(value) = rest.strip_prefix("!=") {
                (false, value)
            } else if let Some(value) = rest.strip_prefix("==") {
                (true, value)
            } else if let Some(value) = rest.strip_prefix('=') {
                (true, value)
            } else {
                return Err(invalid());
            };
            requirements.push(Requirement { field: field.into(), value: unescape(value).into(), equal });
        }
        Ok(Selector { requirements })
    }

    /// Whether the fields, looked up by `field_value`, satisfy every term.
    pub fn matches<'v>(&self, field_value: impl Fn(&str) -> &'v str) -> bool {
        self.requirements.iter().all(|term| (term.value == field_value(&term.field)) == term.equal)
    }
}

fn split_terms(text: &str) -> Vec<&str> {
    let mut terms = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b',' => {
                terms.push(&text[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    terms.push(&text[start..]);
    terms
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut escaped = false;
    for character in text.chars() {
        if character == '\\' && !escaped {
            escaped = true;
        } else {
            escaped = false;
            plain.push(character);
        }
    }
    plain
}

impl std::fmt::Display for Selector {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, term) in self.requirements.iter().enumerate() {
            let separator = if index > 0 { "," } else { "" };
            let sign = if term.equal { "=" } else { "!=" };
            let value = term.value.replace('\\', "\\\\").replace(',', "\\,").replace('=', "\\=");
            write!(formatter, "{separator}{}{sign}{value}", term.field)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_and_matches() {
        let selector = Selector::parse(r"status.phase!=Failed,spec.nodeName=a\,b").unwrap();
        assert_eq!(selector.required_value("spec.nodeName"), Some("a,b"));
        assert!(selector.matches(|field| if field == "spec.nodeName" { "a,b" } else { "Running" }));
        assert!(!selector.matches(|_| "Failed"));
        assert_eq!(Selector::parse(&selector.to_string()).unwrap(), selector);
        assert!(Selector::parse("nonsense").is_err());
    }
}
